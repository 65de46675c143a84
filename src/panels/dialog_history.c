// The History dialog: every run that was kept, to be found, named, coloured, pinned, set side by
// side, deleted, and brought back: its curves onto the charts, its weights onto the canvas.
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HISTORY_W = 980, HISTORY_H = 660, SWATCH = 20, COLUMN_MAX = 9 };

typedef enum HistoryColumn {
    COLUMN_DOT,
    COLUMN_NAME,
    COLUMN_WHAT,
    COLUMN_BEST,
    COLUMN_LOSS,
    COLUMN_EPOCHS,
    COLUMN_TIME,
    COLUMN_DATE,
    COLUMN_PIN,
} HistoryColumn;

static const UiColumn history_columns[COLUMN_MAX] = {
    [COLUMN_DOT] = {"", 24, false},
    [COLUMN_NAME] = {TR("run"), -2, false},
    [COLUMN_WHAT] = {TR("network and settings"), -3, false},
    [COLUMN_BEST] = {TR("best %"), 64, true},
    [COLUMN_LOSS] = {TR("loss"), 60, true},
    [COLUMN_EPOCHS] = {TR("epochs"), 70, true},
    [COLUMN_TIME] = {TR("time"), 58, true},
    [COLUMN_DATE] = {TR("begun"), 134, true},
    [COLUMN_PIN] = {"", 30, false},
};

static const char *const history_state_texts[KEPT_STATE_COUNT] = {
    [KEPT_TRAINING] = TR("in training"),
    [KEPT_FINISHED] = TR("finished"),
    [KEPT_STOPPED] = TR("stopped by hand"),
    [KEPT_FAILED] = TR("failed"),
    [KEPT_INTERRUPTED] = TR("interrupted: the program ended before the run did")};

// ---- words --------------------------------------------------------------------------------------

static void history_date(char out[WORD_MAX], double when) {
    time_t seconds = (time_t)when;
    struct tm local;
    if (!localtime_r(&seconds, &local) || !strftime(out, WORD_MAX, "%Y-%m-%d %H:%M", &local))
        out[0] = '\0';
}

static void history_bytes(char out[WORD_MAX], long long bytes) {
    snprintf(out, WORD_MAX, bytes < 10000000 ? "%.1f MB" : "%.0f MB", (double)bytes / 1e6);
}

static void history_chosen_bytes(HistoryView *view, char out[WORD_MAX]) {
    long long bytes = 0;
    for (int i = 0; i < view->chosen_count; i++) {
        const KeptRun *run = history_view_run(view, view->chosen[i]);
        if (run) bytes += run->bytes;
    }
    history_bytes(out, bytes);
}

// The value of one option in a settings line; "" when it is not there.
static void history_setting(const KeptRun *run, const char *name, char *out, size_t size) {
    char line[TRAIN_LINE_MAX], *cursor = line;
    OptionPair pair;
    Status status = status_ok();
    out[0] = '\0';
    memcpy(line, run->settings, sizeof line);
    while (config_next_pair(&cursor, &pair, &status))
        if (strcmp(pair.name, name) == 0) text_copy(out, size, pair.value);
}

static void history_what(const KeptRun *run, char *out, size_t size) {
    char lr[32], batch[32], augment[32];
    size_t used = 0;
    history_setting(run, "lr", lr, sizeof lr);
    history_setting(run, "batch-size", batch, sizeof batch);
    history_setting(run, "augment", augment, sizeof augment);
    words_append(out, size, &used, "%s", tr(run->network));
    if (lr[0]) words_append(out, size, &used, " \xc2\xb7 lr %s", lr);
    if (batch[0]) {
        words_append(out, size, &used, " \xc2\xb7 ");
        words_append(out, size, &used, tr("batch %s"), batch);
    }
    if (augment[0] && strcmp(augment, "none") != 0)
        words_append(out, size, &used, " \xc2\xb7 %s", augment);
}

static void history_text(const KeptRun *run, HistoryColumn column, char *out, size_t size) {
    char word[WORD_MAX] = "";
    out[0] = '\0';
    if (column == COLUMN_WHAT) {
        history_what(run, out, size);
        return;
    }
    if (column == COLUMN_BEST && run->best_epoch > 0)
        snprintf(word, sizeof word, "%.2f", run->best_accuracy * 100);
    if (column == COLUMN_LOSS && run->steps > 0) word_number(word, run->loss);
    if (column == COLUMN_EPOCHS)
        snprintf(word, sizeof word, "%d / %d", run->epoch, run->epochs_asked);
    if (column == COLUMN_TIME) word_clock(word, run->seconds);
    if (column == COLUMN_DATE) history_date(word, run->started);
    text_copy(out, size, word);
}

static void history_tip(const KeptRun *run, char *out, size_t size) {
    char best[96] = "";
    if (run->best_epoch > 0)
        snprintf(best, sizeof best, tr(", best after epoch %d"), run->best_epoch);
    snprintf(out, size, "%lld: %s%s\n%.110s, %.110s\n%.330s", (long long)run->id,
             run->state == KEPT_FAILED ? run->failure : tr(history_state_texts[run->state]), best,
             run->data, run->machine, run->settings);
}

// ---- the list -----------------------------------------------------------------------------------

static void history_cell(Ui *ui, const UiTable *table, const KeptRun *run, HistoryColumn column) {
    const ThemeColors *c = &ui->theme->color;
    Rect cell = ui_table_cell(table, (int)column);
    char text[160];
    if (column == COLUMN_DOT) {
        ui_color_dot(ui, cell, theme_run_color(ui->theme, run->color));
    } else if (column == COLUMN_PIN) {
        if (run->pinned) icon_draw(&ui->draw, ICON_PIN, cell, 14, c->accent);
    } else if (column == COLUMN_NAME) {
        bool over = run->state == KEPT_FINISHED || run->state == KEPT_STOPPED;
        UiIcon icon = run->state == KEPT_TRAINING ? ICON_PLAY : ICON_WARNING;
        Color color = run->state == KEPT_TRAINING ? c->accent
                      : run->state == KEPT_FAILED ? c->error
                                                  : c->warning;
        if (!over) icon_draw(&ui->draw, icon, rect_cut_right(&cell, 16, 4), 13, color);
        ui_text(ui, cell, TEXT_BODY, run->state == KEPT_FAILED ? c->error : c->text, run->name);
    } else {
        history_text(run, column, text, sizeof text);
        ui_table_text(ui, table, (int)column, c->text_soft, text);
    }
}

static void history_row(Ui *ui, Workbench *bench, UiTable *table, const KeptRun *run, Rect area) {
    HistoryView *view = &bench->history_view;
    char tip[1152];
    ui_push_index(ui, (int)run->id);
    bool enter = ui_focus(ui) == ui_id(ui, run->name) && ui_take_key(ui, KEY_ENTER, 0);
    UiHit hit = ui_table_row(ui, table, run->name, history_view_is_chosen(view, run->id));
    bool mouse = ui->input.released[MOUSE_LEFT] || ui->input.pressed[MOUSE_LEFT];
    bool space = hit.clicked && !mouse && !hit.pressed && !enter;
    if (space || (hit.pressed && (ui->input.mods & MOD_CTRL)))
        history_view_toggle(view, run->id);
    else if (hit.pressed && (ui->input.mods & MOD_SHIFT))
        history_view_choose_to(view, run->id);
    else if (hit.pressed || enter)
        history_view_choose_only(view, run->id);
    bool choosing = ui->input.mods & (MOD_CTRL | MOD_SHIFT);
    if (enter || (hit.double_clicked && !choosing)) history_view_load(bench);
    // What is scrolled away is only a stop in the Tab order.
    Rect row = ui_table_cell(table, COLUMN_NAME);
    if (rect_bottom(row) >= area.y && row.y <= rect_bottom(area)) {
        history_tip(run, tip, sizeof tip);
        ui_tooltip(ui, tip);
        for (int i = 0; i < COLUMN_MAX; i++) history_cell(ui, table, run, (HistoryColumn)i);
    }
    ui_pop_id(ui);
}

static void history_list(Ui *ui, Workbench *bench, Rect rect) {
    HistoryView *view = &bench->history_view;
    UiColumn columns[COLUMN_MAX];
    UiTable table;
    size_t shown = history_view_shown(view);
    if (shown == 0) {
        char problem[STATUS_MESSAGE_MAX];
        bool broken = history_problem(bench->history, problem);
        panel_empty(ui, rect,
                    !bench->history         ? tr("This window keeps no runs.")
                    : broken                ? problem
                    : !view->listed         ? ""
                    : view->list.count == 0 ? tr("Every run that trains is kept here as it goes: "
                                                 "settings, curves, last and best weights.")
                                            : tr("No run has all these words."));
        return;
    }
    for (int i = 0; i < COLUMN_MAX; i++) {
        columns[i] = history_columns[i];
        columns[i].title = columns[i].title[0] ? tr(columns[i].title) : "";
    }
    Rect list =
        ui_scroll_begin(ui, rect, "History", 26 + (float)shown * THEME_ROW_H + 4, &view->scroll);
    ui_table_begin(ui, &table, list, columns, COLUMN_MAX);
    for (size_t i = 0; i < view->list.count; i++)
        if (kept_run_matches(&view->list.run[i], view->search))
            history_row(ui, bench, &table, &view->list.run[i], rect);
    ui_scroll_end(ui);
}

// ---- what is done to what is chosen -------------------------------------------------------------

static float history_width(Ui *ui, const char *label) {
    return ceilf(fmaxf(ui_button_width(ui, label), 64));
}

static void history_swatches(Ui *ui, Workbench *bench, Rect *row, unsigned flags) {
    for (int i = 0; i < THEME_RUN_COLORS; i++) {
        char label[48];
        Rect box = rect_center(rect_cut_left(row, SWATCH + 2, 0), SWATCH, SWATCH);
        snprintf(label, sizeof label, tr("Colour %d"), i + 1);
        UiHit hit = ui_interact(ui, ui_id(ui, label), UI_KIND_BUTTON, label, box, HIT_FOCUS, flags);
        Color color = theme_run_color(ui->theme, i);
        if (hit.hot) draw_fill(&ui->draw, box, THEME_RADIUS, ui->theme->color.button_hot);
        ui_color_dot(ui, box, flags & UI_DISABLED ? color_fade(color, 0.35f) : color);
        if (hit.focus_visible) ui_draw_focus(ui, box, THEME_RADIUS);
        ui_tooltip(ui, label);
        if (hit.clicked) history_view_paint(bench, i);
    }
}

static void history_open_buttons(Ui *ui, Workbench *bench, Rect *row) {
    HistoryView *view = &bench->history_view;
    const char *const which[] = {tr("last weights"), tr("best weights")};
    bool any = view->chosen_count > 0;
    const char *open = view->waiting ? tr("Opening\xe2\x80\xa6") : tr("Open");
    Rect button = rect_cut_right(row, fmaxf(history_width(ui, open), 84), 8);
    Rect choice = rect_cut_right(row, ui_segments_width(ui, which, 2, 0), 16);
    ui_segments(ui, choice, tr("Weights to open"), which, 2, &view->which, 0);
    unsigned flags = any && !view->waiting ? 0 : UI_DISABLED;
    if (ui_button(ui, button, open, UI_PRIMARY | flags)) history_view_load(bench);
    ui_tooltip(ui, tr("The curves come to the charts, the weights answer the canvas (Enter)."));
}

static void history_actions(Ui *ui, Workbench *bench, Rect row) {
    HistoryView *view = &bench->history_view;
    int count = view->chosen_count;
    unsigned any = count > 0 ? 0 : UI_DISABLED, one = count == 1 ? 0 : UI_DISABLED;
    unsigned many = count > 1 && count <= KEPT_COMPARED_MAX ? 0 : UI_DISABLED;
    const KeptRun *first = count > 0 ? history_view_run(view, view->chosen[0]) : NULL;
    const char *pin = first && first->pinned ? tr("Unpin") : tr("Pin");
    if (ui_button(ui, rect_cut_left(&row, history_width(ui, tr("Compare")), 8), tr("Compare"),
                  many))
        view->mode = HISTORY_COMPARING;
    ui_tooltip(ui, tr("Two to six runs (Ctrl or Shift and click, or Space), side by side: the "
                      "settings that differ."));
    if (ui_button(ui, rect_cut_left(&row, history_width(ui, pin), 8), pin, any))
        history_view_pin(bench);
    ui_tooltip(ui, tr("Pinned runs stay on top."));
    if (ui_button(ui, rect_cut_left(&row, history_width(ui, tr("Rename")), 8), tr("Rename"), one) &&
        first) {
        text_copy(view->name, sizeof view->name, first->name);
        view->mode = HISTORY_RENAMING;
        ui_set_focus(ui, ui_id(ui, tr("Name")));
    }
    if (ui_icon_button(ui, rect_cut_left(&row, row.h, 12), ICON_TRASH,
                       tr("Delete from the history"), any))
        view->mode = HISTORY_ASKING;
    history_swatches(ui, bench, &row, any);
    history_open_buttons(ui, bench, &row);
}

static void history_renaming(Ui *ui, Workbench *bench, Rect row) {
    HistoryView *view = &bench->history_view;
    Rect ok = rect_cut_right(&row, history_width(ui, tr("Rename")), 8);
    Rect no = rect_cut_right(&row, history_width(ui, tr("Cancel")), 8);
    UiField options = {.placeholder = tr("Name")};
    UiEdit edit = ui_text_field(ui, row, tr("Name"), view->name, sizeof view->name, &options);
    bool cancel = ui_button(ui, no, tr("Cancel"), 0) || edit.cancelled;
    bool take = ui_button(ui, ok, tr("Rename"), UI_PRIMARY | (view->name[0] ? 0 : UI_DISABLED)) ||
                (edit.submitted && view->name[0]);
    if (take) history_view_rename(bench);
    if (take || cancel) view->mode = HISTORY_LISTING;
}

static void history_asking(Ui *ui, Workbench *bench, Rect row) {
    HistoryView *view = &bench->history_view;
    char text[200], bytes[WORD_MAX];
    Rect no = rect_cut_right(&row, history_width(ui, tr("Keep")), 8);
    Rect yes = rect_cut_right(&row, history_width(ui, tr("Delete")), 12);
    history_chosen_bytes(view, bytes);
    snprintf(text, sizeof text,
             tr_n("Delete %d run for good, with its curves and weights (%s)?",
                  "Delete %d runs for good, with their curves and weights (%s)?",
                  view->chosen_count),
             view->chosen_count, bytes);
    ui_text(ui, row, TEXT_BODY, ui->theme->color.text, text);
    bool gone = ui_button(ui, yes, tr("Delete"), 0);
    bool keep = ui_button(ui, no, tr("Keep"), UI_PRIMARY);
    if (gone) history_view_delete(bench);
    if (gone || keep || view->chosen_count == 0) view->mode = HISTORY_LISTING;
}

static void history_comparing(Ui *ui, Workbench *bench, Rect row) {
    HistoryView *view = &bench->history_view;
    const char *back = tr("Back to the list");
    if (ui_button(ui, rect_cut_left(&row, history_width(ui, back), 8), back, 0) ||
        view->chosen_count < 2)
        view->mode = HISTORY_LISTING;
    history_open_buttons(ui, bench, &row);
}

// ---- the dialog ---------------------------------------------------------------------------------

static void history_head(Ui *ui, Workbench *bench, Rect row) {
    HistoryView *view = &bench->history_view;
    const ThemeColors *c = &ui->theme->color;
    char text[128], bytes[WORD_MAX];
    UiField options = {.placeholder = tr("Search: name, network, settings, state")};
    UiEdit edit =
        ui_text_field(ui, rect_cut_left(&row, fminf(360, row.w * 0.5f), 16),
                      tr("Search the history"), view->search, sizeof view->search, &options);
    if (edit.changed) view->scroll = (UiScroll){0};
    if (edit.submitted) history_view_choose_first(view);
    if (!view->listed) return;
    const char *all = tr("Choose all");
    Rect link = rect_cut_right(&row, ceilf(ui_text_width(ui, TEXT_SMALL, all)) + 4, 16);
    if (ui_link(ui, link, all, history_view_shown(view) > 0 ? 0 : UI_DISABLED))
        history_view_choose_all(view);
    ui_tooltip(ui, tr("All that are listed, but for those that are pinned"));
    history_bytes(bytes, view->list.bytes);
    size_t used = 0;
    words_append(text, sizeof text, &used,
                 tr_n("%d run, %s on the disk", "%d runs, %s on the disk", (long)view->list.count),
                 (int)view->list.count, bytes);
    if (view->chosen_count > 1) {
        history_chosen_bytes(view, bytes);
        words_append(text, sizeof text, &used, " \xc2\xb7 ");
        words_append(text, sizeof text, &used, tr("%d chosen, %s"), view->chosen_count, bytes);
    }
    ui_text_right(ui, row, TEXT_SMALL, c->text_muted, text);
}

void dialog_history(Ui *ui, Workbench *bench) {
    static void (*const foot[])(Ui *, Workbench *,
                                Rect) = {[HISTORY_LISTING] = history_actions,
                                         [HISTORY_RENAMING] = history_renaming,
                                         [HISTORY_ASKING] = history_asking,
                                         [HISTORY_COMPARING] = history_comparing};
    HistoryView *view = &bench->history_view;
    Rect inside;
    ui_dialog_begin(ui, tr("History"), HISTORY_W, fminf(HISTORY_H, ui->input.window.h - 32),
                    &inside);
    Rect buttons = rect_cut_bottom(&inside, THEME_CONTROL_H, 12);
    if (view->problem[0]) {
        float h = ui_paragraph_height(ui, inside.w, TEXT_SMALL, view->problem);
        ui_paragraph(ui, rect_cut_bottom(&inside, h, 8), TEXT_SMALL, ui->theme->color.error,
                     view->problem);
    }
    if (view->mode == HISTORY_COMPARING) {
        dialog_compare(ui, bench, inside);
    } else {
        history_head(ui, bench, rect_cut_top(&inside, THEME_CONTROL_H, 8));
        history_list(ui, bench, inside);
    }
    bool listing = view->mode == HISTORY_LISTING;
    foot[view->mode](ui, bench, buttons);
    if (listing && view->chosen_count > 0 && !ui_is_typing(ui) && ui_take_key(ui, KEY_ENTER, 0))
        history_view_load(bench);
    if (!ui_dialog_end(ui)) return;
    // Esc goes back one step at a time.
    if (view->mode == HISTORY_LISTING)
        bench->dialog = DIALOG_NONE;
    else
        view->mode = HISTORY_LISTING;
}
