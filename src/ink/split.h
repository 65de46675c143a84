// Numbers written on one canvas, taken apart: which strokes belong to which digit, from left to
// right and line by line. From the strokes' geometry alone; no network and no pixels. What geometry
// cannot tell (is the short line on the right the bar of this 5 or a 1 of its own?) comes out as a
// belief, and who has a network may decide better (train/reader.h).
//
// Digits that touch stay together only when one pen stroke runs through both, or when their strokes
// cross like those of a single digit. Sizes may differ; slanted digits may lean over each other.
#ifndef INKLING_INK_SPLIT_H
#define INKLING_INK_SPLIT_H

#include "ink/strokes.h"

enum { SPLIT_ATOMS_MAX = 64 };

// Strokes that surely belong together.
typedef struct SplitAtom {
    float x0, y0, x1, y1; // box of its points, canvas units
    float together;       // belief 0..1 that it is of the same digit as the atom to its left;
                          // 0 for the first of a line
    int line;             // from 0 at the top
} SplitAtom;

// Zero-initialise; ink_split_close when done.
typedef struct InkSplit {
    int atom_count;
    SplitAtom atoms[SPLIT_ATOMS_MAX]; // line by line, by the middle of their boxes
    float height;                     // of the line of writing: that of its tallest stroke
    int16_t *atom_of;                 // for every stroke of the drawing: its atom, -1: none
    size_t stroke_count;
} InkSplit;

// A run of atoms that is taken for one digit.
typedef struct SplitGroup {
    int first, count;     // atoms
    float x0, y0, x1, y1; // box of the points
} SplitGroup;

// Finds the atoms. More than SPLIT_ATOMS_MAX: the last ones are one atom. STATUS_MEMORY only. A
// blank drawing has none. Eraser strokes belong to no atom; strokes that have been erased wholly
// are atoms still, and blank when fitted. Any thread; well under a millisecond.
Status ink_split_drawing(InkSplit *split, const Drawing *drawing);
void ink_split_close(InkSplit *split);

// The groups by geometry alone: cut where the belief is below one half. Returns how many.
int ink_split_groups(const InkSplit *split, SplitGroup groups[SPLIT_ATOMS_MAX]);
// Atoms first .. first+count-1 as a group.
SplitGroup ink_split_group(const InkSplit *split, int first, int count);

// `to` becomes a drawing with the ink strokes of the group and all eraser strokes, in their order.
Status ink_split_take(const InkSplit *split, const Drawing *drawing, const SplitGroup *group,
                      Drawing *to);

#endif
