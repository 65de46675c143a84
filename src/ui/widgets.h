// The ordinary widgets. Each is given its rectangle, appends to the draw list and returns what
// happened in this frame. What a widget shows and changes belongs to the caller; the toolkit only
// remembers what is transient (which one is pressed, where the caret is).
// `flags` are the UI_* options of ui/ui.h. Strings are used during the call only.
#ifndef INKLING_UI_WIDGETS_H
#define INKLING_UI_WIDGETS_H

#include "ui/icons.h"
#include "ui/ui.h"

// ---- what does nothing ----
// Capitals (ASCII letters only), semibold, letter-spaced, muted. Returns the width drawn.
float ui_heading(Ui *ui, Rect rect, const char *text);
void ui_caption(Ui *ui, Rect rect, const char *text); // small, muted: above a field
void ui_card(Ui *ui, Rect rect);                      // panel background and hairline edge
// A card and the rectangle inside its padding.
Rect ui_card_inside(Ui *ui, Rect rect);
void ui_separator(Ui *ui, Rect rect); // a hairline through the middle of rect, along its long side
// A box of the top bar: `strong` semibold, then `soft`. Give it the width of ui_chip_width.
void ui_chip(Ui *ui, Rect rect, const char *strong, const char *soft);
float ui_chip_width(Ui *ui, const char *strong, const char *soft);
void ui_progress(Ui *ui, Rect rect, float fraction); // < 0: not known, a slow to and fro
// A framed picture; the frame is drawn outside rect.
void ui_image(Ui *ui, Rect rect, const DrawImage *image, ImageSampling sampling);
void ui_color_dot(Ui *ui, Rect rect, Color color); // 10 px, centred

// Bars like the ten of the softmax: values in [0,1] (NULL: blank canvas, no numbers), names below,
// percentages above, bar `best` in the accent colour (-1: none; UI_BARS_GREY: all are grey, they do
// not count). Hover shows the exact value.
enum { UI_BARS_GREY = -2 };
void ui_value_bars(Ui *ui, Rect rect, const char *label, const float *values, int count,
                   const char *const *names, int best);

// ---- what is clicked ----
bool ui_button(Ui *ui, Rect rect, const char *label, unsigned flags);
// Only the icon is shown; `label` names it and is its tooltip.
bool ui_icon_button(Ui *ui, Rect rect, UiIcon icon, const char *label, unsigned flags);
// Icon before the text.
bool ui_button_icon(Ui *ui, Rect rect, UiIcon icon, const char *label, unsigned flags);
bool ui_link(Ui *ui, Rect rect, const char *label, unsigned flags);
// True when *on was changed.
bool ui_checkbox(Ui *ui, Rect rect, const char *label, bool *on, unsigned flags);
bool ui_switch(Ui *ui, Rect rect, const char *label, bool *on, unsigned flags);
// One of several, side by side in one frame. True when *selected was changed. Left and Right keys.
// *selected beyond the last: none of them. Labels get equal padding; ui_segments_width says what
// they need; narrower: ellipsis.
bool ui_segments(Ui *ui, Rect rect, const char *label, const char *const *items, int count,
                 int *selected, unsigned flags);
float ui_segments_width(Ui *ui, const char *const *items, int count, unsigned flags);
// The same look for actions ("Race | CSV | PNG"): returns the index clicked or -1.
int ui_button_group(Ui *ui, Rect rect, const char *label, const char *const *items, int count,
                    unsigned flags);

// ---- what is dragged ----
// Click anywhere, drag, arrow keys (step), Home/End, wheel. step 0: continuous (keys move 1/20).
bool ui_slider(Ui *ui, Rect rect, const char *label, float *value, float min, float max, float step,
               unsigned flags);

// ---- what is typed ----
typedef struct UiField {
    const char *placeholder; // shown faint while empty; may be NULL
    const char *suffix;      // a unit at the right edge; may be NULL
    unsigned flags;          // UI_DISABLED, UI_INVALID, UI_RESETS, UI_ALIGN_RIGHT
} UiField;

typedef struct UiEdit {
    bool changed;   // the text is different from before
    bool submitted; // Enter
    bool left;      // the focus went elsewhere
    bool cancelled; // Esc (the text is what it was when the focus came)
    bool focused;
} UiEdit;

// `text` is NUL-terminated UTF-8 in `capacity` bytes, edited in place (never overrun, never cut
// inside a character). Mouse selection, double click = word, Ctrl+A/C/X/V/Z, Ctrl+arrows, Home,
// End, Shift+any. `options` may be NULL.
UiEdit ui_text_field(Ui *ui, Rect rect, const char *label, char *text, size_t capacity,
                     const UiField *options);

typedef struct UiNumber {
    double min, max;
    double step; // Up and Down keys; 0: times or divided by 10^(1/5) rounded to 1, 2, 5
    bool integer;
    unsigned flags;
    const char *suffix;
} UiNumber;

// True when *value was changed: on Enter, on leaving, on Up and Down. What is no number or out of
// range gets the error colour and changes nothing; Esc brings the old value back.
bool ui_number_field(Ui *ui, Rect rect, const char *label, double *value, const UiNumber *options);

// ---- what scrolls ----
typedef struct UiScroll {
    float offset; // pixels; kept in range by ui_scroll_begin
    float target; // where a smooth scroll is going (used inside)
} UiScroll;

// Clips to `area` and returns the content's rectangle: content_h high, moved by the offset, and
// narrower by the scroll bar if one is needed. Widgets scrolled out of sight are scrolled back in
// when they get the focus. End with ui_scroll_end.
Rect ui_scroll_begin(Ui *ui, Rect area, const char *label, float content_h, UiScroll *scroll);
void ui_scroll_end(Ui *ui);

// ---- tables ----
enum { TABLE_COLUMN_MAX = 12 };

// Widths: > 0 pixels; < 0 share of what is left (-1, -2 ...).
typedef struct UiColumn {
    const char *title;
    float width;
    bool right; // right-aligned (numbers)
} UiColumn;

typedef struct UiTable {
    const UiColumn *columns;
    int count;
    float x[TABLE_COLUMN_MAX + 1]; // left edges, worked out by ui_table_begin
    Rect rest;                     // where the next row goes
    int row;
} UiTable;

// Draws the titles. Returns the clicked column or -1.
int ui_table_begin(Ui *ui, UiTable *table, Rect area, const UiColumn *columns, int count);
// One row: background, hairline, hover. Returns its hit; then draw its cells. Wrap in
// ui_push_index for rows with equal labels. Up and Down keys move the focus as Tab does.
UiHit ui_table_row(Ui *ui, UiTable *table, const char *label, bool selected);
// The rectangle of column `index` in the row last begun.
Rect ui_table_cell(const UiTable *table, int index);
void ui_table_text(Ui *ui, const UiTable *table, int index, Color color, const char *text);

#endif
