// Backward against the slope of forward: every kind of layer on odd shapes, every preset; and that
// the check itself sees a wrong gradient.
#include "nn/gradcheck.h"
#include "nn/layer.h"

#include "tests/models.h"

#include <math.h>
#include <stdio.h>

typedef struct Case {
    Shape input;
    const char *layers;
    int n;
} Case;

#define FLAT(n)                                                                                    \
    { n, 1, 1, true }
#define IMAGE(c, h, w)                                                                             \
    { c, h, w, false }

static const Case cases[] = {
    {FLAT(7), "dense 5", 4},
    {FLAT(1), "dense 2", 1},
    {FLAT(33), "dense 17, tanh, dense 3", 5},
    {IMAGE(1, 7, 9), "conv 3 k3, dense 4", 3},
    {IMAGE(2, 7, 6), "conv 3 k3 p1 s2, tanh, dense 5", 4},
    {IMAGE(3, 5, 8), "conv 5 k1, conv 2 k4 p3 s3, dense 3", 2},
    {IMAGE(2, 6, 6), "conv 4 k6, dense 3", 3},
    {IMAGE(1, 5, 5), "conv 2 k2 s3, dense 2", 3},
    {IMAGE(2, 7, 9), "maxpool 2, dense 3", 3},
    {IMAGE(2, 7, 9), "maxpool 3 s2 p1, dense 3", 3},
    {IMAGE(3, 8, 5), "maxpool 2 s3, dense 3", 2},
    {IMAGE(1, 6, 6), "maxpool 3 s1, dense 3", 2},
    {IMAGE(2, 7, 9), "avgpool 2, dense 3", 3},
    {IMAGE(2, 7, 9), "avgpool 3 s2 p1, dense 3", 3},
    {IMAGE(1, 6, 7), "avgpool 4 s1 p2, dense 3", 2},
    {FLAT(6), "batchnorm, dense 3", 7},
    {IMAGE(3, 5, 4), "batchnorm, dense 3", 3},
    {IMAGE(2, 6, 5), "conv 3 k2, batchnorm, tanh, dense 6, batchnorm, sigmoid, dense 3", 5},
    {FLAT(11), "batchnorm e0.01, dense 3", 2},
    // In front, where nothing may write over the input; and behind a product, which does it itself.
    {FLAT(9), "relu, dense 4, relu, dense 3", 4},
    {FLAT(9), "leakyrelu, dense 4, leakyrelu 0.3, dense 3", 4},
    {FLAT(9), "sigmoid, dense 4, sigmoid, dense 3", 4},
    {FLAT(9), "tanh, dense 4, tanh, dense 3", 4},
    {IMAGE(2, 5, 6), "conv 3 k3 p1, relu, dense 3", 3},
    {IMAGE(2, 5, 6), "conv 3 k3 p1, leakyrelu 0.2, dense 3", 3},
    {IMAGE(2, 5, 6), "conv 3 k3 p1, sigmoid, dense 3", 3},
    {IMAGE(2, 5, 6), "avgpool 2 s1, tanh, dense 3", 3},
    {FLAT(12), "dropout 0.4, dense 6, dropout 0, dense 3", 5},
    // An activation's gradient comes from its output, which what follows in place must leave alone.
    {FLAT(12), "dense 9, sigmoid, dropout, dense 3", 5},
    {FLAT(12), "dropout, relu, relu, tanh, sigmoid, dropout 0.2, dense 4, tanh, sigmoid", 4},
    {IMAGE(2, 4, 4), "tanh, flatten, dropout, sigmoid, dense 3", 4},
    {IMAGE(1, 6, 6), "flatten, flatten, dense 3", 2},
    // Nothing to learn, but a gradient for the input all the same.
    {FLAT(4), "tanh", 3},
    {FLAT(4), "flatten, dropout", 3},
    {FLAT(4), "flatten", 3},
};

static ModelSpec case_spec(const Case *c) {
    ModelSpec spec;
    memset(&spec, 0, sizeof spec);
    spec.input = c->input;
    spec.normalization.std = 1.0f;
    Status status = spec_parse_layers(c->layers, &spec);
    if (!status_is_ok(&status)) fail_msg("%s: %s", c->layers, status.message);
    return spec;
}

enum { SEED = 20 };

static void check_cases(const char *device) {
    Backend *be = open_device(device, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ModelSpec spec = case_spec(&cases[i]);
        GradCheck check;
        Status status = gradcheck_run(be, &spec, cases[i].n, SEED + i, 12, &check);
        if (!status_is_ok(&status))
            fail_msg("%s: %s (seed %zu): %s", device, cases[i].layers, SEED + i, status.message);
        assert_true(check.checked > 0);
    }
    backend_close(&be);
}

// The input's gradient of what is answered: batch norm by its running statistics, no dropout.
static void test_evaluation(void **state) {
    (void)state;
    static const char *const devices[] = {"ref", "cpu"};
    for (int d = 0; d < 2; d++) {
        Backend *be = open_device(devices[d], 2);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            ModelSpec spec = case_spec(&cases[i]);
            GradCheck check;
            // One sample is enough, and is what a drawing is.
            Status status = gradcheck_evaluation(be, &spec, 1, SEED + i, 12, &check);
            if (!status_is_ok(&status))
                fail_msg("%s: %s (seed %zu): %s", devices[d], cases[i].layers, SEED + i,
                         status.message);
        }
        backend_close(&be);
    }
}

static void test_layers_ref(void **state) {
    (void)state;
    check_cases("ref");
}

static void test_layers_cpu(void **state) {
    (void)state;
    check_cases("cpu");
}

// A new kind of layer must come with a case.
static void test_every_kind_is_here(void **state) {
    (void)state;
    for (int k = 0; k < layer_kind_count; k++) {
        bool found = false;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            ModelSpec spec = case_spec(&cases[i]);
            for (int l = 0; l < spec.layer_count; l++)
                found = found || spec.layers[l].kind == layer_kinds[k];
        }
        if (!found) fail_msg("no gradient is checked for %s", layer_kinds[k]->word);
    }
}

static void check_presets(const char *device, int per_tensor) {
    Backend *be = open_device(device, 2);
    for (int i = 0; i < preset_count; i++) {
        // So many units behind batch norm that any step in an early weight crosses a kink
        // somewhere: no slope to measure. What it is made of is checked above.
        if (strcmp(presets[i].name, "best") == 0) continue;
        ModelSpec spec;
        Status status = preset_spec(&presets[i], (Shape){1, 28, 28, false}, 10, &spec);
        assert_true(status_is_ok(&status));
        GradCheck check;
        status = gradcheck_run(be, &spec, 3, SEED, per_tensor, &check);
        if (!status_is_ok(&status))
            fail_msg("%s: %s (seed %d): %s", device, presets[i].name, SEED, status.message);
        print_message("%s: %d entries, %d on kinks, worst %.1e (%s)\n", presets[i].name,
                      check.checked, check.skipped, check.worst, check.where);
    }
    backend_close(&be);
}

static void test_presets(void **state) {
    (void)state;
    check_presets("cpu", 4);
}

// ---- a wrong gradient is seen -------------------------------------------------------------------

// The back end's own table, and one with a wrong operation in it.
static const BackendOps *right;

static void spoil(Backend *be, size_t count, float *x, float by) {
    float *host = malloc(count * sizeof *host);
    assert_non_null(host);
    right->download(be, host, x, count * sizeof *host);
    for (size_t i = 0; i < count; i++) host[i] *= by;
    right->upload(be, x, host, count * sizeof *host);
    free(host);
}

static void wrong_dense_weight(Backend *be, const DenseShape *s, int n, const float *x,
                               const float *w, const float *y, float *dy, float *dx, float *dw,
                               float *db) {
    right->dense_backward(be, s, n, x, w, y, dy, dx, dw, db);
    spoil(be, (size_t)s->in * (size_t)s->out, dw, 1.02f);
}

static void wrong_dense_input(Backend *be, const DenseShape *s, int n, const float *x,
                              const float *w, const float *y, float *dy, float *dx, float *dw,
                              float *db) {
    right->dense_backward(be, s, n, x, w, y, dy, dx, dw, db);
    if (dx) spoil(be, (size_t)s->in * (size_t)n, dx, 0.98f);
}

static void wrong_dense_nan(Backend *be, const DenseShape *s, int n, const float *x, const float *w,
                            const float *y, float *dy, float *dx, float *dw, float *db) {
    right->dense_backward(be, s, n, x, w, y, dy, dx, dw, db);
    spoil(be, (size_t)s->out, db, (float)NAN);
}

static void wrong_batch_norm(Backend *be, const BatchNormShape *s, int n, const float *x,
                             const float *gamma, const float *saved, const float *dy, float *dx,
                             float *dgamma, float *dbeta) {
    right->batch_norm_backward(be, s, n, x, gamma, saved, dy, dx, dgamma, dbeta);
    spoil(be, (size_t)n * (size_t)s->channels * (size_t)s->area, dx, 1.05f);
}

static void wrong_avg_pool(Backend *be, const PoolShape *s, int n, const float *dy, float *dx) {
    right->avg_pool_backward(be, s, n, dy, dx);
    spoil(be, (size_t)n * (size_t)s->channels * (size_t)s->in_h * (size_t)s->in_w, dx, 0.9f);
}

static void wrong_activation(Backend *be, Activation kind, float parameter, size_t count,
                             const float *y, const float *dy, float *dx) {
    (void)kind;
    right->activation_backward(be, ACTIVATION_SIGMOID, parameter, count, y, dy, dx);
}

static void expect_wrong(Backend *be, const BackendOps *ops, const char *layers,
                         const char *where) {
    const Case c = {IMAGE(2, 6, 6), layers, 4};
    ModelSpec spec = case_spec(&c);
    GradCheck check;
    be->ops = ops;
    Status status = gradcheck_run(be, &spec, c.n, SEED, 12, &check);
    be->ops = right;
    if (status_is_ok(&status)) fail_msg("%s: a wrong gradient of %s went by", layers, where);
    assert_int_equal(status.code, STATUS_FORMAT);
    if (!strstr(status.message, where)) fail_msg("%s: not about %s", status.message, where);
    status = gradcheck_run(be, &spec, c.n, SEED, 12, &check);
    if (!status_is_ok(&status)) fail_msg("%s: %s", layers, status.message);
}

static void test_wrong_gradients_are_seen(void **state) {
    (void)state;
    Backend *be = open_device("ref", 2);
    right = be->ops;
    BackendOps wrong = *right;
    wrong.dense_backward = wrong_dense_weight;
    expect_wrong(be, &wrong, "dense 6, relu, dense 3", ".weight");
    wrong.dense_backward = wrong_dense_input;
    expect_wrong(be, &wrong, "tanh, dense 3", "input");
    wrong.dense_backward = wrong_dense_nan;
    expect_wrong(be, &wrong, "dense 3", "fc1.bias");
    wrong = *right;
    wrong.batch_norm_backward = wrong_batch_norm;
    expect_wrong(be, &wrong, "batchnorm, dense 3", "input");
    wrong = *right;
    wrong.avg_pool_backward = wrong_avg_pool;
    expect_wrong(be, &wrong, "avgpool 2, dense 3", "input");
    wrong = *right;
    wrong.activation_backward = wrong_activation;
    expect_wrong(be, &wrong, "tanh, dense 3", "input");
    backend_close(&be);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evaluation), cmocka_unit_test(test_layers_ref),
        cmocka_unit_test(test_layers_cpu), cmocka_unit_test(test_every_kind_is_here),
        cmocka_unit_test(test_presets),    cmocka_unit_test(test_wrong_gradients_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
