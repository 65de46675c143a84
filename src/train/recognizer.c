// Answering: gather, forward in evaluation mode, softmax, download.
#include "train/recognizer.h"
#include "base/check.h"
#include "base/tr.h"
#include "graph/classifier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// At least so many images go through the network together. For fewer the back end's dense layers
// sum in another order (cpu_dense.c), and an answer would depend, in its last bits, on what is
// answered along with it.
enum { TOGETHER = 3 };

struct Recognizer {
    Backend *be;
    Model *model;
    float temperature, threshold;
    int max_batch, classes;
    uint8_t *staging; // device
    float *rows;      // host, max_batch x classes
    int32_t *indices; // 0, 1, 2 ...
    // With room for gradients, for saliency; NULL until someone asks.
    Model *differ;
    bool differ_is_old; // has other weights than `model`
    // Instead of all that is on the back end, for a model that is a graph:
    Graph *graph;
    GraphClassifier *classifier;
    float *pixels; // host, max_batch normalized images
    ModelSpec *spec;
    ModelPlan *plan;
};

static Status recognizer_open_graph(Recognizer *recognizer, const SavedModel *saved, int threads) {
    Status status;
    size_t batch = (size_t)recognizer->max_batch;
    recognizer->graph = graph_share(saved->graph);
    recognizer->spec = malloc(sizeof *recognizer->spec);
    recognizer->plan = malloc(sizeof *recognizer->plan);
    recognizer->pixels = malloc(batch * shape_count(saved->spec.input) * sizeof(float));
    recognizer->rows = malloc(batch * (size_t)recognizer->classes * sizeof(float));
    if (!recognizer->spec || !recognizer->plan || !recognizer->pixels || !recognizer->rows)
        return status_no_memory("a network's answers", batch * shape_count(saved->spec.input));
    *recognizer->spec = saved->spec;
    *recognizer->plan = saved->plan;
    TRY(classifier_open(recognizer->graph, recognizer->max_batch, threads,
                        &recognizer->classifier));
    ASSERT(classifier_classes(recognizer->classifier) == recognizer->classes);
fail:
    return status;
}

Status recognizer_open(const SavedModel *saved, int threads, int max_batch, Recognizer **out) {
    Recognizer *recognizer = calloc(1, sizeof *recognizer);
    BackendConfig config = {"cpu", threads};
    Status status;
    *out = NULL;
    if (!recognizer) return status_no_memory("a network", sizeof *recognizer);
    recognizer->max_batch = max_batch;
    recognizer->classes = saved->plan.classes;
    recognizer->temperature = saved->temperature > 0 ? saved->temperature : 1.0f;
    recognizer->threshold = saved->threshold;
    if (saved->graph) {
        TRY(recognizer_open_graph(recognizer, saved, threads));
        *out = recognizer;
        return status;
    }
    TRY(backend_open(&config, &recognizer->be));
    size_t batch = (size_t)(max_batch < TOGETHER ? TOGETHER : max_batch);
    TRY(model_open(recognizer->be, &saved->spec, (int)batch, false, &recognizer->model));
    model_set_weights(recognizer->model, saved->weights);
    recognizer->staging =
        recognizer->be->ops->alloc(recognizer->be, batch * shape_count(saved->spec.input));
    recognizer->rows = malloc(batch * (size_t)recognizer->classes * sizeof(float));
    recognizer->indices = malloc(batch * sizeof(int32_t));
    if (!recognizer->staging || !recognizer->rows || !recognizer->indices) {
        status = status_no_memory("a network's answers", batch * shape_count(saved->spec.input));
        goto fail;
    }
    for (size_t i = 0; i < batch; i++) recognizer->indices[i] = (int32_t)i;
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
        model_close(&recognizer->differ);
        model_close(&recognizer->model);
        backend_close(&recognizer->be);
    }
    classifier_close(&recognizer->classifier);
    graph_close(&recognizer->graph);
    free(recognizer->spec);
    free(recognizer->plan);
    free(recognizer->pixels);
    free(recognizer->rows);
    free(recognizer->indices);
    free(recognizer);
}

const ModelSpec *recognizer_spec(const Recognizer *recognizer) {
    return recognizer->graph ? recognizer->spec : model_spec(recognizer->model);
}
const ModelPlan *recognizer_plan(const Recognizer *recognizer) {
    return recognizer->graph ? recognizer->plan : model_plan(recognizer->model);
}
int recognizer_classes(const Recognizer *recognizer) {
    return recognizer->classes;
}
bool recognizer_is_graph(const Recognizer *recognizer) {
    return recognizer->graph != NULL;
}
void recognizer_set_weights(Recognizer *recognizer, const float *weights) {
    REQUIRE(!recognizer->graph);
    model_set_weights(recognizer->model, weights);
    recognizer->differ_is_old = true;
}

void recognizer_layer(Recognizer *recognizer, int index, float *out) {
    const ModelPlan *plan = recognizer_plan(recognizer);
    REQUIRE(!recognizer->graph);
    recognizer->be->ops->download(recognizer->be, out, model_layer_output(recognizer->model, index),
                                  shape_count(plan->shapes[index + 1]) * sizeof(float));
}

Status recognizer_explain(const Recognizer *recognizer, int layer, int last, int c, int y, int x,
                          Explanation *out) {
    if (recognizer->graph)
        return status_error(
            STATUS_UNSUPPORTED,
            TR("a network that comes as a graph of operators has no layers to look at"));
    return model_explain(recognizer->model, layer, last, c, y, x, out);
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

static void recognizer_forward_graph(Recognizer *recognizer, const uint8_t *images, int n) {
    const Normalization *normalization = &recognizer->spec->normalization;
    size_t count = shape_count(recognizer->spec->input) * (size_t)n;
    for (size_t i = 0; i < count; i++)
        recognizer->pixels[i] =
            ((float)images[i] / 255.0f - normalization->mean) / normalization->std;
    // It was tried when it was opened; without memory all answers are the same, which is none.
    classifier_run(recognizer->classifier, recognizer->pixels, n, recognizer->rows);
}

// n images, normalized, as the input of `model`; it gets `filled` of them, the first again and
// again where there are no more.
static void recognizer_gather(Recognizer *recognizer, const uint8_t *images, int n, int filled,
                              Model *model) {
    static const int32_t few[TOGETHER][TOGETHER] = {{0, 0, 0}, {0, 0, 0}, {0, 1, 0}};
    const BackendOps *ops = recognizer->be->ops;
    const ModelSpec *spec = model_spec(model);
    GatherShape shape = {spec->input.c, spec->input.h, spec->input.w, spec->normalization.mean,
                         spec->normalization.std};
    ops->upload(recognizer->be, recognizer->staging, images, shape_count(spec->input) * (size_t)n);
    GatherFrom from = {recognizer->staging, NULL};
    ops->gather(recognizer->be, &shape, &from, n < filled ? few[n] : recognizer->indices, filled,
                model_input(model), NULL);
}

// Logits of up to max_batch images into recognizer->rows.
static void recognizer_forward(Recognizer *recognizer, const uint8_t *images, int n) {
    if (recognizer->graph) {
        recognizer_forward_graph(recognizer, images, n);
        return;
    }
    int filled = n < TOGETHER ? TOGETHER : n;
    recognizer_gather(recognizer, images, n, filled, recognizer->model);
    const float *logits = model_forward(recognizer->model, filled, false, 0);
    recognizer->be->ops->download(recognizer->be, recognizer->rows, logits,
                                  (size_t)(n * recognizer->classes) * sizeof(float));
}

static Status recognizer_open_differ(Recognizer *recognizer) {
    const ModelPlan *plan = model_plan(recognizer->model);
    if (!recognizer->differ) {
        Status status =
            model_open(recognizer->be, model_spec(recognizer->model), 1, true, &recognizer->differ);
        if (!status_is_ok(&status)) return status;
        recognizer->differ_is_old = true;
    }
    if (recognizer->differ_is_old)
        recognizer->be->ops->copy(recognizer->be, model_parameters(recognizer->differ),
                                  model_parameters(recognizer->model),
                                  plan->weight_floats * sizeof(float));
    recognizer->differ_is_old = false;
    return status_ok();
}

Status recognizer_saliency(Recognizer *recognizer, const uint8_t *image, int class, float *out) {
    float direction[SPEC_CLASSES_MAX] = {0};
    if (recognizer->graph)
        return status_error(
            STATUS_UNSUPPORTED,
            TR("a network that comes as a graph of operators only answers; it has no "
               "gradient"));
    REQUIRE(class >= 0 && class < recognizer->classes);
    Status status = recognizer_open_differ(recognizer);
    if (!status_is_ok(&status)) return status;
    Model *differ = recognizer->differ;
    const BackendOps *ops = recognizer->be->ops;
    size_t count = shape_count(model_spec(differ)->input);
    direction[class] = 1;
    recognizer_gather(recognizer, image, 1, 1, differ);
    model_forward(differ, 1, false, 0);
    ops->upload(recognizer->be, model_logits_gradient(differ), direction,
                (size_t)recognizer->classes * sizeof *direction);
    model_backward(differ, 1, true);
    ops->download(recognizer->be, out, model_input_gradient(differ), count * sizeof *out);
    // The network's input is (ink - mean) / std.
    for (size_t i = 0; i < count; i++) out[i] /= model_spec(differ)->normalization.std;
    return status;
}

void recognizer_answer(Recognizer *recognizer, const uint8_t *images, int n, float *logits,
                       float *probabilities) {
    size_t image = shape_count(recognizer_spec(recognizer)->input);
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

static Status recognizer_no_layers(void) {
    return status_error(
        STATUS_UNSUPPORTED,
        TR("a network that comes as a graph of operators has no layers to look at"));
}

static int recognizer_best(const Recognizer *recognizer, const float *row) {
    int best = 0;
    for (int c = 1; c < recognizer->classes; c++)
        if (row[c] > row[best]) best = c;
    return best;
}

void recognizer_classify(Recognizer *recognizer, const uint8_t *images, int n, uint8_t *classes,
                         float *confidence) {
    size_t image = shape_count(recognizer_spec(recognizer)->input);
    for (int i = 0; i < n; i += recognizer->max_batch) {
        int part = n - i < recognizer->max_batch ? n - i : recognizer->max_batch;
        recognizer_forward(recognizer, images + image * (size_t)i, part);
        for (int k = 0; k < part; k++) {
            float *row = recognizer->rows + (size_t)(k * recognizer->classes);
            recognizer_softmax(recognizer, row, row);
            int best = recognizer_best(recognizer, row);
            classes[i + k] = (uint8_t)best;
            confidence[i + k] = row[best];
        }
    }
}

Status recognizer_rows(Recognizer *recognizer, int index, const uint8_t *images, int n, float *rows,
                       uint8_t *classes) {
    if (recognizer->graph) return recognizer_no_layers();
    const ModelPlan *plan = model_plan(recognizer->model);
    size_t image = shape_count(plan->shapes[0]), width = shape_count(plan->shapes[index + 1]);
    for (int first = 0; first < n; first += recognizer->max_batch) {
        int part = n - first < recognizer->max_batch ? n - first : recognizer->max_batch;
        recognizer_forward(recognizer, images + image * (size_t)first, part);
        recognizer->be->ops->download(recognizer->be, rows + width * (size_t)first,
                                      index < 0 ? model_input(recognizer->model)
                                                : model_layer_output(recognizer->model, index),
                                      width * (size_t)part * sizeof *rows);
        for (int i = 0; classes && i < part; i++)
            classes[first + i] = (uint8_t)recognizer_best(
                recognizer, recognizer->rows + (size_t)(i * recognizer->classes));
    }
    return status_ok();
}

Verdict recognizer_verdict(const Recognizer *recognizer, const InkFit *fit,
                           const float *probabilities) {
    if (fit && fit->blank) return VERDICT_BLANK;
    if (fit && fit->dot) return VERDICT_UNSURE;
    float top = probabilities[0];
    for (int c = 1; c < recognizer->classes; c++)
        if (probabilities[c] > top) top = probabilities[c];
    // Not the other way round: NaN is no answer either.
    return top >= recognizer->threshold ? VERDICT_DIGIT : VERDICT_UNSURE;
}

float recognizer_threshold(const Recognizer *recognizer) {
    return recognizer->threshold;
}
void recognizer_set_threshold(Recognizer *recognizer, float threshold) {
    recognizer->threshold = threshold;
}

Status recognizer_evaluate(Recognizer *recognizer, const ImageSet *set, EvalResult *out,
                           uint8_t *answers, float *confidence) {
    const ModelSpec *spec = recognizer_spec(recognizer);
    int classes = recognizer->classes;
    double loss = 0;
    long long correct = 0;
    if (set->channels != (uint32_t)spec->input.c || set->height != (uint32_t)spec->input.h ||
        set->width != (uint32_t)spec->input.w)
        return status_error(
            STATUS_USAGE,
            TR("the network takes %dx%dx%d images; these are %ux%ux%u: choose another "
               "data set with --data"),
            spec->input.c, spec->input.h, spec->input.w, set->channels, set->height, set->width);
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
            int best = recognizer_best(recognizer, row);
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
