// Two tabs of test images: the first ones with what the network says, and those it gets wrong.
#include "panels/panels.h"

#include <math.h>
#include <stdio.h>

enum { SAMPLES_GAP = 8 };

static const char *samples_waiting(const Workbench *bench) {
    return bench->loader.busy ? "The data set is being loaded."
                              : "There is no data set. Drop a directory with IDX files on the "
                                "window, or run: inkling data fetch mnist";
}

// A grid of square-ish tiles that fills the width.
static Grid samples_grid(Rect area, int count) {
    Grid grid = grid_fill(area, count, TILE_MIN_W, 10, SAMPLES_GAP);
    return grid_fill(area, count, TILE_MIN_W, panel_tile_height(grid.cell_w), SAMPLES_GAP);
}

// Rows of tiles that can be seen; the others are not drawn, however many there are.
static bool tile_is_visible(Rect tile, Rect area) {
    return rect_bottom(tile) > area.y - tile.h && tile.y < rect_bottom(area) + tile.h;
}

void panel_samples(Ui *ui, Workbench *bench, Rect rect) {
    int32_t index;
    int said, count = 0;
    float confidence;
    bool known;
    if (!bench->dataset) {
        panel_empty(ui, rect, samples_waiting(bench));
        return;
    }
    while (answer_sample(bench, count, &index, &said, &confidence, &known)) count++;
    UiScroll *scroll = &bench->scroll[TAB_SAMPLES];
    Grid grid = samples_grid(rect, count);
    float height = grid_height(&grid);
    Rect area = ui_scroll_begin(ui, rect, "Test samples", height, scroll);
    grid = samples_grid(area, count);
    for (int i = 0; i < count; i++) {
        Rect tile = grid_cell(&grid, i);
        if (!tile_is_visible(tile, rect)) continue;
        answer_sample(bench, i, &index, &said, &confidence, &known);
        panel_tile(ui, bench, tile, index, known ? said : -1, known ? confidence : -1);
    }
    ui_scroll_end(ui);
}

void panel_mistakes(Ui *ui, Workbench *bench, Rect rect) {
    const Exam *exam = &bench->exam;
    if (!bench->dataset) {
        panel_empty(ui, rect, samples_waiting(bench));
        return;
    }
    if (bench->examiner.busy) {
        Rect bar = rect_center(rect, fminf(220, rect.w), 6);
        panel_empty(ui, (Rect){rect.x, bar.y - 40, rect.w, 30},
                    "Looking at the whole test set\xe2\x80\xa6");
        ui_progress(ui, bar, examiner_progress(&bench->examiner));
        return;
    }
    if (!exam->of) {
        panel_empty(ui, rect,
                    "After the first epoch: the test images that the network gets wrong, "
                    "those it is most sure of first.");
        return;
    }
    if (exam->mistake_count == 0) {
        panel_empty(ui, rect, "Not one mistake on the test set.");
        return;
    }
    Grid grid = samples_grid(rect, exam->mistake_count);
    Rect area =
        ui_scroll_begin(ui, rect, "Mistakes", grid_height(&grid), &bench->scroll[TAB_MISTAKES]);
    grid = samples_grid(area, exam->mistake_count);
    for (int i = 0; i < exam->mistake_count; i++) {
        Rect tile = grid_cell(&grid, i);
        int32_t index = exam->mistakes[i];
        if (!tile_is_visible(tile, rect)) continue;
        panel_tile(ui, bench, tile, index, exam->classes[index], exam->confidence[index]);
    }
    ui_scroll_end(ui);
}
