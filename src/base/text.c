// Growing text and strict numbers.
#include "base/text.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Room for `extra` more bytes and a NUL.
static bool text_reserve(Text *text, size_t extra) {
    if (text->failed || extra > SIZE_MAX / 4) return false;
    size_t need = text->size + extra + 1;
    if (need <= text->capacity) return true;
    size_t capacity = text->capacity ? text->capacity : 128;
    while (capacity < need) capacity *= 2;
    char *data = realloc(text->data, capacity);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void text_append_bytes(Text *text, const char *bytes, size_t size) {
    if (!text_reserve(text, size)) return;
    memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void text_append(Text *text, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size < 0 || !text_reserve(text, (size_t)size)) return;
    va_start(args, format);
    vsnprintf(text->data + text->size, (size_t)size + 1, format, args);
    va_end(args);
    text->size += (size_t)size;
}

void text_close(Text *text) {
    free(text->data);
    memset(text, 0, sizeof *text);
}

// What the C library writes and reads in place of '.', should somebody have called setlocale.
static char text_decimal_point(void) {
    return localeconv()->decimal_point[0];
}

static void text_replace(char *s, char from, char to) {
    for (; *s && from != to; s++)
        if (*s == from) *s = to;
}

bool text_to_double(const char *s, double *out) {
    // strtod alone would take leading blanks, "inf", "nan" and hexadecimal.
    char copy[400]; // more digits than any double has
    if (s[strspn(s, "0123456789+-.eE")] != '\0' || !text_copy(copy, sizeof copy, s)) return false;
    text_replace(copy, '.', text_decimal_point());
    s = copy;
    char *end;
    double value = strtod(s, &end);
    if (end == s || *end != '\0' || !isfinite(value)) return false;
    *out = value;
    return true;
}

bool text_to_int(const char *s, long long *out) {
    if (s[strspn(s, "0123456789+-")] != '\0') return false;
    char *end;
    errno = 0;
    long long value = strtoll(s, &end, 10);
    if (end == s || *end != '\0' || errno == ERANGE) return false;
    *out = value;
    return true;
}

void text_from_double(char out[32], double value) {
    // 300, not 3e+02.
    if (value == floor(value) && fabs(value) < 1e15) {
        snprintf(out, 32, "%.0f", value);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, value);
        if (strtod(out, NULL) == value) break;
    }
    text_replace(out, text_decimal_point(), '.');
}

void text_from_float(char out[32], float value) {
    static const int digits[] = {6, 8, 9}; // few tries: files have a million of them
    for (int i = 0; i < 3; i++) {
        snprintf(out, 32, "%.*g", digits[i], (double)value);
        if (strtof(out, NULL) == value) break;
    }
    text_replace(out, text_decimal_point(), '.');
}

bool text_copy(char *out, size_t size, const char *from) {
    size_t length = strlen(from);
    bool fits = length < size;
    if (!fits) length = size - 1;
    // Not in the middle of a character.
    while (!fits && length > 0 && ((unsigned char)from[length] & 0xC0) == 0x80) length--;
    memcpy(out, from, length);
    out[length] = '\0';
    return fits;
}

// Length of the well-formed sequence at `s` (RFC 3629), 0 if there is none.
static size_t text_utf8_sequence(const unsigned char *s, size_t left) {
    if (s[0] < 0x80) return 1;
    size_t size = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || left < size) return 0;
    for (size_t i = 1; i < size; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    if (s[0] == 0xE0 && s[1] < 0xA0) return 0; // overlong
    if (s[0] == 0xED && s[1] > 0x9F) return 0; // surrogate
    if (s[0] == 0xF0 && s[1] < 0x90) return 0; // overlong
    if (s[0] == 0xF4 && s[1] > 0x8F) return 0; // above U+10FFFF
    return size;
}

bool text_is_utf8(const char *s, size_t size) {
    for (size_t i = 0; i < size;) {
        size_t step = text_utf8_sequence((const unsigned char *)s + i, size - i);
        if (step == 0) return false;
        i += step;
    }
    return true;
}

// Could the bytes up to the end of the text be the beginning of a character?
static bool text_is_cut(const unsigned char *s) {
    size_t size = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : s[0] >= 0xC2 ? 2 : 1, i = 1;
    while (i < size && (s[i] & 0xC0) == 0x80) i++;
    return i < size && s[i] == '\0';
}

void text_make_line(char *text) {
    for (unsigned char *s = (unsigned char *)text; *s;) {
        size_t step = text_utf8_sequence(s, 4); // the NUL ends it;
        bool control = *s < 0x20 || *s == 0x7F || (*s == 0xC2 && s[1] < 0xA0);
        if (step > 0 && !control) {
            s += step;
        } else if (text_is_cut(s)) {
            *s = '\0';
        } else {
            *s++ = '?';
        }
    }
}
