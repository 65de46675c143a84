// The one brush: a capsule (two discs and what lies between them) onto grey pixels. Canvas and fit
// both draw with it. Knows nothing of drawings.
#ifndef INKLING_INK_RASTER_H
#define INKLING_INK_RASTER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct RasterPoint {
    float x, y, radius; // pixels; pixel (i, j) has its centre at (i + 0.5, j + 0.5)
} RasterPoint;

typedef struct Raster {
    uint8_t *pixels; // [height][width]
    int width, height;
} Raster;

// What raster_capsule touches at most: x0 <= x < x1, y0 <= y < y1, within the raster.
void raster_capsule_box(const Raster *raster, RasterPoint a, RasterPoint b, int box[4]);

// Coverage of a pixel: radius + 0.5 - distance of its centre to the segment, brought into 0..1,
// where the radius runs linearly from a's to b's. Ink (erase false): maximum with what is there.
// Eraser: minimum with 1 - coverage. Equal points give a disc. The pixels drawn do not depend on
// what was there before or on the order of ink capsules.
void raster_capsule(const Raster *raster, RasterPoint a, RasterPoint b, bool erase);

#endif
