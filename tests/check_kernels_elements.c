// Gathering, activations, dropout, scaling and sums against the oracle.
#include "check_kernels.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct ElementContext {
    Activation kind;
    float parameter;
    uint64_t key;
    size_t count;
    bool in_place;
    GatherShape gather;
    GatherVary vary;
    const int32_t *indices;
    int n;
} ElementContext;

static const size_t counts[] = {1, 3, 16, 17, 100, 4096, 8192, 8193, 50001};
enum { COUNTS = sizeof counts / sizeof counts[0] };

static void make_wild(float *x, size_t count) {
    static const float wild[] = {0.0f,  -0.0f,  INFINITY, -INFINITY, NAN,    88.0f,
                                 90.0f, -90.0f, -105.0f,  1e-8f,     -1e-8f, FLT_MAX};
    for (size_t i = 0; i < count; i++)
        if (i % 29 == 7) x[i] = wild[i / 29 % (sizeof wild / sizeof wild[0])];
}

// ---- data -------------------------------------------------------------------------------------

static void gather(Backend *be, const void *context, void **d) {
    const ElementContext *c = context;
    GatherFrom from = {d[0], d[2]};
    be->ops->gather(be, &c->gather, &from, c->indices, c->n, d[1], d[3]);
}

// Not asked of subjects whose images are varied by the host: check_gathers.
static void gather_varied(Backend *be, const void *context, void **d) {
    const ElementContext *c = context;
    GatherFrom from = {d[0], d[2]};
    be->ops->gather_varied(be, &c->gather, &from, &c->vary, c->indices, c->n, d[1], d[3]);
}

static void fill_bytes(Check *check, uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)rng_below(&check->rng, 256);
}

// `vary` NULL: as they are. `labels`: with them.
static void check_gather(Check *check, GatherShape s, const AugmentConfig *vary, int images, int n,
                         bool labels) {
    enum { MOST = 1100 };
    int32_t indices[MOST];
    for (int i = 0; i < n; i++) indices[i] = (int32_t)rng_below(&check->rng, (uint32_t)images);
    ElementContext context = {.gather = s, .indices = indices, .n = n};
    size_t size = check_count(1, s.channels, s.height, s.width), all = (size_t)images * size;
    Case c = {.call = vary ? gather_varied : gather, .context = &context};
    if (vary) context.vary = (GatherVary){*vary, (uint32_t)n, rng_next(&check->rng)};
    snprintf(c.title, sizeof c.title, "gather%s %dx%dx%d, batch %d%s", vary ? " varied" : "",
             s.channels, s.height, s.width, n, labels ? ", labels" : "");
    fill_bytes(check, check_arg(&c, ARG_IN, 1, all)->host, all);
    check_floats(check, &c, ARG_OUT, (size_t)n * size);
    Arg *own = check_arg(&c, ARG_IN, 1, labels ? (size_t)images : 0);
    if (labels) fill_bytes(check, own->host, (size_t)images);
    check_arg(&c, ARG_OUT, 1, labels ? (size_t)n : 0);
    check_oracle(check, &c);
    // A device's sine may differ in the last place, and a pixel then by one of 255 steps; a step of
    // its neighbour and the rounding of the share make two.
    if (vary) c.args[1].tolerance = check_relative(&c.args[1], 0.0, 2.01 / 255.0 / (double)s.std);
    check_compare(check, &c);
}

static void check_gathers(Check *check) {
    static const AugmentConfig strong = {20.0f, 0.12f, 0.2f, 0.25f, 0.03f, 0.4f, 0.0f},
                               light = {10.0f, 0.1f, 0.1f, 0.0f, 0.0f, 0.0f, 0.0f},
                               holes = {0.0f, 0.3f, 0.0f, 0.0f, 0.0f, 1.0f, 0.7f};
    const GatherShape digit = {1, 28, 28, 0.1307f, 0.3081f}, odd = {3, 5, 7, 0.5f, 0.5f},
                      dot = {1, 1, 1, 0.0f, 1.0f}, line = {2, 1, 40, 0.0f, 1.0f};
    const AugmentConfig *const ways[] = {NULL, &strong, &light, &holes};
    bool varies = true;
    for (int i = 0; i < check->subject_count; i++)
        varies = varies && check->subjects[i].with[0]->ops->gather_varied;
    for (int i = 0; i < (varies ? 4 : 1); i++) {
        check_gather(check, digit, ways[i], 50, 64, i % 2 == 0);
        check_gather(check, odd, ways[i], 9, 13, true);
        check_gather(check, dot, ways[i], 2, 1, true);
        check_gather(check, line, ways[i], 4, 3, false);
        check_gather(check, dot, ways[i], 20, 1100, true);
    }
}

// ---- activations ------------------------------------------------------------------------------

static void activation_forward(Backend *be, const void *context, void **d) {
    const ElementContext *c = context;
    if (c->in_place)
        be->ops->activation_forward(be, c->kind, c->parameter, c->count, d[1], d[1]);
    else
        be->ops->activation_forward(be, c->kind, c->parameter, c->count, d[0], d[1]);
}

static void activation_backward(Backend *be, const void *context, void **d) {
    const ElementContext *c = context;
    float *dx = c->in_place ? d[1] : d[2];
    be->ops->activation_backward(be, c->kind, c->parameter, c->count, d[0], d[1], dx);
}

static void check_activation(Check *check, Activation kind, size_t count, bool in_place) {
    ElementContext context = {
        .kind = kind, .parameter = 0.01f, .count = count, .in_place = in_place};
    Case c = {.call = activation_forward, .context = &context};
    snprintf(c.title, sizeof c.title, "activation %d forward, %zu elements%s", kind, count,
             in_place ? ", in place" : "");
    float *x = check_floats(check, &c, ARG_IN, count);
    float *y = check_floats(check, &c, in_place ? ARG_INOUT : ARG_OUT, count);
    for (size_t i = 0; i < count; i++) x[i] *= 8.0f;
    make_wild(x, count);
    if (in_place) memcpy(y, x, count * sizeof *y);
    check_oracle(check, &c);
    // exp to 2 units in the last place, its argument of up to 16 rounded once, a sum, a quotient.
    if (kind == ACTIVATION_SIGMOID || kind == ACTIVATION_TANH)
        c.args[1].tolerance = check_relative(&c.args[1], 8.0 * FLT_EPSILON, 1e-37);
    check_compare(check, &c);

    c = (Case){.call = activation_backward, .context = &context};
    snprintf(c.title, sizeof c.title, "activation %d backward, %zu elements%s", kind, count,
             in_place ? ", in place" : "");
    y = check_floats(check, &c, ARG_IN, count);
    make_wild(y, count);
    check_floats(check, &c, in_place ? ARG_INOUT : ARG_IN, count);
    check_floats(check, &c, ARG_OUT, in_place ? 0 : count);
    check_oracle(check, &c);
    check_compare(check, &c);
}

// ---- dropout, scale, sum ----------------------------------------------------------------------

static void dropout(Backend *be, const void *context, void **d) {
    const ElementContext *c = context;
    be->ops->dropout(be, c->parameter, c->key, c->count, c->in_place ? d[1] : d[0], d[1]);
}

static void clip(Backend *be, const void *context, void **d) {
    const ElementContext *c = context;
    be->ops->clip(be, c->count, (double)c->parameter, d[0], d[1]);
}

static void average(Backend *be, const void *context, void **d) {
    const ElementContext *c = context;
    be->ops->average(be, c->parameter, c->count, d[0], d[1]);
}

static void sum_squares(Backend *be, const void *context, void **d) {
    const ElementContext *c = context;
    be->ops->sum_squares(be, c->count, d[0], d[1]);
}

static void zero(Backend *be, const void *context, void **d) {
    const ElementContext *c = context;
    be->ops->zero(be, d[0], c->count * sizeof(float));
}

static void copy(Backend *be, const void *context, void **d) {
    const ElementContext *c = context;
    be->ops->copy(be, d[1], d[0], c->count * sizeof(float));
}

static void check_other(Check *check, size_t count, float p, bool in_place) {
    ElementContext context = {
        .parameter = p, .key = rng_next(&check->rng), .count = count, .in_place = in_place};
    Case c = {.call = dropout, .context = &context};
    snprintf(c.title, sizeof c.title, "dropout %g, %zu elements", (double)p, count);
    check_floats(check, &c, ARG_IN, count);
    check_floats(check, &c, in_place ? ARG_INOUT : ARG_OUT, count);
    check_oracle(check, &c);
    check_compare(check, &c);

    c = (Case){.call = clip, .context = &context};
    snprintf(c.title, sizeof c.title, "clip to %g, %zu elements", (double)p, count);
    // A norm of 1.1: now above the largest allowed (0.1, 0.5), now below (2).
    *(double *)check_arg(&c, ARG_IN, sizeof(double), 1)->host = 1.1 * 1.1;
    if (count % 2 == 0) context.parameter = 2.0f;
    make_wild(check_floats(check, &c, ARG_INOUT, count), count);
    check_oracle(check, &c);
    check_compare(check, &c);
    context.parameter = p;

    c = (Case){.call = average, .context = &context};
    snprintf(c.title, sizeof c.title, "average %g, %zu elements", (double)p, count);
    check_floats(check, &c, ARG_IN, count);
    check_floats(check, &c, ARG_INOUT, count);
    check_oracle(check, &c);
    c.args[1].tolerance = check_relative(&c.args[1], 4.0 * FLT_EPSILON, 2.0 * FLT_EPSILON);
    check_compare(check, &c);

    c = (Case){.call = sum_squares, .context = &context};
    snprintf(c.title, sizeof c.title, "sum of squares, %zu elements", count);
    check_floats(check, &c, ARG_IN, count);
    check_arg(&c, ARG_OUT, sizeof(double), 1);
    check_oracle(check, &c);
    c.args[1].tolerance = check_relative(&c.args[1], 2.0 * (double)count * DBL_EPSILON, 0.0);
    check_compare(check, &c);

    c = (Case){.call = zero, .context = &context};
    snprintf(c.title, sizeof c.title, "zero, %zu elements", count);
    check_floats(check, &c, ARG_INOUT, count);
    check_oracle(check, &c);
    check_compare(check, &c);

    c = (Case){.call = copy, .context = &context};
    snprintf(c.title, sizeof c.title, "copy, %zu elements", count);
    check_floats(check, &c, ARG_IN, count);
    check_floats(check, &c, ARG_OUT, count);
    check_oracle(check, &c);
    check_compare(check, &c);
}

void check_elements(Check *check) {
    check_gathers(check);
    for (int i = 0; i < COUNTS; i++) {
        for (int kind = 0; kind < ACTIVATION_COUNT; kind++) {
            check_activation(check, (Activation)kind, counts[i], false);
            check_activation(check, (Activation)kind, counts[i], true);
        }
        check_other(check, counts[i], i % 2 ? 0.5f : 0.1f, i % 3 == 0);
    }
    check_other(check, 1000, 0.0f, false);
}
