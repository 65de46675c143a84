// The table of layer kinds, and the helpers that their files share. To add a kind: one file with
// its LayerKind, one row in LAYER_LIST, its file in meson.build.
#include "nn/layer.h"

#include "base/check.h"
#include "base/text.h"

#include <string.h>

#define LAYER_LIST(X)                                                                              \
    X(layer_conv)                                                                                  \
    X(layer_dense)                                                                                 \
    X(layer_max_pool)                                                                              \
    X(layer_avg_pool)                                                                              \
    X(layer_batch_norm)                                                                            \
    X(layer_dropout)                                                                               \
    X(layer_relu)                                                                                  \
    X(layer_leaky_relu)                                                                            \
    X(layer_sigmoid)                                                                               \
    X(layer_tanh)                                                                                  \
    X(layer_flatten)

#define LAYER_DECLARE(kind) extern const LayerKind kind;
LAYER_LIST(LAYER_DECLARE)
#undef LAYER_DECLARE

const LayerKind *const layer_kinds[] = {
#define LAYER_ROW(kind) &kind,
    LAYER_LIST(LAYER_ROW)
#undef LAYER_ROW
};
const int layer_kind_count = (int)(sizeof layer_kinds / sizeof layer_kinds[0]);

static char layer_lower(char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

const LayerKind *layer_find(const char *word) {
    for (int i = 0; i < layer_kind_count; i++) {
        const char *a = word, *b = layer_kinds[i]->word;
        while (*a && layer_lower(*a) == *b) a++, b++;
        if (*a == *b) return layer_kinds[i]; // both at their end
    }
    return NULL;
}

static int layer_arg_index(const LayerSpec *spec, const char *name) {
    int i = 0;
    while (i < SPEC_ARGS_MAX && spec->kind->args[i].name &&
           strcmp(spec->kind->args[i].name, name) != 0)
        i++;
    REQUIRE(i < SPEC_ARGS_MAX && spec->kind->args[i].name);
    return i;
}

double layer_arg(const LayerSpec *spec, const char *name) {
    return spec->args[layer_arg_index(spec, name)];
}

void layer_set_arg(LayerSpec *spec, const char *name, double value) {
    spec->args[layer_arg_index(spec, name)] = value;
}

void layer_declare(LayerPlan *plan, const char *suffix, bool trainable, size_t fan_in,
                   size_t fan_out, int rank, int d0, int d1, int d2, int d3) {
    REQUIRE(plan->tensor_count < (int)(sizeof plan->tensors / sizeof plan->tensors[0]));
    ASSERT(rank >= 1 && rank <= 4);
    TensorInfo *tensor = &plan->tensors[plan->tensor_count++];
    const int dims[4] = {d0, d1, d2, d3};
    memset(tensor, 0, sizeof *tensor);
    text_copy(tensor->name, sizeof tensor->name, suffix);
    tensor->rank = rank;
    tensor->count = 1;
    for (int i = 0; i < rank; i++) {
        tensor->dims[i] = dims[i];
        tensor->count *= (size_t)dims[i];
    }
    tensor->trainable = trainable;
    tensor->fan_in = fan_in;
    tensor->fan_out = fan_out;
}

void layer_declare_filled(LayerPlan *plan, const char *suffix, bool trainable, float value,
                          int count) {
    layer_declare(plan, suffix, trainable, 0, 0, 1, count, 0, 0, 0);
    plan->tensors[plan->tensor_count - 1].initial = value;
}
