// Boxes, text and images as triangles, and the batches; see tessellate.h. Lines and polygons are in
// mesh_path.c.
#include "ui/mesh.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool grow(void **block, size_t *capacity, size_t needed, size_t item) {
    if (needed <= *capacity) return true;
    size_t to = *capacity ? *capacity : 1024;
    while (to < needed) to *= 2;
    void *bigger = realloc(*block, to * item);
    if (!bigger) return false;
    *block = bigger;
    *capacity = to;
    return true;
}

bool mesh_reserve(Mesh *mesh, size_t vertices, size_t indices) {
    bool ok = grow((void **)&mesh->vertices, &mesh->vertex_capacity, mesh->vertex_count + vertices,
                   sizeof *mesh->vertices) &&
              grow((void **)&mesh->indices, &mesh->index_capacity, mesh->index_count + indices,
                   sizeof *mesh->indices);
    if (!ok) mesh->failed = true;
    return ok;
}

Vec2 *mesh_scratch(Mesh *mesh, size_t count) {
    if (!grow((void **)&mesh->scratch, &mesh->scratch_capacity, count, sizeof *mesh->scratch)) {
        mesh->failed = true;
        return NULL;
    }
    return mesh->scratch;
}

void mesh_close(Mesh *mesh) {
    free(mesh->vertices);
    free(mesh->indices);
    free(mesh->batches);
    free(mesh->scratch);
    free(mesh->points);
    free(mesh->glyphs);
    *mesh = (Mesh){0};
}

static void quad_uv(const MeshPen *pen, const FontGlyph *g, Color color) {
    Mesh *mesh = pen->mesh;
    if (!mesh_reserve(mesh, 4, 6)) return;
    int32_t a = (int32_t)(mesh->vertex_count - pen->base);
    MeshVertex *to = mesh->vertices + mesh->vertex_count;
    to[0] = (MeshVertex){g->x0, g->y0, color, g->u0, g->v0};
    to[1] = (MeshVertex){g->x1, g->y0, color, g->u1, g->v0};
    to[2] = (MeshVertex){g->x1, g->y1, color, g->u1, g->v1};
    to[3] = (MeshVertex){g->x0, g->y1, color, g->u0, g->v1};
    mesh->vertex_count += 4;
    mesh_triangle(pen, a, a + 1, a + 2);
    mesh_triangle(pen, a, a + 2, a + 3);
}

void mesh_quad(const MeshPen *pen, float x0, float y0, float x1, float y1, Color color) {
    if (x1 <= x0 || y1 <= y0) return;
    quad_uv(pen, &(FontGlyph){x0, y0, x1, y1, pen->u, pen->v, pen->u, pen->v}, color);
}

// Segments of a quarter circle: at most a tenth of a pixel off.
static int quarter_steps(float radius) {
    int steps = (int)ceilf(0.7854f / sqrtf(0.2f / fmaxf(radius, 1)));
    return steps < 2 ? 2 : steps;
}

// A quarter of a disc or of a ring around `center`, from angle `quarter` * 90 degrees on. The ring
// reaches from radius `inner` to `outer`; inner < 0: filled to the centre.
static void add_quarter(const MeshPen *pen, Vec2 center, int quarter, float outer, float inner,
                        Color color) {
    static const float cosines[] = {1, 0, -1, 0, 1};
    int steps = quarter_steps(outer);
    if (!mesh_reserve(pen->mesh, (size_t)steps * 4 + 5, (size_t)steps * 18)) return;
    Color clear = color;
    clear.a = 0;
    bool filled = inner < 0;
    float radii[4] = {outer + 0.5f, fmaxf(outer - 0.5f, 0), fmaxf(inner + 0.5f, 0),
                      fmaxf(inner - 0.5f, 0)};
    Color colors[4] = {clear, color, color, clear};
    int per = filled ? 2 : 4;
    int32_t middle = filled ? mesh_vertex(pen, center.x, center.y, color) : 0, before = -1;
    for (int i = 0; i <= steps; i++) {
        float angle = ((float)quarter + (float)i / (float)steps) * 1.57079633f;
        float c = cosf(angle), s = sinf(angle);
        if (i == 0 || i == steps) { // exactly on the axes
            int k = quarter + (i ? 1 : 0);
            c = cosines[k];
            s = cosines[(k + 3) % 4];
        }
        int32_t first = (int32_t)(pen->mesh->vertex_count - pen->base);
        for (int k = 0; k < per; k++) {
            mesh_vertex(pen, center.x + c * radii[k], center.y + s * radii[k], colors[k]);
        }
        for (int k = 0; before >= 0 && k < per - 1; k++) {
            if (k == 1 && radii[1] <= radii[2]) continue;
            mesh_triangle(pen, before + k, first + k, first + k + 1);
            mesh_triangle(pen, before + k, first + k + 1, before + k + 1);
        }
        if (before >= 0 && filled) mesh_triangle(pen, middle, before + 1, first + 1);
        before = first;
    }
}

static void add_circle(const MeshPen *pen, const DrawCommand *command) {
    float s = pen->scale, r = command->rect.w * s / 2;
    Vec2 center = {command->rect.x * s + r, command->rect.y * s + r};
    float border = command->border.a ? fmaxf(command->width * s, 1) : 0;
    for (int q = 0; q < 4; q++) {
        if (command->fill.a) add_quarter(pen, center, q, r - border / 2, -1, command->fill);
        if (border > 0) add_quarter(pen, center, q, r, r - border, command->border);
    }
}

// The four sides and the middle are quads on the pixel grid; only the corners need a feather.
static void add_box(const MeshPen *pen, const DrawCommand *command) {
    float s = pen->scale;
    Rect rect = command->rect;
    if (rect.w == rect.h && rect.w > 0 && command->radius * 2 >= rect.w) {
        add_circle(pen, command);
        return;
    }
    float x0 = floorf(rect.x * s + 0.5f), y0 = floorf(rect.y * s + 0.5f);
    float x1 = fmaxf(floorf((rect.x + rect.w) * s + 0.5f), x0 + 1);
    float y1 = fmaxf(floorf((rect.y + rect.h) * s + 0.5f), y0 + 1);
    float r = fminf(floorf(command->radius * s + 0.5f), floorf(fminf(x1 - x0, y1 - y0) / 2));
    float b = command->border.a ? fmaxf(floorf(command->width * s + 0.25f), 1) : 0;
    const Vec2 centers[4] = {
        {x1 - r, y1 - r}, {x0 + r, y1 - r}, {x0 + r, y0 + r}, {x1 - r, y0 + r}};
    if (command->fill.a) {
        float top = fmaxf(r, b); // what the middle band leaves at either end
        mesh_quad(pen, x0 + b, y0 + top, x1 - b, y1 - top, command->fill);
        mesh_quad(pen, x0 + top, y0 + b, x1 - top, y0 + top, command->fill);
        mesh_quad(pen, x0 + top, y1 - top, x1 - top, y1 - b, command->fill);
        for (int q = 0; q < 4 && r > b; q++) {
            add_quarter(pen, centers[q], q, r - b / 2, -1, command->fill);
        }
    }
    if (b > 0) {
        mesh_quad(pen, x0 + r, y0, x1 - r, y0 + b, command->border);
        mesh_quad(pen, x0 + r, y1 - b, x1 - r, y1, command->border);
        float end = r > 0 ? r : b;
        mesh_quad(pen, x0, y0 + end, x0 + b, y1 - end, command->border);
        mesh_quad(pen, x1 - b, y0 + end, x1, y1 - end, command->border);
        for (int q = 0; q < 4 && r > 0; q++) {
            add_quarter(pen, centers[q], q, r, fmaxf(r - b, 0), command->border);
        }
    }
}

static void add_text(const MeshPen *pen, const DrawList *list, const DrawCommand *command,
                     const UiFont *font) {
    Mesh *mesh = pen->mesh;
    if (!font->glyphs) return;
    if (!grow((void **)&mesh->glyphs, &mesh->glyph_capacity, command->count,
              sizeof *mesh->glyphs)) {
        mesh->failed = true;
        return;
    }
    float x = command->rect.x * pen->scale;
    size_t count = font->glyphs(font->user, command->style, draw_command_text(list, command),
                                command->count, x, mesh->glyphs, mesh->glyph_capacity);
    float left = floorf(x), base = floorf(command->baseline * pen->scale + 0.5f);
    for (size_t i = 0; i < count; i++) {
        FontGlyph g = mesh->glyphs[i];
        g.x0 += left;
        g.x1 += left;
        g.y0 += base;
        g.y1 += base;
        quad_uv(pen, &g, command->fill);
    }
}

static void add_image(const MeshPen *pen, const DrawCommand *command) {
    float s = pen->scale;
    Rect r = command->rect;
    FontGlyph g = {floorf(r.x * s + 0.5f),
                   floorf(r.y * s + 0.5f),
                   floorf((r.x + r.w) * s + 0.5f),
                   floorf((r.y + r.h) * s + 0.5f),
                   0,
                   0,
                   1,
                   1};
    quad_uv(pen, &g, command->fill);
}

static void add_path(const MeshPen *pen, const DrawList *list, const DrawCommand *command) {
    Mesh *mesh = pen->mesh;
    if (!grow((void **)&mesh->points, &mesh->point_capacity, command->count,
              sizeof *mesh->points)) {
        mesh->failed = true;
        return;
    }
    const Vec2 *from = list->points + command->first;
    for (size_t i = 0; i < command->count; i++) {
        mesh->points[i] = (Vec2){from[i].x * pen->scale, from[i].y * pen->scale};
    }
    float width = fmaxf(command->width * pen->scale, 1);
    if (command->kind == DRAW_POLYGON) {
        mesh_polygon(pen, mesh->points, command->count, command->fill);
    } else if (command->kind == DRAW_SPANS) {
        for (size_t i = 0; i + 1 < command->count; i += 2) {
            Vec2 a = mesh->points[i], b = mesh->points[i + 1];
            float x = floorf(a.x), y0 = floorf(a.y), y1 = floorf(b.y) + 1;
            mesh_quad(pen, x, y0, x + 1, y1, command->fill);
        }
    } else if (command->kind == DRAW_AREA) {
        float base = (command->rect.y + command->rect.h) * pen->scale;
        mesh_area(pen, mesh->points, command->count, base, command->fill);
    } else if (command->dash_on > 0) {
        mesh_dashes(pen, mesh->points, command->count, width, command->fill,
                    fmaxf(command->dash_on * pen->scale, 1),
                    fmaxf(command->dash_off * pen->scale, 1));
    } else {
        mesh_polyline(pen, mesh->points, command->count, width, command->fill);
    }
}

static bool inside(Rect inner, Rect outer) {
    return inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.w <= outer.x + outer.w &&
           inner.y + inner.h <= outer.y + outer.h;
}

static Rect batch_clip(const MeshBatch *batch) {
    return (Rect){(float)batch->clip_x, (float)batch->clip_y, (float)batch->clip_w,
                  (float)batch->clip_h};
}

static Rect to_pixels(Rect r, float s) {
    float x0 = floorf(r.x * s + 0.5f), y0 = floorf(r.y * s + 0.5f);
    return (Rect){x0, y0, fmaxf(floorf((r.x + r.w) * s + 0.5f) - x0, 0),
                  fmaxf(floorf((r.y + r.h) * s + 0.5f) - y0, 0)};
}

// The batch that `command` goes into: the last one where texture and clip allow. What lies wholly
// inside its clip may go under any clip that it lies wholly inside of.
static bool select_batch(Mesh *mesh, const DrawList *list, const DrawCommand *command,
                         MeshTexture texture, float s) {
    float margin = (command->kind == DRAW_POLYLINE ? command->width : 0) + 3;
    Rect r = command->rect;
    Rect reach = {r.x * s - margin * s, r.y * s - margin * s, (r.w + 2 * margin) * s,
                  (r.h + 2 * margin) * s};
    if (command->kind == DRAW_BOX || command->kind == DRAW_IMAGE) reach = to_pixels(r, s);
    Rect clip = to_pixels(command->clip, s);
    bool needs_clip = !inside(reach, clip);
    if (mesh->batch_count > 0) {
        MeshBatch *last = &mesh->batches[mesh->batch_count - 1];
        Rect have = batch_clip(last);
        bool fits = needs_clip ? memcmp(&have, &clip, sizeof have) == 0 : inside(reach, have);
        bool same = last->texture == texture &&
                    (texture != MESH_IMAGE || (last->image.key == command->image.key &&
                                               last->sampling == command->sampling));
        if (fits && same) return true;
    }
    if (!grow((void **)&mesh->batches, &mesh->batch_capacity, mesh->batch_count + 1,
              sizeof *mesh->batches)) {
        mesh->failed = true;
        return false;
    }
    if (!needs_clip) clip = to_pixels(list->bounds, s);
    mesh->batches[mesh->batch_count++] = (MeshBatch){.texture = texture,
                                                     .image = command->image,
                                                     .sampling = command->sampling,
                                                     .clip_x = (int)clip.x,
                                                     .clip_y = (int)clip.y,
                                                     .clip_w = (int)clip.w,
                                                     .clip_h = (int)clip.h,
                                                     .first_index = (uint32_t)mesh->index_count,
                                                     .first_vertex = (uint32_t)mesh->vertex_count};
    return true;
}

void tessellate(Mesh *mesh, const DrawList *list, const UiFont *font, const MeshOptions *options) {
    mesh->vertex_count = mesh->index_count = mesh->batch_count = 0;
    mesh->failed = false;
    MeshPen pen = {mesh, options->one_atlas ? options->white_u : 0,
                   options->one_atlas ? options->white_v : 0, options->scale, 0};
    MeshTexture solid = options->one_atlas ? MESH_GLYPHS : MESH_SOLID;
    for (size_t i = 0; i < list->count; i++) {
        const DrawCommand *command = &list->commands[i];
        MeshTexture texture = command->kind == DRAW_TEXT    ? MESH_GLYPHS
                              : command->kind == DRAW_IMAGE ? MESH_IMAGE
                                                            : solid;
        if (!select_batch(mesh, list, command, texture, options->scale)) return;
        pen.base = mesh->batches[mesh->batch_count - 1].first_vertex;
        if (command->kind == DRAW_BOX) {
            add_box(&pen, command);
        } else if (command->kind == DRAW_TEXT) {
            add_text(&pen, list, command, font);
        } else if (command->kind == DRAW_IMAGE) {
            add_image(&pen, command);
        } else {
            add_path(&pen, list, command);
        }
        MeshBatch *batch = &mesh->batches[mesh->batch_count - 1];
        batch->index_count = (uint32_t)mesh->index_count - batch->first_index;
        batch->vertex_count = (uint32_t)mesh->vertex_count - batch->first_vertex;
    }
}
