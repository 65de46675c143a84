// See guess_layers.h.
#include "panels/guess_layers.h"

#include "base/text.h"
#include "base/tr.h"
#include "formats/free_layers.h"
#include "nn/layer.h"

#include <stdlib.h>
#include <string.h>

// The last row of each table is what is none of the others. Names of formulas are no words.
static const struct {
    const char *label, *notation;
} guess_words[] = {
    {"ReLU", "relu"},
    {"tanh", "tanh"},
    {"sigmoid", "sigmoid"},
    {"LeakyReLU 0.01", "leakyrelu 0.01"},
    {"LeakyReLU 0.1", "leakyrelu 0.1"},
    {"LeakyReLU 0.2", "leakyrelu 0.2"},
    {"ELU", "elu"},
    {"GELU", "gelu"},
    {"SiLU", "silu"},
    {TR("as the layers say"), NULL},
};
static const struct {
    const char *label, *word;
} guess_pools[] = {
    {TR("Max"), "maxpool"}, {TR("Average"), "avgpool"}, {TR("as the layers say"), NULL}};
_Static_assert(sizeof guess_words / sizeof guess_words[0] == GUESS_WORDS, "a row for each");
_Static_assert(sizeof guess_pools / sizeof guess_pools[0] == GUESS_POOL_WORDS, "a row for each");

const char *guess_word_label(int row) {
    return tr(guess_words[row].label);
}

const char *guess_pool_label(int row) {
    return tr(guess_pools[row].label);
}

// The text, taken apart.
typedef struct GuessText {
    int count;
    FreeLayer items[FREE_LAYERS_MAX];
} GuessText;

static bool layers_parse(const char *text, GuessText *out) {
    Status status = free_parse_layers(text, out->items, &out->count);
    return status_is_ok(&status);
}

static bool is_pool(const FreeLayer *layer) {
    return layer->kind == FREE_PLAIN && (strcmp(layer->layer.kind->word, "maxpool") == 0 ||
                                         strcmp(layer->layer.kind->word, "avgpool") == 0);
}

static bool is_activation(const FreeLayer *layer) {
    return layer->kind == FREE_WORD ||
           (layer->kind == FREE_PLAIN && layer->layer.kind->activation != ACTIVATION_NONE);
}

// It has weights, and an activation may follow it.
static bool is_weighted(const FreeLayer *layer) {
    return layer->kind == FREE_CONV ||
           (layer->kind == FREE_PLAIN && strcmp(layer->layer.kind->word, "dense") == 0);
}

static bool same_layer(const FreeLayer *a, const FreeLayer *b) {
    return a->kind == b->kind && a->word == b->word && a->layer.kind == b->layer.kind &&
           memcmp(a->layer.args, b->layer.args, sizeof a->layer.args) == 0;
}

// Which row all activations of the layers are; the last one when they differ or there are none.
static int find_word(const GuessText *layers) {
    int found = GUESS_WORDS - 1;
    for (int row = 0; row < GUESS_WORDS - 1; row++) {
        FreeLayer one;
        int equal = 0, all = 0, count;
        Status status = free_parse_layers(guess_words[row].notation, &one, &count);
        for (int i = 0; status_is_ok(&status) && i < layers->count; i++) {
            if (!is_activation(&layers->items[i])) continue;
            all++;
            equal += same_layer(&layers->items[i], &one);
        }
        if (all > 0 && equal == all) found = row;
    }
    return found;
}

static int find_pool(const GuessText *layers) {
    int found = -1;
    for (int i = 0; i < layers->count; i++) {
        if (!is_pool(&layers->items[i])) continue;
        int row = strcmp(layers->items[i].layer.kind->word, "maxpool") != 0;
        if (found >= 0 && found != row) return GUESS_POOL_WORDS - 1;
        found = row;
    }
    return found < 0 ? GUESS_POOL_WORDS - 1 : found;
}

// The text again, with every activation that of row `word`, where it is one, and every pool that of
// row `pool`. Where there are no activations, one is put behind each layer with weights but the
// last.
static void layers_change(const GuessText *layers, int word, int pool, char *text, size_t size) {
    int activations = 0, last = -1;
    Text out = {0};
    for (int i = 0; i < layers->count; i++) {
        activations += is_activation(&layers->items[i]);
        if (is_weighted(&layers->items[i])) last = i;
    }
    const char *notation = word < GUESS_WORDS - 1 ? guess_words[word].notation : NULL;
    const char *at = text;
    for (int i = 0; i < layers->count; i++) {
        const FreeLayer *layer = &layers->items[i];
        while (*at == ',' || *at == ' ') at++;
        int length = (int)strcspn(at, ",");
        text_append(&out, "%s", i > 0 ? ", " : "");
        if (is_activation(layer) && notation)
            text_append(&out, "%s", notation);
        else if (is_pool(layer) && pool < GUESS_POOL_WORDS - 1)
            text_append(&out, "%s%.*s", guess_pools[pool].word, length - 7, at + 7);
        else
            text_append(&out, "%.*s", length, at);
        if (activations == 0 && notation && is_weighted(layer) && i < last &&
            !is_weighted(&layers->items[i + 1]))
            text_append(&out, ", %s", notation);
        at += length;
    }
    if (out.data && out.size < size) text_copy(text, size, out.data);
    text_close(&out);
}

GuessLayers guess_layers_look(const char *text) {
    GuessLayers out = {.word = GUESS_WORDS - 1, .pool = GUESS_POOL_WORDS - 1};
    GuessText *layers = malloc(sizeof *layers);
    if (layers && layers_parse(text, layers)) {
        out.known = true;
        out.word = find_word(layers);
        out.pool = find_pool(layers);
        for (int i = 0; i < layers->count; i++)
            out.pooled = out.pooled || is_pool(&layers->items[i]);
    }
    free(layers);
    return out;
}

void guess_layers_change(const GuessLayers *to, char *text, size_t size) {
    GuessText *layers = malloc(sizeof *layers);
    if (layers && layers_parse(text, layers)) layers_change(layers, to->word, to->pool, text, size);
    free(layers);
}
