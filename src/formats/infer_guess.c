// From a guess to layers: what stands between the layers with tensors.
#include "formats/infer_guess.h"

#include "base/text.h"
#include "base/tr.h"
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

// Some stand in two forms in tutorials (the slope of LeakyReLU); "" is none at all. A network
// trained with ReLU may lose some percent less with a LeakyReLU that leaks little.
const GuessActivation guess_activations[] = {
    {"ReLU", "relu", 0.0f},
    {"tanh", "tanh", 0.0f},
    {"sigmoid", "sigmoid", 0.0f},
    {"LeakyReLU 0.01", "leakyrelu", 0.03f},
    {"LeakyReLU 0.2", "leakyrelu 0.2", 0.05f},
    {"LeakyReLU 0.1", "leakyrelu 0.1", 0.05f},
    {"no activation", "", 0.1f},
};
enum { ACTIVATIONS = (int)(sizeof guess_activations / sizeof guess_activations[0]) };

const GuessOrder guess_orders[] = {
    {"NAP", "batch norm before the activation", 0.0f},
    {"ANP", "batch norm behind the activation", 0.0f},
    {"APN", "batch norm behind the pool", 0.05f},
    {"NPA", "pool before the activation", 0.05f},
};
enum { ORDERS = (int)(sizeof guess_orders / sizeof guess_orders[0]) };

// ---- the space ----------------------------------------------------------------------------------

static void space_add_norm(GuessSpace *space, const ChainNorm *norm) {
    if (chain_norm_is_there(norm))
        space->sources[space->source_count++] =
            (GuessSource){norm->weight, norm->bias, norm->mean, norm->var};
}

static void space_list_sources(GuessSpace *space) {
    const Chain *chain = &space->chain;
    space_add_norm(space, &chain->input_norm);
    for (int i = 0; i < chain->count; i++) {
        const ChainLink *link = &chain->links[i];
        if (i == chain->convs) space_add_norm(space, &chain->flat_norm);
        space->sources[space->source_count++] = (GuessSource){link->weight, link->bias, NULL, NULL};
        space_add_norm(space, &link->norm);
    }
}

static void space_count(GuessSpace *space) {
    const Chain *chain = &space->chain;
    int *counts = space->counts;
    bool pools = false, global = false, norms = false;
    for (int i = 0; i < counts[AXIS_SHAPE]; i++)
        for (int k = 0; k < chain->convs; k++) {
            const ConvGuess *conv = &space->shapes[i].convs[k];
            pools = pools || (conv->pool && !conv->pool_all);
            global = global || conv->pool_all;
        }
    for (int i = 0; i < chain->count; i++)
        norms = norms || chain_norm_is_there(&chain->links[i].norm);
    space->norms = norms;
    int last = chain->count - 1;
    counts[AXIS_NORMALIZATION] = space->normalization ? 1 : GUESS_NORMALIZATIONS;
    counts[AXIS_POOL] = pools ? GUESS_POOLS : 1;
    counts[AXIS_GLOBAL] = global ? GUESS_POOLS : 1;
    counts[AXIS_CONV] = chain->convs > (chain->convs == chain->count) ? ACTIVATIONS : 1;
    counts[AXIS_DENSE] = chain->count - chain->convs > 1 ? ACTIVATIONS : 1;
    counts[AXIS_ORDER] = norms || pools ? ORDERS : 1;
    counts[AXIS_LAST] = chain->links[last].conv ? 2 : 1;
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
fail:
    return status;
}

// ---- layers -------------------------------------------------------------------------------------

// A pool as wide as the image; the notation knows windows up to 16, and the mean of means of equal
// size is the mean.
static void print_global_pool(const char *word, int side, Text *text) {
    if (side > 16 && side % 2 == 0)
        text_append(text, ", %s %d, %s 2", word, side / 2, word);
    else
        text_append(text, ", %s %d", word, side);
}

static void print_pool(const GuessSpace *space, const Guess *guess, const ConvGuess *conv,
                       Text *text) {
    static const char *const words[GUESS_POOLS] = {"maxpool", "avgpool"};
    (void)space;
    if (!conv->pool) return;
    if (conv->pool_all) {
        print_global_pool(words[!guess->at[AXIS_GLOBAL]], conv->pool, text);
        return;
    }
    text_append(text, ", %s %d s%d p%d", words[guess->at[AXIS_POOL]], conv->pool, conv->pool_stride,
                conv->pool_pad);
}

// What stands behind layer `index`: its norm, its activation, its pool.
static void print_block(const GuessSpace *space, const Guess *guess, int index, Text *text) {
    const ChainLink *link = &space->chain.links[index];
    const ConvGuess none = {0};
    const ConvGuess *conv = link->conv ? &space->shapes[guess->at[AXIS_SHAPE]].convs[index] : &none;
    const char *activation =
        guess_activations[guess->at[link->conv ? AXIS_CONV : AXIS_DENSE]].notation;
    bool last = index + 1 == space->chain.count;
    if (last && !(link->conv && guess->at[AXIS_LAST])) activation = "";
    if (!last && link->gap == 0) activation = "";
    for (const char *part = guess_orders[guess->at[AXIS_ORDER]].parts; *part; part++) {
        if (*part == 'N' && chain_norm_is_there(&link->norm)) text_append(text, ", batchnorm");
        if (*part == 'A' && activation[0]) text_append(text, ", %s", activation);
        if (*part == 'P') print_pool(space, guess, conv, text);
    }
}

static void print_layers(const GuessSpace *space, const Guess *guess, Text *text) {
    const Chain *chain = &space->chain;
    const ShapeGuess *shape = &space->shapes[guess->at[AXIS_SHAPE]];
    int border = chain->convs > 0 ? (shape->input - 28) / 2 : 0;
    bool flat = false;
    if (chain_norm_is_there(&chain->input_norm)) {
        // One for 784 pixels stands behind the flatten, one for one channel before it.
        flat = chain->convs == 0;
        text_append(text, flat ? "flatten, batchnorm, " : "batchnorm, ");
    }
    for (int i = 0; i < chain->count; i++) {
        const ChainLink *link = &chain->links[i];
        if (i > 0) text_append(text, ", ");
        if (link->conv) {
            const ConvGuess *conv = &shape->convs[i];
            text_append(text, "conv %d k%d s%d p%d", link->out, link->kernel, conv->stride,
                        conv->pad + (i == 0 ? border : 0));
        } else {
            if (!flat) text_append(text, "flatten, ");
            if (!flat && chain_norm_is_there(&chain->flat_norm)) text_append(text, "batchnorm, ");
            flat = true;
            text_append(text, "dense %d", link->out);
        }
        print_block(space, guess, i, text);
    }
    if (!flat) text_append(text, ", flatten");
}

const Normalization *guess_normalization(const GuessSpace *space, const Guess *guess) {
    return space->normalization ? space->normalization
                                : &guess_normalizations[guess->at[AXIS_NORMALIZATION]].value;
}

bool guess_border(const GuessSpace *space, const Guess *guess) {
    if (space->chain.convs == 0 || chain_norm_is_there(&space->chain.input_norm)) return false;
    return space->layers ? space->border : space->shapes[guess->at[AXIS_SHAPE]].input > 28;
}

Status guess_spec(const GuessSpace *space, const Guess *guess, ModelSpec *out) {
    const ShapeGuess *shape = &space->shapes[guess->at[AXIS_SHAPE]];
    memset(out, 0, sizeof *out);
    int side = space->chain.convs > 0 ? 28 : shape->input;
    out->input = (Shape){1, side, side, false};
    out->normalization = *guess_normalization(space, guess);
    if (guess_border(space, guess)) out->normalization.mean = 0.0f;
    if (space->layers) return spec_parse_layers(space->layers, out);
    Text text = {0};
    print_layers(space, guess, &text);
    Status status = text.failed || !text.data ? status_no_memory("a network", text.size)
                                              : spec_parse_layers(text.data, out);
    text_close(&text);
    return status;
}

double guess_unusual(const GuessSpace *space, const Guess *guess) {
    const ShapeGuess *shape = &space->shapes[guess->at[AXIS_SHAPE]];
    double sum = guess_normalizations[guess->at[AXIS_NORMALIZATION]].unusual;
    int conv = guess->at[AXIS_CONV], dense = guess->at[AXIS_DENSE];
    sum += guess_activations[conv].unusual + guess_activations[dense].unusual;
    // Who takes two kinds of activations?
    if (space->counts[AXIS_CONV] > 1 && space->counts[AXIS_DENSE] > 1 && conv != dense) sum += 0.1;
    sum += guess_orders[guess->at[AXIS_ORDER]].unusual;
    sum += 0.03 * (shape->cost - space->shapes[0].cost);
    return sum + 0.02 * guess->at[AXIS_LAST] + 0.02 * guess->at[AXIS_GLOBAL];
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
        for (size_t i = 0; i < want->count; i++)
            out[i] = strstr(want->name, ".bias") ? 0.0f : want->initial;
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

Status guess_fill(const GuessSpace *space, SavedModel *model) {
    const ModelPlan *plan = &model->plan;
    int source = 0;
    for (int i = 0; i < model->spec.layer_count; i++) {
        if (plan->first_tensor[i] == plan->first_tensor[i + 1]) continue;
        if (source == space->source_count) source = GUESS_SOURCES_MAX;
        for (int t = plan->first_tensor[i];
             t < plan->first_tensor[i + 1] && source < space->source_count; t++) {
            Status status = fill_tensor(&plan->tensors[t],
                                        source_part(&space->sources[source], plan->tensors[t].name),
                                        model->weights + plan->tensors[t].offset);
            if (!status_is_ok(&status)) return status;
        }
        source++;
    }
    if (source != space->source_count)
        return status_error(STATUS_USAGE,
                            TR("the layers given do not fit: the file has tensors for %d layers"),
                            space->source_count);
    return status_ok();
}

void guess_set_border(const GuessSpace *space, const Guess *guess, SavedModel *model) {
    const Chain *chain = &space->chain;
    const ModelPlan *plan = &model->plan;
    if (chain->convs == 0 || chain_norm_is_there(&chain->input_norm)) return;
    const TensorInfo *weight = &plan->tensors[0], *bias = &plan->tensors[1];
    const Normalization *n = guess_normalization(space, guess);
    float *to = model->weights + bias->offset;
    fill_tensor(bias, chain->links[0].bias, to);
    if (!guess_border(space, guess) || n->mean == 0.0f) return;
    size_t each = weight->count / bias->count;
    for (size_t o = 0; o < bias->count; o++) {
        double sum = 0;
        for (size_t i = 0; i < each; i++) sum += model->weights[weight->offset + o * each + i];
        to[o] = (float)(to[o] - (double)n->mean / n->std * sum);
    }
}
