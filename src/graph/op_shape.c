// Operators that only move numbers, of whatever type: Identity, Flatten, Squeeze, Unsqueeze,
// Reshape, Transpose, Concat, Shape, Gather, Constant.
#include "graph/ops.h"

#include <string.h>

static Status copy_as(GraphCall *call, int rank, const size_t *dims) {
    const GraphTensor *x = call->in[0];
    Status status = call_output(call, 0, x->type, rank, dims);
    if (!status_is_ok(&status)) return status;
    if (call->out[0].count != x->count) {
        char from[96], to[96];
        graph_tensor_print(x, from);
        graph_tensor_print(&call->out[0], to);
        return status_error(STATUS_FORMAT, "%s cannot become %s", from, to);
    }
    memcpy(call->out[0].data, x->data, x->count * graph_element_size(x->type));
    return call_work(call, (double)x->count);
}

static Status view_flatten(GraphCall *call) {
    const GraphTensor *x = call->in[0];
    size_t dims[2] = {1, 1};
    int axis;
    Status status = call_axis(graph_node_int(call->node, "axis", 1), x->rank, true, &axis);
    if (!status_is_ok(&status)) return status;
    for (int i = 0; i < x->rank; i++) dims[i >= axis] *= x->dims[i];
    return copy_as(call, 2, dims);
}

static Status view_squeeze(GraphCall *call) {
    const GraphTensor *x = call->in[0];
    bool chosen[GRAPH_RANK_MAX], any;
    size_t dims[GRAPH_RANK_MAX];
    int rank = 0;
    Status status = call_axes(call, 1, x->rank, chosen, &any);
    if (!status_is_ok(&status)) return status;
    for (int i = 0; i < x->rank; i++) {
        if (any && chosen[i] && x->dims[i] != 1)
            return status_error(STATUS_FORMAT, "dimension %d is %zu, not 1", i, x->dims[i]);
        if (any ? !chosen[i] : x->dims[i] != 1) dims[rank++] = x->dims[i];
    }
    return copy_as(call, rank, dims);
}

static Status view_unsqueeze(GraphCall *call) {
    const GraphTensor *x = call->in[0];
    const int64_t *axes;
    bool chosen[GRAPH_RANK_MAX], any;
    size_t dims[GRAPH_RANK_MAX];
    int count, used = 0;
    Status status = call_integers(call, 1, &axes, &count);
    if (!status_is_ok(&status)) return status;
    if (count < 0) axes = graph_node_ints(call->node, "axes", &count);
    int rank = x->rank + count;
    if (count < 0 || rank > GRAPH_RANK_MAX)
        return status_error(STATUS_UNSUPPORTED, "it gives a tensor of more than %d dimensions",
                            GRAPH_RANK_MAX);
    status = call_axes(call, 1, rank, chosen, &any);
    if (!status_is_ok(&status)) return status;
    for (int i = 0; i < rank; i++) dims[i] = chosen[i] ? 1 : x->dims[used++];
    return copy_as(call, rank, dims);
}

Status op_view(GraphCall *call) {
    static Status (*const views[])(GraphCall *) = {
        [VIEW_FLATTEN] = view_flatten,
        [VIEW_SQUEEZE] = view_squeeze,
        [VIEW_UNSQUEEZE] = view_unsqueeze,
    };
    int variant = call->node->op->variant;
    if (variant == VIEW_IDENTITY) return copy_as(call, call->in[0]->rank, call->in[0]->dims);
    if (call->in[0]->type == GRAPH_OPAQUE)
        return status_error(STATUS_UNSUPPORTED, "its input is no tensor");
    return views[variant](call);
}

Status op_reshape(GraphCall *call) {
    const GraphTensor *x = call->in[0];
    const int64_t *shape;
    size_t dims[GRAPH_RANK_MAX], known = 1;
    int count, open = -1;
    bool zero = graph_node_int(call->node, "allowzero", 0) != 0;
    Status status = call_integers(call, 1, &shape, &count);
    if (!status_is_ok(&status)) return status;
    if (count < 0) shape = graph_node_ints(call->node, "shape", &count);
    if (!shape || count > GRAPH_RANK_MAX)
        return status_error(STATUS_FORMAT, "its shape must be a list of at most %d numbers",
                            GRAPH_RANK_MAX);
    for (int i = 0; i < count; i++) {
        if (shape[i] < -1 || shape[i] > INT32_MAX || (shape[i] == -1 && open >= 0) ||
            (shape[i] == 0 && !zero && i >= x->rank))
            return status_error(STATUS_FORMAT, "%lld at place %d of its shape makes no sense",
                                (long long)shape[i], i);
        if (shape[i] == -1) open = i;
        dims[i] = shape[i] == -1 ? 1 : shape[i] == 0 && !zero ? x->dims[i] : (size_t)shape[i];
        if (dims[i] > 0 && known > SIZE_MAX / dims[i])
            return status_error(STATUS_FORMAT, "its shape is absurdly large");
        known *= dims[i];
    }
    if (open >= 0) dims[open] = known > 0 ? x->count / known : 0;
    return copy_as(call, count, dims);
}

Status op_transpose(GraphCall *call) {
    const GraphTensor *x = call->in[0];
    Status status;
    int count;
    const int64_t *perm = graph_node_ints(call->node, "perm", &count);
    size_t dims[GRAPH_RANK_MAX], strides[GRAPH_RANK_MAX], from_strides[GRAPH_RANK_MAX];
    size_t index[GRAPH_RANK_MAX] = {0}, size = graph_element_size(x->type), stride = 1;
    bool seen[GRAPH_RANK_MAX] = {false};
    if ((perm && count != x->rank) || x->type == GRAPH_OPAQUE)
        return status_error(STATUS_FORMAT, "perm has %d numbers, but its input %d dimensions",
                            count, x->rank);
    for (int i = x->rank - 1; i >= 0; i--) {
        from_strides[i] = stride;
        stride *= x->dims[i];
    }
    for (int i = 0; i < x->rank; i++) {
        int64_t axis = perm ? perm[i] : x->rank - 1 - i;
        if (axis < 0 || axis >= x->rank || seen[axis])
            return status_error(STATUS_FORMAT, "perm is not an order of its input's dimensions");
        seen[axis] = true;
        dims[i] = x->dims[axis];
        strides[i] = from_strides[axis];
    }
    TRY(call_output(call, 0, x->type, x->rank, dims));
    TRY(call_work(call, 4 * (double)x->count));
    unsigned char *to = call->out[0].data;
    const unsigned char *from = x->data;
    for (size_t i = 0; i < x->count; i++, to += size) {
        size_t at = 0;
        for (int d = 0; d < x->rank; d++) at += index[d] * strides[d];
        memcpy(to, from + at * size, size);
        shape_next(index, x->rank, dims);
    }
fail:
    return status;
}

Status op_concat(GraphCall *call) {
    Status status;
    const GraphTensor *first = call->in[0];
    size_t dims[GRAPH_RANK_MAX], size = graph_element_size(first->type), outer = 1, inner = 1;
    int axis;
    // Operator sets before 4 had 1 as default; since then it must be there.
    TRY(call_axis(graph_node_int(call->node, "axis", 1), first->rank, false, &axis));
    memcpy(dims, first->dims, sizeof dims);
    dims[axis] = 0;
    for (int i = 0; i < call->in_count; i++) {
        const GraphTensor *x = call->in[i];
        bool fits =
            x && x->type == first->type && x->type != GRAPH_OPAQUE && x->rank == first->rank;
        for (int d = 0; fits && d < x->rank; d++) fits = d == axis || x->dims[d] == first->dims[d];
        if (!fits) TRY(status_error(STATUS_FORMAT, "its inputs 1 and %d do not fit", i + 1));
        dims[axis] += x->dims[axis];
    }
    TRY(call_output(call, 0, first->type, first->rank, dims));
    TRY(call_work(call, (double)call->out[0].count));
    for (int d = 0; d < axis; d++) outer *= dims[d];
    for (int d = axis + 1; d < first->rank; d++) inner *= dims[d];
    unsigned char *to = call->out[0].data;
    if (call->out[0].count == 0) outer = 0;
    for (size_t o = 0; o < outer; o++)
        for (int i = 0; i < call->in_count; i++) {
            size_t bytes = call->in[i]->dims[axis] * inner * size;
            memcpy(to, (const unsigned char *)call->in[i]->data + o * bytes, bytes);
            to += bytes;
        }
fail:
    return status;
}

// The sizes of the input; since operator set 15 a stretch of them.
Status op_shape(GraphCall *call) {
    const GraphTensor *x = call->in[0];
    int64_t first = graph_node_int(call->node, "start", 0);
    int64_t end = graph_node_int(call->node, "end", x->rank);
    if (x->type == GRAPH_OPAQUE) return status_error(STATUS_UNSUPPORTED, "its input is no tensor");
    if (first < 0) first += x->rank;
    if (end < 0) end += x->rank;
    first = first < 0 ? 0 : first > x->rank ? x->rank : first;
    end = end < first ? first : end > x->rank ? x->rank : end;
    Status status = call_output(call, 0, GRAPH_I64, 1, &(size_t){(size_t)(end - first)});
    if (!status_is_ok(&status)) return status;
    for (int64_t d = first; d < end; d++)
        ((int64_t *)call->out[0].data)[d - first] = (int64_t)x->dims[d];
    return status;
}

Status op_gather(GraphCall *call) {
    Status status;
    const GraphTensor *x = call->in[0], *indices = call->in[1];
    size_t dims[2 * GRAPH_RANK_MAX], outer = 1, inner = graph_element_size(x->type);
    int axis, rank = 0;
    TRY(call_axis(graph_node_int(call->node, "axis", 0), x->rank, false, &axis));
    if (graph_storage(indices) != GRAPH_AS_INTEGER || x->type == GRAPH_OPAQUE)
        TRY(status_error(STATUS_FORMAT, "its second input must be integers"));
    for (int d = 0; d < axis; d++) outer *= dims[rank++] = x->dims[d];
    for (int d = 0; d < indices->rank; d++) dims[rank++] = indices->dims[d];
    for (int d = axis + 1; d < x->rank; d++) inner *= dims[rank++] = x->dims[d];
    TRY(call_output(call, 0, x->type, rank, dims));
    TRY(call_work(call, 2 * (double)call->out[0].count + (double)indices->count));
    unsigned char *to = call->out[0].data;
    const int64_t *index = indices->data;
    int64_t most = (int64_t)x->dims[axis];
    for (size_t i = 0; i < indices->count; i++)
        if (index[i] < -most || index[i] >= most)
            TRY(status_error(STATUS_FORMAT, "index %lld is not within %lld", (long long)index[i],
                             (long long)most));
    for (size_t o = 0; o < outer && call->out[0].count > 0; o++)
        for (size_t i = 0; i < indices->count; i++, to += inner) {
            size_t at = (size_t)(index[i] < 0 ? index[i] + most : index[i]);
            memcpy(to, (const unsigned char *)x->data + (o * (size_t)most + at) * inner, inner);
        }
fail:
    return status;
}

Status op_constant(GraphCall *call) {
    const GraphNode *node = call->node;
    Status status;
    int count;
    const GraphAttribute *value = graph_node_attribute(node, "value");
    const GraphAttribute *reals = graph_node_attribute(node, "value_floats");
    const int64_t *integers = graph_node_ints(node, "value_ints", &count);
    if (value && value->kind == GRAPH_TENSOR) {
        TRY(call_output(call, 0, value->tensor.type, value->tensor.rank, value->tensor.dims));
        memcpy(call->out[0].data, value->tensor.data,
               value->tensor.count * graph_element_size(value->tensor.type));
    } else if (reals && reals->kind == GRAPH_FLOATS) {
        TRY(call_output(call, 0, GRAPH_F32, 1, &(size_t){(size_t)reals->count}));
        memcpy(call->out[0].data, reals->reals, (size_t)reals->count * sizeof(float));
    } else if (integers) {
        TRY(call_output(call, 0, GRAPH_I64, 1, &(size_t){(size_t)count}));
        memcpy(call->out[0].data, integers, (size_t)count * sizeof(int64_t));
    } else if (graph_node_attribute(node, "value_float")) {
        TRY(call_output(call, 0, GRAPH_F32, 0, NULL));
        *(float *)call->out[0].data = graph_node_float(node, "value_float", 0);
    } else if (graph_node_attribute(node, "value_int")) {
        TRY(call_output(call, 0, GRAPH_I64, 0, NULL));
        *(int64_t *)call->out[0].data = graph_node_int(node, "value_int", 0);
    } else {
        return status_error(STATUS_UNSUPPORTED, "it holds no tensor and no numbers");
    }
fail:
    return status;
}
