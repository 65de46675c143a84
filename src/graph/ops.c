// The table of operators, and what their run functions share. To add one: a run function and a row;
// one row more where a later operator set changed its meaning.
#include "graph/ops.h"

#include <string.h>

#define UNARY(name_, since_, which)                                                                \
    {                                                                                              \
        .name = name_, .since = since_, .in_least = 1, .in_most = 1, .out_most = 1,                \
        .float_inputs = 1, .variant = which, .run = op_unary                                       \
    }
#define ARITHMETIC(name_, which)                                                                   \
    {                                                                                              \
        .name = name_, .since = 1, .in_least = 2, .in_most = 2, .out_most = 1, .variant = which,   \
        .run = op_arithmetic                                                                       \
    }

// Name, since, inputs at least and at most, outputs at most, inputs as floats, variant, function.
static const GraphOperator graph_operators[] = {
    ARITHMETIC("Add", ARITHMETIC_ADD),
    {"AveragePool", 1, 1, 1, 1, 1, 0, op_average_pool},
    {"BatchNormalization", 1, 5, 5, 5, 5, 0, op_batch_norm},
    {"Cast", 1, 1, 1, 1, 0, 0, op_cast},
    {"Clip", 1, 1, 1, 1, 1, 0, op_clip},
    {"Clip", 11, 1, 3, 1, 3, 0, op_clip},
    {"Concat", 1, 1, GRAPH_INPUTS_MAX, 1, 0, 0, op_concat},
    {"Constant", 1, 0, 0, 1, 0, 0, op_constant},
    {"Conv", 1, 2, 3, 1, 3, 0, op_conv},
    ARITHMETIC("Div", ARITHMETIC_DIV),
    {"Dropout", 1, 1, 1, 2, 1, 0, op_dropout},
    {"Dropout", 12, 1, 3, 2, 2, 0, op_dropout},
    UNARY("Elu", 1, UNARY_ELU),
    UNARY("Erf", 9, UNARY_ERF),
    {"Flatten", 1, 1, 1, 1, 0, VIEW_FLATTEN, op_view},
    UNARY("Floor", 1, UNARY_FLOOR),
    {"Gather", 1, 2, 2, 1, 0, 0, op_gather},
    {"Gemm", 1, 2, 3, 1, 3, 0, op_gemm},
    {"GlobalAveragePool", 1, 1, 1, 1, 1, 0, op_global_average_pool},
    UNARY("HardSigmoid", 1, UNARY_HARD_SIGMOID),
    {"Identity", 1, 1, 1, 1, 0, VIEW_IDENTITY, op_view},
    UNARY("LeakyRelu", 1, UNARY_LEAKY_RELU),
    {"LogSoftmax", 1, 1, 1, 1, 1, SOFTMAX_LOG | SOFTMAX_ALL_BEHIND, op_softmax},
    {"LogSoftmax", 13, 1, 1, 1, 1, SOFTMAX_LOG, op_softmax},
    {"MatMul", 1, 2, 2, 1, 2, 0, op_matmul},
    {"MaxPool", 1, 1, 1, 2, 1, 0, op_max_pool},
    ARITHMETIC("Mul", ARITHMETIC_MUL),
    {"PRelu", 1, 2, 2, 1, 2, 0, op_prelu},
    {"Pad", 1, 1, 1, 1, 0, 0, op_pad},
    {"Pad", 11, 2, 4, 1, 0, 0, op_pad},
    {"ReduceMean", 1, 1, 1, 1, 1, 0, op_reduce_mean},
    {"ReduceMean", 18, 1, 2, 1, 1, 0, op_reduce_mean},
    UNARY("Relu", 1, UNARY_RELU),
    {"Reshape", 1, 1, 1, 1, 0, 0, op_reshape},
    {"Reshape", 5, 2, 2, 1, 0, 0, op_reshape},
    UNARY("Selu", 1, UNARY_SELU),
    {"Shape", 1, 1, 1, 1, 0, 0, op_shape},
    UNARY("Sigmoid", 1, UNARY_SIGMOID),
    {"Softmax", 1, 1, 1, 1, 1, SOFTMAX_ALL_BEHIND, op_softmax},
    {"Softmax", 13, 1, 1, 1, 1, 0, op_softmax},
    UNARY("Softplus", 1, UNARY_SOFTPLUS),
    {"Squeeze", 1, 1, 1, 1, 0, VIEW_SQUEEZE, op_view},
    {"Squeeze", 13, 1, 2, 1, 0, VIEW_SQUEEZE, op_view},
    ARITHMETIC("Sub", ARITHMETIC_SUB),
    UNARY("Tanh", 1, UNARY_TANH),
    {"Transpose", 1, 1, 1, 1, 0, 0, op_transpose},
    {"Unsqueeze", 1, 1, 1, 1, 0, VIEW_UNSQUEEZE, op_view},
    {"Unsqueeze", 13, 2, 2, 1, 0, VIEW_UNSQUEEZE, op_view},
};
enum { GRAPH_OPERATORS = sizeof graph_operators / sizeof graph_operators[0] };

const GraphOperator *graph_operator_find(const char *name, int opset) {
    const GraphOperator *found = NULL;
    for (int i = 0; i < GRAPH_OPERATORS; i++) {
        const GraphOperator *row = &graph_operators[i];
        if (strcmp(row->name, name) == 0 && row->since <= opset &&
            (!found || row->since > found->since))
            found = row;
    }
    return found;
}

bool graph_knows(const char *op) {
    return graph_operator_find(op, GRAPH_OPSET_MAX) != NULL;
}

bool call_wants(const GraphCall *call, int index) {
    return index < call->out_count && call->node->outputs[index] >= 0;
}

// ---- inputs -------------------------------------------------------------------------------------

Status call_integers(const GraphCall *call, int index, const int64_t **out, int *count) {
    *out = NULL;
    *count = -1;
    if (index >= call->in_count || !call->in[index]) return status_ok();
    const GraphTensor *tensor = call->in[index];
    if (graph_storage(tensor) != GRAPH_AS_INTEGER || tensor->rank > 1 || tensor->count > 1024)
        return status_error(STATUS_FORMAT, "its input %d must be a short list of integers",
                            index + 1);
    *out = tensor->data;
    *count = (int)tensor->count;
    return status_ok();
}

Status call_axis(int64_t axis, int rank, bool end, int *out) {
    int64_t most = end ? rank : rank - 1;
    if (axis < -(int64_t)rank || axis > most)
        return status_error(STATUS_FORMAT, "axis %lld is none of a tensor of %d dimensions",
                            (long long)axis, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return status_ok();
}

Status call_axes(const GraphCall *call, int index, int rank, bool chosen[GRAPH_RANK_MAX],
                 bool *any) {
    const int64_t *axes;
    int count, axis = 0;
    memset(chosen, 0, GRAPH_RANK_MAX * sizeof *chosen);
    Status status = call_integers(call, index, &axes, &count);
    if (!status_is_ok(&status)) return status;
    if (count < 0) axes = graph_node_ints(call->node, "axes", &count);
    *any = axes && count > 0;
    for (int i = 0; axes && i < count; i++) {
        status = call_axis(axes[i], rank, false, &axis);
        if (!status_is_ok(&status)) return status;
        if (chosen[axis]) return status_error(STATUS_FORMAT, "axis %d is named twice", axis);
        chosen[axis] = true;
    }
    return status_ok();
}

Status call_floats(const GraphCall *call, int index, int rank_least, const float **out) {
    const GraphTensor *tensor = index < call->in_count ? call->in[index] : NULL;
    if (!tensor || graph_storage(tensor) != GRAPH_AS_FLOAT || tensor->rank < rank_least)
        return status_error(STATUS_FORMAT,
                            "its input %d must be numbers with at least %d dimensions", index + 1,
                            rank_least);
    *out = tensor->data;
    return status_ok();
}

// ---- shapes -------------------------------------------------------------------------------------

Status shape_broadcast(const GraphTensor *a, const GraphTensor *b, int *rank,
                       size_t dims[GRAPH_RANK_MAX]) {
    *rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 1; i <= *rank; i++) {
        size_t x = i <= a->rank ? a->dims[a->rank - i] : 1;
        size_t y = i <= b->rank ? b->dims[b->rank - i] : 1;
        if (x != y && x != 1 && y != 1) {
            char left[96], right[96];
            graph_tensor_print(a, left);
            graph_tensor_print(b, right);
            return status_error(STATUS_FORMAT, "%s and %s do not fit each other", left, right);
        }
        dims[*rank - i] = x == 1 ? y : x;
    }
    return status_ok();
}

void shape_strides(const GraphTensor *tensor, int rank, size_t strides[GRAPH_RANK_MAX]) {
    size_t stride = 1;
    for (int i = 1; i <= rank; i++) {
        size_t dim = i <= tensor->rank ? tensor->dims[tensor->rank - i] : 1;
        strides[rank - i] = dim == 1 ? 0 : stride;
        stride *= dim;
    }
}

bool shape_next(size_t *index, int rank, const size_t *dims) {
    for (int i = rank - 1; i >= 0; i--) {
        if (++index[i] < dims[i]) return true;
        index[i] = 0;
    }
    return false;
}
