// Sorting tensors into modules by the last part of their names, and modules into kinds by their
// ranks.
#include "formats/infer_stem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SIZE_LIMIT = 1 << 20 };

static const char *const part_names[STEM_PARTS] = {
    [PART_WEIGHT] = "weight",
    [PART_BIAS] = "bias",
    [PART_MEAN] = "running_mean",
    [PART_VAR] = "running_var",
    [PART_COUNTER] = "num_batches_tracked",
};

Status stem_describe(const Tensor *tensor, const char *why) {
    char text[128];
    tensor_print(tensor, text);
    return status_error(STATUS_UNSUPPORTED, "its tensor %s %s", text, why);
}

static void stem_read_number(Stem *stem) {
    size_t at = stem->size;
    stem->number = -1;
    while (at > 0 && stem->name[at - 1] >= '0' && stem->name[at - 1] <= '9') at--;
    if (at == stem->size || stem->size - at > 4 || (at > 0 && stem->name[at - 1] != '.')) return;
    stem->number = 0;
    for (size_t i = at; i < stem->size; i++) stem->number = stem->number * 10 + stem->name[i] - '0';
    stem->parent_size = at;
}

// A part of its name that people give to what goes around a residual block.
static void stem_read_block(Stem *stem) {
    static const char *const words[] = {"shortcut", "downsample", "skip", "identity", "proj"};
    for (size_t at = 0; at < stem->size && stem->block_size == 0; at++)
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            size_t size = strlen(words[i]), start = at;
            if (at + size > stem->size || strncasecmp(stem->name + at, words[i], size) != 0)
                continue;
            while (start > 0 && stem->name[start - 1] != '.') start--;
            stem->block_size = start;
        }
}

bool stems_share(const Stem *a, const Stem *b, size_t size) {
    return a->size >= size && b->size >= size && memcmp(a->name, b->name, size) == 0;
}

// Tensors that say by their names which module they are of.
static const struct {
    const char *begins, *is;
} stem_known[] = {
    {"weight_ih", "is of a recurrent layer (RNN, LSTM, GRU), which this program does not have"},
    {"weight_hh", "is of a recurrent layer (RNN, LSTM, GRU), which this program does not have"},
    {"in_proj", "is of an attention layer, which this program does not have"},
    {"", "belongs to no layer that this program has (it knows weight, bias, running_mean and "
         "running_var of convolutions, dense layers, batch norms and PReLUs)"},
};

static Status stem_unknown(const Tensor *tensor, const char *last) {
    size_t row = 0;
    while (strncmp(last, stem_known[row].begins, strlen(stem_known[row].begins)) != 0) row++;
    return stem_describe(tensor, stem_known[row].is);
}

static Status stem_add(StemList *list, const Tensor *tensor) {
    const char *dot = strrchr(tensor->name, '.');
    const char *last = dot ? dot + 1 : tensor->name;
    size_t size = dot ? (size_t)(dot - tensor->name) : 0;
    int part = 0;
    while (part < STEM_PARTS && strcmp(last, part_names[part]) != 0) part++;
    if (part == STEM_PARTS) return stem_unknown(tensor, last);
    Stem *stem = list->count ? &list->items[list->count - 1] : NULL;
    for (int i = 0; i < list->count; i++) // usually the last one
        if (list->items[i].size == size && memcmp(list->items[i].name, tensor->name, size) == 0)
            stem = &list->items[i];
    if (!stem || stem->size != size || memcmp(stem->name, tensor->name, size) != 0) {
        stem = &list->items[list->count++];
        *stem = (Stem){.name = tensor->name, .size = size};
        stem_read_number(stem);
        stem_read_block(stem);
    }
    if (stem->parts[part]) return stem_describe(tensor, "is there twice");
    stem->parts[part] = tensor;
    return status_ok();
}

static bool is_vector(const Tensor *tensor, size_t size) {
    return !tensor || (tensor->rank == 1 && tensor->dims[0] == size);
}

Status stem_check_type(const Stem *stem) {
    for (int i = 0; i < PART_COUNTER; i++)
        if (stem->parts[i] && !tensor_types[stem->parts[i]->type].is_float)
            return stem_describe(stem->parts[i],
                                 "has whole numbers where weights are expected; is it a "
                                 "quantised model? Save the float one");
    return status_ok();
}

Status stem_to_link(const Stem *stem, ChainLink *link) {
    const Tensor *w = stem->parts[PART_WEIGHT];
    for (int i = 0; i < w->rank; i++)
        if (w->dims[i] == 0 || w->dims[i] > SIZE_LIMIT)
            return stem_describe(w, "has an absurd size");
    if (!is_vector(stem->parts[PART_BIAS], w->dims[0]))
        return stem_describe(stem->parts[PART_BIAS], "does not fit the weight beside it");
    *link = (ChainLink){.conv = w->rank == 4,
                        .out = (int)w->dims[0],
                        .in = (int)w->dims[1],
                        .kernel_h = w->rank == 4 ? (int)w->dims[2] : 0,
                        .kernel_w = w->rank == 4 ? (int)w->dims[3] : 0,
                        .groups = 1,
                        .weight = w,
                        .bias = stem->parts[PART_BIAS],
                        .gap = -1};
    return status_ok();
}

bool stem_is_link(const Stem *stem) {
    const Tensor *w = stem->parts[PART_WEIGHT];
    return w && (w->rank == 4 || w->rank == 2) && !stem->parts[PART_MEAN];
}

bool stem_is_norm(const Stem *stem) {
    const Tensor *mean = stem->parts[PART_MEAN], *var = stem->parts[PART_VAR];
    return mean && var && mean->rank == 1 && is_vector(var, mean->dims[0]) &&
           is_vector(stem->parts[PART_WEIGHT], mean->dims[0]) &&
           is_vector(stem->parts[PART_BIAS], mean->dims[0]);
}

bool stem_is_slope(const Stem *stem) {
    const Tensor *w = stem->parts[PART_WEIGHT];
    return w && w->rank == 1 && !stem->parts[PART_BIAS] && !stem->parts[PART_MEAN] &&
           !stem->parts[PART_VAR];
}

Status stem_refuse(const Stem *stem) {
    const Tensor *first = NULL;
    for (int i = 0; i < STEM_PARTS && !first; i++) first = stem->parts[i];
    const Tensor *w = stem->parts[PART_WEIGHT];
    if (w && w->rank == 1 && stem->parts[PART_BIAS])
        return stem_describe(w, "has a bias but no running statistics: a layer norm or group norm, "
                                "which this program does not have");
    if (w && w->rank == 3)
        return stem_describe(w, "is a one-dimensional convolution, which this "
                                "program does not have");
    return stem_describe(first, "belongs to no layer that this program has");
}

int stem_norm_size(const Stem *stem) {
    return (int)(stem->parts[PART_MEAN]->dims[0] > SIZE_LIMIT ? SIZE_LIMIT
                                                              : stem->parts[PART_MEAN]->dims[0]);
}

ChainNorm stem_norm(const Stem *stem) {
    return (ChainNorm){stem->parts[PART_WEIGHT], stem->parts[PART_BIAS], stem->parts[PART_MEAN],
                       stem->parts[PART_VAR]};
}

Status stems_find(const TensorBag *bag, StemList *out) {
    int count = tensor_bag_count(bag);
    *out = (StemList){.items = calloc((size_t)count + 1, sizeof *out->items)};
    if (!out->items) return status_no_memory("a list of layers", (size_t)count * sizeof(Stem));
    Status status = status_ok();
    for (int i = 0; i < count && status_is_ok(&status); i++)
        status = stem_add(out, tensor_bag_at(bag, i));
    return status;
}
