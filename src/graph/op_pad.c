// Pad: each dimension made longer (or shorter) at both ends, filled with a constant, the edge, or
// the inside read back and forth or around.
#include "graph/ops.h"

#include <string.h>

enum { PAD_CONSTANT, PAD_EDGE, PAD_REFLECT, PAD_WRAP, PAD_MODES };
static const char *const pad_modes[PAD_MODES] = {"constant", "edge", "reflect", "wrap"};

// The place in a dimension of n numbers that place i of the padded one shows; -1: the constant.
static int64_t pad_source(int mode, int64_t i, int64_t n) {
    if (i >= 0 && i < n) return i;
    if (mode == PAD_CONSTANT || n == 0) return -1;
    if (mode == PAD_EDGE) return i < 0 ? 0 : n - 1;
    if (mode == PAD_WRAP) return (i % n + n) % n;
    if (n == 1) return 0;
    int64_t period = 2 * (n - 1), at = (i % period + period) % period;
    return at < n ? at : period - at;
}

// begin[] and end[] per dimension of x, from the attribute or from inputs 1 and 3.
static Status pad_amounts(const GraphCall *call, int64_t begin[GRAPH_RANK_MAX],
                          int64_t end[GRAPH_RANK_MAX]) {
    const GraphTensor *x = call->in[0];
    const int64_t *pads, *axes;
    int count, axis_count;
    Status status;
    memset(begin, 0, GRAPH_RANK_MAX * sizeof *begin);
    memset(end, 0, GRAPH_RANK_MAX * sizeof *end);
    TRY(call_integers(call, 1, &pads, &count));
    TRY(call_integers(call, 3, &axes, &axis_count));
    if (count < 0) pads = graph_node_ints(call->node, "pads", &count);
    if (!pads) pads = graph_node_ints(call->node, "paddings", &count);
    int named = axis_count >= 0 ? axis_count : x->rank;
    if (!pads || count != 2 * named)
        TRY(status_error(STATUS_FORMAT, "its pads must be %d numbers", 2 * named));
    for (int i = 0; i < named; i++) {
        int axis = i;
        if (axis_count >= 0) TRY(call_axis(axes[i], x->rank, false, &axis));
        begin[axis] = pads[i];
        end[axis] = pads[named + i];
        for (int k = 0; k < 2; k++)
            if (pads[i + k * named] < -INT32_MAX || pads[i + k * named] > INT32_MAX)
                TRY(status_error(STATUS_FORMAT, "its pads are absurdly large"));
    }
fail:
    return status;
}

// What constant padding is filled with, one element.
static Status pad_value(const GraphCall *call, unsigned char *out) {
    const GraphTensor *x = call->in[0], *value = call->in_count > 2 ? call->in[2] : NULL;
    size_t size = graph_element_size(x->type);
    memset(out, 0, size);
    if (!value) {
        float number = graph_node_float(call->node, "value", 0);
        GraphTensor from = {.type = GRAPH_F32, .count = 1, .data = &number};
        GraphTensor to = {.type = x->type, .count = 1, .data = out};
        if (x->type == GRAPH_TEXT) return status_ok();
        return graph_tensor_convert(&from, &to);
    }
    if (value->type != x->type || value->count != 1)
        return status_error(STATUS_FORMAT, "what it fills with must be one number of its type");
    memcpy(out, value->data, size);
    return status_ok();
}

Status op_pad(GraphCall *call) {
    Status status;
    const GraphTensor *x = call->in[0];
    int64_t begin[GRAPH_RANK_MAX], end[GRAPH_RANK_MAX];
    size_t dims[GRAPH_RANK_MAX], index[GRAPH_RANK_MAX] = {0}, size = graph_element_size(x->type);
    union {
        int64_t integer;
        double real;
        unsigned char bytes[GRAPH_TEXT_MAX];
    } value;
    const char *name = graph_node_text(call->node, "mode", "constant");
    int mode = 0;
    while (mode < PAD_MODES && strcmp(name, pad_modes[mode]) != 0) mode++;
    if (mode == PAD_MODES || x->type == GRAPH_OPAQUE)
        return status_error(STATUS_UNSUPPORTED, "its mode \"%.40s\" is not known", name);
    TRY(pad_amounts(call, begin, end));
    TRY(pad_value(call, value.bytes));
    for (int d = 0; d < x->rank; d++) {
        int64_t dim = (int64_t)x->dims[d] + begin[d] + end[d];
        if (dim < 0) TRY(status_error(STATUS_FORMAT, "it takes away more than there is"));
        if (x->dims[d] == 0 && dim > 0 && mode != PAD_CONSTANT)
            TRY(status_error(STATUS_FORMAT, "there is nothing to pad with"));
        dims[d] = (size_t)dim;
    }
    TRY(call_output(call, 0, x->type, x->rank, dims));
    TRY(call_work(call, 8 * (double)call->out[0].count));
    unsigned char *to = call->out[0].data;
    for (size_t i = 0; i < call->out[0].count; i++, to += size) {
        int64_t at = 0;
        for (int d = 0; d < x->rank && at >= 0; d++) {
            int64_t n = (int64_t)x->dims[d];
            int64_t source = pad_source(mode, (int64_t)index[d] - begin[d], n);
            at = source < 0 ? -1 : at * n + source;
        }
        memcpy(to, at < 0 ? value.bytes : (const unsigned char *)x->data + (size_t)at * size, size);
        shape_next(index, x->rank, dims);
    }
fail:
    return status;
}
