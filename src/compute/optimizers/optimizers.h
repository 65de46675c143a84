// Every update rule, one row each. A rule is one header beside this one with three functions:
//   NAME_slots(options): how many of its state slots these options use; the used ones come first;
//   NAME_prepare(step, options): once a step, on the host: the scalars of this step, in double as
//     PyTorch's Python does them, rounded to float where PyTorch hands them to a tensor operation;
//   NAME_update(w, g, s, step): for one parameter, on any back end: its new value; s[] are its
//     state slots, all 0 before the first step (those that are not used: always 0).
// Both C and CUDA compile these headers: plain functions of floats, no library beyond sqrtf, fabsf.
//
// Names, defaults and arithmetic are PyTorch's (torch.optim, versions 1.13 to 2.x, which agree
// except where a header says so). To add a rule: one header, included below, and one row in
// OPTIMIZER_LIST; an option that no rule had before also wants its field, its OPTION_ bit and a row
// in the table of settings (train/options.c).
#ifndef INKLING_COMPUTE_OPTIMIZERS_H
#define INKLING_COMPUTE_OPTIMIZERS_H

#include "base/device_fn.h"

#include <math.h>
#include <stdint.h>

#define OPTIMIZER_FN DEVICE_FN

enum { OPTIMIZER_SLOTS_MAX = 3 };

// What a person can set. A rule looks only at what it has (its row's mask); the rest is ignored.
typedef struct OptimizerOptions {
    double lr;
    double momentum;     // sgd family, rmsprop
    double dampening;    // sgd family
    double beta1, beta2; // adam family ("betas")
    double alpha;        // rmsprop
    double rho;          // adadelta
    double eps;
    double weight_decay;
    double lr_decay;                  // adagrad
    double initial_accumulator_value; // adagrad
    double momentum_decay;            // nadam
    int nesterov, amsgrad, centered;
} OptimizerOptions;

enum {
    OPTION_MOMENTUM = 1 << 0,
    OPTION_DAMPENING = 1 << 1,
    OPTION_BETAS = 1 << 2,
    OPTION_ALPHA = 1 << 3,
    OPTION_EPS = 1 << 4,
    OPTION_WEIGHT_DECAY = 1 << 5,
    OPTION_LR_DECAY = 1 << 6,
    OPTION_NESTEROV = 1 << 7,
    OPTION_AMSGRAD = 1 << 8,
    OPTION_CENTERED = 1 << 9,
    OPTION_RHO = 1 << 10,
    OPTION_INITIAL_ACCUMULATOR = 1 << 11,
    OPTION_MOMENTUM_DECAY = 1 << 12,
};

// The scalars of one step, as NAME_prepare leaves them. `t` counts from 1 and is set by the caller
// before; `memory` is what a rule carries from step to step beside its slots (0 before the first),
// saved and restored with the state.
typedef struct OptimizerStep {
    int64_t t;
    double memory[2];
    float lr, momentum, one_minus_dampening, beta1, beta2, one_minus_beta1, one_minus_beta2;
    float alpha, one_minus_alpha, eps, weight_decay;
    float scale[4]; // a rule's own derived scalars
    int nesterov, amsgrad, centered;
} OptimizerStep;

// Included here and nowhere else: they use what stands above.
#include "compute/optimizers/adadelta.h"
#include "compute/optimizers/adagrad.h"
#include "compute/optimizers/adam.h"
#include "compute/optimizers/adamw.h"
#include "compute/optimizers/lion.h"
#include "compute/optimizers/nadam.h"
#include "compute/optimizers/radam.h"
#include "compute/optimizers/rmsprop.h"
#include "compute/optimizers/sgd.h"

// X(ID, file's function prefix, name, label for people, most slots, options mask, defaults ...)
#define OPTIMIZER_LIST(X)                                                                          \
    X(SGD, sgd, "sgd", "SGD", 1,                                                                   \
      OPTION_MOMENTUM | OPTION_DAMPENING | OPTION_NESTEROV | OPTION_WEIGHT_DECAY, .lr = 0.01)      \
    X(MOMENTUM, sgd, "momentum", "SGD momentum", 1,                                                \
      OPTION_MOMENTUM | OPTION_DAMPENING | OPTION_NESTEROV | OPTION_WEIGHT_DECAY, .lr = 0.01,      \
      .momentum = 0.9)                                                                             \
    X(NESTEROV, sgd, "nesterov", "Nesterov", 1,                                                    \
      OPTION_MOMENTUM | OPTION_DAMPENING | OPTION_NESTEROV | OPTION_WEIGHT_DECAY, .lr = 0.01,      \
      .momentum = 0.9, .nesterov = 1)                                                              \
    X(ADAGRAD, adagrad, "adagrad", "Adagrad", 1,                                                   \
      OPTION_EPS | OPTION_WEIGHT_DECAY | OPTION_LR_DECAY | OPTION_INITIAL_ACCUMULATOR, .lr = 0.01, \
      .eps = 1e-10)                                                                                \
    X(RMSPROP, rmsprop, "rmsprop", "RMSprop", 3,                                                   \
      OPTION_MOMENTUM | OPTION_ALPHA | OPTION_EPS | OPTION_WEIGHT_DECAY | OPTION_CENTERED,         \
      .lr = 0.01, .alpha = 0.99, .eps = 1e-8)                                                      \
    X(ADAM, adam, "adam", "Adam", 3,                                                               \
      OPTION_BETAS | OPTION_EPS | OPTION_WEIGHT_DECAY | OPTION_AMSGRAD, .lr = 0.001, .beta1 = 0.9, \
      .beta2 = 0.999, .eps = 1e-8)                                                                 \
    X(ADAMW, adamw, "adamw", "AdamW", 3,                                                           \
      OPTION_BETAS | OPTION_EPS | OPTION_WEIGHT_DECAY | OPTION_AMSGRAD, .lr = 0.001, .beta1 = 0.9, \
      .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01)                                           \
    X(ADADELTA, adadelta, "adadelta", "Adadelta", 2,                                               \
      OPTION_RHO | OPTION_EPS | OPTION_WEIGHT_DECAY, .lr = 1.0, .rho = 0.9, .eps = 1e-6)           \
    X(RADAM, radam, "radam", "RAdam", 2, OPTION_BETAS | OPTION_EPS | OPTION_WEIGHT_DECAY,          \
      .lr = 0.001, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8)                                      \
    X(NADAM, nadam, "nadam", "NAdam", 2,                                                           \
      OPTION_BETAS | OPTION_EPS | OPTION_WEIGHT_DECAY | OPTION_MOMENTUM_DECAY, .lr = 0.002,        \
      .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .momentum_decay = 0.004)                          \
    X(LION, lion, "lion", "Lion", 1, OPTION_BETAS | OPTION_WEIGHT_DECAY, .lr = 0.0001,             \
      .beta1 = 0.9, .beta2 = 0.99)

// For back ends: how many slots there are, when NULL stands in place of each unused one.
OPTIMIZER_FN int optimizer_state_slots(float *const state[OPTIMIZER_SLOTS_MAX]) {
    int slots = 0;
    while (slots < OPTIMIZER_SLOTS_MAX && state[slots]) slots++;
    return slots;
}

typedef enum OptimizerKind {
#define OPTIMIZER_ENUM(id, fn, name, label, slots, mask, ...) OPTIMIZER_##id,
    OPTIMIZER_LIST(OPTIMIZER_ENUM)
#undef OPTIMIZER_ENUM
        OPTIMIZER_COUNT
} OptimizerKind;

#endif
