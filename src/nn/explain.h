// How one number between two layers came about: which inputs it saw, with which weights, and what
// they add up to. For people who point at a pixel of a feature map; nothing is trained with it.
// Each layer kind tells its own part (LayerKind.explain).
#ifndef INKLING_NN_EXPLAIN_H
#define INKLING_NN_EXPLAIN_H

#include "nn/model.h"

typedef enum ExplainKind {
    EXPLAIN_SAME,    // one input, as it is (an activation at the very front makes it the value)
    EXPLAIN_SUM,     // inputs times weights, and the bias: conv, dense
    EXPLAIN_LARGEST, // the largest of a window
    EXPLAIN_MEAN,    // the mean of a window
    EXPLAIN_NORM,    // batch norm: (input - mean) / deviation * scale + bias
} ExplainKind;

// Zero-initialise; explanation_close when done. May be filled again and again.
typedef struct Explanation {
    ExplainKind kind;
    // What it saw: `channels` patches of h x w, whose corner is at (y0, x0) of the image `from`.
    // What lies outside of `from` is padding. A flat input that has been an image is one again; any
    // other is n channels of one number.
    Shape from;
    int channels, h, w, y0, x0;
    float *input;  // [channels][h][w], padding 0
    float *weight; // the same; NULL where there are none
    int channel;   // of `from` that patch 0 is: 0, but for windows that see one channel only
    float mean, deviation, scale, bias;
    int winner;      // EXPLAIN_LARGEST: which of h x w
    double sum;      // what comes out, in front of an activation, summed here in double
    float value;     // what the network itself has, behind the activation
    size_t capacity; // floats in `input` and in `weight`, each
} Explanation;

void explanation_close(Explanation *explanation);

// Where the number (c, y, x) in the output of layer `last` comes from, for sample 0 of the last
// forward. `layer`: the layer that made it; only activations and dropout lie between the two. A
// model that was opened for answering (in one for training, layers that are run in one have nothing
// in between). STATUS_MEMORY.
Status model_explain(const Model *model, int layer, int last, int c, int y, int x,
                     Explanation *out);

// ---- for the layer kinds ----
// One sample in front of a layer and the layer's tensors, in host memory.
typedef struct LayerLook {
    const LayerSpec *spec;
    Shape in, out;
    const float *x;
    const float *weights[4];
    int c, h, w; // the output asked for: channel, row, column
} LayerLook;

// Room for the patches, all 0; sets channels, h, w. False when memory ran out.
bool explanation_room(Explanation *explanation, int channels, int h, int w);
// Copies the patch of channel `c` at y0, x0 into place `at`.
void explanation_patch(Explanation *explanation, const LayerLook *look, int c, int at);

#endif
