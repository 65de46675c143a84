// What my_digits.c and my_digits_idx.c share: the list, and its pictures as IDX files. Nobody
// else's business.
#ifndef INKLING_PANELS_MY_DIGITS_IDX_H
#define INKLING_PANELS_MY_DIGITS_IDX_H

#include "panels/my_digits.h"

// For nobody else's eyes: handwriting is personal.
enum { MY_DIGITS_MODE = 0600 };

// Room for so many more, within MY_DIGITS_MAX: what is taught and what comes from other files.
Status my_digits_grow(MyDigits *mine, int more);
// The same beyond it, for what is there: a digit taught before a full file was read is kept, too.
Status my_digits_reserve(MyDigits *mine, int more);
// One more, blank; there must be room.
MyDigit *my_digits_put(MyDigits *mine, const char *label);
// Only the first `count` stay.
void my_digits_cut(MyDigits *mine, int count);

// The whole list instead of what the file holds: the old file or the new one, never half of it.
Status my_digits_write(MyDigits *mine);
void my_digits_changed(MyDigits *mine, int added); // my_digits_later.c; 0: something else
Status my_digits_append(const MyDigits *mine, const Drawing *drawing, const char *label);

// Those without strokes, in two files beside the file of strokes.
Status my_digits_load_pictures(MyDigits *mine);
// What there is to say when pictures cannot be kept since those that lie there cannot be read.
Status my_digits_check_pictures(const MyDigits *mine, const MyDigits *more);
Status my_digits_save_pictures(MyDigits *mine);

Status my_digits_export_idx(MyDigits *mine, const char *path, int *count);
Status my_digits_import_idx(MyDigits *mine, const char *path);

#endif
