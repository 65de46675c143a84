// What a state dict holds beside layers, and three channels: what is left aside and said so, the
// normalization that a file holds itself, pictures of one channel for networks of three; and
// weights that lie in parts.
#include "base/text.h"
#include "formats/bag_channels.h"
#include "formats/bag_fold.h"
#include "formats/infer.h"

#include "tests/test.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { PIXELS = 784, CLASSES = 10, WIDE = 2 };

static float zeros[CLASSES * WIDE * PIXELS];

typedef struct Row {
    const char *name;
    int rank;
    size_t dims[4];
    const float *data; // NULL: zeros
    TensorType type;   // of zeros
} Row;

static void add(TensorBag *bag, const Row *row) {
    Tensor tensor = {.type = row->type, .rank = row->rank, .count = 1};
    for (int i = 0; i < row->rank; i++) tensor.count *= tensor.dims[i] = row->dims[i];
    text_copy(tensor.name, sizeof tensor.name, row->name);
    tensor.data = (const unsigned char *)(row->data ? row->data : zeros);
    tensor_pack_strides(&tensor);
    assert_ok(tensor_bag_add(bag, &tensor, tensor.count * tensor_types[tensor.type].size));
}

static TensorBag *make(const Row *rows, size_t count) {
    TensorBag *bag;
    assert_ok(tensor_bag_open(1 << 22, &bag));
    for (size_t i = 0; i < count; i++) add(bag, &rows[i]);
    return bag;
}
#define MAKE(rows) make(rows, sizeof(rows) / sizeof(rows)[0])

static void test_left_aside(void **state) {
    (void)state;
    static const Row rows[] = {
        {"fc1.weight", 2, {16, PIXELS}, NULL, TENSOR_F32},
        {"fc2.weight", 2, {CLASSES, 16}, NULL, TENSOR_F32},
        {"loss_fn.weight", 1, {CLASSES}, NULL, TENSOR_F32},
        {"class_weights", 1, {CLASSES}, NULL, TENSOR_F32},
        {"val_accuracy.tp", 1, {CLASSES}, NULL, TENSOR_I64},
        {"table", 2, {CLASSES, CLASSES}, NULL, TENSOR_I64},
        {"ema.fc1.weight", 2, {16, PIXELS}, NULL, TENSOR_F32},
        {"ema.fc2.weight", 2, {CLASSES, 16}, NULL, TENSOR_F32},
        {"temperature", 1, {1}, NULL, TENSOR_F32},
    };
    TensorBag *bag = MAKE(rows);
    SavedModel *model;
    InferReport report;
    assert_ok(infer_model(bag, NULL, &model, &report));
    assert_string_equal(report.layers, "flatten, dense 16, relu, dense 10");
    assert_non_null(strstr(report.note, "Left aside: loss_fn.weight, class_weights, "));
    saved_model_close(&model);
    tensor_bag_close(&bag);
    // An averaged copy alone is the network.
    bag = make(rows + 6, 2);
    assert_ok(infer_model(bag, NULL, &model, &report));
    assert_string_equal(report.layers, "flatten, dense 16, relu, dense 10");
    saved_model_close(&model);
    tensor_bag_close(&bag);
    // So is a layer that somebody calls so.
    static const Row called[] = {{"features.weight", 2, {16, PIXELS}, NULL, TENSOR_F32},
                                 {"accuracy.weight", 2, {CLASSES, 16}, NULL, TENSOR_F32},
                                 {"accuracy.bias", 1, {CLASSES}, NULL, TENSOR_F32}};
    bag = MAKE(called);
    assert_ok(infer_model(bag, NULL, &model, &report));
    assert_string_equal(report.layers, "flatten, dense 16, relu, dense 10");
    assert_string_equal(report.note, "");
    saved_model_close(&model);
    tensor_bag_close(&bag);
    // A vector that nobody knows is not passed over.
    static const Row strange[] = {{"fc.weight", 2, {CLASSES, PIXELS}, NULL, TENSOR_F32},
                                  {"gates", 1, {CLASSES}, NULL, TENSOR_F32}};
    bag = MAKE(strange);
    assert_int_equal(infer_model(bag, NULL, &model, &report).code, STATUS_UNSUPPORTED);
    tensor_bag_close(&bag);
}

static void test_own_normalization(void **state) {
    (void)state;
    static const float mean[3] = {0.25f, 0.25f, 0.25f}, std[3] = {0.5f, 0.5f, 0.5f},
                       mean_bytes = 51, std_bytes = 102;
    static const struct {
        Row rows[3];
        float mean, std;
    } cases[] = {
        {{{"1.weight", 2, {CLASSES, PIXELS}, NULL, TENSOR_F32},
          {"0.mean", 4, {1, 1, 1, 1}, mean, TENSOR_F32},
          {"0.std", 4, {1, 1, 1, 1}, std, TENSOR_F32}},
         0.25f,
         0.5f},
        {{{"fc.weight", 2, {CLASSES, PIXELS}, NULL, TENSOR_F32},
          {"data_mean", 0, {0}, &mean_bytes, TENSOR_F32},
          {"data_std", 0, {0}, &std_bytes, TENSOR_F32}},
         0.2f,
         0.4f},
        {{{"fc.weight", 2, {CLASSES, PIXELS}, NULL, TENSOR_F32},
          {"norm.mean", 3, {3, 1, 1}, mean, TENSOR_F32},
          {"norm.std", 3, {3, 1, 1}, std, TENSOR_F32}},
         0.25f,
         0.5f},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TensorBag *bag = MAKE(cases[i].rows);
        SavedModel *model;
        InferReport report;
        assert_ok(infer_model(bag, NULL, &model, &report));
        assert_true(model->spec.normalization.mean == cases[i].mean);
        assert_true(model->spec.normalization.std == cases[i].std);
        assert_non_null(strstr(report.note, "It holds its own normalization."));
        saved_model_close(&model);
        tensor_bag_close(&bag);
    }
}

static void test_three_channels(void **state) {
    (void)state;
    static const float mean[3] = {0.485f, 0.456f, 0.406f}, std[3] = {0.25f, 0.5f, 0.125f};
    static float weight[WIDE * 3 * 9];
    for (size_t i = 0; i < WIDE * 27; i++) weight[i] = (float)i / 8;
    static const Row rows[] = {
        {"a.weight", 4, {WIDE, 3, 3, 3}, weight, TENSOR_F32},
        {"b.weight", 2, {CLASSES, WIDE * 14 * 14}, NULL, TENSOR_F32},
        {"mean", 1, {3}, mean, TENSOR_F32},
        {"std", 1, {3}, std, TENSOR_F32},
    };
    SavedModel *model;
    InferReport report;
    // All alike: the sum over the channels.
    TensorBag *bag = make(rows, 2);
    assert_ok(infer_model(bag, NULL, &model, &report));
    assert_string_equal(report.layers, "conv 2 k3 p1, relu, maxpool 2, flatten, dense 10");
    assert_non_null(strstr(report.note, "three equal channels, folded into one"));
    for (size_t i = 0; i < 9; i++) // eighths: exact
        for (size_t o = 0; o < WIDE; o++)
            assert_true(model->weights[o * 9 + i] ==
                        weight[o * 27 + i] + weight[o * 27 + 9 + i] + weight[o * 27 + 18 + i]);
    saved_model_close(&model);
    tensor_bag_close(&bag);
    // Each for itself: made of one in front, so that the zeros around stay zeros.
    bag = MAKE(rows);
    assert_ok(infer_model(bag, NULL, &model, &report));
    assert_string_equal(report.layers,
                        "conv 3 k1, conv 2 k3 p1, relu, maxpool 2, flatten, dense 10");
    assert_true(model->spec.normalization.mean == 0 && model->spec.normalization.std == 1);
    const ModelPlan *plan = &model->plan;
    for (size_t c = 0; c < 3; c++) {
        assert_true(model->weights[plan->tensors[0].offset + c] == 1 / std[c]);
        assert_true(model->weights[plan->tensors[1].offset + c] == -mean[c] / std[c]);
    }
    assert_memory_equal(model->weights + plan->tensors[2].offset, weight, sizeof weight);
    saved_model_close(&model);
    tensor_bag_close(&bag);
}

// ---- weights in parts ---------------------------------------------------------------------------

static void put(TensorBag *bag, const char *name, int rank, size_t rows, size_t columns,
                const float *data) {
    add(bag, &(Row){name, rank, {rows, columns}, data, TENSOR_F32});
}

static void check(const TensorBag *bag, const char *name, const float *wanted, size_t count) {
    float found[8];
    const Tensor *tensor = tensor_bag_find(bag, name);
    assert_non_null(tensor);
    assert_int_equal(tensor->count, count);
    tensor_read(tensor, found);
    for (size_t i = 0; i < count; i++) // one division and one product, rounded once
        assert_true(fabsf(found[i] - wanted[i]) <= 2 * FLT_EPSILON * fabsf(wanted[i]));
}

static void test_weights_in_parts(void **state) {
    (void)state;
    static const float whole[6] = {3, 4, 0, 0, 5, 12}, g[2] = {10, 26},
                       normed[6] = {6, 8, 0, 0, 10, 24};
    static const float mask[6] = {1, 0, 1, 1, 1, 0}, masked[6] = {3, 0, 0, 0, 5, 0};
    // u' w v with u = (0, 1) and v = (0, 0, 1) is the last number.
    static const float u[2] = {0, 1}, v[3] = {0, 0, 1};
    static const float spectral[6] = {3 / 12.f, 4 / 12.f, 0, 0, 5 / 12.f, 1};
    static const float count[1] = {5};
    TensorBag *bag, *folded;
    assert_ok(tensor_bag_open(1 << 20, &bag));
    put(bag, "a.bias", 1, 2, 0, g);
    put(bag, "a.weight_g", 2, 2, 1, g);
    put(bag, "a.weight_v", 2, 2, 3, whole);
    put(bag, "b.parametrizations.weight.original0", 2, 2, 1, g);
    put(bag, "b.parametrizations.weight.original1", 2, 2, 3, whole);
    put(bag, "c.weight_orig", 2, 2, 3, whole);
    put(bag, "c.weight_mask", 2, 2, 3, mask);
    put(bag, "d.weight_orig", 2, 2, 3, whole);
    put(bag, "d.weight_u", 1, 2, 0, u);
    put(bag, "d.weight_v", 1, 3, 0, v);
    put(bag, "e.parametrizations.weight.original", 2, 2, 3, whole);
    put(bag, "e.parametrizations.weight.0._u", 1, 2, 0, u);
    put(bag, "e.parametrizations.weight.0._v", 1, 3, 0, v);
    put(bag, "weight_orig", 2, 2, 3, whole); // without its mask
    put(bag, "n_averaged", 0, 0, 0, count);
    assert_ok(bag_fold(bag, &folded));
    assert_int_equal(tensor_bag_count(folded), 7);
    check(folded, "a.bias", g, 2);
    check(folded, "a.weight", normed, 6);
    check(folded, "b.weight", normed, 6);
    check(folded, "c.weight", masked, 6);
    check(folded, "d.weight", spectral, 6);
    check(folded, "e.weight", spectral, 6);
    check(folded, "weight_orig", whole, 6);
    assert_string_equal(tensor_bag_text(folded, "note"), "Left aside: n_averaged.");
    assert_string_equal(tensor_bag_at(folded, 1)->name, "a.weight");
    tensor_bag_close(&folded);
    tensor_bag_close(&bag);
    assert_ok(tensor_bag_open(1 << 20, &bag));
    put(bag, "a.weight", 2, 2, 3, whole);
    assert_ok(bag_fold(bag, &folded));
    assert_null(folded);
    tensor_bag_close(&bag);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_left_aside),
        cmocka_unit_test(test_own_normalization),
        cmocka_unit_test(test_three_channels),
        cmocka_unit_test(test_weights_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
