// Draws a Mesh into pixels on the processor: for machines without a graphics driver, for pictures
// of the window, and for tests that look at pixels. The same numbers give the same picture
// everywhere. Pure arithmetic.
#ifndef INKLING_UI_RASTER_H
#define INKLING_UI_RASTER_H

#include "ui/tessellate.h"

// width x height pixels 0xFFRRGGBB, row by row, owned by the caller.
typedef struct Raster {
    uint32_t *pixels;
    int width, height;
} Raster;

// Whole pixels; x1 and y1 are outside.
typedef struct RasterArea {
    int x0, y0, x1, y1;
} RasterArea;

void raster_clear(const Raster *raster, RasterArea area, Color color);

// Blends the mesh over what is there, inside `area`. `coverage`: the glyph atlas, atlas_size x
// atlas_size bytes (NULL when there is no text); the mesh must have been made without one_atlas.
// Colours of a triangle's corners may differ in alpha only.
void raster_mesh(const Raster *raster, const Mesh *mesh, RasterArea area,
                 const unsigned char *coverage, int atlas_size);

#endif
