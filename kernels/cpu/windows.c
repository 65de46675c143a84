// Pooling, one plane at a time: any window, and a path of its own for the 2x2 step 2 that nearly
// every network has, in vectors along a row.
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

// A row pair's next places: `count` (1 .. LANES) windows, their left and right columns.
typedef struct Columns {
    V left, right;
} Columns;

static inline Columns load_columns(const float *row, int count) {
    V low, high;
    if (count == LANES) {
        low = v_load(row);
        high = v_load(row + LANES);
    } else {
        int floats = 2 * count;
        low = v_load_part(row, floats < LANES ? floats : LANES);
        high = floats > LANES ? v_load_part(row + LANES, floats - LANES) : v_zero();
    }
    return (Columns){v_even(low, high), v_odd(low, high)};
}

static inline void store_columns(float *row, V left, V right, int count) {
    V low = v_interleave_low(left, right), high = v_interleave_high(left, right);
    if (count == LANES) {
        v_store(row, low);
        v_store(row + LANES, high);
    } else {
        int floats = 2 * count;
        v_store_part(row, low, floats < LANES ? floats : LANES);
        if (floats > LANES) v_store_part(row + LANES, high, floats - LANES);
    }
}

static inline int part_of(int width, int at) {
    return width - at < LANES ? width - at : LANES;
}

static void max_two_by_two(const PoolShape *s, const float *x, float *y, uint8_t *argmax) {
    const V one = v_set1(1.0f), two = v_set1(2.0f), zero = v_zero();
    for (int oy = 0; oy < s->out_h; oy++, y += s->out_w, argmax += s->out_w) {
        const float *top = x + (ptrdiff_t)(2 * oy) * s->in_w;
        for (int ox = 0; ox < s->out_w; ox += LANES) {
            int part = part_of(s->out_w, ox);
            Columns above = load_columns(top + 2 * ox, part);
            Columns below = load_columns(top + s->in_w + 2 * ox, part);
            VMask right = v_beats(above.right, above.left);
            VMask right_below = v_beats(below.right, below.left);
            V best = v_select(right, above.right, above.left);
            V best_below = v_select(right_below, below.right, below.left);
            V place = v_select(right, one, zero), place_below = v_select(right_below, one, zero);
            VMask lower = v_beats(best_below, best);
            v_store_part(y + ox, v_select(lower, best_below, best), part);
            v_store_bytes(argmax + ox, v_select(lower, two + place_below, place), part);
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
                    float v = x[(ptrdiff_t)iy * s->in_w + ix];
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

// The last row or column of an odd image belongs to no window.
static void clear_odd_edges(const PoolShape *s, float *dx) {
    if (s->in_w % 2)
        for (int y = 0; y < s->in_h; y++) dx[(ptrdiff_t)(y + 1) * s->in_w - 1] = 0.0f;
    if (s->in_h % 2)
        memset(dx + (ptrdiff_t)(s->in_h - 1) * s->in_w, 0, (size_t)s->in_w * sizeof *dx);
}

static void max_two_by_two_gradient(const PoolShape *s, const float *dy, const uint8_t *argmax,
                                    float *dx) {
    const V zero = v_zero();
    clear_odd_edges(s, dx);
    for (int oy = 0; oy < s->out_h; oy++, dy += s->out_w, argmax += s->out_w) {
        float *top = dx + (ptrdiff_t)(2 * oy) * s->in_w;
        for (int ox = 0; ox < s->out_w; ox += LANES) {
            int part = part_of(s->out_w, ox);
            V d = v_load_part(dy + ox, part), to[4];
            for (int i = 0; i < 4; i++)
                to[i] = v_select(v_bytes_equal(argmax + ox, part, i), d, zero);
            store_columns(top + 2 * ox, to[0], to[1], part);
            store_columns(top + s->in_w + 2 * ox, to[2], to[3], part);
        }
    }
}

static void max_pool_gradient(const PoolShape *s, const float *dy, const uint8_t *argmax,
                              float *dx) {
    if (is_two_by_two(s)) {
        max_two_by_two_gradient(s, dy, argmax, dx);
        return;
    }
    memset(dx, 0, (size_t)s->in_h * (size_t)s->in_w * sizeof *dx);
    for (int oy = 0; oy < s->out_h; oy++)
        for (int ox = 0; ox < s->out_w; ox++, dy++, argmax++) {
            int iy = oy * s->stride - s->pad + *argmax / s->kernel;
            int ix = ox * s->stride - s->pad + *argmax % s->kernel;
            // A window that was all padding points nowhere.
            if (iy < 0 || iy >= s->in_h || ix < 0 || ix >= s->in_w) continue;
            dx[(ptrdiff_t)iy * s->in_w + ix] += *dy;
        }
}

// ---- average ----------------------------------------------------------------------------------

static void avg_two_by_two(const PoolShape *s, const float *x, float *y) {
    const V quarter = v_set1(0.25f);
    for (int oy = 0; oy < s->out_h; oy++, y += s->out_w) {
        const float *top = x + (ptrdiff_t)(2 * oy) * s->in_w;
        for (int ox = 0; ox < s->out_w; ox += LANES) {
            int part = part_of(s->out_w, ox);
            Columns above = load_columns(top + 2 * ox, part);
            Columns below = load_columns(top + s->in_w + 2 * ox, part);
            V sum = (above.left + above.right) + (below.left + below.right);
            v_store_part(y + ox, quarter * sum, part);
        }
    }
}

static void avg_two_by_two_gradient(const PoolShape *s, const float *dy, float *dx) {
    const V quarter = v_set1(0.25f);
    clear_odd_edges(s, dx);
    for (int oy = 0; oy < s->out_h; oy++, dy += s->out_w) {
        float *top = dx + (ptrdiff_t)(2 * oy) * s->in_w;
        for (int ox = 0; ox < s->out_w; ox += LANES) {
            int part = part_of(s->out_w, ox);
            V d = quarter * v_load_part(dy + ox, part);
            store_columns(top + 2 * ox, d, d, part);
            store_columns(top + s->in_w + 2 * ox, d, d, part);
        }
    }
}

static void avg_pool(const PoolShape *s, const float *x, float *y) {
    float share = 1.0f / (float)(s->kernel * s->kernel);
    if (is_two_by_two(s)) {
        avg_two_by_two(s, x, y);
        return;
    }
    for (int oy = 0; oy < s->out_h; oy++)
        for (int ox = 0; ox < s->out_w; ox++) {
            Window w = window_at(s, oy, ox);
            float sum = 0.0f;
            for (int iy = w.y0; iy < w.y1; iy++)
                for (int ix = w.x0; ix < w.x1; ix++) sum += x[(ptrdiff_t)iy * s->in_w + ix];
            *y++ = sum * share;
        }
}

static void avg_pool_gradient(const PoolShape *s, const float *dy, float *dx) {
    float share = 1.0f / (float)(s->kernel * s->kernel);
    if (is_two_by_two(s)) {
        avg_two_by_two_gradient(s, dy, dx);
        return;
    }
    memset(dx, 0, (size_t)s->in_h * (size_t)s->in_w * sizeof *dx);
    for (int oy = 0; oy < s->out_h; oy++)
        for (int ox = 0; ox < s->out_w; ox++, dy++) {
            Window w = window_at(s, oy, ox);
            for (int iy = w.y0; iy < w.y1; iy++)
                for (int ix = w.x0; ix < w.x1; ix++)
                    dx[(ptrdiff_t)iy * s->in_w + ix] += *dy * share;
        }
}

void KERNEL(fill_windows)(CpuKernels *k) {
    k->max_pool = max_pool;
    k->max_pool_gradient = max_pool_gradient;
    k->avg_pool = avg_pool;
    k->avg_pool_gradient = avg_pool_gradient;
}
