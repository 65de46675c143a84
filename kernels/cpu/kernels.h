// The hot loops of the CPU back end: one table of functions, compiled from the same sources for
// each instruction set and chosen when the program runs. A kernel works on one piece, on the
// thread that calls it; cutting work into pieces is src/compute's business. Nothing here allocates
// or keeps state.
//
// "Lanes": 16 (AVX-512), 8 (AVX2) or 4 samples of a batch side by side in one vector. An array in
// lanes is [group of samples][position][lane]: whatever the shape of a small convolution, every
// lane has work. Rows of samples go in and out of that form by the transposes below.
#ifndef INKLING_KERNELS_CPU_KERNELS_H
#define INKLING_KERNELS_CPU_KERNELS_H

#include "compute/backend.h"

#include <stdbool.h>

enum {
    KERNEL_LANES_MAX = 16,
    KERNEL_PIXELS = 16, // positions that a tile of lane_product's results holds
    KERNEL_ROWS_MAX = 12,
    KERNEL_GEMM_K = 128, // rows of a packed panel
    KERNEL_GEMM_COLUMNS_MAX = 64,
    KERNEL_TAPS_MAX = 9, // width of lane_correlate's tile
};

// A run of neighbouring results of a convolution in lanes. Sums over `channels` and, in each, over
// `taps` pairs (weight number w_at, input position x_at).
typedef struct LaneProduct {
    int rows, groups, pixels; // 1..rows_max, 1..2, 1..KERNEL_PIXELS
    int channels, taps;
    const int32_t *w_at, *x_at; // x_at in floats
    const float *w;             // packed: [channel][weight number][rows]
    size_t w_channel;           // floats from one channel to the next
    const float *x;             // where tap 0 of the first pixel counts from
    size_t x_channel, x_group;  // floats from one to the next
    size_t x_pixel;
    const float *bias; // [rows], or NULL for 0
    float *out;        // [group][row][pixel: KERNEL_PIXELS][lane]
} LaneProduct;

// Sums over samples and positions of dy * x, for `rows` channels of dy and `taps` places of x.
typedef struct LaneCorrelate {
    int rows, taps, groups;
    int height, width; // of dy
    const float *dy;
    size_t dy_group, dy_channel;
    const float *x;
    size_t x_group, x_row, x_pixel; // floats from one to the next position of dy
    const int32_t *x_at;            // [taps], floats
} LaneCorrelate;

typedef struct CpuKernels {
    const char *name; // "AVX-512"
    int lanes;
    int gemm_columns; // of a packed panel

    // ---- lanes
    // out[k][lane] = x[lane * stride + k], k < length; lanes from `rows` on become 0.
    void (*to_lanes)(const float *x, size_t stride, int rows, int length, float *out);
    // out[lane * stride + k] = activation(in[k][lane]) for lane < rows.
    void (*from_lanes)(const float *in, int rows, int length, Activation kind, float parameter,
                       float *out, size_t stride);
    int product_rows; // the most that lane_product and lane_dense take
    void (*lane_product)(const LaneProduct *p);
    // out[group][row][lane] = bias[row] + sum over k of w[row * in + k] * x[k][lane]
    void (*lane_dense)(int rows, int groups, int in, const float *w, const float *bias,
                       const float *x, size_t x_group, float *out, size_t out_group);
    // The most rows for a tile of so many taps; 0: no such tile. Taps 1 is always there.
    int correlate_rows[KERNEL_TAPS_MAX + 1];
    void (*lane_correlate)(const LaneCorrelate *c, float *sums /* [rows][taps] */);
    // 2x2 max pooling of `windows` windows (at most KERNEL_PIXELS / 4): the upper pairs of
    // positions stand from in[0], the lower ones from in[KERNEL_PIXELS / 2]. `place`: 0 .. 3, the
    // first of equals, NaN wins.
    void (*lane_max_pool)(int windows, const float *in, float *out, uint8_t *place);
    // The other way for one plane of height x width positions; windows are rows of width / 2. dy
    // may be the end of dx itself: no window is read after its place has been written.
    void (*lane_max_pool_gradient)(int height, int width, const float *dy, const uint8_t *place,
                                   float *dx);
    // Sum over groups and positions of one channel.
    float (*lane_sum)(const float *x, size_t group, int groups, int length);

    // ---- products of plain matrices
    // panel[k][columns rounded up to lanes] = b[k * stride ...], zeros behind
    void (*gemm_pack)(int k, int columns, const float *b, size_t stride, float *panel);
    // c (+)= a * panel; a[i][k] = a[i * a_row + k * a_column].
    void (*gemm)(int rows, int columns, int k, const float *a, size_t a_row, size_t a_column,
                 const float *panel, float *c, size_t c_stride, int add);
    // out[j] = sum over n rows of x[i * stride + j].
    void (*column_sums)(int n, int columns, const float *x, size_t stride, float *out);
    // y[o] = b[o] + x . w[o * in ...] for one sample.
    void (*dot_rows)(int rows, int in, const float *w, const float *b, const float *x, float *y);

    // ---- element by element
    // Asks for memory that will soon be read. Changes nothing.
    void (*prefetch)(const void *memory, size_t bytes);
    void (*gather)(const uint8_t *bytes, size_t count, float mean, float std, float *out);
    void (*activate)(Activation kind, float parameter, size_t count, const float *x, float *y);
    void (*activate_gradient)(Activation kind, float parameter, size_t count, const float *y,
                              const float *dy, float *dx);
    void (*dropout)(float p, uint64_t key, size_t first, size_t count, const float *in, float *out);
    void (*update)(OptimizerKind kind, const OptimizerStep *step, size_t count, float *param,
                   const float *grad, float *const state[OPTIMIZER_SLOTS_MAX]);
    double (*sum_squares)(size_t count, const float *x);
    void (*scale)(size_t count, float factor, float *x);

    // ---- pooling: one plane
    void (*max_pool)(const PoolShape *s, const float *x, float *y, uint8_t *argmax);
    void (*max_pool_gradient)(const PoolShape *s, const float *dy, const uint8_t *argmax,
                              float *dx);
    void (*avg_pool)(const PoolShape *s, const float *x, float *y);
    void (*avg_pool_gradient)(const PoolShape *s, const float *dy, float *dx);

    // ---- batch norm
    // For channels first .. first + count - 1; arrays by channel begin with channel `first`.
    // The sum over samples and area of x - shift[c] and
    // of its square (both in double); shift NULL is 0.
    void (*norm_sums)(const BatchNormShape *s, int n, int first, int count, const float *x,
                      double *sum, double *squares, const float *shift);
    // Sums of dy and of dy * (x - mean).
    void (*norm_gradient_sums)(const BatchNormShape *s, int n, int first, int count, const float *x,
                               const float *mean, const float *dy, double *sum_dy,
                               double *sum_dy_x);
    // y = (x - mean[c]) * factor[c] + add[c].
    void (*norm_apply)(const BatchNormShape *s, int n, int first, int count, const float *x,
                       const float *mean, const float *factor, const float *add, float *y);
    // dx = dy * a[c] + (x - mean[c]) * b[c] + d[c].
    void (*norm_gradient)(const BatchNormShape *s, int n, int first, int count, const float *x,
                          const float *mean, const float *dy, const float *a, const float *b,
                          const float *d, float *dx);

    // ---- loss: one row; returns the logarithm of the sum of exp(z), and the place of the largest
    double (*softmax_row)(int classes, const float *z, float *probabilities, int *largest);
} CpuKernels;

// Worst to best; those that the machine cannot run are left out of what cpu_kernels_find gives.
typedef enum CpuIsa { CPU_ISA_BASELINE, CPU_ISA_AVX2, CPU_ISA_AVX512, CPU_ISA_COUNT } CpuIsa;

// Fills `out`; false where this build or machine has no such thing (`out` is then untouched).
bool cpu_kernels_find(CpuIsa isa, CpuKernels *out);

#endif
