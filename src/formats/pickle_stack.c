// Operations of the pickle machine on its stack and memo, and those that build tuples, lists and
// dicts.
#include "formats/pickle_machine.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

// ---- opcodes: stack and memo --------------------------------------------------------------------

Status pickle_op_mark(Machine *m) {
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

Status pickle_op_pop(Machine *m) {
    PickleValue *value = NULL;
    size_t depth = 0;
    if (m->stack.count == pickle_stack_floor(m) && m->mark_count) return pickle_pop_mark(m, &depth);
    return pickle_pop(m, &value);
}

Status pickle_op_pop_mark(Machine *m) {
    size_t depth = 0;
    Status status = pickle_pop_mark(m, &depth);
    if (status_is_ok(&status)) m->stack.count = depth;
    return status;
}

Status pickle_op_dup(Machine *m) {
    PickleValue *value = NULL;
    Status status = pickle_top(m, &value);
    return status_is_ok(&status) ? pickle_push(m, value) : status;
}

static Status memo_put(Machine *m, uint64_t index) {
    PickleValue *value = NULL;
    Status status = pickle_top(m, &value);
    if (!status_is_ok(&status)) return status;
    if (index >= PICKLE_STACK_MAX || !pickle_reserve(&m->memo, (size_t)index + 1))
        return pickle_damaged(m, "a memo number is absurd");
    if (index >= m->memo.count) m->memo.count = (size_t)index + 1;
    m->memo.items[index] = value;
    return status_ok();
}

static Status memo_get(Machine *m, uint64_t index) {
    if (index >= m->memo.count || !m->memo.items[index])
        return pickle_damaged(m, "it recalls a value that was never kept");
    return pickle_push(m, m->memo.items[index]);
}

static Status take_line_number(Machine *m, uint64_t *out) {
    const char *line;
    size_t size;
    char text[16];
    long long value = -1;
    Status status = pickle_take_line(m, &line, &size);
    if (!status_is_ok(&status)) return status;
    if (size < sizeof text) {
        memcpy(text, line, size);
        text[size] = '\0';
        if (!text_to_int(text, &value)) value = -1;
    }
    *out = value < 0 ? UINT64_MAX : (uint64_t)value;
    return status;
}

Status pickle_op_put_line(Machine *m) {
    uint64_t index;
    Status status = take_line_number(m, &index);
    return status_is_ok(&status) ? memo_put(m, index) : status;
}

Status pickle_op_put1(Machine *m) {
    uint64_t index;
    Status status = pickle_take_number(m, 1, &index);
    return status_is_ok(&status) ? memo_put(m, index) : status;
}

Status pickle_op_put4(Machine *m) {
    uint64_t index;
    Status status = pickle_take_number(m, 4, &index);
    return status_is_ok(&status) ? memo_put(m, index) : status;
}

Status pickle_op_memoize(Machine *m) {
    return memo_put(m, m->memo.count);
}

Status pickle_op_get_line(Machine *m) {
    uint64_t index;
    Status status = take_line_number(m, &index);
    return status_is_ok(&status) ? memo_get(m, index) : status;
}

Status pickle_op_get1(Machine *m) {
    uint64_t index;
    Status status = pickle_take_number(m, 1, &index);
    return status_is_ok(&status) ? memo_get(m, index) : status;
}

Status pickle_op_get4(Machine *m) {
    uint64_t index;
    Status status = pickle_take_number(m, 4, &index);
    return status_is_ok(&status) ? memo_get(m, index) : status;
}

// ---- opcodes: tuples, lists, dicts --------------------------------------------------------------

Status pickle_op_empty_tuple(Machine *m) {
    return pickle_push_new(m, PICKLE_TUPLE);
}

Status pickle_op_empty_list(Machine *m) {
    return pickle_push_new(m, PICKLE_LIST);
}

Status pickle_op_empty_dict(Machine *m) {
    return pickle_push_new(m, PICKLE_DICT);
}

// Moves the values from `depth` up behind those of `into`.
static Status gather(Machine *m, PickleValue *into, size_t depth) {
    if (into->kind == PICKLE_DICT && (m->stack.count - depth) % 2 != 0)
        return pickle_damaged(m, "a key without a value");
    for (size_t i = depth; i < m->stack.count; i++)
        if (!pickle_append(m->pickle, into, m->stack.items[i])) return pickle_no_memory();
    m->stack.count = depth;
    return status_ok();
}

static Status push_gathered(Machine *m, PickleKind kind, size_t depth) {
    PickleValue *value = pickle_new(m->pickle, kind);
    if (!value) return pickle_no_memory();
    Status status = gather(m, value, depth);
    return status_is_ok(&status) ? pickle_push(m, value) : status;
}

static Status push_marked(Machine *m, PickleKind kind) {
    size_t depth = 0;
    Status status = pickle_pop_mark(m, &depth);
    return status_is_ok(&status) ? push_gathered(m, kind, depth) : status;
}

Status pickle_op_tuple(Machine *m) {
    return push_marked(m, PICKLE_TUPLE);
}

Status pickle_op_list(Machine *m) {
    return push_marked(m, PICKLE_LIST);
}

Status pickle_op_dict(Machine *m) {
    return push_marked(m, PICKLE_DICT);
}

Status pickle_op_tuple_fixed(Machine *m) {
    size_t count = (size_t)(m->op - 0x85) + 1; // TUPLE1, TUPLE2, TUPLE3
    if (m->stack.count - pickle_stack_floor(m) < count)
        return pickle_damaged(m, "a value is missing");
    return push_gathered(m, PICKLE_TUPLE, m->stack.count - count);
}

// Adds what lies from `depth` up to the list or dict below it.
static Status add_to(Machine *m, PickleKind kind, size_t depth) {
    if (depth <= pickle_stack_floor(m)) return pickle_damaged(m, "a value is missing");
    PickleValue *into = m->stack.items[depth - 1];
    if (into->kind != kind) return pickle_damaged(m, "it adds to something that cannot grow");
    return gather(m, into, depth);
}

static Status add_marked(Machine *m, PickleKind kind) {
    size_t depth = 0;
    Status status = pickle_pop_mark(m, &depth);
    return status_is_ok(&status) ? add_to(m, kind, depth) : status;
}

Status pickle_op_append(Machine *m) {
    if (m->stack.count < pickle_stack_floor(m) + 2) return pickle_damaged(m, "a value is missing");
    return add_to(m, PICKLE_LIST, m->stack.count - 1);
}

Status pickle_op_appends(Machine *m) {
    return add_marked(m, PICKLE_LIST);
}

Status pickle_op_setitem(Machine *m) {
    if (m->stack.count < pickle_stack_floor(m) + 3) return pickle_damaged(m, "a value is missing");
    return add_to(m, PICKLE_DICT, m->stack.count - 2);
}

Status pickle_op_setitems(Machine *m) {
    return add_marked(m, PICKLE_DICT);
}
