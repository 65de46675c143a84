// A draw list as a PNG file, without a window: the toolkit's rasteriser and a font of the picture's
// own scale.
#ifndef INKLING_APP_DRAW_PICTURE_H
#define INKLING_APP_DRAW_PICTURE_H

#include "base/status.h"
#include "ui/draw.h"

// What a picture needs of a list, which may go then; images in it (DRAW_IMAGE) must stay.
typedef struct DrawPicture DrawPicture;

// `list` (finished), `scale` pixels to a unit, on an opaque `background`; the size is that of the
// list's bounds. The window's thread only, as closing is: fonts are.
Status draw_picture_make(const DrawList *list, float scale, Color background, DrawPicture **out);
void draw_picture_close(DrawPicture **picture);

// Any thread: draws it into a file. Atomic, and on the disk when it returns OK.
Status draw_picture_write(const DrawPicture *picture, const char *path);

#endif
