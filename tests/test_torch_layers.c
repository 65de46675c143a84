// Layers and losses against PyTorch (fixtures/make_layers.py): forward, every gradient, running
// statistics after two batches, and evaluation, on odd shapes, by each back end.

#include "nn/loss.h"

#include "tests/fixture_file.h"
#include "tests/models.h"

#include <float.h>
#include <stdio.h>

// Sums of at most a few hundred float products, in another order than PyTorch's.
static const double TOLERANCE = 1e-5;
// The gradient of a bias in front of batch norm is 0, as a sum of at most 9 terms of about 1.
static const double ROUNDING = 9 * FLT_EPSILON;
static const char *const devices[] = {"ref", "cpu"};

typedef struct Bench {
    const char *title;
    FixtureFile *file;
    Backend *be;
    Model *model;
    int n;
} Bench;

static void compare_device(const Bench *bench, const char *name, const float *device,
                           size_t count) {
    float *want = fixture_data(bench->file, name, count), *got = take(count, sizeof(float));
    bench->be->ops->download(bench->be, got, device, count * sizeof *got);
    fixture_compare(bench->title, name, got, want, count, TOLERANCE, ROUNDING);
    free(want);
    free(got);
}

static void feed(const Bench *bench, unsigned stream) {
    size_t count = shape_count(model_spec(bench->model)->input) * (size_t)bench->n;
    float *x = take(count, sizeof(float));
    fixture_numbers(x, stream, count, 1);
    bench->be->ops->upload(bench->be, model_input(bench->model), x, count * sizeof *x);
    free(x);
}

static void set_weights(const Bench *bench) {
    const ModelPlan *plan = model_plan(bench->model);
    float *weights = take(plan->weight_floats, sizeof(float));
    unsigned parameter = 0;
    weights_init(plan, INIT_PYTORCH, 1, weights); // for gamma, beta and the running statistics
    for (int t = 0; t < plan->tensor_count; t++)
        if (plan->tensors[t].trainable)
            fixture_numbers(weights + plan->tensors[t].offset, 100 + parameter++,
                            plan->tensors[t].count, 0.4f);
    model_set_weights(bench->model, weights);
    free(weights);
}

static void compare_layer(const Bench *bench) {
    const ModelPlan *plan = model_plan(bench->model);
    const BackendOps *ops = bench->be->ops;
    size_t n = (size_t)bench->n, logits = n * (size_t)plan->classes;
    set_weights(bench);
    feed(bench, 1);
    model_forward(bench->model, bench->n, true, 0);
    feed(bench, 2);
    compare_device(bench, "y", model_forward(bench->model, bench->n, true, 0), logits);
    float *dy = take(logits, sizeof(float));
    fixture_numbers(dy, 3, logits, 1);
    ops->upload(bench->be, model_logits_gradient(bench->model), dy, logits * sizeof *dy);
    free(dy);
    model_backward(bench->model, bench->n, true);
    compare_device(bench, "dx", model_input_gradient(bench->model),
                   n * shape_count(model_spec(bench->model)->input));
    for (int t = 0; t < plan->tensor_count; t++)
        if (plan->tensors[t].trainable)
            compare_device(bench, "gradient",
                           model_gradients(bench->model) + plan->tensors[t].offset,
                           plan->tensors[t].count);
    for (int t = 0; t < plan->tensor_count; t++)
        if (!plan->tensors[t].trainable)
            compare_device(bench, "buffer",
                           model_parameters(bench->model) + plan->tensors[t].offset,
                           plan->tensors[t].count);
    feed(bench, 2);
    compare_device(bench, "evaluated", model_forward(bench->model, bench->n, false, 0), logits);
}

static void check_layer(FixtureFile *file, const char *text) {
    size_t begin = file->at;
    for (size_t d = 0; d < sizeof devices / sizeof devices[0]; d++) {
        char title[256], layers[128];
        ModelSpec spec = {.normalization = {0, 1}};
        Bench bench = {.title = title, .file = file, .be = open_device(devices[d], 2)};
        assert_int_equal(sscanf(text, "%d %d %d | %d | %127[^\n]", &spec.input.c, &spec.input.h,
                                &spec.input.w, &bench.n, layers),
                         5);
        snprintf(title, sizeof title, "%s, %s", devices[d], text);
        assert_ok(spec_parse_layers(layers, &spec));
        assert_ok(model_open(bench.be, &spec, bench.n, true, &bench.model));
        file->at = begin;
        compare_layer(&bench);
        model_close(&bench.model);
        backend_close(&bench.be);
    }
}

static void check_loss(FixtureFile *file, const char *text) {
    size_t begin = file->at;
    for (size_t d = 0; d < sizeof devices / sizeof devices[0]; d++) {
        Backend *be = open_device(devices[d], 2);
        int rows, classes;
        float smoothing, value;
        char name[32], title[256];
        assert_int_equal(sscanf(text, "%d | %d | %f | %31s", &rows, &classes, &smoothing, name), 4);
        snprintf(title, sizeof title, "%s, %s", devices[d], text);
        size_t count = (size_t)rows * (size_t)classes;
        float *host = take(count, sizeof(float)), *z = be->ops->alloc(be, count * sizeof *z);
        float *dz = be->ops->alloc(be, count * sizeof *dz);
        uint8_t *labels = be->ops->alloc(be, (size_t)rows), host_labels[16];
        BatchStats *stats = be->ops->alloc(be, sizeof *stats), result;
        assert_true(z && dz && labels && stats && rows <= 16);
        fixture_numbers(host, 4, count, 4);
        for (int i = 0; i < rows; i++) host_labels[i] = (uint8_t)(i * 7 % classes);
        be->ops->upload(be, z, host, count * sizeof *z);
        be->ops->upload(be, labels, host_labels, (size_t)rows);
        be->ops->loss(be, (LossKind)loss_find(name), smoothing, classes, rows, z, labels, dz,
                      stats);
        be->ops->download(be, &result, stats, sizeof result);
        be->ops->download(be, host, dz, count * sizeof *host);
        value = (float)(result.loss_sum / rows);
        file->at = begin;
        float *want = fixture_data(file, "value", 1);
        fixture_compare(title, "value", &value, want, 1, TOLERANCE, ROUNDING);
        free(want);
        want = fixture_data(file, "gradient", count);
        fixture_compare(title, "gradient", host, want, count, TOLERANCE, ROUNDING);
        free(want);
        free(host);
        be->ops->release(be, z);
        be->ops->release(be, dz);
        be->ops->release(be, labels);
        be->ops->release(be, stats);
        backend_close(&be);
    }
}

static void layers_and_losses_are_pytorchs(void **state) {
    (void)state;
    FixtureFile file;
    char text[200];
    int layers = 0, losses = 0;
    fixture_open(&file, "layers.bin");
    assert_true(fixture_line(&file, "made", NULL, 0));
    for (; fixture_line(&file, "case", text, sizeof text); layers++) check_layer(&file, text);
    for (; fixture_line(&file, "loss", text, sizeof text); losses++) check_loss(&file, text);
    assert_int_equal(file.at, file.bytes.size);
    assert_true(layers >= 20 && losses >= 15);
    fixture_close(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(layers_and_losses_are_pytorchs)};
    return cmocka_run_group_tests_name("torch_layers", tests, NULL, NULL);
}
