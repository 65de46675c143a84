// A slow disk, to be loaded before a program (LD_PRELOAD): every file that is opened, every
// directory that is read, every name that changes and every fsync takes SLOW_MS longer where it
// lies below one of the directories in INKLING_SLOW_DISK (with colons between). What the thread
// that the program began with does there is written down, a line each: clock, call, path.
// INKLING_SLOW_DISK_LOG names that file. Linux; not for programs with a sanitizer, which want to be
// first.
#define _GNU_SOURCE // RTLD_NEXT
// Each function by its own name, as the program calls it: not what the headers make of it.
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SLOW_MS = 50, PLACE_MAX = 4096 };

static bool is_below(const char *path) {
    const char *list = getenv("INKLING_SLOW_DISK");
    for (const char *at = list; path && at && *at;) {
        size_t size = strcspn(at, ":");
        if (size > 0 && strncmp(path, at, size) == 0) return true;
        at += size + (at[size] == ':');
    }
    return false;
}

static void write_down(const char *call, const char *path) {
    const char *log = getenv("INKLING_SLOW_DISK_LOG");
    char line[PLACE_MAX + 64];
    struct timespec now;
    if (!log || syscall(SYS_gettid) != getpid()) return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int size = snprintf(line, sizeof line, "%.4f %s %s\n",
                        (double)now.tv_sec + 1e-9 * (double)now.tv_nsec, call, path);
    long fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0) return;
    if (size > 0 && write((int)fd, line, (size_t)size) != size) abort();
    close((int)fd);
}

static void be_slow(const char *call, const char *path) {
    struct timespec wait = {0, SLOW_MS * 1000000L};
    if (!is_below(path)) return;
    write_down(call, path);
    nanosleep(&wait, NULL);
}

// Only its number is known.
static void be_slow_with(const char *call, int fd) {
    char name[64], path[PLACE_MAX];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(name, path, sizeof path - 1);
    if (size < 0) return;
    path[size] = '\0';
    be_slow(call, path);
}

// The function that the program would have called. (POSIX lets dlsym give functions; ISO C knows no
// such conversion.)
static void find(void *function, const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    memcpy(function, &found, sizeof found);
}

#define OPEN_LIKE(name)                                                                            \
    int name(const char *path, int flags, ...) {                                                   \
        int (*real)(const char *, int, ...);                                                       \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        bool makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;                        \
        mode_t mode = makes ? va_arg(arguments, mode_t) : 0;                                       \
        va_end(arguments);                                                                         \
        find(&real, #name);                                                                        \
        be_slow("open", path);                                                                     \
        return real(path, flags, mode);                                                            \
    }
OPEN_LIKE(open)
OPEN_LIKE(open64)

#define FOPEN_LIKE(name)                                                                           \
    FILE *name(const char *restrict path, const char *restrict mode) {                             \
        FILE *(*real)(const char *, const char *);                                                 \
        find(&real, #name);                                                                        \
        be_slow("open", path);                                                                     \
        return real(path, mode);                                                                   \
    }
FOPEN_LIKE(fopen)
FOPEN_LIKE(fopen64)

DIR *opendir(const char *path) {
    DIR *(*real)(const char *);
    find(&real, "opendir");
    be_slow("opendir", path);
    return real(path);
}

int rename(const char *from, const char *to) {
    int (*real)(const char *, const char *);
    find(&real, "rename");
    be_slow("rename", from);
    return real(from, to);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
    int (*real)(int, const char *, int, const char *, int);
    find(&real, "linkat");
    be_slow("linkat", to);
    return real(from_fd, from, to_fd, to, flags);
}

int unlink(const char *path) {
    int (*real)(const char *);
    find(&real, "unlink");
    be_slow("unlink", path);
    return real(path);
}

int fsync(int fd) {
    int (*real)(int);
    find(&real, "fsync");
    be_slow_with("fsync", fd);
    return real(fd);
}

int fdatasync(int fd) {
    int (*real)(int);
    find(&real, "fdatasync");
    be_slow_with("fdatasync", fd);
    return real(fd);
}
