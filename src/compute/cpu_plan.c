// Plans of convolutions.
#include "compute/cpu_plan.h"

#include <stdlib.h>
#include <string.h>

static void axis_close(PlanAxis *axis) {
    free(axis->class_of);
    *axis = (PlanAxis){0};
}

// One block of ints for all arrays of an axis; there are at most as many classes as places.
static bool axis_alloc(PlanAxis *axis, int length, int kernel) {
    size_t ints = (size_t)length * (size_t)(4 + 2 * kernel);
    int *block = calloc(ints + 1, sizeof *block);
    if (!block) return false;
    *axis = (PlanAxis){.length = length, .class_of = block};
    axis->run_end = block + length;
    axis->base = axis->run_end + length;
    axis->tap_count = axis->base + length;
    axis->taps = axis->tap_count + length;
    axis->offsets = axis->taps + (ptrdiff_t)length * kernel;
    return true;
}

// Gives place `at` the set of taps that stands in the free class at the end.
static void axis_settle(PlanAxis *axis, int at, int kernel) {
    int fresh = axis->classes, count = axis->tap_count[fresh];
    size_t bytes = (size_t)count * sizeof(int);
    for (int c = 0; c < fresh; c++) {
        if (axis->tap_count[c] == count &&
            memcmp(&axis->taps[c * kernel], &axis->taps[fresh * kernel], bytes) == 0 &&
            memcmp(&axis->offsets[c * kernel], &axis->offsets[fresh * kernel], bytes) == 0) {
            axis->class_of[at] = c;
            return;
        }
    }
    axis->class_of[at] = fresh;
    axis->classes++;
}

static void axis_add_tap(PlanAxis *axis, int kernel, int tap, int offset) {
    int c = axis->classes, i = axis->tap_count[c]++;
    axis->taps[c * kernel + i] = tap;
    axis->offsets[c * kernel + i] = offset;
}

static void axis_find_runs(PlanAxis *axis) {
    for (int i = axis->length - 1; i >= 0; i--) {
        bool same = i + 1 < axis->length && axis->class_of[i + 1] == axis->class_of[i] &&
                    axis->base[i + 1] - axis->base[i] == axis->step;
        axis->run_end[i] = same ? axis->run_end[i + 1] : i + 1;
    }
}

// Results y[o] = sum over k of x[o * stride - pad + k]; x carries its padding.
static bool axis_forward(PlanAxis *axis, int in, int out, int kernel, int stride, int pad) {
    if (!axis_alloc(axis, out, kernel)) return false;
    axis->step = stride;
    for (int o = 0; o < out; o++) {
        axis->base[o] = o * stride;
        axis->tap_count[axis->classes] = 0;
        for (int k = 0; k < kernel; k++) {
            int i = o * stride - pad + k;
            if (i >= 0 && i < in) axis_add_tap(axis, kernel, k, k);
        }
        axis_settle(axis, o, kernel);
    }
    axis_find_runs(axis);
    return true;
}

// Results dx[i] = sum over those k for which some o has o * stride - pad + k = i, of dy[o].
static bool axis_backward(PlanAxis *axis, int in, int out, int kernel, int stride, int pad) {
    if (!axis_alloc(axis, in, kernel)) return false;
    axis->step = 1;
    for (int i = 0; i < in; i++) {
        int base = (i + pad) / stride;
        axis->base[i] = base;
        axis->tap_count[axis->classes] = 0;
        for (int k = (i + pad) % stride; k < kernel; k += stride) {
            int o = (i + pad - k) / stride;
            if (i + pad - k >= 0 && o < out) axis_add_tap(axis, kernel, k, o - base);
        }
        axis_settle(axis, i, kernel);
    }
    axis_find_runs(axis);
    return true;
}

// The lists of all pairs of a class of rows and one of columns.
static bool product_lists(PlanProduct *product, int kernel_h, int kernel_w, int width, int lanes) {
    const PlanAxis *rows = &product->rows, *columns = &product->columns;
    size_t lists = (size_t)rows->classes * (size_t)columns->classes, entries = 0;
    for (int r = 0; r < rows->classes; r++)
        for (int c = 0; c < columns->classes; c++)
            entries += (size_t)rows->tap_count[r] * (size_t)columns->tap_count[c];
    product->row_floats = width * lanes;
    product->lists = calloc(lists + 1, sizeof *product->lists);
    product->memory = calloc(2 * entries + 1, sizeof *product->memory);
    if (!product->lists || !product->memory) return false;
    int32_t *at = product->memory;
    for (int r = 0; r < rows->classes; r++) {
        for (int c = 0; c < columns->classes; c++) {
            int taps = rows->tap_count[r] * columns->tap_count[c], n = 0;
            TapList *list = &product->lists[r * columns->classes + c];
            *list = (TapList){taps, at, at + taps};
            at = list->x_at + taps;
            for (int i = 0; i < rows->tap_count[r]; i++) {
                for (int j = 0; j < columns->tap_count[c]; j++, n++) {
                    list->w_at[n] =
                        rows->taps[r * kernel_h + i] * kernel_w + columns->taps[c * kernel_w + j];
                    list->x_at[n] = (rows->offsets[r * kernel_h + i] * width +
                                     columns->offsets[c * kernel_w + j]) *
                                    lanes;
                }
            }
        }
    }
    return true;
}

static void product_close(PlanProduct *product) {
    axis_close(&product->rows);
    axis_close(&product->columns);
    free(product->lists);
    free(product->memory);
}

void conv_plan_close(ConvPlan **plan) {
    if (!*plan) return;
    product_close(&(*plan)->forward);
    product_close(&(*plan)->backward);
    free((*plan)->x_at);
    free(*plan);
    *plan = NULL;
}

bool conv_plan_fits(const ConvPlan *plan, const ConvShape *s) {
    const ConvShape *p = &plan->shape;
    return p->in_c == s->in_c && p->in_h == s->in_h && p->in_w == s->in_w && p->out_c == s->out_c &&
           p->out_h == s->out_h && p->out_w == s->out_w && p->kernel_h == s->kernel_h &&
           p->kernel_w == s->kernel_w && p->stride == s->stride && p->pad == s->pad;
}

Status conv_plan_open(const ConvShape *s, int lanes, ConvPlan **out) {
    *out = NULL;
    ConvPlan *plan = calloc(1, sizeof *plan);
    if (!plan) return status_no_memory("a convolution", sizeof *plan);
    plan->shape = *s;
    plan->lanes = lanes;
    plan->padded_h = s->in_h + 2 * s->pad;
    plan->padded_w = s->in_w + 2 * s->pad;
    // An odd number of cache lines, so that the same pixel of all channels does not fall on one
    // set of the cache.
    plan->x_plane = (((size_t)plan->padded_h * (size_t)plan->padded_w) | 1) * (size_t)lanes;
    plan->dy_plane = (((size_t)s->out_h * (size_t)s->out_w) | 1) * (size_t)lanes;
    PlanProduct *f = &plan->forward, *b = &plan->backward;
    size_t taps = (size_t)s->kernel_h * (size_t)s->kernel_w;
    plan->x_at = calloc(taps, sizeof *plan->x_at);
    if (!plan->x_at || !axis_forward(&f->rows, s->in_h, s->out_h, s->kernel_h, s->stride, s->pad) ||
        !axis_forward(&f->columns, s->in_w, s->out_w, s->kernel_w, s->stride, s->pad) ||
        !axis_backward(&b->rows, s->in_h, s->out_h, s->kernel_h, s->stride, s->pad) ||
        !axis_backward(&b->columns, s->in_w, s->out_w, s->kernel_w, s->stride, s->pad) ||
        !product_lists(f, s->kernel_h, s->kernel_w, plan->padded_w, lanes) ||
        !product_lists(b, s->kernel_h, s->kernel_w, s->out_w, lanes)) {
        conv_plan_close(&plan);
        return status_no_memory("a convolution's plan", taps * sizeof(int32_t));
    }
    for (int i = 0; i < s->kernel_h; i++)
        for (int j = 0; j < s->kernel_w; j++)
            plan->x_at[i * s->kernel_w + j] = (i * plan->padded_w + j) * lanes;
    *out = plan;
    return status_ok();
}
