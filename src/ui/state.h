// Inside the toolkit only: what a Ui remembers from frame to frame. Nothing that a program shows or
// changes is in here.
#ifndef INKLING_UI_STATE_H
#define INKLING_UI_STATE_H

#include "ui/ui.h"

enum { ID_DEPTH = 32, SCROLL_DEPTH = 4, TIP_TEXT = 640, EDIT_TEXT = 1024 };

// The text field that has the keyboard.
typedef struct EditState {
    UiId id;
    size_t caret, anchor; // bytes; the selection lies between them
    float scroll_x;
    double moved_at;        // the caret is shown for a while after it moved
    char before[EDIT_TEXT]; // what the text was when the focus came (Esc), if it fits
    char undo[EDIT_TEXT];   // what it was before the last edit (Ctrl+Z)
    char number[64];        // the text of a number field while it is edited
    UiId left_id;           // a number field that lost the keyboard to one called before it
    char left_number[64];
    bool select_all; // asked for by a number field after Enter
} EditState;

// The open list of a drop-down or menu.
typedef struct PopupState {
    UiId id;
    bool seen; // its owner was called in this frame
    bool opened_now;
    int highlight;
    bool by_keyboard; // keep the highlight in view
    Vec2 mouse;       // where the mouse was: it takes the highlight only when it moves
    float offset;     // scrolled
} PopupState;

typedef struct ScrollFrame {
    Rect area;
    UiId id;
    float content_h;
    struct UiScroll *scroll;
} ScrollFrame;

// An item of the record and what the toolkit itself needs to know of it.
typedef struct ItemEntry {
    UiItem item;
    unsigned hit_flags;
} ItemEntry;

typedef struct ItemList {
    ItemEntry *entry;
    size_t count, capacity;
} ItemList;

struct UiState {
    UiClipboard clipboard;
    char *own_clipboard; // when the program has none
    UiId ids[ID_DEPTH];
    int depth;
    ItemList now, last;

    UiId active;
    MouseButton active_button;
    UiId press_owner; // of the press in this frame, by the last frame's record
    bool press_known;
    UiId pressed_last; // by the left button
    UiId focus;
    bool focus_by_keyboard;
    bool focus_seen;
    int focus_step;    // to the next or previous widget at the start of the next frame
    UiId focus_wanted; // to be revealed by its scroll area
    UiId last_id;
    Rect last_rect;
    bool last_hot, last_focus_visible;

    DrawLayer block, block_next;
    double wake; // absolute time
    bool again;

    UiId tip_id, tip_candidate;
    double tip_since;
    char tip_text[TIP_TEXT];
    Rect tip_rect;
    bool tip_show;

    EditState edit;
    PopupState popup;
    ScrollFrame scrolls[SCROLL_DEPTH];
    int scroll_depth;
    float drag_offset; // where in a thumb the mouse took hold of it

    UiId dialog;                      // the one shown in the last frame
    bool dialog_seen, dialog_default; // it has a primary button
    UiId dialog_now;
    UiId focus_before_dialog;
    DrawLayer layer_before_dialog;

    UiId cursor_id; // of the heat map that has the keyboard
    int cursor_row, cursor_column;

    void *scratch;
    size_t scratch_size;
};

// Memory until the next call in the same frame; NULL when there is none.
void *ui_scratch(Ui *ui, size_t bytes);

// Takes Enter when it is for the dialog as a whole: nothing that wants it has the keyboard.
bool ui_take_dialog_enter(Ui *ui);

// The keyboard goes to the next widget (1) or the one before (-1) with the next frame.
void ui_step_focus(Ui *ui, int step);
// Up and down, for a row that has the keyboard among others.
void ui_take_row_arrows(Ui *ui);

// True when p can be reached by widgets of the current layer and clip.
bool ui_reaches(const Ui *ui, Rect rect, Vec2 p);

#endif
