// See picture_io.h. The size is read from the header before anything is decoded, and that all parts
// end within the file is looked at, so that a small file cannot ask for gigabytes or seconds.
#include "app/picture_io.h"

#include "base/file.h"
#include "base/tr.h"
#include "ink/picture.h"

#include <SDL.h>
#include <SDL_image.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURE_FILE_MAX = 64 << 20, PICTURE_PIXELS_MAX = 64 << 20 };

// ---- the size, from the header -----------------------------------------------------------------

static unsigned picture_big16(const unsigned char *p) {
    return (unsigned)p[0] << 8 | p[1];
}

static unsigned picture_big32(const unsigned char *p) {
    return picture_big16(p) << 16 | picture_big16(p + 2);
}

// Walks a JPEG's segments to the start of frame. Source: ITU-T T.81, annex B.
static bool picture_jpeg_size(const Bytes *bytes, unsigned *width, unsigned *height) {
    const unsigned char *p = bytes->data;
    for (size_t at = 2; at + 9 < bytes->size;) {
        if (p[at] != 0xFF) return false;
        unsigned marker = p[at + 1];
        if (marker == 0xFF) { // fill byte
            at++;
            continue;
        }
        bool table = marker == 0xC4 || marker == 0xC8 || marker == 0xCC;
        if (marker >= 0xC0 && marker <= 0xCF && !table) {
            *height = picture_big16(p + at + 5);
            *width = picture_big16(p + at + 7);
            return true;
        }
        at += 2 + (size_t)picture_big16(p + at + 2);
    }
    return false;
}

// Chunks of length, name, data and checksum, IEND last. SDL_image gives libpng whatever stands in
// its buffer where a file has ended, gigabytes of it if a chunk says so. Source: PNG, 5.3 "Chunk
// layout".
static bool picture_png_is_whole(const Bytes *bytes) {
    for (size_t at = 8; bytes->size - at >= 12;) {
        size_t length = picture_big32(bytes->data + at);
        if (length > bytes->size - at - 12) return false;
        if (memcmp(bytes->data + at + 4, "IEND", 4) == 0) return true;
        at += 12 + length;
    }
    return false;
}

static Status picture_check_size(const char *path, const Bytes *bytes) {
    static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    unsigned width = 0, height = 0;
    if (bytes->size >= 24 && memcmp(bytes->data, png, sizeof png) == 0) {
        width = picture_big32(bytes->data + 16);
        height = picture_big32(bytes->data + 20);
        if (!picture_png_is_whole(bytes))
            return status_error(
                STATUS_FORMAT,
                TR("%s begins like a PNG picture but does not end: it is damaged or cut off"),
                path);
    } else if (bytes->size >= 4 && bytes->data[0] == 0xFF && bytes->data[1] == 0xD8) {
        if (!picture_jpeg_size(bytes, &width, &height))
            return status_error(STATUS_FORMAT,
                                TR("%s begins like a JPEG picture but has no size: it "
                                   "is damaged or cut off"),
                                path);
    } else {
        return status_error(STATUS_FORMAT,
                            TR("%s is not a PNG or JPEG picture, nor an IDX file of images or a "
                               ".jsonl of strokes"),
                            path);
    }
    if (width == 0 || height == 0 || width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX ||
        (unsigned long long)width * height > PICTURE_PIXELS_MAX)
        return status_error(
            STATUS_FORMAT,
            TR("%s is %u x %u pixels; at most %d a side and %d million in all are read"), path,
            width, height, (int)PICTURE_SIDE_MAX, PICTURE_PIXELS_MAX >> 20);
    return status_ok();
}

// ---- reading -----------------------------------------------------------------------------------

static unsigned picture_luminance(const uint8_t *rgba) {
    return (rgba[0] * 299u + rgba[1] * 587u + rgba[2] * 114u + 500u) / 1000u;
}

// Grey over a paper that the ink stands out from.
static void picture_to_grey(const SDL_Surface *surface, uint8_t *grey) {
    double sum = 0, weight = 0;
    for (int y = 0; y < surface->h; y++) {
        const uint8_t *row = (const uint8_t *)surface->pixels + (size_t)y * (size_t)surface->pitch;
        for (int x = 0; x < surface->w; x++, row += 4) {
            sum += (double)picture_luminance(row) * row[3];
            weight += row[3];
        }
    }
    unsigned paper = weight > 0 && sum / weight > 127.5 ? 0 : 255;
    for (int y = 0; y < surface->h; y++) {
        const uint8_t *row = (const uint8_t *)surface->pixels + (size_t)y * (size_t)surface->pitch;
        for (int x = 0; x < surface->w; x++, row += 4)
            *grey++ = (uint8_t)((picture_luminance(row) * row[3] + paper * (255u - row[3]) + 127u) /
                                255u);
    }
}

// As what its first byte says, and as nothing else: SDL_image, asked for any picture, would take a
// damaged JPEG with "<svg" in it for a drawing, and has a dozen more such decoders.
static SDL_Surface *picture_decode(const Bytes *bytes) {
    SDL_RWops *stream = SDL_RWFromConstMem(bytes->data, (int)bytes->size);
    if (stream == NULL) return NULL;
    SDL_Surface *loaded = bytes->data[0] == 0xFF ? IMG_LoadJPG_RW(stream) : IMG_LoadPNG_RW(stream);
    SDL_RWclose(stream);
    return loaded;
}

Status picture_read(const char *path, Picture *out) {
    Bytes bytes = {0};
    SDL_Surface *loaded = NULL, *surface = NULL;
    Status status;
    *out = (Picture){0};
    TRY(file_read(path, PICTURE_FILE_MAX, &bytes));
    TRY(picture_check_size(path, &bytes));
    loaded = picture_decode(&bytes);
    if (loaded == NULL)
        TRY(status_error(STATUS_FORMAT, TR("%s cannot be read as a picture: %.200s"), path,
                         IMG_GetError()));
    surface = SDL_ConvertSurfaceFormat(loaded, SDL_PIXELFORMAT_RGBA32, 0);
    size_t pixels = (size_t)loaded->w * (size_t)loaded->h;
    out->grey = surface != NULL ? malloc(pixels) : NULL;
    if (out->grey == NULL) TRY(status_no_memory("a picture", pixels * 5));
    out->width = surface->w;
    out->height = surface->h;
    picture_to_grey(surface, out->grey);
fail:
    SDL_FreeSurface(surface);
    SDL_FreeSurface(loaded);
    bytes_close(&bytes);
    return status;
}

void picture_close(Picture *picture) {
    free(picture->grey);
    *picture = (Picture){0};
}

// ---- writing -----------------------------------------------------------------------------------

// What SDL writes into, in place of a file: it grows.
typedef struct PictureBytes {
    Bytes bytes;
    size_t capacity, at;
    bool failed;
} PictureBytes;

static PictureBytes *picture_bytes(SDL_RWops *stream) {
    return stream->hidden.unknown.data1;
}

static Sint64 picture_bytes_size(SDL_RWops *stream) {
    return (Sint64)picture_bytes(stream)->bytes.size;
}

static Sint64 picture_bytes_seek(SDL_RWops *stream, Sint64 offset, int whence) {
    PictureBytes *to = picture_bytes(stream);
    Sint64 from = whence == RW_SEEK_SET   ? 0
                  : whence == RW_SEEK_CUR ? (Sint64)to->at
                                          : (Sint64)to->bytes.size;
    if (from + offset < 0 || from + offset > (Sint64)to->bytes.size) return -1;
    to->at = (size_t)(from + offset);
    return (Sint64)to->at;
}

static size_t picture_bytes_read(SDL_RWops *stream, void *data, size_t size, size_t count) {
    (void)stream, (void)data, (void)size, (void)count;
    return 0;
}

static size_t picture_bytes_write(SDL_RWops *stream, const void *data, size_t size, size_t count) {
    PictureBytes *to = picture_bytes(stream);
    size_t end = to->at + size * count;
    if (end > to->capacity) {
        size_t capacity = 2 * end + 4096;
        unsigned char *grown = realloc(to->bytes.data, capacity);
        if (!grown) {
            to->failed = true;
            return 0;
        }
        to->bytes.data = grown;
        to->capacity = capacity;
    }
    memcpy(to->bytes.data + to->at, data, size * count);
    to->at = end;
    if (end > to->bytes.size) to->bytes.size = end;
    return count;
}

static int picture_bytes_close(SDL_RWops *stream) {
    SDL_FreeRW(stream);
    return 0;
}

static Status picture_encode(const char *path, SDL_Surface *surface, PictureBytes *out) {
    SDL_RWops *stream = SDL_AllocRW();
    if (stream == NULL) return status_no_memory("a picture", sizeof *stream);
    stream->size = picture_bytes_size;
    stream->seek = picture_bytes_seek;
    stream->read = picture_bytes_read;
    stream->write = picture_bytes_write;
    stream->close = picture_bytes_close;
    stream->type = SDL_RWOPS_UNKNOWN;
    stream->hidden.unknown.data1 = out;
    int done = IMG_SavePNG_RW(surface, stream, 1);
    if (out->failed) return status_no_memory("a picture", out->capacity);
    if (done == 0) return status_ok();
    return status_error(STATUS_IO, TR("cannot write %s: %.200s"), path, IMG_GetError());
}

Status picture_write_png(const char *path, const uint8_t *rgba, int width, int height, int stride) {
    PictureBytes png = {.at = 0};
    Status status;
    // SDL wants to be able to write to the pixels of a surface, but saving does not.
    SDL_Surface *surface = SDL_CreateRGBSurfaceWithFormatFrom(
        (void *)(uintptr_t)rgba, width, height, 32, stride, SDL_PIXELFORMAT_RGBA32);
    if (surface == NULL) return status_no_memory("a picture", 0);
    TRY(picture_encode(path, surface, &png));
    TRY(file_write_atomic(path, png.bytes.data, png.bytes.size, 0644));
fail:
    SDL_FreeSurface(surface);
    bytes_close(&png.bytes);
    return status;
}
