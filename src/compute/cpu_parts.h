// What the files of the CPU back end (cpu_*.c) share: its state, and the operations of each file
// that cpu.c puts into the table.
#ifndef INKLING_COMPUTE_CPU_PARTS_H
#define INKLING_COMPUTE_CPU_PARTS_H

#include "compute/backend.h"
#include "compute/cpu_plan.h"
#include "compute/pool.h"
#include "kernels/cpu/kernels.h"

enum {
    // Samples that a layer takes in one go: what is set aside for a layer does not grow with the
    // batch beyond this. A multiple of every number of lanes.
    CPU_CHUNK = 64,
    CPU_TILE = 2 * KERNEL_ROWS_MAX * KERNEL_PIXELS * KERNEL_LANES_MAX, // results of lane_product
    // Each worker's own memory, in floats: a packed panel and a tile, or two tiles.
    CPU_PRIVATE = KERNEL_GEMM_K * KERNEL_GEMM_COLUMNS_MAX + CPU_TILE,
};

typedef struct Cpu {
    Backend base;
    CpuKernels k;
    Pool *pool;
    float *private_memory; // [threads][CPU_PRIVATE]
    float *scratch;        // grows in reserve() only
    size_t scratch_floats;
    ConvPlan **plans;
    int plan_count, plan_capacity;
    bool has_blas, blas_for_dense;
} Cpu;

static inline Cpu *cpu_of(Backend *be) {
    return (Cpu *)be;
}

static inline float *cpu_private(Cpu *cpu, int worker) {
    return cpu->private_memory + (size_t)worker * CPU_PRIVATE;
}

static inline int cpu_groups(const Cpu *cpu, int samples) {
    return (samples + cpu->k.lanes - 1) / cpu->k.lanes;
}

static inline int int_min(int a, int b) {
    return a < b ? a : b;
}

// Floats of scratch that each kind of product needs for up to `batch` samples.
size_t cpu_dense_scratch(const Cpu *cpu, const DenseShape *s, int batch);
size_t cpu_conv_scratch(const Cpu *cpu, const ConvPlan *plan, int batch);

// Runs `run` over `count` elements in ranges that do not depend on the number of threads.
typedef void (*CpuRange)(Cpu *cpu, void *context, size_t first, size_t count);
void cpu_ranges(Cpu *cpu, size_t count, CpuRange run, void *context);

// Dense layers by OpenBLAS: forward altogether, backward what follows the activation and db.
void cpu_dense_forward_blas(Cpu *cpu, const DenseShape *s, int n, const float *x, const float *w,
                            const float *b, float *y);
void cpu_dense_gradients_blas(Cpu *cpu, const DenseShape *s, int n, const float *x, const float *w,
                              float *dy, float *dx, float *dw);

void cpu_gather(Backend *be, const GatherShape *s, const GatherFrom *from, const int32_t *indices,
                int n, float *out, uint8_t *labels);
void cpu_dense_forward(Backend *be, const DenseShape *s, int n, const float *x, const float *w,
                       const float *b, float *y);
void cpu_dense_backward(Backend *be, const DenseShape *s, int n, const float *x, const float *w,
                        const float *y, float *dy, float *dx, float *dw, float *db);
void cpu_conv_forward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                      const float *b, float *y);
void cpu_conv_backward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                       const float *y, float *dy, float *dx, float *dw, float *db);
void cpu_conv_pool_forward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                           const float *b, float *y, uint8_t *kept);
void cpu_conv_pool_backward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                            const float *y, const uint8_t *kept, float *dy, float *dx, float *dw,
                            float *db);
void cpu_max_pool_forward(Backend *be, const PoolShape *s, int n, const float *x, float *y,
                          uint8_t *argmax);
void cpu_max_pool_backward(Backend *be, const PoolShape *s, int n, const float *dy,
                           const uint8_t *argmax, float *dx);
void cpu_avg_pool_forward(Backend *be, const PoolShape *s, int n, const float *x, float *y);
void cpu_avg_pool_backward(Backend *be, const PoolShape *s, int n, const float *dy, float *dx);
void cpu_batch_norm_forward(Backend *be, const BatchNormShape *s, int n, const float *x,
                            const float *gamma, const float *beta, float *running_mean,
                            float *running_var, float *y, float *saved);
void cpu_batch_norm_apply(Backend *be, const BatchNormShape *s, int n, const float *x,
                          const float *gamma, const float *beta, const float *running_mean,
                          const float *running_var, float *y);
void cpu_batch_norm_backward(Backend *be, const BatchNormShape *s, int n, const float *x,
                             const float *gamma, const float *saved, const float *dy, float *dx,
                             float *dgamma, float *dbeta);
void cpu_activation_forward(Backend *be, Activation kind, float parameter, size_t count,
                            const float *x, float *y);
void cpu_activation_backward(Backend *be, Activation kind, float parameter, size_t count,
                             const float *y, const float *dy, float *dx);
void cpu_dropout(Backend *be, float p, uint64_t key, size_t count, const float *in, float *out);
void cpu_loss(Backend *be, LossKind kind, float smoothing, int classes, int n, const float *logits,
              const uint8_t *labels, float *dlogits, BatchStats *stats);
void cpu_softmax(Backend *be, int classes, int n, const float *logits, float *out);
void cpu_update(Backend *be, OptimizerKind kind, const OptimizerStep *step, size_t count,
                float *param, const float *grad, float *const state[OPTIMIZER_SLOTS_MAX]);
void cpu_sum_squares(Backend *be, size_t count, const float *x, double *out);
void cpu_clip(Backend *be, size_t count, double max_norm, const double *squares, float *x);
void cpu_average(Backend *be, float keep, size_t count, const float *x, float *mean);

#endif
