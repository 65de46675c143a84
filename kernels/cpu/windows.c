// Pooling, one plane at a time: any window, and a path of its own for the 2x2 step 2 that nearly
// every network has, which the compiler vectorises along a row.
#include "kernels/cpu/fill.h"

#include <math.h>

typedef struct Window {
    int y0, y1, x0, x1; // in the image; empty in the padding
} Window;

static int is_two_by_two(const PoolShape *s) {
    return s->kernel == 2 && s->stride == 2 && s->pad == 0 && s->out_h == s->in_h / 2 &&
           s->out_w == s->in_w / 2;
}

static Window window_at(const PoolShape *s, int oy, int ox) {
    int y = oy * s->stride - s->pad, x = ox * s->stride - s->pad;
    Window w = {y < 0 ? 0 : y, y + s->kernel, x < 0 ? 0 : x, x + s->kernel};
    if (w.y1 > s->in_h) w.y1 = s->in_h;
    if (w.x1 > s->in_w) w.x1 = s->in_w;
    return w;
}

// ---- max --------------------------------------------------------------------------------------

// `b` takes the place of `a`: larger, or the first NaN.
static inline int beats(float b, float a) {
    return (b > a) | ((b != b) & (a == a));
}

static void max_two_by_two(const PoolShape *s, const float *restrict x, float *restrict y,
                           uint8_t *restrict argmax) {
    for (int oy = 0; oy < s->out_h; oy++) {
        const float *top = x + (size_t)(2 * oy) * s->in_w, *bottom = top + s->in_w;
        for (int ox = 0; ox < s->out_w; ox++) {
            float a = top[2 * ox], b = top[2 * ox + 1];
            float c = bottom[2 * ox], d = bottom[2 * ox + 1];
            int right = beats(b, a), right_below = beats(d, c);
            float above = right ? b : a, below = right_below ? d : c;
            int lower = beats(below, above);
            *y++ = lower ? below : above;
            *argmax++ = (uint8_t)(lower ? 2 + right_below : right);
        }
    }
}

static void max_pool(const PoolShape *s, const float *x, float *y, uint8_t *argmax) {
    if (is_two_by_two(s)) {
        max_two_by_two(s, x, y, argmax);
        return;
    }
    for (int oy = 0; oy < s->out_h; oy++) {
        for (int ox = 0; ox < s->out_w; ox++) {
            Window w = window_at(s, oy, ox);
            int top = oy * s->stride - s->pad, left = ox * s->stride - s->pad;
            float best = -INFINITY;
            int place = -1;
            for (int iy = w.y0; iy < w.y1; iy++)
                for (int ix = w.x0; ix < w.x1; ix++) {
                    float v = x[(size_t)iy * s->in_w + ix];
                    if (place < 0 || beats(v, best)) {
                        best = v;
                        place = (iy - top) * s->kernel + ix - left;
                    }
                }
            *y++ = best;
            *argmax++ = (uint8_t)(place < 0 ? 0 : place);
        }
    }
}

static void max_two_by_two_gradient(const PoolShape *s, const float *restrict dy,
                                    const uint8_t *restrict argmax, float *restrict dx) {
    if (s->in_w % 2 || s->in_h % 2) memset(dx, 0, (size_t)s->in_h * s->in_w * sizeof *dx);
    for (int oy = 0; oy < s->out_h; oy++, dy += s->out_w, argmax += s->out_w) {
        float *top = dx + (size_t)(2 * oy) * s->in_w, *bottom = top + s->in_w;
        for (int ox = 0; ox < s->out_w; ox++) {
            top[2 * ox] = argmax[ox] == 0 ? dy[ox] : 0.0f;
            top[2 * ox + 1] = argmax[ox] == 1 ? dy[ox] : 0.0f;
        }
        for (int ox = 0; ox < s->out_w; ox++) {
            bottom[2 * ox] = argmax[ox] == 2 ? dy[ox] : 0.0f;
            bottom[2 * ox + 1] = argmax[ox] == 3 ? dy[ox] : 0.0f;
        }
    }
}

static void max_pool_gradient(const PoolShape *s, const float *dy, const uint8_t *argmax,
                              float *dx) {
    if (is_two_by_two(s)) {
        max_two_by_two_gradient(s, dy, argmax, dx);
        return;
    }
    memset(dx, 0, (size_t)s->in_h * s->in_w * sizeof *dx);
    for (int oy = 0; oy < s->out_h; oy++)
        for (int ox = 0; ox < s->out_w; ox++, dy++, argmax++) {
            int iy = oy * s->stride - s->pad + *argmax / s->kernel;
            int ix = ox * s->stride - s->pad + *argmax % s->kernel;
            // A window that was all padding points nowhere.
            if (iy < 0 || iy >= s->in_h || ix < 0 || ix >= s->in_w) continue;
            dx[(size_t)iy * s->in_w + ix] += *dy;
        }
}

// ---- average ----------------------------------------------------------------------------------

static void avg_pool(const PoolShape *s, const float *restrict x, float *restrict y) {
    float share = 1.0f / (float)(s->kernel * s->kernel);
    if (is_two_by_two(s)) {
        for (int oy = 0; oy < s->out_h; oy++, y += s->out_w) {
            const float *top = x + (size_t)(2 * oy) * s->in_w, *bottom = top + s->in_w;
            for (int ox = 0; ox < s->out_w; ox++)
                y[ox] = 0.25f *
                        ((top[2 * ox] + top[2 * ox + 1]) + (bottom[2 * ox] + bottom[2 * ox + 1]));
        }
        return;
    }
    for (int oy = 0; oy < s->out_h; oy++)
        for (int ox = 0; ox < s->out_w; ox++) {
            Window w = window_at(s, oy, ox);
            float sum = 0.0f;
            for (int iy = w.y0; iy < w.y1; iy++)
                for (int ix = w.x0; ix < w.x1; ix++) sum += x[(size_t)iy * s->in_w + ix];
            *y++ = sum * share;
        }
}

static void avg_pool_gradient(const PoolShape *s, const float *restrict dy, float *restrict dx) {
    float share = 1.0f / (float)(s->kernel * s->kernel);
    if (is_two_by_two(s)) {
        if (s->in_w % 2 || s->in_h % 2) memset(dx, 0, (size_t)s->in_h * s->in_w * sizeof *dx);
        for (int oy = 0; oy < s->out_h; oy++, dy += s->out_w) {
            float *top = dx + (size_t)(2 * oy) * s->in_w, *bottom = top + s->in_w;
            for (int ox = 0; ox < s->out_w; ox++) {
                float v = 0.25f * dy[ox];
                top[2 * ox] = v;
                top[2 * ox + 1] = v;
            }
            memcpy(bottom, top, (size_t)s->out_w * 2 * sizeof *bottom);
        }
        return;
    }
    memset(dx, 0, (size_t)s->in_h * s->in_w * sizeof *dx);
    for (int oy = 0; oy < s->out_h; oy++)
        for (int ox = 0; ox < s->out_w; ox++, dy++) {
            Window w = window_at(s, oy, ox);
            for (int iy = w.y0; iy < w.y1; iy++)
                for (int ix = w.x0; ix < w.x1; ix++) dx[(size_t)iy * s->in_w + ix] += *dy * share;
        }
}

void KERNEL(fill_windows)(CpuKernels *k) {
    k->max_pool = max_pool;
    k->max_pool_gradient = max_pool_gradient;
    k->avg_pool = avg_pool;
    k->avg_pool_gradient = avg_pool_gradient;
}
