// Putting modules into a chain: layers by their sizes, batch norms and PReLUs by where they are
// declared.
#include "formats/infer_chain.h"

#include "base/check.h"
#include "base/tr.h"
#include "formats/infer_skip.h"

#include <stdlib.h>
#include <string.h>

enum { STEM_NORMS_MAX = 2 * CHAIN_LINKS_MAX };

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

// The same where convolutions may see a part of the channels each; finds out how many groups there
// are.
static bool links_chain_grouped(ChainLink *links, int count) {
    for (int i = 1; i < count; i++) {
        const ChainLink *a = &links[i - 1];
        ChainLink *b = &links[i];
        if (!a->conv || !b->conv) continue;
        if (a->out % b->in != 0 || b->out % (a->out / b->in) != 0) return false;
        b->groups = a->out / b->in;
        b->in = a->out;
    }
    return links_chain(links, count);
}

// The first link left that can run behind `last`, one that keeps its channels before one that does
// not: later there would be no place for it. `count`: none.
static int next_link(const ChainLink *links, const bool *used, int count, const ChainLink *last) {
    int found = count;
    for (int i = count - 1; i >= 0; i--) {
        if (used[i] || !link_follows(last, &links[i])) continue;
        bool keeps = links[i].in == links[i].out;
        if (found == count || keeps || links[found].in != links[found].out) found = i;
    }
    return found;
}

// The order in which they are declared is nearly always the one in which they run. Where it is
// not, sizes tell: each step takes one left that fits. `from`: which link came from
// where.
static bool links_sort(ChainLink *links, int *from, int count) {
    ChainLink sorted[CHAIN_LINKS_MAX];
    int order[CHAIN_LINKS_MAX];
    for (int first = 0; first < count; first++) {
        // Without convolutions, whatever begins elsewhere is an autoencoder or another thing that
        // goes round.
        if (first > 0 && !links[0].conv && !links[first].conv) continue;
        bool used[CHAIN_LINKS_MAX] = {false};
        int done = 0;
        for (int next = first; next < count && done < count;) {
            order[done] = next;
            sorted[done++] = links[next];
            used[next] = true;
            next = next_link(links, used, count, &sorted[done - 1]);
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
        return status_error(STATUS_UNSUPPORTED,
                            TR("its layers are not one chain: the %d outputs of %s are not what %s "
                               "takes. A state dict does not say how branches run; a file made by "
                               "torch.onnx.export does, and is read"),
                            a->out, x, y);
    }
    return status_ok();
}

// ---- batch norms --------------------------------------------------------------------------------

// A batch norm or PReLU.
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
    int size = stem_norm_size(norm->stem), at = norm->after - 1;
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

// ---- PReLUs -------------------------------------------------------------------------------------

static bool slope_fits(const Chain *chain, int link, const Tensor *slope) {
    return link >= 0 && link + 1 < chain->count && !chain->links[link].slope &&
           (slope->dims[0] == 1 || slope->dims[0] == (size_t)chain->links[link].out);
}

// Behind the layer declared before it, else the first that it fits. A single one with one number
// serves everywhere, unless it is numbered in an nn.Sequential.
static Status slopes_place(Chain *chain, const FoundNorm *slopes, int count) {
    const Tensor *only = count > 0 ? slopes[0].stem->parts[PART_WEIGHT] : NULL;
    bool shared = count == 1 && only->dims[0] == 1 && slopes[0].stem->number < 0;
    for (int i = 0; shared && i + 1 < chain->count; i++) chain->links[i].slope = only;
    for (int i = 0; !shared && i < count; i++) {
        const Tensor *slope = slopes[i].stem->parts[PART_WEIGHT];
        int at = slopes[i].after - 1;
        for (int k = 0; k < chain->count && !slope_fits(chain, at, slope); k++) at = k;
        if (!slope_fits(chain, at, slope))
            return stem_describe(slope, "looks like the slopes of a PReLU, but there is no layer "
                                        "with so many outputs that it can stand behind");
        chain->links[at].slope = slope;
    }
    return status_ok();
}

// ---- all of it ----------------------------------------------------------------------------------

// What a state dict holds, sorted.
typedef struct Found {
    const Stem *link_stems[CHAIN_LINKS_MAX];
    FoundNorm norms[STEM_NORMS_MAX], slopes[CHAIN_LINKS_MAX];
    int norm_count, slope_count;
    SideList sides;
} Found;

static Status collect_link(const Stem *stem, bool beside, Chain *chain, Found *found) {
    SideList *sides = &found->sides;
    if (chain->count == CHAIN_LINKS_MAX || sides->count == CHAIN_SKIPS_MAX)
        return status_error(STATUS_UNSUPPORTED, "it has more than %d convolutions and dense layers",
                            CHAIN_LINKS_MAX);
    if (beside) {
        sides->stems[sides->count] = stem;
        return stem_to_link(stem, &sides->links[sides->count++]);
    }
    found->link_stems[chain->count] = stem;
    return stem_to_link(stem, &chain->links[chain->count++]);
}

static Status collect_norm(const Stem *stem, bool beside, const Chain *chain, Found *found) {
    SideList *sides = &found->sides;
    if (found->norm_count == STEM_NORMS_MAX)
        return stem_describe(stem->parts[PART_MEAN], "is one batch norm too many");
    for (int i = sides->count - 1; beside && i >= 0; i--) {
        ChainLink *link = &sides->links[i];
        if (sides->stems[i]->block_size != stem->block_size ||
            !stems_share(stem, sides->stems[i], stem->block_size) ||
            chain_norm_is_there(&link->norm) || link->out != stem_norm_size(stem))
            continue;
        link->norm = stem_norm(stem);
        return status_ok();
    }
    found->norms[found->norm_count++] = (FoundNorm){stem, chain->count};
    return status_ok();
}

static Status collect(const StemList *stems, Chain *chain, Found *found) {
    Status status;
    for (int i = 0; i < stems->count; i++) {
        const Stem *stem = &stems->items[i];
        bool beside = skip_is_side(stems, stem);
        TRY(stem_check_type(stem));
        if (stem_is_norm(stem))
            TRY(collect_norm(stem, beside, chain, found));
        else if (stem_is_link(stem))
            TRY(collect_link(stem, beside, chain, found));
        else if (stem_is_slope(stem) && found->slope_count < CHAIN_LINKS_MAX)
            found->slopes[found->slope_count++] = (FoundNorm){stem, chain->count};
        else
            TRY(stem_refuse(stem));
    }
    if (chain->count == 0)
        TRY(status_error(STATUS_UNSUPPORTED, TR("it has no convolution and no dense layer")));
fail:
    return status;
}

// Layers that all follow each other at once are in an nn.ModuleList: what is between them is
// written elsewhere.
static void forget_lists(Chain *chain, const Stem *const *stems) {
    for (int first = 0, last; first + 1 < chain->count; first = last > first ? last : first + 1) {
        int most = -1;
        for (last = first; last + 1 < chain->count && chain->links[last].gap >= 0 &&
                           stems[last]->parent_size == stems[first]->parent_size &&
                           stems_share(stems[last], stems[first], stems[first]->parent_size);
             last++)
            if (chain->links[last].gap > most) most = chain->links[last].gap;
        for (int i = first; i < last && most == 0; i++) chain->links[i].gap = -1;
    }
}

static void find_gaps(const StemList *stems, Chain *chain, const Stem *const *link_stems) {
    for (int i = 0; i + 1 < chain->count; i++) {
        const Stem *a = link_stems[i], *b = link_stems[i + 1];
        ASSERT(a && b); // each link has come from one
        if (a->number < 0 || b->number <= a->number || a->parent_size != b->parent_size ||
            memcmp(a->name, b->name, a->parent_size) != 0)
            continue;
        int gap = b->number - a->number - 1;
        for (const Stem *s = a + 1; s < b && s < stems->items + stems->count; s++)
            gap -= !stem_is_slope(s);
        if (chain->links[i].conv && !chain->links[i + 1].conv && gap > 0) gap--; // nn.Flatten
        chain->links[i].gap = gap < 0 ? -1 : gap;
    }
    forget_lists(chain, link_stems);
}

static Status order_links(Chain *chain, const Stem **link_stems) {
    if (links_chain(chain->links, chain->count)) return status_ok();
    int from[CHAIN_LINKS_MAX];
    const Stem *old[CHAIN_LINKS_MAX];
    if (!links_sort(chain->links, from, chain->count)) {
        ChainLink plain[CHAIN_LINKS_MAX];
        memcpy(plain, chain->links, sizeof plain);
        if (links_chain_grouped(chain->links, chain->count)) return status_ok();
        memcpy(chain->links, plain, sizeof plain);
        return refuse_order(chain);
    }
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

static Status chain_build(const StemList *stems, Found *found, Chain *out) {
    const Stem *declared[CHAIN_LINKS_MAX];
    Status status;
    TRY(collect(stems, out, found));
    memcpy(declared, found->link_stems, sizeof declared);
    TRY(order_links(out, found->link_stems));
    norm_follow_order(found->norms, found->norm_count, found->link_stems, declared, out->count);
    norm_follow_order(found->slopes, found->slope_count, found->link_stems, declared, out->count);
    while (out->convs < out->count && out->links[out->convs].conv) out->convs++;
    for (int i = 0; i < found->norm_count; i++)
        if (!norm_place(out, &found->norms[i]))
            return stem_describe(found->norms[i].stem->parts[PART_MEAN],
                                 "is a batch norm whose size is that of no layer's output");
    TRY(slopes_place(out, found->slopes, found->slope_count));
    TRY(skips_find(&found->sides, found->link_stems, out));
    find_gaps(stems, out, found->link_stems);
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
    StemList stems = {0};
    Found *found = calloc(1, sizeof *found);
    Status status =
        found ? stems_find(bag, &stems) : status_no_memory("a list of layers", sizeof *found);
    if (status_is_ok(&status)) status = chain_build(&stems, found, out);
    // What makes three channels of one stands right in front of the first layer (bag_channels.h).
    if (tensor_bag_text(bag, "channels")) out->links[0].gap = 0;
    free(stems.items);
    free(found);
    return status;
}
