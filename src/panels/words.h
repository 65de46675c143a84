// Numbers as people read them: "61 706", "1:05", "95.2 %". Text only; no layout, no state.
#ifndef INKLING_PANELS_WORDS_H
#define INKLING_PANELS_WORDS_H

#include <stddef.h>

enum { WORD_MAX = 32 };

// Whole number with a thin space between thousands. Not finite: a dash.
void word_count(char out[WORD_MAX], double value);
// Seconds as "0:09", "12:30", "1:02:03".
void word_clock(char out[WORD_MAX], double seconds);
// A probability 0..1 as "95.2 %". What is not 1 (or 0) is never rounded to it: "> 99.9 %",
// "< 0.1 %".
void word_percent(char out[WORD_MAX], double probability);
// Two shares 0..1 as what lies between them: "98.51 to 98.95 %".
void word_range(char out[WORD_MAX], double low, double high);
// A loss: up to three figures, an exponent below 0.001 and from 100000 on; at most 6 characters.
void word_number(char out[WORD_MAX], double value);
// Any number to be read beside others: three decimals, fewer when it is large, more when it is
// tiny; a real minus sign.
void word_value(char out[WORD_MAX], double value);
// Milliseconds: "0.11 ms", "12 ms".
void word_milliseconds(char out[WORD_MAX], double seconds);

// printf-like, appended at *used in a buffer of `size` bytes; cut, never overrun.
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
void words_append(char *out, size_t size, size_t *used, const char *format, ...);

#endif
