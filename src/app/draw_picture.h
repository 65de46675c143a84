// A draw list as a PNG file, without a window: the toolkit's rasteriser and a font of the picture's
// own scale. Window thread only.
#ifndef INKLING_APP_DRAW_PICTURE_H
#define INKLING_APP_DRAW_PICTURE_H

#include "base/status.h"
#include "ui/draw.h"

// Draws `list` (finished), `scale` pixels to a unit, on an opaque `background`; the size is that of
// the list's bounds. Atomic.
Status draw_picture_write(const DrawList *list, float scale, Color background, const char *path);

#endif
