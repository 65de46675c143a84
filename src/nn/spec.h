// A network as a plain value: input, normalization and a list of layers with their numbers, written
// and read in one line of notation:
//
//   conv 6 k5 p2, relu, avgpool 2, conv 16 k5, relu, avgpool 2, flatten, dense 120, relu, dense 10
//
// A layer is its word, then its arguments in any order: a bare number for the first, letter+number
// for the others (k kernel, s stride, p padding ...). `flatten` may be left out in front of dense.
// Every layer kind declares its arguments in its row (layer.h): parsing, printing, ranges and help
// all come from there. Not here: weights (model.h), anything that runs.
#ifndef INKLING_NN_SPEC_H
#define INKLING_NN_SPEC_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SPEC_LAYERS_MAX = 128,
    SPEC_ARGS_MAX = 4,
    SPEC_NAME_MAX = 64,
    SPEC_CLASSES_MAX = 62,
    SPEC_TENSORS_MAX = SPEC_LAYERS_MAX * 4,
    SPEC_TEXT_MAX = SPEC_LAYERS_MAX * 128,
    SPEC_PARAMETERS_MAX = 64 * 1000 * 1000,
    SPEC_SAMPLE_MAX = 16 * 1024 * 1024, // numbers of one sample between two layers
};

// One sample between two layers. A flat vector of n numbers is {n, 1, 1} with flat = true.
typedef struct Shape {
    int c, h, w;
    bool flat;
} Shape;

static inline size_t shape_count(Shape s) {
    return (size_t)s.c * (size_t)s.h * (size_t)s.w;
}
// "6x28x28" or "400".
void shape_print(Shape s, char out[48]);

typedef struct LayerKind LayerKind;

typedef struct LayerSpec {
    const LayerKind *kind;
    double args[SPEC_ARGS_MAX]; // by the kind's list of arguments
} LayerSpec;

// What turns a byte into the network's input: (byte/255 - mean) / std.
typedef struct Normalization {
    float mean, std;
} Normalization;

// Copying it is fine.
typedef struct ModelSpec {
    char name[SPEC_NAME_MAX]; // for people: "LeNet-5"; or of the preset
    Shape input;              // 1x28x28 for MNIST
    Normalization normalization;
    int layer_count;
    LayerSpec layers[SPEC_LAYERS_MAX];
} ModelSpec;

// Reads the notation into out->layers (a flatten is put in where a dense layer needs it). The rest
// of `out` must have been set. The error names the layer by number and word, and what was expected:
// "layer 3 (conv): argument k must be 1 to 64, not 0".
Status spec_parse_layers(const char *text, ModelSpec *out);

// The canonical notation: letters that have their default are left out, the bare number never.
// Cut at `size`; SPEC_TEXT_MAX is always enough.
void spec_print_layers(const ModelSpec *spec, char *out, size_t size);

// ---- what a spec comes to: shapes, tensors, sizes
// ------------------------------------------------

// One named tensor, parameter or buffer, as PyTorch's state_dict has it.
typedef struct TensorInfo {
    char name[48]; // "conv1.weight", "bn2.running_mean"
    int layer;     // its layer's index
    int rank;      // 1 .. 4
    int dims[4];
    size_t offset;  // in floats, into the flat array of weights (see ModelPlan)
    size_t count;   // product of dims
    bool trainable; // a parameter; false: a buffer (running statistics)
    size_t fan_in;  // of its layer, for initialisation (weights and the bias beside them)
    size_t fan_out; // 0, like fan_in, for a tensor that does not start at random
    float initial;  // what that one starts as
} TensorInfo;

// The flat array of weights has all parameters first, then all buffers, each piece in the order of
// the layers and 16-float aligned (the gaps are 0 and stay 0). Gradients and optimizer state have
// the same layout for the parameters' part.
typedef struct ModelPlan {
    Shape shapes[SPEC_LAYERS_MAX + 1]; // shapes[i] goes into layer i, shapes[layer_count] comes out
    int tensor_count;
    TensorInfo tensors[SPEC_TENSORS_MAX];
    int first_tensor[SPEC_LAYERS_MAX + 1]; // tensors of layer i: first_tensor[i] .. [i+1]-1
    size_t parameter_floats;               // flat array: parameters' part, gaps included
    size_t weight_floats;                  // parameters and buffers, gaps included
    size_t parameters;                     // what people call the number of parameters
    int classes;                           // size of the last layer's output
    double flops_forward;                  // multiply-adds count 2; per sample
    double flops_training;                 // forward, weight gradient, input gradient where needed
} ModelPlan;

// Follows the shapes through the layers. The error names the layer and the shapes that do not fit:
// "layer 5 (conv): a 5x5 kernel does not fit a 16x4x4 input". The last layer's output must be flat
// with 2 to 62 classes. A plan is about 50 KB: allocate it, or keep it in what you allocate.
Status spec_plan(const ModelSpec *spec, ModelPlan *out);

#endif
