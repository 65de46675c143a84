// Convolutions as products whose factors are read through the image: nothing is unfolded in memory.
// Most of the work beside the product itself is finding out which pixel a row, a column or a depth
// stands for.
#include "places.h"
#include "product.h"

// How the four places of a window (row by row) become one, and what is kept of that in a byte.
struct Pooled {
    uint8_t *kept; // NULL: there is no pooling
    bool mean;
    __device__ void forward(const float v[4], size_t window, float *y) const {
        float total = 0.0f, best = v[0];
        unsigned largest = 0, positive = 0;
        for (unsigned k = 0; k < 4; k++) {
            total += v[k];
            if (!(v[k] <= 0.0f)) positive |= 1u << k; // as the gradient of ReLU has it
            if (k > 0 && larger_for_pool(v[k], best)) {
                best = v[k];
                largest = k;
            }
        }
        y[window] = mean ? total / 4.0f : best;
        kept[window] = (uint8_t)(mean ? positive : largest);
    }
};

// The gradient of what the pooling was made of, before the activation: worked out once, and not for
// each of the many products that each of them is a factor of.
static __global__ void pooled_gradient(ConvPlaces c, Pooled pooled, int count, const float *y,
                                       const float *dy, float *g) {
    kernel_begin();
    for (size_t i = element_first(); i < (size_t)count; i += element_step()) {
        OutputPlace p = conv_place(c, (int)i); // `image` is the plane
        int wy = p.y / 2, wx = p.x / 2, k = p.y % 2 * 2 + p.x % 2;
        bool inside = wy < c.windows_h && wx < c.windows_w; // else in no window
        size_t window = inside ? conv_at(p.image, c.windows, wy * c.windows_w + wx) : 0;
        int kept = pooled.kept[window];
        float d = dy[window], result = y[window];
        if (pooled.mean) {
            result = kept >> k & 1 ? 1.0f : 0.0f; // its sign
            d /= 4.0f;
        }
        d = activate_gradient(c.s.activation, c.s.activation_parameter, result, d);
        g[i] = inside && (pooled.mean || kept == k) ? d : 0.0f;
    }
}

// POOLED: its columns are the places of the output window by window, and y is that of the pooling.
template <bool POOLED> struct ConvForward {
    int rows, cols, depth; // out_c, n * out places, in_c * taps
    ConvPlaces c;
    const float *x, *w, *bias;
    float *y;
    Pooled pooled;
    static const bool a_by_depth = true, b_by_depth = false, in_fours = POOLED;
    static const bool may_be_slim = false, may_be_flat = true, may_be_tall = false,
                      by_columns = false;
    __device__ void begin(void) {}
    __device__ OutputPlace place(int col) const {
        return POOLED ? conv_place_by_window(c, col) : conv_place(c, col);
    }
    __device__ float a(int row, int k) const {
        return w[(size_t)row * depth + k];
    }
    __device__ float b(int k, int col) const {
        return conv_pixel(c, x, place(col), k);
    }
    __device__ float value(int row, float sum) const {
        return activate(c.s.activation, c.s.activation_parameter, sum + bias[row]);
    }
    __device__ void end(int row, int col, const float *sum) const {
        OutputPlace p = place(col);
        size_t plane = (size_t)p.image * c.s.out_c + row;
        if constexpr (POOLED) {
            float v[4];
            for (int k = 0; k < 4; k++) v[k] = value(row, sum[k]);
            pooled.forward(v, (plane * c.windows_h + p.y / 2) * c.windows_w + p.x / 2, y);
        } else {
            y[plane * c.out_area.divisor + (size_t)(p.y * c.s.out_w + p.x)] = value(row, *sum);
        }
    }
};

// The bias is one more pixel that is always 1: the last column.
struct ConvWeights {
    int rows, cols, depth; // out_c, in_c * taps + 1, n * out places
    ConvPlaces c;
    const float *x;
    const float *g; // of the output, before the activation
    float *dw, *db;
    static const bool a_by_depth = true, b_by_depth = true, in_fours = false;
    static const bool may_be_slim = true, may_be_flat = false, may_be_tall = false,
                      by_columns = false;
    __device__ void begin(void) {}
    __device__ float a(int row, int k) const {
        OutputPlace p = conv_place(c, k);
        return g[conv_at(p.image * c.s.out_c + row, c.out_area, p.y * c.s.out_w + p.x)];
    }
    __device__ float b(int k, int col) const {
        float pixel = conv_pixel(c, x, conv_place(c, k), nearest(col, cols - 1));
        return col < cols - 1 ? pixel : 1.0f;
    }
    __device__ void end(int row, int col, const float *sum) const {
        if (col < cols - 1)
            dw[(size_t)row * (cols - 1) + col] = *sum;
        else
            db[row] = *sum;
    }
};

// For each pixel of the input: the output places that saw it.
struct ConvInput {
    int rows, cols, depth; // in_c, n * in places, out_c * taps
    ConvPlaces c;
    const float *w;
    const float *g; // of the output, before the activation
    float *dx;
    static const bool a_by_depth = true, b_by_depth = false, in_fours = false;
    static const bool may_be_slim = false, may_be_flat = false, may_be_tall = false,
                      by_columns = false;
    __device__ void begin(void) {}
    __device__ float a(int row, int k) const {
        int out = c.taps.quotient(k);
        return w[((size_t)out * rows + row) * c.taps.divisor + c.taps.rest(k, out)];
    }
    __device__ float b(int k, int col) const {
        int image = c.in_area.quotient(col), at = c.in_area.rest(col, image);
        int out = c.taps.quotient(k), tap = c.taps.rest(k, out);
        int iy = c.in_w.quotient(at), kh = c.kernel_w.quotient(tap);
        int y0 = iy + c.s.pad - kh;
        int x0 = c.in_w.rest(at, iy) + c.s.pad - c.kernel_w.rest(tap, kh);
        bool seen = y0 >= 0 && x0 >= 0;
        int oy = c.stride.quotient(seen ? y0 : 0), ox = c.stride.quotient(seen ? x0 : 0);
        seen = seen && oy < c.s.out_h && ox < c.s.out_w && c.stride.rest(y0, oy) == 0 &&
               c.stride.rest(x0, ox) == 0;
        size_t place = conv_at(image * c.s.out_c + out, c.out_area, oy * c.s.out_w + ox);
        float value = g[seen ? place : 0];
        return seen ? value : 0.0f;
    }
    __device__ void end(int row, int col, const float *sum) const {
        int image = c.in_area.quotient(col);
        dx[((size_t)image * rows + row) * c.in_area.divisor + c.in_area.rest(col, image)] = *sum;
    }
};

// ---- the gradient of an input of few channels -------------------------------------------------

// As a product, most of a tile's rows would not be there, and finding out what its columns stand
// for costs more than the product. So a thread has a pixel of the input, in all its channels at
// once, and each gradient of the output is fetched once for all of them. Four threads share the
// pixel: each has every fourth filter, and the first adds up their parts in order. Only where the
// stride is 1.
constexpr int SEEN_PIXELS = 64, SEEN_GROUPS = THREADS / SEEN_PIXELS;
constexpr int SEEN_WEIGHTS = 8 << 10; // floats of shared memory: [filter][tap][channel]
constexpr int SEEN_CHANNELS = 32;     // at most
static_assert((SEEN_GROUPS - 1) * SEEN_CHANNELS * SEEN_PIXELS <= SEEN_WEIGHTS,
              "room for the parts");

struct SeenInput {
    ConvPlaces c;
    int pixels, filters; // of the batch; in shared memory at a time
    const float *w, *g;
    float *dx;
};

// The weights of `count` filters from `first` on; 0 for channels that are not there.
template <int C>
__device__ inline void seen_weights(const SeenInput &p, int first, int count, float *shared) {
    int taps = (int)p.c.taps.divisor;
    for (int e = (int)threadIdx.x; e < count * taps * C; e += THREADS) {
        int channel = e % C, filter = p.c.taps.quotient(e / C);
        int plane = (first + filter) * p.c.s.in_c + nearest(channel, p.c.s.in_c);
        float weight = p.w[conv_at(plane, p.c.taps, p.c.taps.rest(e / C, filter))];
        shared[e] = channel < p.c.s.in_c ? weight : 0.0f;
    }
}

// What one filter's plane of gradients adds to the channels of a pixel at (y, x) of the padded
// input. K: the kernel's size, if it is known.
template <int C, int K>
__device__ inline void seen_filter(const ConvShape &s, const float *g, const float *weights, int y,
                                   int x, float sum[C]) {
    int height = K ? K : s.kernel_h, width = K ? K : s.kernel_w;
    for (int kh = 0; kh < height; kh++) {
        int oy = y - kh;
        bool row = oy >= 0 && oy < s.out_h;
        const float *line = g + (row ? oy * s.out_w : 0);
#pragma unroll
        for (int kw = 0; kw < width; kw++) {
            int ox = x - kw;
            bool inside = row && ox >= 0 && ox < s.out_w;
            float d = line[inside ? ox : 0];
            d = inside ? d : 0.0f;
#pragma unroll
            for (int i = 0; i < C; i++)
                sum[i] = fmaf(d, weights[(kh * width + kw) * C + i], sum[i]);
        }
    }
}

// Block `block` of as many as there are times SEEN_PIXELS.
template <int C, int K>
__device__ inline void seen_block(const SeenInput &p, unsigned block, float *shared) {
    const ConvShape &s = p.c.s;
    int own = (int)threadIdx.x % SEEN_PIXELS, group = (int)threadIdx.x / SEEN_PIXELS;
    int pixel = (int)block * SEEN_PIXELS + own;
    bool there = pixel < p.pixels;
    int image = p.c.in_area.quotient(nearest(pixel, p.pixels));
    int at = p.c.in_area.rest(nearest(pixel, p.pixels), image), y = p.c.in_w.quotient(at);
    int x = p.c.in_w.rest(at, y), taps = (int)p.c.taps.divisor;
    float sum[C];
#pragma unroll
    for (int i = 0; i < C; i++) sum[i] = 0.0f;
    for (int first = 0; first < s.out_c; first += p.filters) {
        int count = first + p.filters < s.out_c ? p.filters : s.out_c - first;
        __syncthreads();
        seen_weights<C>(p, first, count, shared);
        __syncthreads();
        for (int f = group; f < count; f += SEEN_GROUPS)
            seen_filter<C, K>(s, p.g + conv_at(image * s.out_c + first + f, p.c.out_area, 0),
                              shared + f * taps * C, y + s.pad, x + s.pad, sum);
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < C; i++)
        if (group > 0) shared[((group - 1) * C + i) * SEEN_PIXELS + own] = sum[i];
    __syncthreads();
    if (group > 0 || !there) return;
#pragma unroll
    for (int i = 0; i < C; i++) {
        for (int k = 0; k < SEEN_GROUPS - 1; k++) sum[i] += shared[(k * C + i) * SEEN_PIXELS + own];
        if (i < s.in_c) p.dx[conv_at(image * s.in_c + i, p.c.in_area, at)] = sum[i];
    }
}

template <int C, int K> __global__ void __launch_bounds__(THREADS, 2) seen_input(SeenInput p) {
    kernel_begin();
    __shared__ __align__(16) float shared[SEEN_WEIGHTS];
    seen_block<C, K>(p, blockIdx.x, shared);
}

// The weights' gradient as well, which does not depend on it.
static_assert(Small::shared <= SEEN_WEIGHTS, "both have the same memory");
template <int C, int K>
__global__ void __launch_bounds__(THREADS, 2)
    seen_beside(SeenInput p, ConvWeights q, Deal deal, unsigned p_blocks) {
    kernel_begin();
    __shared__ __align__(16) float shared[SEEN_WEIGHTS];
    if (blockIdx.x < p_blocks)
        seen_block<C, K>(p, blockIdx.x, shared);
    else
        product_block<Small>(q, deal, blockIdx.x - p_blocks, shared);
}

template <int C, int K>
static void seen_launch(Cuda *cuda, SeenInput p, const ConvWeights &weights) {
    const char *what = "convolution backward";
    const ConvShape &s = p.c.s;
    p.filters = SEEN_WEIGHTS / (C * s.kernel_h * s.kernel_w);
    size_t blocks = (size_t)((p.pixels + SEEN_PIXELS - 1) / SEEN_PIXELS);
    if constexpr (C < SEEN_CHANNELS && K > 0) {
        if (!product_is_large(weights)) {
            Deal deal = product_deal<Small>(cuda, weights, 0);
            launch(cuda, what, seen_beside<C, K>, blocks + product_blocks(deal), p, weights, deal,
                   (unsigned)blocks);
            return;
        }
    }
    launch(cuda, what, seen_input<C, K>, blocks, p);
    product_run(cuda, what, weights);
}

template <int C> static void seen_run(Cuda *cuda, SeenInput p, const ConvWeights &weights) {
    const ConvShape &s = p.c.s;
    int square = s.kernel_h == s.kernel_w ? s.kernel_h : 0;
    if (square == 3)
        seen_launch<C, 3>(cuda, p, weights);
    else if (square == 5)
        seen_launch<C, 5>(cuda, p, weights);
    else
        seen_launch<C, 0>(cuda, p, weights);
}

static bool seen_fits(const ConvShape &s) {
    return s.stride == 1 && s.in_c <= SEEN_CHANNELS &&
           s.kernel_h * s.kernel_w <= SEEN_WEIGHTS / SEEN_CHANNELS / SEEN_GROUPS;
}

// ---- the operations ---------------------------------------------------------------------------

static void conv_forward(Cuda *cuda, const ConvShape &s, int n, const float *x, const float *w,
                         const float *b, float *y, Pooled pooled) {
    int depth = s.in_c * s.kernel_h * s.kernel_w;
    ConvPlaces c = conv_places(s);
    if (pooled.kept) {
        int places = n * c.windows_h * c.windows_w * 4;
        ConvForward<true> p = {s.out_c, places, depth, c, x, w, b, y, pooled};
        product_run(cuda, "convolution and pooling", p);
    } else {
        int places = n * s.out_h * s.out_w;
        ConvForward<false> p = {s.out_c, places, depth, c, x, w, b, y, pooled};
        product_run(cuda, "convolution forward", p);
    }
}

static void conv_backward(Cuda *cuda, const ConvShape &s, int n, const float *x, const float *w,
                          const float *g, float *dx, float *dw, float *db) {
    int taps = s.kernel_h * s.kernel_w;
    ConvPlaces c = conv_places(s);
    ConvWeights weights = {s.out_c, s.in_c * taps + 1, n * s.out_h * s.out_w, c, x, g, dw, db};
    ConvInput input = {s.in_c, n * s.in_h * s.in_w, s.out_c * taps, c, w, g, dx};
    if (dx && seen_fits(s)) {
        SeenInput seen = {c, input.cols, 0, w, g, dx};
        if (s.in_c <= 8)
            seen_run<8>(cuda, seen, weights);
        else if (s.in_c <= 16)
            seen_run<16>(cuda, seen, weights);
        else
            seen_run<SEEN_CHANNELS>(cuda, seen, weights);
    } else if (dx)
        product_run_pair(cuda, "convolution backward", weights, input);
    else
        product_run(cuda, "convolution backward", weights);
}

void cuda_conv_forward(Cuda *cuda, ConvShape s, int n, const float *x, const float *w,
                       const float *b, float *y) {
    conv_forward(cuda, s, n, x, w, b, y, Pooled{NULL, false});
}

void cuda_conv_backward(Cuda *cuda, ConvShape s, int n, const float *x, const float *w,
                        const float *y, float *dy, float *dx, float *dw, float *db) {
    if (s.activation != ACTIVATION_NONE)
        cuda_activation_backward(cuda, s.activation, s.activation_parameter,
                                 (size_t)n * s.out_c * s.out_h * s.out_w, y, dy, dy);
    conv_backward(cuda, s, n, x, w, dy, dx, dw, db);
}

void cuda_conv_pool_forward(Cuda *cuda, ConvShape s, int n, const float *x, const float *w,
                            const float *b, float *y, uint8_t *kept) {
    conv_forward(cuda, s, n, x, w, b, y, Pooled{kept, s.pool == POOL_MEAN});
}

void cuda_conv_pool_backward(Cuda *cuda, ConvShape s, int n, const float *x, const float *w,
                             const float *y, const uint8_t *kept, float *dy, float *dx, float *dw,
                             float *db) {
    size_t count = (size_t)n * s.out_c * s.out_h * s.out_w;
    if (count > cuda->gradients_count || count > INT32_MAX)
        cuda_well(cuda, cudaErrorInvalidValue, "a convolution that nothing was reserved for");
    launch(cuda, "pooling backward", pooled_gradient, blocks_for(count), conv_places(s),
           Pooled{(uint8_t *)kept, s.pool == POOL_MEAN}, (int)count, y, dy, cuda->gradients);
    conv_backward(cuda, s, n, x, w, cuda->gradients, dx, dw, db);
}
