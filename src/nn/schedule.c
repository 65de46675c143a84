// The schedules: one function and one row each.
#include "nn/schedule.h"

#include "base/tr.h"

#include <math.h>
#include <string.h>

const char *const schedule_unit_names[SCHEDULE_UNIT_COUNT] = {TR("epoch"), TR("batch")};
const char *const schedule_anneal_names[ANNEAL_COUNT] = {TR("cos"), TR("linear")};

static const double pi = 3.14159265358979323846;

static double schedule_constant(const ScheduleOptions *options, double lr, int64_t at, int64_t of) {
    (void)options, (void)at, (void)of;
    return lr;
}

// StepLR: lr * gamma ^ (at / step_size).
static double schedule_step(const ScheduleOptions *options, double lr, int64_t at, int64_t of) {
    (void)of;
    int size = options->step_size > 0 ? options->step_size : 1;
    int64_t steps = at / size + (options->from_start ? 1 : 0);
    return lr * pow(options->gamma, (double)steps);
}

// ExponentialLR: lr * gamma ^ at.
static double schedule_exponential(const ScheduleOptions *options, double lr, int64_t at,
                                   int64_t of) {
    (void)of;
    return lr * pow(options->gamma, (double)at);
}

// CosineAnnealingLR with T_max = of: lr_min would be reached behind the last.
static double schedule_cosine(const ScheduleOptions *options, double lr, int64_t at, int64_t of) {
    if (of <= 0) return lr;
    double part = 0.5 * (1.0 + cos(pi * (double)at / (double)of));
    return options->lr_min + (lr - options->lr_min) * part;
}

// ---- OneCycleLR ---------------------------------------------------------------------------------
// Two phases: up from `from` to `peak` until pct_start, then down to `to` at the last batch.

static double one_cycle_between(const ScheduleOptions *options, double from, double to,
                                double part) {
    if (part > 1) part = 1; // more batches than there were meant to be
    if (options->anneal == ANNEAL_LINEAR) return (to - from) * part + from;
    return to + (from - to) / 2.0 * (cos(pi * part) + 1.0);
}

static double one_cycle(const ScheduleOptions *options, double from, double peak, double to,
                        int64_t at, int64_t of) {
    double turn = options->pct_start * (double)of - 1.0, end = (double)of - 1.0, place = (double)at;
    if (place <= turn) return one_cycle_between(options, from, peak, turn > 0 ? place / turn : 1.0);
    return one_cycle_between(options, peak, to, end > turn ? (place - turn) / (end - turn) : 1.0);
}

static double schedule_one_cycle(const ScheduleOptions *options, double lr, int64_t at,
                                 int64_t of) {
    double first = options->div_factor > 0 ? lr / options->div_factor : lr;
    double last = options->final_div_factor > 0 ? first / options->final_div_factor : first;
    return one_cycle(options, first, lr, last, at, of);
}

static double schedule_one_cycle_momentum(const ScheduleOptions *options, int64_t at, int64_t of) {
    if (!options->cycle_momentum) return -1;
    return one_cycle(options, options->max_momentum, options->base_momentum, options->max_momentum,
                     at, of);
}

// ---- ReduceLROnPlateau --------------------------------------------------------------------------
// mode "min", threshold_mode "rel", eps 1e-8: a smaller change is not made.

static double plateau_rate(const ScheduleOptions *options, const ScheduleState *state, double lr) {
    if (state->factor == 0) return lr;
    double rate = lr * state->factor;
    return rate > options->lr_min ? rate : options->lr_min;
}

static void schedule_observe_plateau(const ScheduleOptions *options, ScheduleState *state,
                                     double lr, double loss) {
    bool better = state->seen == 0 || loss < state->best * (1.0 - options->threshold);
    state->seen++;
    state->bad = better ? 0 : state->bad + 1;
    if (better) state->best = loss;
    if (state->cooldown > 0) {
        state->cooldown--;
        state->bad = 0;
    }
    if (state->bad <= options->patience) return;
    double before = plateau_rate(options, state, lr), after = before * options->gamma;
    if (after < options->lr_min) after = options->lr_min;
    if (before - after > 1e-8 && lr > 0) state->factor = after / lr;
    state->cooldown = options->cooldown;
    state->bad = 0;
}

// ---- the table ----------------------------------------------------------------------------------

const ScheduleRow schedule_rows[SCHEDULE_COUNT] = {
    [SCHEDULE_CONSTANT] = {.name = "constant", .label = TR("Constant"), .rate = schedule_constant},
    [SCHEDULE_STEP] = {.name = "step",
                       .label = "StepLR",
                       .defaults = {.step_size = 5, .gamma = 0.1},
                       .has_unit = true,
                       .rate = schedule_step},
    [SCHEDULE_EXPONENTIAL] = {.name = "exponential",
                              .label = TR("Exponential"),
                              .defaults = {.gamma = 0.9},
                              .has_unit = true,
                              .rate = schedule_exponential},
    [SCHEDULE_COSINE] = {.name = "cosine",
                         .label = TR("Cosine"),
                         .has_unit = true,
                         .rate = schedule_cosine},
    [SCHEDULE_ONE_CYCLE] = {.name = "one-cycle",
                            .label = TR("One cycle"),
                            .defaults = {.pct_start = 0.3,
                                         .div_factor = 25,
                                         .final_div_factor = 1e4,
                                         .cycle_momentum = true,
                                         .base_momentum = 0.85,
                                         .max_momentum = 0.95},
                            .by_batch = true,
                            .rate = schedule_one_cycle,
                            .momentum = schedule_one_cycle_momentum},
    [SCHEDULE_PLATEAU] = {.name = "plateau",
                          .label = TR("On plateau"),
                          .defaults = {.gamma = 0.1, .patience = 10, .threshold = 1e-4},
                          .rate = schedule_constant,
                          .observe = schedule_observe_plateau},
};

int schedule_find(const char *name) {
    for (int i = 0; i < SCHEDULE_COUNT; i++)
        if (strcmp(schedule_rows[i].name, name) == 0) return i;
    return -1;
}

// ---- at a place ---------------------------------------------------------------------------------

static void schedule_count(const ScheduleRow *row, const ScheduleOptions *options,
                           const SchedulePlace *place, int64_t *at, int64_t *of) {
    bool batches = row->by_batch || (row->has_unit && options->unit == SCHEDULE_BY_BATCH);
    *at = batches ? place->step : place->epoch;
    *of = batches ? place->batches * place->epochs : place->epochs;
}

double schedule_rate(ScheduleKind kind, const ScheduleOptions *options, const ScheduleState *state,
                     double lr, const SchedulePlace *place) {
    const ScheduleRow *row = &schedule_rows[kind];
    int64_t at, of;
    schedule_count(row, options, place, &at, &of);
    double rate = row->rate(options, lr, at, of);
    return row->observe ? plateau_rate(options, state, rate) : rate;
}

double schedule_momentum(ScheduleKind kind, const ScheduleOptions *options,
                         const SchedulePlace *place) {
    const ScheduleRow *row = &schedule_rows[kind];
    int64_t at, of;
    if (!row->momentum) return -1;
    schedule_count(row, options, place, &at, &of);
    return row->momentum(options, at, of);
}

double schedule_warmup(double start, int64_t steps, int64_t step) {
    if (step >= steps) return 1.0;
    return start + (1.0 - start) * (double)step / (double)steps;
}
