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

#include "base/device_fn.h"

#include <stddef.h>

#define LOSS_FN DEVICE_FN

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

// The label of a row that shows none of the classes, whatever the loss: every class is wanted with
// 1 / classes (row->label is 0 then), and it is right when none gets half. Source: D. Hendrycks,
// M. Mazeika, T. Dietterich 2019, "Deep Anomaly Detection with Outlier Exposure".
enum { LABEL_NONE = 255 };

LOSS_FN double loss_none_row(const LossSettings *s, const LossRow *row, float *dz) {
    LossSettings everywhere = *s;
    everywhere.smoothing = 1.0f;
    return cross_entropy_row(&everywhere, row, dz);
}

// `top`: the largest logit.
LOSS_FN int loss_none_is_right(const LossRow *row, float top) {
    return (double)top < row->norm - 0.69314718055994531; // log 2
}

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
