// Synthetic digits as drawings, for the tests of what reads drawings.
#ifndef INKLING_TESTS_SYNTHETIC_INK_H
#define INKLING_TESTS_SYNTHETIC_INK_H

#include "dataset/synthetic.h"
#include "ink/strokes.h"

#include <math.h>

// Adds the strokes `height` high (or wide, when they are flat) with their box beginning at (x, y);
// gives where the box ends.
static inline float synthetic_ink_add(Drawing *drawing, const SyntheticStrokes *strokes, float x,
                                      float y, float height, float radius) {
    int last = strokes->first[strokes->stroke_count];
    float x0 = strokes->x[0], x1 = x0, y0 = strokes->y[0], y1 = y0;
    for (int i = 1; i < last; i++) {
        x0 = fminf(x0, strokes->x[i]);
        x1 = fmaxf(x1, strokes->x[i]);
        y0 = fminf(y0, strokes->y[i]);
        y1 = fmaxf(y1, strokes->y[i]);
    }
    float scale = height / fmaxf(y1 - y0, 0.5f * (x1 - x0));
    for (int s = 0; s < strokes->stroke_count; s++) {
        assert_ok(drawing_begin(drawing, STROKE_INK, radius));
        for (int i = strokes->first[s]; i < strokes->first[s + 1]; i++) {
            assert_ok(drawing_add(drawing, x + (strokes->x[i] - x0) * scale,
                                  y + (strokes->y[i] - y0) * scale, 1.0f));
        }
        drawing_end(drawing);
    }
    return x + (x1 - x0) * scale;
}

// A number of `count` random digits side by side, `gap` of their height apart, its digits in
// `digits`. ends[d]: strokes up to and with digit d.
static inline void synthetic_ink_number(Drawing *drawing, Rng *rng, int count, float gap,
                                        float wildness, int *digits, size_t *ends) {
    const float size = 0.14f;
    float x = 0.02f;
    for (int d = 0; d < count; d++) {
        SyntheticStrokes strokes;
        digits[d] = (int)rng_below(rng, 10);
        synthetic_strokes(digits[d], synthetic_form_draw(digits[d], rng), wildness, rng, &strokes);
        float height = size * (float)rng_range(rng, 0.85, 1.15);
        float y = 0.4f + size * (float)rng_range(rng, -0.05, 0.05);
        x = synthetic_ink_add(drawing, &strokes, x, y, height, 0.01f) + gap * size;
        ends[d] = drawing->live;
    }
}

#endif
