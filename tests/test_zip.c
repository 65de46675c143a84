// The zip archive that a .pth file is: what goes in comes out, and what unpacks to more than its
// file gives reason for is refused before it takes memory.
#include "files.h"
#include "test.h"

#include "formats/zip_file.h"

enum { SIZE = 80 };

static void write_archive(const char *path) {
    static unsigned char first[SIZE], second[SIZE];
    ZipEntry entries[2] = {{.name = "a/first", .data = first, .size = SIZE},
                           {.name = "a/second", .data = second, .size = SIZE}};
    Bytes bytes;
    for (int i = 0; i < SIZE; i++) first[i] = (unsigned char)i, second[i] = (unsigned char)(i * 7);
    Status status = zip_write(entries, 2, &bytes);
    if (status.code == STATUS_UNSUPPORTED) skip();
    assert_ok(status);
    files_write(path, bytes.data, bytes.size);
    bytes_close(&bytes);
}

static void test_limits(void **state) {
    (void)state;
    char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];
    assert_true(files_open(directory));
    files_path(path, directory, "two.zip");
    write_archive(path);
    // {what all may unpack to, what one may, how many can be read}
    static const struct {
        size_t all, one;
        int read;
    } cases[] = {{1000, 1000, 2}, {2 * SIZE, SIZE, 2}, {2 * SIZE - 1, SIZE, 1},
                 {SIZE, SIZE, 1}, {SIZE - 1, SIZE, 0}, {1000, SIZE - 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ZipReader *reader;
        assert_ok(zip_reader_open(path, cases[i].all, &reader));
        assert_int_equal(zip_reader_count(reader), 2);
        assert_int_equal(zip_reader_find(reader, "a/third"), -1);
        assert_int_equal(zip_reader_find(reader, "a/second"), 1);
        for (int k = 0; k < 2; k++) {
            Bytes bytes;
            Status status = zip_reader_read(reader, k, cases[i].one, &bytes);
            if (status_is_ok(&status) != (k < cases[i].read))
                fail_msg("case %zu, entry %d: %s", i, k, status.message);
            if (!status_is_ok(&status)) {
                assert_non_null(strstr(status.message, "far more than it can need"));
                assert_null(bytes.data);
                continue;
            }
            assert_int_equal(bytes.size, SIZE);
            for (int b = 0; b < SIZE; b++)
                assert_int_equal(bytes.data[b], (unsigned char)(k ? b * 7 : b));
            bytes_close(&bytes);
        }
        zip_reader_close(&reader);
    }
    files_close(directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
