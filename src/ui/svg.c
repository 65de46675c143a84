// One element or path per command; see svg.h.
#include "ui/svg.h"

#include "base/file.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const float HAIR = 0.5f; // units: one pixel of a display with two in a unit

typedef struct Svg {
    Text text;
    const DrawList *list;
    Rect clip;      // of the group that is open
    bool clipped;   // one is
    unsigned clips; // so far: they have numbers for names
} Svg;

// ---- words --------------------------------------------------------------------------------------

// A hundredth of a pixel is enough. Independent of the locale, and never "-0".
static void svg_number(Svg *svg, float value) {
    char number[32];
    double rounded = floor((double)value * 100 + 0.5) / 100;
    text_from_double(number, rounded == 0 ? 0 : rounded);
    text_append_bytes(&svg->text, number, strlen(number));
}

static void svg_attribute(Svg *svg, const char *name, float value) {
    text_append(&svg->text, " %s=\"", name);
    svg_number(svg, value);
    text_append(&svg->text, "\"");
}

static void svg_rect(Svg *svg, Rect r) {
    svg_attribute(svg, "x", r.x);
    svg_attribute(svg, "y", r.y);
    svg_attribute(svg, "width", r.w);
    svg_attribute(svg, "height", r.h);
}

// fill="#56b4e9" fill-opacity="0.2"
static void svg_paint(Svg *svg, const char *what, Color color) {
    text_append(&svg->text, " %s=\"#%02x%02x%02x\"", what, color.r, color.g, color.b);
    if (color.a == 255) return;
    text_append(&svg->text, " %s-opacity=\"", what);
    svg_number(svg, (float)color.a / 255);
    text_append(&svg->text, "\"");
}

static void svg_escaped(Svg *svg, const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '<')
            text_append(&svg->text, "&lt;");
        else if (c == '&')
            text_append(&svg->text, "&amp;");
        else if (c >= 0x20)
            text_append_bytes(&svg->text, bytes + i, 1);
    }
}

static void svg_point(Svg *svg, char letter, Vec2 at) {
    text_append_bytes(&svg->text, &letter, 1);
    svg_number(svg, at.x);
    text_append_bytes(&svg->text, " ", 1);
    svg_number(svg, at.y);
}

static void svg_path(Svg *svg, const DrawCommand *command) {
    const Vec2 *points = svg->list->points + command->first;
    text_append(&svg->text, "<path d=\"");
    for (uint32_t i = 0; i < command->count; i++) svg_point(svg, i ? 'L' : 'M', points[i]);
}

// ---- commands -----------------------------------------------------------------------------------

static void svg_box(Svg *svg, const DrawCommand *command) {
    Rect r = command->rect;
    float radius = fminf(command->radius, fminf(r.w, r.h) / 2);
    if (r.w <= 0) r.w = HAIR;
    if (r.h <= 0) r.h = HAIR;
    // The border lies inside the edge.
    float width = command->border.a ? command->width : 0;
    r = rect_inset(r, width / 2);
    text_append(&svg->text, "<rect");
    svg_rect(svg, r);
    if (radius > 0) svg_attribute(svg, "rx", fmaxf(0, radius - width / 2));
    if (command->fill.a)
        svg_paint(svg, "fill", command->fill);
    else
        text_append(&svg->text, " fill=\"none\"");
    if (width > 0) {
        svg_paint(svg, "stroke", command->border);
        svg_attribute(svg, "stroke-width", width);
    }
    text_append(&svg->text, "/>\n");
}

static void svg_polyline(Svg *svg, const DrawCommand *command) {
    svg_path(svg, command);
    text_append(&svg->text, "\" fill=\"none\" stroke-linejoin=\"round\"");
    svg_paint(svg, "stroke", command->fill);
    svg_attribute(svg, "stroke-width", fmaxf(command->width, HAIR));
    if (command->dash_on > 0) {
        text_append(&svg->text, " stroke-dasharray=\"");
        svg_number(svg, command->dash_on);
        text_append(&svg->text, " ");
        svg_number(svg, command->dash_off);
        text_append(&svg->text, "\"");
    }
    text_append(&svg->text, "/>\n");
}

static void svg_polygon(Svg *svg, const DrawCommand *command) {
    svg_path(svg, command);
    text_append(&svg->text, "Z\"");
    svg_paint(svg, "fill", command->fill);
    text_append(&svg->text, "/>\n");
}

static void svg_spans(Svg *svg, const DrawCommand *command) {
    const Vec2 *points = svg->list->points + command->first;
    text_append(&svg->text, "<path d=\"");
    for (uint32_t i = 0; i + 1 < command->count; i += 2) {
        svg_point(svg, 'M', points[i]);
        text_append(&svg->text, "V");
        // A span of no height is a dot, not nothing.
        svg_number(svg, fmaxf(points[i + 1].y, points[i].y + HAIR));
    }
    text_append(&svg->text, "\" fill=\"none\"");
    svg_paint(svg, "stroke", command->fill);
    svg_attribute(svg, "stroke-width", HAIR);
    text_append(&svg->text, "/>\n");
}

static void svg_area(Svg *svg, const DrawCommand *command) {
    const Vec2 *points = svg->list->points + command->first;
    float base = rect_bottom(command->rect);
    svg_path(svg, command);
    svg_point(svg, 'L', (Vec2){points[command->count - 1].x, base});
    svg_point(svg, 'L', (Vec2){points[0].x, base});
    text_append(&svg->text, "Z\"");
    svg_paint(svg, "fill", command->fill);
    text_append(&svg->text, "/>\n");
}

static void svg_text(Svg *svg, const DrawCommand *command) {
    static const char *const weights[FONT_WEIGHT_COUNT] = {"400", "600", "700"};
    text_append(&svg->text, "<text");
    svg_attribute(svg, "x", command->rect.x);
    svg_attribute(svg, "y", command->baseline);
    svg_attribute(svg, "font-size", command->style.size);
    if (command->style.weight != FONT_REGULAR)
        text_append(&svg->text, " font-weight=\"%s\"", weights[command->style.weight]);
    if (command->style.spacing > 0) svg_attribute(svg, "letter-spacing", command->style.spacing);
    if (command->count > 1) svg_attribute(svg, "textLength", command->rect.w);
    svg_paint(svg, "fill", command->fill);
    text_append(&svg->text, ">");
    svg_escaped(svg, draw_command_text(svg->list, command), command->count);
    text_append(&svg->text, "</text>\n");
}

static void (*const svg_commands[DRAW_KIND_COUNT])(Svg *, const DrawCommand *) = {
    [DRAW_BOX] = svg_box,         [DRAW_POLYLINE] = svg_polyline, [DRAW_SPANS] = svg_spans,
    [DRAW_POLYGON] = svg_polygon, [DRAW_AREA] = svg_area,         [DRAW_TEXT] = svg_text,
};

// ---- clips --------------------------------------------------------------------------------------

static bool rect_same(Rect a, Rect b) {
    return a.x == b.x && a.y == b.y && a.w == b.w && a.h == b.h;
}

static void svg_clip_end(Svg *svg) {
    if (svg->clipped) text_append(&svg->text, "</g>\n");
    svg->clipped = false;
}

// Neighbours with one clip share a group; what lies inside its clip needs none.
static void svg_clip(Svg *svg, const DrawCommand *command) {
    float margin = command->width / 2 + 1;
    Rect r = command->rect, clip = command->clip;
    bool inside = r.x - margin >= clip.x && r.y - margin >= clip.y &&
                  rect_right(r) + margin <= rect_right(clip) &&
                  rect_bottom(r) + margin <= rect_bottom(clip);
    if (svg->clipped && !inside && rect_same(svg->clip, clip)) return;
    svg_clip_end(svg);
    if (inside || rect_same(clip, svg->list->bounds)) return;
    unsigned name = ++svg->clips;
    text_append(&svg->text, "<clipPath id=\"clip%u\"><rect", name);
    svg_rect(svg, clip);
    text_append(&svg->text, "/></clipPath>\n<g clip-path=\"url(#clip%u)\">\n", name);
    svg->clip = clip;
    svg->clipped = true;
}

// ---- the file -----------------------------------------------------------------------------------

static void svg_head(Svg *svg, Color background, const char *title) {
    Rect b = svg->list->bounds;
    text_append(&svg->text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                            "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    svg_attribute(svg, "width", b.w);
    svg_attribute(svg, "height", b.h);
    text_append(&svg->text, " viewBox=\"");
    const float box[] = {b.x, b.y, b.w, b.h};
    for (int i = 0; i < 4; i++) {
        if (i) text_append(&svg->text, " ");
        svg_number(svg, box[i]);
    }
    text_append(&svg->text,
                "\" role=\"img\" font-family=\"Inter, 'DejaVu Sans', 'Noto Sans CJK SC', "
                "sans-serif\" style=\"font-variant-numeric: tabular-nums\">\n<title>");
    svg_escaped(svg, title, strlen(title));
    text_append(&svg->text, "</title>\n");
    if (background.a == 0) return;
    text_append(&svg->text, "<rect");
    svg_rect(svg, b);
    svg_paint(svg, "fill", background);
    text_append(&svg->text, "/>\n");
}

Status svg_write(const DrawList *list, Color background, const char *title, const char *path) {
    Svg svg = {.list = list};
    svg_head(&svg, background, title);
    for (size_t i = 0; i < list->count; i++) {
        const DrawCommand *command = &list->commands[i];
        if (!svg_commands[command->kind]) continue;
        svg_clip(&svg, command);
        svg_commands[command->kind](&svg, command);
    }
    svg_clip_end(&svg);
    text_append(&svg.text, "</svg>\n");
    Status status = svg.text.failed || list->failed
                        ? status_no_memory("a figure", svg.text.size)
                        : file_write_atomic(path, svg.text.data, svg.text.size, 0644);
    text_close(&svg.text);
    return status;
}
