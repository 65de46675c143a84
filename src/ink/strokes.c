// The drawing and its history. An undo moves `live` back; a clear is a stroke without points that
// hides what is before it; so every edit is an append or a move of one number.
#include "ink/strokes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float clampf(float v, float low, float high) {
    return v < low ? low : v > high ? high : v;
}

// A growing array with room for one more item: itself, moved, or NULL (and itself still good).
static void *reserve_one(void *items, size_t *capacity, size_t count, size_t item_size) {
    if (count < *capacity) return items;
    size_t wanted = *capacity ? *capacity * 2 : 64;
    void *grown = realloc(items, wanted * item_size);
    if (grown) *capacity = wanted;
    return grown;
}

void drawing_close(Drawing *drawing) {
    uint64_t edits = drawing->edits, breaks = drawing->breaks;
    free(drawing->points);
    free(drawing->strokes);
    memset(drawing, 0, sizeof *drawing);
    // The counters go on: a canvas that followed this drawing must see that it changed.
    drawing->edits = edits + 1;
    drawing->breaks = breaks + 1;
}

// Forgets what could be redone.
static void cut_redo(Drawing *drawing) {
    if (drawing->live == drawing->stroke_count) return;
    drawing->point_count = drawing->strokes[drawing->live].first;
    drawing->stroke_count = drawing->live;
    drawing->breaks++; // a canvas may have drawn what the next stroke's number stood for
}

// Drops the history before the last clear, which nobody can see; true when that made room.
static bool forget_hidden(Drawing *drawing) {
    size_t first = drawing_first(drawing);
    if (first == 0) return false;
    uint32_t gone = first < drawing->stroke_count ? drawing->strokes[first].first
                                                  : (uint32_t)drawing->point_count;
    if (drawing->point_count > gone)
        memmove(drawing->points, drawing->points + gone,
                (drawing->point_count - gone) * sizeof *drawing->points);
    if (drawing->stroke_count > first)
        memmove(drawing->strokes, drawing->strokes + first,
                (drawing->stroke_count - first) * sizeof *drawing->strokes);
    drawing->point_count -= gone;
    drawing->stroke_count -= first;
    drawing->live -= first;
    for (size_t i = 0; i < drawing->stroke_count; i++) drawing->strokes[i].first -= gone;
    drawing->breaks++;
    return true;
}

static Status drawing_is_full(void) {
    return status_error(STATUS_USAGE,
                        "the drawing is full (%d strokes, %d points): clear it to go on",
                        DRAWING_STROKES_MAX, DRAWING_POINTS_MAX);
}

static Status append_stroke(Drawing *drawing, StrokeKind kind, float radius) {
    // A clear always fits: it is what a full drawing asks for.
    size_t limit = DRAWING_STROKES_MAX + (kind == STROKE_CLEAR);
    if (drawing->live >= limit && !forget_hidden(drawing)) return drawing_is_full();
    Stroke *strokes =
        reserve_one(drawing->strokes, &drawing->stroke_capacity, drawing->live, sizeof *strokes);
    if (!strokes) return status_no_memory("a stroke", drawing->live * sizeof *strokes);
    drawing->strokes = strokes;
    cut_redo(drawing);
    drawing->strokes[drawing->live++] = (Stroke){
        .first = (uint32_t)drawing->point_count, .count = 0, .radius = radius, .kind = kind};
    drawing->stroke_count = drawing->live;
    drawing->edits++;
    return status_ok();
}

Status drawing_begin(Drawing *drawing, StrokeKind kind, float radius) {
    drawing_end(drawing);
    if (!(radius >= BRUSH_RADIUS_MIN)) radius = BRUSH_RADIUS_MIN; // NaN comes here, too
    Status status = append_stroke(drawing, kind == STROKE_ERASE ? STROKE_ERASE : STROKE_INK,
                                  clampf(radius, BRUSH_RADIUS_MIN, BRUSH_RADIUS_MAX));
    drawing->open = status_is_ok(&status);
    return status;
}

Status drawing_add(Drawing *drawing, float x, float y, float pressure) {
    if (!drawing->open) return status_ok();
    if (!isfinite(x) || !isfinite(y))
        return status_error(STATUS_USAGE, "a point of a stroke is not a finite number");
    InkPoint point = {
        .x = clampf(x, -DRAWING_FAR, 1.0f + DRAWING_FAR),
        .y = clampf(y, -DRAWING_FAR, 1.0f + DRAWING_FAR),
        .pressure = isnan(pressure) ? 1.0f : clampf(pressure, 0.0f, 1.0f),
    };
    Stroke *stroke = &drawing->strokes[drawing->live - 1];
    if (stroke->count > 0) {
        const InkPoint *last = &drawing->points[drawing->point_count - 1];
        if (point.x == last->x && point.y == last->y && point.pressure <= last->pressure)
            return status_ok();
    }
    if (drawing->point_count >= DRAWING_POINTS_MAX) {
        if (!forget_hidden(drawing)) return drawing_is_full();
        stroke = &drawing->strokes[drawing->live - 1];
    }
    InkPoint *points = reserve_one(drawing->points, &drawing->point_capacity, drawing->point_count,
                                   sizeof *points);
    if (!points) return status_no_memory("a stroke", drawing->point_count * sizeof *points);
    drawing->points = points;
    drawing->points[drawing->point_count++] = point;
    stroke->count++;
    drawing->edits++;
    return status_ok();
}

void drawing_end(Drawing *drawing) {
    if (!drawing->open) return;
    drawing->open = false;
    if (drawing->strokes[drawing->live - 1].count > 0) return;
    drawing->live--;
    drawing->stroke_count = drawing->live;
    drawing->edits++;
    drawing->breaks++;
}

bool drawing_can_undo(const Drawing *drawing) {
    return drawing->live > 0;
}

bool drawing_can_redo(const Drawing *drawing) {
    return drawing->live < drawing->stroke_count;
}

bool drawing_undo(Drawing *drawing) {
    drawing_end(drawing);
    if (!drawing_can_undo(drawing)) return false;
    drawing->live--;
    drawing->edits++;
    drawing->breaks++;
    return true;
}

bool drawing_redo(Drawing *drawing) {
    drawing_end(drawing);
    if (!drawing_can_redo(drawing)) return false;
    drawing->live++;
    drawing->edits++;
    drawing->breaks++;
    return true;
}

Status drawing_clear(Drawing *drawing) {
    drawing_end(drawing);
    if (drawing_first(drawing) == drawing->live) return status_ok();
    Status status = append_stroke(drawing, STROKE_CLEAR, 0.0f);
    if (status_is_ok(&status)) drawing->breaks++;
    return status;
}

void drawing_reset(Drawing *drawing) {
    drawing->point_count = drawing->stroke_count = drawing->live = 0;
    drawing->open = false;
    drawing->edits++;
    drawing->breaks++;
}

Status drawing_copy(Drawing *to, const Drawing *from) {
    Drawing made = {.edits = to->edits, .breaks = to->breaks};
    size_t first = drawing_first(from), strokes = from->live - first;
    uint32_t base = strokes ? from->strokes[first].first : 0;
    size_t points = 0;
    for (size_t i = first; i < from->live; i++) points += from->strokes[i].count;
    if (strokes) {
        made.strokes = malloc(strokes * sizeof *made.strokes);
        made.points = malloc((points ? points : 1) * sizeof *made.points);
        if (!made.strokes || !made.points) {
            drawing_close(&made);
            return status_no_memory("a copy of the drawing", points * sizeof *made.points);
        }
        memcpy(made.strokes, from->strokes + first, strokes * sizeof *made.strokes);
        if (points) memcpy(made.points, from->points + base, points * sizeof *made.points);
        for (size_t i = 0; i < strokes; i++) made.strokes[i].first -= base;
    }
    made.stroke_count = made.stroke_capacity = made.live = strokes;
    made.point_count = points;
    made.point_capacity = strokes ? (points ? points : 1) : 0;
    // An open stroke without points yet is left out, as drawing_end does.
    if (made.live > 0 && made.strokes[made.live - 1].count == 0) made.stroke_count = --made.live;
    drawing_close(to);
    made.edits = to->edits;
    made.breaks = to->breaks;
    *to = made;
    return status_ok();
}

size_t drawing_first(const Drawing *drawing) {
    size_t first = drawing->live;
    while (first > 0 && drawing->strokes[first - 1].kind != STROKE_CLEAR) first--;
    return first;
}

bool drawing_is_blank(const Drawing *drawing) {
    float x0, y0, x1, y1;
    return !drawing_bounds(drawing, &x0, &y0, &x1, &y1);
}

bool drawing_bounds(const Drawing *drawing, float *x0, float *y0, float *x1, float *y1) {
    bool any = false;
    for (size_t s = drawing_first(drawing); s < drawing->live; s++) {
        const Stroke *stroke = &drawing->strokes[s];
        if (stroke->kind != STROKE_INK) continue;
        for (uint32_t i = stroke->first; i < stroke->first + stroke->count; i++) {
            const InkPoint *p = &drawing->points[i];
            if (!any) *x0 = *x1 = p->x, *y0 = *y1 = p->y;
            any = true;
            *x0 = fminf(*x0, p->x), *x1 = fmaxf(*x1, p->x);
            *y0 = fminf(*y0, p->y), *y1 = fmaxf(*y1, p->y);
        }
    }
    return any;
}
