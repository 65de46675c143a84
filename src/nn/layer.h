// A layer kind is one file (layer_*.c) and one row in layer_kinds[] (layers.c): its word, its
// arguments, its shape rule, its tensors, and forward and backward written once on the back end's
// operations. There is no version of anything for a particular device.
#ifndef INKLING_NN_LAYER_H
#define INKLING_NN_LAYER_H

#include "compute/backend.h"
#include "nn/explain.h"
#include "nn/spec.h"

// A default that says: the same as the first argument (a pool's stride is its kernel).
enum { LAYER_ARG_LIKE_FIRST = -1 };

// One argument in the notation. letter '\0' is the bare number, which must be the first one listed
// and is always printed; required ones have no default and are always printed too.
typedef struct LayerArg {
    char letter;
    const char *name; // "channels", "kernel": for messages and help
    double fallback;  // default, or LAYER_ARG_LIKE_FIRST
    double low, high; // allowed range, both ends in
    bool required, integer;
} LayerArg;

// What the shape rule tells of one layer: called once per layer by spec_plan.
typedef struct LayerPlan {
    Shape in, out;
    int tensor_count; // tensors it declares with layer_declare
    TensorInfo tensors[4];
    double flops; // of one sample's forward product; 0 for everything without one
    // Forward may write y over x, backward dx over dy (activations, dropout, flatten).
    bool in_place;
    bool back_in_place; // backward alone may (batch norm)
} LayerPlan;

// What a layer is given when it runs. All pointers are device memory.
typedef struct LayerRun {
    Backend *be;
    const LayerSpec *spec;
    Shape in, out;
    int n;             // samples in this batch
    bool training;     // batch statistics and dropout on; backward: what forward was
    uint64_t key;      // for this step and layer: dropout's randomness
    const float *x;    // input
    float *y;          // output (may be x if the layer is in place)
    float *dy;         // gradient of y; may be overwritten
    float *dx;         // gradient of x, NULL when nobody needs it (== dy in place)
    float *weights[4]; // its tensors, in the order declared
    float *grads[4];   // gradients of the trainable ones (NULL for buffers)
    void *cache;       // cache_bytes(spec, in, out) per batch, kept from forward to backward
    Activation fused;  // dense, conv: the activation behind it, done by the product itself
    float fused_parameter;
    bool pooled; // conv: the pooling behind it too; y, dy and the cache are then the pooling's
    PoolKind pool;
} LayerRun;

struct LayerKind {
    const char *word;   // in the notation: "conv"
    const char *label;  // for people: "Conv2d"
    const char *prefix; // of its tensors' names, numbered: "conv" -> conv1, conv2; NULL: none
    const char *help;   // one line
    LayerArg args[SPEC_ARGS_MAX]; // ends at the first with a NULL name
    bool wants_flat; // spec_parse_layers puts a flatten before it where the input is an image
    bool fuses;      // takes the activation behind it into its own product (LayerRun.fused)
    bool pools; // takes the pooling behind that as well, where it can_join and the back end can
                // (LayerRun.pooled)
    Activation activation; // what it is, if it is one. Its gradient comes from its output, so
                           // nobody overwrites that, and its slope, if any, is its first argument
    // May a layer that `pools` do this one? NULL: never. Averaging asks more of a back end.
    bool (*can_join)(const LayerSpec *spec);
    PoolKind joins_as;
    Status (*plan)(const LayerSpec *spec, LayerPlan *plan);
    // Bytes kept between forward and backward for `n` samples; NULL: none.
    size_t (*cache_bytes)(const LayerSpec *spec, Shape in, Shape out, int n);
    // The same for one that pools.
    size_t (*pooled_cache)(const LayerSpec *spec, Shape in, Shape out, int n);
    // Scratch that the back end must set aside; NULL: none.
    Status (*reserve)(Backend *be, const LayerSpec *spec, Shape in, Shape out, int n);
    // Both NULL: y is x and dx is dy, only the shape differs (flatten).
    void (*forward)(const LayerRun *run);
    void (*backward)(const LayerRun *run);
    // Where one number of the output comes from (explain.h): sets kind, patches, weights and sum.
    // False without memory. NULL: it is the input in the same place.
    bool (*explain)(const LayerLook *look, Explanation *out);
};

extern const LayerKind *const layer_kinds[];
extern const int layer_kind_count;

// NULL when there is none. Case does not matter.
const LayerKind *layer_find(const char *word);
// An argument by name, for code that needs one; the name must exist.
double layer_arg(const LayerSpec *spec, const char *name);
void layer_set_arg(LayerSpec *spec, const char *name, double value);

// For plan functions: declare the next tensor (NAME.suffix), initialised at random by its fans.
void layer_declare(LayerPlan *plan, const char *suffix, bool trainable, size_t fan_in,
                   size_t fan_out, int rank, int d0, int d1, int d2, int d3);
// The same for a vector of `count` that starts as `value` everywhere (batch norm's).
void layer_declare_filled(LayerPlan *plan, const char *suffix, bool trainable, float value,
                          int count);

#endif
