// Pictures of no digit, from nothing: what a network is shown so that it learns not to be sure of
// everything. Kinds and their shares are the table at the end. Not here: the letters and signs
// (synthetic_forms_other.c), what a hand does to them (synthetic.c).
#include "base/check.h"
#include "base/streams.h"
#include "dataset/synthetic_forms.h"
#include "dataset/synthetic_hand.h"

#include <math.h>
#include <string.h>

int synthetic_other_form_count(void) {
    return synthetic_forms_other.count;
}

const char *synthetic_other_form_name(int form) {
    ASSERT(form >= 0 && form < synthetic_forms_other.count);
    return synthetic_forms_other.forms[form].name;
}

void synthetic_other_form_strokes(int form, float wildness, Rng *rng, SyntheticStrokes *out) {
    ASSERT(form >= 0 && form < synthetic_forms_other.count);
    Knot knots[FORM_POINTS_MAX];
    int count = hand_parse(synthetic_forms_other.forms[form].path, knots);
    hand_write(HAND_ANYTHING, wildness, rng, knots, count, out);
}

// ---- kinds --------------------------------------------------------------------------------------

static void make_form(Rng *rng, SyntheticStrokes *out) {
    const FormList *list = &synthetic_forms_other;
    float sum = 0.0f;
    for (int i = 0; i < list->count; i++) sum += list->forms[i].weight;
    float at = (float)rng_uniform(rng) * sum;
    int form = 0;
    while (form < list->count - 1 && (at -= list->forms[form].weight) >= 0.0f) form++;
    synthetic_other_form_strokes(form, (float)rng_range(rng, 0.4, 1.3), rng, out);
}

// A pen that wanders about, changing its mind often.
static void make_scribble(Rng *rng, SyntheticStrokes *out) {
    Knot knots[FORM_POINTS_MAX];
    int count = 9 + (int)rng_below(rng, FORM_POINTS_MAX - 9);
    float turn = (float)rng_range(rng, -2.4, 2.4), angle = (float)rng_range(rng, 0, 6.28);
    float wide = (float)rng_range(rng, 0.4, 1.6), step = (float)rng_range(rng, 0.25, 0.7);
    bool corners = rng_uniform(rng) < 0.3;
    float x = 0.5f, y = 0.5f;
    for (int k = 0; k < count; k++) {
        bool lift = k > 0 && k + 1 < count && knots[k - 1].kind != 'm' && rng_uniform(rng) < 0.04;
        knots[k] = (Knot){x * wide, y, k == 0 || lift ? 'm' : corners ? 'c' : 's'};
        angle += turn + hand_normal(rng, 0.9f);
        x += step * cosf(angle) - 0.25f * (x - 0.5f); // drawn back to the middle
        y += step * sinf(angle) - 0.25f * (y - 0.5f);
    }
    int strokes = 0;
    for (int k = 0; k < count; k++) {
        if (knots[k].kind == 'm' && ++strokes > SYNTHETIC_STROKES_MAX) knots[k].kind = 's';
    }
    hand_write(HAND_ANYTHING, 0.5f, rng, knots, count, out);
}

// To and fro, as one blackens a field or crosses something out.
static void make_hatching(Rng *rng, SyntheticStrokes *out) {
    Knot knots[FORM_POINTS_MAX];
    int count = 7 + (int)rng_below(rng, 24);
    char kind = rng_uniform(rng) < 0.5 ? 'c' : 's';
    bool upright = rng_uniform(rng) < 0.5;
    for (int k = 0; k < count; k++) {
        float along = (float)k / (float)(count - 1);
        float across = (float)(k % 2) + hand_normal(rng, 0.1f);
        knots[k] = (Knot){upright ? across : along, upright ? along : across, k == 0 ? 'm' : kind};
    }
    hand_write(HAND_ANYTHING, 1.0f, rng, knots, count, out);
}

// A few strokes that have nothing to do with each other.
static void make_sticks(Rng *rng, SyntheticStrokes *out) {
    Knot knots[FORM_POINTS_MAX];
    int strokes = 2 + (int)rng_below(rng, 4), count = 0;
    for (int s = 0; s < strokes; s++) {
        float x = (float)rng_uniform(rng), y = (float)rng_uniform(rng);
        float dx = (float)rng_range(rng, -0.5, 0.5), dy = (float)rng_range(rng, -0.5, 0.5);
        float bow = hand_normal(rng, 0.2f);
        knots[count++] = (Knot){x - dx, y - dy, 'm'};
        knots[count++] = (Knot){x - bow * dy, y + bow * dx, 's'};
        knots[count++] = (Knot){x + dx, y + dy, 's'};
    }
    hand_write(HAND_ANYTHING, 0.6f, rng, knots, count, out);
}

// A few dots. (One alone is found by its size, before any network: blown up it is a stroke.)
static void make_dots(Rng *rng, SyntheticStrokes *out) {
    Knot knots[FORM_POINTS_MAX];
    int dots = 2 + (int)rng_below(rng, 3), count = 0;
    float size = (float)rng_range(rng, 0.02, 0.12);
    for (int d = 0; d < dots; d++) {
        float x = (float)rng_uniform(rng), y = (float)rng_uniform(rng);
        knots[count++] = (Knot){x, y, 'm'};
        knots[count++] = (Knot){x + size, y + hand_normal(rng, size), 's'};
        knots[count++] = (Knot){x + hand_normal(rng, size), y + hand_normal(rng, size), 's'};
    }
    hand_write(HAND_ANYTHING, 0.3f, rng, knots, count, out);
}

// Appends `part`, scaled and moved so that its box begins at x and is `height` high; returns where
// it ends. What does not fit is left out.
static float append(SyntheticStrokes *out, const SyntheticStrokes *part, float x, float y,
                    float height) {
    int last = part->first[part->stroke_count];
    float x0 = part->x[0], x1 = x0, y0 = part->y[0], y1 = y0;
    for (int i = 1; i < last; i++) {
        x0 = fminf(x0, part->x[i]);
        x1 = fmaxf(x1, part->x[i]);
        y0 = fminf(y0, part->y[i]);
        y1 = fmaxf(y1, part->y[i]);
    }
    float scale = height / fmaxf(y1 - y0, 0.3f);
    int points = out->first[out->stroke_count];
    for (int s = 0; s < part->stroke_count; s++) {
        int from = part->first[s], to = part->first[s + 1];
        if (out->stroke_count == SYNTHETIC_STROKES_MAX) break;
        if (points + to - from > SYNTHETIC_POINTS_MAX) break;
        for (int i = from; i < to; i++, points++) {
            out->x[points] = x + (part->x[i] - x0) * scale;
            out->y[points] = y + (part->y[i] - y0) * scale;
            out->press[points] = part->press[i];
        }
        out->first[++out->stroke_count] = points;
    }
    return x + (x1 - x0) * scale;
}

// Two or three digits side by side.
static void make_number(Rng *rng, SyntheticStrokes *out) {
    int digits = rng_uniform(rng) < 0.75 ? 2 : 3;
    float wildness = (float)rng_range(rng, 0.4, 1.0), x = 0.0f;
    memset(out, 0, sizeof *out);
    for (int d = 0; d < digits; d++) {
        int digit = (int)rng_below(rng, 10);
        SyntheticStrokes part;
        synthetic_strokes(digit, synthetic_form_draw(digit, rng), wildness, rng, &part);
        float height = 1.0f + hand_normal(rng, 0.1f);
        x = append(out, &part, x, hand_normal(rng, 0.08f), height) + (float)rng_range(rng, 0, 0.4);
    }
}

// Two digits one on the other.
static void make_overlay(Rng *rng, SyntheticStrokes *out) {
    memset(out, 0, sizeof *out);
    int first = (int)rng_below(rng, 10), second = (first + 1 + (int)rng_below(rng, 9)) % 10;
    const int digits[2] = {first, second};
    for (int d = 0; d < 2; d++) {
        SyntheticStrokes part;
        synthetic_strokes(digits[d], synthetic_form_draw(digits[d], rng), 0.8f, rng, &part);
        append(out, &part, hand_normal(rng, 0.12f), hand_normal(rng, 0.25f), 1.0f);
    }
}

typedef struct Kind {
    void (*make)(Rng *rng, SyntheticStrokes *out);
    float share; // percent
} Kind;

static const Kind kinds[] = {
    {make_form, 66}, {make_scribble, 11}, {make_hatching, 3}, {make_sticks, 4},
    {make_dots, 2},  {make_number, 12},   {make_overlay, 2},
};

void synthetic_other_strokes(Rng *rng, SyntheticStrokes *out) {
    const size_t count = sizeof kinds / sizeof kinds[0];
    float at = (float)rng_range(rng, 0, 100);
    size_t kind = 0;
    while (kind < count - 1 && (at -= kinds[kind].share) >= 0.0f) kind++;
    kinds[kind].make(rng, out);
}

void synthetic_other_image(uint64_t seed, uint64_t stream, uint32_t index,
                           uint8_t out[SYNTHETIC_PIXELS]) {
    Rng base = rng_make(seed, stream), rng = rng_at(&base, index);
    SyntheticStrokes strokes;
    synthetic_other_strokes(&rng, &strokes);
    hand_record(1.0f, &rng, &strokes);
    hand_render(&strokes, 4.0f, &rng, out);
}
