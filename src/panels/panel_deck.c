// The lower deck: tabs that look at the network from several sides. Also the tile of a test image,
// which several of them show.
#include "panels/panels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *shorter, *hint;
    void (*panel)(Ui *, Workbench *, Rect);
} deck_tabs[TAB_COUNT] = {
    [TAB_SAMPLES] = {"Test samples", "Samples", "label \xc2\xb7 prediction", panel_samples},
    [TAB_MISTAKES] = {"Mistakes", "Mistakes", "most confident first", panel_mistakes},
    [TAB_CONFUSION] = {"Confusion", "Confusion", "", panel_confusion},
    [TAB_FEATURES] = {"Feature maps", "Features", "of your drawing", panel_features},
    [TAB_FILTERS] = {"Filters", "Filters", "", panel_filters},
};

void panel_empty(Ui *ui, Rect rect, const char *text) {
    float width = fminf(rect.w, 340);
    float height = ui_paragraph_height(ui, width, TEXT_SMALL, text);
    Rect box = rect_center(rect, width, fminf(height + 2, rect.h));
    ui_paragraph(ui, box, TEXT_SMALL, ui->theme->color.text_muted, text);
}

void panel_deck(Ui *ui, Workbench *bench, Rect rect) {
    char text[TAB_COUNT][48];
    const char *items[TAB_COUNT];
    Rect inside = ui_card_inside(ui, rect);
    Rect heading = rect_cut_top(&inside, THEME_SEGMENT_H + 2, 10);
    float width = 0;
    for (int shorter = 0; shorter < 2; shorter++) {
        for (int i = 0; i < TAB_COUNT; i++) {
            const char *name = shorter ? deck_tabs[i].shorter : deck_tabs[i].name;
            if (i == TAB_MISTAKES && bench->exam.of)
                snprintf(text[i], sizeof text[i], "%s %d", name, bench->exam.mistake_count);
            else
                text_copy(text[i], sizeof text[i], name);
            items[i] = text[i];
        }
        width = ui_segments_width(ui, items, TAB_COUNT, 0);
        if (width <= heading.w) break;
    }
    Rect tabs = rect_cut_left(&heading, fminf(width, heading.w), 12);
    int tab = (int)bench->tab;
    ui_segments(ui, tabs, "Views", items, TAB_COUNT, &tab, 0);
    bench->tab = (DeckTab)tab;
    bench->prefs.tab = tab;
    const char *hint = deck_tabs[tab].hint;
    if (ui_text_width(ui, TEXT_CAPTION, hint) < heading.w)
        ui_text_right(ui, heading, TEXT_CAPTION, ui->theme->color.text_muted, hint);
    ui_push_id(ui, deck_tabs[tab].name);
    deck_tabs[tab].panel(ui, bench, inside);
    ui_pop_id(ui);
}

// ---- a test image -------------------------------------------------------------------------------

float panel_tile_height(float width) {
    return width - 12 + 8 + TILE_CAPTION_H;
}

// Puts test image `index` on the canvas: the network gets these very bytes.
static void tile_take(Workbench *bench, int32_t index) {
    const Dataset *set = bench->dataset;
    char caption[96];
    snprintf(caption, sizeof caption, "test image %d, label %s", index + 1,
             set->class_names[set->test.labels[index]]);
    workbench_check(bench,
                    ink_state_show(&bench->ink, imageset_pixels(&set->test, (uint32_t)index),
                                   (int)set->test.width, (int)set->test.height, true, caption));
}

static void tile_image(Ui *ui, const Workbench *bench, Rect box, int32_t index) {
    const ImageSet *set = &bench->dataset->test;
    int side = (int)(set->width > set->height ? set->width : set->height);
    Rect fit = rect_center(box, floorf(box.w * (float)set->width / (float)side),
                           floorf(box.h * (float)set->height / (float)side));
    DrawImage image = {ui_hash((UiId)index + 1, "test image"),
                       bench->dataset_version,
                       (int)set->width,
                       (int)set->height,
                       (int)set->width,
                       IMAGE_GREY8,
                       imageset_pixels(set, (uint32_t)index)};
    draw_fill(&ui->draw, box, 3, ui->theme->color.paper);
    draw_image(&ui->draw, fit, &image, SAMPLE_LINEAR, color_hex(0xFFFFFF));
}

void panel_tile(Ui *ui, Workbench *bench, Rect rect, int32_t index, int said, float confidence) {
    const ThemeColors *c = &ui->theme->color;
    const Dataset *set = bench->dataset;
    int label = set->test.labels[index];
    const char *truth = set->class_names[label];
    bool known = said >= 0 && said < (int)set->classes, right = known && said == label;
    char name[48], tip[160];
    snprintf(name, sizeof name, "Test image %d", index + 1);
    ui_push_index(ui, index);
    UiHit hit = ui_interact(ui, ui_id(ui, "tile"), UI_KIND_BUTTON, name, rect, HIT_FOCUS,
                            known && !right ? UI_INVALID : 0);
    ui_set_value(ui, "%s %s", truth, known ? set->class_names[said] : "");
    draw_box(&ui->draw, rect, THEME_RADIUS, hit.hot ? c->row_hot : c->field,
             known && !right ? c->wrong
             : hit.hot       ? c->outline_hot
                             : c->hairline,
             1);
    Rect inside = rect_inset_xy(rect, 6, 6);
    Rect box = rect_cut_top(&inside, inside.w, 0);
    tile_image(ui, bench, box, index);
    Rect caption = rect_inset_xy(inside, 2, 0);
    caption.h = rect_bottom(rect) - caption.y;
    ui_text(ui, caption, TEXT_BODY, c->text_muted, truth);
    if (known) {
        // The mark says right or wrong to those who cannot tell the colours apart.
        Color color = right ? c->right : c->wrong;
        float width = ui_text_width(ui, TEXT_STRONG, set->class_names[said]);
        ui_text_right(ui, caption, TEXT_STRONG, color, set->class_names[said]);
        Rect mark = {rect_right(caption) - width - 15, caption.y, 12, caption.h};
        icon_draw(&ui->draw, right ? ICON_CHECK : ICON_CROSS, mark, 10, color);
    }
    if (hit.focus_visible) ui_draw_focus(ui, rect, THEME_RADIUS);
    if (known && confidence >= 0)
        snprintf(tip, sizeof tip,
                 "Test image %d: label %s, the network says %s (%.1f %%).\n"
                 "Click to put it on the canvas.",
                 index + 1, truth, set->class_names[said], (double)confidence * 100);
    else
        snprintf(tip, sizeof tip, "Test image %d: label %s.\nClick to put it on the canvas.",
                 index + 1, truth);
    ui_tooltip(ui, tip);
    if (hit.clicked) tile_take(bench, index);
    ui_pop_id(ui);
}
