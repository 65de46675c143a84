// Two tabs of test images: the first ones with what the network says, and those it gets wrong.
#include "panels/panels.h"

#include "base/tr.h"

#include <math.h>

static const char *samples_waiting(const Workbench *bench) {
    return bench->loader.busy ? tr("The data set is being loaded.")
                              : tr("There is no data set. Drop a directory with IDX files on the "
                                   "window, or run: inkling data fetch mnist");
}

static Tile sample_tile(Workbench *bench, int i) {
    Tile tile = {0, -1, -1};
    bool known;
    answer_sample(bench, i, &tile.index, &tile.said, &tile.confidence, &known);
    if (!known) tile.said = -1;
    return tile;
}

static Tile mistake_tile(Workbench *bench, int i) {
    const Exam *exam = &bench->exam;
    int32_t index = exam->mistakes[i];
    return (Tile){index, exam->classes[index], exam->confidence[index]};
}

void panel_samples(Ui *ui, Workbench *bench, Rect rect) {
    if (!bench->dataset) {
        panel_empty(ui, rect, samples_waiting(bench));
        return;
    }
    TileGrid grid = {"Test samples", answer_sample_count(bench), sample_tile,
                     &bench->scroll[TAB_SAMPLES], &bench->tile_cursor[TAB_SAMPLES]};
    panel_tiles(ui, bench, rect, &grid);
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
                    tr("Looking at the whole test set\xe2\x80\xa6"));
        ui_progress(ui, bar, examiner_progress(&bench->examiner));
        return;
    }
    if (!exam->of) {
        panel_empty(ui, rect,
                    tr("After the first epoch: the test images that the network gets wrong, "
                       "those it is most sure of first."));
        return;
    }
    if (exam->mistake_count == 0) {
        panel_empty(ui, rect, tr("Not one mistake on the test set."));
        return;
    }
    TileGrid grid = {"Mistakes", exam->mistake_count, mistake_tile, &bench->scroll[TAB_MISTAKES],
                     &bench->tile_cursor[TAB_MISTAKES]};
    panel_tiles(ui, bench, rect, &grid);
}
