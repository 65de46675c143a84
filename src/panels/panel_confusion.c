// Who is mistaken for whom: a matrix of the whole test set, and the images of one cell.
#include "panels/panels.h"

#include "ui/heatmap.h"

#include <math.h>
#include <stdio.h>

enum { CELL_IMAGES = 48, CELL_GAP = 6 };

// The images of the chosen cell, in a column at the right or below.
static void confusion_cell(Ui *ui, Workbench *bench, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    const Dataset *set = bench->dataset;
    int row = bench->cell_row, column = bench->cell_column;
    if (row < 0) {
        panel_empty(ui, rect, "Click a cell to see its images.");
        return;
    }
    int32_t found[CELL_IMAGES];
    int count = exam_cell(&bench->exam, &set->test, row, column, found, CELL_IMAGES);
    unsigned all = bench->exam.counts[row * bench->exam.class_count + column];
    char title[96];
    snprintf(title, sizeof title, "%u with label %s, read as %s", all, set->class_names[row],
             set->class_names[column]);
    ui_text(ui, rect_cut_top(&rect, 16, 6), TEXT_SMALL, c->text_soft, title);
    Grid grid = grid_fill(rect, count, TILE_MIN_W, 10, CELL_GAP);
    float height = panel_tile_height(grid.cell_w);
    grid = grid_fill(rect, count, TILE_MIN_W, height, CELL_GAP);
    Rect area =
        ui_scroll_begin(ui, rect, "Cell", grid_height(&grid), &bench->scroll[TAB_CONFUSION]);
    grid = grid_fill(area, count, TILE_MIN_W, height, CELL_GAP);
    if (grid.cell_w > 0)
        grid = grid_fill(area, count, TILE_MIN_W, panel_tile_height(grid.cell_w), CELL_GAP);
    for (int i = 0; i < count; i++)
        panel_tile(ui, bench, grid_cell(&grid, i), found[i], bench->exam.classes[found[i]],
                   bench->exam.confidence[found[i]]);
    ui_scroll_end(ui);
}

void panel_confusion(Ui *ui, Workbench *bench, Rect rect) {
    const Exam *exam = &bench->exam;
    if (!bench->dataset || !exam->of) {
        if (bench->examiner.busy) {
            Rect bar = rect_center(rect, fminf(220, rect.w), 6);
            panel_empty(ui, (Rect){rect.x, bar.y - 40, rect.w, 30},
                        "Looking at the whole test set\xe2\x80\xa6");
            ui_progress(ui, bar, examiner_progress(&bench->examiner));
        } else {
            panel_empty(ui, rect,
                        "After the first epoch: how often each digit is taken for each "
                        "other one.");
        }
        return;
    }
    const char *names[DATASET_CLASSES_MAX];
    for (int i = 0; i < exam->class_count; i++) names[i] = bench->dataset->class_names[i];
    float side = fminf(rect.h, rect.w * 0.62f);
    Rect matrix = rect_cut_left(&rect, side, 16);
    HeatmapSpec spec = {.counts = exam->counts,
                        .rows = exam->class_count,
                        .columns = exam->class_count,
                        .row_names = names,
                        .column_names = names,
                        .row_title = "label",
                        .column_title = "prediction",
                        .selected_row = bench->cell_row,
                        .selected_column = bench->cell_column};
    HeatmapHit hit = ui_heatmap(ui, matrix, "Confusion", &spec);
    if (hit.clicked && hit.row >= 0) {
        bench->cell_row = hit.row;
        bench->cell_column = hit.column;
        bench->scroll[TAB_CONFUSION] = (UiScroll){0};
    }
    if (bench->cell_row >= exam->class_count || bench->cell_column >= exam->class_count)
        bench->cell_row = bench->cell_column = -1;
    confusion_cell(ui, bench, rect);
}
