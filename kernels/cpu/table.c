// The table of one instruction set.
#include "kernels/cpu/fill.h"

void KERNEL(cpu_kernels_fill)(CpuKernels *k);

void KERNEL(cpu_kernels_fill)(CpuKernels *k) {
    *k = (CpuKernels){0};
    KERNEL(fill_lanes)(k);
    KERNEL(fill_gemm)(k);
    KERNEL(fill_elements)(k);
    KERNEL(fill_windows)(k);
    KERNEL(fill_norm)(k);
    KERNEL(fill_softmax)(k);
}
