// From a guess to layers: what stands between the layers with tensors.
#include "formats/infer_guess.h"

#include "base/text.h"
#include "base/tr.h"
#include "formats/border.h"
#include "nn/layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// MNIST's own mean and deviation; bytes mapped to -1..1; to 0..1; as they are; Fashion-MNIST's;
// EMNIST's; ImageNet's averages; MNIST's mean alone.
const GuessNormalization guess_normalizations[GUESS_NORMALIZATIONS] = {
    {{0.1307f, 0.3081f}, 0.0f},     {{0.5f, 0.5f}, 0.0f},       {{0.0f, 1.0f}, 0.0f},
    {{0.0f, 1.0f / 255.0f}, 0.05f}, {{0.2860f, 0.3530f}, 0.3f}, {{0.1736f, 0.3317f}, 0.3f},
    {{0.485f, 0.229f}, 0.3f},       {{0.1307f, 1.0f}, 0.3f},
};

// Some stand in two forms in tutorials (the slope of LeakyReLU); "" is none at all. They count
// twice, for convolutions and dense layers. On their training images, networks trained with ReLU
// lost up to 4 % less with GELU, SiLU or Mish (of 30 measured), and those trained with such a one
// 9 % less and more than with ReLU: 6 % is between.
const GuessActivation guess_activations[] = {
    {"ReLU", "relu", 0.0f, false},
    {"tanh", "tanh", 0.0f, false},
    {"sigmoid", "sigmoid", 0.0f, false},
    {"LeakyReLU 0.01", "leakyrelu", 0.03f, false},
    {"LeakyReLU 0.2", "leakyrelu 0.2", 0.05f, false},
    {"LeakyReLU 0.1", "leakyrelu 0.1", 0.05f, false},
    {"no activation", "", 0.1f, false},
    {"ELU", "elu", 0.03f, true},
    {"GELU", "gelu", 0.03f, true},
    {"SiLU", "silu", 0.03f, true},
    {"SELU", "selu", 0.04f, true},
    {"Hardswish", "hardswish", 0.05f, true},
    {"Mish", "mish", 0.05f, true},
    {"ReLU6", "relu6", 0.08f, true},
    {"Softplus", "softplus", 0.06f, true},
};
const int guess_activation_count = (int)(sizeof guess_activations / sizeof guess_activations[0]);

const char *const guess_skips[] = {
    [SKIP_THEN_ACTIVATION] = "skips",
    [SKIP_BEHIND_ACTIVATION] = "skips behind the activation",
    [SKIP_NONE] = "no skips",
};
enum { SKIPS = 3 };

// More floats than this are not held twice.
#define GUESS_NUMBERS_MAX ((size_t)16 << 20)

const GuessOrder guess_orders[] = {
    {"NAP", "batch norm before the activation", 0.0f},
    {"ANP", "batch norm behind the activation", 0.0f},
    {"APN", "batch norm behind the pool", 0.05f},
    {"NPA", "pool before the activation", 0.05f},
};
enum { ORDERS = (int)(sizeof guess_orders / sizeof guess_orders[0]) };

// ---- the space ----------------------------------------------------------------------------------

static void space_add(GuessSpace *space, GuessSource source) {
    space->sources[space->source_count++] = source;
}

static void space_add_norm(GuessSpace *space, const ChainNorm *norm) {
    if (chain_norm_is_there(norm))
        space_add(space,
                  (GuessSource){SOURCE_NORM, norm->weight, norm->bias, norm->mean, norm->var});
}

static void space_add_link(GuessSpace *space, const ChainLink *link) {
    space_add(space, (GuessSource){SOURCE_LAYER, link->weight, link->bias, NULL, NULL});
    space_add_norm(space, &link->norm);
    if (link->slope) space_add(space, (GuessSource){SOURCE_SLOPE, link->slope, NULL, NULL, NULL});
}

static void space_list_sources(GuessSpace *space) {
    const Chain *chain = &space->chain;
    space_add_norm(space, &chain->input_norm);
    for (int i = 0; i < chain->count; i++) {
        const ChainLink *link = &chain->links[i];
        const ChainSkip *skip = chain_skip_to(chain, i);
        if (i == chain->convs) space_add_norm(space, &chain->flat_norm);
        space_add_link(space, link);
        if (skip && skip->has_side) space_add_link(space, &skip->side);
        space->graph = space->graph || link->slope || link->groups > 1 ||
                       link->kernel_h != link->kernel_w || (skip && skip->has_side);
    }
}

const float *guess_numbers(const GuessSpace *space, const Tensor *tensor) {
    for (int i = 0; i < space->number_count; i++)
        if (space->numbers[i].tensor == tensor) return space->numbers[i].data;
    return NULL;
}

static const float *space_numbers(void *context, const Tensor *tensor) {
    return guess_numbers(context, tensor);
}

// Every tensor once as floats.
static Status space_read_numbers(GuessSpace *space) {
    size_t total = 0;
    for (int i = 0; i < space->source_count; i++) {
        const GuessSource *s = &space->sources[i];
        const Tensor *const parts[] = {s->weight, s->bias, s->mean, s->var};
        for (int p = 0; p < 4; p++) {
            if (!parts[p] || guess_numbers(space, parts[p])) continue;
            total += parts[p]->count;
            if (total > GUESS_NUMBERS_MAX) return status_ok();
            float *data = malloc(parts[p]->count * sizeof *data + 1);
            if (!data) return status_no_memory("a network", parts[p]->count * sizeof *data);
            tensor_read(parts[p], data);
            space->numbers[space->number_count].tensor = parts[p];
            space->numbers[space->number_count++].data = data;
        }
    }
    return status_ok();
}

void guess_space_close(GuessSpace *space) {
    for (int i = 0; i < space->number_count; i++) free(space->numbers[i].data);
    space->number_count = 0;
}

// Places for an activation that is a choice, behind links from `first` to `end`.
static int count_choices(const Chain *chain, int first, int end) {
    int count = 0;
    for (int i = first; i < end; i++) count += !chain->links[i].slope;
    return count;
}

static void space_count(GuessSpace *space) {
    const Chain *chain = &space->chain;
    int *counts = space->counts;
    bool pools = false, global = false, norms = false;
    for (int i = 0; i < counts[AXIS_SHAPE]; i++)
        for (int k = 0; k < chain->convs; k++) {
            const ConvGuess *conv = &space->shapes[i].convs[k];
            pools = pools || conv->pool;
            global = global || conv->global;
        }
    for (int i = 0; i < chain->count; i++)
        norms = norms || chain_norm_is_there(&chain->links[i].norm);
    space->norms = norms;
    int last = chain->count - 1;
    counts[AXIS_NORMALIZATION] = space->normalization ? 1 : GUESS_NORMALIZATIONS;
    counts[AXIS_POOL] = pools ? GUESS_POOLS : 1;
    // Nobody ends a residual network with a maximum.
    counts[AXIS_GLOBAL] = global && chain->skip_count == 0 ? GUESS_POOLS : 1;
    int convs = chain->convs < last ? chain->convs : last;
    counts[AXIS_CONV] = count_choices(chain, 0, convs) > 0 ? guess_activation_count : 1;
    counts[AXIS_DENSE] = count_choices(chain, chain->convs, last) > 0 ? guess_activation_count : 1;
    counts[AXIS_ORDER] = norms || pools ? ORDERS : 1;
    counts[AXIS_LAST] = chain->links[last].conv ? 2 : 1;
    counts[AXIS_SKIP] = chain->skip_count == 0 ? 1 : SKIPS;
    for (int i = 0; i < chain->skip_count; i++)
        if (chain->skips[i].has_side) counts[AXIS_SKIP] = SKIP_NONE;
    if (!space->layers) return;
    for (int i = 0; i < AXIS_COUNT; i++)
        if (i != AXIS_NORMALIZATION) counts[i] = 1;
}

Status guess_space(const TensorBag *bag, const InferOptions *options, GuessSpace *out) {
    Status status;
    memset(out, 0, sizeof *out);
    out->layers = options ? options->layers : NULL;
    out->normalization = options ? options->normalization : NULL;
    out->border = options && options->layers && options->border;
    TRY(chain_find(bag, &out->chain));
    const ChainLink *last = &out->chain.links[out->chain.count - 1];
    if (last->out < 2 || last->out > SPEC_CLASSES_MAX)
        return status_error(
            STATUS_UNSUPPORTED,
            TR("its last layer has %d outputs; a network that tells 2 to %d classes "
               "is expected"),
            last->out, SPEC_CLASSES_MAX);
    TRY(shape_find(&out->chain, out->shapes, &out->counts[AXIS_SHAPE]));
    space_list_sources(out);
    space_count(out);
    if (options && options->score) TRY(space_read_numbers(out));
fail:
    return status;
}

// ---- layers -------------------------------------------------------------------------------------

const Normalization *guess_normalization(const GuessSpace *space, const Guess *guess) {
    return space->normalization ? space->normalization
                                : &guess_normalizations[guess->at[AXIS_NORMALIZATION]].value;
}

bool guess_border(const GuessSpace *space, const Guess *guess) {
    const ShapeGuess *shape = &space->shapes[guess->at[AXIS_SHAPE]];
    if (space->chain.convs == 0 || chain_norm_is_there(&space->chain.input_norm)) return false;
    return space->layers ? space->border : shape->input > 28 && !shape->resized;
}

// The layers of the text as graphs have them.
static Status parse_free(const char *text, FreeLayer **out, int *count) {
    *out = calloc(FREE_LAYERS_MAX, sizeof **out);
    if (!*out) return status_no_memory("a network", FREE_LAYERS_MAX * sizeof **out);
    return free_parse_layers(text, *out, count);
}

static int input_side(const GuessSpace *space, const Guess *guess) {
    return space->chain.convs > 0 ? 28 : space->shapes[guess->at[AXIS_SHAPE]].input;
}

Status guess_spec(const GuessSpace *space, const Guess *guess, ModelSpec *out, bool *graph) {
    FreeLayer *layers = NULL;
    int count, side = input_side(space, guess);
    Text text = {0};
    memset(out, 0, sizeof *out);
    *graph = false;
    out->input = (Shape){1, side, side, false};
    out->normalization = *guess_normalization(space, guess);
    guess_print(space, guess, &text);
    Status status = text.failed || !text.data ? status_no_memory("a network", text.size)
                                              : spec_parse_layers(text.data, out);
    if (status_is_ok(&status)) {
        // See guess_set_border.
        if (guess_border(space, guess)) out->normalization.mean = 0.0f;
    } else if (text.data) {
        out->layer_count = 0;
        status = parse_free(text.data, &layers, &count);
        *graph = status_is_ok(&status);
        // It wants its pixels as they are.
        if (*graph && layers[0].kind == FREE_RESIZE) out->normalization = (Normalization){0, 1};
    }
    free(layers);
    text_close(&text);
    return status;
}

Status guess_graph(const GuessSpace *space, const Guess *guess, GuessUse use, Graph **out,
                   int *classes, double *work) {
    Status status;
    FreeLayer *layers = NULL;
    Text text = {0};
    GraphPlan plan = {.sources = space->sources,
                      .source_count = space->source_count,
                      .side = input_side(space, guess),
                      .border = guess_border(space, guess),
                      .normalization = *guess_normalization(space, guess),
                      .listens = use == GUESS_HEARD,
                      .context = (void *)(uintptr_t)space}; // read only
    if (use != GUESS_KEPT) plan.numbers = space_numbers;
    guess_print(space, guess, &text);
    if (text.failed || !text.data) TRY(status_no_memory("a network", text.size));
    TRY(parse_free(text.data, &layers, &plan.layer_count));
    plan.layers = layers;
    TRY(infer_graph_make(&plan, out, classes, work));
fail:
    free(layers);
    text_close(&text);
    return status;
}

double guess_unusual(const GuessSpace *space, const Guess *guess) {
    const ShapeGuess *shape = &space->shapes[guess->at[AXIS_SHAPE]];
    double plain = guess_normalizations[guess->at[AXIS_NORMALIZATION]].unusual, sum = plain;
    int conv = guess->at[AXIS_CONV], dense = guess->at[AXIS_DENSE];
    // Where there is one kind of layer, its activation counts for both.
    if (space->counts[AXIS_CONV] == 1) conv = dense;
    if (space->counts[AXIS_DENSE] == 1) dense = conv;
    sum += guess_activations[conv].unusual + guess_activations[dense].unusual;
    // Of pixels as they are, the negative part of an activation is no more than a bias.
    if (plain > 0 && guess_activations[conv].graph) sum += 0.1;
    // Who takes two kinds of activations?
    if (space->counts[AXIS_CONV] > 1 && space->counts[AXIS_DENSE] > 1 && conv != dense) sum += 0.2;
    sum += guess_orders[guess->at[AXIS_ORDER]].unusual + 0.03 * guess->at[AXIS_POOL];
    sum += 0.03 * (shape->cost - space->shapes[0].cost);
    sum += 0.02 * guess->at[AXIS_LAST] + 0.05 * guess->at[AXIS_GLOBAL];
    return sum + 0.05 * guess->at[AXIS_SKIP];
}

// ---- tensors ------------------------------------------------------------------------------------

static const Tensor *source_part(const GuessSource *source, const char *name) {
    const char *last = strrchr(name, '.');
    last = last ? last + 1 : name;
    if (strcmp(last, "weight") == 0) return source->weight;
    if (strcmp(last, "bias") == 0) return source->bias;
    if (strcmp(last, "running_mean") == 0) return source->mean;
    return source->var;
}

static Status fill_tensor(const TensorInfo *want, const Tensor *have, float *out) {
    if (!have) {
        for (size_t i = 0; i < want->count; i++) out[i] = tensor_names_start(want);
        return status_ok();
    }
    bool same = have->rank == want->rank;
    for (int i = 0; i < want->rank && same; i++) same = have->dims[i] == (size_t)want->dims[i];
    if (!same) {
        char text[128];
        tensor_print(have, text);
        return status_error(STATUS_USAGE,
                            TR("the layers given do not fit: %s has another shape than "
                               "the file's %s"),
                            want->name, text);
    }
    tensor_read(have, out);
    return status_ok();
}

static Status fill_misfit(const GuessSpace *space) {
    return status_error(STATUS_USAGE,
                        TR("the layers given do not fit: the file has tensors for %d layers"),
                        space->source_count);
}

// Which tensor goes into which of a model of layers; NULL: none.
static Status list_tensors(const GuessSpace *space, const SavedModel *model,
                           const Tensor *out[SPEC_TENSORS_MAX]) {
    const ModelPlan *plan = &model->plan;
    int next[SOURCE_KINDS] = {0}, taken = 0;
    for (int i = 0; i < model->spec.layer_count; i++) {
        if (plan->first_tensor[i] == plan->first_tensor[i + 1]) continue;
        bool norm = strcmp(model->spec.layers[i].kind->word, "batchnorm") == 0;
        SourceKind kind = norm ? SOURCE_NORM : SOURCE_LAYER;
        const GuessSource *source =
            source_take(space->sources, space->source_count, kind, &next[kind]);
        if (!source) return fill_misfit(space);
        taken++;
        for (int t = plan->first_tensor[i]; t < plan->first_tensor[i + 1]; t++)
            out[t] = source_part(source, plan->tensors[t].name);
    }
    return taken == space->source_count ? status_ok() : fill_misfit(space);
}

// Copies the tensors into a model of layers.
static Status fill_layers(const GuessSpace *space, SavedModel *model) {
    const ModelPlan *plan = &model->plan;
    const Tensor *from[SPEC_TENSORS_MAX];
    Status status = list_tensors(space, model, from);
    for (int t = 0; t < plan->tensor_count && status_is_ok(&status); t++)
        status = fill_tensor(&plan->tensors[t], from[t], model->weights + plan->tensors[t].offset);
    return status;
}

Status guess_name_tensors(const GuessSpace *space, const Guess *guess, const TensorBag *bag,
                          SavedModel *model) {
    const Tensor *from[SPEC_TENSORS_MAX];
    const TensorInfo *bias = &model->plan.tensors[1];
    float mean = guess_border(space, guess) ? guess_normalization(space, guess)->mean : 0;
    Status status = list_tensors(space, model, from);
    if (status_is_ok(&status)) status = tensor_names_find(bag, &model->plan, from, &model->names);
    if (!status_is_ok(&status) || mean == 0 || !border_fits(model)) return status;
    // Again, from what the file has.
    fill_tensor(bias, from[1], model->weights + bias->offset);
    return border_put(model, mean);
}

void guess_set_border(const GuessSpace *space, const Guess *guess, SavedModel *model) {
    const Chain *chain = &space->chain;
    if (chain->convs == 0 || chain_norm_is_there(&chain->input_norm)) return;
    const TensorInfo *bias = &model->plan.tensors[1];
    const Normalization *n = guess_normalization(space, guess);
    float *to = model->weights + bias->offset;
    fill_tensor(bias, chain->links[0].bias, to);
    if (guess_border(space, guess) && n->mean != 0.0f)
        border_take(&model->plan, *n, model->weights, to, to);
}

static Status model_of_graph(const GuessSpace *space, const Guess *guess, const ModelSpec *spec,
                             SavedModel **out) {
    Graph *graph;
    int classes;
    double work;
    Status status = guess_graph(space, guess, GUESS_KEPT, &graph, &classes, &work);
    if (!status_is_ok(&status)) return status;
    return saved_model_make_graph(spec, graph, classes, work, out);
}

Status guess_model(const GuessSpace *space, const Guess *guess, SavedModel **out) {
    Status status;
    SavedModel *model = NULL;
    bool graph;
    ModelSpec *spec = malloc(sizeof *spec);
    *out = NULL;
    if (!spec) return status_no_memory("a network", sizeof *spec);
    TRY(guess_spec(space, guess, spec, &graph));
    if (graph) {
        TRY(model_of_graph(space, guess, spec, &model));
    } else {
        TRY(saved_model_make(spec, &model));
        TRY(fill_layers(space, model));
        guess_set_border(space, guess, model);
    }
    *out = model;
    model = NULL;
fail:
    saved_model_close(&model);
    free(spec);
    return status;
}
