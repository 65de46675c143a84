// Who is mistaken for whom: a matrix of the whole test set, and the images of one cell.
#include "panels/panels.h"

#include "base/tr.h"
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

// The images of the chosen cell, in a column at the right or below.
static void confusion_cell(Ui *ui, Workbench *bench, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    const Dataset *set = bench->dataset;
    int row = bench->cell_row, column = bench->cell_column;
    if (row < 0) {
        panel_empty(ui, rect, tr("Click a cell to see its images."));
        return;
    }
    confusion_find(bench);
    unsigned all = bench->exam.counts[row * bench->exam.class_count + column];
    char title[96];
    snprintf(title, sizeof title, tr("%u with label %s, read as %s"), all, set->class_names[row],
             set->class_names[column]);
    ui_text(ui, rect_cut_top(&rect, 16, 6), TEXT_SMALL, c->text_soft, title);
    TileGrid grid = {"Cell", bench->cell_count, confusion_tile, &bench->scroll[TAB_CONFUSION],
                     &bench->tile_cursor[TAB_CONFUSION]};
    panel_tiles(ui, bench, rect, &grid);
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
    float side = fminf(rect.h, rect.w * 0.62f);
    Rect matrix = rect_cut_left(&rect, side, 16);
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
        bench->cell_row = hit.row;
        bench->cell_column = hit.column;
        bench->scroll[TAB_CONFUSION] = (UiScroll){0};
    }
    if (bench->cell_row >= exam->class_count || bench->cell_column >= exam->class_count)
        bench->cell_row = bench->cell_column = -1;
    confusion_cell(ui, bench, rect);
}
