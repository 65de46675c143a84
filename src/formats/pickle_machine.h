// What the files of the pickle reader share: the machine's memory and stack (pickle.c), its
// operations and the few classes it may call (pickle_torch.c). For pickle*.c only.
#ifndef INKLING_FORMATS_PICKLE_MACHINE_H
#define INKLING_FORMATS_PICKLE_MACHINE_H

#include "formats/pickle.h"

typedef struct PickleChunk PickleChunk;

enum { PICKLE_STACK_MAX = 2 * 1024 * 1024 }; // values on the stack, marks, memo numbers

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

// ---- the stack machine ------------------------------------------------------------------------

typedef struct PointerArray {
    PickleValue **items;
    size_t count, capacity;
} PointerArray;

typedef struct Machine {
    Pickle *pickle;
    const unsigned char *start, *at, *end;
    unsigned char op;
    PointerArray stack, memo;
    size_t *marks; // depths of the stack
    size_t mark_count, mark_capacity;
    bool stopped;
} Machine;

// What operations are written with. Each fails rather than read beyond the pickle or pop below the
// topmost mark.
Status pickle_damaged(const Machine *m, const char *what);
bool pickle_reserve(PointerArray *array, size_t count);
Status pickle_push(Machine *m, PickleValue *value);
Status pickle_push_new(Machine *m, PickleKind kind);
Status pickle_push_integer(Machine *m, PickleKind kind, int64_t integer);
Status pickle_push_text(Machine *m, PickleKind kind, const char *text, size_t size);
size_t pickle_stack_floor(const Machine *m);
Status pickle_pop(Machine *m, PickleValue **out);
Status pickle_top(Machine *m, PickleValue **out);
Status pickle_pop_mark(Machine *m, size_t *depth);
Status pickle_take(Machine *m, uint64_t size, const unsigned char **out);
Status pickle_take_number(Machine *m, int size, uint64_t *out);
Status pickle_take_line(Machine *m, const char **text, size_t *size);

// One function per operation: numbers, text and constants in pickle_ops.c, the stack, the memo and
// containers in pickle_stack.c, classes in pickle_class.c.
Status pickle_op_proto(Machine *m);
Status pickle_op_frame(Machine *m);
Status pickle_op_stop(Machine *m);
Status pickle_op_none(Machine *m);
Status pickle_op_true(Machine *m);
Status pickle_op_false(Machine *m);
Status pickle_op_binint(Machine *m);
Status pickle_op_binint1(Machine *m);
Status pickle_op_binint2(Machine *m);
Status pickle_op_long1(Machine *m);
Status pickle_op_long4(Machine *m);
Status pickle_op_int(Machine *m);
Status pickle_op_float(Machine *m);
Status pickle_op_binfloat(Machine *m);
Status pickle_op_text1(Machine *m);
Status pickle_op_text4(Machine *m);
Status pickle_op_text8(Machine *m);
Status pickle_op_bytes1(Machine *m);
Status pickle_op_bytes4(Machine *m);
Status pickle_op_bytes8(Machine *m);
Status pickle_op_text_line(Machine *m);
Status pickle_op_mark(Machine *m);
Status pickle_op_pop(Machine *m);
Status pickle_op_pop_mark(Machine *m);
Status pickle_op_dup(Machine *m);
Status pickle_op_put_line(Machine *m);
Status pickle_op_put1(Machine *m);
Status pickle_op_put4(Machine *m);
Status pickle_op_memoize(Machine *m);
Status pickle_op_get_line(Machine *m);
Status pickle_op_get1(Machine *m);
Status pickle_op_get4(Machine *m);
Status pickle_op_empty_tuple(Machine *m);
Status pickle_op_empty_list(Machine *m);
Status pickle_op_empty_dict(Machine *m);
Status pickle_op_tuple(Machine *m);
Status pickle_op_list(Machine *m);
Status pickle_op_dict(Machine *m);
Status pickle_op_tuple_fixed(Machine *m);
Status pickle_op_append(Machine *m);
Status pickle_op_appends(Machine *m);
Status pickle_op_setitem(Machine *m);
Status pickle_op_setitems(Machine *m);
Status pickle_op_global(Machine *m);
Status pickle_op_stack_global(Machine *m);
Status pickle_op_reduce(Machine *m);
Status pickle_op_build(Machine *m);
Status pickle_op_persistent(Machine *m);

#endif
