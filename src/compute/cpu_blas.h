// OpenBLAS behind one file: products of matrices on the calling thread. Where the build has none,
// there is nothing to call.
#ifndef INKLING_COMPUTE_CPU_BLAS_H
#define INKLING_COMPUTE_CPU_BLAS_H

#include <stdbool.h>
#include <stddef.h>

// Is it in this build? Tells it, once and for all, to stay on the thread that calls: the pool cuts
// products into pieces itself.
bool cpu_blas_open(void);
// "OpenBLAS 0.3.21", or "".
const char *cpu_blas_name(char *out, size_t size);

// c[m][n] = op(a) * op(b), all row-major; op transposes where asked to. Strides in floats.
typedef struct BlasProduct {
    bool transpose_a, transpose_b;
    int m, n, k;
    const float *a, *b;
    float *c;
    int a_stride, b_stride, c_stride;
} BlasProduct;

void cpu_blas_product(const BlasProduct *p);

#endif
