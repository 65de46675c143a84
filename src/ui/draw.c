// Appending to, ordering and hashing the draw list; see draw.h.
#include "ui/draw.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

static bool grow(void **block, size_t *capacity, size_t needed, size_t item) {
    if (needed <= *capacity) return true;
    size_t to = *capacity ? *capacity : 256;
    while (to < needed) to *= 2;
    void *bigger = realloc(*block, to * item);
    if (!bigger) return false;
    *block = bigger;
    *capacity = to;
    return true;
}

void draw_list_close(DrawList *list) {
    free(list->commands);
    free(list->points);
    free(list->text);
    free(list->sorted);
    *list = (DrawList){0};
}

void draw_list_begin(DrawList *list, Rect bounds) {
    list->count = list->point_count = list->text_size = 0;
    list->bounds = bounds;
    list->clips[0] = bounds;
    list->clip_count = 1;
    list->layer = LAYER_BASE;
    list->failed = false;
}

void draw_list_finish(DrawList *list) {
    REQUIRE(list->clip_count == 1);
    bool in_order = true;
    for (size_t i = 1; i < list->count && in_order; i++) {
        in_order = list->commands[i - 1].layer <= list->commands[i].layer;
    }
    if (in_order) return;
    if (!grow((void **)&list->sorted, &list->sorted_capacity, list->count, sizeof *list->sorted)) {
        list->failed = true;
        return;
    }
    size_t to = 0;
    for (int layer = 0; layer < LAYER_COUNT; layer++) {
        for (size_t i = 0; i < list->count; i++) {
            if ((int)list->commands[i].layer == layer) list->sorted[to++] = list->commands[i];
        }
    }
    memcpy(list->commands, list->sorted, list->count * sizeof *list->commands);
}

uint64_t draw_hash(uint64_t h, const void *data, size_t size) {
    const unsigned char *p = data;
    for (; size >= 8; p += 8, size -= 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        h = (h ^ v) * 0x9E3779B97F4A7C15u;
        h ^= h >> 29;
    }
    uint64_t v = size;
    if (size) memcpy(&v, p, size);
    h = (h ^ v ^ (uint64_t)size << 56) * 0xBF58476D1CE4E5B9u;
    return h ^ h >> 32;
}

uint64_t draw_list_hash(const DrawList *list) {
    uint64_t h = draw_hash(1, &list->bounds, sizeof list->bounds);
    h = draw_hash(h, list->commands, list->count * sizeof *list->commands);
    h = draw_hash(h, list->points, list->point_count * sizeof *list->points);
    return draw_hash(h, list->text, list->text_size);
}

static void push_clip(DrawList *list, Rect clip) {
    REQUIRE(list->clip_count < DRAW_CLIP_DEPTH);
    list->clips[list->clip_count++] = clip;
}

void draw_clip_push(DrawList *list, Rect clip) {
    push_clip(list, rect_intersect(draw_clip(list), clip));
}

void draw_clip_push_fresh(DrawList *list, Rect clip) {
    push_clip(list, rect_intersect(list->bounds, clip));
}

void draw_clip_pop(DrawList *list) {
    REQUIRE(list->clip_count > 1);
    list->clip_count--;
}

Rect draw_clip(const DrawList *list) {
    return list->clips[list->clip_count - 1];
}

DrawLayer draw_layer_set(DrawList *list, DrawLayer layer) {
    DrawLayer before = list->layer;
    list->layer = layer;
    return before;
}

// A zeroed command (padding too, for the hash), or NULL when it cannot be seen. `margin`: how far
// it may reach over its bounds (half a line width).
static DrawCommand *append(DrawList *list, DrawKind kind, Rect rect, float margin) {
    Rect clip = draw_clip(list);
    Rect seen = rect_inset(rect, 0);
    seen = (Rect){seen.x - margin, seen.y - margin, seen.w + 2 * margin, seen.h + 2 * margin};
    if (rect_is_empty(rect_intersect(seen, clip))) return NULL;
    if (!grow((void **)&list->commands, &list->capacity, list->count + 1, sizeof *list->commands)) {
        list->failed = true;
        return NULL;
    }
    DrawCommand *command = &list->commands[list->count++];
    memset(command, 0, sizeof *command);
    command->kind = kind;
    command->layer = list->layer;
    command->clip = clip;
    command->rect = rect;
    return command;
}

void draw_box(DrawList *list, Rect rect, float radius, Color fill, Color border, float border_w) {
    if (border_w <= 0) border.a = 0;
    if (fill.a == 0 && border.a == 0) return;
    DrawCommand *command = append(list, DRAW_BOX, rect, 0);
    if (!command) return;
    command->radius = radius;
    command->fill = fill;
    command->border = border;
    command->width = border.a ? border_w : 0;
}

void draw_fill(DrawList *list, Rect rect, float radius, Color fill) {
    draw_box(list, rect, radius, fill, (Color){0}, 0);
}

void draw_border(DrawList *list, Rect rect, float radius, Color border, float border_w) {
    draw_box(list, rect, radius, (Color){0}, border, border_w);
}

static Rect around(Vec2 center, float radius) {
    return (Rect){center.x - radius, center.y - radius, 2 * radius, 2 * radius};
}

void draw_circle(DrawList *list, Vec2 center, float radius, Color fill) {
    draw_box(list, around(center, radius), radius, fill, (Color){0}, 0);
}

void draw_ring(DrawList *list, Vec2 center, float radius, Color border, float border_w) {
    draw_box(list, around(center, radius), radius, (Color){0}, border, border_w);
}

// A box of no width or height: the tessellator makes it one device pixel thick.
static void hairline(DrawList *list, Rect rect, Color color) {
    if (color.a == 0) return;
    DrawCommand *command = append(list, DRAW_BOX, rect, 1);
    if (command) command->fill = color;
}

void draw_hline(DrawList *list, float x0, float x1, float y, Color color) {
    hairline(list, (Rect){x0, y, x1 - x0, 0}, color);
}

void draw_vline(DrawList *list, float x, float y0, float y1, Color color) {
    hairline(list, (Rect){x, y0, 0, y1 - y0}, color);
}

static Rect point_bounds(const Vec2 *points, size_t count) {
    float x0 = points[0].x, x1 = x0, y0 = points[0].y, y1 = y0;
    for (size_t i = 1; i < count; i++) {
        if (points[i].x < x0) x0 = points[i].x;
        if (points[i].x > x1) x1 = points[i].x;
        if (points[i].y < y0) y0 = points[i].y;
        if (points[i].y > y1) y1 = points[i].y;
    }
    return (Rect){x0, y0, x1 - x0, y1 - y0};
}

static DrawCommand *append_points(DrawList *list, DrawKind kind, const Vec2 *points, size_t count,
                                  Rect bounds, float margin, Color color) {
    if (color.a == 0) return NULL;
    if (!grow((void **)&list->points, &list->point_capacity, list->point_count + count,
              sizeof *list->points)) {
        list->failed = true;
        return NULL;
    }
    DrawCommand *command = append(list, kind, bounds, margin);
    if (!command) return NULL;
    command->fill = color;
    command->first = (uint32_t)list->point_count;
    command->count = (uint32_t)count;
    memcpy(list->points + list->point_count, points, count * sizeof *points);
    list->point_count += count;
    return command;
}

void draw_polyline_dashed(DrawList *list, const Vec2 *points, size_t count, float width,
                          Color color, float dash_on, float dash_off) {
    if (count < 2) return;
    DrawCommand *command = append_points(list, DRAW_POLYLINE, points, count,
                                         point_bounds(points, count), width / 2 + 1, color);
    if (!command) return;
    command->width = width;
    command->dash_on = dash_on;
    command->dash_off = dash_off;
}

void draw_polyline(DrawList *list, const Vec2 *points, size_t count, float width, Color color) {
    draw_polyline_dashed(list, points, count, width, color, 0, 0);
}

void draw_line(DrawList *list, Vec2 a, Vec2 b, float width, Color color) {
    draw_polyline(list, (Vec2[]){a, b}, 2, width, color);
}

void draw_polygon(DrawList *list, const Vec2 *points, size_t count, Color fill) {
    if (count < 3) return;
    append_points(list, DRAW_POLYGON, points, count, point_bounds(points, count), 1, fill);
}

void draw_spans(DrawList *list, const Vec2 *points, size_t count, Color color) {
    if (count < 2) return;
    append_points(list, DRAW_SPANS, points, count & ~(size_t)1, point_bounds(points, count), 1,
                  color);
}

void draw_area(DrawList *list, const Vec2 *points, size_t count, float base_y, Color fill) {
    if (count < 2) return;
    Rect bounds = point_bounds(points, count);
    bounds.h = base_y - bounds.y;
    append_points(list, DRAW_AREA, points, count, bounds, 1, fill);
}

void draw_text(DrawList *list, Vec2 at, Vec2 size, TextStyle style, Color color, const char *text,
               size_t bytes) {
    if (bytes == 0 || color.a == 0) return;
    if (!grow((void **)&list->text, &list->text_capacity, list->text_size + bytes, 1)) {
        list->failed = true;
        return;
    }
    // The ascent of any usable font is well within the line height; the bounds only decide what is
    // dropped.
    Rect bounds = {at.x, at.y - size.y * 0.8f, size.x, size.y};
    DrawCommand *command = append(list, DRAW_TEXT, bounds, 2);
    if (!command) return;
    command->fill = color;
    command->baseline = at.y;
    command->style.size = style.size; // field by field: padding stays zero for the hash
    command->style.spacing = style.spacing;
    command->style.weight = style.weight;
    command->style.tabular = style.tabular;
    command->first = (uint32_t)list->text_size;
    command->count = (uint32_t)bytes;
    memcpy(list->text + list->text_size, text, bytes);
    list->text_size += bytes;
}

void draw_image(DrawList *list, Rect rect, const DrawImage *image, ImageSampling sampling,
                Color tint) {
    DrawCommand *command = append(list, DRAW_IMAGE, rect, 0);
    if (!command) return;
    command->fill = tint;
    command->sampling = sampling;
    command->image.key = image->key;
    command->image.version = image->version;
    command->image.width = image->width;
    command->image.height = image->height;
    command->image.stride = image->stride;
    command->image.format = image->format;
    command->image.pixels = image->pixels;
}

const char *draw_command_text(const DrawList *list, const DrawCommand *command) {
    return list->text + command->first;
}
