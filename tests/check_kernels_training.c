// Loss, softmax and the update rules against the oracle.
#include "check_kernels.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

// ---- loss -------------------------------------------------------------------------------------

typedef struct LossContext {
    LossKind kind;
    float smoothing;
    int classes, n;
    bool in_place;
} LossContext;

static void loss(Backend *be, const void *context, void **d) {
    const LossContext *c = context;
    BatchStats *stats = be->ops->alloc(be, sizeof *stats), host;
    be->ops->loss(be, c->kind, c->smoothing, c->classes, c->n, d[0], d[1], d[2], stats);
    be->ops->download(be, &host, stats, sizeof host);
    be->ops->release(be, stats);
    be->ops->upload(be, d[3], &host.loss_sum, sizeof host.loss_sum);
    uint8_t counts[2] = {(uint8_t)host.correct, (uint8_t)host.count};
    be->ops->upload(be, d[4], counts, sizeof counts);
}

static void softmax(Backend *be, const void *context, void **d) {
    const LossContext *c = context;
    be->ops->softmax(be, c->classes, c->n, c->in_place ? d[1] : d[0], d[1]);
}

static void check_loss(Check *check, LossKind kind, int classes, int n, float smoothing, float size,
                       bool with_dx, int wild) {
    LossContext context = {kind, smoothing, classes, n, n % 2 == 0};
    size_t count = (size_t)classes * (size_t)n;
    Case c = {.call = loss, .context = &context};
    snprintf(c.title, sizeof c.title, "loss %d of %d rows of %d, smoothing %g%s", (int)kind, n,
             classes, (double)smoothing, wild ? ", with NaN" : "");
    float *z = check_floats(check, &c, ARG_IN, count);
    for (size_t i = 0; i < count; i++) z[i] *= size;
    if (wild) {
        z[0] = NAN;
        z[count / 2] = INFINITY;
        z[count - 1] = -INFINITY;
    }
    uint8_t *labels = check_arg(&c, ARG_IN, 1, (size_t)n)->host;
    for (int i = 0; i < n; i++) labels[i] = (uint8_t)rng_below(&check->rng, (uint32_t)classes);
    for (int i = 3; i < n; i += 7) labels[i] = LABEL_NONE;
    check_floats(check, &c, ARG_OUT, with_dx ? count : 0);
    check_arg(&c, ARG_OUT, sizeof(double), 1);
    check_arg(&c, ARG_OUT, 1, 2);
    check_oracle(check, &c);
    // Differences of logits of up to 2 `size` are rounded once; a sum of `classes` exponentials.
    double error = (2.0 * (double)size + 2.0 * classes + 8.0) * FLT_EPSILON;
    c.args[2].tolerance = check_relative(&c.args[2], error, error / n);
    c.args[3].tolerance = check_relative(&c.args[3], error, error * n);
    check_compare(check, &c);

    c = (Case){.call = softmax, .context = &context};
    snprintf(c.title, sizeof c.title, "softmax of %d rows of %d", n, classes);
    z = check_floats(check, &c, ARG_IN, count);
    float *out = check_floats(check, &c, context.in_place ? ARG_INOUT : ARG_OUT, count);
    for (size_t i = 0; i < count; i++) z[i] *= size;
    if (wild) z[count / 2] = NAN;
    if (context.in_place)
        for (size_t i = 0; i < count; i++) out[i] = z[i];
    check_oracle(check, &c);
    c.args[1].tolerance = check_relative(&c.args[1], error, 1e-37);
    check_compare(check, &c);
}

// ---- update rules -----------------------------------------------------------------------------

typedef struct UpdateContext {
    OptimizerKind kind;
    OptimizerStep step;
    int slots;
    size_t count;
} UpdateContext;

static void update(Backend *be, const void *context, void **d) {
    const UpdateContext *c = context;
    float *state[OPTIMIZER_SLOTS_MAX] = {0};
    for (int k = 0; k < c->slots; k++) state[k] = d[2 + k];
    be->ops->update(be, c->kind, &c->step, c->count, d[0], d[1], state);
}

static const struct {
    const char *name;
    OptimizerOptions defaults;
    int (*slots)(const OptimizerOptions *);
    void (*prepare)(OptimizerStep *, const OptimizerOptions *);
} rules[OPTIMIZER_COUNT] = {
#define RULE(id, fn, rule_name, label, most_slots, mask, ...)                                      \
    [OPTIMIZER_##id] = {rule_name, {__VA_ARGS__}, fn##_slots, fn##_prepare},
    OPTIMIZER_LIST(RULE)
#undef RULE
};

// The rules are written once, in headers, for every back end, and none fuses a product and a sum:
// the same roundings everywhere, so the same bits.
static void check_update(Check *check, int kind, int variant, size_t count) {
    OptimizerOptions o = rules[kind].defaults;
    if (variant & 1) o.weight_decay = 0.01;
    o.amsgrad = o.centered = (variant & 2) != 0;
    if (variant & 4) o.momentum = 0.8;
    UpdateContext context = {.kind = (OptimizerKind)kind, .count = count};
    context.step.t = 1 + variant;
    context.slots = rules[kind].slots(&o);
    rules[kind].prepare(&context.step, &o);
    Case c = {.call = update, .context = &context};
    snprintf(c.title, sizeof c.title, "update %s, variant %d, %zu parameters", rules[kind].name,
             variant, count);
    check_floats(check, &c, ARG_INOUT, count);
    check_floats(check, &c, ARG_IN, count);
    for (int k = 0; k < context.slots; k++) {
        float *s = check_floats(check, &c, ARG_INOUT, count);
        // Averages of squares are not below 0, nor below the square of the average: any rule can
        // live with slots in [0.5, 1), and RMSprop's average in [0, 0.5).
        for (size_t i = 0; i < count; i++) s[i] = (k == 1 ? 0.25f : 0.75f) + 0.25f * s[i];
        if (kind == OPTIMIZER_ADAM || kind == OPTIMIZER_ADAMW)
            for (size_t i = 0; i < count; i++) s[i] = k == 0 ? s[i] - 0.75f : s[i];
    }
    check_oracle(check, &c);
    check_compare(check, &c);
}

void check_training(Check *check) {
    for (int wild = 0; wild < 2; wild++)
        for (int k = 0; k < LOSS_COUNT; k++) {
            LossKind kind = (LossKind)k;
            check_loss(check, kind, 10, 64, 0.0f, 4.0f, true, wild);
            check_loss(check, kind, 10, 64, 0.1f, 30.0f, true, wild && 0);
            check_loss(check, kind, 2, 1, 0.0f, 1.0f, true, 0);
            check_loss(check, kind, 62, 100, 0.0f, 200.0f, false, wild);
            check_loss(check, kind, 47, 33, 0.2f, 3.0f, true, 0);
        }
    for (int kind = 0; kind < OPTIMIZER_COUNT; kind++)
        for (int variant = 0; variant < 8; variant++)
            check_update(check, kind, variant, variant % 2 ? 10007 : 1 + (size_t)variant * 13);
}
