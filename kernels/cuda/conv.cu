// Convolutions as products whose factors are read through the image: nothing is unfolded in memory.
// Most of the work beside the product itself is finding out which pixel a row, a column or a depth
// stands for.
#include "product.h"

// Division by a number that is known before the launch, as a multiplication. For 0 <= n < 2^31.
// Source: T. Granlund, P. Montgomery 1994, "Division by Invariant Integers using Multiplication":
// with l = ceil(log2 d) and m = ceil(2^(31+l) / d), which is below 2^32, n / d = n m / 2^(31+l).
struct Divider {
    unsigned divisor, multiplier, shift;
    __device__ int quotient(int n) const {
        return (int)((uint64_t)(unsigned)n * multiplier >> shift);
    }
    __device__ int rest(int n, int quotient) const {
        return n - quotient * (int)divisor;
    }
};

static Divider divider(int divisor) {
    unsigned log = 0;
    if (divisor < 1) divisor = 1; // nobody will divide
    while ((1ull << log) < (unsigned long long)divisor) log++;
    uint64_t power = 1ull << (31 + log);
    Divider by = {(unsigned)divisor, (unsigned)((power + divisor - 1) / divisor), 31 + log};
    return by;
}

// A shape with what is divided by.
struct ConvPlaces {
    ConvShape s;
    Divider taps, kernel_w, out_area, out_w, in_area, in_w, stride;
    int windows_h, windows_w; // of 2x2
    Divider windows, window_w;
};

static ConvPlaces conv_places(ConvShape s) {
    ConvPlaces places = {s,
                         divider(s.kernel_h * s.kernel_w),
                         divider(s.kernel_w),
                         divider(s.out_h * s.out_w),
                         divider(s.out_w),
                         divider(s.in_h * s.in_w),
                         divider(s.in_w),
                         divider(s.stride),
                         s.out_h / 2,
                         s.out_w / 2,
                         divider(s.out_h / 2 * (s.out_w / 2)),
                         divider(s.out_w / 2)};
    return places;
}

// A place in the output of the batch.
struct OutputPlace {
    int image, y, x;
};

static __device__ inline OutputPlace conv_place(const ConvPlaces &c, int place) {
    OutputPlace p;
    p.image = c.out_area.quotient(place);
    int at = c.out_area.rest(place, p.image);
    p.y = c.out_w.quotient(at);
    p.x = c.out_w.rest(at, p.y);
    return p;
}

// The same where the four places of a window follow each other.
static __device__ inline OutputPlace conv_place_by_window(const ConvPlaces &c, int place) {
    OutputPlace p;
    int window = place / 4;
    p.image = c.windows.quotient(window);
    int at = c.windows.rest(window, p.image);
    p.y = c.window_w.quotient(at);
    p.x = 2 * c.window_w.rest(at, p.y) + place % 2;
    p.y = 2 * p.y + place / 2 % 2;
    return p;
}

// What tap `filter` (of one filter) sees from a place of the output; 0 in the padding.
static __device__ inline float conv_pixel(const ConvPlaces &c, const float *x, OutputPlace place,
                                          int filter) {
    int channel = c.taps.quotient(filter), tap = c.taps.rest(filter, channel);
    int kh = c.kernel_w.quotient(tap);
    int iy = place.y * c.s.stride - c.s.pad + kh;
    int ix = place.x * c.s.stride - c.s.pad + c.kernel_w.rest(tap, kh);
    if (iy < 0 || iy >= c.s.in_h || ix < 0 || ix >= c.s.in_w) return 0.0f;
    return x[(((size_t)place.image * c.s.in_c + channel) * c.s.in_h + iy) * c.s.in_w + ix];
}

// How the four places of a window (row by row) become one, what is kept of that in a byte, and what
// comes back to place `k`.
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
    __device__ float backward(const ConvShape &s, const float *y, const float *dy, size_t window,
                              int k) const {
        if (mean) {
            float sign = kept[window] >> k & 1 ? 1.0f : 0.0f; // in the place of the result
            return activate_gradient(s.activation, s.activation_parameter, sign, dy[window] / 4.0f);
        }
        if (kept[window] != k) return 0.0f;
        return activate_gradient(s.activation, s.activation_parameter, y[window], dy[window]);
    }
};

// The gradient at place (y, x) of an output plane, through the activation and the pooling, if there
// is one.
struct ConvGradient {
    const float *y, *dy;
    Pooled pooled;
    __device__ float at(const ConvPlaces &c, size_t plane, int oy, int ox) const {
        if (pooled.kept) {
            int wy = oy / 2, wx = ox / 2;
            if (wy >= c.windows_h || wx >= c.windows_w) return 0.0f; // in no window
            return pooled.backward(c.s, y, dy, (plane * c.windows_h + wy) * c.windows_w + wx,
                                   oy % 2 * 2 + ox % 2);
        }
        size_t place = plane * c.out_area.divisor + (size_t)(oy * c.s.out_w + ox);
        if (c.s.activation == ACTIVATION_NONE) return dy[place];
        return activate_gradient(c.s.activation, c.s.activation_parameter, y[place], dy[place]);
    }
};

// POOLED: its columns are the places of the output window by window, and y is that of the pooling.
template <bool POOLED> struct ConvForward {
    int rows, cols, depth; // out_c, n * out places, in_c * taps
    ConvPlaces c;
    const float *x, *w, *bias;
    float *y;
    Pooled pooled;
    static const bool a_by_depth = true, b_by_depth = false, in_fours = POOLED;
    static const bool may_be_flat = true, may_be_tall = false, by_columns = false;
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
    ConvGradient gradient;
    float *dw, *db;
    static const bool a_by_depth = true, b_by_depth = true, in_fours = false;
    static const bool may_be_flat = false, may_be_tall = false, by_columns = false;
    __device__ void begin(void) {}
    __device__ float a(int row, int k) const {
        OutputPlace p = conv_place(c, k);
        return gradient.at(c, (size_t)p.image * c.s.out_c + row, p.y, p.x);
    }
    __device__ float b(int k, int col) const {
        return col < cols - 1 ? conv_pixel(c, x, conv_place(c, k), col) : 1.0f;
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
    ConvGradient gradient;
    float *dx;
    static const bool a_by_depth = true, b_by_depth = false, in_fours = false;
    static const bool may_be_flat = true, may_be_tall = false, by_columns = false;
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
        if (y0 < 0 || x0 < 0) return 0.0f;
        int oy = c.stride.quotient(y0), ox = c.stride.quotient(x0);
        if (oy >= c.s.out_h || ox >= c.s.out_w || c.stride.rest(y0, oy) || c.stride.rest(x0, ox))
            return 0.0f;
        return gradient.at(c, (size_t)image * c.s.out_c + out, oy, ox);
    }
    __device__ void end(int row, int col, const float *sum) const {
        int image = c.in_area.quotient(col);
        dx[((size_t)image * rows + row) * c.in_area.divisor + c.in_area.rest(col, image)] = *sum;
    }
};

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
                          ConvGradient gradient, float *dx, float *dw, float *db) {
    int taps = s.kernel_h * s.kernel_w;
    ConvPlaces c = conv_places(s);
    ConvWeights weights = {s.out_c, s.in_c * taps + 1, n * s.out_h * s.out_w, c, x, gradient, dw,
                           db};
    ConvInput input = {s.in_c, n * s.in_h * s.in_w, s.out_c * taps, c, w, gradient, dx};
    if (dx)
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
    conv_backward(cuda, s, n, x, w, ConvGradient{y, dy, {NULL, false}}, dx, dw, db);
}

void cuda_conv_pool_forward(Cuda *cuda, ConvShape s, int n, const float *x, const float *w,
                            const float *b, float *y, uint8_t *kept) {
    conv_forward(cuda, s, n, x, w, b, y, Pooled{kept, s.pool == POOL_MEAN});
}

void cuda_conv_pool_backward(Cuda *cuda, ConvShape s, int n, const float *x, const float *w,
                             const float *y, const uint8_t *kept, float *dy, float *dx, float *dw,
                             float *db) {
    ConvGradient gradient = {y, dy, {(uint8_t *)kept, s.pool == POOL_MEAN}};
    conv_backward(cuda, s, n, x, w, gradient, dx, dw, db);
}
