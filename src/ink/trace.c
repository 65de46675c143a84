// Lines cut by the canvas's border and by eraser strokes. A line is walked in steps much shorter
// than the eraser is wide; a step is dropped when its end is under the eraser.
#include "ink/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void trace_close(Trace *trace) {
    free(trace->points);
    free(trace->lines);
    memset(trace, 0, sizeof *trace);
}

// A growing array with room for one more item: itself, moved, or NULL (and itself still good).
static void *grow(void *items, size_t *capacity, size_t count, size_t item_size) {
    if (count < *capacity) return items;
    size_t wanted = *capacity ? *capacity * 2 : 256;
    void *grown = realloc(items, wanted * item_size);
    if (grown) *capacity = wanted;
    return grown;
}

// `start`: the point begins a new line.
static Status put(Trace *trace, InkPoint p, float radius, bool start) {
    InkPoint *points =
        grow(trace->points, &trace->point_capacity, trace->point_count, sizeof *points);
    if (!points) goto fail;
    trace->points = points;
    if (start) {
        TraceLine *lines =
            grow(trace->lines, &trace->line_capacity, trace->line_count, sizeof *lines);
        if (!lines) goto fail;
        trace->lines = lines;
        lines[trace->line_count++] =
            (TraceLine){.first = (uint32_t)trace->point_count, .count = 0, .radius = radius};
    }
    points[trace->point_count++] = p;
    trace->lines[trace->line_count - 1].count++;
    return status_ok();
fail:
    return status_no_memory("the lines of a drawing", trace->point_count * sizeof *points);
}

static float distance2(InkPoint p, InkPoint a, InkPoint b) {
    float dx = b.x - a.x, dy = b.y - a.y, length2 = dx * dx + dy * dy;
    float t = length2 > 0.0f ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / length2 : 0.0f;
    t = fminf(1.0f, fmaxf(0.0f, t));
    float ex = p.x - a.x - t * dx, ey = p.y - a.y - t * dy;
    return ex * ex + ey * ey;
}

// The eraser strokes behind stroke `after` that come near a box.
static bool is_erased(const Drawing *drawing, size_t after, InkPoint p) {
    for (size_t s = after + 1; s < drawing->live; s++) {
        const Stroke *stroke = &drawing->strokes[s];
        if (stroke->kind != STROKE_ERASE) continue;
        const InkPoint *q = drawing->points + stroke->first;
        for (uint32_t i = 0; i < stroke->count; i++) {
            InkPoint from = q[i > 0 ? i - 1 : 0];
            float radius = brush_radius(stroke->radius, fmaxf(from.pressure, q[i].pressure));
            if (distance2(p, from, q[i]) <= radius * radius) return true;
        }
    }
    return false;
}

static bool is_outside(InkPoint p) {
    return p.x < 0.0f || p.x > 1.0f || p.y < 0.0f || p.y > 1.0f;
}

typedef struct Walk {
    Trace *trace;
    const Drawing *drawing;
    size_t stroke;
    bool erasers; // there are any behind this stroke
    bool down;    // the last point is in the trace
} Walk;

static Status walk_to(Walk *walk, InkPoint p) {
    bool seen = !is_outside(p) && !(walk->erasers && is_erased(walk->drawing, walk->stroke, p));
    Status status = status_ok();
    if (seen)
        status = put(walk->trace, p, walk->drawing->strokes[walk->stroke].radius, !walk->down);
    walk->down = seen;
    return status;
}

// From a (walked to already) to b, in small steps where something may cut.
static Status walk_segment(Walk *walk, InkPoint a, InkPoint b) {
    int steps = 1;
    if (walk->erasers || is_outside(a) || is_outside(b)) {
        float length = hypotf(b.x - a.x, b.y - a.y);
        steps = 1 + (int)(length / (BRUSH_RADIUS_MIN * 0.5f));
    }
    for (int i = 1; i <= steps; i++) {
        float t = (float)i / (float)steps;
        InkPoint p = i == steps ? b
                                : (InkPoint){a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t,
                                             a.pressure + (b.pressure - a.pressure) * t};
        Status status = walk_to(walk, p);
        if (!status_is_ok(&status)) return status;
    }
    return status_ok();
}

Status trace_drawing(Trace *trace, const Drawing *drawing) {
    Status status = status_ok();
    trace->point_count = trace->line_count = 0;
    size_t last_eraser = 0;
    for (size_t s = drawing_first(drawing); s < drawing->live; s++)
        if (drawing->strokes[s].kind == STROKE_ERASE) last_eraser = s;
    for (size_t s = drawing_first(drawing); s < drawing->live; s++) {
        const Stroke *stroke = &drawing->strokes[s];
        if (stroke->kind != STROKE_INK || stroke->count == 0) continue;
        const InkPoint *points = drawing->points + stroke->first;
        Walk walk = {.trace = trace, .drawing = drawing, .stroke = s, .erasers = s < last_eraser};
        TRY(walk_to(&walk, points[0]));
        for (uint32_t i = 1; i < stroke->count; i++)
            TRY(walk_segment(&walk, points[i - 1], points[i]));
    }
fail:
    return status;
}
