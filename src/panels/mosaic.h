// Pictures of one layer side by side in one image: feature maps, filters; or the units of a flat
// layer as cells of one picture. Making them, and finding a pixel of the layer on the screen.
#ifndef INKLING_PANELS_MOSAIC_H
#define INKLING_PANELS_MOSAIC_H

#include "ui/ui.h"

enum { MOSAIC_TILES_MAX = 256, MOSAIC_VALUES_MAX = 1 << 20, MOSAIC_TOP = 3 };

// Zero-initialise; pixels owned.
typedef struct Mosaic {
    uint8_t *rgba;
    size_t capacity;
    int tiles, tile_w, tile_h, columns; // in pixels of the layer
    int width, height;
    uint32_t version;
    int units;           // > 0: a flat layer; one tile, whose first `units` pixels are its units
    int layer, last;     // feature maps: the layer that made them, and the last activation on it
    int top[MOSAIC_TOP]; // flat: the largest units, the largest first; -1: none
    float top_value[MOSAIC_TOP];
    char title[64];   // "conv + relu"
    char caption[96]; // "conv + relu · 6 of 28 x 28"
} Mosaic;

// A number of the layer: channel (or unit: row and column 0).
typedef struct MosaicPixel {
    int c, y, x;
} MosaicPixel;

void mosaics_close(Mosaic *mosaics, int count);

// Room for `tiles` pictures of tile_w x tile_h with one clear pixel between them, about `aspect`
// times as wide as high. Clears everything but the version, which grows. False without memory.
bool mosaic_shape(Mosaic *mosaic, int tiles, int tile_w, int tile_h, float aspect);
// Room for the units of a flat layer, in cells that fill about a strip of `width` pixels.
bool mosaic_shape_flat(Mosaic *mosaic, int units, float width);
// Tile `index` from its values: signed ones from blue over black to orange, others black to white.
void mosaic_put(Mosaic *mosaic, int index, const float *values, float limit, bool is_signed);
// The largest |value|, 1 where there is none.
float mosaic_limit(const float *values, size_t count);

// Width to height of the room that one layer's mosaic gets in a panel.
float mosaic_aspect(Rect rect);
// Size on the screen: as wide as there is room, whole device pixels per pixel where that is more
// than one, and no higher than `most`.
Vec2 mosaic_size(const Ui *ui, const Mosaic *mosaic, float width, float most);
// Draws it; `key` is unique to it in the program.
void mosaic_draw(Ui *ui, const Mosaic *mosaic, Rect box, UiId key);
// What lies at a point of `box`, if it is a number of the layer.
bool mosaic_at(const Mosaic *mosaic, Rect box, Vec2 point, MosaicPixel *out);
// Where a number, or h x w of one channel from there on, lies in `box`.
Rect mosaic_place(const Mosaic *mosaic, Rect box, MosaicPixel pixel, int h, int w);

#endif
