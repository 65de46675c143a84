// Rectangles, colours, flows and grids; see geom.h. No drawing.
#include "ui/geom.h"

#include <math.h>

static float min_f(float a, float b) {
    return a < b ? a : b;
}

static float max_f(float a, float b) {
    return a > b ? a : b;
}

Color color_hex(uint32_t rgb) {
    return (Color){(uint8_t)(rgb >> 16), (uint8_t)(rgb >> 8), (uint8_t)rgb, 255};
}

Color color_fade(Color color, float alpha) {
    color.a = (uint8_t)((float)color.a * max_f(0, min_f(alpha, 1)) + 0.5f);
    return color;
}

static uint8_t mix_byte(uint8_t a, uint8_t b, float t) {
    return (uint8_t)((float)a + ((float)b - (float)a) * t + 0.5f);
}

Color color_mix(Color a, Color b, float t) {
    t = t > 0 ? min_f(t, 1) : 0;
    return (Color){mix_byte(a.r, b.r, t), mix_byte(a.g, b.g, t), mix_byte(a.b, b.b, t),
                   mix_byte(a.a, b.a, t)};
}

static float linear_light(uint8_t v) {
    float s = (float)v / 255;
    return s <= 0.04045f ? s / 12.92f : powf((s + 0.055f) / 1.055f, 2.4f);
}

Color color_ink_on(Color background) {
    float l = 0.2126f * linear_light(background.r) + 0.7152f * linear_light(background.g) +
              0.0722f * linear_light(background.b);
    // The luminance where black and white have the same contrast: sqrt(1.05 * 0.05) - 0.05.
    return l > 0.179f ? color_hex(0x000000) : color_hex(0xFFFFFF);
}

static Color ramp(const uint32_t *stops, int count, float t) {
    t = t > 0 ? min_f(t, 1) : 0;
    float at = t * (float)(count - 1);
    int i = (int)at;
    if (i >= count - 1) i = count - 2;
    return color_mix(color_hex(stops[i]), color_hex(stops[i + 1]), at - (float)i);
}

Color ramp_sequential(float t) {
    static const uint32_t stops[] = {0x141B2B, 0x1B3A5C, 0x1F6184, 0x2B8A93,
                                     0x5CB38A, 0xA9D47C, 0xF7EFA0};
    return ramp(stops, (int)(sizeof stops / sizeof stops[0]), t);
}

Color ramp_diverging(float t) {
    static const uint32_t stops[] = {0x9AD2F5, 0x3F97D6, 0x1C4A73, 0x10141A,
                                     0x7A3B12, 0xE07B1F, 0xFFD08A};
    return ramp(stops, (int)(sizeof stops / sizeof stops[0]), isnan(t) ? 0.5f : t);
}

Rect rect_make(float x, float y, float w, float h) {
    return (Rect){x, y, w, h};
}

Rect rect_inset_xy(Rect r, float dx, float dy) {
    dx = min_f(dx, r.w / 2);
    dy = min_f(dy, r.h / 2);
    return (Rect){r.x + dx, r.y + dy, r.w - 2 * dx, r.h - 2 * dy};
}

Rect rect_inset(Rect r, float d) {
    return rect_inset_xy(r, d, d);
}

Rect rect_offset(Rect r, float dx, float dy) {
    return (Rect){r.x + dx, r.y + dy, r.w, r.h};
}

Rect rect_center(Rect outer, float w, float h) {
    return (Rect){floorf(outer.x + (outer.w - w) / 2 + 0.5f),
                  floorf(outer.y + (outer.h - h) / 2 + 0.5f), w, h};
}

Rect rect_intersect(Rect a, Rect b) {
    float x0 = max_f(a.x, b.x), y0 = max_f(a.y, b.y);
    float x1 = min_f(a.x + a.w, b.x + b.w), y1 = min_f(a.y + a.h, b.y + b.h);
    return (Rect){x0, y0, max_f(x1 - x0, 0), max_f(y1 - y0, 0)};
}

Rect rect_union(Rect a, Rect b) {
    float x0 = min_f(a.x, b.x), y0 = min_f(a.y, b.y);
    float x1 = max_f(a.x + a.w, b.x + b.w), y1 = max_f(a.y + a.h, b.y + b.h);
    return (Rect){x0, y0, x1 - x0, y1 - y0};
}

bool rect_contains(Rect r, Vec2 p) {
    return p.x >= r.x && p.y >= r.y && p.x < r.x + r.w && p.y < r.y + r.h;
}

bool rect_is_empty(Rect r) {
    return !(r.w > 0 && r.h > 0);
}

float rect_right(Rect r) {
    return r.x + r.w;
}

float rect_bottom(Rect r) {
    return r.y + r.h;
}

Rect rect_cut_left(Rect *r, float w, float gap) {
    w = max_f(0, min_f(w, r->w));
    Rect cut = {r->x, r->y, w, r->h};
    float used = min_f(w + gap, r->w);
    r->x += used;
    r->w -= used;
    return cut;
}

Rect rect_cut_right(Rect *r, float w, float gap) {
    w = max_f(0, min_f(w, r->w));
    Rect cut = {r->x + r->w - w, r->y, w, r->h};
    r->w -= min_f(w + gap, r->w);
    return cut;
}

Rect rect_cut_top(Rect *r, float h, float gap) {
    h = max_f(0, min_f(h, r->h));
    Rect cut = {r->x, r->y, r->w, h};
    float used = min_f(h + gap, r->h);
    r->y += used;
    r->h -= used;
    return cut;
}

Rect rect_cut_bottom(Rect *r, float h, float gap) {
    h = max_f(0, min_f(h, r->h));
    Rect cut = {r->x, r->y + r->h - h, r->w, h};
    r->h -= min_f(h + gap, r->h);
    return cut;
}

// Cell edges are rounded one by one, so that the cells fill the length exactly.
static void split(float from, float length, int count, int index, float gap, float *at,
                  float *size) {
    float cell = max_f(0, (length - gap * (float)(count - 1)) / (float)count);
    float a = floorf(from + (cell + gap) * (float)index + 0.5f);
    float b = floorf(from + (cell + gap) * (float)index + cell + 0.5f);
    *at = a;
    *size = max_f(0, b - a);
}

Rect rect_column(Rect r, int count, int index, float gap) {
    Rect out = r;
    split(r.x, r.w, count, index, gap, &out.x, &out.w);
    return out;
}

Rect rect_row(Rect r, int count, int index, float gap) {
    Rect out = r;
    split(r.y, r.h, count, index, gap, &out.y, &out.h);
    return out;
}

Flow flow_make(Rect area, float row_h, float gap_x, float gap_y) {
    return (Flow){area, row_h, gap_x, gap_y, area.x, area.y};
}

Rect flow_next(Flow *flow, float w) {
    w = min_f(w, flow->area.w);
    bool at_start = flow->x <= flow->area.x;
    if (!at_start && flow->x + w > flow->area.x + flow->area.w + 0.01f) {
        flow->x = flow->area.x;
        flow->y += flow->row_h + flow->gap_y;
    }
    Rect out = {flow->x, flow->y, w, flow->row_h};
    flow->x += w + flow->gap_x;
    return out;
}

float flow_height(const Flow *flow) {
    bool nothing = flow->y <= flow->area.y && flow->x <= flow->area.x;
    return nothing ? 0 : flow->y + flow->row_h - flow->area.y;
}

Grid grid_fit(Rect area, int count, float aspect, float gap, float max_w) {
    Grid best = {.area = area, .columns = 1, .rows = count, .gap = gap};
    for (int columns = 1; columns <= count; columns++) {
        int rows = (count + columns - 1) / columns;
        float w = (area.w - gap * (float)(columns - 1)) / (float)columns;
        float h = (area.h - gap * (float)(rows - 1)) / (float)rows;
        w = floorf(min_f(min_f(w, h * aspect), max_w));
        if (w > best.cell_w) {
            best.columns = columns;
            best.rows = rows;
            best.cell_w = w;
            best.cell_h = floorf(w / aspect);
        }
    }
    return best;
}

Grid grid_fill(Rect area, int count, float min_w, float cell_h, float gap) {
    int columns = (int)((area.w + gap) / (min_w + gap));
    if (columns < 1) columns = 1;
    float w = max_f(0, (area.w - gap * (float)(columns - 1)) / (float)columns);
    return (Grid){.area = area,
                  .columns = columns,
                  .rows = (count + columns - 1) / columns,
                  .cell_w = w,
                  .cell_h = cell_h,
                  .gap = gap};
}

Rect grid_cell(const Grid *grid, int index) {
    int line = index / grid->columns;
    float column = (float)(index % grid->columns), row = (float)line;
    float x0 = grid->area.x + column * (grid->cell_w + grid->gap);
    float left = floorf(x0 + 0.5f), right = floorf(x0 + grid->cell_w + 0.5f);
    return (Rect){left, grid->area.y + row * (grid->cell_h + grid->gap), right - left,
                  grid->cell_h};
}

float grid_height(const Grid *grid) {
    return grid->rows > 0 ? (float)grid->rows * (grid->cell_h + grid->gap) - grid->gap : 0;
}
