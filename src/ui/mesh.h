// Inside the tessellator only: appending to a Mesh, and the paths that are not boxes. All
// coordinates are device pixels.
#ifndef INKLING_UI_MESH_H
#define INKLING_UI_MESH_H

#include "ui/tessellate.h"

// One run of the tessellator.
typedef struct MeshPen {
    Mesh *mesh;
    float u, v; // texture coordinates of solid colour
    float scale;
    size_t base; // of the batch: indices count from it
} MeshPen;

// Room for that many more; false (and mesh->failed) when memory ran out.
bool mesh_reserve(Mesh *mesh, size_t vertices, size_t indices);
Vec2 *mesh_scratch(Mesh *mesh, size_t count);

// Without checking for room.
static inline int32_t mesh_vertex(const MeshPen *pen, float x, float y, Color color) {
    Mesh *mesh = pen->mesh;
    mesh->vertices[mesh->vertex_count] = (MeshVertex){x, y, color, pen->u, pen->v};
    return (int32_t)(mesh->vertex_count++ - pen->base);
}

static inline void mesh_triangle(const MeshPen *pen, int32_t a, int32_t b, int32_t c) {
    int32_t *to = pen->mesh->indices + pen->mesh->index_count;
    to[0] = a;
    to[1] = b;
    to[2] = c;
    pen->mesh->index_count += 3;
}

// Reserves by itself. Corners in order around the quad.
void mesh_quad(const MeshPen *pen, float x0, float y0, float x1, float y1, Color color);

// Points in device pixels; `width` at least 1.
void mesh_polyline(const MeshPen *pen, const Vec2 *points, size_t count, float width, Color color);
void mesh_dashes(const MeshPen *pen, const Vec2 *points, size_t count, float width, Color color,
                 float dash_on, float dash_off);
void mesh_polygon(const MeshPen *pen, const Vec2 *points, size_t count, Color color);
void mesh_area(const MeshPen *pen, const Vec2 *points, size_t count, float base_y, Color color);

#endif
