// The two themes and the palette of the runs; see theme.h.
#include "ui/theme.h"

#define STYLES                                                                                     \
    {                                                                                              \
        [TEXT_BODY] = {13, 0, FONT_REGULAR, true}, [TEXT_STRONG] = {13, 0, FONT_SEMIBOLD, true},   \
        [TEXT_SMALL] = {12, 0, FONT_REGULAR, true},                                                \
        [TEXT_CAPTION] = {11.5f, 0, FONT_REGULAR, true},                                           \
        [TEXT_TINY] = {10.5f, 0, FONT_REGULAR, true},                                              \
        [TEXT_HEADING] = {11, 0.9f, FONT_SEMIBOLD, true},                                          \
        [TEXT_DIGIT] = {14, 0, FONT_SEMIBOLD, true}, [TEXT_TITLE] = {16, 0, FONT_SEMIBOLD, true},  \
        [TEXT_LESSON] = {15, 0, FONT_REGULAR, false}, [TEXT_HUGE] = {60, 0, FONT_BOLD, false},     \
    }

#define HEX(rgb)                                                                                   \
    { (uint8_t)((rgb) >> 16), (uint8_t)((rgb) >> 8 & 255), (uint8_t)((rgb)&255), 255 }

static const Theme DARK = {
    .name = "dark",
    .is_dark = true,
    .color =
        {
#define THEME_DARK(name, dark, light) .name = HEX(dark),
            THEME_COLORS(THEME_DARK)
#undef THEME_DARK
        },
    .text = STYLES,
};

static const Theme LIGHT = {
    .name = "light",
    .is_dark = false,
    .color =
        {
#define THEME_LIGHT(name, dark, light) .name = HEX(light),
            THEME_COLORS(THEME_LIGHT)
#undef THEME_LIGHT
        },
    .text = STYLES,
};

const Theme *theme_dark(void) {
    return &DARK;
}

const Theme *theme_light(void) {
    return &LIGHT;
}

Color theme_run_color(const Theme *theme, int index) {
    static const uint32_t dark[THEME_RUN_COLORS] = {0x56B4E9, 0xE69F00, 0x009E73, 0xCC79A7,
                                                    0xD55E00, 0xF0E442, 0x3D8FD1, 0xB8BEC7};
    static const uint32_t light[THEME_RUN_COLORS] = {0x2A91D0, 0xC98600, 0x008A64, 0xB85C90,
                                                     0xC65200, 0x5C4A00, 0x0063A3, 0x363C44};
    int i = index % THEME_RUN_COLORS;
    if (i < 0) i += THEME_RUN_COLORS;
    return color_hex(theme->is_dark ? dark[i] : light[i]);
}

Color theme_class_color(const Theme *theme, int index) {
    enum { COLORS = 10 };
    static const uint32_t dark[COLORS] = {0x56B4E9, 0xE69F00, 0x00B386, 0xCC79A7, 0xD55E00,
                                          0xF0E442, 0x4F7FE0, 0xA0A7B2, 0xE8EDF4, 0xA8763E};
    static const uint32_t light[COLORS] = {0x2A91D0, 0xC98600, 0x008A64, 0xB85C90, 0xC65200,
                                           0xA89A00, 0x0A4FB0, 0x6B7480, 0x10161D, 0x7A4A1C};
    int i = index % COLORS;
    if (i < 0) i += COLORS;
    return color_hex(theme->is_dark ? dark[i] : light[i]);
}
