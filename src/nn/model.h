// A network on a back end: its plan, one flat array of weights, and, for training, one of
// gradients; everything else it needs between layers comes from blocks sized when it is opened.
// Nothing is allocated in a step. One thread at a time.
#ifndef INKLING_NN_MODEL_H
#define INKLING_NN_MODEL_H

#include "compute/backend.h"
#include "nn/spec.h"

typedef struct Model Model;

typedef enum InitKind {
    INIT_PYTORCH, // what nn.Linear and nn.Conv2d do: U(-1/sqrt(fan_in), 1/sqrt(fan_in)), bias too
    INIT_HE,      // N(0, 2/fan_in), bias 0 (He et al. 2015)
    INIT_XAVIER,  // U(-a, a), a = sqrt(6/(fan_in+fan_out)), bias 0 (Glorot and Bengio 2010)
    INIT_COUNT,
} InitKind;
extern const char *const init_names[INIT_COUNT]; // "pytorch", "he", "xavier"

// `max_batch`: most samples in one forward. `training`: gradients and caches too. The back end must
// outlive the model; the model does not own it. Weights are all 0 (batch norm: gamma 1, var 1).
Status model_open(Backend *be, const ModelSpec *spec, int max_batch, bool training, Model **out);
void model_close(Model **model);

const ModelSpec *model_spec(const Model *model);
const ModelPlan *model_plan(const Model *model);
Backend *model_backend(const Model *model);

// Fills a host array of plan->weight_floats from a seed: the same seed, the same bits, on every
// machine and back end. Batch norm: gamma 1, beta 0, mean 0, variance 1.
void weights_init(const ModelPlan *plan, InitKind kind, uint64_t seed, float *weights);

// The flat array, host <-> device.
void model_set_weights(Model *model, const float *weights);
void model_get_weights(const Model *model, float *weights);

// Device pointers: parameters (plan->parameter_floats, the buffers behind them: plan->weight_floats
// in all), gradients (plan->parameter_floats), the input [n][c][h][w].
float *model_parameters(const Model *model);
float *model_gradients(Model *model);
float *model_input(const Model *model);

// Runs the n samples in model_input. Gives the logits [n][classes], device. `key` seeds dropout of
// this step (ignored unless training).
const float *model_forward(Model *model, int n, bool training, uint64_t key);
// Where the loss puts the gradient for the logits of the last forward [n][classes], device.
float *model_logits_gradient(Model *model);
// From there back to every parameter. dx of the input is computed only when `want_input`. After a
// forward without training it is the gradient of what was answered (running statistics, all units
// there); batch norm's own parameters then get none, and their place in the gradients is undefined.
void model_backward(Model *model, int n, bool want_input);
// Gradient for the input after a backward with want_input, device.
const float *model_input_gradient(const Model *model);

// What layer `index` put out in the last forward (device, n samples of plan->shapes[index+1]). An
// in-place layer and the layer before it share theirs: what is seen is the later one's. A model
// opened for training may run a convolution, its activation and the max pooling behind it in one:
// all three then share the pooling's, with its shape.
const float *model_layer_output(const Model *model, int index);

// The last of the layers that run as one with layer `index`: itself, or an activation or pooling
// that its product does too.
int model_group_end(const Model *model, int index);

// Somebody who looks on while a step is carried out, layer by layer. It may read what it is given
// (download), and changes nothing: the step comes to the same bits. A convolution and the pooling
// that it does too are told one after the other, as if each had run by itself: what comes between
// them is worked out for the looker alone.
typedef struct ModelWatch {
    void *context;
    // Layers first .. last have put out y: [n][plan->shapes[last + 1]], device, valid until return.
    void (*forward)(void *context, int first, int last, const float *y);
    // The gradient of the loss for that y, before their own backward takes it.
    void (*backward)(void *context, int first, int last, const float *dy);
} ModelWatch;
// The last of the layers that are told together with layer `index`: as model_group_end, but for a
// pooling, which is told by itself.
int model_told_end(const Model *model, int index);
// The memory it takes to be watched; of a model opened for training.
Status model_reserve_watch(Model *model);
// From now on; NULL: nobody. `watch` must stay valid until then. After model_reserve_watch.
void model_set_watch(Model *model, const ModelWatch *watch);

#endif
