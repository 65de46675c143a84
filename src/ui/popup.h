// What appears above the rest: drop-down lists, menus, dialogs, notices.
// While a list or a dialog is open the rest of the window gets no mouse and no shortcuts; Esc and a
// click beside a list close it. Call each at its place in every frame; the toolkit draws the open
// part on a higher layer and keeps it inside the window.
#ifndef INKLING_UI_POPUP_H
#define INKLING_UI_POPUP_H

#include "ui/widgets.h"

// True when *selected was changed (-1: nothing chosen yet, shows `placeholder` of the label).
// Enter, Space or Down opens; arrows, Home, End, a letter move; Enter takes; long lists scroll.
// Closed, Left and Right change the choice at once. UI_ON: drawn as the chosen one of several.
bool ui_dropdown(Ui *ui, Rect rect, const char *label, const char *const *items, int count,
                 int *selected, unsigned flags);

// Tabs of a card: like ui_segments as far as the width goes, the others in a drop-down behind them
// that is called `rest` ("More") until one of its entries is chosen. Returns the width used.
float ui_tabs(Ui *ui, Rect rect, const char *label, const char *const *items, int count,
              const char *rest, int *selected);

// A button with a chevron and a list of actions. Returns the index chosen or -1. An item "-" is a
// separator line.
int ui_menu(Ui *ui, Rect rect, const char *label, const char *const *items, int count,
            unsigned flags);

// ---- dialogs ----
// A frame of the size given, in the middle, title on top, the window behind it dimmed; the Tab
// order stays inside. *inside is the content area. Call only while it is open; end with
// ui_dialog_end. False and *inside empty never happens: the dialog is clipped to the window and
// scrolls nothing.
void ui_dialog_begin(Ui *ui, const char *title, float width, float height, Rect *inside);
// True when Esc or the close cross asks to close it. Enter presses the dialog's button that is
// UI_PRIMARY, unless a field or another button has the keyboard; without one it closes too.
bool ui_dialog_end(Ui *ui);

// Message with up to 4 buttons, laid out from the right; the first one is primary and has the
// focus. Returns the index pressed, UI_DIALOG_CANCELLED for Esc or the cross, UI_DIALOG_PENDING
// meanwhile.
enum { UI_DIALOG_PENDING = -1, UI_DIALOG_CANCELLED = -2 };
int ui_message_dialog(Ui *ui, const char *title, const char *message, const char *const *buttons,
                      int count);

// Asks for a path. `path` is edited in place. `entries` (may be NULL) are shown as a list below the
// field: what lies in the directory that the field names; the caller fills it, again whenever
// `path` changes. Names that end in '/' are directories; clicking one appends it to the path's
// directory, clicking a file puts it in the field, double click accepts. `problem` (may be NULL or
// "") is shown in the error colour. Returns 0 when accepted, else as ui_message_dialog.
typedef struct UiPathDialog {
    const char *title;
    const char *action; // "Open", "Save"
    const char *cancel; // "Cancel"
    const char *hint;   // a sentence above the field; may be NULL
    const char *problem;
    const char *const *entries;
    int entry_count;
} UiPathDialog;
int ui_path_dialog(Ui *ui, const UiPathDialog *dialog, char *path, size_t capacity,
                   UiScroll *scroll);

// ---- notices ----
typedef enum NoticeKind { NOTICE_INFO, NOTICE_SUCCESS, NOTICE_WARNING, NOTICE_ERROR } NoticeKind;

// A line with icon, wrapped text and a close cross. True when the cross was clicked. Height needed:
// ui_notice_height.
bool ui_notice(Ui *ui, Rect rect, NoticeKind kind, const char *text);
float ui_notice_height(Ui *ui, float width, const char *text);

// Notices that come up at the bottom of the window, newest lowest. Errors stay until closed, others
// go after 6 s (not while the mouse is over them). Owned by the caller, zero-initialise; the oldest
// goes when there are too many.
enum { UI_TOAST_MAX = 4, UI_TOAST_TEXT = 768 };
typedef struct UiToasts {
    struct {
        NoticeKind kind;
        double since; // 0: not shown yet
        char text[UI_TOAST_TEXT];
    } item[UI_TOAST_MAX];
    int count;
} UiToasts;
void ui_toast_add(UiToasts *toasts, NoticeKind kind, const char *text);
void ui_toasts(Ui *ui, UiToasts *toasts); // call once per frame, last

#endif
