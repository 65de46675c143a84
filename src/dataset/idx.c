// The IDX reader and writer. Not here: gzip (packed.c), and which files make a data set (find.c).
#include "dataset/idx.h"
#include "base/file.h"
#include "base/tr.h"
#include "dataset/dataset.h"
#include "dataset/packed.h"

#include <stdlib.h>
#include <string.h>

enum {
    TYPE_BYTE = 0x08,
    MAGIC_BYTES = 4,
    HEADER_BYTES_MAX = MAGIC_BYTES + 4 * IDX_DIMENSIONS_MAX,
    FIRST_BYTES = 16 * 1024 * 1024, // what is allocated before any data has come
};

typedef struct TypeName {
    unsigned char type;
    const char *name;
} TypeName;

static const TypeName other_types[] = {
    {0x09, "signed bytes"}, {0x0B, "16-bit integers"}, {0x0C, "32-bit integers"},
    {0x0D, "floats"},       {0x0E, "doubles"},
};

// Where in the file a place is, for a sentence: gzip offsets are of what was unpacked.
static const char *place_suffix(const PackedFile *file) {
    return packed_is_gzip(file) ? " of the unpacked contents" : "";
}

static Status check_magic(const char *path, const unsigned char *magic, uint32_t *dimensions) {
    if (magic[0] != 0 || magic[1] != 0) {
        return status_error(STATUS_FORMAT,
                            TR("%s: not an IDX file: it begins with the bytes %02x %02x %02x %02x, "
                               "where 00 00 08 and the number of dimensions were expected"),
                            path, magic[0], magic[1], magic[2], magic[3]);
    }
    if (magic[2] != TYPE_BYTE) {
        const char *name = "an unknown type";
        for (size_t i = 0; i < sizeof other_types / sizeof other_types[0]; i++) {
            if (other_types[i].type == magic[2]) name = other_types[i].name;
        }
        return status_error(STATUS_FORMAT,
                            "%s: byte 2: the type is 0x%02x (%s), expected 0x08 (unsigned bytes)",
                            path, magic[2], name);
    }
    if (magic[3] < 1 || magic[3] > IDX_DIMENSIONS_MAX) {
        return status_error(STATUS_FORMAT, "%s: byte 3: %u dimensions, expected 1 to %d", path,
                            magic[3], IDX_DIMENSIONS_MAX);
    }
    *dimensions = magic[3];
    return status_ok();
}

static Status read_header(PackedFile *file, const char *path, IdxArray *out, size_t *header) {
    unsigned char bytes[HEADER_BYTES_MAX] = {0};
    size_t got;
    Status status = packed_read(file, bytes, MAGIC_BYTES, &got);
    if (!status_is_ok(&status)) return status;
    if (got < MAGIC_BYTES) {
        return status_error(STATUS_FORMAT, "%s: %s: %zu bytes%s, an IDX header needs at least 8",
                            path, got == 0 ? "empty" : "too short", got, place_suffix(file));
    }
    status = check_magic(path, bytes, &out->dimension_count);
    if (!status_is_ok(&status)) return status;
    size_t want = 4 * (size_t)out->dimension_count;
    *header = MAGIC_BYTES + want;
    status = packed_read(file, bytes + MAGIC_BYTES, want, &got);
    if (!status_is_ok(&status)) return status;
    if (got < want) {
        return status_error(
            STATUS_FORMAT,
            "%s: ends at byte %zu%s, within the header of %zu bytes for %u dimensions", path,
            MAGIC_BYTES + got, place_suffix(file), *header, out->dimension_count);
    }
    uint64_t size = 1;
    for (uint32_t d = 0; d < out->dimension_count; d++) {
        const unsigned char *b = bytes + MAGIC_BYTES + 4 * (size_t)d;
        uint32_t extent = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
        out->dimensions[d] = extent;
        if (extent == 0) {
            return status_error(STATUS_FORMAT, "%s: byte %u: dimension %u is 0%s", path, 4 + 4 * d,
                                d, d == 0 ? ", so the file holds no items" : "");
        }
        // size <= 2^32 before each step, so the product cannot wrap.
        size *= extent;
        if (size > IDX_BYTES_MAX) {
            return status_error(STATUS_FORMAT,
                                "%s: byte %u: with dimension %u = %u the file would hold more than "
                                "the %llu bytes that this program takes",
                                path, 4 + 4 * d, d, extent, (unsigned long long)IDX_BYTES_MAX);
        }
    }
    out->size = (size_t)size;
    return status_ok();
}

static Status cut_off(const PackedFile *file, const char *path, size_t header, size_t promised,
                      size_t found) {
    return status_error(STATUS_FORMAT,
                        "%s: ends at byte %zu%s; the header promises %zu bytes of data from byte "
                        "%zu on, found %zu",
                        path, header + found, place_suffix(file), promised, header, found);
}

// Fills out->bytes, growing as data arrives: a header alone must not cost memory.
static Status read_payload(PackedFile *file, const char *path, size_t header, IdxArray *out) {
    bool size_known = !packed_is_gzip(file);
    if (size_known && packed_disk_size(file) < header + out->size) {
        uint64_t found = packed_disk_size(file) > header ? packed_disk_size(file) - header : 0;
        return cut_off(file, path, header, out->size, (size_t)found);
    }
    size_t capacity = size_known || out->size < FIRST_BYTES ? out->size : FIRST_BYTES, used = 0;
    for (;;) {
        uint8_t *bytes = realloc(out->bytes, capacity);
        if (!bytes) return status_no_memory(path, capacity);
        out->bytes = bytes;
        size_t got;
        Status status = packed_read(file, bytes + used, capacity - used, &got);
        if (!status_is_ok(&status)) return status;
        used += got;
        if (used < capacity) return cut_off(file, path, header, out->size, used);
        if (used == out->size) break;
        capacity = out->size - capacity < capacity ? out->size : 2 * capacity;
    }
    unsigned char extra;
    size_t got;
    Status status = packed_read(file, &extra, 1, &got); // also verifies gzip's checksum
    if (!status_is_ok(&status)) return status;
    if (got > 0) {
        return status_error(STATUS_FORMAT,
                            "%s: goes on after byte %zu%s, where the data that its header promises "
                            "ends (%zu bytes of header, %zu of data)",
                            path, header + out->size, place_suffix(file), header, out->size);
    }
    return status_ok();
}

Status idx_read(const char *path, IdxArray *out) {
    Status status;
    PackedFile *file = NULL;
    size_t header = 0;
    memset(out, 0, sizeof *out);
    TRY(packed_open(&file, path));
    TRY(read_header(file, path, out, &header));
    TRY(read_payload(file, path, header, out));
    packed_close(&file);
    return status;
fail:
    packed_close(&file);
    idx_close(out);
    return status;
}

static Status check_images(const char *path, IdxArray *out) {
    uint32_t *d = out->dimensions;
    if (out->dimension_count == 3) { // [n, height, width]: one channel
        out->dimension_count = 4;
        d[3] = d[2];
        d[2] = d[1];
        d[1] = 1;
    }
    if (out->dimension_count != 4) {
        return status_error(STATUS_FORMAT,
                            "%s: byte 3: %u dimension%s, images have 3 (count, height, width)%s",
                            path, out->dimension_count, out->dimension_count == 1 ? "" : "s",
                            out->dimension_count == 1 ? "; this looks like a file of labels" : "");
    }
    if (d[1] != 1 && d[1] != 3) {
        return status_error(STATUS_FORMAT, "%s: byte 8: %u channels, expected 1 or 3", path, d[1]);
    }
    if (d[2] > DATASET_EXTENT_MAX || d[3] > DATASET_EXTENT_MAX) {
        return status_error(STATUS_FORMAT,
                            TR("%s: the images are %u x %u pixels, expected at most %d a side"),
                            path, d[3], d[2], DATASET_EXTENT_MAX);
    }
    return status_ok();
}

Status idx_read_images(const char *path, IdxArray *out) {
    Status status;
    TRY(idx_read(path, out));
    TRY(check_images(path, out));
    return status;
fail:
    idx_close(out);
    return status;
}

static Status check_labels(const char *path, const IdxArray *labels) {
    if (labels->dimension_count != 1) {
        return status_error(STATUS_FORMAT, "%s: byte 3: %u dimensions, labels have 1%s", path,
                            labels->dimension_count,
                            labels->dimension_count == 3 ? "; this looks like a file of images"
                                                         : "");
    }
    for (size_t i = 0; i < labels->size; i++) {
        if (labels->bytes[i] >= DATASET_CLASSES_MAX) {
            return status_error(STATUS_FORMAT,
                                "%s: byte %zu: the label of item %zu is %u, expected 0 to %d", path,
                                i + 8, i, labels->bytes[i], DATASET_CLASSES_MAX - 1);
        }
    }
    return status_ok();
}

Status idx_read_labels(const char *path, IdxArray *out) {
    Status status;
    TRY(idx_read(path, out));
    TRY(check_labels(path, out));
    return status;
fail:
    idx_close(out);
    return status;
}

Status idx_write(const char *path, uint32_t dimension_count, const uint32_t *dimensions,
                 const uint8_t *bytes) {
    return idx_write_mode(path, 0644, dimension_count, dimensions, bytes);
}

Status idx_write_mode(const char *path, unsigned mode, uint32_t dimension_count,
                      const uint32_t *dimensions, const uint8_t *bytes) {
    size_t size = 1;
    for (uint32_t d = 0; d < dimension_count; d++) size *= dimensions[d];
    size_t header = MAGIC_BYTES + 4 * (size_t)dimension_count;
    uint8_t *file = malloc(header + size);
    if (!file) return status_no_memory(path, header + size);
    const uint8_t magic[MAGIC_BYTES] = {0, 0, TYPE_BYTE, (uint8_t)dimension_count};
    memcpy(file, magic, sizeof magic);
    for (uint32_t d = 0; d < dimension_count; d++) {
        uint8_t *b = file + MAGIC_BYTES + 4 * (size_t)d;
        for (int k = 0; k < 4; k++) b[k] = (uint8_t)(dimensions[d] >> (24 - 8 * k));
    }
    memcpy(file + header, bytes, size);
    Status status = file_write_atomic(path, file, header + size, mode);
    free(file);
    return status;
}

bool idx_looks_like(const char *path) {
    PackedFile *file = NULL;
    unsigned char magic[MAGIC_BYTES];
    uint32_t dimensions;
    size_t got = 0;
    Status status = packed_open(&file, path);
    if (status_is_ok(&status)) status = packed_read(file, magic, sizeof magic, &got);
    if (status_is_ok(&status) && got == sizeof magic) {
        status = check_magic(path, magic, &dimensions);
    }
    packed_close(&file);
    return status_is_ok(&status) && got == sizeof magic;
}

void idx_close(IdxArray *array) {
    free(array->bytes);
    memset(array, 0, sizeof *array);
}
