// Operators that look along whole dimensions: BatchNormalization, Softmax, LogSoftmax, ReduceMean.
#include "graph/ops.h"

#include <math.h>
#include <string.h>

// ---- batch normalisation ------------------------------------------------------------------------

// Mean and variance of a channel over the batch, as operator sets from 14 on train.
static void batch_norm_statistics(const GraphTensor *x, size_t area, size_t c, double *mean,
                                  double *variance) {
    size_t channels = x->dims[1], n = x->dims[0];
    double sum = 0, squares = 0, count = (double)n * (double)area;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n; i++) {
            const float *from = (const float *)x->data + (i * channels + c) * area;
            for (size_t k = 0; k < area; k++) {
                double d = pass ? (double)from[k] - sum / count : 0;
                if (pass)
                    squares += d * d;
                else
                    sum += (double)from[k];
            }
        }
    *mean = sum / count;
    *variance = squares / count;
}

static Status batch_norm_check(const GraphCall *call) {
    Status status;
    const float *numbers;
    TRY(call_floats(call, 0, 2, &numbers));
    for (int i = 1; i < 5; i++) {
        TRY(call_floats(call, i, 1, &numbers));
        if (call->in[i]->count != call->in[0]->dims[1])
            TRY(status_error(STATUS_FORMAT, "its input %d has %zu numbers for %zu channels", i + 1,
                             call->in[i]->count, call->in[0]->dims[1]));
    }
    if (!graph_node_int(call->node, "spatial", 1))
        TRY(status_error(STATUS_UNSUPPORTED, "spatial = 0 cannot be worked with"));
fail:
    return status;
}

Status op_batch_norm(GraphCall *call) {
    Status status;
    const GraphTensor *x = call->in[0];
    bool training = call->opset >= 14 && graph_node_int(call->node, "training_mode", 0) != 0;
    TRY(batch_norm_check(call));
    float epsilon = graph_node_float(call->node, "epsilon", 1e-5f);
    double momentum = (double)graph_node_float(call->node, "momentum", 0.9f);
    size_t channels = x->dims[1], area = 1;
    for (int d = 2; d < x->rank; d++) area *= x->dims[d];
    TRY(call_output(call, 0, GRAPH_F32, x->rank, x->dims));
    TRY(call_work(call, 6 * (double)x->count + 10 * (double)channels));
    for (int i = 1; i < 3 && training; i++)
        if (call_wants(call, i)) TRY(call_output(call, i, GRAPH_F32, 1, &channels));
    const float *const *in = (const float *const[]){call->in[1]->data, call->in[2]->data,
                                                    call->in[3]->data, call->in[4]->data};
    for (size_t c = 0; c < channels; c++) {
        double mean = (double)in[2][c], variance = (double)in[3][c];
        if (training && x->count > 0) {
            batch_norm_statistics(x, area, c, &mean, &variance);
            const double seen[] = {mean, variance};
            for (int i = 1; i < 3; i++)
                if (call_wants(call, i))
                    ((float *)call->out[i].data)[c] =
                        (float)((double)in[1 + i][c] * momentum + seen[i - 1] * (1 - momentum));
        }
        float scale = (float)((double)in[0][c] / sqrt(variance + (double)epsilon));
        float m = (float)mean, shift = in[1][c];
        for (size_t i = 0; i < x->dims[0]; i++) {
            size_t at = (i * channels + c) * area;
            const float *from = (const float *)x->data + at;
            float *to = (float *)call->out[0].data + at;
            for (size_t k = 0; k < area; k++) to[k] = (from[k] - m) * scale + shift;
        }
    }
fail:
    return status;
}

// ---- softmax ------------------------------------------------------------------------------------

// `n` numbers `stride` apart.
static void softmax_row(const float *from, float *to, size_t n, size_t stride, bool logarithm) {
    float top = from[0];
    double sum = 0;
    for (size_t i = 1; i < n; i++)
        if (from[i * stride] > top) top = from[i * stride];
    for (size_t i = 0; i < n; i++) {
        float e = expf(from[i * stride] - top);
        to[i * stride] = e;
        sum += (double)e;
    }
    float log_sum = (float)log(sum);
    for (size_t i = 0; i < n; i++)
        to[i * stride] =
            logarithm ? from[i * stride] - top - log_sum : (float)((double)to[i * stride] / sum);
}

Status op_softmax(GraphCall *call) {
    Status status;
    const GraphTensor *x = call->in[0];
    int variant = call->node->op->variant, axis;
    bool behind = (variant & SOFTMAX_ALL_BEHIND) != 0;
    const float *from;
    size_t outer = 1, n = 1, inner = 1;
    TRY(call_floats(call, 0, 1, &from));
    TRY(call_axis(graph_node_int(call->node, "axis", behind ? 1 : -1), x->rank, behind, &axis));
    for (int d = 0; d < axis; d++) outer *= x->dims[d];
    if (behind)
        for (int d = axis; d < x->rank; d++) n *= x->dims[d];
    else
        n = x->dims[axis];
    for (int d = axis + 1; d < x->rank && !behind; d++) inner *= x->dims[d];
    TRY(call_output(call, 0, GRAPH_F32, x->rank, x->dims));
    TRY(call_work(call, 20 * (double)x->count));
    for (size_t o = 0; o < outer && x->count > 0; o++)
        for (size_t i = 0; i < inner; i++) {
            size_t at = o * n * inner + i;
            softmax_row(from + at, (float *)call->out[0].data + at, n, inner,
                        (variant & SOFTMAX_LOG) != 0);
        }
fail:
    return status;
}

// ---- means --------------------------------------------------------------------------------------

Status op_reduce_mean(GraphCall *call) {
    Status status;
    const GraphTensor *x = call->in[0];
    const float *from = x->data;
    bool chosen[GRAPH_RANK_MAX], any, keep = graph_node_int(call->node, "keepdims", 1) != 0;
    size_t dims[GRAPH_RANK_MAX], kept[GRAPH_RANK_MAX], strides[GRAPH_RANK_MAX];
    size_t index[GRAPH_RANK_MAX] = {0}, group = 1;
    int rank = 0;
    void *scratch;
    TRY(call_axes(call, 1, x->rank, chosen, &any));
    bool all = !any && !graph_node_int(call->node, "noop_with_empty_axes", 0);
    for (int d = 0; d < x->rank; d++) {
        bool gone = all || chosen[d];
        kept[d] = gone ? 1 : x->dims[d];
        if (gone) group *= x->dims[d];
        if (!gone || keep) dims[rank++] = kept[d];
    }
    TRY(call_output(call, 0, GRAPH_F32, rank, dims));
    TRY(call_work(call, 8 * (double)x->count));
    size_t count = call->out[0].count;
    TRY(call_scratch(call, count * sizeof(double), &scratch));
    double *sums = scratch;
    for (size_t i = 0; i < count; i++) sums[i] = 0;
    GraphTensor shape = {.rank = x->rank};
    memcpy(shape.dims, kept, sizeof kept);
    shape_strides(&shape, x->rank, strides);
    for (size_t i = 0; i < x->count; i++) {
        size_t at = 0;
        for (int d = 0; d < x->rank; d++) at += index[d] * strides[d];
        sums[at] += (double)from[i];
        shape_next(index, x->rank, x->dims);
    }
    for (size_t i = 0; i < count; i++)
        ((float *)call->out[0].data)[i] = (float)(sums[i] / (double)group);
fail:
    return status;
}
