// MaxPool, AveragePool, GlobalAveragePool, of one to three dimensions.
#include "graph/ops.h"

#include <math.h>

static void pool_place(size_t at, const size_t dims[WINDOW_RANK], size_t out[WINDOW_RANK]) {
    for (int d = WINDOW_RANK - 1; d >= 0; d--) {
        out[d] = at % dims[d];
        at /= dims[d];
    }
}

static Status pool_begin(GraphCall *call, Windows *w, GraphType type, int index, size_t *planes) {
    Status status;
    const GraphTensor *x = call->in[0];
    const float *numbers;
    int count;
    size_t dims[GRAPH_RANK_MAX];
    TRY(call_floats(call, 0, 3, &numbers));
    if (!graph_node_ints(call->node, "kernel_shape", &count))
        TRY(status_error(STATUS_FORMAT, "kernel_shape is missing"));
    TRY(windows_find(call, x, NULL, w));
    dims[0] = x->dims[0];
    dims[1] = x->dims[1];
    *planes = dims[0] * dims[1];
    for (int d = 0; d < w->rank; d++) dims[2 + d] = w->out[WINDOW_RANK - w->rank + d];
    TRY(call_output(call, index, type, x->rank, dims));
    TRY(call_work(call, 6 * (double)call->out[index].count * (double)w->kernel_area));
fail:
    return status;
}

// Where the numbers of the window of output place `at` lie in a plane; gives how many there are:
// padding is none. The same for every plane.
static size_t pool_places(const Windows *w, size_t at, size_t *places) {
    size_t o[WINDOW_RANK], k[WINDOW_RANK] = {0}, count = 0;
    pool_place(at, w->out, o);
    for (size_t i = 0; i < w->kernel_area; i++) {
        count += windows_at(w, o, k, &places[count]);
        shape_next(k, WINDOW_RANK, w->kernel);
    }
    return count;
}

// Which of them is the largest; NaN counts as that.
static size_t pool_largest(const float *x, const size_t *places, size_t count) {
    size_t best = places[0];
    for (size_t i = 1; i < count; i++)
        if (x[places[i]] > x[best] || isnan(x[places[i]])) best = places[i];
    return best;
}

// The index of a place in a tensor that is column-major in its image.
static size_t pool_turned(const Windows *w, size_t at) {
    size_t place[WINDOW_RANK], index = 0;
    pool_place(at, w->in, place);
    for (int d = WINDOW_RANK - 1; d >= 0; d--) index = index * w->in[d] + place[d];
    return index;
}

Status op_max_pool(GraphCall *call) {
    Status status;
    Windows w;
    size_t planes;
    void *room;
    bool indices = call_wants(call, 1),
         turned = graph_node_int(call->node, "storage_order", 0) != 0;
    TRY(pool_begin(call, &w, GRAPH_F32, 0, &planes));
    if (indices) TRY(call_output(call, 1, GRAPH_I64, call->out[0].rank, call->out[0].dims));
    TRY(call_scratch(call, (w.kernel_area + 1) * sizeof(size_t), &room));
    size_t *places = room;
    const float *x = call->in[0]->data;
    float *to = call->out[0].data;
    int64_t *index = indices ? call->out[1].data : NULL;
    for (size_t i = 0; i < w.out_area; i++) {
        size_t count = pool_places(&w, i, places);
        for (size_t p = 0; p < planes; p++) {
            const float *from = x + p * w.in_area;
            size_t best = count > 0 ? pool_largest(from, places, count) : 0;
            to[p * w.out_area + i] = count > 0 ? from[best] : -INFINITY;
            if (indices)
                index[p * w.out_area + i] =
                    (int64_t)(p * w.in_area + (turned ? pool_turned(&w, best) : best));
        }
    }
fail:
    return status;
}

// How many places of a window count when padding does: those within image and padding.
static size_t pool_padded_count(const Windows *w, const size_t o[WINDOW_RANK]) {
    size_t count = 1;
    for (int d = 0; d < WINDOW_RANK; d++) {
        int64_t end = (int64_t)w->in[d] + w->end[d], inside = 0;
        for (size_t k = 0; k < w->kernel[d]; k++)
            inside += (int64_t)(o[d] * w->stride[d] + k * w->dilation[d]) - w->begin[d] < end;
        count *= (size_t)inside;
    }
    return count;
}

Status op_average_pool(GraphCall *call) {
    Status status;
    Windows w;
    size_t planes;
    void *room;
    bool padded = graph_node_int(call->node, "count_include_pad", 0) != 0;
    TRY(pool_begin(call, &w, GRAPH_F32, 0, &planes));
    TRY(call_scratch(call, (w.kernel_area + 1) * sizeof(size_t), &room));
    size_t *places = room;
    const float *x = call->in[0]->data;
    float *to = call->out[0].data;
    for (size_t i = 0; i < w.out_area; i++) {
        size_t o[WINDOW_RANK], count = pool_places(&w, i, places);
        pool_place(i, w.out, o);
        size_t among = padded ? pool_padded_count(&w, o) : count;
        for (size_t p = 0; p < planes; p++) {
            double sum = 0;
            for (size_t k = 0; k < count; k++) sum += (double)x[p * w.in_area + places[k]];
            to[p * w.out_area + i] = among ? (float)(sum / (double)among) : 0;
        }
    }
fail:
    return status;
}

Status op_global_average_pool(GraphCall *call) {
    Status status;
    const GraphTensor *x = call->in[0];
    const float *from;
    size_t dims[GRAPH_RANK_MAX], area = 1;
    TRY(call_floats(call, 0, 2, &from));
    for (int d = 0; d < x->rank; d++) {
        dims[d] = d < 2 ? x->dims[d] : 1;
        if (d >= 2) area *= x->dims[d];
    }
    TRY(call_output(call, 0, GRAPH_F32, x->rank, dims));
    TRY(call_work(call, (double)x->count));
    for (size_t i = 0; i < call->out[0].count; i++) {
        double sum = 0;
        for (size_t k = 0; k < area; k++) sum += (double)*from++;
        ((float *)call->out[0].data)[i] = (float)(sum / (double)area);
    }
fail:
    return status;
}
