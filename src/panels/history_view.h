// What the window's History dialog (dialog_history.c) knows and does: the list as it came last,
// what is searched for and chosen, and the runs that are on their way from the disk into the
// session. The disk itself is history/history.h's business; nothing here waits for it.
#ifndef INKLING_PANELS_HISTORY_VIEW_H
#define INKLING_PANELS_HISTORY_VIEW_H

#include "history/compare.h"
#include "history/history.h"
#include "ui/popup.h"

typedef struct Workbench Workbench;

enum { HISTORY_CHOSEN_MAX = 512 };

// What the dialog shows below or in place of the list.
typedef enum HistoryMode {
    HISTORY_LISTING,
    HISTORY_RENAMING, // a field for the name
    HISTORY_ASKING,   // whether to delete
    HISTORY_COMPARING,
} HistoryMode;

// Zero-initialise; history_view_close frees.
typedef struct HistoryView {
    KeptList list;
    bool told;                        // that nothing can be kept has been shown
    bool listed;                      // one has come
    char problem[STATUS_MESSAGE_MAX]; // of the last thing asked for; "": none
    double asked;                     // time of the frame that asked for the list last
    char search[96];
    HistoryMode mode;
    char name[KEPT_NAME_MAX];           // while renaming
    int which;                          // KeptWeights to open
    int64_t chosen[HISTORY_CHOSEN_MAX]; // in the order in which they were
    int chosen_count;
    int64_t anchor; // Shift chooses from here
    UiScroll scroll, compare_scroll;
    // On the way into the session, one at a time:
    int64_t opening[KEPT_COMPARED_MAX];
    int opening_count;
    bool waiting; // for the answer to the first of them
} HistoryView;

void history_view_close(HistoryView *view);

// Once a frame: takes answers.
void history_view_tick(Workbench *bench);
// The dialog comes up.
void history_view_open(Workbench *bench);

KeptRun *history_view_run(HistoryView *view, int64_t id); // NULL: no longer there
bool history_view_is_chosen(const HistoryView *view, int64_t id);
void history_view_choose_only(HistoryView *view, int64_t id);
void history_view_toggle(HistoryView *view, int64_t id);
size_t history_view_shown(const HistoryView *view); // how many the search leaves
// The first one that is shown, alone.
void history_view_choose_first(HistoryView *view);
// All that are shown and not pinned; none if they are chosen already.
void history_view_choose_all(HistoryView *view);
// All that are shown (`search`) between the anchor and `id`.
void history_view_choose_to(HistoryView *view, int64_t id);

// What the buttons do to what is chosen.
void history_view_load(Workbench *bench); // into the session; the dialog closes when they are there
void history_view_pin(Workbench *bench);  // or unpin, when all are pinned
void history_view_paint(Workbench *bench, int color);
void history_view_rename(Workbench *bench); // to `name`
void history_view_delete(Workbench *bench); // without asking

#endif
