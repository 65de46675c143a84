// What the files of the CUDA back end share: the back end's own state, launching a kernel, and what
// the kernels have in common. Included by *.cu files alone.
//
// The same sources are also compiled by an ordinary C++ compiler against tests/cuda_host, where a
// kernel's threads run one after the other on the host: nothing here may use more of CUDA than that
// directory knows.
#ifndef INKLING_CUDA_DEVICE_H
#define INKLING_CUDA_DEVICE_H

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

extern "C" { // their own includes are those above
#include "base/status.h"
#include "compute/backend.h"
#include "compute/cuda_module.h"
}

constexpr int THREADS = 256;          // of a block, in every kernel
constexpr size_t BLOCKS_MAX = 2048;   // of a kernel that walks over elements
constexpr size_t PARTS_MAX = 256;     // blocks that a sum over everything is split into
constexpr int TICKETS_PRODUCT = 512;  // tickets for the tiles of one product
constexpr size_t GIVEN_MAX = 1 << 20; // bytes of a step that come from the host

// Tickets are counters that are 0 between operations: the block that finds all others done does
// what is left to do.
constexpr int TICKET_SUM = 0, TICKET_LOSS = 1, TICKETS_FIRST = 32;
constexpr int TICKETS = TICKETS_FIRST + 2 * TICKETS_PRODUCT;

// Where the numbers of a step lie that are new in each: indices, keys, rates. A replayed step is
// number *counter of those that were handed over together.
typedef struct Place {
    const unsigned char *base;
    const unsigned *counter;
    unsigned ahead; // of several steps in one graph: which one, added to *counter
    size_t stride;
} Place;

// An operation's own numbers there.
typedef struct Given {
    uint64_t offset;
} Given;

// Where the stats of a replayed step are put aside by its loss: (*counter + ahead) of `to`.
typedef struct Aside {
    BatchStats *to; // NULL: nowhere
    const unsigned *counter;
    unsigned ahead;
} Aside;

struct Steps;
struct Blas;

typedef struct Cuda {
    Backend base;
    int device;
    cudaStream_t stream;
    struct Blas *blas; // NULL before it is needed
    bool tf32;
    unsigned *tickets;
    float *partials;  // of products whose sums are split
    float *gradients; // of a pooled convolution's output, backward (reserve)
    size_t gradients_count;
    double *sum_parts;      // PARTS_MAX
    BatchStats *loss_parts; // PARTS_MAX
    unsigned char *given;   // GIVEN_MAX: for operations outside of a replayed step
    unsigned *zero;         // the counter that goes with it
    Place place;            // for the operation that is being launched
    Aside aside;            // for the loss whose stats are `aside_of`
    const BatchStats *aside_of;
    bool put_aside;    // there was one
    bool overlap;      // a kernel may be made ready while the one before it is still at work
    bool overlap_lost; // graphs could not be made with it
    struct Steps *steps;
    cudaEvent_t marks[BACKEND_MARKS];
    cudaError_t failed; // the first failure; everything after it does nothing
    const char *failed_at;
    char name[192];
} Cuda;

static inline Cuda *cuda_of(Backend *be) {
    return (Cuda *)be;
}

// Keeps the first failure. True when all is well.
bool cuda_well(Cuda *cuda, cudaError_t error, const char *what);
// Fills the rows of the table that compute (operations.cu).
void cuda_operations(BackendOps *ops);
// From ordinary memory, which has been read when this returns.
void cuda_upload(Cuda *cuda, void *device, const void *host, size_t bytes);
// cuBLAS (blas.cu): found and started with the first call. False where there is none. Not while a
// step is being captured; a step is carried out once before that.
bool cuda_blas_open(Cuda *cuda);
void cuda_blas_close(Cuda *cuda);
// Row-major C[rows][cols] = right(A) left(B), cublasSgemm's way round; only where cuda_blas_open
// said yes.
void cuda_blas_product(Cuda *cuda, cublasOperation_t left, cublasOperation_t right, int cols,
                       int rows, int depth, const float *b, int b_lead, const float *a, int a_lead,
                       float *c);

// ---- launching --------------------------------------------------------------------------------

// `blocks` of THREADS threads on the back end's stream.
template <class... Formal, class... Actual>
void launch(Cuda *cuda, const char *what, void (*kernel)(Formal...), size_t blocks,
            Actual... actual) {
    if (cuda->failed != cudaSuccess || blocks == 0) return;
#if defined(__CUDACC__)
    cudaLaunchAttribute overlap;
    overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    overlap.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3((unsigned)blocks);
    config.blockDim = dim3(THREADS);
    config.stream = cuda->stream;
    config.attrs = &overlap;
    config.numAttrs = cuda->overlap ? 1 : 0;
    cuda_well(cuda, cudaLaunchKernelEx(&config, kernel, Formal(actual)...), what);
#else
    cuda_well(cuda,
              cuda_host_launch(cuda->stream, (unsigned)blocks, THREADS,
                               [=] { kernel(Formal(actual)...); }),
              what);
#endif
}

// Do this module's kernels, as the current device runs them, wait by themselves (kernel_begin)?
bool cuda_kernels_wait(void);

// Blocks for a kernel that takes `count` elements one by one.
static inline size_t blocks_for(size_t count) {
    size_t blocks = (count + THREADS - 1) / THREADS;
    return blocks < BLOCKS_MAX ? blocks : BLOCKS_MAX;
}

// ---- for kernels ------------------------------------------------------------------------------

// The first thing in every kernel: the next one may be made ready now (it waits here in its turn),
// and nothing of memory is touched before the kernel before this one is done. On devices without
// that (below 9.0) the order of the stream says the same.
static __device__ inline void kernel_begin(void) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    cudaTriggerProgrammaticLaunchCompletion();
    cudaGridDependencySynchronize();
#endif
}

// for (size_t i = element_first(); i < count; i += element_step())
static __device__ inline size_t element_first(void) {
    return (size_t)blockIdx.x * THREADS + threadIdx.x;
}
static __device__ inline size_t element_step(void) {
    return (size_t)gridDim.x * THREADS;
}

static __device__ inline const unsigned char *given_at(Place place, Given given) {
    return place.base + ((size_t)*place.counter + place.ahead) * place.stride + given.offset;
}

// Comparisons stand so that NaN passes through ReLU and comes out of every other function as well.
static __device__ inline float activate(Activation kind, float parameter, float x) {
    switch (kind) {
    case ACTIVATION_RELU:
        return x <= 0.0f ? 0.0f : x;
    case ACTIVATION_LEAKY_RELU:
        return x > 0.0f ? x : parameter * x;
    case ACTIVATION_SIGMOID:
        return 1.0f / (1.0f + expf(-x));
    case ACTIVATION_TANH:
        return tanhf(x);
    default:
        return x;
    }
}

// All of them are worked out and one is chosen: behind a branch, the memory that a thread's next
// element needs would be asked for only when this one's is there.
static __device__ inline float activate_gradient(Activation kind, float parameter, float y,
                                                 float dy) {
    bool leaky = kind == ACTIVATION_LEAKY_RELU;
    bool up = leaky ? y > 0.0f : !(y <= 0.0f);
    float bent = up ? dy : leaky ? parameter * dy : 0.0f;
    float smooth = kind == ACTIVATION_SIGMOID ? dy * y * (1.0f - y) : dy * (1.0f - y * y);
    bool is_bent = leaky || kind == ACTIVATION_RELU;
    bool is_smooth = kind == ACTIVATION_SIGMOID || kind == ACTIVATION_TANH;
    return is_bent ? bent : is_smooth ? smooth : dy;
}

// Does v take the place of the largest so far? The first of equals stays; NaN wins.
static __device__ inline bool larger_for_pool(float v, float best) {
    return v > best || (v != v && best == best);
}

// Called by all threads of a block when what it computed is in memory. True in the block that comes
// last of `blocks`: it then sees what all of them wrote (read with __ldcg: the others' results are
// not in this processor's own cache) and sums it in its own, fixed, order.
static __device__ inline bool block_is_last(unsigned *ticket, unsigned blocks) {
    __shared__ bool last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        last = atomicAdd(ticket, 1u) == blocks - 1;
        if (last) *ticket = 0;
    }
    __syncthreads();
    __threadfence();
    return last;
}

// The sum over the block of each thread's `value`, in thread 0; the same tree every time.
template <class T> __device__ inline T block_sum(T value, T *shared) {
    __syncthreads(); // `shared` may still be read from before
    shared[threadIdx.x] = value;
    for (int half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if ((int)threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
    }
    __syncthreads();
    return shared[0];
}

#include "tails.h"

// ---- the operations (dense.cu, conv.cu, windows.cu, elements.cu, training.cu) ------------------
// As those of BackendOps, on a Cuda; those whose numbers change from step to step find them at
// cuda->place.

void cuda_dense_forward(Cuda *cuda, DenseShape s, int n, const float *x, const float *w,
                        const float *b, float *y, Dropped dropped);
void cuda_dense_backward(Cuda *cuda, DenseShape s, int n, const float *x, const float *w,
                         const float *y, float *dy, float *dx, float *dw, float *db,
                         Dropped dropped);
// cuBLAS does it, which takes nothing along.
bool cuda_dense_is_large(Cuda *cuda, DenseShape s, int n);
// A dense layer and the batch norm behind it; backward: before it. For batches that one tile holds.
// dx is that of batch norm, and not where dy is.
bool cuda_dense_norm_fits(Cuda *cuda, DenseShape s, int n);
void cuda_dense_norm_forward(Cuda *cuda, DenseShape s, int n, const float *x, const float *w,
                             const float *b, float *y, BatchNormShape shape, const float *gamma,
                             const float *beta, float *running_mean, float *running_var,
                             float *normal, float *saved, NormActivation after);
void cuda_dense_norm_backward(Cuda *cuda, DenseShape s, int n, const float *x, const float *w,
                              const float *y, float *dy, float *dx, float *dw, float *db,
                              BatchNormShape shape, const float *before, const float *gamma,
                              const float *saved, float *dgamma, float *dbeta,
                              NormActivation after);
void cuda_conv_forward(Cuda *cuda, ConvShape s, int n, const float *x, const float *w,
                       const float *b, float *y);
void cuda_conv_backward(Cuda *cuda, ConvShape s, int n, const float *x, const float *w,
                        const float *y, float *dy, float *dx, float *dw, float *db);
void cuda_conv_pool_forward(Cuda *cuda, ConvShape s, int n, const float *x, const float *w,
                            const float *b, float *y, uint8_t *kept);
void cuda_conv_pool_backward(Cuda *cuda, ConvShape s, int n, const float *x, const float *w,
                             const float *y, const uint8_t *kept, float *dy, float *dx, float *dw,
                             float *db);
void cuda_max_pool_forward(Cuda *cuda, PoolShape s, int n, const float *x, float *y,
                           uint8_t *argmax);
void cuda_max_pool_backward(Cuda *cuda, PoolShape s, int n, const float *dy, const uint8_t *argmax,
                            float *dx);
void cuda_avg_pool_forward(Cuda *cuda, PoolShape s, int n, const float *x, float *y);
void cuda_avg_pool_backward(Cuda *cuda, PoolShape s, int n, const float *dy, float *dx);
void cuda_batch_norm_forward(Cuda *cuda, BatchNormShape s, int n, const float *x,
                             const float *gamma, const float *beta, float *running_mean,
                             float *running_var, float *y, float *saved, NormActivation after);
void cuda_batch_norm_apply(Cuda *cuda, BatchNormShape s, int n, const float *x, const float *gamma,
                           const float *beta, const float *running_mean, const float *running_var,
                           float *y);
void cuda_batch_norm_backward(Cuda *cuda, BatchNormShape s, int n, const float *x,
                              const float *gamma, const float *saved, const float *dy, float *dx,
                              float *dgamma, float *dbeta, NormActivation after);
void cuda_gather(Cuda *cuda, GatherShape s, GatherFrom from, Given indices, int n, float *out,
                 uint8_t *labels);
// What gather_varied is given: as many indices as there are.
constexpr int VARIED_MAX = 1024;
typedef struct VariedGiven {
    GatherVary vary;
    int32_t indices[VARIED_MAX];
} VariedGiven;
void cuda_gather_varied(Cuda *cuda, GatherShape s, GatherFrom from, Given given, int n, float *out,
                        uint8_t *labels);
void cuda_put(Cuda *cuda, void *device, Given bytes, size_t size);
void cuda_activation_forward(Cuda *cuda, Activation kind, float parameter, size_t count,
                             const float *x, float *y);
void cuda_activation_backward(Cuda *cuda, Activation kind, float parameter, size_t count,
                              const float *y, const float *dy, float *dx);
void cuda_dropout(Cuda *cuda, float p, Given key, size_t count, const float *in, float *out);
void cuda_sum_squares(Cuda *cuda, size_t count, const float *x, double *out);
void cuda_clip(Cuda *cuda, size_t count, double max_norm, const double *squares, float *x);
void cuda_average(Cuda *cuda, float keep, size_t count, const float *x, float *mean);
void cuda_loss(Cuda *cuda, LossKind kind, float smoothing, int classes, int n, const float *logits,
               const uint8_t *labels, float *dlogits, BatchStats *stats);
// A dense layer and the loss of its result, where the batch and the classes are few.
bool cuda_dense_loss_fits(Cuda *cuda, DenseShape s, int n);
void cuda_dense_loss(Cuda *cuda, DenseShape s, int n, const float *x, const float *w,
                     const float *b, float *y, LossKind kind, float smoothing,
                     const uint8_t *labels, float *dlogits, BatchStats *stats);
void cuda_softmax(Cuda *cuda, int classes, int n, const float *logits, float *out);

typedef struct UpdateState {
    float *slot[OPTIMIZER_SLOTS_MAX];
} UpdateState;
void cuda_update(Cuda *cuda, OptimizerKind kind, Given step, size_t count, float *param,
                 const float *grad, UpdateState state);
void cuda_copy(Cuda *cuda, void *to, const void *from, size_t bytes);
void cuda_zero(Cuda *cuda, void *device, size_t bytes);

#endif
