// What is left to see of a drawing, as bare lines: parts that a later eraser stroke went over, or
// that lie outside the canvas, are cut away; brush and order are gone. Between strokes.h and those
// who need geometry instead of pixels (fit.h, strokes_file.h).
#ifndef INKLING_INK_TRACE_H
#define INKLING_INK_TRACE_H

#include "ink/strokes.h"

typedef struct TraceLine {
    uint32_t first, count; // points; a single one is a dot
    float radius;          // of the brush
} TraceLine;

// Zero-initialise; trace_close when done.
typedef struct Trace {
    InkPoint *points;
    TraceLine *lines;
    size_t point_count, point_capacity;
    size_t line_count, line_capacity;
} Trace;

// STATUS_MEMORY only. Replaces what was in `trace`.
Status trace_drawing(Trace *trace, const Drawing *drawing);
void trace_close(Trace *trace);

#endif
