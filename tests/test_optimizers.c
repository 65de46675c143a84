// Update rules: against the rule written out in double on scalars, and against numbers that PyTorch
// made (fixtures/make_optimizers.py). Through the back ends, so their update is tested with it.
#include "nn/optimizer.h"

#include "tests/models.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COUNT = 4, STEPS = 6 };

static const float start[COUNT] = {0.5f, -1.25f, 0.03f, 2.0f};

// The same as gradient() in make_optimizers.py.
static double gradient_at(int step, int k) {
    return ((step * 7 + k * 5 + 3) % 16 - 8) / 8.0 * pow(4.0, k - 1);
}

typedef struct Fixture {
    OptimizerKind kind;
    OptimizerOptions options;
    float expected[STEPS][COUNT];
} Fixture;

static const Fixture fixtures[] = {
#include "tests/fixtures/optimizers.inc"
};
enum { FIXTURES = sizeof fixtures / sizeof fixtures[0] };

// Parameters on the device, in an array longer than a vector and not a multiple of one, so that
// whole vectors and the rest behind them are both run: entry i is parameter i % COUNT.
enum { LONG = 67 };

typedef struct Bench {
    Backend *be;
    Optimizer *optimizer;
    float *w, *g;
} Bench;

static void bench_open(Bench *bench, const char *device, OptimizerKind kind,
                       const OptimizerOptions *options) {
    bench->be = open_device(device, 2);
    Status status = optimizer_open(bench->be, kind, options, LONG, &bench->optimizer);
    if (!status_is_ok(&status)) fail_msg("%s", status.message);
    bench->w = bench->be->ops->alloc(bench->be, LONG * sizeof(float));
    bench->g = bench->be->ops->alloc(bench->be, LONG * sizeof(float));
    assert_true(bench->w && bench->g);
    float w[LONG];
    for (int i = 0; i < LONG; i++) w[i] = start[i % COUNT];
    bench->be->ops->upload(bench->be, bench->w, w, sizeof w);
}

static void bench_step(Bench *bench, int step, float w[LONG]) {
    float g[LONG];
    for (int i = 0; i < LONG; i++) g[i] = (float)gradient_at(step, i % COUNT);
    bench->be->ops->upload(bench->be, bench->g, g, sizeof g);
    optimizer_step(bench->optimizer, bench->w, bench->g);
    bench->be->ops->download(bench->be, w, bench->w, LONG * sizeof(float));
}

static void bench_close(Bench *bench) {
    optimizer_close(&bench->optimizer);
    bench->be->ops->release(bench->be, bench->w);
    bench->be->ops->release(bench->be, bench->g);
    backend_close(&bench->be);
}

// A step is at most some 20 float operations on numbers no larger than the parameter, its gradient
// with weight decay and their moments; each is off by half an ulp, and errors add up over steps.
static double allowed(int steps, double w, double moved) {
    return 20.0 * steps * FLT_EPSILON * (fabs(w) + moved);
}

static void check_fixtures(const char *device) {
    for (int f = 0; f < FIXTURES; f++) {
        const Fixture *fixture = &fixtures[f];
        Bench bench;
        bench_open(&bench, device, fixture->kind, &fixture->options);
        double moved[COUNT] = {0};
        for (int step = 0; step < STEPS; step++) {
            float w[LONG];
            bench_step(&bench, step, w);
            for (int i = 0; i < LONG; i++) {
                int k = i % COUNT;
                float before = step ? fixture->expected[step - 1][k] : start[k];
                double want = fixture->expected[step][k];
                if (i < COUNT) moved[k] += fabs(want - before);
                if (fabs(w[i] - want) > allowed(step + 1, want, moved[k]))
                    fail_msg("%s, row %d (%s), step %d, parameter %d: %.9g, PyTorch has %.9g",
                             device, f, optimizer_rows[fixture->kind].name, step + 1, i, w[i],
                             want);
            }
        }
        bench_close(&bench);
    }
}

static void test_fixtures_ref(void **state) {
    (void)state;
    check_fixtures("ref");
}

static void test_fixtures_cpu(void **state) {
    (void)state;
    check_fixtures("cpu");
}

// ---- by hand ------------------------------------------------------------------------------------

// Three steps of one parameter with gradients g[], as the rule's definition has it.
typedef void (*HandRule)(double w[4], const double g[3]);

static void hand_sgd(double w[4], const double g[3]) {
    for (int t = 0; t < 3; t++) w[t + 1] = w[t] - 0.01 * g[t];
}

static void hand_momentum(double w[4], const double g[3]) {
    double v1 = g[0], v2 = 0.9 * v1 + g[1], v3 = 0.9 * v2 + g[2];
    w[1] = w[0] - 0.01 * v1;
    w[2] = w[1] - 0.01 * v2;
    w[3] = w[2] - 0.01 * v3;
}

static void hand_nesterov(double w[4], const double g[3]) {
    double v1 = g[0], v2 = 0.9 * v1 + g[1], v3 = 0.9 * v2 + g[2];
    w[1] = w[0] - 0.01 * (g[0] + 0.9 * v1);
    w[2] = w[1] - 0.01 * (g[1] + 0.9 * v2);
    w[3] = w[2] - 0.01 * (g[2] + 0.9 * v3);
}

static void hand_adagrad(double w[4], const double g[3]) {
    double s1 = g[0] * g[0], s2 = s1 + g[1] * g[1], s3 = s2 + g[2] * g[2];
    w[1] = w[0] - 0.01 * g[0] / (sqrt(s1) + 1e-10);
    w[2] = w[1] - 0.01 * g[1] / (sqrt(s2) + 1e-10);
    w[3] = w[2] - 0.01 * g[2] / (sqrt(s3) + 1e-10);
}

static void hand_rmsprop(double w[4], const double g[3]) {
    double s1 = 0.01 * g[0] * g[0], s2 = 0.99 * s1 + 0.01 * g[1] * g[1];
    double s3 = 0.99 * s2 + 0.01 * g[2] * g[2];
    w[1] = w[0] - 0.01 * g[0] / (sqrt(s1) + 1e-8);
    w[2] = w[1] - 0.01 * g[1] / (sqrt(s2) + 1e-8);
    w[3] = w[2] - 0.01 * g[2] / (sqrt(s3) + 1e-8);
}

static void hand_adam(double w[4], const double g[3]) {
    double m = 0, v = 0;
    for (int t = 1; t <= 3; t++) {
        m = 0.9 * m + 0.1 * g[t - 1];
        v = 0.999 * v + 0.001 * g[t - 1] * g[t - 1];
        double m_hat = m / (1 - pow(0.9, t)), v_hat = v / (1 - pow(0.999, t));
        w[t] = w[t - 1] - 0.001 * m_hat / (sqrt(v_hat) + 1e-8);
    }
}

static void hand_adamw(double w[4], const double g[3]) {
    double m = 0, v = 0;
    for (int t = 1; t <= 3; t++) {
        m = 0.9 * m + 0.1 * g[t - 1];
        v = 0.999 * v + 0.001 * g[t - 1] * g[t - 1];
        double m_hat = m / (1 - pow(0.9, t)), v_hat = v / (1 - pow(0.999, t));
        w[t] = w[t - 1] * (1 - 0.001 * 0.01) - 0.001 * m_hat / (sqrt(v_hat) + 1e-8);
    }
}

static void hand_adadelta(double w[4], const double g[3]) {
    double square = 0, change = 0;
    for (int t = 0; t < 3; t++) {
        square = 0.9 * square + 0.1 * g[t] * g[t];
        double d = sqrt(change + 1e-6) / sqrt(square + 1e-6) * g[t];
        change = 0.9 * change + 0.1 * d * d;
        w[t + 1] = w[t] - d;
    }
}

// With beta2 = 0.999 the rectified form sets in at step 6: three steps of bare momentum.
static void hand_radam(double w[4], const double g[3]) {
    double m = 0;
    for (int t = 1; t <= 3; t++) {
        m = 0.9 * m + 0.1 * g[t - 1];
        w[t] = w[t - 1] - 0.001 * m / (1 - pow(0.9, t));
    }
}

static void hand_nadam(double w[4], const double g[3]) {
    double m = 0, v = 0, product = 1;
    for (int t = 1; t <= 3; t++) {
        double mu = 0.9 * (1 - 0.5 * pow(0.96, 0.004 * t));
        double ahead = 0.9 * (1 - 0.5 * pow(0.96, 0.004 * (t + 1)));
        product *= mu;
        m = 0.9 * m + 0.1 * g[t - 1];
        v = 0.999 * v + 0.001 * g[t - 1] * g[t - 1];
        double root = sqrt(v / (1 - pow(0.999, t))) + 1e-8;
        w[t] = w[t - 1] -
               0.002 *
                   ((1 - mu) / (1 - product) * g[t - 1] + ahead / (1 - product * mu * ahead) * m) /
                   root;
    }
}

static void hand_lion(double w[4], const double g[3]) {
    double m = 0;
    for (int t = 0; t < 3; t++) {
        double c = 0.9 * m + 0.1 * g[t];
        w[t + 1] = w[t] - 0.0001 * ((c > 0) - (c < 0));
        m = 0.99 * m + 0.01 * g[t];
    }
}

// With each rule's defaults. One entry for each rule: a new one does not compile without.
static const HandRule hand_rules[] = {
    [OPTIMIZER_SGD] = hand_sgd,           [OPTIMIZER_MOMENTUM] = hand_momentum,
    [OPTIMIZER_NESTEROV] = hand_nesterov, [OPTIMIZER_ADAGRAD] = hand_adagrad,
    [OPTIMIZER_RMSPROP] = hand_rmsprop,   [OPTIMIZER_ADAM] = hand_adam,
    [OPTIMIZER_ADAMW] = hand_adamw,       [OPTIMIZER_ADADELTA] = hand_adadelta,
    [OPTIMIZER_RADAM] = hand_radam,       [OPTIMIZER_NADAM] = hand_nadam,
    [OPTIMIZER_LION] = hand_lion,
};
_Static_assert(sizeof hand_rules / sizeof hand_rules[0] == OPTIMIZER_COUNT,
               "a rule lacks its test");

static void test_by_hand(void **state) {
    (void)state;
    for (int kind = 0; kind < OPTIMIZER_COUNT; kind++) {
        Bench bench;
        bench_open(&bench, "ref", (OptimizerKind)kind, &optimizer_rows[kind].defaults);
        float w[3][LONG];
        for (int step = 0; step < 3; step++) bench_step(&bench, step, w[step]);
        for (int k = 0; k < COUNT; k++) {
            double g[3], want[4] = {start[k]}, moved = 0;
            for (int step = 0; step < 3; step++) g[step] = gradient_at(step, k);
            hand_rules[kind](want, g);
            for (int step = 0; step < 3; step++) {
                moved += fabs(want[step + 1] - want[step]);
                if (fabs(w[step][k] - want[step + 1]) > allowed(step + 1, want[step + 1], moved))
                    fail_msg("%s, step %d, parameter %d: %.9g, by hand %.9g",
                             optimizer_rows[kind].name, step + 1, k, w[step][k], want[step + 1]);
            }
        }
        bench_close(&bench);
    }
}

// ---- the object ---------------------------------------------------------------------------------

// Stopping after three steps and going on from the saved state gives the same bits.
static void test_state(void **state) {
    (void)state;
    for (int f = 0; f < FIXTURES; f++) {
        const Fixture *fixture = &fixtures[f];
        Bench whole, first, second;
        bench_open(&whole, "ref", fixture->kind, &fixture->options);
        bench_open(&first, "ref", fixture->kind, &fixture->options);
        bench_open(&second, "ref", fixture->kind, &fixture->options);
        float w[LONG], v[LONG];
        for (int step = 0; step < STEPS; step++) bench_step(&whole, step, w);
        for (int step = 0; step < 3; step++) bench_step(&first, step, v);
        size_t floats = optimizer_state_floats(first.optimizer);
        float *slots = malloc((floats + 1) * sizeof *slots);
        assert_non_null(slots);
        int64_t t;
        double memory[2];
        optimizer_get_state(first.optimizer, &t, memory, slots);
        assert_int_equal(t, 3);
        optimizer_set_state(second.optimizer, t, memory, slots);
        second.be->ops->upload(second.be, second.w, v, sizeof v);
        for (int step = 3; step < STEPS; step++) bench_step(&second, step, v);
        assert_memory_equal(w, v, sizeof w);
        free(slots);
        bench_close(&whole);
        bench_close(&first);
        bench_close(&second);
    }
}

static void test_slots(void **state) {
    (void)state;
    static const struct {
        OptimizerKind kind;
        OptimizerOptions options;
        int slots;
    } rows[] = {
        {OPTIMIZER_SGD, {.lr = 1}, 0},
        {OPTIMIZER_SGD, {.lr = 1, .momentum = 0.9}, 1},
        {OPTIMIZER_ADAGRAD, {.lr = 1}, 1},
        {OPTIMIZER_RMSPROP, {.lr = 1}, 1},
        {OPTIMIZER_RMSPROP, {.lr = 1, .centered = 1}, 2},
        {OPTIMIZER_RMSPROP, {.lr = 1, .momentum = 0.1}, 2},
        {OPTIMIZER_RMSPROP, {.lr = 1, .momentum = 0.1, .centered = 1}, 3},
        {OPTIMIZER_ADAM, {.lr = 1}, 2},
        {OPTIMIZER_ADAM, {.lr = 1, .amsgrad = 1}, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(optimizer_rows[rows[i].kind].slots_used(&rows[i].options), rows[i].slots);
}

static void test_names(void **state) {
    (void)state;
    for (int i = 0; i < OPTIMIZER_COUNT; i++) {
        assert_int_equal(optimizer_find(optimizer_rows[i].name), i);
        assert_true(optimizer_rows[i].defaults.lr > 0);
    }
    assert_int_equal(optimizer_find("no such rule"), -1);
}

static void test_lr(void **state) {
    (void)state;
    Bench bench;
    OptimizerOptions options = {.lr = 0.01};
    bench_open(&bench, "ref", OPTIMIZER_SGD, &options);
    optimizer_set_lr(bench.optimizer, 0.5);
    float w[LONG];
    bench_step(&bench, 0, w);
    for (int k = 0; k < COUNT; k++) assert_true(w[k] == start[k] - 0.5f * (float)gradient_at(0, k));
    bench_close(&bench);
}

// What one cycle sets on the way is what others are opened with: momentum, or the first beta, and
// no other option; rules that have neither stay as they are.
static void test_momentum(void **state) {
    (void)state;
    for (int k = 0; k < OPTIMIZER_COUNT; k++) {
        unsigned takes = optimizer_rows[k].options;
        OptimizerOptions options = optimizer_rows[k].defaults, other;
        if (takes & OPTION_MOMENTUM) options.momentum = 0.9;
        other = options;
        if (takes & OPTION_MOMENTUM) other.momentum = 0.7;
        if (takes & OPTION_BETAS) other.beta1 = 0.7;
        Bench set, made;
        float w[2][LONG];
        bench_open(&set, "cpu", (OptimizerKind)k, &options);
        bench_open(&made, "cpu", (OptimizerKind)k, &other);
        optimizer_set_momentum(set.optimizer, 0.7);
        for (int step = 0; step < STEPS; step++) {
            bench_step(&set, step, w[0]);
            bench_step(&made, step, w[1]);
            if (memcmp(w[0], w[1], sizeof w[0]) != 0)
                fail_msg("%s: other numbers in step %d", optimizer_rows[k].name, step + 1);
        }
        bench_close(&set);
        bench_close(&made);
    }
}

// A gradient that is no number is to be seen in the weights at once, by whatever rule: the loss of
// the next batch is then none, which ends the run. Nor does it spread to other weights.
static void test_no_number(void **state) {
    (void)state;
    static const char *const devices[] = {"ref", "cpu"};
    for (int k = 0; k < 2 * OPTIMIZER_COUNT; k++) {
        Bench bench;
        float w[LONG], g[LONG];
        bench_open(&bench, devices[k % 2], (OptimizerKind)(k / 2), &optimizer_rows[k / 2].defaults);
        for (int i = 0; i < LONG; i++) g[i] = i % 3 == 0 ? NAN : 0.5f;
        bench.be->ops->upload(bench.be, bench.g, g, sizeof g);
        optimizer_step(bench.optimizer, bench.w, bench.g);
        bench.be->ops->download(bench.be, w, bench.w, sizeof w);
        for (int i = 0; i < LONG; i++)
            if (!isnan(w[i]) != (i % 3 != 0))
                fail_msg("%s, %s: weight %d is %g", devices[k % 2], optimizer_rows[k / 2].name, i,
                         (double)w[i]);
        bench_close(&bench);
    }
}

// torch.nn.utils.clip_grad_norm_: times max_norm / (norm + 1e-6) where that is less than 1. Of a
// gradient as small as that number, and of none. Squares, their sum, its root, the factor and the
// product are rounded: five times half an ulp.
static void test_clip(void **state) {
    (void)state;
    static const struct {
        float size; // of each number
        double most;
    } rows[] = {{1.0f, 2.0}, {1.0f, 1e3}, {1e-7f, 5e-7}, {1e-7f, 1.0}, {0.0f, 1e-3}, {1e15f, 0.5}};
    static const char *const devices[] = {"ref", "cpu"};
    OptimizerOptions options = {.lr = 1};
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        Bench bench;
        float g[LONG], size = rows[i / 2].size;
        double factor = rows[i / 2].most / (sqrt(LONG * (double)size * (double)size) + 1e-6);
        bench_open(&bench, devices[i % 2], OPTIMIZER_SGD, &options);
        for (int k = 0; k < LONG; k++) g[k] = k % 2 ? size : -size;
        bench.be->ops->upload(bench.be, bench.g, g, sizeof g);
        optimizer_clip(bench.optimizer, bench.g, rows[i / 2].most);
        bench.be->ops->download(bench.be, g, bench.g, sizeof g);
        for (int k = 0; k < LONG; k++) {
            double want = (factor < 1 ? factor : 1) * (double)(k % 2 ? size : -size);
            assert_true(fabs((double)g[k] - want) <= 2.5 * (double)FLT_EPSILON * fabs(want));
        }
        bench_close(&bench);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixtures_ref), cmocka_unit_test(test_fixtures_cpu),
        cmocka_unit_test(test_by_hand),      cmocka_unit_test(test_state),
        cmocka_unit_test(test_slots),        cmocka_unit_test(test_names),
        cmocka_unit_test(test_lr),           cmocka_unit_test(test_momentum),
        cmocka_unit_test(test_clip),         cmocka_unit_test(test_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
