// What this machine can do at most: the rate of a large product of matrices, the yardstick that
// speeds of training are given in.
#ifndef INKLING_COMPUTE_SGEMM_RATE_H
#define INKLING_COMPUTE_SGEMM_RATE_H

#include "compute/backend.h"

enum { SGEMM_RATE_SIZE = 2048 };

// Operations per second of the product of two 2048 x 2048 matrices on the back end's own threads:
// the best of a few runs, on the CPU by OpenBLAS or by our own kernel, whichever is faster. Takes
// half a second to a second, or two runs where one takes longer, and 64 MB; STATUS_MEMORY where
// there are none.
Status sgemm_rate_measure(Backend *be, double *operations_per_second);

#endif
