// Pooling: a thread for each result, in both directions: backward, each pixel collects from the
// windows it lies in, in their order, so nothing is added to by two threads. Batch norm: threads
// share a channel and add up in a tree.
#include "device.h"

// ---- pooling ----------------------------------------------------------------------------------

static __global__ void max_pool_forward(PoolShape s, size_t count, const float *x, float *y,
                                        uint8_t *argmax) {
    kernel_begin();
    int out_area = s.out_h * s.out_w;
    for (size_t i = element_first(); i < count; i += element_step()) {
        const float *plane = x + i / out_area * s.in_h * s.in_w;
        int place = (int)(i % out_area);
        int y0 = place / s.out_w * s.stride - s.pad, x0 = place % s.out_w * s.stride - s.pad;
        float best = -INFINITY; // of a window that lies in the padding altogether
        int best_place = -1;
        for (int k = 0; k < s.kernel * s.kernel; k++) {
            int iy = y0 + k / s.kernel, ix = x0 + k % s.kernel;
            if (iy < 0 || iy >= s.in_h || ix < 0 || ix >= s.in_w) continue;
            float v = plane[iy * s.in_w + ix];
            if (best_place < 0 || larger_for_pool(v, best)) {
                best = v;
                best_place = k;
            }
        }
        y[i] = best;
        argmax[i] = (uint8_t)(best_place < 0 ? 0 : best_place);
    }
}

// The windows along one side that cover position `at`: from the first to before the last.
static __device__ inline void covering(int at, int pad, int kernel, int stride, int out, int *first,
                                       int *last) {
    int end = at + pad;           // position in the padded input
    int begin = end - kernel + 1; // a window that starts before this one ends too soon
    *first = begin <= 0 ? 0 : (begin + stride - 1) / stride;
    *last = end / stride + 1 < out ? end / stride + 1 : out;
}

template <bool LARGEST>
static __global__ void pool_backward(PoolShape s, size_t count, const float *dy,
                                     const uint8_t *argmax, float *dx) {
    kernel_begin();
    int in_area = s.in_h * s.in_w;
    float places = (float)(s.kernel * s.kernel);
    for (size_t i = element_first(); i < count; i += element_step()) {
        int iy = (int)(i % in_area) / s.in_w, ix = (int)(i % in_area) % s.in_w;
        size_t plane = i / in_area * s.out_h * s.out_w;
        int y0, y1, x0, x1;
        covering(iy, s.pad, s.kernel, s.stride, s.out_h, &y0, &y1);
        covering(ix, s.pad, s.kernel, s.stride, s.out_w, &x0, &x1);
        float sum = 0.0f;
        for (int oy = y0; oy < y1; oy++)
            for (int ox = x0; ox < x1; ox++) {
                size_t at = plane + (size_t)oy * s.out_w + ox;
                int place = (iy + s.pad - oy * s.stride) * s.kernel + ix + s.pad - ox * s.stride;
                if (!LARGEST)
                    sum += dy[at] / places;
                else if (argmax[at] == place)
                    sum += dy[at];
            }
        dx[i] = sum;
    }
}

static __global__ void avg_pool_forward(PoolShape s, size_t count, const float *x, float *y) {
    kernel_begin();
    int out_area = s.out_h * s.out_w;
    for (size_t i = element_first(); i < count; i += element_step()) {
        const float *plane = x + i / out_area * s.in_h * s.in_w;
        int place = (int)(i % out_area);
        int y0 = place / s.out_w * s.stride - s.pad, x0 = place % s.out_w * s.stride - s.pad;
        float sum = 0.0f;
        for (int iy = y0 < 0 ? 0 : y0; iy < y0 + s.kernel && iy < s.in_h; iy++)
            for (int ix = x0 < 0 ? 0 : x0; ix < x0 + s.kernel && ix < s.in_w; ix++)
                sum += plane[iy * s.in_w + ix];
        y[i] = sum / (float)(s.kernel * s.kernel);
    }
}

static size_t pool_in(PoolShape s, int n) {
    return (size_t)n * s.channels * s.in_h * s.in_w;
}

static size_t pool_out(PoolShape s, int n) {
    return (size_t)n * s.channels * s.out_h * s.out_w;
}

void cuda_max_pool_forward(Cuda *cuda, PoolShape s, int n, const float *x, float *y,
                           uint8_t *argmax) {
    launch(cuda, "max pooling", max_pool_forward, blocks_for(pool_out(s, n)), s, pool_out(s, n), x,
           y, argmax);
}

void cuda_max_pool_backward(Cuda *cuda, PoolShape s, int n, const float *dy, const uint8_t *argmax,
                            float *dx) {
    launch(cuda, "max pooling backward", pool_backward<true>, blocks_for(pool_in(s, n)), s,
           pool_in(s, n), dy, argmax, dx);
}

void cuda_avg_pool_forward(Cuda *cuda, PoolShape s, int n, const float *x, float *y) {
    launch(cuda, "average pooling", avg_pool_forward, blocks_for(pool_out(s, n)), s, pool_out(s, n),
           x, y);
}

void cuda_avg_pool_backward(Cuda *cuda, PoolShape s, int n, const float *dy, float *dx) {
    launch(cuda, "average pooling backward", pool_backward<false>, blocks_for(pool_in(s, n)), s,
           pool_in(s, n), dy, (const uint8_t *)NULL, dx);
}

// ---- batch norm -------------------------------------------------------------------------------

// A block has `across` channels: 1 where a channel has an area, whose values lie side by side; 32
// where it has none, and neighbouring channels do. Each has THREADS / across threads.
struct Norm {
    BatchNormShape s;
    int across;
    size_t count; // values of a channel

    __device__ int channel(void) const {
        return (int)blockIdx.x * across + (int)threadIdx.x % across;
    }
    __device__ size_t first(void) const {
        return channel() < s.channels ? threadIdx.x / across : count;
    }
    __device__ size_t step(void) const {
        return THREADS / across;
    }
    __device__ size_t at(size_t i) const {
        unsigned short_i = (unsigned)i, area = (unsigned)s.area; // divides faster
        return ((size_t)(short_i / area) * s.channels + channel()) * area + short_i % area;
    }
    // The sum over the channel's threads, for all of them.
    __device__ double sum(double value, double *shared) const {
        __syncthreads();
        shared[threadIdx.x] = value;
        for (int half = THREADS / across / 2; half > 0; half /= 2) {
            __syncthreads();
            if ((int)threadIdx.x < half * across)
                shared[threadIdx.x] += shared[threadIdx.x + half * across];
        }
        __syncthreads();
        return shared[threadIdx.x % across];
    }
};

static Norm norm_of(BatchNormShape s, int n) {
    Norm norm = {s, s.area == 1 ? 32 : 1, (size_t)n * s.area};
    return norm;
}

static size_t norm_blocks(const Norm &norm) {
    return (size_t)(norm.s.channels + norm.across - 1) / norm.across;
}

static __global__ void batch_norm_forward(Norm norm, const float *x, const float *gamma,
                                          const float *beta, float *running_mean,
                                          float *running_var, float *y, float *saved,
                                          NormActivation after) {
    kernel_begin();
    __shared__ double shared[THREADS];
    int c = norm.channel();
    float part = 0.0f;
    for (size_t i = norm.first(); i < norm.count; i += norm.step()) part += x[norm.at(i)];
    double mean = norm.sum((double)part, shared) / (double)norm.count;
    float center = (float)mean;
    part = 0.0f;
    for (size_t i = norm.first(); i < norm.count; i += norm.step()) {
        float d = x[norm.at(i)] - center;
        part = fmaf(d, d, part);
    }
    double squares = norm.sum((double)part, shared);
    if (c >= norm.s.channels) return;
    double variance = squares / (double)norm.count;
    double inverse = 1.0 / sqrt(variance + (double)norm.s.eps);
    float scale = (float)inverse * gamma[c], shift = beta[c];
    for (size_t i = norm.first(); i < norm.count; i += norm.step()) {
        float v = fmaf(x[norm.at(i)] - center, scale, shift);
        y[norm.at(i)] = v;
        if (after.y) after.y[norm.at(i)] = activate(after.kind, after.parameter, v);
    }
    if ((int)threadIdx.x >= norm.across) return;
    // A single value has no unbiased variance; its biased one (0) stands in.
    double unbiased = norm.count > 1 ? squares / (double)(norm.count - 1) : variance;
    double take = (double)norm.s.momentum;
    running_mean[c] = (float)((1.0 - take) * (double)running_mean[c] + take * mean);
    running_var[c] = (float)((1.0 - take) * (double)running_var[c] + take * unbiased);
    saved[c] = center;
    saved[norm.s.channels + c] = (float)inverse;
}

static __global__ void batch_norm_apply(BatchNormShape s, size_t count, const float *x,
                                        const float *gamma, const float *beta, const float *mean,
                                        const float *var, float *y) {
    kernel_begin();
    for (size_t i = element_first(); i < count; i += element_step()) {
        int c = (int)(i / s.area % s.channels);
        float inverse = (float)(1.0 / sqrt((double)var[c] + (double)s.eps));
        y[i] = fmaf((x[i] - mean[c]) * inverse, gamma[c], beta[c]);
    }
}

// What comes back through the activation behind, if that is taken along.
static __device__ inline float norm_gradient(const NormActivation &after, const float *dy,
                                             size_t at) {
    return after.y ? activate_gradient(after.kind, after.parameter, after.y[at], dy[at]) : dy[at];
}

static __global__ void batch_norm_backward(Norm norm, const float *x, const float *gamma,
                                           const float *saved, const float *dy, float *dx,
                                           float *dgamma, float *dbeta, NormActivation after) {
    kernel_begin();
    __shared__ double shared[THREADS];
    int c = norm.channel();
    bool there = c < norm.s.channels;
    float mean = there ? saved[c] : 0.0f, inverse = there ? saved[norm.s.channels + c] : 0.0f;
    float part = 0.0f, part_xhat = 0.0f;
    for (size_t i = norm.first(); i < norm.count; i += norm.step()) {
        size_t at = norm.at(i);
        float g = norm_gradient(after, dy, at);
        part += g;
        part_xhat = fmaf(g, (x[at] - mean) * inverse, part_xhat);
    }
    double sum = norm.sum((double)part, shared);
    double sum_xhat = norm.sum((double)part_xhat, shared);
    if (!there) return;
    float even = (float)(sum / (double)norm.count);
    float along = (float)(sum_xhat / (double)norm.count), scale = gamma[c] * inverse;
    for (size_t i = norm.first(); i < norm.count; i += norm.step()) {
        size_t at = norm.at(i);
        float xhat = (x[at] - mean) * inverse;
        dx[at] = scale * (norm_gradient(after, dy, at) - even - xhat * along); // dx may be dy
    }
    if ((int)threadIdx.x >= norm.across) return;
    dgamma[c] = (float)sum_xhat;
    dbeta[c] = (float)sum;
}

void cuda_batch_norm_forward(Cuda *cuda, BatchNormShape s, int n, const float *x,
                             const float *gamma, const float *beta, float *running_mean,
                             float *running_var, float *y, float *saved, NormActivation after) {
    Norm norm = norm_of(s, n);
    launch(cuda, "batch norm", batch_norm_forward, norm_blocks(norm), norm, x, gamma, beta,
           running_mean, running_var, y, saved, after);
}

void cuda_batch_norm_apply(Cuda *cuda, BatchNormShape s, int n, const float *x, const float *gamma,
                           const float *beta, const float *running_mean, const float *running_var,
                           float *y) {
    size_t count = (size_t)n * s.channels * s.area;
    launch(cuda, "batch norm applied", batch_norm_apply, blocks_for(count), s, count, x, gamma,
           beta, running_mean, running_var, y);
}

void cuda_batch_norm_backward(Cuda *cuda, BatchNormShape s, int n, const float *x,
                              const float *gamma, const float *saved, const float *dy, float *dx,
                              float *dgamma, float *dbeta, NormActivation after) {
    Norm norm = norm_of(s, n);
    launch(cuda, "batch norm backward", batch_norm_backward, norm_blocks(norm), norm, x, gamma,
           saved, dy, dx, dgamma, dbeta, after);
}
