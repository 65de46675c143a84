// See raster.h. Pixels belong to a triangle when their centre is inside; of two triangles that
// share an edge exactly one gets a centre on it (spans are closed on the left and open on the
// right).
#include "ui/raster.h"

#include <math.h>

static uint32_t pack(Color c) {
    return 0xFF000000u | (uint32_t)c.r << 16 | (uint32_t)c.g << 8 | c.b;
}

// Alpha 0..256 between two packed colours, red and blue at once.
static uint32_t blend(uint32_t to, uint32_t color, uint32_t alpha) {
    uint32_t rb = to & 0xFF00FFu, g = to & 0x00FF00u;
    uint32_t other_rb = color & 0xFF00FFu, other_g = color & 0x00FF00u;
    rb = (rb * (256 - alpha) + other_rb * alpha) >> 8 & 0xFF00FFu;
    g = (g * (256 - alpha) + other_g * alpha) >> 8 & 0x00FF00u;
    return 0xFF000000u | rb | g;
}

// 0..255 -> 0..256, so that full is full.
static uint32_t widen(uint32_t alpha) {
    return alpha + (alpha >> 7);
}

static int clamp_int(int v, int low, int high) {
    return v < low ? low : (v > high ? high : v);
}

static RasterArea meet(RasterArea a, int x0, int y0, int x1, int y1) {
    return (RasterArea){clamp_int(x0, a.x0, a.x1), clamp_int(y0, a.y0, a.y1),
                        clamp_int(x1, a.x0, a.x1), clamp_int(y1, a.y0, a.y1)};
}

static void fill(const Raster *raster, RasterArea a, uint32_t color, uint32_t alpha) {
    for (int y = a.y0; y < a.y1; y++) {
        uint32_t *row = raster->pixels + (ptrdiff_t)y * raster->width;
        if (alpha == 256) {
            for (int x = a.x0; x < a.x1; x++) row[x] = color;
        } else {
            for (int x = a.x0; x < a.x1; x++) row[x] = blend(row[x], color, alpha);
        }
    }
}

void raster_clear(const Raster *raster, RasterArea area, Color color) {
    RasterArea whole = {0, 0, raster->width, raster->height};
    fill(raster, meet(whole, area.x0, area.y0, area.x1, area.y1), pack(color), 256);
}

typedef struct Painter {
    const Raster *raster;
    const MeshBatch *batch;
    RasterArea area;
    const unsigned char *coverage;
    int atlas_size;
} Painter;

static void glyph_quad(const Painter *p, const MeshVertex *v, RasterArea a) {
    if (!p->coverage) return;
    int left = (int)v[0].x, top = (int)v[0].y;
    int u = (int)(v[0].u * (float)p->atlas_size + 0.5f),
        w = (int)(v[0].v * (float)p->atlas_size + 0.5f);
    uint32_t color = pack(v[0].color), strength = widen(v[0].color.a);
    for (int y = a.y0; y < a.y1; y++) {
        const unsigned char *from =
            p->coverage + (ptrdiff_t)(w + y - top) * p->atlas_size + u - left;
        uint32_t *row = p->raster->pixels + (ptrdiff_t)y * p->raster->width;
        for (int x = a.x0; x < a.x1; x++) {
            if (from[x]) row[x] = blend(row[x], color, widen(from[x]) * strength >> 8);
        }
    }
}

static Color texel(const DrawImage *image, int x, int y) {
    x = clamp_int(x, 0, image->width - 1);
    y = clamp_int(y, 0, image->height - 1);
    const uint8_t *row = (const uint8_t *)image->pixels + (ptrdiff_t)y * image->stride;
    if (image->format == IMAGE_GREY8) return (Color){row[x], row[x], row[x], 255};
    return (Color){row[4 * x], row[4 * x + 1], row[4 * x + 2], row[4 * x + 3]};
}

static Color sample_linear(const DrawImage *image, float x, float y) {
    x -= 0.5f;
    y -= 0.5f;
    int x0 = (int)floorf(x), y0 = (int)floorf(y);
    float fx = x - (float)x0, fy = y - (float)y0;
    Color top = color_mix(texel(image, x0, y0), texel(image, x0 + 1, y0), fx);
    Color low = color_mix(texel(image, x0, y0 + 1), texel(image, x0 + 1, y0 + 1), fx);
    return color_mix(top, low, fy);
}

// A pixel of the picture with its tint, ready to be blended.
typedef struct Ink {
    uint32_t color, alpha; // packed; 0..256
} Ink;

static Ink tinted(Color c, Color tint) {
    c.r = (uint8_t)(c.r * tint.r / 255);
    c.g = (uint8_t)(c.g * tint.g / 255);
    c.b = (uint8_t)(c.b * tint.b / 255);
    return (Ink){pack(c), widen((uint32_t)c.a * tint.a / 255)};
}

static void put(uint32_t *to, Ink ink) {
    if (ink.alpha == 256)
        *to = ink.color;
    else if (ink.alpha)
        *to = blend(*to, ink.color, ink.alpha);
}

// One pixel of the picture on one of the screen, exactly: nothing lies between two.
static bool is_exact(const MeshVertex *v, float sx, float sy) {
    float off_x = v[0].x - floorf(v[0].x + 0.5f), off_y = v[0].y - floorf(v[0].y + 0.5f);
    return fabsf(sx - 1) < 1e-4f && fabsf(sy - 1) < 1e-4f && fabsf(off_x) < 1e-3f &&
           fabsf(off_y) < 1e-3f;
}

static void image_quad(const Painter *p, const MeshVertex *v, RasterArea a) {
    const DrawImage *image = &p->batch->image;
    float sx = (float)image->width / (v[2].x - v[0].x),
          sy = (float)image->height / (v[2].y - v[0].y);
    bool nearest = p->batch->sampling == SAMPLE_NEAREST || is_exact(v, sx, sy);
    Color tint = v[0].color;
    for (int y = a.y0; y < a.y1; y++) {
        uint32_t *row = p->raster->pixels + (ptrdiff_t)y * p->raster->width;
        float from_y = ((float)y + 0.5f - v[0].y) * sy;
        int at = -1; // an enlarged pixel is worked out once for its run
        Ink ink = {0};
        for (int x = a.x0; x < a.x1; x++) {
            float from_x = ((float)x + 0.5f - v[0].x) * sx;
            if (!nearest) {
                put(row + x, tinted(sample_linear(image, from_x, from_y), tint));
                continue;
            }
            if ((int)from_x != at) {
                at = (int)from_x;
                ink = tinted(texel(image, at, (int)from_y), tint);
            }
            put(row + x, ink);
        }
    }
}

// The two triangles at `indices` are an upright box of one colour.
static bool is_box(const MeshVertex *vertices, const int32_t *i) {
    int32_t a = i[0];
    if (i[1] != a + 1 || i[2] != a + 2 || i[3] != a || i[4] != a + 2 || i[5] != a + 3) return false;
    const MeshVertex *v = vertices + a;
    bool upright = v[0].x == v[3].x && v[1].x == v[2].x && v[0].y == v[1].y && v[2].y == v[3].y;
    return upright && v[0].color.a == v[1].color.a && v[0].color.a == v[2].color.a &&
           v[0].color.a == v[3].color.a;
}

static int first_center(float edge) { // the first pixel whose centre is at or behind it
    float at = edge - 0.5f;
    int whole = (int)at; // ceilf, without a call for each row of each triangle
    return whole + (at > (float)whole);
}

static void box(const Painter *p, const MeshVertex *v) {
    RasterArea a = meet(p->area, first_center(v[0].x), first_center(v[0].y), first_center(v[2].x),
                        first_center(v[2].y));
    if (a.x0 >= a.x1 || a.y0 >= a.y1) return;
    if (p->batch->texture == MESH_GLYPHS) {
        glyph_quad(p, v, a);
    } else if (p->batch->texture == MESH_IMAGE) {
        image_quad(p, v, a);
    } else {
        fill(p->raster, a, pack(v[0].color), widen(v[0].color.a));
    }
}

// A side of a triangle from its upper end down; level ones have no rows.
typedef struct Side {
    float x, y, end, slope;
} Side;

// The same arithmetic from both sides of a shared edge.
static int find_sides(const MeshVertex *const v[3], Side out[3]) {
    int count = 0;
    for (int e = 0; e < 3; e++) {
        const MeshVertex *a = v[e], *b = v[e == 2 ? 0 : e + 1];
        if (a->y == b->y) continue;
        const MeshVertex *top = a->y < b->y ? a : b, *low = a->y < b->y ? b : a;
        out[count++] = (Side){top->x, top->y, low->y, (low->x - top->x) / (low->y - top->y)};
    }
    return count;
}

// The part of the row with centre y that lies between the sides.
static bool row_span(const Side *sides, int count, float y, float *left, float *right) {
    *left = INFINITY;
    *right = -INFINITY;
    for (int i = 0; i < count; i++) {
        const Side *side = &sides[i];
        if (!(side->y <= y && y < side->end)) continue;
        float x = side->x + (y - side->y) * side->slope;
        if (x < *left) *left = x;
        if (x > *right) *right = x;
    }
    return *left < *right;
}

static float least(float a, float b, float c) {
    float m = a < b ? a : b;
    return m < c ? m : c;
}

static float most(float a, float b, float c) {
    float m = a > b ? a : b;
    return m > c ? m : c;
}

static void triangle(const Painter *p, const MeshVertex *a, const MeshVertex *b,
                     const MeshVertex *c) {
    const MeshVertex *const v[3] = {a, b, c};
    // Most of a curve lies outside of what is drawn again.
    float low = least(a->y, b->y, c->y), high = most(a->y, b->y, c->y);
    if (high < (float)p->area.y0 || low > (float)p->area.y1 ||
        most(a->x, b->x, c->x) < (float)p->area.x0 || least(a->x, b->x, c->x) > (float)p->area.x1)
        return;
    float area = (b->x - a->x) * (c->y - a->y) - (c->x - a->x) * (b->y - a->y);
    if (fabsf(area) < 1e-6f || (a->color.a | b->color.a | c->color.a) == 0) return;
    int y0 = clamp_int(first_center(low > -1e6f ? low : -1e6f), p->area.y0, p->area.y1);
    int y1 = clamp_int(first_center(high < 1e6f ? high : 1e6f), p->area.y0, p->area.y1);
    // Alpha is a plane over the triangle.
    float ab = (float)b->color.a - (float)a->color.a, ac = (float)c->color.a - (float)a->color.a;
    float dx = (ab * (c->y - a->y) - ac * (b->y - a->y)) / area;
    float dy = (ac * (b->x - a->x) - ab * (c->x - a->x)) / area;
    uint32_t color = pack(a->color);
    Side sides[3];
    int count = find_sides(v, sides);
    for (int y = y0; y < y1; y++) {
        float center = (float)y + 0.5f, left, right;
        if (!row_span(sides, count, center, &left, &right)) continue;
        int x0 = clamp_int(first_center(left > -1e6f ? left : -1e6f), p->area.x0, p->area.x1);
        int x1 = clamp_int(first_center(right < 1e6f ? right : 1e6f), p->area.x0, p->area.x1);
        uint32_t *row = p->raster->pixels + (ptrdiff_t)y * p->raster->width;
        float alpha =
            (float)a->color.a + dx * ((float)x0 + 0.5f - a->x) + dy * (center - a->y) + 0.5f;
        for (int x = x0; x < x1; x++, alpha += dx) {
            int level = clamp_int((int)alpha, 0, 255);
            if (level) row[x] = blend(row[x], color, widen((uint32_t)level));
        }
    }
}

void raster_mesh(const Raster *raster, const Mesh *mesh, RasterArea area,
                 const unsigned char *coverage, int atlas_size) {
    RasterArea whole = {0, 0, raster->width, raster->height};
    area = meet(whole, area.x0, area.y0, area.x1, area.y1);
    for (size_t b = 0; b < mesh->batch_count; b++) {
        const MeshBatch *batch = &mesh->batches[b];
        Painter p = {raster, batch, area, coverage, atlas_size};
        p.area = meet(area, batch->clip_x, batch->clip_y, batch->clip_x + batch->clip_w,
                      batch->clip_y + batch->clip_h);
        if (p.area.x0 >= p.area.x1 || p.area.y0 >= p.area.y1) continue;
        const MeshVertex *v = mesh->vertices + batch->first_vertex;
        const int32_t *i = mesh->indices + batch->first_index, *end = i + batch->index_count;
        while (i < end) {
            if (end - i >= 6 && is_box(v, i)) {
                box(&p, v + i[0]);
                i += 6;
            } else {
                if (batch->texture == MESH_SOLID) triangle(&p, v + i[0], v + i[1], v + i[2]);
                i += 3;
            }
        }
    }
}
