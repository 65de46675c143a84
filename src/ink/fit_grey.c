// Pixels to what the network sees: the width of the strokes is measured on their skeleton, then the
// ink is grown or shrunk to the width wanted, at a size well above the result's.
#include "ink/fit_place.h"
#include "ink/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    INK_LEVEL = 48,  // of 255: what counts for the box of the ink
    MASK_LEVEL = 96, // ink or paper, where only two levels are of use
    FINE = 6,        // pixels of the working copy to one of the field's box
};

typedef struct Box {
    int x0, y0, x1, y1; // pixels, x1 and y1 not included
} Box;

static bool find_box(const Grid *grey, int level, Box *box) {
    *box = (Box){grey->width, grey->height, 0, 0};
    for (int y = 0; y < grey->height; y++) {
        const uint8_t *row = grey->pixels + (long)y * grey->stride;
        for (int x = 0; x < grey->width; x++) {
            if (row[x] < level) continue;
            box->x0 = x < box->x0 ? x : box->x0;
            box->x1 = x + 1 > box->x1 ? x + 1 : box->x1;
            box->y0 = y < box->y0 ? y : box->y0;
            box->y1 = y + 1;
        }
    }
    return box->x1 > box->x0;
}

// The working copy: `side` square, the ink's longer side `side - 2 * margin`, anti-aliasing kept.
typedef struct Work {
    int side, margin;
    float step;   // source pixels to one of the copy
    float x0, y0; // source place of the copy's corner
    uint8_t *grey, *mask, *bones, *marks;
    float *inside, *outside, *from_bones, *scratch;
    void *block;
} Work;

static Status work_open(Work *work, int side) {
    size_t n = (size_t)side * (size_t)side, scratch = 3 * ((size_t)side + 1);
    work->side = side;
    work->block = calloc(1, n * 4 + (n * 3 + scratch) * sizeof(float));
    if (!work->block) return status_no_memory("measuring strokes", n * 16);
    work->inside = work->block;
    work->outside = work->inside + n;
    work->from_bones = work->outside + n;
    work->scratch = work->from_bones + n;
    work->grey = (uint8_t *)(work->scratch + scratch);
    work->mask = work->grey + n;
    work->bones = work->mask + n;
    work->marks = work->bones + n;
    return status_ok();
}

// Half the width of the strokes, in pixels of the copy: the mean distance of the skeleton to the
// paper. Leaves mask, skeleton and distances behind. 0: no ink above the level.
static float measure_radius(Work *work) {
    int side = work->side;
    long n = (long)side * side;
    for (long i = 0; i < n; i++) work->mask[i] = work->grey[i] >= MASK_LEVEL;
    memcpy(work->bones, work->mask, (size_t)n);
    grid_thin(work->bones, side, side, work->marks);
    grid_distance2(work->mask, side, side, false, work->inside, work->scratch);
    grid_distance2(work->mask, side, side, true, work->outside, work->scratch);
    grid_distance2(work->bones, side, side, true, work->from_bones, work->scratch);
    double sum = 0.0;
    long count = 0;
    for (long i = 0; i < n; i++) {
        if (!work->bones[i]) continue;
        sum += sqrtf(work->inside[i]) - 0.5;
        count++;
    }
    return count ? (float)(sum / (double)count) : 0.0f;
}

static float clamp01(float v) {
    return v < 0.0f ? 0.0f : v > 1.0f ? 1.0f : v;
}

// Strokes of radius `have` become strokes of radius `want`. Growing follows the outline. Shrinking
// takes away from the outline, too, but never the skeleton drawn at the width wanted, so that thin
// parts of uneven strokes stay.
static void change_width(Work *work, float have, float want) {
    float delta = want - have;
    for (long i = 0; i < (long)work->side * work->side; i++) {
        float edge = work->mask[i] ? sqrtf(work->inside[i]) - 0.5f : 0.5f - sqrtf(work->outside[i]);
        float v = clamp01(edge + delta + 0.5f);
        if (delta < 0.0f) {
            float bone = clamp01(want + 0.5f - sqrtf(work->from_bones[i]));
            v = fmaxf(v, fminf(bone, clamp01(edge + 0.5f)));
        }
        work->grey[i] = (uint8_t)(int)(v * 255.0f + 0.5f);
    }
}

// The box of ink as it is: straight from the source to the field's box.
static void fit_plain(const Grid *grey, const InkOptions *o, uint8_t *box, InkFit *fit, float *x0,
                      float *y0) {
    float longer = fmaxf(fit->x1 - fit->x0, fit->y1 - fit->y0);
    int side = o->fit_box ? o->box : o->field;
    if (!o->fit_box) longer = (float)(grey->width > grey->height ? grey->width : grey->height);
    float step = longer / (float)side;
    *x0 = o->fit_box ? fit->x0 : 0.5f * ((float)grey->width - longer);
    *y0 = o->fit_box ? fit->y0 : 0.5f * ((float)grey->height - longer);
    fit->scale = 1.0f / step;
    if (!o->average) {
        grid_nearest(grey, *x0, *y0, step, box, side, side);
    } else if (step < 1.0f) {
        grid_linear(grey, *x0, *y0, step, box, side, side);
    } else {
        grid_average(grey, *x0, *y0, step, box, side, side);
    }
}

// The working copy of the ink's box, or of the whole canvas.
static void copy_ink(Work *work, const Grid *grey, const InkOptions *o, const InkFit *fit) {
    float longer = o->fit_box ? fmaxf(fit->x1 - fit->x0, fit->y1 - fit->y0)
                              : (float)(grey->width > grey->height ? grey->width : grey->height);
    float used = (float)(work->side - 2 * work->margin);
    work->step = longer / used;
    float margin = (float)work->margin * work->step;
    work->x0 = o->fit_box ? fit->x0 - margin : 0.5f * ((float)grey->width - longer) - margin;
    work->y0 = o->fit_box ? fit->y0 - margin : 0.5f * ((float)grey->height - longer) - margin;
    (work->step > 1.0f ? grid_average : grid_linear)(grey, work->x0, work->y0, work->step,
                                                     work->grey, work->side, work->side);
}

// Changes the width in the working copy, then averages down. x0, y0: source place of box's corner.
static Status fit_width(const Grid *grey, const InkOptions *o, uint8_t *box, InkFit *fit, float *x0,
                        float *y0) {
    Work work = {0};
    int side = o->fit_box ? o->box : o->field;
    // The margin takes what growing adds: at most the width wanted, with some to spare.
    work.margin = o->fit_box ? 2 * FINE * (1 + (int)o->width) : 0;
    Status status = work_open(&work, side * FINE + 2 * work.margin);
    if (!status_is_ok(&status)) return status;
    copy_ink(&work, grey, o, fit);
    float have = measure_radius(&work);
    float fine = FINE; // pixels of the copy to one of the field
    Grid copy = {work.grey, work.side, work.side, work.side};
    Box b = {0, 0, work.side, work.side};
    float corner_x = 0.0f, corner_y = 0.0f;
    if (have > 0.0f && o->fit_box) {
        // The lines without their width get what the wanted width leaves of the box (as in fit.c).
        float longer = (float)(work.side - 2 * work.margin), extent = longer - 2.0f * have;
        fit->dot = extent < have;
        fine = fit->dot ? 2.0f * have / o->width : extent / ((float)o->box - o->width);
    }
    if (have > 0.0f) change_width(&work, have, 0.5f * o->width * fine);
    if (o->fit_box && find_box(&copy, INK_LEVEL, &b)) {
        corner_x = (float)b.x0;
        corner_y = (float)b.y0;
        // What was measured and what came out differ a little; the box is kept exactly.
        float longer = (float)(b.x1 - b.x0 > b.y1 - b.y0 ? b.x1 - b.x0 : b.y1 - b.y0);
        if (!fit->dot) fine = longer / (float)o->box;
    }
    if (o->average) {
        grid_average(&copy, corner_x, corner_y, fine, box, side, side);
    } else {
        grid_nearest(&copy, corner_x, corner_y, fine, box, side, side);
    }
    fit->scale = 1.0f / (fine * work.step);
    fit->stroke_width = 2.0f * have / fine;
    *x0 = work.x0 + corner_x * work.step;
    *y0 = work.y0 + corner_y * work.step;
    free(work.block);
    return status;
}

Status ink_fit_grey(const uint8_t *pixels, int w, int h, int stride, const InkOptions *options,
                    uint8_t *out, InkFit *fit) {
    Grid grey = {pixels, w, h, stride};
    uint8_t *box = NULL;
    Box ink;
    float x0 = 0.0f, y0 = 0.0f;
    int side, shift_x, shift_y;
    Status status;
    TRY(ink_options_check(options));
    if (w < 1 || h < 1 || w > 4096 || h > 4096 || stride < w) {
        status =
            status_error(STATUS_USAGE, "a picture of %d x %d pixels (rows of %d)", w, h, stride);
        goto fail;
    }
    memset(out, 0, (size_t)options->field * (size_t)options->field);
    *fit = (InkFit){.blank = true};
    if (!find_box(&grey, INK_LEVEL, &ink)) return status;
    *fit = (InkFit){
        .x0 = (float)ink.x0, .y0 = (float)ink.y0, .x1 = (float)ink.x1, .y1 = (float)ink.y1};
    side = options->fit_box ? options->box : options->field;
    box = calloc((size_t)side * (size_t)side, 1);
    if (!box) {
        status = status_no_memory("the network's input", (size_t)side * (size_t)side);
        goto fail;
    }
    if (options->normalize_width) {
        TRY(fit_width(&grey, options, box, fit, &x0, &y0));
    } else {
        fit_plain(&grey, options, box, fit, &x0, &y0);
    }
    ink_place(box, side, side, options, out, &shift_x, &shift_y);
    fit->shift_x = (float)shift_x - x0 * fit->scale;
    fit->shift_y = (float)shift_y - y0 * fit->scale;
fail:
    free(box);
    return status;
}
