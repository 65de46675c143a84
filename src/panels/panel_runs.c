// The table of runs: each keeps its colour, its curves and its weights until it is deleted here.
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/leader.h"
#include "panels/words.h"
#include "train/statistics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COLUMN_MAX = 8, LR_FIGURES = 5, RUNS_TIP_LINE = 340 };

typedef enum RunColumn {
    COLUMN_DOT,
    COLUMN_NAME,
    COLUMN_LR,
    COLUMN_BEST,
    COLUMN_LOSS,
    COLUMN_TIME,
    COLUMN_PEN,
    COLUMN_EYE,
} RunColumn;

static const struct {
    UiColumn column;
    bool sorts;
    RunSort sort; // a click on the title sorts by it
} run_columns[COLUMN_MAX] = {
    [COLUMN_DOT] = {{"", 20, false}, false, SORT_STARTED},
    [COLUMN_NAME] = {{TR("run"), -1, false}, true, SORT_STARTED},
    [COLUMN_LR] = {{TR("lr"), 54, true}, true, SORT_LR},
    [COLUMN_BEST] = {{TR("best %"), 48, true}, true, SORT_BEST},
    [COLUMN_LOSS] = {{TR("loss"), 50, true}, true, SORT_LOSS},
    [COLUMN_TIME] = {{TR("time"), 48, true}, false, SORT_STARTED},
    [COLUMN_PEN] = {{"", 23, false}, false, SORT_STARTED},
    [COLUMN_EYE] = {{"", 22, false}, false, SORT_STARTED},
};

static bool runs_one_lr(const Workbench *bench) {
    for (int i = 1; i < bench->runs.count; i++)
        if (bench->runs.entry[i]->lr != bench->runs.entry[0]->lr) return false;
    return bench->runs.count > 1;
}

// "Adam", and the network too when the runs differ in it.
static void runs_label(Workbench *bench, const RunEntry *run, char *out, size_t size) {
    bool differ = false;
    for (int i = 0; i < bench->runs.count; i++)
        differ = differ || strcmp(bench->runs.entry[i]->log->spec.name, run->log->spec.name) != 0;
    const Preset *preset = preset_find(run->log->config.preset);
    if (preset && strncmp(run->name, preset->label, strlen(preset->label)) == 0) differ = false;
    snprintf(out, size, "%s%s%s", run->name, differ ? " \xc2\xb7 " : "",
             !differ  ? ""
             : preset ? preset->label
                      : tr("custom"));
}

// Beside all other columns of a narrow table.
static bool runs_names_fit(Ui *ui, Workbench *bench, float width) {
    enum { OTHERS = 20 + 54 + 48 + 23 + 22, GAPS = 20 };
    char text[WORD_MAX + 64];
    for (int i = 0; i < bench->runs.count; i++) {
        runs_label(bench, bench->runs.entry[i], text, sizeof text);
        if (ui_text_width(ui, TEXT_BODY, text) > width - OTHERS - GAPS) return false;
    }
    return true;
}

// The columns that there is room for; kinds[i] is what column i shows.
static int runs_columns(Ui *ui, Workbench *bench, float width, UiColumn *columns,
                        RunColumn *kinds) {
    int count = 0;
    bool tight = width < 300 && (runs_one_lr(bench) || !runs_names_fit(ui, bench, width));
    for (int i = 0; i < COLUMN_MAX; i++) {
        if (i == COLUMN_TIME && width < 340) continue;
        if (i == COLUMN_LOSS && width < 300) continue;
        if (i == COLUMN_LR && tight) continue; // it tells nothing, or less than the names
        kinds[count] = (RunColumn)i;
        columns[count] = run_columns[i].column;
        columns[count++].title = tr(run_columns[i].column.title);
    }
    return count;
}

// "2.30", "0.187", "0.031": so many figures as the column has room for.
static void runs_loss(char out[WORD_MAX], double loss) {
    if (loss >= 0.001 && loss < 0.1)
        snprintf(out, WORD_MAX, "%.3f", loss);
    else
        word_number(out, loss);
}

// "1.5e-4": shorter than what %e makes of it.
static void runs_power(char out[WORD_MAX], double value) {
    int power = (int)floor(log10(value));
    snprintf(out, WORD_MAX, "%.2ge%d", value / pow(10, power), power);
}

static void runs_text(const RunEntry *run, RunColumn column, char out[WORD_MAX]) {
    out[0] = '\0';
    if (column == COLUMN_LR) {
        text_from_double(out, run->lr);
        if (strlen(out) > LR_FIGURES) snprintf(out, WORD_MAX, "%.2g", run->lr);
        if (strlen(out) > LR_FIGURES) runs_power(out, run->lr);
    }
    if (column == COLUMN_BEST && run->best > 0)
        snprintf(out, WORD_MAX, run->best < 1 ? "%.2f" : "%.0f", run->best * 100);
    if (column == COLUMN_LOSS && run->loss.count > 0)
        runs_loss(out, run->last_epoch.epoch ? run->last_epoch.train_loss : run->last.loss);
    if (column == COLUMN_TIME && run->loss.count > 0) word_clock(out, run->last.seconds);
}

// The run's colour; in it its rank, once there is one; a cross when it has failed.
static void runs_dot(Ui *ui, const Workbench *bench, const RunEntry *run, Rect cell) {
    Color color = theme_run_color(ui->theme, run->number);
    Vec2 at = {floorf(cell.x) + 6, floorf(cell.y + cell.h / 2)};
    int rank = leader_rank(bench, run);
    if (entry_state(run) == RUN_FAILED) {
        draw_line(&ui->draw, (Vec2){at.x - 4, at.y - 4}, (Vec2){at.x + 4, at.y + 4}, 2, color);
        draw_line(&ui->draw, (Vec2){at.x - 4, at.y + 4}, (Vec2){at.x + 4, at.y - 4}, 2, color);
    } else if (rank == 0) {
        draw_circle(&ui->draw, at, 5, run->visible ? color : color_fade(color, 0.3f));
    } else {
        char text[8];
        snprintf(text, sizeof text, "%d", rank);
        draw_circle(&ui->draw, at, 8, color);
        ui_text_center(ui, (Rect){at.x - 10, at.y - 8, 20, 16}, TEXT_TINY, color_ink_on(color),
                       text);
    }
}

static void runs_cell(Ui *ui, Workbench *bench, RunEntry *run, const UiTable *table, int index,
                      RunColumn column) {
    const ThemeColors *c = &ui->theme->color;
    Rect cell = ui_table_cell(table, index);
    Source answering = answer_source(bench);
    bool answers = answering.run == run;
    char text[WORD_MAX + 64];
    if (column == COLUMN_DOT) {
        runs_dot(ui, bench, run, cell);
    } else if (column == COLUMN_NAME) {
        runs_label(bench, run, text, sizeof text);
        // Rather the whole name than its beginning.
        if (ui_text_width(ui, TEXT_BODY, text) > cell.w &&
            ui_text_width(ui, TEXT_BODY, run->name) + 30 > cell.w)
            text_copy(text, sizeof text, run->name);
        bool failed = entry_state(run) == RUN_FAILED;
        ui_table_text(ui, table, index, failed ? c->error : c->text, text);
    } else if (column == COLUMN_PEN) {
        Rect box = rect_center(cell, 22, 22);
        unsigned flags = UI_QUIET | UI_SMALL | (entry_has_progress(run) ? 0 : UI_DISABLED);
        if (ui_icon_button(ui, box, ICON_PENCIL,
                           answers ? tr("Answers the canvas") : tr("Let it answer the canvas"),
                           flags | (answers ? UI_ON : 0))) {
            bench->pin = run->id;
            bench->pin_soft = false;
        }
    } else if (column == COLUMN_EYE) {
        Rect box = rect_center(cell, 22, 22);
        if (ui_icon_button(ui, box, run->visible ? ICON_EYE : ICON_EYE_OFF,
                           run->visible ? tr("Hide its curves##eye") : tr("Show its curves##eye"),
                           UI_QUIET))
            run->visible = !run->visible;
    } else {
        runs_text(run, column, text);
        ui_table_text(ui, table, index, c->text_soft, text);
    }
}

// Its settings, and how sure its best result is.
static void runs_tip(Workbench *bench, const RunEntry *run, char *out, size_t size) {
    char line[TRAIN_LINE_MAX], range[WORD_MAX], label[WORD_MAX + 64];
    size_t used = 0;
    runs_label(bench, run, label, sizeof label);
    words_append(out, size, &used, "%s\n", label); // there may be no room for it in the table
    config_print(&run->log->config, line);
    if (entry_state(run) == RUN_FAILED)
        words_append(out, size, &used, "%.250s\n", run->log->failure.message);
    size_t most = RUNS_TIP_LINE;
    if (strlen(line) > most) {
        while (most > 0 && line[most] != ' ') most--;
        snprintf(line + most, sizeof line - most, " \xe2\x80\xa6");
    }
    words_append(out, size, &used, "%s", line);
    if (run->trainer) words_append(out, size, &used, "\n%.100s", trainer_describe(run->trainer));
    if (run->best <= 0) return;
    double n = entry_test_images(bench, run);
    Interval sure = statistics_wilson(run->best * n, n);
    word_range(range, sure.low, sure.high);
    words_append(out, size, &used, tr("\nBest: %.2f %% of the test images, 95 %% interval %s"),
                 run->best * 100, range);
}

static void runs_row(Ui *ui, Workbench *bench, UiTable *table, const RunColumn *kinds,
                     RunEntry *run) {
    char tip[1024];
    ui_push_index(ui, (int)run->id);
    UiHit hit = ui_table_row(ui, table, run->name, run->id == bench->runs.selected);
    if (hit.clicked || hit.pressed) runs_select(bench, run);
    runs_tip(bench, run, tip, sizeof tip);
    ui_tooltip(ui, tip);
    for (int i = 0; i < table->count; i++) runs_cell(ui, bench, run, table, i, kinds[i]);
    ui_pop_id(ui);
}

// After ui_table_begin: `clicked` is the title that was, or -1. A line is under the one that the
// rows are sorted by; another click on it brings them back in the order of their starts.
static void runs_titles(Ui *ui, Workbench *bench, int clicked, const UiTable *table,
                        const RunColumn *kinds) {
    RunList *list = &bench->runs;
    if (clicked >= 0 && run_columns[kinds[clicked]].sorts) {
        RunSort sort = run_columns[kinds[clicked]].sort;
        list->sort = sort == list->sort ? SORT_STARTED : sort;
    }
    for (int i = 0; i < table->count && list->sort != SORT_STARTED; i++) {
        Rect cell = ui_table_cell(table, i);
        if (!run_columns[kinds[i]].sorts || run_columns[kinds[i]].sort != list->sort) continue;
        draw_fill(&ui->draw, (Rect){cell.x, rect_bottom(cell) - 2, cell.w, 2}, 1,
                  ui->theme->color.accent);
    }
}

static void runs_buttons(Ui *ui, Workbench *bench, Rect row) {
    RunEntry *run = runs_selected(bench);
    unsigned none = run ? 0 : UI_DISABLED;
    bool ready = bench->dataset && bench->trainer;
    Rect add = rect_cut_left(&row, ceilf(ui_button_width(ui, tr("Add run"))) + 20, 8);
    Rect race = rect_cut_left(&row, ceilf(ui_button_width(ui, tr("Race\xe2\x80\xa6"))), 8);
    Rect trash = rect_cut_left(&row, row.h, 8);
    if (ui_button_icon(ui, add, ICON_PLUS, tr("Add run"), ready ? 0 : UI_DISABLED))
        workbench_check(bench, runs_start(bench, false));
    ui_tooltip(ui, tr("Start a run with the form's settings beside those that are there; "
                      "runs that train advance together, turn by turn."));
    if (ui_button(ui, race, tr("Race\xe2\x80\xa6"), ready ? 0 : UI_DISABLED))
        dialog_open(bench, DIALOG_RACE);
    ui_tooltip(ui, tr("Several runs at once that differ in one thing: optimizers, learning rates, "
                      "batch sizes\xe2\x80\xa6 (R)"));
    bool gone = ui_icon_button(ui, trash, ICON_TRASH, tr("Delete the selected run"), none);
    if (run && entry_kept_id(run))
        ui_tooltip(ui, tr("Take the run out of this table; the history keeps it."));
    if (gone && run) {
        bench->delete_id = run->id;
        if (entry_is_unsaved(run))
            dialog_open(bench, DIALOG_DELETE_RUN);
        else
            runs_remove(bench, run);
    }
}

// What the runs have in common, so that it is known what the curves compare.
static const char *runs_remark(Workbench *bench) {
    if (bench->runs.count < 2) return "";
    const TrainConfig *a = &bench->runs.entry[0]->log->config;
    bool same = true;
    for (int i = 1; i < bench->runs.count; i++) {
        const TrainConfig *b = &bench->runs.entry[i]->log->config;
        same = same && a->seed == b->seed && a->batch_size == b->batch_size &&
               a->shuffle == b->shuffle && a->limit == b->limit && a->augment == b->augment &&
               strcmp(a->preset, b->preset) == 0 && strcmp(a->layers, b->layers) == 0 &&
               a->init == b->init;
    }
    return same
               ? tr("Same first weights, same batches, same seed: the curves differ only by how it "
                    "learns.")
               : "";
}

// The selected run comes into view once, when it is selected.
static void runs_reveal(Workbench *bench, RunEntry *const *order, float height) {
    float *offset = &bench->runs_scroll.offset;
    if (bench->runs_revealed == bench->runs.selected) return;
    bench->runs_revealed = bench->runs.selected;
    for (int i = 0; i < bench->runs.count; i++) {
        float top = 26 + (float)i * THEME_ROW_H;
        if (order[i]->id == bench->runs.selected)
            *offset = fminf(fmaxf(*offset, top + THEME_ROW_H + 4 - height), top);
    }
}

void panel_runs(Ui *ui, Workbench *bench, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    UiColumn columns[COLUMN_MAX];
    RunColumn kinds[COLUMN_MAX];
    RunEntry *order[RUNS_MAX];
    UiTable table;
    Rect inside = ui_card_inside(ui, rect);
    Rect heading = rect_cut_top(&inside, THEME_SEGMENT_H, 4);
    Rect buttons = rect_cut_bottom(&inside, 30, 10);
    ui_push_id(ui, "runs");
    const char *history = tr("History\xe2\x80\xa6");
    Rect box = rect_cut_right(&heading, ceilf(ui_text_width(ui, TEXT_SMALL, history)) + 20, 8);
    if (ui_button(ui, box, history, UI_SMALL)) dialog_open(bench, DIALOG_HISTORY);
    ui_tooltip(ui, tr("All runs that were ever trained here (H)"));
    ui_heading(ui, heading, tr("Runs"));
    if (bench->runs.count == 0) {
        const char *empty =
            tr("Every training appears here with its colour, its best result and its "
               "curves, and stays until you delete it. Start one with Train; add another "
               "with a different optimizer, and they race.");
        if (ui_paragraph_height(ui, inside.w, TEXT_SMALL, empty) <= inside.h)
            ui_paragraph(ui, inside, TEXT_SMALL, c->text_muted, empty);
        runs_buttons(ui, bench, buttons);
        ui_pop_id(ui);
        return;
    }
    const char *remark = runs_remark(bench);
    float remark_h = remark[0] ? ui_paragraph_height(ui, inside.w, TEXT_SMALL, remark) + 8 : 0;
    float content = 26 + (float)bench->runs.count * THEME_ROW_H + 4;
    if (content + remark_h > inside.h) remark_h = 0;
    Rect area = rect_cut_top(&inside, fminf(content, inside.h), 8);
    leader_order(bench, order);
    runs_reveal(bench, order, area.h);
    Rect list = ui_scroll_begin(ui, area, "Runs", content, &bench->runs_scroll);
    int count = runs_columns(ui, bench, list.w, columns, kinds);
    runs_titles(ui, bench, ui_table_begin(ui, &table, list, columns, count), &table, kinds);
    for (int i = 0; i < bench->runs.count; i++) runs_row(ui, bench, &table, kinds, order[i]);
    ui_scroll_end(ui);
    if (remark_h > 0) ui_paragraph(ui, inside, TEXT_SMALL, c->text_muted, remark);
    runs_buttons(ui, bench, buttons);
    ui_pop_id(ui);
}
