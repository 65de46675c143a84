// Numbers as people read them.
#include "panels/words.h"

#include "base/tr.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define THIN_SPACE "\xe2\x80\x89"
#define DASH       "\xe2\x80\x93"

void words_append(char *out, size_t size, size_t *used, const char *format, ...) {
    if (*used + 1 >= size) return;
    va_list arguments;
    va_start(arguments, format);
    int put = vsnprintf(out + *used, size - *used, format, arguments);
    va_end(arguments);
    if (put > 0) *used = *used + (size_t)put < size ? *used + (size_t)put : size - 1;
}

void word_count(char out[WORD_MAX], double value) {
    char digits[WORD_MAX];
    size_t used = 0;
    if (!isfinite(value) || fabs(value) >= 1e15) {
        snprintf(out, WORD_MAX, DASH);
        return;
    }
    snprintf(digits, sizeof digits, "%.0f", value);
    size_t length = strlen(digits);
    out[0] = '\0';
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
            words_append(out, WORD_MAX, &used, THIN_SPACE);
        words_append(out, WORD_MAX, &used, "%c", digits[i]);
    }
}

void word_clock(char out[WORD_MAX], double seconds) {
    if (!isfinite(seconds) || seconds < 0 || seconds > 3.6e7) {
        snprintf(out, WORD_MAX, DASH);
        return;
    }
    long s = lround(seconds);
    if (s < 3600)
        snprintf(out, WORD_MAX, "%ld:%02ld", s / 60, s % 60);
    else
        snprintf(out, WORD_MAX, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

void word_percent(char out[WORD_MAX], double probability) {
    if (!isfinite(probability))
        snprintf(out, WORD_MAX, DASH);
    else if (probability >= 0.9995 && probability < 1)
        snprintf(out, WORD_MAX, "> 99.9 %%");
    else if (probability < 0.0005 && probability > 0)
        snprintf(out, WORD_MAX, "< 0.1 %%");
    else
        snprintf(out, WORD_MAX, "%.1f %%", probability * 100);
}

void word_range(char out[WORD_MAX], double low, double high) {
    snprintf(out, WORD_MAX, tr("%.2f to %.2f %%"), low * 100, high * 100);
}

void word_number(char out[WORD_MAX], double value) {
    double size = fabs(value);
    if (!isfinite(value))
        snprintf(out, WORD_MAX, "%s", isnan(value) ? "NaN" : "inf");
    else if (size >= 100 && size < 1e5)
        snprintf(out, WORD_MAX, "%.0f", value);
    else if (size >= 10 && size < 100)
        snprintf(out, WORD_MAX, "%.1f", value);
    else if (size >= 1 && size < 10)
        snprintf(out, WORD_MAX, "%.2f", value);
    else if (size >= 0.01 && size < 1)
        snprintf(out, WORD_MAX, "%.3f", value);
    else if (size >= 0.001 && size < 0.01)
        snprintf(out, WORD_MAX, "%.4f", value);
    else
        snprintf(out, WORD_MAX, size == 0 ? "0" : "%.0e", value);
}

void word_value(char out[WORD_MAX], double value) {
    double size = fabs(value);
    const char *sign = value < 0 ? "\xe2\x88\x92" : "";
    if (size != 0 && size < 0.0005)
        snprintf(out, WORD_MAX, "%s%.1e", sign, size);
    else
        snprintf(out, WORD_MAX, "%s%.*f", sign, size < 100 ? 3 : size < 10000 ? 1 : 0, size);
}

void word_milliseconds(char out[WORD_MAX], double seconds) {
    double ms = seconds * 1e3;
    snprintf(out, WORD_MAX, ms < 10 ? "%.2f ms" : "%.0f ms", ms);
}
