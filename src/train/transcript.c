// Writing a training step down: called by run_step_told at its turning points.
#include "train/transcript.h"

#include "base/check.h"
#include "nn/layer.h"
#include "train/run_internal.h"
#include "train/transcript_internal.h"

#include <math.h>
#include <stdlib.h>

// ---- many numbers in a few ----------------------------------------------------------------------

void spread_add(SpreadSums *sums, const float *values, size_t count) {
    Spread *spread = &sums->spread;
    double sum = 0, squares = 0;
    float low = spread->count ? spread->low : INFINITY;
    float high = spread->count ? spread->high : -INFINITY;
    size_t zeros = 0;
    for (size_t i = 0; i < count; i++) {
        float value = values[i];
        sum += value;
        squares += (double)value * value;
        low = value < low ? value : low;
        high = value > high ? value : high;
        zeros += value == 0;
    }
    sums->sum += sum;
    sums->squares += squares;
    spread->low = low;
    spread->high = high;
    spread->zeros += zeros;
    spread->count += count;
}

Spread spread_finish(const SpreadSums *sums) {
    Spread out = sums->spread;
    if (out.count == 0) return (Spread){0};
    double n = (double)out.count;
    out.mean = sums->sum / n;
    out.norm = sqrt(sums->squares);
    double variance = sums->squares / n - out.mean * out.mean;
    out.deviation = variance < 0 ? 0 : sqrt(variance); // NaN stays
    if (!(out.low <= out.high)) out.low = out.high = 0;
    return out;
}

Spread spread_of(const float *values, size_t count) {
    SpreadSums sums = {0};
    spread_add(&sums, values, count);
    return spread_finish(&sums);
}

// ---- room ---------------------------------------------------------------------------------------

void transcript_close(Transcript *t) {
    free(t->input);
    free(t->values);
    free(t->deltas);
    free(t->probabilities);
    free(t->before);
    free(t->after);
    free(t->gradients);
    free(t->state_before);
    free(t->state_after);
    free(t->scratch);
    *t = (Transcript){0};
}

// Stages as the model runs them, and how many numbers one sample has in all of them.
static size_t transcript_stages(Transcript *t, const Run *run) {
    const ModelPlan *plan = model_plan(run->model);
    const ModelSpec *spec = model_spec(run->model);
    size_t floats = 0;
    t->stage_count = 0;
    for (int i = 0; i < spec->layer_count;) {
        int last = model_told_end(run->model, i);
        bool runs = last > i || spec->layers[i].kind->forward; // a flatten does nothing
        if (runs) {
            Shape shape = plan->shapes[last + 1];
            t->stages[t->stage_count++] = (TranscriptStage){
                .first = i, .last = last, .shape = shape, .at = floats * TRANSCRIPT_SAMPLES};
            floats += shape_count(shape);
        }
        i = last + 1;
    }
    return floats;
}

static float *transcript_floats(size_t count) {
    return calloc(count ? count : 1, sizeof(float));
}

Status transcript_reserve(Transcript *t, const Run *run) {
    const ModelPlan *plan = model_plan(run->model);
    size_t values = transcript_stages(t, run) * TRANSCRIPT_SAMPLES;
    size_t state = optimizer_state_floats(run->optimizer), largest = 0;
    size_t input = shape_count(plan->shapes[0]) * TRANSCRIPT_SAMPLES;
    size_t answers = (size_t)run->classes * TRANSCRIPT_SAMPLES;
    Status status = model_reserve_watch(run->model);
    if (!status_is_ok(&status) || t->scratch) return status; // one transcript serves one run
    for (int i = 0; i < t->stage_count; i++) {
        size_t count = shape_count(t->stages[i].shape);
        if (count > largest) largest = count;
    }
    t->weight_floats = plan->weight_floats;
    t->value_floats = values;
    t->slots = plan->parameter_floats ? (int)(state / plan->parameter_floats) : 0;
    t->input = transcript_floats(input);
    t->values = transcript_floats(values);
    t->deltas = transcript_floats(values);
    t->probabilities = transcript_floats(answers);
    t->before = transcript_floats(plan->weight_floats);
    t->after = transcript_floats(plan->weight_floats);
    t->gradients = transcript_floats(plan->parameter_floats);
    t->state_before = transcript_floats(state);
    t->state_after = transcript_floats(state);
    t->scratch = transcript_floats(largest);
    if (t->input && t->values && t->deltas && t->probabilities && t->before && t->after &&
        t->gradients && t->state_before && t->state_after && t->scratch)
        return status_ok();
    transcript_close(t);
    return status_no_memory("a batch in slow motion",
                            4 * (2 * values + 3 * plan->weight_floats + 2 * state));
}

// ---- the turning points -------------------------------------------------------------------------

static TranscriptStage *transcript_stage(Transcript *t, int first) {
    for (int i = 0; i < t->stage_count; i++)
        if (t->stages[i].first == first) return &t->stages[i];
    ASSERT(false);
    return NULL;
}

// All n samples of a stage go by; the first are kept.
static Spread transcript_take(TranscriptWriter *w, const TranscriptStage *stage,
                              const float *device, float *kept) {
    Transcript *t = w->transcript;
    Backend *be = w->run->be;
    size_t count = shape_count(stage->shape);
    SpreadSums sums = {0};
    for (int i = 0; i < t->n; i++) {
        float *to = i < t->samples ? kept + stage->at + (size_t)i * count : t->scratch;
        be->ops->download(be, to, device + (size_t)i * count, count * sizeof *to);
        spread_add(&sums, to, count);
    }
    return spread_finish(&sums);
}

static void transcript_forward(void *context, int first, int last, const float *y) {
    TranscriptWriter *w = context;
    TranscriptStage *stage = transcript_stage(w->transcript, first);
    ASSERT(stage->last == last);
    (void)last;
    stage->value = transcript_take(w, stage, y, w->transcript->values);
}

static void transcript_backward(void *context, int first, int last, const float *dy) {
    TranscriptWriter *w = context;
    TranscriptStage *stage = transcript_stage(w->transcript, first);
    ASSERT(stage->last == last);
    (void)last;
    stage->delta = transcript_take(w, stage, dy, w->transcript->deltas);
    stage->has_delta = true;
}

void transcript_begin(TranscriptWriter *w, Run *run, Transcript *t, int n) {
    *w = (TranscriptWriter){.run = run, .transcript = t};
    const BackendOps *ops = run->be->ops;
    int64_t count;
    double memory[2];
    t->epoch = run->epoch + 1;
    t->batch = run->batch + 1;
    t->n = n;
    t->samples = n < TRANSCRIPT_SAMPLES ? n : TRANSCRIPT_SAMPLES;
    t->classes = run->classes;
    ops->download(run->be, t->input, model_input(run->model),
                  (size_t)t->samples * shape_count(model_plan(run->model)->shapes[0]) *
                      sizeof *t->input);
    ops->download(run->be, t->labels, run->labels, (size_t)t->samples);
    model_get_weights(run->model, t->before);
    optimizer_get_state(run->optimizer, &count, memory, t->state_before);
    w->watch = (ModelWatch){w, transcript_forward, transcript_backward};
    model_set_watch(run->model, &w->watch);
}

// The loss of each kept sample by itself: that of a batch of one.
void transcript_losses(TranscriptWriter *w, const float *logits) {
    Transcript *t = w->transcript;
    Run *run = w->run;
    const BackendOps *ops = run->be->ops;
    size_t row = (size_t)t->classes;
    for (int i = 0; i < t->samples; i++) {
        BatchStats stats;
        ops->loss(run->be, (LossKind)run->config.loss, (float)run->config.label_smoothing,
                  t->classes, 1, logits + (size_t)i * row, run->labels + i, NULL, run->stats);
        ops->download(run->be, &stats, run->stats, sizeof stats);
        t->losses[i] = stats.loss_sum;
    }
    ops->softmax(run->be, t->classes, t->samples, logits, run->probabilities);
    ops->download(run->be, t->probabilities, run->probabilities,
                  (size_t)t->samples * row * sizeof(float));
}

void transcript_gradients(TranscriptWriter *w, bool clipped) {
    Transcript *t = w->transcript;
    const ModelPlan *plan = model_plan(w->run->model);
    run_get_gradients(w->run, t->gradients);
    double norm = spread_of(t->gradients, plan->parameter_floats).norm;
    if (!clipped) {
        t->gradient_norm = norm;
        t->clipped = 1;
    } else if (t->gradient_norm > 0) {
        t->clipped = norm / t->gradient_norm;
    }
}

void transcript_end(TranscriptWriter *w, const BatchStats *stats) {
    Transcript *t = w->transcript;
    Run *run = w->run;
    int64_t count;
    double memory[2];
    model_set_watch(run->model, NULL);
    model_get_weights(run->model, t->after);
    optimizer_get_state(run->optimizer, &count, memory, t->state_after);
    t->step = *optimizer_last(run->optimizer);
    t->optimizer = (OptimizerKind)run->config.optimizer;
    t->lr = run->last_lr;
    t->loss = stats->loss_sum / stats->count;
    t->accuracy = (double)stats->correct / stats->count;
}
