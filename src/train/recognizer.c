// Answering: gather, forward in evaluation mode, softmax, download.
#include "train/recognizer.h"
#include "base/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct Recognizer {
    Backend *be;
    Model *model;
    float temperature;
    int max_batch, classes;
    uint8_t *staging; // device
    float *rows;      // host, max_batch x classes
    int32_t *indices; // 0, 1, 2 ...
};

Status recognizer_open(const SavedModel *saved, int threads, int max_batch, Recognizer **out) {
    Recognizer *recognizer = calloc(1, sizeof *recognizer);
    BackendConfig config = {"cpu", threads};
    Status status = status_ok();
    *out = NULL;
    if (!recognizer) return status_no_memory("a network", sizeof *recognizer);
    recognizer->max_batch = max_batch;
    recognizer->classes = saved->plan.classes;
    recognizer->temperature = saved->temperature > 0 ? saved->temperature : 1.0f;
    TRY(backend_open(&config, &recognizer->be));
    TRY(model_open(recognizer->be, &saved->spec, max_batch, false, &recognizer->model));
    model_set_weights(recognizer->model, saved->weights);
    size_t batch = (size_t)max_batch;
    recognizer->staging =
        recognizer->be->ops->alloc(recognizer->be, batch * shape_count(saved->spec.input));
    recognizer->rows = malloc(batch * (size_t)recognizer->classes * sizeof(float));
    recognizer->indices = malloc(batch * sizeof(int32_t));
    if (!recognizer->staging || !recognizer->rows || !recognizer->indices) {
        status = status_no_memory("a network's answers", batch * shape_count(saved->spec.input));
        goto fail;
    }
    for (int i = 0; i < max_batch; i++) recognizer->indices[i] = i;
    *out = recognizer;
    return status;
fail:
    recognizer_close(&recognizer);
    return status;
}

void recognizer_close(Recognizer **handle) {
    Recognizer *recognizer = *handle;
    if (!recognizer) return;
    *handle = NULL;
    if (recognizer->be) {
        recognizer->be->ops->release(recognizer->be, recognizer->staging);
        model_close(&recognizer->model);
        backend_close(&recognizer->be);
    }
    free(recognizer->rows);
    free(recognizer->indices);
    free(recognizer);
}

const ModelSpec *recognizer_spec(const Recognizer *recognizer) {
    return model_spec(recognizer->model);
}
const ModelPlan *recognizer_plan(const Recognizer *recognizer) {
    return model_plan(recognizer->model);
}
int recognizer_classes(const Recognizer *recognizer) {
    return recognizer->classes;
}
void recognizer_set_weights(Recognizer *recognizer, const float *weights) {
    model_set_weights(recognizer->model, weights);
}

void recognizer_layer(Recognizer *recognizer, int index, float *out) {
    const ModelPlan *plan = model_plan(recognizer->model);
    recognizer->be->ops->download(recognizer->be, out, model_layer_output(recognizer->model, index),
                                  shape_count(plan->shapes[index + 1]) * sizeof(float));
}

// softmax(logits / temperature), in double for the sum.
static void recognizer_softmax(const Recognizer *recognizer, const float *logits, float *out) {
    int classes = recognizer->classes;
    float top = logits[0];
    double sum = 0;
    for (int c = 1; c < classes; c++)
        if (logits[c] > top) top = logits[c];
    for (int c = 0; c < classes; c++) {
        double e = exp(((double)logits[c] - top) / recognizer->temperature);
        out[c] = (float)e;
        sum += e;
    }
    for (int c = 0; c < classes; c++) out[c] = (float)(out[c] / sum);
}

// Logits of up to max_batch images into recognizer->rows.
static void recognizer_forward(Recognizer *recognizer, const uint8_t *images, int n) {
    const BackendOps *ops = recognizer->be->ops;
    const ModelSpec *spec = model_spec(recognizer->model);
    GatherShape shape = {spec->input.c, spec->input.h, spec->input.w, spec->normalization.mean,
                         spec->normalization.std};
    ops->upload(recognizer->be, recognizer->staging, images, shape_count(spec->input) * (size_t)n);
    ops->gather(recognizer->be, &shape, recognizer->staging, recognizer->indices, n,
                model_input(recognizer->model));
    const float *logits = model_forward(recognizer->model, n, false, 0);
    ops->download(recognizer->be, recognizer->rows, logits,
                  (size_t)(n * recognizer->classes) * sizeof(float));
}

void recognizer_answer(Recognizer *recognizer, const uint8_t *images, int n, float *logits,
                       float *probabilities) {
    size_t image = shape_count(model_spec(recognizer->model)->input);
    size_t classes = (size_t)recognizer->classes;
    for (int first = 0; first < n; first += recognizer->max_batch) {
        int part = n - first < recognizer->max_batch ? n - first : recognizer->max_batch;
        recognizer_forward(recognizer, images + image * (size_t)first, part);
        for (int i = 0; i < part; i++) {
            const float *row = recognizer->rows + classes * (size_t)i;
            size_t at = classes * (size_t)(first + i);
            if (logits) memcpy(logits + at, row, classes * sizeof *row);
            if (probabilities) recognizer_softmax(recognizer, row, probabilities + at);
        }
    }
}

Status recognizer_evaluate(Recognizer *recognizer, const ImageSet *set, EvalResult *out,
                           uint8_t *answers, float *confidence) {
    const ModelSpec *spec = model_spec(recognizer->model);
    int classes = recognizer->classes;
    double loss = 0;
    long long correct = 0;
    if (set->channels != (uint32_t)spec->input.c || set->height != (uint32_t)spec->input.h ||
        set->width != (uint32_t)spec->input.w)
        return status_error(STATUS_USAGE,
                            "the network takes %dx%dx%d images; these are %ux%ux%u: choose another "
                            "data set with --data",
                            spec->input.c, spec->input.h, spec->input.w, set->channels, set->height,
                            set->width);
    for (uint32_t i = 0; i < set->n; i++)
        if (set->labels[i] >= classes)
            return status_error(STATUS_USAGE,
                                "the network knows %d classes, but test image %u has label %u",
                                classes, i, set->labels[i]);
    for (uint32_t first = 0; first < set->n; first += (uint32_t)recognizer->max_batch) {
        uint32_t left = set->n - first;
        int part = left < (uint32_t)recognizer->max_batch ? (int)left : recognizer->max_batch;
        recognizer_forward(recognizer, imageset_pixels(set, first), part);
        for (int i = 0; i < part; i++) {
            float *row = recognizer->rows + (size_t)(i * classes);
            uint32_t at = first + (uint32_t)i;
            int best = 0;
            for (int c = 1; c < classes; c++)
                if (row[c] > row[best]) best = c;
            double sum = 0;
            for (int c = 0; c < classes; c++) sum += exp((double)row[c] - row[best]);
            loss += log(sum) + row[best] - row[set->labels[at]];
            correct += best == set->labels[at];
            if (answers) answers[at] = (uint8_t)best;
            if (confidence) {
                recognizer_softmax(recognizer, row, row);
                confidence[at] = row[best];
            }
        }
    }
    out->n = (int)set->n;
    out->loss = set->n ? loss / set->n : 0;
    out->accuracy = set->n ? (double)correct / set->n : 0;
    return status_ok();
}
