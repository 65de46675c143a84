// Learning-rate schedules, one row each: PyTorch's names, formulas and defaults
// (torch.optim.lr_scheduler). As its users do, a rate holds for a whole epoch, except OneCycleLR,
// which moves with every batch; the others can be told to count batches instead of epochs.
// Warm-up is a factor on top of any of them, batch by batch: LinearLR chained with it.
#ifndef INKLING_NN_SCHEDULE_H
#define INKLING_NN_SCHEDULE_H

#include "base/status.h"

#include <stdint.h>

typedef enum ScheduleUnit {
    SCHEDULE_BY_EPOCH,
    SCHEDULE_BY_BATCH,
    SCHEDULE_UNIT_COUNT
} ScheduleUnit;
extern const char *const schedule_unit_names[SCHEDULE_UNIT_COUNT]; // "epoch", "batch"

typedef enum ScheduleAnneal { ANNEAL_COS, ANNEAL_LINEAR, ANNEAL_COUNT } ScheduleAnneal;
extern const char *const schedule_anneal_names[ANNEAL_COUNT]; // "cos", "linear"

// A schedule looks only at what it has; the rest is ignored. Defaults stand in its row.
typedef struct ScheduleOptions {
    int unit;        // ScheduleUnit; step, exponential, cosine
    int step_size;   // step: every so many epochs
    double gamma;    // step, exponential: times this; plateau: "factor"
    bool from_start; // step: the first reduction is at epoch 0 already
    double lr_min;   // cosine: where it ends (eta_min); plateau: never below
    // plateau
    int patience, cooldown; // epochs
    double threshold;       // relative: what counts as better
    // one-cycle; the base rate is its max_lr
    double pct_start, div_factor, final_div_factor;
    int anneal; // ScheduleAnneal
    bool cycle_momentum;
    double base_momentum, max_momentum;
} ScheduleOptions;

// What a schedule that watches the loss carries from epoch to epoch. All 0 at the start.
typedef struct ScheduleState {
    int64_t seen;        // epochs observed
    double best, factor; // best metric; on the rate, 0 meaning that it is 1 yet
    int64_t bad, cooldown;
} ScheduleState;

typedef struct ScheduleRow {
    const char *name;  // "constant", "step", "cosine"
    const char *label; // "Constant", "StepLR", "Cosine"
    ScheduleOptions defaults;
    bool by_batch; // counts batches, always
    bool has_unit; // counts what options.unit says
    // The learning rate at place `at` (0 = first) of `of`, from the base rate `lr`.
    double (*rate)(const ScheduleOptions *options, double lr, int64_t at, int64_t of);
    // The momentum (or beta1) there; NULL: left alone.
    double (*momentum)(const ScheduleOptions *options, int64_t at, int64_t of);
    // At the end of each epoch, with the loss that is watched; NULL: it does not look.
    void (*observe)(const ScheduleOptions *options, ScheduleState *state, double lr, double loss);
} ScheduleRow;

typedef enum ScheduleKind {
    SCHEDULE_CONSTANT,
    SCHEDULE_STEP,
    SCHEDULE_EXPONENTIAL,
    SCHEDULE_COSINE,
    SCHEDULE_ONE_CYCLE,
    SCHEDULE_PLATEAU,
    SCHEDULE_COUNT,
} ScheduleKind;
extern const ScheduleRow schedule_rows[SCHEDULE_COUNT];

// -1 when there is none of that name.
int schedule_find(const char *name);

// Where a run is: batches trained, epochs complete, and how many there are.
typedef struct SchedulePlace {
    int64_t step, batches; // batches trained in all; in an epoch
    int epoch, epochs;
} SchedulePlace;

// The learning rate of the batch at `place`, before warm-up.
double schedule_rate(ScheduleKind kind, const ScheduleOptions *options, const ScheduleState *state,
                     double lr, const SchedulePlace *place);
// The momentum of that batch; negative: the schedule leaves it alone.
double schedule_momentum(ScheduleKind kind, const ScheduleOptions *options,
                         const SchedulePlace *place);

// Warm-up: the factor on batch `step` (0 = first) when the first `steps` batches rise evenly from
// `start` to 1. Source: torch.optim.lr_scheduler.LinearLR(start_factor=start, total_iters=steps).
double schedule_warmup(double start, int64_t steps, int64_t step);

#endif
