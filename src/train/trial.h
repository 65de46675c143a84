// Trying a candidate for a network that a file does not name, on labelled images: the `score` of
// InferOptions (formats.h), for the command line and for the window.
#ifndef INKLING_TRAIN_TRIAL_H
#define INKLING_TRAIN_TRIAL_H

#include "dataset/dataset.h"
#include "formats/formats.h"

#include <stdatomic.h>

// Zero-initialise; all of it is lent.
typedef struct Trial {
    const ImageSet *images;
    int threads;               // as for recognizer_open
    const atomic_bool *cancel; // looked at after every few images; NULL: it cannot be stopped
} Trial;

// As InferOptions.score says. False: cancelled, no memory, or images of another size or with labels
// that the candidate has no class for.
bool trial_score(const Trial *trial, const SavedModel *candidate, int images, double enough,
                 InferScore *out);

// As InferOptions.pixels says.
const uint8_t *trial_pixels(const Trial *trial, int side, int images);

// The temperature T > 0 at which n rows of logits / T have the least cross-entropy with `labels`,
// and that loss: what a network knows, whatever it thinks of its own certainty. Newton's method on
// 1/T, in which the loss is convex.
double trial_calibrate(const float *logits, const uint8_t *labels, int n, int classes,
                       double *loss);

#endif
