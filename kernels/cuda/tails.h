// What an operation of a step can take along of its neighbour, so that two kernels become one (see
// fuse.cu). Nothing is taken along where all is 0. No gaps between the members: notes are compared
// byte by byte. Part of device.h.
#ifndef INKLING_CUDA_TAILS_H
#define INKLING_CUDA_TAILS_H

// With a dense layer: the dropout behind it.
typedef struct Dropped {
    float *out; // forward: where the result of dropout goes; the layer's own is written as well
    Given key;
    uint32_t threshold;
    float scale; // backward: not 0 where the gradient is that behind the dropout
} Dropped;

// With batch norm: the activation behind it.
typedef struct NormActivation {
    float *y; // NULL: none
    Activation kind;
    float parameter;
} NormActivation;

#endif
