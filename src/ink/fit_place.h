// The steps that both ways of fit.h share. Private to this room.
#ifndef INKLING_INK_FIT_PLACE_H
#define INKLING_INK_FIT_PLACE_H

#include "ink/fit.h"

// STATUS_USAGE with a sentence for options that make no sense.
Status ink_options_check(const InkOptions *options);

// Puts the ink of `box` (height x width) into the field `out`, moved by whole pixels as the options
// say; the shift comes back. Ink is kept inside the field.
void ink_place(const uint8_t *box, int width, int height, const InkOptions *options, uint8_t *out,
               int *shift_x, int *shift_y);

#endif
