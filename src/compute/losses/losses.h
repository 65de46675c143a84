// Every loss, one row each. A loss is one header beside this one with one function,
//   NAME_row(settings, row, dz): the loss of one row of logits, and in dz (may be NULL) its
//   gradient
//     for the logits times settings->share. dz may be row->p itself.
// Both C and CUDA compile these headers: plain functions of numbers, no library.
//
// Names and numbers are PyTorch's (torch.nn.functional with reduction="mean"): what is minimised is
// the mean over the batch of these values.
// To add a loss: one header, included below, and one row in LOSS_LIST.
#ifndef INKLING_COMPUTE_LOSSES_H
#define INKLING_COMPUTE_LOSSES_H

#include <stddef.h>

#if defined(__CUDACC__)
#define LOSS_FN static inline __host__ __device__
#else
#define LOSS_FN static inline
#endif

typedef struct LossSettings {
    int classes;
    float smoothing; // share of a label that is spread over all classes
    float share;     // 1 / rows of the batch
} LossSettings;

// One row, as the back end prepares it.
typedef struct LossRow {
    const float *z; // logits
    const float *p; // their softmax
    double norm;    // log(sum(exp(z)))
    int label;
} LossRow;

// Included here and nowhere else: they use what stands above.
#include "compute/losses/cross_entropy.h"
#include "compute/losses/hinge.h"
#include "compute/losses/mse.h"

enum {
    LOSS_TAKES_SMOOTHING = 1 << 0,
};

// X(ID, file's function prefix, name, label for people, what it takes)
#define LOSS_LIST(X)                                                                               \
    X(CROSS_ENTROPY, cross_entropy, "cross-entropy", "Cross-entropy", LOSS_TAKES_SMOOTHING)        \
    X(MSE, mse, "mse", "Squared error", 0)                                                         \
    X(HINGE, hinge, "hinge", "Multi-class hinge", 0)

typedef enum LossKind {
#define LOSS_ENUM(id, fn, name, label, takes) LOSS_##id,
    LOSS_LIST(LOSS_ENUM)
#undef LOSS_ENUM
        LOSS_COUNT
} LossKind;

typedef double (*LossRowFunction)(const LossSettings *s, const LossRow *row, float *dz);

#endif
