// The pickle reader: its memory, its stack machine and the table of operations.
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

enum { PICKLE_CHUNK = 64 * 1024 };

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

Status pickle_damaged(const Machine *m, const char *what) {
    return status_error(STATUS_FORMAT, "its pickle is damaged at byte %zu: %s",
                        (size_t)(m->at - m->start), what);
}

bool pickle_reserve(PointerArray *array, size_t count) {
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

Status pickle_push(Machine *m, PickleValue *value) {
    if (!value || !pickle_reserve(&m->stack, m->stack.count + 1)) return pickle_no_memory();
    m->stack.items[m->stack.count++] = value;
    return status_ok();
}

Status pickle_push_new(Machine *m, PickleKind kind) {
    return pickle_push(m, pickle_new(m->pickle, kind));
}

Status pickle_push_integer(Machine *m, PickleKind kind, int64_t integer) {
    PickleValue *value = pickle_new(m->pickle, kind);
    if (value) value->integer = integer;
    return pickle_push(m, value);
}

// Values above the topmost mark are the only ones that may be popped.
size_t pickle_stack_floor(const Machine *m) {
    return m->mark_count ? m->marks[m->mark_count - 1] : 0;
}

Status pickle_pop(Machine *m, PickleValue **out) {
    *out = NULL;
    if (m->stack.count <= pickle_stack_floor(m)) return pickle_damaged(m, "a value is missing");
    *out = m->stack.items[--m->stack.count];
    return status_ok();
}

Status pickle_top(Machine *m, PickleValue **out) {
    *out = NULL;
    if (m->stack.count <= pickle_stack_floor(m)) return pickle_damaged(m, "a value is missing");
    *out = m->stack.items[m->stack.count - 1];
    return status_ok();
}

Status pickle_pop_mark(Machine *m, size_t *depth) {
    *depth = 0;
    if (m->mark_count == 0) return pickle_damaged(m, "a mark is missing");
    *depth = m->marks[--m->mark_count];
    return status_ok();
}

// `size` bytes behind the opcode.
Status pickle_take(Machine *m, uint64_t size, const unsigned char **out) {
    *out = NULL;
    if (size > (uint64_t)(m->end - m->at)) return pickle_damaged(m, "it is cut short");
    *out = m->at;
    m->at += size;
    return status_ok();
}

// A little-endian number of `size` bytes behind the opcode.
Status pickle_take_number(Machine *m, int size, uint64_t *out) {
    const unsigned char *bytes = NULL;
    Status status = pickle_take(m, (uint64_t)size, &bytes);
    *out = 0;
    if (status_is_ok(&status))
        for (int i = size - 1; i >= 0; i--) *out = *out << 8 | bytes[i];
    return status;
}

// The bytes up to the newline, which is passed.
Status pickle_take_line(Machine *m, const char **text, size_t *size) {
    const unsigned char *end = memchr(m->at, '\n', (size_t)(m->end - m->at));
    if (!end) return pickle_damaged(m, "a line does not end");
    *text = (const char *)m->at;
    *size = (size_t)(end - m->at);
    m->at = end + 1;
    return status_ok();
}

Status pickle_push_text(Machine *m, PickleKind kind, const char *text, size_t size) {
    PickleValue *value = pickle_new(m->pickle, kind);
    if (value) {
        value->text = text;
        value->size = size;
    }
    return pickle_push(m, value);
}

typedef Status (*MachineOp)(Machine *m);

static const MachineOp machine_ops[256] = {
    [0x80] = pickle_op_proto,        [0x95] = pickle_op_frame,       ['.'] = pickle_op_stop,
    ['N'] = pickle_op_none,          [0x88] = pickle_op_true,        [0x89] = pickle_op_false,
    ['J'] = pickle_op_binint,        ['K'] = pickle_op_binint1,      ['M'] = pickle_op_binint2,
    [0x8A] = pickle_op_long1,        [0x8B] = pickle_op_long4,       ['I'] = pickle_op_int,
    ['L'] = pickle_op_int,           ['F'] = pickle_op_float,        ['G'] = pickle_op_binfloat,
    ['X'] = pickle_op_text4,         [0x8C] = pickle_op_text1,       [0x8D] = pickle_op_text8,
    ['S'] = pickle_op_text_line,     ['V'] = pickle_op_text_line,    ['T'] = pickle_op_text4,
    ['U'] = pickle_op_text1,         ['B'] = pickle_op_bytes4,       ['C'] = pickle_op_bytes1,
    [0x8E] = pickle_op_bytes8,       [0x96] = pickle_op_bytes8,      ['('] = pickle_op_mark,
    ['0'] = pickle_op_pop,           ['1'] = pickle_op_pop_mark,     ['2'] = pickle_op_dup,
    ['p'] = pickle_op_put_line,      ['q'] = pickle_op_put1,         ['r'] = pickle_op_put4,
    [0x94] = pickle_op_memoize,      ['g'] = pickle_op_get_line,     ['h'] = pickle_op_get1,
    ['j'] = pickle_op_get4,          [')'] = pickle_op_empty_tuple,  [']'] = pickle_op_empty_list,
    ['}'] = pickle_op_empty_dict,    [0x8F] = pickle_op_empty_list,  ['t'] = pickle_op_tuple,
    ['l'] = pickle_op_list,          ['d'] = pickle_op_dict,         [0x91] = pickle_op_list,
    [0x85] = pickle_op_tuple_fixed,  [0x86] = pickle_op_tuple_fixed, [0x87] = pickle_op_tuple_fixed,
    ['a'] = pickle_op_append,        ['e'] = pickle_op_appends,      [0x90] = pickle_op_appends,
    ['s'] = pickle_op_setitem,       ['u'] = pickle_op_setitems,     ['c'] = pickle_op_global,
    [0x93] = pickle_op_stack_global, ['R'] = pickle_op_reduce,       [0x81] = pickle_op_reduce,
    ['b'] = pickle_op_build,         ['Q'] = pickle_op_persistent,
};

static Status machine_run(Machine *m) {
    while (!m->stopped) {
        uint64_t op;
        Status status = pickle_take_number(m, 1, &op);
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
