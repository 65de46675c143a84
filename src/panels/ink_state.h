// What lies on the canvas and in whose hand the pen is: the drawing, its pixels, a picture under
// it, and how it is brought to the network's size. The panel that shows it is panel_ink.c.
#ifndef INKLING_PANELS_INK_STATE_H
#define INKLING_PANELS_INK_STATE_H

#include "ink/canvas.h"
#include "ink/fit.h"
#include "ink/picture.h"

// A grey picture as a file reader hands it over: width * height bytes, malloc-ed.
typedef struct GreyPicture {
    uint8_t *pixels;
    int width, height;
    bool dark_ink; // dark on light: grey_picture_look finds out; the canvas shows it inverted
} GreyPicture;

// Looks at all of its pixels; any thread. STATUS_MEMORY.
Status grey_picture_look(GreyPicture *picture);

typedef struct InkState {
    Drawing drawing;
    Canvas canvas;
    uint32_t canvas_version;          // grows when pixels change
    float brush;                      // radius, share of the canvas's side
    bool eraser;                      // the left button erases
    bool centre, fit_box, even_width; // InkOptions as switched in the window
    bool split;                       // a number is taken apart into its digits
    // A picture or a data set's image instead of strokes; `picture.pixels` NULL: none. `exact`: the
    // network sees these very pixels; otherwise they go through picture_fit. With strokes on top,
    // both go through ink_fit_grey, as one picture of a size of its own (`both`, made from edit
    // `both_of` on): what the network sees does not depend on how large the window is.
    GreyPicture picture;
    bool exact;
    Canvas both;
    uint64_t both_of;
    uint64_t picture_of; // of a copy: edit of the original that `picture` belongs to
    char caption[96];    // what it is: "Test image 8, label 5"
    uint64_t edits;      // grows with every change of what the network sees
    int pen;             // MouseButton that draws, -1: none
    uint64_t seen_edits; // of the drawing, by ink_changed
    float fit_unit;      // pixels of what ink_state_fit went over, per canvas unit
} InkState;

void ink_state_open(InkState *ink);
void ink_state_close(InkState *ink);

// `to` (opened, or a copy made before) becomes what ink_state_fit needs of `from`, for another
// thread: the drawing as it is visible, the switches and the picture. STATUS_MEMORY.
Status ink_state_copy(InkState *to, const InkState *from);

// Takes strokes and picture away; strokes can be undone.
Status ink_state_clear(InkState *ink);
// Puts a picture on the canvas in place of what is there (strokes can be undone): one that has been
// looked at and is handed over, left empty; or a copy of light ink that is exactly what a network
// sees.
Status ink_state_show(InkState *ink, GreyPicture *picture, const char *caption);
Status ink_state_show_exactly(InkState *ink, const uint8_t *grey, int width, int height,
                              const char *caption);
// Nothing on it.
bool ink_state_is_blank(const InkState *ink);
// Brings canvas pixels up to date for `side` device pixels.
Status ink_state_render(InkState *ink, int side);
// The switches as options for a network with a field x field input.
InkOptions ink_state_options(const InkState *ink, int field);
// What such a network gets, and how the ink came there (fit->blank: no ink at all).
Status ink_state_fit(InkState *ink, int field, uint8_t *out, InkFit *fit);
// Where the network's field lies on the canvas, in canvas units: x0, y0 and its side. `fit`: of the
// last ink_state_fit, or of one digit of a number.
void ink_state_field(const InkState *ink, int field, const InkFit *fit, float out[3]);
// Changes with everything that ink_state_fit depends on, except `field`, and with `split`.
uint64_t ink_state_version(const InkState *ink);

#endif
