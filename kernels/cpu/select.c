// Which instruction sets this build has kernels for and this machine can run.
#include "kernels/cpu/kernels.h"

void cpu_kernels_fill_baseline(CpuKernels *k);
#if KERNELS_X86
void cpu_kernels_fill_avx2(CpuKernels *k);
void cpu_kernels_fill_avx512(CpuKernels *k);
#endif

static bool always(void) {
    return true;
}

#if KERNELS_X86
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

static const struct IsaRow {
    const char *name;
    bool (*can_run)(void);
    void (*fill)(CpuKernels *k);
} isa_rows[CPU_ISA_COUNT] = {
    [CPU_ISA_BASELINE] = {"baseline", always, cpu_kernels_fill_baseline},
#if KERNELS_X86
    [CPU_ISA_AVX2] = {"AVX2", has_avx2, cpu_kernels_fill_avx2},
    [CPU_ISA_AVX512] = {"AVX-512", has_avx512, cpu_kernels_fill_avx512},
#endif
};

bool cpu_kernels_find(CpuIsa isa, CpuKernels *out) {
    const struct IsaRow *row = &isa_rows[isa];
    if (!row->fill || !row->can_run()) return false;
    row->fill(out);
    out->name = row->name;
    return true;
}
