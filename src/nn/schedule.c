// The schedules: one function and one row each.
#include "nn/schedule.h"

#include <math.h>
#include <string.h>

static double schedule_constant(const ScheduleOptions *options, double lr, int epoch, int epochs) {
    (void)options;
    (void)epoch;
    (void)epochs;
    return lr;
}

// StepLR: lr * gamma ^ (epoch / step_size).
static double schedule_step(const ScheduleOptions *options, double lr, int epoch, int epochs) {
    (void)epochs;
    int size = options->step_size > 0 ? options->step_size : 1;
    return lr * pow(options->gamma, (double)(epoch / size + (options->from_start ? 1 : 0)));
}

// CosineAnnealingLR with T_max = epochs: lr_min would be reached behind the last epoch.
static double schedule_cosine(const ScheduleOptions *options, double lr, int epoch, int epochs) {
    if (epochs <= 0) return lr;
    const double pi = 3.14159265358979323846;
    double part = 0.5 * (1.0 + cos(pi * (double)epoch / (double)epochs));
    return options->lr_min + (lr - options->lr_min) * part;
}

const ScheduleRow schedule_rows[SCHEDULE_COUNT] = {
    [SCHEDULE_CONSTANT] = {"constant", "Constant", schedule_constant},
    [SCHEDULE_STEP] = {"step", "StepLR", schedule_step},
    [SCHEDULE_COSINE] = {"cosine", "Cosine", schedule_cosine},
};

int schedule_find(const char *name) {
    for (int i = 0; i < SCHEDULE_COUNT; i++)
        if (strcmp(schedule_rows[i].name, name) == 0) return i;
    return -1;
}
