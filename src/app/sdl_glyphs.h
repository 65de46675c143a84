// The atlas of rasterised characters and the table that finds them. Knows no font; inside
// sdl_font.c only.
#ifndef INKLING_APP_SDL_GLYPHS_H
#define INKLING_APP_SDL_GLYPHS_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { GLYPH_PHASES = 4 };

// Where the coverage lies in the atlas, and where it belongs relative to the pen.
typedef struct GlyphBitmap {
    bool done;
    int16_t x, y, w, h;
    int16_t left, top;
} GlyphBitmap;

typedef struct Glyph {
    int primary; // key: the font asked for
    uint32_t code;
    bool known; // the fields below are filled in
    bool blank;
    int sized;   // the font that has it
    int advance; // quarters of a device pixel
    GlyphBitmap phases[GLYPH_PHASES];
} Glyph;

typedef struct GlyphCache {
    unsigned char *coverage; // size x size
    int size;
    int shelf_x, shelf_y, shelf_h;
    int dirty_y0, dirty_y1;
    unsigned generation; // counts how often the atlas was emptied
    Glyph *glyphs;
    int count, capacity;
    int32_t *slots; // open addressing; index + 1, 0: free
    int slot_count;
} GlyphCache;

Status glyph_cache_open(GlyphCache *cache);
void glyph_cache_close(GlyphCache *cache);
// Forgets every character.
void glyph_cache_clear(GlyphCache *cache);
// The entry of that character, made (known = false) if it is new; valid until the next call. NULL
// when there is no memory.
Glyph *glyph_cache_find(GlyphCache *cache, int primary, uint32_t code);
// Copies the part of the bitmap that is not empty into the atlas; when the atlas is full, every
// other character is rasterised anew when it is needed again (generation goes up).
void glyph_cache_place(GlyphCache *cache, GlyphBitmap *out, const unsigned char *gray, int width,
                       int height, int left, int top);

#endif
