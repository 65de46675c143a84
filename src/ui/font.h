// What the toolkit needs to know about fonts, as a table of functions, so that it is tested with a
// font of fixed width and drawn with a real one (app/sdl_font.h). Also the reading of UTF-8.
#ifndef INKLING_UI_FONT_H
#define INKLING_UI_FONT_H

#include "ui/geom.h"

#include <stddef.h>

typedef enum FontWeight { FONT_REGULAR, FONT_SEMIBOLD, FONT_BOLD, FONT_WEIGHT_COUNT } FontWeight;

// `tabular`: all ten digits take the same width, so that numbers do not jump.
typedef struct TextStyle {
    float size;    // em size in logical pixels
    float spacing; // extra pixels behind each character
    FontWeight weight;
    bool tabular;
} TextStyle;

// Logical pixels; descent is positive; cap_height is the height of "H".
typedef struct FontMetrics {
    float ascent, descent, line_height, cap_height;
} FontMetrics;

// One character ready to be drawn. Rectangle: whole device pixels, relative to the pen at the start
// of the text (rounded down) on the baseline. u0..v1 are texture coordinates in the atlas.
typedef struct FontGlyph {
    float x0, y0, x1, y1;
    float u0, v0, u1, v1;
} FontGlyph;

// All texts are UTF-8 of `bytes` bytes; malformed bytes count as U+FFFD. Results are in logical
// pixels except FontGlyph. Called from the thread of the window only.
typedef struct UiFont {
    void *user;
    // Width of the text with its trailing spacing removed.
    float (*measure)(void *user, TextStyle style, const char *text, size_t bytes);
    FontMetrics (*metrics)(void *user, TextStyle style);
    // Writes at most `max` glyphs (blank ones are left out) and returns how many. `origin_x` is the
    // pen's position in device pixels: its fraction selects the sub-pixel phase; y is whole.
    // NULL in fonts that are only measured.
    size_t (*glyphs)(void *user, TextStyle style, const char *text, size_t bytes, float origin_x,
                     FontGlyph *out, size_t max);
} UiFont;

// For tests and for machines without fonts: every character is 0.5 em wide (East Asian wide ones
// 1 em), line height 1.25 em. It has no glyphs.
UiFont font_fixed(void);

// The code point at text[*at], *at moved behind it. U+FFFD and one byte for malformed input.
uint32_t utf8_next(const char *text, size_t bytes, size_t *at);
// The start of the character before `at` (0 at the beginning).
size_t utf8_previous(const char *text, size_t at);
// Writes `code` to out (at most 4 bytes, no terminator), returns the number of bytes.
size_t utf8_encode(uint32_t code, char out[4]);

// How many bytes of `text` fit in `width` (whole characters).
size_t font_fit(const UiFont *font, TextStyle style, const char *text, size_t bytes, float width);

// The next line when `text` is wrapped to `width`: bytes of the line without trailing blanks, and
// in *skip the bytes up to the next line. Breaks at blanks (but not before a '%'), between East
// Asian characters, at '\n', and inside a word only where the word alone is wider than the line.
size_t font_wrap(const UiFont *font, TextStyle style, const char *text, size_t bytes, float width,
                 size_t *skip);

#endif
