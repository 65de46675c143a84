// UTF-8, line fitting and wrapping, and the fixed-width font of the tests; see font.h.
#include "ui/font.h"

#include <string.h>

enum { REPLACEMENT = 0xFFFD };

// How many continuation bytes a lead byte announces; -1 for bytes that lead nothing.
static int continuation_count(unsigned char lead) {
    if (lead < 0x80) return 0;
    if (lead >= 0xC2 && lead <= 0xDF) return 1;
    if (lead >= 0xE0 && lead <= 0xEF) return 2;
    if (lead >= 0xF0 && lead <= 0xF4) return 3;
    return -1;
}

uint32_t utf8_next(const char *text, size_t bytes, size_t *at) {
    static const unsigned char lead_mask[] = {0x7F, 0x1F, 0x0F, 0x07};
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)text[*at];
    size_t start = (*at)++;
    int more = continuation_count(lead);
    if (more < 0 || start + (size_t)more >= bytes) return more == 0 ? lead : REPLACEMENT;
    uint32_t code = lead & lead_mask[more];
    for (int i = 1; i <= more; i++) {
        unsigned char c = (unsigned char)text[start + (size_t)i];
        if ((c & 0xC0) != 0x80) return REPLACEMENT;
        code = code << 6 | (c & 0x3F);
    }
    if (code < smallest[more] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        return REPLACEMENT;
    }
    *at = start + 1 + (size_t)more;
    return code;
}

size_t utf8_previous(const char *text, size_t at) {
    if (at == 0) return 0;
    at--;
    for (int i = 0; i < 3 && at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80; i++) at--;
    return at;
}

size_t utf8_encode(uint32_t code, char out[4]) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

// East Asian characters that are written without blanks: kana, ideographs, their punctuation and
// the full-width forms (Unicode blocks).
static bool is_wide(uint32_t code) {
    return (code >= 0x2E80 && code <= 0x9FFF) || (code >= 0xAC00 && code <= 0xD7A3) ||
           (code >= 0xF900 && code <= 0xFAFF) || (code >= 0xFF01 && code <= 0xFF60) ||
           (code >= 0x20000 && code <= 0x3FFFF);
}

// Full-width punctuation that may not begin a line.
static bool is_closing(uint32_t code) {
    static const uint32_t closing[] = {0x3001, 0x3002, 0xFF0C, 0xFF0E, 0xFF1A,
                                       0xFF1B, 0xFF01, 0xFF1F, 0xFF09, 0x300D,
                                       0x300F, 0x3011, 0x300B, ',',    '.'};
    for (size_t i = 0; i < sizeof closing / sizeof closing[0]; i++) {
        if (closing[i] == code) return true;
    }
    return false;
}

size_t font_fit(const UiFont *font, TextStyle style, const char *text, size_t bytes, float width) {
    if (font->measure(font->user, style, text, bytes) <= width) return bytes;
    size_t fits = 0, too_far = bytes; // a prefix of `fits` bytes fits, one of `too_far` does not
    while (fits < too_far) {
        size_t middle = fits + (too_far - fits) / 2;
        while (middle > fits && ((unsigned char)text[middle] & 0xC0) == 0x80) middle--;
        if (middle == fits) {
            utf8_next(text, bytes, &middle);
            if (middle >= too_far) break;
        }
        if (font->measure(font->user, style, text, middle) <= width) {
            fits = middle;
        } else {
            too_far = middle;
        }
    }
    return fits;
}

size_t font_wrap(const UiFont *font, TextStyle style, const char *text, size_t bytes, float width,
                 size_t *skip) {
    const char *newline = memchr(text, '\n', bytes);
    size_t line = newline ? (size_t)(newline - text) : bytes;
    size_t fits = font_fit(font, style, text, line, width);
    if (fits == line) {
        *skip = newline ? line + 1 : line;
        return line;
    }
    size_t best = 0, at = 0;
    bool after_wide = false;
    while (at <= fits && at < line) {
        size_t here = at;
        uint32_t code = utf8_next(text, line, &at);
        bool percent = at < line && text[at] == '%'; // stays with its number
        bool break_here =
            (code == ' ' && !percent) || ((after_wide || is_wide(code)) && !is_closing(code));
        if (break_here && here > 0 && here <= fits) best = here;
        after_wide = is_wide(code);
    }
    if (best == 0) best = fits;
    if (best == 0) { // not even one character: one all the same, so that the text comes to an end
        utf8_next(text, line, &best);
    }
    size_t end = best;
    while (end > 0 && text[end - 1] == ' ') end--;
    while (best < line && text[best] == ' ') best++;
    if (best == line && newline) best++;
    *skip = best;
    return end;
}

static float fixed_measure(void *user, TextStyle style, const char *text, size_t bytes) {
    (void)user;
    float width = 0;
    for (size_t at = 0; at < bytes;) {
        uint32_t code = utf8_next(text, bytes, &at);
        width += (is_wide(code) ? 1.0f : 0.5f) * style.size + style.spacing;
    }
    return bytes > 0 ? width - style.spacing : 0;
}

static FontMetrics fixed_metrics(void *user, TextStyle style) {
    (void)user;
    return (FontMetrics){style.size, style.size * 0.25f, style.size * 1.25f, style.size * 0.75f};
}

UiFont font_fixed(void) {
    return (UiFont){.measure = fixed_measure, .metrics = fixed_metrics};
}
