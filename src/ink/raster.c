// The brush. Rows are computed without branches, so that compilers turn them into vector code.
#include "ink/raster.h"

#include <math.h>

static int clampi(float v, int low, int high) {
    return v < (float)low ? low : v > (float)high ? high : (int)v;
}

void raster_capsule_box(const Raster *raster, RasterPoint a, RasterPoint b, int box[4]) {
    // Coverage ends half a pixel outside the radius, and counts at pixel centres.
    float ra = a.radius + 0.5f, rb = b.radius + 0.5f;
    box[0] = clampi(floorf(fminf(a.x - ra, b.x - rb)), 0, raster->width);
    box[1] = clampi(floorf(fminf(a.y - ra, b.y - rb)), 0, raster->height);
    box[2] = clampi(ceilf(fmaxf(a.x + ra, b.x + rb)), 0, raster->width);
    box[3] = clampi(ceilf(fmaxf(a.y + ra, b.y + rb)), 0, raster->height);
}

// The columns of row y that a capsule can touch: a long diagonal one leaves most of its box alone.
static void row_span(RasterPoint a, RasterPoint b, float y, const int box[4], int *x0, int *x1) {
    *x0 = box[0];
    *x1 = box[2];
    float reach = fmaxf(a.radius, b.radius) + 0.5f;
    float dy = b.y - a.y;
    if (fabsf(dy) < 2.0f) return;
    // The part of the segment whose y lies within `reach` of the row, and its x, with some to
    // spare.
    float t0 = (y - reach - a.y) / dy, t1 = (y + reach - a.y) / dy;
    float low = fmaxf(0.0f, fminf(t0, t1)), high = fminf(1.0f, fmaxf(t0, t1));
    float dx = b.x - a.x, xa = a.x + dx * low, xb = a.x + dx * high;
    *x0 = clampi(floorf(fminf(xa, xb) - reach - 1.0f), box[0], box[2]);
    *x1 = clampi(ceilf(fmaxf(xa, xb) + reach + 1.0f), box[0], box[2]);
}

typedef struct Segment {
    float ax, ay, dx, dy, inverse, radius, taper;
} Segment;

// 0..255 for `count` pixels of one row, from column x0.
static void cover_row(const Segment *s, int x0, float py, int count, uint8_t *restrict cover) {
    float qy = py - s->ay, from_y = qy * s->dy;
    for (int i = 0; i < count; i++) {
        float qx = (float)(x0 + i) + 0.5f - s->ax;
        float t = (qx * s->dx + from_y) * s->inverse;
        t = t < 0.0f ? 0.0f : t;
        t = t > 1.0f ? 1.0f : t;
        float ex = qx - t * s->dx, ey = qy - t * s->dy;
        float v = (s->radius + t * s->taper - sqrtf(ex * ex + ey * ey)) * 255.0f;
        v = v < 0.0f ? 0.0f : v;
        v = v > 255.0f ? 255.0f : v;
        cover[i] = (uint8_t)(int)(v + 0.5f);
    }
}

void raster_capsule(const Raster *raster, RasterPoint a, RasterPoint b, bool erase) {
    int box[4];
    raster_capsule_box(raster, a, b, box);
    float dx = b.x - a.x, dy = b.y - a.y, length2 = dx * dx + dy * dy;
    Segment s = {
        .ax = a.x,
        .ay = a.y,
        .dx = dx,
        .dy = dy,
        .inverse = length2 > 0.0f ? 1.0f / length2 : 0.0f,
        .radius = a.radius + 0.5f,
        .taper = b.radius - a.radius,
    };
    uint8_t cover[256];
    for (int y = box[1]; y < box[3]; y++) {
        int x0, x1;
        row_span(a, b, (float)y + 0.5f, box, &x0, &x1);
        uint8_t *row = raster->pixels + (long)y * raster->width;
        for (; x0 < x1; x0 += 256) {
            int count = x1 - x0 < 256 ? x1 - x0 : 256;
            cover_row(&s, x0, (float)y + 0.5f, count, cover);
            uint8_t *restrict to = row + x0;
            if (erase) {
                for (int i = 0; i < count; i++) {
                    uint8_t left = (uint8_t)(255 - cover[i]);
                    to[i] = to[i] < left ? to[i] : left;
                }
            } else {
                for (int i = 0; i < count; i++) to[i] = to[i] > cover[i] ? to[i] : cover[i];
            }
        }
    }
}
