// From a form in the table to strokes as somebody's hand might have drawn them, and from a seed to
// a whole set. Not here: the forms (synthetic_forms.c), the flaws of a digitizer
// (synthetic_tablet.c), the pen on paper (synthetic_render.c).
#include "dataset/synthetic.h"
#include "base/check.h"
#include "base/streams.h"
#include "dataset/synthetic_forms.h"
#include "dataset/synthetic_hand.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int synthetic_form_count(int digit) {
    ASSERT(digit >= 0 && digit <= 9);
    return synthetic_forms(digit)->count;
}

const char *synthetic_form_name(int digit, int form) {
    ASSERT(form >= 0 && form < synthetic_form_count(digit));
    return synthetic_forms(digit)->forms[form].name;
}

int synthetic_form_draw(int digit, Rng *rng) {
    const FormList *list = synthetic_forms(digit);
    float sum = 0.0f;
    for (int i = 0; i < list->count; i++) sum += list->forms[i].weight;
    float at = (float)rng_uniform(rng) * sum;
    for (int i = 0; i < list->count - 1; i++) {
        at -= list->forms[i].weight;
        if (at < 0.0f) return i;
    }
    return list->count - 1;
}

// The table is ours, so a path that does not parse is a bug.
int hand_parse(const char *path, Knot *knots) {
    int count = 0;
    while (*path) {
        REQUIRE(count < FORM_POINTS_MAX);
        Knot *knot = &knots[count++];
        char *end;
        knot->kind = *path == 'm' || *path == 'c' ? *path++ : 's';
        knot->x = (float)strtol(path, &end, 10) * 0.01f;
        REQUIRE(end != path && *end == ',');
        path = end + 1;
        knot->y = (float)strtol(path, &end, 10) * 0.01f;
        REQUIRE(end != path && (*end == ' ' || *end == '\0'));
        path = *end == ' ' ? end + 1 : end;
    }
    REQUIRE(count >= 2 && knots[0].kind == 'm');
    return count;
}

float hand_normal(Rng *rng, float sigma) {
    float z = (float)rng_normal(rng);
    return sigma * fmaxf(-2.5f, fminf(2.5f, z));
}

// Moves the knots part of the way to another form of the same family.
static void blend(int digit, int form, Rng *rng, Knot *knots, int count) {
    const FormList *list = synthetic_forms(digit);
    char family = list->forms[form].family;
    int same = 0;
    for (int i = 0; i < list->count; i++) same += i != form && list->forms[i].family == family;
    if (family == 0 || same == 0) return;
    int pick = (int)rng_below(rng, (uint32_t)same);
    // A little beyond either of the two as well.
    float share = (float)rng_range(rng, -0.2, 1.2);
    for (int i = 0; i < list->count; i++) {
        if (i == form || list->forms[i].family != family || pick-- != 0) continue;
        Knot other[FORM_POINTS_MAX];
        REQUIRE(hand_parse(list->forms[i].path, other) == count);
        for (int k = 0; k < count; k++) {
            knots[k].x += share * (other[k].x - knots[k].x);
            knots[k].y += share * (other[k].y - knots[k].y);
        }
    }
}

// Each knot a little off, and each stroke after the first set down a little off.
static void shake(float wildness, Rng *rng, Knot *knots, int count) {
    float sigma = wildness * (float)rng_range(rng, 0.008, 0.034);
    float off_x = 0.0f, off_y = 0.0f;
    for (int k = 0; k < count; k++) {
        if (knots[k].kind == 'm' && k > 0) {
            off_x = hand_normal(rng, 0.035f * wildness);
            off_y = hand_normal(rng, 0.035f * wildness);
        }
        knots[k].x += off_x + hand_normal(rng, sigma);
        knots[k].y += off_y + hand_normal(rng, sigma);
    }
}

// How much wider than in the table people write each digit, as a logarithm.
static const float usual_aspect[10] = {0.17f, 0.00f, 0.15f, 0.12f, 0.12f,
                                       0.14f, 0.07f, 0.12f, 0.06f, 0.04f};

// Smooth bending of the plane: what makes one writer's digits top-heavy, bowed, slanted, narrow.
static void bend(int digit, float wildness, Rng *rng, Knot *knots, int count) {
    float low = knots[0].x, high = knots[0].x;
    for (int k = 1; k < count; k++) {
        low = fminf(low, knots[k].x);
        high = fmaxf(high, knots[k].x);
    }
    float usual = digit == HAND_ANYTHING ? 0.0f : usual_aspect[digit];
    // A 1 is the digit whose slant differs most from hand to hand.
    float slant = digit == 1 ? hand_normal(rng, 0.30f) + 0.20f : hand_normal(rng, 0.28f) + 0.18f;
    float taper = hand_normal(rng, 0.25f), bow = hand_normal(rng, 0.18f),
          twist = hand_normal(rng, 0.15f);
    float heavy = hand_normal(rng, 0.25f), hump = hand_normal(rng, 0.10f),
          lean = hand_normal(rng, 0.20f);
    float aspect = expf(wildness * (usual + hand_normal(rng, 0.22f)));
    float angle = wildness * hand_normal(rng, 0.13f);
    float middle = 0.5f * (low + high), c = cosf(angle), s = sinf(angle);
    if (digit == 1) bow *= 0.4f;                  // else it turns into a bracket
    if (digit == 7) aspect = fmaxf(aspect, 1.0f); // a narrow one is a 1 with a flag
    for (int k = 0; k < count; k++) {
        float x = knots[k].x - middle, y = knots[k].y - 0.5f;
        float nx = x * (1.0f + wildness * (taper * y + lean * x)) +
                   wildness * (bow * (y * y - 0.1f) + twist * y * (y * y - 0.2f));
        float ny = y + wildness * (heavy * (0.25f - y * y) + hump * x * x);
        nx = nx * aspect - wildness * slant * ny;
        knots[k].x = c * nx - s * ny;
        knots[k].y = s * nx + c * ny;
    }
}

// A point of the centripetal Catmull-Rom curve from b to c (Barry and Goldman's pyramid): passes
// through the knots and, unlike the uniform one, makes no loops where they lie unevenly.
typedef struct Span {
    Knot p[4];
    float t[4];
} Span;

static Span span_make(Knot a, Knot b, Knot c, Knot d) {
    Span span = {{a, b, c, d}, {0}};
    for (int i = 1; i < 4; i++) {
        float dx = span.p[i].x - span.p[i - 1].x, dy = span.p[i].y - span.p[i - 1].y;
        span.t[i] = span.t[i - 1] + fmaxf(sqrtf(sqrtf(dx * dx + dy * dy)), 1e-3f);
    }
    return span;
}

static void span_at(const Span *span, float share, float *x, float *y) {
    const float *t = span->t;
    float at = t[1] + share * (t[2] - t[1]);
    float px[4], py[4];
    for (int i = 0; i < 4; i++) {
        px[i] = span->p[i].x;
        py[i] = span->p[i].y;
    }
    for (int level = 1; level < 4; level++) {
        for (int i = 0; i + level < 4; i++) {
            // The last level runs over the middle span only.
            float from = level == 3 ? t[1] : t[i], to = level == 3 ? t[2] : t[i + level];
            if (level == 2) from = t[i], to = t[i + 2];
            float w = (at - from) / (to - from);
            px[i] += w * (px[i + 1] - px[i]);
            py[i] += w * (py[i + 1] - py[i]);
        }
    }
    *x = px[0];
    *y = py[0];
}

enum { SPAN_STEPS = 6 };

// The knots' curve as points; `out` gets its strokes, unevenly spaced.
static void trace(const Knot *knots, int count, SyntheticStrokes *out) {
    int points = 0;
    out->stroke_count = 0;
    for (int k = 0; k < count; k++) {
        if (knots[k].kind == 'm') {
            REQUIRE(out->stroke_count < SYNTHETIC_STROKES_MAX);
            out->first[out->stroke_count++] = points;
            out->x[points] = knots[k].x;
            out->y[points++] = knots[k].y;
            continue;
        }
        Knot a = knots[k - 1], b = knots[k];
        // At corners and ends the curve takes the chord's direction.
        bool sharp_a = a.kind != 's', sharp_b = b.kind == 'c';
        bool last = k + 1 == count || knots[k + 1].kind == 'm';
        Knot before = {2 * a.x - b.x, 2 * a.y - b.y, 's'},
             after = {2 * b.x - a.x, 2 * b.y - a.y, 's'};
        if (!sharp_a) before = knots[k - 2];
        if (!sharp_b && !last) after = knots[k + 1];
        Span span = span_make(before, a, b, after);
        for (int i = 1; i <= SPAN_STEPS; i++) {
            REQUIRE(points < SYNTHETIC_POINTS_MAX);
            span_at(&span, (float)i / SPAN_STEPS, &out->x[points], &out->y[points]);
            points++;
        }
    }
    out->first[out->stroke_count] = points;
}

// Evenly spaced points in place of uneven ones, with a bit of either end cut off.
static void respace(SyntheticStrokes *strokes, float wildness, Rng *rng) {
    const float step = 0.03f;
    SyntheticStrokes even = {.stroke_count = strokes->stroke_count};
    int points = 0;
    for (int s = 0; s < strokes->stroke_count; s++) {
        int from = strokes->first[s], to = strokes->first[s + 1];
        float length = 0.0f;
        for (int i = from + 1; i < to; i++) {
            length += hypotf(strokes->x[i] - strokes->x[i - 1], strokes->y[i] - strokes->y[i - 1]);
        }
        float start = wildness * fmaxf(0.0f, hand_normal(rng, 0.03f)) * length;
        float end = length * (1.0f - wildness * fmaxf(0.0f, hand_normal(rng, 0.03f)));
        int room = (SYNTHETIC_POINTS_MAX - points) / (strokes->stroke_count - s);
        int want = (int)((end - start) / step) + 2;
        if (want > room) want = room;
        even.first[s] = points;
        float passed = 0.0f;
        int i = from + 1;
        for (int n = 0; n < want; n++) {
            float at = start + (end - start) * (float)n / (float)(want - 1);
            float dx, dy, chord;
            for (;; i++) {
                dx = strokes->x[i] - strokes->x[i - 1];
                dy = strokes->y[i] - strokes->y[i - 1];
                chord = hypotf(dx, dy);
                if (passed + chord >= at || i + 1 == to) break;
                passed += chord;
            }
            float share = chord > 0.0f ? fminf((at - passed) / chord, 1.0f) : 0.0f;
            even.x[points] = strokes->x[i - 1] + share * dx;
            even.y[points++] = strokes->y[i - 1] + share * dy;
        }
    }
    even.first[strokes->stroke_count] = points;
    *strokes = even;
}

// A hand in a hurry cuts corners: passes of (1 2 1)/4 along each stroke, ends kept.
static void hurry(SyntheticStrokes *strokes, int passes) {
    for (int s = 0; s < strokes->stroke_count; s++) {
        for (int pass = 0; pass < passes; pass++) {
            int from = strokes->first[s], to = strokes->first[s + 1];
            float last_x = strokes->x[from], last_y = strokes->y[from];
            for (int i = from + 1; i + 1 < to; i++) {
                float x = strokes->x[i], y = strokes->y[i];
                strokes->x[i] = 0.25f * (last_x + 2.0f * x + strokes->x[i + 1]);
                strokes->y[i] = 0.25f * (last_y + 2.0f * y + strokes->y[i + 1]);
                last_x = x;
                last_y = y;
            }
        }
    }
}

// Tremor: two slow waves across the line; and the pen pressed more here than there.
static void tremble(SyntheticStrokes *strokes, float wildness, Rng *rng) {
    for (int wave = 0; wave < 2; wave++) {
        float size = wildness * fabsf(hand_normal(rng, wave == 0 ? 0.012f : 0.006f));
        float rate = (float)rng_range(rng, 0.08, 0.35) * (float)(wave + 1);
        float phase_x = (float)rng_range(rng, 0, 6.28), phase_y = (float)rng_range(rng, 0, 6.28);
        for (int i = 0; i < strokes->first[strokes->stroke_count]; i++) {
            strokes->x[i] += size * sinf(rate * (float)i + phase_x);
            strokes->y[i] += size * sinf(rate * (float)i + phase_y);
        }
    }
    float size = wildness * fabsf(hand_normal(rng, 0.12f)), rate = (float)rng_range(rng, 0.05, 0.3);
    float phase = (float)rng_range(rng, 0, 6.28);
    for (int i = 0; i < strokes->first[strokes->stroke_count]; i++) {
        strokes->press[i] = 1.0f + size * sinf(rate * (float)i + phase);
    }
}

void hand_write(int what, float wildness, Rng *rng, Knot *knots, int count, SyntheticStrokes *out) {
    shake(wildness, rng, knots, count);
    bend(what, wildness, rng, knots, count);
    trace(knots, count, out);
    respace(out, wildness, rng);
    hurry(out, (int)(wildness * (float)rng_range(rng, 0.0, 7.0)));
    tremble(out, wildness, rng);
}

void synthetic_strokes(int digit, int form, float wildness, Rng *rng, SyntheticStrokes *out) {
    ASSERT(form >= 0 && form < synthetic_form_count(digit));
    Knot knots[FORM_POINTS_MAX];
    int count = hand_parse(synthetic_forms(digit)->forms[form].path, knots);
    if (wildness > 0.0f && rng_uniform(rng) < 0.7) blend(digit, form, rng, knots, count);
    hand_write(digit, wildness, rng, knots, count, out);
}

// How narrow the strokes are: the shorter side of their box as a share of the longer.
static float narrowness(const SyntheticStrokes *strokes) {
    float x0 = strokes->x[0], x1 = x0, y0 = strokes->y[0], y1 = y0;
    for (int i = 1; i < strokes->first[strokes->stroke_count]; i++) {
        x0 = fminf(x0, strokes->x[i]);
        x1 = fmaxf(x1, strokes->x[i]);
        y0 = fminf(y0, strokes->y[i]);
        y1 = fmaxf(y1, strokes->y[i]);
    }
    float longer = fmaxf(fmaxf(x1 - x0, y1 - y0), 1e-6f);
    return fminf(x1 - x0, y1 - y0) / longer;
}

void hand_render(const SyntheticStrokes *strokes, float widest, Rng *rng,
                 uint8_t out[SYNTHETIC_PIXELS]) {
    // Pen widths in final pixels, as MNIST's: most are 2 to 4. The box of the ink is 20.
    float pen = fminf(expf(hand_normal(rng, 0.31f)) * 2.45f, widest);
    float ink = rng_uniform(rng) < 0.85 ? 1.0f : (float)rng_range(rng, 0.75, 1.0);
    float blur = (float)rng_range(rng, 0.0, 0.5);
    synthetic_render(strokes, pen, ink, blur, out);
}

uint8_t synthetic_image(uint64_t seed, uint64_t stream, uint32_t index,
                        uint8_t out[SYNTHETIC_PIXELS]) {
    enum { CLASSES = 10 };
    Rng base = rng_make(seed, stream);
    Rng block = rng_at(&base, (UINT64_C(1) << 40) + index / CLASSES);
    uint32_t labels[CLASSES];
    rng_permutation(&block, labels, CLASSES);
    int digit = (int)labels[index % CLASSES];

    Rng rng = rng_at(&base, index);
    SyntheticStrokes strokes;
    float wildness = (float)rng_range(&rng, 0.5, 1.35);
    synthetic_strokes(digit, synthetic_form_draw(digit, &rng), wildness, &rng, &strokes);
    hand_record(wildness, &rng, &strokes);
    // A pen too thick for the loops of a narrow digit leaves a blot that could be any digit.
    float widest = digit == 1 ? 20.0f : fmaxf(1.8f, 0.33f * 20.0f * narrowness(&strokes));
    hand_render(&strokes, widest, &rng, out);
    return (uint8_t)digit;
}
