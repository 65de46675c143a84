// Files in, files out, and where they live.
#define _GNU_SOURCE
#include "base/file.h"
#include "base/text.h"
#include "base/tr.h"

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
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe would wait for who writes
    if (fd < 0) return status_errno("open", path, errno);
    struct stat info;
    if (fstat(fd, &info) != 0) {
        status = status_errno("read", path, errno);
        goto fail;
    }
    if (!S_ISREG(info.st_mode)) {
        status = status_error(STATUS_IO, TR("%s is not a file"), path);
        goto fail;
    }
    if ((unsigned long long)info.st_size > limit) {
        status = status_error(STATUS_FORMAT, TR("%s has %llu bytes; at most %zu are expected here"),
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

// The directory that a path lies in: "." when it names none. False when it does not fit.
static bool file_directory_of(const char *path, char out[FILE_PATH_MAX]) {
    size_t size = (size_t)(path_basename(path) - path);
    if (size >= FILE_PATH_MAX) return false;
    memcpy(out, size ? path : ".", size ? size : 1);
    out[size ? size : 1] = '\0';
    return true;
}

// A rename is only safe on disk once its directory is.
static void file_sync_directory(const char *path) {
    char directory[FILE_PATH_MAX];
    if (!file_directory_of(path, directory)) return;
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    close(fd);
}

// Behind a target's name: the one file that a killed program may leave (file.h).
#define DRAFT_ENDING ".saving"

// Where a file is written before it gets its name.
typedef struct FileDraft {
    int fd;
    char path[FILE_PATH_MAX]; // "": it has no name yet, and vanishes with the program
} FileDraft;

// Without a name where the file system can do that, so that a program that is killed while writing
// leaves nothing behind; else under a name of its own.
static Status file_draft_open(FileDraft *draft, const char *target, bool nameless) {
    char directory[FILE_PATH_MAX];
    *draft = (FileDraft){-1, ""};
    // The longest name that it may have: both endings are as long.
    if (strlen(target) + sizeof DRAFT_ENDING > FILE_PATH_MAX)
        return status_error(STATUS_IO, TR("the path %.200s... is too long"), target);
#ifdef O_TMPFILE
    if (nameless && file_directory_of(target, directory))
        draft->fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
#else
    (void)nameless;
#endif
    if (draft->fd < 0) {
        snprintf(draft->path, sizeof draft->path, "%s.XXXXXX", target);
        draft->fd = mkostemp(draft->path, O_CLOEXEC);
    }
    // The target's name, not the draft's: that is what the person asked for.
    if (draft->fd >= 0) return status_ok();
    if (errno == ENOENT && file_directory_of(target, directory))
        return status_error(STATUS_IO, TR("cannot write %s: there is no directory %s"), target,
                            directory);
    return status_errno("write", target, errno);
}

// Gives a nameless draft, which is complete, a name: the target's if that is free, else for a
// moment one of which there is only one. A program that is killed in this moment leaves it behind
// for the next one to take away; and whoever takes away or renames that of somebody else, who saves
// at the same time, does it with a complete file too. False where there is no /proc.
static bool file_draft_link(FileDraft *draft, const char *target) {
    char from[64];
    snprintf(from, sizeof from, "/proc/self/fd/%d", draft->fd);
    text_copy(draft->path, sizeof draft->path, target);
    if (linkat(AT_FDCWD, from, AT_FDCWD, draft->path, AT_SYMLINK_FOLLOW) == 0) return true;
    bool ok = errno == EEXIST &&
              snprintf(draft->path, FILE_PATH_MAX, "%s" DRAFT_ENDING, target) < FILE_PATH_MAX;
    for (int i = 0; ok && i < 100; i++) {
        if (linkat(AT_FDCWD, from, AT_FDCWD, draft->path, AT_SYMLINK_FOLLOW) == 0) return true;
        ok = errno == EEXIST && (unlink(draft->path) == 0 || errno == ENOENT);
    }
    draft->path[0] = '\0';
    return false;
}

// *unlinked: everything was well but for the name: to be tried again with a draft that has one.
static Status file_write_draft(const char *target, const void *data, size_t size, unsigned mode,
                               bool nameless, bool *unlinked) {
    FileDraft draft;
    Status status;
    *unlinked = false;
    TRY(file_draft_open(&draft, target, nameless));
    TRY(file_write_all(draft.fd, target, data, size));
    fchmod(draft.fd, (mode_t)mode); // not every file system has modes
    if (!draft.path[0] && !file_draft_link(&draft, target)) {
        *unlinked = true;
        TRY(status_errno("write", target, errno));
    }
    int closed = close(draft.fd);
    draft.fd = -1;
    if (closed != 0) TRY(status_errno("write", target, errno));
    if (strcmp(draft.path, target) != 0) {
        *unlinked = nameless; // whoever saves the same file at the same time may have been faster
        if (rename(draft.path, target) != 0) TRY(status_errno("write", target, errno));
        *unlinked = false;
        if (nameless) unlink(draft.path); // it stays when both were the same file already
    }
    file_sync_directory(target);
    return status;
fail:
    if (draft.fd >= 0) close(draft.fd);
    if (draft.path[0]) unlink(draft.path);
    return status;
}

Status file_check_writable(const char *path) {
    FileDraft draft;
    Status status = file_draft_open(&draft, path, true);
    if (!status_is_ok(&status)) return status;
    close(draft.fd);
    if (draft.path[0]) unlink(draft.path);
    return status;
}

Status file_write_atomic(const char *path, const void *data, size_t size, unsigned mode) {
    // Through a symbolic link, so that saving onto one replaces the file and not the link.
    char *real = realpath(path, NULL);
    if (!real && errno == ENOMEM) return status_no_memory(path, FILE_PATH_MAX);
    const char *target = real ? real : path;
    struct stat info;
    bool unlinked;
    Status status;
    // A device or a pipe must not be replaced by a file.
    if (stat(target, &info) == 0 && !S_ISREG(info.st_mode)) {
        status = status_error(STATUS_IO, "cannot write %s: it is %s", target,
                              S_ISDIR(info.st_mode) ? "a directory" : "not a regular file");
    } else {
        status = file_write_draft(target, data, size, mode, true, &unlinked);
        if (unlinked) status = file_write_draft(target, data, size, mode, false, &unlinked);
    }
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

bool file_is_special(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

Status file_make_directories(const char *path) {
    char part[FILE_PATH_MAX];
    size_t size = strlen(path);
    if (size >= sizeof part)
        return status_error(STATUS_IO, TR("the path %.200s... is too long"), path);
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return status_errno("create the directory", part, errno);
    }
    if (!file_is_directory(path))
        return status_error(STATUS_IO, TR("cannot create the directory %s: a file is in the way"),
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
