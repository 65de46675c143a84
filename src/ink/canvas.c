// The canvas: what has been drawn so far, and drawing what has come since.
#include "ink/canvas.h"

#include "ink/raster.h"

#include <stdlib.h>
#include <string.h>

static PixelRect whole(const Canvas *canvas) {
    return (PixelRect){0, 0, canvas->side, canvas->side};
}

Status canvas_open(Canvas *canvas, int side) {
    if (side < 1 || side > CANVAS_SIDE_MAX)
        return status_error(STATUS_USAGE, "a canvas of %d pixels: its side must be 1 to %d", side,
                            CANVAS_SIDE_MAX);
    uint8_t *pixels = calloc((size_t)side * (size_t)side, 1);
    if (!pixels) return status_no_memory("the canvas", (size_t)side * (size_t)side);
    canvas_close(canvas);
    canvas->side = side;
    canvas->pixels = pixels;
    return status_ok();
}

void canvas_close(Canvas *canvas) {
    free(canvas->pixels);
    free(canvas->backdrop);
    memset(canvas, 0, sizeof *canvas);
}

void canvas_invalidate(Canvas *canvas) {
    canvas->seen = NULL;
}

Status canvas_set_backdrop(Canvas *canvas, const uint8_t *grey, int w, int h, int stride) {
    canvas_invalidate(canvas);
    if (!grey) {
        free(canvas->backdrop);
        canvas->backdrop = NULL;
        return status_ok();
    }
    if (w < 1 || h < 1 || canvas->side < 1)
        return status_error(STATUS_USAGE, "a picture of %d x %d pixels for the canvas", w, h);
    size_t side = (size_t)canvas->side;
    if (!canvas->backdrop) canvas->backdrop = malloc(side * side);
    if (!canvas->backdrop) return status_no_memory("the picture on the canvas", side * side);
    for (size_t y = 0; y < side; y++) {
        const uint8_t *row = grey + (ptrdiff_t)(y * (size_t)h / side) * stride;
        for (size_t x = 0; x < side; x++)
            canvas->backdrop[y * side + x] = row[x * (size_t)w / side];
    }
    return status_ok();
}

static RasterPoint to_pixels(const Canvas *canvas, const Stroke *stroke, InkPoint p) {
    float side = (float)canvas->side;
    return (RasterPoint){p.x * side, p.y * side, brush_radius(stroke->radius, p.pressure) * side};
}

static void grow(PixelRect *rect, const int box[4]) {
    if (box[0] >= box[2] || box[1] >= box[3]) return;
    if (pixel_rect_is_empty(*rect)) {
        *rect = (PixelRect){box[0], box[1], box[2], box[3]};
        return;
    }
    if (box[0] < rect->x0) rect->x0 = box[0];
    if (box[1] < rect->y0) rect->y0 = box[1];
    if (box[2] > rect->x1) rect->x1 = box[2];
    if (box[3] > rect->y1) rect->y1 = box[3];
}

// Draws a stroke's points from number `from` on, joined to the one before.
static void draw_stroke(Canvas *canvas, const Drawing *drawing, const Stroke *stroke, uint32_t from,
                        PixelRect *dirty) {
    Raster raster = {canvas->pixels, canvas->side, canvas->side};
    const InkPoint *points = drawing->points + stroke->first;
    for (uint32_t i = from; i < stroke->count; i++) {
        RasterPoint b = to_pixels(canvas, stroke, points[i]);
        RasterPoint a = i > 0 ? to_pixels(canvas, stroke, points[i - 1]) : b;
        int box[4];
        raster_capsule_box(&raster, a, b, box);
        grow(dirty, box);
        raster_capsule(&raster, a, b, stroke->kind == STROKE_ERASE);
    }
}

PixelRect canvas_update(Canvas *canvas, const Drawing *drawing) {
    PixelRect dirty = {0, 0, 0, 0};
    if (canvas->side < 1) return dirty;
    bool append = canvas->seen == drawing && canvas->seen_breaks == drawing->breaks;
    size_t stroke = append ? canvas->seen_strokes : drawing_first(drawing);
    uint32_t point = append ? canvas->seen_points : 0;
    if (append && stroke > 0) {
        stroke--; // the last one drawn may have grown
    } else {
        point = 0;
    }
    if (!append) {
        size_t bytes = (size_t)canvas->side * (size_t)canvas->side;
        if (canvas->backdrop) {
            memcpy(canvas->pixels, canvas->backdrop, bytes);
        } else {
            memset(canvas->pixels, 0, bytes);
        }
        dirty = whole(canvas);
    }
    for (; stroke < drawing->live; stroke++, point = 0)
        draw_stroke(canvas, drawing, &drawing->strokes[stroke], point, &dirty);
    canvas->seen = drawing;
    canvas->seen_breaks = drawing->breaks;
    canvas->seen_strokes = drawing->live;
    canvas->seen_points = drawing->live > 0 ? drawing->strokes[drawing->live - 1].count : 0;
    return dirty;
}
