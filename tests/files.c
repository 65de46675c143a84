// Temporary directories and files for tests.
#define _XOPEN_SOURCE 700 // nftw
#include "tests/files.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

bool files_open(char directory[FILE_PATH_MAX]) {
    const char *base = getenv("TMPDIR");
    snprintf(directory, FILE_PATH_MAX, "%s/inkling-test-XXXXXX", base && base[0] ? base : "/tmp");
    if (mkdtemp(directory)) return true;
    perror(directory);
    return false;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place) {
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

void files_close(const char *directory) {
    nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void files_path(char out[FILE_PATH_MAX], const char *directory, const char *name) {
    assert_true(path_join(out, directory, name));
}

void files_write(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void files_write_gzip(const char *path, const void *bytes, size_t size) {
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    if (size > 0) assert_int_equal(gzwrite(file, bytes, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}
