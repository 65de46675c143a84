// .safetensors files made by hand: every way that one can be broken gives a sentence, and every
// type of number comes out as what it says.
#include "base/streams.h"
#include "base/text.h"
#include "formats/formats.h"
#include "nn/model.h"

#include "tests/files.h"
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// length, header, data -> a file.
static void write_raw(const char *path, uint64_t length, const char *header, size_t header_size,
                      const void *data, size_t data_size) {
    unsigned char *bytes = malloc(8 + header_size + data_size);
    assert_non_null(bytes);
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(length >> 8 * i);
    memcpy(bytes + 8, header, header_size);
    if (data_size) memcpy(bytes + 8 + header_size, data, data_size);
    files_write(path, bytes, 8 + header_size + data_size);
    free(bytes);
}

#define META  "\"__metadata__\":{\"inkling.layers\":\"dense 2\",\"inkling.input\":\"3\"}"
#define FC1_W "\"fc1.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}"
#define FC1_B "\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]}"
#define GOOD  "{" META "," FC1_W "," FC1_B "}"
enum { GOOD_DATA = 32 };

typedef struct Broken {
    const char *header;
    size_t data_size;
    StatusCode code;
    const char *says;
} Broken;

static const Broken broken[] = {
    {GOOD, 31, STATUS_FORMAT, "tensor fc1.bias lies at bytes 24 to 32, but there are 31 bytes"},
    {GOOD, 33, STATUS_FORMAT, "end at byte 32 of the data, but 33 bytes are there"},
    {"{" META "," FC1_W "}", 24, STATUS_FORMAT, "the tensor fc1.bias, which its layers need"},
    {"{" META "," FC1_W ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]}}",
     24, STATUS_FORMAT, "inside another one"},
    {"{" META "," FC1_W ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[28,36]}}",
     36, STATUS_FORMAT, "bytes 24 to 28 of the data, before tensor fc1.bias, belong to none"},
    {"{" META "," FC1_W "," FC1_B "," FC1_B "}", 32, STATUS_FORMAT, "\"fc1.bias\" is there twice"},
    {"{" META "," META "," FC1_W "," FC1_B "}", 32, STATUS_FORMAT, "is there twice"},
    {"{" META "," FC1_W
     ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[24,32]}}",
     32, STATUS_FORMAT, "its layers need the tensor fc1.bias [2], but it holds fc1.bias [2,1]"},
    {"{" META "," FC1_W "," FC1_B
     ",\"x\\ny\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[32,33]}}",
     33, STATUS_FORMAT, "it holds the tensor x?y [1], which its layers do not have"},
    {"{" META "," FC1_W ",\"fc1.bias\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[24,32]}}",
     32, STATUS_UNSUPPORTED, "is of type int32"},
    {"{" META "," FC1_W ",\"fc1.bias\":{\"dtype\":\"F4\",\"shape\":[2],\"data_offsets\":[24,32]}}",
     32, STATUS_UNSUPPORTED, "unknown type \"F4\""},
    {"{" META "," FC1_W ",\"fc1.bias\":{\"shape\":[2],\"data_offsets\":[24,32]}}", 32,
     STATUS_FORMAT, "no \"dtype\""},
    {"{" META "," FC1_W ",\"fc1.bias\":{\"dtype\":\"F32\",\"data_offsets\":[24,32]}}", 32,
     STATUS_FORMAT, "no \"shape\" list"},
    {"{" META "," FC1_W ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[2]}}", 32, STATUS_FORMAT,
     "\"data_offsets\" must be two whole numbers"},
    {"{" META "," FC1_W
     ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32,40]}}",
     32, STATUS_FORMAT, "\"data_offsets\" must be two whole numbers"},
    {"{" META "," FC1_W
     ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24.5,32]}}",
     32, STATUS_FORMAT, "two whole numbers"},
    {"{" META "," FC1_W ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,32]}}",
     32, STATUS_FORMAT, "two whole numbers"},
    {"{" META "," FC1_W
     ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,1e300]}}",
     32, STATUS_FORMAT, "two whole numbers"},
    {"{" META "," FC1_W ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[32,24]}}",
     32, STATUS_FORMAT, "lies at bytes 32 to 24"},
    {"{" META "," FC1_W
     ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[24,32]}}",
     32, STATUS_FORMAT, "no whole number"},
    {"{" META "," FC1_W
     ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,2],\"data_offsets\":[24,32]"
     "}}",
     32, STATUS_FORMAT, "too large to be true"},
    {"{" META "," FC1_W
     ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[1152921504606846978],\"data_offsets\":[24,32]}}",
     32, STATUS_FORMAT, "no whole number"},
    {"{" META "," FC1_W
     ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[24,32]}}",
     32, STATUS_FORMAT, "more than 8 dimensions"},
    {"{" META "," FC1_W ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,32]}}",
     32, STATUS_FORMAT, "needs 12 bytes for its shape but has 8"},
    {"{" META "," FC1_W ",\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,36]}}",
     36, STATUS_FORMAT, "needs 8 bytes for its shape but has 12"},
    {"{" META "," FC1_W ",\"fc1.bias\":3}", 32, STATUS_FORMAT, "no \"dtype\""},
    {"{\"__metadata__\":[]," FC1_W "," FC1_B "}", 32, STATUS_FORMAT, "object of strings"},
    {"{\"__metadata__\":{\"inkling.layers\":2}," FC1_W "," FC1_B "}", 32, STATUS_FORMAT,
     "object of strings"},
    {"{\"__metadata__\":{\"inkling.layers\":\"dens 2\"}," FC1_W "," FC1_B "}", 32, STATUS_USAGE,
     "inkling.layers: layer 1: there is no layer called \"dens\""},
    {"{\"__metadata__\":{\"inkling.layers\":\"conv 2 k3\",\"inkling.input\":\"3\"}," FC1_W "," FC1_B
     "}",
     32, STATUS_USAGE, "inkling.layers: layer 1 (conv): needs an image"},
    {"{\"__metadata__\":{\"inkling.layers\":\"dense 2\",\"inkling.input\":\"3x4\"}," FC1_W "," FC1_B
     "}",
     32, STATUS_FORMAT, "inkling.input \"3x4\" must be like 1x28x28 or 784"},
    {"{\"__metadata__\":{\"inkling.layers\":\"dense 2\",\"inkling.input\":\"1x0x3\"}," FC1_W
     "," FC1_B "}",
     32, STATUS_USAGE, "the input 1x0x3 is not a usable shape"},
    {"{\"__metadata__\":{\"inkling.layers\":\"dense 65536, dense "
     "900\",\"inkling.input\":\"3\"}," FC1_W "," FC1_B "}",
     32, STATUS_USAGE, "classes"},
    {"{\"__metadata__\":{\"inkling.layers\":\"dense "
     "2\",\"inkling.input\":\"3\",\"inkling.std\":\"0\"}," FC1_W "," FC1_B "}",
     32, STATUS_FORMAT, "inkling.std \"0\" is not a usable number"},
    {"{\"__metadata__\":{\"inkling.layers\":\"dense "
     "2\",\"inkling.input\":\"3\",\"inkling.mean\":\"1e39\"}," FC1_W "," FC1_B "}",
     32, STATUS_FORMAT, "inkling.mean"},
    {"{\"__metadata__\":{\"inkling.layers\":\"dense "
     "2\",\"inkling.input\":\"3\",\"inkling.temperature\":\"hot\"}," FC1_W "," FC1_B "}",
     32, STATUS_FORMAT, "inkling.temperature \"hot\""},
    {"{\"__metadata__\":{\"inkling.layers\":\"dense "
     "2\",\"inkling.input\":\"3\",\"inkling.classes\":\"a\\nb\\nc\"}," FC1_W "," FC1_B "}",
     32, STATUS_FORMAT, "has 3 names, but the network has 2 classes"},
    {"{\"__metadata__\":{\"inkling.layers\":\"dense "
     "2\",\"inkling.input\":\"3\",\"inkling.classes\":\"a\"}," FC1_W "," FC1_B "}",
     32, STATUS_FORMAT, "has 1 names, but the network has 2 classes"},
    {"{\"__metadata__\":{\"inkling.layers\":\"dense "
     "2\",\"inkling.input\":\"3\",\"inkling.classes\":\"a\\n0123456789abcdef\"}," FC1_W "," FC1_B
     "}",
     32, STATUS_FORMAT, "name 2 must have 1 to 15 bytes, not 16"},
    // Well formed, but not one of ours.
    {"{" FC1_W "," FC1_B "}", 32, STATUS_UNSUPPORTED, "it holds fc1.bias [2], fc1.weight [2,3]"},
    {"{}", 0, STATUS_UNSUPPORTED, "it holds no tensors"},
    // No JSON.
    {"{\"a\":", 0, STATUS_FORMAT, "its header is not JSON"},
    {"{} x", 0, STATUS_FORMAT, "must be one JSON object"},
    {"[1,2]", 0, STATUS_FORMAT, "must be one JSON object"},
    {"\"ab\"", 0, STATUS_FORMAT, "must be one JSON object"},
    {"{\"\xFF\":1}", 0, STATUS_FORMAT, "not UTF-8"},
};

static void test_broken(void **state) {
    (void)state;
    unsigned char data[64];
    memset(data, 0, sizeof data);
    char path[FILE_PATH_MAX];
    files_path(path, files_directory, "broken.safetensors");
    SavedModel *model;
    write_raw(path, strlen(GOOD), GOOD, strlen(GOOD), data, GOOD_DATA);
    assert_ok(format_read(path, &model));
    saved_model_close(&model);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        const Broken *b = &broken[i];
        write_raw(path, strlen(b->header), b->header, strlen(b->header), data, b->data_size);
        assert_fails(format_read(path, &model), b->code, b->says);
        assert_null(model);
        Status status = format_read(path, &model);
        assert_non_null(strstr(status.message, "broken.safetensors: "));
        assert_null(strchr(status.message, '\n'));
    }
}

static void test_lengths(void **state) {
    (void)state;
    static const struct {
        uint64_t length;
        const char *says;
    } rows[] = {
        {0, "its header is not JSON"},
        {1, "its header is not JSON"},
        {1000, "promise a header of 1000 bytes"},
        {UINT64_MAX, "promise a header of 18446744073709551615 bytes"},
        {UINT64_MAX - 7, "promise a header of"},
        {(uint64_t)1 << 63, "promise a header of"},
    };
    unsigned char data[GOOD_DATA] = {0};
    char path[FILE_PATH_MAX];
    files_path(path, files_directory, "length.safetensors");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_raw(path, rows[i].length, GOOD, strlen(GOOD), data, GOOD_DATA);
        SavedModel *model;
        assert_fails(format_read(path, &model), STATUS_FORMAT, rows[i].says);
        assert_null(model);
    }
}

// Cut anywhere, it is an error.
static void test_truncated(void **state) {
    (void)state;
    char path[FILE_PATH_MAX];
    files_path(path, files_directory, "cut.safetensors");
    unsigned char data[GOOD_DATA] = {0}, whole[8 + sizeof GOOD + GOOD_DATA];
    write_raw(path, strlen(GOOD), GOOD, strlen(GOOD), data, GOOD_DATA);
    Bytes bytes;
    assert_ok(file_read(path, sizeof whole, &bytes));
    memcpy(whole, bytes.data, bytes.size);
    for (size_t size = 0; size < bytes.size; size++) {
        files_write(path, whole, size);
        SavedModel *model;
        Status status = format_read(path, &model);
        if (status_is_ok(&status)) fail_msg("read although cut at %zu", size);
        assert_null(model);
    }
    bytes_close(&bytes);
}

static void test_deep_and_long(void **state) {
    (void)state;
    enum { DEPTH = 1000000 };
    char path[FILE_PATH_MAX];
    files_path(path, files_directory, "deep.safetensors");
    char *text = malloc(DEPTH + 1);
    assert_non_null(text);
    memset(text, '[', DEPTH);
    memcpy(text, "{\"a\":", 5);
    write_raw(path, DEPTH, text, DEPTH, NULL, 0);
    SavedModel *model;
    assert_fails(format_read(path, &model), STATUS_FORMAT, "not JSON");
    // Many entries: refused, not compared each with each.
    size_t size = 1;
    text[0] = '{';
    for (int i = 0; size + 32 < DEPTH; i++)
        size += (size_t)snprintf(text + size, 32, "%s\"%d\":0", i ? "," : "", i);
    text[size++] = '}';
    write_raw(path, size, text, size, NULL, 0);
    assert_fails(format_read(path, &model), STATUS_UNSUPPORTED, "at most 8192 are read");
    free(text);
}

// Layers of other programs that a chain has no place for: which tensor, its shape, and what it is.
static void test_unknown_layers(void **state) {
    (void)state;
    static const struct {
        const char *tensors, *says; // name, sizes, and so on
    } rows[] = {
        {"a.weight 64x784 a.bias 64 act.weight 3 f.weight 10x64",
         "act.weight [3] looks like the slopes of a PReLU"},
        {"c.weight 8x1x3x3 d.weight 9x4x3x3 f.weight 10x5184",
         "the 8 outputs of c.weight [8,1,3,3] are not what d.weight [9,4,3,3] takes"},
        {"c.weight 8x1x3x3 b.c1.weight 8x8x3x3 b.c2.weight 8x8x3x3 b.shortcut.weight 9x8x1x1 "
         "f.weight 10x8",
         "b.shortcut.weight [9,8,1,1] stands beside its other layers"},
        {"rnn.weight_ih_l0 128x28 rnn.weight_hh_l0 128x32 f.weight 10x32",
         "rnn.weight_hh_l0 [128,32] is of a recurrent layer"},
        {"a.in_proj_weight 96x32 f.weight 10x32", "a.in_proj_weight [96,32] is of an attention"},
        {"a.weight 64x784 f.weight 10x60", "the 64 outputs of a.weight [64,784] are not what"},
        {"a.weight 64x784 n.weight 64 n.bias 64 f.weight 10x64",
         "n.weight [64] has a bias but no running statistics: a layer norm"},
        {"c.weight 8x784x3 f.weight 10x8", "c.weight [8,784,3] is a one-dimensional convolution"},
    };
    char path[FILE_PATH_MAX];
    files_path(path, files_directory, "unknown.safetensors");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Text header = {0};
        size_t at = 0;
        char name[32], sizes[32];
        int used;
        for (const char *next = rows[i].tensors;
             sscanf(next, "%31s %31s%n", name, sizes, &used) == 2; next += used) {
            size_t count = 1;
            text_append(&header, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[", at ? "," : "{", name);
            for (char *size = sizes; *size; size += *size == 'x') {
                text_append(&header, "%s%ld", size > sizes ? "," : "", strtol(size, NULL, 10));
                count *= (size_t)strtol(size, &size, 10);
            }
            text_append(&header, "],\"data_offsets\":[%zu,%zu]}", at, at + 4 * count);
            at += 4 * count;
        }
        text_append(&header, "}");
        void *data = calloc(1, at);
        SavedModel *model;
        assert_true(data && !header.failed);
        write_raw(path, header.size, header.data, header.size, data, at);
        assert_fails(format_read(path, &model), STATUS_UNSUPPORTED, rows[i].says);
        assert_null(model);
        text_close(&header);
        free(data);
    }
}

static void test_text_file(void **state) {
    (void)state;
    static const char text[] = "This is not a model but a shopping list: bread, cheese, ink.\n";
    char path[FILE_PATH_MAX];
    SavedModel *model;
    files_path(path, files_directory, "list.safetensors");
    files_write(path, text, sizeof text - 1);
    assert_fails(format_read(path, &model), STATUS_FORMAT, "not a safetensors file, or cut short");
    files_write(path, text, 5);
    assert_fails(format_read(path, &model), STATUS_FORMAT, "it has 5 bytes, too few");
    // A header that is said to end behind the file, by little enough to be overlooked.
    for (unsigned char more = 1; more <= 9; more++) {
        unsigned char file[24] = "\0\0\0\0\0\0\0\0{}              ";
        file[0] = (unsigned char)(sizeof file - 8 + more);
        files_write(path, file, sizeof file);
        assert_fails(format_read(path, &model), STATUS_FORMAT, "only 16 follow");
    }
    files_path(path, files_directory, "list.txt");
    files_write(path, text, sizeof text - 1);
    assert_fails(format_read(path, &model), STATUS_FORMAT, "is not a model file that can be read");
    files_path(path, files_directory, "nothing.safetensors");
    assert_fails(format_read(path, &model), STATUS_NOT_FOUND, "nothing.safetensors");
    assert_fails(format_read(files_directory, &model), STATUS_IO, "is a directory");
    assert_fails(format_read("/dev/zero", &model), STATUS_IO, "a device or a pipe");
}

// Random damage: an answer each time, whatever it is.
static void test_mutations(void **state) {
    (void)state;
    enum { ROUNDS = 20000 };
    char path[FILE_PATH_MAX];
    files_path(path, files_directory, "mutated.safetensors");
    unsigned char data[GOOD_DATA] = {0};
    write_raw(path, strlen(GOOD), GOOD, strlen(GOOD), data, GOOD_DATA);
    Bytes bytes;
    assert_ok(file_read(path, 4096, &bytes));
    Rng rng = rng_make(1, STREAM_TEST);
    int good = 0;
    for (int round = 0; round < ROUNDS; round++) {
        unsigned char copy[4096];
        memcpy(copy, bytes.data, bytes.size);
        for (uint32_t k = 1 + rng_below(&rng, 3); k > 0; k--) {
            uint32_t at = rng_below(&rng, (uint32_t)bytes.size);
            static const char likely[] = "0123456789{}[]\",:e-.\\u";
            copy[at] = (unsigned char)(rng_below(&rng, 2)
                                           ? rng_next(&rng)
                                           : (uint64_t)likely[rng_below(&rng, sizeof likely - 1)]);
        }
        // In place: some file systems wait for the disk when a file is cut to nothing first.
        FILE *file = fopen(path, "r+b");
        assert_non_null(file);
        assert_int_equal(fwrite(copy, 1, bytes.size, file), bytes.size);
        fclose(file);
        SavedModel *model;
        Status status = format_read(path, &model);
        assert_int_equal(status_is_ok(&status), model != NULL);
        good += model != NULL;
        saved_model_close(&model);
    }
    // Damage to the numbers themselves, and little else, goes unseen.
    if (good == 0 || good > ROUNDS / 2) fail_msg("%d of %d were read (seed 1)", good, ROUNDS);
    bytes_close(&bytes);
}

// ---- other types --------------------------------------------------------------------------------

static void read_typed(const char *type, size_t size, const void *data, float out[4]) {
    char path[FILE_PATH_MAX], header[512];
    files_path(path, files_directory, "typed.safetensors");
    snprintf(
        header, sizeof header,
        "{" META ",\"fc1.weight\":{\"dtype\":\"%s\",\"shape\":[2,3],\"data_offsets\":[0,%zu]},"
        "\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[%zu,%zu]},"
        "\"bn1.num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[%zu,%zu]}}",
        type, 6 * size, 6 * size, 6 * size + 8, 6 * size + 8, 6 * size + 16);
    unsigned char bytes[128] = {0};
    memcpy(bytes, data, 4 * size);
    write_raw(path, strlen(header), header, strlen(header), bytes, 6 * size + 16);
    SavedModel *model;
    assert_ok(format_read(path, &model));
    memcpy(out, model->weights, 4 * sizeof *out);
    saved_model_close(&model);
}

static void test_types(void **state) {
    (void)state;
    float got[4];
    const uint16_t half[4] = {0x3C00, 0xC248, 0x0001, 0xFC00};
    read_typed("F16", 2, half, got);
    assert_true(got[0] == 1.0f && got[1] == -3.140625f && got[2] == 0x1p-24f && isinf(got[3]));
    const uint16_t brain[4] = {0x3F80, 0xC049, 0x0001, 0x7FC0};
    read_typed("BF16", 2, brain, got);
    assert_true(got[0] == 1.0f && got[1] == -3.140625f && got[2] == 0x1p-133f && isnan(got[3]));
    const double wide[4] = {1.0, -0.1, 1e-300, 5e9};
    read_typed("F64", 8, wide, got);
    assert_true(got[0] == 1.0f && got[1] == -0.1f && got[2] == 0.0f && got[3] == 5e9f);
    const float plain[4] = {1.0f, -0.1f, -0.0f, 5e9f};
    read_typed("F32", 4, plain, got);
    assert_memory_equal(got, plain, sizeof plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken),         cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_truncated),      cmocka_unit_test(test_deep_and_long),
        cmocka_unit_test(test_text_file),      cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_unknown_layers), cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, files_set_up, files_tear_down);
}
