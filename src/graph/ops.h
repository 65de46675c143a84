// What operators of a graph are made of: a row each in graph_operators[] (ops.c), and a run
// function that finds out the shape of its output from its inputs, asks for room and fills it. For
// this room only.
#ifndef INKLING_GRAPH_OPS_H
#define INKLING_GRAPH_OPS_H

#include "graph/graph.h"

// One node about to run.
typedef struct GraphCall {
    const GraphNode *node;
    int opset;
    GraphRun *run;
    const GraphTensor **in; // NULL where an optional input is left out
    int in_count;
    GraphTensor *out; // [out_count], filled by call_output
    int out_count;
} GraphCall;

struct GraphOperator {
    const char *name;
    int since; // the first operator set with this meaning; of several rows the latest that fits
    int in_least, in_most, out_most;
    // So many inputs in front come as float32 whatever number type they have, and float32 outputs
    // go back to the type of the first input. 0: inputs come as they are.
    int float_inputs;
    int variant; // what the run function wants to know of its row
    Status (*run)(GraphCall *call);
};

// The row for an operator set; NULL when there is none, or none so old.
const GraphOperator *graph_operator_find(const char *name, int opset);

// Room for output `index` (which may be wanted by nobody: see call_wants). Contents undefined.
Status call_output(GraphCall *call, int index, GraphType type, int rank, const size_t *dims);
bool call_wants(const GraphCall *call, int index);
// Adds to the work of this run; STATUS_UNSUPPORTED when that is too much.
Status call_work(GraphCall *call, double amount);
// Memory until the node is done. Contents undefined.
Status call_scratch(GraphCall *call, size_t bytes, void **out);

// The integers in input `index`, a vector or a single number. *count is -1 when it is left out.
Status call_integers(const GraphCall *call, int index, const int64_t **out, int *count);
// An axis counted from the back when negative; `rank` itself is allowed when `end`.
Status call_axis(int64_t axis, int rank, bool end, int *out);
// Which axes: from input `index` if there is one, else from the attribute "axes". chosen[] gets
// one flag per dimension; *any is false when none are named.
Status call_axes(const GraphCall *call, int index, int rank, bool chosen[GRAPH_RANK_MAX],
                 bool *any);
// Input `index` is there and has numbers as floats (or was turned into them).
Status call_floats(const GraphCall *call, int index, int rank_least, const float **out);

// The shape that two shapes broadcast to (numpy's rule).
Status shape_broadcast(const GraphTensor *a, const GraphTensor *b, int *rank,
                       size_t dims[GRAPH_RANK_MAX]);
// Strides in elements with which `tensor` is read as if it had the broadcast shape: 0 where it is
// repeated.
void shape_strides(const GraphTensor *tensor, int rank, size_t strides[GRAPH_RANK_MAX]);
// The next index of a shape, last dimension fastest; false at the end.
bool shape_next(size_t *index, int rank, const size_t *dims);

// ---- products -----------------------------------------------------------------------------------

enum { PANEL = 8 }; // columns worked on together

// c[i][j] = sum over l of a[i][l] * panel[l][j] for m rows and `columns` <= PANEL columns. panel is
// [k][PANEL]; c is written with c_row between rows, column j at c_columns[j].
void panel_product(size_t m, size_t k, int columns, const float *a, size_t a_row, size_t a_column,
                   const float *panel, float *c, size_t c_row, const size_t c_columns[PANEL]);

// ---- windows of convolutions and pools ----------------------------------------------------------

enum { WINDOW_RANK = 3 };

// Always three spatial dimensions; missing ones in front have size 1.
typedef struct Windows {
    int rank; // that there really are
    size_t in[WINDOW_RANK], out[WINDOW_RANK];
    size_t kernel[WINDOW_RANK], stride[WINDOW_RANK], dilation[WINDOW_RANK];
    int64_t begin[WINDOW_RANK], end[WINDOW_RANK]; // padding
    size_t in_area, out_area, kernel_area;
} Windows;

// From x [n][c][spatial ...] and the node's attributes kernel_shape (or `kernel`, when it has
// none), strides, pads, auto_pad, dilations, ceil_mode.
Status windows_find(const GraphCall *call, const GraphTensor *x, const size_t *kernel,
                    Windows *out);
// Where in the input place k of the kernel lies for output place o of each dimension; false: in the
// padding.
static inline bool windows_at(const Windows *w, const size_t o[WINDOW_RANK],
                              const size_t k[WINDOW_RANK], size_t *out) {
    size_t at = 0;
    for (int d = 0; d < WINDOW_RANK; d++) {
        int64_t i = (int64_t)(o[d] * w->stride[d] + k[d] * w->dilation[d]) - w->begin[d];
        if (i < 0 || i >= (int64_t)w->in[d]) return false;
        at = at * w->in[d] + (size_t)i;
    }
    *out = at;
    return true;
}

// ---- run functions ------------------------------------------------------------------------------

Status op_unary(GraphCall *call); // op_elements.c
Status op_arithmetic(GraphCall *call);
Status op_clip(GraphCall *call);
Status op_prelu(GraphCall *call);
Status op_cast(GraphCall *call);
Status op_dropout(GraphCall *call);  // op_dropout.c
Status op_constant(GraphCall *call); // op_shape.c
Status op_view(GraphCall *call);
Status op_reshape(GraphCall *call);
Status op_transpose(GraphCall *call);
Status op_concat(GraphCall *call);
Status op_shape(GraphCall *call);
Status op_gather(GraphCall *call);
Status op_pad(GraphCall *call);  // op_pad.c
Status op_conv(GraphCall *call); // op_conv.c
Status op_gemm(GraphCall *call); // op_product.c
Status op_matmul(GraphCall *call);
Status op_max_pool(GraphCall *call); // op_pool.c
Status op_average_pool(GraphCall *call);
Status op_global_average_pool(GraphCall *call);
Status op_batch_norm(GraphCall *call); // op_reduce.c
Status op_softmax(GraphCall *call);
Status op_reduce_mean(GraphCall *call);

// Variants: what the rows of one run function differ in.
enum {
    UNARY_RELU,
    UNARY_LEAKY_RELU,
    UNARY_SIGMOID,
    UNARY_TANH,
    UNARY_ELU,
    UNARY_SELU,
    UNARY_HARD_SIGMOID,
    UNARY_ERF,
    UNARY_SOFTPLUS,
    UNARY_FLOOR
};
enum { ARITHMETIC_ADD, ARITHMETIC_SUB, ARITHMETIC_MUL, ARITHMETIC_DIV };
enum { VIEW_IDENTITY, VIEW_FLATTEN, VIEW_SQUEEZE, VIEW_UNSQUEEZE };
enum { SOFTMAX_ALL_BEHIND = 1, SOFTMAX_LOG = 2 }; // flags

#endif
