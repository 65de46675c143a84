// The optimizer of one model: which rule, its options, its state. The arithmetic is in
// compute/optimizers/, one header per rule; this is the table of their names and defaults and the
// object that holds the state on the back end.
#ifndef INKLING_NN_OPTIMIZER_H
#define INKLING_NN_OPTIMIZER_H

#include "compute/backend.h"

typedef struct OptimizerRow {
    const char *name;  // "adam"
    const char *label; // "Adam"
    int slots;         // at most
    unsigned options;  // OPTION_* it takes
    OptimizerOptions defaults;
    int (*slots_used)(const OptimizerOptions *options);
    void (*prepare)(OptimizerStep *step, const OptimizerOptions *options);
} OptimizerRow;
extern const OptimizerRow optimizer_rows[OPTIMIZER_COUNT];

// -1 when there is none of that name.
int optimizer_find(const char *name);

typedef struct Optimizer Optimizer;

// State for `count` parameters, all 0. Slots that these options do not use take no memory.
Status optimizer_open(Backend *be, OptimizerKind kind, const OptimizerOptions *options,
                      size_t count, Optimizer **out);
void optimizer_close(Optimizer **optimizer);

// The learning rate of the next steps.
void optimizer_set_lr(Optimizer *optimizer, double lr);
// The momentum of the next steps, or beta1 of a rule that has betas. Nothing happens where the
// optimizer was opened without momentum.
void optimizer_set_momentum(Optimizer *optimizer, double momentum);
// Scales the gradients so that their norm is at most `max_norm`. Source:
// torch.nn.utils.clip_grad_norm_.
void optimizer_clip(Optimizer *optimizer, float *gradients, double max_norm);
// One step: parameters from gradients.
void optimizer_step(Optimizer *optimizer, float *parameters, const float *gradients);

// The scalars of the last step.
const OptimizerStep *optimizer_last(const Optimizer *optimizer);

// State as plain numbers, for checkpoints: the step count, two memories, then slots * count floats.
size_t optimizer_state_floats(const Optimizer *optimizer);
void optimizer_get_state(const Optimizer *optimizer, int64_t *t, double memory[2], float *slots);
void optimizer_set_state(Optimizer *optimizer, int64_t t, const double memory[2],
                         const float *slots);

#endif
