// How a hand writes a path of the tables, whatever it shows. Private to the synthetic pictures.
#ifndef INKLING_DATASET_SYNTHETIC_HAND_H
#define INKLING_DATASET_SYNTHETIC_HAND_H

#include "dataset/synthetic.h"

// One place where the pen is told to go: 'm' begins a stroke, 'c' is a corner, 's' passes smoothly.
typedef struct Knot {
    float x, y;
    char kind;
} Knot;

enum { HAND_ANYTHING = -1 };

// The path as somebody's hand might draw it. `what`: the digit whose habits to follow (how wide and
// how slanted it usually is), or HAND_ANYTHING. `knots` are changed.
void hand_write(int what, float wildness, Rng *rng, Knot *knots, int count, SyntheticStrokes *out);

// What a digitizer makes of it: lifted pens, gaps, hooks, few points, coarse coordinates, each in
// some of the drawings.
void hand_record(float wildness, Rng *rng, SyntheticStrokes *strokes);

// Reads a path (at most FORM_POINTS_MAX knots); returns how many.
int hand_parse(const char *path, Knot *knots);

// A pen's width, ink and blur as they come in MNIST, and the picture drawn with them. `widest`: no
// pen is wider, in final pixels.
void hand_render(const SyntheticStrokes *strokes, float widest, Rng *rng,
                 uint8_t out[SYNTHETIC_PIXELS]);

// Normal deviate times sigma, at most 2.5 sigma: nobody's hand is four sigma off.
float hand_normal(Rng *rng, float sigma);

#endif
