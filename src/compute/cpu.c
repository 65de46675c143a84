// The CPU back end: opening and closing it, its memory, and the table.
#include "compute/cpu.h"
#include "base/check.h"
#include "base/thread.h"
#include "compute/cpu_blas.h"
#include "compute/cpu_parts.h"
#include "compute/host.h"

#include <stdio.h>
#include <stdlib.h>

// The first instruction set whose own kernels are faster than OpenBLAS at the sizes of a batch.
static const CpuIsa blas_loses = CPU_ISA_AVX2;

static void cpu_close(Backend *be) {
    Cpu *cpu = cpu_of(be);
    pool_close(&cpu->pool);
    for (int i = 0; i < cpu->plan_count; i++) conv_plan_close(&cpu->plans[i]);
    free(cpu->plans);
    free(cpu->private_memory);
    free(cpu->scratch);
    free(cpu);
}

static void cpu_describe(const Backend *be, char *out, size_t size) {
    const Cpu *cpu = (const Cpu *)be;
    int threads = pool_threads(cpu->pool);
    char blas[64] = "";
    if (cpu->blas_for_dense) cpu_blas_name(blas, sizeof blas);
    snprintf(out, size, "%s%s%s, %d %s", blas, blas[0] ? ", " : "", cpu->k.name, threads,
             threads == 1 ? "thread" : "threads");
}

// ---- memory -----------------------------------------------------------------------------------

static Status grow_scratch(Cpu *cpu, size_t floats) {
    if (floats <= cpu->scratch_floats) return status_ok();
    float *grown = host_alloc(&cpu->base, floats * sizeof *grown);
    if (!grown) return status_no_memory("the work of a layer", floats * sizeof *grown);
    free(cpu->scratch); // nothing lives in it between operations
    cpu->scratch = grown;
    cpu->scratch_floats = floats;
    return status_ok();
}

static Status find_or_make_plan(Cpu *cpu, const ConvShape *shape, ConvPlan **out) {
    for (int i = 0; i < cpu->plan_count; i++) {
        *out = cpu->plans[i];
        if (conv_plan_fits(*out, shape)) return status_ok();
    }
    if (cpu->plan_count == cpu->plan_capacity) {
        int capacity = cpu->plan_capacity ? 2 * cpu->plan_capacity : 8;
        ConvPlan **grown = realloc(cpu->plans, (size_t)capacity * sizeof(ConvPlan *));
        if (!grown) return status_no_memory("a convolution's plan", (size_t)capacity * 8);
        cpu->plans = grown;
        cpu->plan_capacity = capacity;
    }
    Status status = conv_plan_open(shape, cpu->k.lanes, out);
    if (status_is_ok(&status)) cpu->plans[cpu->plan_count++] = *out;
    return status;
}

static Status cpu_reserve(Backend *be, const DenseShape *dense, const ConvShape *conv, int batch) {
    Cpu *cpu = cpu_of(be);
    Status status;
    if (dense) TRY(grow_scratch(cpu, cpu_dense_scratch(cpu, dense, batch)));
    if (conv) {
        ConvPlan *plan;
        TRY(find_or_make_plan(cpu, conv, &plan));
        TRY(grow_scratch(cpu, cpu_conv_scratch(cpu, plan, batch)));
    }
    return status_ok();
fail:
    return status;
}

// ---- the table --------------------------------------------------------------------------------

static const BackendOps cpu_ops = {
    .name = "cpu",
    .close = cpu_close,
    .describe = cpu_describe,
    .alloc = host_alloc,
    .release = host_release,
    .share = host_share,
    .unshare = host_unshare,
    .upload = host_upload,
    .download = host_download,
    .copy = host_copy,
    .zero = host_zero,
    .sync = host_sync,
    .reserve = cpu_reserve,
    .gather = cpu_gather,
    .dense_forward = cpu_dense_forward,
    .dense_backward = cpu_dense_backward,
    .conv_forward = cpu_conv_forward,
    .conv_backward = cpu_conv_backward,
    .conv_pool_forward = cpu_conv_pool_forward,
    .conv_pool_backward = cpu_conv_pool_backward,
    .max_pool_forward = cpu_max_pool_forward,
    .max_pool_backward = cpu_max_pool_backward,
    .avg_pool_forward = cpu_avg_pool_forward,
    .avg_pool_backward = cpu_avg_pool_backward,
    .batch_norm_forward = cpu_batch_norm_forward,
    .batch_norm_apply = cpu_batch_norm_apply,
    .batch_norm_backward = cpu_batch_norm_backward,
    .activation_forward = cpu_activation_forward,
    .activation_backward = cpu_activation_backward,
    .dropout = cpu_dropout,
    .loss = cpu_loss,
    .softmax = cpu_softmax,
    .update = cpu_update,
    .sum_squares = cpu_sum_squares,
    .clip = cpu_clip,
    .average = cpu_average,
};

Status cpu_open_isa(const BackendConfig *config, CpuIsa isa, CpuBlas blas, Backend **out) {
    Status status;
    *out = NULL;
    int threads = config->threads > 0 ? config->threads : thread_cpu_count();
    if (threads > POOL_THREADS_MAX) threads = POOL_THREADS_MAX;
    Cpu *cpu = calloc(1, sizeof *cpu);
    if (!cpu) return status_no_memory("the CPU back end", sizeof *cpu);
    cpu->base.ops = &cpu_ops;
    if (!cpu_kernels_find(isa, &cpu->k)) {
        status = status_error(STATUS_UNSUPPORTED,
                              "this machine's processor lacks the instruction set asked for");
        goto fail;
    }
    cpu->has_blas = cpu_blas_open();
    cpu->blas_for_dense = cpu->has_blas && (blas == CPU_BLAS_ALWAYS ||
                                            (blas == CPU_BLAS_WHERE_FASTER && isa < blas_loses));
    size_t private_bytes = (size_t)threads * CPU_PRIVATE * sizeof(float);
    cpu->private_memory = host_alloc(&cpu->base, private_bytes);
    if (!cpu->private_memory) {
        status = status_no_memory("the compute threads", private_bytes);
        goto fail;
    }
    TRY(pool_open(threads, &cpu->pool));
    *out = &cpu->base;
    return status_ok();
fail:
    cpu_close(&cpu->base);
    return status;
}

Status cpu_open(const BackendConfig *config, Backend **out) {
    int isa = CPU_ISA_COUNT - 1;
    CpuKernels k;
    while (isa > CPU_ISA_BASELINE && !cpu_kernels_find((CpuIsa)isa, &k)) isa--;
    return cpu_open_isa(config, (CpuIsa)isa, CPU_BLAS_WHERE_FASTER, out);
}
