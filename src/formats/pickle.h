// A reader of Python pickles that runs nothing. A pickle is a program for a small stack machine
// that may call any function of Python; this machine knows only the few classes that PyTorch's own
// files need (tensors, their storages, dicts, tuples, numbers, text) and refuses every other by
// name, without looking further. Protocols 0 to 5. No recursion: values may share and even contain
// each other, so whoever walks them must bound its own depth.
//
// Source: the opcodes as CPython's Lib/pickletools.py documents them.
#ifndef INKLING_FORMATS_PICKLE_H
#define INKLING_FORMATS_PICKLE_H

#include "base/status.h"
#include "formats/tensor_bag.h"

#include <stddef.h>
#include <stdint.h>

typedef enum PickleKind {
    PICKLE_NONE,
    PICKLE_BOOL,    // integer 0 or 1
    PICKLE_INTEGER, // integer
    PICKLE_BIG,     // an integer beyond 64 bits: its bytes, low first, as text
    PICKLE_NUMBER,  // number
    PICKLE_TEXT,    // text: a str
    PICKLE_BYTES,   // text: bytes or bytearray
    PICKLE_TUPLE,   // items
    PICKLE_LIST,    // items (a set too)
    PICKLE_DICT,    // items: key, value, key, value ... as set, a key may come again
    PICKLE_STORAGE, // items: type (a PICKLE_TYPE), key (TEXT), count (INTEGER),
                    // view (NONE or TUPLE)
    PICKLE_TENSOR,  // items: storage, offset, sizes, strides, type (NONE: that of the storage)
    PICKLE_TYPE,    // integer: a TensorType, or -1 for one that is not among them
    PICKLE_CLASS,   // one of the allowed classes or functions, not called yet
    PICKLE_OTHER,   // something allowed that nobody needs (torch.device ...)
} PickleKind;

typedef struct PickleValue PickleValue;
struct PickleValue {
    PickleKind kind;
    int64_t integer;
    double number;
    const char *text; // not NUL-terminated: points into the pickle
    size_t size;      // bytes of text, or count of items
    size_t capacity;
    PickleValue **items;
    const void *class_row;
};

typedef struct Pickle Pickle;

enum { PICKLE_SIZE_MAX = 32 * 1024 * 1024, PICKLE_MEMORY_MAX = 64 * 1024 * 1024 };

// Reads the pickle at the front of `data` and says how long it is. `data` must outlive *out.
// STATUS_UNSUPPORTED for a class or function that is not allowed, with its name.
Status pickle_read(const unsigned char *data, size_t size, size_t *used, Pickle **out);
void pickle_close(Pickle **pickle);
const PickleValue *pickle_root(const Pickle *pickle);
// Every PICKLE_STORAGE that the pickle names, as items; one may be there several times.
const PickleValue *pickle_storages(const Pickle *pickle);

// Places in the items of a PICKLE_STORAGE and of a PICKLE_TENSOR.
enum { PICKLE_STORAGE_TYPE, PICKLE_STORAGE_KEY, PICKLE_STORAGE_COUNT, PICKLE_STORAGE_VIEW };
enum {
    PICKLE_TENSOR_STORAGE,
    PICKLE_TENSOR_OFFSET,
    PICKLE_TENSOR_SIZES,
    PICKLE_TENSOR_STRIDES,
    PICKLE_TENSOR_TYPE,
};

bool pickle_text_is(const PickleValue *value, const char *text);
// The value of a dict's key, NULL when there is none or `dict` is no dict.
const PickleValue *pickle_get(const PickleValue *dict, const char *key);

#endif
