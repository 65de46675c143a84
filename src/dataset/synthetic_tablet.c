// What a digitizer makes of a hand: pens that lift at a corner or lose the paper for a moment,
// hooks where they touch down and leave, few points to a stroke, coarse coordinates. Not here: the
// hand (synthetic.c), the pen's ink (synthetic_render.c).
#include "dataset/synthetic_hand.h"

#include <math.h>

enum {
    LEAST = 2,  // points of a stroke
    REACH = 4,  // points over which a corner's turn is measured
    GAP_MAX = 3 // points that a pen may lose
};

// A corner turns by more than this: the cosine of 60 degrees.
#define CORNER 0.5f

// Takes `count` points from number `at` on out of stroke `s`, which becomes two. Nothing happens
// where a part would be no stroke any more.
static bool cut(SyntheticStrokes *strokes, int s, int at, int count) {
    int from = strokes->first[s], to = strokes->first[s + 1];
    if (strokes->stroke_count == SYNTHETIC_STROKES_MAX) return false;
    if (at - from < LEAST || to - (at + count) < LEAST) return false;
    for (int i = at; i + count < strokes->first[strokes->stroke_count]; i++) {
        strokes->x[i] = strokes->x[i + count];
        strokes->y[i] = strokes->y[i + count];
        strokes->press[i] = strokes->press[i + count];
    }
    for (int n = ++strokes->stroke_count; n > s + 1; n--)
        strokes->first[n] = strokes->first[n - 1] - count;
    strokes->first[s + 1] = at;
    return true;
}

// The point at which a stroke turns most sharply; -1 when it has no corner.
static int sharpest(const SyntheticStrokes *strokes, int s) {
    int from = strokes->first[s], to = strokes->first[s + 1], found = -1;
    float least = CORNER;
    for (int i = from + REACH; i + REACH < to; i++) {
        float ax = strokes->x[i] - strokes->x[i - REACH],
              ay = strokes->y[i] - strokes->y[i - REACH];
        float bx = strokes->x[i + REACH] - strokes->x[i],
              by = strokes->y[i + REACH] - strokes->y[i];
        float lengths = hypotf(ax, ay) * hypotf(bx, by);
        float cosine = lengths > 0.0f ? (ax * bx + ay * by) / lengths : 1.0f;
        if (cosine >= least) continue;
        least = cosine;
        found = i;
    }
    return found;
}

// The pen is lifted at a corner, and set down again not quite where it was.
static void lift(SyntheticStrokes *strokes, Rng *rng) {
    for (int s = strokes->stroke_count - 1; s >= 0; s--) {
        int corner = sharpest(strokes, s);
        if (corner < 0 || !cut(strokes, s, corner, 0)) continue;
        float dx = hand_normal(rng, 0.035f), dy = hand_normal(rng, 0.035f);
        for (int i = corner; i < strokes->first[s + 2]; i++) {
            strokes->x[i] += dx;
            strokes->y[i] += dy;
        }
    }
}

// Pressed too lightly somewhere.
static void lose(SyntheticStrokes *strokes, Rng *rng) {
    int s = (int)rng_below(rng, (uint32_t)strokes->stroke_count);
    int from = strokes->first[s], to = strokes->first[s + 1];
    int at = from + (int)rng_below(rng, (uint32_t)(to - from));
    cut(strokes, s, at, (int)rng_below(rng, GAP_MAX + 1));
}

// The pen lands or leaves while the hand is still, or already, on its way elsewhere.
static void hook(SyntheticStrokes *strokes, Rng *rng) {
    for (int s = 0; s < strokes->stroke_count; s++) {
        for (int end = 0; end < 2; end++) {
            if (rng_uniform(rng) < 0.4) continue;
            int at = end == 0 ? strokes->first[s] : strokes->first[s + 1] - 1;
            int next = end == 0 ? at + 1 : at - 1;
            float angle = (float)rng_range(rng, 0, 6.28), size = (float)rng_range(rng, 0.02, 0.1);
            strokes->x[at] = strokes->x[next] + size * cosf(angle);
            strokes->y[at] = strokes->y[next] + size * sinf(angle);
        }
    }
}

// Only every few points is recorded, and the ends.
static void thin_out(SyntheticStrokes *strokes, Rng *rng) {
    int step = 2 + (int)rng_below(rng, 5), kept = 0;
    for (int s = 0; s < strokes->stroke_count; s++) {
        int from = strokes->first[s], to = strokes->first[s + 1];
        strokes->first[s] = kept;
        for (int i = from; i < to; i++) {
            if ((i - from) % step != 0 && i + 1 < to) continue;
            strokes->x[kept] = strokes->x[i];
            strokes->y[kept] = strokes->y[i];
            strokes->press[kept++] = strokes->press[i];
        }
    }
    strokes->first[strokes->stroke_count] = kept;
}

// So many steps to the height of a digit.
static void coarsen(SyntheticStrokes *strokes, Rng *rng) {
    float steps = (float)rng_range(rng, 16, 64);
    for (int i = 0; i < strokes->first[strokes->stroke_count]; i++) {
        strokes->x[i] = roundf(strokes->x[i] * steps) / steps;
        strokes->y[i] = roundf(strokes->y[i] * steps) / steps;
    }
}

typedef struct Flaw {
    void (*make)(SyntheticStrokes *strokes, Rng *rng);
    float share; // of the drawings of a usual hand
} Flaw;

static const Flaw flaws[] = {
    {lift, 0.10f}, {lose, 0.05f}, {hook, 0.15f}, {thin_out, 0.25f}, {coarsen, 0.15f},
};

void hand_record(float wildness, Rng *rng, SyntheticStrokes *strokes) {
    for (size_t i = 0; i < sizeof flaws / sizeof flaws[0]; i++)
        if (rng_uniform(rng) < (double)(flaws[i].share * fminf(wildness, 1.0f)))
            flaws[i].make(strokes, rng);
}
