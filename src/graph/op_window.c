// Where the windows of convolutions and pools lie: strides, dilations, padding given or found.
#include "graph/ops.h"

#include <string.h>

enum { WINDOW_DIM_MAX = 1 << 24 };

// Numbers of an attribute into the last `rank` places of three; `fallback` where there is none.
static Status window_numbers(const GraphCall *call, const char *name, int rank, int64_t least,
                             size_t fallback, size_t out[WINDOW_RANK]) {
    int count;
    const int64_t *numbers = graph_node_ints(call->node, name, &count);
    for (int d = 0; d < WINDOW_RANK; d++) out[d] = fallback;
    if (!numbers || count == 0) return status_ok();
    if (count != rank)
        return status_error(STATUS_FORMAT, "%s has %d numbers, but the image %d dimensions", name,
                            count, rank);
    for (int d = 0; d < rank; d++) {
        if (numbers[d] < least || numbers[d] > WINDOW_DIM_MAX)
            return status_error(STATUS_FORMAT, "%lld in %s makes no sense", (long long)numbers[d],
                                name);
        out[WINDOW_RANK - rank + d] = (size_t)numbers[d];
    }
    return status_ok();
}

static Status window_pads(const GraphCall *call, Windows *w) {
    int count;
    const int64_t *pads = graph_node_ints(call->node, "pads", &count);
    if (!pads || count == 0) return status_ok();
    if (count != 2 * w->rank)
        return status_error(STATUS_FORMAT, "pads has %d numbers, not %d", count, 2 * w->rank);
    for (int d = 0; d < w->rank; d++) {
        w->begin[WINDOW_RANK - w->rank + d] = pads[d];
        w->end[WINDOW_RANK - w->rank + d] = pads[w->rank + d];
        for (int i = d; i < count; i += w->rank)
            if (pads[i] < 0 || pads[i] > WINDOW_DIM_MAX)
                return status_error(STATUS_FORMAT, "%lld in pads makes no sense",
                                    (long long)pads[i]);
    }
    return status_ok();
}

// The sizes of one dimension's output, its padding if that is to be found.
static Status window_out(Windows *w, int d, const char *automatic, bool ceiling) {
    int64_t in = (int64_t)w->in[d], stride = (int64_t)w->stride[d];
    int64_t reach = (int64_t)((w->kernel[d] - 1) * w->dilation[d]) + 1;
    bool lower = strcmp(automatic, "SAME_LOWER") == 0;
    if (lower || strcmp(automatic, "SAME_UPPER") == 0) {
        int64_t out = (in + stride - 1) / stride, total = (out - 1) * stride + reach - in;
        if (total < 0) total = 0;
        w->begin[d] = lower ? total - total / 2 : total / 2;
        w->end[d] = total - w->begin[d];
    }
    int64_t room = in + w->begin[d] + w->end[d] - reach;
    if (room < 0 || in == 0)
        return status_error(STATUS_FORMAT, "a window of %lld does not fit into %lld",
                            (long long)reach, (long long)(in + w->begin[d] + w->end[d]));
    int64_t out = (room + (ceiling ? stride - 1 : 0)) / stride + 1;
    // PyTorch's rule, too: a window that would begin behind the image and its padding in front is
    // left out.
    if (ceiling && (out - 1) * stride >= in + w->begin[d]) out--;
    w->out[d] = (size_t)out;
    return status_ok();
}

Status windows_find(const GraphCall *call, const GraphTensor *x, const size_t *kernel, Windows *w) {
    Status status;
    memset(w, 0, sizeof *w);
    w->rank = x->rank - 2;
    if (w->rank < 1 || w->rank > WINDOW_RANK)
        return status_error(STATUS_UNSUPPORTED, "images of %d dimensions cannot be worked with",
                            w->rank);
    for (int d = 0; d < WINDOW_RANK; d++) w->in[d] = w->kernel[d] = 1;
    int first = WINDOW_RANK - w->rank;
    for (int d = first; d < WINDOW_RANK; d++) w->in[d] = x->dims[2 + d - first];
    TRY(window_numbers(call, "kernel_shape", w->rank, 1, 1, w->kernel));
    TRY(window_numbers(call, "strides", w->rank, 1, 1, w->stride));
    TRY(window_numbers(call, "dilations", w->rank, 1, 1, w->dilation));
    for (int d = first; kernel && d < WINDOW_RANK; d++) {
        int count;
        if (graph_node_ints(call->node, "kernel_shape", &count) &&
            w->kernel[d] != kernel[d - first])
            TRY(status_error(STATUS_FORMAT, "kernel_shape is not the shape of its weights"));
        w->kernel[d] = kernel[d - first];
    }
    const char *automatic = graph_node_text(call->node, "auto_pad", "NOTSET");
    bool given = strcmp(automatic, "NOTSET") == 0 || automatic[0] == '\0';
    if (given) TRY(window_pads(call, w));
    w->in_area = w->out_area = w->kernel_area = 1;
    for (int d = 0; d < WINDOW_RANK; d++) {
        if (w->kernel[d] == 0 || w->kernel[d] > WINDOW_DIM_MAX || w->in[d] > WINDOW_DIM_MAX)
            TRY(status_error(STATUS_FORMAT, "the sizes of its windows make no sense"));
        TRY(window_out(w, d, automatic, graph_node_int(call->node, "ceil_mode", 0) != 0));
        w->in_area *= w->in[d];
        if (w->kernel_area > SIZE_MAX / 1024 / w->kernel[d] ||
            w->out_area > SIZE_MAX / 1024 / w->out[d])
            TRY(status_error(STATUS_FORMAT, "the sizes of its windows make no sense"));
        w->out_area *= w->out[d];
        w->kernel_area *= w->kernel[d];
    }
fail:
    return status;
}
