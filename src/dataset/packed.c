// Plain files by read(2), gzip files through zlib's inflate. Not here: what the bytes mean.
#include "dataset/packed.h"
#include "base/check.h"
#include "base/tr.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
    INPUT_BYTES = 256 * 1024, // large enough that inflate never starves and read(2) is rare
    GZIP_WINDOW = 15 + 16,    // zlib: largest window, gzip wrapper only
    PATH_BYTES = 1024,
};

struct PackedFile {
    int fd;
    bool gzip, at_end, stream_open, member_done;
    uint64_t disk_size, disk_read; // bytes of the file itself
    z_stream stream;
    size_t head_size, head_used; // plain: bytes already read to see whether it is gzip
    unsigned char input[INPUT_BYTES];
    char path[PATH_BYTES];
};

// Reads up to `want` bytes of the file itself; *got is 0 at its end only.
static Status read_disk(PackedFile *file, void *buffer, size_t want, size_t *got) {
    ssize_t n;
    do {
        n = read(file->fd, buffer, want < INT_MAX ? want : INT_MAX);
    } while (n < 0 && errno == EINTR);
    *got = 0;
    if (n < 0) return status_errno("read", file->path, errno);
    *got = (size_t)n;
    file->disk_read += (uint64_t)n;
    return status_ok();
}

Status packed_open(PackedFile **out, const char *path) {
    Status status = status_ok();
    struct stat info;
    *out = NULL;
    PackedFile *file = calloc(1, sizeof *file);
    if (!file) return status_no_memory("reading a file", sizeof *file);
    strncpy(file->path, path, PATH_BYTES - 1);
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO must not block here
    if (file->fd < 0 || fstat(file->fd, &info) != 0) {
        TRY(status_errno("open", path, errno));
    }
    if (!S_ISREG(info.st_mode)) {
        TRY(status_error(STATUS_IO, TR("cannot read %s: it is not a regular file"), path));
    }
    file->disk_size = (uint64_t)info.st_size;
    while (file->head_size < 2) {
        size_t got;
        TRY(read_disk(file, file->input + file->head_size, INPUT_BYTES - file->head_size, &got));
        if (got == 0) break;
        file->head_size += got;
    }
    file->gzip = file->head_size >= 2 && file->input[0] == 0x1F && file->input[1] == 0x8B;
    if (file->gzip) {
        if (inflateInit2(&file->stream, GZIP_WINDOW) != Z_OK) {
            TRY(status_no_memory("unpacking a gzip file", 64 * 1024));
        }
        file->stream_open = true;
        file->stream.next_in = file->input;
        file->stream.avail_in = (uInt)file->head_size;
    }
    *out = file;
    return status;
fail:
    packed_close(&file);
    return status;
}

static Status read_plain(PackedFile *file, unsigned char *buffer, size_t want, size_t *got) {
    while (*got < want) {
        size_t left = file->head_size - file->head_used, n = want - *got;
        if (left > 0) {
            if (n > left) n = left;
            memcpy(buffer + *got, file->input + file->head_used, n);
            file->head_used += n;
        } else {
            Status status = read_disk(file, buffer + *got, n, &n);
            if (!status_is_ok(&status)) return status;
            if (n == 0) break;
        }
        *got += n;
    }
    return status_ok();
}

// More input for inflate. At the end of the file: *more is false.
static Status refill(PackedFile *file, bool *more) {
    *more = true;
    if (file->stream.avail_in > 0) return status_ok();
    size_t got;
    Status status = read_disk(file, file->input, INPUT_BYTES, &got);
    file->stream.next_in = file->input;
    file->stream.avail_in = (uInt)got;
    *more = got > 0;
    return status;
}

static Status read_gzip(PackedFile *file, unsigned char *buffer, size_t want, size_t *got) {
    z_stream *z = &file->stream;
    while (*got < want && !file->at_end) {
        bool more;
        Status status = refill(file, &more);
        if (!status_is_ok(&status)) return status;
        unsigned long long place = file->disk_read - z->avail_in;
        if (!more && file->member_done) {
            file->at_end = true;
            break;
        }
        if (!more) {
            return status_error(
                STATUS_FORMAT, TR("%s: the gzip data is cut off at byte %llu, where the file ends"),
                file->path, place);
        }
        if (file->member_done) { // gzip files may be strung together
            if (inflateReset(z) != Z_OK) return status_no_memory("unpacking a gzip file", 0);
            file->member_done = false;
        }
        size_t room = want - *got;
        z->next_out = buffer + *got;
        z->avail_out = room < UINT_MAX ? (uInt)room : UINT_MAX;
        uInt before = z->avail_out;
        int rc = inflate(z, Z_NO_FLUSH);
        *got += before - z->avail_out;
        if (rc == Z_STREAM_END) {
            file->member_done = true;
        } else if (rc == Z_MEM_ERROR) {
            return status_no_memory("unpacking a gzip file", 64 * 1024);
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return status_error(STATUS_FORMAT, "%s: the gzip data is damaged before byte %llu (%s)",
                                file->path, (unsigned long long)(file->disk_read - z->avail_in),
                                z->msg ? z->msg : "no reason given");
        }
    }
    return status_ok();
}

Status packed_read(PackedFile *file, void *buffer, size_t want, size_t *got) {
    *got = 0;
    return file->gzip ? read_gzip(file, buffer, want, got) : read_plain(file, buffer, want, got);
}

bool packed_is_gzip(const PackedFile *file) {
    return file->gzip;
}

uint64_t packed_disk_size(const PackedFile *file) {
    return file->disk_size;
}

uint64_t packed_most_bytes(const PackedFile *file) {
    enum { DEFLATE_MOST = 1032 };
    if (!file->gzip) return file->disk_size;
    return file->disk_size > UINT64_MAX / DEFLATE_MOST ? UINT64_MAX
                                                       : file->disk_size * DEFLATE_MOST;
}

void packed_close(PackedFile **file) {
    if (!*file) return;
    if ((*file)->stream_open) inflateEnd(&(*file)->stream);
    if ((*file)->fd >= 0) close((*file)->fd);
    free(*file);
    *file = NULL;
}
