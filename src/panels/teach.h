// Teaching: the drawing on the canvas goes to "my digits" with the label that a person gives it,
// what the network that answers says about them all, and fine-tuning it on them. The list and its
// file are my_digits.h; the page that shows them is panel_mine.c.
#ifndef INKLING_PANELS_TEACH_H
#define INKLING_PANELS_TEACH_H

#include "panels/workbench.h"

// Once a frame: reads the file (after the first frame), follows a fine-tuning.
void teach_tick(Workbench *bench);
bool teach_is_busy(const Workbench *bench); // something is on its way by itself

// There is a drawing that can be taught, and a network that says which classes there are.
bool teach_is_possible(const Workbench *bench);
// The drawing, or the digit of a number that is looked at, is a `label`. Kept at once; says so. The
// same drawing again with another label: the label is corrected.
void teach_drawing(Workbench *bench, const char *label);

// Asks the network about up to `most` of my digits whose answers are of another one. False when all
// are up to date.
bool teach_answer(Workbench *bench, int most);
// Share of the answered ones that are right; -1 when there is none. Only labels that the network
// knows count; *counted of them.
double teach_accuracy(const Workbench *bench, int *counted);

// Whether the network that answers can be fine-tuned now; otherwise `why` is a sentence.
bool teach_can_tune(Workbench *bench, char *why, size_t size);
// Starts it: a run beside the others, from the weights of who answers. That one stays as it is.
Status teach_tune(Workbench *bench);
void teach_close_tune(Workbench *bench);
void teach_tick_tune(Workbench *bench);

#endif
