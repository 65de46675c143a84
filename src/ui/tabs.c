// Tabs of a card: those that fit stand side by side as segments, the others are in a list behind
// them; see popup.h. Only the division is here; segments and list are the ordinary widgets.
#include "ui/popup.h"

#include <math.h>

enum { TABS_GAP = 6, TABS_LIST_PADDING = 36 }; // of a small drop-down: edges, chevron

// The list is as wide as its widest entry, so that a choice moves nothing.
static float tabs_list_width(Ui *ui, const char *const *items, int count, const char *rest) {
    float width = ui_text_width(ui, TEXT_SMALL, rest);
    for (int i = 0; i < count; i++) width = fmaxf(width, ui_text_width(ui, TEXT_SMALL, items[i]));
    return ceilf(width) + TABS_LIST_PADDING;
}

// How many of `count` stand side by side in that width.
static int tabs_shown(Ui *ui, const char *const *items, int count, const char *rest, float width) {
    if (ui_segments_width(ui, items, count, 0) <= width) return count;
    int shown = count - 1;
    while (shown > 1 && ui_segments_width(ui, items, shown, 0) + TABS_GAP +
                                tabs_list_width(ui, items + shown, count - shown, rest) >
                            width)
        shown--;
    return shown;
}

float ui_tabs(Ui *ui, Rect rect, const char *label, const char *const *items, int count,
              const char *rest, int *selected) {
    int shown = tabs_shown(ui, items, count, rest, rect.w);
    float left = rect.x;
    Rect side = rect_cut_left(&rect, ui_segments_width(ui, items, shown, 0), TABS_GAP);
    ui_segments(ui, side, label, items, shown, selected, 0);
    if (shown == count) return rect_right(side) - left;
    int behind = *selected >= shown ? *selected - shown : -1;
    Rect list =
        rect_cut_left(&rect, tabs_list_width(ui, items + shown, count - shown, rest), TABS_GAP);
    if (ui_dropdown(ui, list, rest, items + shown, count - shown, &behind,
                    UI_SMALL | (behind >= 0 ? UI_ON : 0)))
        *selected = shown + behind;
    return rect_right(list) - left;
}
