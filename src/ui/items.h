// Inside the toolkit only: the record of what is on the screen.
#ifndef INKLING_UI_ITEMS_H
#define INKLING_UI_ITEMS_H

#include "ui/state.h"

void items_close(ItemList *list);
// Appends to the record of this frame; silently nothing when memory ran out.
void items_add(Ui *ui, UiId id, UiKind kind, const char *label, Rect rect, unsigned hit_flags,
               unsigned ui_flags);
// The item in front at `p` on `least` or a higher layer that can take the mouse, or NULL.
const ItemEntry *items_at(const ItemList *list, Vec2 p, DrawLayer least);

#endif
