// Colours, text roles and sizes. Plain constant tables; a theme is chosen by pointer. All sizes are
// logical pixels; big text is the device scale's business.
#ifndef INKLING_UI_THEME_H
#define INKLING_UI_THEME_H

#include "ui/font.h"
#include "ui/geom.h"

// Every widget and panel takes its colours from here. X-macro: name, dark, light.
#define THEME_COLORS(X)                                                                            \
    X(background, 0x0E1116, 0xF3F5F8) /* behind everything */                                      \
    X(bar, 0x12161D, 0xFFFFFF)        /* the top bar */                                            \
    X(panel, 0x12161D, 0xFFFFFF)      /* cards */                                                  \
    X(field, 0x161B23, 0xFFFFFF)      /* inputs, chips, segmented controls, empty bars */          \
    X(track, 0x1A202A, 0xE4E9F0)      /* empty part of progress bars */                            \
    X(button, 0x1F2733, 0xF0F3F7)                                                                  \
    X(button_hot, 0x273140, 0xE4E9F0)                                                              \
    X(button_held, 0x1A212B, 0xD6DDE6)                                                             \
    X(hairline, 0x1E2530, 0xE1E6EC) /* panel edges, table lines, grid lines */                     \
    X(outline, 0x2A3341, 0xCBD3DD)  /* edges of controls */                                        \
    X(outline_hot, 0x3D4A5C, 0xA6B2C0)                                                             \
    X(segment_on, 0x263243, 0xDCE6F2) /* the chosen segment or tab */                              \
    X(row_hot, 0x151C26, 0xF3F6FA)                                                                 \
    X(row_on, 0x16202C, 0xE5F0FB) /* the chosen row */                                             \
    X(text, 0xE8EDF4, 0x10161D)                                                                    \
    X(text_soft, 0xC5CBD5, 0x333C47)     /* ordinary text beside a strong one */                   \
    X(text_muted, 0x8A93A1, 0x5B6673)    /* captions, units, headings */                           \
    X(text_faint, 0x59626F, 0x8C96A3)    /* disabled, placeholders */                              \
    X(accent, 0x56B4E9, 0x1F77B8)        /* bars, progress, links */                               \
    X(accent_strong, 0x2576C8, 0x1F6FC4) /* primary button, focus, toggled edge */                 \
    X(accent_hot, 0x3A8EE2, 0x2C7FD6)                                                              \
    X(accent_dim, 0x203A57, 0xD8E9F8) /* toggled button, text selection */                         \
    X(on_accent, 0xFFFFFF, 0xFFFFFF)                                                               \
    X(right, 0x3CC37A, 0x0B7A4B) /* answers: always beside a mark */                               \
    X(wrong, 0xF0703C, 0xBE480B)                                                                   \
    X(error, 0xF0703C, 0xB3380A)                                                                   \
    X(warning, 0xE6A117, 0x8A5A00)                                                                 \
    X(knob, 0xE8EDF4, 0xFFFFFF)                                                                    \
    X(popup, 0x1A202A, 0xFFFFFF)                                                                   \
    X(tip, 0x2A3341, 0x24303D)                                                                     \
    X(tip_text, 0xF2F5F9, 0xF2F5F9)                                                                \
    X(paper, 0x000000, 0x000000) /* behind digits: black as in MNIST, in both themes */

typedef struct ThemeColors {
#define THEME_FIELD(name, dark, light) Color name;
    THEME_COLORS(THEME_FIELD)
#undef THEME_FIELD
} ThemeColors;

typedef enum TextRole {
    TEXT_BODY,    // 13 regular, tabular digits: buttons, fields, table cells
    TEXT_STRONG,  // 13 semibold
    TEXT_SMALL,   // 12 regular: sentences, tabs, captions with numbers
    TEXT_CAPTION, // 11.5 regular: labels above fields, axes
    TEXT_TINY,    // 10.5 regular, tabular: numbers above the bars
    TEXT_HEADING, // 11 semibold, letter-spaced; ui_heading also puts it in capitals
    TEXT_DIGIT,   // 14 semibold: digits under the bars, predictions
    TEXT_TITLE,   // 16 semibold: the program's name, dialogs
    TEXT_LESSON,  // 15 regular: what a lesson says
    TEXT_HUGE,    // 60 bold: the answer
    TEXT_ROLE_COUNT,
} TextRole;

// The rhythm.
enum {
    THEME_GAP_SMALL = 8,  // between controls that belong together
    THEME_GAP = 12,       // inside cards, between cards
    THEME_GAP_LARGE = 20, // window margin
    THEME_RADIUS = 6,     // controls
    THEME_RADIUS_CARD = 8,
    THEME_CONTROL_H = 32,
    THEME_SEGMENT_H = 22, // small segmented controls in card headings
    THEME_ROW_H = 27,     // table rows
    THEME_BAR_H = 48,     // the top bar
    THEME_RUN_COLORS = 8,
};

typedef struct Theme {
    const char *name; // "dark", "light"
    bool is_dark;
    ThemeColors color;
    TextStyle text[TEXT_ROLE_COUNT];
} Theme;

const Theme *theme_dark(void);
const Theme *theme_light(void);

// The colour a run keeps for good: Okabe and Ito's colour-blind-safe palette (Color Universal
// Design, 2008), darkened where the light theme needs it, starting with sky blue, orange, green,
// purple as in the picture. Any two differ clearly for people with each kind of colour blindness
// (tests/test_theme.c). Any index; it wraps.
Color theme_run_color(const Theme *theme, int index);
// Colours of classes, ten of them; any index, it wraps. Ten cannot all be told apart by everyone:
// write the name beside the colour.
Color theme_class_color(const Theme *theme, int index);

#endif
