// Small helpers for text: a growing buffer, and numbers read strictly.
#ifndef INKLING_BASE_TEXT_H
#define INKLING_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

// Text that grows. Zero-initialise; `data` is NULL or NUL-terminated. When memory runs out the text
// stops growing and `failed` stays set, so one check at the end is enough.
typedef struct Text {
    char *data;
    size_t size, capacity;
    bool failed;
} Text;

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void text_append(Text *text, const char *format, ...);
void text_append_bytes(Text *text, const char *bytes, size_t size);
void text_close(Text *text);

// The whole of `s` as a number, locale-independent; false for trailing rubbish, empty, overflow,
// infinity or NaN.
bool text_to_double(const char *s, double *out);
bool text_to_int(const char *s, long long *out);
// The shortest decimal that reads back as the same double: "300", "0.1", "1e-10".
void text_from_double(char out[32], double value);
// A decimal that reads back as the same float, in at most 9 digits: "0.1", "2.30258512".
void text_from_float(char out[32], float value);

// Copies and always terminates; false when cut (where a character of UTF-8 begins).
bool text_copy(char *out, size_t size, const char *from);

// Makes one line of well-formed UTF-8 of a text, in place: control characters and bytes that are no
// character become '?', a character that is cut off at the end goes.
void text_make_line(char *s);

// True when the bytes are well-formed UTF-8 (no overlong forms, surrogates or > U+10FFFF).
bool text_is_utf8(const char *s, size_t size);

#endif
