// .onnx: the row of the table. A file of ours says its layers in the metadata and comes back
// exactly. Any other is a graph of operators: where that is a chain of layers that the trainer has,
// it becomes those; otherwise it stays a graph and answers as one. What a graph does not say is how
// a picture must be normalized for it: that is tried on labelled images if there are some.
#include "formats/list.h"

#include "base/file.h"
#include "base/text.h"
#include "formats/border.h"
#include "formats/infer_guess.h"
#include "formats/metadata.h"
#include "formats/onnx_parts.h"
#include "formats/onnx_proto.h"
#include "graph/classifier.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONNX_FILE_MAX ((size_t)SPEC_PARAMETERS_MAX * 8)
// Multiply-adds for working out constants, once.
#define ONNX_FOLD_WORK 2e8

enum { ONNX_IMAGES = 1000 }; // that a normalization is tried on, at most
// Multiply-adds of all tries: a few seconds.
#define ONNX_TRY_WORK 2e10

// A ModelProto begins with field 1, ir_version, and goes on with another field of its own. Other
// files may do so too, so this is only what is looked at before the name.
bool onnx_recognise(const unsigned char *head, size_t size, size_t file_size) {
    static const unsigned char next[] = {0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72};
    (void)file_size;
    if (size < 4 || head[0] != 0x08 || head[1] < 1 || head[1] > 32) return false;
    return memchr(next, head[2], sizeof next) != NULL;
}

// ---- a file of ours -----------------------------------------------------------------------------

// The constants are the tensors of the state dict, under its names.
static Status onnx_take_constants(const Graph *graph, TensorBag *bag) {
    for (int v = 0; v < graph_value_count(graph); v++) {
        const GraphValue *value = graph_value_at(graph, v);
        // A single number is of no layer, but of the border (onnx_export.c).
        if (!value->is_constant || value->tensor.type != GRAPH_F32 || value->tensor.rank == 0)
            continue;
        Tensor tensor = {.type = TENSOR_F32, .rank = value->tensor.rank};
        text_copy(tensor.name, sizeof tensor.name, value->name);
        for (int d = 0; d < tensor.rank; d++) tensor.dims[d] = value->tensor.dims[d];
        tensor.count = value->tensor.count;
        tensor.data = value->tensor.data;
        tensor_pack_strides(&tensor);
        Status status = tensor_bag_add(bag, &tensor, tensor.count * sizeof(float));
        if (!status_is_ok(&status)) return status;
    }
    return status_ok();
}

static bool onnx_read_ours(const Graph *graph, TensorBag *bag, SavedModel **out,
                           InferReport *report) {
    if (!metadata_has(bag)) return false;
    Status status = onnx_take_constants(graph, bag);
    if (status_is_ok(&status)) status = metadata_make(bag, out);
    // Somebody has worked on the graph since: then it counts, and not what was said of it.
    if (!status_is_ok(&status)) return false;
    report->exact = true;
    return true;
}

// ---- anybody's ----------------------------------------------------------------------------------

// A softmax at the end is the program's own business, and an Identity nobody's.
static void onnx_drop_end(Graph *graph, InferReport *report) {
    while (graph_node_count(graph) > 1) {
        const GraphNode *node = graph_node(graph, graph_node_count(graph) - 1);
        const char *op = graph_node_op(node);
        bool soft = strcmp(op, "Softmax") == 0 || strcmp(op, "LogSoftmax") == 0;
        int64_t axis = graph_node_int(node, "axis", graph_opset(graph) < 13 ? 1 : -1);
        if (node->outputs[0] != graph_output(graph, 0) ||
            graph_value_at(graph, node->inputs[0])->is_constant)
            return;
        if (soft ? axis != 1 && axis != -1 : strcmp(op, "Identity") != 0) return;
        if (soft)
            snprintf(report->note, sizeof report->note,
                     "The %s at its end was left out: probabilities are made of what is before it.",
                     op);
        graph_drop_last(graph);
    }
}

// (byte/255 - mean) / std, then scale * x + shift, as one normalization.
static Normalization onnx_fold(Normalization n, OnnxFront front) {
    double std = (double)n.std / front.scale;
    return (Normalization){(float)((double)n.mean - front.shift * std), (float)std};
}

typedef struct OnnxModel {
    Graph *graph;
    GraphClassifier *classifier;
    OnnxChain chain;
    SavedModel *model;
    GuessNormalization choices[GUESS_NORMALIZATIONS]; // of the graph's input, most usual first
    int choice_count;
} OnnxModel;

// What the graph may want its pictures to be like. One that normalizes itself wants them as they
// are, and tells by the size of its numbers whether bytes or shares of 1.
static void onnx_list_choices(OnnxModel *o, const InferOptions *options) {
    const OnnxFront *front = &o->chain.front;
    const GuessNormalization shares = {{0, 1}, 0}, bytes = {{0, 1.0f / 255}, 0};
    if (options && options->normalization) {
        o->choices[o->choice_count++].value = *options->normalization;
    } else if (front->scale != 1 || front->shift != 0) {
        bool small = fabs(front->scale) < 0.1;
        o->choices[o->choice_count++] = small ? bytes : shares;
        o->choices[o->choice_count++] = small ? shares : bytes;
    } else {
        for (int i = 0; i < GUESS_NORMALIZATIONS; i++)
            o->choices[o->choice_count++] = guess_normalizations[i];
    }
}

static void onnx_set_choice(OnnxModel *o, int choice) {
    Normalization n = o->choices[choice].value;
    o->model->spec.normalization = o->model->graph ? n : onnx_fold(n, o->chain.front);
}

static int onnx_try_choices(OnnxModel *o, const InferOptions *options, InferReport *report) {
    int best = 0, images = ONNX_IMAGES;
    InferScore score = {.losses = NULL};
    double least = INFINITY, each = o->model->plan.flops_forward / 2 + 1;
    if (!options || !options->score || o->choice_count < 2) return best;
    if (ONNX_TRY_WORK / each / o->choice_count < images)
        images = 1 + (int)(ONNX_TRY_WORK / each / o->choice_count);
    for (int i = 0; i < o->choice_count; i++) {
        onnx_set_choice(o, i);
        double enough = i > 0 ? 4 * report->best.loss + 0.02 : INFINITY;
        if (!options->score(options->context, o->model, images, enough, &score)) break;
        // As for other guesses (infer_try.c), one that is unusual must be clearly better.
        double value = (score.calibrated + 1e-5) * (1 + (double)o->choices[i].unusual);
        bool better = report->tried++ == 0 || value < least;
        InferRival *rival = &report->rivals[0];
        if (better && i > 0) rival->score = report->best;
        if (!better && score.images == report->best.images &&
            !(rival->score.images && score.calibrated >= rival->score.calibrated))
            rival->score = score;
        report->rival_count = rival->score.images > 0;
        text_copy(rival->what, sizeof rival->what, "another normalization");
        if (!better) continue;
        least = value;
        report->best = score;
        best = i;
    }
    onnx_set_choice(o, best);
    return best;
}

static void onnx_tell(const OnnxModel *o, int choice, InferReport *report) {
    const Normalization *n = &o->choices[choice].value;
    Text text = {0};
    report->normalization = *n;
    if (o->model->graph) {
        graph_print(o->model->graph, report->recognised, sizeof report->recognised);
        size_t used = strlen(report->note);
        snprintf(report->note + used, sizeof report->note - used,
                 "%sIt runs as a graph and cannot be trained: the trainer has no layer for %s.",
                 used ? " " : "", o->chain.why);
    } else {
        text_copy(report->recognised, sizeof report->recognised, o->chain.layers);
    }
    if (o->choice_count > 1)
        snprintf(report->guessed, sizeof report->guessed, "(x - %.5g) / %.5g", (double)n->mean,
                 (double)n->std);
    text_append(&text, "Read from its graph: %s.", report->recognised);
    bool poor = report->tried > 0 && report->best.accuracy < INFER_LEAST;
    report->sure = !report->guessed[0]  ? INFER_SAID
                   : report->tried == 0 ? INFER_UNTRIED
                   : poor               ? INFER_POOR
                                        : INFER_SURE;
    if (report->guessed[0] && report->tried > 0)
        text_append(&text,
                    " Guessed: the normalization %s, the best of %d tried, right on %.2f %% of the "
                    "images%s.",
                    report->guessed, report->tried, 100 * report->best.accuracy,
                    report->sure == INFER_POOR
                        ? ", which is poor: it may have been trained on other images"
                        : "");
    else if (report->guessed[0])
        text_append(&text,
                    " Guessed: the normalization %s; not tried on images, so this is only what is "
                    "usual.",
                    report->guessed);
    if (report->note[0]) text_append(&text, " %s", report->note);
    text_copy(report->sentence, sizeof report->sentence, text.data ? text.data : "");
    text_close(&text);
}

// The layers that the graph is a chain of, else the graph itself.
static Status onnx_make(OnnxModel *o) {
    GraphImage image = classifier_image(o->classifier);
    Shape input = {image.c, image.h, image.w, false};
    int classes = classifier_classes(o->classifier);
    double work = classifier_work(o->classifier);
    onnx_chain_find(o->graph, classifier_trace(o->classifier), input, &o->chain);
    if (o->chain.layers[0] && o->chain.front.scale > 0) {
        Status status = onnx_chain_model(o->graph, &o->chain, input, &o->model);
        if (status_is_ok(&status) && o->model->plan.classes == classes) return status;
        saved_model_close(&o->model);
        text_copy(o->chain.why, sizeof o->chain.why, "what it does in this order");
    }
    classifier_close(&o->classifier);
    ModelSpec *spec = calloc(1, sizeof *spec);
    if (!spec) return status_no_memory("a network", sizeof *spec);
    spec->input = input;
    Graph *graph = o->graph;
    o->graph = NULL;
    Status status = saved_model_make_graph(spec, graph, classes, work, &o->model);
    free(spec);
    return status;
}

static Status onnx_read_foreign(Graph **graph, const TensorBag *bag, const InferOptions *options,
                                SavedModel **out, InferReport *report) {
    Status status;
    OnnxModel *o = calloc(1, sizeof *o);
    if (!o) return status_no_memory("a network", sizeof *o);
    o->graph = *graph;
    *graph = NULL;
    TRY(graph_finish(o->graph, ONNX_FOLD_WORK));
    onnx_drop_end(o->graph, report);
    TRY(classifier_open(o->graph, 1, 1, &o->classifier));
    TRY(onnx_make(o));
    if (tensor_bag_text(bag, "inkling.mean")) { // one of ours that is a graph, or was changed
        TRY(metadata_apply(bag, o->model));
        o->choices[o->choice_count++].value = o->model->spec.normalization;
        report->exact = true;
    } else {
        onnx_list_choices(o, options);
    }
    onnx_set_choice(o, 0);
    onnx_tell(o, onnx_try_choices(o, options, report), report);
    *out = o->model;
    o->model = NULL;
fail:
    classifier_close(&o->classifier);
    graph_close(&o->graph);
    saved_model_close(&o->model);
    free(o);
    return status;
}

// Names come out of the file, and a sentence is one line.
static void onnx_make_printable(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F) *text = '?';
}

Status onnx_read(const char *path, const InferOptions *options, SavedModel **out,
                 InferReport *report) {
    Status status;
    Bytes file = {0};
    TensorBag *bag = NULL;
    Graph *graph = NULL;
    InferReport *told = calloc(1, sizeof *told);
    *out = NULL;
    if (!told) return status_no_memory("a network", sizeof *told);
    TRY(file_read(path, ONNX_FILE_MAX, &file));
    TRY(tensor_bag_open(2 * file.size, &bag));
    TRY(status_prefix(onnx_proto_read(&file, bag, &graph), path));
    if (onnx_read_ours(graph, bag, out, told))
        text_copy(told->sentence, sizeof told->sentence, "The file says which network it is.");
    else
        TRY(status_prefix(onnx_read_foreign(&graph, bag, options, out, told), path));
    onnx_make_printable(told->note);
    onnx_make_printable(told->sentence);
    if (report) *report = *told;
fail:
    onnx_make_printable(status.message);
    graph_close(&graph);
    tensor_bag_close(&bag);
    bytes_close(&file);
    free(told);
    return status;
}

// ---- writing ------------------------------------------------------------------------------------

// What comes out of a graph is known when it has been run once. As many pictures as go in, where
// their number is open.
static Status find_output(const Graph *graph, GraphTensor *output) {
    GraphClassifier *classifier;
    const GraphTensor *input = &graph_value_at(graph, graph_input(graph, 0))->tensor;
    Status status = classifier_open(graph, 1, 1, &classifier);
    if (!status_is_ok(&status)) return status;
    *output = *graph_run_output(classifier_trace(classifier), 0);
    output->data = NULL;
    if (input->rank != 1 && input->dims[0] == 0 && output->rank > 1) output->dims[0] = 0;
    classifier_close(&classifier);
    return status;
}

Status onnx_write(const char *path, const SavedModel *model) {
    Status status;
    TensorBag *bag = NULL;
    Graph *made = NULL;
    Bytes bytes = {0};
    const Normalization *n = &model->spec.normalization;
    double mean = (double)(border_mean(model) != 0 ? border_mean(model) : n->mean);
    float *given = NULL;
    GraphTensor output;
    char note[256];
    snprintf(
        note, sizeof note,
        "Input: grey pictures, light ink on dark ground, (x - %.9g) / %.9g with x from 0 to 1. "
        "Output: one number per class (logits); softmax makes probabilities of them.",
        mean, (double)n->std);
    TRY(tensor_bag_open(0, &bag));
    TRY(metadata_take(model, bag));
    TRY(border_weights(model, &given));
    TRY(model->graph ? find_output(model->graph, &output)
                     : onnx_export_graph(model, given ? given : model->weights, &made, &output));
    TRY(onnx_proto_write(made ? made : model->graph, &output, bag, note, &bytes));
    TRY(file_write_atomic(path, bytes.data, bytes.size, 0644));
fail:
    graph_close(&made);
    free(given);
    tensor_bag_close(&bag);
    bytes_close(&bytes);
    return status;
}
