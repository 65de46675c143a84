// The stack machine of the pickle reader: one function per opcode, one table of them.
#include "formats/pickle.h"

#include "base/text.h"
#include "formats/pickle_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct PickleChunk {
    PickleChunk *next;
    size_t used, size;
};

enum { PICKLE_CHUNK = 64 * 1024, PICKLE_STACK_MAX = 2 * 1024 * 1024 };

// ---- memory -------------------------------------------------------------------------------------

void *pickle_alloc(Pickle *pickle, size_t bytes) {
    const size_t head = (sizeof(PickleChunk) + 15) & ~(size_t)15;
    if (bytes > PICKLE_MEMORY_MAX) return NULL;
    bytes = (bytes + 15) & ~(size_t)15;
    PickleChunk *chunk = pickle->chunks;
    if (!chunk || chunk->size - chunk->used < bytes) {
        size_t size = bytes > PICKLE_CHUNK ? bytes : PICKLE_CHUNK;
        if (size > PICKLE_MEMORY_MAX - pickle->memory_used) return NULL;
        chunk = calloc(1, head + size);
        if (!chunk) return NULL;
        chunk->size = size;
        chunk->next = pickle->chunks;
        pickle->chunks = chunk;
        pickle->memory_used += size;
    }
    void *at = (unsigned char *)chunk + head + chunk->used;
    chunk->used += bytes;
    return at;
}

PickleValue *pickle_new(Pickle *pickle, PickleKind kind) {
    PickleValue *value = pickle_alloc(pickle, sizeof *value);
    if (value) value->kind = kind;
    return value;
}

bool pickle_append(Pickle *pickle, PickleValue *list, PickleValue *item) {
    if (list->size == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 4;
        PickleValue **grown = pickle_alloc(pickle, capacity * sizeof *grown);
        if (!grown) return false;
        if (list->size) memcpy(grown, list->items, list->size * sizeof *grown);
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->size++] = item;
    return true;
}

Status pickle_no_memory(void) {
    return status_error(STATUS_FORMAT,
                        "its pickle would need more than %d MB of memory, far more than a list of "
                        "weights does",
                        PICKLE_MEMORY_MAX / 1024 / 1024);
}

void pickle_close(Pickle **pickle) {
    if (!*pickle) return;
    while ((*pickle)->chunks) {
        PickleChunk *chunk = (*pickle)->chunks;
        (*pickle)->chunks = chunk->next;
        free(chunk);
    }
    free(*pickle);
    *pickle = NULL;
}

const PickleValue *pickle_root(const Pickle *pickle) {
    return pickle->root;
}

const PickleValue *pickle_storages(const Pickle *pickle) {
    return &pickle->storages;
}

bool pickle_text_is(const PickleValue *value, const char *text) {
    return value->kind == PICKLE_TEXT && value->size == strlen(text) &&
           memcmp(value->text, text, value->size) == 0;
}

const PickleValue *pickle_get(const PickleValue *dict, const char *key) {
    if (dict->kind != PICKLE_DICT) return NULL;
    for (size_t i = dict->size / 2; i-- > 0;)
        if (pickle_text_is(dict->items[2 * i], key)) return dict->items[2 * i + 1];
    return NULL;
}

// ---- the machine --------------------------------------------------------------------------------

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

static Status machine_damaged(const Machine *m, const char *what) {
    return status_error(STATUS_FORMAT, "its pickle is damaged at byte %zu: %s",
                        (size_t)(m->at - m->start), what);
}

static bool array_reserve(PointerArray *array, size_t count) {
    if (count > PICKLE_STACK_MAX) return false;
    if (count <= array->capacity) return true;
    size_t capacity = array->capacity ? array->capacity : 64;
    while (capacity < count) capacity *= 2;
    PickleValue **grown = realloc(array->items, capacity * sizeof *grown);
    if (!grown) return false;
    memset(grown + array->capacity, 0, (capacity - array->capacity) * sizeof *grown);
    array->items = grown;
    array->capacity = capacity;
    return true;
}

static Status push(Machine *m, PickleValue *value) {
    if (!value || !array_reserve(&m->stack, m->stack.count + 1)) return pickle_no_memory();
    m->stack.items[m->stack.count++] = value;
    return status_ok();
}

static Status push_new(Machine *m, PickleKind kind) {
    return push(m, pickle_new(m->pickle, kind));
}

static Status push_integer(Machine *m, PickleKind kind, int64_t integer) {
    PickleValue *value = pickle_new(m->pickle, kind);
    if (value) value->integer = integer;
    return push(m, value);
}

// Values above the topmost mark are the only ones that may be popped.
static size_t stack_floor(const Machine *m) {
    return m->mark_count ? m->marks[m->mark_count - 1] : 0;
}

static Status pop(Machine *m, PickleValue **out) {
    *out = NULL;
    if (m->stack.count <= stack_floor(m)) return machine_damaged(m, "a value is missing");
    *out = m->stack.items[--m->stack.count];
    return status_ok();
}

static Status top(Machine *m, PickleValue **out) {
    *out = NULL;
    if (m->stack.count <= stack_floor(m)) return machine_damaged(m, "a value is missing");
    *out = m->stack.items[m->stack.count - 1];
    return status_ok();
}

static Status pop_mark(Machine *m, size_t *depth) {
    *depth = 0;
    if (m->mark_count == 0) return machine_damaged(m, "a mark is missing");
    *depth = m->marks[--m->mark_count];
    return status_ok();
}

// `size` bytes behind the opcode.
static Status take(Machine *m, uint64_t size, const unsigned char **out) {
    *out = NULL;
    if (size > (uint64_t)(m->end - m->at)) return machine_damaged(m, "it is cut short");
    *out = m->at;
    m->at += size;
    return status_ok();
}

// A little-endian number of `size` bytes behind the opcode.
static Status take_number(Machine *m, int size, uint64_t *out) {
    const unsigned char *bytes = NULL;
    Status status = take(m, (uint64_t)size, &bytes);
    *out = 0;
    if (status_is_ok(&status))
        for (int i = size - 1; i >= 0; i--) *out = *out << 8 | bytes[i];
    return status;
}

// The bytes up to the newline, which is passed.
static Status take_line(Machine *m, const char **text, size_t *size) {
    const unsigned char *end = memchr(m->at, '\n', (size_t)(m->end - m->at));
    if (!end) return machine_damaged(m, "a line does not end");
    *text = (const char *)m->at;
    *size = (size_t)(end - m->at);
    m->at = end + 1;
    return status_ok();
}

static Status push_text(Machine *m, PickleKind kind, const char *text, size_t size) {
    PickleValue *value = pickle_new(m->pickle, kind);
    if (value) {
        value->text = text;
        value->size = size;
    }
    return push(m, value);
}

// ---- opcodes: numbers, text, constants ----------------------------------------------------------

static Status op_proto(Machine *m) {
    uint64_t version;
    Status status = take_number(m, 1, &version);
    if (status_is_ok(&status) && version > 5)
        return status_error(STATUS_UNSUPPORTED, "its pickle is of protocol %d; 0 to 5 are read",
                            (int)version);
    return status;
}

static Status op_frame(Machine *m) {
    uint64_t size;
    return take_number(m, 8, &size); // only a hint for how much to read at once
}

static Status op_stop(Machine *m) {
    m->stopped = true;
    return pop(m, &m->pickle->root);
}

static Status op_none(Machine *m) {
    return push_new(m, PICKLE_NONE);
}

static Status op_true(Machine *m) {
    return push_integer(m, PICKLE_BOOL, 1);
}

static Status op_false(Machine *m) {
    return push_integer(m, PICKLE_BOOL, 0);
}

static Status op_binint(Machine *m) {
    uint64_t bits;
    Status status = take_number(m, 4, &bits);
    if (!status_is_ok(&status)) return status;
    return push_integer(m, PICKLE_INTEGER, (int64_t)bits - (bits >> 31 ? 0x100000000ll : 0));
}

static Status op_binint1(Machine *m) {
    uint64_t bits;
    Status status = take_number(m, 1, &bits);
    return status_is_ok(&status) ? push_integer(m, PICKLE_INTEGER, (int64_t)bits) : status;
}

static Status op_binint2(Machine *m) {
    uint64_t bits;
    Status status = take_number(m, 2, &bits);
    return status_is_ok(&status) ? push_integer(m, PICKLE_INTEGER, (int64_t)bits) : status;
}

// Two's complement of any length, low byte first.
static Status push_long(Machine *m, uint64_t size) {
    const unsigned char *bytes = NULL;
    Status status = take(m, size, &bytes);
    if (!status_is_ok(&status)) return status;
    if (size > 8) return push_text(m, PICKLE_BIG, (const char *)bytes, (size_t)size);
    uint64_t bits = size && bytes[size - 1] & 0x80 ? UINT64_MAX : 0;
    for (int i = (int)size - 1; i >= 0; i--) bits = bits << 8 | bytes[i];
    int64_t value;
    memcpy(&value, &bits, sizeof value);
    return push_integer(m, PICKLE_INTEGER, value);
}

static Status op_long1(Machine *m) {
    uint64_t size;
    Status status = take_number(m, 1, &size);
    return status_is_ok(&status) ? push_long(m, size) : status;
}

static Status op_long4(Machine *m) {
    uint64_t size;
    Status status = take_number(m, 4, &size);
    return status_is_ok(&status) ? push_long(m, size) : status;
}

static Status op_int(Machine *m) {
    const char *line;
    size_t size;
    char text[32];
    long long value;
    Status status = take_line(m, &line, &size);
    if (!status_is_ok(&status)) return status;
    if (size == 2 && line[0] == '0' && (line[1] == '0' || line[1] == '1'))
        return push_integer(m, PICKLE_BOOL, line[1] - '0');
    if (size > 0 && line[size - 1] == 'L') size--;
    if (size >= sizeof text) return machine_damaged(m, "a number is too long");
    memcpy(text, line, size);
    text[size] = '\0';
    if (!text_to_int(text, &value)) return machine_damaged(m, "a number is expected");
    return push_integer(m, PICKLE_INTEGER, value);
}

static Status push_number(Machine *m, double number) {
    PickleValue *value = pickle_new(m->pickle, PICKLE_NUMBER);
    if (value) value->number = number;
    return push(m, value);
}

static Status op_float(Machine *m) {
    const char *line;
    size_t size;
    char text[64];
    double value = 0;
    Status status = take_line(m, &line, &size);
    if (!status_is_ok(&status)) return status;
    if (size >= sizeof text) return machine_damaged(m, "a number is too long");
    memcpy(text, line, size);
    text[size] = '\0';
    (void)text_to_double(text, &value); // "inf" and "nan" are of no use here
    return push_number(m, value);
}

static Status op_binfloat(Machine *m) {
    const unsigned char *bytes = NULL;
    Status status = take(m, 8, &bytes);
    if (!status_is_ok(&status)) return status;
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) bits = bits << 8 | bytes[i]; // big-endian, unlike all others
    double value;
    memcpy(&value, &bits, sizeof value);
    return push_number(m, value);
}

// Length of 1, 4 or 8 bytes, then so many bytes.
static Status push_counted(Machine *m, int length_size, PickleKind kind) {
    uint64_t size;
    const unsigned char *bytes = NULL;
    Status status;
    TRY(take_number(m, length_size, &size));
    TRY(take(m, size, &bytes));
    if (kind == PICKLE_TEXT && !text_is_utf8((const char *)bytes, (size_t)size))
        return machine_damaged(m, "text that is not UTF-8");
    return push_text(m, kind, (const char *)bytes, (size_t)size);
fail:
    return status;
}

static Status op_text1(Machine *m) {
    return push_counted(m, 1, PICKLE_TEXT);
}

static Status op_text4(Machine *m) {
    return push_counted(m, 4, PICKLE_TEXT);
}

static Status op_text8(Machine *m) {
    return push_counted(m, 8, PICKLE_TEXT);
}

static Status op_bytes1(Machine *m) {
    return push_counted(m, 1, PICKLE_BYTES);
}

static Status op_bytes4(Machine *m) {
    return push_counted(m, 4, PICKLE_BYTES);
}

static Status op_bytes8(Machine *m) {
    return push_counted(m, 8, PICKLE_BYTES);
}

// Protocol 0: a line, quoted (S) or not (V). Escapes stay as they are: names have none.
static Status op_text_line(Machine *m) {
    const char *line;
    size_t size;
    Status status = take_line(m, &line, &size);
    if (!status_is_ok(&status)) return status;
    if (m->op == 'S') {
        if (size < 2 || (line[0] != '\'' && line[0] != '"') || line[size - 1] != line[0])
            return machine_damaged(m, "quoted text is expected");
        line++;
        size -= 2;
    }
    if (!text_is_utf8(line, size)) return machine_damaged(m, "text that is not UTF-8");
    return push_text(m, PICKLE_TEXT, line, size);
}

// ---- opcodes: stack and memo --------------------------------------------------------------------

static Status op_mark(Machine *m) {
    if (m->mark_count == m->mark_capacity) {
        size_t capacity = m->mark_capacity ? 2 * m->mark_capacity : 64;
        if (capacity > PICKLE_STACK_MAX) return pickle_no_memory();
        size_t *grown = realloc(m->marks, capacity * sizeof *grown);
        if (!grown) return pickle_no_memory();
        m->marks = grown;
        m->mark_capacity = capacity;
    }
    m->marks[m->mark_count++] = m->stack.count;
    return status_ok();
}

static Status op_pop(Machine *m) {
    PickleValue *value = NULL;
    size_t depth = 0;
    if (m->stack.count == stack_floor(m) && m->mark_count) return pop_mark(m, &depth);
    return pop(m, &value);
}

static Status op_pop_mark(Machine *m) {
    size_t depth = 0;
    Status status = pop_mark(m, &depth);
    if (status_is_ok(&status)) m->stack.count = depth;
    return status;
}

static Status op_dup(Machine *m) {
    PickleValue *value = NULL;
    Status status = top(m, &value);
    return status_is_ok(&status) ? push(m, value) : status;
}

static Status memo_put(Machine *m, uint64_t index) {
    PickleValue *value = NULL;
    Status status = top(m, &value);
    if (!status_is_ok(&status)) return status;
    if (index >= PICKLE_STACK_MAX || !array_reserve(&m->memo, (size_t)index + 1))
        return machine_damaged(m, "a memo number is absurd");
    if (index >= m->memo.count) m->memo.count = (size_t)index + 1;
    m->memo.items[index] = value;
    return status_ok();
}

static Status memo_get(Machine *m, uint64_t index) {
    if (index >= m->memo.count || !m->memo.items[index])
        return machine_damaged(m, "it recalls a value that was never kept");
    return push(m, m->memo.items[index]);
}

static Status take_line_number(Machine *m, uint64_t *out) {
    const char *line;
    size_t size;
    char text[16];
    long long value = -1;
    Status status = take_line(m, &line, &size);
    if (!status_is_ok(&status)) return status;
    if (size < sizeof text) {
        memcpy(text, line, size);
        text[size] = '\0';
        if (!text_to_int(text, &value)) value = -1;
    }
    *out = value < 0 ? UINT64_MAX : (uint64_t)value;
    return status;
}

static Status op_put_line(Machine *m) {
    uint64_t index;
    Status status = take_line_number(m, &index);
    return status_is_ok(&status) ? memo_put(m, index) : status;
}

static Status op_put1(Machine *m) {
    uint64_t index;
    Status status = take_number(m, 1, &index);
    return status_is_ok(&status) ? memo_put(m, index) : status;
}

static Status op_put4(Machine *m) {
    uint64_t index;
    Status status = take_number(m, 4, &index);
    return status_is_ok(&status) ? memo_put(m, index) : status;
}

static Status op_memoize(Machine *m) {
    return memo_put(m, m->memo.count);
}

static Status op_get_line(Machine *m) {
    uint64_t index;
    Status status = take_line_number(m, &index);
    return status_is_ok(&status) ? memo_get(m, index) : status;
}

static Status op_get1(Machine *m) {
    uint64_t index;
    Status status = take_number(m, 1, &index);
    return status_is_ok(&status) ? memo_get(m, index) : status;
}

static Status op_get4(Machine *m) {
    uint64_t index;
    Status status = take_number(m, 4, &index);
    return status_is_ok(&status) ? memo_get(m, index) : status;
}

// ---- opcodes: tuples, lists, dicts --------------------------------------------------------------

static Status op_empty_tuple(Machine *m) {
    return push_new(m, PICKLE_TUPLE);
}

static Status op_empty_list(Machine *m) {
    return push_new(m, PICKLE_LIST);
}

static Status op_empty_dict(Machine *m) {
    return push_new(m, PICKLE_DICT);
}

// Moves the values from `depth` up behind those of `into`.
static Status gather(Machine *m, PickleValue *into, size_t depth) {
    if (into->kind == PICKLE_DICT && (m->stack.count - depth) % 2 != 0)
        return machine_damaged(m, "a key without a value");
    for (size_t i = depth; i < m->stack.count; i++)
        if (!pickle_append(m->pickle, into, m->stack.items[i])) return pickle_no_memory();
    m->stack.count = depth;
    return status_ok();
}

static Status push_gathered(Machine *m, PickleKind kind, size_t depth) {
    PickleValue *value = pickle_new(m->pickle, kind);
    if (!value) return pickle_no_memory();
    Status status = gather(m, value, depth);
    return status_is_ok(&status) ? push(m, value) : status;
}

static Status push_marked(Machine *m, PickleKind kind) {
    size_t depth = 0;
    Status status = pop_mark(m, &depth);
    return status_is_ok(&status) ? push_gathered(m, kind, depth) : status;
}

static Status op_tuple(Machine *m) {
    return push_marked(m, PICKLE_TUPLE);
}

static Status op_list(Machine *m) {
    return push_marked(m, PICKLE_LIST);
}

static Status op_dict(Machine *m) {
    return push_marked(m, PICKLE_DICT);
}

static Status op_tuple_fixed(Machine *m) {
    size_t count = (size_t)(m->op - 0x85) + 1; // TUPLE1, TUPLE2, TUPLE3
    if (m->stack.count - stack_floor(m) < count) return machine_damaged(m, "a value is missing");
    return push_gathered(m, PICKLE_TUPLE, m->stack.count - count);
}

// Adds what lies from `depth` up to the list or dict below it.
static Status add_to(Machine *m, PickleKind kind, size_t depth) {
    if (depth <= stack_floor(m)) return machine_damaged(m, "a value is missing");
    PickleValue *into = m->stack.items[depth - 1];
    if (into->kind != kind) return machine_damaged(m, "it adds to something that cannot grow");
    return gather(m, into, depth);
}

static Status add_marked(Machine *m, PickleKind kind) {
    size_t depth = 0;
    Status status = pop_mark(m, &depth);
    return status_is_ok(&status) ? add_to(m, kind, depth) : status;
}

static Status op_append(Machine *m) {
    if (m->stack.count < stack_floor(m) + 2) return machine_damaged(m, "a value is missing");
    return add_to(m, PICKLE_LIST, m->stack.count - 1);
}

static Status op_appends(Machine *m) {
    return add_marked(m, PICKLE_LIST);
}

static Status op_setitem(Machine *m) {
    if (m->stack.count < stack_floor(m) + 3) return machine_damaged(m, "a value is missing");
    return add_to(m, PICKLE_DICT, m->stack.count - 2);
}

static Status op_setitems(Machine *m) {
    return add_marked(m, PICKLE_DICT);
}

// ---- opcodes: classes ---------------------------------------------------------------------------

static void printable(const char *text, size_t size, char out[80]) {
    if (size > 79) size = 79;
    for (size_t i = 0; i < size; i++)
        out[i] = (char)(text[i] > 0x20 && text[i] < 0x7F ? text[i] : '?');
    out[size] = '\0';
}

// True when what follows makes an object of the class just named, as pickling an instance does:
// [keep it in the memo] EMPTY_TUPLE NEWOBJ.
static bool makes_object(const Machine *m) {
    const unsigned char *at = m->at;
    size_t left = (size_t)(m->end - at), skip = 0;
    if (left > 0) skip = at[0] == 'q' ? 2 : at[0] == 'r' ? 5 : at[0] == 0x94 ? 1 : 0;
    return left >= skip + 2 && at[skip] == ')' && at[skip + 1] == 0x81;
}

static Status refuse_class(const Machine *m, const char *module, size_t module_size,
                           const char *name, size_t name_size) {
    char a[80], b[80];
    printable(module, module_size, a);
    printable(name, name_size, b);
    bool source =
        m->stack.count > 0 && pickle_text_is(m->stack.items[m->stack.count - 1], "module");
    if (strncmp(a, "__torch__", 9) == 0)
        return status_error(STATUS_UNSUPPORTED,
                            "it is a TorchScript program (%s.%s); save the weights alone: "
                            "torch.save(model.state_dict(), \"model.pth\")",
                            a, b);
    if (source || makes_object(m))
        return status_error(STATUS_UNSUPPORTED,
                            "it holds a whole Python object of class %s.%s, which only Python with "
                            "its source can open; save the weights alone: "
                            "torch.save(model.state_dict(), \"model.pth\")",
                            a, b);
    return status_error(STATUS_UNSUPPORTED,
                        "it names %s.%s, which is not needed for weights and may do harm, so it is "
                        "refused; if you trust the file, save the weights alone in Python: "
                        "torch.save(model.state_dict(), \"model.pth\")",
                        a, b);
}

static Status push_class(Machine *m, const char *module, size_t module_size, const char *name,
                         size_t name_size) {
    const PickleClass *row = pickle_find_class(module, module_size, name, name_size);
    if (!row) return refuse_class(m, module, module_size, name, name_size);
    PickleValue *value = pickle_new(m->pickle, row->kind);
    if (!value) return pickle_no_memory();
    value->class_row = row;
    value->integer = row->type;
    return push(m, value);
}

static Status op_global(Machine *m) {
    const char *module, *name;
    size_t module_size, name_size;
    Status status;
    TRY(take_line(m, &module, &module_size));
    TRY(take_line(m, &name, &name_size));
    return push_class(m, module, module_size, name, name_size);
fail:
    return status;
}

static Status op_stack_global(Machine *m) {
    PickleValue *module, *name;
    Status status;
    TRY(pop(m, &name));
    TRY(pop(m, &module));
    if (module->kind != PICKLE_TEXT || name->kind != PICKLE_TEXT)
        return machine_damaged(m, "the name of a class is expected");
    return push_class(m, module->text, module->size, name->text, name->size);
fail:
    return status;
}

// REDUCE calls, NEWOBJ makes an object: for the classes allowed that is the same.
static Status op_reduce(Machine *m) {
    PickleValue *callable, *args, *result = NULL;
    Status status;
    TRY(pop(m, &args));
    TRY(pop(m, &callable));
    if (args->kind != PICKLE_TUPLE) return machine_damaged(m, "arguments are expected");
    const PickleClass *row = callable->class_row;
    if ((callable->kind != PICKLE_CLASS && callable->kind != PICKLE_TYPE) || !row || !row->call)
        return machine_damaged(m, "it calls something that cannot be called");
    TRY(row->call(m->pickle, row, args, &result));
    return push(m, result);
fail:
    return status;
}

// Attributes are of no use here; only a dict (its _metadata) and a tensor may carry them.
static Status op_build(Machine *m) {
    PickleValue *state, *object;
    Status status;
    TRY(pop(m, &state));
    TRY(top(m, &object));
    if (object->kind != PICKLE_DICT && object->kind != PICKLE_TENSOR)
        return machine_damaged(m, "attributes are set on something that has none");
fail:
    return status;
}

static Status op_persistent(Machine *m) {
    PickleValue *id, *storage = NULL;
    Status status;
    TRY(pop(m, &id));
    TRY(pickle_make_storage(m->pickle, id, &storage));
    return push(m, storage);
fail:
    return status;
}

typedef Status (*MachineOp)(Machine *m);

static const MachineOp machine_ops[256] = {
    [0x80] = op_proto,        [0x95] = op_frame,       ['.'] = op_stop,
    ['N'] = op_none,          [0x88] = op_true,        [0x89] = op_false,
    ['J'] = op_binint,        ['K'] = op_binint1,      ['M'] = op_binint2,
    [0x8A] = op_long1,        [0x8B] = op_long4,       ['I'] = op_int,
    ['L'] = op_int,           ['F'] = op_float,        ['G'] = op_binfloat,
    ['X'] = op_text4,         [0x8C] = op_text1,       [0x8D] = op_text8,
    ['S'] = op_text_line,     ['V'] = op_text_line,    ['T'] = op_text4,
    ['U'] = op_text1,         ['B'] = op_bytes4,       ['C'] = op_bytes1,
    [0x8E] = op_bytes8,       [0x96] = op_bytes8,      ['('] = op_mark,
    ['0'] = op_pop,           ['1'] = op_pop_mark,     ['2'] = op_dup,
    ['p'] = op_put_line,      ['q'] = op_put1,         ['r'] = op_put4,
    [0x94] = op_memoize,      ['g'] = op_get_line,     ['h'] = op_get1,
    ['j'] = op_get4,          [')'] = op_empty_tuple,  [']'] = op_empty_list,
    ['}'] = op_empty_dict,    [0x8F] = op_empty_list,  ['t'] = op_tuple,
    ['l'] = op_list,          ['d'] = op_dict,         [0x91] = op_list,
    [0x85] = op_tuple_fixed,  [0x86] = op_tuple_fixed, [0x87] = op_tuple_fixed,
    ['a'] = op_append,        ['e'] = op_appends,      [0x90] = op_appends,
    ['s'] = op_setitem,       ['u'] = op_setitems,     ['c'] = op_global,
    [0x93] = op_stack_global, ['R'] = op_reduce,       [0x81] = op_reduce,
    ['b'] = op_build,         ['Q'] = op_persistent,
};

static Status machine_run(Machine *m) {
    while (!m->stopped) {
        uint64_t op;
        Status status = take_number(m, 1, &op);
        if (!status_is_ok(&status)) return status;
        m->op = (unsigned char)op;
        if (!machine_ops[op])
            return status_error(STATUS_FORMAT,
                                "its pickle has the unknown operation 0x%02X at byte %zu",
                                (unsigned)op, (size_t)(m->at - m->start) - 1);
        status = machine_ops[op](m);
        if (!status_is_ok(&status)) return status;
    }
    return status_ok();
}

Status pickle_read(const unsigned char *data, size_t size, size_t *used, Pickle **out) {
    Machine m = {.start = data, .at = data, .end = data + size};
    *out = NULL;
    *used = 0;
    if (size > PICKLE_SIZE_MAX) m.end = data + PICKLE_SIZE_MAX;
    m.pickle = calloc(1, sizeof *m.pickle);
    if (!m.pickle) return status_no_memory("a pickle", sizeof *m.pickle);
    Status status = machine_run(&m);
    free(m.stack.items);
    free(m.memo.items);
    free(m.marks);
    *used = (size_t)(m.at - data);
    if (status_is_ok(&status))
        *out = m.pickle;
    else
        pickle_close(&m.pickle);
    return status;
}
