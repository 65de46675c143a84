// From strokes and from canvas pixels to what the network sees: the same from any place, size and
// brush; MNIST's box and centre of mass.
#include "ink/canvas.h"
#include "ink/fit.h"
#include "ink_seen.h"
#include "ink_shapes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FIELD = 28, PIXELS = FIELD * FIELD };

static void must(Status status) {
    if (!status_is_ok(&status)) fail_msg("%s", status.message);
}

static InkFit fit_shape(const Shape *shape, float scale, float dx, float dy, float radius,
                        const InkOptions *options, uint8_t *out) {
    Drawing drawing = {0};
    InkFit fit;
    assert_true(shape_add(&drawing, shape, scale, dx, dy, radius));
    must(ink_fit_drawing(&drawing, options, out, &fit));
    drawing_close(&drawing);
    return fit;
}

typedef struct Seen {
    int x0, y0, x1, y1; // box of what is not 0, x1 and y1 included
    double mass, cx, cy;
} Seen;

static Seen look(const uint8_t *p, int n) {
    Seen s = {n, n, -1, -1, 0.0, 0.0, 0.0};
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            int v = p[y * n + x];
            if (!v) continue;
            s.mass += v, s.cx += (double)v * x, s.cy += (double)v * y;
            s.x0 = x < s.x0 ? x : s.x0, s.x1 = x > s.x1 ? x : s.x1;
            s.y0 = y < s.y0 ? y : s.y0, s.y1 = y > s.y1 ? y : s.y1;
        }
    if (s.mass > 0.0) s.cx /= s.mass, s.cy /= s.mass;
    return s;
}

static int longer_side(const Seen *s) {
    return (s->x1 - s->x0 > s->y1 - s->y0 ? s->x1 - s->x0 : s->y1 - s->y0) + 1;
}

static void same_from_everywhere(void **state) {
    (void)state;
    static const float CASES[][4] = {
        // scale, dx, dy, radius
        {1.0f, 0.0f, 0.0f, BRUSH_RADIUS_MIN}, {1.0f, 0.0f, 0.0f, BRUSH_RADIUS_MAX},
        {1.0f, 0.1f, -0.12f, 0.04f},          {0.333f, 0.0f, 0.0f, 0.04f},
        {0.333f, 0.35f, 0.3f, 0.04f},         {0.333f, -0.3f, -0.3f, BRUSH_RADIUS_MAX},
        {1.3f, 0.0f, 0.0f, BRUSH_RADIUS_MIN}, {0.2f, 0.4f, -0.35f, 0.01f}};
    InkOptions options = ink_options_default(FIELD);
    for (int i = 0; i < SHAPE_COUNT; i++) {
        uint8_t here[PIXELS], there[PIXELS];
        fit_shape(&SHAPES[i], 1.0f, 0.0f, 0.0f, 0.04f, &options, here);
        for (size_t k = 0; k < sizeof CASES / sizeof *CASES; k++) {
            const float *c = CASES[k];
            InkFit fit = fit_shape(&SHAPES[i], c[0], c[1], c[2], c[3], &options, there);
            assert_false(fit.blank || fit.dot);
            // Coordinates carry FLT_EPSILON / 2 of their size; the smallest drawing (0.12 of the
            // canvas) is enlarged to 80 fine pixels, an edge there goes from 0 to 255 in one. So
            // far less than one grey level, which can still tip a rounding: once in the fine
            // picture, once in the mean.
            for (int p = 0; p < PIXELS; p++)
                if (abs(here[p] - there[p]) > 2)
                    fail_msg("%s, case %zu: pixel %d is %d, not %d", SHAPES[i].name, k, p, there[p],
                             here[p]);
        }
    }
}

static void box_and_centre_are_mnists(void **state) {
    (void)state;
    static const int FIELDS[] = {28, 32, 20, 64};
    for (size_t f = 0; f < 4; f++) {
        int n = FIELDS[f];
        InkOptions options = ink_options_default(n);
        if (n == 28) assert_int_equal(options.box, 20);
        for (int i = 0; i < SHAPE_COUNT; i++) {
            uint8_t out[64 * 64];
            fit_shape(&SHAPES[i], 0.7f, 0.05f, 0.1f, 0.04f, &options, out);
            Seen s = look(out, n);
            if (longer_side(&s) != options.box)
                fail_msg("%s, field %d: %d pixels long", SHAPES[i].name, n, longer_side(&s));
            assert_true(s.cx >= n / 2.0 - 0.5 && s.cx <= n / 2.0 + 0.5);
            assert_true(s.cy >= n / 2.0 - 0.5 && s.cy <= n / 2.0 + 0.5);
        }
    }
}

// A lopsided drawing: its centre of mass is so far to one side that centring would push ink out.
static void ink_is_not_pushed_out(void **state) {
    (void)state;
    InkOptions options = ink_options_default(FIELD);
    Drawing drawing = {0};
    uint8_t out[PIXELS];
    InkFit fit;
    must(drawing_begin(&drawing, STROKE_INK, 0.02f));
    must(drawing_add(&drawing, 0.9f, 0.5f, 1.0f));
    must(drawing_add(&drawing, 0.1f, 0.5f, 1.0f));
    for (int i = 0; i < 60; i++)
        must(drawing_add(&drawing, i % 2 ? 0.1f : 0.2f, 0.2f + 0.01f * (float)i, 1.0f));
    must(ink_fit_drawing(&drawing, &options, out, &fit));
    Seen s = look(out, FIELD);
    assert_int_equal(longer_side(&s), 20);
    drawing_close(&drawing);
}

static void blank_is_said(void **state) {
    (void)state;
    InkOptions options = ink_options_default(FIELD);
    Drawing drawing = {0};
    uint8_t out[PIXELS];
    InkFit fit;
    memset(out, 7, sizeof out);
    must(ink_fit_drawing(&drawing, &options, out, &fit));
    assert_true(fit.blank && look(out, FIELD).mass == 0.0);
    // Outside of the canvas nothing is to be seen.
    must(drawing_begin(&drawing, STROKE_INK, 0.05f));
    must(drawing_add(&drawing, 1.5f, 1.5f, 1.0f));
    must(drawing_add(&drawing, 1.5f, 1.6f, 1.0f));
    must(ink_fit_drawing(&drawing, &options, out, &fit));
    assert_true(fit.blank);
    // Erased to nothing.
    assert_true(shape_add(&drawing, &SHAPES[4], 1.0f, 0.0f, 0.0f, 0.02f));
    must(drawing_begin(&drawing, STROKE_ERASE, 0.1f));
    for (int i = 0; i <= 20; i++)
        must(drawing_add(&drawing, i % 2 ? 0.0f : 1.0f, (float)i / 20.0f, 1.0f));
    must(ink_fit_drawing(&drawing, &options, out, &fit));
    assert_true(fit.blank && look(out, FIELD).mass == 0.0);
    static const uint8_t PAPER[100] = {0};
    must(ink_fit_grey(PAPER, 10, 10, 10, &options, out, &fit));
    assert_true(fit.blank && look(out, FIELD).mass == 0.0);
    drawing_close(&drawing);
}

static void dot_stays_a_dot(void **state) {
    (void)state;
    InkOptions options = ink_options_default(FIELD);
    static const float JITTER[] = {0.0f, 0.003f, 0.03f}; // less than the brush's radius
    double full = 255.0 * 3.14159265 * 0.25 * (double)options.width * (double)options.width;
    for (size_t i = 0; i < 3; i++) {
        Drawing drawing = {0};
        uint8_t out[PIXELS];
        InkFit fit;
        must(drawing_begin(&drawing, STROKE_INK, 0.04f));
        must(drawing_add(&drawing, 0.2f, 0.7f, 1.0f));
        must(drawing_add(&drawing, 0.2f + JITTER[i], 0.7f, 1.0f));
        must(ink_fit_drawing(&drawing, &options, out, &fit));
        Seen s = look(out, FIELD);
        assert_true(fit.dot && !fit.blank);
        // Grows by at most radius x width: half a square of the width.
        assert_true(s.mass >= 0.9 * full && s.mass <= 1.1 * full + 255.0 * 0.5 * 6.0);
        assert_true(fabs(s.cx - 14.0) <= 0.5 && fabs(s.cy - 14.0) <= 0.5);
        drawing_close(&drawing);
    }
}

static void transform_is_told(void **state) {
    (void)state;
    InkOptions options = ink_options_default(FIELD);
    for (int i = 0; i < SHAPE_COUNT; i++) {
        uint8_t out[PIXELS];
        InkFit fit = fit_shape(&SHAPES[i], 1.0f, 0.0f, 0.0f, 0.04f, &options, out);
        for (int k = 0; k < SHAPES[i].counts[0]; k++) {
            const float *p = SHAPES[i].points[0][k];
            float x = p[0] * fit.scale + fit.shift_x, y = p[1] * fit.scale + fit.shift_y;
            assert_true(x >= 0.0f && x < FIELD && y >= 0.0f && y < FIELD);
            // The pixel that holds a point of the line: more than a third of it lies within half
            // the width (1.16 pixels) even when the line ends in it.
            if (out[(int)y * FIELD + (int)x] < 85)
                fail_msg("%s: no ink at point %d", SHAPES[i].name, k);
        }
        assert_true(fit.x0 >= 0.15f && fit.x1 <= 0.85f && fit.x0 < fit.x1 && fit.y0 < fit.y1);
        assert_true(fabsf(fit.stroke_width - 0.08f * fit.scale) < 1e-3f);
    }
}

static void eraser_cuts_lines(void **state) {
    (void)state;
    InkOptions options = ink_options_default(FIELD);
    Drawing drawing = {0};
    uint8_t whole[PIXELS], out[PIXELS];
    InkFit fit;
    // Something beside the digit, erased again, leaves the digit alone.
    fit_shape(&SHAPES[4], 0.6f, 0.0f, 0.0f, 0.02f, &options, whole);
    assert_true(shape_add(&drawing, &SHAPES[4], 0.6f, 0.0f, 0.0f, 0.02f));
    must(drawing_begin(&drawing, STROKE_INK, 0.02f));
    must(drawing_add(&drawing, 0.95f, 0.1f, 1.0f));
    must(drawing_add(&drawing, 0.95f, 0.9f, 1.0f));
    must(drawing_begin(&drawing, STROKE_ERASE, 0.06f));
    must(drawing_add(&drawing, 0.95f, 0.1f, 1.0f));
    must(drawing_add(&drawing, 0.95f, 0.9f, 1.0f));
    must(ink_fit_drawing(&drawing, &options, out, &fit));
    for (int p = 0; p < PIXELS; p++) assert_true(abs(out[p] - whole[p]) <= 2);
    // A gap in the middle of a line; ink drawn after the eraser stays.
    drawing_reset(&drawing);
    must(drawing_begin(&drawing, STROKE_INK, 0.02f));
    must(drawing_add(&drawing, 0.1f, 0.5f, 1.0f));
    must(drawing_add(&drawing, 0.9f, 0.5f, 1.0f));
    must(drawing_begin(&drawing, STROKE_ERASE, 0.1f));
    must(drawing_add(&drawing, 0.5f, 0.4f, 1.0f));
    must(drawing_add(&drawing, 0.5f, 0.6f, 1.0f));
    must(ink_fit_drawing(&drawing, &options, out, &fit));
    int row = (int)(0.5f * fit.scale + fit.shift_y), column = (int)(0.5f * fit.scale + fit.shift_x);
    assert_int_equal(out[row * FIELD + column], 0);
    assert_true(out[row * FIELD + column - 5] > 200 && out[row * FIELD + column + 5] > 200);
    must(drawing_begin(&drawing, STROKE_INK, 0.02f));
    must(drawing_add(&drawing, 0.4f, 0.5f, 1.0f));
    must(drawing_add(&drawing, 0.6f, 0.5f, 1.0f));
    must(ink_fit_drawing(&drawing, &options, out, &fit));
    assert_true(out[row * FIELD + column] > 200);
    drawing_close(&drawing);
}

static void each_step_can_be_off(void **state) {
    (void)state;
    const Shape *five = &SHAPES[4];
    uint8_t out[PIXELS], other[PIXELS];
    InkOptions options = ink_options_default(FIELD);
    options.fit_box = options.centre = false;
    // The canvas as it is: the drawing's place shows.
    fit_shape(five, 0.3f, 0.3f, 0.3f, 0.02f, &options, out);
    Seen s = look(out, FIELD);
    assert_true(s.cx > 20.0 && s.cy > 20.0 && longer_side(&s) < 14);
    options.centre = true;
    fit_shape(five, 0.3f, 0.3f, 0.3f, 0.02f, &options, out);
    s = look(out, FIELD);
    assert_true(fabs(s.cx - 14.0) <= 0.5 && longer_side(&s) < 14);
    // The middle of the box instead of the centre of mass.
    options = ink_options_default(FIELD);
    options.centre = false;
    fit_shape(&SHAPES[5], 1.0f, 0.0f, 0.0f, 0.02f, &options, out);
    s = look(out, FIELD);
    assert_int_equal(s.y0, 4);
    assert_int_equal(s.y1, 23);
    assert_true(s.x0 + s.x1 == FIELD - 1 || s.x0 + s.x1 == FIELD - 2);
    // The brush's width shows.
    options = ink_options_default(FIELD);
    options.normalize_width = false;
    fit_shape(five, 1.0f, 0.0f, 0.0f, 0.01f, &options, out);
    fit_shape(five, 1.0f, 0.0f, 0.0f, 0.08f, &options, other);
    Seen thin = look(out, FIELD), thick = look(other, FIELD);
    assert_true(thick.mass > 2.0 * thin.mass);
    assert_int_equal(longer_side(&thin), 20);
    assert_int_equal(longer_side(&thick), 20);
    // Ragged: hardly a grey left.
    options = ink_options_default(FIELD);
    int greys[2] = {0};
    for (int k = 0; k < 2; k++) {
        options.average = k == 0;
        fit_shape(five, 1.0f, 0.0f, 0.0f, 0.04f, &options, out);
        for (int p = 0; p < PIXELS; p++) greys[k] += out[p] > 0 && out[p] < 255;
    }
    assert_true(greys[1] * 2 < greys[0]);
}

static void senseless_options_are_refused(void **state) {
    (void)state;
    struct {
        int field, box;
        float width;
    } cases[] = {{0, 0, 1.0f},    {7, 5, 1.0f},  {INK_FIELD_MAX + 1, 20, 2.0f},
                 {28, 29, 2.0f},  {28, 3, 1.0f}, {28, 20, 0.0f},
                 {28, 20, 11.0f}, {28, 20, NAN}, {-28, -20, 2.0f}};
    Drawing drawing = {0};
    uint8_t out[PIXELS], dot = 255;
    InkFit fit;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        InkOptions options = ink_options_default(FIELD);
        options.field = cases[i].field;
        options.box = cases[i].box;
        options.width = cases[i].width;
        assert_int_equal(ink_fit_drawing(&drawing, &options, out, &fit).code, STATUS_USAGE);
        assert_int_equal(ink_fit_grey(&dot, 1, 1, 1, &options, out, &fit).code, STATUS_USAGE);
    }
    InkOptions options = ink_options_default(FIELD);
    assert_int_equal(ink_fit_grey(&dot, 0, 1, 1, &options, out, &fit).code, STATUS_USAGE);
    assert_int_equal(ink_fit_grey(&dot, 1, 5000, 1, &options, out, &fit).code, STATUS_USAGE);
    must(ink_fit_grey(&dot, 1, 1, 1, &options, out, &fit)); // one pixel of ink is a dot
    assert_false(fit.blank);
}

static void pixels_agree_with_strokes(void **state) {
    (void)state;
    static const float CASES[][4] = {{1.0f, 0.0f, 0.0f, 0.006f},
                                     {1.0f, 0.0f, 0.0f, 0.03f},
                                     {0.8f, 0.1f, 0.1f, 0.05f},
                                     {0.4f, -0.2f, 0.25f, 0.01f},
                                     {0.4f, 0.2f, -0.2f, 0.02f}};
    InkOptions options = ink_options_default(FIELD);
    Canvas canvas = {0};
    must(canvas_open(&canvas, 350));
    for (int i = 0; i < SHAPE_COUNT; i++)
        for (size_t k = 0; k < sizeof CASES / sizeof *CASES; k++) {
            const float *c = CASES[k];
            Drawing drawing = {0};
            uint8_t strokes[PIXELS], pixels[PIXELS];
            InkFit fit;
            assert_true(shape_add(&drawing, &SHAPES[i], c[0], c[1], c[2], c[3]));
            canvas_invalidate(&canvas);
            canvas_update(&canvas, &drawing);
            must(ink_fit_drawing(&drawing, &options, strokes, &fit));
            must(ink_fit_grey(canvas.pixels, 350, 350, 350, &options, pixels, &fit));
            Seen s = look(pixels, FIELD);
            bool centred = fabs(s.cx - 14.0) <= 0.5 && fabs(s.cy - 14.0) <= 0.5;
            if (longer_side(&s) != 20 || !centred || !covers(strokes, pixels) ||
                !covers(pixels, strokes))
                fail_msg("%s, case %zu: the ways differ by more than a pixel", SHAPES[i].name, k);
            drawing_close(&drawing);
        }
    canvas_close(&canvas);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_from_everywhere),
        cmocka_unit_test(box_and_centre_are_mnists),
        cmocka_unit_test(ink_is_not_pushed_out),
        cmocka_unit_test(blank_is_said),
        cmocka_unit_test(dot_stays_a_dot),
        cmocka_unit_test(transform_is_told),
        cmocka_unit_test(eraser_cuts_lines),
        cmocka_unit_test(each_step_can_be_off),
        cmocka_unit_test(senseless_options_are_refused),
        cmocka_unit_test(pixels_agree_with_strokes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
