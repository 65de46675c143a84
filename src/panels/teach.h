// Teaching: the drawing on the canvas goes to "my digits" with the label that a person gives it,
// what the network that answers says about them all, and fine-tuning it on them. The list and its
// file are my_digits.h; the page that shows them is panel_mine.c.
#ifndef INKLING_PANELS_TEACH_H
#define INKLING_PANELS_TEACH_H

#include "panels/workbench.h"

// Once a frame: reads the file (after the first frame), has it written, follows a fine-tuning.
void teach_tick(Workbench *bench);

// A label waits for its drawing's answer no longer.
void teach_finish(Workbench *bench);

// Digits are not on the disk yet.
bool teach_is_behind(const Workbench *bench);
// At the end: what could not be written is tried once more.
void teach_close(Workbench *bench);

// There is a drawing that can be taught, and a network that says which classes there are.
bool teach_is_possible(const Workbench *bench);
// The drawing, or the digit of a number that is looked at, is a `label`. Kept at once; says so. The
// same drawing again with another label: the label is corrected. Says so when it is on the disk.
void teach_drawing(Workbench *bench, const char *label);

// To and from other files (my_digits.h); says how many when that is done. teach_files.c
Status teach_export(Workbench *bench, const char *path);
Status teach_import(Workbench *bench, const char *path);
// Reads and writes my digits' own file.
void teach_tick_files(Workbench *bench);

// Asks the network about some of my digits whose answers are of another one. False when all are up
// to date, or there will be a frame when some are.
bool teach_answer(Workbench *bench);
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
