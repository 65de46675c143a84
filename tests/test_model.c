// The executor: training a toy problem, that results repeat, what training and evaluation differ
// in, and what happens when memory runs out. That they agree between back ends is in
// test_model_same.c.
#include "nn/layer.h"
#include "nn/optimizer.h"

#include "tests/models.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

// ---- learning -----------------------------------------------------------------------------------

enum { TOY = 48 };

// Two interleaved moons: no straight line parts them.
static void toy_make(float x[TOY * 2], uint8_t labels[TOY]) {
    for (int i = 0; i < TOY; i++) {
        double angle = 3.14159265 * (i / 2) / (TOY / 2.0 - 1);
        labels[i] = (uint8_t)(i % 2);
        x[2 * i] = (float)(labels[i] ? 1.0 - cos(angle) : cos(angle));
        x[2 * i + 1] = (float)(labels[i] ? 0.5 - sin(angle) : sin(angle));
    }
}

// Trains on the moons; gives the loss and the weights that come out.
static double toy_train(const char *device, int threads, const char *layers, OptimizerKind kind,
                        int steps, float **weights, size_t *floats) {
    Backend *be = open_device(device, threads);
    ModelSpec spec = make_spec(SHAPE_FLAT(2), layers);
    Model *model = open_model(be, &spec, TOY, true, 1);
    Optimizer *optimizer;
    OptimizerOptions options = optimizer_rows[kind].defaults;
    options.lr = 0.05;
    assert_ok(optimizer_open(be, kind, &options, model_plan(model)->parameter_floats, &optimizer));
    float x[TOY * 2];
    uint8_t labels[TOY];
    toy_make(x, labels);
    upload(model, model_input(model), x, TOY * 2);
    uint8_t *device_labels = be->ops->alloc(be, TOY);
    BatchStats *device_stats = be->ops->alloc(be, sizeof *device_stats), stats = {0};
    assert_true(device_labels && device_stats);
    be->ops->upload(be, device_labels, labels, TOY);
    for (int step = 0; step < steps; step++) {
        const float *logits = model_forward(model, TOY, true, (uint64_t)step);
        be->ops->loss(be, LOSS_CROSS_ENTROPY, 0, 2, TOY, logits, device_labels,
                      model_logits_gradient(model), device_stats);
        model_backward(model, TOY, false);
        assert_null(model_input_gradient(model));
        optimizer_step(optimizer, model_parameters(model), model_gradients(model));
    }
    be->ops->download(be, &stats, device_stats, sizeof stats);
    *floats = model_plan(model)->weight_floats;
    *weights = take(*floats, sizeof **weights);
    model_get_weights(model, *weights);
    be->ops->release(be, device_labels);
    be->ops->release(be, device_stats);
    optimizer_close(&optimizer);
    model_close(&model);
    assert_ok(be->ops->sync(be));
    backend_close(&be);
    return stats.loss_sum / stats.count;
}

static const struct {
    const char *layers;
    OptimizerKind kind;
} toys[] = {
    {"dense 16, relu, dense 2", OPTIMIZER_ADAM},
    {"dense 16, tanh, dense 2", OPTIMIZER_MOMENTUM},
    {"dense 16, leakyrelu, dense 2", OPTIMIZER_NESTEROV},
    {"dense 16, batchnorm, relu, dense 2", OPTIMIZER_RMSPROP},
    {"dense 16, batchnorm, tanh, dense 16, sigmoid, dense 2", OPTIMIZER_ADAMW},
    {"dense 32, relu, dropout 0.1, dense 2", OPTIMIZER_ADAGRAD},
};

static void test_learns(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof toys / sizeof toys[0]; i++) {
        float *weights;
        size_t floats;
        double first = toy_train("cpu", 2, toys[i].layers, toys[i].kind, 1, &weights, &floats);
        free(weights);
        double last = toy_train("cpu", 2, toys[i].layers, toys[i].kind, 400, &weights, &floats);
        free(weights);
        // Guessing costs ln 2 = 0.69; a straight line gets to about 0.25.
        if (!(first > 0.3 && last < 0.1))
            fail_msg("%s: loss %g at first, %g at last", toys[i].layers, first, last);
    }
}

// The same bits again, and on any number of threads.
static void test_repeats(void **state) {
    (void)state;
    static const struct {
        const char *device;
        int threads;
    } runs[] = {{"ref", 1}, {"ref", 1}, {"cpu", 1}, {"cpu", 2}, {"cpu", 3}};
    for (size_t i = 0; i < sizeof toys / sizeof toys[0]; i++) {
        float *before = NULL;
        for (size_t k = 0; k < sizeof runs / sizeof runs[0]; k++) {
            float *weights;
            size_t floats;
            toy_train(runs[k].device, runs[k].threads, toys[i].layers, toys[i].kind, 20, &weights,
                      &floats);
            bool same_device = k > 0 && strcmp(runs[k].device, runs[k - 1].device) == 0;
            if (same_device && memcmp(weights, before, floats * sizeof *weights) != 0)
                fail_msg("%s on %s with %d threads: other bits", toys[i].layers, runs[k].device,
                         runs[k].threads);
            free(before);
            before = weights;
        }
        free(before);
    }
}

// ---- training and evaluation --------------------------------------------------------------------

static void test_batch_norm_modes(void **state) {
    (void)state;
    enum { N = 6, C = 3, AREA = 4, COUNT = N * C * AREA };
    Backend *be = open_device("cpu", 2);
    ModelSpec spec = make_spec(SHAPE_IMAGE(C, 2, 2), "batchnorm, flatten, dense 2");
    Model *model = open_model(be, &spec, N, true, 1);
    const ModelPlan *plan = model_plan(model);
    float x[COUNT], y[COUNT], *weights = take(plan->weight_floats, sizeof *weights);
    fill_normal(x, COUNT, 5);
    for (int i = 0; i < COUNT; i++) x[i] = 3.0f * x[i] + 1.0f;
    upload(model, model_input(model), x, COUNT);
    // Evaluation first: mean 0 and variance 1 to start with, and nothing moves.
    model_forward(model, N, false, 0);
    download(model, y, model_layer_output(model, 0), COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_true(fabs(y[i] - x[i] / sqrt(1.0 + 1e-5)) <= 8 * FLT_EPSILON * fabs(x[i]));
    model_get_weights(model, weights);
    const float *mean = weights + plan->tensors[2].offset, *var = weights + plan->tensors[3].offset;
    for (int c = 0; c < C; c++) assert_true(mean[c] == 0.0f && var[c] == 1.0f);
    // Training: the batch's own statistics; the running ones move a tenth of the way.
    model_forward(model, N, true, 0);
    download(model, y, model_layer_output(model, 0), COUNT);
    model_get_weights(model, weights);
    for (int c = 0; c < C; c++) {
        double sum = 0, squares = 0, largest = 0;
        const int m = N * AREA;
        for (int i = 0; i < m; i++) {
            double v = x[(i / AREA * C + c) * AREA + i % AREA];
            sum += v / m;
            if (fabs(v) > largest) largest = fabs(v);
        }
        for (int i = 0; i < m; i++) {
            double v = x[(i / AREA * C + c) * AREA + i % AREA] - sum;
            squares += v * v;
        }
        double allowed = 4.0 * m * FLT_EPSILON * largest;
        assert_true(fabs(mean[c] - 0.1 * sum) <= allowed);
        assert_true(fabs(var[c] - (0.9 + 0.1 * squares / (m - 1))) <= allowed * largest);
        double scale = 1.0 / sqrt(squares / m + 1e-5);
        for (int i = 0; i < m; i++) {
            int at = (i / AREA * C + c) * AREA + i % AREA;
            assert_true(fabs(y[at] - (x[at] - sum) * scale) <= allowed * 4);
        }
    }
    free(weights);
    model_close(&model);
    backend_close(&be);
}

static void test_dropout_rates(void **state) {
    (void)state;
    enum { N = 50, WIDTH = 400, COUNT = N * WIDTH };
    static const double rates[] = {0.0, 0.1, 0.5, 0.9};
    Backend *be = open_device("cpu", 2);
    float *x = take(COUNT, sizeof *x), *y = take(COUNT, sizeof *y), *again = take(COUNT, sizeof *y);
    for (int i = 0; i < COUNT; i++) x[i] = 1.0f;
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
        double p = rates[r];
        char layers[64];
        snprintf(layers, sizeof layers, "dropout %g, dropout %g, dense 2", p, p);
        ModelSpec spec = make_spec(SHAPE_FLAT(WIDTH), layers);
        Model *model = open_model(be, &spec, N, true, 1);
        upload(model, model_input(model), x, COUNT);
        // A number comes through both with (1-p)^2: different masks. (With the same mask: 1-p.)
        model_forward(model, N, true, 42);
        download(model, y, model_layer_output(model, 1), COUNT);
        int kept = 0;
        float scale = 1.0f / (1.0f - (float)p);
        for (int i = 0; i < COUNT; i++) {
            if (y[i] == 0.0f) continue;
            kept++;
            assert_true(fabsf(y[i] - scale * scale) <= 4 * FLT_EPSILON * scale * scale);
        }
        double keep = (1 - p) * (1 - p), sigma = sqrt(COUNT * keep * (1 - keep));
        if (fabs(kept - COUNT * keep) > 4 * sigma)
            fail_msg("p = %g: %d of %d kept, expected %.0f +- %.0f", p, kept, COUNT, COUNT * keep,
                     sigma);
        model_forward(model, N, true, 42);
        download(model, again, model_layer_output(model, 1), COUNT);
        assert_memory_equal(y, again, COUNT * sizeof *y);
        model_forward(model, N, true, 43);
        download(model, again, model_layer_output(model, 1), COUNT);
        assert_int_equal(memcmp(y, again, COUNT * sizeof *y) == 0, p == 0.0);
        model_forward(model, N, false, 42);
        download(model, again, model_layer_output(model, 1), COUNT);
        assert_memory_equal(x, again, COUNT * sizeof *x);
        download(model, again, model_input(model), COUNT);
        assert_memory_equal(x, again, COUNT * sizeof *x);
        model_close(&model);
    }
    free(x);
    free(y);
    free(again);
    backend_close(&be);
}

// ---- initial weights ----------------------------------------------------------------------------

static void test_weights_init(void **state) {
    (void)state;
    ModelSpec spec;
    assert_ok(preset_spec(preset_find("mlp-bn"), SHAPE_IMAGE(1, 28, 28), 10, &spec));
    ModelPlan *plan = take(1, sizeof *plan);
    assert_ok(spec_plan(&spec, plan));
    float *w = take(plan->weight_floats, sizeof *w), *v = take(plan->weight_floats, sizeof *v);
    for (int kind = 0; kind < INIT_COUNT; kind++) {
        weights_init(plan, (InitKind)kind, 1, w);
        weights_init(plan, (InitKind)kind, 1, v);
        assert_memory_equal(w, v, plan->weight_floats * sizeof *w);
        weights_init(plan, (InitKind)kind, 2, v);
        assert_memory_not_equal(w, v, plan->weight_floats * sizeof *w);
        const TensorInfo *tensor = &plan->tensors[0]; // fc1.weight, 300 x 784
        const double variances[INIT_COUNT] = {
            [INIT_PYTORCH] = 1.0 / (3 * 784), [INIT_HE] = 2.0 / 784, [INIT_XAVIER] = 2.0 / 1084};
        double sum = 0, squares = 0, largest = 0;
        for (size_t i = 0; i < tensor->count; i++) {
            double x = w[tensor->offset + i];
            sum += x;
            squares += x * x;
            largest = fmax(largest, fabs(x));
        }
        double m = (double)tensor->count, want = variances[kind];
        assert_true(fabs(sum / m) < 5 * sqrt(want / m));
        // The variance of a square is 2 want^2 for a normal and less for a uniform distribution.
        assert_true(fabs(squares / m - want) < 5 * want * sqrt(2.0 / m));
        if (kind == INIT_PYTORCH) assert_true(largest <= 1.0f / 28.0f);
        // No tensor goes the way of another: their numbers hang together as chance has it.
        const TensorInfo *other = &plan->tensors[6]; // fc2.weight, 100 x 300
        double both = 0, others = 0;
        for (size_t i = 0; i < other->count; i++) {
            double x = w[tensor->offset + i], y = w[other->offset + i];
            both += x * y;
            others += y * y;
        }
        assert_int_equal(other->count, 100 * 300);
        assert_true(fabs(both) < 5 * sqrt(want * others));
        const TensorInfo *bias = &plan->tensors[1], *scale = &plan->tensors[2];
        assert_int_equal(w[bias->offset] != 0.0f, kind == INIT_PYTORCH);
        assert_true(w[scale->offset] == 1.0f && w[plan->tensors[5].offset] == 1.0f);
        assert_true(w[plan->tensors[3].offset] == 0.0f && w[plan->tensors[4].offset] == 0.0f);
    }
    free(w);
    free(v);
    free(plan);
}

static void test_starts_at_zero(void **state) {
    (void)state;
    Backend *be = open_device("cpu", 1);
    ModelSpec spec = make_spec(SHAPE_FLAT(3), "dense 4, batchnorm, dense 2");
    Model *model;
    assert_ok(model_open(be, &spec, 2, true, &model));
    const ModelPlan *plan = model_plan(model);
    float *w = take(plan->weight_floats, sizeof *w);
    model_get_weights(model, w);
    for (int i = 0; i < plan->tensor_count; i++) {
        const char *name = plan->tensors[i].name;
        bool one = strcmp(name, "bn1.weight") == 0 || strcmp(name, "bn1.running_var") == 0;
        for (size_t k = 0; k < plan->tensors[i].count; k++)
            assert_true(w[plan->tensors[i].offset + k] == (one ? 1.0f : 0.0f));
    }
    free(w);
    model_close(&model);
    backend_close(&be);
}

// ---- things go wrong ----------------------------------------------------------------------------

static const BackendOps *real;
static int allocations_left;

static void *failing_alloc(Backend *be, size_t bytes) {
    return allocations_left-- > 0 ? real->alloc(be, bytes) : NULL;
}

static void test_no_memory(void **state) {
    (void)state;
    Backend *be = open_device("ref", 1);
    real = be->ops;
    BackendOps ops = *real;
    ops.alloc = failing_alloc;
    be->ops = &ops;
    ModelSpec spec =
        make_spec(SHAPE_IMAGE(1, 8, 8), "conv 3 k3, batchnorm, relu, maxpool 2, dense 4");
    int failures = 0;
    for (;; failures++) {
        Model *model;
        allocations_left = failures;
        Status status = model_open(be, &spec, 4, true, &model);
        if (status_is_ok(&status)) {
            model_close(&model);
            break;
        }
        assert_null(model);
        assert_int_equal(status.code, STATUS_MEMORY);
        assert_non_null(strstr(status.message, "not enough memory for "));
    }
    assert_true(failures >= 4);
    for (failures = 0;; failures++) {
        Optimizer *optimizer;
        allocations_left = failures;
        OptimizerOptions options = optimizer_rows[OPTIMIZER_ADAM].defaults;
        Status status = optimizer_open(be, OPTIMIZER_ADAM, &options, 100, &optimizer);
        if (status_is_ok(&status)) {
            optimizer_close(&optimizer);
            break;
        }
        assert_null(optimizer);
        assert_int_equal(status.code, STATUS_MEMORY);
    }
    assert_int_equal(failures, 3); // two moments, and the number that clipping needs
    be->ops = real;
    backend_close(&be);
}

static void test_refusals(void **state) {
    (void)state;
    Backend *be = open_device("ref", 1);
    ModelSpec spec = make_spec(SHAPE_FLAT(4), "dense 2");
    Model *model;
    assert_fails(model_open(be, &spec, 0, true, &model), STATUS_USAGE, "at least 1 sample");
    assert_null(model);
    spec = make_spec(SHAPE_FLAT(4), "dense 1");
    assert_fails(model_open(be, &spec, 1, true, &model), STATUS_USAGE, "2 to 62 classes");
    assert_null(model);
    model_close(&model);
    backend_close(&be);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),           cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_batch_norm_modes), cmocka_unit_test(test_dropout_rates),
        cmocka_unit_test(test_weights_init),     cmocka_unit_test(test_starts_at_zero),
        cmocka_unit_test(test_no_memory),        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
