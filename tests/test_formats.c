// Model files: what is written comes back bit for bit and is what others read. Files that no writer
// makes are in test_formats_hand.c.
#include "base/text.h"

#include "tests/models.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

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
        SavedModel *model = make_preset(presets[p].name), *back;
        char path[FILE_PATH_MAX];
        files_path(path, files_directory, "model.safetensors");
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
        files_path(other, files_directory, "model.bin");
        assert_int_equal(rename(path, other), 0);
        assert_ok(format_read(other, &back));
        assert_same_model(model, back);
        saved_model_close(&back);
        files_path(other, files_directory, "MODEL.SafeTensors");
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
    files_path(path, files_directory, "flat.safetensors");
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
    files_path(path, files_directory, "lenet.safetensors");
    files_path(script, files_directory, "check.py");
    SavedModel *model = make_preset("lenet5");
    model->weights[0] = 0.25f;
    model->weights[1] = -1.5f;
    assert_ok(format_write(path, model));
    saved_model_close(&model);
    files_write(script, python, sizeof python - 1);
    snprintf(command, sizeof command, "python3 '%s' '%s'", script, path);
    assert_int_equal(system(command), 0);
}

// ---- writing goes wrong -------------------------------------------------------------------------

static void test_write_refusals(void **state) {
    (void)state;
    SavedModel *model = make_preset("lenet5"), *back;
    char path[FILE_PATH_MAX];
    files_path(path, files_directory, "model.h5");
    assert_fails(format_write(path, model), STATUS_USAGE, "name it .safetensors");
    assert_false(file_exists(path));
    files_path(path, files_directory, "no/such/place.safetensors");
    assert_fails(format_write(path, model), STATUS_IO, "cannot write");
    // An older file stays as it was.
    files_path(path, files_directory, "kept.safetensors");
    assert_ok(format_write(path, model));
    if (geteuid() != 0) {
        assert_int_equal(chmod(files_directory, 0500), 0);
        assert_fails(format_write(path, model), STATUS_IO, "kept.safetensors");
        assert_int_equal(chmod(files_directory, 0700), 0);
    }
    assert_ok(format_read(path, &back));
    assert_same_model(model, back);
    saved_model_close(&back);
    saved_model_close(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_other_shapes),
        cmocka_unit_test(test_python_reads_it),
        cmocka_unit_test(test_write_refusals),
    };
    return cmocka_run_group_tests(tests, files_set_up, files_tear_down);
}
