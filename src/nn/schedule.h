// Learning-rate schedules: a pure function of progress, one row each. PyTorch's names and formulas
// (torch.optim.lr_scheduler), applied once an epoch as its tutorials do.
#ifndef INKLING_NN_SCHEDULE_H
#define INKLING_NN_SCHEDULE_H

#include "base/status.h"

typedef struct ScheduleOptions {
    int step_size;   // step: every so many epochs (default 5)
    double gamma;    // step: times this (default 0.1)
    bool from_start; // step: the first reduction is at epoch 0 already
    double lr_min;   // cosine: where it ends (eta_min, default 0)
} ScheduleOptions;

typedef struct ScheduleRow {
    const char *name;  // "constant", "step", "cosine"
    const char *label; // "Constant", "StepLR", "Cosine"
    // The learning rate in epoch `epoch` (0 = first) of `epochs`, from the base rate `lr`.
    double (*rate)(const ScheduleOptions *options, double lr, int epoch, int epochs);
} ScheduleRow;

typedef enum ScheduleKind {
    SCHEDULE_CONSTANT,
    SCHEDULE_STEP,
    SCHEDULE_COSINE,
    SCHEDULE_COUNT,
} ScheduleKind;
extern const ScheduleRow schedule_rows[SCHEDULE_COUNT];

// -1 when there is none of that name.
int schedule_find(const char *name);

#endif
