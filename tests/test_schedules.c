// Learning-rate schedules against numbers that follow from torch.optim.lr_scheduler's formulas, and
// against those that PyTorch gives batch by batch (fixtures/make_schedules.py).
#include "nn/schedule.h"

#include "tests/files.h"

#include <math.h>

typedef struct Case {
    const char *name;
    ScheduleOptions options;
    double lr;
    int epoch, epochs;
    double expected;
} Case;

static const Case cases[] = {
    {"constant", {.step_size = 5, .gamma = 0.1}, 0.01, 0, 10, 0.01},
    {"constant", {.step_size = 5, .gamma = 0.1}, 0.01, 9, 10, 0.01},
    // StepLR(step_size=5, gamma=0.9)
    {"step", {.step_size = 5, .gamma = 0.9}, 0.01, 0, 20, 0.01},
    {"step", {.step_size = 5, .gamma = 0.9}, 0.01, 4, 20, 0.01},
    {"step", {.step_size = 5, .gamma = 0.9}, 0.01, 5, 20, 0.009},
    {"step", {.step_size = 5, .gamma = 0.9}, 0.01, 19, 20, 0.00729},
    // The recipe of mlp-bn, whose first reduction is at epoch 0.
    {"step", {.step_size = 5, .gamma = 0.9, .from_start = true}, 0.01, 0, 20, 0.009},
    {"step", {.step_size = 5, .gamma = 0.9, .from_start = true}, 0.01, 5, 20, 0.0081},
    {"step", {.step_size = 5, .gamma = 0.9, .from_start = true}, 0.01, 19, 20, 0.006561},
    {"step", {.step_size = 1, .gamma = 0.5}, 1, 3, 4, 0.125},
    // CosineAnnealingLR(T_max=epochs, eta_min=lr_min)
    {"cosine", {.lr_min = 0}, 0.1, 0, 10, 0.1},
    {"cosine", {.lr_min = 0}, 0.1, 5, 10, 0.05},
    {"cosine", {.lr_min = 0.02}, 0.1, 5, 10, 0.06},
    {"cosine", {.lr_min = 0.02}, 0.1, 10, 10, 0.02},
    {"cosine", {.lr_min = 0}, 0.1, 3, 9, 0.075},
};

static void test_rates(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const Case *c = &cases[i];
        int kind = schedule_find(c->name);
        assert_true(kind >= 0);
        double rate = schedule_rows[kind].rate(&c->options, c->lr, c->epoch, c->epochs);
        // A handful of operations in double.
        if (fabs(rate - c->expected) > 1e-14 * c->lr)
            fail_msg("%s, epoch %d of %d: %.17g, expected %.17g", c->name, c->epoch, c->epochs,
                     rate, c->expected);
    }
}

// ---- PyTorch's own ------------------------------------------------------------------------------

enum { PLACES = 32 };

typedef struct Fixture {
    ScheduleKind kind;
    ScheduleOptions options;
    double warmup_start;
    int warmup, batches, epochs;
    double rate[PLACES], momentum[PLACES];
} Fixture;

static const Fixture fixtures[] = {
#include "tests/fixtures/schedules.inc"
};

// What make_schedules.py has, too.
static const double losses[] = {1.0, 0.8,     0.79995, 0.81, 0.7, 0.71, 0.72, 0.7,
                                0.7, 0.69999, 0.5,     0.6,  0.6, 0.6,  0.6,  0.6};
static const double LR = 0.4;

static void test_fixtures(void **state) {
    (void)state;
    bool seen[SCHEDULE_COUNT] = {false};
    for (size_t f = 0; f < sizeof fixtures / sizeof fixtures[0]; f++) {
        const Fixture *c = &fixtures[f];
        const ScheduleRow *row = &schedule_rows[c->kind];
        ScheduleState observed = {0};
        seen[c->kind] = true;
        for (int i = 0; i < c->batches * c->epochs; i++) {
            SchedulePlace place = {i, c->batches, i / c->batches, c->epochs};
            double rate = schedule_rate(c->kind, &c->options, &observed, LR, &place) *
                          schedule_warmup(c->warmup_start, c->warmup, i);
            double momentum = schedule_momentum(c->kind, &c->options, &place);
            // PyTorch multiplies step by step where the formula has a power: an ulp or so each.
            if (fabs(rate - c->rate[i]) > 1e-13 * LR)
                fail_msg("row %zu, %s, place %d: %.17g, PyTorch has %.17g", f, row->name, i, rate,
                         c->rate[i]);
            if (fabs(momentum - c->momentum[i]) > 1e-13)
                fail_msg("row %zu, %s, place %d: momentum %.17g, PyTorch has %.17g", f, row->name,
                         i, momentum, c->momentum[i]);
            if (row->observe) row->observe(&c->options, &observed, LR, losses[i]);
        }
    }
    for (int i = 0; i < SCHEDULE_COUNT; i++)
        if (!seen[i]) fail_msg("no fixture for %s", schedule_rows[i].name);
}

static void test_names(void **state) {
    (void)state;
    for (int i = 0; i < SCHEDULE_COUNT; i++)
        assert_int_equal(schedule_find(schedule_rows[i].name), i);
    assert_int_equal(schedule_find("linear"), -1);
}

// Whatever a person types must not divide by zero.
static void test_odd_options(void **state) {
    (void)state;
    ScheduleOptions options = {0};
    for (int i = 0; i < SCHEDULE_COUNT; i++)
        for (int epochs = 0; epochs < 3; epochs++)
            assert_true(isfinite(schedule_rows[i].rate(&options, 0.1, epochs, epochs)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_fixtures),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_odd_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
