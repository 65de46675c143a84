// From a guess to the notation of its layers: what stands between the layers with tensors.
#include "formats/infer_guess.h"

// A pool as wide as the image; the notation knows windows up to 16, and the mean of means of equal
// size is the mean.
static void print_global_pool(const char *word, int side, Text *text) {
    if (side > 16 && side % 2 == 0)
        text_append(text, ", %s %d, %s 2", word, side / 2, word);
    else
        text_append(text, ", %s %d", word, side);
}

static void print_pool(const Guess *guess, const ConvGuess *conv, Text *text) {
    static const char *const words[GUESS_POOLS] = {"maxpool", "avgpool"};
    if (conv->pool) text_append(text, ", %s %d", words[guess->at[AXIS_POOL]], conv->pool);
    if (conv->pool && conv->pool_stride != conv->pool) text_append(text, " s%d", conv->pool_stride);
    if (conv->pool && conv->pool_pad) text_append(text, " p%d", conv->pool_pad);
    if (conv->global) print_global_pool(words[!guess->at[AXIS_GLOBAL]], conv->global, text);
}

// What the trainer has too is written as it writes it.
static void print_conv(const ChainLink *link, const ConvGuess *conv, int border, Text *text) {
    int ph = conv->pad_h + border, pw = conv->pad_w + border;
    text_append(text, "conv %d k%d", link->out, link->kernel_h);
    if (link->kernel_w != link->kernel_h) text_append(text, "x%d", link->kernel_w);
    if (conv->stride > 1) text_append(text, " s%d", conv->stride);
    if (ph > 0 || pw > 0) text_append(text, " p%d", ph);
    if (ph != pw) text_append(text, "x%d", pw);
    if (conv->dilation > 1) text_append(text, " d%d", conv->dilation);
    if (link->groups > 1) text_append(text, " g%d", link->groups);
}

static void print_norm(const ChainNorm *norm, Text *text) {
    if (chain_norm_is_there(norm)) text_append(text, ", batchnorm");
}

// The other way around a residual block strides like the block.
static void print_add(const ChainSkip *skip, const ConvGuess *convs, Text *text) {
    if (skip->has_side) {
        ConvGuess side = {.stride = 1, .dilation = 1};
        side.pad_h = skip->side.kernel_h / 2;
        side.pad_w = skip->side.kernel_w / 2;
        for (int i = skip->first; i <= skip->last; i++) side.stride *= convs[i].stride;
        text_append(text, ", beside, ");
        print_conv(&skip->side, &side, 0, text);
        print_norm(&skip->side.norm, text);
    }
    text_append(text, ", add");
}

// What stands behind layer `index`: its norm, its activation, its pool, and the end of a skip.
static void print_block(const GuessSpace *space, const Guess *guess, int index, Text *text) {
    const Chain *chain = &space->chain;
    const ChainLink *link = &chain->links[index];
    const ConvGuess none = {0}, *convs = space->shapes[guess->at[AXIS_SHAPE]].convs;
    const ConvGuess *conv = link->conv ? &convs[index] : &none;
    const char *activation =
        guess_activations[guess->at[link->conv ? AXIS_CONV : AXIS_DENSE]].notation;
    const ChainSkip *skip = guess->at[AXIS_SKIP] == SKIP_NONE ? NULL : chain_skip_to(chain, index);
    bool last = index + 1 == chain->count, behind = guess->at[AXIS_SKIP] == SKIP_BEHIND_ACTIVATION;
    if (last && !(link->conv && guess->at[AXIS_LAST])) activation = "";
    if (!last && link->gap == 0) activation = "";
    if (link->slope) activation = "prelu";
    const char *parts = guess_orders[skip ? 0 : guess->at[AXIS_ORDER]].parts;
    for (const char *part = parts; *part; part++) {
        if (*part == 'N') print_norm(&link->norm, text);
        if (*part == 'A' && skip && !behind) print_add(skip, convs, text);
        if (*part == 'A' && activation[0]) text_append(text, ", %s", activation);
        if (*part == 'A' && skip && behind) print_add(skip, convs, text);
        if (*part == 'P') print_pool(guess, conv, text);
    }
}

// One for 784 pixels stands behind the flatten, one for one channel before it.
static bool print_front(const GuessSpace *space, const ShapeGuess *shape, Text *text) {
    const Chain *chain = &space->chain;
    bool norm = chain_norm_is_there(&chain->input_norm), flat = norm && chain->convs == 0;
    if (shape->resized) text_append(text, "resize %d, ", shape->input);
    if (norm) text_append(text, flat ? "flatten, batchnorm, " : "batchnorm, ");
    return flat;
}

void guess_print(const GuessSpace *space, const Guess *guess, Text *text) {
    const Chain *chain = &space->chain;
    const ShapeGuess *shape = &space->shapes[guess->at[AXIS_SHAPE]];
    if (space->layers) {
        text_append(text, "%s", space->layers);
        return;
    }
    int border = chain->convs > 0 && !shape->resized ? (shape->input - 28) / 2 : 0;
    bool flat = print_front(space, shape, text);
    for (int i = 0; i < chain->count; i++) {
        const ChainLink *link = &chain->links[i];
        if (i > 0) text_append(text, ", ");
        if (guess->at[AXIS_SKIP] != SKIP_NONE && chain_skip_from(chain, i))
            text_append(text, "fork, ");
        if (link->conv) {
            print_conv(link, &shape->convs[i], i == 0 ? border : 0, text);
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
