// Logits of held-out digits, then two searches in one dimension each.
#include "train/calibrate.h"
#include "base/streams.h"
#include "dataset/synthetic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 256, PICTURES = 5000, SEED = 20011 };

// Top probabilities of n images, at the recognizer's temperature.
static Status top_probabilities(Recognizer *recognizer, const uint8_t *images, uint32_t n,
                                float *top) {
    int classes = recognizer_classes(recognizer);
    size_t image = shape_count(recognizer_spec(recognizer)->input);
    float *rows = malloc(sizeof *rows * BATCH * (size_t)classes);
    if (!rows) return status_no_memory("a network's answers", sizeof *rows * BATCH);
    for (uint32_t first = 0; first < n; first += BATCH) {
        uint32_t part = n - first < BATCH ? n - first : BATCH;
        recognizer_answer(recognizer, images + image * first, (int)part, NULL, rows);
        for (uint32_t i = 0; i < part; i++) {
            const float *row = rows + (size_t)i * (size_t)classes;
            float best = row[0];
            for (int c = 1; c < classes; c++) best = fmaxf(best, row[c]);
            top[first + i] = best;
        }
    }
    free(rows);
    return status_ok();
}

// Mean cross-entropy of the rows divided by `temperature`.
static double loss_at(const float *logits, const uint8_t *labels, uint32_t n, int classes,
                      double temperature) {
    double loss = 0;
    for (uint32_t i = 0; i < n; i++) {
        const float *row = logits + (size_t)i * (size_t)classes;
        double top = row[0], sum = 0;
        for (int c = 1; c < classes; c++) top = fmax(top, row[c]);
        for (int c = 0; c < classes; c++) sum += exp((row[c] - top) / temperature);
        loss += log(sum) + (top - row[labels[i]]) / temperature;
    }
    return loss / n;
}

// The loss has one minimum in the temperature: golden section over its logarithm.
static double best_temperature(const float *logits, const uint8_t *labels, uint32_t n,
                               int classes) {
    const double golden = 0.6180339887498949;
    double low = -2.5, high = 2.5; // temperatures 0.08 .. 12
    double a = high - golden * (high - low), b = low + golden * (high - low);
    double at_a = loss_at(logits, labels, n, classes, exp(a));
    double at_b = loss_at(logits, labels, n, classes, exp(b));
    while (high - low > 1e-4) {
        if (at_a < at_b) {
            high = b;
            b = a;
            at_b = at_a;
            a = high - golden * (high - low);
            at_a = loss_at(logits, labels, n, classes, exp(a));
        } else {
            low = a;
            a = b;
            at_a = at_b;
            b = low + golden * (high - low);
            at_b = loss_at(logits, labels, n, classes, exp(b));
        }
    }
    return exp(0.5 * (low + high));
}

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

// The highest threshold that refuses at most that share of the answers; sorts them.
static float highest_threshold(float *top, uint32_t n, double refuse) {
    qsort(top, n, sizeof *top, ascending);
    return n > 0 ? top[(uint32_t)(refuse * n)] : 0.0f;
}

static double share_below(const float *top, uint32_t n, float threshold) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) count += top[i] < threshold;
    return n > 0 ? (double)count / n : 0;
}

static Status find_temperature(const SavedModel *model, const ImageSet *held, int threads,
                               Calibration *out) {
    Status status;
    Recognizer *recognizer = NULL;
    EvalResult result;
    int classes = model->plan.classes;
    float *logits = malloc(sizeof *logits * held->n * (size_t)classes);
    if (!logits) return status_no_memory("a network's answers", held->n * sizeof *logits);
    TRY(recognizer_open(model, threads, BATCH, &recognizer));
    TRY(recognizer_evaluate(recognizer, held, &result, NULL, NULL)); // checks that they fit
    recognizer_answer(recognizer, held->pixels, (int)held->n, logits, NULL);
    double temperature = best_temperature(logits, held->labels, held->n, classes);
    out->accuracy = result.accuracy;
    out->loss[0] = loss_at(logits, held->labels, held->n, classes, 1.0);
    out->loss[1] = loss_at(logits, held->labels, held->n, classes, temperature);
    out->temperature = (float)temperature;
fail:
    recognizer_close(&recognizer);
    free(logits);
    return status;
}

// The part of the threshold that has to do with synthetic pictures.
static Status judge_synthetic(Recognizer *recognizer, double refuse, int threads, float *top,
                              uint8_t *pixels, uint8_t *labels, Calibration *out) {
    Status status;
    TRY(synthetic_fill(SEED, STREAM_SYNTHETIC_T, PICTURES, threads, pixels, labels));
    TRY(top_probabilities(recognizer, pixels, PICTURES, top));
    float highest = highest_threshold(top, PICTURES, refuse);
    out->threshold = fminf(out->threshold, highest);
    out->refused_synthetic = share_below(top, PICTURES, out->threshold);
    TRY(synthetic_other_fill(SEED, STREAM_OTHERS_T, PICTURES, threads, 0, pixels, labels));
    TRY(top_probabilities(recognizer, pixels, PICTURES, top));
    out->refused_other = share_below(top, PICTURES, out->threshold);
    out->synthetic = out->other = PICTURES;
fail:
    return status;
}

Status calibrate_model(SavedModel *model, const ImageSet *held, double refuse, int threads,
                       Calibration *out) {
    Status status;
    Recognizer *recognizer = NULL;
    uint8_t *pixels = malloc((size_t)PICTURES * SYNTHETIC_PIXELS), *labels = malloc(PICTURES);
    float *top = malloc(sizeof *top * PICTURES), *held_top = malloc(sizeof *top * (held->n + 1));
    const Shape *input = &model->spec.input;
    memset(out, 0, sizeof *out);
    if (!pixels || !labels || !top || !held_top)
        TRY(status_no_memory("calibrating", (size_t)PICTURES * SYNTHETIC_PIXELS));
    if (held->n == 0) TRY(status_error(STATUS_USAGE, "no images to calibrate with"));
    TRY(find_temperature(model, held, threads, out));
    model->temperature = out->temperature;
    TRY(recognizer_open(model, threads, BATCH, &recognizer));
    TRY(top_probabilities(recognizer, held->pixels, held->n, held_top));
    out->held = held->n;
    out->threshold = highest_threshold(held_top, held->n, refuse);
    if (input->c == 1 && input->h == SYNTHETIC_EXTENT && input->w == SYNTHETIC_EXTENT &&
        model->plan.classes == 10)
        TRY(judge_synthetic(recognizer, refuse, threads, top, pixels, labels, out));
    out->refused_held = share_below(held_top, held->n, out->threshold);
    model->threshold = out->threshold;
fail:
    recognizer_close(&recognizer);
    free(pixels);
    free(labels);
    free(top);
    free(held_top);
    return status;
}
