// Inside the toolkit only: editing one line of text, without drawing.
#ifndef INKLING_UI_EDIT_H
#define INKLING_UI_EDIT_H

#include "ui/state.h"
#include "ui/widgets.h"

// The text field that has the keyboard takes its events out of the frame.
void edit_keys(Ui *ui, char *text, size_t capacity, UiEdit *result);
// Replaces the selection by `insert`, as much of it as fits.
void edit_insert(Ui *ui, char *text, size_t capacity, const char *insert);
void edit_select_all(Ui *ui, const char *text);
void edit_select_word(Ui *ui, const char *text);
// A field got the keyboard: remembers what its text was.
void edit_start(Ui *ui, UiId id, const char *text);

#endif
