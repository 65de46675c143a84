// Weights that a file holds in parts, because something kept them in shape while they were trained:
// weight norm, spectral norm and pruning of torch.nn.utils, as they write them before and after
// parametrizations. And what is of no layer (bag_aside.h), which is left aside.
#ifndef INKLING_FORMATS_BAG_FOLD_H
#define INKLING_FORMATS_BAG_FOLD_H

#include "formats/tensor_bag.h"

// *out: a bag with whole weights, each in the place of its first part, and a word in its "note"
// about what is left aside; NULL when `bag` is good as it is. Lends numbers of `bag`, which must
// outlive it.
Status bag_fold(const TensorBag *bag, TensorBag **out);

// Puts a tensor of another bag, which must outlive it, into `bag`.
Status bag_lend(TensorBag *bag, const Tensor *tensor);

#endif
