// Draw list -> anti-aliased triangles in device pixels: pure arithmetic. Edges get a feather one
// device pixel wide (alpha from full to nothing); edges of boxes lie on the pixel grid, where the
// feather leaves them crisp. Text becomes quads of the font's atlas.
#ifndef INKLING_UI_TESSELLATE_H
#define INKLING_UI_TESSELLATE_H

#include "ui/draw.h"

typedef struct MeshVertex {
    float x, y; // device pixels
    Color color;
    float u, v;
} MeshVertex;

typedef enum MeshTexture { MESH_SOLID, MESH_GLYPHS, MESH_IMAGE } MeshTexture;

// A run of indices drawn with one texture and one clip (device pixels, whole).
typedef struct MeshBatch {
    MeshTexture texture;
    DrawImage image; // for MESH_IMAGE
    ImageSampling sampling;
    int clip_x, clip_y, clip_w, clip_h;
    uint32_t first_index, index_count;
    uint32_t first_vertex, vertex_count; // indices count from first_vertex
} MeshBatch;

// Zero-initialise; arrays are reused from frame to frame. Indices are three per triangle.
typedef struct Mesh {
    MeshVertex *vertices;
    size_t vertex_count, vertex_capacity;
    int32_t *indices;
    size_t index_count, index_capacity;
    MeshBatch *batches;
    size_t batch_count, batch_capacity;
    Vec2 *scratch, *points; // used inside
    size_t scratch_capacity, point_capacity;
    FontGlyph *glyphs; // used inside
    size_t glyph_capacity;
    bool failed; // out of memory: what fits is there
} Mesh;

typedef struct MeshOptions {
    float scale;    // device pixels in a logical one
    bool one_atlas; // solid shapes use the white texel of the glyph atlas: fewer batches
    float white_u, white_v;
} MeshOptions;

// Replaces what is in `mesh`. `list` must be finished (draw_list_finish).
void tessellate(Mesh *mesh, const DrawList *list, const UiFont *font, const MeshOptions *options);
void mesh_close(Mesh *mesh);

#endif
