// Asking a run's network about images: the test set, the held-out part of the training set, a few
// by index. Where weights are averaged, it is the average that answers.
#include "nn/layer.h"
#include "train/run_internal.h"

#include <stdlib.h>
#include <string.h>

// ---- averaged weights ---------------------------------------------------------------------------

static size_t run_weight_bytes(const Run *run) {
    return model_plan(run->model)->weight_floats * sizeof(float);
}

void run_average(Run *run) {
    if (!run->average) return;
    const BackendOps *ops = run->be->ops;
    // The first step's weights are the first average; buffers (batch norm's statistics) are
    // averaged like parameters.
    if (run->steps == 0)
        ops->copy(run->be, run->average, model_parameters(run->model), run_weight_bytes(run));
    else
        ops->average(run->be, (float)run->config.ema, model_plan(run->model)->weight_floats,
                     model_parameters(run->model), run->average);
}

// Until run_leave_average the model has the averaged weights.
static void run_enter_average(Run *run) {
    if (!run->average || run->steps == 0) return;
    size_t bytes = run_weight_bytes(run);
    run->be->ops->copy(run->be, run->aside, model_parameters(run->model), bytes);
    run->be->ops->copy(run->be, model_parameters(run->model), run->average, bytes);
}

static void run_leave_average(Run *run) {
    if (!run->average || run->steps == 0) return;
    run->be->ops->copy(run->be, model_parameters(run->model), run->aside, run_weight_bytes(run));
}

void run_get_weights(Run *run, float *weights) {
    if (run->average && run->steps > 0)
        run->be->ops->download(run->be, weights, run->average, run_weight_bytes(run));
    else
        model_get_weights(run->model, weights);
}

void run_put_weights(Run *run, const float *weights) {
    model_set_weights(run->model, weights);
    if (run->average) run->be->ops->upload(run->be, run->average, weights, run_weight_bytes(run));
}

// ---- answers -----------------------------------------------------------------------------------

// The answers for the n samples whose logits are on the device.
static void run_answers(Run *run, const float *logits, int n, uint8_t *classes, float *confidence) {
    const BackendOps *ops = run->be->ops;
    ops->softmax(run->be, run->classes, n, logits, run->probabilities);
    ops->download(run->be, run->host_probabilities, run->probabilities,
                  sizeof(float) * (size_t)(n * run->classes));
    for (int i = 0; i < n; i++) {
        const float *row = run->host_probabilities + (size_t)(i * run->classes);
        int best = 0;
        for (int c = 1; c < run->classes; c++)
            if (row[c] > row[best]) best = c;
        if (classes) classes[i] = (uint8_t)best;
        if (confidence) confidence[i] = row[best];
    }
}

// One forward over the images run->indices[0 .. n-1] of `pixels` (device); their labels, if there
// are any here, into run->labels.
static const float *run_forward(Run *run, const uint8_t *pixels, const uint8_t *labels, int n) {
    GatherShape shape = run_gather_shape(run);
    GatherFrom from = {pixels, labels};
    run->be->ops->gather(run->be, &shape, &from, run->indices, n, model_input(run->model),
                         run->labels);
    return model_forward(run->model, n, false, 0);
}

// Image i of a set is indices[i], or i itself where there are none.
typedef struct AskSet {
    const uint8_t *pixels, *labels; // device
    const uint32_t *indices;
    int n;
} AskSet;

static bool run_is_cancelled(const Run *run) {
    return run->cancel && atomic_load(run->cancel);
}

static Status run_evaluate_set(Run *run, const AskSet *set, EvalResult *out, uint8_t *classes,
                               float *confidence) {
    const BackendOps *ops = run->be->ops;
    double loss = 0;
    long long correct = 0;
    run_enter_average(run);
    for (int first = 0; first < set->n && !run_is_cancelled(run); first += RUN_EVAL_BATCH) {
        int n = set->n - first < RUN_EVAL_BATCH ? set->n - first : RUN_EVAL_BATCH;
        for (int i = 0; i < n; i++)
            run->indices[i] = set->indices ? (int32_t)set->indices[first + i] : first + i;
        const float *logits = run_forward(run, set->pixels, set->labels, n);
        // The loss that is reported is plain cross-entropy, whatever is minimised.
        ops->loss(run->be, LOSS_CROSS_ENTROPY, 0, run->classes, n, logits, run->labels, NULL,
                  run->stats);
        BatchStats stats;
        ops->download(run->be, &stats, run->stats, sizeof stats);
        loss += stats.loss_sum;
        correct += stats.correct;
        if (classes || confidence)
            run_answers(run, logits, n, classes ? classes + first : NULL,
                        confidence ? confidence + first : NULL);
    }
    run_leave_average(run);
    if (run_is_cancelled(run)) return status_error(STATUS_CANCELLED, "the evaluation was given up");
    out->n = set->n;
    out->loss = loss / set->n;
    out->accuracy = (double)correct / set->n;
    return ops->sync(run->be);
}

void run_set_cancel(Run *run, const atomic_bool *cancel) {
    run->cancel = cancel;
}

Status run_evaluate(Run *run, EvalResult *out, uint8_t *classes, float *confidence) {
    AskSet set = {run->data->test_pixels, run->data->test_labels, NULL,
                  (int)run->data->dataset->test.n};
    return run_evaluate_set(run, &set, out, classes, confidence);
}

Status run_evaluate_held(Run *run, EvalResult *out) {
    AskSet set = {run->data->train_pixels, run->data->train_labels, run->split.held,
                  (int)run->split.held_n};
    return run_evaluate_set(run, &set, out, NULL, NULL);
}

Status run_predict(Run *run, const int32_t *indices, int n, uint8_t *classes, float *confidence) {
    run_enter_average(run);
    for (int first = 0; first < n; first += RUN_EVAL_BATCH) {
        int part = n - first < RUN_EVAL_BATCH ? n - first : RUN_EVAL_BATCH;
        memcpy(run->indices, indices + first, sizeof *indices * (size_t)part);
        run_answers(run, run_forward(run, run->data->test_pixels, NULL, part), part,
                    classes ? classes + first : NULL, confidence ? confidence + first : NULL);
    }
    run_leave_average(run);
    return run->be->ops->sync(run->be);
}

// ---- a look inside ------------------------------------------------------------------------------

void run_get_gradients(Run *run, float *gradients) {
    run->be->ops->download(run->be, gradients, model_gradients(run->model),
                           model_plan(run->model)->parameter_floats * sizeof *gradients);
}

// Takes the outputs of n samples of one ReLU layer: alive[unit] where any is above 0.
static void run_mark_alive(const float *values, int n, Shape shape, bool *alive) {
    size_t area = (size_t)shape.h * (size_t)shape.w;
    for (int i = 0; i < n; i++)
        for (int c = 0; c < shape.c; c++, values += area)
            for (size_t k = 0; k < area && !alive[c]; k++) alive[c] = values[k] != 0; // NaN lives
}

static bool run_is_relu(const Run *run, int layer) {
    return model_spec(run->model)->layers[layer].kind->activation == ACTIVATION_RELU;
}

// What the last forward of n samples says about layer `i`.
static Status run_look_at(Run *run, int i, int n, bool *alive) {
    Shape shape = model_plan(run->model)->shapes[model_group_end(run->model, i) + 1];
    size_t bytes = shape_count(shape) * (size_t)n * sizeof(float);
    float *values = malloc(bytes);
    if (!values) return status_no_memory("a look at a layer", bytes);
    run->be->ops->download(run->be, values, model_layer_output(run->model, i), bytes);
    run_mark_alive(values, n, shape, alive);
    free(values);
    return status_ok();
}

Status run_count_dead(Run *run, int n, DeadUnits *out) {
    const ModelPlan *plan = model_plan(run->model);
    int layers = model_spec(run->model)->layer_count, total = 0;
    Status status = status_ok();
    memset(out, 0, sizeof *out);
    if (n > (int)run->data->dataset->test.n) n = (int)run->data->dataset->test.n;
    for (int i = 0; i < layers; i++)
        if (run_is_relu(run, i)) total += out->units[i] = plan->shapes[i + 1].c;
    bool *alive = calloc((size_t)total + 1, sizeof *alive);
    if (!alive) return status_no_memory("a look at the layers", (unsigned)total);
    run_enter_average(run);
    for (int first = 0; first < n && status_is_ok(&status); first += RUN_EVAL_BATCH) {
        int part = n - first < RUN_EVAL_BATCH ? n - first : RUN_EVAL_BATCH, at = 0;
        for (int i = 0; i < part; i++) run->indices[i] = first + i;
        run_forward(run, run->data->test_pixels, NULL, part);
        for (int i = 0; i < layers && status_is_ok(&status); at += out->units[i++])
            if (out->units[i] > 0) status = run_look_at(run, i, part, alive + at);
    }
    run_leave_average(run);
    for (int i = 0, at = 0; i < layers; i++)
        for (int k = 0; k < out->units[i]; k++) out->dead[i] += !alive[at++];
    out->images = n;
    free(alive);
    return status;
}
