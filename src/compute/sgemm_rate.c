// The yardstick. Any back end: a dense layer of this size is that product. On the CPU the product
// is also done for its own sake, where nothing has to go into or out of a layer's form.
#include "compute/sgemm_rate.h"
#include "base/thread.h"
#include "compute/cpu_parts.h"

#include <string.h>

enum { SIZE = SGEMM_RATE_SIZE, RUNS = 4 };

typedef void (*Product)(Backend *be, const float *a, const float *b, float *c);

static void product_by_layer(Backend *be, const float *a, const float *b, float *c) {
    DenseShape s = {.in = SIZE, .out = SIZE};
    be->ops->dense_forward(be, &s, SIZE, a, b, a, c);
}

static Status best_time(Backend *be, Product run, const float *a, const float *b, float *c,
                        double *best) {
    for (int i = 0; i < RUNS; i++) {
        double start = clock_seconds();
        run(be, a, b, c);
        Status status = be->ops->sync(be);
        if (!status_is_ok(&status)) return status;
        double seconds = clock_seconds() - start;
        if (*best == 0.0 || seconds < *best) *best = seconds;
    }
    return status_ok();
}

Status sgemm_rate_measure(Backend *be, double *operations_per_second) {
    Status status;
    const size_t bytes = (size_t)SIZE * SIZE * sizeof(float);
    DenseShape s = {.in = SIZE, .out = SIZE};
    double best = 0.0;
    float *a = be->ops->alloc(be, bytes), *b = be->ops->alloc(be, bytes);
    float *c = be->ops->alloc(be, bytes);
    if (!a || !b || !c) {
        status = status_no_memory("measuring the speed of products", 3 * bytes);
        goto fail;
    }
    be->ops->zero(be, a, bytes);
    be->ops->zero(be, b, bytes);
    TRY(be->ops->reserve(be, &s, NULL, SIZE));
    TRY(best_time(be, product_by_layer, a, b, c, &best));
    if (strcmp(be->ops->name, "cpu") == 0) {
        TRY(best_time(be, cpu_square_product, a, b, c, &best));
        if (cpu_of(be)->blas) TRY(best_time(be, cpu_square_product_blas, a, b, c, &best));
    }
    *operations_per_second = 2.0 * SIZE * SIZE * SIZE / best;
    status = status_ok();
fail:
    be->ops->release(be, a);
    be->ops->release(be, b);
    be->ops->release(be, c);
    return status;
}
