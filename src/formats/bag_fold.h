// Weights that a file holds in parts, because something kept them in shape while they were trained:
// weight norm, spectral norm and pruning of torch.nn.utils, as they write them before and after
// parametrizations. And single numbers that are of no layer, such as counters of averaging or
// metrics, which are left aside.
#ifndef INKLING_FORMATS_BAG_FOLD_H
#define INKLING_FORMATS_BAG_FOLD_H

#include "formats/tensor_bag.h"

// *out: a bag with whole weights, each in the place of its first part, and a word in its "note"
// about what is left aside; NULL when `bag` is good as it is. Lends numbers of `bag`, which must
// outlive it.
Status bag_fold(const TensorBag *bag, TensorBag **out);

#endif
