// Products of matrices as they lie in memory, for the gradients of dense layers: one operand is
// packed into panels of a few vectors' width, the other is read where it is.
#include "kernels/cpu/fill.h"

#if defined(__AVX512F__)
enum { VECTORS = 4 };
#else
enum { VECTORS = 2 };
#endif
enum { ROWS = 6, COLUMNS = VECTORS * LANES };

static void gemm_pack(int k, int columns, const float *b, size_t stride, float *panel) {
    int width = (columns + LANES - 1) / LANES * LANES;
    for (int i = 0; i < k; i++, b += stride, panel += width) {
        int j = 0;
        for (; j + LANES <= columns; j += LANES) v_store(panel + j, v_load(b + j));
        if (j < columns) v_store(panel + j, v_load_part(b + j, columns - j));
    }
}

static inline __attribute__((always_inline)) void
gemm_tile(const int rows, const int vectors, int last, int k, const float *a, size_t a_row,
          size_t a_column, const float *panel, float *c, size_t c_stride, int add) {
    V sum[ROWS][VECTORS];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) sum[r][v] = v_zero();
    for (int i = 0; i < k; i++, a += a_column, panel += vectors * LANES) {
        V b[VECTORS];
        for (int v = 0; v < vectors; v++) b[v] = v_load(panel + v * LANES);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            V scalar = v_set1(a[(size_t)r * a_row]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) sum[r][v] = v_fma(scalar, b[v], sum[r][v]);
        }
    }
    for (int r = 0; r < rows; r++) {
        float *to = c + (size_t)r * c_stride;
        for (int v = 0; v < vectors; v++, to += LANES) {
            if (v < vectors - 1 || last == LANES)
                v_store(to, add ? v_load(to) + sum[r][v] : sum[r][v]);
            else
                v_store_part(to, add ? v_load_part(to, last) + sum[r][v] : sum[r][v], last);
        }
    }
}

typedef void (*GemmTile)(int last, int k, const float *a, size_t a_row, size_t a_column,
                         const float *panel, float *c, size_t c_stride, int add);

#define TILE(rows, vectors)                                                                        \
    static void gemm_##rows##x##vectors(int last, int k, const float *a, size_t a_row,             \
                                        size_t a_column, const float *panel, float *c,             \
                                        size_t c_stride, int add) {                                \
        gemm_tile(rows, vectors, last, k, a, a_row, a_column, panel, c, c_stride, add);            \
    }
#define TILE_ROW(rows, vectors) [rows][vectors] = gemm_##rows##x##vectors,
#define FOR_EACH_ROWS(X, v)     X(1, v) X(2, v) X(3, v) X(4, v) X(5, v) X(6, v)
#if defined(__AVX512F__)
#define FOR_EACH_TILE(X)                                                                           \
    FOR_EACH_ROWS(X, 1) FOR_EACH_ROWS(X, 2) FOR_EACH_ROWS(X, 3) FOR_EACH_ROWS(X, 4)
#else
#define FOR_EACH_TILE(X) FOR_EACH_ROWS(X, 1) FOR_EACH_ROWS(X, 2)
#endif
FOR_EACH_TILE(TILE)

static void gemm(int rows, int columns, int k, const float *a, size_t a_row, size_t a_column,
                 const float *panel, float *c, size_t c_stride, int add) {
    static const GemmTile tiles[ROWS + 1][VECTORS + 1] = {FOR_EACH_TILE(TILE_ROW)};
    int vectors = (columns + LANES - 1) / LANES;
    int last = columns - (vectors - 1) * LANES;
    for (int r = 0; r < rows; r += ROWS) {
        int part = rows - r < ROWS ? rows - r : ROWS;
        tiles[part][vectors](last, k, a + (size_t)r * a_row, a_row, a_column, panel,
                             c + (size_t)r * c_stride, c_stride, add);
    }
}

static void column_sums(int n, int columns, const float *x, size_t stride, float *out) {
    for (int j = 0; j < columns; j += LANES) {
        int part = columns - j < LANES ? columns - j : LANES;
        V sum = v_zero();
        if (part == LANES)
            for (int i = 0; i < n; i++) sum += v_load(x + (size_t)i * stride + j);
        else
            for (int i = 0; i < n; i++) sum += v_load_part(x + (size_t)i * stride + j, part);
        v_store_part(out + j, sum, part);
    }
}

static void dot_rows(int rows, int in, const float *w, const float *b, const float *x, float *y) {
    for (int r = 0; r < rows; r++, w += in) {
        V sum[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
        int k = 0;
        for (; k + 4 * LANES <= in; k += 4 * LANES)
            for (int v = 0; v < 4; v++)
                sum[v] = v_fma(v_load(w + k + v * LANES), v_load(x + k + v * LANES), sum[v]);
        for (; k < in; k += LANES) {
            int part = in - k < LANES ? in - k : LANES;
            sum[0] = v_fma(v_load_part(w + k, part), v_load_part(x + k, part), sum[0]);
        }
        y[r] = b[r] + v_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
    }
}

void KERNEL(fill_gemm)(CpuKernels *k) {
    k->gemm_columns = COLUMNS;
    k->gemm_pack = gemm_pack;
    k->gemm = gemm;
    k->column_sums = column_sums;
    k->dot_rows = dot_rows;
}
