// A tensor of a graph: type, shape and numbers in host memory, and what each type is. Narrow types
// are kept wide while a graph runs (float for halves, 64-bit integers for all integers) and are
// rounded or wrapped to their range after every node, so that each operator is written for three
// kinds of numbers and not for thirteen.
#ifndef INKLING_GRAPH_TENSOR_H
#define INKLING_GRAPH_TENSOR_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { GRAPH_RANK_MAX = 8, GRAPH_TEXT_MAX = 48 };

typedef enum GraphType {
    GRAPH_F32,
    GRAPH_F64,
    GRAPH_F16,
    GRAPH_BF16,
    GRAPH_I8,
    GRAPH_I16,
    GRAPH_I32,
    GRAPH_I64,
    GRAPH_U8,
    GRAPH_U16,
    GRAPH_U32,
    GRAPH_U64,
    GRAPH_BOOL,
    GRAPH_TEXT,   // strings of at most GRAPH_TEXT_MAX - 1 bytes
    GRAPH_OPAQUE, // something else (a sequence ...): bytes that may only be handed on
    GRAPH_TYPE_COUNT,
} GraphType;

// How the numbers of a type lie in GraphTensor.data.
typedef enum GraphStorage {
    GRAPH_AS_FLOAT,   // float
    GRAPH_AS_DOUBLE,  // double
    GRAPH_AS_INTEGER, // int64_t; U64: the same bits
    GRAPH_AS_TEXT,    // char[GRAPH_TEXT_MAX], zero-filled
    GRAPH_AS_BYTES,
} GraphStorage;

typedef struct GraphTypeRow {
    const char *name;
    GraphStorage storage;
    int bits; // 0: does not matter
    bool is_signed;
} GraphTypeRow;
extern const GraphTypeRow graph_types[GRAPH_TYPE_COUNT];

// Row-major. A single number has rank 0.
typedef struct GraphTensor {
    GraphType type;
    int rank;
    size_t dims[GRAPH_RANK_MAX];
    size_t count; // product of dims
    void *data;   // as graph_types[type].storage says
} GraphTensor;

// Bytes of one element in memory.
size_t graph_element_size(GraphType type);
static inline GraphStorage graph_storage(const GraphTensor *tensor) {
    return graph_types[tensor->type].storage;
}

// Little-endian numbers of a type as files have them (`bits` / 8 bytes each) into tensor->data,
// which has room for tensor->count. Not for text.
void graph_tensor_load(GraphTensor *tensor, const unsigned char *bytes);
// The other way round: what graph_tensor_load would read back the same.
void graph_tensor_store(const GraphTensor *tensor, unsigned char *bytes);
// Rounds or wraps every number to what its type can hold.
void graph_tensor_round(GraphTensor *tensor);
// Numbers and texts of one type as another, to->data having room: as C converts, except that halves
// round to nearest even, integers wrap and no conversion is undefined. STATUS_FORMAT when a text is
// no number.
Status graph_tensor_convert(const GraphTensor *from, GraphTensor *to);

// "float32 [1,6,28,28]"
void graph_tensor_print(const GraphTensor *tensor, char out[96]);

#endif
