// Dense layers: our own product for the small ones, with bias, activation and its gradient in it;
// cuBLAS from a size on where its products are faster than the launches they cost.
#include "product.h"

// Multiplications from which cuBLAS does it. The preset networks' layers at batch 64 are below, but
// for cnn-64's 3136-128.
static const double blas_from = 2.0e7;

static bool dense_is_large(DenseShape s, int n) {
    return (double)s.in * s.out * n >= blas_from;
}

// ---- our own ----------------------------------------------------------------------------------

struct DenseForward {
    int rows, cols, depth; // n, out, in
    const float *x, *w, *bias;
    float *y;
    Activation kind;
    float parameter;
    static const bool a_by_depth = true, b_by_depth = true;
    __device__ float a(int row, int k) const {
        return x[(size_t)row * depth + k];
    }
    __device__ float b(int k, int col) const {
        return w[(size_t)col * depth + k];
    }
    __device__ void end(int row, int col, float sum) const {
        y[(size_t)row * cols + col] = activate(kind, parameter, sum + bias[col]);
    }
};

// The bias is one more input that is always 1: column `in`.
struct DenseWeights {
    int rows, cols, depth; // out, in + 1, n
    const float *x, *y, *dy;
    float *dw, *db;
    Activation kind;
    float parameter;
    static const bool a_by_depth = false, b_by_depth = false;
    __device__ float a(int row, int k) const {
        size_t at = (size_t)k * rows + row;
        return kind == ACTIVATION_NONE ? dy[at] : activate_gradient(kind, parameter, y[at], dy[at]);
    }
    __device__ float b(int k, int col) const {
        return col < cols - 1 ? x[(size_t)k * (cols - 1) + col] : 1.0f;
    }
    __device__ void end(int row, int col, float sum) const {
        if (col < cols - 1)
            dw[(size_t)row * (cols - 1) + col] = sum;
        else
            db[row] = sum;
    }
};

struct DenseInput {
    int rows, cols, depth; // n, in, out
    const float *w, *y, *dy;
    float *dx;
    Activation kind;
    float parameter;
    static const bool a_by_depth = true, b_by_depth = false;
    __device__ float a(int row, int k) const {
        size_t at = (size_t)row * depth + k;
        return kind == ACTIVATION_NONE ? dy[at] : activate_gradient(kind, parameter, y[at], dy[at]);
    }
    __device__ float b(int k, int col) const {
        return w[(size_t)k * cols + col];
    }
    __device__ void end(int row, int col, float sum) const {
        dx[(size_t)row * cols + col] = sum;
    }
};

// ---- around cuBLAS ----------------------------------------------------------------------------

static __global__ void bias_activation(int out, size_t count, const float *bias, Activation kind,
                                       float parameter, float *y) {
    kernel_begin();
    for (size_t i = element_first(); i < count; i += element_step())
        y[i] = activate(kind, parameter, y[i] + bias[i % out]);
}

// Columns summed: 32 of them in a block, 8 threads for each.
constexpr int SUM_COLUMNS = 32;
static __global__ void column_sums(int n, int out, const float *dy, float *db) {
    kernel_begin();
    __shared__ float part[THREADS];
    int column = (int)blockIdx.x * SUM_COLUMNS + (int)threadIdx.x % SUM_COLUMNS;
    float sum = 0.0f;
    if (column < out)
        for (int i = (int)threadIdx.x / SUM_COLUMNS; i < n; i += THREADS / SUM_COLUMNS)
            sum += dy[(size_t)i * out + column];
    part[threadIdx.x] = sum;
    __syncthreads();
    if ((int)threadIdx.x >= SUM_COLUMNS || column >= out) return;
    float total = 0.0f;
    for (int k = 0; k < THREADS / SUM_COLUMNS; k++) total += part[k * SUM_COLUMNS + threadIdx.x];
    db[column] = total;
}

// Row-major C[rows][cols] = A B is column-major C^T = B^T A^T: the factors change places.
static void blas(Cuda *cuda, cublasOperation_t left, cublasOperation_t right, int cols, int rows,
                 int depth, const float *b, int b_lead, const float *a, int a_lead, float *c) {
    const float one = 1.0f, nothing = 0.0f;
    if (cuda->failed != cudaSuccess || !cuda_blas_open(cuda)) return;
    cuda_blas_well(cuda,
                   cublasSgemm(cuda->blas, left, right, cols, rows, depth, &one, b, b_lead, a,
                               a_lead, &nothing, c, cols),
                   "a matrix product");
}

// ---- the operations ---------------------------------------------------------------------------

void cuda_dense_forward(Cuda *cuda, DenseShape s, int n, const float *x, const float *w,
                        const float *b, float *y) {
    if (!dense_is_large(s, n)) {
        DenseForward p = {n, s.out, s.in, x, w, b, y, s.activation, s.activation_parameter};
        product_run(cuda, "dense forward", p);
        return;
    }
    size_t count = (size_t)n * s.out;
    blas(cuda, CUBLAS_OP_T, CUBLAS_OP_N, s.out, n, s.in, w, s.in, x, s.in, y);
    launch(cuda, "dense forward", bias_activation, blocks_for(count), s.out, count, b, s.activation,
           s.activation_parameter, y);
}

void cuda_dense_backward(Cuda *cuda, DenseShape s, int n, const float *x, const float *w,
                         const float *y, float *dy, float *dx, float *dw, float *db) {
    if (!dense_is_large(s, n)) {
        DenseWeights weights = {
            s.out, s.in + 1, n, x, y, dy, dw, db, s.activation, s.activation_parameter};
        DenseInput input = {n, s.in, s.out, w, y, dy, dx, s.activation, s.activation_parameter};
        if (dx)
            product_run_pair(cuda, "dense backward", weights, input);
        else
            product_run(cuda, "dense backward", weights);
        return;
    }
    if (s.activation != ACTIVATION_NONE)
        cuda_activation_backward(cuda, s.activation, s.activation_parameter, (size_t)n * s.out, y,
                                 dy, dy);
    blas(cuda, CUBLAS_OP_N, CUBLAS_OP_T, s.in, s.out, n, x, s.in, dy, s.out, dw);
    launch(cuda, "dense backward", column_sums, (size_t)(s.out + SUM_COLUMNS - 1) / SUM_COLUMNS, n,
           s.out, dy, db);
    if (dx) blas(cuda, CUBLAS_OP_N, CUBLAS_OP_N, s.in, n, s.out, w, s.in, dy, s.out, dx);
}
