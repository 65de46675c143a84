// A network that answers: weights, its own small back end, and nothing of training. The canvas, the
// command line's eval and predict use the same one. One thread at a time.
#ifndef INKLING_TRAIN_RECOGNIZER_H
#define INKLING_TRAIN_RECOGNIZER_H

#include "dataset/dataset.h"
#include "formats/formats.h"
#include "ink/fit.h"
#include "nn/explain.h"
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
// Only answers: no layers, no gradient.
bool recognizer_is_graph(const Recognizer *recognizer);

// Other weights for the same plan: what a live training sends ten times a second.
void recognizer_set_weights(Recognizer *recognizer, const float *weights);

// `images`: n of the network's own input size, bytes 0..255 with ink light. Rows of logits and of
// probabilities (each may be NULL), host memory, n x classes. n may exceed max_batch.
void recognizer_answer(Recognizer *recognizer, const uint8_t *images, int n, float *logits,
                       float *probabilities);

// The most probable class of each of n images, and its probability; n of each.
void recognizer_classify(Recognizer *recognizer, const uint8_t *images, int n, uint8_t *classes,
                         float *confidence);

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

// How the logit of `class` changes with each pixel of one image (as for recognizer_answer): its
// gradient with respect to ink 0..1, host memory, shape_count(input) numbers. In evaluation mode;
// neither weights nor running statistics change, and what recognizer_layer gives stays. The first
// call opens a second copy of the network, with room for gradients. STATUS_MEMORY;
// STATUS_UNSUPPORTED for a model that is a graph, which has no way back.
Status recognizer_saliency(Recognizer *recognizer, const uint8_t *image, int class, float *out);

// Output of layer `index` for image 0 of the last recognizer_answer call's last part, host memory,
// shape plan->shapes[index + 1].
void recognizer_layer(Recognizer *recognizer, int index, float *out);

// The same for n images at once, and for the input itself (index -1, normalized): n rows, host
// memory. `classes` (may be NULL): the answers. n may exceed max_batch. STATUS_UNSUPPORTED for a
// model that is a graph.
Status recognizer_rows(Recognizer *recognizer, int index, const uint8_t *images, int n, float *rows,
                       uint8_t *classes);

// Where one number of that image's feature maps comes from: see model_explain. STATUS_UNSUPPORTED
// for a model that is a graph.
Status recognizer_explain(const Recognizer *recognizer, int layer, int last, int c, int y, int x,
                          Explanation *out);

#endif
