// Pooling and batch norm against the oracle.
#include "check_kernels.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

// ---- pooling ----------------------------------------------------------------------------------

typedef struct PoolContext {
    PoolShape s;
    int n;
} PoolContext;

static void max_forward(Backend *be, const void *context, void **d) {
    const PoolContext *c = context;
    be->ops->max_pool_forward(be, &c->s, c->n, d[0], d[1], d[2]);
}

static void max_backward(Backend *be, const void *context, void **d) {
    const PoolContext *c = context;
    be->ops->max_pool_backward(be, &c->s, c->n, d[0], d[1], d[2]);
}

static void avg_forward(Backend *be, const void *context, void **d) {
    const PoolContext *c = context;
    be->ops->avg_pool_forward(be, &c->s, c->n, d[0], d[1]);
}

static void avg_backward(Backend *be, const void *context, void **d) {
    const PoolContext *c = context;
    be->ops->avg_pool_backward(be, &c->s, c->n, d[0], d[1]);
}

// Few different values, so that equals meet in a window, and now and then NaN or an infinity.
static void fill_with_equals(Check *check, float *x, size_t count, bool wild) {
    for (size_t i = 0; i < count; i++) {
        uint32_t r = rng_below(&check->rng, 40);
        x[i] = (float)(r % 5) - 2.0f;
        if (wild && r == 39) x[i] = NAN;
        if (wild && r == 38) x[i] = INFINITY;
        if (wild && r == 37) x[i] = -INFINITY;
    }
}

static void check_pool(Check *check, PoolShape s, int n, bool wild) {
    s.out_h = (s.in_h + 2 * s.pad - s.kernel) / s.stride + 1;
    s.out_w = (s.in_w + 2 * s.pad - s.kernel) / s.stride + 1;
    PoolContext context = {s, n};
    size_t in = check_count(n, s.channels, s.in_h, s.in_w);
    size_t out = check_count(n, s.channels, s.out_h, s.out_w);
    char shape[90];
    snprintf(shape, sizeof shape, "%dx%dx%d k%d s%d p%d, batch %d%s", s.channels, s.in_h, s.in_w,
             s.kernel, s.stride, s.pad, n, wild ? ", with NaN" : "");
    // A sum of at most kernel^2 values, in whichever order.
    double error = 2.0 * s.kernel * s.kernel * FLT_EPSILON;

    Case c = {.call = max_forward, .context = &context};
    snprintf(c.title, sizeof c.title, "max pool forward %s", shape);
    fill_with_equals(check, check_floats(check, &c, ARG_IN, in), in, wild);
    check_floats(check, &c, ARG_OUT, out);
    check_arg(&c, ARG_OUT, 1, out);
    check_oracle(check, &c);
    uint8_t *argmax = c.args[2].oracle;
    Case back = {.call = max_backward, .context = &context};
    snprintf(back.title, sizeof back.title, "max pool backward %s", shape);
    check_floats(check, &back, ARG_IN, out);
    uint8_t *given = check_arg(&back, ARG_IN, 1, out)->host;
    for (size_t i = 0; i < out; i++) given[i] = argmax[i];
    check_floats(check, &back, ARG_OUT, in);
    check_compare(check, &c);
    check_oracle(check, &back);
    if (s.stride < s.kernel)
        back.args[2].tolerance = check_magnitude(check, &back, 2, &context, error);
    check_compare(check, &back);

    c = (Case){.call = avg_forward, .context = &context};
    snprintf(c.title, sizeof c.title, "average pool forward %s", shape);
    check_floats(check, &c, ARG_IN, in);
    check_floats(check, &c, ARG_OUT, out);
    check_oracle(check, &c);
    c.args[1].tolerance = check_magnitude(check, &c, 1, &context, error);
    check_compare(check, &c);

    c = (Case){.call = avg_backward, .context = &context};
    snprintf(c.title, sizeof c.title, "average pool backward %s", shape);
    check_floats(check, &c, ARG_IN, out);
    check_floats(check, &c, ARG_OUT, in);
    check_oracle(check, &c);
    c.args[1].tolerance = check_magnitude(check, &c, 1, &context, error);
    check_compare(check, &c);
}

// ---- batch norm -------------------------------------------------------------------------------

typedef struct NormContext {
    BatchNormShape s;
    int n;
} NormContext;

enum { NX, NGAMMA, NBETA, NMEAN, NVAR, NY, NSAVED };
enum { NGRAD_X, NGRAD_GAMMA, NGRAD_SAVED, NGRAD_DY, NGRAD_DX, NGRAD_DGAMMA, NGRAD_DBETA };

static void norm_forward(Backend *be, const void *context, void **d) {
    const NormContext *c = context;
    be->ops->batch_norm_forward(be, &c->s, c->n, d[NX], d[NGAMMA], d[NBETA], d[NMEAN], d[NVAR],
                                d[NY], d[NSAVED]);
}

static void norm_apply(Backend *be, const void *context, void **d) {
    const NormContext *c = context;
    be->ops->batch_norm_apply(be, &c->s, c->n, d[NX], d[NGAMMA], d[NBETA], d[NMEAN], d[NVAR],
                              d[NY]);
}

static void norm_backward(Backend *be, const void *context, void **d) {
    const NormContext *c = context;
    be->ops->batch_norm_backward(be, &c->s, c->n, d[NGRAD_X], d[NGRAD_GAMMA], d[NGRAD_SAVED],
                                 d[NGRAD_DY], d[NGRAD_DX], d[NGRAD_DGAMMA], d[NGRAD_DBETA]);
}

static void norm_backward_in_place(Backend *be, const void *context, void **d) {
    const NormContext *c = context;
    be->ops->batch_norm_backward(be, &c->s, c->n, d[NGRAD_X], d[NGRAD_GAMMA], d[NGRAD_SAVED],
                                 d[NGRAD_DY], d[NGRAD_DY], d[NGRAD_DGAMMA], d[NGRAD_DBETA]);
}

// `error`: of dx, relative and absolute; `sum_error`: of a sum over the values of a channel.
static void check_norm_backward(Check *check, const NormContext *context, const float *x,
                                const float *saved, double error, double sum_error, double steepest,
                                bool in_place) {
    BatchNormShape s = context->s;
    size_t count = check_count(context->n, s.channels, s.area, 1), channels = (size_t)s.channels;
    Case c = {.call = in_place ? norm_backward_in_place : norm_backward, .context = context};
    snprintf(c.title, sizeof c.title, "batch norm backward %dx%d, batch %d%s", s.channels, s.area,
             context->n, in_place ? ", in place" : "");
    float *gx = check_floats(check, &c, ARG_IN, count);
    for (size_t i = 0; i < count; i++) gx[i] = x[i];
    check_floats(check, &c, ARG_IN, channels);
    float *given = check_floats(check, &c, ARG_IN, 2 * channels);
    for (size_t i = 0; i < 2 * channels; i++) given[i] = saved[i];
    check_floats(check, &c, in_place ? ARG_INOUT : ARG_IN, count);
    check_floats(check, &c, ARG_OUT, in_place ? 0 : count);
    check_floats(check, &c, ARG_OUT, channels);
    check_floats(check, &c, ARG_OUT, channels);
    check_oracle(check, &c);
    int dx = in_place ? NGRAD_DY : NGRAD_DX;
    c.args[dx].tolerance = check_relative(&c.args[dx], error, error);
    c.args[NGRAD_DGAMMA].tolerance =
        check_relative(&c.args[NGRAD_DGAMMA], 0.0, sum_error * steepest);
    c.args[NGRAD_DBETA].tolerance = check_relative(&c.args[NGRAD_DBETA], 0.0, sum_error);
    check_compare(check, &c);
}

// Inputs lie in [-1, 1) around an offset of at most 4, so a sum of k of them errs by at most
// k eps 5 k / 2 and a mean by 3 k eps; every result below is a few such sums times its scale, and
// the scale is 1 / sqrt(var + eps), which itself errs by as much again, relatively to var.
static void check_norm(Check *check, BatchNormShape s, int n) {
    NormContext context = {s, n};
    size_t count = check_count(n, s.channels, s.area, 1), channels = (size_t)s.channels;
    double values = (double)n * s.area, sum_error = 4.0 * values * FLT_EPSILON;
    Case c = {.call = norm_forward, .context = &context};
    snprintf(c.title, sizeof c.title, "batch norm forward %dx%d, batch %d", s.channels, s.area, n);
    float *x = check_floats(check, &c, ARG_IN, count);
    for (size_t i = 0; i < count; i++)
        x[i] += 4.0f * (float)((i / (size_t)s.area) % channels) / (float)channels;
    check_floats(check, &c, ARG_IN, channels);
    check_floats(check, &c, ARG_IN, channels);
    check_floats(check, &c, ARG_INOUT, channels);
    float *running_var = check_floats(check, &c, ARG_INOUT, channels);
    for (size_t i = 0; i < channels; i++) running_var[i] = 0.1f + fabsf(running_var[i]);
    check_floats(check, &c, ARG_OUT, count);
    check_floats(check, &c, ARG_OUT, 2 * channels);
    check_oracle(check, &c);
    const float *saved = c.args[NSAVED].oracle;
    double steepest = 1.0;
    for (size_t i = 0; i < channels; i++) steepest = fmax(steepest, (double)saved[channels + i]);
    // With a single value the variance is 0 and the scale 1/sqrt(eps): then x - mean must be 0.
    double error = values > 1.0 ? 8.0 * sum_error * steepest : 8.0 * FLT_EPSILON;
    c.args[NMEAN].tolerance = check_relative(&c.args[NMEAN], FLT_EPSILON * 2, 5.0 * sum_error);
    c.args[NVAR].tolerance = check_relative(&c.args[NVAR], FLT_EPSILON * 2, 5.0 * sum_error);
    c.args[NY].tolerance = check_relative(&c.args[NY], error * steepest, error);
    c.args[NSAVED].tolerance = check_relative(&c.args[NSAVED], error * steepest, 5.0 * sum_error);

    check_norm_backward(check, &context, x, saved, 8.0 * sum_error * steepest * steepest,
                        values * sum_error, steepest, false);
    check_norm_backward(check, &context, x, saved, 8.0 * sum_error * steepest * steepest,
                        values * sum_error, steepest, true);
    check_compare(check, &c);
}

static void check_norm_apply(Check *check, BatchNormShape s, int n) {
    NormContext context = {s, n};
    size_t count = check_count(n, s.channels, s.area, 1), channels = (size_t)s.channels;
    Case c = {.call = norm_apply, .context = &context};
    snprintf(c.title, sizeof c.title, "batch norm apply %dx%d, batch %d", s.channels, s.area, n);
    check_floats(check, &c, ARG_IN, count);
    check_floats(check, &c, ARG_IN, channels);
    check_floats(check, &c, ARG_IN, channels);
    check_floats(check, &c, ARG_IN, channels);
    float *var = check_floats(check, &c, ARG_IN, channels);
    for (size_t i = 0; i < channels; i++) var[i] = 0.1f + fabsf(var[i]);
    check_floats(check, &c, ARG_OUT, count);
    check_oracle(check, &c);
    // |x - mean| <= 2, the scale at most 1/sqrt(0.1), |beta| <= 1: a handful of roundings of 8.
    c.args[NY].tolerance = check_relative(&c.args[NY], 0.0, 8.0 * 8.0 * FLT_EPSILON);
    check_compare(check, &c);
}

// The first of two calls with dx apart from dy, the second with dx in dy's place: the same bits.
static void check_norm_in_place(Check *check, BatchNormShape s, int n) {
    NormContext context = {s, n};
    size_t count = check_count(n, s.channels, s.area, 1), channels = (size_t)s.channels;
    Case c = {.call = norm_backward_in_place, .context = &context};
    snprintf(c.title, sizeof c.title, "batch norm backward in place %dx%d, batch %d", s.channels,
             s.area, n);
    check_floats(check, &c, ARG_IN, count);
    check_floats(check, &c, ARG_IN, channels);
    float *saved = check_floats(check, &c, ARG_IN, 2 * channels);
    for (size_t i = 0; i < channels; i++) saved[channels + i] = 1.0f;
    check_floats(check, &c, ARG_INOUT, count);
    check_floats(check, &c, ARG_OUT, 0);
    check_floats(check, &c, ARG_OUT, channels);
    check_floats(check, &c, ARG_OUT, channels);
    check_oracle(check, &c);
    double values = (double)n * s.area, error = 16.0 * values * FLT_EPSILON;
    c.args[NGRAD_DY].tolerance = check_relative(&c.args[NGRAD_DY], error, error);
    c.args[NGRAD_DGAMMA].tolerance = check_relative(&c.args[NGRAD_DGAMMA], 0.0, values * error);
    c.args[NGRAD_DBETA].tolerance = check_relative(&c.args[NGRAD_DBETA], 0.0, values * error);
    check_compare(check, &c);
}

// ---- the shapes -------------------------------------------------------------------------------

void check_windows(Check *check) {
    static const struct {
        PoolShape s;
        int n;
    } pools[] = {
        {{.channels = 1, .in_h = 2, .in_w = 2, .kernel = 2, .stride = 2}, 1},
        {{.channels = 6, .in_h = 28, .in_w = 28, .kernel = 2, .stride = 2}, 7},
        {{.channels = 5, .in_h = 10, .in_w = 14, .kernel = 2, .stride = 2}, 9},
        {{.channels = 3, .in_h = 7, .in_w = 9, .kernel = 2, .stride = 2}, 5},
        {{.channels = 2, .in_h = 70, .in_w = 66, .kernel = 2, .stride = 2}, 2},
        {{.channels = 2, .in_h = 11, .in_w = 8, .kernel = 3, .stride = 2, .pad = 1}, 3},
        {{.channels = 4, .in_h = 6, .in_w = 6, .kernel = 3, .stride = 1}, 4},
        {{.channels = 2, .in_h = 5, .in_w = 5, .kernel = 1, .stride = 3}, 3},
        {{.channels = 1, .in_h = 3, .in_w = 3, .kernel = 2, .stride = 1, .pad = 3}, 2},
        {{.channels = 1, .in_h = 16, .in_w = 16, .kernel = 16, .stride = 1}, 2},
        {{.channels = 2, .in_h = 4, .in_w = 4, .kernel = 2, .stride = 2, .pad = 1}, 2},
    };
    for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++) {
        check_pool(check, pools[i].s, pools[i].n, false);
        check_pool(check, pools[i].s, pools[i].n, true);
    }
    static const int norms[][3] = {{1, 1, 2},    {300, 1, 64}, {100, 1, 33}, {7, 1, 1},
                                   {3, 49, 5},   {16, 100, 8}, {1, 784, 3},  {65, 5, 2},
                                   {33, 1, 100}, {2, 1, 3},    {3, 289, 31}, {130, 64, 129},
                                   {1, 784, 350}};
    for (size_t i = 0; i < sizeof norms / sizeof norms[0]; i++) {
        BatchNormShape s = {norms[i][0], norms[i][1], 0.1f, 1e-5f};
        check_norm(check, s, norms[i][2]);
        check_norm_apply(check, s, norms[i][2]);
        check_norm_in_place(check, s, norms[i][2]);
    }
}
