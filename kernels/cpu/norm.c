// Batch norm's passes over a batch. Area 1 (after a dense layer) runs along the channels, larger
// areas along the plane of one channel.
#include "kernels/cpu/fill.h"

enum { BLOCK = 64 }; // channels at a time where they lie side by side

// ---- sums -------------------------------------------------------------------------------------

static void row_sums(const BatchNormShape *s, int n, int first, int count, const float *x,
                     double *sum, double *squares, const float *shift) {
    for (int j = 0; j < count; j += BLOCK) {
        int part = count - j < BLOCK ? count - j : BLOCK;
        float a[BLOCK] = {0}, b[BLOCK] = {0}, at[BLOCK] = {0};
        if (shift) memcpy(at, shift + j, (size_t)part * sizeof *at);
        for (int i = 0; i < n; i++) {
            const float *row = x + (ptrdiff_t)i * s->channels + first + j;
            for (int c = 0; c < part; c++) {
                float d = row[c] - at[c];
                a[c] += d;
                b[c] += d * d;
            }
        }
        for (int c = 0; c < part; c++) sum[j + c] = a[c], squares[j + c] = b[c];
    }
}

static void plane_sums(const float *x, int area, float shift, double *sum, double *squares) {
    V a = v_zero(), b = v_zero(), at = v_set1(shift);
    int p = 0;
    for (; p + LANES <= area; p += LANES) {
        V d = v_load(x + p) - at;
        a += d;
        b = v_fma(d, d, b);
    }
    float rest = 0.0f, rest_squares = 0.0f;
    for (; p < area; p++) {
        float d = x[p] - shift;
        rest += d;
        rest_squares += d * d;
    }
    *sum += (double)v_sum(a) + rest;
    *squares += (double)v_sum(b) + rest_squares;
}

static void norm_sums(const BatchNormShape *s, int n, int first, int count, const float *x,
                      double *sum, double *squares, const float *shift) {
    if (s->area == 1) {
        row_sums(s, n, first, count, x, sum, squares, shift);
        return;
    }
    for (int c = 0; c < count; c++) {
        sum[c] = squares[c] = 0.0;
        for (int i = 0; i < n; i++)
            plane_sums(x + ((ptrdiff_t)i * s->channels + first + c) * s->area, s->area,
                       shift ? shift[c] : 0.0f, &sum[c], &squares[c]);
    }
}

static void row_gradient_sums(const BatchNormShape *s, int n, int first, int count, const float *x,
                              const float *mean, const float *dy, double *sum_dy,
                              double *sum_dy_x) {
    for (int j = 0; j < count; j += BLOCK) {
        int part = count - j < BLOCK ? count - j : BLOCK;
        float a[BLOCK] = {0}, b[BLOCK] = {0}, at[BLOCK] = {0};
        memcpy(at, mean + j, (size_t)part * sizeof *at);
        for (int i = 0; i < n; i++) {
            ptrdiff_t row = (ptrdiff_t)i * s->channels + first + j;
            for (int c = 0; c < part; c++) {
                a[c] += dy[row + c];
                b[c] += dy[row + c] * (x[row + c] - at[c]);
            }
        }
        for (int c = 0; c < part; c++) sum_dy[j + c] = a[c], sum_dy_x[j + c] = b[c];
    }
}

static void plane_gradient_sums(const float *x, const float *dy, int area, float mean,
                                double *sum_dy, double *sum_dy_x) {
    V a = v_zero(), b = v_zero(), at = v_set1(mean);
    int p = 0;
    for (; p + LANES <= area; p += LANES) {
        V d = v_load(dy + p);
        a += d;
        b = v_fma(d, v_load(x + p) - at, b);
    }
    float rest = 0.0f, rest_x = 0.0f;
    for (; p < area; p++) {
        rest += dy[p];
        rest_x += dy[p] * (x[p] - mean);
    }
    *sum_dy += (double)v_sum(a) + rest;
    *sum_dy_x += (double)v_sum(b) + rest_x;
}

static void norm_gradient_sums(const BatchNormShape *s, int n, int first, int count, const float *x,
                               const float *mean, const float *dy, double *sum_dy,
                               double *sum_dy_x) {
    if (s->area == 1) {
        row_gradient_sums(s, n, first, count, x, mean, dy, sum_dy, sum_dy_x);
        return;
    }
    for (int c = 0; c < count; c++) {
        sum_dy[c] = sum_dy_x[c] = 0.0;
        for (int i = 0; i < n; i++) {
            ptrdiff_t at = ((ptrdiff_t)i * s->channels + first + c) * s->area;
            plane_gradient_sums(x + at, dy + at, s->area, mean[c], &sum_dy[c], &sum_dy_x[c]);
        }
    }
}

// ---- results ----------------------------------------------------------------------------------

static void norm_apply(const BatchNormShape *s, int n, int first, int count, const float *x,
                       const float *mean, const float *factor, const float *add, float *y) {
    for (int i = 0; i < n; i++) {
        ptrdiff_t at = ((ptrdiff_t)i * s->channels + first) * s->area;
        if (s->area == 1) {
            for (int c = 0; c < count; c++) y[at + c] = (x[at + c] - mean[c]) * factor[c] + add[c];
            continue;
        }
        for (int c = 0; c < count; c++, at += s->area) {
            float m = mean[c], f = factor[c], a = add[c];
            for (int p = 0; p < s->area; p++) y[at + p] = (x[at + p] - m) * f + a;
        }
    }
}

static void norm_gradient(const BatchNormShape *s, int n, int first, int count, const float *x,
                          const float *mean, const float *dy, const float *a, const float *b,
                          const float *d, float *dx) {
    for (int i = 0; i < n; i++) {
        ptrdiff_t at = ((ptrdiff_t)i * s->channels + first) * s->area;
        if (s->area == 1) {
            for (int c = 0; c < count; c++, at++)
                dx[at] = dy[at] * a[c] + ((x[at] - mean[c]) * b[c] + d[c]);
            continue;
        }
        for (int c = 0; c < count; c++, at += s->area) {
            float m = mean[c], fa = a[c], fb = b[c], fd = d[c];
            for (int p = 0; p < s->area; p++)
                dx[at + p] = dy[at + p] * fa + ((x[at + p] - m) * fb + fd);
        }
    }
}

void KERNEL(fill_norm)(CpuKernels *k) {
    k->norm_sums = norm_sums;
    k->norm_gradient_sums = norm_gradient_sums;
    k->norm_apply = norm_apply;
    k->norm_gradient = norm_gradient;
}
