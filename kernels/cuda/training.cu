// Loss, softmax and the update rules. Their formulas are those of compute/losses/ and
// compute/optimizers/: what stands here deals out rows and parameters to threads.
#include "device.h"

// ---- loss -------------------------------------------------------------------------------------

// More than any network has (nn/spec.h). Memory for it is set aside for every thread of the device.
constexpr int CLASSES_MAX = 64;

// log(sum(exp(z))) by way of the largest, so that exp() cannot overflow.
static __device__ inline double log_sum_exp(const float *z, int classes, int *largest) {
    int best = 0;
    for (int j = 1; j < classes; j++)
        if (z[j] > z[best]) best = j;
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

// The loss of one row; *right: was the answer its label?
static __device__ inline double loss_of(LossKind kind, const LossSettings *settings, const float *z,
                                        int label, float *p, float *dz, bool *right) {
    int best;
    double norm = log_sum_exp(z, settings->classes, &best);
    for (int j = 0; j < settings->classes; j++) p[j] = (float)exp((double)z[j] - norm);
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
        float *dz = dlogits ? dlogits + at : NULL;
        bool right;
        sum += loss_of(kind, &settings, logits + at, labels[i], dz ? dz : own, dz, &right);
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
