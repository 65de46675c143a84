// .onnx files: what is written comes back bit for bit, through our metadata and without them;
// graphs that are no chain of layers answer; and every way that a file can be broken gives a
// sentence. What ONNX itself tests is in onnx_suite.c; what others read of our files in
// test_onnx.py.
#include "base/rng.h"
#include "base/text.h"
#include "base/thread.h"
#include "formats/formats.h"
#include "formats/onnx_proto.h"
#include "graph/classifier.h"
#include "nn/model.h"
#include "nn/presets.h"

#include "tests/files.h"
#include "tests/onnx_craft.h"
#include "tests/test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { SECONDS_MAX = 5 };
// For a longer run: -DMUTATIONS=10 gives ten times as many.
#ifndef MUTATIONS
#define MUTATIONS 1
#endif

static char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];

static int set_up(void **state) {
    (void)state;
    if (!files_open(directory)) return -1;
    files_path(path, directory, "model.onnx");
    return 0;
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
        SavedModel *model = make_model(presets[p].name), *back;
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

static void fill_noise(float *out, size_t count) {
    Rng rng = rng_make(7, 7);
    for (size_t i = 0; i < count; i++) out[i] = (float)rng_range(&rng, -1, 1);
}

// The graph that is written gives the same numbers as the layers it was made of, by an executor
// that shares no code with them; whether pictures come alone, together, or to several threads.
static void test_graph_equals_layers(void **state) {
    (void)state;
    enum { N = 5 };
    for (int p = 0; p < preset_count; p++) {
        SavedModel *model = make_model(presets[p].name);
        if (model->plan.flops_forward > 1e8) { // the reference back end is slow
            saved_model_close(&model);
            continue;
        }
        GraphClassifier *classifier;
        float images[N * 28 * 28], want[N * 10], got[N * 10], top = 0;
        fill_noise(images, N * 28 * 28);
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
        SavedModel *model = make_model(presets[p].name), *back;
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
    fill_noise(weight, 784 * 10);
    fill_noise(bias, 10);
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

// A residual: y = relu(conv(x) + x), then the mean of each place's neighbourhood and a dense layer.
static Text residual(void) {
    Text graph = {0}, node;
    float kernel[9], weight[10 * 784];
    fill_noise(kernel, 9);
    fill_noise(weight, 10 * 784);
    craft_input(&graph, "x", 4, (const int64_t[]){-1, 1, 28, 28});
    craft_tensor(&graph, "k", 4, (const int64_t[]){1, 1, 3, 3}, kernel);
    craft_tensor(&graph, "w", 2, (const int64_t[]){10, 784}, weight);
    craft_node(&node, "Conv", "x k", "a");
    craft_attribute_integers(&node, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    craft_part(&graph, 1, &node);
    craft_node(&node, "Add", "a x", "b");
    craft_part(&graph, 1, &node);
    craft_node(&node, "Relu", "b", "c");
    craft_part(&graph, 1, &node);
    craft_node(&node, "Flatten", "c", "d");
    craft_part(&graph, 1, &node);
    craft_node(&node, "Gemm", "d w", "e");
    craft_attribute_integer(&node, "transB", 1);
    craft_part(&graph, 1, &node);
    craft_output(&graph, "e");
    return graph;
}

static void test_residual(void **state) {
    (void)state;
    Text graph = residual();
    SavedModel *model, *back;
    InferReport report;
    char other[FILE_PATH_MAX];
    open_crafted(&graph, 13, &model, &report);
    assert_non_null(model->graph);
    assert_int_equal(model->class_count, 10);
    assert_int_equal(model->plan.parameters, 9 + 7840);
    assert_non_null(strstr(report.note, "cannot be trained"));
    assert_fails(saved_model_check_layers(model, "m"), STATUS_UNSUPPORTED, "not trained");
    files_path(other, directory, "model.safetensors");
    assert_fails(format_write(other, model), STATUS_UNSUPPORTED, "only .onnx");

    // Written and read again it is the same, and says what it was given meanwhile.
    model->spec.normalization = (Normalization){0.25f, 0.75f};
    text_copy(model->class_names[3], sizeof model->class_names[3], "three");
    files_path(other, directory, "again.onnx");
    assert_ok(format_write(other, model));
    assert_ok(format_open(other, NULL, &back, &report));
    assert_true(report.exact);
    assert_non_null(back->graph);
    assert_true(back->spec.normalization.mean == 0.25f && back->spec.normalization.std == 0.75f);
    assert_string_equal(back->class_names[3], "three");
    GraphClassifier *a, *b;
    float images[3 * 784], x[30], y[30];
    fill_noise(images, 3 * 784);
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
    fill_noise(weight, 10 * 784);
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
    fill_noise(image, 784);
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

// ---- files that are broken, or mean harm --------------------------------------------------------

// An error (or, where that is possible, a model), soon.
static Status try_read(const void *bytes, size_t size) {
    SavedModel *model = NULL;
    files_write(path, bytes, size);
    size_t memory = files_memory_begin();
    double begun = clock_cpu_seconds(); // whatever else the machine does meanwhile
    Status status = format_open(path, NULL, &model, NULL);
    double seconds = clock_cpu_seconds() - begun;
    files_memory_check(memory, path);
    if (seconds > SECONDS_MAX) fail_msg("it took %.1f s: %s", seconds, status.message);
    if (status_is_ok(&status)) assert_non_null(model);
    if (!status_is_ok(&status)) assert_null(model);
    if (!status_is_ok(&status)) assert_true(status.message[0] != '\0');
    assert_null(strchr(status.message, '\n'));
    saved_model_close(&model);
    return status;
}

static void refuse(Text *graph, StatusCode code, const char *part) {
    Text model;
    craft_model(graph, 13, &model);
    Status status = try_read(model.data, model.size);
    text_close(&model);
    assert_fails(status, code, part);
}

static void one_node(Text *graph, const char *op, const char *inputs, const char *outputs) {
    Text node;
    craft_node(&node, op, inputs, outputs);
    craft_part(graph, 1, &node);
}

static void test_broken_graphs(void **state) {
    (void)state;
    Text graph = {0}, node;
    // A circle.
    craft_input(&graph, "x", 4, image_dims);
    one_node(&graph, "Add", "x b", "a");
    one_node(&graph, "Relu", "a", "b");
    craft_output(&graph, "b");
    refuse(&graph, STATUS_FORMAT, "nothing before it makes");
    // A value made twice; an output that nobody makes; an input that is left out.
    craft_input(&graph, "x", 4, image_dims);
    one_node(&graph, "Relu", "x", "a");
    one_node(&graph, "Relu", "x", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_FORMAT, "there already");
    craft_input(&graph, "x", 4, image_dims);
    one_node(&graph, "Relu", "x", "a");
    craft_output(&graph, "z");
    refuse(&graph, STATUS_FORMAT, "made by no node");
    craft_input(&graph, "x", 4, image_dims);
    one_node(&graph, "Add", "x -", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_FORMAT, "left out");
    // An operator that there is none of, and one of another domain.
    craft_input(&graph, "x", 4, image_dims);
    one_node(&graph, "LSTM\n", "x", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_UNSUPPORTED, "LSTM?");
    craft_input(&graph, "x", 4, image_dims);
    craft_node(&node, "Relu", "x", "a");
    craft_text(&node, 7, "com.microsoft");
    craft_part(&graph, 1, &node);
    craft_output(&graph, "a");
    refuse(&graph, STATUS_UNSUPPORTED, "com.microsoft");
    // Two inputs; a picture out; no nodes.
    craft_input(&graph, "x", 4, image_dims);
    craft_input(&graph, "y", 4, image_dims);
    one_node(&graph, "Add", "x y", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_UNSUPPORTED, "2 inputs");
    craft_input(&graph, "x", 4, image_dims);
    one_node(&graph, "Relu", "x", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_UNSUPPORTED, "784 numbers for a picture");
    craft_input(&graph, "x", 4, image_dims);
    craft_output(&graph, "x");
    refuse(&graph, STATUS_FORMAT, "no nodes");
    // Nodes, and none of them between the input and the output.
    craft_input(&graph, "x", 4, image_dims);
    one_node(&graph, "Tanh", "x", "a");
    craft_output(&graph, "x");
    refuse(&graph, STATUS_UNSUPPORTED, "between its input and output");
}

static void test_absurd_sizes(void **state) {
    (void)state;
    Text graph = {0}, tensor = {0}, pair = {0}, node;
    const int64_t huge[] = {1 << 30, 1 << 30, 1 << 30, 1 << 30};
    // A tensor with a shape that its bytes do not have; numbers in another file.
    craft_integer(&tensor, 1, INT64_MAX);
    craft_integer(&tensor, 1, INT64_MAX);
    craft_integer(&tensor, 2, 1);
    craft_text(&tensor, 8, "w");
    craft_bytes(&tensor, 9, "abcd", 4);
    craft_part(&graph, 5, &tensor);
    refuse(&graph, STATUS_FORMAT, "shape makes no sense");
    craft_integer(&tensor, 1, 1 << 28);
    craft_integer(&tensor, 2, 1);
    craft_text(&tensor, 8, "w");
    craft_part(&graph, 5, &tensor);
    refuse(&graph, STATUS_FORMAT, "fewer numbers");
    // Neither more nor fewer bytes, or numbers, than the shape has.
    static const size_t sizes[] = {0, 4, 7, 9, 12};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        craft_integer(&tensor, 1, 2);
        craft_integer(&tensor, 2, 1);
        craft_text(&tensor, 8, "w");
        craft_bytes(&tensor, 9, "abcdefghijkl", sizes[i]);
        craft_part(&graph, 5, &tensor);
        refuse(&graph, STATUS_FORMAT, "bytes, not the 8 of its shape");
    }
    for (int i = 0; i < 3; i++) craft_float(&tensor, 4, 1.5f);
    craft_integer(&tensor, 1, 2);
    craft_integer(&tensor, 2, 1);
    craft_text(&tensor, 8, "w");
    craft_part(&graph, 5, &tensor);
    refuse(&graph, STATUS_FORMAT, "3 numbers, not the 2 of its shape");
    craft_text(&pair, 1, "location");
    craft_text(&pair, 2, "../../etc/passwd");
    craft_integer(&tensor, 1, 4);
    craft_integer(&tensor, 2, 1);
    craft_text(&tensor, 8, "w");
    craft_part(&tensor, 13, &pair);
    craft_integer(&tensor, 14, 1);
    craft_part(&graph, 5, &tensor);
    refuse(&graph, STATUS_UNSUPPORTED, "another file");
    // Pictures of gigabytes; padding, windows and shapes that make gigabytes of a small one.
    craft_input(&graph, "x", 4, huge);
    one_node(&graph, "Relu", "x", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_UNSUPPORTED, "not pictures of one size");
    craft_input(&graph, "x", 4, image_dims);
    craft_integers(&graph, "p", 8,
                   (const int64_t[]){0, 1 << 30, 1 << 30, 1 << 30, 0, 1 << 30, 1 << 30, 1 << 30});
    one_node(&graph, "Pad", "x p", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_MEMORY, "does not fit");
    craft_input(&graph, "x", 4, image_dims);
    craft_node(&node, "MaxPool", "x", "a");
    craft_attribute_integers(&node, "kernel_shape", 2, (const int64_t[]){1 << 23, 1 << 23});
    craft_attribute_integers(&node, "pads", 4,
                             (const int64_t[]){1 << 23, 1 << 23, 1 << 23, 1 << 23});
    craft_part(&graph, 1, &node);
    craft_output(&graph, "a");
    refuse(&graph, STATUS_MEMORY, "does not fit");
    craft_input(&graph, "x", 4, image_dims);
    craft_integers(&graph, "s", 3, (const int64_t[]){INT32_MAX, INT32_MAX, INT32_MAX});
    one_node(&graph, "Reshape", "x s", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_FORMAT, "");
    // An axis and an order that there are none of.
    craft_input(&graph, "x", 4, image_dims);
    craft_node(&node, "Flatten", "x", "a");
    craft_attribute_integer(&node, "axis", INT64_MIN);
    craft_part(&graph, 1, &node);
    craft_output(&graph, "a");
    refuse(&graph, STATUS_FORMAT, "axis");
}

// Ten of the 784 pixels as an answer: every place that there is, and none beside.
static void test_places(void **state) {
    (void)state;
    static const struct {
        int64_t place;
        bool there;
    } cases[] = {{0, true},    {783, true},   {-1, true},         {-784, true},
                 {784, false}, {-785, false}, {INT64_MAX, false}, {INT64_MIN, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Text graph = {0}, node, model;
        int64_t places[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, cases[i].place};
        craft_input(&graph, "x", 4, image_dims);
        craft_integers(&graph, "i", 10, places);
        one_node(&graph, "Flatten", "x", "f");
        craft_node(&node, "Gather", "f i", "a");
        craft_attribute_integer(&node, "axis", 1);
        craft_part(&graph, 1, &node);
        craft_output(&graph, "a");
        craft_model(&graph, 13, &model);
        Status status = try_read(model.data, model.size);
        text_close(&model);
        if (status_is_ok(&status) != cases[i].there)
            fail_msg("place %lld: %s", (long long)cases[i].place, status.message);
        if (!cases[i].there) assert_non_null(strstr(status.message, "is not within 784"));
    }
}

// Few bytes, much work: each node squares what the one before it made.
static void test_too_much_work(void **state) {
    (void)state;
    Text graph = {0};
    craft_input(&graph, "x", 4, (const int64_t[]){1, 1, 512, 512});
    char from[32] = "x", to[32], both[80];
    for (int i = 0; i < 8000; i++) {
        snprintf(to, sizeof to, "v%d", i);
        snprintf(both, sizeof both, "%s x", from);
        one_node(&graph, "MatMul", both, to);
        memcpy(from, to, sizeof to);
    }
    craft_output(&graph, from);
    refuse(&graph, STATUS_UNSUPPORTED, "million multiplications");
    // A doubling: every node puts its input beside itself.
    craft_input(&graph, "x", 4, image_dims);
    memcpy(from, "x", 2);
    for (int i = 0; i < 60; i++) {
        Text node;
        snprintf(to, sizeof to, "v%d", i);
        snprintf(both, sizeof both, "%s %s", from, from);
        craft_node(&node, "Concat", both, to);
        craft_attribute_integer(&node, "axis", 3);
        craft_part(&graph, 1, &node);
        memcpy(from, to, sizeof to);
    }
    craft_output(&graph, from);
    refuse(&graph, STATUS_MEMORY, "does not fit");
}

static void test_many_parts(void **state) {
    (void)state;
    Text graph = {0}, node, part = {0}, model = {0};
    // Thousands of attributes; a million empty nodes; messages a million deep; the graph many
    // times over, which would be merged.
    craft_input(&graph, "x", 4, image_dims);
    craft_node(&node, "Relu", "x", "a");
    for (int i = 0; i < 20000; i++) craft_attribute_integer(&node, "alpha", i);
    craft_part(&graph, 1, &node);
    craft_output(&graph, "a");
    refuse(&graph, STATUS_UNSUPPORTED, "more inputs, outputs or attributes");
    for (int i = 0; i < 1000000; i++) craft_bytes(&graph, 1, "", 0);
    refuse(&graph, STATUS_MEMORY, "more parts");
    // graph.node.attribute.g is a graph again. Length prefixes of equal size, from the inside out.
    for (int i = 0; i < 2001; i++) {
        static const unsigned fields[] = {6, 5, 1};
        Text outer = {0};
        craft_bytes(&outer, fields[i % 3], part.data ? part.data : "", part.size);
        text_close(&part);
        part = outer;
    }
    refuse(&part, STATUS_FORMAT, "nested");
    craft_integer(&model, 1, 7);
    for (int i = 0; i < 100000; i++) craft_bytes(&model, 7, "\x12\x01g", 3);
    assert_fails(try_read(model.data, model.size), STATUS_FORMAT, "twice");
    text_close(&model);
}

static void test_cut_short(void **state) {
    (void)state;
    Text graph = residual(), model;
    craft_model(&graph, 13, &model);
    for (size_t size = 0; size < model.size; size += size < 400 || size + 400 > model.size ? 1 : 97)
        try_read(model.data, size);
    text_close(&model);
}

// Mutations of good files: bytes set at random, and pieces copied over others.
static void mutate(Rng *rng, unsigned char *bytes, size_t size) {
    int count = 1 + (int)rng_below(rng, 8);
    for (int i = 0; i < count; i++) {
        // Most of a file is numbers: half of the changes are in its first and last kilobyte.
        size_t reach = size < 1024 || rng_below(rng, 2) ? size : 1024;
        size_t at = rng_below(rng, (uint32_t)reach);
        if (rng_below(rng, 2)) at = size - 1 - at;
        static const unsigned char odd[] = {0, 1, 0x7F, 0x80, 0xFF};
        if (rng_below(rng, 8) == 0) {
            size_t from = rng_below(rng, (uint32_t)size), most = size - (at > from ? at : from);
            memmove(bytes + at, bytes + from, most < 16 ? most : 16);
        } else if (rng_below(rng, 2)) {
            bytes[at] = odd[rng_below(rng, sizeof odd)];
        } else {
            bytes[at] ^= (unsigned char)(1u << rng_below(rng, 8));
        }
    }
}

static void mutate_file(const char *data, size_t size, uint64_t seed, int times) {
    unsigned char *bytes = malloc(size);
    assert_non_null(bytes);
    Rng rng = rng_make(seed, 3);
    for (int i = 0; i < times; i++) {
        memcpy(bytes, data, size);
        mutate(&rng, bytes, size);
        try_read(bytes, size);
    }
    free(bytes);
}

static void test_mutations(void **state) {
    (void)state;
    const uint64_t seed = 20240607;
    print_message("seed %llu\n", (unsigned long long)seed);
    Text graph = residual(), model;
    craft_model(&graph, 13, &model);
    mutate_file(model.data, model.size, seed, 800 * MUTATIONS);
    text_close(&model);
    SavedModel *ours = make_model("lenet5");
    Bytes file;
    assert_ok(format_write(path, ours));
    assert_ok(file_read(path, 1u << 30, &file));
    mutate_file((const char *)file.data, file.size, seed + 1, 400 * MUTATIONS);
    bytes_close(&file);
    saved_model_close(&ours);
}

// 2x the file and 256 MB, all hostile files above included. A sanitizer's own memory is not ours.
static void test_memory(void **state) {
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();
#else
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    print_message("at most %ld MB\n", usage.ru_maxrss / 1024);
    assert_true(usage.ru_maxrss / 1024 < 256 + 64);
#endif
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
        cmocka_unit_test(test_broken_graphs),
        cmocka_unit_test(test_absurd_sizes),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_too_much_work),
        cmocka_unit_test(test_many_parts),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
