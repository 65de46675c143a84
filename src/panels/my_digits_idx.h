// What my_digits.c and my_digits_idx.c share: the list, and its pictures as IDX files. Nobody
// else's business.
#ifndef INKLING_PANELS_MY_DIGITS_IDX_H
#define INKLING_PANELS_MY_DIGITS_IDX_H

#include "panels/my_digits.h"

// For nobody else's eyes: handwriting is personal.
enum { MY_DIGITS_MODE = 0600 };

// Room for so many more.
Status my_digits_grow(MyDigits *mine, int more);
// One more, blank; there must be room.
MyDigit *my_digits_put(MyDigits *mine, const char *label);
// Only the first `count` stay.
void my_digits_cut(MyDigits *mine, int count);

// Those without strokes, in two files beside the file of strokes.
Status my_digits_load_pictures(MyDigits *mine);
Status my_digits_save_pictures(MyDigits *mine);

Status my_digits_export_idx(MyDigits *mine, const char *path, int *count);
Status my_digits_import_idx(MyDigits *mine, const char *path);

#endif
