// .onnx files: what is written comes back bit for bit, through our metadata and without them, and
// graphs that are no chain of layers answer. What ONNX itself tests is in onnx_suite.c; what others
// read of our files in test_onnx.py; what is broken in test_onnx_hostile.c.
#include "base/text.h"
#include "formats/onnx_proto.h"
#include "graph/classifier.h"

#include "tests/models.h"
#include "tests/onnx_craft.h"

#include <float.h>
#include <math.h>

static char path[FILE_PATH_MAX];

static int set_up(void **state) {
    if (files_set_up(state) != 0) return -1;
    files_path(path, files_directory, "model.onnx");
    return 0;
}

// ---- round trips --------------------------------------------------------------------------------

static void print_layers(const SavedModel *model, bool dropout, char out[SPEC_TEXT_MAX]) {
    ModelSpec spec = model->spec;
    spec.layer_count = 0;
    for (int i = 0; i < model->spec.layer_count; i++) {
        ModelSpec one = model->spec;
        char text[SPEC_TEXT_MAX];
        one.layer_count = 1;
        one.layers[0] = model->spec.layers[i];
        spec_print_layers(&one, text, sizeof text);
        if (dropout || strncmp(text, "dropout", 7) != 0)
            spec.layers[spec.layer_count++] = model->spec.layers[i];
    }
    spec_print_layers(&spec, out, SPEC_TEXT_MAX);
}

// Weights tensor by tensor, since layers may have other numbers.
static void assert_same_weights(const SavedModel *a, const SavedModel *b) {
    assert_int_equal(a->plan.tensor_count, b->plan.tensor_count);
    for (int t = 0; t < a->plan.tensor_count; t++) {
        const TensorInfo *x = &a->plan.tensors[t], *y = &b->plan.tensors[t];
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->count, y->count);
        assert_memory_equal(a->weights + x->offset, b->weights + y->offset,
                            x->count * sizeof(float));
    }
}

static void test_round_trip(void **state) {
    (void)state;
    for (int p = 0; p < preset_count; p++) {
        SavedModel *model = make_preset(presets[p].name), *back;
        InferReport report;
        char before[SPEC_TEXT_MAX], after[SPEC_TEXT_MAX];
        text_copy(model->settings, sizeof model->settings, "preset=x lr=0.001");
        text_copy(model->record, sizeof model->record, "test_accuracy=0.99 \xE2\x9C\x93");
        text_copy(model->class_names[1], sizeof model->class_names[1], "\xE4\xB8\x80 one");
        model->temperature = 1.2345678f;
        model->spec.normalization = (Normalization){0.2860f, 0.3530f};
        // Numbers that text or arithmetic would spoil.
        const uint32_t odd[] = {0x7FC00001, 0x80000000, 0x00000001, 0xFF800000, 0x7F7FFFFF};
        memcpy(model->weights, odd, sizeof odd);
        assert_ok(format_write(path, model));
        assert_ok(format_open(path, NULL, &back, &report));
        assert_true(report.exact);
        print_layers(model, true, before);
        print_layers(back, true, after);
        assert_string_equal(before, after);
        assert_same_weights(model, back);
        assert_string_equal(model->spec.name, back->spec.name);
        assert_string_equal(model->settings, back->settings);
        assert_string_equal(model->record, back->record);
        assert_string_equal(model->class_names[1], back->class_names[1]);
        assert_true(model->temperature == back->temperature);
        assert_memory_equal(&model->spec.normalization, &back->spec.normalization,
                            sizeof(Normalization));
        saved_model_close(&back);
        saved_model_close(&model);
    }
}

// Everything of `model` on the reference back end: n rows of logits.
static void answer_by_layers(const SavedModel *model, const float *images, int n, float *rows) {
    Backend *be;
    Model *net;
    BackendConfig config = {"ref", 1};
    assert_ok(backend_open(&config, &be));
    assert_ok(model_open(be, &model->spec, n, false, &net));
    model_set_weights(net, model->weights);
    size_t count = shape_count(model->spec.input) * (size_t)n;
    be->ops->upload(be, model_input(net), images, count * sizeof(float));
    be->ops->download(be, rows, model_forward(net, n, false, 0),
                      (size_t)(n * model->plan.classes) * sizeof(float));
    model_close(&net);
    backend_close(&be);
}

// Reads the file as one that says nothing beside its graph, finished.
static Graph *read_graph(void) {
    Bytes file;
    TensorBag *pairs;
    Graph *graph;
    assert_ok(file_read(path, 1u << 30, &file));
    assert_ok(tensor_bag_open(0, &pairs));
    assert_ok(onnx_proto_read(&file, pairs, &graph));
    assert_ok(graph_finish(graph, 1e8));
    tensor_bag_close(&pairs);
    bytes_close(&file);
    return graph;
}

// The graph that is written gives the same numbers as the layers it was made of, by an executor
// that shares no code with them; whether pictures come alone, together, or to several threads.
static void test_graph_equals_layers(void **state) {
    (void)state;
    enum { N = 5 };
    for (int p = 0; p < preset_count; p++) {
        SavedModel *model = make_preset(presets[p].name);
        if (model->plan.flops_forward > 1e8) { // the reference back end is slow
            saved_model_close(&model);
            continue;
        }
        GraphClassifier *classifier;
        float images[N * 28 * 28], want[N * 10], got[N * 10], top = 0;
        craft_noise(images, N * 28 * 28);
        assert_ok(format_write(path, model));
        Graph *graph = read_graph();
        answer_by_layers(model, images, N, want);
        for (int i = 0; i < N * 10; i++) top = fmaxf(top, fabsf(want[i]));
        for (int batch = 1; batch <= N; batch += 2) {
            assert_ok(classifier_open(graph, batch, batch, &classifier));
            assert_int_equal(classifier_classes(classifier), 10);
            assert_ok(classifier_run(classifier, images, N, got));
            // Sums of at most a few thousand products, through a dozen layers.
            for (int i = 0; i < N * 10; i++)
                if (!(fabsf(got[i] - want[i]) <= 400 * FLT_EPSILON * (1 + top)))
                    fail_msg("%s, batch %d, number %d: %.9g, not %.9g", presets[p].name, batch, i,
                             (double)got[i], (double)want[i]);
            classifier_close(&classifier);
        }
        graph_close(&graph);
        saved_model_close(&model);
    }
}

// Without our metadata, the graph alone gives the same layers (dropout apart) and weights.
static void test_chain(void **state) {
    (void)state;
    for (int p = 0; p < preset_count; p++) {
        SavedModel *model = make_preset(presets[p].name), *back;
        InferReport report;
        TensorBag *none;
        Bytes bytes;
        char before[SPEC_TEXT_MAX], after[SPEC_TEXT_MAX];
        if (model->plan.flops_forward > 1e9) { // more than a picture may take
            saved_model_close(&model);
            continue;
        }
        assert_ok(format_write(path, model));
        Graph *graph = read_graph();
        assert_ok(tensor_bag_open(0, &none));
        GraphTensor output = {.type = GRAPH_F32, .rank = 2, .dims = {0, 10}};
        assert_ok(onnx_proto_write(graph, &output, none, "", &bytes));
        files_write(path, bytes.data, bytes.size);
        assert_ok(format_open(path, NULL, &back, &report));
        assert_false(report.exact);
        if (back->graph) fail_msg("%s: %s", presets[p].name, report.sentence);
        print_layers(model, false, before);
        print_layers(back, true, after);
        assert_string_equal(before, after);
        assert_same_weights(model, back);
        assert_true(back->spec.normalization.mean == 0.1307f);
        bytes_close(&bytes);
        tensor_bag_close(&none);
        graph_close(&graph);
        saved_model_close(&back);
        saved_model_close(&model);
    }
}

// ---- other people's graphs ----------------------------------------------------------------------

static const int64_t image_dims[] = {1, 1, 28, 28};

static void open_crafted(Text *graph, int opset, SavedModel **out, InferReport *report) {
    Text model;
    craft_model(graph, opset, &model);
    files_write(path, model.data, model.size);
    text_close(&model);
    assert_ok(format_open(path, NULL, out, report));
}

// A normalization in the graph, a product with the weight turned, its bias as a node of its own and
// a softmax at the end.
static void test_folds(void **state) {
    (void)state;
    Text graph = {0}, node;
    SavedModel *model;
    InferReport report;
    float weight[784 * 10], bias[10], scale[] = {255.0f, 0.1307f, 0.3081f};
    craft_noise(weight, 784 * 10);
    craft_noise(bias, 10);
    craft_input(&graph, "x", 4, image_dims);
    for (int i = 0; i < 3; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        craft_tensor(&graph, name, 0, NULL, &scale[i]);
    }
    craft_tensor(&graph, "w", 2, (const int64_t[]){784, 10}, weight);
    craft_tensor(&graph, "bias", 1, (const int64_t[]){10}, bias);
    craft_integers(&graph, "shape", 2, (const int64_t[]){1, -1});
    static const char *const nodes[][3] = {
        {"Div", "x a", "y1"},          {"Sub", "y1 b", "y2"},    {"Div", "y2 c", "y3"},
        {"Reshape", "y3 shape", "y4"}, {"MatMul", "y4 w", "y5"}, {"Add", "y5 bias", "y6"},
        {"Softmax", "y6", "y7"},
    };
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        craft_node(&node, nodes[i][0], nodes[i][1], nodes[i][2]);
        craft_part(&graph, 1, &node);
    }
    craft_output(&graph, "y7");
    open_crafted(&graph, 13, &model, &report);
    if (model->graph) fail_msg("%s", report.sentence);
    assert_int_equal(model->spec.layer_count, 2);
    assert_float_equal(model->spec.normalization.mean, 0.1307f, 1e-6f);
    assert_float_equal(model->spec.normalization.std, 0.3081f, 1e-6f);
    const float *got = model->weights + model->plan.tensors[0].offset;
    for (int i = 0; i < 10; i++)
        for (int k = 0; k < 784; k++) assert_true(got[i * 784 + k] == weight[k * 10 + i]);
    assert_memory_equal(model->weights + model->plan.tensors[1].offset, bias, sizeof bias);
    assert_non_null(strstr(report.note, "Softmax"));
    saved_model_close(&model);
}

static void test_residual(void **state) {
    (void)state;
    Text graph = craft_residual();
    SavedModel *model, *back;
    InferReport report;
    char other[FILE_PATH_MAX];
    open_crafted(&graph, 13, &model, &report);
    assert_non_null(model->graph);
    assert_int_equal(model->class_count, 10);
    assert_int_equal(model->plan.parameters, 9 + 7840);
    assert_non_null(strstr(report.note, "cannot be trained"));
    assert_fails(saved_model_check_layers(model, "m"), STATUS_UNSUPPORTED, "not trained");
    files_path(other, files_directory, "model.safetensors");
    assert_fails(format_write(other, model), STATUS_UNSUPPORTED, "only .onnx");

    // Written and read again it is the same, and says what it was given meanwhile.
    model->spec.normalization = (Normalization){0.25f, 0.75f};
    text_copy(model->class_names[3], sizeof model->class_names[3], "three");
    files_path(other, files_directory, "again.onnx");
    assert_ok(format_write(other, model));
    assert_ok(format_open(other, NULL, &back, &report));
    assert_true(report.exact);
    assert_non_null(back->graph);
    assert_true(back->spec.normalization.mean == 0.25f && back->spec.normalization.std == 0.75f);
    assert_string_equal(back->class_names[3], "three");
    GraphClassifier *a, *b;
    float images[3 * 784], x[30], y[30];
    craft_noise(images, 3 * 784);
    assert_ok(classifier_open(model->graph, 3, 2, &a));
    assert_ok(classifier_open(back->graph, 1, 1, &b));
    assert_ok(classifier_run(a, images, 3, x));
    assert_ok(classifier_run(b, images, 3, y));
    assert_memory_equal(x, y, sizeof x);
    classifier_close(&a);
    classifier_close(&b);
    saved_model_close(&back);
    saved_model_close(&model);
}

// What PyTorch writes for x.view(x.size(0), -1) with an open batch.
static void test_view(void **state) {
    (void)state;
    Text graph = {0}, node;
    SavedModel *model;
    InferReport report;
    float weight[10 * 784];
    craft_noise(weight, 10 * 784);
    craft_input(&graph, "x", 4, (const int64_t[]){-1, 1, 28, 28});
    craft_tensor(&graph, "w", 2, (const int64_t[]){10, 784}, weight);
    craft_integers(&graph, "first", 1, (const int64_t[]){0});
    craft_integers(&graph, "rest", 1, (const int64_t[]){-1});
    craft_node(&node, "Shape", "x", "a");
    craft_part(&graph, 1, &node);
    craft_node(&node, "Gather", "a first", "b");
    craft_part(&graph, 1, &node);
    craft_node(&node, "Concat", "b rest", "c");
    craft_attribute_integer(&node, "axis", 0);
    craft_part(&graph, 1, &node);
    craft_node(&node, "Reshape", "x c", "d");
    craft_part(&graph, 1, &node);
    craft_node(&node, "Gemm", "d w", "e");
    craft_attribute_integer(&node, "transB", 1);
    craft_part(&graph, 1, &node);
    craft_output(&graph, "e");
    open_crafted(&graph, 17, &model, &report);
    if (model->graph) fail_msg("%s", report.sentence);
    assert_memory_equal(model->weights, weight, sizeof weight);
    saved_model_close(&model);
}

// Operator sets since 18 have axes as inputs, which the suite does not know yet: pads of the last
// dimension only, then means over rows.
static void test_new_operator_sets(void **state) {
    (void)state;
    Text graph = {0}, node;
    SavedModel *model;
    InferReport report;
    GraphClassifier *classifier;
    float image[784], row[30];
    craft_noise(image, 784);
    craft_input(&graph, "x", 4, (const int64_t[]){-1, 1, 28, 28});
    craft_integers(&graph, "pads", 2, (const int64_t[]){0, 2});
    craft_integers(&graph, "last", 1, (const int64_t[]){-1});
    craft_integers(&graph, "rows", 2, (const int64_t[]){1, 2});
    craft_node(&node, "Pad", "x pads - last", "a");
    craft_attribute_text(&node, "mode", "wrap");
    craft_part(&graph, 1, &node);
    craft_node(&node, "ReduceMean", "a rows", "b");
    craft_attribute_integer(&node, "keepdims", 0);
    craft_part(&graph, 1, &node);
    craft_output(&graph, "b");
    open_crafted(&graph, 21, &model, &report);
    assert_non_null(model->graph);
    assert_int_equal(model->class_count, 30);
    assert_ok(classifier_open(model->graph, 1, 1, &classifier));
    assert_ok(classifier_run(classifier, image, 1, row));
    for (int c = 0; c < 30; c++) {
        double sum = 0;
        for (int y = 0; y < 28; y++) sum += (double)image[y * 28 + c % 28];
        assert_float_equal(row[c], (float)(sum / 28), 28 * FLT_EPSILON);
    }
    classifier_close(&classifier);
    saved_model_close(&model);
}

static void run_crafted(Text *graph, int opset, const float *image, int classes, float *row) {
    SavedModel *model = NULL;
    GraphClassifier *classifier = NULL;
    InferReport report;
    open_crafted(graph, opset, &model, &report);
    assert_non_null(model->graph);
    assert_int_equal(model->class_count, classes);
    assert_ok(classifier_open(model->graph, 1, 1, &classifier));
    assert_ok(classifier_run(classifier, image, 1, row));
    classifier_close(&classifier);
    saved_model_close(&model);
}

// Up to operator set 12 Softmax is over everything from dimension 1 on, unless it says otherwise.
static void test_old_softmax(void **state) {
    (void)state;
    static const float image[6] = {1, 2, 3, 4, 5, 6};
    for (int opset = 11; opset <= 13; opset += 2) {
        Text graph = {0}, node;
        float row[6], sum = 0;
        craft_input(&graph, "x", 3, (const int64_t[]){-1, 2, 3});
        craft_node(&node, "Softmax", "x", "a");
        craft_part(&graph, 1, &node);
        craft_node(&node, "Relu", "a", "b");
        craft_part(&graph, 1, &node);
        craft_output(&graph, "b");
        run_crafted(&graph, opset, image, 6, row);
        for (int i = 0; i < 6; i++) sum += row[i];
        assert_float_equal(sum, opset < 13 ? 1 : 2, 12 * FLT_EPSILON);
    }
}

// Without axes ReduceMean is the mean of all, or by its wish of nothing.
static void test_no_axes(void **state) {
    (void)state;
    static const float image[6] = {1, 2, 3, 4, 5, 7};
    for (int noop = 0; noop < 2; noop++) {
        Text graph = {0}, node;
        float row[6];
        craft_input(&graph, "x", 2, (const int64_t[]){1, 6});
        craft_node(&node, "ReduceMean", "x", "a");
        craft_attribute_integer(&node, "noop_with_empty_axes", noop);
        craft_part(&graph, 1, &node);
        craft_node(&node, "Mul", "a x", "b");
        craft_part(&graph, 1, &node);
        craft_output(&graph, "b");
        run_crafted(&graph, 18, image, 6, row);
        for (int i = 0; i < 6; i++)
            assert_float_equal(row[i], image[i] * (noop ? image[i] : 22.0f / 6), 50 * FLT_EPSILON);
    }
}

// The first files said nothing of an attribute's type: what it has tells.
static void test_untyped_floats(void **state) {
    (void)state;
    static const float image[3] = {1, 2, 3}, added[3] = {0.5f, -1, 4};
    Text graph = {0}, node, attribute = {0};
    float row[3];
    craft_input(&graph, "x", 2, (const int64_t[]){1, 3});
    craft_node(&node, "Constant", "", "c");
    craft_text(&attribute, 1, "value_floats");
    for (int i = 0; i < 3; i++) craft_float(&attribute, 7, added[i]);
    craft_part(&node, 5, &attribute);
    craft_part(&graph, 1, &node);
    craft_node(&node, "Add", "x c", "b");
    craft_part(&graph, 1, &node);
    craft_output(&graph, "b");
    run_crafted(&graph, 13, image, 3, row);
    for (int i = 0; i < 3; i++) assert_true(row[i] == image[i] + added[i]);
}

// With ceil_mode, a window that would begin in the padding behind the image is left out (PyTorch).
static void test_ceiling(void **state) {
    (void)state;
    static const float image[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    Text graph = {0}, node;
    float row[4];
    craft_input(&graph, "x", 4, (const int64_t[]){-1, 1, 2, 4});
    craft_node(&node, "MaxPool", "x", "a");
    craft_attribute_integers(&node, "kernel_shape", 2, (const int64_t[]){1, 1});
    craft_attribute_integers(&node, "strides", 2, (const int64_t[]){2, 1});
    craft_attribute_integers(&node, "pads", 4, (const int64_t[]){0, 0, 1, 0});
    craft_attribute_integer(&node, "ceil_mode", 1);
    craft_part(&graph, 1, &node);
    craft_output(&graph, "a");
    run_crafted(&graph, 13, image, 4, row);
    for (int i = 0; i < 4; i++) assert_true(row[i] == image[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_graph_equals_layers),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_folds),
        cmocka_unit_test(test_residual),
        cmocka_unit_test(test_view),
        cmocka_unit_test(test_new_operator_sets),
        cmocka_unit_test(test_old_softmax),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_no_axes),
        cmocka_unit_test(test_untyped_floats),
    };
    return cmocka_run_group_tests(tests, set_up, files_tear_down);
}
