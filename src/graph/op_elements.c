// Operators on single numbers: activations, arithmetic with broadcasting, Clip, PRelu, Cast.
#include "graph/ops.h"

#include <math.h>
#include <string.h>

// ---- activations --------------------------------------------------------------------------------

typedef struct Unary {
    float alpha, beta; // defaults of the attributes "alpha" and "beta" (Selu: "gamma")
    const char *second;
    float (*apply)(float x, float alpha, float beta);
} Unary;

// y of x, and of the attributes a and b where it has them.
#define UNARY(name, y)                                                                             \
    static float unary_##name(float x, float a, float b) {                                         \
        (void)a, (void)b;                                                                          \
        return y;                                                                                  \
    }
UNARY(relu, x < 0 ? 0 : x) // NaN stays NaN
UNARY(leaky_relu, x < 0 ? a * x : x)
UNARY(sigmoid, 1.0f / (1.0f + expf(-x)))
UNARY(tanh, tanhf(x))
UNARY(elu, x < 0 ? a * expm1f(x) : x)
UNARY(selu, (x <= 0 ? a * expm1f(x) : x) * b)
UNARY(hard_sigmoid, (a * x + b) < 0 ? 0 : (a * x + b) > 1 ? 1 : (a * x + b))
UNARY(erf, erff(x))
UNARY(softplus, (x > 0 ? x : 0) + log1pf(expf(-fabsf(x)))) // log(1 + exp(x)), without an overflow
UNARY(floor, floorf(x))
#undef UNARY

// The defaults are ONNX's.
static const Unary unaries[] = {
    [UNARY_RELU] = {0, 0, "", unary_relu},
    [UNARY_LEAKY_RELU] = {0.01f, 0, "", unary_leaky_relu},
    [UNARY_SIGMOID] = {0, 0, "", unary_sigmoid},
    [UNARY_TANH] = {0, 0, "", unary_tanh},
    [UNARY_ELU] = {1, 0, "", unary_elu},
    [UNARY_SELU] = {1.67326319217681884765625f, 1.05070102214813232421875f, "gamma", unary_selu},
    [UNARY_HARD_SIGMOID] = {0.2f, 0.5f, "beta", unary_hard_sigmoid},
    [UNARY_ERF] = {0, 0, "", unary_erf},
    [UNARY_SOFTPLUS] = {0, 0, "", unary_softplus},
    [UNARY_FLOOR] = {0, 0, "", unary_floor},
};

Status op_unary(GraphCall *call) {
    const Unary *unary = &unaries[call->node->op->variant];
    const GraphTensor *x = call->in[0];
    Status status;
    float alpha = graph_node_float(call->node, "alpha", unary->alpha);
    float beta = graph_node_float(call->node, unary->second, unary->beta);
    TRY(call_output(call, 0, GRAPH_F32, x->rank, x->dims));
    TRY(call_work(call, (double)x->count * (unary->apply == unary_relu ? 1 : 10)));
    const float *from = x->data;
    float *to = call->out[0].data;
    if (unary->apply == unary_relu)
        for (size_t i = 0; i < x->count; i++) to[i] = from[i] < 0 ? 0 : from[i];
    else
        for (size_t i = 0; i < x->count; i++) to[i] = unary->apply(from[i], alpha, beta);
fail:
    return status;
}

// ---- arithmetic ---------------------------------------------------------------------------------

static float float_apply(int which, float x, float y) {
    return which == ARITHMETIC_ADD   ? x + y
           : which == ARITHMETIC_SUB ? x - y
           : which == ARITHMETIC_MUL ? x * y
                                     : x / y;
}

// Called with `which` written out, so that each loop is for one of them.
static inline void float_row(int which, const float *x, size_t dx, const float *y, size_t dy,
                             size_t n, float *to) {
    if (dx == 1 && dy == 1)
        for (size_t i = 0; i < n; i++) to[i] = float_apply(which, x[i], y[i]);
    else if (dx == 1 && dy == 0)
        for (size_t i = 0; i < n; i++) to[i] = float_apply(which, x[i], y[0]);
    else
        for (size_t i = 0; i < n; i++) to[i] = float_apply(which, x[i * dx], y[i * dy]);
}

static double double_apply(int which, double x, double y) {
    return which == ARITHMETIC_ADD   ? x + y
           : which == ARITHMETIC_SUB ? x - y
           : which == ARITHMETIC_MUL ? x * y
                                     : x / y;
}

// Wraps; the quotient is cut towards 0. *zero is set for a division by 0.
static int64_t integer_apply(int which, GraphType type, int64_t x, int64_t y, bool *zero) {
    uint64_t a = (uint64_t)x, b = (uint64_t)y;
    if (which == ARITHMETIC_ADD) return (int64_t)(a + b);
    if (which == ARITHMETIC_SUB) return (int64_t)(a - b);
    if (which == ARITHMETIC_MUL) return (int64_t)(a * b);
    *zero = *zero || y == 0;
    if (y == 0) return 0;
    if (type == GRAPH_U64) return (int64_t)(a / b);
    return y == -1 ? (int64_t)(0 - a) : x / y;
}

typedef struct Arithmetic {
    int which, rank;
    const GraphTensor *a, *b;
    GraphTensor *out;
    size_t a_stride[GRAPH_RANK_MAX], b_stride[GRAPH_RANK_MAX];
} Arithmetic;

// One stretch along the last dimension.
static void arithmetic_row(const Arithmetic *m, size_t a, size_t b, size_t at, size_t n,
                           bool *zero) {
    size_t da = m->rank > 0 ? m->a_stride[m->rank - 1] : 0;
    size_t db = m->rank > 0 ? m->b_stride[m->rank - 1] : 0;
    const GraphStorage storage = graph_storage(m->out);
    if (storage == GRAPH_AS_FLOAT) {
        const float *x = (const float *)m->a->data + a, *y = (const float *)m->b->data + b;
        float *to = (float *)m->out->data + at;
        if (m->which == ARITHMETIC_ADD) float_row(ARITHMETIC_ADD, x, da, y, db, n, to);
        if (m->which == ARITHMETIC_SUB) float_row(ARITHMETIC_SUB, x, da, y, db, n, to);
        if (m->which == ARITHMETIC_MUL) float_row(ARITHMETIC_MUL, x, da, y, db, n, to);
        if (m->which == ARITHMETIC_DIV) float_row(ARITHMETIC_DIV, x, da, y, db, n, to);
    } else if (storage == GRAPH_AS_DOUBLE) {
        const double *x = (const double *)m->a->data + a, *y = (const double *)m->b->data + b;
        double *to = (double *)m->out->data + at;
        for (size_t i = 0; i < n; i++) to[i] = double_apply(m->which, x[i * da], y[i * db]);
    } else {
        const int64_t *x = (const int64_t *)m->a->data + a, *y = (const int64_t *)m->b->data + b;
        int64_t *to = (int64_t *)m->out->data + at;
        for (size_t i = 0; i < n; i++)
            to[i] = integer_apply(m->which, m->out->type, x[i * da], y[i * db], zero);
    }
}

// Before operator set 7 the second input was laid beside the first from "axis" on.
static Status arithmetic_old_shape(const GraphCall *call, GraphTensor *b) {
    int axis, rank = call->in[0]->rank;
    if (call->opset >= 7 || !graph_node_int(call->node, "broadcast", 0) ||
        !graph_node_attribute(call->node, "axis"))
        return status_ok();
    Status status = call_axis(graph_node_int(call->node, "axis", 0), rank, false, &axis);
    while (status_is_ok(&status) && b->rank < rank - axis) b->dims[b->rank++] = 1;
    return status;
}

Status op_arithmetic(GraphCall *call) {
    Status status;
    GraphTensor b = *call->in[1];
    Arithmetic m = {.which = call->node->op->variant, .a = call->in[0], .b = &b};
    size_t dims[GRAPH_RANK_MAX], index[GRAPH_RANK_MAX] = {0};
    bool zero = false;
    GraphStorage storage = graph_storage(m.a);
    if (m.a->type != b.type || storage == GRAPH_AS_TEXT || storage == GRAPH_AS_BYTES)
        return status_error(STATUS_FORMAT, "its inputs must be numbers of one type, not %s and %s",
                            graph_types[m.a->type].name, graph_types[b.type].name);
    TRY(arithmetic_old_shape(call, &b));
    TRY(shape_broadcast(m.a, &b, &m.rank, dims));
    TRY(call_output(call, 0, m.a->type, m.rank, dims));
    TRY(call_work(call, (double)call->out[0].count));
    m.out = &call->out[0];
    shape_strides(m.a, m.rank, m.a_stride);
    shape_strides(&b, m.rank, m.b_stride);
    size_t row = m.rank > 0 ? dims[m.rank - 1] : 1;
    if (m.rank > 0 && m.a->count == m.out->count && (b.count == m.out->count || b.count == 1)) {
        // Nothing is repeated but perhaps one number: all of it is one stretch.
        row = m.out->count;
        m.a_stride[m.rank - 1] = 1;
        m.b_stride[m.rank - 1] = b.count == m.out->count;
    }
    for (size_t at = 0; at < m.out->count; at += row) {
        size_t from_a = 0, from_b = 0;
        for (int i = 0; i < m.rank - 1; i++) {
            from_a += index[i] * m.a_stride[i];
            from_b += index[i] * m.b_stride[i];
        }
        arithmetic_row(&m, from_a, from_b, at, row, &zero);
        shape_next(index, m.rank - 1, dims);
    }
    if (zero) TRY(status_error(STATUS_FORMAT, "it divides integers by 0"));
fail:
    return status;
}

// ---- the others ---------------------------------------------------------------------------------

Status op_clip(GraphCall *call) {
    Status status;
    const GraphTensor *x = call->in[0];
    float low = graph_node_float(call->node, "min", -INFINITY);
    float high = graph_node_float(call->node, "max", INFINITY);
    float *const limits[] = {NULL, &low, &high};
    for (int i = 1; i < call->in_count && i < 3; i++) {
        if (!call->in[i]) continue;
        if (call->in[i]->count != 1)
            return status_error(STATUS_FORMAT, "its limits must be single numbers");
        *limits[i] = *(const float *)call->in[i]->data;
    }
    TRY(call_output(call, 0, GRAPH_F32, x->rank, x->dims));
    TRY(call_work(call, (double)x->count));
    const float *from = x->data;
    float *to = call->out[0].data;
    for (size_t i = 0; i < x->count; i++) {
        float y = from[i] < low ? low : from[i];
        to[i] = y > high ? high : y;
    }
fail:
    return status;
}

Status op_prelu(GraphCall *call) {
    Status status;
    const GraphTensor *x = call->in[0];
    GraphTensor slope = *call->in[1];
    int rank;
    size_t dims[GRAPH_RANK_MAX], strides[GRAPH_RANK_MAX], index[GRAPH_RANK_MAX] = {0};
    // Before operator set 7 a vector was one slope per channel.
    if (call->opset < 7 && slope.rank == 1 && slope.dims[0] > 1)
        while (slope.rank < x->rank - 1) slope.dims[slope.rank++] = 1;
    TRY(shape_broadcast(x, &slope, &rank, dims));
    TRY(call_output(call, 0, GRAPH_F32, rank, dims));
    if (rank != x->rank || memcmp(dims, x->dims, (size_t)rank * sizeof *dims) != 0)
        TRY(status_error(STATUS_FORMAT, "its slopes have more numbers than its input"));
    TRY(call_work(call, 4 * (double)x->count));
    shape_strides(&slope, rank, strides);
    const float *from = x->data, *slopes = slope.data;
    float *to = call->out[0].data;
    for (size_t i = 0; i < x->count; i++) {
        size_t at = 0;
        for (int d = 0; d < rank; d++) at += index[d] * strides[d];
        to[i] = from[i] < 0 ? slopes[at] * from[i] : from[i];
        shape_next(index, rank, dims);
    }
fail:
    return status;
}

// TensorProto.DataType of ONNX, by number, and by the names of operator sets before 6.
static const struct {
    const char *name;
    GraphType type;
} cast_types[] = {
    [1] = {"FLOAT", GRAPH_F32},    [2] = {"UINT8", GRAPH_U8},       [3] = {"INT8", GRAPH_I8},
    [4] = {"UINT16", GRAPH_U16},   [5] = {"INT16", GRAPH_I16},      [6] = {"INT32", GRAPH_I32},
    [7] = {"INT64", GRAPH_I64},    [8] = {"STRING", GRAPH_TEXT},    [9] = {"BOOL", GRAPH_BOOL},
    [10] = {"FLOAT16", GRAPH_F16}, [11] = {"DOUBLE", GRAPH_F64},    [12] = {"UINT32", GRAPH_U32},
    [13] = {"UINT64", GRAPH_U64},  [16] = {"BFLOAT16", GRAPH_BF16},
};
enum { CAST_TYPES = sizeof cast_types / sizeof cast_types[0] };

Status op_cast(GraphCall *call) {
    Status status;
    const GraphTensor *x = call->in[0];
    int64_t to = graph_node_int(call->node, "to", 0);
    const char *name = graph_node_text(call->node, "to", NULL);
    for (int i = 0; name && i < CAST_TYPES; i++)
        if (cast_types[i].name && strcmp(cast_types[i].name, name) == 0) to = i;
    if (to < 0 || to >= CAST_TYPES || !cast_types[to].name)
        return status_error(STATUS_UNSUPPORTED, "type %lld to cast to is not one of those known",
                            (long long)to);
    TRY(call_output(call, 0, cast_types[to].type, x->rank, x->dims));
    bool text = cast_types[to].type == GRAPH_TEXT || x->type == GRAPH_TEXT;
    TRY(call_work(call, (double)x->count * (text ? 1000 : 4)));
    TRY(graph_tensor_convert(x, &call->out[0]));
fail:
    return status;
}
