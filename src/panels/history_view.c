// See history_view.h.
#include "panels/history_view.h"

#include "base/tr.h"
#include "panels/workbench.h"

#include <stdio.h>
#include <string.h>

static const double HISTORY_REFRESH_SECONDS = 1.0; // while the dialog is open and a run trains

void history_view_close(HistoryView *view) {
    kept_list_close(&view->list);
}

// ---- choosing -----------------------------------------------------------------------------------

KeptRun *history_view_run(HistoryView *view, int64_t id) {
    for (size_t i = 0; i < view->list.count; i++)
        if (view->list.run[i].id == id) return &view->list.run[i];
    return NULL;
}

static int history_view_place(const HistoryView *view, int64_t id) {
    for (int i = 0; i < view->chosen_count; i++)
        if (view->chosen[i] == id) return i;
    return -1;
}

bool history_view_is_chosen(const HistoryView *view, int64_t id) {
    return history_view_place(view, id) >= 0;
}

void history_view_choose_only(HistoryView *view, int64_t id) {
    view->chosen[0] = view->anchor = id;
    view->chosen_count = 1;
}

void history_view_toggle(HistoryView *view, int64_t id) {
    int place = history_view_place(view, id);
    view->anchor = id;
    if (place >= 0) {
        view->chosen_count--;
        for (int i = place; i < view->chosen_count; i++) view->chosen[i] = view->chosen[i + 1];
    } else if (view->chosen_count < HISTORY_CHOSEN_MAX) {
        view->chosen[view->chosen_count++] = id;
    }
}

void history_view_choose_to(HistoryView *view, int64_t id) {
    int64_t from = view->anchor;
    bool inside = false;
    view->chosen_count = 0;
    for (size_t i = 0; i < view->list.count; i++) {
        const KeptRun *run = &view->list.run[i];
        bool end = run->id == from || run->id == id;
        bool shown = kept_run_matches(run, view->search);
        if ((end || inside) && shown && view->chosen_count < HISTORY_CHOSEN_MAX)
            view->chosen[view->chosen_count++] = run->id;
        if (end && from != id) inside = !inside;
    }
    view->anchor = from;
}

size_t history_view_shown(const HistoryView *view) {
    size_t shown = 0;
    for (size_t i = 0; i < view->list.count; i++)
        shown += kept_run_matches(&view->list.run[i], view->search);
    return shown;
}

void history_view_choose_first(HistoryView *view) {
    for (size_t i = view->list.count; i-- > 0;)
        if (kept_run_matches(&view->list.run[i], view->search))
            history_view_choose_only(view, view->list.run[i].id);
}

void history_view_choose_all(HistoryView *view) {
    int64_t all[HISTORY_CHOSEN_MAX] = {0};
    int count = 0, there = 0;
    for (size_t i = 0; i < view->list.count && count < HISTORY_CHOSEN_MAX; i++) {
        const KeptRun *run = &view->list.run[i];
        if (run->pinned || !kept_run_matches(run, view->search)) continue;
        there += history_view_is_chosen(view, run->id);
        all[count++] = run->id;
    }
    bool again = there == count && view->chosen_count == count;
    view->chosen_count = again ? 0 : count;
    memcpy(view->chosen, all, sizeof *all * (size_t)view->chosen_count);
    if (count > 0) view->anchor = all[0];
}

// What is chosen but gone.
static void history_view_forget(HistoryView *view) {
    for (int i = 0; i < view->chosen_count;)
        if (history_view_run(view, view->chosen[i]))
            i++;
        else
            history_view_toggle(view, view->chosen[i]);
}

// ---- asking -------------------------------------------------------------------------------------

static void history_view_ask(Workbench *bench) {
    history_ask_list(bench->history);
    bench->history_view.asked = bench->now;
}

void history_view_open(Workbench *bench) {
    HistoryView *view = &bench->history_view;
    view->mode = HISTORY_LISTING;
    view->problem[0] = '\0';
    history_view_ask(bench);
}

static void history_view_next(Workbench *bench) {
    HistoryView *view = &bench->history_view;
    if (view->waiting || view->opening_count == 0) return;
    view->waiting = true;
    history_ask_run(bench->history, view->opening[0], (KeptWeights)view->which);
}

// The answer to what was to be opened: a run of this session from now on.
static void history_view_take_run(Workbench *bench) {
    HistoryView *view = &bench->history_view;
    HistoryAnswer answer;
    if (!history_take_run(bench->history, &answer)) return;
    view->waiting = false;
    if (view->opening_count > 0) view->opening_count--;
    for (int i = 0; i < view->opening_count; i++) view->opening[i] = view->opening[i + 1];
    Status status = runs_restore(bench, &answer);
    history_answer_close(&answer);
    if (!status_is_ok(&status)) {
        text_copy(view->problem, sizeof view->problem, status.message);
        log_write(&bench->hooks.logger, LOG_ERROR, "%s", status.message);
        view->opening_count = 0;
    } else if (view->opening_count == 0 && bench->dialog == DIALOG_HISTORY) {
        bench->dialog = DIALOG_NONE;
    }
    history_view_next(bench);
}

// What stands in the way of keeping runs is shown once, as soon as it is known. (The log has it.)
static void history_view_tell(Workbench *bench) {
    char problem[STATUS_MESSAGE_MAX], text[UI_TOAST_TEXT];
    if (bench->history_view.told || !history_is_possible() ||
        !history_problem(bench->history, problem))
        return;
    bench->history_view.told = true;
    snprintf(text, sizeof text, tr("Runs are not kept in the history: %.400s"), problem);
    ui_toast_add(&bench->toasts, NOTICE_WARNING, text);
}

void history_view_tick(Workbench *bench) {
    HistoryView *view = &bench->history_view;
    KeptList list;
    Status status;
    if (history_take_list(bench->history, &list, &status)) {
        kept_list_close(&view->list);
        view->list = list;
        view->listed = true;
        if (!status_is_ok(&status)) text_copy(view->problem, sizeof view->problem, status.message);
        history_view_forget(view);
    }
    history_view_take_run(bench);
    history_view_tell(bench);
    bool old = bench->now - view->asked >= HISTORY_REFRESH_SECONDS;
    if (bench->dialog == DIALOG_HISTORY && old && runs_any(bench, RUN_TRAINING))
        history_view_ask(bench);
}

// ---- doing --------------------------------------------------------------------------------------

void history_view_load(Workbench *bench) {
    HistoryView *view = &bench->history_view;
    view->problem[0] = '\0';
    if (!bench->dataset) {
        text_copy(view->problem, sizeof view->problem,
                  bench->loader.busy
                      ? tr("The data set is being loaded; a run can be opened in a moment.")
                      : tr("there is no data set to show it with"));
        return;
    }
    if (view->waiting) return;
    view->opening_count = 0;
    for (int i = 0; i < view->chosen_count && i < KEPT_COMPARED_MAX; i++)
        view->opening[view->opening_count++] = view->chosen[i];
    history_view_next(bench);
}

void history_view_pin(Workbench *bench) {
    HistoryView *view = &bench->history_view;
    bool all = true;
    for (int i = 0; i < view->chosen_count; i++) {
        const KeptRun *run = history_view_run(view, view->chosen[i]);
        all = all && run && run->pinned;
    }
    for (int i = 0; i < view->chosen_count; i++) history_pin(bench->history, view->chosen[i], !all);
}

void history_view_paint(Workbench *bench, int color) {
    HistoryView *view = &bench->history_view;
    for (int i = 0; i < view->chosen_count; i++) {
        RunEntry *entry = runs_find_kept(bench, view->chosen[i]);
        if (entry) entry->number = color;
        history_color(bench->history, view->chosen[i], color);
    }
}

void history_view_rename(Workbench *bench) {
    HistoryView *view = &bench->history_view;
    if (view->chosen_count != 1 || view->name[0] == '\0') return;
    RunEntry *entry = runs_find_kept(bench, view->chosen[0]);
    if (entry) text_copy(entry->name, sizeof entry->name, view->name);
    history_rename(bench->history, view->chosen[0], view->name);
}

void history_view_delete(Workbench *bench) {
    HistoryView *view = &bench->history_view;
    view->problem[0] = '\0';
    for (int i = 0; i < view->chosen_count; i++) {
        RunEntry *entry = runs_find_kept(bench, view->chosen[i]);
        history_delete(bench->history, view->chosen[i]);
        if (!entry || entry_is_active(entry)) continue; // what trains is not deleted
        entry->recording = NULL;                        // only this window has it from now on
        entry->kept_id = 0;
    }
}
