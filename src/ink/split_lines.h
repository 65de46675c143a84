// Lines of writing. Private to the splitting of numbers (split.c).
#ifndef INKLING_INK_SPLIT_LINES_H
#define INKLING_INK_SPLIT_LINES_H

#include "ink/split.h"

enum { SPLIT_STROKES_MAX = 256 };

// line[i] becomes the line, from 0 at the top, of the stroke with that box (of n, at most
// SPLIT_STROKES_MAX). Returns how many lines there are.
int ink_split_lines(const SplitAtom *boxes, int n, int *line);

#endif
