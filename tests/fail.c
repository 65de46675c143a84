// See fail.h. With INKLING_WRAP allocations come in through the linker's --wrap, which sees the
// objects that are linked statically: those of the program. Without, the functions here are the
// program's malloc and so the libraries' too, in front of glibc's own.
#define _GNU_SOURCE
#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    atomic_bool armed;
    atomic_long calls, nth;
    bool on;
    int error;
} failing[FAIL_KINDS];
static atomic_uintptr_t failed_for; // who called what failed first

// Calls of FAIL_FILES by their names.
static char written_down[4096];
static atomic_size_t written_size;

// Where the program's own code lies, as the linker says.
extern char __executable_start, etext;

bool fail_was_ours(void) {
    uintptr_t caller = atomic_load(&failed_for);
    return caller >= (uintptr_t)&__executable_start && caller < (uintptr_t)&etext;
}

void fail_arm(FailKind kind, long nth, bool on, int error) {
    failing[kind].on = on;
    failing[kind].error = error;
    atomic_store(&failing[kind].nth, nth);
    atomic_store(&failing[kind].calls, 0);
    atomic_store(&failed_for, 0);
    if (kind == FAIL_FILES) {
        memset(written_down, 0, sizeof written_down);
        atomic_store(&written_size, 0);
    }
    atomic_store(&failing[kind].armed, true);
}

long fail_disarm(FailKind kind) {
    atomic_store(&failing[kind].armed, false);
    return atomic_load(&failing[kind].calls);
}

static bool fails_for(FailKind kind, const void *caller) {
    if (!atomic_load(&failing[kind].armed)) return false;
    long call = atomic_fetch_add(&failing[kind].calls, 1) + 1,
         nth = atomic_load(&failing[kind].nth);
    bool now = nth > 0 && (call == nth || (call > nth && failing[kind].on));
    uintptr_t nobody = 0;
    if (now) atomic_compare_exchange_strong(&failed_for, &nobody, (uintptr_t)caller);
    if (now) errno = kind == FAIL_MEMORY ? ENOMEM : failing[kind].error;
    return now;
}
#define fails(kind) fails_for(kind, __builtin_return_address(0))

bool fail_next(FailKind kind) {
    return fails(kind);
}

// ---- memory -------------------------------------------------------------------------------------

#ifdef INKLING_WRAP
#define MINE(name) __wrap_##name
#define REAL(name) __real_##name
void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *block, size_t size);
void *REAL(aligned_alloc)(size_t align, size_t size);
void *MINE(malloc)(size_t size);
void *MINE(calloc)(size_t count, size_t size);
void *MINE(realloc)(void *block, size_t size);
void *MINE(aligned_alloc)(size_t align, size_t size);

long fail_live_blocks(void) {
    return 0;
}
static void *count_block(void *block) {
    return block;
}
#else
#define MINE(name)           name
#define REAL(name)           __libc_##name
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t align, size_t size);
extern void __libc_free(void *block);
#define __libc_aligned_alloc __libc_memalign

static atomic_long live_blocks;

long fail_live_blocks(void) {
    return atomic_load(&live_blocks);
}
static void *count_block(void *block) {
    if (block) atomic_fetch_add(&live_blocks, 1);
    return block;
}
void free(void *block) {
    if (block) atomic_fetch_sub(&live_blocks, 1);
    __libc_free(block);
}
int posix_memalign(void **out, size_t align, size_t size) {
    if (fails(FAIL_MEMORY)) return ENOMEM;
    *out = count_block(REAL(aligned_alloc)(align, size));
    return *out ? 0 : ENOMEM;
}
#endif

void *MINE(malloc)(size_t size) {
    return fails(FAIL_MEMORY) ? NULL : count_block(REAL(malloc)(size));
}
void *MINE(calloc)(size_t count, size_t size) {
    return fails(FAIL_MEMORY) ? NULL : count_block(REAL(calloc)(count, size));
}
void *MINE(realloc)(void *block, size_t size) {
    if (fails(FAIL_MEMORY)) return NULL;
    void *moved = REAL(realloc)(block, size);
    return block ? moved : count_block(moved);
}
void *MINE(aligned_alloc)(size_t align, size_t size) {
    return fails(FAIL_MEMORY) ? NULL : count_block(REAL(aligned_alloc)(align, size));
}

// ---- files --------------------------------------------------------------------------------------

const char *fail_file_calls(void) {
    return written_down;
}

// True when this call is to fail.
static bool file_fails(const char *name, const void *caller) {
    size_t size = strlen(name) + 1;
    if (atomic_load(&failing[FAIL_FILES].armed)) {
        size_t at = atomic_fetch_add(&written_size, size);
        if (at + size < sizeof written_down) {
            written_down[at] = ' ';
            memcpy(written_down + at + 1, name, size - 1);
        }
    }
    return fails_for(FAIL_FILES, caller);
}
#define FILE_FAILS(name) file_fails(name, __builtin_return_address(0))

// Large file support gives some of them another name; both are caught.

int __real_open(const char *path, int flags, ...);
int __real_mkostemp(char *path, int flags);
ssize_t __real_write(int file, const void *data, size_t size);
int __real_close(int file);
int __real_rename(const char *from, const char *to);
int __real_linkat(int a, const char *from, int b, const char *to, int flags);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_mkostemp(char *path, int flags);
int __wrap_mkostemp64(char *path, int flags);
ssize_t __wrap_write(int file, const void *data, size_t size);
int __wrap_fsync(int file);
int __wrap_close(int file);
int __wrap_rename(const char *from, const char *to);
int __wrap_linkat(int a, const char *from, int b, const char *to, int flags);
int __wrap_mkdir(const char *path, mode_t mode);

#define OPEN_BODY                                                                                  \
    va_list list;                                                                                  \
    va_start(list, flags);                                                                         \
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;                              \
    va_end(list);                                                                                  \
    return FILE_FAILS("open") ? -1 : __real_open(path, flags, mode);
int __wrap_open(const char *path, int flags, ...) {
    OPEN_BODY
}
int __wrap_open64(const char *path, int flags, ...) {
    OPEN_BODY
}
int __wrap_mkostemp(char *path, int flags) {
    return FILE_FAILS("mkostemp") ? -1 : __real_mkostemp(path, flags);
}
int __wrap_mkostemp64(char *path, int flags) {
    return __wrap_mkostemp(path, flags);
}
ssize_t __wrap_write(int file, const void *data, size_t size) {
    if (!FILE_FAILS("write")) return __real_write(file, data, size);
    bool part = size > 1 && atomic_load(&failing[FAIL_FILES].calls) % 2 == 0;
    return part ? __real_write(file, data, size / 2) : -1;
}
int __wrap_fsync(int file) {
    (void)file; // what a disk keeps is not what is tried here
    return FILE_FAILS("fsync") ? -1 : 0;
}
int __wrap_close(int file) { // closed it is, whatever it says
    bool failed = FILE_FAILS("close");
    int error = errno, closed = __real_close(file);
    if (failed) errno = error;
    return failed ? -1 : closed;
}
int __wrap_rename(const char *from, const char *to) {
    return FILE_FAILS("rename") ? -1 : __real_rename(from, to);
}
int __wrap_linkat(int a, const char *from, int b, const char *to, int flags) {
    return FILE_FAILS("linkat") ? -1 : __real_linkat(a, from, b, to, flags);
}
int __wrap_mkdir(const char *path, mode_t mode) {
    return FILE_FAILS("mkdir") ? -1 : __real_mkdir(path, mode);
}
