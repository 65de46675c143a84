// Products with the samples of a batch side by side in vectors: convolutions of any shape, and the
// forward pass of dense layers. The loops over rows and groups have constant lengths after inlining
// (one instance for each number of rows), so that every sum lives in a register.
#include "kernels/cpu/fill.h"

// ---- in and out of lanes ----------------------------------------------------------------------

static void to_lanes(const float *x, size_t stride, int rows, int length, float *out) {
    V r[LANES];
    for (int k = 0; k < length; k += LANES) {
        int part = length - k < LANES ? length - k : LANES;
        for (int i = 0; i < LANES; i++) {
            const float *from = x + (size_t)i * stride + k;
            if (i >= rows)
                r[i] = v_zero();
            else if (part == LANES)
                r[i] = v_load(from);
            else
                r[i] = v_load_part(from, part);
        }
        v_transpose(r);
        for (int i = 0; i < part; i++) v_store(out + (size_t)(k + i) * LANES, r[i]);
    }
}

static void from_lanes(const float *in, int rows, int length, Activation kind, float parameter,
                       float *out, size_t stride) {
    V r[LANES];
    for (int k = 0; k < length; k += LANES) {
        int part = length - k < LANES ? length - k : LANES;
        for (int i = 0; i < LANES; i++)
            r[i] = i < part ? v_load(in + (size_t)(k + i) * LANES) : v_zero();
        v_transpose(r);
        if (kind == ACTIVATION_RELU)
            for (int i = 0; i < LANES; i++) r[i] = v_relu(r[i]);
        else if (kind != ACTIVATION_NONE)
            KERNEL(activate)(kind, parameter, LANES * LANES, (float *)r, (float *)r);
        for (int i = 0; i < rows; i++) {
            if (part == LANES)
                v_store(out + (size_t)i * stride + k, r[i]);
            else
                v_store_part(out + (size_t)i * stride + k, r[i], part);
        }
    }
}

// ---- convolution: results ---------------------------------------------------------------------

static inline __attribute__((always_inline)) void product_tile(const LaneProduct *p, const int rows,
                                                               const int groups) {
    const int32_t *w_at = p->w_at, *x_at = p->x_at;
    const int taps = p->taps;
    const size_t x_group = p->x_group;
    for (int pixel = 0; pixel < p->pixels; pixel++) {
        V sum[KERNEL_ROWS_MAX][2];
        for (int r = 0; r < rows; r++)
            for (int g = 0; g < groups; g++) sum[r][g] = p->bias ? v_set1(p->bias[r]) : v_zero();
        const float *x = p->x + (size_t)pixel * p->x_pixel;
        const float *w = p->w;
        for (int c = 0; c < p->channels; c++, x += p->x_channel, w += p->w_channel) {
            for (int t = 0; t < taps; t++) {
                const float *wt = w + (ptrdiff_t)w_at[t] * rows;
                const float *xt = x + x_at[t];
                V v[2];
                for (int g = 0; g < groups; g++) v[g] = v_load(xt + (size_t)g * x_group);
#pragma GCC unroll 12
                for (int r = 0; r < rows; r++) {
                    V weight = v_set1(wt[r]);
#pragma GCC unroll 2
                    for (int g = 0; g < groups; g++) sum[r][g] = v_fma(weight, v[g], sum[r][g]);
                }
            }
        }
        for (int g = 0; g < groups; g++)
            for (int r = 0; r < rows; r++)
                v_store(p->out + (((ptrdiff_t)g * rows + r) * KERNEL_PIXELS + pixel) * LANES,
                        sum[r][g]);
    }
}

#if defined(__AVX512F__)
enum { PRODUCT_ROWS = 12, DENSE_ROWS = 8 };
#define FOR_EACH_ROWS(X)       X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#define FOR_EACH_DENSE_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#else
enum { PRODUCT_ROWS = 6, DENSE_ROWS = 6 };
#define FOR_EACH_ROWS(X)       X(1) X(2) X(3) X(4) X(5) X(6)
#define FOR_EACH_DENSE_ROWS(X) FOR_EACH_ROWS(X)
#endif

#define PRODUCT(rows)                                                                              \
    static void product_##rows##x1(const LaneProduct *p) {                                         \
        product_tile(p, rows, 1);                                                                  \
    }                                                                                              \
    static void product_##rows##x2(const LaneProduct *p) {                                         \
        product_tile(p, rows, 2);                                                                  \
    }
FOR_EACH_ROWS(PRODUCT)

static void lane_product(const LaneProduct *p) {
    static void (*const tiles[PRODUCT_ROWS + 1][2])(const LaneProduct *) = {
#define PRODUCT_ROW(rows) [rows] = {product_##rows##x1, product_##rows##x2},
        FOR_EACH_ROWS(PRODUCT_ROW)};
    tiles[p->rows][p->groups - 1](p);
}

// ---- dense layers: results --------------------------------------------------------------------

static inline __attribute__((always_inline)) void
dense_tile(const int rows, const int groups, int in, const float *w, const float *bias,
           const float *x, size_t x_group, float *out, size_t out_group) {
    V sum[8][2];
    for (int r = 0; r < rows; r++)
        for (int g = 0; g < groups; g++) sum[r][g] = v_set1(bias[r]);
    const float *row[8];
    for (int r = 0; r < rows; r++) row[r] = w + (ptrdiff_t)r * in;
    for (int k = 0; k < in; k++, x += LANES) {
        V v[2];
        for (int g = 0; g < groups; g++) v[g] = v_load(x + (size_t)g * x_group);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            V weight = v_set1(row[r][k]);
#pragma GCC unroll 2
            for (int g = 0; g < groups; g++) sum[r][g] = v_fma(weight, v[g], sum[r][g]);
        }
    }
    for (int g = 0; g < groups; g++)
        for (int r = 0; r < rows; r++)
            v_store(out + (size_t)g * out_group + (size_t)r * LANES, sum[r][g]);
}

typedef void (*DenseTile)(int in, const float *w, const float *bias, const float *x, size_t x_group,
                          float *out, size_t out_group);

#define DENSE(rows)                                                                                \
    static void dense_##rows##x1(int in, const float *w, const float *bias, const float *x,        \
                                 size_t x_group, float *out, size_t out_group) {                   \
        dense_tile(rows, 1, in, w, bias, x, x_group, out, out_group);                              \
    }                                                                                              \
    static void dense_##rows##x2(int in, const float *w, const float *bias, const float *x,        \
                                 size_t x_group, float *out, size_t out_group) {                   \
        dense_tile(rows, 2, in, w, bias, x, x_group, out, out_group);                              \
    }
FOR_EACH_DENSE_ROWS(DENSE)

static void lane_dense(int rows, int groups, int in, const float *w, const float *bias,
                       const float *x, size_t x_group, float *out, size_t out_group) {
    static const DenseTile tiles[DENSE_ROWS + 1][2] = {
#define DENSE_ROW(rows) [rows] = {dense_##rows##x1, dense_##rows##x2},
        FOR_EACH_DENSE_ROWS(DENSE_ROW)};
    for (int r = 0; r < rows; r += DENSE_ROWS) {
        int part = rows - r < DENSE_ROWS ? rows - r : DENSE_ROWS;
        tiles[part][groups - 1](in, w + (ptrdiff_t)r * in, bias + r, x, x_group,
                                out + (size_t)r * LANES, out_group);
    }
}

// ---- convolution: gradient of the weights -----------------------------------------------------

static inline __attribute__((always_inline)) void
correlate_tile(const LaneCorrelate *c, float *sums, const int rows, const int taps) {
    V sum[KERNEL_ROWS_MAX][KERNEL_TAPS_MAX];
    for (int r = 0; r < rows; r++)
        for (int t = 0; t < taps; t++) sum[r][t] = v_zero();
    ptrdiff_t at[KERNEL_TAPS_MAX];
    for (int t = 0; t < taps; t++) at[t] = c->x_at[t];
    const size_t dy_channel = c->dy_channel, x_pixel = c->x_pixel;
    for (int g = 0; g < c->groups; g++) {
        const float *dy = c->dy + (size_t)g * c->dy_group;
        for (int y = 0; y < c->height; y++) {
            const float *x = c->x + (size_t)g * c->x_group + (size_t)y * c->x_row;
            for (int i = 0; i < c->width; i++, x += x_pixel, dy += LANES) {
                V d[KERNEL_ROWS_MAX];
#pragma GCC unroll 12
                for (int r = 0; r < rows; r++) d[r] = v_load(dy + (size_t)r * dy_channel);
#pragma GCC unroll 9
                for (int t = 0; t < taps; t++) {
                    V v = v_load(x + at[t]);
#pragma GCC unroll 12
                    for (int r = 0; r < rows; r++) sum[r][t] = v_fma(d[r], v, sum[r][t]);
                }
            }
        }
    }
    for (int r = 0; r < rows; r++)
        for (int t = 0; t < taps; t++) sums[r * taps + t] = v_sum(sum[r][t]);
}

// Rows x taps sums must fit the registers beside one vector for each row.
#if defined(__AVX512F__)
// The formatter never settles on this list.
// clang-format off
#define FOR_EACH_TILE(X) \
    X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(7, 1) X(8, 1) \
    X(1, 3) X(2, 3) X(3, 3) X(4, 3) X(5, 3) X(6, 3) \
    X(1, 5) X(2, 5) X(3, 5) X(4, 5) X(5, 5) \
    X(1, 9) X(2, 9) X(3, 9)
// clang-format on
#define CORRELATE_ROWS                                                                             \
    { [1] = 8, [3] = 6, [5] = 5, [9] = 3 }
enum { CORRELATE_ROWS_MAX = 8 };
#else
#define FOR_EACH_TILE(X) X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(1, 3) X(2, 3) X(3, 3) X(1, 5) X(2, 5)
#define CORRELATE_ROWS                                                                             \
    { [1] = 4, [3] = 3, [5] = 2 }
enum { CORRELATE_ROWS_MAX = 4 };
#endif

#define CORRELATE(rows, taps)                                                                      \
    static void correlate_##rows##x##taps(const LaneCorrelate *c, float *sums) {                   \
        correlate_tile(c, sums, rows, taps);                                                       \
    }
FOR_EACH_TILE(CORRELATE)

static void lane_correlate(const LaneCorrelate *c, float *sums) {
    static void (*const tiles[CORRELATE_ROWS_MAX + 1][KERNEL_TAPS_MAX + 1])(const LaneCorrelate *,
                                                                            float *) = {
#define CORRELATE_ROW(rows, taps) [rows][taps] = correlate_##rows##x##taps,
        FOR_EACH_TILE(CORRELATE_ROW)};
    tiles[c->rows][c->taps](c, sums);
}

static float lane_sum(const float *x, size_t group, int groups, int length) {
    V a = v_zero(), b = v_zero();
    for (int g = 0; g < groups; g++, x += group) {
        int i = 0;
        for (; i + 1 < length; i += 2) {
            a += v_load(x + (size_t)i * LANES);
            b += v_load(x + (size_t)(i + 1) * LANES);
        }
        if (i < length) a += v_load(x + (size_t)i * LANES);
    }
    return v_sum(a + b);
}

// ---- 2x2 max pooling ---------------------------------------------------------------------------

static void lane_max_pool(int windows, const float *in, float *out, uint8_t *place) {
    const V zero = v_zero(), one = v_set1(1.0f), two = v_set1(2.0f);
    const float *under = in + KERNEL_PIXELS / 2 * LANES;
    for (int i = 0; i < windows; i++, in += 2 * LANES, under += 2 * LANES) {
        V left = v_load(in), right = v_load(in + LANES);
        V left_under = v_load(under), right_under = v_load(under + LANES);
        VMask is_right = v_beats(right, left), is_right_under = v_beats(right_under, left_under);
        V best = v_select(is_right, right, left);
        V best_under = v_select(is_right_under, right_under, left_under);
        V at = v_select(is_right, one, zero), at_under = v_select(is_right_under, one, zero);
        VMask lower = v_beats(best_under, best);
        v_store(out + (size_t)i * LANES, v_select(lower, best_under, best));
        v_store_bytes(place + (size_t)i * LANES, v_select(lower, two + at_under, at), LANES);
    }
}

static void lane_max_pool_gradient(int height, int width, const float *dy, const uint8_t *place,
                                   float *dx) {
    const V zero = v_zero();
    size_t row = (size_t)width * LANES;
    for (int y = 0; y < height / 2; y++, dx += 2 * row) {
        for (int x = 0; x < width / 2; x++, dy += LANES, place += LANES) {
            V d = v_load(dy);
            float *to = dx + (size_t)(2 * x) * LANES;
            v_store(to, v_select(v_bytes_equal(place, LANES, 0), d, zero));
            v_store(to + LANES, v_select(v_bytes_equal(place, LANES, 1), d, zero));
            v_store(to + row, v_select(v_bytes_equal(place, LANES, 2), d, zero));
            v_store(to + row + LANES, v_select(v_bytes_equal(place, LANES, 3), d, zero));
        }
        if (width % 2) {
            v_store(dx + row - LANES, zero);
            v_store(dx + 2 * row - LANES, zero);
        }
    }
    if (height % 2) memset(dx, 0, row * sizeof *dx);
}

void KERNEL(fill_lanes)(CpuKernels *k) {
    static const int correlate_rows[KERNEL_TAPS_MAX + 1] = CORRELATE_ROWS;
    k->lanes = LANES;
    k->to_lanes = to_lanes;
    k->from_lanes = from_lanes;
    k->product_rows = PRODUCT_ROWS;
    k->lane_product = lane_product;
    k->lane_dense = lane_dense;
    memcpy(k->correlate_rows, correlate_rows, sizeof correlate_rows);
    k->lane_correlate = lane_correlate;
    k->lane_sum = lane_sum;
    k->lane_max_pool = lane_max_pool;
    k->lane_max_pool_gradient = lane_max_pool_gradient;
}
