// The names that tensors came with: what a stranger may say of them, and that they come through
// every format, whatever they are. Classes of PyTorch are in test_names.py.
#include "base/file.h"
#include "formats/metadata.h"
#include "formats/tensor_names.h"

#include "tests/models.h"

static void make_plan(const char *layers, ModelPlan *out) {
    ModelSpec spec = make_spec(SHAPE_IMAGE(1, 28, 28), layers);
    assert_ok(spec_plan(&spec, out));
}

// ---- lists --------------------------------------------------------------------------------------

// fc1, bn1, fc2. NULL: it is read.
static const struct {
    const char *text, *error;
} lists[] = {
    {"fc1.weight a", NULL},
    {"", NULL},
    {"fc2.bias z\nfc1.weight \xC3\xA9 with blanks \nbn1.num_batches_tracked 0 n\n", NULL},
    {"bn1.num_batches_tracked 9223372036854775807 n", NULL},
    {"fc1.weight", "line 1: does not begin with a tensor"},
    {"fc1.weight ", "line 1: has a name of 0 bytes"},
    {" fc1.weight a", "line 1: does not begin"},
    {"fc1.weight a\n\nfc1.bias b", "line 2: does not begin"},
    {"fc3.weight a", "line 1: does not begin"},
    {"FC1.weight a", "line 1: does not begin"},
    {"fc1.running_var a", "line 1: does not begin"},
    {"fc1.num_batches_tracked 1 a", "line 1: does not begin"},
    {"fc1.weight a\nfc1.weight b", "line 2 has a name or a tensor that was there"},
    {"fc1.weight a\nfc1.bias a", "line 2 has a name or a tensor that was there"},
    {"bn1.running_var a\nbn1.num_batches_tracked 1 a", "line 2 has"},
    {"bn1.num_batches_tracked 1 a\nbn1.num_batches_tracked 2 b", "line 2 has"},
    {"bn1.num_batches_tracked a", "no usable number"},
    {"bn1.num_batches_tracked -1 a", "no usable number"},
    {"bn1.num_batches_tracked 9223372036854775808 a", "no usable number"},
    {"bn1.num_batches_tracked 1e3 a", "no usable number"},
    {"bn1.num_batches_tracked 111111111111111111111111111111 a", "no usable number"},
    {"fc1.weight a\tb", "line 1 has"},
    {"fc1.weight a\x7F", "line 1 has"},
    {"fc1.weight \xC3(", "line 1 has"},
    {"fc1.weight __metadata__", "line 1 has"},
};

static void test_lists(void **state) {
    (void)state;
    ModelPlan *plan = take(1, sizeof *plan);
    make_plan("dense 4, batchnorm, dense 3", plan);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        TensorNames *names = NULL;
        Status status = tensor_names_parse(lists[i].text, plan, &names);
        if (lists[i].error) {
            if (status.code != STATUS_FORMAT || !strstr(status.message, lists[i].error))
                fail_msg("%s: %d %s", lists[i].text, (int)status.code, status.message);
            assert_null(names);
            continue;
        }
        assert_ok(status);
        Text text = {0};
        tensor_names_print(names, plan, &text);
        size_t size = strlen(lists[i].text), tail = size && lists[i].text[size - 1] == '\n';
        assert_int_equal(text.size, size - tail);
        assert_memory_equal(text.data ? text.data : "", lists[i].text, size - tail);
        text_close(&text);
        free(names);
    }
    free(plan);
}

// 191 bytes are kept, 192 are not.
static void test_long_names(void **state) {
    (void)state;
    ModelPlan *plan = take(1, sizeof *plan);
    make_plan("dense 3", plan);
    for (int size = TENSOR_NAME_MAX - 2; size <= TENSOR_NAME_MAX + 1; size++) {
        char text[300] = "fc1.weight ";
        TensorNames *names;
        memset(text + strlen(text), 'x', (size_t)size);
        Status status = tensor_names_parse(text, plan, &names);
        assert_int_equal(status_is_ok(&status), size < TENSOR_NAME_MAX);
        free(names);
    }
    free(plan);
}

static void test_counting(void **state) {
    (void)state;
    TensorNames *names = tensor_names_open();
    TensorName item = {.name = "a", .tensor = 0, .counts = true, .batches = 5};
    assert_non_null(names);
    assert_true(tensor_names_add(names, &item));
    tensor_names_count(names, 3);
    assert_int_equal(names->items[0].batches, 8);
    tensor_names_count(names, -8);
    assert_int_equal(names->items[0].batches, 0);
    tensor_names_count(names, -1);
    assert_int_equal(names->items[0].batches, 0);
    names->items[0].batches = INT64_MAX - 1;
    tensor_names_count(names, 3);
    assert_true(names->items[0].batches == INT64_MAX);
    tensor_names_count(NULL, 3);
    free(names);
}

// ---- in metadata --------------------------------------------------------------------------------

// Of a network "dense 2" on 3 numbers whose weight is called "w" and its bias "b". NULL: it is
// made.
static const struct {
    const char *names, *error;
} metadata[] = {
    {"fc1.weight w\nfc1.bias b", NULL},
    {"fc1.bias b\nfc1.weight w", NULL},
    {"fc1.weight w\nfc1.bias missing", "the tensor missing, which its layers need, is missing"},
    {"fc1.weight missing\nfc1.bias b", "the tensor missing, which its layers need, is missing"},
    {"fc1.weight b\nfc1.bias w", "its layers need the tensor b [2,3], but it holds b [2]"},
    // The bias may be missing, but then nothing is called "b".
    {"fc1.weight w", "it holds the tensor b [2], which its layers do not have"},
    {"", "the tensor fc1.weight, which its layers need, is missing"},
    {"fc1.bias b", "the tensor fc1.weight, which its layers need, is missing"},
    {"nonsense", "inkling.tensors: line 1: does not begin"},
};

static void fill_bag(TensorBag *bag, const char *names) {
    static const unsigned char zero[32];
    Tensor weight = {.name = "w", .rank = 2, .dims = {2, 3}, .data = zero};
    Tensor bias = {.name = "b", .rank = 1, .dims = {2}, .data = zero};
    tensor_pack_strides(&weight);
    tensor_pack_strides(&bias);
    assert_ok(tensor_bag_add(bag, &weight, 24));
    assert_ok(tensor_bag_add(bag, &bias, 8));
    assert_ok(tensor_bag_set_text(bag, "inkling.layers", "dense 2"));
    assert_ok(tensor_bag_set_text(bag, "inkling.input", "3"));
    assert_ok(tensor_bag_set_text(bag, "inkling.tensors", names));
}

static void test_metadata(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof metadata / sizeof metadata[0]; i++) {
        TensorBag *bag;
        SavedModel *model;
        assert_ok(tensor_bag_open(1000, &bag));
        fill_bag(bag, metadata[i].names);
        Status status = metadata_make(bag, &model);
        if (metadata[i].error && !strstr(status.message, metadata[i].error))
            fail_msg("%s: %s", metadata[i].names, status.message);
        if (!metadata[i].error) assert_ok(status);
        if (!metadata[i].error) assert_int_equal(model->names->count, 2);
        assert_int_equal(model != NULL, metadata[i].error == NULL);
        saved_model_close(&model);
        tensor_bag_close(&bag);
    }
}

// ---- through files ------------------------------------------------------------------------------

static const char *const endings[] = {"pth", "safetensors", "onnx"};

static void assert_same_names(const TensorNames *a, const TensorNames *b) {
    assert_non_null(b);
    assert_int_equal(a->count, b->count);
    assert_true(a->border == b->border);
    for (int i = 0; i < a->count; i++) {
        assert_string_equal(a->items[i].name, b->items[i].name);
        assert_int_equal(a->items[i].tensor, b->items[i].tensor);
        assert_int_equal(a->items[i].counts, b->items[i].counts);
        assert_true(a->items[i].batches == b->items[i].batches);
    }
}

static void assert_passes(const SavedModel *model) {
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char name[32], path[FILE_PATH_MAX];
        InferReport report;
        SavedModel *back;
        snprintf(name, sizeof name, "names.%s", endings[i]);
        files_path(path, files_directory, name);
        Status status = format_write(path, model);
        if (status.code == STATUS_UNSUPPORTED) continue; // this build cannot
        assert_ok(status);
        assert_ok(format_open(path, NULL, &back, &report));
        assert_true(report.exact);
        assert_same_names(model->names, back->names);
        assert_memory_equal(model->weights, back->weights,
                            model->plan.weight_floats * sizeof(float));
        saved_model_close(&back);
    }
}

// A border: layers, mean, border; NULL: it is taken.
static const struct {
    const char *layers, *mean, *border, *error;
} borders[] = {
    {"conv 2 k5 p2, dense 2", "0.5", "2", NULL},
    {"conv 2 k5 p2, dense 2", "0", "2", NULL},
    {"conv 2 k5 p1, dense 2", "0.5", "2", "inkling.border does not fit"},
    {"relu, conv 2 k5 p2, dense 2", "0.5", "2", "inkling.border does not fit"},
    {"dense 2", "0.5", "2", "inkling.border does not fit"},
    {"conv 2 k5 p2, dense 2", "0.5", "3", "must be 2"},
    {"conv 2 k5 p2, dense 2", "0.5", "", "must be 2"},
};

static void test_borders(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof borders / sizeof borders[0]; i++) {
        ModelSpec spec = make_spec(SHAPE_IMAGE(1, 28, 28), borders[i].layers);
        SavedModel *model, *back;
        TensorBag *bag;
        assert_ok(saved_model_make(&spec, &model));
        assert_ok(tensor_bag_open(100000, &bag));
        assert_ok(metadata_take(model, bag));
        assert_ok(tensor_bag_set_text(bag, "inkling.mean", borders[i].mean));
        assert_ok(tensor_bag_set_text(bag, "inkling.border", borders[i].border));
        for (int t = 0; t < model->plan.tensor_count; t++) {
            const TensorInfo *info = &model->plan.tensors[t];
            float *numbers = model->weights + info->offset;
            Tensor tensor = {.rank = info->rank, .data = (const unsigned char *)numbers};
            text_copy(tensor.name, sizeof tensor.name, info->name);
            for (int d = 0; d < info->rank; d++) tensor.dims[d] = (size_t)info->dims[d];
            for (size_t k = 0; k < info->count; k++) numbers[k] = info->rank == 4 ? 1 : 3;
            tensor_pack_strides(&tensor);
            assert_ok(tensor_bag_add(bag, &tensor, info->count * sizeof(float)));
        }
        Status status = metadata_make(bag, &back);
        if (borders[i].error) {
            assert_fails(status, STATUS_FORMAT, borders[i].error);
        } else {
            assert_ok(status);
            bool taken = borders[i].mean[1] == '.';
            // 3 - 0.5 / 1 * 25
            assert_true(back->weights[back->plan.tensors[1].offset] == (taken ? -9.5f : 3.0f));
            assert_int_equal(back->names != NULL, taken);
            if (taken) assert_passes(back);
        }
        saved_model_close(&back);
        saved_model_close(&model);
        tensor_bag_close(&bag);
    }
}

static SavedModel *make_named(const char *layers) {
    ModelSpec spec = make_spec(SHAPE_IMAGE(1, 28, 28), layers);
    SavedModel *model;
    assert_ok(saved_model_make(&spec, &model));
    for (int t = 0; t < model->plan.tensor_count; t++) {
        const TensorInfo *info = &model->plan.tensors[t];
        for (size_t k = 0; k < info->count; k++)
            model->weights[info->offset + k] = (float)(t + 1) / (float)(k + 2);
    }
    model->names = tensor_names_open();
    assert_non_null(model->names);
    return model;
}

// Names that formats have for other things, and some that are hard to write.
static void test_odd_names(void **state) {
    (void)state;
    static const char *const odd[] = {"logits",  "input",       "relu_2_out", "a\"b\\c",
                                      "\\n",     "key: value",  " ",          "'\xF0\x9F\x98\x80'",
                                      "logits_", "fc1.weight_2"};
    SavedModel *model = make_named("dense 4, relu, dense 3, relu, dense 5, tanh, dense 4, dense 2");
    for (int i = 0; i < 10; i++) {
        TensorName item = {.tensor = 9 - i};
        text_copy(item.name, sizeof item.name, odd[i]);
        assert_true(tensor_names_add(model->names, &item));
    }
    assert_passes(model);
    saved_model_close(&model);
}

// As many, as long as they may be.
static void test_most_names(void **state) {
    (void)state;
    char layers[3000] = "dense 3";
    for (int i = 0; i < 63; i++) strcat(layers, ", batchnorm, dense 3");
    SavedModel *model = make_named(layers);
    for (int t = 0; t < model->plan.tensor_count; t++) {
        TensorName item = {.tensor = t};
        memset(item.name, '\\', TENSOR_NAME_MAX - 1);
        for (int d = 0, n = t; d < 3; d++, n /= 10) item.name[d] = (char)('0' + n % 10);
        assert_true(tensor_names_add(model->names, &item));
        if (!strstr(model->plan.tensors[t].name, "running_var")) continue;
        item.name[4] = 'c';
        item.counts = true;
        item.batches = INT64_MAX - t;
        assert_true(tensor_names_add(model->names, &item));
    }
    assert_passes(model);
    saved_model_close(&model);
}

// Tensors without a name are written beside the others of their layer once they say something, and
// do not get a name by that.
static void test_without_name(void **state) {
    (void)state;
    SavedModel *model = make_named("conv 2 k3, batchnorm, relu, dense 2");
    static const char *const named[][2] = {{"conv1.weight", "a.weight"},
                                           {"bn1.running_mean", "weight"},
                                           {"bn1.running_var", "fc1.bias"},
                                           {"fc1.weight", "b"}};
    for (int i = 0; i < 4; i++) {
        TensorName item = {.tensor = 0};
        while (strcmp(model->plan.tensors[item.tensor].name, named[i][0]) != 0) item.tensor++;
        text_copy(item.name, sizeof item.name, named[i][1]);
        assert_true(tensor_names_add(model->names, &item));
    }
    TensorNames *written;
    assert_ok(
        tensor_names_written(model->names, &model->plan, model->weights, NAMES_CHANGED, &written));
    static const char *const all[] = {"a.weight", "weight",     "fc1.bias", "b",
                                      "a.bias",   "bn1.weight", "bn1.bias", "fc1.bias_2"};
    assert_int_equal(written->count, 8);
    for (int i = 0; i < 8; i++) assert_string_equal(written->items[i].name, all[i]);
    free(written);
    assert_passes(model);
    // What the layers start with is not written, -0 is.
    for (int t = 0; t < model->plan.tensor_count; t++) {
        const TensorInfo *info = &model->plan.tensors[t];
        for (size_t k = 0; k < info->count; k++)
            model->weights[info->offset + k] = tensor_names_start(info);
        if (strcmp(info->name, "fc1.bias") == 0) model->weights[info->offset] = -0.0f;
    }
    assert_ok(
        tensor_names_written(model->names, &model->plan, model->weights, NAMES_CHANGED, &written));
    assert_int_equal(written->count, 5);
    free(written);
    assert_passes(model);
    saved_model_close(&model);
}

// ---- damage -------------------------------------------------------------------------------------

// For a longer run: -DMUTATIONS=10 gives ten times as many.
#ifndef MUTATIONS
#define MUTATIONS 1
#endif

static void mutate(Rng *rng, char *bytes, size_t size, bool text) {
    for (int n = 1 + (int)rng_below(rng, 4); n > 0; n--) {
        char *at = &bytes[rng_below(rng, (uint32_t)size)];
        if (text && rng_below(rng, 2)) // a piece of the rest
            *at = bytes[rng_below(rng, (uint32_t)size)];
        else
            *at = (char)rng_below(rng, 256);
        if (text && !*at) *at = '\n';
    }
}

// A list of names with some letters wrong: names that are printed as they were read, or a sentence.
static void test_damaged_lists(void **state) {
    (void)state;
    static const char good[] = "fc1.weight a.0.weight\nfc1.bias a.0.bias\nbn1.weight a.1.weight\n"
                               "bn1.running_var a.1.running_var\nbn1.running_mean x\n"
                               "bn1.num_batches_tracked 18760 a.1.num_batches_tracked\n"
                               "bn1.bias a.1.bias\nfc2.bias o\nfc2.weight w";
    Rng rng = rng_make(11, STREAM_TEST);
    ModelPlan *plan = take(1, sizeof *plan);
    int read = 0;
    make_plan("dense 4, batchnorm, dense 3", plan);
    for (int i = 0; i < 5000 * MUTATIONS; i++) {
        char copy[sizeof good];
        memcpy(copy, good, sizeof good);
        mutate(&rng, copy, sizeof good - 1, true);
        TensorNames *names;
        Text text = {0};
        Status status = tensor_names_parse(copy, plan, &names);
        if (!status_is_ok(&status)) {
            assert_true(status.code == STATUS_FORMAT && status.message[0]);
            assert_null(names);
            continue;
        }
        read++;
        tensor_names_print(names, plan, &text);
        TensorNames *again;
        assert_ok(tensor_names_parse(text.data, plan, &again));
        assert_same_names(names, again);
        text_close(&text);
        free(again);
        free(names);
    }
    assert_in_range(read, 100, 4900 * MUTATIONS);
    free(plan);
}

// Files with some bytes wrong, those of the table among them.
static void test_damaged_files(void **state) {
    (void)state;
    for (size_t e = 0; e < sizeof endings / sizeof endings[0]; e++) {
        char name[32], path[FILE_PATH_MAX];
        SavedModel *model = make_named("conv 1 k5 s8 p2, batchnorm, dense 2"), *back;
        Rng rng = rng_make(12 + e, STREAM_TEST);
        Bytes bytes;
        for (int t = 0; t < model->plan.tensor_count; t++) {
            TensorName item = {.tensor = t};
            snprintf(item.name, sizeof item.name, "part%d", t);
            assert_true(tensor_names_add(model->names, &item));
        }
        model->names->border = 0.25f;
        snprintf(name, sizeof name, "damaged.%s", endings[e]);
        files_path(path, files_directory, name);
        Status status = format_write(path, model);
        saved_model_close(&model);
        if (status.code == STATUS_UNSUPPORTED) continue;
        assert_ok(status);
        assert_ok(file_read(path, 1 << 20, &bytes));
        char *copy = take(bytes.size, 1);
        for (int i = 0; i < 200 * MUTATIONS; i++) {
            memcpy(copy, bytes.data, bytes.size);
            mutate(&rng, copy, bytes.size, false);
            files_write(path, copy, bytes.size);
            status = format_read(path, &back);
            assert_int_equal(status_is_ok(&status), back != NULL);
            saved_model_close(&back);
        }
        free(copy);
        bytes_close(&bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),         cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_counting),      cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_borders),       cmocka_unit_test(test_odd_names),
        cmocka_unit_test(test_most_names),    cmocka_unit_test(test_without_name),
        cmocka_unit_test(test_damaged_lists), cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, files_set_up, files_tear_down);
}
