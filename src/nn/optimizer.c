// The table of update rules, made from OPTIMIZER_LIST, and the state of one of them on a back end.
#include "nn/optimizer.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

const OptimizerRow optimizer_rows[OPTIMIZER_COUNT] = {
#define OPTIMIZER_ROW(id, fn, row_name, row_label, row_slots, mask, ...)                           \
    [OPTIMIZER_##id] = {.name = row_name,                                                          \
                        .label = row_label,                                                        \
                        .slots = row_slots,                                                        \
                        .options = mask,                                                           \
                        .defaults = {__VA_ARGS__},                                                 \
                        .slots_used = fn##_slots,                                                  \
                        .prepare = fn##_prepare},
    OPTIMIZER_LIST(OPTIMIZER_ROW)
#undef OPTIMIZER_ROW
};

int optimizer_find(const char *name) {
    for (int i = 0; i < OPTIMIZER_COUNT; i++)
        if (strcmp(optimizer_rows[i].name, name) == 0) return i;
    return -1;
}

struct Optimizer {
    Backend *be;
    OptimizerKind kind;
    OptimizerOptions options;
    OptimizerStep step; // t and memory go on from step to step
    size_t count;
    int slots;                         // used with these options
    float *state[OPTIMIZER_SLOTS_MAX]; // device; NULL behind the used ones
    double *squares;                   // device: one number, for clipping
};

Status optimizer_open(Backend *be, OptimizerKind kind, const OptimizerOptions *options,
                      size_t count, Optimizer **out) {
    Status status;
    *out = NULL;
    Optimizer *optimizer = calloc(1, sizeof *optimizer);
    if (!optimizer) return status_no_memory("the optimizer", sizeof *optimizer);
    optimizer->be = be;
    optimizer->kind = kind;
    optimizer->options = *options;
    optimizer->count = count;
    optimizer->slots = optimizer_rows[kind].slots_used(options);
    REQUIRE(optimizer->slots <= optimizer_rows[kind].slots);
    size_t bytes = (count ? count : 1) * sizeof(float);
    for (int k = 0; k < optimizer->slots; k++) {
        optimizer->state[k] = be->ops->alloc(be, bytes);
        if (!optimizer->state[k]) {
            status = status_no_memory("the optimizer's state", bytes);
            goto fail;
        }
        be->ops->zero(be, optimizer->state[k], bytes);
    }
    optimizer->squares = be->ops->alloc(be, sizeof *optimizer->squares);
    if (!optimizer->squares) {
        status = status_no_memory("the optimizer's state", sizeof *optimizer->squares);
        goto fail;
    }
    *out = optimizer;
    return status_ok();
fail:
    optimizer_close(&optimizer);
    return status;
}

void optimizer_close(Optimizer **optimizer) {
    Optimizer *o = *optimizer;
    if (!o) return;
    for (int k = 0; k < o->slots; k++) o->be->ops->release(o->be, o->state[k]);
    o->be->ops->release(o->be, o->squares);
    free(o);
    *optimizer = NULL;
}

void optimizer_set_lr(Optimizer *optimizer, double lr) {
    optimizer->options.lr = lr;
}

void optimizer_set_momentum(Optimizer *optimizer, double momentum) {
    unsigned takes = optimizer_rows[optimizer->kind].options;
    if (takes & OPTION_BETAS) optimizer->options.beta1 = momentum;
    if ((takes & OPTION_MOMENTUM) && optimizer->options.momentum != 0 && momentum > 0)
        optimizer->options.momentum = momentum;
}

void optimizer_clip(Optimizer *optimizer, float *gradients, double max_norm) {
    const BackendOps *ops = optimizer->be->ops;
    ops->sum_squares(optimizer->be, optimizer->count, gradients, optimizer->squares);
    ops->clip(optimizer->be, optimizer->count, max_norm, optimizer->squares, gradients);
}

void optimizer_step(Optimizer *optimizer, float *parameters, const float *gradients) {
    optimizer->step.t++;
    optimizer_rows[optimizer->kind].prepare(&optimizer->step, &optimizer->options);
    optimizer->be->ops->update(optimizer->be, optimizer->kind, &optimizer->step, optimizer->count,
                               parameters, gradients, optimizer->state);
}

const OptimizerStep *optimizer_last(const Optimizer *optimizer) {
    return &optimizer->step;
}

size_t optimizer_state_floats(const Optimizer *optimizer) {
    return (size_t)optimizer->slots * optimizer->count;
}

void optimizer_get_state(const Optimizer *optimizer, int64_t *t, double memory[2], float *slots) {
    *t = optimizer->step.t;
    memcpy(memory, optimizer->step.memory, sizeof optimizer->step.memory);
    for (int k = 0; k < optimizer->slots; k++)
        optimizer->be->ops->download(optimizer->be, slots + (size_t)k * optimizer->count,
                                     optimizer->state[k], optimizer->count * sizeof *slots);
}

void optimizer_set_state(Optimizer *optimizer, int64_t t, const double memory[2],
                         const float *slots) {
    optimizer->step.t = t;
    memcpy(optimizer->step.memory, memory, sizeof optimizer->step.memory);
    for (int k = 0; k < optimizer->slots; k++)
        optimizer->be->ops->upload(optimizer->be, optimizer->state[k],
                                   slots + (size_t)k * optimizer->count,
                                   optimizer->count * sizeof *slots);
}
