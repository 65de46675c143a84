// See sdl_textures.h.
#include "app/sdl_textures.h"

#include <stdlib.h>
#include <string.h>

enum { TEXTURE_KEEP_FRAMES = 240 };

Status sdl_status(const char *doing) {
    return status_error(STATUS_IO, "cannot %s: %s", doing, SDL_GetError());
}

void sdl_textures_forget(SdlTextures *textures) {
    for (int i = 0; i < textures->picture_count; i++)
        SDL_DestroyTexture(textures->pictures[i].texture);
    textures->picture_count = 0;
    if (textures->atlas) SDL_DestroyTexture(textures->atlas);
    textures->atlas = NULL;
}

void sdl_textures_close(SdlTextures *textures) {
    sdl_textures_forget(textures);
    free(textures->pictures);
    free(textures->pixels);
    *textures = (SdlTextures){0};
}

static uint32_t *pixel_room(SdlTextures *textures, size_t count) {
    if (count > textures->pixel_capacity) {
        uint32_t *bigger = realloc(textures->pixels, count * sizeof *bigger);
        if (!bigger) return NULL;
        textures->pixels = bigger;
        textures->pixel_capacity = count;
    }
    return textures->pixels;
}

Status sdl_textures_begin(SdlTextures *textures) {
    SdlFontAtlas atlas = sdl_font_atlas(textures->font);
    textures->frame++;
    if (textures->atlas && textures->atlas_size != atlas.size) {
        SDL_DestroyTexture(textures->atlas);
        textures->atlas = NULL;
    }
    if (!textures->atlas) {
        textures->atlas = SDL_CreateTexture(textures->renderer, SDL_PIXELFORMAT_ARGB8888,
                                            SDL_TEXTUREACCESS_STATIC, atlas.size, atlas.size);
        if (!textures->atlas) return sdl_status("make the texture of the characters");
        SDL_SetTextureBlendMode(textures->atlas, SDL_BLENDMODE_BLEND);
        // Characters lie on whole pixels, nothing is between texels.
        SDL_SetTextureScaleMode(textures->atlas, SDL_ScaleModeNearest);
        textures->atlas_size = atlas.size;
        atlas.dirty_y0 = 0;
        atlas.dirty_y1 = atlas.size;
    }
    int rows = atlas.dirty_y1 - atlas.dirty_y0;
    if (rows <= 0) return status_ok();
    size_t count = (size_t)rows * (size_t)atlas.size;
    uint32_t *to = pixel_room(textures, count);
    if (!to) return status_no_memory("characters", count * 4);
    const unsigned char *from = atlas.coverage + (size_t)atlas.dirty_y0 * (size_t)atlas.size;
    for (size_t i = 0; i < count; i++) to[i] = (uint32_t)from[i] << 24 | 0xFFFFFFu;
    SDL_Rect area = {0, atlas.dirty_y0, atlas.size, rows};
    if (SDL_UpdateTexture(textures->atlas, &area, to, atlas.size * 4) != 0) {
        return sdl_status("upload characters");
    }
    sdl_font_atlas_uploaded(textures->font);
    return status_ok();
}

static ImageTexture *picture_of(SdlTextures *textures, const DrawImage *image,
                                ImageSampling sampling) {
    for (int i = 0; i < textures->picture_count; i++) {
        ImageTexture *p = &textures->pictures[i];
        if (p->key == image->key && p->sampling == sampling) return p;
    }
    if (textures->picture_count == textures->picture_capacity) {
        int to = textures->picture_capacity ? textures->picture_capacity * 2 : 64;
        ImageTexture *bigger = realloc(textures->pictures, (size_t)to * sizeof *bigger);
        if (!bigger) return NULL;
        textures->pictures = bigger;
        textures->picture_capacity = to;
    }
    ImageTexture *p = &textures->pictures[textures->picture_count++];
    *p = (ImageTexture){.key = image->key, .sampling = sampling};
    return p;
}

static Status upload_pixels(SdlTextures *textures, SDL_Texture *texture, const DrawImage *image) {
    if (image->format == IMAGE_RGBA8) {
        if (SDL_UpdateTexture(texture, NULL, image->pixels, image->stride) == 0) return status_ok();
        return sdl_status("upload a picture");
    }
    size_t count = (size_t)image->width * (size_t)image->height;
    uint32_t *to = pixel_room(textures, count);
    if (!to) return status_no_memory("a picture", count * 4);
    for (int y = 0; y < image->height; y++) {
        const uint8_t *row = (const uint8_t *)image->pixels + (ptrdiff_t)y * image->stride;
        uint8_t *line = (uint8_t *)(to + (size_t)y * (size_t)image->width);
        for (int x = 0; x < image->width; x++) {
            memset(line + 4 * x, row[x], 3);
            line[4 * x + 3] = 255;
        }
    }
    if (SDL_UpdateTexture(texture, NULL, to, image->width * 4) != 0) {
        return sdl_status("upload a picture");
    }
    return status_ok();
}

// The texture with the image's present pixels.
static Status prepare_picture(SdlTextures *textures, const MeshBatch *batch,
                              SDL_Texture **texture) {
    const DrawImage *image = &batch->image;
    *texture = NULL;
    ImageTexture *p = picture_of(textures, image, batch->sampling);
    if (!p) return status_no_memory("pictures", 64 * sizeof(ImageTexture));
    p->used = textures->frame;
    bool resized = p->width != image->width || p->height != image->height;
    bool stale =
        !p->texture || resized || p->version != image->version || p->format != image->format;
    if (!p->texture || resized) {
        if (p->texture) SDL_DestroyTexture(p->texture);
        // Bytes in memory order R, G, B, A on every machine.
        p->texture = SDL_CreateTexture(textures->renderer, SDL_PIXELFORMAT_RGBA32,
                                       SDL_TEXTUREACCESS_STATIC, image->width, image->height);
        if (!p->texture) return sdl_status("make a texture");
        SDL_SetTextureBlendMode(p->texture, SDL_BLENDMODE_BLEND);
        bool nearest = batch->sampling == SAMPLE_NEAREST;
        SDL_SetTextureScaleMode(p->texture, nearest ? SDL_ScaleModeNearest : SDL_ScaleModeLinear);
        p->width = image->width;
        p->height = image->height;
    }
    if (stale) {
        Status status = upload_pixels(textures, p->texture, image);
        if (!status_is_ok(&status)) return status;
        p->version = image->version;
        p->format = image->format;
    }
    *texture = p->texture;
    return status_ok();
}

Status sdl_textures_of(SdlTextures *textures, const MeshBatch *batch, SDL_Texture **texture) {
    *texture = batch->texture == MESH_GLYPHS ? textures->atlas : NULL;
    return batch->texture == MESH_IMAGE ? prepare_picture(textures, batch, texture) : status_ok();
}

void sdl_textures_end(SdlTextures *textures) {
    for (int i = textures->picture_count - 1; i >= 0; i--) {
        ImageTexture *p = &textures->pictures[i];
        if (textures->frame - p->used < TEXTURE_KEEP_FRAMES) continue;
        if (p->texture) SDL_DestroyTexture(p->texture);
        *p = textures->pictures[--textures->picture_count];
    }
}
