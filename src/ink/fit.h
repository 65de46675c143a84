// From ink to what a network sees: exactly the way MNIST was made, from any place and size on the
// canvas. The bounding box of the ink, its longer side to `box` pixels with area averaging and the
// aspect ratio kept, the centre of mass to the centre of the field, strokes of one width whatever
// the brush. Window, `predict` and "my digits" all come through here: one code, one result.
//
// Two ways in:
// - ink_fit_drawing, from strokes: what the eraser left of each line is drawn anew at the size and
//   width of the result, so nothing depends on the canvas's resolution or the brush.
// - ink_fit_grey, from pixels: for pictures, and for a canvas with a backdrop. Stroke width is
//   measured, then thinned or thickened to the same.
//
// Source of the recipe: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits":
// "size normalized to fit in a 20x20 pixel box while preserving their aspect ratio ... centered in
// a 28x28 image by computing the center of mass of the pixels". Numbers measured on MNIST: fit.c.
#ifndef INKLING_INK_FIT_H
#define INKLING_INK_FIT_H

#include "ink/strokes.h"

enum { INK_FIELD_MIN = 8, INK_FIELD_MAX = 128 };

typedef struct InkOptions {
    int field;            // side of the result in pixels: 28 for MNIST
    int box;              // longer side of the ink: 20 for MNIST
    bool fit_box;         // off: the whole canvas is scaled onto the field, as it is
    bool centre;          // centre of mass to the middle; off: middle of the box (fit_box only)
    bool normalize_width; // off: strokes keep the width of the brush
    bool average;         // area averaging; off: nearest pixel, ragged
    float width;          // wanted stroke width, pixels of the field
} InkOptions;

// MNIST's way for a field of that side (box and width in proportion to 28: 20).
InkOptions ink_options_default(int field);

// Where the ink went: pixel = canvas * scale + shift, in both directions the same scale.
typedef struct InkFit {
    bool blank;           // no ink: the result is all 0, the rest is 0
    bool dot;             // smaller than the brush's radius: drawn as a dot, not blown up
    float x0, y0, x1, y1; // box of the ink, brush included, canvas units (pixels for ink_fit_grey)
    float scale;          // pixels of the field per canvas unit (per pixel for ink_fit_grey)
    float shift_x, shift_y;
    float stroke_width; // what the strokes measured before, in pixels of the field
} InkFit;

// out: options->field * options->field bytes, row by row, 0 paper .. 255 ink. STATUS_USAGE for
// options that make no sense, STATUS_MEMORY; blank ink is not an error. Any thread; about 0.1 ms.
Status ink_fit_drawing(const Drawing *drawing, const InkOptions *options, uint8_t *out,
                       InkFit *fit);

// The same from grey pixels (0 paper .. 255 ink; w, h 1 .. 4096, rows `stride` bytes apart).
Status ink_fit_grey(const uint8_t *grey, int w, int h, int stride, const InkOptions *options,
                    uint8_t *out, InkFit *fit);

#endif
