// Pooling: a thread for each result, in both directions: backward, each pixel collects from the
// windows it lies in, in their order, so nothing is added to by two threads. Batch norm: threads
// share a channel and add up in a tree.
#include "norm.h"

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
// where it has none, and neighbouring channels do.
static NormThreads norm_threads(BatchNormShape s) {
    int across = s.area == 1 ? 32 : 1;
    return {across, THREADS / across};
}

static size_t norm_blocks(BatchNormShape s) {
    int across = norm_threads(s).across;
    return (size_t)(s.channels + across - 1) / across;
}

// The values of channel c in memory.
struct NormValues {
    unsigned channels, area, c;
    const float *before, *dy;
    float *out; // y or dx, which may be dy
    NormActivation after;
    __device__ size_t at(size_t i) const {
        unsigned n = (unsigned)i / area; // 32 bits divide faster
        return ((size_t)n * channels + c) * area + ((unsigned)i - n * area);
    }
    __device__ float x(size_t i) const {
        return before[at(i)];
    }
    __device__ void y(size_t i, float v) const {
        norm_put(after, out, at(i), v);
    }
    __device__ float g(size_t i) const {
        return norm_gradient(after, at(i), dy[at(i)]);
    }
    __device__ void dx(size_t i, float v) const {
        out[at(i)] = v;
    }
};

static __global__ void batch_norm_forward(NormForward norm, NormThreads threads, size_t count,
                                          const float *x, float *y, NormActivation after) {
    kernel_begin();
    int c = (int)blockIdx.x * threads.across + threads.lane();
    NormValues values = {
        (unsigned)norm.s.channels, (unsigned)norm.s.area, (unsigned)c, x, NULL, y, after};
    norm_forward(norm, threads, c, c < norm.s.channels, count, values);
}

static __global__ void batch_norm_backward(NormBackward norm, NormThreads threads, size_t count,
                                           const float *x, const float *dy, float *dx,
                                           NormActivation after) {
    kernel_begin();
    int c = (int)blockIdx.x * threads.across + threads.lane();
    NormValues values = {
        (unsigned)norm.s.channels, (unsigned)norm.s.area, (unsigned)c, x, dy, dx, after};
    norm_backward(norm, threads, c, c < norm.s.channels, count, values);
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

void cuda_batch_norm_forward(Cuda *cuda, BatchNormShape s, int n, const float *x,
                             const float *gamma, const float *beta, float *running_mean,
                             float *running_var, float *y, float *saved, NormActivation after) {
    NormForward norm = {s, gamma, beta, running_mean, running_var, saved};
    launch(cuda, "batch norm", batch_norm_forward, norm_blocks(s), norm, norm_threads(s),
           (size_t)n * s.area, x, y, after);
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
    NormBackward norm = {s, gamma, saved, dgamma, dbeta};
    launch(cuda, "batch norm backward", batch_norm_backward, norm_blocks(s), norm, norm_threads(s),
           (size_t)n * s.area, x, dy, dx, after);
}
