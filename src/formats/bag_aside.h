// What stands in a state dict beside the layers: class weights of a loss, counters of metrics,
// averaged copies, and the mean and deviation of a network that normalizes its pictures itself.
// Told by names and sizes, as people give them. For bag_fold.c. Which layers there are is
// infer_stem.h's.
#ifndef INKLING_FORMATS_BAG_ASIDE_H
#define INKLING_FORMATS_BAG_ASIDE_H

#include "formats/tensor_bag.h"

// A tensor that is of no layer and whose absence changes no answer.
bool tensor_is_aside(const TensorBag *bag, const Tensor *tensor);

// Mean and deviation per channel of pictures from 0 to 1; `channels`: 1 or 3.
typedef struct BagNormalization {
    int channels;
    float mean[3], std[3];
    const Tensor *tensors[2]; // where they are held; of the bag
} BagNormalization;

// Finds those that the file holds. False: it holds none, or several.
bool bag_normalization(const TensorBag *bag, BagNormalization *out);

#endif
