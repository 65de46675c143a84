// Piece by piece between commas; what the trainer knows is left to its own reader.
#include "formats/free_layers.h"

#include "base/text.h"
#include "nn/layer.h"

#include <stdio.h>
#include <string.h>

#define ALONE(op_)                                                                                 \
    { .op = op_ }
#define WITH_X(op_)                                                                                \
    { .op = op_, .with = STEP_WITH_X }
#define WITH(op_, number_)                                                                         \
    { .op = op_, .with = STEP_WITH_NUMBER, .number = number_ }

// torch.nn's, at their defaults; GELU by the error function, not by tanh.
const FreeWord free_words[] = {
    {"elu", "ELU", {{.op = "Elu", .attributes = {{"alpha", 1}}}}},
    {"selu", "SELU", {ALONE("Selu")}},
    {"gelu",
     "GELU",
     {WITH("Mul", 0.70710678f), ALONE("Erf"), WITH("Add", 1), WITH_X("Mul"), WITH("Mul", 0.5f)}},
    {"silu", "SiLU", {ALONE("Sigmoid"), WITH_X("Mul")}},
    {"mish", "Mish", {ALONE("Softplus"), ALONE("Tanh"), WITH_X("Mul")}},
    {"hardswish",
     "Hardswish",
     {{.op = "HardSigmoid", .attributes = {{"alpha", 1.0f / 6}, {"beta", 0.5f}}}, WITH_X("Mul")}},
    {"softplus", "Softplus", {ALONE("Softplus")}},
    {"relu6", "ReLU6", {{.op = "Clip", .with = STEP_BETWEEN, .number = 0, .high = 6}}},
};
const int free_word_count = (int)(sizeof free_words / sizeof free_words[0]);

enum { PIECE_MAX = 160 };

static const struct {
    const char *word;
    FreeKind kind;
} free_kinds[] = {
    {"prelu", FREE_PRELU},   {"resize", FREE_RESIZE}, {"fork", FREE_FORK},
    {"beside", FREE_BESIDE}, {"add", FREE_ADD},
};

// "3" or "3x5", at most 4 digits each.
static bool read_pair(const char *text, int *h, int *w) {
    char end;
    if (sscanf(text, "%4dx%4d%c", h, w, &end) == 2) return true;
    if (sscanf(text, "%4d%c", h, &end) != 1) return false;
    *w = *h;
    return true;
}

// Takes what only graphs have out of a convolution's arguments and leaves the rest in `plain`.
static Status read_conv(int number, char *piece, char plain[PIECE_MAX], FreeLayer *out) {
    size_t used = 0;
    int dilation_w = 1, groups_w = 1;
    plain[0] = '\0';
    out->dilation = out->groups = 1;
    for (char *at = piece, *token; (token = strtok_r(at, " \t\r\n", &at)) != NULL;) {
        bool good = true;
        if (token[0] == 'd')
            good = read_pair(token + 1, &out->dilation, &dilation_w) && out->dilation >= 1 &&
                   out->dilation == dilation_w && out->dilation <= 16;
        else if (token[0] == 'g')
            good = read_pair(token + 1, &out->groups, &groups_w) && out->groups >= 1 &&
                   out->groups == groups_w;
        else if (token[0] == 'k')
            good = read_pair(token + 1, &out->kernel_h, &out->kernel_w);
        else if (token[0] == 'p')
            good = read_pair(token + 1, &out->pad_h, &out->pad_w);
        if (!good)
            return status_error(STATUS_USAGE, "layer %d (conv): cannot make sense of \"%.30s\"",
                                number, token);
        if (token[0] == 'd' || token[0] == 'g') continue;
        char *cross = token[0] == 'k' || token[0] == 'p' ? strchr(token, 'x') : NULL;
        if (cross) *cross = '\0';
        used += (size_t)snprintf(plain + used, PIECE_MAX - used, "%s%s", used ? " " : "", token);
        if (used >= PIECE_MAX) used = PIECE_MAX - 1;
    }
    if (out->kernel_w > 64 || out->pad_w > 64)
        return status_error(STATUS_USAGE, "layer %d (conv): kernels and paddings go up to 64",
                            number);
    return status_ok();
}

// What the trainer's reader makes of it. It knows no number but 1 for a layer on its own.
static Status read_plain(int number, const char *piece, FreeLayer *out) {
    ModelSpec spec = {.input = {1, 1, 1, true}};
    Status status = spec_parse_layers(piece, &spec);
    if (status_is_ok(&status)) {
        out->layer = spec.layers[spec.layer_count - 1];
        return status;
    }
    const char *colon = strchr(status.message, ':'), *name = strchr(status.message, '(');
    if (!colon || strncmp(status.message, "layer 1", 7) != 0) return status;
    return status_error(status.code, "layer %d%s%s", number, name && name < colon ? " " : "",
                        name && name < colon ? name : colon);
}

static Status read_piece(int number, char *piece, FreeLayer *out) {
    char plain[PIECE_MAX], word[24] = "", end;
    int value = 0, fields = sscanf(piece, " %23[A-Za-z0-9] %5d %c", word, &value, &end);
    memset(out, 0, sizeof *out);
    if (fields < 1 && strspn(piece, " \t\r\n") == strlen(piece))
        return status_error(STATUS_USAGE, "layer %d is empty; layers are separated by one comma",
                            number);
    for (size_t i = 0; i < sizeof free_kinds / sizeof free_kinds[0]; i++) {
        if (strcmp(word, free_kinds[i].word) != 0) continue;
        out->kind = free_kinds[i].kind;
        out->side = value;
        bool sized = out->kind == FREE_RESIZE;
        if (fields != (sized ? 2 : 1) || (sized && (value < 8 || value > 256)))
            return status_error(STATUS_USAGE, "layer %d (%s): it takes %s", number, word,
                                sized ? "one number, 8 to 256" : "no arguments");
        return status_ok();
    }
    for (int i = 0; i < free_word_count; i++) {
        if (strcmp(word, free_words[i].word) != 0) continue;
        out->kind = FREE_WORD;
        out->word = &free_words[i];
        if (fields == 1) return status_ok();
        return status_error(STATUS_USAGE, "layer %d (%s): it takes no arguments", number, word);
    }
    if (strcmp(word, "conv") != 0) return read_plain(number, piece, out);
    Status status = read_conv(number, piece, plain, out);
    if (status_is_ok(&status)) status = read_plain(number, plain, out);
    out->kind = FREE_CONV;
    if (!status_is_ok(&status)) return status;
    if (out->kernel_h == 0) out->kernel_h = out->kernel_w = (int)layer_arg(&out->layer, "kernel");
    if (out->pad_h == 0 && out->pad_w == 0)
        out->pad_h = out->pad_w = (int)layer_arg(&out->layer, "padding");
    return status;
}

Status free_parse_layers(const char *text, FreeLayer *out, int *count) {
    *count = 0;
    for (const char *at = text;; at++) {
        char piece[PIECE_MAX];
        size_t size = strcspn(at, ",");
        if (*count == FREE_LAYERS_MAX)
            return status_error(STATUS_USAGE, "a network may have at most %d layers",
                                FREE_LAYERS_MAX);
        if (size >= sizeof piece)
            return status_error(STATUS_USAGE, "layer %d has too many letters", *count + 1);
        memcpy(piece, at, size);
        piece[size] = '\0';
        Status status = read_piece(*count + 1, piece, &out[*count]);
        if (!status_is_ok(&status)) return status;
        ++*count;
        at += size;
        if (*at == '\0') return status;
    }
}
