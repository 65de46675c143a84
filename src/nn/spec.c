// The notation of a network: text to layers and back. Everything about a single kind of layer comes
// from its row; nothing here knows one from another, but for flatten, which is put in where needed.
#include "nn/spec.h"

#include "base/check.h"
#include "base/text.h"
#include "base/tr.h"
#include "nn/layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int spec_arg_count(const LayerKind *kind) {
    int count = 0;
    while (count < SPEC_ARGS_MAX && kind->args[count].name) count++;
    return count;
}

static bool spec_is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// A stretch of the text being read.
typedef struct Span {
    const char *at, *end;
} Span;

// The next blank-free stretch of `span`, cut off its front; empty at the end.
static Span spec_next_token(Span *span) {
    while (span->at < span->end && spec_is_space(*span->at)) span->at++;
    Span token = {span->at, span->at};
    while (token.end < span->end && !spec_is_space(*token.end)) token.end++;
    span->at = token.end;
    return token;
}

// The token as a string, for looking up and for messages: cut, and nothing unprintable in it.
static void spec_token_text(Span token, char out[32]) {
    size_t size = (size_t)(token.end - token.at);
    if (size > 31) size = 31;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)token.at[i];
        out[i] = c > 0x20 && c < 0x7F ? (char)c : '?';
    }
    out[size] = '\0';
}

// "channels, k (kernel), s (stride) and p (padding)"
static void spec_list_args(const LayerKind *kind, Text *text) {
    int count = spec_arg_count(kind);
    for (int i = 0; i < count; i++) {
        const LayerArg *arg = &kind->args[i];
        const char *join = i == 0 ? "" : i == count - 1 ? " and " : ", ";
        if (arg->letter)
            text_append(text, "%s%c (%s)", join, arg->letter, arg->name);
        else
            text_append(text, "%sa number (%s)", join, arg->name);
    }
    if (count == 0) text_append(text, "no arguments");
}

static Status spec_unknown_word(int number, const char *word) {
    Text text = {0};
    for (int i = 0; i < layer_kind_count; i++)
        text_append(&text, "%s%s", i == 0 ? "" : ", ", layer_kinds[i]->word);
    Status status =
        status_error(STATUS_USAGE, TR("layer %d: there is no layer called \"%s\"; there are %s"),
                     number, word, text.data ? text.data : "others");
    text_close(&text);
    return status;
}

static Status spec_unknown_arg(int number, const LayerKind *kind, const char *token) {
    Text text = {0};
    spec_list_args(kind, &text);
    Status status =
        status_error(STATUS_USAGE, TR("layer %d (%s): cannot make sense of \"%s\"; it takes %s"),
                     number, kind->word, token, text.data ? text.data : "something else");
    text_close(&text);
    return status;
}

// "argument k" or "channels"
static void spec_arg_title(const LayerArg *arg, char out[48]) {
    if (arg->letter)
        snprintf(out, 48, "argument %c", arg->letter);
    else
        snprintf(out, 48, "%s", arg->name);
}

static Status spec_check_range(int number, const LayerKind *kind, const LayerArg *arg,
                               double value) {
    if (value >= arg->low && value <= arg->high && (!arg->integer || value == floor(value)))
        return status_ok();
    char title[48], low[32], high[32], given[32];
    spec_arg_title(arg, title);
    text_from_double(low, arg->low);
    text_from_double(high, arg->high);
    text_from_double(given, value);
    return status_error(STATUS_USAGE, "layer %d (%s): %s must be %s%s to %s, not %s", number,
                        kind->word, title, arg->integer ? "" : "a number from ", low, high, given);
}

// Reads one argument into layer->args; `seen` has a bit for each that has been given.
static Status spec_parse_arg(int number, Span token, LayerSpec *layer, unsigned *seen) {
    const LayerKind *kind = layer->kind;
    char text[32];
    spec_token_text(token, text);
    bool lettered = (text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z');
    char letter = (char)(lettered ? text[0] | 0x20 : '\0');
    int count = spec_arg_count(kind), index = 0;
    while (index < count && kind->args[index].letter != letter) index++;
    double value;
    if (index == count || token.end - token.at > 31 || !text_to_double(text + lettered, &value))
        return spec_unknown_arg(number, kind, text);
    const LayerArg *arg = &kind->args[index];
    if (*seen & 1u << index) {
        char title[48];
        spec_arg_title(arg, title);
        return status_error(STATUS_USAGE, TR("layer %d (%s): %s is given twice"), number,
                            kind->word, title);
    }
    *seen |= 1u << index;
    layer->args[index] = value;
    return spec_check_range(number, kind, arg, value);
}

static double spec_default(const LayerSpec *layer, int index) {
    double fallback = layer->kind->args[index].fallback;
    return fallback == LAYER_ARG_LIKE_FIRST ? layer->args[0] : fallback;
}

static Status spec_fill_defaults(int number, LayerSpec *layer, unsigned seen) {
    const LayerKind *kind = layer->kind;
    for (int i = 0; i < spec_arg_count(kind); i++) {
        if (seen & 1u << i) continue;
        const LayerArg *arg = &kind->args[i];
        if (arg->required) {
            char title[48];
            spec_arg_title(arg, title);
            char letter[2] = {arg->letter, '\0'};
            return status_error(STATUS_USAGE, "layer %d (%s): %s is missing, as in \"%s%s %s8\"",
                                number, kind->word, title, kind->word, arg->letter ? " ..." : "",
                                letter);
        }
        layer->args[i] = spec_default(layer, i);
    }
    return status_ok();
}

// One layer, from its word to the comma behind it.
static Status spec_parse_layer(int number, Span span, LayerSpec *layer) {
    memset(layer, 0, sizeof *layer);
    Span word = spec_next_token(&span);
    if (word.at == word.end)
        return status_error(STATUS_USAGE,
                            TR("layer %d is empty; layers are separated by one comma"), number);
    char text[32];
    spec_token_text(word, text);
    layer->kind = word.end - word.at > 31 ? NULL : layer_find(text);
    if (!layer->kind) return spec_unknown_word(number, text);
    unsigned seen = 0;
    for (;;) {
        Span token = spec_next_token(&span);
        if (token.at == token.end) break;
        Status status = spec_parse_arg(number, token, layer, &seen);
        if (!status_is_ok(&status)) return status;
    }
    return spec_fill_defaults(number, layer, seen);
}

static Status spec_add(ModelSpec *out, const LayerSpec *layer) {
    if (out->layer_count >= SPEC_LAYERS_MAX)
        return status_error(STATUS_USAGE, TR("a network may have at most %d layers"),
                            SPEC_LAYERS_MAX);
    out->layers[out->layer_count++] = *layer;
    return status_ok();
}

Status spec_parse_layers(const char *text, ModelSpec *out) {
    Status status;
    const LayerKind *flatten = layer_find("flatten");
    bool flat = out->input.flat;
    out->layer_count = 0;
    Span whole = {text, text + strlen(text)};
    Span rest = whole;
    if (spec_next_token(&rest).at == whole.end)
        return status_error(STATUS_USAGE, TR("a network needs at least one layer"));
    for (int number = 1;; number++) {
        const char *comma = memchr(whole.at, ',', (size_t)(whole.end - whole.at));
        Span span = {whole.at, comma ? comma : whole.end};
        LayerSpec layer;
        TRY(spec_parse_layer(number, span, &layer));
        ASSERT(layer.kind);
        if (layer.kind->wants_flat && !flat) {
            LayerSpec between = {.kind = flatten};
            TRY(spec_add(out, &between));
        }
        flat = flat || layer.kind->wants_flat || layer.kind == flatten;
        TRY(spec_add(out, &layer));
        if (!comma) return status_ok();
        whole.at = comma + 1;
    }
fail:
    out->layer_count = 0;
    return status;
}

// Appends at *used; what does not fit is cut.
static void spec_append(char *out, size_t size, size_t *used, const char *a, const char *b) {
    if (*used >= size) return;
    int put = snprintf(out + *used, size - *used, "%s%s", a, b);
    *used += put > 0 ? (size_t)put : 0;
}

void spec_print_layers(const ModelSpec *spec, char *out, size_t size) {
    size_t used = 0;
    REQUIRE(size > 0);
    out[0] = '\0';
    for (int i = 0; i < spec->layer_count; i++) {
        const LayerSpec *layer = &spec->layers[i];
        spec_append(out, size, &used, i == 0 ? "" : ", ", layer->kind->word);
        for (int k = 0; k < spec_arg_count(layer->kind); k++) {
            const LayerArg *arg = &layer->kind->args[k];
            if (arg->letter && !arg->required && layer->args[k] == spec_default(layer, k)) continue;
            char letter[3] = {' ', arg->letter, '\0'}, number[32];
            text_from_double(number, layer->args[k]);
            spec_append(out, size, &used, letter, number);
        }
    }
}

void shape_print(Shape s, char out[48]) {
    if (s.flat)
        snprintf(out, 48, "%d", s.c);
    else
        snprintf(out, 48, "%dx%dx%d", s.c, s.h, s.w);
}
