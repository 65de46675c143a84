// Who is mistaken for whom: a matrix of the whole test set; beside it how the network does class by
// class or, when a cell is chosen, that cell's images.
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/words.h"
#include "train/statistics.h"
#include "ui/heatmap.h"

#include <math.h>
#include <stdio.h>

// The images of the chosen cell are looked up when cell or results change.
static void confusion_find(Workbench *bench) {
    int row = bench->cell_row, column = bench->cell_column;
    uint64_t of = (uint64_t)bench->exam.version << 32 | (uint64_t)(row << 8 | column);
    if (bench->cell_of == of) return;
    bench->cell_of = of;
    bench->cell_count = exam_cell(&bench->exam, &bench->dataset->test, row, column,
                                  bench->cell_images, CELL_IMAGES_MAX);
}

static Tile confusion_tile(Workbench *bench, int i) {
    int32_t index = bench->cell_images[i];
    return (Tile){index, bench->exam.classes[index], bench->exam.confidence[index]};
}

// The images of the chosen cell.
static void confusion_cell(Ui *ui, Workbench *bench, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    const Dataset *set = bench->dataset;
    int row = bench->cell_row, column = bench->cell_column;
    confusion_find(bench);
    unsigned all = bench->exam.counts[row * bench->exam.class_count + column];
    char title[96];
    snprintf(title, sizeof title, tr("%u with label %s, read as %s"), all, set->class_names[row],
             set->class_names[column]);
    Rect heading = rect_cut_top(&rect, 22, 6);
    Rect back = rect_cut_right(&heading, 22, 4);
    ui_text(ui, heading, TEXT_SMALL, c->text_soft, title);
    if (ui_icon_button(ui, back, ICON_CLOSE, tr("Back to all classes"), UI_QUIET))
        bench->cell_row = bench->cell_column = -1;
    TileGrid grid = {"Cell", bench->cell_count, confusion_tile, &bench->scroll[TAB_CONFUSION],
                     &bench->tile_cursor[TAB_CONFUSION]};
    panel_tiles(ui, bench, rect, &grid);
}

// ---- class by class -----------------------------------------------------------------------------

enum { CLASS_ROW_H = 20, CLASS_NAME_W = 24, CLASS_COLUMNS = 4 };

// Column `index` of the figures behind the name.
static Rect class_column(Rect row, int index) {
    rect_cut_left(&row, CLASS_NAME_W, 0);
    return rect_column(row, CLASS_COLUMNS, index, 4);
}

static void class_cell(Ui *ui, Rect row, int column, Color color, const char *text) {
    ui_text_right(ui, class_column(row, column), TEXT_SMALL, color, text);
}

static void class_share(Ui *ui, Rect row, int column, double share) {
    const ThemeColors *c = &ui->theme->color;
    char text[WORD_MAX];
    snprintf(text, sizeof text, "%.1f", share * 100);
    class_cell(ui, row, column, share < 0 ? c->text_faint : c->text_soft,
               share < 0 ? "\xe2\x80\x93" : text);
}

static void class_row(Ui *ui, Rect row, const char *name, const ClassFigures *f) {
    const ThemeColors *c = &ui->theme->color;
    char images[WORD_MAX], tip[256];
    word_count(images, f->images);
    ui_text(ui, row, TEXT_STRONG, c->text, name);
    class_share(ui, row, 0, f->precision);
    class_share(ui, row, 1, f->recall);
    class_share(ui, row, 2, f->f1);
    class_cell(ui, row, 3, c->text_muted, images);
    draw_hline(&ui->draw, row.x, rect_right(row), rect_bottom(row), c->hairline);
    ui_push_id(ui, name);
    ui_interact(ui, ui_id(ui, "class"), UI_KIND_TEXT, name, row, 0, 0);
    ui_set_value(ui, "%.4f %.4f %.4f %u", f->precision, f->recall, f->f1, (unsigned)f->images);
    snprintf(tip, sizeof tip,
             tr("Precision: of %u answers \"%s\" %u were right.\n"
                "Recall: of %u images with this label %u were found.\n"
                "F1: the harmonic mean of the two."),
             (unsigned)f->answered, name, (unsigned)f->right, (unsigned)f->images,
             (unsigned)f->right);
    ui_tooltip(ui, tip);
    ui_pop_id(ui);
}

// Accuracy with its interval, then a line for each class.
static void confusion_classes(Ui *ui, Workbench *bench, Rect rect) {
    static const char *const titles[CLASS_COLUMNS] = {TR("precision"), TR("recall"), "F1",
                                                      TR("images")};
    static const char *const shorter[CLASS_COLUMNS] = {TR("prec."), TR("recall"), "F1", "n"};
    const ThemeColors *c = &ui->theme->color;
    const Exam *exam = &bench->exam;
    ClassFigures figures[DATASET_CLASSES_MAX];
    char text[96], range[WORD_MAX], count[WORD_MAX];
    Interval sure = statistics_wilson(exam->accuracy * exam->n, exam->n);
    word_range(range, sure.low, sure.high);
    word_count(count, exam->n);
    snprintf(text, sizeof text, "%.2f %%", exam->accuracy * 100);
    Rect line = rect_cut_top(&rect, 18, 0);
    rect_cut_left(&line, ui_text(ui, line, TEXT_TITLE, c->text, text), 8);
    snprintf(text, sizeof text, tr("of %s right"), count);
    ui_text(ui, line, TEXT_SMALL, c->text_muted, text);
    line = rect_cut_top(&rect, 18, 6);
    snprintf(text, sizeof text, tr("95 %% interval %s"), range);
    ui_text(ui, line, TEXT_SMALL, c->text_muted, text);
    ui_interact(ui, ui_id(ui, "interval"), UI_KIND_TEXT, "interval", line, 0, 0);
    ui_set_value(ui, "%s", range);
    ui_tooltip(ui,
               tr("Other test images would give another figure. Intervals made like this one hold "
                  "the true figure in 95 of 100 tests (Wilson's score interval).\n"
                  "Networks whose intervals overlap widely may well be equally good."));
    statistics_classes(exam->counts, exam->class_count, figures);
    Rect head = rect_cut_top(&rect, CLASS_ROW_H - 2, 0);
    float height = (float)exam->class_count * CLASS_ROW_H;
    Rect area = ui_scroll_begin(ui, rect, "Classes", height, &bench->class_scroll);
    head.w = area.w;
    bool tight = ui_text_width(ui, TEXT_CAPTION, tr(titles[0])) > class_column(head, 0).w;
    draw_clip_push_fresh(&ui->draw, head); // it stays above what scrolls
    for (int k = 0; k < CLASS_COLUMNS; k++)
        ui_text_right(ui, class_column(head, k), TEXT_CAPTION, c->text_muted,
                      tr((tight ? shorter : titles)[k]));
    draw_clip_pop(&ui->draw);
    for (int i = 0; i < exam->class_count; i++)
        class_row(ui, rect_cut_top(&area, CLASS_ROW_H, 0), bench->dataset->class_names[i],
                  &figures[i]);
    ui_scroll_end(ui);
}

void panel_confusion(Ui *ui, Workbench *bench, Rect rect) {
    const Exam *exam = &bench->exam;
    if (!bench->dataset || !exam->of) {
        if (bench->examiner.busy) {
            Rect bar = rect_center(rect, fminf(220, rect.w), 6);
            panel_empty(ui, (Rect){rect.x, bar.y - 40, rect.w, 30},
                        tr("Looking at the whole test set\xe2\x80\xa6"));
            ui_progress(ui, bar, examiner_progress(&bench->examiner));
        } else {
            panel_empty(ui, rect,
                        tr("After the first epoch: how often each digit is taken for each "
                           "other one."));
        }
        return;
    }
    const char *names[DATASET_CLASSES_MAX];
    for (int i = 0; i < exam->class_count; i++) names[i] = bench->dataset->class_names[i];
    bool below = rect.h > rect.w * 1.2f;
    float side = below ? fminf(rect.w, rect.h * 0.55f) : fminf(rect.h, rect.w * 0.6f);
    Rect matrix = below ? rect_cut_top(&rect, side, 12) : rect_cut_left(&rect, side, 16);
    matrix.w = side;
    HeatmapSpec spec = {.counts = exam->counts,
                        .rows = exam->class_count,
                        .columns = exam->class_count,
                        .row_names = names,
                        .column_names = names,
                        .row_title = tr("label"),
                        .column_title = tr("prediction"),
                        .selected_row = bench->cell_row,
                        .selected_column = bench->cell_column};
    HeatmapHit hit = ui_heatmap(ui, matrix, "Confusion", &spec);
    if (hit.clicked && hit.row >= 0) {
        bool again = hit.row == bench->cell_row && hit.column == bench->cell_column;
        bench->cell_row = again ? -1 : hit.row;
        bench->cell_column = again ? -1 : hit.column;
        bench->scroll[TAB_CONFUSION] = (UiScroll){0};
    }
    if (bench->cell_row >= exam->class_count || bench->cell_column >= exam->class_count)
        bench->cell_row = bench->cell_column = -1;
    if (bench->cell_row < 0)
        confusion_classes(ui, bench, rect);
    else
        confusion_cell(ui, bench, rect);
}
