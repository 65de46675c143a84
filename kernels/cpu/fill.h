// Each source file here fills its part of the table for the instruction set it was compiled for.
#ifndef INKLING_KERNELS_CPU_FILL_H
#define INKLING_KERNELS_CPU_FILL_H

#include "kernels/cpu/kernels.h"
#include "kernels/cpu/vec.h"

void KERNEL(fill_lanes)(CpuKernels *k);
void KERNEL(fill_gemm)(CpuKernels *k);
void KERNEL(fill_elements)(CpuKernels *k);
void KERNEL(fill_windows)(CpuKernels *k);
void KERNEL(fill_norm)(CpuKernels *k);
void KERNEL(fill_softmax)(CpuKernels *k);

// elements.c lends this to the others.
void KERNEL(activate)(Activation kind, float parameter, size_t count, const float *x, float *y);

#endif
