// check_kernels --bench: time of each operation in the shapes of the presets at batch 64, as
// GFLOP/s and share of the rate of a 2048^3 product on the same threads, or as GB/s for those that
// only pass memory through.
#include "base/check.h"
#include "base/thread.h"
#include "check_kernels.h"
#include "compute/sgemm_rate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 64 };

typedef struct Bench {
    Backend *be;
    float *a, *b, *c, *d, *e, *f, *g; // large enough for any of the shapes
    uint8_t *bytes;
    int32_t *indices;
    BatchStats *stats;
    double rate;
    const char *only;
} Bench;

typedef struct BenchOp {
    DenseShape dense;
    ConvShape conv;
    PoolShape pool;
    BatchNormShape norm;
    GatherShape gather;
    OptimizerKind kind;
    size_t count;
    bool with_dx;
} BenchOp;

typedef void (*BenchRun)(const Bench *b, const BenchOp *o);

// `calls` of it, or a few more. Where steps can be handed over, sixteen calls make a step, which is
// then launched as one: what is timed is the device, and not the host that asks it.
static int run_calls(const Bench *b, BenchRun run, const BenchOp *o, int calls) {
    enum { OF_A_STEP = 16 };
    const BackendOps *ops = b->be->ops;
    BatchStats stats[BACKEND_STEPS_AHEAD];
    int done = 0, steps = 0;
    while (done < calls) {
        if (!ops->step_begin) {
            run(b, o);
            done++;
            continue;
        }
        ops->step_begin(b->be);
        for (int i = 0; i < OF_A_STEP; i++) run(b, o);
        ops->step_end(b->be, b->stats);
        done += OF_A_STEP;
        if (++steps % BACKEND_STEPS_AHEAD == 0) ops->steps_take(b->be, stats);
    }
    if (ops->steps_take) ops->steps_take(b->be, stats);
    return done;
}

// Seconds of one call: the fastest of batches of calls of about 4 ms each.
static double time_of(const Bench *b, BenchRun run, const BenchOp *o) {
    run_calls(b, run, o, 1);
    double best = 1e9;
    int calls = 1;
    for (int round = 0; round < 12; round++) {
        double start = clock_seconds();
        calls = run_calls(b, run, o, calls);
        Status status = b->be->ops->sync(b->be);
        REQUIRE(status_is_ok(&status));
        double each = (clock_seconds() - start) / calls;
        if (each < best) best = each;
        calls = (int)(0.004 / each) + 1;
    }
    return best;
}

static void report(const Bench *b, const char *title, BenchRun run, const BenchOp *o,
                   double operations, double bytes) {
    if (b->only && !strstr(title, b->only)) return;
    double seconds = time_of(b, run, o);
    if (operations > 0.0)
        printf("%-48s %9.1f us %8.1f GFLOP/s %6.1f %%\n", title, 1e6 * seconds,
               1e-9 * operations / seconds, 100.0 * operations / seconds / b->rate);
    else
        printf("%-48s %9.1f us %8.1f GB/s\n", title, 1e6 * seconds, 1e-9 * bytes / seconds);
    fflush(stdout);
}

// ---- products ---------------------------------------------------------------------------------

static void dense_forward(const Bench *b, const BenchOp *o) {
    b->be->ops->dense_forward(b->be, &o->dense, BATCH, b->a, b->b, b->c, b->d);
}

static void dense_backward(const Bench *b, const BenchOp *o) {
    b->be->ops->dense_backward(b->be, &o->dense, BATCH, b->a, b->b, b->d, b->e,
                               o->with_dx ? b->f : NULL, b->g, b->c);
}

static void conv_forward(const Bench *b, const BenchOp *o) {
    b->be->ops->conv_forward(b->be, &o->conv, BATCH, b->a, b->b, b->c, b->d);
}

static void conv_backward(const Bench *b, const BenchOp *o) {
    b->be->ops->conv_backward(b->be, &o->conv, BATCH, b->a, b->b, b->d, b->e,
                              o->with_dx ? b->f : NULL, b->g, b->c);
}

static void conv_pool_forward(const Bench *b, const BenchOp *o) {
    b->be->ops->conv_pool_forward(b->be, &o->conv, BATCH, b->a, b->b, b->c, b->d, b->bytes);
}

static void conv_pool_backward(const Bench *b, const BenchOp *o) {
    b->be->ops->conv_pool_backward(b->be, &o->conv, BATCH, b->a, b->b, b->d, b->bytes, b->e,
                                   o->with_dx ? b->f : NULL, b->g, b->c);
}

static void bench_dense(const Bench *b, const char *net, int in, int out, bool with_dx) {
    BenchOp o = {.dense = {in, out, ACTIVATION_RELU, 0.0f}, .with_dx = with_dx};
    double operations = 2.0 * BATCH * in * out;
    char title[96];
    Status status = b->be->ops->reserve(b->be, &o.dense, NULL, BATCH);
    REQUIRE(status_is_ok(&status));
    snprintf(title, sizeof title, "%s dense %d-%d forward", net, in, out);
    report(b, title, dense_forward, &o, operations, 0);
    snprintf(title, sizeof title, "%s dense %d-%d backward%s", net, in, out,
             with_dx ? "" : ", first");
    report(b, title, dense_backward, &o, operations * (with_dx ? 2 : 1), 0);
}

static void bench_conv(const Bench *b, const char *net, ConvShape s, bool with_dx) {
    s.out_h = s.in_h + 2 * s.pad - s.kernel_h + 1;
    s.out_w = s.in_w + 2 * s.pad - s.kernel_w + 1;
    s.stride = 1;
    s.activation = ACTIVATION_RELU;
    BenchOp o = {.conv = s, .with_dx = with_dx};
    double operations =
        2.0 * BATCH * s.out_c * s.out_h * s.out_w * s.in_c * s.kernel_h * s.kernel_w;
    char title[96];
    Status status = b->be->ops->reserve(b->be, NULL, &s, BATCH);
    REQUIRE(status_is_ok(&status));
    snprintf(title, sizeof title, "%s conv %d-%d k%d %dx%d forward", net, s.in_c, s.out_c,
             s.kernel_h, s.in_h, s.in_w);
    report(b, title, conv_forward, &o, operations, 0);
    snprintf(title, sizeof title, "%s conv %d-%d k%d %dx%d backward%s", net, s.in_c, s.out_c,
             s.kernel_h, s.in_h, s.in_w, with_dx ? "" : ", first");
    report(b, title, conv_backward, &o, operations * (with_dx ? 2 : 1), 0);
    if (!b->be->ops->conv_pool_forward) return;
    snprintf(title, sizeof title, "%s conv %d-%d k%d %dx%d and pool forward", net, s.in_c, s.out_c,
             s.kernel_h, s.in_h, s.in_w);
    report(b, title, conv_pool_forward, &o, operations, 0);
    snprintf(title, sizeof title, "%s conv %d-%d k%d %dx%d and pool backward%s", net, s.in_c,
             s.out_c, s.kernel_h, s.in_h, s.in_w, with_dx ? "" : ", first");
    report(b, title, conv_pool_backward, &o, operations * (with_dx ? 2 : 1), 0);
}

// ---- the rest ---------------------------------------------------------------------------------

static void max_forward(const Bench *b, const BenchOp *o) {
    b->be->ops->max_pool_forward(b->be, &o->pool, BATCH, b->a, b->d, b->bytes);
}
static void max_backward(const Bench *b, const BenchOp *o) {
    b->be->ops->max_pool_backward(b->be, &o->pool, BATCH, b->d, b->bytes, b->e);
}
static void avg_forward(const Bench *b, const BenchOp *o) {
    b->be->ops->avg_pool_forward(b->be, &o->pool, BATCH, b->a, b->d);
}
static void avg_backward(const Bench *b, const BenchOp *o) {
    b->be->ops->avg_pool_backward(b->be, &o->pool, BATCH, b->d, b->e);
}

static void bench_pool(const Bench *b, const char *net, int channels, int size, bool max) {
    BenchOp o = {.pool = {channels, size, size, size / 2, size / 2, 2, 2, 0}};
    double in = (double)BATCH * channels * size * size;
    char title[96];
    snprintf(title, sizeof title, "%s %s pool %dx%dx%d forward", net, max ? "max" : "avg", channels,
             size, size);
    report(b, title, max ? max_forward : avg_forward, &o, 0, in * 5);
    snprintf(title, sizeof title, "%s %s pool %dx%dx%d backward", net, max ? "max" : "avg",
             channels, size, size);
    report(b, title, max ? max_backward : avg_backward, &o, 0, in * 5);
}

static void norm_forward(const Bench *b, const BenchOp *o) {
    b->be->ops->batch_norm_forward(b->be, &o->norm, BATCH, b->a, b->b, b->b, b->f, b->f + 4096,
                                   b->d, b->g);
}
static void norm_backward(const Bench *b, const BenchOp *o) {
    b->be->ops->batch_norm_backward(b->be, &o->norm, BATCH, b->a, b->b, b->g, b->d, b->e, b->f,
                                    b->f + 4096);
}
static void gather(const Bench *b, const BenchOp *o) {
    GatherFrom from = {b->bytes, b->bytes};
    b->be->ops->gather(b->be, &o->gather, &from, b->indices, BATCH, b->d, (uint8_t *)b->g);
}
static void dropout(const Bench *b, const BenchOp *o) {
    b->be->ops->dropout(b->be, 0.5f, 7, o->count, b->a, b->d);
}
static void relu(const Bench *b, const BenchOp *o) {
    b->be->ops->activation_forward(b->be, ACTIVATION_RELU, 0.0f, o->count, b->a, b->d);
}
static void relu_backward(const Bench *b, const BenchOp *o) {
    b->be->ops->activation_backward(b->be, ACTIVATION_RELU, 0.0f, o->count, b->a, b->d, b->e);
}
static void loss(const Bench *b, const BenchOp *o) {
    (void)o;
    b->be->ops->loss(b->be, LOSS_CROSS_ENTROPY, 0.0f, 10, BATCH, b->a, b->bytes, b->d,
                     (BatchStats *)(void *)b->g);
}
static void update(const Bench *b, const BenchOp *o) {
    OptimizerStep step = {.t = 3, .lr = 1e-3f, .momentum = 0.9f, .one_minus_dampening = 1.0f};
    step.beta1 = 0.9f, step.one_minus_beta1 = 0.1f, step.beta2 = 0.999f;
    step.one_minus_beta2 = 0.001f, step.scale[0] = 0.1f, step.eps = 1e-8f;
    b->be->ops->update(b->be, o->kind, &step, o->count, b->a, b->d,
                       (float *const[]){b->e, o->kind == OPTIMIZER_ADAM ? b->f : NULL, NULL});
}

static void bench_memory(const Bench *b) {
    BenchOp o = {.norm = {300, 1, 0.1f, 1e-5f}};
    report(b, "mlp-bn batch norm 300 forward", norm_forward, &o, 0, 64 * 300 * 8.0);
    report(b, "mlp-bn batch norm 300 backward", norm_backward, &o, 0, 64 * 300 * 12.0);
    o.norm = (BatchNormShape){32, 196, 0.1f, 1e-5f};
    report(b, "batch norm 32x14x14 forward", norm_forward, &o, 0, 64 * 32 * 196 * 8.0);
    report(b, "batch norm 32x14x14 backward", norm_backward, &o, 0, 64 * 32 * 196 * 12.0);
    o.gather = (GatherShape){1, 28, 28, 0.1307f, 0.3081f};
    report(b, "gather 28x28", gather, &o, 0, 64 * 784 * 5.0);
    o.count = 64 * 256;
    report(b, "mlp-dropout dropout 256", dropout, &o, 0, 64 * 256 * 8.0);
    report(b, "relu 64x300 forward", relu, &o, 0, 64 * 256 * 8.0);
    report(b, "relu 64x300 backward", relu_backward, &o, 0, 64 * 256 * 12.0);
    report(b, "loss of 10 classes", loss, &o, 0, 64 * 80.0);
    o.kind = OPTIMIZER_MOMENTUM, o.count = 266610;
    report(b, "mlp-bn SGD momentum, 266,610 parameters", update, &o, 0, 266610 * 20.0);
    o.kind = OPTIMIZER_ADAM, o.count = 135978;
    report(b, "mlp-dropout Adam, 135,978 parameters", update, &o, 0, 135978 * 28.0);
    o.count = 61706;
    report(b, "lenet5 Adam, 61,706 parameters", update, &o, 0, 61706 * 28.0);
    o.count = 1007590;
    report(b, "cnn-20 Adam, 1,007,590 parameters", update, &o, 0, 1007590 * 28.0);
}

// ---- all --------------------------------------------------------------------------------------

static float *fill(Backend *be, Rng *rng, size_t count) {
    float *host = malloc(count * sizeof *host), *device = be->ops->alloc(be, count * sizeof *host);
    REQUIRE(host && device);
    for (size_t i = 0; i < count; i++) host[i] = (float)rng_range(rng, -0.5, 0.5);
    be->ops->upload(be, device, host, count * sizeof *host);
    free(host);
    return device;
}

static void bench_layers(const Bench *b) {
    bench_dense(b, "mlp-bn", 784, 300, false);
    bench_dense(b, "mlp-bn", 300, 100, true);
    bench_dense(b, "mlp-bn", 100, 10, true);
    bench_dense(b, "mlp-dropout", 784, 128, false);
    bench_dense(b, "mlp-dropout", 128, 256, true);
    bench_dense(b, "mlp-dropout", 256, 10, true);
    ConvShape s = {.in_c = 1, .in_h = 28, .in_w = 28, .out_c = 6, .kernel_h = 5, .kernel_w = 5};
    s.pad = 2;
    bench_conv(b, "lenet5", s, false);
    bench_pool(b, "lenet5", 6, 28, false);
    s = (ConvShape){.in_c = 6, .in_h = 14, .in_w = 14, .out_c = 16, .kernel_h = 5, .kernel_w = 5};
    bench_conv(b, "lenet5", s, true);
    bench_pool(b, "lenet5", 16, 10, false);
    bench_dense(b, "lenet5", 400, 120, true);
    bench_dense(b, "lenet5", 120, 84, true);
    bench_dense(b, "lenet5", 84, 10, true);
    s = (ConvShape){.in_c = 1, .in_h = 28, .in_w = 28, .out_c = 10, .kernel_h = 5, .kernel_w = 5};
    bench_conv(b, "cnn-20", s, false);
    bench_pool(b, "cnn-20", 10, 24, true);
    s = (ConvShape){.in_c = 10, .in_h = 12, .in_w = 12, .out_c = 20, .kernel_h = 3, .kernel_w = 3};
    bench_conv(b, "cnn-20", s, true);
    bench_dense(b, "cnn-20", 2000, 500, true);
    bench_dense(b, "cnn-20", 500, 10, true);
    s = (ConvShape){.in_c = 1, .in_h = 28, .in_w = 28, .out_c = 32, .kernel_h = 3, .kernel_w = 3};
    s.pad = 1;
    bench_conv(b, "cnn-64", s, false);
    bench_pool(b, "cnn-64", 32, 28, true);
    s = (ConvShape){.in_c = 32, .in_h = 14, .in_w = 14, .out_c = 64, .kernel_h = 3, .kernel_w = 3};
    s.pad = 1;
    bench_conv(b, "cnn-64", s, true);
    bench_pool(b, "cnn-64", 64, 14, true);
    bench_dense(b, "cnn-64", 3136, 128, true);
    bench_dense(b, "cnn-64", 128, 10, true);
}

void bench_kernels(Backend *be, const char *only) {
    Rng rng = rng_make(1, 0);
    const size_t most = 2200000;
    Bench b = {.be = be, .only = only};
    float **arrays[] = {&b.a, &b.b, &b.c, &b.d, &b.e, &b.f, &b.g};
    for (int i = 0; i < 7; i++) *arrays[i] = fill(be, &rng, most);
    b.bytes = be->ops->alloc(be, most);
    b.indices = calloc(BATCH, sizeof *b.indices); // host memory
    b.stats = be->ops->alloc(be, sizeof *b.stats);
    REQUIRE(b.bytes && b.indices && b.stats);
    be->ops->zero(be, b.stats, sizeof *b.stats);
    be->ops->zero(be, b.bytes, most);
    for (int i = 0; i < BATCH; i++) b.indices[i] = i * 37 % 2000;
    char line[128];
    be->ops->describe(be, line, sizeof line);
    Status status = sgemm_rate_measure(be, &b.rate);
    REQUIRE(status_is_ok(&status));
    printf("%s: 2048^3 product at %.1f GFLOP/s\n", line, 1e-9 * b.rate);
    bench_layers(&b);
    bench_memory(&b);
    be->ops->describe(be, line, sizeof line);
    printf("in the end: %s\n", line); // what a device could not do is known by then
    for (int i = 0; i < 7; i++) be->ops->release(be, *arrays[i]);
    be->ops->release(be, b.bytes);
    be->ops->release(be, b.stats);
    free(b.indices);
}
