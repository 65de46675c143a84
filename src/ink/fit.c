// Strokes to what the network sees, and the last step that both ways share: the centre of mass.
//
// Measured on the 70,000 images of MNIST: the longer side of the ink is 20 pixels in 99.98 % of
// them; the centre of mass, pixels counted from 0, lies evenly spread between 13.5 and 14.5 in both
// directions and nowhere else. So the anti-aliased box was moved by whole pixels, and the middle of
// the field is pixel number 14 = field / 2 (not 13.5, the middle of the picture).
#include "ink/fit.h"

#include "ink/fit_place.h"
#include "ink/grid.h"
#include "ink/raster.h"
#include "ink/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Strokes this wide have MNIST's mean ink (33.5 of 255 over the field), the median of its strokes
// (2 * ink / edge length = 2.4 pixels) and its share of each grey, without any blur.
#define WIDTH_SHARE_OF_BOX 0.116f

InkOptions ink_options_default(int field) {
    int box = (field * 20 + 14) / 28;
    return (InkOptions){
        .field = field,
        .box = box,
        .fit_box = true,
        .centre = true,
        .normalize_width = true,
        .average = true,
        .width = (float)box * WIDTH_SHARE_OF_BOX,
    };
}

Status ink_options_check(const InkOptions *options) {
    if (options->field < INK_FIELD_MIN || options->field > INK_FIELD_MAX)
        return status_error(STATUS_USAGE, "an input of %d x %d pixels: %d to %d are possible",
                            options->field, options->field, INK_FIELD_MIN, INK_FIELD_MAX);
    if (options->box < 4 || options->box > options->field)
        return status_error(STATUS_USAGE, "a digit of %d pixels in a field of %d: 4 to %d fit",
                            options->box, options->field, options->field);
    if (!(options->width >= 0.5f) || options->width > (float)options->box * 0.5f)
        return status_error(STATUS_USAGE, "strokes %g pixels wide in a box of %d: 0.5 to %g fit",
                            (double)options->width, options->box, 0.5 * options->box);
    return status_ok();
}

// Whole pixels that bring the centre of mass nearest to field/2, one direction.
static int shift_to_centre(double mass, double moment, int field) {
    return (int)floor((double)field / 2.0 - moment / mass + 0.5);
}

// Brings `shift` to where first+shift >= 0 and last+shift < field: no ink is pushed out.
static int keep_inside(int shift, int first, int last, int field) {
    if (last + shift >= field) shift = field - 1 - last;
    if (first + shift < 0) shift = -first;
    return shift;
}

void ink_place(const uint8_t *box, int width, int height, const InkOptions *options, uint8_t *out,
               int *shift_x, int *shift_y) {
    int field = options->field, x0 = width, y0 = height, x1 = -1, y1 = -1;
    double mass = 0.0, mx = 0.0, my = 0.0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int v = box[y * width + x];
            if (v == 0) continue;
            mass += v, mx += (double)v * x, my += (double)v * y;
            x0 = x < x0 ? x : x0, x1 = x > x1 ? x : x1;
            y0 = y < y0 ? y : y0, y1 = y > y1 ? y : y1;
        }
    memset(out, 0, (size_t)field * (size_t)field);
    *shift_x = *shift_y = 0;
    if (mass == 0.0) return;
    if (options->centre) {
        *shift_x = keep_inside(shift_to_centre(mass, mx, field), x0, x1, field);
        *shift_y = keep_inside(shift_to_centre(mass, my, field), y0, y1, field);
    } else if (options->fit_box) {
        *shift_x = (field - (x1 - x0 + 1)) / 2 - x0;
        *shift_y = (field - (y1 - y0 + 1)) / 2 - y0;
    }
    for (int y = y0; y <= y1; y++) {
        int fy = y + *shift_y;
        if (fy < 0 || fy >= field) continue;
        for (int x = x0; x <= x1; x++) {
            int fx = x + *shift_x;
            if (fx >= 0 && fx < field) out[fy * field + fx] = box[y * width + x];
        }
    }
}

// Everything about one fit that its steps share.
typedef struct Plan {
    const InkOptions *options;
    float x0, y0, x1, y1;     // of the lines, canvas units
    float bx0, by0, bx1, by1; // brush included
    float radius;             // the widest brush
    float mean_radius;
    float scale;              // pixels of the field per canvas unit
    float origin_x, origin_y; // canvas point at the corner of the rendered square
    int side;                 // of the rendered square, pixels of the field
} Plan;

static float point_radius(const TraceLine *line, InkPoint p) {
    return brush_radius(line->radius, p.pressure);
}

static void measure(Plan *plan, const Trace *trace) {
    plan->x0 = plan->y0 = plan->bx0 = plan->by0 = INFINITY;
    plan->x1 = plan->y1 = plan->bx1 = plan->by1 = -INFINITY;
    double sum = 0.0;
    for (size_t l = 0; l < trace->line_count; l++) {
        const TraceLine *line = &trace->lines[l];
        for (uint32_t i = line->first; i < line->first + line->count; i++) {
            InkPoint p = trace->points[i];
            float r = point_radius(line, p);
            sum += r;
            plan->radius = fmaxf(plan->radius, r);
            plan->x0 = fminf(plan->x0, p.x), plan->x1 = fmaxf(plan->x1, p.x);
            plan->y0 = fminf(plan->y0, p.y), plan->y1 = fmaxf(plan->y1, p.y);
            plan->bx0 = fminf(plan->bx0, p.x - r), plan->bx1 = fmaxf(plan->bx1, p.x + r);
            plan->by0 = fminf(plan->by0, p.y - r), plan->by1 = fmaxf(plan->by1, p.y + r);
        }
    }
    plan->mean_radius = (float)(sum / (double)trace->point_count);
}

// Scale and place of the square that is rendered. True: it is a dot.
static bool make_plan(Plan *plan) {
    const InkOptions *o = plan->options;
    float extent = fmaxf(plan->x1 - plan->x0, plan->y1 - plan->y0);
    bool dot = extent < plan->radius;
    if (!o->fit_box) {
        plan->scale = (float)o->field;
        plan->side = o->field;
        return dot;
    }
    plan->side = o->box;
    if (!o->normalize_width) {
        plan->scale = (float)o->box / fmaxf(plan->bx1 - plan->bx0, plan->by1 - plan->by0);
        plan->origin_x = plan->bx0;
        plan->origin_y = plan->by0;
        return dot;
    }
    // The lines get what the brush leaves of the box: drawn, they reach its border.
    plan->scale = dot ? o->width / (2.0f * plan->radius) : ((float)o->box - o->width) / extent;
    plan->origin_x = plan->x0 - 0.5f * o->width / plan->scale;
    plan->origin_y = plan->y0 - 0.5f * o->width / plan->scale;
    return dot;
}

// Draws the lines with `fine` pixels to a pixel of the field.
static void render(const Plan *plan, const Trace *trace, int fine, uint8_t *pixels) {
    Raster raster = {pixels, plan->side * fine, plan->side * fine};
    float scale = plan->scale * (float)fine;
    float wanted = 0.5f * plan->options->width * (float)fine;
    for (size_t l = 0; l < trace->line_count; l++) {
        const TraceLine *line = &trace->lines[l];
        RasterPoint last = {0};
        for (uint32_t i = 0; i < line->count; i++) {
            InkPoint p = trace->points[line->first + i];
            RasterPoint next = {
                .x = (p.x - plan->origin_x) * scale,
                .y = (p.y - plan->origin_y) * scale,
                .radius = plan->options->normalize_width ? wanted : point_radius(line, p) * scale,
            };
            // Points closer than half a fine pixel change nothing to see, and cost as much.
            bool near = fabsf(next.x - last.x) + fabsf(next.y - last.y) < 0.5f;
            if (i > 0 && near && i + 1 < line->count) continue;
            raster_capsule(&raster, i > 0 ? last : next, next, false);
            last = next;
        }
    }
}

static Status fit_trace(const Trace *trace, const InkOptions *options, uint8_t *out, InkFit *fit) {
    Plan plan = {.options = options};
    measure(&plan, trace);
    bool dot = make_plan(&plan);
    // Fine enough for exact greys (the brush's edge is one fine pixel soft), small enough for
    // caches.
    int fine = plan.side <= 64 ? 4 : 2;
    size_t fine_side = (size_t)plan.side * (size_t)fine, side = (size_t)plan.side;
    uint8_t *pixels = calloc(fine_side * fine_side + side * side, 1);
    if (!pixels) return status_no_memory("the network's input", fine_side * fine_side);
    uint8_t *box = pixels + fine_side * fine_side;
    render(&plan, trace, fine, pixels);
    Grid grid = {pixels, (int)fine_side, (int)fine_side, (int)fine_side};
    (options->average ? grid_average : grid_nearest)(&grid, 0.0f, 0.0f, (float)fine, box, plan.side,
                                                     plan.side);
    int shift_x, shift_y;
    ink_place(box, plan.side, plan.side, options, out, &shift_x, &shift_y);
    free(pixels);
    *fit = (InkFit){
        .dot = dot,
        .x0 = plan.bx0,
        .y0 = plan.by0,
        .x1 = plan.bx1,
        .y1 = plan.by1,
        .scale = plan.scale,
        .shift_x = (float)shift_x - plan.origin_x * plan.scale,
        .shift_y = (float)shift_y - plan.origin_y * plan.scale,
        .stroke_width = 2.0f * plan.mean_radius * plan.scale,
    };
    return status_ok();
}

Status ink_fit_drawing(const Drawing *drawing, const InkOptions *options, uint8_t *out,
                       InkFit *fit) {
    Trace trace = {0};
    Status status;
    TRY(ink_options_check(options));
    memset(out, 0, (size_t)options->field * (size_t)options->field);
    *fit = (InkFit){.blank = true};
    TRY(trace_drawing(&trace, drawing));
    if (trace.point_count > 0) status = fit_trace(&trace, options, out, fit);
fail:
    trace_close(&trace);
    return status;
}
