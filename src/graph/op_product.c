// Matrix products: the kernel that convolutions share, Gemm, MatMul.
#include "graph/ops.h"

#include <string.h>

enum { ROWS = 4 }; // rows worked on together: with PANEL columns, what fits into registers

// One row of a by the panel. Loops over PANEL columns alone are what compilers make vectors of.
static void product_row(size_t k, const float *a, size_t a_column, const float *panel,
                        float out[PANEL]) {
    float sums[PANEL] = {0};
    for (size_t l = 0; l < k; l++) {
        const float *b = panel + l * PANEL, w = a[l * a_column];
        for (int j = 0; j < PANEL; j++) sums[j] += w * b[j];
    }
    memcpy(out, sums, sizeof sums);
}

static void product_rows(size_t k, const float *a, size_t a_row, size_t a_column,
                         const float *panel, float out[ROWS][PANEL]) {
    float s0[PANEL] = {0}, s1[PANEL] = {0}, s2[PANEL] = {0}, s3[PANEL] = {0};
    for (size_t l = 0; l < k; l++) {
        const float *b = panel + l * PANEL, *w = a + l * a_column;
        float w0 = w[0], w1 = w[a_row], w2 = w[2 * a_row], w3 = w[3 * a_row];
        for (int j = 0; j < PANEL; j++) s0[j] += w0 * b[j];
        for (int j = 0; j < PANEL; j++) s1[j] += w1 * b[j];
        for (int j = 0; j < PANEL; j++) s2[j] += w2 * b[j];
        for (int j = 0; j < PANEL; j++) s3[j] += w3 * b[j];
    }
    memcpy(out[0], s0, sizeof s0);
    memcpy(out[1], s1, sizeof s1);
    memcpy(out[2], s2, sizeof s2);
    memcpy(out[3], s3, sizeof s3);
}

void panel_product(size_t m, size_t k, int columns, const float *a, size_t a_row, size_t a_column,
                   const float *panel, float *c, size_t c_row, const size_t c_columns[PANEL]) {
    for (size_t i = 0; i < m; i += ROWS) {
        size_t rows = m - i < ROWS ? m - i : ROWS;
        float sums[ROWS][PANEL];
        const float *from = a + i * a_row;
        if (rows == ROWS)
            product_rows(k, from, a_row, a_column, panel, sums);
        else
            for (size_t r = 0; r < rows; r++)
                product_row(k, from + r * a_row, a_column, panel, sums[r]);
        for (size_t r = 0; r < rows; r++)
            for (int j = 0; j < columns; j++) c[(i + r) * c_row + c_columns[j]] = sums[r][j];
    }
}

// A matrix read with strides: element (i, j) at data[i * row + j * column].
typedef struct Matrix {
    const float *data;
    size_t row, column;
} Matrix;

// c [m][n] = a [m][k] * b [k][n]; `panel` has room for k * PANEL numbers.
static void product(size_t m, size_t n, size_t k, Matrix a, Matrix b, float *panel, float *c) {
    static const size_t beside[PANEL] = {0, 1, 2, 3, 4, 5, 6, 7};
    for (size_t j = 0; j < n; j += PANEL) {
        int columns = n - j < PANEL ? (int)(n - j) : PANEL;
        for (size_t l = 0; l < k; l++)
            for (int t = 0; t < PANEL; t++)
                panel[l * PANEL + (size_t)t] =
                    t < columns ? b.data[l * b.row + (j + (size_t)t) * b.column] : 0;
        panel_product(m, k, columns, a.data, a.row, a.column, panel, c + j, n, beside);
    }
}

// Adds beta * c, broadcast to [m][n], to alpha * out.
static Status gemm_add(const GraphCall *call, const GraphTensor *c, float alpha, float beta) {
    GraphTensor *out = &call->out[0];
    float *to = out->data;
    int rank;
    size_t dims[GRAPH_RANK_MAX], strides[GRAPH_RANK_MAX];
    if (alpha != 1)
        for (size_t i = 0; i < out->count; i++) to[i] *= alpha;
    if (!c) return status_ok();
    Status status = shape_broadcast(out, c, &rank, dims);
    if (!status_is_ok(&status)) return status;
    if (rank != 2 || dims[0] != out->dims[0] || dims[1] != out->dims[1])
        return status_error(STATUS_FORMAT, "its third input does not fit the product's shape");
    shape_strides(c, 2, strides);
    const float *from = c->data;
    for (size_t i = 0; i < dims[0]; i++)
        for (size_t j = 0; j < dims[1]; j++)
            to[i * dims[1] + j] += beta * from[i * strides[0] + j * strides[1]];
    return status;
}

Status op_gemm(GraphCall *call) {
    Status status;
    const float *a, *b;
    void *panel;
    bool a_turned = graph_node_int(call->node, "transA", 0) != 0;
    bool b_turned = graph_node_int(call->node, "transB", 0) != 0;
    TRY(call_floats(call, 0, 2, &a));
    TRY(call_floats(call, 1, 2, &b));
    const GraphTensor *x = call->in[0], *y = call->in[1];
    size_t dims[2] = {x->dims[a_turned], y->dims[!b_turned]}, k = x->dims[!a_turned];
    if (x->rank != 2 || y->rank != 2 || y->dims[b_turned] != k) {
        char left[96], right[96];
        graph_tensor_print(x, left);
        graph_tensor_print(y, right);
        TRY(status_error(STATUS_FORMAT, "%s and %s cannot be multiplied", left, right));
    }
    TRY(call_output(call, 0, GRAPH_F32, 2, dims));
    TRY(call_work(call,
                  (double)dims[0] * (double)dims[1] * (double)k + (double)dims[1] * (double)k));
    TRY(call_scratch(call, k * PANEL * sizeof(float), &panel));
    product(dims[0], dims[1], k, (Matrix){a, a_turned ? 1 : k, a_turned ? dims[0] : 1},
            (Matrix){b, b_turned ? 1 : dims[1], b_turned ? k : 1}, panel, call->out[0].data);
    TRY(gemm_add(call, call->in_count > 2 ? call->in[2] : NULL,
                 graph_node_float(call->node, "alpha", 1),
                 graph_node_float(call->node, "beta", 1)));
fail:
    return status;
}

// numpy.matmul: the last two dimensions are matrices, those in front are broadcast.
Status op_matmul(GraphCall *call) {
    Status status;
    const float *a, *b;
    void *panel;
    TRY(call_floats(call, 0, 1, &a));
    TRY(call_floats(call, 1, 1, &b));
    GraphTensor x = *call->in[0], y = *call->in[1];
    bool row = x.rank == 1, column = y.rank == 1;
    if (row) x = (GraphTensor){.rank = 2, .dims = {1, x.dims[0]}, .count = x.count};
    if (column) y = (GraphTensor){.rank = 2, .dims = {y.dims[0], 1}, .count = y.count};
    size_t m = x.dims[x.rank - 2], k = x.dims[x.rank - 1], n = y.dims[y.rank - 1];
    size_t dims[GRAPH_RANK_MAX], index[GRAPH_RANK_MAX] = {0};
    size_t x_strides[GRAPH_RANK_MAX], y_strides[GRAPH_RANK_MAX];
    int outer;
    if (y.dims[y.rank - 2] != k)
        TRY(status_error(STATUS_FORMAT, "matrices of %zux%zu and %zux%zu cannot be multiplied", m,
                         k, y.dims[y.rank - 2], n));
    x.rank -= 2;
    y.rank -= 2;
    TRY(shape_broadcast(&x, &y, &outer, dims));
    shape_strides(&x, outer, x_strides);
    shape_strides(&y, outer, y_strides);
    int rank = outer;
    size_t pairs = 1;
    for (int i = 0; i < outer; i++) pairs *= dims[i];
    if (outer + 2 > GRAPH_RANK_MAX)
        TRY(status_error(STATUS_UNSUPPORTED, "its inputs have too many dimensions"));
    if (!row) dims[rank++] = m;
    if (!column) dims[rank++] = n;
    TRY(call_output(call, 0, GRAPH_F32, rank, dims));
    TRY(call_work(call, (double)call->out[0].count * (double)k + (double)k * (double)n));
    TRY(call_scratch(call, k * PANEL * sizeof(float), &panel));
    float *to = call->out[0].data;
    for (size_t p = 0; p < pairs && call->out[0].count > 0; p++, to += m * n) {
        size_t from_x = 0, from_y = 0;
        for (int i = 0; i < outer; i++) {
            from_x += index[i] * x_strides[i];
            from_y += index[i] * y_strides[i];
        }
        product(m, n, k, (Matrix){a + from_x * m * k, k, 1}, (Matrix){b + from_y * k * n, n, 1},
                panel, to);
        shape_next(index, outer, dims);
    }
fail:
    return status;
}
