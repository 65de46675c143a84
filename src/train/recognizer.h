// A network that answers: weights, its own small back end, and nothing of training. The canvas, the
// command line's eval and predict use the same one. One thread at a time.
#ifndef INKLING_TRAIN_RECOGNIZER_H
#define INKLING_TRAIN_RECOGNIZER_H

#include "dataset/dataset.h"
#include "formats/formats.h"
#include "ink/fit.h"
#include "train/run.h"

typedef struct Recognizer Recognizer;

// `threads`: 1 for the canvas, 0 = all for evaluation. Copies what it needs of `model`. A model
// that is a graph (formats.h) answers like any other, but has no weights to set and no layers to
// look at.
Status recognizer_open(const SavedModel *model, int threads, int max_batch, Recognizer **out);
void recognizer_close(Recognizer **recognizer);

const ModelSpec *recognizer_spec(const Recognizer *recognizer);
const ModelPlan *recognizer_plan(const Recognizer *recognizer);
int recognizer_classes(const Recognizer *recognizer);

// Other weights for the same plan: what a live training sends ten times a second.
void recognizer_set_weights(Recognizer *recognizer, const float *weights);

// `images`: n of the network's own input size, bytes 0..255 with ink light. Rows of logits and of
// probabilities (each may be NULL), host memory, n x classes. n may exceed max_batch.
void recognizer_answer(Recognizer *recognizer, const uint8_t *images, int n, float *logits,
                       float *probabilities);

// What an answer is worth. A dot or a drawing without ink needs no network to be told apart.
typedef enum Verdict {
    VERDICT_BLANK,  // nothing is drawn: no answer
    VERDICT_UNSURE, // something is, but no digit that the network knows: grey bars
    VERDICT_DIGIT,
} Verdict;

// `fit` (may be NULL): how the ink came to the network. `probabilities`: one row of
// recognizer_answer. Unsure is what lies below the model's threshold (formats.h); a model without
// one is unsure of dots and of what is no number only.
Verdict recognizer_verdict(const Recognizer *recognizer, const InkFit *fit,
                           const float *probabilities);
// The threshold, 0 when the model has none; and another one, such as while a network is trained.
float recognizer_threshold(const Recognizer *recognizer);
void recognizer_set_threshold(Recognizer *recognizer, float threshold);

// Loss and accuracy over a labelled set. STATUS_USAGE when image size or classes do not fit.
// `classes`, `confidence`: n each, may be NULL.
Status recognizer_evaluate(Recognizer *recognizer, const ImageSet *set, EvalResult *out,
                           uint8_t *classes, float *confidence);

// Output of layer `index` for image 0 of the last recognizer_answer call's last part, host memory,
// shape plan->shapes[index + 1].
void recognizer_layer(Recognizer *recognizer, int index, float *out);

#endif
