// Digits made from nothing: the pen strokes of each digit in the forms that people write, bent and
// shaken at random, drawn with a pen of random width, and brought to 28x28 the way MNIST was
// (longer side of the ink 20 pixels, centre of mass in the middle). What is used when no data set
// is at hand, and a second source of variety when one is. Everything is a pure function of its
// arguments: the same seed gives the same digits whatever the number of threads.
#ifndef INKLING_DATASET_SYNTHETIC_H
#define INKLING_DATASET_SYNTHETIC_H

#include "base/rng.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SYNTHETIC_EXTENT = 28,
    SYNTHETIC_PIXELS = SYNTHETIC_EXTENT * SYNTHETIC_EXTENT,
    SYNTHETIC_STROKES_MAX = 8,
    SYNTHETIC_POINTS_MAX = 640, // of all strokes of one picture
};

// Pen strokes: stroke s is the points first[s] .. first[s + 1] - 1, in the order of writing. x to
// the right, y down; a digit is about 1 high before it is scaled. `press` is the width of the line
// there as a share of the pen's.
typedef struct SyntheticStrokes {
    int stroke_count;
    int first[SYNTHETIC_STROKES_MAX + 1];
    float x[SYNTHETIC_POINTS_MAX], y[SYNTHETIC_POINTS_MAX], press[SYNTHETIC_POINTS_MAX];
} SyntheticStrokes;

// The forms of a digit (0..9), such as 7 "with a bar". Any text or number, never NULL, for
// 0 <= form < count.
int synthetic_form_count(int digit);
const char *synthetic_form_name(int digit, int form);

// Draws a form as often as people use it.
int synthetic_form_draw(int digit, Rng *rng);

// The strokes of (digit, form): `wildness` 0 gives the form as in the table, 1 the usual spread of
// handwriting.
void synthetic_strokes(int digit, int form, float wildness, Rng *rng, SyntheticStrokes *out);

// Draws strokes with a round pen `pen` wide (in units of the strokes) and brings them to 28x28.
// `ink` 0..1 is the darkness of the middle of a line, `blur` the standard deviation in final
// pixels.
void synthetic_render(const SyntheticStrokes *strokes, float pen, float ink, float blur,
                      uint8_t out[SYNTHETIC_PIXELS]);

// Image `index` of the stream (seed, stream); returns its label. Labels come in shuffled blocks of
// ten, so every class has the same share.
uint8_t synthetic_image(uint64_t seed, uint64_t stream, uint32_t index,
                        uint8_t out[SYNTHETIC_PIXELS]);

// The same for what is no digit: letters that cannot be taken for one, signs, scribbles, strokes,
// two or three digits side by side, half a digit. Strokes alone, and as an image.
void synthetic_other_strokes(Rng *rng, SyntheticStrokes *out);
void synthetic_other_image(uint64_t seed, uint64_t stream, uint32_t index,
                           uint8_t out[SYNTHETIC_PIXELS]);
// Letters and signs of the table, such as "A, one stroke", drawn by name: for measuring.
int synthetic_other_form_count(void);
const char *synthetic_other_form_name(int form);
void synthetic_other_form_strokes(int form, float wildness, Rng *rng, SyntheticStrokes *out);

// Images 0 .. n-1 into pixels (n * SYNTHETIC_PIXELS) and labels (n), on `threads` threads
// (0: one for each processor).
Status synthetic_fill(uint64_t seed, uint64_t stream, uint32_t n, int threads, uint8_t *pixels,
                      uint8_t *labels);
// The same of synthetic_other_image; every label is `label`.
Status synthetic_other_fill(uint64_t seed, uint64_t stream, uint32_t n, int threads, uint8_t label,
                            uint8_t *pixels, uint8_t *labels);

#endif
