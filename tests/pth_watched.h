// Reading .pth files that may be broken: one path for each test program, written over and over, and
// what reading it may come to. For test_pth_hostile.c and test_pth_broken.c.
#ifndef INKLING_TESTS_PTH_WATCHED_H
#define INKLING_TESTS_PTH_WATCHED_H

#include "formats/formats.h"

#include "tests/files.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char path[FILE_PATH_MAX];

static inline int set_up(void **state) {
    if (files_set_up(state) != 0) return -1;
    files_path(path, files_directory, "hostile.pth");
    return 0;
}

// Writes the bytes over the file and cuts the rest off: some file systems wait for the disk when a
// file is cut to nothing first.
static inline void write_file(const void *data, size_t size) {
    FILE *file = fopen(path, file_exists(path) ? "r+b" : "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fflush(file), 0);
    assert_int_equal(ftruncate(fileno(file), (off_t)size), 0);
    fclose(file);
}

static inline Status read_timed(SavedModel **model) {
    FilesWatch watch = files_watch();
    Status status = format_read(path, model);
    files_watched(watch, path, status.message);
    assert_int_equal(status_is_ok(&status), *model != NULL);
    if (strchr(status.message, '\n')) fail_msg("a newline in \"%s\"", status.message);
    return status;
}

#endif
