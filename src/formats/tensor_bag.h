// The named tensors of a file as they lie there, before anybody knows which network they belong to:
// names, types, shapes, and where their numbers are. Numbers are turned into floats only when a
// model takes them, so a bag costs little more than its file. Host memory; one thread at a time.
#ifndef INKLING_FORMATS_TENSOR_BAG_H
#define INKLING_FORMATS_TENSOR_BAG_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    TENSOR_RANK_MAX = 8,
    TENSOR_NAME_MAX = 192,       // bytes with the NUL; a longer name is refused
    TENSOR_BAG_MAX = 8192,       // tensors of one bag
    TENSOR_TEXT_MAX = 256 * 1024 // bytes of one metadata value: names of all tensors at most
};

// What a number of a tensor is, as its file says. All little-endian.
typedef enum TensorType {
    TENSOR_F32,
    TENSOR_F64,
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_I64,
    TENSOR_I32,
    TENSOR_I16,
    TENSOR_I8,
    TENSOR_U8,
    TENSOR_BOOL,
    TENSOR_TYPE_COUNT,
} TensorType;

typedef struct TensorTypeRow {
    const char *name; // "float32", as PyTorch says
    size_t size;      // bytes
    bool is_float;
    float (*to_float)(const unsigned char *bytes);
} TensorTypeRow;
extern const TensorTypeRow tensor_types[TENSOR_TYPE_COUNT];

// dims and strides count elements; element (i0, i1 ...) lies at data + (sum of i*stride) * size.
typedef struct Tensor {
    char name[TENSOR_NAME_MAX];
    TensorType type;
    int rank; // 0: a single number
    size_t dims[TENSOR_RANK_MAX];
    size_t strides[TENSOR_RANK_MAX];
    size_t count;              // product of dims
    const unsigned char *data; // belongs to the bag or to whoever made it
} Tensor;

typedef struct TensorBag TensorBag;

// An empty bag. `size_limit`: the bytes that all its tensors may come to as floats, which keeps a
// file of a few bytes with absurd strides from becoming gigabytes.
Status tensor_bag_open(size_t size_limit, TensorBag **out);
void tensor_bag_close(TensorBag **bag);

// Adds a tensor. `room`: bytes that may be read from tensor->data on; every element is checked to
// lie within. Names are not empty, are UTF-8 and are there once. `strides` are taken as they are;
// tensor_pack_strides fills them in for a dense one.
Status tensor_bag_add(TensorBag *bag, const Tensor *tensor, size_t room);
void tensor_pack_strides(Tensor *tensor);
// The bag frees `block` (from malloc) when it closes. Takes it in every case.
Status tensor_bag_own(TensorBag *bag, void *block);

// Metadata: the last one set of a key counts. NULL when there is none.
Status tensor_bag_set_text(TensorBag *bag, const char *key, const char *value);
const char *tensor_bag_text(const TensorBag *bag, const char *key);
// All of them, in the order set; NULL behind the last. Gives the key.
const char *tensor_bag_text_at(const TensorBag *bag, int index, const char **value);

int tensor_bag_count(const TensorBag *bag);
const Tensor *tensor_bag_at(const TensorBag *bag, int index); // in the order added
const Tensor *tensor_bag_find(const TensorBag *bag, const char *name);

// All numbers in row-major order, count of them.
void tensor_read(const Tensor *tensor, float *out);
// "conv1.weight [6,1,5,5]" for a message: unprintable bytes replaced, long names cut.
void tensor_print(const Tensor *tensor, char out[128]);
// The same for all of them, as many as a sentence carries: "a [1], b [2] and 3 more".
void tensor_bag_print(const TensorBag *bag, char *out, size_t size);

#endif
