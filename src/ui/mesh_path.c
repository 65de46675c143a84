// Lines, dashes, polygons and areas as feathered triangles; see mesh.h. A line is a strip of
// sections across it: transparent, full, full, transparent, one device pixel between the first two
// and the last two.
#include "ui/mesh.h"

#include <math.h>

typedef struct Stroke {
    float core, outer; // half widths of the full and of the transparent edge
    Color full, clear;
    int32_t last; // first vertex of the last section, -1: none
} Stroke;

static Color transparent(Color c) {
    c.a = 0;
    return c;
}

// `n` is the (miter) normal, `fade` makes the whole section transparent (ends).
static void add_section(const MeshPen *pen, Stroke *s, Vec2 at, Vec2 n, bool fade) {
    Color full = fade ? s->clear : s->full;
    int32_t first = mesh_vertex(pen, at.x + n.x * s->outer, at.y + n.y * s->outer, s->clear);
    mesh_vertex(pen, at.x + n.x * s->core, at.y + n.y * s->core, full);
    mesh_vertex(pen, at.x - n.x * s->core, at.y - n.y * s->core, full);
    mesh_vertex(pen, at.x - n.x * s->outer, at.y - n.y * s->outer, s->clear);
    if (s->last >= 0) {
        for (int32_t i = 0; i < 3; i++) {
            if (i == 1 && s->core <= 0) continue;
            int32_t a = s->last + i, b = first + i;
            mesh_triangle(pen, a, a + 1, b + 1);
            mesh_triangle(pen, a, b + 1, b);
        }
    }
    s->last = first;
}

enum { CAP_STEPS = 8 };

// Half a disc behind the end `at` of a wide line; `d` points out of the line.
static void add_round_cap(const MeshPen *pen, const Stroke *s, Vec2 at, Vec2 d) {
    int32_t center = mesh_vertex(pen, at.x, at.y, s->full), before = -1;
    for (int i = 0; i <= CAP_STEPS; i++) {
        float angle = (float)i / CAP_STEPS * 3.14159265f, c = cosf(angle), q = sinf(angle);
        Vec2 n = {-d.y * c + d.x * q, d.x * c + d.y * q};
        int32_t inner = mesh_vertex(pen, at.x + n.x * s->core, at.y + n.y * s->core, s->full);
        mesh_vertex(pen, at.x + n.x * s->outer, at.y + n.y * s->outer, s->clear);
        if (before >= 0) {
            mesh_triangle(pen, center, before, inner);
            mesh_triangle(pen, before, before + 1, inner + 1);
            mesh_triangle(pen, before, inner + 1, inner);
        }
        before = inner;
    }
}

static Vec2 direction(Vec2 a, Vec2 b) {
    float dx = b.x - a.x, dy = b.y - a.y, length = sqrtf(dx * dx + dy * dy);
    return length > 0 ? (Vec2){dx / length, dy / length} : (Vec2){0, 0};
}

static bool same_place(Vec2 a, Vec2 b) {
    return fabsf(a.x - b.x) < 1e-3f && fabsf(a.y - b.y) < 1e-3f;
}

void mesh_polyline(const MeshPen *pen, const Vec2 *points, size_t count, float width, Color color) {
    // Two sections per point at most, and the two caps.
    if (!mesh_reserve(pen->mesh, count * 8 + 64, count * 36 + 256)) return;
    Stroke s = {fmaxf(width / 2 - 0.5f, 0), width / 2 + 0.5f, color, transparent(color), -1};
    bool round = width >= 2.2f;
    Vec2 at = points[0], d = {0, 0};
    size_t i = 1;
    while (i < count && same_place(points[i], at)) i++;
    if (i == count) return;
    d = direction(at, points[i]);
    Vec2 n = {-d.y, d.x};
    if (round) {
        add_round_cap(pen, &s, at, (Vec2){-d.x, -d.y});
    } else {
        add_section(pen, &s, (Vec2){at.x - d.x * 0.5f, at.y - d.y * 0.5f}, n, true);
        at = (Vec2){at.x + d.x * 0.5f, at.y + d.y * 0.5f};
    }
    add_section(pen, &s, at, n, false);
    while (i < count) {
        Vec2 here = points[i];
        for (i++; i < count && same_place(points[i], here); i++) {
        }
        if (i >= count) { // the end
            if (round) {
                add_section(pen, &s, here, n, false);
                add_round_cap(pen, &s, here, d);
            } else {
                add_section(pen, &s, (Vec2){here.x - d.x * 0.5f, here.y - d.y * 0.5f}, n, false);
                add_section(pen, &s, (Vec2){here.x + d.x * 0.5f, here.y + d.y * 0.5f}, n, true);
            }
            return;
        }
        Vec2 next_d = direction(here, points[i]), next_n = {-next_d.y, next_d.x};
        float cosine = n.x * next_n.x + n.y * next_n.y;
        if (cosine > -0.1f) { // the miter is at most 1.5 half widths long
            float k = 1 / (1 + cosine);
            add_section(pen, &s, here, (Vec2){(n.x + next_n.x) * k, (n.y + next_n.y) * k}, false);
        } else { // sharper: bevelled
            add_section(pen, &s, here, n, false);
            add_section(pen, &s, here, next_n, false);
        }
        d = next_d;
        n = next_n;
    }
}

void mesh_dashes(const MeshPen *pen, const Vec2 *points, size_t count, float width, Color color,
                 float dash_on, float dash_off) {
    Vec2 *dash = mesh_scratch(pen->mesh, count + 2);
    if (!dash) return;
    size_t n = 0;
    bool on = true;
    float left = dash_on;
    dash[n++] = points[0];
    for (size_t i = 1; i < count; i++) {
        Vec2 a = points[i - 1], b = points[i], d = direction(a, b);
        float length = hypotf(b.x - a.x, b.y - a.y), at = 0;
        while (length - at > left) {
            at += left;
            Vec2 cut = {a.x + d.x * at, a.y + d.y * at};
            if (on) {
                dash[n++] = cut;
                mesh_polyline(pen, dash, n, width, color);
                n = 0;
            } else {
                n = 0;
                dash[n++] = cut;
            }
            on = !on;
            left = on ? dash_on : dash_off;
        }
        left -= length - at;
        if (on) dash[n++] = b;
    }
    if (on && n >= 2) mesh_polyline(pen, dash, n, width, color);
}

void mesh_polygon(const MeshPen *pen, const Vec2 *points, size_t count, Color color) {
    if (!mesh_reserve(pen->mesh, count * 2, count * 9)) return;
    float area = 0;
    for (size_t i = 0; i < count; i++) {
        Vec2 a = points[i], b = points[(i + 1) % count];
        area += a.x * b.y - b.x * a.y;
    }
    float side = area > 0 ? 1.0f : -1.0f; // which side of an edge is outside
    Color clear = transparent(color);
    int32_t first = (int32_t)(pen->mesh->vertex_count - pen->base);
    for (size_t i = 0; i < count; i++) {
        Vec2 d0 = direction(points[(i + count - 1) % count], points[i]);
        Vec2 d1 = direction(points[i], points[(i + 1) % count]);
        Vec2 n0 = {d0.y * side, -d0.x * side}, n1 = {d1.y * side, -d1.x * side};
        float k = 0.5f / fmaxf(1 + n0.x * n1.x + n0.y * n1.y, 0.3f);
        Vec2 n = {(n0.x + n1.x) * k, (n0.y + n1.y) * k};
        mesh_vertex(pen, points[i].x - n.x, points[i].y - n.y, color);
        mesh_vertex(pen, points[i].x + n.x, points[i].y + n.y, clear);
    }
    for (int32_t i = 0; i < (int32_t)count; i++) {
        int32_t a = first + 2 * i, b = first + 2 * ((i + 1) % (int32_t)count);
        if (i > 0 && i + 1 < (int32_t)count) mesh_triangle(pen, first, a, b);
        mesh_triangle(pen, a, a + 1, b + 1);
        mesh_triangle(pen, a, b + 1, b);
    }
}

void mesh_area(const MeshPen *pen, const Vec2 *points, size_t count, float base_y, Color color) {
    if (!mesh_reserve(pen->mesh, count * 2, count * 6)) return;
    int32_t before = -1;
    for (size_t i = 0; i < count; i++) {
        int32_t top = mesh_vertex(pen, points[i].x, points[i].y, color);
        mesh_vertex(pen, points[i].x, base_y, color);
        if (before >= 0) {
            mesh_triangle(pen, before, top, top + 1);
            mesh_triangle(pen, before, top + 1, before + 1);
        }
        before = top;
    }
}
