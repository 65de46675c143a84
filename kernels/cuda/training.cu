// Loss, softmax and the update rules. Their formulas are those of compute/losses/ and
// compute/optimizers/: what stands here deals out rows and parameters to threads.
#include "product.h"

// ---- loss -------------------------------------------------------------------------------------

// More than any network has (nn/spec.h). Memory for it is set aside for every thread of the device.
constexpr int CLASSES_MAX = 64;

static __device__ inline int largest_of(const float *z, int classes) {
    int best = 0;
    for (int j = 1; j < classes; j++)
        if (z[j] > z[best]) best = j;
    return best;
}

// log(sum(exp(z))) by way of the largest, so that exp() cannot overflow.
static __device__ inline double log_sum_exp(const float *z, int classes, int *largest) {
    int best = largest_of(z, classes);
    double sum = 0.0;
    for (int j = 0; j < classes; j++) sum += exp((double)z[j] - (double)z[best]);
    *largest = best;
    return (double)z[best] + log(sum);
}

static __device__ inline double loss_row(LossKind kind, const LossSettings *settings,
                                         const LossRow *row, float *dz) {
    switch (kind) {
#define LOSS_CASE(id, fn, name, label, takes)                                                      \
    case LOSS_##id:                                                                                \
        return fn##_row(settings, row, dz);
        LOSS_LIST(LOSS_CASE)
#undef LOSS_CASE
    default:
        return 0.0;
    }
}

// The loss of one row whose largest logit is `best`, with its log_sum_exp and its softmax; *right:
// was the answer its label?
static __device__ inline double loss_of(LossKind kind, const LossSettings *settings, const float *z,
                                        int best, double norm, int label, const float *p, float *dz,
                                        bool *right) {
    bool none = label == LABEL_NONE;
    LossRow row = {z, p, norm, none ? 0 : label};
    *right = (none ? loss_none_is_right(&row, z[best]) != 0 : best == label) && z[best] == z[best];
    return none ? loss_none_row(settings, &row, dz) : loss_row(kind, settings, &row, dz);
}

static __global__ void loss(LossKind kind, LossSettings settings, int n, const float *logits,
                            const uint8_t *labels, float *dlogits, BatchStats *parts,
                            unsigned *ticket, BatchStats *stats, Aside aside) {
    kernel_begin();
    __shared__ double shared[THREADS];
    __shared__ int counts[THREADS];
    float own[CLASSES_MAX]; // probabilities, where there is no gradient whose place they can take
    double sum = 0.0;
    int correct = 0;
    for (size_t i = element_first(); i < (size_t)n; i += element_step()) {
        size_t at = i * settings.classes;
        const float *z = logits + at;
        float *dz = dlogits ? dlogits + at : NULL, *p = dz ? dz : own;
        int best;
        bool right;
        double norm = log_sum_exp(z, settings.classes, &best);
        for (int j = 0; j < settings.classes; j++) p[j] = (float)exp((double)z[j] - norm);
        sum += loss_of(kind, &settings, z, best, norm, labels[i], p, dz, &right);
        correct += right;
    }
    sum = block_sum(sum, shared);
    correct = block_sum(correct, counts);
    if (threadIdx.x == 0) {
        parts[blockIdx.x].loss_sum = sum;
        parts[blockIdx.x].correct = correct;
    }
    if (!block_is_last(ticket, gridDim.x)) return;
    bool there = threadIdx.x < gridDim.x;
    sum = block_sum(there ? __ldcg(&parts[threadIdx.x].loss_sum) : 0.0, shared);
    correct = block_sum(there ? __ldcg(&parts[threadIdx.x].correct) : 0, counts);
    if (threadIdx.x == 0) {
        BatchStats all = {sum, correct, n};
        *stats = all;
        if (aside.to) aside.to[*aside.counter + aside.ahead] = all;
    }
}

static __global__ void softmax(int classes, size_t n, const float *logits, float *out) {
    kernel_begin();
    for (size_t i = element_first(); i < n; i += element_step()) {
        int best;
        double norm = log_sum_exp(logits + i * classes, classes, &best);
        for (int j = 0; j < classes; j++)
            out[i * classes + j] = (float)exp((double)logits[i * classes + j] - norm);
    }
}

// Where this loss puts its stats aside, if they are the step's.
static Aside loss_aside(Cuda *cuda, const BatchStats *stats) {
    Aside nowhere = {NULL, NULL, 0};
    if (!stats || stats != cuda->aside_of) return nowhere;
    cuda->put_aside = true;
    return cuda->aside;
}

void cuda_loss(Cuda *cuda, LossKind kind, float smoothing, int classes, int n, const float *logits,
               const uint8_t *labels, float *dlogits, BatchStats *stats) {
    LossSettings settings = {classes, smoothing, 1.0f / (float)n};
    if (classes > CLASSES_MAX) cuda_well(cuda, cudaErrorInvalidValue, "a loss of so many classes");
    size_t blocks = blocks_for((size_t)n);
    launch(cuda, "the loss", loss, blocks < PARTS_MAX ? blocks : PARTS_MAX, kind, settings, n,
           logits, labels, dlogits, cuda->loss_parts, cuda->tickets + TICKET_LOSS, stats,
           loss_aside(cuda, stats));
}

void cuda_softmax(Cuda *cuda, int classes, int n, const float *logits, float *out) {
    launch(cuda, "softmax", softmax, blocks_for((size_t)n), classes, (size_t)n, logits, out);
}

// ---- a last dense layer and its loss ----------------------------------------------------------

// As one after the other: each sum in the order of the product that the layer alone would be
// (product.h), then the row's loss, then the sum over the rows as in `loss`.
constexpr int LOSS_ROWS = 4;           // of a block
constexpr int LOSS_PARTIALS = 4 << 10; // of its sums
constexpr int LOSS_AHEAD = 16;         // of a sum's numbers, read at a time
static_assert(LOSS_ROWS * CLASSES_MAX <= THREADS, "a thread for each result");

typedef struct LastLayer {
    DenseShape s;
    int n, splits, split_depth;
    const float *x, *w, *bias;
    float *y;
} LastLayer;

static __device__ inline float last_partial(const LastLayer &d, int row, int col, int split) {
    const float *x = d.x + (size_t)row * d.s.in, *w = d.w + (size_t)col * d.s.in;
    int k = split * d.split_depth, end = k + d.split_depth < d.s.in ? k + d.split_depth : d.s.in;
    float sum = 0.0f, a[LOSS_AHEAD], b[LOSS_AHEAD];
    for (; k + LOSS_AHEAD <= end; k += LOSS_AHEAD) {
#pragma unroll
        for (int i = 0; i < LOSS_AHEAD; i++) a[i] = x[k + i], b[i] = w[k + i];
#pragma unroll
        for (int i = 0; i < LOSS_AHEAD; i++) sum = fmaf(a[i], b[i], sum);
    }
    for (; k < end; k++) sum = fmaf(x[k], w[k], sum);
    return sum;
}

static __device__ inline float last_result(const LastLayer &d, int col, const float *partials) {
    float total = partials[0];
    if (d.splits > 1) {
        total = 0.0f;
        for (int i = 0; i < d.splits; i++) total += partials[i];
    }
    return activate(d.s.activation, d.s.activation_parameter, total + d.bias[col]);
}

static __global__ void last_layer(LastLayer d, LossKind kind, LossSettings settings,
                                  const uint8_t *labels, float *dlogits, BatchStats *rows,
                                  unsigned *ticket, BatchStats *stats, Aside aside) {
    kernel_begin();
    __shared__ float partials[LOSS_PARTIALS], z[LOSS_ROWS * CLASSES_MAX];
    __shared__ double shared[THREADS];
    __shared__ int counts[THREADS];
    __shared__ float p[LOSS_ROWS * CLASSES_MAX];
    __shared__ double norms[LOSS_ROWS];
    __shared__ int best[LOSS_ROWS];
    int row0 = (int)blockIdx.x * LOSS_ROWS, out = d.s.out;
    int results = (row0 + LOSS_ROWS <= d.n ? LOSS_ROWS : d.n - row0) * out;
    int own = (int)threadIdx.x, own_row = own / out; // a result, below; or a row
    for (int i = (int)threadIdx.x; i < results * d.splits; i += THREADS) {
        int result = i / d.splits;
        partials[i] = last_partial(d, row0 + result / out, result % out, i % d.splits);
    }
    __syncthreads();
    if (own < results) {
        z[own] = last_result(d, own % out, partials + own * d.splits);
        d.y[(size_t)row0 * out + own] = z[own];
    }
    __syncthreads();
    // log_sum_exp and the softmax, with a thread for each of their exponentials.
    if (own < results / out) best[own] = largest_of(z + own * out, out);
    __syncthreads();
    if (own < results) shared[own] = exp((double)z[own] - (double)z[own_row * out + best[own_row]]);
    __syncthreads();
    if (own < results / out) {
        double sum = 0.0;
        for (int j = 0; j < out; j++) sum += shared[own * out + j];
        norms[own] = (double)z[own * out + best[own]] + log(sum);
    }
    __syncthreads();
    if (own < results) p[own] = (float)exp((double)z[own] - norms[own_row]);
    __syncthreads();
    if (own < results / out) {
        int row = row0 + own;
        bool right;
        rows[row].loss_sum =
            loss_of(kind, &settings, z + own * out, best[own], norms[own], labels[row],
                    p + own * out, dlogits ? dlogits + (size_t)row * out : NULL, &right);
        rows[row].correct = right;
    }
    if (!block_is_last(ticket, gridDim.x)) return;
    bool there = (int)threadIdx.x < d.n;
    double sum = block_sum(there ? __ldcg(&rows[threadIdx.x].loss_sum) : 0.0, shared);
    int correct = block_sum(there ? __ldcg(&rows[threadIdx.x].correct) : 0, counts);
    if (threadIdx.x == 0) {
        BatchStats all = {sum, correct, d.n};
        *stats = all;
        if (aside.to) aside.to[*aside.counter + aside.ahead] = all;
    }
}

static_assert(PARTS_MAX >= (size_t)THREADS, "room for the stats of each row");

static LastLayer last_layer_of(const Cuda *cuda, DenseShape s, int n, const float *x,
                               const float *w, const float *b, float *y) {
    Deal deal = cuda_dense_deal(cuda, s, n);
    LastLayer d = {s, n, deal.splits, deal.split_depth, x, w, b, y};
    return d;
}

bool cuda_dense_loss_fits(Cuda *cuda, DenseShape s, int n) {
    LastLayer d = last_layer_of(cuda, s, n, NULL, NULL, NULL, NULL);
    return n <= THREADS && s.out <= CLASSES_MAX && LOSS_ROWS * s.out * d.splits <= LOSS_PARTIALS &&
           !cuda_dense_is_large(cuda, s, n);
}

void cuda_dense_loss(Cuda *cuda, DenseShape s, int n, const float *x, const float *w,
                     const float *b, float *y, LossKind kind, float smoothing,
                     const uint8_t *labels, float *dlogits, BatchStats *stats) {
    LossSettings settings = {s.out, smoothing, 1.0f / (float)n};
    LastLayer d = last_layer_of(cuda, s, n, x, w, b, y);
    launch(cuda, "the last layer and the loss", last_layer,
           (size_t)((n + LOSS_ROWS - 1) / LOSS_ROWS), d, kind, settings, labels, dlogits,
           cuda->loss_parts, cuda->tickets + TICKET_LOSS, stats, loss_aside(cuda, stats));
}

// ---- update rules -----------------------------------------------------------------------------

// A kernel for each row of OPTIMIZER_LIST.
#define UPDATE_KERNEL(id, fn, name, label, slots_max, mask, ...)                                   \
    static __global__ void update_##id(Place place, Given given, size_t count, float *param,       \
                                       const float *grad, UpdateState state) {                     \
        kernel_begin();                                                                            \
        OptimizerStep step = *(const OptimizerStep *)given_at(place, given);                       \
        for (size_t i = element_first(); i < count; i += element_step()) {                         \
            float s[OPTIMIZER_SLOTS_MAX];                                                          \
            _Pragma("unroll") for (int k = 0; k < OPTIMIZER_SLOTS_MAX; k++) s[k] =                 \
                state.slot[k] ? state.slot[k][i] : 0.0f;                                           \
            param[i] = fn##_update(param[i], grad[i], s, &step);                                   \
            _Pragma("unroll") for (int k = 0; k < OPTIMIZER_SLOTS_MAX; k++) if (state.slot[k])     \
                state.slot[k][i] = s[k];                                                           \
        }                                                                                          \
    }
OPTIMIZER_LIST(UPDATE_KERNEL)
#undef UPDATE_KERNEL

typedef void (*UpdateKernel)(Place place, Given step, size_t count, float *param, const float *grad,
                             UpdateState state);

void cuda_update(Cuda *cuda, OptimizerKind kind, Given step, size_t count, float *param,
                 const float *grad, UpdateState state) {
    static const UpdateKernel kernels[OPTIMIZER_COUNT] = {
#define UPDATE_ROW(id, fn, name, label, slots_max, mask, ...) update_##id, // in the list's order
        OPTIMIZER_LIST(UPDATE_ROW)
#undef UPDATE_ROW
    };
    launch(cuda, "an update", kernels[kind], blocks_for(count), cuda->place, step, count, param,
           grad, state);
}
