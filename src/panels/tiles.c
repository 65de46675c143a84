// Test images as tiles in a grid: picture, label, answer, and a mark for right or wrong.
#include "panels/panels.h"

#include "base/tr.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TILE_MIN_W = 58, TILE_CAPTION_H = 22, TILE_INSET = 6, TILE_GAP = 8 };

static float tile_height(float width) {
    return width - 2 * TILE_INSET + 8 + TILE_CAPTION_H;
}

void panel_take_test_image(Workbench *bench, int32_t index) {
    const Dataset *set = bench->dataset;
    char caption[96];
    snprintf(caption, sizeof caption, tr("test image %d, label %s"), index + 1,
             set->class_names[set->test.labels[index]]);
    workbench_check(
        bench, ink_state_show_exactly(&bench->ink, imageset_pixels(&set->test, (uint32_t)index),
                                      (int)set->test.width, (int)set->test.height, caption));
}

DrawImage panel_test_image(const Workbench *bench, int32_t index) {
    const ImageSet *set = &bench->dataset->test;
    return (DrawImage){ui_hash((UiId)index + 1, "test image"),
                       bench->dataset_version,
                       (int)set->width,
                       (int)set->height,
                       (int)set->width,
                       IMAGE_GREY8,
                       imageset_pixels(set, (uint32_t)index)};
}

void panel_tile(Ui *ui, Rect rect, const UiHit *hit, const DrawImage *image, const char *truth,
                const char *said, bool selected) {
    const ThemeColors *c = &ui->theme->color;
    bool right = said && strcmp(said, truth) == 0, wrong = said && !right;
    draw_box(&ui->draw, rect, THEME_RADIUS,
             selected   ? c->accent_dim
             : hit->hot ? c->row_hot
                        : c->field,
             selected   ? c->accent_strong
             : wrong    ? c->wrong
             : hit->hot ? c->outline_hot
                        : c->hairline,
             1);
    Rect inside = rect_inset_xy(rect, TILE_INSET, TILE_INSET);
    Rect box = rect_cut_top(&inside, inside.w, 0);
    int side = image->width > image->height ? image->width : image->height;
    Rect fit = rect_center(box, floorf(box.w * (float)image->width / (float)side),
                           floorf(box.h * (float)image->height / (float)side));
    draw_fill(&ui->draw, box, 3, c->paper);
    draw_image(&ui->draw, fit, image, SAMPLE_LINEAR, color_hex(0xFFFFFF));
    Rect caption = rect_inset_xy(inside, 2, 0);
    caption.h = rect_bottom(rect) - caption.y;
    ui_text(ui, caption, TEXT_BODY, c->text_muted, truth);
    if (said) {
        // The mark says right or wrong to those who cannot tell the colours apart.
        Color color = right ? c->right : c->wrong;
        float width = ui_text_width(ui, TEXT_STRONG, said);
        ui_text_right(ui, caption, TEXT_STRONG, color, said);
        Rect mark = {rect_right(caption) - width - 15, caption.y, 12, caption.h};
        icon_draw(&ui->draw, right ? ICON_CHECK : ICON_CROSS, mark, 10, color);
    }
    if (hit->focus_visible) ui_draw_focus(ui, rect, THEME_RADIUS);
}

Grid panel_tile_grid(Rect rect, int count) {
    Grid cells = grid_fill(rect, count, TILE_MIN_W, 10, TILE_GAP);
    return grid_fill(rect, count, TILE_MIN_W, tile_height(cells.cell_w), TILE_GAP);
}

// Arrow keys with the focus on tile `i`: the next one gets it.
static void tile_arrows(Ui *ui, Workbench *bench, const TileGrid *grid, int i, int columns) {
    static const struct {
        UiKey key;
        int across, down;
    } moves[] = {{KEY_LEFT, -1, 0}, {KEY_RIGHT, 1, 0}, {KEY_UP, 0, -1}, {KEY_DOWN, 0, 1}};
    for (size_t k = 0; k < sizeof moves / sizeof moves[0]; k++) {
        int to = i + moves[k].across + moves[k].down * columns;
        if (!ui_take_key(ui, moves[k].key, 0) || to < 0 || to >= grid->count) continue;
        *grid->cursor = to;
        ui_pop_id(ui);
        ui_push_index(ui, grid->tile(bench, to).index);
        ui_set_focus(ui, ui_id(ui, "tile"));
        return;
    }
}

static void tile_tip(Ui *ui, const Workbench *bench, const Tile *tile, bool known) {
    const Dataset *set = bench->dataset;
    const char *truth = set->class_names[set->test.labels[tile->index]];
    char tip[160];
    if (known && tile->confidence >= 0)
        snprintf(tip, sizeof tip,
                 tr("Test image %d: label %s, the network says %s (%.1f %%).\n"
                    "Click to put it on the canvas."),
                 tile->index + 1, truth, set->class_names[tile->said],
                 (double)tile->confidence * 100);
    else
        snprintf(tip, sizeof tip, tr("Test image %d: label %s.\nClick to put it on the canvas."),
                 tile->index + 1, truth);
    ui_tooltip(ui, tip);
}

static void tile_show(Ui *ui, Workbench *bench, Rect rect, const TileGrid *grid, int i,
                      int columns) {
    const Tile tile = grid->tile(bench, i);
    int32_t index = tile.index;
    int said = tile.said;
    const Dataset *set = bench->dataset;
    int label = set->test.labels[index];
    const char *truth = set->class_names[label];
    bool known = said >= 0 && said < (int)set->classes, right = known && said == label;
    char name[48];
    snprintf(name, sizeof name, tr("Test image %d"), index + 1);
    ui_push_index(ui, index);
    unsigned flags = (known && !right ? UI_INVALID : 0) | (i == *grid->cursor ? 0 : UI_NO_FOCUS);
    UiHit hit = ui_interact(ui, ui_id(ui, "tile"), UI_KIND_BUTTON, name, rect, HIT_FOCUS, flags);
    ui_set_value(ui, "%s %s", truth, known ? set->class_names[said] : "");
    const DrawImage image = panel_test_image(bench, index);
    panel_tile(ui, rect, &hit, &image, truth, known ? set->class_names[said] : NULL, false);
    tile_tip(ui, bench, &tile, known);
    if (hit.clicked) {
        *grid->cursor = i;
        panel_take_test_image(bench, index);
    }
    if (hit.focused) tile_arrows(ui, bench, grid, i, columns);
    ui_pop_id(ui);
}

void panel_tiles(Ui *ui, Workbench *bench, Rect rect, const TileGrid *grid) {
    if (*grid->cursor >= grid->count) *grid->cursor = 0;
    Grid cells = panel_tile_grid(rect, grid->count);
    Rect area = ui_scroll_begin(ui, rect, grid->name, grid_height(&cells), grid->scroll);
    cells = panel_tile_grid(area, grid->count);
    for (int i = 0; i < grid->count; i++) {
        Rect cell = grid_cell(&cells, i);
        // Of thousands only those in sight are made, and a row more on either side for the arrows.
        bool near = rect_bottom(cell) > rect.y - cell.h && cell.y < rect_bottom(rect) + cell.h;
        if (near || i == *grid->cursor) tile_show(ui, bench, cell, grid, i, cells.columns);
    }
    ui_scroll_end(ui);
}
