// Does backward compute what forward's slope says? Central differences on a handful of parameters
// and inputs of any network, on any back end. Ships with the library: whoever adds a layer calls
// it.
#ifndef INKLING_NN_GRADCHECK_H
#define INKLING_NN_GRADCHECK_H

#include "nn/model.h"

typedef struct GradCheck {
    double worst;   // largest |analytic - numeric| / (|analytic| + |numeric| + floor)
    char where[64]; // the tensor (or "input") and index of the worst
    int checked;    // entries judged
    int skipped;    // entries on a kink, where there is no slope to measure
} GradCheck;

// Random input and labels from `seed`, `n` samples, `per_tensor` entries of each tensor (all when
// it has fewer). STATUS_FORMAT when worse than the tolerance, which follows from float32: see the
// .c.
Status gradcheck_run(Backend *be, const ModelSpec *spec, int n, uint64_t seed, int per_tensor,
                     GradCheck *out);
// The same for the input alone and in evaluation, where batch norm goes by its running statistics
// and dropout keeps everything: what a saliency map is made of (model_backward).
Status gradcheck_evaluation(Backend *be, const ModelSpec *spec, int n, uint64_t seed, int entries,
                            GradCheck *out);

#endif
