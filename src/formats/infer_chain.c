// Sorting tensors into layers by the last part of their names and their ranks, and the layers into
// a chain by their sizes.
#include "formats/infer_chain.h"

#include "base/text.h"
#include "base/tr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEM_NORMS_MAX = 2 * CHAIN_LINKS_MAX, STEM_PARTS = 5, SIZE_LIMIT = 1 << 20 };

// The tensors of one module of PyTorch: those whose names are the same up to the last dot.
typedef enum StemPart { PART_WEIGHT, PART_BIAS, PART_MEAN, PART_VAR, PART_COUNTER } StemPart;
static const char *const part_names[STEM_PARTS] = {
    [PART_WEIGHT] = "weight",
    [PART_BIAS] = "bias",
    [PART_MEAN] = "running_mean",
    [PART_VAR] = "running_var",
    [PART_COUNTER] = "num_batches_tracked",
};

typedef struct Stem {
    const char *name; // not terminated
    size_t size;
    const Tensor *parts[STEM_PARTS];
    int number;         // its last part when that is a number (nn.Sequential's), else -1
    size_t parent_size; // of the name in front of that number
} Stem;

typedef struct StemList {
    Stem *items;
    int count;
} StemList;

static Status describe(const Tensor *tensor, const char *why) {
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

static Status stem_add(StemList *list, const Tensor *tensor) {
    const char *dot = strrchr(tensor->name, '.');
    const char *last = dot ? dot + 1 : tensor->name;
    size_t size = dot ? (size_t)(dot - tensor->name) : 0;
    int part = 0;
    while (part < STEM_PARTS && strcmp(last, part_names[part]) != 0) part++;
    if (part == STEM_PARTS)
        return describe(tensor, "belongs to no layer that this program has (it knows weight, bias, "
                                "running_mean and running_var of convolutions, dense layers and "
                                "batch norms)");
    Stem *stem = list->count ? &list->items[list->count - 1] : NULL;
    for (int i = 0; i < list->count; i++) // usually the last one
        if (list->items[i].size == size && memcmp(list->items[i].name, tensor->name, size) == 0)
            stem = &list->items[i];
    if (!stem || stem->size != size || memcmp(stem->name, tensor->name, size) != 0) {
        stem = &list->items[list->count++];
        *stem = (Stem){.name = tensor->name, .size = size};
        stem_read_number(stem);
    }
    if (stem->parts[part]) return describe(tensor, "is there twice");
    stem->parts[part] = tensor;
    return status_ok();
}

static bool is_vector(const Tensor *tensor, size_t size) {
    return !tensor || (tensor->rank == 1 && tensor->dims[0] == size);
}

static Status stem_check_type(const Stem *stem) {
    for (int i = 0; i < PART_COUNTER; i++)
        if (stem->parts[i] && !tensor_types[stem->parts[i]->type].is_float)
            return describe(stem->parts[i], "has whole numbers where weights are expected; is it a "
                                            "quantised model? Save the float one");
    return status_ok();
}

static Status stem_to_link(const Stem *stem, ChainLink *link) {
    const Tensor *w = stem->parts[PART_WEIGHT];
    for (int i = 0; i < w->rank; i++)
        if (w->dims[i] == 0 || w->dims[i] > SIZE_LIMIT) return describe(w, "has an absurd size");
    if (w->rank == 4 && w->dims[2] != w->dims[3])
        return describe(w, "is a convolution whose kernel is not square");
    if (!is_vector(stem->parts[PART_BIAS], w->dims[0]))
        return describe(stem->parts[PART_BIAS], "does not fit the weight beside it");
    *link = (ChainLink){.conv = w->rank == 4,
                        .out = (int)w->dims[0],
                        .in = (int)w->dims[1],
                        .kernel = w->rank == 4 ? (int)w->dims[2] : 0,
                        .weight = w,
                        .bias = stem->parts[PART_BIAS],
                        .gap = -1};
    return status_ok();
}

static bool stem_is_norm(const Stem *stem) {
    const Tensor *mean = stem->parts[PART_MEAN], *var = stem->parts[PART_VAR];
    return mean && var && mean->rank == 1 && is_vector(var, mean->dims[0]) &&
           is_vector(stem->parts[PART_WEIGHT], mean->dims[0]) &&
           is_vector(stem->parts[PART_BIAS], mean->dims[0]);
}

static Status stem_refuse(const Stem *stem) {
    const Tensor *first = NULL;
    for (int i = 0; i < STEM_PARTS && !first; i++) first = stem->parts[i];
    const Tensor *w = stem->parts[PART_WEIGHT];
    if (w && w->rank == 1 && stem->parts[PART_BIAS])
        return describe(w, "has a bias but no running statistics: a layer norm or group norm, "
                           "which this program does not have");
    if (w && w->rank == 1) return describe(w, "is a PReLU, which this program does not have");
    if (w && w->rank == 3)
        return describe(w, "is a one-dimensional convolution, which this "
                           "program does not have");
    return describe(first, "belongs to no layer that this program has");
}

static int norm_size(const Stem *stem) {
    return (int)(stem->parts[PART_MEAN]->dims[0] > SIZE_LIMIT ? SIZE_LIMIT
                                                              : stem->parts[PART_MEAN]->dims[0]);
}

static ChainNorm stem_norm(const Stem *stem) {
    return (ChainNorm){stem->parts[PART_WEIGHT], stem->parts[PART_BIAS], stem->parts[PART_MEAN],
                       stem->parts[PART_VAR]};
}

// ---- the order ----------------------------------------------------------------------------------

// True when `b` can run right behind `a`.
static bool link_follows(const ChainLink *a, const ChainLink *b) {
    if (a->conv && !b->conv) return b->in % a->out == 0;
    return a->conv == b->conv && a->out == b->in;
}

static bool links_chain(const ChainLink *links, int count) {
    for (int i = 1; i < count; i++)
        if (!link_follows(&links[i - 1], &links[i])) return false;
    return true;
}

// The order in which they are declared is nearly always the one in which they run. Where it is
// not, sizes tell: each step takes the first one left that fits. `from`: which link came from
// where.
static bool links_sort(ChainLink *links, int *from, int count) {
    ChainLink sorted[CHAIN_LINKS_MAX];
    int order[CHAIN_LINKS_MAX];
    for (int first = 0; first < count; first++) {
        bool used[CHAIN_LINKS_MAX] = {false};
        int done = 0;
        for (int next = first; next < count && done < count;) {
            order[done] = next;
            sorted[done++] = links[next];
            used[next] = true;
            for (next = 0; next < count; next++)
                if (!used[next] && link_follows(&sorted[done - 1], &links[next])) break;
        }
        if (done < count) continue;
        memcpy(links, sorted, (size_t)count * sizeof *links);
        memcpy(from, order, (size_t)count * sizeof *from);
        return true;
    }
    return false;
}

static Status refuse_order(const Chain *chain) {
    for (int i = 1; i < chain->count; i++) {
        const ChainLink *a = &chain->links[i - 1], *b = &chain->links[i];
        if (link_follows(a, b)) continue;
        char x[128], y[128];
        tensor_print(a->weight, x);
        tensor_print(b->weight, y);
        if (a->conv && b->conv && b->in < a->out && a->out % b->in == 0)
            return status_error(STATUS_UNSUPPORTED,
                                "its tensor %s takes %d of the %d outputs of %s: a grouped "
                                "convolution, which this program has in graphs (.onnx) only",
                                y, b->in, a->out, x);
        return status_error(
            STATUS_UNSUPPORTED,
            TR("its layers are not one simple chain: the %d outputs of %s are not "
               "what %s takes (branches, groups and skips are not in a state dict)"),
            a->out, x, y);
    }
    return status_ok();
}

// ---- batch norms --------------------------------------------------------------------------------

typedef struct FoundNorm {
    const Stem *stem;
    int after; // links declared before it
} FoundNorm;

static bool norm_fits(const Chain *chain, int link, int size) {
    return link >= 0 && link < chain->count && !chain_norm_is_there(&chain->links[link].norm) &&
           chain->links[link].out == size;
}

// Behind the layer declared before it; else the first layer of its size that has none (all
// convolutions declared first, then their norms); else in front of everything or of the dense part.
static bool norm_place(Chain *chain, const FoundNorm *norm) {
    int size = norm_size(norm->stem), at = norm->after - 1;
    ChainNorm it = stem_norm(norm->stem);
    bool next_takes_it = norm->after < chain->count;
    if (!norm_fits(chain, at, size)) {
        at = 0;
        while (at < chain->count && !norm_fits(chain, at, size)) at++;
    }
    // A norm in front of everything has the size of the input.
    if (norm->after == 0 && next_takes_it && !chain_norm_is_there(&chain->input_norm) &&
        chain->links[0].in == size) {
        chain->input_norm = it;
        return true;
    }
    if (at < chain->count) {
        chain->links[at].norm = it;
        return true;
    }
    if (chain->convs > 0 && chain->convs < chain->count && chain->links[chain->convs].in == size &&
        !chain_norm_is_there(&chain->flat_norm)) {
        chain->flat_norm = it;
        return true;
    }
    return false;
}

// ---- all of it ----------------------------------------------------------------------------------

static Status collect(const StemList *stems, Chain *chain, const Stem **link_stems,
                      FoundNorm *norms, int *norm_count) {
    for (int i = 0; i < stems->count; i++) {
        const Stem *stem = &stems->items[i];
        const Tensor *w = stem->parts[PART_WEIGHT];
        Status status = stem_check_type(stem);
        if (!status_is_ok(&status)) return status;
        if (stem_is_norm(stem)) {
            if (*norm_count == STEM_NORMS_MAX)
                return describe(stem->parts[PART_MEAN], "is one batch norm too many");
            norms[(*norm_count)++] = (FoundNorm){stem, chain->count};
        } else if (w && (w->rank == 4 || w->rank == 2) && !stem->parts[PART_MEAN]) {
            if (chain->count == CHAIN_LINKS_MAX)
                return status_error(STATUS_UNSUPPORTED,
                                    "it has more than %d convolutions and dense layers",
                                    CHAIN_LINKS_MAX);
            link_stems[chain->count] = stem;
            status = stem_to_link(stem, &chain->links[chain->count++]);
            if (!status_is_ok(&status)) return status;
        } else {
            return stem_refuse(stem);
        }
    }
    if (chain->count == 0)
        return status_error(STATUS_UNSUPPORTED, TR("it has no convolution and no dense layer"));
    return status_ok();
}

static void find_gaps(const StemList *stems, Chain *chain, const Stem *const *link_stems) {
    for (int i = 0; i + 1 < chain->count; i++) {
        const Stem *a = link_stems[i], *b = link_stems[i + 1];
        if (a->number < 0 || b->number <= a->number || a->parent_size != b->parent_size ||
            memcmp(a->name, b->name, a->parent_size) != 0)
            continue;
        int gap = b->number - a->number - 1;
        for (const Stem *s = a + 1; s < b && s < stems->items + stems->count; s++) gap--;
        if (chain->links[i].conv && !chain->links[i + 1].conv && gap > 0) gap--; // nn.Flatten
        chain->links[i].gap = gap < 0 ? -1 : gap;
    }
}

static Status order_links(Chain *chain, const Stem **link_stems) {
    if (links_chain(chain->links, chain->count)) return status_ok();
    int from[CHAIN_LINKS_MAX];
    const Stem *old[CHAIN_LINKS_MAX];
    if (!links_sort(chain->links, from, chain->count)) return refuse_order(chain);
    memcpy(old, link_stems, sizeof old);
    for (int i = 0; i < chain->count; i++) link_stems[i] = old[from[i]];
    return status_ok();
}

// Norms know how many links were declared before them; when those have been put in order, the one
// right before is looked up by where it stands now.
static void norm_follow_order(FoundNorm *norms, int count, const Stem *const *link_stems,
                              const Stem *const *declared, int links) {
    for (int i = 0; i < count; i++) {
        if (norms[i].after == 0) continue;
        const Stem *before = declared[norms[i].after - 1];
        for (int k = 0; k < links; k++)
            if (link_stems[k] == before) norms[i].after = k + 1;
    }
}

static Status chain_build(const StemList *stems, Chain *out) {
    const Stem *link_stems[CHAIN_LINKS_MAX] = {NULL}, *declared[CHAIN_LINKS_MAX];
    FoundNorm norms[STEM_NORMS_MAX];
    int norm_count = 0;
    Status status;
    TRY(collect(stems, out, link_stems, norms, &norm_count));
    memcpy(declared, link_stems, sizeof declared);
    TRY(order_links(out, link_stems));
    norm_follow_order(norms, norm_count, link_stems, declared, out->count);
    while (out->convs < out->count && out->links[out->convs].conv) out->convs++;
    for (int i = 0; i < norm_count; i++)
        if (!norm_place(out, &norms[i]))
            return describe(norms[i].stem->parts[PART_MEAN],
                            "is a batch norm whose size is that of no layer's output");
    find_gaps(stems, out, link_stems);
fail:
    return status;
}

Status chain_find(const TensorBag *bag, Chain *out) {
    memset(out, 0, sizeof *out);
    int count = tensor_bag_count(bag);
    if (count > 5 * (CHAIN_LINKS_MAX + STEM_NORMS_MAX))
        return status_error(STATUS_UNSUPPORTED,
                            "it has %d tensors, far more than any network that this program has "
                            "layers for",
                            count);
    StemList stems = {.items = calloc((size_t)count + 1, sizeof *stems.items)};
    if (!stems.items) return status_no_memory("a list of layers", (size_t)count * sizeof(Stem));
    Status status = status_ok();
    for (int i = 0; i < count && status_is_ok(&status); i++)
        status = stem_add(&stems, tensor_bag_at(bag, i));
    if (status_is_ok(&status)) status = chain_build(&stems, out);
    free(stems.items);
    return status;
}
