// The JSON in front of a safetensors file, read into plain values and written from them. This is
// the one file of the room that knows a JSON library.
#ifndef INKLING_FORMATS_SAFETENSORS_HEADER_H
#define INKLING_FORMATS_SAFETENSORS_HEADER_H

#include "base/status.h"
#include "base/text.h"
#include "formats/tensor_bag.h"
#include "formats/tensor_names.h"

#include <stddef.h>

enum {
    SAFETENSORS_RANK_MAX = 8,
    SAFETENSORS_TENSORS_MAX = 8192,
    SAFETENSORS_HEADER_MAX = 4 * 1024 * 1024, // keeps the parsed tree within 256 MB
};

// What a number of a tensor is.
typedef struct SafetensorsType {
    const char *name; // "F32"
    size_t size;      // bytes
    TensorType type;  // TENSOR_TYPE_COUNT: none of ours
} SafetensorsType;

typedef struct SafetensorsTensor {
    const char *name; // as in the file: any UTF-8; belongs to the header
    const SafetensorsType *type;
    int rank;
    size_t dims[SAFETENSORS_RANK_MAX];
    size_t count;      // product of dims
    size_t begin, end; // bytes, from the end of the header; end - begin == count * type->size
} SafetensorsTensor;

typedef struct SafetensorsHeader {
    void *json;                 // the parsed text, where the strings live
    SafetensorsTensor *tensors; // in the order of their data
    int count;
} SafetensorsHeader;

// Reads `size` bytes of JSON. Everything is checked against `data_size`, the bytes behind it:
// shapes and offsets do not overflow, every tensor has exactly its bytes, no two share any, none
// are left over, names are there once. The error says which tensor; the caller puts the file's
// name in front.
Status safetensors_header_read(const char *text, size_t size, size_t data_size,
                               SafetensorsHeader *out);
void safetensors_header_close(SafetensorsHeader *header);

// The pairs of __metadata__, one after the other: the key of pair `index` and its value; NULL
// behind the last one.
const char *safetensors_header_at(const SafetensorsHeader *header, int index, const char **value);

// `name [6,1,5,5]` for a message: unprintable bytes replaced, long names cut.
void safetensors_tensor_print(const SafetensorsTensor *tensor, char out[128]);

// One pair of __metadata__.
typedef struct SafetensorsPair {
    const char *key, *value;
} SafetensorsPair;

// Appends the JSON for these pairs and the keys of the plan's tensors, in their order, padded with
// blanks so that 8 + its size is a multiple of 8. The numbers lie one behind the other: first those
// of counters, as I64 (so that they are aligned), then those of tensors, as F32.
void safetensors_header_write(const SafetensorsPair *pairs, int pair_count, const TensorNames *keys,
                              const ModelPlan *plan, Text *out);

#endif
