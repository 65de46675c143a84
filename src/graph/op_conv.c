// Conv: groups, strides, dilations, any padding, one to three dimensions. The windows of a few
// output places at a time are laid side by side (im2col) and multiplied with all filters.
#include "graph/ops.h"

#include <string.h>

typedef struct Conv {
    Windows w;
    size_t groups, in_channels, out_channels; // of one group
    size_t *places;   // [kernel_area][PANEL]: where each number of a window lies, NOWHERE: padding
    float *panel;     // [in_channels * kernel_area][PANEL]
    size_t to[PANEL]; // where the output of each place lies
} Conv;
#define NOWHERE SIZE_MAX

// From place `first` on; a picture that has fewer than there is room for is followed by the next.
static void conv_places(Conv *conv, size_t first, int columns) {
    const Windows *w = &conv->w;
    size_t picture_from = conv->groups * conv->in_channels * w->in_area;
    size_t picture_to = conv->groups * conv->out_channels * w->out_area;
    for (int t = 0; t < PANEL; t++) {
        size_t at = first + (size_t)t, o[WINDOW_RANK], k[WINDOW_RANK] = {0};
        size_t picture = at / w->out_area;
        at %= w->out_area;
        conv->to[t] = picture * picture_to + at;
        for (int d = WINDOW_RANK - 1; d >= 0; d--) {
            o[d] = at % w->out[d];
            at /= w->out[d];
        }
        for (size_t i = 0; i < w->kernel_area; i++) {
            size_t place;
            bool inside = t < columns && windows_at(w, o, k, &place);
            conv->places[i * PANEL + (size_t)t] = inside ? picture * picture_from + place : NOWHERE;
            shape_next(k, WINDOW_RANK, w->kernel);
        }
    }
}

// `x`: the channels of one group.
static void conv_fill(const Conv *conv, const float *x) {
    float *to = conv->panel;
    for (size_t c = 0; c < conv->in_channels; c++, x += conv->w.in_area)
        for (size_t i = 0; i < conv->w.kernel_area * PANEL; i++)
            *to++ = conv->places[i] == NOWHERE ? 0 : x[conv->places[i]];
}

// Small pictures are done several at once: with one column a product takes as long as with PANEL.
static void conv_run(Conv *conv, size_t n, const float *x, const float *weights, float *y) {
    const Windows *w = &conv->w;
    size_t k = conv->in_channels * w->kernel_area;
    size_t from_size = conv->in_channels * w->in_area, to_size = conv->out_channels * w->out_area;
    for (size_t first = 0; first < w->out_area; first += PANEL) {
        size_t rest = w->out_area - first, most = w->out_area < PANEL ? PANEL / w->out_area : 1;
        for (size_t i = 0; i < n; i += most) {
            size_t pictures = n - i < most ? n - i : most;
            int columns = (int)(rest < PANEL ? pictures * rest : PANEL);
            if (i == 0 || pictures < most) conv_places(conv, first, columns);
            for (size_t g = 0; g < conv->groups; g++) {
                size_t at = i * conv->groups + g;
                conv_fill(conv, x + at * from_size);
                panel_product(conv->out_channels, k, columns, weights + g * conv->out_channels * k,
                              k, 1, conv->panel, y + at * to_size, w->out_area, conv->to);
            }
        }
    }
}

static Status conv_check(const GraphCall *call, Conv *conv) {
    Status status;
    const float *numbers;
    const GraphTensor *x = call->in[0], *weights = call->in[1];
    TRY(call_floats(call, 0, 3, &numbers));
    TRY(call_floats(call, 1, 3, &numbers));
    int64_t groups = graph_node_int(call->node, "group", 1);
    if (weights->rank != x->rank || groups < 1 || groups > (int64_t)x->dims[1] ||
        x->dims[1] % (size_t)groups != 0 || weights->dims[0] % (size_t)groups != 0 ||
        weights->dims[1] != x->dims[1] / (size_t)groups) {
        char left[96], right[96];
        graph_tensor_print(x, left);
        graph_tensor_print(weights, right);
        TRY(status_error(STATUS_FORMAT,
                         "an input of %s and weights of %s in %lld groups do not fit", left, right,
                         (long long)groups));
    }
    conv->groups = (size_t)groups;
    conv->in_channels = weights->dims[1];
    conv->out_channels = weights->dims[0] / conv->groups;
    TRY(windows_find(call, x, weights->dims + 2, &conv->w));
    if (call->in_count > 2 && call->in[2] && call->in[2]->count != weights->dims[0])
        TRY(status_error(STATUS_FORMAT, "its bias has %zu numbers, not %zu", call->in[2]->count,
                         weights->dims[0]));
fail:
    return status;
}

Status op_conv(GraphCall *call) {
    Status status;
    Conv conv;
    void *places, *panel;
    TRY(conv_check(call, &conv));
    const GraphTensor *x = call->in[0], *weights = call->in[1];
    const GraphTensor *bias = call->in_count > 2 ? call->in[2] : NULL;
    size_t dims[GRAPH_RANK_MAX] = {x->dims[0], weights->dims[0]};
    for (int d = 0; d < conv.w.rank; d++) dims[2 + d] = conv.w.out[WINDOW_RANK - conv.w.rank + d];
    TRY(call_output(call, 0, GRAPH_F32, x->rank, dims));
    double k = (double)conv.in_channels * (double)conv.w.kernel_area;
    TRY(call_work(call,
                  (double)call->out[0].count * k +
                      (double)conv.w.out_area * (double)conv.w.kernel_area * 8 +
                      (double)x->dims[0] * (double)conv.groups * k * (double)conv.w.out_area));
    TRY(call_scratch(call, conv.w.kernel_area * PANEL * sizeof(size_t), &places));
    TRY(call_scratch(call, conv.in_channels * conv.w.kernel_area * PANEL * sizeof(float), &panel));
    conv.places = places;
    conv.panel = panel;
    float *to = call->out[0].data;
    conv_run(&conv, x->dims[0], x->data, weights->data, to);
    if (bias)
        for (size_t i = 0; i < x->dims[0] * weights->dims[0]; i++, to += conv.w.out_area) {
            float b = ((const float *)bias->data)[i % weights->dims[0]];
            for (size_t p = 0; p < conv.w.out_area; p++) to[p] += b;
        }
fail:
    return status;
}
