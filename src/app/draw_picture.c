// See draw_picture.h.
#include "app/draw_picture.h"

#include "app/picture_io.h"
#include "app/sdl_font.h"
#include "ui/raster.h"

#include <math.h>
#include <stdlib.h>

enum { PICTURE_PIXELS_MAX = 1 << 26, ATLAS_TRIES = 4 };

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

Status draw_picture_write(const DrawList *list, float scale, Color background, const char *path) {
    int width = (int)ceilf(list->bounds.w * scale), height = (int)ceilf(list->bounds.h * scale);
    size_t count = (size_t)width * (size_t)height;
    Mesh mesh = {0};
    SdlFont *font = NULL;
    uint32_t *pixels = NULL;
    Status status;
    if (width < 1 || height < 1 || count > PICTURE_PIXELS_MAX)
        return status_error(STATUS_USAGE, "%s would be %d x %d pixels", path, width, height);
    TRY(sdl_font_open(&font, scale));
    pixels = malloc(count * sizeof *pixels);
    if (!pixels) TRY(status_no_memory("a picture", count * sizeof *pixels));
    picture_mesh(&mesh, list, font, scale);
    if (mesh.failed) TRY(status_no_memory("a picture", count * sizeof *pixels));
    SdlFontAtlas atlas = sdl_font_atlas(font);
    Raster raster = {pixels, width, height};
    RasterArea whole = {0, 0, width, height};
    raster_clear(&raster, whole, background);
    raster_mesh(&raster, &mesh, whole, atlas.coverage, atlas.size);
    picture_to_bytes(pixels, count);
    TRY(picture_write_png(path, (const uint8_t *)pixels, width, height, width * 4));
fail:
    mesh_close(&mesh);
    sdl_font_close(&font);
    free(pixels);
    return status;
}
