// A drawing: pen strokes in canvas units, with their history of edits (undo, redo, clear). Values
// only; how they look is canvas.h, what a network makes of them is fit.h. No pixels here.
//
// Units: the canvas is the unit square, x to the right, y down; radii are shares of its side.
// One thread at a time. Copy (drawing_copy) to hand a drawing to another thread.
#ifndef INKLING_INK_STROKES_H
#define INKLING_INK_STROKES_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

// Enough for hours of drawing (12 bytes a point, 16 a stroke); history counts too.
enum { DRAWING_POINTS_MAX = 1 << 18, DRAWING_STROKES_MAX = 1 << 14 };

// The brush's radius: what the window's slider spans, and what files are drawn with.
#define BRUSH_RADIUS_MIN     0.005f
#define BRUSH_RADIUS_MAX     0.1f
#define BRUSH_RADIUS_DEFAULT 0.04f

// Points are kept within this far of the canvas: a captured pointer may leave it.
#define DRAWING_FAR 4.0f

typedef struct InkPoint {
    float x, y;     // canvas units
    float pressure; // 0..1; 1 for a mouse
} InkPoint;

typedef enum StrokeKind {
    STROKE_INK,
    STROKE_ERASE,
    STROKE_CLEAR, // no points; hides every stroke before it, and is undone like a stroke
} StrokeKind;

typedef struct Stroke {
    uint32_t first, count; // its points: drawing->points[first .. first+count)
    float radius;          // at pressure 1
    StrokeKind kind;
} Stroke;

// Zero-initialise; drawing_close when done. Read the fields freely, change them only through the
// functions below. What is visible: strokes[drawing_first(d)] up to strokes[d->live), in order.
typedef struct Drawing {
    InkPoint *points;
    Stroke *strokes;
    size_t point_count, point_capacity;
    size_t stroke_count, stroke_capacity; // strokes behind `live` can be redone
    size_t live;
    bool open;       // between drawing_begin and drawing_end; the open stroke is the last live one
    uint64_t edits;  // grows with every change: recompute what depends on it when it differs
    uint64_t breaks; // grows with every change that is not an append (canvas_update's memory)
} Drawing;

// Frees the memory; the drawing is then blank and can be used again.
void drawing_close(Drawing *drawing);

// Starts a stroke (ends an open one first). `kind`: STROKE_INK or STROKE_ERASE. `radius` is brought
// into BRUSH_RADIUS_MIN .. BRUSH_RADIUS_MAX. What could be redone is forgotten.
// STATUS_MEMORY, or STATUS_USAGE when the drawing is full; the drawing is unchanged then.
Status drawing_begin(Drawing *drawing, StrokeKind kind, float radius);

// Adds a point to the open stroke; without one, nothing happens. A point equal to the last one is
// left out (unless pressure grew), pressure is brought into 0..1 (NaN: 1), far points come to
// DRAWING_FAR. STATUS_USAGE for NaN or infinite coordinates and for a full drawing (unchanged).
Status drawing_add(Drawing *drawing, float x, float y, float pressure);

// Ends the open stroke; one without points disappears. Without one, nothing happens.
void drawing_end(Drawing *drawing);

// One step back or forward: a stroke or a clear. False when there is none. An open stroke is ended.
bool drawing_undo(Drawing *drawing);
bool drawing_redo(Drawing *drawing);
bool drawing_can_undo(const Drawing *drawing);
bool drawing_can_redo(const Drawing *drawing);

// Hides everything, undoably. Does nothing on a blank drawing.
Status drawing_clear(Drawing *drawing);
// Forgets everything, history included; keeps the memory.
void drawing_reset(Drawing *drawing);

// `to` becomes a blank history with what is visible in `from` (the open stroke included, ended).
// `to` is zero-initialised or a drawing whose contents are given up.
Status drawing_copy(Drawing *to, const Drawing *from);

// Index of the first visible stroke; drawing->live when none is.
size_t drawing_first(const Drawing *drawing);
// No visible ink strokes. (Ink that has been erased to nothing is found blank by fit.h only.)
bool drawing_is_blank(const Drawing *drawing);

// The smallest box around the points of the visible ink strokes, brush not counted. False if blank.
bool drawing_bounds(const Drawing *drawing, float *x0, float *y0, float *x1, float *y1);

// Radius of the brush at a point: half at no pressure, full at pressure 1.
static inline float brush_radius(float radius, float pressure) {
    return radius * (0.5f + 0.5f * pressure);
}

#endif
