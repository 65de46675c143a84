// The modules of a state dict: the tensors whose names are the same up to the last dot, and what
// kind of module such a group is. For infer_chain.c, which puts them in order.
#ifndef INKLING_FORMATS_INFER_STEM_H
#define INKLING_FORMATS_INFER_STEM_H

#include "formats/infer_chain.h"

typedef enum StemPart {
    PART_WEIGHT,
    PART_BIAS,
    PART_MEAN,
    PART_VAR,
    PART_COUNTER,
    STEM_PARTS,
} StemPart;

typedef struct Stem {
    const char *name; // not terminated
    size_t size;
    const Tensor *parts[STEM_PARTS];
    int number;         // its last part when that is a number (nn.Sequential's), else -1
    size_t parent_size; // of the name in front of that number
    size_t block_size;  // of the name in front of "shortcut", "downsample" ...; 0: no such part
} Stem;

typedef struct StemList {
    Stem *items; // whoever asked for the list frees it
    int count;
} StemList;

// All tensors of the bag as modules, in the order in which their first tensors stand there.
Status stems_find(const TensorBag *bag, StemList *out);

// Both names begin with the same `size` bytes.
bool stems_share(const Stem *a, const Stem *b, size_t size);

// A convolution or dense layer.
bool stem_is_link(const Stem *stem);
// STATUS_UNSUPPORTED when its sizes make none.
Status stem_to_link(const Stem *stem, ChainLink *link);
bool stem_is_norm(const Stem *stem);
ChainNorm stem_norm(const Stem *stem);
int stem_norm_size(const Stem *stem);
// The slopes of a PReLU.
bool stem_is_slope(const Stem *stem);
// STATUS_UNSUPPORTED for whole numbers where weights should be.
Status stem_check_type(const Stem *stem);
// What it is, as far as that can be told: nothing that this program has.
Status stem_refuse(const Stem *stem);

// STATUS_UNSUPPORTED: "its tensor conv1.weight [6,1,5,5] " and why.
Status stem_describe(const Tensor *tensor, const char *why);

#endif
