// Files in, files out, and where they live.
#define _GNU_SOURCE
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void bytes_close(Bytes *bytes) {
    free(bytes->data);
    bytes->data = NULL;
    bytes->size = 0;
}

Status file_read(const char *path, size_t limit, Bytes *out) {
    Status status;
    out->data = NULL;
    out->size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return status_errno("open", path, errno);
    struct stat info;
    if (fstat(fd, &info) != 0) {
        status = status_errno("read", path, errno);
        goto fail;
    }
    if (!S_ISREG(info.st_mode)) {
        status = status_error(STATUS_IO, "%s is not a file", path);
        goto fail;
    }
    if ((unsigned long long)info.st_size > limit) {
        status = status_error(STATUS_FORMAT, "%s has %llu bytes; at most %zu are expected here",
                              path, (unsigned long long)info.st_size, limit);
        goto fail;
    }
    out->data = malloc((size_t)info.st_size + 1);
    if (!out->data) {
        status = status_no_memory(path, (unsigned long long)info.st_size + 1);
        goto fail;
    }
    while (out->size < (size_t)info.st_size) {
        ssize_t got = read(fd, out->data + out->size, (size_t)info.st_size - out->size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            status = status_errno("read", path, errno);
            goto fail;
        }
        if (got == 0) break; // it shrank while being read: its reader will see what is missing
        out->size += (size_t)got;
    }
    out->data[out->size] = '\0';
    close(fd);
    return status_ok();
fail:
    bytes_close(out);
    close(fd);
    return status;
}

static Status file_write_all(int fd, const char *path, const unsigned char *data, size_t size) {
    while (size > 0) {
        ssize_t put = write(fd, data, size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return status_errno("write", path, errno);
        data += put;
        size -= (size_t)put;
    }
    if (fsync(fd) != 0) return status_errno("write", path, errno);
    return status_ok();
}

// A rename is only safe on disk once its directory is.
static void file_sync_directory(const char *path) {
    char directory[FILE_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) : 0;
    if (size >= sizeof directory) return;
    memcpy(directory, path, size);
    directory[size] = '\0';
    int fd = open(slash ? (size ? directory : "/") : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    fsync(fd);
    close(fd);
}

Status file_write_atomic(const char *path, const void *data, size_t size, unsigned mode) {
    Status status;
    // Through a symbolic link, so that saving onto one replaces the file and not the link.
    char *real = realpath(path, NULL);
    const char *target = real ? real : path;
    char temporary[FILE_PATH_MAX];
    int fd = -1;
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", target) >= (int)sizeof temporary) {
        status = status_error(STATUS_IO, "the path %.200s... is too long", target);
        free(real);
        return status;
    }
    struct stat info;
    // A device or a pipe must not be replaced by a file.
    if (stat(target, &info) == 0 && !S_ISREG(info.st_mode)) {
        status = status_error(STATUS_IO, "cannot write %s: it is %s", target,
                              S_ISDIR(info.st_mode) ? "a directory" : "not a regular file");
        free(real);
        return status;
    }
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        // The target's name, not the temporary one's: that is what the person asked for.
        status = status_error(STATUS_IO, "cannot write %s: %s", target, strerror(errno));
        free(real);
        return status;
    }
    TRY(file_write_all(fd, target, data, size));
    fchmod(fd, (mode_t)mode);
    int closed = close(fd);
    fd = -1;
    if (closed != 0 || rename(temporary, target) != 0) {
        status = status_errno("write", target, errno);
        goto fail;
    }
    file_sync_directory(target);
    free(real);
    return status_ok();
fail:
    if (fd >= 0) close(fd);
    unlink(temporary);
    free(real);
    return status;
}

bool file_exists(const char *path) {
    return access(path, F_OK) == 0;
}

bool file_is_directory(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

Status file_make_directories(const char *path) {
    char part[FILE_PATH_MAX];
    size_t size = strlen(path);
    if (size >= sizeof part) return status_error(STATUS_IO, "the path %.200s... is too long", path);
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return status_errno("create the directory", part, errno);
    }
    if (!file_is_directory(path))
        return status_error(STATUS_IO, "cannot create the directory %s: a file is in the way",
                            path);
    return status_ok();
}

bool path_join(char out[FILE_PATH_MAX], const char *a, const char *b) {
    size_t size = strlen(a);
    const char *slash = size > 0 && a[size - 1] != '/' ? "/" : "";
    return snprintf(out, FILE_PATH_MAX, "%s%s%s", a, slash, b) < FILE_PATH_MAX;
}

const char *path_basename(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *path_extension(const char *path) {
    const char *base = path_basename(path);
    const char *dot = strrchr(base, '.');
    return dot && dot != base ? dot : "";
}

static bool path_user(char out[FILE_PATH_MAX], const char *variable, const char *fallback) {
    const char *root = getenv(variable);
    if (root && root[0] == '/') return path_join(out, root, "inkling");
    const char *home = getenv("HOME");
    if (!home || home[0] != '/') return false;
    return snprintf(out, FILE_PATH_MAX, "%s/%s/inkling", home, fallback) < FILE_PATH_MAX;
}

bool path_user_data(char out[FILE_PATH_MAX]) {
    return path_user(out, "XDG_DATA_HOME", ".local/share");
}

bool path_user_config(char out[FILE_PATH_MAX]) {
    return path_user(out, "XDG_CONFIG_HOME", ".config");
}
