// The canvas a person draws on: grey pixels (0 paper, 255 ink) kept up to date with a Drawing.
// A segment of a stroke is a capsule: every pixel gets the distance of its centre to the segment
// turned into coverage with an edge one pixel wide. Ink blends by maximum, the eraser takes the
// minimum with what it leaves; so drawing the newest segment alone gives bit for bit what redrawing
// everything gives. Not what the network sees: that comes from the strokes (fit.h).
#ifndef INKLING_INK_CANVAS_H
#define INKLING_INK_CANVAS_H

#include "ink/strokes.h"

enum { CANVAS_SIDE_MAX = 4096 };

// Pixels x0 <= x < x1, y0 <= y < y1. Empty when x0 >= x1.
typedef struct PixelRect {
    int x0, y0, x1, y1;
} PixelRect;

static inline bool pixel_rect_is_empty(PixelRect r) {
    return r.x0 >= r.x1 || r.y0 >= r.y1;
}

// Zero-initialise; canvas_open, canvas_close. Read `side` and `pixels` freely.
typedef struct Canvas {
    int side;
    uint8_t *pixels;   // [side][side], row by row
    uint8_t *backdrop; // same shape, or NULL: a picture under the strokes
    // What has been drawn already (canvas_update).
    const Drawing *seen;
    uint64_t seen_breaks;
    size_t seen_strokes; // strokes drawn, the last perhaps not to its end
    uint32_t seen_points;
} Canvas;

// Opens, or changes the size of, a canvas of side x side pixels, blank and without backdrop until
// the next canvas_update. `side` 1 .. CANVAS_SIDE_MAX (STATUS_USAGE otherwise); STATUS_MEMORY
// leaves it as it was.
Status canvas_open(Canvas *canvas, int side);
void canvas_close(Canvas *canvas);

// Brings the pixels up to date and returns the rectangle that may have changed (empty: nothing).
// Cheap after appended points (microseconds a segment); anything else redraws all.
PixelRect canvas_update(Canvas *canvas, const Drawing *drawing);

// Puts a grey picture (w x h bytes, rows `stride` bytes apart, 255 = ink) under the strokes, spread
// over the whole canvas; NULL takes it away. The next update redraws all. The picture is copied.
Status canvas_set_backdrop(Canvas *canvas, const uint8_t *grey, int w, int h, int stride);

// The next canvas_update redraws everything.
void canvas_invalidate(Canvas *canvas);

#endif
