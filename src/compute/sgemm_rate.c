// The yardstick, by any back end as the dense layer that it is; on the CPU also for its own sake,
// with nothing to bring into or out of a layer's form: by our kernel with both matrices packed, and
// by OpenBLAS.
#include "compute/sgemm_rate.h"
#include "base/thread.h"
#include "compute/cpu_blas.h"
#include "compute/cpu_parts.h"

#include <string.h>

enum { SIZE = SGEMM_RATE_SIZE, RUNS = 4, ROWS = 48, TILE_ROWS = 6, BLAS_ROWS = 256 };
// A slow machine, or a build that is watched, is measured in fewer runs.
static const double ENOUGH_SECONDS = 0.5;

typedef struct Square {
    Backend *be;
    const float *a, *b;
    float *c, *packed;
} Square;

static void by_layer(const Square *square) {
    DenseShape s = {.in = SIZE, .out = SIZE};
    square->be->ops->dense_forward(square->be, &s, SIZE, square->a, square->b, square->a,
                                   square->c);
}

// ---- our kernel -------------------------------------------------------------------------------

// packed: [block of KERNEL_GEMM_K rows][tile of columns][row][column]
static void pack_piece(void *context, int piece, int worker) {
    const Square *square = context;
    const CpuKernels *k = &cpu_of(square->be)->k;
    (void)worker;
    for (int column = 0; column < SIZE; column += k->gemm_columns) {
        size_t row = (size_t)piece * KERNEL_GEMM_K;
        k->gemm_pack(KERNEL_GEMM_K, k->gemm_columns, square->b + row * SIZE + column, SIZE,
                     square->packed + row * SIZE + (size_t)column * KERNEL_GEMM_K);
    }
}

static void rows_piece(void *context, int piece, int worker) {
    const Square *square = context;
    Cpu *cpu = cpu_of(square->be);
    float *a = cpu_private(cpu, worker); // [tile][k][row of the tile]
    int first = piece * ROWS, rows = int_min(ROWS, SIZE - first);
    for (int block = 0; block < SIZE; block += KERNEL_GEMM_K) {
        for (int r = 0; r < rows; r++)
            for (int i = 0; i < KERNEL_GEMM_K; i++)
                a[(r / TILE_ROWS * KERNEL_GEMM_K + i) * TILE_ROWS + r % TILE_ROWS] =
                    square->a[(ptrdiff_t)(first + r) * SIZE + block + i];
        for (int column = 0; column < SIZE; column += cpu->k.gemm_columns) {
            const float *panel =
                square->packed + (size_t)block * SIZE + (size_t)column * KERNEL_GEMM_K;
            for (int r = 0; r < rows; r += TILE_ROWS)
                cpu->k.gemm(int_min(TILE_ROWS, rows - r), cpu->k.gemm_columns, KERNEL_GEMM_K,
                            a + (size_t)r * KERNEL_GEMM_K, 1, TILE_ROWS, panel,
                            square->c + (size_t)(first + r) * SIZE + column, SIZE, block > 0);
        }
    }
}

static void by_kernel(const Square *square) {
    Pool *pool = cpu_of(square->be)->pool;
    pool_run(pool, pack_piece, (void *)square, SIZE / KERNEL_GEMM_K);
    pool_run(pool, rows_piece, (void *)square, (SIZE + ROWS - 1) / ROWS);
}

// ---- OpenBLAS ---------------------------------------------------------------------------------

static void blas_piece(void *context, int piece, int worker) {
    const Square *square = context;
    (void)worker;
    size_t first = (size_t)piece * BLAS_ROWS * SIZE;
    cpu_blas_product(&(BlasProduct){.m = BLAS_ROWS,
                                    .n = SIZE,
                                    .k = SIZE,
                                    .a = square->a + first,
                                    .a_stride = SIZE,
                                    .b = square->b,
                                    .b_stride = SIZE,
                                    .c = square->c + first,
                                    .c_stride = SIZE});
}

static void by_blas(const Square *square) {
    pool_run(cpu_of(square->be)->pool, blas_piece, (void *)square, SIZE / BLAS_ROWS);
}

// ---- all --------------------------------------------------------------------------------------

static Status best_time(const Square *square, void (*run)(const Square *), double *best) {
    const double begun = clock_seconds();
    for (int i = 0; i < RUNS && (i == 0 || clock_seconds() - begun < ENOUGH_SECONDS); i++) {
        double start = clock_seconds();
        run(square);
        Status status = square->be->ops->sync(square->be);
        if (!status_is_ok(&status)) return status;
        double seconds = clock_seconds() - start;
        if (*best == 0.0 || seconds < *best) *best = seconds;
    }
    return status_ok();
}

Status sgemm_rate_measure(Backend *be, double *operations_per_second) {
    Status status;
    const size_t bytes = (size_t)SIZE * SIZE * sizeof(float);
    const bool cpu = strcmp(be->ops->name, "cpu") == 0;
    DenseShape s = {.in = SIZE, .out = SIZE};
    double best = 0.0;
    float *a = be->ops->alloc(be, bytes), *b = be->ops->alloc(be, bytes);
    float *c = be->ops->alloc(be, bytes), *packed = be->ops->alloc(be, bytes);
    Square square = {be, a, b, c, packed};
    if (!a || !b || !c || !packed) {
        status = status_no_memory("measuring the rate of products", 4 * bytes);
        goto fail;
    }
    be->ops->zero(be, a, bytes);
    be->ops->zero(be, b, bytes);
    if (cpu) {
        TRY(best_time(&square, by_kernel, &best));
        if (cpu_of(be)->has_blas) TRY(best_time(&square, by_blas, &best));
    } else {
        TRY(be->ops->reserve(be, &s, NULL, SIZE));
        TRY(best_time(&square, by_layer, &best));
    }
    *operations_per_second = 2.0 * SIZE * SIZE * SIZE / best;
    status = status_ok();
fail:
    be->ops->release(be, a);
    be->ops->release(be, b);
    be->ops->release(be, c);
    be->ops->release(be, packed);
    return status;
}
