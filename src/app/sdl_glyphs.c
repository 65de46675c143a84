// See sdl_glyphs.h. The atlas is packed in shelves from the top; the first texels are white for
// solid shapes.
#include "app/sdl_glyphs.h"

#include <stdlib.h>
#include <string.h>

enum { ATLAS_FIRST = 1024, ATLAS_MAX = 4096, WHITE = 3, SLOTS_FIRST = 1024 };

static void start_atlas(GlyphCache *cache) {
    memset(cache->coverage, 0, (size_t)cache->size * (size_t)cache->size);
    for (int y = 0; y < WHITE; y++) memset(cache->coverage + y * cache->size, 255, WHITE);
    cache->shelf_x = WHITE + 1;
    cache->shelf_y = 0;
    cache->shelf_h = WHITE;
    cache->dirty_y0 = 0;
    cache->dirty_y1 = cache->size;
}

Status glyph_cache_open(GlyphCache *cache) {
    *cache = (GlyphCache){.size = ATLAS_FIRST, .slot_count = SLOTS_FIRST};
    cache->coverage = malloc((size_t)cache->size * (size_t)cache->size);
    cache->slots = calloc(SLOTS_FIRST, sizeof *cache->slots);
    if (!cache->coverage || !cache->slots) {
        glyph_cache_close(cache);
        return status_no_memory("the atlas of characters", ATLAS_FIRST * ATLAS_FIRST);
    }
    start_atlas(cache);
    return status_ok();
}

void glyph_cache_close(GlyphCache *cache) {
    free(cache->coverage);
    free(cache->glyphs);
    free(cache->slots);
    *cache = (GlyphCache){0};
}

void glyph_cache_clear(GlyphCache *cache) {
    memset(cache->slots, 0, (size_t)cache->slot_count * sizeof *cache->slots);
    cache->count = 0;
    cache->generation++;
    start_atlas(cache);
}

static unsigned hash(int primary, uint32_t code) {
    uint32_t h = ((uint32_t)primary * 0x9E3779B1u) ^ (code * 0x85EBCA77u);
    return h ^ h >> 15;
}

static bool grow_table(GlyphCache *cache) {
    int to = cache->slot_count * 2;
    int32_t *bigger = calloc((size_t)to, sizeof *bigger);
    if (!bigger) return false;
    for (int i = 0; i < cache->count; i++) {
        unsigned at = hash(cache->glyphs[i].primary, cache->glyphs[i].code) & (unsigned)(to - 1);
        while (bigger[at]) at = (at + 1) & (unsigned)(to - 1);
        bigger[at] = i + 1;
    }
    free(cache->slots);
    cache->slots = bigger;
    cache->slot_count = to;
    return true;
}

Glyph *glyph_cache_find(GlyphCache *cache, int primary, uint32_t code) {
    if (cache->count * 2 >= cache->slot_count && !grow_table(cache)) return NULL;
    unsigned mask = (unsigned)(cache->slot_count - 1), at = hash(primary, code) & mask;
    for (; cache->slots[at]; at = (at + 1) & mask) {
        Glyph *glyph = &cache->glyphs[cache->slots[at] - 1];
        if (glyph->primary == primary && glyph->code == code) return glyph;
    }
    if (cache->count == cache->capacity) {
        int to = cache->capacity ? cache->capacity * 2 : 256;
        Glyph *bigger = realloc(cache->glyphs, (size_t)to * sizeof *bigger);
        if (!bigger) return NULL;
        cache->glyphs = bigger;
        cache->capacity = to;
    }
    cache->glyphs[cache->count] = (Glyph){.primary = primary, .code = code};
    cache->slots[at] = ++cache->count;
    return &cache->glyphs[cache->count - 1];
}

// A place of that size with a free texel around it; false when the atlas is full.
static bool find_place(GlyphCache *cache, int width, int height, int *x, int *y) {
    if (cache->shelf_x + width + 1 > cache->size) {
        cache->shelf_y += cache->shelf_h + 1;
        cache->shelf_x = 0;
        cache->shelf_h = 0;
    }
    if (cache->shelf_y + height + 1 > cache->size || width + 1 > cache->size) return false;
    *x = cache->shelf_x;
    *y = cache->shelf_y;
    cache->shelf_x += width + 1;
    if (height > cache->shelf_h) cache->shelf_h = height;
    return true;
}

// Everything again, in an atlas four times as large while that is reasonable.
static void empty_atlas(GlyphCache *cache) {
    int to = cache->size * 2;
    if (to <= ATLAS_MAX) {
        unsigned char *bigger = malloc((size_t)to * (size_t)to);
        if (bigger) {
            free(cache->coverage);
            cache->coverage = bigger;
            cache->size = to;
        }
    }
    for (int i = 0; i < cache->count; i++) {
        memset(cache->glyphs[i].phases, 0, sizeof cache->glyphs[i].phases);
    }
    cache->generation++;
    start_atlas(cache);
}

static bool empty_row(const unsigned char *row, int width) {
    for (int x = 0; x < width; x++) {
        if (row[x]) return false;
    }
    return true;
}

void glyph_cache_place(GlyphCache *cache, GlyphBitmap *out, const unsigned char *gray, int width,
                       int height, int left, int top) {
    int y0 = 0, y1 = height, x, y;
    while (y0 < y1 && empty_row(gray + y0 * width, width)) y0++;
    while (y1 > y0 && empty_row(gray + (y1 - 1) * width, width)) y1--;
    if (y0 == y1 || width <= 0) return;
    if (!find_place(cache, width, y1 - y0, &x, &y)) {
        empty_atlas(cache);
        if (!find_place(cache, width, y1 - y0, &x, &y)) return;
    }
    for (int row = y0; row < y1; row++) {
        memcpy(cache->coverage + (y + row - y0) * cache->size + x, gray + row * width,
               (size_t)width);
    }
    bool clean = cache->dirty_y0 == cache->dirty_y1;
    if (clean || y < cache->dirty_y0) cache->dirty_y0 = y;
    if (clean || y + y1 - y0 > cache->dirty_y1) cache->dirty_y1 = y + y1 - y0;
    *out = (GlyphBitmap){.done = true,
                         .x = (int16_t)x,
                         .y = (int16_t)y,
                         .w = (int16_t)width,
                         .h = (int16_t)(y1 - y0),
                         .left = (int16_t)left,
                         .top = (int16_t)(top + y0)};
}
