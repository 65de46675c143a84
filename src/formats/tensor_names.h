// What a network's tensors were called in the file that it came from, so that a state dict goes
// back into the class that it is of, whatever formats lie between. One table for all formats: the
// keys of the file in its order, each with the tensor of the plan that was read from it, and the
// counters of PyTorch's batch norms with their values. A plain value in one block of memory.
//
// What is kept are the names that a plain class has: prefixes of wrappers (`module.`,
// `_orig_mod.`) are off, a weight that was put together from parts (bag_fold.h) is `X.weight`, and
// tensors that no layer has are not here. A layer of ours may have more tensors than the file (a
// bias of 0 where it had none): those have no key, and are written only once they are no longer
// what such a layer starts with, beside the layer's others (`X.bias`). Three channels that were
// made one (bag_channels.h) stay one: that class takes the names, but not the shapes.
//
// Not here: names of networks that are graphs, which the graph itself has.
#ifndef INKLING_FORMATS_TENSOR_NAMES_H
#define INKLING_FORMATS_TENSOR_NAMES_H

#include "base/text.h"
#include "formats/tensor_bag.h"
#include "nn/spec.h"

enum { TENSOR_NAMES_MAX = SPEC_TENSORS_MAX + SPEC_LAYERS_MAX };

typedef struct TensorName {
    char name[TENSOR_NAME_MAX]; // UTF-8 without control characters, each there once
    int tensor;                 // of ModelPlan.tensors; of a counter: the running_var beside it
    bool counts;                // num_batches_tracked, which is no tensor of ours
    int64_t batches;            // that it has counted; 0 for a tensor
} TensorName;

typedef struct TensorNames {
    float border; // the mean that the first bias has in it (border.h); 0: none
    int count;
    TensorName items[]; // TENSOR_NAMES_MAX of them have room
} TensorNames;

// An empty table; NULL without memory. free() is all that it takes to be rid of one.
TensorNames *tensor_names_open(void);
// A table of the plan's own names, with counters at 0.
TensorNames *tensor_names_plain(const ModelPlan *plan);
// NULL for NULL, or without memory.
TensorNames *tensor_names_copy(const TensorNames *names);
// False, and nothing is added, for a name that cannot be kept: empty, too long, not UTF-8, with
// control characters, "__metadata__", or there already; or a tensor that has a name already.
bool tensor_names_add(TensorNames *names, const TensorName *item);
// The key of a tensor, NULL when it has none. `counter`: that of the counter beside it.
const TensorName *tensor_names_of(const TensorNames *names, int tensor, bool counter);
// Counters go on by so many batches (or back), never below 0.
void tensor_names_count(TensorNames *names, long long batches);

// The table of a bag that a network was read from: from[i] is where the numbers of tensor i of the
// plan came from, NULL where it is what the layer starts with. *out is NULL when that is what the
// file would be called without a table.
Status tensor_names_find(const TensorBag *bag, const ModelPlan *plan, const Tensor *const *from,
                         TensorNames **out);
// Counters take the values that the bag has for them.
void tensor_names_take_counters(TensorNames *names, const TensorBag *bag);
// Frees a table that says no more than the plan does.
void tensor_names_settle(TensorNames **names, const ModelPlan *plan);

// What is written of a network. Its keys, then the tensors that have none: all of them, or only
// those whose numbers are no longer what the layer starts with. `names` NULL: the plan's tensors
// under its names. STATUS_MEMORY.
typedef enum TensorNamesUse { NAMES_ALL, NAMES_CHANGED } TensorNamesUse;
Status tensor_names_written(const TensorNames *names, const ModelPlan *plan, const float *weights,
                            TensorNamesUse use, TensorNames **out);
// The numbers of a tensor that no file has given: 0 for a bias, else TensorInfo.initial.
float tensor_names_start(const TensorInfo *tensor);

// As text, for metadata.h: one key a line in the file's order, the plan's name for it first:
//   conv1.weight layer1.0.weight
//   bn1.num_batches_tracked 18760 layer1.1.num_batches_tracked
// The error of reading names the line.
void tensor_names_print(const TensorNames *names, const ModelPlan *plan, Text *out);
Status tensor_names_parse(const char *text, const ModelPlan *plan, TensorNames **out);

#endif
