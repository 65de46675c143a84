// The draw list: what one frame looks like, as a growable array of plain commands in logical
// pixels. Widgets append to it; a renderer (ui/tessellate.h, then app/sdl_render.h) draws it; tests
// read it. It knows no renderer and no widget.
//
// Order: by layer first, then as appended. Each command carries the clip rectangle that was on top
// of the clip stack when it was appended. Commands entirely outside their clip are dropped. When
// memory runs out the list stops growing and `failed` is set; nothing else happens.
#ifndef INKLING_UI_DRAW_H
#define INKLING_UI_DRAW_H

#include "ui/font.h"
#include "ui/geom.h"

#include <stddef.h>
#include <stdint.h>

typedef enum DrawKind {
    DRAW_BOX, // rounded rectangle: fill, then border inside its edge; a circle when radius = w/2
    DRAW_POLYLINE, // points[first .. first+count), width, dash
    DRAW_POLYGON,  // convex, filled
    DRAW_SPANS,    // upright bars one device pixel wide, two points each: top, bottom
    DRAW_AREA,     // between the polyline of points and the horizontal line y = rect.y + rect.h
    DRAW_TEXT,     // text[first .. first+count), baseline starts at (rect.x, baseline)
    DRAW_IMAGE,
    DRAW_KIND_COUNT,
} DrawKind;

typedef enum DrawLayer {
    LAYER_BASE,
    LAYER_NOTICE, // toasts
    LAYER_MODAL,  // dialogs
    LAYER_POPUP,  // lists of drop-downs and menus
    LAYER_TIP,    // tooltips
    LAYER_COUNT,
} DrawLayer;

typedef enum ImageFormat {
    IMAGE_GREY8, // 1 byte a pixel: shown as opaque grey
    IMAGE_RGBA8, // 4 bytes a pixel, straight alpha
} ImageFormat;

typedef enum ImageSampling { SAMPLE_NEAREST, SAMPLE_LINEAR } ImageSampling;

// A picture whose pixels the caller owns. `key` names the texture (any number that is unique in
// the program, such as ui_hash(0, "canvas")); the renderer uploads the pixels when the key is new
// or `version` or the size differ from the last time. `pixels` must stay valid until the frame has
// been rendered. stride: bytes from row to row.
typedef struct DrawImage {
    uint64_t key;
    uint32_t version;
    int width, height, stride;
    ImageFormat format;
    const void *pixels;
} DrawImage;

typedef struct DrawCommand {
    DrawKind kind;
    DrawLayer layer;
    Rect clip;
    Rect rect;           // the bounds
    Color fill, border;  // POLYLINE and TEXT: fill is the colour; IMAGE: fill is the tint
    float radius, width; // BOX: corner radius and border width; POLYLINE: width; IMAGE: radius 0
    float dash_on, dash_off; // POLYLINE: 0 for solid
    float baseline;
    uint32_t first, count;
    TextStyle style;
    DrawImage image;
    ImageSampling sampling;
} DrawCommand;

enum { DRAW_CLIP_DEPTH = 32 };

// Read freely, change only through the functions. `commands` is in drawing order only after
// draw_list_finish.
typedef struct DrawList {
    DrawCommand *commands;
    size_t count, capacity;
    Vec2 *points;
    size_t point_count, point_capacity;
    char *text;
    size_t text_size, text_capacity;
    Rect clips[DRAW_CLIP_DEPTH];
    int clip_count;
    DrawLayer layer;
    Rect bounds;
    DrawCommand *sorted; // scratch of draw_list_finish
    size_t sorted_capacity;
    bool failed;
} DrawList;

void draw_list_close(DrawList *list); // zero-initialise to open
// Empties the list (keeps its memory); clip = bounds, layer = LAYER_BASE.
void draw_list_begin(DrawList *list, Rect bounds);
// Puts the commands in drawing order. Every clip must have been popped (REQUIRE).
void draw_list_finish(DrawList *list);
// h with `size` bytes more, eight at a time, multiplied and folded: only equality matters.
uint64_t draw_hash(uint64_t h, const void *data, size_t size);
// A hash of everything that decides how the frame looks (image versions, not pixels): equal hashes
// mean that the frame need not be presented again.
uint64_t draw_list_hash(const DrawList *list);

// The new clip is the intersection with the one on top, except that the first clip pushed after a
// change of layer starts from the list's bounds when `fresh` is set.
void draw_clip_push(DrawList *list, Rect clip);
void draw_clip_push_fresh(DrawList *list, Rect clip);
void draw_clip_pop(DrawList *list);
Rect draw_clip(const DrawList *list);
// Returns the layer before, so that it can be put back.
DrawLayer draw_layer_set(DrawList *list, DrawLayer layer);

// Widths below one device pixel are drawn as one (a hairline: pass 1). Boxes are snapped to device
// pixels. A colour with alpha 0 draws nothing.
void draw_box(DrawList *list, Rect rect, float radius, Color fill, Color border, float border_w);
void draw_fill(DrawList *list, Rect rect, float radius, Color fill);
void draw_border(DrawList *list, Rect rect, float radius, Color border, float border_w);
void draw_circle(DrawList *list, Vec2 center, float radius, Color fill);
void draw_ring(DrawList *list, Vec2 center, float radius, Color border, float border_w);
// One device pixel thick whatever the scale, exactly on the pixel grid.
void draw_hline(DrawList *list, float x0, float x1, float y, Color color);
void draw_vline(DrawList *list, float x, float y0, float y1, Color color);
void draw_line(DrawList *list, Vec2 a, Vec2 b, float width, Color color);
// Points are copied. Dashed when dash_on > 0.
void draw_polyline(DrawList *list, const Vec2 *points, size_t count, float width, Color color);
void draw_polyline_dashed(DrawList *list, const Vec2 *points, size_t count, float width,
                          Color color, float dash_on, float dash_off);
void draw_polygon(DrawList *list, const Vec2 *points, size_t count, Color fill);
// Bars between points[2i] and points[2i + 1] (equal x, top first): many of them at the cost of one
// command.
void draw_spans(DrawList *list, const Vec2 *points, size_t count, Color color);
void draw_area(DrawList *list, const Vec2 *points, size_t count, float base_y, Color fill);
// `at` is the pen on the baseline; `size` = {width, line height} only serves as the bounds.
void draw_text(DrawList *list, Vec2 at, Vec2 size, TextStyle style, Color color, const char *text,
               size_t bytes);
void draw_image(DrawList *list, Rect rect, const DrawImage *image, ImageSampling sampling,
                Color tint);

// The text of a DRAW_TEXT command (command->count bytes, not terminated).
const char *draw_command_text(const DrawList *list, const DrawCommand *command);

#endif
