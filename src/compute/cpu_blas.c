// The only file that knows OpenBLAS.
#include "compute/cpu_blas.h"
#include "base/check.h"

#include <stdio.h>
#include <string.h>

#if HAVE_BLAS
#include <cblas.h>

bool cpu_blas_open(void) {
    openblas_set_num_threads(1);
    return true;
}

const char *cpu_blas_name(char *out, size_t size) {
    // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...": the first two words are for people.
    snprintf(out, size, "%s", openblas_get_config());
    char *second = strchr(out, ' ');
    char *third = second ? strchr(second + 1, ' ') : NULL;
    if (third) *third = '\0';
    return out;
}

void cpu_blas_product(const BlasProduct *p) {
    cblas_sgemm(CblasRowMajor, p->transpose_a ? CblasTrans : CblasNoTrans,
                p->transpose_b ? CblasTrans : CblasNoTrans, p->m, p->n, p->k, 1.0f, p->a,
                p->a_stride, p->b, p->b_stride, 0.0f, p->c, p->c_stride);
}

#else

bool cpu_blas_open(void) {
    return false;
}

const char *cpu_blas_name(char *out, size_t size) {
    if (size) out[0] = '\0';
    return out;
}

void cpu_blas_product(const BlasProduct *p) {
    (void)p;
    REQUIRE(!"a product by a library that this build does not have");
}

#endif
