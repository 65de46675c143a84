// The tensors of a file as a chain of layers with parameters: what each one is, in which order they
// run, which batch norm and PReLU stands behind which, and around which there is a skip. Only sizes
// and names are looked at; what stands between (activations, pools) is not here.
#ifndef INKLING_FORMATS_INFER_CHAIN_H
#define INKLING_FORMATS_INFER_CHAIN_H

#include "formats/tensor_bag.h"

enum { CHAIN_LINKS_MAX = 64, CHAIN_SKIPS_MAX = CHAIN_LINKS_MAX / 2 };

// One batch norm; all NULL when there is none. weight and bias are NULL for one without.
typedef struct ChainNorm {
    const Tensor *weight, *bias, *mean, *var;
} ChainNorm;

// A convolution or dense layer, and the batch norm and PReLU that belong to its output.
typedef struct ChainLink {
    bool conv;
    int in, out;                 // `in`: of all groups together
    int kernel_h, kernel_w;      // 0 for dense
    int groups;                  // of a convolution, usually 1
    const Tensor *weight, *bias; // bias may be NULL: zeros
    ChainNorm norm;
    const Tensor *slope; // of the PReLU that is its activation, one number or one per output; or
                         // NULL: it has another one
    // Modules without tensors between this one (its norm not counted) and the next one, where both
    // are numbered in the same nn.Sequential; -1: not known. So many activations, pools, dropouts.
    int gap;
} ChainLink;

// What goes into links[first] is added to what comes out of links[last] and its norm: a residual
// block.
typedef struct ChainSkip {
    int first, last;
    bool has_side; // not as it is but through `side` and its norm
    ChainLink side;
} ChainSkip;

typedef struct Chain {
    ChainNorm input_norm; // in front of everything
    ChainNorm flat_norm;  // between the flatten and the first dense layer
    ChainLink links[CHAIN_LINKS_MAX];
    int count;
    int convs; // the first so many links are convolutions, the others dense
    ChainSkip skips[CHAIN_SKIPS_MAX];
    int skip_count;
} Chain;

static inline bool chain_norm_is_there(const ChainNorm *norm) {
    return norm->mean != NULL;
}
// The skip that begins in front of, that ends behind, or that goes around a link; NULL: none.
const ChainSkip *chain_skip_from(const Chain *chain, int link);
const ChainSkip *chain_skip_to(const Chain *chain, int link);
const ChainSkip *chain_skip_around(const Chain *chain, int link);

// STATUS_UNSUPPORTED says which tensor is of no layer that there is, or where the sizes do not
// chain.
Status chain_find(const TensorBag *bag, Chain *out);

#endif
