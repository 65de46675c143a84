// Where the skips of a residual network are: a state dict does not say, but its names do, as people
// give them. Two or three convolutions under one name ("layer1.0.", "res2."), with or without a
// convolution beside them ("shortcut", "downsample").
#ifndef INKLING_FORMATS_INFER_SKIP_H
#define INKLING_FORMATS_INFER_SKIP_H

#include "formats/infer_stem.h"

// Layers and norms of a state dict that stand beside the chain.
typedef struct SideList {
    const Stem *stems[CHAIN_SKIPS_MAX]; // of the layers
    ChainLink links[CHAIN_SKIPS_MAX];   // norms and all
    int count;
} SideList;

// Does this stem stand beside the chain? One that does belongs to some block of `stems`.
bool skip_is_side(const StemList *stems, const Stem *stem);
// Finds the blocks of a chain whose links are in order. STATUS_UNSUPPORTED when a side belongs to
// none.
Status skips_find(const SideList *sides, const Stem *const *link_stems, Chain *chain);

#endif
