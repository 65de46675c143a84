// Dense layers: our own product for the small ones, with bias, activation and its gradient in it;
// cuBLAS from a size on where its products are faster than the launches they cost.
#include "norm.h"
#include "product.h"

// Multiplications from which cuBLAS does it. The preset networks' layers at batch 64 are all below:
// there the launches around cuBLAS (bias, activation, its gradient, db) cost more than it gains.
static const double blas_from = 1.0e8;

bool cuda_dense_is_large(Cuda *cuda, DenseShape s, int n) {
    return (double)s.in * s.out * n >= blas_from && cuda_blas_open(cuda);
}

// ---- our own ----------------------------------------------------------------------------------

// Dropout's key, found once: it is another one in every step.
struct DroppedKey {
    Dropped dropped;
    Place place;
    uint64_t key;
    __device__ void begin(void) {
        if (dropped.scale != 0.0f) key = *(const uint64_t *)given_at(place, dropped.key);
    }
    __device__ float of(size_t at, float v) const {
        return backend_keep(key, (uint32_t)at, dropped.threshold) ? v * dropped.scale : 0.0f;
    }
};

struct DenseForward {
    int rows, cols, depth; // n, out, in
    const float *x, *w, *bias;
    float *y;
    Activation kind;
    float parameter;
    DroppedKey drop;
    static const bool a_by_depth = true, b_by_depth = true, in_fours = false;
    static const bool may_be_slim = false, may_be_flat = false, may_be_tall = true,
                      by_columns = false;
    __device__ void begin(void) {
        drop.begin();
    }
    __device__ float a(int row, int k) const {
        return x[(size_t)row * depth + k];
    }
    __device__ float b(int k, int col) const {
        return w[(size_t)col * depth + k];
    }
    __device__ void end(int row, int col, const float *sum) const {
        size_t at = (size_t)row * cols + col;
        float v = activate(kind, parameter, *sum + bias[col]);
        y[at] = v;
        if (drop.dropped.out) drop.dropped.out[at] = drop.of(at, v);
    }
};

// The gradient of the layer's own result, through the activation and, if it is taken along, the
// dropout: a template, because a branch would let one read wait for the other (product_fetch).
template <bool DROPPED> struct DenseGradient {
    const float *y, *dy;
    Activation kind;
    float parameter;
    DroppedKey drop;
    __device__ float at(size_t at) const {
        float d = dy[at], result = (kind == ACTIVATION_NONE ? dy : y)[at];
        if constexpr (DROPPED) d = drop.of(at, d);
        return activate_gradient(kind, parameter, result, d);
    }
};

// The bias is one more input that is always 1: column `in`.
template <bool DROPPED> struct DenseWeights {
    int rows, cols, depth; // out, in + 1, n
    const float *x;
    DenseGradient<DROPPED> gradient;
    float *dw, *db;
    static const bool a_by_depth = false, b_by_depth = false, in_fours = false;
    static const bool may_be_slim = false, may_be_flat = false, may_be_tall = false,
                      by_columns = false;
    __device__ void begin(void) {
        gradient.drop.begin();
    }
    __device__ float a(int row, int k) const {
        return gradient.at((size_t)k * rows + row);
    }
    __device__ float b(int k, int col) const {
        float input = x[(size_t)k * (cols - 1) + nearest(col, cols - 1)];
        return col < cols - 1 ? input : 1.0f;
    }
    __device__ void end(int row, int col, const float *sum) const {
        if (col < cols - 1)
            dw[(size_t)row * (cols - 1) + col] = *sum;
        else
            db[row] = *sum;
    }
};

template <bool DROPPED> struct DenseInput {
    int rows, cols, depth; // n, in, out
    const float *w;
    DenseGradient<DROPPED> gradient;
    float *dx;
    static const bool a_by_depth = true, b_by_depth = false, in_fours = false;
    static const bool may_be_slim = false, may_be_flat = false, may_be_tall = true,
                      by_columns = false;
    __device__ void begin(void) {
        gradient.drop.begin();
    }
    __device__ float a(int row, int k) const {
        return gradient.at((size_t)row * depth + k);
    }
    __device__ float b(int k, int col) const {
        return w[(size_t)k * cols + col];
    }
    __device__ void end(int row, int col, const float *sum) const {
        dx[(size_t)row * cols + col] = *sum;
    }
};

// ---- with batch norm --------------------------------------------------------------------------

// Channels and threads of a Tall tile, as batch norm of no area has them in a kernel of its own.
constexpr NormThreads tall_threads = {Tall::cols, 8};

// A layer whose results go through batch norm, and the activation behind that, at once.
struct DenseNormForward {
    int rows, cols, depth; // n, out, in
    const float *x, *w, *bias;
    float *y, *normal;
    NormForward norm;
    NormActivation after;
    static const bool a_by_depth = true, b_by_depth = true, in_fours = false;
    static const bool may_be_slim = false, may_be_flat = false, may_be_tall = true,
                      by_columns = true;
    __device__ void begin(void) {}
    __device__ float a(int row, int k) const {
        return x[(size_t)row * depth + k];
    }
    __device__ float b(int k, int col) const {
        return w[(size_t)col * depth + k];
    }
    struct Values {
        const float *tile; // the column
        float *normal;
        NormActivation after;
        size_t cols, c;
        __device__ float x(size_t i) const {
            return tile[i * Tall::cols];
        }
        __device__ void y(size_t i, float v) const {
            norm_put(after, normal, i * cols + c, v);
        }
    };
    __device__ void finish(float *tile, int col0) const {
        for (int e = (int)threadIdx.x; e < rows * Tall::cols; e += THREADS) {
            int col = col0 + e % Tall::cols;
            if (col >= cols) continue;
            tile[e] += bias[col];
            y[(size_t)(e / Tall::cols) * cols + col] = tile[e];
        }
        __syncthreads();
        NormThreads threads = tall_threads;
        int c = col0 + threads.lane();
        Values values = {tile + threads.lane(), normal, after, (size_t)cols, (size_t)c};
        norm_forward(norm, threads, c, c < cols && threads.turn() < threads.each, (size_t)rows,
                     values);
    }
};

// The gradient of a layer's input, through the batch norm that the input comes from.
struct DenseNormInput {
    int rows, cols, depth; // n, in, out
    const float *w;
    DenseGradient<false> gradient;
    const float *before; // of batch norm
    float *dx;
    NormBackward norm;
    NormActivation after;
    static const bool a_by_depth = true, b_by_depth = false, in_fours = false;
    static const bool may_be_slim = false, may_be_flat = false, may_be_tall = true,
                      by_columns = true;
    __device__ void begin(void) {}
    __device__ float a(int row, int k) const {
        return gradient.at((size_t)row * depth + k);
    }
    __device__ float b(int k, int col) const {
        return w[(size_t)k * cols + col];
    }
    struct Values {
        const float *tile, *before;
        float *out;
        NormActivation after;
        size_t cols, c;
        __device__ float x(size_t i) const {
            return before[i * cols + c];
        }
        __device__ float g(size_t i) const {
            return norm_gradient(after, i * cols + c, tile[i * Tall::cols]);
        }
        __device__ void dx(size_t i, float v) const {
            out[i * cols + c] = v;
        }
    };
    __device__ void finish(float *tile, int col0) const {
        NormThreads threads = tall_threads;
        int c = col0 + threads.lane();
        Values values = {tile + threads.lane(), before, dx, after, (size_t)cols, (size_t)c};
        norm_backward(norm, threads, c, c < cols && threads.turn() < threads.each, (size_t)rows,
                      values);
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

// ---- the operations ---------------------------------------------------------------------------

void cuda_dense_forward(Cuda *cuda, DenseShape s, int n, const float *x, const float *w,
                        const float *b, float *y, Dropped dropped) {
    if (!cuda_dense_is_large(cuda, s, n)) {
        DroppedKey drop = {dropped, cuda->place, 0};
        DenseForward p = {n, s.out, s.in, x, w, b, y, s.activation, s.activation_parameter, drop};
        product_run(cuda, "dense forward", p);
        return;
    }
    size_t count = (size_t)n * s.out;
    cuda_blas_product(cuda, CUBLAS_OP_T, CUBLAS_OP_N, s.out, n, s.in, w, s.in, x, s.in, y);
    launch(cuda, "dense forward", bias_activation, blocks_for(count), s.out, count, b, s.activation,
           s.activation_parameter, y);
}

template <bool DROPPED>
static void dense_backward(Cuda *cuda, DenseShape s, int n, const float *x, const float *w,
                           const float *y, float *dy, float *dx, float *dw, float *db,
                           Dropped dropped) {
    DroppedKey drop = {dropped, cuda->place, 0};
    DenseGradient<DROPPED> gradient = {y, dy, s.activation, s.activation_parameter, drop};
    DenseWeights<DROPPED> weights = {s.out, s.in + 1, n, x, gradient, dw, db};
    DenseInput<DROPPED> input = {n, s.in, s.out, w, gradient, dx};
    if (dx)
        product_run_pair(cuda, "dense backward", weights, input);
    else
        product_run(cuda, "dense backward", weights);
}

void cuda_dense_backward(Cuda *cuda, DenseShape s, int n, const float *x, const float *w,
                         const float *y, float *dy, float *dx, float *dw, float *db,
                         Dropped dropped) {
    if (!cuda_dense_is_large(cuda, s, n)) {
        if (dropped.scale != 0.0f)
            dense_backward<true>(cuda, s, n, x, w, y, dy, dx, dw, db, dropped);
        else
            dense_backward<false>(cuda, s, n, x, w, y, dy, dx, dw, db, dropped);
        return;
    }
    if (s.activation != ACTIVATION_NONE)
        cuda_activation_backward(cuda, s.activation, s.activation_parameter, (size_t)n * s.out, y,
                                 dy, dy);
    cuda_blas_product(cuda, CUBLAS_OP_N, CUBLAS_OP_T, s.in, s.out, n, x, s.in, dy, s.out, dw);
    launch(cuda, "dense backward", column_sums, (size_t)(s.out + SUM_COLUMNS - 1) / SUM_COLUMNS, n,
           s.out, dy, db);
    if (dx)
        cuda_blas_product(cuda, CUBLAS_OP_N, CUBLAS_OP_N, s.in, n, s.out, w, s.in, dy, s.out, dx);
}

bool cuda_dense_norm_fits(Cuda *cuda, DenseShape s, int n) {
    return n > Small::rows && n <= Tall::rows && !cuda_dense_is_large(cuda, s, n);
}

void cuda_dense_norm_forward(Cuda *cuda, DenseShape s, int n, const float *x, const float *w,
                             const float *b, float *y, BatchNormShape shape, const float *gamma,
                             const float *beta, float *running_mean, float *running_var,
                             float *normal, float *saved, NormActivation after) {
    NormForward norm = {shape, gamma, beta, running_mean, running_var, saved};
    DenseNormForward p = {n, s.out, s.in, x, w, b, y, normal, norm, after};
    product_launch<Tall>(cuda, "dense and batch norm", p);
}

void cuda_dense_norm_backward(Cuda *cuda, DenseShape s, int n, const float *x, const float *w,
                              const float *y, float *dy, float *dx, float *dw, float *db,
                              BatchNormShape shape, const float *before, const float *gamma,
                              const float *saved, float *dgamma, float *dbeta,
                              NormActivation after) {
    DroppedKey none = {};
    DenseGradient<false> gradient = {y, dy, s.activation, s.activation_parameter, none};
    DenseWeights<false> weights = {s.out, s.in + 1, n, x, gradient, dw, db};
    NormBackward norm = {shape, gamma, saved, dgamma, dbeta};
    DenseNormInput input = {n, s.in, s.out, w, gradient, before, dx, norm, after};
    product_launch_beside<Tall>(cuda, "dense and batch norm backward", weights, input);
}

Deal cuda_dense_deal(const Cuda *cuda, DenseShape s, int n) {
    DenseForward p = {};
    p.rows = n;
    p.cols = s.out;
    p.depth = s.in;
    if (product_is_tall(p)) return product_deal<Tall>(cuda, p, 0);
    if (product_is_large(p)) return product_deal<Large>(cuda, p, 0);
    return product_deal<Small>(cuda, p, 0);
}
