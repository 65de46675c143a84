// Strides, paddings and pools of a chain's convolutions: what a state dict does not say, solved
// from the one thing that it does: how many numbers the first dense layer takes. Usually a handful
// of answers fit; they come sorted, the most usual way to write a network first.
#ifndef INKLING_FORMATS_INFER_SHAPE_H
#define INKLING_FORMATS_INFER_SHAPE_H

#include "formats/infer_chain.h"
#include "nn/spec.h"

enum { SHAPE_GUESSES_MAX = 128 };

// What is done around one convolution.
typedef struct ConvGuess {
    int stride, dilation, pad_h, pad_w;
    int pool, pool_stride, pool_pad; // pool 0: none
    int global;                      // side of the image that a global pool takes behind it, or 0
} ConvGuess;

typedef struct ShapeGuess {
    int input;    // side of the image that the network was trained on: 28, or 32
    bool resized; // how 28 became 32: by interpolation, not by a border of 2
    ConvGuess convs[CHAIN_LINKS_MAX];
    float cost; // 0: as usual as can be
} ShapeGuess;

// Fills out[] with at most SHAPE_GUESSES_MAX guesses, best first. `side`: of the images at hand
// (28). A chain without convolutions has one, with the side in `input` from the first dense layer.
// STATUS_UNSUPPORTED when nothing fits, with the sizes.
Status shape_find(const Chain *chain, ShapeGuess *out, int *count);

#endif
