// Batch norm of one channel by the threads that share it: written once for the kernels of its own
// (windows.cu) and for the products that end in it (dense.cu). Values says where the numbers are:
//     float x(size_t i);                    value i of the channel, before
//     void y(size_t i, float v);            ... and after (forward)
//     float g(size_t i); void dx(size_t i, float v);                          (backward)
// Every sum has one order, so that both give the same bits.
#ifndef INKLING_CUDA_NORM_H
#define INKLING_CUDA_NORM_H

#include "device.h"

// How a block's threads are dealt out: `across` channels side by side, `each` threads for each.
struct NormThreads {
    int across, each;

    __device__ int lane(void) const {
        return (int)threadIdx.x % across;
    }
    __device__ int turn(void) const {
        return (int)threadIdx.x / across;
    }
    // The sum over the channel's threads, for all of them. Called by the whole block.
    __device__ double sum(double value, double *shared) const {
        __syncthreads();
        shared[threadIdx.x] = value;
        for (int half = each / 2; half > 0; half /= 2) {
            __syncthreads();
            if ((int)threadIdx.x < half * across)
                shared[threadIdx.x] += shared[threadIdx.x + half * across];
        }
        __syncthreads();
        return shared[lane()];
    }
};

typedef struct NormForward {
    BatchNormShape s;
    const float *gamma, *beta;
    float *running_mean, *running_var, *saved;
} NormForward;

typedef struct NormBackward {
    BatchNormShape s;
    const float *gamma, *saved;
    float *dgamma, *dbeta;
} NormBackward;

// 1 / sqrt(var + eps), `squares` being the sum of those of the differences from the mean.
static __device__ inline float norm_inverse(const NormForward &norm, size_t count, double squares) {
    return (float)(1.0 / sqrt(squares / (double)count + (double)norm.s.eps));
}

// What is kept of channel c, by one thread.
static __device__ inline void norm_keep(const NormForward &norm, int c, size_t count, double mean,
                                        double squares) {
    // A single value has no unbiased variance; its biased one (0) stands in.
    double unbiased = squares / (double)(count > 1 ? count - 1 : 1);
    double take = (double)norm.s.momentum;
    norm.running_mean[c] = (float)((1.0 - take) * (double)norm.running_mean[c] + take * mean);
    norm.running_var[c] = (float)((1.0 - take) * (double)norm.running_var[c] + take * unbiased);
    norm.saved[c] = (float)mean;
    norm.saved[norm.s.channels + c] = norm_inverse(norm, count, squares);
}

// Channel c, if it is `there`, of `count` values. Called by the whole block.
template <class Values>
__device__ inline void norm_forward(const NormForward &norm, const NormThreads &threads, int c,
                                    bool there, size_t count, Values values) {
    __shared__ double shared[THREADS];
    size_t first = there ? (size_t)threads.turn() : count, step = (size_t)threads.each;
    float part = 0.0f;
    for (size_t i = first; i < count; i += step) part += values.x(i);
    double mean = threads.sum((double)part, shared) / (double)count;
    float center = (float)mean;
    part = 0.0f;
    for (size_t i = first; i < count; i += step) {
        float d = values.x(i) - center;
        part = fmaf(d, d, part);
    }
    double squares = threads.sum((double)part, shared);
    if (!there) return;
    float scale = norm_inverse(norm, count, squares) * norm.gamma[c], shift = norm.beta[c];
    for (size_t i = first; i < count; i += step)
        values.y(i, fmaf(values.x(i) - center, scale, shift));
    if (threads.turn() == 0) norm_keep(norm, c, count, mean, squares);
}

template <class Values>
__device__ inline void norm_backward(const NormBackward &norm, const NormThreads &threads, int c,
                                     bool there, size_t count, Values values) {
    __shared__ double shared[THREADS];
    size_t first = there ? (size_t)threads.turn() : count, step = (size_t)threads.each;
    float mean = there ? norm.saved[c] : 0.0f;
    float inverse = there ? norm.saved[norm.s.channels + c] : 0.0f;
    float part = 0.0f, part_xhat = 0.0f;
    for (size_t i = first; i < count; i += step) {
        float g = values.g(i);
        part += g;
        part_xhat = fmaf(g, (values.x(i) - mean) * inverse, part_xhat);
    }
    double sum = threads.sum((double)part, shared);
    double sum_xhat = threads.sum((double)part_xhat, shared);
    if (!there) return;
    float even = (float)(sum / (double)count), along = (float)(sum_xhat / (double)count);
    float scale = norm.gamma[c] * inverse;
    for (size_t i = first; i < count; i += step) {
        float xhat = (values.x(i) - mean) * inverse;
        values.dx(i, scale * (values.g(i) - even - xhat * along));
    }
    if (threads.turn() > 0) return;
    norm.dgamma[c] = (float)sum_xhat;
    norm.dbeta[c] = (float)sum;
}

// ... with the activation behind it, if that is taken along.
static __device__ inline void norm_put(const NormActivation &after, float *y, size_t at, float v) {
    y[at] = v;
    if (after.y) after.y[at] = activate(after.kind, after.parameter, v);
}

static __device__ inline float norm_gradient(const NormActivation &after, size_t at, float dy) {
    return after.y ? activate_gradient(after.kind, after.parameter, after.y[at], dy) : dy;
}

#endif
