// libzip behind a few functions.
#include "formats/zip_file.h"

#include "base/tr.h"

#include <stdlib.h>
#include <string.h>

#ifdef INKLING_HAVE_ZIP
#include <zip.h>

struct ZipReader {
    zip_t *archive;
    size_t expand_left;
};

static Status library_failed(const char *doing, zip_error_t *error) {
    Status status = status_error(zip_error_code_zip(error) == ZIP_ER_MEMORY  ? STATUS_MEMORY
                                 : zip_error_code_zip(error) == ZIP_ER_NOENT ? STATUS_NOT_FOUND
                                                                             : STATUS_FORMAT,
                                 "%s: %s", doing, zip_error_strerror(error));
    return status;
}

Status zip_reader_open(const char *path, size_t expand_limit, ZipReader **out) {
    int code = 0;
    *out = calloc(1, sizeof **out);
    if (!*out) return status_no_memory("a zip archive", sizeof **out);
    (*out)->expand_left = expand_limit;
    (*out)->archive = zip_open(path, ZIP_RDONLY, &code);
    if ((*out)->archive) return status_ok();
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    Status status = library_failed("cannot open the zip archive (is the file complete?)", &error);
    zip_error_fini(&error);
    free(*out);
    *out = NULL;
    return status;
}

void zip_reader_close(ZipReader **reader) {
    if (!*reader) return;
    zip_discard((*reader)->archive);
    free(*reader);
    *reader = NULL;
}

int zip_reader_count(const ZipReader *reader) {
    zip_int64_t count = zip_get_num_entries(reader->archive, 0);
    return count < 0 ? 0 : count > 1000000 ? 1000000 : (int)count;
}

const char *zip_reader_name(const ZipReader *reader, int index) {
    return zip_get_name(reader->archive, (zip_uint64_t)index, ZIP_FL_ENC_RAW);
}

int zip_reader_find(const ZipReader *reader, const char *name) {
    zip_int64_t index = zip_name_locate(reader->archive, name, ZIP_FL_ENC_RAW);
    return index < 0 || index >= zip_reader_count(reader) ? -1 : (int)index;
}

Status zip_reader_read(ZipReader *reader, int index, size_t limit, Bytes *out) {
    Status status;
    zip_stat_t stat;
    zip_file_t *file = NULL;
    memset(out, 0, sizeof *out);
    zip_stat_init(&stat);
    if (zip_stat_index(reader->archive, (zip_uint64_t)index, 0, &stat) != 0 ||
        !(stat.valid & ZIP_STAT_SIZE))
        return library_failed("cannot read an entry", zip_get_error(reader->archive));
    if (stat.size > limit || stat.size > reader->expand_left)
        return status_error(STATUS_FORMAT,
                            "entry %.60s unpacks to %llu bytes, far more than it can need",
                            stat.name ? stat.name : "?", (unsigned long long)stat.size);
    out->size = (size_t)stat.size;
    out->data = malloc(out->size + 1);
    if (!out->data) return status_no_memory("an entry of the archive", stat.size);
    file = zip_fopen_index(reader->archive, (zip_uint64_t)index, 0);
    if (!file) {
        status = library_failed("cannot read an entry", zip_get_error(reader->archive));
        goto fail;
    }
    // One byte more than there should be: at the end libzip compares the checksum.
    for (size_t have = 0;;) {
        zip_int64_t got = zip_fread(file, out->data + have, out->size + 1 - have);
        if (got < 0) {
            status = library_failed("an entry is damaged", zip_file_get_error(file));
            goto fail;
        }
        if (got == 0 && have == out->size) break;
        have += (size_t)got;
        if (got == 0 || have > out->size) {
            status = status_error(STATUS_FORMAT, "entry %.60s has another size than it says",
                                  stat.name ? stat.name : "?");
            goto fail;
        }
    }
    out->data[out->size] = '\0';
    reader->expand_left -= out->size;
    zip_fclose(file);
    return status_ok();
fail:
    if (file) zip_fclose(file);
    bytes_close(out);
    return status;
}

// ---- writing ------------------------------------------------------------------------------------

static Status pack_entry(zip_t *archive, const ZipEntry *entry) {
    zip_source_t *data = zip_source_buffer(archive, entry->data, entry->size, 0);
    if (!data) return library_failed("cannot pack", zip_get_error(archive));
    zip_int64_t index = zip_file_add(archive, entry->name, data, ZIP_FL_ENC_GUESS);
    if (index < 0) {
        zip_source_free(data);
        return library_failed("cannot pack", zip_get_error(archive));
    }
    // 1 January 1980, so that the bytes do not depend on the day.
    if (zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(archive, (zip_uint64_t)index, 0, 0x21, 0) != 0)
        return library_failed("cannot pack", zip_get_error(archive));
    return status_ok();
}

// Reads back what the archive has become.
static Status pack_result(zip_source_t *source, Bytes *out) {
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_source_stat(source, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE) ||
        zip_source_open(source) != 0)
        return library_failed("cannot pack", zip_source_error(source));
    Status status = status_ok();
    out->size = (size_t)stat.size;
    out->data = malloc(out->size + 1);
    if (!out->data)
        status = status_no_memory("a zip archive", stat.size);
    else if (zip_source_read(source, out->data, stat.size) != (zip_int64_t)stat.size)
        status = library_failed("cannot pack", zip_source_error(source));
    else
        out->data[out->size] = '\0';
    zip_source_close(source);
    if (!status_is_ok(&status)) bytes_close(out);
    return status;
}

Status zip_write(const ZipEntry *entries, int count, Bytes *out) {
    Status status;
    zip_error_t error;
    zip_t *archive = NULL;
    memset(out, 0, sizeof *out);
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &error);
    if (source) archive = zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error);
    if (!archive) {
        status = library_failed("cannot pack", &error);
        goto fail;
    }
    zip_source_keep(source); // the archive owns one, this function the other
    for (int i = 0; i < count; i++) TRY(pack_entry(archive, &entries[i]));
    if (zip_close(archive) != 0) {
        status = library_failed("cannot pack", zip_get_error(archive));
        goto fail;
    }
    archive = NULL;
    status = pack_result(source, out);
fail:
    if (archive) zip_discard(archive);
    if (source) zip_source_free(source);
    zip_error_fini(&error);
    return status;
}

#else // no libzip

static Status library_missing(void) {
    return status_error(STATUS_UNSUPPORTED,
                        TR("this program was built without libzip, which .pth files need; use "
                           ".safetensors, or build it with libzip-dev installed"));
}

Status zip_reader_open(const char *path, size_t expand_limit, ZipReader **out) {
    (void)path;
    (void)expand_limit;
    *out = NULL;
    return library_missing();
}

void zip_reader_close(ZipReader **reader) {
    *reader = NULL;
}

int zip_reader_count(const ZipReader *reader) {
    (void)reader;
    return 0;
}

const char *zip_reader_name(const ZipReader *reader, int index) {
    (void)reader;
    (void)index;
    return NULL;
}

int zip_reader_find(const ZipReader *reader, const char *name) {
    (void)reader;
    (void)name;
    return -1;
}

Status zip_reader_read(ZipReader *reader, int index, size_t limit, Bytes *out) {
    (void)reader;
    (void)index;
    (void)limit;
    memset(out, 0, sizeof *out);
    return library_missing();
}

Status zip_write(const ZipEntry *entries, int count, Bytes *out) {
    (void)entries;
    (void)count;
    memset(out, 0, sizeof *out);
    return library_missing();
}

#endif
