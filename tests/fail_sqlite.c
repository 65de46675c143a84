// See fail_sqlite.h. What stands between SQLite and the system here is linked into the test, where
// the linker's --wrap sees it, and SQLite's own library is not.
#define _GNU_SOURCE
#include "fail_sqlite.h"

#include "fail.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- memory -------------------------------------------------------------------------------------

// SQLite asks how large a block is; so that stands in front of it.
typedef union Head {
    int size;
    max_align_t align;
} Head;

static void *take(int size) {
    Head *head = malloc(sizeof *head + (size_t)size);
    if (!head) return NULL;
    head->size = size;
    return head + 1;
}
static void give(void *block) {
    free((Head *)block - 1);
}
static void *take_again(void *block, int size) {
    Head *head = realloc((Head *)block - 1, sizeof *head + (size_t)size);
    if (!head) return NULL;
    head->size = size;
    return head + 1;
}
static int size_of(void *block) {
    return block ? ((Head *)block - 1)->size : 0;
}
static int round_up(int size) {
    return (size + 7) / 8 * 8;
}
static int begin(void *context) {
    (void)context;
    return SQLITE_OK;
}
static void end(void *context) {
    (void)context;
}

// ---- files --------------------------------------------------------------------------------------
// open, write, close and mkdir fail by themselves, as everywhere in the program.

static int our_open(const char *path, int flags, int mode) {
    return open(path, flags, mode);
}
static int our_close(int file) {
    return close(file);
}
static ssize_t our_write(int file, const void *data, size_t size) {
    return write(file, data, size);
}
static ssize_t our_pwrite(int file, const void *data, size_t size, off_t at) {
    return fail_next(FAIL_FILES) ? -1 : pwrite(file, data, size, at);
}
static int our_ftruncate(int file, off_t size) {
    return fail_next(FAIL_FILES) ? -1 : ftruncate(file, size);
}
static int our_mkdir(const char *path, mode_t mode) {
    return mkdir(path, mode);
}

void fail_take_sqlite(void) {
    static const sqlite3_mem_methods memory = {.xMalloc = take,
                                               .xFree = give,
                                               .xRealloc = take_again,
                                               .xSize = size_of,
                                               .xRoundup = round_up,
                                               .xInit = begin,
                                               .xShutdown = end};
    const struct {
        const char *name;
        sqlite3_syscall_ptr call;
    } calls[] = {
        {"open", (sqlite3_syscall_ptr)our_open},
        {"close", (sqlite3_syscall_ptr)our_close},
        {"write", (sqlite3_syscall_ptr)our_write},
        {"pwrite", (sqlite3_syscall_ptr)our_pwrite},
        {"pwrite64", (sqlite3_syscall_ptr)our_pwrite},
        {"ftruncate", (sqlite3_syscall_ptr)our_ftruncate},
        {"mkdir", (sqlite3_syscall_ptr)our_mkdir},
    };
    sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    for (size_t i = 0; vfs && i < sizeof calls / sizeof calls[0]; i++)
        vfs->xSetSystemCall(vfs, calls[i].name, calls[i].call);
}
