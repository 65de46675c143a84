// The map of the test images: a dot for each, coloured by its class, a hollow one where the network
// is wrong; the drawing among those that are most like it. The dots are painted into one picture
// when the map changes, so that a frame costs one image however many there are.
#include "panels/panels.h"

#include "base/tr.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAP_CAPTION_H = 16,
    MAP_SIDE_W = 100, // column of the nearest images
    MAP_TILE = 46,
    MAP_MARGIN = 14,
    MAP_REACH = 9, // how near the mouse must come to a dot
    MAP_TIP = 112, // side of a test image in its box
};

// From the map's coordinates to the screen: the same scale in both directions.
typedef struct MapView {
    Rect area;
    float scale, x, y;
    float dot; // radius
} MapView;

static MapView map_view(const HiddenMap *map, Rect area) {
    float x0 = INFINITY, y0 = INFINITY, x1 = -INFINITY, y1 = -INFINITY;
    for (int i = 0; i < map->n; i++) {
        x0 = fminf(x0, map->at[i].x), x1 = fmaxf(x1, map->at[i].x);
        y0 = fminf(y0, map->at[i].y), y1 = fmaxf(y1, map->at[i].y);
    }
    float w = fmaxf(area.w - 2 * MAP_MARGIN, 1), h = fmaxf(area.h - 2 * MAP_MARGIN, 1);
    float scale = fminf(w / fmaxf(x1 - x0, 1e-6f), h / fmaxf(y1 - y0, 1e-6f));
    return (MapView){area, scale, area.x + area.w / 2 - scale * (x0 + x1) / 2,
                     area.y + area.h / 2 - scale * (y0 + y1) / 2,
                     fminf(fmaxf(fminf(w, h) / 110, 1.7f), 3)};
}

static Vec2 map_at(const MapView *view, MapPoint p) {
    return (Vec2){view->x + view->scale * p.x, view->y + view->scale * p.y};
}

// ---- the dots -----------------------------------------------------------------------------------

static void map_blend(uint8_t *to, Color color, float cover) {
    float over = cover, under = (float)to[3] / 255 * (1 - over), all = over + under;
    const uint8_t from[] = {color.r, color.g, color.b, 255};
    if (over >= 1) {
        memcpy(to, from, 4);
        return;
    }
    if (all <= 0) return;
    for (int i = 0; i < 3; i++)
        to[i] = (uint8_t)lroundf(((float)from[i] * over + (float)to[i] * under) / all);
    to[3] = (uint8_t)lroundf(all * 255);
}

// A disc, or a ring where `hollow`, with soft edges; everything in pixels of the picture.
static void map_disc(MapPicture *picture, Vec2 at, float radius, bool hollow, float line,
                     Color color) {
    int x0 = (int)floorf(at.x - radius - 1), x1 = (int)ceilf(at.x + radius + 1);
    int y0 = (int)floorf(at.y - radius - 1), y1 = (int)ceilf(at.y + radius + 1);
    for (int y = y0 < 0 ? 0 : y0; y < y1 && y < picture->height; y++)
        for (int x = x0 < 0 ? 0 : x0; x < x1 && x < picture->width; x++) {
            float away = hypotf((float)x + 0.5f - at.x, (float)y + 0.5f - at.y);
            float cover = fminf(fmaxf(radius - away + 0.5f, 0), 1);
            if (hollow) cover *= 1 - fminf(fmaxf(radius - line - away + 0.5f, 0), 1);
            if (cover <= 0) continue;
            map_blend(picture->rgba + 4 * ((size_t)y * (size_t)picture->width + (size_t)x), color,
                      cover);
        }
}

// All dots of one sort, painted; the wrong ones lie on top.
static void map_paint(MapPicture *picture, const Theme *theme, const HiddenMap *map,
                      const uint8_t *labels, const MapView *view, float scale) {
    for (int wrong = 0; wrong < 2; wrong++)
        for (int i = 0; i < map->n; i++) {
            if ((map->said[i] != labels[i]) != (wrong == 1)) continue;
            Vec2 at = map_at(view, map->at[i]);
            at = (Vec2){(at.x - view->area.x) * scale, (at.y - view->area.y) * scale};
            map_disc(picture, at, view->dot * (wrong ? 1.15f : 1) * scale, wrong, 1.3f * scale,
                     theme_class_color(theme, labels[i]));
        }
}

static bool map_picture(Ui *ui, Workbench *bench, const MapView *view) {
    MapPicture *picture = &bench->map_picture;
    float scale = ui->input.scale;
    int width = (int)lroundf(view->area.w * scale), height = (int)lroundf(view->area.h * scale);
    uint64_t of = ((uint64_t)bench->atlas.version << 33) ^ (uint64_t)width << 17 ^
                  (uint64_t)height << 1 ^ (uint64_t)ui->theme->is_dark;
    if (width < 1 || height < 1) return false;
    if (picture->of == of && picture->rgba) return true;
    size_t bytes = (size_t)width * (size_t)height * 4;
    if (!picture->rgba || bytes > picture->capacity) {
        uint8_t *bigger = realloc(picture->rgba, bytes);
        if (!bigger) return false;
        picture->rgba = bigger;
        picture->capacity = bytes;
    }
    memset(picture->rgba, 0, bytes);
    picture->width = width;
    picture->height = height;
    picture->of = of;
    picture->version++;
    map_paint(picture, ui->theme, &bench->atlas.map, bench->dataset->test.labels, view, scale);
    return true;
}

// The name of each class where its images are: colours alone do not tell ten of them apart.
static void map_names(Ui *ui, const Workbench *bench, const MapView *view) {
    const HiddenMap *map = &bench->atlas.map;
    const Dataset *set = bench->dataset;
    for (uint32_t class = 0; class < set->classes; class ++) {
        double x = 0, y = 0;
        int count = 0;
        for (int i = 0; i < map->n; i++)
            if (set->test.labels[i] == class) x += map->at[i].x, y += map->at[i].y, count++;
        if (!count) continue;
        Vec2 at = map_at(view, (MapPoint){(float)(x / count), (float)(y / count)});
        Color color = theme_class_color(ui->theme, (int)class);
        float size = view->dot > 2.2f ? 18 : 14;
        Rect box = {floorf(at.x - size / 2), floorf(at.y - size / 2), size, size};
        draw_box(&ui->draw, rect_inset(box, -1.5f), 11, ui->theme->color.panel, color, 0);
        draw_fill(&ui->draw, box, size / 2, color);
        ui_text_center(ui, box, size > 14 ? TEXT_DIGIT : TEXT_TINY, color_ink_on(color),
                       set->class_names[class]);
    }
}

// ---- one dot ------------------------------------------------------------------------------------

static int map_nearest_dot(const HiddenMap *map, const MapView *view, Vec2 mouse) {
    float best = MAP_REACH * MAP_REACH;
    int found = -1;
    for (int i = 0; i < map->n; i++) {
        Vec2 at = map_at(view, map->at[i]);
        float dx = at.x - mouse.x, dy = at.y - mouse.y;
        if (dx * dx + dy * dy >= best) continue;
        best = dx * dx + dy * dy;
        found = i;
    }
    return found;
}

// The next dot in the direction of an arrow key: near, and not far to the side.
static int map_step(const HiddenMap *map, int from, float dx, float dy) {
    int found = from;
    float best = INFINITY;
    for (int i = 0; i < map->n; i++) {
        float x = map->at[i].x - map->at[from].x, y = map->at[i].y - map->at[from].y;
        float along = x * dx + y * dy, aside = fabsf(x * dy - y * dx);
        if (along <= 0 || aside > along || along + 2 * aside >= best) continue;
        best = along + 2 * aside;
        found = i;
    }
    return found;
}

static void map_arrows(Ui *ui, Workbench *bench) {
    static const struct {
        UiKey key;
        float x, y;
    } moves[] = {{KEY_LEFT, -1, 0}, {KEY_RIGHT, 1, 0}, {KEY_UP, 0, -1}, {KEY_DOWN, 0, 1}};
    const HiddenMap *map = &bench->atlas.map;
    if (bench->map_cursor < 0 || bench->map_cursor >= map->n) bench->map_cursor = 0;
    for (size_t k = 0; k < sizeof moves / sizeof moves[0]; k++)
        while (ui_take_key(ui, moves[k].key, 0))
            bench->map_cursor = map_step(map, bench->map_cursor, moves[k].x, moves[k].y);
}

// Picture, label and answer of a test image, beside its dot.
static void map_tell(Ui *ui, const Workbench *bench, int i, Vec2 at) {
    const ThemeColors *c = &ui->theme->color;
    const Dataset *set = bench->dataset;
    const HiddenMap *map = &bench->atlas.map;
    Rect window = ui->input.window;
    char line[96];
    Rect box = {at.x + 14, at.y + 14, MAP_TIP + 24, MAP_TIP + 24 + 38};
    if (rect_right(box) > window.w - 6) box.x = at.x - 14 - box.w;
    if (rect_bottom(box) > window.h - 6) box.y = at.y - 14 - box.h;
    box = (Rect){floorf(box.x), floorf(box.y), box.w, box.h};
    DrawLayer layer = draw_layer_set(&ui->draw, LAYER_TIP);
    draw_clip_push_fresh(&ui->draw, window);
    draw_box(&ui->draw, box, THEME_RADIUS, c->popup, c->outline_hot, 1);
    Rect rest = rect_inset(box, 12);
    DrawImage image = panel_test_image(bench, i);
    draw_image(&ui->draw, rect_cut_top(&rest, MAP_TIP, 4), &image, SAMPLE_NEAREST,
               color_hex(0xFFFFFF));
    snprintf(line, sizeof line, tr("test image %d"), i + 1);
    ui_text(ui, rect_cut_top(&rest, 17, 0), TEXT_SMALL, c->text_muted, line);
    bool right = map->said[i] == set->test.labels[i];
    int said = map->said[i] < set->classes ? map->said[i] : 0;
    if (right)
        snprintf(line, sizeof line, tr("%s, and read so"), set->class_names[said]);
    else
        snprintf(line, sizeof line, tr("%s, read as %s"), set->class_names[set->test.labels[i]],
                 set->class_names[said]);
    ui_text(ui, rect_cut_top(&rest, 17, 0), TEXT_SMALL, right ? c->right : c->wrong, line);
    draw_clip_pop(&ui->draw);
    draw_layer_set(&ui->draw, layer);
}

// ---- the drawing --------------------------------------------------------------------------------

static void map_drawing(Ui *ui, const Workbench *bench, const MapView *view) {
    const ThemeColors *c = &ui->theme->color;
    const Atlas *atlas = &bench->atlas;
    if (!atlas->drawing.there) return;
    Rect room = rect_inset(view->area, 7);
    Vec2 at = map_at(view, atlas->drawing.at);
    // Unlike all test images, it may lie outside of the picture: it is kept at its edge.
    at.x = fminf(fmaxf(at.x, room.x), rect_right(room));
    at.y = fminf(fmaxf(at.y, room.y), rect_bottom(room));
    for (int k = 0; k < atlas->drawing.near_count; k++) {
        Vec2 other = map_at(view, atlas->map.at[atlas->drawing.nearest[k]]);
        draw_line(&ui->draw, at, other, 1, color_fade(c->text, 0.5f));
        draw_ring(&ui->draw, other, view->dot + 2, c->text, 1);
    }
    draw_circle(&ui->draw, at, 7.5f, c->panel);
    draw_circle(&ui->draw, at, 6, c->accent_strong);
    draw_ring(&ui->draw, at, 6, c->text, 2);
}

// The test images that are most like the drawing; a click puts one on the canvas.
static void map_nearest(Ui *ui, Workbench *bench, Rect rect) {
    const Atlas *atlas = &bench->atlas;
    const Dataset *set = bench->dataset;
    const ThemeColors *c = &ui->theme->color;
    Rect heading = rect_cut_top(&rect, MAP_CAPTION_H, 6);
    if (!atlas->drawing.there) {
        ui_paragraph(ui, rect, TEXT_SMALL, c->text_muted,
                     tr("Draw, and the drawing appears among the test images."));
        return;
    }
    ui_text(ui, heading, TEXT_CAPTION, c->text_muted, tr("most like yours"));
    for (int k = 0; k < atlas->drawing.near_count; k++) {
        Rect row = rect;
        int line = k / 2, column = k % 2;
        row.x += (float)(column * (MAP_TILE + 6));
        row.y += (float)(line * (MAP_TILE + 6));
        Rect tile = {row.x, row.y, MAP_TILE, MAP_TILE};
        if (rect_bottom(tile) > rect_bottom(rect)) break;
        int32_t index = atlas->drawing.nearest[k];
        ui_push_index(ui, k);
        UiHit hit = ui_interact(ui, ui_id(ui, "nearest"), UI_KIND_BUTTON, "Nearest image", tile,
                                HIT_FOCUS, 0);
        ui_pop_id(ui);
        ui_set_value(ui, "%s", set->class_names[set->test.labels[index]]);
        DrawImage image = panel_test_image(bench, index);
        draw_box(&ui->draw, tile, 4, c->paper, hit.hot ? c->outline_hot : c->outline, 1);
        draw_image(&ui->draw, rect_inset(tile, 3), &image, SAMPLE_LINEAR, color_hex(0xFFFFFF));
        ui_text(ui, (Rect){tile.x + 4, tile.y + 2, 16, 16}, TEXT_TINY,
                theme_class_color(theme_dark(), set->test.labels[index]),
                set->class_names[set->test.labels[index]]);
        if (hit.focus_visible) ui_draw_focus(ui, tile, 4);
        if (hit.clicked) panel_take_test_image(bench, index);
    }
}

// ---- all of it ----------------------------------------------------------------------------------

static void map_plot(Ui *ui, Workbench *bench, Rect area) {
    const HiddenMap *map = &bench->atlas.map;
    MapView view = map_view(map, area);
    UiHit hit = ui_interact(ui, ui_id(ui, "Map"), UI_KIND_CHART, tr("Map of the test images"), area,
                            HIT_FOCUS, 0);
    int told = hit.hot ? map_nearest_dot(map, &view, ui->input.mouse) : -1;
    if (hit.focus_visible) {
        map_arrows(ui, bench);
        if (told < 0) told = bench->map_cursor;
    }
    if (told >= 0) bench->map_cursor = told;
    draw_clip_push(&ui->draw, area);
    if (map_picture(ui, bench, &view)) {
        const MapPicture *p = &bench->map_picture;
        DrawImage image = {ui_hash(0, "map"), p->version,  p->width, p->height,
                           p->width * 4,      IMAGE_RGBA8, p->rgba};
        draw_image(&ui->draw, area, &image, SAMPLE_LINEAR, color_hex(0xFFFFFF));
    }
    map_names(ui, bench, &view);
    map_drawing(ui, bench, &view);
    if (told >= 0)
        draw_ring(&ui->draw, map_at(&view, map->at[told]), view.dot + 3.5f, ui->theme->color.accent,
                  2);
    draw_clip_pop(&ui->draw);
    ui_set_value(ui, "%d", told + 1);
    if (hit.focus_visible) ui_draw_focus(ui, area, THEME_RADIUS);
    if (told >= 0) map_tell(ui, bench, told, map_at(&view, map->at[told]));
    if (told >= 0 && hit.clicked) panel_take_test_image(bench, told);
}

void panel_map(Ui *ui, Workbench *bench, Rect rect) {
    Atlas *atlas = &bench->atlas;
    const HiddenMap *map = &atlas->map;
    double again = atlas_update(bench, atlas);
    char line[160];
    if (isfinite(again)) ui_wake(ui, again);
    if (!bench->dataset || map->n == 0) {
        panel_empty(ui, rect,
                    atlas->problem[0] ? atlas->problem
                    : atlas->busy     ? tr("Looking at the test images")
                                      : tr("When a network answers: the test images as its last "
                                               "hidden layer sees them, and your drawing among them."));
        return;
    }
    Rect caption = rect_cut_top(&rect, MAP_CAPTION_H, 4);
    snprintf(line, sizeof line, tr("%s \xc2\xb7 %d test images \xc2\xb7 %.0f %% of their spread"),
             map->layer, map->n, (double)map->share * 100);
    ui_text(ui, caption, TEXT_CAPTION, ui->theme->color.text_muted, line);
    Rect side = rect_cut_right(&rect, MAP_SIDE_W, 10);
    map_plot(ui, bench, rect);
    map_nearest(ui, bench, side);
}
