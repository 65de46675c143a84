// The tensors of a file as a chain of layers with parameters: what each one is, in which order they
// run, and which batch norm stands behind which. Only sizes and names are looked at; what stands
// between (activations, pools) is not here.
#ifndef INKLING_FORMATS_INFER_CHAIN_H
#define INKLING_FORMATS_INFER_CHAIN_H

#include "formats/tensor_bag.h"

enum { CHAIN_LINKS_MAX = 24 };

// One batch norm; all NULL when there is none. weight and bias are NULL for one without.
typedef struct ChainNorm {
    const Tensor *weight, *bias, *mean, *var;
} ChainNorm;

// A convolution or dense layer and the batch norm that belongs to its output.
typedef struct ChainLink {
    bool conv;
    int in, out, kernel;         // kernel 0 for dense
    const Tensor *weight, *bias; // bias may be NULL: zeros
    ChainNorm norm;
    // Modules without tensors between this one (its norm not counted) and the next one, where both
    // are numbered in the same nn.Sequential; -1: not known. So many activations, pools, dropouts.
    int gap;
} ChainLink;

typedef struct Chain {
    ChainNorm input_norm; // in front of everything
    ChainNorm flat_norm;  // between the flatten and the first dense layer
    ChainLink links[CHAIN_LINKS_MAX];
    int count;
    int convs; // the first so many links are convolutions, the others dense
} Chain;

static inline bool chain_norm_is_there(const ChainNorm *norm) {
    return norm->mean != NULL;
}

// STATUS_UNSUPPORTED says which tensor is of no layer that there is, or where the sizes do not
// chain.
Status chain_find(const TensorBag *bag, Chain *out);

#endif
