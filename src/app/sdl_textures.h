// The textures that a draw list needs in an SDL renderer: one for each image and sampling, uploaded
// when its version changes and freed when it was not used for a while, and one for the characters.
// Window thread only.
#ifndef INKLING_APP_SDL_TEXTURES_H
#define INKLING_APP_SDL_TEXTURES_H

#include "app/sdl_font.h"
#include "base/status.h"
#include "ui/tessellate.h"

#include <SDL.h>

// The texture of one image key and sampling.
typedef struct ImageTexture {
    uint64_t key;
    ImageSampling sampling;
    ImageFormat format;
    uint32_t version;
    int width, height;
    SDL_Texture *texture;
    unsigned used; // frame
} ImageTexture;

// Begin with the renderer and the font, neither of which is owned, and zeros.
typedef struct SdlTextures {
    SDL_Renderer *renderer;
    SdlFont *font;
    SDL_Texture *atlas; // white, with the characters' coverage as alpha
    int atlas_size;
    ImageTexture *pictures;
    int picture_count, picture_capacity;
    uint32_t *pixels; // for conversion
    size_t pixel_capacity;
    unsigned frame;
} SdlTextures;

// A frame whose mesh is made: characters that are new go up.
Status sdl_textures_begin(SdlTextures *textures);
// The one of this batch, with the image's present pixels; NULL for plain triangles.
Status sdl_textures_of(SdlTextures *textures, const MeshBatch *batch, SDL_Texture **texture);
// The frame is drawn.
void sdl_textures_end(SdlTextures *textures);
// They are gone (SDL_RENDER_DEVICE_RESET).
void sdl_textures_forget(SdlTextures *textures);
void sdl_textures_close(SdlTextures *textures);

// What SDL says of the last thing that it could not do: "cannot DOING: ...".
Status sdl_status(const char *doing);

#endif
