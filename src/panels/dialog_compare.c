// Runs of the history side by side: what came of them, and of their settings those that differ.
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/words.h"

#include <stdio.h>
#include <string.h>

enum { COMPARE_LABEL_W = 170, COMPARE_HEAD_H = 24 };

// What came of a run: shown whether it differs or not.
static void compare_best(const KeptRun *run, char out[64]) {
    if (run->best_epoch > 0) snprintf(out, 64, "%.2f", run->best_accuracy * 100);
}
static void compare_best_epoch(const KeptRun *run, char out[64]) {
    if (run->best_epoch > 0) snprintf(out, 64, "%d", run->best_epoch);
}
static void compare_loss(const KeptRun *run, char out[64]) {
    if (run->steps > 0) word_number(out, run->loss);
}
static void compare_epochs(const KeptRun *run, char out[64]) {
    snprintf(out, 64, "%d / %d", run->epoch, run->epochs_asked);
}
static void compare_time(const KeptRun *run, char out[64]) {
    word_clock(out, run->seconds);
}
static void compare_data(const KeptRun *run, char out[64]) {
    text_copy(out, 64, run->data);
}
static void compare_parameters(const KeptRun *run, char out[64]) {
    word_count(out, (double)run->parameters);
}

static const struct {
    const char *label;
    void (*text)(const KeptRun *run, char out[64]);
    bool number;
} compare_results[] = {
    {TR("best %"), compare_best, true},           {TR("after epoch"), compare_best_epoch, true},
    {TR("training loss"), compare_loss, true},    {TR("epochs"), compare_epochs, true},
    {TR("training time"), compare_time, true},    {TR("data set"), compare_data, false},
    {TR("parameters"), compare_parameters, true},
};

static void compare_heading(Ui *ui, UiTable *table, const KeptRun *const *runs, int count) {
    const ThemeColors *c = &ui->theme->color;
    for (int i = 0; i < count; i++) {
        Rect cell = ui_table_cell(table, i + 1);
        ui_color_dot(ui, rect_cut_left(&cell, 12, 6), theme_run_color(ui->theme, runs[i]->color));
        ui_text(ui, cell, TEXT_STRONG, c->text, runs[i]->name);
    }
}

// An option's value as the form shows it: "SGD momentum" for sgd-momentum, "yes" for 1.
static const char *compare_value(const TrainOption *option, const char *value) {
    if (!option || !value) return value;
    if (option->type == OPTION_BOOL || option->type == OPTION_FLAG)
        return strcmp(value, "0") == 0 || strcmp(value, "false") == 0 ? tr("no") : tr("yes");
    for (int i = 0; option->choice && option->choice(i); i++)
        if (strcmp(option->choice(i), value) == 0) return option_choice_label(option, i);
    return value;
}

// A row's label and its values; NULL: a dash.
static void compare_row(Ui *ui, UiTable *table, const char *label, const char *const *values,
                        int count) {
    const ThemeColors *c = &ui->theme->color;
    UiHit hit = ui_table_row(ui, table, label, false);
    char tip[1024] = "";
    size_t used = 0;
    ui_table_text(ui, table, 0, c->text_muted, label);
    for (int i = 0; i < count; i++) {
        const char *value = values[i] && values[i][0] ? values[i] : "\xe2\x80\x93";
        ui_table_text(ui, table, i + 1, c->text_soft, value);
        words_append(tip, sizeof tip, &used, "%s%s", i ? "\n" : "", value);
    }
    // A network does not fit into a column.
    if (hit.hot || hit.focused) ui_tooltip(ui, tip);
}

static void compare_table(Ui *ui, Workbench *bench, Rect rect, const KeptRun *const *runs,
                          int count, const KeptComparison *comparison) {
    const int results = (int)(sizeof compare_results / sizeof compare_results[0]);
    const char *values[KEPT_COMPARED_MAX];
    char texts[KEPT_COMPARED_MAX][64];
    UiColumn columns[KEPT_COMPARED_MAX + 1] = {{"", COMPARE_LABEL_W, false}};
    UiTable table;
    const char *what =
        comparison->count ? tr("Settings that differ") : tr("The settings are the same");
    for (int i = 0; i < count; i++) columns[i + 1] = (UiColumn){"", -1, false};
    float content =
        2 * COMPARE_HEAD_H + 16 + (float)(results + comparison->count) * THEME_ROW_H + 4;
    Rect list =
        ui_scroll_begin(ui, rect, "Comparison", content, &bench->history_view.compare_scroll);
    ui_table_begin(ui, &table, list, columns, count + 1);
    compare_heading(ui, &table, runs, count);
    for (int k = 0; k < results; k++) {
        for (int i = 0; i < count; i++) {
            texts[i][0] = '\0';
            compare_results[k].text(runs[i], texts[i]);
            values[i] = texts[i];
        }
        compare_row(ui, &table, tr(compare_results[k].label), values, count);
    }
    rect_cut_top(&list, COMPARE_HEAD_H + (float)results * THEME_ROW_H, 16);
    ui_push_id(ui, "settings");
    ui_table_begin(ui, &table, list, columns, count + 1);
    Rect heading = ui_table_cell(&table, 0);
    ui_heading(ui, (Rect){heading.x, heading.y, list.w - 12, heading.h}, what);
    for (int k = 0; k < comparison->count; k++) {
        const TrainOption *option = config_option(comparison->row[k].name);
        for (int i = 0; i < count; i++)
            values[i] = compare_value(option, comparison->row[k].value[i]);
        ui_push_index(ui, k);
        compare_row(ui, &table, option ? tr(option->label) : comparison->row[k].name, values,
                    count);
        ui_pop_id(ui);
    }
    ui_pop_id(ui);
    ui_scroll_end(ui);
}

void dialog_compare(Ui *ui, Workbench *bench, Rect rect) {
    HistoryView *view = &bench->history_view;
    const KeptRun *runs[KEPT_COMPARED_MAX];
    KeptComparison comparison;
    int count = 0;
    for (int i = 0; i < view->chosen_count && count < KEPT_COMPARED_MAX; i++) {
        const KeptRun *run = history_view_run(view, view->chosen[i]);
        if (run) runs[count++] = run;
    }
    if (count < 2) return;
    Status status = kept_compare(runs, count, &comparison);
    if (!status_is_ok(&status)) {
        panel_empty(ui, rect, status.message);
        return;
    }
    compare_table(ui, bench, rect, runs, count, &comparison);
    kept_comparison_close(&comparison);
}
