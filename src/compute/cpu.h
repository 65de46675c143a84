// Opening the CPU back end. backend.c, sgemm_rate.c and check_kernels include this, nobody else.
#ifndef INKLING_COMPUTE_CPU_H
#define INKLING_COMPUTE_CPU_H

#include "compute/backend.h"
#include "kernels/cpu/kernels.h"

// With the best instruction set that this machine has.
Status cpu_open(const BackendConfig *config, Backend **out);

// Dense layers by OpenBLAS: where it is faster, never, or always (as far as the build has it).
typedef enum CpuBlas { CPU_BLAS_WHERE_FASTER, CPU_BLAS_NEVER, CPU_BLAS_ALWAYS } CpuBlas;

// With a given instruction set. STATUS_UNSUPPORTED where there is no such thing.
Status cpu_open_isa(const BackendConfig *config, CpuIsa isa, CpuBlas blas, Backend **out);

#endif
