// Which parts of a frame look different from the frame before: the window is divided into tiles,
// each of which has a hash of all commands that touch it; of a long line or band only what of it
// touches the tile, so that a curve that grows changes the tiles at its end. Only for renderers
// that draw on the processor.
#ifndef INKLING_UI_DAMAGE_H
#define INKLING_UI_DAMAGE_H

#include "ui/raster.h"

enum { DAMAGE_TILE = 64, DAMAGE_AREA_MAX = 24 };

// Zero-initialise; close with damage_close.
typedef struct Damage {
    uint64_t *before, *now;
    int columns, rows;
    bool known;                        // `before` describes what is on the screen
    RasterArea areas[DAMAGE_AREA_MAX]; // that must be drawn again; they do not overlap
    int area_count;
    DrawCommand *touched; // of damage_list
    size_t touched_capacity;
} Damage;

void damage_close(Damage *damage);
void damage_forget(Damage *damage); // everything must be drawn again
// Compares `list`, drawn with `scale` on width x height pixels, with the frame before and fills
// `areas`. Without memory: one area, the whole.
void damage_update(Damage *damage, const DrawList *list, float scale, int width, int height,
                   Color background);
// `list` with those of its commands that reach into one of the areas, long paths only as far as
// they do. Valid until the next call. Without memory: all of `list`.
DrawList damage_list(Damage *damage, const DrawList *list, float scale);

#endif
