// Networks that were trained on a grey picture in three channels, as those made for photographs
// want it: brought to one. The same numbers in all three, normalized alike, is one channel with the
// sum of the first convolution's weights. Where each channel has its own normalization
// (ImageNet's), a 1x1 convolution in front makes the three, so that a border of zeros stays what it
// was.
#ifndef INKLING_FORMATS_BAG_CHANNELS_H
#define INKLING_FORMATS_BAG_CHANNELS_H

#include "formats/bag_aside.h"

// ImageNet's, of torchvision's networks.
extern const BagNormalization bag_imagenet;

// Is its first convolution one of three channels?
bool bag_has_channels(const TensorBag *bag);
// Its three channels are normalized alike.
bool bag_normalization_is_grey(const BagNormalization *n);
// *out: the same for pictures of one channel, with a word in its "note". `each`: what the file's
// three channels are normalized with, which the network then does itself, and the text "channels"
// is set; NULL: all alike. Lends numbers of `bag`, which must outlive it.
Status bag_channels(const TensorBag *bag, const BagNormalization *each, TensorBag **out);

#endif
