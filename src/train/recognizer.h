// A network that answers: weights, its own small back end, and nothing of training. The canvas, the
// command line's eval and predict use the same one. One thread at a time.
#ifndef INKLING_TRAIN_RECOGNIZER_H
#define INKLING_TRAIN_RECOGNIZER_H

#include "dataset/dataset.h"
#include "formats/formats.h"
#include "train/run.h"

typedef struct Recognizer Recognizer;

// `threads`: 1 for the canvas, 0 = all for evaluation. Copies what it needs of `model`.
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

// Loss and accuracy over a labelled set. STATUS_USAGE when image size or classes do not fit.
// `classes`, `confidence`: n each, may be NULL.
Status recognizer_evaluate(Recognizer *recognizer, const ImageSet *set, EvalResult *out,
                           uint8_t *classes, float *confidence);

// Output of layer `index` for image 0 of the last recognizer_answer call's last part, host memory,
// shape plan->shapes[index + 1].
void recognizer_layer(Recognizer *recognizer, int index, float *out);

#endif
