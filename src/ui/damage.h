// Which parts of a frame look different from the frame before: the window is divided into tiles,
// each of which has a hash of all commands that touch it. Only for renderers that draw on the
// processor.
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
} Damage;

void damage_close(Damage *damage);
void damage_forget(Damage *damage); // everything must be drawn again
// Compares `list`, drawn with `scale` on width x height pixels, with the frame before and fills
// `areas`. Without memory: one area, the whole.
void damage_update(Damage *damage, const DrawList *list, float scale, int width, int height,
                   Color background);

#endif
