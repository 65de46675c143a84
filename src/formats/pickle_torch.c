// The classes and functions that a pickle may name, one row each. Nothing of Python's is run: a row
// says which plain value comes out.
#include "formats/pickle_machine.h"

#include <string.h>

// The arguments of torch._utils._rebuild_tensor_v2.
enum { REBUILD_STORAGE, REBUILD_OFFSET, REBUILD_SIZES, REBUILD_STRIDES };
// PyTorch's own places of the arguments in _rebuild_tensor_v3.
enum { REBUILD_V3_TYPE = 6 };
enum { STORAGE_WORD, STORAGE_CLASS, STORAGE_KEY, STORAGE_PLACE, STORAGE_COUNT, STORAGE_VIEW };

static Status wrong_arguments(const PickleClass *row) {
    return status_error(STATUS_FORMAT, "%s.%s is given arguments that do not fit", row->module,
                        row->name);
}

// OrderedDict() or OrderedDict([(key, value) ...]), and dicts that are like it.
static Status call_dict(Pickle *pickle, const PickleClass *row, const PickleValue *args,
                        PickleValue **out) {
    *out = pickle_new(pickle, PICKLE_DICT);
    if (!*out) return pickle_no_memory();
    const PickleValue *last = args->size ? args->items[args->size - 1] : NULL;
    if (!last || last->kind == PICKLE_NONE || last->kind == PICKLE_CLASS) return status_ok();
    if (last->kind != PICKLE_LIST && last->kind != PICKLE_TUPLE && last->kind != PICKLE_DICT)
        return wrong_arguments(row);
    for (size_t i = 0; i < last->size; i++) {
        const PickleValue *pair = last->items[i];
        if (last->kind == PICKLE_DICT) {
            if (!pickle_append(pickle, *out, last->items[i])) return pickle_no_memory();
            continue;
        }
        if ((pair->kind != PICKLE_LIST && pair->kind != PICKLE_TUPLE) || pair->size != 2)
            return wrong_arguments(row);
        if (!pickle_append(pickle, *out, pair->items[0]) ||
            !pickle_append(pickle, *out, pair->items[1]))
            return pickle_no_memory();
    }
    return status_ok();
}

// torch.Size((1, 2)), set([..]): what they are given.
static Status call_sequence(Pickle *pickle, const PickleClass *row, const PickleValue *args,
                            PickleValue **out) {
    if (args->size > 1) return wrong_arguments(row);
    *out = args->size ? args->items[0] : pickle_new(pickle, PICKLE_TUPLE);
    if (!*out) return pickle_no_memory();
    if ((*out)->kind != PICKLE_TUPLE && (*out)->kind != PICKLE_LIST) return wrong_arguments(row);
    return status_ok();
}

// torch.device("cuda:0") and others whose value is of no interest here.
static Status call_other(Pickle *pickle, const PickleClass *row, const PickleValue *args,
                         PickleValue **out) {
    (void)row;
    (void)args;
    *out = pickle_new(pickle, PICKLE_OTHER);
    return *out ? status_ok() : pickle_no_memory();
}

// _codecs.encode("...", "latin1"): how protocol 2 writes bytes.
static Status call_encode(Pickle *pickle, const PickleClass *row, const PickleValue *args,
                          PickleValue **out) {
    if (args->size < 1 || args->items[0]->kind != PICKLE_TEXT) return wrong_arguments(row);
    *out = pickle_new(pickle, PICKLE_BYTES);
    if (!*out) return pickle_no_memory();
    (*out)->text = args->items[0]->text;
    (*out)->size = args->items[0]->size;
    return status_ok();
}

static Status call_rebuild(Pickle *pickle, const PickleClass *row, const PickleValue *args,
                           PickleValue **out) {
    if (args->size < 4 || args->items[REBUILD_STORAGE]->kind != PICKLE_STORAGE ||
        args->items[REBUILD_OFFSET]->kind != PICKLE_INTEGER ||
        args->items[REBUILD_SIZES]->kind != PICKLE_TUPLE ||
        args->items[REBUILD_STRIDES]->kind != PICKLE_TUPLE)
        return wrong_arguments(row);
    PickleValue *type = NULL;
    if (row->type == 3) { // version 3 carries the type itself
        if (args->size <= REBUILD_V3_TYPE || args->items[REBUILD_V3_TYPE]->kind != PICKLE_TYPE)
            return wrong_arguments(row);
        type = args->items[REBUILD_V3_TYPE];
    } else {
        type = pickle_new(pickle, PICKLE_NONE);
    }
    *out = pickle_new(pickle, PICKLE_TENSOR);
    if (!*out || !type) return pickle_no_memory();
    for (int i = 0; i < 4; i++)
        if (!pickle_append(pickle, *out, args->items[i])) return pickle_no_memory();
    return pickle_append(pickle, *out, type) ? status_ok() : pickle_no_memory();
}

// nn.Parameter(tensor): the tensor.
static Status call_parameter(Pickle *pickle, const PickleClass *row, const PickleValue *args,
                             PickleValue **out) {
    (void)pickle;
    if (args->size < 1 || args->items[0]->kind != PICKLE_TENSOR) return wrong_arguments(row);
    *out = args->items[0];
    return status_ok();
}

#define STORAGE_ROW(class, id)                                                                     \
    {"torch", class, NULL, PICKLE_TYPE, id}, {                                                     \
        "torch.cuda", class, NULL, PICKLE_TYPE, id                                                 \
    }
#define TYPE_ROW(word, id)                                                                         \
    { "torch", word, NULL, PICKLE_TYPE, id }

static const PickleClass pickle_classes[] = {
    {"collections", "OrderedDict", call_dict, PICKLE_CLASS, 0},
    {"collections", "Counter", call_dict, PICKLE_CLASS, 0},
    {"collections", "defaultdict", call_dict, PICKLE_CLASS, 0},
    {"builtins", "dict", call_dict, PICKLE_CLASS, 0},
    {"__builtin__", "dict", call_dict, PICKLE_CLASS, 0},
    {"builtins", "set", call_sequence, PICKLE_CLASS, 0},
    {"__builtin__", "set", call_sequence, PICKLE_CLASS, 0},
    {"torch", "Size", call_sequence, PICKLE_CLASS, 0},
    {"torch", "device", call_other, PICKLE_CLASS, 0},
    {"_codecs", "encode", call_encode, PICKLE_CLASS, 0},
    {"torch._utils", "_rebuild_tensor", call_rebuild, PICKLE_CLASS, 1},
    {"torch._utils", "_rebuild_tensor_v2", call_rebuild, PICKLE_CLASS, 2},
    {"torch._utils", "_rebuild_tensor_v3", call_rebuild, PICKLE_CLASS, 3},
    {"torch._utils", "_rebuild_parameter", call_parameter, PICKLE_CLASS, 0},
    {"torch._utils", "_rebuild_parameter_with_state", call_parameter, PICKLE_CLASS, 0},
    {"torch.nn.parameter", "Parameter", call_parameter, PICKLE_CLASS, 0},
    STORAGE_ROW("FloatStorage", TENSOR_F32),
    STORAGE_ROW("DoubleStorage", TENSOR_F64),
    STORAGE_ROW("HalfStorage", TENSOR_F16),
    STORAGE_ROW("BFloat16Storage", TENSOR_BF16),
    STORAGE_ROW("LongStorage", TENSOR_I64),
    STORAGE_ROW("IntStorage", TENSOR_I32),
    STORAGE_ROW("ShortStorage", TENSOR_I16),
    STORAGE_ROW("CharStorage", TENSOR_I8),
    STORAGE_ROW("ByteStorage", TENSOR_U8),
    STORAGE_ROW("BoolStorage", TENSOR_BOOL),
    STORAGE_ROW("ComplexFloatStorage", -1),
    STORAGE_ROW("ComplexDoubleStorage", -1),
    STORAGE_ROW("QInt8Storage", -1),
    STORAGE_ROW("QUInt8Storage", -1),
    STORAGE_ROW("QInt32Storage", -1),
    {"torch.storage", "UntypedStorage", NULL, PICKLE_TYPE, -1},
    {"torch", "UntypedStorage", NULL, PICKLE_TYPE, -1},
    {"torch.storage", "_UntypedStorage", NULL, PICKLE_TYPE, -1},
    TYPE_ROW("float32", TENSOR_F32),
    TYPE_ROW("float64", TENSOR_F64),
    TYPE_ROW("float16", TENSOR_F16),
    TYPE_ROW("bfloat16", TENSOR_BF16),
    TYPE_ROW("int64", TENSOR_I64),
    TYPE_ROW("int32", TENSOR_I32),
    TYPE_ROW("int16", TENSOR_I16),
    TYPE_ROW("int8", TENSOR_I8),
    TYPE_ROW("uint8", TENSOR_U8),
    TYPE_ROW("bool", TENSOR_BOOL),
    TYPE_ROW("complex64", -1),
    TYPE_ROW("complex128", -1),
    TYPE_ROW("uint16", -1),
    TYPE_ROW("uint32", -1),
    TYPE_ROW("uint64", -1),
    TYPE_ROW("float8_e4m3fn", -1),
    TYPE_ROW("float8_e5m2", -1),
};

static bool word_is(const char *text, size_t size, const char *word) {
    return strlen(word) == size && memcmp(text, word, size) == 0;
}

const PickleClass *pickle_find_class(const char *module, size_t module_size, const char *name,
                                     size_t name_size) {
    const size_t count = sizeof pickle_classes / sizeof pickle_classes[0];
    for (size_t i = 0; i < count; i++)
        if (word_is(module, module_size, pickle_classes[i].module) &&
            word_is(name, name_size, pickle_classes[i].name))
            return &pickle_classes[i];
    return NULL;
}

// ("storage", class, key, place, count) and, in the older format, (view key, offset, size).
Status pickle_make_storage(Pickle *pickle, const PickleValue *id, PickleValue **out) {
    if (id->kind != PICKLE_TUPLE || id->size < 5 || id->size > 6 ||
        !pickle_text_is(id->items[STORAGE_WORD], "storage") ||
        id->items[STORAGE_CLASS]->kind != PICKLE_TYPE ||
        id->items[STORAGE_KEY]->kind != PICKLE_TEXT ||
        id->items[STORAGE_COUNT]->kind != PICKLE_INTEGER)
        return status_error(STATUS_FORMAT, "a persistent id that is not a PyTorch storage");
    PickleValue *view = id->size == 6 ? id->items[STORAGE_VIEW] : pickle_new(pickle, PICKLE_NONE);
    *out = pickle_new(pickle, PICKLE_STORAGE);
    if (!*out || !view) return pickle_no_memory();
    if (!pickle_append(pickle, *out, id->items[STORAGE_CLASS]) ||
        !pickle_append(pickle, *out, id->items[STORAGE_KEY]) ||
        !pickle_append(pickle, *out, id->items[STORAGE_COUNT]) ||
        !pickle_append(pickle, *out, view) || !pickle_append(pickle, &pickle->storages, *out))
        return pickle_no_memory();
    return status_ok();
}
