// Dense layers and convolutions against the oracle. The tolerance of a sum of k products is
// c * k * FLT_EPSILON * sum|a||b|; the last factor is the oracle's own result for the absolute
// values of all inputs, without the activation. Activations have a slope of at most 1, so they
// carry an error on and do not enlarge it; their own is a few units in the last place.
#include "check_kernels.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { X, W, B, Y, FORWARD_ARGS };
enum { GX, GW, GY, GDY, GDX, GDW, GDB };

static const Activation activations[] = {ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_LEAKY_RELU,
                                         ACTIVATION_SIGMOID, ACTIVATION_TANH};

// Own error of an activation: zero, or the few roundings of exp and a quotient.
static void add_activation_error(Arg *arg) {
    for (size_t i = 0; i < arg->count; i++)
        arg->tolerance[i] +=
            8.0 * FLT_EPSILON * fmax(fabs((double)((float *)arg->oracle)[i]), 1e-3);
}

// ---- dense ------------------------------------------------------------------------------------

typedef struct DenseContext {
    DenseShape s;
    int n;
} DenseContext;

static void dense_forward(Backend *be, const void *context, void **d) {
    const DenseContext *c = context;
    Status status = be->ops->reserve(be, &c->s, NULL, c->n);
    if (!status_is_ok(&status)) abort();
    be->ops->dense_forward(be, &c->s, c->n, d[X], d[W], d[B], d[Y]);
}

static void dense_backward(Backend *be, const void *context, void **d) {
    const DenseContext *c = context;
    Status status = be->ops->reserve(be, &c->s, NULL, c->n);
    if (!status_is_ok(&status)) abort();
    be->ops->dense_backward(be, &c->s, c->n, d[GX], d[GW], d[GY], d[GDY], d[GDX], d[GDW], d[GDB]);
}

// dy as it is behind the activation, in place of dy, for the magnitudes of the gradients.
static void gradient_tolerances(Check *check, Case *c, const void *plain, int k_dx, int k_dw,
                                bool with_dx) {
    void *dy = c->args[GDY].host;
    c->args[GDY].host = c->args[GDY].oracle;
    c->args[GDW].tolerance = check_magnitude(check, c, GDW, plain, 2.0 * k_dw * FLT_EPSILON);
    c->args[GDB].tolerance = check_magnitude(check, c, GDB, plain, 2.0 * k_dw * FLT_EPSILON);
    if (with_dx)
        c->args[GDX].tolerance = check_magnitude(check, c, GDX, plain, 2.0 * k_dx * FLT_EPSILON);
    c->args[GDY].host = dy;
}

static void check_dense(Check *check, DenseShape s, int n, bool with_dx) {
    DenseContext context = {s, n}, plain = {s, n};
    plain.s.activation = ACTIVATION_NONE;
    size_t in = (size_t)s.in, out = (size_t)s.out, batch = (size_t)n;
    Case c = {.call = dense_forward, .context = &context};
    snprintf(c.title, sizeof c.title, "dense forward %d-%d, batch %d, activation %d", s.in, s.out,
             n, s.activation);
    check_floats(check, &c, ARG_IN, batch * in);
    check_floats(check, &c, ARG_IN, out * in);
    check_floats(check, &c, ARG_IN, out);
    check_floats(check, &c, ARG_OUT, batch * out);
    check_oracle(check, &c);
    c.args[Y].tolerance = check_magnitude(check, &c, Y, &plain, 2.0 * (s.in + 1) * FLT_EPSILON);
    add_activation_error(&c.args[Y]);
    check_compare(check, &c);

    c = (Case){.call = dense_backward, .context = &context};
    snprintf(c.title, sizeof c.title, "dense backward %d-%d, batch %d, activation %d%s", s.in,
             s.out, n, s.activation, with_dx ? "" : ", no dx");
    check_floats(check, &c, ARG_IN, batch * in);
    check_floats(check, &c, ARG_IN, out * in);
    check_floats(check, &c, ARG_IN, batch * out);
    check_floats(check, &c, ARG_SCRATCH, batch * out);
    check_floats(check, &c, ARG_OUT, with_dx ? batch * in : 0);
    check_floats(check, &c, ARG_OUT, out * in);
    check_floats(check, &c, ARG_OUT, out);
    check_oracle(check, &c);
    gradient_tolerances(check, &c, &plain, s.out, n, with_dx);
    check_compare(check, &c);
}

// ---- convolution ------------------------------------------------------------------------------

typedef struct ConvContext {
    ConvShape s;
    int n;
} ConvContext;

static void conv_forward(Backend *be, const void *context, void **d) {
    const ConvContext *c = context;
    Status status = be->ops->reserve(be, NULL, &c->s, c->n);
    if (!status_is_ok(&status)) abort();
    be->ops->conv_forward(be, &c->s, c->n, d[X], d[W], d[B], d[Y]);
}

static void conv_backward(Backend *be, const void *context, void **d) {
    const ConvContext *c = context;
    Status status = be->ops->reserve(be, NULL, &c->s, c->n);
    if (!status_is_ok(&status)) abort();
    be->ops->conv_backward(be, &c->s, c->n, d[GX], d[GW], d[GY], d[GDY], d[GDX], d[GDW], d[GDB]);
}

static void check_conv(Check *check, ConvShape s, int n, bool with_dx) {
    s.out_h = (s.in_h + 2 * s.pad - s.kernel_h) / s.stride + 1;
    s.out_w = (s.in_w + 2 * s.pad - s.kernel_w) / s.stride + 1;
    ConvContext context = {s, n}, plain = {s, n};
    plain.s.activation = ACTIVATION_NONE;
    size_t x = check_count(n, s.in_c, s.in_h, s.in_w),
           y = check_count(n, s.out_c, s.out_h, s.out_w);
    int filter = s.in_c * s.kernel_h * s.kernel_w;
    size_t w = (size_t)s.out_c * (size_t)filter;
    char shape[100];
    snprintf(shape, sizeof shape, "%dx%dx%d-%d k%dx%d s%d p%d, batch %d, activation %d", s.in_c,
             s.in_h, s.in_w, s.out_c, s.kernel_h, s.kernel_w, s.stride, s.pad, n, s.activation);
    Case c = {.call = conv_forward, .context = &context};
    snprintf(c.title, sizeof c.title, "conv forward %s", shape);
    check_floats(check, &c, ARG_IN, x);
    check_floats(check, &c, ARG_IN, w);
    check_floats(check, &c, ARG_IN, (size_t)s.out_c);
    check_floats(check, &c, ARG_OUT, y);
    check_oracle(check, &c);
    c.args[Y].tolerance = check_magnitude(check, &c, Y, &plain, 2.0 * (filter + 1) * FLT_EPSILON);
    add_activation_error(&c.args[Y]);
    check_compare(check, &c);

    c = (Case){.call = conv_backward, .context = &context};
    snprintf(c.title, sizeof c.title, "conv backward %s%s", shape, with_dx ? "" : ", no dx");
    check_floats(check, &c, ARG_IN, x);
    check_floats(check, &c, ARG_IN, w);
    check_floats(check, &c, ARG_IN, y);
    check_floats(check, &c, ARG_SCRATCH, y);
    check_floats(check, &c, ARG_OUT, with_dx ? x : 0);
    check_floats(check, &c, ARG_OUT, w);
    check_floats(check, &c, ARG_OUT, (size_t)s.out_c);
    check_oracle(check, &c);
    gradient_tolerances(check, &c, &plain, s.out_c * s.kernel_h * s.kernel_w, n * s.out_h * s.out_w,
                        with_dx);
    check_compare(check, &c);
}

// ---- convolution and pooling in one -----------------------------------------------------------

enum { PX, PW, PB, PDY, PY, PDX, PDW, PDB };

// Forward and back again, as what is kept between them is the back end's own. One that has no such
// operations (the oracle) does it one by one.
static void conv_pool(Backend *be, const void *context, void **d) {
    const ConvContext *c = context;
    const ConvShape *s = &c->s;
    PoolShape pool = {s->out_c, s->out_h, s->out_w, s->out_h / 2, s->out_w / 2, 2, 2, 0};
    size_t raw = check_count(c->n, s->out_c, s->out_h, s->out_w) * sizeof(float);
    size_t pooled = check_count(c->n, s->out_c, pool.out_h, pool.out_w) * sizeof(float);
    uint8_t *kept = be->ops->alloc(be, backend_kept_bytes(s, c->n));
    float *dy = be->ops->alloc(be, pooled);
    float *y = be->ops->alloc(be, raw), *dy_raw = be->ops->alloc(be, raw);
    Status status = be->ops->reserve(be, NULL, s, c->n);
    if (!status_is_ok(&status) || !kept || !dy || !y || !dy_raw) abort();
    be->ops->copy(be, dy, d[PDY], pooled);
    if (be->ops->conv_pool_forward && (s->pool == POOL_LARGEST || be->ops->conv_pool_means)) {
        be->ops->conv_pool_forward(be, s, c->n, d[PX], d[PW], d[PB], d[PY], kept);
        be->ops->conv_pool_backward(be, s, c->n, d[PX], d[PW], d[PY], kept, dy, d[PDX], d[PDW],
                                    d[PDB]);
    } else {
        be->ops->conv_forward(be, s, c->n, d[PX], d[PW], d[PB], y);
        if (s->pool == POOL_MEAN) {
            be->ops->avg_pool_forward(be, &pool, c->n, y, d[PY]);
            be->ops->avg_pool_backward(be, &pool, c->n, dy, dy_raw);
        } else {
            be->ops->max_pool_forward(be, &pool, c->n, y, d[PY], kept);
            be->ops->max_pool_backward(be, &pool, c->n, dy, kept, dy_raw);
        }
        be->ops->conv_backward(be, s, c->n, d[PX], d[PW], y, dy_raw, d[PDX], d[PDW], d[PDB]);
    }
    be->ops->release(be, kept);
    be->ops->release(be, dy);
    be->ops->release(be, y);
    be->ops->release(be, dy_raw);
}

// Small whole numbers, whose products sum without rounding: which place of a window is the largest
// is then the same for everybody, and equals meet often.
static void fill_whole(Check *check, float *x, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] = (float)rng_below(&check->rng, 5) - 2.0f;
}

// |dy| <= 1, |x| and |w| <= 2: a gradient of the weights sums over one position of each window.
static void check_conv_pool_kind(Check *check, ConvShape s, PoolKind kind, int n, bool with_dx) {
    s.pool = kind;
    if (kind == POOL_MEAN && !backend_can_pool_mean(s.activation)) return;
    s.out_h = (s.in_h + 2 * s.pad - s.kernel_h) / s.stride + 1;
    s.out_w = (s.in_w + 2 * s.pad - s.kernel_w) / s.stride + 1;
    if (s.out_h < 2 || s.out_w < 2) return;
    ConvContext context = {s, n};
    size_t x = check_count(n, s.in_c, s.in_h, s.in_w);
    size_t w = check_count(s.out_c, s.in_c, s.kernel_h, s.kernel_w);
    size_t pooled = check_count(n, s.out_c, s.out_h / 2, s.out_w / 2);
    Case c = {.call = conv_pool, .context = &context};
    snprintf(c.title, sizeof c.title,
             "conv and %s pool %dx%dx%d-%d k%dx%d s%d p%d, batch %d, activation %d%s",
             kind == POOL_MEAN ? "average" : "max", s.in_c, s.in_h, s.in_w, s.out_c, s.kernel_h,
             s.kernel_w, s.stride, s.pad, n, s.activation, with_dx ? "" : ", no dx");
    fill_whole(check, check_floats(check, &c, ARG_IN, x), x);
    fill_whole(check, check_floats(check, &c, ARG_IN, w), w);
    fill_whole(check, check_floats(check, &c, ARG_IN, (size_t)s.out_c), (size_t)s.out_c);
    check_floats(check, &c, ARG_IN, pooled);
    check_floats(check, &c, ARG_OUT, pooled);
    check_floats(check, &c, ARG_OUT, with_dx ? x : 0);
    check_floats(check, &c, ARG_OUT, w);
    check_floats(check, &c, ARG_OUT, (size_t)s.out_c);
    check_oracle(check, &c);
    // An average has four terms where a maximum has one, each a quarter as large.
    double terms = kind == POOL_MEAN ? 4.0 : 1.0;
    double k_dw = terms * n * (s.out_h / 2) * (s.out_w / 2);
    double k_dx = (double)s.kernel_h * s.kernel_w * s.out_c;
    // The activation's own slope errs too: 8 eps more for each term. What is averaged may cancel.
    double largest = 4.0 * s.kernel_h * s.kernel_w * s.in_c + 2.0;
    double floor = kind == POOL_MEAN ? 8.0 * largest : 8e-3;
    c.args[PY].tolerance = check_relative(&c.args[PY], 8.0 * FLT_EPSILON, floor * FLT_EPSILON);
    c.args[PDX].tolerance =
        check_relative(&c.args[PDX], 0.0, 2.0 * (k_dx + 8.0) * FLT_EPSILON * 2.0 * k_dx);
    c.args[PDW].tolerance =
        check_relative(&c.args[PDW], 0.0, 2.0 * (k_dw + 8.0) * FLT_EPSILON * 2.0 * k_dw);
    c.args[PDB].tolerance =
        check_relative(&c.args[PDB], 0.0, 2.0 * (k_dw + 8.0) * FLT_EPSILON * k_dw);
    check_compare(check, &c);
}

static void check_conv_pool(Check *check, ConvShape s, int n, bool with_dx) {
    check_conv_pool_kind(check, s, POOL_LARGEST, n, with_dx);
    check_conv_pool_kind(check, s, POOL_MEAN, n, with_dx);
}

// ---- the shapes -------------------------------------------------------------------------------

static const struct {
    int in, out, n;
} dense_cases[] = {
    {1, 1, 1},     {1, 1, 64},     {3, 2, 5},      {784, 10, 1},    {100, 10, 2}, {84, 10, 64},
    {17, 33, 16},  {31, 15, 17},   {129, 7, 3},    {5, 100, 65},    {64, 64, 64}, {257, 131, 33},
    {40, 21, 130}, {300, 100, 64}, {130, 97, 100}, {700, 480, 300},
};

static const struct {
    ConvShape s;
    int n;
} conv_cases[] = {
    {{1, 1, 1, .out_c = 1, .kernel_h = 1, .kernel_w = 1, .stride = 1}, 1},
    {{3, 1, 1, .out_c = 2, .kernel_h = 1, .kernel_w = 1, .stride = 1}, 5},
    {{1, 28, 28, .out_c = 6, .kernel_h = 5, .kernel_w = 5, .stride = 1, .pad = 2}, 33},
    {{6, 14, 14, .out_c = 16, .kernel_h = 5, .kernel_w = 5, .stride = 1}, 17},
    {{1, 12, 13, .out_c = 32, .kernel_h = 3, .kernel_w = 3, .stride = 1, .pad = 1}, 8},
    {{5, 7, 6, .out_c = 13, .kernel_h = 3, .kernel_w = 3, .stride = 1, .pad = 1}, 67},
    {{2, 9, 9, .out_c = 3, .kernel_h = 2, .kernel_w = 2, .stride = 3}, 4},
    {{2, 9, 8, .out_c = 3, .kernel_h = 1, .kernel_w = 1, .stride = 2}, 3},
    {{3, 8, 11, .out_c = 4, .kernel_h = 3, .kernel_w = 5, .stride = 2, .pad = 2}, 19},
    {{2, 3, 3, .out_c = 2, .kernel_h = 3, .kernel_w = 3, .stride = 1, .pad = 4}, 2},
    {{1, 2, 5, .out_c = 3, .kernel_h = 2, .kernel_w = 4, .stride = 1, .pad = 1}, 6},
    {{7, 5, 5, .out_c = 9, .kernel_h = 1, .kernel_w = 1, .stride = 1}, 16},
    {{25, 4, 4, .out_c = 26, .kernel_h = 4, .kernel_w = 4, .stride = 1}, 9},
    {{2, 11, 11, .out_c = 5, .kernel_h = 7, .kernel_w = 7, .stride = 4, .pad = 3}, 130},
};

void check_products(Check *check) {
    for (size_t i = 0; i < sizeof dense_cases / sizeof dense_cases[0]; i++) {
        DenseShape s = {dense_cases[i].in, dense_cases[i].out, activations[i % 5], 0.01f};
        check_dense(check, s, dense_cases[i].n, i % 3 != 2);
    }
    for (size_t i = 0; i < sizeof conv_cases / sizeof conv_cases[0]; i++) {
        ConvShape s = conv_cases[i].s;
        s.activation = activations[(i + 1) % 5];
        s.activation_parameter = 0.01f;
        check_conv(check, s, conv_cases[i].n, i % 4 != 2);
        check_conv_pool(check, s, conv_cases[i].n, i % 4 != 2);
    }
    for (int i = 0; i < 12; i++) {
        DenseShape d = {1 + (int)rng_below(&check->rng, 200), 1 + (int)rng_below(&check->rng, 200),
                        activations[i % 5], 0.2f};
        check_dense(check, d, 1 + (int)rng_below(&check->rng, 140), i % 3 != 0);
        ConvShape s = {.in_c = 1 + (int)rng_below(&check->rng, 12),
                       .in_h = 5 + (int)rng_below(&check->rng, 9),
                       .in_w = 5 + (int)rng_below(&check->rng, 9),
                       .out_c = 1 + (int)rng_below(&check->rng, 28),
                       .kernel_h = 1 + (int)rng_below(&check->rng, 5),
                       .kernel_w = 1 + (int)rng_below(&check->rng, 5),
                       .stride = 1 + (int)rng_below(&check->rng, 3),
                       .pad = (int)rng_below(&check->rng, 3),
                       .activation = activations[i % 5],
                       .activation_parameter = 0.2f};
        check_conv(check, s, 1 + (int)rng_below(&check->rng, 70), i % 3 != 0);
        check_conv_pool(check, s, 1 + (int)rng_below(&check->rng, 140), i % 3 != 0);
    }
}
