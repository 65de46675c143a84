// What the two halves of the pickle reader share: the machine's memory and stack (pickle.c) and the
// few classes it may call (pickle_torch.c). For those two files only.
#ifndef INKLING_FORMATS_PICKLE_MACHINE_H
#define INKLING_FORMATS_PICKLE_MACHINE_H

#include "formats/pickle.h"

typedef struct PickleChunk PickleChunk;

struct Pickle {
    PickleChunk *chunks;
    size_t memory_used;
    PickleValue *root;
    PickleValue storages; // a list of all that were named, whoever uses them
};

// Zero-filled, freed with the pickle. NULL when the limit or the machine's memory is reached.
void *pickle_alloc(Pickle *pickle, size_t bytes);
PickleValue *pickle_new(Pickle *pickle, PickleKind kind);
bool pickle_append(Pickle *pickle, PickleValue *list, PickleValue *item);
Status pickle_no_memory(void);

// An allowed class or function. `call` makes the value that it would return for `args` (a tuple);
// NULL: it is only ever handed on.
typedef struct PickleClass PickleClass;
struct PickleClass {
    const char *module, *name;
    Status (*call)(Pickle *pickle, const PickleClass *row, const PickleValue *args,
                   PickleValue **out);
    PickleKind kind; // of the value that naming it gives
    int type;        // TensorType of a dtype or a storage class, -1 for none of ours
};

// NULL when it is not allowed.
const PickleClass *pickle_find_class(const char *module, size_t module_size, const char *name,
                                     size_t name_size);
// What a persistent id stands for: PyTorch's storages.
Status pickle_make_storage(Pickle *pickle, const PickleValue *id, PickleValue **out);

#endif
