// The heart of the toolkit: one Ui is one window. Immediate mode: every frame the program calls
//
//   ui_begin(ui, &input);  ... widgets, each told its rectangle ...  ui_end(ui);
//
// and the widgets append to ui->draw and answer at once. Widgets are in ui/widgets.h, ui/popup.h,
// ui/chart.h, ui/heatmap.h; this header is what they are made of: names, mouse, keyboard focus,
// layers, and the record of what is on the screen. Not here: rendering, fonts, events (app/).
//
// Names. A widget is known by its label, hashed with the names pushed around it. Of a label such as
// "Save##runs" only what stands before "##" is shown; all of it makes the name. Two widgets with
// one name in one frame are a bug that the record shows (tests check it), not a crash.
//
// Threads: the window's only.
#ifndef INKLING_UI_UI_H
#define INKLING_UI_UI_H

#include "base/status.h"
#include "ui/draw.h"
#include "ui/input.h"
#include "ui/theme.h"

typedef uint64_t UiId; // 0: none

// Options of widgets, or-ed together. A widget ignores those that make no sense for it.
enum {
    UI_PRIMARY = 1,   // the one button that matters
    UI_ON = 2,        // toggled, chosen
    UI_DISABLED = 4,  // drawn faint, no mouse, no focus
    UI_QUIET = 8,     // no box until the mouse is over it
    UI_INVALID = 16,  // error colour on the edge
    UI_SMALL = 32,    // 12 px text, for card headings
    UI_NO_FOCUS = 64, // mouse only
    UI_RESETS = 128,  // changing it needs a fresh start: a small mark is drawn at its corner
    UI_ALIGN_RIGHT = 256,
};

typedef enum UiKind {
    UI_KIND_OTHER,
    UI_KIND_BUTTON,
    UI_KIND_CHECKBOX,
    UI_KIND_DROPDOWN,
    UI_KIND_OPTION, // an entry of an open list
    UI_KIND_FIELD,
    UI_KIND_SLIDER,
    UI_KIND_TAB,
    UI_KIND_ROW,
    UI_KIND_CHART,
    UI_KIND_HEATMAP,
    UI_KIND_CANVAS,
    UI_KIND_DIALOG,
    UI_KIND_TEXT, // only where a widget records its text; not interactive
} UiKind;

// What one interactive widget was in the last finished frame; for tests and for accessibility.
typedef struct UiItem {
    UiId id;
    UiKind kind;
    DrawLayer layer;
    unsigned flags; // UI_* options it had
    Rect rect;      // whole
    Rect visible;   // what of it is inside its clip
    char label[48];
    char value[48]; // what it holds, as shown: field text, chosen entry, "on", slider value
} UiItem;

// Text exchange with other programs. `get` returns a malloc-ed string or NULL; the toolkit frees
// it.
typedef struct UiClipboard {
    void *user;
    char *(*get)(void *user);
    void (*set)(void *user, const char *text);
} UiClipboard;

typedef struct UiState UiState;
typedef struct Ui Ui;

// Puts a copy of the text on it.
void ui_clipboard_set(Ui *ui, const char *text);
// What is on it, malloc-ed; NULL: nothing that is text.
char *ui_clipboard_get(Ui *ui);

// Public fields may be read by anyone at any time between ui_begin and ui_end; draw is appended to
// through draw_*.
// What the mouse pointer is over.
typedef enum UiPointer { POINTER_ARROW, POINTER_TEXT, POINTER_LINK, POINTER_COUNT } UiPointer;

struct Ui {
    DrawList draw;
    const Theme *theme; // set it between frames
    UiFont font;
    float line_scale;  // how much thicker the lines of charts are; set it between frames
    UiInput input;     // of this frame; widgets consume events in it
    UiPointer pointer; // how it should look, after ui_end
    UiState *state;
};

// `clipboard` may be NULL (cut and paste then work inside the program). Free with ui_close.
Status ui_open(Ui **out, UiFont font, const UiClipboard *clipboard);
void ui_close(Ui **ui);

void ui_begin(Ui *ui, const UiInput *input);
// Finishes the draw list. Returns after how many seconds the next frame is needed even if nothing
// happens: 0 = at once (something changed that this frame could not show), INFINITY = never
// (sleep until an event).
double ui_end(Ui *ui);
// The caller wants another frame in `seconds` at the latest.
void ui_wake(Ui *ui, double seconds);

// ---- names ----
UiId ui_hash(UiId parent, const char *label);
UiId ui_id(const Ui *ui, const char *label); // under the names pushed
void ui_push_id(Ui *ui, const char *label);
void ui_push_index(Ui *ui, int index);
void ui_pop_id(Ui *ui);

// ---- mouse and keyboard for one rectangle: what every widget is made of ----
typedef struct UiHit {
    UiId id;
    bool hot;            // the mouse is over it and nothing is in the way
    bool held;           // pressed on it and still down, wherever the mouse is now
    bool pressed;        // went down on it in this frame
    bool clicked;        // went down on it and up on it; or Enter or Space with the focus on it
    bool double_clicked; // `pressed` of the second click
    bool right_pressed, right_held;
    bool focused;       // has the keyboard
    bool focus_visible; // ... and should show it (the focus came by keyboard)
    float wheel;        // notches over it, consumed
} UiHit;

enum {
    HIT_FOCUS = 1,     // takes part in Tab order; Enter and Space click it
    HIT_NO_KEYS = 2,   // ... but leave Enter and Space alone (text fields, canvases)
    HIT_WHEEL = 4,     // wants the wheel when the mouse is over it
    HIT_RIGHT = 8,     // wants the right button too
    HIT_DRAG_OUT = 16, // clicked also when released outside
};

// Call once per widget and frame, in reading order. Records the item for tests.
UiHit ui_interact(Ui *ui, UiId id, UiKind kind, const char *label, Rect rect, unsigned hit_flags,
                  unsigned ui_flags);
// Sets the value in the record of the widget last interacted with.
void ui_set_value(Ui *ui, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

void ui_set_focus(Ui *ui, UiId id); // 0: none
UiId ui_focus(const Ui *ui);
// Which widget holds the mouse (0: none); a program that polls can tell "the user is dragging".
UiId ui_active(const Ui *ui);
// True when a text field has the keyboard.
bool ui_is_typing(const Ui *ui);
// True when a dialog, list or menu is in front: the base layer gets no mouse and no shortcuts.
bool ui_is_blocked(const Ui *ui);
// True if the point can be reached on the current layer and clip.
bool ui_mouse_over(const Ui *ui, Rect rect);

// Takes the first unconsumed event of that key with exactly these modifiers out of the frame.
bool ui_take_key(Ui *ui, UiKey key, uint32_t mods);
// The same for the program's shortcuts, called after the widgets: false while a dialog or list is
// open, or (for keys without Ctrl or Alt) while a text field has the keyboard. `character` is lower
// case; Shift is ignored for punctuation ("?", "+").
bool ui_shortcut(Ui *ui, UiKey key, uint32_t mods);
bool ui_shortcut_char(Ui *ui, char character, uint32_t mods);

// ---- the record ----
size_t ui_item_count(const Ui *ui); // of the last finished frame
const UiItem *ui_item(const Ui *ui, size_t index);
// The first item whose shown label is `label` (and visible); NULL if there is none.
const UiItem *ui_find(const Ui *ui, const char *label);
// The number of names that occurred twice in the last frame.
size_t ui_duplicate_names(const Ui *ui);

// ---- text: never runs out of its rectangle ----
// Draws one line, vertically centred in rect by cap height; "..." replaces what does not fit.
// Returns the width drawn.
float ui_text(Ui *ui, Rect rect, TextRole role, Color color, const char *text);
float ui_text_right(Ui *ui, Rect rect, TextRole role, Color color, const char *text);
float ui_text_center(Ui *ui, Rect rect, TextRole role, Color color, const char *text);
#if defined(__GNUC__)
__attribute__((format(printf, 5, 6)))
#endif
float ui_textf(Ui *ui, Rect rect, TextRole role, Color color, const char *format, ...);
// Wraps to the width of rect; the last line that fits ends in "..." when there is more. Returns
// the height used. ui_paragraph_height measures without drawing.
float ui_paragraph(Ui *ui, Rect rect, TextRole role, Color color, const char *text);
float ui_paragraph_height(Ui *ui, float width, TextRole role, const char *text);
float ui_text_width(Ui *ui, TextRole role, const char *text);
float ui_line_height(Ui *ui, TextRole role);
// The shown part of a label: bytes before "##".
size_t ui_label_size(const char *label);
// What a control with this label needs: text width plus padding, for layouts that fit the text.
float ui_button_width(Ui *ui, const char *label);

// The tooltip of the widget last interacted with: shown when the mouse rests on it for half a
// second, or when it has the visible focus. `text` may hold '\n'.
void ui_tooltip(Ui *ui, const char *text);

// The focus ring, for custom widgets.
void ui_draw_focus(Ui *ui, Rect rect, float radius);

#endif
