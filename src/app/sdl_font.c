// SDL2_ttf and fontconfig behind the toolkit's font table; see sdl_font.h.
//
// Characters are opened four times wider than they are high (SDL2_ttf takes two resolutions), so
// that widths are known to a quarter of a pixel and each character can be had at four sub-pixel
// positions by averaging four columns: that is exact coverage, and text is evenly spaced at every
// size without a shaping engine. Hinting is vertical only.
#include "app/sdl_font.h"

#include "app/sdl_glyphs.h"

#include <SDL.h>
#include <SDL_ttf.h>
#include <fontconfig/fontconfig.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MAX_BYTES = 1024, FALLBACKS = 3, SIZED_MAX = 96, PHASES = GLYPH_PHASES };

// A font file, found but not necessarily open. It is opened once, however many sizes are asked of
// it: a font of all Chinese characters takes milliseconds to open.
typedef struct Face {
    char path[PATH_MAX_BYTES]; // "": none
    long index;
    bool looked_for, opened;
    TTF_Font *font; // NULL: not there
    int dpi;        // the size that it has at present
} Face;

// A face at one size.
typedef struct Sized {
    FontWeight weight;
    int fallback;
    int vertical_dpi; // size in device pixels * 72, for a font of 1 point
    bool there;
    int ascent;
    int digit_width; // quarters of a pixel
    int cap_height;  // device pixels
    int line_height, descent;
} Sized;

struct SdlFont {
    Face faces[FONT_WEIGHT_COUNT][FALLBACKS];
    char family[128];
    Sized sized[SIZED_MAX];
    int sized_count;
    float scale;
    bool ttf_ready;
    GlyphCache glyphs;
};

// A font has its name in several languages. NULL and "sans-serif": any will do.
static bool is_family(FcPattern *match, const char *family) {
    if (!family || strcmp(family, "sans-serif") == 0) return true;
    FcChar8 *name;
    for (int i = 0; FcPatternGetString(match, FC_FAMILY, i, &name) == FcResultMatch; i++) {
        if (strcmp((const char *)name, family) == 0) return true;
    }
    return false;
}

// Fontconfig is asked for a font that has some everyday characters of simplified Chinese. A
// language would not do: fonts that lack a few rare characters are not of that language.
static void ask_for_chinese(FcPattern *pattern) {
    static const FcChar32 everyday[] = {0x4E2D, 0x6587, 0x8BAD, 0x7EC3, 0x8BEF, 0x5DEE};
    FcCharSet *characters = FcCharSetCreate();
    if (!characters) return;
    for (size_t i = 0; i < sizeof everyday / sizeof everyday[0]; i++)
        FcCharSetAddChar(characters, everyday[i]);
    FcPatternAddCharSet(pattern, FC_CHARSET, characters);
    FcPatternAddString(pattern, FC_LANG, (const FcChar8 *)"zh-cn");
    FcCharSetDestroy(characters);
}

// Asks fontconfig; takes the answer only if it is the family asked for.
static bool find_face(const char *family, int weight, bool chinese, Face *face,
                      char found_family[128]) {
    bool found = false;
    FcPattern *pattern = FcPatternCreate();
    if (!pattern) return false;
    if (family) FcPatternAddString(pattern, FC_FAMILY, (const FcChar8 *)family);
    if (chinese) ask_for_chinese(pattern);
    FcPatternAddInteger(pattern, FC_WEIGHT, weight);
    FcPatternAddInteger(pattern, FC_SLANT, FC_SLANT_ROMAN);
    FcPatternAddBool(pattern, FC_SCALABLE, FcTrue);
    FcPatternAddBool(pattern, FC_VARIABLE, FcFalse);
    FcConfigSubstitute(NULL, pattern, FcMatchPattern);
    FcDefaultSubstitute(pattern);
    FcResult result;
    FcPattern *match = FcFontMatch(NULL, pattern, &result);
    FcChar8 *file = NULL, *name = NULL;
    int index = 0;
    if (match && FcPatternGetString(match, FC_FILE, 0, &file) == FcResultMatch &&
        is_family(match, family) && strlen((const char *)file) < sizeof face->path) {
        FcPatternGetInteger(match, FC_INDEX, 0, &index);
        strcpy(face->path, (const char *)file);
        face->index = index & 0xFFFF; // above: named instances of variable fonts
        bool named = FcPatternGetString(match, FC_FAMILY, 0, &name) == FcResultMatch;
        if (found_family && named) snprintf(found_family, 128, "%s", (const char *)name);
        found = true;
    }
    if (match) FcPatternDestroy(match);
    FcPatternDestroy(pattern);
    return found;
}

static int fontconfig_weight(FontWeight weight) {
    static const int weights[] = {FC_WEIGHT_REGULAR, FC_WEIGHT_DEMIBOLD, FC_WEIGHT_BOLD};
    return weights[weight];
}

// fallback 0: the family chosen at the start; 1: DejaVu Sans (arrows, mathematics); 2: Chinese.
static Face *face_of(SdlFont *font, FontWeight weight, int fallback) {
    // The last: whatever fontconfig offers; has_character decides about it.
    static const char *const chinese[] = {"Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Micro Hei",
                                          "Droid Sans Fallback", NULL};
    Face *face = &font->faces[weight][fallback];
    if (face->looked_for) return face;
    face->looked_for = true;
    int w = fontconfig_weight(weight);
    if (fallback == 0) {
        find_face(font->family, w, false, face, NULL);
    } else if (fallback == 1) {
        find_face("DejaVu Sans", w, false, face, NULL);
    } else {
        for (size_t i = 0; i < sizeof chinese / sizeof chinese[0] && !face->path[0]; i++) {
            find_face(chinese[i], w, true, face, NULL);
        }
    }
    return face;
}

// At any size: which characters there are does not depend on it.
static bool has_character(SdlFont *font, const Sized *s, uint32_t code) {
    return s->there && TTF_GlyphIsProvided32(face_of(font, s->weight, s->fallback)->font, code);
}

// The face, set to the size; NULL: not there.
static TTF_Font *font_at(SdlFont *font, const Sized *s) {
    Face *face = face_of(font, s->weight, s->fallback);
    unsigned dpi = (unsigned)s->vertical_dpi;
    if (s->vertical_dpi <= 0) return NULL;
    if (!face->opened) {
        face->opened = true;
        if (face->path[0])
            face->font = TTF_OpenFontIndexDPI(face->path, 1, face->index, dpi * PHASES, dpi);
        if (!face->font) return NULL;
        TTF_SetFontHinting(face->font, TTF_HINTING_LIGHT);
        TTF_SetFontKerning(face->font, 0);
        face->dpi = s->vertical_dpi;
    }
    if (!face->font || face->dpi == s->vertical_dpi) return face->font;
    if (TTF_SetFontSizeDPI(face->font, 1, dpi * PHASES, dpi) != 0) return NULL;
    face->dpi = s->vertical_dpi;
    return face->font;
}

static void measure_face(Sized *s, TTF_Font *face) {
    int minx, maxx, miny, maxy, advance;
    s->ascent = TTF_FontAscent(face);
    s->descent = -TTF_FontDescent(face);
    s->line_height = TTF_FontLineSkip(face);
    s->cap_height = (int)((float)s->ascent * 0.75f);
    if (TTF_GlyphMetrics32(face, 'H', &minx, &maxx, &miny, &maxy, &advance) == 0) {
        s->cap_height = maxy;
    }
    for (uint32_t digit = '0'; digit <= '9'; digit++) {
        int bad = TTF_GlyphMetrics32(face, digit, &minx, &maxx, &miny, &maxy, &advance);
        if (bad == 0 && advance > s->digit_width) s->digit_width = advance;
    }
}

static int sized_index(SdlFont *font, TextStyle style, int fallback) {
    int dpi = (int)(style.size * font->scale * 72 + 0.5f);
    for (int i = 0; i < font->sized_count; i++) {
        const Sized *s = &font->sized[i];
        if (s->vertical_dpi == dpi && s->weight == style.weight && s->fallback == fallback)
            return i;
    }
    if (font->sized_count == SIZED_MAX) return 0; // more sizes than any window has
    Sized *s = &font->sized[font->sized_count];
    *s = (Sized){.weight = style.weight, .fallback = fallback, .vertical_dpi = dpi};
    TTF_Font *face = font_at(font, s);
    s->there = face != NULL;
    if (face) measure_face(s, face);
    return font->sized_count++;
}

bool sdl_font_has(SdlFont *font, uint32_t code) {
    TextStyle style = {.size = 13, .weight = FONT_REGULAR};
    for (int fallback = 0; fallback < FALLBACKS; fallback++)
        if (has_character(font, &font->sized[sized_index(font, style, fallback)], code))
            return true;
    return false;
}

// Averages PHASES columns of the wide bitmap per pixel.
static void rasterise(SdlFont *font, const Sized *s, Glyph *glyph, int phase) {
    GlyphBitmap *out = &glyph->phases[phase];
    out->done = true;
    SDL_Color white = {255, 255, 255, 255};
    TTF_Font *face = font_at(font, s);
    SDL_Surface *wide = face ? TTF_RenderGlyph32_Blended(face, glyph->code, white) : NULL;
    if (!wide) return;
    int minx = 0, maxx, miny, maxy = 0, advance;
    TTF_GlyphMetrics32(face, glyph->code, &minx, &maxx, &miny, &maxy, &advance);
    int origin = minx < 0 ? -minx : 0; // of the pen in the bitmap, and of the baseline
    int baseline = s->ascent + (maxy > s->ascent ? maxy - s->ascent : 0);
    // Quarter k of the bitmap lies at k - origin + phase quarters from the whole pixel before.
    int shift = phase - origin;
    int first = (int)floorf((float)shift / PHASES);
    int last = (int)floorf((float)(wide->w - 1 + shift) / PHASES);
    int width = last - first + 1, height = wide->h;
    unsigned char *gray = calloc((size_t)width * (size_t)height, 1);
    if (gray) {
        for (int y = 0; y < height; y++) {
            const Uint32 *row =
                (const Uint32 *)(const void *)((const char *)wide->pixels + y * wide->pitch);
            for (int x = 0; x < width; x++) {
                unsigned sum = 0;
                for (int k = 0; k < PHASES; k++) {
                    int column = (first + x) * PHASES + k - shift;
                    if (column >= 0 && column < wide->w) sum += row[column] >> 24;
                }
                gray[y * width + x] = (unsigned char)((sum + PHASES / 2) / PHASES);
            }
        }
        glyph_cache_place(&font->glyphs, out, gray, width, height, first, -baseline);
    }
    free(gray);
    SDL_FreeSurface(wide);
}

// The character in the first font that has it; U+FFFD's look where none has.
static Glyph *glyph_of(SdlFont *font, TextStyle style, int primary, uint32_t code) {
    Glyph *glyph = glyph_cache_find(&font->glyphs, primary, code);
    if (!glyph || glyph->known) return glyph;
    glyph->known = true;
    glyph->sized = primary;
    for (int fallback = 0; fallback < FALLBACKS; fallback++) {
        int index = fallback == 0 ? primary : sized_index(font, style, fallback);
        if (!has_character(font, &font->sized[index], code)) continue;
        glyph->sized = index;
        break;
    }
    TTF_Font *from = font_at(font, &font->sized[glyph->sized]);
    int minx, maxx, miny, maxy, advance = 0;
    bool blank = code == ' ' || code == 0xA0 || (code >= 0x2000 && code <= 0x200B);
    if (from && TTF_GlyphMetrics32(from, code, &minx, &maxx, &miny, &maxy, &advance) == 0) {
        glyph->advance = advance;
        glyph->blank = blank || maxx <= minx;
    } else {
        glyph->blank = true;
    }
    return glyph;
}

typedef struct Pen {
    int at;      // quarters of a device pixel
    int spacing; // behind each character
    int primary;
    bool tabular;
} Pen;

static Pen start(SdlFont *font, TextStyle style) {
    return (Pen){.spacing = (int)(style.spacing * font->scale * PHASES + 0.5f),
                 .primary = sized_index(font, style, 0),
                 .tabular = style.tabular};
}

// Moves the pen over one character; *offset is where in its cell it stands.
static Glyph *step(SdlFont *font, TextStyle style, Pen *pen, uint32_t code, int *offset) {
    Glyph *glyph = glyph_of(font, style, pen->primary, code);
    *offset = 0;
    if (!glyph) return NULL;
    int width = glyph->advance;
    if (pen->tabular && code >= '0' && code <= '9') {
        int cell = font->sized[pen->primary].digit_width;
        *offset = (cell - width) / 2;
        width = cell;
    }
    pen->at += width + pen->spacing;
    return glyph;
}

static float measure(void *user, TextStyle style, const char *text, size_t bytes) {
    SdlFont *font = user;
    Pen pen = start(font, style);
    int offset;
    for (size_t at = 0; at < bytes;) {
        step(font, style, &pen, utf8_next(text, bytes, &at), &offset);
    }
    if (bytes > 0) pen.at -= pen.spacing;
    return (float)pen.at / PHASES / font->scale;
}

static FontMetrics metrics(void *user, TextStyle style) {
    SdlFont *font = user;
    const Sized *s = &font->sized[sized_index(font, style, 0)];
    float k = 1 / font->scale;
    return (FontMetrics){(float)s->ascent * k, (float)s->descent * k, (float)s->line_height * k,
                         (float)s->cap_height * k};
}

static size_t glyphs(void *user, TextStyle style, const char *text, size_t bytes, float origin_x,
                     FontGlyph *out, size_t max) {
    SdlFont *font = user;
    Pen pen = start(font, style);
    pen.at = (int)((origin_x - floorf(origin_x)) * PHASES + 0.5f);
    float texel = 1.0f / (float)font->glyphs.size;
    size_t count = 0;
    for (size_t at = 0; at < bytes && count < max;) {
        int from = pen.at, offset;
        Glyph *glyph = step(font, style, &pen, utf8_next(text, bytes, &at), &offset);
        if (!glyph || glyph->blank) continue;
        from += offset;
        int phase = from & (PHASES - 1), whole = (from - phase) / PHASES;
        GlyphBitmap *b = &glyph->phases[phase];
        if (!b->done) rasterise(font, &font->sized[glyph->sized], glyph, phase);
        if (b->w == 0) continue;
        float x = (float)(whole + b->left), y = (float)b->top, w = (float)b->w, h = (float)b->h;
        float u = (float)b->x * texel, v = (float)b->y * texel;
        out[count++] = (FontGlyph){x, y, x + w, y + h, u, v, u + w * texel, v + h * texel};
    }
    return count;
}

static void close_faces(SdlFont *font) {
    for (int weight = 0; weight < FONT_WEIGHT_COUNT; weight++)
        for (int i = 0; i < FALLBACKS; i++)
            if (font->faces[weight][i].font) TTF_CloseFont(font->faces[weight][i].font);
}

static Status choose_family(SdlFont *font) {
    static const char *const families[] = {"Inter", "DejaVu Sans", "sans-serif"};
    Face face = {0};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        if (find_face(families[i], FC_WEIGHT_REGULAR, false, &face, font->family))
            return status_ok();
    }
    return status_error(STATUS_NOT_FOUND,
                        "no font found: the window needs Inter or DejaVu Sans (Debian packages "
                        "fonts-inter, fonts-dejavu-core)");
}

Status sdl_font_open(SdlFont **out, float scale) {
    Status status;
    *out = NULL;
    SdlFont *font = calloc(1, sizeof *font);
    if (!font) return status_no_memory("fonts", sizeof *font);
    font->scale = scale;
    if (TTF_Init() != 0) {
        status = status_error(STATUS_IO, "cannot start SDL2_ttf: %s", TTF_GetError());
        goto fail;
    }
    font->ttf_ready = true;
    TRY(choose_family(font));
    TRY(glyph_cache_open(&font->glyphs));
    int first = sized_index(font, (TextStyle){.size = 13, .weight = FONT_REGULAR}, 0);
    if (!font->sized[first].there) {
        status = status_error(STATUS_IO, "cannot open the font \"%s\" in %s: %s", font->family,
                              font->faces[FONT_REGULAR][0].path, TTF_GetError());
        goto fail;
    }
    *out = font;
    return status_ok();
fail:
    sdl_font_close(&font);
    return status;
}

void sdl_font_close(SdlFont **font) {
    if (!*font) return;
    close_faces(*font);
    glyph_cache_close(&(*font)->glyphs);
    if ((*font)->ttf_ready) TTF_Quit();
    free(*font);
    *font = NULL;
}

void sdl_font_set_scale(SdlFont *font, float scale) {
    if (scale == font->scale) return;
    font->scale = scale;
    font->sized_count = 0;
    glyph_cache_clear(&font->glyphs);
}

UiFont sdl_font_interface(SdlFont *font) {
    return (UiFont){.user = font, .measure = measure, .metrics = metrics, .glyphs = glyphs};
}

SdlFontAtlas sdl_font_atlas(const SdlFont *font) {
    const GlyphCache *g = &font->glyphs;
    return (SdlFontAtlas){.coverage = g->coverage,
                          .size = g->size,
                          .dirty_y0 = g->dirty_y0,
                          .dirty_y1 = g->dirty_y1,
                          .white_u = 1.0f / (float)g->size,
                          .white_v = 1.0f / (float)g->size};
}

void sdl_font_atlas_uploaded(SdlFont *font) {
    font->glyphs.dirty_y0 = font->glyphs.dirty_y1 = 0;
}

unsigned sdl_font_generation(const SdlFont *font) {
    return font->glyphs.generation;
}

const char *sdl_font_family(const SdlFont *font) {
    return font->family;
}
