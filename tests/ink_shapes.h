// Digit-like drawings for the tests of ink: lines made up by hand, in canvas units.
#ifndef INKLING_TESTS_INK_SHAPES_H
#define INKLING_TESTS_INK_SHAPES_H

#include "ink/strokes.h"

enum { SHAPE_POINTS = 12, SHAPE_STROKES = 2 };

typedef struct Shape {
    const char *name;
    int counts[SHAPE_STROKES]; // points of each stroke
    float points[SHAPE_STROKES][SHAPE_POINTS][2];
} Shape;

static const Shape SHAPES[] = {
    {"one", {2}, {{{0.5f, 0.2f}, {0.47f, 0.8f}}}},
    {"bar", {2}, {{{0.2f, 0.5f}, {0.8f, 0.5f}}}},
    {"seven", {3}, {{{0.3f, 0.2f}, {0.7f, 0.22f}, {0.45f, 0.85f}}}},
    {"four",
     {3, 2},
     {{{0.35f, 0.2f}, {0.3f, 0.55f}, {0.7f, 0.53f}}, {{0.6f, 0.25f}, {0.58f, 0.85f}}}},
    {"five",
     {8, 2},
     {{{0.35f, 0.2f},
       {0.33f, 0.45f},
       {0.5f, 0.4f},
       {0.65f, 0.5f},
       {0.66f, 0.65f},
       {0.55f, 0.78f},
       {0.4f, 0.8f},
       {0.3f, 0.74f}},
      {{0.36f, 0.21f}, {0.66f, 0.19f}}}},
    {"hook", {4}, {{{0.2f, 0.8f}, {0.22f, 0.2f}, {0.24f, 0.2f}, {0.26f, 0.21f}}}},
};
enum { SHAPE_COUNT = sizeof SHAPES / sizeof *SHAPES };

// Adds the shape, scaled about the middle of the canvas and moved. False when anything failed.
static inline bool shape_add(Drawing *drawing, const Shape *shape, float scale, float dx, float dy,
                             float radius) {
    for (int s = 0; s < SHAPE_STROKES && shape->counts[s] > 0; s++) {
        Status status = drawing_begin(drawing, STROKE_INK, radius);
        for (int i = 0; i < shape->counts[s] && status_is_ok(&status); i++) {
            const float *p = shape->points[s][i];
            status = drawing_add(drawing, 0.5f + (p[0] - 0.5f) * scale + dx,
                                 0.5f + (p[1] - 0.5f) * scale + dy, 1.0f);
        }
        if (!status_is_ok(&status)) return false;
        drawing_end(drawing);
    }
    return true;
}

#endif
