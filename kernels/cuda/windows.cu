// Pooling: a thread for each result, in both directions: backward, each pixel collects from the
// windows it lies in, in their order, so nothing is added to by two threads. Batch norm: threads
// share a channel and add up in a tree; where there are few channels, blocks do.
#include "norm.h"
#include "product.h"

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

// ---- of few channels with much area: several blocks for each ----------------------------------

// A channel of an image has tens of thousands of values in a batch and a network's first layers few
// channels: a block for each would leave most of the device idle. So each of `parts` blocks adds up
// a part, the last one all parts in their order, and a second kernel does the rest.
constexpr size_t NORM_PARTS_MAX = 128;
constexpr size_t NORM_PART = 1024;          // values in a part, at least
constexpr size_t NORM_PARTS_FROM = 8 << 10; // values of a channel from which it pays
static_assert(SPLIT_BLOCKS <= TICKETS_PRODUCT, "a ticket for each channel");
static_assert(NORM_PARTS_MAX <= THREADS, "a thread for each part");

static unsigned norm_parts(BatchNormShape s, size_t count) {
    if (s.area == 1 || count < NORM_PARTS_FROM || s.channels > SPLIT_BLOCKS / 2) return 1;
    size_t parts = count / NORM_PART, most = (size_t)(SPLIT_BLOCKS / s.channels);
    if (parts > most) parts = most;
    return (unsigned)(parts < NORM_PARTS_MAX ? parts : NORM_PARTS_MAX);
}

// What the blocks of a channel tell each other: two numbers each; and what the last one tells the
// second kernel.
typedef struct NormParts {
    unsigned parts;
    unsigned *tickets; // one for each channel
    double *sums;      // [channels][parts][2]
    float *means;      // [channels][2], backward
} NormParts;

static NormParts norm_shared(const Cuda *cuda, unsigned parts) {
    double *sums = (double *)cuda->partials;
    return {parts, cuda->tickets + TICKETS_FIRST, sums, (float *)(sums + 2 * SPLIT_BLOCKS)};
}

// Both numbers of this block, in thread 0, go to memory. In the block that comes last, `all` has
// those of all parts afterwards.
static __device__ inline bool norm_gather(const NormParts &p, unsigned c, unsigned part,
                                          double first, double second, double (*all)[2]) {
    double *sums = p.sums + (size_t)c * p.parts * 2;
    if (threadIdx.x == 0) {
        sums[2 * part] = first;
        sums[2 * part + 1] = second;
    }
    if (!block_is_last(p.tickets + c, p.parts)) return false;
    if (threadIdx.x < p.parts) {
        all[threadIdx.x][0] = __ldcg(sums + 2 * threadIdx.x);
        all[threadIdx.x][1] = __ldcg(sums + 2 * threadIdx.x + 1);
    }
    __syncthreads();
    return true;
}

// Where part `part` of `count` values begins.
static __device__ inline size_t norm_begin(const NormParts &p, unsigned part, size_t count) {
    return count * part / p.parts;
}

// Source of putting the parts together: T. Chan, G. Golub, R. LeVeque 1979, "Updating Formulae and
// a Pairwise Algorithm for Computing Sample Variances".
static __global__ void norm_sums(NormForward norm, NormParts p, size_t count, const float *x) {
    kernel_begin();
    __shared__ double shared[THREADS], all[THREADS][2];
    unsigned c = blockIdx.x / p.parts, part = blockIdx.x % p.parts;
    NormValues values = {(unsigned)norm.s.channels, (unsigned)norm.s.area, c, x, NULL, NULL, {}};
    size_t begin = norm_begin(p, part, count), end = norm_begin(p, part + 1, count);
    float sum = 0.0f;
    for (size_t i = begin + threadIdx.x; i < end; i += THREADS) sum += values.x(i);
    double mean = block_sum((double)sum, shared) / (double)(end - begin);
    float center = (float)mean, squares = 0.0f;
    for (size_t i = begin + threadIdx.x; i < end; i += THREADS) {
        float d = values.x(i) - center;
        squares = fmaf(d, d, squares);
    }
    if (!norm_gather(p, c, part, mean, block_sum((double)squares, shared), all)) return;
    if (threadIdx.x > 0) return;
    mean = 0.0;
    for (unsigned k = 0; k < p.parts; k++)
        mean += all[k][0] * (double)(norm_begin(p, k + 1, count) - norm_begin(p, k, count));
    mean /= (double)count;
    double total = 0.0;
    for (unsigned k = 0; k < p.parts; k++) {
        double off = all[k][0] - mean;
        double of = (double)(norm_begin(p, k + 1, count) - norm_begin(p, k, count));
        total += all[k][1] + off * off * of;
    }
    norm_keep(norm, (int)c, count, mean, total);
}

static __global__ void norm_rest(NormForward norm, size_t count, const float *x, float *y,
                                 NormActivation after) {
    kernel_begin();
    for (size_t i = element_first(); i < count; i += element_step()) {
        unsigned c = (unsigned)i / (unsigned)norm.s.area % (unsigned)norm.s.channels;
        float scale = norm.saved[norm.s.channels + c] * norm.gamma[c];
        norm_put(after, y, i, fmaf(x[i] - norm.saved[c], scale, norm.beta[c]));
    }
}

static __global__ void norm_backward_sums(NormBackward norm, NormParts p, size_t count,
                                          const float *x, const float *dy, NormActivation after) {
    kernel_begin();
    __shared__ double shared[THREADS], all[THREADS][2];
    unsigned c = blockIdx.x / p.parts, part = blockIdx.x % p.parts;
    NormValues values = {(unsigned)norm.s.channels, (unsigned)norm.s.area, c, x, dy, NULL, after};
    size_t end = norm_begin(p, part + 1, count);
    float mean = norm.saved[c], inverse = norm.saved[norm.s.channels + c];
    float own = 0.0f, own_xhat = 0.0f;
    for (size_t i = norm_begin(p, part, count) + threadIdx.x; i < end; i += THREADS) {
        float g = values.g(i);
        own += g;
        own_xhat = fmaf(g, (values.x(i) - mean) * inverse, own_xhat);
    }
    double first = block_sum((double)own, shared);
    double second = block_sum((double)own_xhat, shared);
    if (!norm_gather(p, c, part, first, second, all) || threadIdx.x > 0) return;
    double sum = 0.0, sum_xhat = 0.0;
    for (unsigned k = 0; k < p.parts; k++) {
        sum += all[k][0];
        sum_xhat += all[k][1];
    }
    norm.dgamma[c] = (float)sum_xhat;
    norm.dbeta[c] = (float)sum;
    p.means[2 * c] = (float)(sum / (double)count);
    p.means[2 * c + 1] = (float)(sum_xhat / (double)count);
}

static __global__ void norm_backward_rest(NormBackward norm, const float *means, size_t count,
                                          const float *x, const float *dy, float *dx,
                                          NormActivation after) {
    kernel_begin();
    for (size_t i = element_first(); i < count; i += element_step()) {
        unsigned c = (unsigned)i / (unsigned)norm.s.area % (unsigned)norm.s.channels;
        float mean = norm.saved[c], inverse = norm.saved[norm.s.channels + c];
        float xhat = (x[i] - mean) * inverse, g = norm_gradient(after, i, dy[i]);
        dx[i] = norm.gamma[c] * inverse * (g - means[2 * c] - xhat * means[2 * c + 1]);
    }
}

// ---- the operations ---------------------------------------------------------------------------

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
    size_t count = (size_t)n * s.area;
    unsigned parts = norm_parts(s, count);
    if (parts > 1) {
        launch(cuda, "batch norm", norm_sums, (size_t)s.channels * parts, norm,
               norm_shared(cuda, parts), count, x);
        launch(cuda, "batch norm", norm_rest, blocks_for(count * s.channels), norm,
               count * s.channels, x, y, after);
        return;
    }
    launch(cuda, "batch norm", batch_norm_forward, norm_blocks(s), norm, norm_threads(s), count, x,
           y, after);
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
    size_t count = (size_t)n * s.area;
    unsigned parts = norm_parts(s, count);
    if (parts > 1) {
        NormParts shared = norm_shared(cuda, parts);
        launch(cuda, "batch norm backward", norm_backward_sums, (size_t)s.channels * parts, norm,
               shared, count, x, dy, after);
        launch(cuda, "batch norm backward", norm_backward_rest, blocks_for(count * s.channels),
               norm, (const float *)shared.means, count * s.channels, x, dy, dx, after);
        return;
    }
    launch(cuda, "batch norm backward", batch_norm_backward, norm_blocks(s), norm, norm_threads(s),
           count, x, dy, dx, after);
}
