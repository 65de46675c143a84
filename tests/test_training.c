// Training against PyTorch: a small network, 20 steps from the same weights on the same batches,
// with every optimizer and several sets of options each, every loss, and clipping
// (fixtures/make_training.py). Each parameter must agree to 1e-5 of its tensor's largest: some 20
// steps of float arithmetic that is not summed in PyTorch's order.
#include "tests/files.h"

#include "tests/fixture_file.h"
#include "tests/test.h"
#include "train/config.h"

#include <stdlib.h>

enum { STEPS = 20, BATCH = 8, PIXELS = 36, CLASSES = 4 };
static const char LAYERS[] = "conv 3 k3 p1, relu, avgpool 2, dense 8, tanh, dense 4";
static const double TOLERANCE = 1e-5;

typedef struct Bench {
    Backend *be;
    Model *model;
    Optimizer *optimizer;
    uint8_t *labels;
    BatchStats *stats;
} Bench;

static void bench_open(Bench *bench, const char *device, const TrainConfig *config) {
    BackendConfig backend = {device, 2};
    ModelSpec spec = {.input = {1, 6, 6, false}, .normalization = {0, 1}};
    assert_ok(backend_open(&backend, &bench->be));
    assert_ok(spec_parse_layers(LAYERS, &spec));
    assert_ok(model_open(bench->be, &spec, BATCH, true, &bench->model));
    const ModelPlan *plan = model_plan(bench->model);
    assert_ok(optimizer_open(bench->be, (OptimizerKind)config->optimizer, &config->options,
                             plan->parameter_floats, &bench->optimizer));
    bench->labels = bench->be->ops->alloc(bench->be, BATCH);
    bench->stats = bench->be->ops->alloc(bench->be, sizeof(BatchStats));
    assert_true(bench->labels && bench->stats);
    float *weights = calloc(plan->weight_floats, sizeof *weights);
    assert_non_null(weights);
    for (int t = 0; t < plan->tensor_count; t++)
        fixture_numbers(weights + plan->tensors[t].offset, 100 + (unsigned)t,
                        plan->tensors[t].count, 0.4f);
    model_set_weights(bench->model, weights);
    free(weights);
}

static void bench_close(Bench *bench) {
    optimizer_close(&bench->optimizer);
    model_close(&bench->model);
    bench->be->ops->release(bench->be, bench->labels);
    bench->be->ops->release(bench->be, bench->stats);
    backend_close(&bench->be);
}

static void bench_step(Bench *bench, const TrainConfig *config, int step) {
    const BackendOps *ops = bench->be->ops;
    float x[BATCH * PIXELS];
    uint8_t labels[BATCH];
    fixture_numbers(x, 1000 + (unsigned)step, BATCH * PIXELS, 1);
    for (int i = 0; i < BATCH; i++) labels[i] = (uint8_t)((step * 3 + i * 5 + i / 3) % CLASSES);
    ops->upload(bench->be, model_input(bench->model), x, sizeof x);
    ops->upload(bench->be, bench->labels, labels, sizeof labels);
    const float *logits = model_forward(bench->model, BATCH, true, 0);
    ops->loss(bench->be, (LossKind)config->loss, (float)config->label_smoothing, CLASSES, BATCH,
              logits, bench->labels, model_logits_gradient(bench->model), bench->stats);
    model_backward(bench->model, BATCH, false);
    if (config->clip_norm > 0)
        optimizer_clip(bench->optimizer, model_gradients(bench->model), config->clip_norm);
    optimizer_step(bench->optimizer, model_parameters(bench->model), model_gradients(bench->model));
}

static void check_case(const char *device, const char *line, const float *want) {
    Bench bench;
    TrainConfig config;
    assert_ok(config_parse(line, &config));
    bench_open(&bench, device, &config);
    for (int step = 0; step < STEPS; step++) bench_step(&bench, &config, step);
    const ModelPlan *plan = model_plan(bench.model);
    float *weights = calloc(plan->weight_floats, sizeof *weights);
    assert_non_null(weights);
    model_get_weights(bench.model, weights);
    for (int t = 0; t < plan->tensor_count; t++) {
        const TensorInfo *tensor = &plan->tensors[t];
        char title[512];
        snprintf(title, sizeof title, "%s, %s", device, line);
        fixture_compare(title, tensor->name, weights + tensor->offset, want, tensor->count,
                        TOLERANCE, 0);
        want += tensor->count;
    }
    free(weights);
    bench_close(&bench);
}

static void twenty_steps_are_pytorchs(void **state) {
    (void)state;
    FixtureFile file;
    char line[400];
    bool seen[OPTIMIZER_COUNT] = {false}, losses[LOSS_COUNT] = {false};
    fixture_open(&file, "training.bin");
    assert_true(fixture_line(&file, "made", NULL, 0));
    while (fixture_line(&file, "case", line, sizeof line)) {
        enum { PARAMETERS = 3 * 9 + 3 + 27 * 8 + 8 + 8 * 4 + 4 };
        float *want = fixture_data(&file, "parameters", PARAMETERS);
        TrainConfig config;
        assert_ok(config_parse(line, &config));
        seen[config.optimizer] = losses[config.loss] = true;
        check_case("ref", line, want);
        check_case("cpu", line, want);
        free(want);
    }
    assert_int_equal(file.at, file.bytes.size);
    for (int i = 0; i < OPTIMIZER_COUNT; i++)
        if (!seen[i]) fail_msg("no case for %s", optimizer_rows[i].name);
    for (int i = 0; i < LOSS_COUNT; i++)
        if (!losses[i]) fail_msg("no case for %s", loss_rows[i].name);
    fixture_close(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(twenty_steps_are_pytorchs)};
    return cmocka_run_group_tests_name("training", tests, NULL, NULL);
}
