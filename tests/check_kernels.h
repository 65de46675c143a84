// What check_kernels is made of: a case runs one operation on the oracle and on every subject, with
// the same inputs, poisoned outputs and guarded buffers, and compares what came out.
#ifndef INKLING_TESTS_CHECK_KERNELS_H
#define INKLING_TESTS_CHECK_KERNELS_H

#include "base/rng.h"
#include "compute/backend.h"

enum { CHECK_ARGS_MAX = 10, CHECK_THREADS_MAX = 3 };

// One way to do the operations, with each number of threads that has to give the same bits.
typedef struct Subject {
    char name[64];
    Backend *with[CHECK_THREADS_MAX];
    int count;
} Subject;

typedef struct Check {
    Backend *oracle;
    Subject *subjects;
    int subject_count;
    Rng rng;
    int part; // one case in so many
    int cases, failures;
} Check;

// ARG_SCRATCH: an input that may be anything afterwards.
typedef enum ArgRole { ARG_IN, ARG_OUT, ARG_INOUT, ARG_SCRATCH } ArgRole;

// One device buffer of a case. The host memory belongs to the case (check_arg, check_free).
typedef struct Arg {
    ArgRole role;
    size_t size;       // bytes of one element: 1, 4 (float) or 8 (double)
    size_t count;      // elements; 0: the pointer passed is NULL
    void *host;        // what goes in; for ARG_OUT nothing
    void *oracle;      // what the oracle made of it
    double *tolerance; // by element of float or double; NULL: the same bits (but any NaN is a NaN)
} Arg;

typedef struct Case {
    char title[160];
    Arg args[CHECK_ARGS_MAX];
    int count;
    void (*call)(Backend *be, const void *context, void **device);
    const void *context;
} Case;

// Elements of an array of these dimensions.
static inline size_t check_count(int n, int channels, int height, int width) {
    return (size_t)n * (size_t)channels * (size_t)height * (size_t)width;
}
// Adds a buffer of floats to a case; inputs are uniform in [-1, 1).
float *check_floats(Check *check, Case *c, ArgRole role, size_t count);
Arg *check_arg(Case *c, ArgRole role, size_t size, size_t count);
// Runs it on the oracle; check_compare then on all subjects, and frees it.
void check_oracle(Check *check, Case *c);
void check_compare(Check *check, Case *c);
void check_free(Case *c);
// The oracle's result for the inputs as they are now, in a new array; for magnitudes.
double *check_magnitude(Check *check, const Case *c, int arg, const void *context, double factor);
// A tolerance of `factor` times the oracle's own result, and `floor` for all.
double *check_relative(const Arg *arg, double factor, double floor);

void check_products(Check *check);
void check_windows(Check *check);
void check_elements(Check *check);
void check_training(Check *check);

// Those whose title contains `only`; all if NULL.
void bench_kernels(Backend *be, const char *only);

#endif
