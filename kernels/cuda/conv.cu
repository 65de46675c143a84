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
    while ((1ull << log) < (unsigned long long)divisor) log++;
    uint64_t power = 1ull << (31 + log);
    Divider by = {(unsigned)divisor, (unsigned)((power + divisor - 1) / divisor), 31 + log};
    return by;
}

// A shape with what is divided by.
struct ConvPlaces {
    ConvShape s;
    Divider taps, kernel_w, out_area, out_w, in_area, in_w, stride;
};

static ConvPlaces conv_places(ConvShape s) {
    ConvPlaces places = {s,
                         divider(s.kernel_h * s.kernel_w),
                         divider(s.kernel_w),
                         divider(s.out_h * s.out_w),
                         divider(s.out_w),
                         divider(s.in_h * s.in_w),
                         divider(s.in_w),
                         divider(s.stride)};
    return places;
}

// What tap `filter` (of one filter) sees from output place `place` (of the batch); 0 in the
// padding.
static __device__ inline float conv_pixel(const ConvPlaces &c, const float *x, int place,
                                          int filter) {
    int image = c.out_area.quotient(place), at = c.out_area.rest(place, image);
    int channel = c.taps.quotient(filter), tap = c.taps.rest(filter, channel);
    int oy = c.out_w.quotient(at), kh = c.kernel_w.quotient(tap);
    int iy = oy * c.s.stride - c.s.pad + kh;
    int ix = c.out_w.rest(at, oy) * c.s.stride - c.s.pad + c.kernel_w.rest(tap, kh);
    if (iy < 0 || iy >= c.s.in_h || ix < 0 || ix >= c.s.in_w) return 0.0f;
    return x[(((size_t)image * c.s.in_c + channel) * c.s.in_h + iy) * c.s.in_w + ix];
}

// Where output place `place` of the batch lies in channel `row`.
static __device__ inline size_t conv_output(const ConvPlaces &c, int row, int place) {
    int image = c.out_area.quotient(place);
    return ((size_t)image * c.s.out_c + row) * c.out_area.divisor + c.out_area.rest(place, image);
}

static __device__ inline float conv_dy(const ConvShape &s, const float *y, const float *dy,
                                       size_t at) {
    if (s.activation == ACTIVATION_NONE) return dy[at];
    return activate_gradient(s.activation, s.activation_parameter, y[at], dy[at]);
}

struct ConvForward {
    int rows, cols, depth; // out_c, n * out places, in_c * taps
    ConvPlaces c;
    const float *x, *w, *bias;
    float *y;
    static const bool a_by_depth = true, b_by_depth = false;
    __device__ float a(int row, int k) const {
        return w[(size_t)row * depth + k];
    }
    __device__ float b(int k, int col) const {
        return conv_pixel(c, x, col, k);
    }
    __device__ void end(int row, int col, float sum) const {
        y[conv_output(c, row, col)] =
            activate(c.s.activation, c.s.activation_parameter, sum + bias[row]);
    }
};

// The bias is one more pixel that is always 1: the last column.
struct ConvWeights {
    int rows, cols, depth; // out_c, in_c * taps + 1, n * out places
    ConvPlaces c;
    const float *x, *y, *dy;
    float *dw, *db;
    static const bool a_by_depth = true, b_by_depth = true;
    __device__ float a(int row, int k) const {
        return conv_dy(c.s, y, dy, conv_output(c, row, k));
    }
    __device__ float b(int k, int col) const {
        return col < cols - 1 ? conv_pixel(c, x, k, col) : 1.0f;
    }
    __device__ void end(int row, int col, float sum) const {
        if (col < cols - 1)
            dw[(size_t)row * (cols - 1) + col] = sum;
        else
            db[row] = sum;
    }
};

// For each pixel of the input: the output places that saw it.
struct ConvInput {
    int rows, cols, depth; // in_c, n * in places, out_c * taps
    ConvPlaces c;
    const float *w, *y, *dy;
    float *dx;
    static const bool a_by_depth = true, b_by_depth = false;
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
        size_t channel = (size_t)image * c.s.out_c + out;
        return conv_dy(c.s, y, dy, (channel * c.s.out_h + oy) * c.s.out_w + ox);
    }
    __device__ void end(int row, int col, float sum) const {
        int image = c.in_area.quotient(col);
        dx[((size_t)image * rows + row) * c.in_area.divisor + c.in_area.rest(col, image)] = sum;
    }
};

// ---- the operations ---------------------------------------------------------------------------

void cuda_conv_forward(Cuda *cuda, ConvShape s, int n, const float *x, const float *w,
                       const float *b, float *y) {
    ConvForward p = {
        s.out_c, n * s.out_h * s.out_w, s.in_c * s.kernel_h * s.kernel_w, conv_places(s), x, w, b,
        y};
    product_run(cuda, "convolution forward", p);
}

void cuda_conv_backward(Cuda *cuda, ConvShape s, int n, const float *x, const float *w,
                        const float *y, float *dy, float *dx, float *dw, float *db) {
    int taps = s.kernel_h * s.kernel_w;
    ConvPlaces c = conv_places(s);
    ConvWeights weights = {s.out_c, s.in_c * taps + 1, n * s.out_h * s.out_w, c, x, y, dy, dw, db};
    ConvInput input = {s.in_c, n * s.in_h * s.in_w, s.out_c * taps, c, w, y, dy, dx};
    if (dx)
        product_run_pair(cuda, "convolution backward", weights, input);
    else
        product_run(cuda, "convolution backward", weights);
}
