// Softmax of one row.
#include "kernels/cpu/exp.h"
#include "kernels/cpu/fill.h"

#include <math.h>

static double softmax_row(int classes, const float *z, float *probabilities, int *largest) {
    int best = 0;
    for (int j = 1; j < classes; j++)
        if (z[j] > z[best]) best = j;
    float top = z[best], sum = 0.0f;
    for (int j = 0; j < classes; j++) probabilities[j] = exp_fast(z[j] - top);
    for (int j = 0; j < classes; j++) sum += probabilities[j];
    float share = 1.0f / sum;
    for (int j = 0; j < classes; j++) probabilities[j] *= share;
    *largest = best;
    return (double)top + log((double)sum);
}

void KERNEL(fill_softmax)(CpuKernels *k) {
    k->softmax_row = softmax_row;
}
