// Which network is this? From a bag of named tensors to a model that runs. A file of ours says so
// itself (metadata.h). Any other is taken as a chain: convolutions, dense layers and batch norms in
// the order of their tensors (infer_chain.h), strides, paddings and pools solved from the sizes
// that must fit (infer_shape.h). What shapes cannot tell (max or average pooling, the activation,
// the normalization ...) is decided by trying the few candidates on labelled images, if the caller
// has some, and by asking the batch norms (infer_witness.h), and else by what is most usual; the
// report says which was which.
#ifndef INKLING_FORMATS_INFER_H
#define INKLING_FORMATS_INFER_H

#include "formats/formats.h"
#include "formats/tensor_bag.h"

// Makes *out from the bag. STATUS_UNSUPPORTED with the tensors found when it is no network that can
// be told or that this program has layers for. `options` and `report` may be NULL.
Status infer_model(const TensorBag *bag, const InferOptions *options, SavedModel **out,
                   InferReport *report);

#endif
