// IDX files, plain and gzip, good and broken; and the search for the four files of a data set. The
// files are written by the test itself.
#include "base/text.h"
#include "dataset/dataset.h"
#include "dataset/idx.h"

#include "tests/files.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { FILE_BYTES_MAX = 4096 };

typedef enum Kind { ARRAY, IMAGES, LABELS } Kind;

typedef struct Case {
    const char *name;
    Kind kind;
    unsigned char header[24];
    size_t header_size, payload;
    unsigned char fill; // value of the payload's bytes
    StatusCode expected;
    const char *says[3]; // what the sentence must contain, if it fails
} Case;

#define HEADER(...) {__VA_ARGS__}, sizeof((unsigned char[]){__VA_ARGS__})
#define BE(n)       (n) >> 24, (n) >> 16 & 255, (n) >> 8 & 255, (n)&255

static const Case cases[] = {
    {"one dimension", ARRAY, HEADER(0, 0, 8, 1, BE(5)), 5, 7, STATUS_OK, {0}},
    {"four dimensions",
     ARRAY,
     HEADER(0, 0, 8, 4, BE(2), BE(3), BE(4), BE(5)),
     120,
     7,
     STATUS_OK,
     {0}},
    {"one pixel", IMAGES, HEADER(0, 0, 8, 3, BE(1), BE(1), BE(1)), 1, 255, STATUS_OK, {0}},
    {"not square", IMAGES, HEADER(0, 0, 8, 3, BE(3), BE(7), BE(5)), 105, 1, STATUS_OK, {0}},
    {"three channels",
     IMAGES,
     HEADER(0, 0, 8, 4, BE(2), BE(3), BE(4), BE(5)),
     120,
     7,
     STATUS_OK,
     {0}},
    {"labels", LABELS, HEADER(0, 0, 8, 1, BE(9)), 9, 61, STATUS_OK, {0}},
    {"empty", ARRAY, {0}, 0, 0, 0, STATUS_FORMAT, {"empty", "8"}},
    {"three bytes", ARRAY, HEADER(0, 0, 8), 0, 0, STATUS_FORMAT, {"too short", "3 bytes"}},
    {"text",
     ARRAY,
     HEADER('h', 'e', 'l', 'l', 'o'),
     9,
     'o',
     STATUS_FORMAT,
     {"not an IDX file", "68 65 6c 6c", "00 00 08"}},
    {"floats",
     ARRAY,
     HEADER(0, 0, 13, 1, BE(5)),
     20,
     0,
     STATUS_FORMAT,
     {"byte 2", "0x0d (floats)", "0x08"}},
    {"unknown type", ARRAY, HEADER(0, 0, 200, 1, BE(5)), 5, 0, STATUS_FORMAT, {"byte 2", "0xc8"}},
    {"no dimensions",
     ARRAY,
     HEADER(0, 0, 8, 0, 1, 2, 3, 4),
     0,
     0,
     STATUS_FORMAT,
     {"byte 3", "0 dimensions"}},
    {"five dimensions",
     ARRAY,
     HEADER(0, 0, 8, 5, BE(1), BE(1), BE(1), BE(1), BE(1)),
     1,
     0,
     STATUS_FORMAT,
     {"byte 3", "5 dimensions", "1 to 4"}},
    {"header cut",
     IMAGES,
     HEADER(0, 0, 8, 3, BE(1), 0, 0),
     0,
     0,
     STATUS_FORMAT,
     {"byte 10", "16 bytes", "3 dimensions"}},
    {"data cut",
     IMAGES,
     HEADER(0, 0, 8, 3, BE(2), BE(3), BE(4)),
     23,
     0,
     STATUS_FORMAT,
     {"byte 39", "promises 24", "found 23"}},
    {"no data",
     LABELS,
     HEADER(0, 0, 8, 1, BE(4)),
     0,
     0,
     STATUS_FORMAT,
     {"byte 8", "promises 4", "found 0"}},
    {"one byte too many",
     LABELS,
     HEADER(0, 0, 8, 1, BE(4)),
     5,
     0,
     STATUS_FORMAT,
     {"after byte 12"}},
    {"zero images",
     IMAGES,
     HEADER(0, 0, 8, 3, BE(0), BE(28), BE(28)),
     0,
     0,
     STATUS_FORMAT,
     {"byte 4", "no items"}},
    {"zero width",
     IMAGES,
     HEADER(0, 0, 8, 3, BE(1), BE(28), BE(0)),
     0,
     0,
     STATUS_FORMAT,
     {"byte 12", "dimension 2"}},
    {"product overflows",
     ARRAY,
     HEADER(0, 0, 8, 4, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
            255),
     9,
     0,
     STATUS_FORMAT,
     {"byte 8", "more than"}},
    {"product wraps to 0",
     ARRAY,
     HEADER(0, 0, 8, 4, BE(1 << 16), BE(1 << 16), BE(1 << 16), BE(1 << 16)),
     9,
     0,
     STATUS_FORMAT,
     {"byte 12", "more than"}},
    {"twice as many as may be",
     ARRAY,
     HEADER(0, 0, 8, 3, BE(65536), BE(65536), BE(2)),
     0,
     0,
     STATUS_FORMAT,
     {"byte 12", "more than"}},
    {"as many as may be",
     ARRAY,
     HEADER(0, 0, 8, 2, BE(65536), BE(65536)),
     0,
     0,
     STATUS_FORMAT,
     {"the header promises 4294967296 bytes"}},
    {"promises 4 GiB",
     ARRAY,
     HEADER(0, 0, 8, 2, BE(1 << 16), BE(1 << 16)),
     9,
     0,
     STATUS_FORMAT,
     {"found 9"}},
    {"labels as images",
     IMAGES,
     HEADER(0, 0, 8, 1, BE(4)),
     4,
     0,
     STATUS_FORMAT,
     {"1 dimension,", "looks like a file of labels"}},
    {"images as labels",
     LABELS,
     HEADER(0, 0, 8, 3, BE(1), BE(2), BE(2)),
     4,
     0,
     STATUS_FORMAT,
     {"3 dimensions", "looks like a file of images"}},
    {"two channels",
     IMAGES,
     HEADER(0, 0, 8, 4, BE(1), BE(2), BE(1), BE(1)),
     2,
     0,
     STATUS_FORMAT,
     {"2 channels"}},
    {"too wide",
     IMAGES,
     HEADER(0, 0, 8, 3, BE(1), BE(1), BE(1025)),
     1025,
     0,
     STATUS_FORMAT,
     {"1025 x 1"}},
    {"label out of range",
     LABELS,
     HEADER(0, 0, 8, 1, BE(2)),
     2,
     62,
     STATUS_FORMAT,
     {"byte 8", "item 0 is 62", "0 to 61"}},
};

static char directory[FILE_PATH_MAX];

static Status read_kind(Kind kind, const char *path, IdxArray *out) {
    static Status (*const readers[])(const char *, IdxArray *) = {idx_read, idx_read_images,
                                                                  idx_read_labels};
    return readers[kind](path, out);
}

static void check_case(const Case *c, const char *path, const char *how) {
    IdxArray array;
    Status status = read_kind(c->kind, path, &array);
    bool good = status.code == c->expected;
    for (int i = 0; i < 3 && c->says[i]; i++) good &= strstr(status.message, c->says[i]) != NULL;
    if (c->expected != STATUS_OK) good &= strstr(status.message, path) != NULL && !array.bytes;
    if (!good) fail_msg("%s (%s): code %d: %s", c->name, how, status.code, status.message);
    if (c->expected == STATUS_OK) {
        assert_int_equal(array.size, c->payload);
        assert_int_equal(array.bytes[array.size - 1], c->fill);
    }
    idx_close(&array);
}

static void test_table(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const Case *c = &cases[i];
        unsigned char bytes[FILE_BYTES_MAX];
        char path[FILE_PATH_MAX];
        memcpy(bytes, c->header, c->header_size);
        memset(bytes + c->header_size, c->fill, c->payload);
        files_path(path, directory, "case");
        files_write(path, bytes, c->header_size + c->payload);
        check_case(c, path, "plain");
        files_write_gzip(path, bytes, c->header_size + c->payload);
        check_case(c, path, "gzip");
    }
}

// Every proper prefix of a gzip file is refused; so is every changed byte of its data.
static void test_gzip_damage(void **state) {
    (void)state;
    unsigned char bytes[8 + 600] = {0, 0, 8, 1, BE(600)};
    char path[FILE_PATH_MAX];
    IdxArray array;
    for (int i = 0; i < 600; i++) bytes[8 + i] = (unsigned char)(i * i % 61);
    files_path(path, directory, "damage.gz");
    files_write_gzip(path, bytes, sizeof bytes);
    Bytes good;
    assert_int_equal(file_read(path, 1 << 20, &good).code, STATUS_OK);
    assert_int_equal(idx_read_labels(path, &array).code, STATUS_OK);
    assert_memory_equal(array.bytes, bytes + 8, 600);
    idx_close(&array);
    for (size_t size = 0; size < good.size; size++) {
        files_write(path, good.data, size);
        Status status = idx_read_labels(path, &array);
        if (status.code != STATUS_FORMAT) fail_msg("cut to %zu: %s", size, status.message);
    }
    for (size_t at = 10; at < good.size;
         at++) { // 10: behind the gzip header, which has no checksum
        good.data[at] ^= 0x10;
        files_write(path, good.data, good.size);
        Status status = idx_read_labels(path, &array);
        if (status.code != STATUS_FORMAT) fail_msg("byte %zu: %s", at, status.message);
        idx_close(&array);
        good.data[at] ^= 0x10;
    }
    bytes_close(&good);
}

// A few kilobytes that promise and unpack to 256 MB more than the header says.
static void test_gzip_bomb(void **state) {
    (void)state;
    enum { CHUNK = 1 << 20 };
    char path[FILE_PATH_MAX];
    files_path(path, directory, "bomb.gz");
    unsigned char *zeros = calloc(1, CHUNK);
    gzFile file = gzopen(path, "wb9");
    const unsigned char header[8] = {0, 0, 8, 1, BE(1000)};
    assert_int_equal(gzwrite(file, header, 8), 8);
    for (int i = 0; i < 256; i++) assert_int_equal(gzwrite(file, zeros, CHUNK), CHUNK);
    assert_int_equal(gzclose(file), Z_OK);
    free(zeros);
    IdxArray array;
    Status status = idx_read(path, &array);
    assert_int_equal(status.code, STATUS_FORMAT);
    assert_non_null(strstr(status.message, "after byte 1008"));
}

static void test_strung_gzip(void **state) {
    (void)state;
    unsigned char bytes[12] = {0, 0, 8, 1, BE(4), 1, 2, 3, 4};
    char path[FILE_PATH_MAX];
    files_path(path, directory, "two.gz");
    files_write_gzip(path, bytes, 9);
    gzFile file = gzopen(path, "ab");
    assert_int_equal(gzwrite(file, bytes + 9, 3), 3);
    assert_int_equal(gzclose(file), Z_OK);
    IdxArray array;
    assert_int_equal(idx_read_labels(path, &array).code, STATUS_OK);
    assert_memory_equal(array.bytes, bytes + 8, 4);
    idx_close(&array);
}

static void test_not_files(void **state) {
    (void)state;
    IdxArray array;
    char path[FILE_PATH_MAX];
    Status status = idx_read(directory, &array);
    assert_int_equal(status.code, STATUS_IO);
    files_path(path, directory, "nothing");
    status = idx_read(path, &array);
    assert_int_equal(status.code, STATUS_NOT_FOUND);
    assert_non_null(strstr(status.message, path));
    assert_false(idx_looks_like(path));
}

static void test_write(void **state) {
    (void)state;
    const uint32_t dimensions[3] = {2, 3, 5};
    uint8_t bytes[30];
    char path[FILE_PATH_MAX];
    IdxArray array;
    for (int i = 0; i < 30; i++) bytes[i] = (uint8_t)(8 * i);
    files_path(path, directory, "written");
    assert_int_equal(idx_write(path, 3, dimensions, bytes).code, STATUS_OK);
    assert_true(idx_looks_like(path));
    assert_int_equal(idx_read_images(path, &array).code, STATUS_OK);
    const uint32_t expected[4] = {2, 1, 3, 5};
    assert_memory_equal(array.dimensions, expected, sizeof expected);
    assert_memory_equal(array.bytes, bytes, 30);
    idx_close(&array);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),     cmocka_unit_test(test_gzip_damage),
        cmocka_unit_test(test_gzip_bomb), cmocka_unit_test(test_strung_gzip),
        cmocka_unit_test(test_not_files), cmocka_unit_test(test_write),
    };
    if (!files_open(directory)) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    files_close(directory);
    return failed;
}
