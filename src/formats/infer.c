// From the layers of a bag to a model, and the sentences about how that went.
#include "formats/infer_guess.h"

#include "base/text.h"
#include "nn/layer.h"
#include "nn/presets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The notation without what only training needs, to compare networks by what they compute.
static void print_computed(const ModelSpec *spec, char out[SPEC_TEXT_MAX]) {
    ModelSpec kept = *spec;
    const LayerKind *dropout = layer_find("dropout");
    kept.layer_count = 0;
    for (int i = 0; i < spec->layer_count; i++)
        if (spec->layers[i].kind != dropout) kept.layers[kept.layer_count++] = spec->layers[i];
    spec_print_layers(&kept, out, SPEC_TEXT_MAX);
}

// The preset that computes what `spec` does; NULL when there is none.
static const Preset *find_preset(const ModelSpec *spec, int classes, ModelSpec *out) {
    char wanted[SPEC_TEXT_MAX], text[SPEC_TEXT_MAX];
    print_computed(spec, wanted);
    for (int i = 0; i < preset_count; i++) {
        Status status = preset_spec(&presets[i], spec->input, classes, out);
        if (!status_is_ok(&status)) continue;
        print_computed(out, text);
        if (strcmp(text, wanted) == 0) return &presets[i];
    }
    return NULL;
}

// The most usual guess: that of a preset where one has these tensors, else choice 0 of all axes.
static void choose_usual(const GuessSpace *space, Guess *out) {
    static const GuessAxis axes[] = {AXIS_SHAPE, AXIS_POOL, AXIS_CONV, AXIS_DENSE, AXIS_ORDER};
    enum { AXES = (int)(sizeof axes / sizeof axes[0]), ACTIVATIONS = 3, COMBINATIONS_MAX = 1000 };
    int classes = space->chain.links[space->chain.count - 1].out, total = 1, counts[AXES];
    memset(out, 0, sizeof *out);
    if (space->layers || space->graph) return;
    for (int i = 0; i < AXES; i++) {
        int most = i == 2 || i == 3 ? ACTIVATIONS : SHAPE_GUESSES_MAX;
        counts[i] = space->counts[axes[i]] < most ? space->counts[axes[i]] : most;
        total *= counts[i];
    }
    for (int i = 0; i < total && i < COMBINATIONS_MAX; i++) {
        Guess guess = {{0}};
        ModelSpec spec, preset;
        for (int k = 0, rest = i; k < AXES; rest /= counts[k++])
            guess.at[axes[k]] = rest % counts[k];
        bool graph;
        Status status = guess_spec(space, &guess, &spec, &graph);
        bool layers = status_is_ok(&status) && !graph;
        const Preset *found = layers ? find_preset(&spec, classes, &preset) : NULL;
        if (!found) continue;
        *out = guess;
        for (int n = 0; n < space->counts[AXIS_NORMALIZATION]; n++)
            if (guess_normalizations[n].value.mean == found->normalization.mean &&
                guess_normalizations[n].value.std == found->normalization.std)
                out->at[AXIS_NORMALIZATION] = n;
        return;
    }
}

static const char *const pools[] = {"max pooling", "average pooling"};
static const char *const globals[] = {"global average pooling", "global max pooling"};

// ---- telling ------------------------------------------------------------------------------------

static void tell_count(Text *text, int count, const char *what) {
    if (count > 0)
        text_append(text, "%s%d %s%s", text->size ? ", " : "", count, what, count == 1 ? "" : "s");
}

static void tell_recognised(const GuessSpace *space, const Preset *preset, InferReport *report) {
    const Chain *chain = &space->chain;
    Text text = {0};
    int norms = chain_norm_is_there(&chain->input_norm) + chain_norm_is_there(&chain->flat_norm);
    for (int i = 0; i < chain->count; i++) norms += chain_norm_is_there(&chain->links[i].norm);
    tell_count(&text, chain->convs, "convolution");
    tell_count(&text, chain->count - chain->convs, "dense layer");
    tell_count(&text, norms, "batch norm");
    if (preset)
        snprintf(report->recognised, sizeof report->recognised, "%s (%s)", preset->label,
                 text.data ? text.data : "");
    else
        text_copy(report->recognised, sizeof report->recognised, text.data ? text.data : "");
    text_close(&text);
}

static void tell_part(Text *text, bool tell, const char *part) {
    if (tell) text_append(text, "%s%s", text->size ? ", " : "", part);
}

static bool has_dilation(const GuessSpace *space, const ShapeGuess *shape) {
    for (int i = 0; i < space->chain.convs; i++)
        if (shape->convs[i].dilation > 1) return !space->layers;
    return false;
}

static void tell_guessed(const GuessSpace *space, const Guess *guess, InferReport *report) {
    const int *counts = space->counts, *at = guess->at;
    const ShapeGuess *shape = &space->shapes[at[AXIS_SHAPE]];
    char both[64];
    const char *conv = guess_activations[at[AXIS_CONV]].label;
    const char *dense = guess_activations[at[AXIS_DENSE]].label;
    Text text = {0};
    bool some = false, all = false;
    for (int i = 0; i < space->chain.convs; i++) {
        some = some || shape->convs[i].pool;
        all = all || shape->convs[i].global;
    }
    tell_part(&text, counts[AXIS_POOL] > 1 && some, pools[at[AXIS_POOL]]);
    tell_part(&text, counts[AXIS_GLOBAL] > 1 && all, globals[at[AXIS_GLOBAL]]);
    if (counts[AXIS_CONV] > 1 && counts[AXIS_DENSE] > 1 && conv != dense) {
        snprintf(both, sizeof both, "%s, then %s", conv, dense);
        tell_part(&text, true, both);
    } else {
        tell_part(&text, counts[AXIS_CONV] > 1, conv);
        tell_part(&text, counts[AXIS_CONV] == 1 && counts[AXIS_DENSE] > 1, dense);
    }
    tell_part(&text, counts[AXIS_ORDER] > 1 && at[AXIS_ORDER] > 0,
              guess_orders[at[AXIS_ORDER]].label);
    if (counts[AXIS_NORMALIZATION] > 1) {
        char mean[32], std[32];
        const Normalization *n = &guess_normalizations[at[AXIS_NORMALIZATION]].value;
        snprintf(mean, sizeof mean, "%.5g", (double)n->mean);
        snprintf(std, sizeof std, "%.5g", (double)n->std);
        text_append(&text, "%s(x - %s) / %s", text.size ? ", " : "", mean, std);
    }
    tell_part(&text, counts[AXIS_SKIP] > 1, guess_skips[at[AXIS_SKIP]]);
    tell_part(&text, counts[AXIS_SHAPE] > 1 && !space->layers, "padding, strides and pool sizes");
    tell_part(&text, has_dilation(space, shape), "dilation");
    tell_part(&text, guess_border(space, guess), "28x28 images in a border to 32x32");
    tell_part(&text, shape->resized && !space->layers, "28x28 images brought to 32x32");
    text_copy(report->guessed, sizeof report->guessed, text.data ? text.data : "");
    text_close(&text);
}

static const char *input_words(const ShapeGuess *shape) {
    return shape->resized      ? "28x28 images brought to 32x32"
           : shape->input > 28 ? "28x28 images in a border to 32x32"
                               : "no border";
}

// What another guess has otherwise than the best.
static void tell_rival(const GuessSpace *space, const Guess *best, const Guess *other,
                       InferRival *rival) {
    const int *a = best->at, *b = other->at;
    const ShapeGuess *x = &space->shapes[a[AXIS_SHAPE]], *y = &space->shapes[b[AXIS_SHAPE]];
    Text text = {0};
    tell_part(&text, a[AXIS_POOL] != b[AXIS_POOL], pools[b[AXIS_POOL]]);
    tell_part(&text, a[AXIS_GLOBAL] != b[AXIS_GLOBAL], globals[b[AXIS_GLOBAL]]);
    bool conv = a[AXIS_CONV] != b[AXIS_CONV], dense = a[AXIS_DENSE] != b[AXIS_DENSE];
    tell_part(&text, conv, guess_activations[b[AXIS_CONV]].label);
    tell_part(&text, dense && !(conv && b[AXIS_CONV] == b[AXIS_DENSE]),
              guess_activations[b[AXIS_DENSE]].label);
    tell_part(&text, a[AXIS_ORDER] != b[AXIS_ORDER], guess_orders[b[AXIS_ORDER]].label);
    tell_part(&text, a[AXIS_SKIP] != b[AXIS_SKIP], guess_skips[b[AXIS_SKIP]]);
    if (a[AXIS_NORMALIZATION] != b[AXIS_NORMALIZATION]) {
        const Normalization *n = &guess_normalizations[b[AXIS_NORMALIZATION]].value;
        text_append(&text, "%s(x - %.5g) / %.5g", text.size ? ", " : "", (double)n->mean,
                    (double)n->std);
    }
    if (x->input != y->input || x->resized != y->resized)
        tell_part(&text, true, input_words(y));
    else if (a[AXIS_SHAPE] != b[AXIS_SHAPE])
        tell_part(&text, true,
                  has_dilation(space, y) ? "dilation" : "other paddings, strides or pools");
    tell_part(&text, a[AXIS_LAST] != b[AXIS_LAST], "another end");
    text_copy(rival->what, sizeof rival->what, text.data ? text.data : "");
    text_close(&text);
}

// Those that come to the same words are one.
static void tell_rivals(const GuessSpace *space, const Guess *best, const Guess *others,
                        InferReport *report) {
    int count = report->rival_count;
    report->rival_count = 0;
    for (int i = 0; i < count; i++) {
        InferRival rival = report->rivals[i];
        bool told = false;
        tell_rival(space, best, &others[i], &rival);
        for (int k = 0; k < report->rival_count; k++)
            told = told || strcmp(report->rivals[k].what, rival.what) == 0;
        if (!told) report->rivals[report->rival_count++] = rival;
    }
}

// What networks of a kind read of the digits that they were trained on, at the least: tutorials
// stop after an epoch or ten. Of more classes, letters, less can be read.
static double usual_accuracy(const GuessSpace *space) {
    const Chain *chain = &space->chain;
    double share = chain->convs > 0 ? 0.95 : chain->count > 1 ? 0.9 : 0.85;
    return chain->links[chain->count - 1].out > 10 ? share - 0.15 : share;
}

// How sure the guess is, and why not.
static void judge_sure(const GuessSpace *space, InferReport *report) {
    const InferScore *best = &report->best;
    double usual = usual_accuracy(space);
    Text text = {0};
    report->sure = report->tried == 0 ? INFER_UNTRIED : INFER_SURE;
    if (report->tried == 0) return;
    if (best->accuracy < INFER_LEAST) {
        report->sure = INFER_POOR;
        return;
    }
    for (int i = 0; i < report->rival_count; i++) {
        const InferRival *rival = &report->rivals[i];
        if (rival->like && report->sure == INFER_SURE) report->sure = INFER_NEARLY;
        if (rival->close) report->sure = INFER_UNSURE;
        if (rival->like || rival->close)
            text_append(&text, "%s%s", text.size ? ", " : "The images hardly tell it from ",
                        rival->what);
    }
    if (text.size > 0) text_append(&text, ".");
    if (report->hurried) {
        text_append(&text, "%sNot everything was tried: that would take too long.",
                    text.size ? " " : "");
        if (report->sure == INFER_SURE) report->sure = INFER_NEARLY;
    }
    if (best->accuracy < usual)
        text_append(&text,
                    "%sA network of its kind reads more than %.0f %%: it may have something that "
                    "is not shown, or was trained briefly, or on other images.",
                    text.size ? " " : "", 100 * usual);
    if (best->accuracy < usual) report->sure = INFER_UNSURE;
    text_copy(report->doubt, sizeof report->doubt, text.data ? text.data : "");
    text_close(&text);
}

static void tell_tried(const InferReport *report, Text *text) {
    text_append(text, " the best of %d tried, right on %.2f %% of the images", report->tried,
                100 * report->best.accuracy);
    text_append(text, " with a loss of %.3g", report->best.loss);
    for (int i = 0; i < report->rival_count && i < INFER_RIVALS_TOLD; i++)
        text_append(text, "%s %s: %.2f %%, %.3g", i > 0 ? ";" : " (the next best, with",
                    report->rivals[i].what, 100 * report->rivals[i].score.accuracy,
                    report->rivals[i].score.loss);
    text_append(text, "%s.", report->rival_count > 0 ? ")" : "");
}

static void tell_poor(const InferReport *report, Text *text) {
    text_append(
        text,
        "Not recognised. By its tensors it has %s, but the best of %d candidates (%s) reads "
        "only %.2f %% of the images. The file may hold something that a state dict does not "
        "show (branches, other activations), or it was trained on other images. A file made by "
        "torch.onnx.export says what it computes, and is read.",
        report->recognised, report->tried, report->guessed, 100 * report->best.accuracy);
}

void infer_tell_sentence(InferReport *report) {
    static const char *const sure_words[] = {
        [INFER_SAID] = "Guessed",  [INFER_UNTRIED] = "Guessed",    [INFER_POOR] = "Guessed",
        [INFER_UNSURE] = "Unsure", [INFER_NEARLY] = "Nearly sure", [INFER_SURE] = "Guessed"};
    Text text = {0};
    bool poor = report->sure == INFER_POOR && report->guessed[0];
    if (report->exact)
        text_append(&text, "The file says which network it is.");
    else if (poor)
        tell_poor(report, &text);
    else
        text_append(&text, "Recognised by its tensors: %s.", report->recognised);
    if (report->guessed[0] && !poor) {
        text_append(&text, " %s: %s;", sure_words[report->sure], report->guessed);
        if (report->tried == 0)
            text_append(&text, " not tried on images, so this is only what is usual.");
        else
            tell_tried(report, &text);
        if (report->doubt[0]) text_append(&text, " %s", report->doubt);
    }
    if (report->note[0]) text_append(&text, " %s", report->note);
    text_copy(report->sentence, sizeof report->sentence, text.data ? text.data : "");
    text_close(&text);
}

// ---- all of it ----------------------------------------------------------------------------------

// Names of the network and of its layers, dropout of a preset's put back for training on.
static Status name_model(const GuessSpace *space, SavedModel *model, InferReport *report) {
    ModelSpec preset_layers;
    const Preset *preset =
        model->graph ? NULL : find_preset(&model->spec, model->class_count, &preset_layers);
    tell_recognised(space, preset, report);
    if (preset && !space->layers) {
        model->spec.layer_count = preset_layers.layer_count;
        memcpy(model->spec.layers, preset_layers.layers, sizeof preset_layers.layers);
    }
    text_copy(model->spec.name, sizeof model->spec.name,
              preset ? preset->label : report->recognised);
    return model->graph ? status_ok() : spec_plan(&model->spec, &model->plan);
}

static void tell_layers(const GuessSpace *space, const Guess *guess, const SavedModel *model,
                        InferReport *report) {
    Text text = {0};
    if (model->graph) {
        guess_print(space, guess, &text);
        text_copy(report->layers, sizeof report->layers, text.data ? text.data : "");
        size_t used = strlen(report->note);
        snprintf(report->note + used, sizeof report->note - used,
                 "%sIt runs as a graph and cannot be trained: the trainer does not have all its "
                 "layers.",
                 used ? " " : "");
        text_close(&text);
    } else {
        spec_print_layers(&model->spec, report->layers, sizeof report->layers);
    }
}

Status infer_layers(const TensorBag *bag, const InferOptions *options, SavedModel **out,
                    InferReport *report) {
    Status status;
    SavedModel *model = NULL;
    Guess guess, others[GUESS_RIVALS_MAX] = {0};
    GuessSpace *space = calloc(1, sizeof *space);
    if (!space) return status_no_memory("a network", sizeof *space);
    TRY(guess_space(bag, options, space));
    choose_usual(space, &guess);
    if (options && options->score) TRY(guess_try(space, options, &guess, others, report));
    guess_space_close(space); // what was only for trying
    TRY(guess_model(space, &guess, &model));
    TRY(name_model(space, model, report));
    if (!model->graph) TRY(guess_name_tensors(space, &guess, bag, model));
    report->open = true;
    report->border = guess_border(space, &guess);
    report->normalization = *guess_normalization(space, &guess);
    tell_guessed(space, &guess, report);
    tell_rivals(space, &guess, others, report);
    judge_sure(space, report);
    tell_layers(space, &guess, model, report);
    *out = model;
    model = NULL;
fail:
    saved_model_close(&model);
    guess_space_close(space);
    free(space);
    return status;
}
