// Colours that everybody can tell apart: the runs' palette as people with each kind of colour
// blindness see it, and text against what it stands on.
#include "test.h"

#include "ui/theme.h"

#include <math.h>

typedef struct Triple {
    double v[3];
} Triple;

// G. M. Machado, M. M. Oliveira, L. A. F. Fernandes 2009, "A Physiologically-based Model for
// Simulation of Color Vision Deficiency", severity 1.0, on linear RGB.
static const struct Vision {
    const char *name;
    double m[3][3];
} visions[] = {
    {"trichromats", {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
    {"protanopes",
     {{0.152286, 1.052583, -0.204868},
      {0.114503, 0.786281, 0.099216},
      {-0.003882, -0.048116, 1.051998}}},
    {"deuteranopes",
     {{0.367322, 0.860646, -0.227968},
      {0.280085, 0.672501, 0.047413},
      {-0.011820, 0.042940, 0.968881}}},
    {"tritanopes",
     {{1.255528, -0.076749, -0.178779},
      {-0.078411, 0.930809, 0.147602},
      {0.004733, 0.691367, 0.303900}}},
};

static double linear(uint8_t c) {
    double x = c / 255.0;
    return x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4);
}

static Triple times(const double m[3][3], Triple t) {
    Triple out;
    for (int i = 0; i < 3; i++) out.v[i] = m[i][0] * t.v[0] + m[i][1] * t.v[1] + m[i][2] * t.v[2];
    return out;
}

static double cube_root(double t) {
    return t > 216.0 / 24389 ? cbrt(t) : t * 841 / 108 + 4.0 / 29;
}

// CIE L*a*b* (D65) of a colour as that vision has it.
static Triple lab(Color color, const struct Vision *vision) {
    static const double to_xyz[3][3] = {{0.4124564, 0.3575761, 0.1804375},
                                        {0.2126729, 0.7151522, 0.0721750},
                                        {0.0193339, 0.1191920, 0.9503041}};
    static const double white[3] = {0.95047, 1, 1.08883};
    Triple seen = times(vision->m, (Triple){{linear(color.r), linear(color.g), linear(color.b)}});
    for (int i = 0; i < 3; i++) seen.v[i] = fmin(fmax(seen.v[i], 0), 1);
    Triple xyz = times(to_xyz, seen), f;
    for (int i = 0; i < 3; i++) f.v[i] = cube_root(xyz.v[i] / white[i]);
    return (Triple){{116 * f.v[1] - 16, 500 * (f.v[0] - f.v[1]), 200 * (f.v[1] - f.v[2])}};
}

static double difference(Color a, Color b, const struct Vision *vision) {
    Triple x = lab(a, vision), y = lab(b, vision);
    return sqrt(pow(x.v[0] - y.v[0], 2) + pow(x.v[1] - y.v[1], 2) + pow(x.v[2] - y.v[2], 2));
}

// 2.3 is just noticed side by side (Mahy and others 1994); curves lie apart and are thin: five
// times that.
static void runs_are_told_apart(void **state) {
    const double least = 5 * 2.3;
    (void)state;
    for (int light = 0; light < 2; light++)
        for (size_t v = 0; v < sizeof visions / sizeof visions[0]; v++)
            for (int i = 0; i < THEME_RUN_COLORS; i++)
                for (int k = 0; k < i; k++) {
                    const Theme *theme = light ? theme_light() : theme_dark();
                    double d = difference(theme_run_color(theme, i), theme_run_color(theme, k),
                                          &visions[v]);
                    if (d < least)
                        fail_msg("%s: runs %d and %d differ by %.1f for %s", theme->name, k, i, d,
                                 visions[v].name);
                }
}

static double luminance(Color c) {
    return 0.2126 * linear(c.r) + 0.7152 * linear(c.g) + 0.0722 * linear(c.b);
}

static double contrast(Color a, Color b) {
    double x = luminance(a), y = luminance(b);
    return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

// WCAG 2.1: 4.5 for text, 3 for what is not text.
static void text_and_curves_stand_out(void **state) {
    (void)state;
    for (int light = 0; light < 2; light++) {
        const Theme *theme = light ? theme_light() : theme_dark();
        const ThemeColors *c = &theme->color;
        const Color texts[] = {c->text, c->text_soft, c->text_muted, c->error, c->right, c->wrong};
        const Color grounds[] = {c->background, c->panel, c->popup};
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
            for (size_t k = 0; k < sizeof grounds / sizeof grounds[0]; k++)
                if (contrast(texts[i], grounds[k]) < 4.5)
                    fail_msg("%s: text %d on ground %d has a contrast of %.2f", theme->name, (int)i,
                             (int)k, contrast(texts[i], grounds[k]));
        for (int i = 0; i < THEME_RUN_COLORS; i++)
            if (contrast(theme_run_color(theme, i), c->panel) < 3)
                fail_msg("%s: run %d has a contrast of %.2f", theme->name, i,
                         contrast(theme_run_color(theme, i), c->panel));
        if (contrast(c->on_accent, c->accent_strong) < 4.5)
            fail_msg("%s: the primary button's text has a contrast of %.2f", theme->name,
                     contrast(c->on_accent, c->accent_strong));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_told_apart),
        cmocka_unit_test(text_and_curves_stand_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
