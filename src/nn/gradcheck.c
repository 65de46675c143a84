// The slope of forward, measured, beside the one that backward computes.
//
// What is measured is F = sum of r * logits with fixed random r, summed in double: linear in the
// logits, so that the loss adds neither curvature nor rounding of its own, and its gradient for the
// logits is r itself.
//
// float32 sets the accuracy. A central difference over +-h is off by about eps*|F|/h from rounding
// and by about h^2 F''' from curvature; the best h leaves a relative error of the order of
// eps^(2/3) = 2.4e-5 for a function of size 1. A network's F adds up many terms that cancel, which
// costs one to two digits more: hence the tolerance of 100 eps^(2/3) = 2.4e-3, relative to the
// larger of the entry and the root mean square of the tensor's gradient (a small entry among large
// ones is known no better than they are).
//
// Where backward rightly gives 0 (a bias in front of batch norm), only rounding is left to measure,
// so what that can come to is added to that size: the last bit of each logit, or how much F changes
// when every input moves by its last bit, which depends on how a back end adds up.
//
// Kinks (ReLU, max pool): where +-h crosses one, the difference is no slope. So each entry is
// measured with shrinking h until, over h, h/2, h/4 and h/8, the central differences agree to half
// the tolerance and there is no jump: a kink much nearer than h leaves the central differences
// alone, but then the slopes to the right and to the left differ by an amount that does not shrink
// with h as curvature does (CheckLevel.bend). An entry where that never happens is left out and
// another one drawn; at least half of what was asked for must be judged, or that is an error too.
// Nothing here looks at the computed gradient before it has settled on the measured one.
#include "nn/gradcheck.h"

#include "base/check.h"
#include "base/streams.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRADCHECK_HALVINGS = 10 };
static const double gradcheck_first_step = 1.0 / 16;
static const uint64_t gradcheck_key = 77; // the same dropout mask in every forward

typedef struct Check {
    Model *model;
    Backend *be;
    int n;
    bool training;
    size_t input_count, logit_count;
    float *weights, *input, *direction, *logits, *gradient, *input_gradient;
    double tolerance;
    double noise; // what rounding alone does to F
    Rng rng;
} Check;

static double check_tolerance(void) {
    return 100.0 * pow(FLT_EPSILON, 2.0 / 3.0);
}

// F with everything as it now is on the host.
static double check_value(Check *check) {
    model_set_weights(check->model, check->weights);
    check->be->ops->upload(check->be, model_input(check->model), check->input,
                           check->input_count * sizeof(float));
    const float *logits = model_forward(check->model, check->n, check->training, gradcheck_key);
    check->be->ops->download(check->be, check->logits, logits, check->logit_count * sizeof(float));
    double sum = 0.0;
    for (size_t i = 0; i < check->logit_count; i++)
        sum += (double)check->direction[i] * (double)check->logits[i];
    return sum;
}

// What is seen over +-h.
typedef struct CheckLevel {
    double slope; // the central difference
    double bend;  // slope to the right less slope to the left: h F'', or the jump at a kink
} CheckLevel;

static CheckLevel check_level(Check *check, float *at, double h, double middle) {
    float kept = *at;
    *at = (float)(kept + h);
    double above = *at, high = check_value(check);
    *at = (float)(kept - h);
    double below = *at, low = check_value(check);
    *at = kept;
    // Divided by what was really stored, which is not quite h.
    return (CheckLevel){
        .slope = (high - low) / (above - below),
        .bend = (high - middle) / (above - kept) - (middle - low) / (kept - below),
    };
}

// The slope at *at, or NAN where it cannot be had. `floor`: see check_tensor.
static double check_measure(Check *check, float *at, double floor) {
    double h = gradcheck_first_step, middle = check_value(check);
    CheckLevel last = check_level(check, at, h, middle);
    int agreed = 0;
    for (int i = 0; i < GRADCHECK_HALVINGS; i++) {
        h /= 2;
        CheckLevel level = check_level(check, at, h, middle);
        double allowed = check->tolerance * (fabs(last.slope) + fabs(level.slope) + floor);
        bool agrees = fabs(level.slope - last.slope) <= 0.5 * allowed &&
                      fabs(2 * level.bend - last.bend) <= allowed;
        agreed = agrees ? agreed + 1 : 0;
        // The curvature's part is 4 times larger in the wider one.
        if (agreed == 3) return level.slope + (level.slope - last.slope) / 3;
        last = level;
    }
    return NAN;
}

static double check_rms(const float *gradient, size_t count) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) sum += (double)gradient[i] * (double)gradient[i];
    return sqrt(sum / (double)count);
}

// Up to `most` entries of one tensor: `values` are changed and measured, `gradient` is what
// backward says.
static Status check_tensor(Check *check, const char *name, float *values, const float *gradient,
                           size_t count, int most, GradCheck *out) {
    bool all = count <= (size_t)most;
    int wanted = all ? (int)count : most, judged = 0, tried = 0;
    // A bend is 4 values of F over h, and h has been halved three times before it counts.
    double rounding = 4.0 * 8.0 * check->noise / gradcheck_first_step;
    double floor = check_rms(gradient, count) + rounding / check->tolerance + FLT_MIN;
    for (; judged < wanted && tried < (all ? wanted : 4 * wanted); tried++) {
        size_t index = all ? (size_t)tried : rng_below(&check->rng, (uint32_t)count);
        double measured = check_measure(check, values + index, floor);
        if (isnan(measured)) continue;
        judged++;
        double given = gradient[index];
        double error = fabs(given - measured) / (fabs(given) + fabs(measured) + floor);
        if (!(error <= out->worst)) { // a NaN counts as worst
            out->worst = isnan(error) ? INFINITY : error;
            snprintf(out->where, sizeof out->where, "%.40s[%zu]", name, index);
        }
    }
    out->checked += judged;
    out->skipped += tried - judged;
    if (judged * 2 < wanted)
        return status_error(STATUS_FORMAT,
                            "%s: the slope could be measured for %d entries only, of %d wanted",
                            name, judged, wanted);
    return status_ok();
}

static void check_close(Check *check) {
    free(check->weights);
    free(check->input);
    free(check->direction);
    free(check->logits);
    free(check->gradient);
    free(check->input_gradient);
    model_close(&check->model);
}

// Biases by +-1.5..2.5, so that most units are clearly on or clearly off and few points lie near a
// ReLU's kink. Batch norm's scale away from 1, where a wrong gradient could hide.
static void check_move_vectors(Check *check, const ModelPlan *plan) {
    for (int i = 0; i < plan->tensor_count; i++) {
        const TensorInfo *tensor = &plan->tensors[i];
        float *w = check->weights + tensor->offset;
        bool scale = tensor->fan_in == 0 && tensor->initial != 0.0f;
        if (!tensor->trainable && !check->training)
            for (size_t k = 0; k < tensor->count; k++) // running statistics
                w[k] += (float)rng_range(&check->rng, -0.5, 0.5);
        if (!tensor->trainable || tensor->rank != 1) continue;
        for (size_t k = 0; k < tensor->count; k++) {
            double side = rng_next(&check->rng) & 1 ? 1.0 : -1.0;
            double size = rng_range(&check->rng, scale ? 0.1 : 1.5, scale ? 0.5 : 2.5);
            w[k] += (float)(side * size);
        }
    }
}

static Status check_open(Check *check, Backend *be, const ModelSpec *spec, int n, uint64_t seed,
                         bool training) {
    Status status;
    memset(check, 0, sizeof *check);
    check->be = be;
    check->n = n;
    check->training = training;
    check->tolerance = check_tolerance();
    check->rng = rng_make(seed, STREAM_TEST);
    TRY(model_open(be, spec, n, true, &check->model));
    const ModelPlan *plan = model_plan(check->model);
    check->input_count = shape_count(spec->input) * (size_t)n;
    check->logit_count = (size_t)plan->classes * (size_t)n;
    check->weights = calloc(plan->weight_floats + 1, sizeof(float));
    check->gradient = calloc(plan->parameter_floats + 1, sizeof(float));
    check->input = calloc(check->input_count, sizeof(float));
    check->input_gradient = calloc(check->input_count, sizeof(float));
    check->direction = calloc(check->logit_count, sizeof(float));
    check->logits = calloc(check->logit_count, sizeof(float));
    if (!check->weights || !check->gradient || !check->input || !check->input_gradient ||
        !check->direction || !check->logits) {
        status = status_no_memory("the gradient check", plan->weight_floats * sizeof(float));
        goto fail;
    }
    weights_init(plan, INIT_PYTORCH, seed, check->weights);
    check_move_vectors(check, plan);
    for (size_t i = 0; i < check->input_count; i++)
        check->input[i] = (float)rng_normal(&check->rng);
    for (size_t i = 0; i < check->logit_count; i++)
        check->direction[i] = (float)rng_range(&check->rng, -1.0, 1.0);
    return status_ok();
fail:
    check_close(check);
    return status;
}

static void check_noise(Check *check) {
    enum { ROUNDS = 6 };
    double middle = check_value(check);
    for (size_t i = 0; i < check->logit_count; i++)
        check->noise += 0.5 * FLT_EPSILON * (double)fabsf(check->direction[i] * check->logits[i]);
    float *kept = check->input_gradient; // not yet in use
    memcpy(kept, check->input, check->input_count * sizeof *kept);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < check->input_count; i++)
            check->input[i] = nextafterf(kept[i], rng_next(&check->rng) & 1 ? 1e9f : -1e9f);
        double noise = fabs(check_value(check) - middle);
        if (noise > check->noise) check->noise = noise;
    }
    memcpy(check->input, kept, check->input_count * sizeof *kept);
}

// What backward says, into `gradient` and `input_gradient`.
static void check_backward(Check *check) {
    const BackendOps *ops = check->be->ops;
    check_value(check);
    ops->upload(check->be, model_logits_gradient(check->model), check->direction,
                check->logit_count * sizeof(float));
    model_backward(check->model, check->n, true);
    ops->download(check->be, check->gradient, model_gradients(check->model),
                  model_plan(check->model)->parameter_floats * sizeof(float));
    ops->download(check->be, check->input_gradient, model_input_gradient(check->model),
                  check->input_count * sizeof(float));
}

static Status check_parameters(Check *check, int per_tensor, GradCheck *out) {
    const ModelPlan *plan = model_plan(check->model);
    Status status = status_ok();
    for (int i = 0; i < plan->tensor_count; i++) {
        const TensorInfo *tensor = &plan->tensors[i];
        if (!tensor->trainable) continue;
        TRY(check_tensor(check, tensor->name, check->weights + tensor->offset,
                         check->gradient + tensor->offset, tensor->count, per_tensor, out));
    }
fail:
    return status;
}

static Status check_run(Backend *be, const ModelSpec *spec, int n, uint64_t seed, int per_tensor,
                        bool training, GradCheck *out) {
    Status status;
    Check check;
    memset(out, 0, sizeof *out);
    status = check_open(&check, be, spec, n, seed, training);
    if (!status_is_ok(&status)) return status;
    check_noise(&check);
    check_backward(&check);
    TRY(check_tensor(&check, "input", check.input, check.input_gradient, check.input_count,
                     per_tensor, out));
    if (training) TRY(check_parameters(&check, per_tensor, out));
    TRY(be->ops->sync(be));
    if (out->worst > check.tolerance)
        status = status_error(STATUS_FORMAT,
                              "the gradient of %s is off by %.3g (relative), more than %.3g "
                              "(seed %llu)",
                              out->where, out->worst, check.tolerance, (unsigned long long)seed);
fail:
    check_close(&check);
    return status;
}

Status gradcheck_run(Backend *be, const ModelSpec *spec, int n, uint64_t seed, int per_tensor,
                     GradCheck *out) {
    return check_run(be, spec, n, seed, per_tensor, true, out);
}

Status gradcheck_evaluation(Backend *be, const ModelSpec *spec, int n, uint64_t seed, int entries,
                            GradCheck *out) {
    return check_run(be, spec, n, seed, entries, false, out);
}
