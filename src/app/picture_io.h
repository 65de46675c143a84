// Pictures in files: PNG and JPEG in, as grey bytes; PNG out. SDL_image does the work in
// picture_io.c alone; a build without the window has picture_none.c instead, where every call says
// so. What a picture's pixels mean is ink/picture.h.
#ifndef INKLING_APP_PICTURE_IO_H
#define INKLING_APP_PICTURE_IO_H

#include "base/status.h"

#include <stdint.h>

// Grey bytes, row by row, 0 black .. 255 white. Owned: picture_close.
typedef struct Picture {
    int width, height;
    uint8_t *grey;
} Picture;

// Colours become their luminance (ITU-R BT.601). What is transparent becomes white under dark ink
// and black under light ink. At most 64 MB of file and 64 million pixels.
Status picture_read(const char *path, Picture *out);
void picture_close(Picture *picture);

// Writes width x height pixels of 4 bytes (red, green, blue, alpha), rows `stride` bytes apart,
// atomically.
Status picture_write_png(const char *path, const uint8_t *rgba, int width, int height, int stride);

#endif
