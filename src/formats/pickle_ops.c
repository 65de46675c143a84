// Operations of the pickle machine that push constants, numbers and text.
#include "formats/pickle_machine.h"

#include "base/text.h"

#include <string.h>

// ---- opcodes: numbers, text, constants ----------------------------------------------------------

Status pickle_op_proto(Machine *m) {
    uint64_t version;
    Status status = pickle_take_number(m, 1, &version);
    if (status_is_ok(&status) && version > 5)
        return status_error(STATUS_UNSUPPORTED, "its pickle is of protocol %d; 0 to 5 are read",
                            (int)version);
    return status;
}

Status pickle_op_frame(Machine *m) {
    uint64_t size;
    return pickle_take_number(m, 8, &size); // only a hint for how much to read at once
}

Status pickle_op_stop(Machine *m) {
    m->stopped = true;
    return pickle_pop(m, &m->pickle->root);
}

Status pickle_op_none(Machine *m) {
    return pickle_push_new(m, PICKLE_NONE);
}

Status pickle_op_true(Machine *m) {
    return pickle_push_integer(m, PICKLE_BOOL, 1);
}

Status pickle_op_false(Machine *m) {
    return pickle_push_integer(m, PICKLE_BOOL, 0);
}

Status pickle_op_binint(Machine *m) {
    uint64_t bits;
    Status status = pickle_take_number(m, 4, &bits);
    if (!status_is_ok(&status)) return status;
    return pickle_push_integer(m, PICKLE_INTEGER, (int64_t)bits - (bits >> 31 ? 0x100000000LL : 0));
}

Status pickle_op_binint1(Machine *m) {
    uint64_t bits;
    Status status = pickle_take_number(m, 1, &bits);
    return status_is_ok(&status) ? pickle_push_integer(m, PICKLE_INTEGER, (int64_t)bits) : status;
}

Status pickle_op_binint2(Machine *m) {
    uint64_t bits;
    Status status = pickle_take_number(m, 2, &bits);
    return status_is_ok(&status) ? pickle_push_integer(m, PICKLE_INTEGER, (int64_t)bits) : status;
}

// Two's complement of any length, low byte first.
static Status push_long(Machine *m, uint64_t size) {
    const unsigned char *bytes = NULL;
    Status status = pickle_take(m, size, &bytes);
    if (!status_is_ok(&status)) return status;
    if (size > 8) return pickle_push_text(m, PICKLE_BIG, (const char *)bytes, (size_t)size);
    uint64_t bits = size && bytes[size - 1] & 0x80 ? UINT64_MAX : 0;
    for (int i = (int)size - 1; i >= 0; i--) bits = bits << 8 | bytes[i];
    int64_t value;
    memcpy(&value, &bits, sizeof value);
    return pickle_push_integer(m, PICKLE_INTEGER, value);
}

Status pickle_op_long1(Machine *m) {
    uint64_t size;
    Status status = pickle_take_number(m, 1, &size);
    return status_is_ok(&status) ? push_long(m, size) : status;
}

Status pickle_op_long4(Machine *m) {
    uint64_t size;
    Status status = pickle_take_number(m, 4, &size);
    return status_is_ok(&status) ? push_long(m, size) : status;
}

Status pickle_op_int(Machine *m) {
    const char *line;
    size_t size;
    char text[32];
    long long value;
    Status status = pickle_take_line(m, &line, &size);
    if (!status_is_ok(&status)) return status;
    if (size == 2 && line[0] == '0' && (line[1] == '0' || line[1] == '1'))
        return pickle_push_integer(m, PICKLE_BOOL, line[1] - '0');
    if (size > 0 && line[size - 1] == 'L') size--;
    if (size >= sizeof text) return pickle_damaged(m, "a number is too long");
    memcpy(text, line, size);
    text[size] = '\0';
    if (!text_to_int(text, &value)) return pickle_damaged(m, "a number is expected");
    return pickle_push_integer(m, PICKLE_INTEGER, value);
}

static Status push_number(Machine *m, double number) {
    PickleValue *value = pickle_new(m->pickle, PICKLE_NUMBER);
    if (value) value->number = number;
    return pickle_push(m, value);
}

Status pickle_op_float(Machine *m) {
    const char *line;
    size_t size;
    char text[64];
    double value = 0;
    Status status = pickle_take_line(m, &line, &size);
    if (!status_is_ok(&status)) return status;
    if (size >= sizeof text) return pickle_damaged(m, "a number is too long");
    memcpy(text, line, size);
    text[size] = '\0';
    (void)text_to_double(text, &value); // "inf" and "nan" are of no use here
    return push_number(m, value);
}

Status pickle_op_binfloat(Machine *m) {
    const unsigned char *bytes = NULL;
    Status status = pickle_take(m, 8, &bytes);
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
    TRY(pickle_take_number(m, length_size, &size));
    TRY(pickle_take(m, size, &bytes));
    if (kind == PICKLE_TEXT && !text_is_utf8((const char *)bytes, (size_t)size))
        return pickle_damaged(m, "text that is not UTF-8");
    return pickle_push_text(m, kind, (const char *)bytes, (size_t)size);
fail:
    return status;
}

Status pickle_op_text1(Machine *m) {
    return push_counted(m, 1, PICKLE_TEXT);
}

Status pickle_op_text4(Machine *m) {
    return push_counted(m, 4, PICKLE_TEXT);
}

Status pickle_op_text8(Machine *m) {
    return push_counted(m, 8, PICKLE_TEXT);
}

Status pickle_op_bytes1(Machine *m) {
    return push_counted(m, 1, PICKLE_BYTES);
}

Status pickle_op_bytes4(Machine *m) {
    return push_counted(m, 4, PICKLE_BYTES);
}

Status pickle_op_bytes8(Machine *m) {
    return push_counted(m, 8, PICKLE_BYTES);
}

// Protocol 0: a line, quoted (S) or not (V). Escapes stay as they are: names have none.
Status pickle_op_text_line(Machine *m) {
    const char *line;
    size_t size;
    Status status = pickle_take_line(m, &line, &size);
    if (!status_is_ok(&status)) return status;
    if (m->op == 'S') {
        if (size < 2 || (line[0] != '\'' && line[0] != '"') || line[size - 1] != line[0])
            return pickle_damaged(m, "quoted text is expected");
        line++;
        size -= 2;
    }
    if (!text_is_utf8(line, size)) return pickle_damaged(m, "text that is not UTF-8");
    return pickle_push_text(m, PICKLE_TEXT, line, size);
}
