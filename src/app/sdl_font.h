// The toolkit's fonts by SDL2_ttf, found with fontconfig: Inter if it is installed, else DejaVu
// Sans, else whatever fontconfig thinks is sans-serif; Noto Sans CJK (or what fontconfig offers for
// Chinese) for characters those lack. Characters are rasterised once per size, at quarter-pixel
// steps, into one atlas of coverage that the renderer uploads.
// Window thread only.
#ifndef INKLING_APP_SDL_FONT_H
#define INKLING_APP_SDL_FONT_H

#include "base/status.h"
#include "ui/font.h"

typedef struct SdlFont SdlFont;

// STATUS_NOT_FOUND with a sentence when there is no usable font. `scale`: device pixels in a
// logical one. SDL_Init is not needed before.
Status sdl_font_open(SdlFont **out, float scale);
void sdl_font_close(SdlFont **font);

// Forgets all rasterised characters when the scale is another one. Between frames.
void sdl_font_set_scale(SdlFont *font, float scale);

// The interface for ui_open and tessellate; valid until sdl_font_close.
UiFont sdl_font_interface(SdlFont *font);

// The atlas: 1 byte of coverage a pixel, `size` x `size`. Its texel at (*white_u, *white_v) is
// fully covered. `version` changes when pixels were added, `dirty_y0 .. dirty_y1` are the rows
// changed since the last call of sdl_font_atlas_uploaded. When the atlas overflows it is emptied:
// texture coordinates of glyphs made before then are void, which sdl_font_generation tells.
typedef struct SdlFontAtlas {
    const unsigned char *coverage;
    int size;
    int dirty_y0, dirty_y1; // y0 == y1: nothing
    float white_u, white_v;
} SdlFontAtlas;
SdlFontAtlas sdl_font_atlas(const SdlFont *font);
void sdl_font_atlas_uploaded(SdlFont *font);
unsigned sdl_font_generation(const SdlFont *font);

// Whether the character can be drawn: some font that was found has it.
bool sdl_font_has(SdlFont *font, uint32_t code);

// Which family is used, for `?` and for tests ("Inter").
const char *sdl_font_family(const SdlFont *font);

#endif
