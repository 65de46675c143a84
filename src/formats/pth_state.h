// From the values of a pickle to a bag of tensors: which dict of a checkpoint is the state dict,
// and where each tensor's numbers lie. The same for both of PyTorch's file formats.
#ifndef INKLING_FORMATS_PTH_STATE_H
#define INKLING_FORMATS_PTH_STATE_H

#include "formats/pickle.h"
#include "formats/tensor_bag.h"

// The bytes of a storage, valid as long as the bag. `storage` is a PICKLE_STORAGE and `type` the
// type of its numbers.
typedef struct PthStorages PthStorages;
struct PthStorages {
    Status (*find)(PthStorages *storages, const PickleValue *storage, TensorType type,
                   const unsigned char **data, size_t *size);
};

// Adds the tensors of the state dict in `root` to `bag`, prefixes of wrappers taken off, and under
// "note" what of the file was left aside. The error says what was found instead of a state dict.
Status pth_take_state(const PickleValue *root, PthStorages *storages, TensorBag *bag);

#endif
