// What the files of the executor share (model.c, model_watch.c). Included by them alone.
#ifndef INKLING_NN_MODEL_INTERNAL_H
#define INKLING_NN_MODEL_INTERNAL_H

#include "nn/layer.h"
#include "nn/model.h"

struct Model {
    Backend *be;
    ModelSpec spec;
    ModelPlan plan;
    int max_batch;
    bool can_train;
    // The last forward, which backward goes back over.
    int last_n;
    const ModelWatch *watch; // NULL: nobody
    LayerRun runs[SPEC_LAYERS_MAX];
    bool in_place[SPEC_LAYERS_MAX];      // in backward
    bool skip[SPEC_LAYERS_MAX];          // nothing to run: flatten, or done by the layer before it
    float *outputs[SPEC_LAYERS_MAX + 1]; // [0] is the input; in `values`
    int first_trainable; // backward ends there unless the input's gradient is wanted
    const float *input_gradient;
    // Blocks on the device, one for each purpose.
    float *weights, *gradients, *values, *deltas;
    unsigned char *caches;
    size_t delta_floats; // `deltas` is two of these: a layer reads one and writes the other
    // For a watch, of one convolution that pools: what it puts out before that, its gradient, and
    // what the pooling by itself writes. NULL before model_reserve_watch, and where none pools.
    float *apart, *apart_delta, *apart_pooled;
    unsigned char *apart_places;
};

// Bytes that a batch of values of this shape takes.
size_t model_piece(const Model *model, Shape shape);
// A block on the device, for *out; `what` it is for, should there be no memory.
Status model_alloc(Model *model, size_t bytes, const char *what, void *out);

// For the watch: what layer i has just put out; and what it is about to be given back.
void model_show_forward(const Model *model, int i);
void model_show_backward(const Model *model, int i, float *dy);

#endif
