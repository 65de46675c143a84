// What makes a bare list of tensors a network again, as pairs of text under keys of our own:
//   inkling.layers        the notation (nn/spec.h); without it the file is somebody else's
//   inkling.name          for people
//   inkling.input         "1x28x28", or "784" for a flat input
//   inkling.mean, .std    normalization
//   inkling.classes       names, one a line
//   inkling.border        "2": of paper, around the pictures before they are normalized (border.h);
//                         the notation has it in the first padding, the first bias is the file's
//   inkling.settings, .record, .temperature, .threshold
//   inkling.tensors       what the tensors are called where that is not as the layers are, and in
//                         which order, one a line (tensor_names.h): a file that came from a class
//                         of somebody else's keeps the names of that class
// Every format keeps the same pairs in its own place. Not here: guessing without them (infer.h).
#ifndef INKLING_FORMATS_METADATA_H
#define INKLING_FORMATS_METADATA_H

#include "base/text.h"
#include "formats/formats.h"
#include "formats/tensor_bag.h"

// Sets the pairs of a model. STATUS_USAGE when one of its texts is not UTF-8.
Status metadata_take(const SavedModel *model, TensorBag *bag);

// True when the bag says which network it holds.
bool metadata_has(const TensorBag *bag);
// The network that the pairs describe, with the bag's tensors, which must be exactly the ones that
// its layers need, under the names that inkling.tensors says. Those with no name there may be
// missing where layers start with something of their own (a bias). PyTorch's counters
// num_batches_tracked are kept where inkling.tensors names them: the bag's value, else the one
// that stands there; others are passed over.
Status metadata_make(const TensorBag *bag, SavedModel **out);
// Sets what the pairs say beside the layers on a model that has its network from elsewhere.
Status metadata_apply(const TensorBag *bag, SavedModel *model);

// The pairs as text, one "key: value" a line (newline and backslash in a value are escaped), for
// formats that have no place for pairs; and back.
#define METADATA_ENTRY "inkling.txt"
enum { METADATA_TEXT_MAX = 640 * 1024 };
void metadata_print(const TensorBag *bag, Text *out);
Status metadata_parse(const char *text, size_t size, TensorBag *bag);

#endif
