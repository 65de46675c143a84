// Blocks by the beginnings of names.
#include "formats/infer_skip.h"

#include <string.h>
#include <strings.h>

enum { BLOCK_LINKS_MAX = 3 };

bool skip_is_side(const StemList *stems, const Stem *stem) {
    if (stem->block_size == 0) return false;
    for (int i = 0; i < stems->count; i++) {
        const Stem *other = &stems->items[i];
        if (stem_is_link(other) && other->block_size == 0 &&
            stems_share(stem, other, stem->block_size))
            return true;
    }
    return false;
}

// The convolutions from `first` on whose names begin like its own, up to `size` bytes.
static int block_count(const Chain *chain, const Stem *const *stems, int first, size_t size) {
    int count = 0;
    while (first + count < chain->count && chain->links[first + count].conv &&
           stems_share(stems[first], stems[first + count], size))
        count++;
    return count;
}

static const ChainLink *find_side(const SideList *sides, const Stem *stem, size_t size) {
    for (int i = 0; i < sides->count; i++)
        if (sides->stems[i]->block_size == size && stems_share(stem, sides->stems[i], size))
            return &sides->links[i];
    return NULL;
}

static bool name_has(const char *name, size_t size, const char *word) {
    size_t length = strlen(word);
    for (size_t at = 0; at + length <= size; at++)
        if (strncasecmp(name + at, word, length) == 0) return true;
    return false;
}

// What people call a block that has a skip, or "layer1.0.": a layer of numbered blocks.
static bool name_of_block(const char *name, size_t size, bool sides) {
    if (name_has(name, size, "res") || name_has(name, size, "block")) return true;
    bool numbered = size >= 2 && name[size - 2] >= '0' && name[size - 2] <= '9';
    return sides && numbered;
}

// The longest beginning of the name of link `first` that makes a block of it and its neighbours.
static bool block_find(const SideList *sides, const Stem *const *stems, const Chain *chain,
                       int first, ChainSkip *out) {
    const Stem *stem = stems[first];
    for (size_t size = stem->size; size > 0; size--) {
        if (stem->name[size - 1] != '.') continue;
        int count = block_count(chain, stems, first, size);
        const ChainLink *side = find_side(sides, stem, size);
        if (count < 2 || count > BLOCK_LINKS_MAX ||
            (first > 0 && stems_share(stem, stems[first - 1], size)))
            continue;
        const ChainLink *a = &chain->links[first], *b = &chain->links[first + count - 1];
        if (side ? side->in != a->in || side->out != b->out
                 : a->in != b->out || a->in == 1 ||
                       !name_of_block(stem->name, size, sides->count > 0))
            continue;
        *out = (ChainSkip){.first = first, .last = first + count - 1, .has_side = side != NULL};
        if (side) out->side = *side;
        return true;
    }
    return false;
}

Status skips_find(const SideList *sides, const Stem *const *link_stems, Chain *chain) {
    int used = 0;
    for (int i = 0; i < chain->convs; i++) {
        ChainSkip skip;
        if (chain->skip_count == CHAIN_SKIPS_MAX || !block_find(sides, link_stems, chain, i, &skip))
            continue;
        chain->skips[chain->skip_count++] = skip;
        used += skip.has_side;
        i = skip.last;
    }
    if (used == sides->count) return status_ok();
    return stem_describe(sides->stems[0]->parts[PART_WEIGHT],
                         "stands beside its other layers in a way that is not known here; a "
                         "network with such branches can be read from .onnx (torch.onnx.export)");
}

const ChainSkip *chain_skip_from(const Chain *chain, int link) {
    for (int i = 0; i < chain->skip_count; i++)
        if (chain->skips[i].first == link) return &chain->skips[i];
    return NULL;
}

const ChainSkip *chain_skip_to(const Chain *chain, int link) {
    for (int i = 0; i < chain->skip_count; i++)
        if (chain->skips[i].last == link) return &chain->skips[i];
    return NULL;
}

const ChainSkip *chain_skip_around(const Chain *chain, int link) {
    for (int i = 0; i < chain->skip_count; i++)
        if (chain->skips[i].first <= link && link <= chain->skips[i].last) return &chain->skips[i];
    return NULL;
}
