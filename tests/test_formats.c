// Model files: what is written comes back bit for bit and is what others read; and every way that a
// file can be broken gives a sentence.
#include "base/streams.h"
#include "base/text.h"
#include "formats/formats.h"
#include "nn/model.h"
#include "nn/presets.h"

#include "tests/files.h"
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[FILE_PATH_MAX];

static int set_up(void **state) {
    (void)state;
    return files_open(directory) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    files_close(directory);
    return 0;
}

static SavedModel *make_model(const char *preset) {
    ModelSpec spec;
    assert_ok(preset_spec(preset_find(preset), (Shape){1, 28, 28, false}, 10, &spec));
    SavedModel *model;
    assert_ok(saved_model_make(&spec, &model));
    weights_init(&model->plan, INIT_PYTORCH, 5, model->weights);
    return model;
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void assert_same_model(const SavedModel *a, const SavedModel *b) {
    char x[SPEC_TEXT_MAX], y[SPEC_TEXT_MAX];
    spec_print_layers(&a->spec, x, sizeof x);
    spec_print_layers(&b->spec, y, sizeof y);
    assert_string_equal(x, y);
    assert_string_equal(a->spec.name, b->spec.name);
    assert_memory_equal(&a->spec.normalization, &b->spec.normalization,
                        sizeof a->spec.normalization);
    assert_int_equal(shape_count(a->spec.input), shape_count(b->spec.input));
    assert_int_equal(a->spec.input.flat, b->spec.input.flat);
    assert_int_equal(a->class_count, b->class_count);
    for (int i = 0; i < a->class_count; i++)
        assert_string_equal(a->class_names[i], b->class_names[i]);
    assert_string_equal(a->settings, b->settings);
    assert_string_equal(a->record, b->record);
    assert_int_equal(bits_of(a->temperature), bits_of(b->temperature));
    assert_int_equal(bits_of(a->threshold), bits_of(b->threshold));
    assert_int_equal(a->plan.weight_floats, b->plan.weight_floats);
    assert_memory_equal(a->weights, b->weights, a->plan.weight_floats * sizeof(float));
}

static void test_round_trip(void **state) {
    (void)state;
    for (int p = 0; p < preset_count; p++) {
        SavedModel *model = make_model(presets[p].name), *back;
        char path[FILE_PATH_MAX];
        files_path(path, directory, "model.safetensors");
        snprintf(model->settings, sizeof model->settings, "preset=%s lr=0.001", presets[p].name);
        text_copy(model->record, sizeof model->record,
                  "test_accuracy=0.99\t\"quoted\\\" \xE2\x9C\x93");
        text_copy(model->class_names[1], sizeof model->class_names[1], "\xE4\xB8\x80 one");
        model->temperature = 1.2345678f;
        model->threshold = 0.7654321f;
        // Numbers that text or arithmetic would spoil.
        const uint32_t odd[] = {0x7FC00001, 0x80000000, 0x00000001, 0xFF800000, 0x7F7FFFFF};
        memcpy(model->weights, odd, sizeof odd);
        assert_ok(format_write(path, model));
        assert_ok(format_read(path, &back));
        assert_same_model(model, back);
        saved_model_close(&back);
        // Known by its content under any name, and by its ending in any case.
        char other[FILE_PATH_MAX];
        files_path(other, directory, "model.bin");
        assert_int_equal(rename(path, other), 0);
        assert_ok(format_read(other, &back));
        assert_same_model(model, back);
        saved_model_close(&back);
        files_path(other, directory, "MODEL.SafeTensors");
        assert_ok(format_write(other, model));
        saved_model_close(&model);
        assert_null(model);
    }
}

// Flat input, 62 classes, names cut where a character begins.
static void test_other_shapes(void **state) {
    (void)state;
    ModelSpec spec;
    memset(&spec, 0, sizeof spec);
    spec.input = (Shape){17, 1, 1, true};
    spec.normalization = (Normalization){-1.5e-30f, 3.3333333f};
    for (int i = 0; i < 21; i++) strcat(spec.name, "\xE5\xAD\x97");
    assert_ok(spec_parse_layers("batchnorm m0.2, dense 62", &spec));
    SavedModel *model, *back;
    assert_ok(saved_model_make(&spec, &model));
    assert_string_equal(model->class_names[61], "61");
    char path[FILE_PATH_MAX];
    files_path(path, directory, "flat.safetensors");
    assert_ok(format_write(path, model));
    assert_ok(format_read(path, &back));
    assert_same_model(model, back);
    saved_model_close(&back);
    memset(model->settings, 0xC3, 10);
    assert_fails(format_write(path, model), STATUS_USAGE, "inkling.settings is not UTF-8");
    saved_model_close(&model);
}

// ---- as others see it ---------------------------------------------------------------------------

static const char python[] =
    "import json, struct, sys\n"
    "raw = open(sys.argv[1], 'rb').read()\n"
    "size = struct.unpack('<Q', raw[:8])[0]\n"
    "assert (8 + size) % 8 == 0, size\n"
    "header = json.loads(raw[8:8 + size].decode('utf-8'))\n"
    "data = raw[8 + size:]\n"
    "meta = header.pop('__metadata__')\n"
    "assert all(type(v) is str for v in meta.values()), meta\n"
    "assert meta['format'] == 'pt'\n"
    "assert meta['inkling.layers'].startswith('conv 6 k5 p2, relu'), meta\n"
    "want = {'conv1.weight': [6, 1, 5, 5], 'conv1.bias': [6], 'conv2.weight': [16, 6, 5, 5],\n"
    "        'conv2.bias': [16], 'fc1.weight': [120, 400], 'fc1.bias': [120],\n"
    "        'fc2.weight': [84, 120], 'fc2.bias': [84], 'fc3.weight': [10, 84], 'fc3.bias': [10]}\n"
    "assert {k: v['shape'] for k, v in header.items()} == want\n"
    "end = 0\n"
    "for name, entry in header.items():\n"
    "    count = 1\n"
    "    for d in entry['shape']: count *= d\n"
    "    begin, stop = entry['data_offsets']\n"
    "    assert entry['dtype'] == 'F32' and begin == end and stop - begin == 4 * count, name\n"
    "    end = stop\n"
    "assert end == len(data)\n"
    "first = struct.unpack('<2f', data[:8])\n"
    "assert first == (0.25, -1.5), first\n";

static void test_python_reads_it(void **state) {
    (void)state;
    if (system("python3 -c '' >/dev/null 2>&1") != 0) {
        print_message("no python3 here: not checked\n");
        skip();
    }
    char path[FILE_PATH_MAX], script[FILE_PATH_MAX], command[2 * FILE_PATH_MAX + 32];
    files_path(path, directory, "lenet.safetensors");
    files_path(script, directory, "check.py");
    SavedModel *model = make_model("lenet5");
    model->weights[0] = 0.25f;
    model->weights[1] = -1.5f;
    assert_ok(format_write(path, model));
    saved_model_close(&model);
    files_write(script, python, sizeof python - 1);
    snprintf(command, sizeof command, "python3 '%s' '%s'", script, path);
    assert_int_equal(system(command), 0);
}

// ---- files made by hand -------------------------------------------------------------------------

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
    files_path(path, directory, "broken.safetensors");
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
    files_path(path, directory, "length.safetensors");
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
    files_path(path, directory, "cut.safetensors");
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
    files_path(path, directory, "deep.safetensors");
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
    files_path(path, directory, "unknown.safetensors");
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
    files_path(path, directory, "list.safetensors");
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
    files_path(path, directory, "list.txt");
    files_write(path, text, sizeof text - 1);
    assert_fails(format_read(path, &model), STATUS_FORMAT, "is not a model file that can be read");
    files_path(path, directory, "nothing.safetensors");
    assert_fails(format_read(path, &model), STATUS_NOT_FOUND, "nothing.safetensors");
    assert_fails(format_read(directory, &model), STATUS_IO, "is a directory");
    assert_fails(format_read("/dev/zero", &model), STATUS_IO, "a device or a pipe");
}

// Random damage: an answer each time, whatever it is.
static void test_mutations(void **state) {
    (void)state;
    enum { ROUNDS = 20000 };
    char path[FILE_PATH_MAX];
    files_path(path, directory, "mutated.safetensors");
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
    files_path(path, directory, "typed.safetensors");
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

// ---- writing goes wrong -------------------------------------------------------------------------

static void test_write_refusals(void **state) {
    (void)state;
    SavedModel *model = make_model("lenet5"), *back;
    char path[FILE_PATH_MAX];
    files_path(path, directory, "model.h5");
    assert_fails(format_write(path, model), STATUS_USAGE, "name it .safetensors");
    assert_false(file_exists(path));
    files_path(path, directory, "no/such/place.safetensors");
    assert_fails(format_write(path, model), STATUS_IO, "cannot write");
    // An older file stays as it was.
    files_path(path, directory, "kept.safetensors");
    assert_ok(format_write(path, model));
    if (geteuid() != 0) {
        assert_int_equal(chmod(directory, 0500), 0);
        assert_fails(format_write(path, model), STATUS_IO, "kept.safetensors");
        assert_int_equal(chmod(directory, 0700), 0);
    }
    assert_ok(format_read(path, &back));
    assert_same_model(model, back);
    saved_model_close(&back);
    saved_model_close(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_other_shapes),
        cmocka_unit_test(test_python_reads_it), cmocka_unit_test(test_broken),
        cmocka_unit_test(test_lengths),         cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_deep_and_long),   cmocka_unit_test(test_text_file),
        cmocka_unit_test(test_mutations),       cmocka_unit_test(test_unknown_layers),
        cmocka_unit_test(test_types),           cmocka_unit_test(test_write_refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
