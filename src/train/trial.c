// Part by part, so that a hopeless candidate costs a few images only.
#include "train/trial.h"

#include "train/recognizer.h"

#include <math.h>
#include <stdlib.h>

// The first look is short; what survives it goes on in larger parts.
enum { TRIAL_FIRST = 16, TRIAL_PART = 64, CALIBRATE_STEPS = 12 };

// Of the loss, for each power of e in the temperature.
#define TEMPER_SHARE 0.05

// Loss of one row at logits * beta, and its first two derivatives by beta.
static double row_loss(const float *row, int label, int classes, double beta, double *slope,
                       double *bend) {
    double top = row[0], sum = 0, mean = 0, square = 0;
    for (int c = 1; c < classes; c++) top = fmax(top, row[c]);
    for (int c = 0; c < classes; c++) {
        double z = row[c] - top, e = exp(beta * z);
        sum += e;
        mean += e * z;
        square += e * z * z;
    }
    mean /= sum;
    *slope = mean - (row[label] - top);
    *bend = square / sum - mean * mean;
    return log(sum) - beta * (row[label] - top);
}

double trial_calibrate(const float *logits, const uint8_t *labels, int n, int classes,
                       double *loss) {
    double beta = 1;
    for (int step = 0; step < CALIBRATE_STEPS; step++) {
        double slope = 0, bend = 0, s, b;
        *loss = 0;
        for (int i = 0; i < n; i++) {
            *loss +=
                row_loss(logits + (size_t)i * (size_t)classes, labels[i], classes, beta, &s, &b) /
                n;
            slope += s / n;
            bend += b / n;
        }
        if (!(bend > 1e-12) || fabs(slope) < 1e-7 * (1 + *loss)) break;
        // Not more than a factor of 4 at once: far from the minimum a parabola is no good guide.
        beta = fmin(fmax(beta - slope / bend, beta / 4), beta * 4);
    }
    return 1 / beta;
}

// The losses at the best temperature, and a little for how far that is from 1: to be sure of what
// it says is learnt last, and a network that was trained for long has it.
static void temper_losses(const float *logits, const uint8_t *labels, int n, int classes,
                          double temperature, InferScore *out) {
    double slope, bend, times = 1 + TEMPER_SHARE * fabs(log(temperature));
    for (int i = 0; i < n; i++)
        out->losses[i] = (float)(times * row_loss(logits + (size_t)i * (size_t)classes, labels[i],
                                                  classes, 1 / temperature, &slope, &bend));
}

static bool trial_fits(const ImageSet *images, int n, const SavedModel *candidate) {
    const Shape *input = &candidate->spec.input;
    if (images->channels != (uint32_t)input->c || images->height != (uint32_t)input->h ||
        images->width != (uint32_t)input->w || n < 1)
        return false;
    for (int i = 0; i < n; i++)
        if (images->labels[i] >= candidate->plan.classes) return false;
    return true;
}

// Runs the images part by part; *done is how many were run when it became enough.
static bool trial_run(const Trial *trial, Recognizer *recognizer, int n, double enough,
                      float *logits, int *done, InferScore *out) {
    int classes = recognizer_classes(recognizer), right = 0;
    double sum = 0, slope, bend;
    *done = 0;
    while (*done < n && sum <= enough * n) {
        int part = *done == 0 ? TRIAL_FIRST : *done < TRIAL_PART ? TRIAL_PART - *done : TRIAL_PART;
        if (part > n - *done) part = n - *done;
        if (trial->cancel && atomic_load(trial->cancel)) return false;
        float *rows = logits + (size_t)*done * (size_t)classes;
        recognizer_answer(recognizer, imageset_pixels(trial->images, (uint32_t)*done), part, rows,
                          NULL);
        for (int i = 0; i < part; i++) {
            const float *row = rows + i * classes;
            int label = trial->images->labels[*done + i], best = 0;
            for (int c = 1; c < classes; c++)
                if (row[c] > row[best]) best = c;
            right += best == label;
            double loss = row_loss(row, label, classes, 1, &slope, &bend);
            if (out->losses) out->losses[*done + i] = (float)loss;
            sum += loss;
        }
        *done += part;
    }
    out->accuracy = (double)right / *done;
    out->loss = sum / *done;
    out->images = *done;
    return true;
}

const uint8_t *trial_pixels(const Trial *trial, int side, int images) {
    const ImageSet *set = trial->images;
    bool fits = set->channels == 1 && set->height == (uint32_t)side &&
                set->width == (uint32_t)side && images >= 0 && (uint32_t)images <= set->n;
    return fits ? set->pixels : NULL;
}

bool trial_score(const Trial *trial, const SavedModel *candidate, int images, double enough,
                 InferScore *out) {
    int n = images < (int)trial->images->n ? images : (int)trial->images->n, done;
    size_t classes = (size_t)candidate->plan.classes;
    Recognizer *recognizer = NULL;
    if (!trial_fits(trial->images, n, candidate)) return false;
    Status status = recognizer_open(candidate, trial->threads, TRIAL_PART, &recognizer);
    float *logits = malloc((size_t)n * classes * sizeof *logits);
    bool good = status_is_ok(&status) && logits &&
                trial_run(trial, recognizer, n, enough, logits, &done, out);
    if (good) {
        out->calibrated = out->loss;
        if (done == n && isfinite(out->loss)) {
            double warmth =
                trial_calibrate(logits, trial->images->labels, n, (int)classes, &out->calibrated);
            if (out->losses)
                temper_losses(logits, trial->images->labels, n, (int)classes, warmth, out);
        }
    }
    free(logits);
    recognizer_close(&recognizer);
    return good;
}
