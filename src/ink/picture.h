// A grey picture of a digit on paper, from a camera, a scanner or another program: dark on light or
// light on dark, uneven light. Paper is estimated and taken away, ink found by Otsu's threshold
// (N. Otsu 1979, "A threshold selection method from gray-level histograms"), specks dropped; the
// rest is ink for fit.h. Reading PNG and JPEG files is the application's work.
#ifndef INKLING_INK_PICTURE_H
#define INKLING_INK_PICTURE_H

#include "ink/fit.h"

enum { PICTURE_SIDE_MAX = 16384 };

typedef struct PictureFit {
    InkFit ink;     // as for ink_fit_grey, in pixels of the picture
    bool as_is;     // it already looked like the network's input, and passed unchanged
    bool light_ink; // light on dark
    float contrast; // of ink against paper, 0..1
} PictureFit;

// out: options->field squared bytes. A picture of exactly the field's size that looks like MNIST
// (black border, light ink) passes unchanged. A picture without ink is blank. STATUS_USAGE for
// impossible sizes, STATUS_MEMORY. Any thread.
Status picture_fit(const uint8_t *grey, int w, int h, int stride, const InkOptions *options,
                   uint8_t *out, PictureFit *fit);

#endif
