// See draw_picture.h.
#include "app/draw_picture.h"

#include "app/picture_io.h"
#include "app/sdl_font.h"
#include "ui/raster.h"

#include <math.h>
#include <stdlib.h>

enum { PICTURE_PIXELS_MAX = 1 << 26, ATLAS_TRIES = 4 };

struct DrawPicture {
    Mesh mesh;
    SdlFont *font; // its atlas is what the mesh's characters are in
    Color background;
    int width, height;
};

// 0xFFRRGGBB words become bytes red, green, blue, alpha, in place.
static void picture_to_bytes(uint32_t *pixels, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t p = pixels[i];
        uint8_t *bytes = (uint8_t *)&pixels[i];
        bytes[0] = (uint8_t)(p >> 16);
        bytes[1] = (uint8_t)(p >> 8);
        bytes[2] = (uint8_t)p;
        bytes[3] = 255;
    }
}

// Again when the atlas was emptied meanwhile: coordinates made before are void then.
static void picture_mesh(Mesh *mesh, const DrawList *list, SdlFont *font, float scale) {
    UiFont interface = sdl_font_interface(font);
    MeshOptions options = {.scale = scale};
    for (int i = 0; i < ATLAS_TRIES; i++) {
        unsigned before = sdl_font_generation(font);
        tessellate(mesh, list, &interface, &options);
        if (sdl_font_generation(font) == before) return;
    }
}

Status draw_picture_make(const DrawList *list, float scale, Color background, DrawPicture **out) {
    int width = (int)ceilf(list->bounds.w * scale), height = (int)ceilf(list->bounds.h * scale);
    Status status;
    *out = NULL;
    if (width < 1 || height < 1 || (size_t)width * (size_t)height > PICTURE_PIXELS_MAX)
        return status_error(STATUS_USAGE, "the picture would be %d x %d pixels", width, height);
    DrawPicture *picture = calloc(1, sizeof *picture);
    if (!picture) return status_no_memory("a picture", sizeof *picture);
    picture->background = background;
    picture->width = width;
    picture->height = height;
    TRY(sdl_font_open(&picture->font, scale));
    picture_mesh(&picture->mesh, list, picture->font, scale);
    if (picture->mesh.failed) TRY(status_no_memory("a picture", 0));
    *out = picture;
    return status;
fail:
    draw_picture_close(&picture);
    return status;
}

Status draw_picture_write(const DrawPicture *picture, const char *path) {
    int width = picture->width, height = picture->height;
    size_t count = (size_t)width * (size_t)height;
    uint32_t *pixels = malloc(count * sizeof *pixels);
    if (!pixels) return status_no_memory("a picture", count * sizeof *pixels);
    SdlFontAtlas atlas = sdl_font_atlas(picture->font);
    Raster raster = {pixels, width, height};
    RasterArea whole = {0, 0, width, height};
    raster_clear(&raster, whole, picture->background);
    raster_mesh(&raster, &picture->mesh, whole, atlas.coverage, atlas.size);
    picture_to_bytes(pixels, count);
    Status status = picture_write_png(path, (const uint8_t *)pixels, width, height, width * 4);
    free(pixels);
    return status;
}

void draw_picture_close(DrawPicture **handle) {
    DrawPicture *picture = *handle;
    if (!picture) return;
    *handle = NULL;
    mesh_close(&picture->mesh);
    sdl_font_close(&picture->font);
    free(picture);
}
