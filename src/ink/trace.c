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

static bool is_outside(InkPoint p) {
    return p.x < 0.0f || p.x > 1.0f || p.y < 0.0f || p.y > 1.0f;
}

// One segment of an eraser stroke.
typedef struct Eraser {
    InkPoint a, b;
    float radius;
} Eraser;

typedef struct Walk {
    Trace *trace;
    const Eraser *erasers; // of the strokes behind the one that is walked
    size_t eraser_count;
    uint32_t *near; // numbers of those that can touch the segment that is walked
    size_t near_count;
    float radius; // of the stroke
    bool down;    // the last point is in the trace
} Walk;

// Leaves in walk->near what can erase between a and b.
static void find_near(Walk *walk, InkPoint a, InkPoint b) {
    float x0 = fminf(a.x, b.x), x1 = fmaxf(a.x, b.x), y0 = fminf(a.y, b.y), y1 = fmaxf(a.y, b.y);
    walk->near_count = 0;
    for (size_t i = 0; i < walk->eraser_count; i++) {
        const Eraser *e = &walk->erasers[i];
        if (fmaxf(e->a.x, e->b.x) + e->radius < x0 || fminf(e->a.x, e->b.x) - e->radius > x1)
            continue;
        if (fmaxf(e->a.y, e->b.y) + e->radius < y0 || fminf(e->a.y, e->b.y) - e->radius > y1)
            continue;
        walk->near[walk->near_count++] = (uint32_t)i;
    }
}

static bool is_erased(const Walk *walk, InkPoint p) {
    for (size_t i = 0; i < walk->near_count; i++) {
        const Eraser *e = &walk->erasers[walk->near[i]];
        if (distance2(p, e->a, e->b) <= e->radius * e->radius) return true;
    }
    return false;
}

static Status walk_to(Walk *walk, InkPoint p) {
    bool seen = !is_outside(p) && !is_erased(walk, p);
    Status status = status_ok();
    if (seen) status = put(walk->trace, p, walk->radius, !walk->down);
    walk->down = seen;
    return status;
}

// From a (walked to already) to b, in small steps where something may cut.
static Status walk_segment(Walk *walk, InkPoint a, InkPoint b) {
    int steps = 1;
    find_near(walk, a, b);
    if (walk->near_count > 0 || is_outside(a) || is_outside(b)) {
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

static Status walk_stroke(Walk *walk, const Drawing *drawing, const Stroke *stroke) {
    Status status = status_ok();
    const InkPoint *points = drawing->points + stroke->first;
    walk->radius = stroke->radius;
    walk->down = false;
    for (uint32_t i = 0; i < stroke->count && status_is_ok(&status); i++) {
        if (i == 0) {
            find_near(walk, points[0], points[0]);
            status = walk_to(walk, points[0]);
        } else {
            status = walk_segment(walk, points[i - 1], points[i]);
        }
    }
    return status;
}

// All eraser segments of the visible strokes, in order; behind[s] becomes the number of the
// first one that comes after stroke s.
static size_t collect_erasers(const Drawing *drawing, Eraser *erasers, uint32_t *behind) {
    size_t count = 0;
    for (size_t s = drawing_first(drawing); s < drawing->live; s++) {
        const Stroke *stroke = &drawing->strokes[s];
        const InkPoint *p = drawing->points + stroke->first;
        for (uint32_t i = 0; stroke->kind == STROKE_ERASE && i < stroke->count; i++) {
            InkPoint from = p[i > 0 ? i - 1 : 0];
            erasers[count++] = (Eraser){
                from, p[i], brush_radius(stroke->radius, fmaxf(from.pressure, p[i].pressure))};
        }
        behind[s] = (uint32_t)count;
    }
    return count;
}

Status trace_drawing(Trace *trace, const Drawing *drawing) {
    Status status = status_ok();
    size_t most = 0, first = drawing_first(drawing), all = 0;
    Eraser *erasers = NULL;
    uint32_t *numbers = NULL;
    trace->point_count = trace->line_count = 0;
    for (size_t s = first; s < drawing->live; s++)
        if (drawing->strokes[s].kind == STROKE_ERASE) most += drawing->strokes[s].count;
    if (most > 0) {
        erasers = malloc(most * sizeof *erasers);
        numbers = malloc((most + drawing->live) * sizeof *numbers);
        if (!erasers || !numbers) {
            status = status_no_memory("the lines of a drawing", most * sizeof *erasers);
            goto fail;
        }
        all = collect_erasers(drawing, erasers, numbers + most);
    }
    for (size_t s = first; s < drawing->live; s++) {
        if (drawing->strokes[s].kind != STROKE_INK) continue;
        size_t skip = all > 0 ? numbers[most + s] : 0;
        Walk walk = {.trace = trace, .near = numbers, .eraser_count = all - skip};
        if (walk.eraser_count > 0) walk.erasers = erasers + skip;
        TRY(walk_stroke(&walk, drawing, &drawing->strokes[s]));
    }
fail:
    free(erasers);
    free(numbers);
    return status;
}
