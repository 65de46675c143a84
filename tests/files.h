// Temporary directories and files for tests, and cmocka with what it needs before it. Include this
// instead of <cmocka.h>.
#ifndef INKLING_TESTS_FILES_H
#define INKLING_TESTS_FILES_H

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// An empty directory for a whole group of tests: cmocka_run_group_tests(tests, files_set_up,
// files_tear_down).
extern char files_directory[FILE_PATH_MAX];
int files_set_up(void **state);
int files_tear_down(void **state);

// Makes an empty directory below $TMPDIR or /tmp. False (and says why) when it cannot.
bool files_open(char directory[FILE_PATH_MAX]);
// Removes it and everything in it.
void files_close(const char *directory);

// out = directory/name. Fails the test when it does not fit.
void files_path(char out[FILE_PATH_MAX], const char *directory, const char *name);

// Writes a file; fails the test when that is not possible.
void files_write(const char *path, const void *bytes, size_t size);
// The same, packed by gzip.
void files_write_gzip(const char *path, const void *bytes, size_t size);

// What reading a model file may come to: 5 seconds of the processor (whatever else the machine does
// meanwhile), and in memory 256 MB and twice the file, above what the process had before.
// files_watched fails the test when it was more since files_watch; `said` goes into that. Memory is
// not looked at where the system does not tell (not Linux) and under a sanitizer, whose own counts.
typedef struct FilesWatch {
    size_t memory;
    double seconds;
} FilesWatch;
FilesWatch files_watch(void);
void files_watched(FilesWatch watch, const char *path, const char *said);

#endif
