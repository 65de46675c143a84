// Drawings with their history, and the canvas that follows them.
#include "base/rng.h"
#include "ink/canvas.h"
#include "ink_shapes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void must(Status status) {
    if (!status_is_ok(&status)) fail_msg("%s", status.message);
}

static void line(Drawing *drawing, StrokeKind kind, float x0, float y0, float x1, float y1) {
    must(drawing_begin(drawing, kind, 0.03f));
    must(drawing_add(drawing, x0, y0, 1.0f));
    must(drawing_add(drawing, x1, y1, 1.0f));
    drawing_end(drawing);
}

// Each letter an edit, then what must be visible: number of strokes, and whether undo/redo is on.
static const struct {
    const char *edits; // s stroke, c clear, u undo, r redo, e empty stroke
    size_t visible;
    bool undo, redo;
} HISTORY[] = {
    {"", 0, false, false},     {"s", 1, true, false},      {"ss", 2, true, false},
    {"ssu", 1, true, true},    {"ssuu", 0, false, true},   {"ssuuu", 0, false, true},
    {"ssuur", 1, true, true},  {"ssuurr", 2, true, false}, {"ssuurrr", 2, true, false},
    {"ssus", 2, true, false},  {"ssusr", 2, true, false},  {"ssc", 0, true, false},
    {"sscu", 2, true, true},   {"sscur", 0, true, false},  {"sscs", 1, true, false},
    {"sscsuu", 2, true, true}, {"c", 0, false, false},     {"scc", 0, true, false},
    {"sccu", 1, true, true},   {"e", 0, false, false},     {"sueu", 0, false, false},
    {"sse", 2, true, false},
};

static void history_is_by_stroke(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof HISTORY / sizeof *HISTORY; i++) {
        Drawing drawing = {0};
        for (const char *edit = HISTORY[i].edits; *edit; edit++) {
            if (*edit == 's') line(&drawing, STROKE_INK, 0.1f, 0.2f, 0.3f, 0.4f);
            if (*edit == 'e') {
                must(drawing_begin(&drawing, STROKE_INK, 0.03f));
                drawing_end(&drawing);
            }
            if (*edit == 'c') must(drawing_clear(&drawing));
            if (*edit == 'u') drawing_undo(&drawing);
            if (*edit == 'r') drawing_redo(&drawing);
        }
        size_t visible = drawing.live - drawing_first(&drawing);
        if (visible != HISTORY[i].visible || drawing_can_undo(&drawing) != HISTORY[i].undo ||
            drawing_can_redo(&drawing) != HISTORY[i].redo)
            fail_msg("\"%s\": %zu strokes, undo %d, redo %d", HISTORY[i].edits, visible,
                     drawing_can_undo(&drawing), drawing_can_redo(&drawing));
        assert_int_equal(drawing_is_blank(&drawing), HISTORY[i].visible == 0);
        drawing_close(&drawing);
    }
}

static void odd_points_are_tamed(void **state) {
    (void)state;
    static const struct {
        float x, y;
        bool good;
    } CASES[] = {{NAN, 0.5f, false},       {0.5f, NAN, false},  {INFINITY, 0.5f, false},
                 {0.5f, -INFINITY, false}, {1e30f, 0.5f, true}, {0.5f, -1e30f, true},
                 {0.5f, 0.5f, true}};
    Drawing drawing = {0};
    must(drawing_begin(&drawing, STROKE_INK, NAN));
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        size_t before = drawing.point_count;
        Status status = drawing_add(&drawing, CASES[i].x, CASES[i].y, NAN);
        assert_int_equal(status_is_ok(&status), CASES[i].good);
        assert_int_equal(drawing.point_count, before + CASES[i].good);
    }
    size_t before = drawing.point_count;
    must(drawing_add(&drawing, 0.5f, 0.5f, 1.0f)); // the same again
    assert_int_equal(drawing.point_count, before);
    for (size_t i = 0; i < drawing.point_count; i++) {
        assert_true(fabsf(drawing.points[i].x) <= 1.0f + DRAWING_FAR);
        assert_true(fabsf(drawing.points[i].y) <= 1.0f + DRAWING_FAR);
        assert_true(drawing.points[i].pressure == 1.0f);
    }
    Canvas canvas = {0};
    must(canvas_open(&canvas, 64));
    canvas_update(&canvas, &drawing);
    canvas_close(&canvas);
    drawing_end(&drawing);
    must(drawing_add(&drawing, 0.1f, 0.1f, 1.0f)); // no stroke open: nothing happens
    assert_int_equal(drawing.point_count, before);
    drawing_close(&drawing);
}

static void full_says_so_and_clear_helps(void **state) {
    (void)state;
    Drawing drawing = {0};
    must(drawing_begin(&drawing, STROKE_INK, 0.03f));
    for (int i = 0; i < DRAWING_POINTS_MAX; i++)
        must(drawing_add(&drawing, (float)(i % 1000) * 0.001f, 0.5f, 1.0f));
    Status status = drawing_add(&drawing, 0.5f, 0.1f, 1.0f);
    assert_int_equal(status.code, STATUS_USAGE);
    assert_int_equal(drawing.point_count, DRAWING_POINTS_MAX);
    must(drawing_clear(&drawing));
    line(&drawing, STROKE_INK, 0.1f, 0.1f, 0.2f, 0.2f);
    assert_int_equal(drawing.point_count, 2);
    drawing_reset(&drawing);
    for (int i = 0; i < DRAWING_STROKES_MAX; i++)
        line(&drawing, STROKE_INK, 0.1f, 0.1f, 0.2f, 0.2f);
    status = drawing_begin(&drawing, STROKE_INK, 0.03f);
    assert_int_equal(status.code, STATUS_USAGE);
    must(drawing_clear(&drawing));
    line(&drawing, STROKE_INK, 0.1f, 0.1f, 0.2f, 0.2f);
    assert_int_equal(drawing.live - drawing_first(&drawing), 1);
    drawing_close(&drawing);
}

static void copy_has_what_is_visible(void **state) {
    (void)state;
    Drawing from = {0}, to = {0};
    line(&to, STROKE_INK, 0.1f, 0.1f, 0.9f, 0.9f);
    must(drawing_copy(&to, &from));
    assert_true(drawing_is_blank(&to));
    line(&from, STROKE_INK, 0.9f, 0.9f, 0.8f, 0.8f);
    must(drawing_clear(&from));
    for (int i = 0; i < SHAPE_COUNT; i++) assert_true(shape_add(&from, &SHAPES[i], 1, 0, 0, 0.03f));
    must(drawing_begin(&from, STROKE_INK, 0.02f));
    must(drawing_copy(&to, &from));
    drawing_end(&from);
    Canvas a = {0}, b = {0};
    must(canvas_open(&a, 100));
    must(canvas_open(&b, 100));
    canvas_update(&a, &from);
    canvas_update(&b, &to);
    assert_memory_equal(a.pixels, b.pixels, 100 * 100);
    assert_int_equal(drawing_first(&to), 0);
    canvas_close(&a);
    canvas_close(&b);
    drawing_close(&from);
    drawing_close(&to);
}

static void assert_only_inside_changed(const Canvas *canvas, const uint8_t *before, PixelRect r,
                                       uint64_t seed) {
    for (int y = 0; y < canvas->side; y++)
        for (int x = 0; x < canvas->side; x++) {
            bool inside = x >= r.x0 && x < r.x1 && y >= r.y0 && y < r.y1;
            int i = y * canvas->side + x;
            if (!inside && canvas->pixels[i] != before[i])
                fail_msg("seed %llu: pixel %d,%d changed outside of the rectangle",
                         (unsigned long long)seed, x, y);
        }
}

// One random edit of a drawing: mostly points, sometimes a stroke, a clear, an undo, a redo.
static void edit(Drawing *drawing, Rng *rng) {
    switch (rng_below(rng, 24)) {
    case 0:
    case 1:
        must(drawing_begin(drawing, rng_below(rng, 4) ? STROKE_INK : STROKE_ERASE,
                           (float)rng_range(rng, 0.0, 0.12)));
        break;
    case 2:
        drawing_undo(drawing);
        break;
    case 3:
        drawing_redo(drawing);
        break;
    case 4:
        if (rng_below(rng, 8) == 0) must(drawing_clear(drawing));
        break;
    default:
        must(drawing_add(drawing, (float)rng_range(rng, -0.1, 1.1),
                         (float)rng_range(rng, -0.1, 1.1), (float)rng_uniform(rng)));
    }
}

static void newest_alone_equals_everything(void **state) {
    (void)state;
    enum { SIDE = 97 };
    for (uint64_t seed = 1; seed <= 10; seed++) {
        Rng rng = rng_make(seed, 7);
        Drawing drawing = {0};
        Canvas live = {0}, fresh = {0};
        uint8_t before[SIDE * SIDE];
        must(canvas_open(&live, SIDE));
        must(canvas_open(&fresh, SIDE));
        for (int i = 0; i < 300; i++) {
            edit(&drawing, &rng);
            memcpy(before, live.pixels, sizeof before);
            PixelRect dirty = canvas_update(&live, &drawing);
            assert_only_inside_changed(&live, before, dirty, seed);
            canvas_invalidate(&fresh);
            canvas_update(&fresh, &drawing);
            if (memcmp(live.pixels, fresh.pixels, sizeof before) != 0)
                fail_msg("seed %llu, edit %d: not what redrawing gives", (unsigned long long)seed,
                         i);
            assert_true(pixel_rect_is_empty(canvas_update(&live, &drawing)));
        }
        canvas_close(&live);
        canvas_close(&fresh);
        drawing_close(&drawing);
    }
}

static double ink_of(const Canvas *canvas) {
    double sum = 0.0;
    for (int i = 0; i < canvas->side * canvas->side; i++) sum += canvas->pixels[i];
    return sum / 255.0;
}

static void ink_covers_the_area_of_a_capsule(void **state) {
    (void)state;
    static const float CASES[][5] = {{0.5f, 0.5f, 0.5f, 0.5f, 0.1f},
                                     {0.2f, 0.5f, 0.8f, 0.5f, 0.05f},
                                     {0.3f, 0.2f, 0.6f, 0.9f, 0.02f},
                                     {0.8f, 0.3f, 0.1f, 0.2f, 0.09f}};
    enum { SIDE = 200 };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const float *c = CASES[i];
        Drawing drawing = {0};
        Canvas canvas = {0};
        must(canvas_open(&canvas, SIDE));
        must(drawing_begin(&drawing, STROKE_INK, c[4]));
        must(drawing_add(&drawing, c[0], c[1], 1.0f));
        must(drawing_add(&drawing, c[2], c[3], 1.0f));
        canvas_update(&canvas, &drawing);
        double r = c[4] * SIDE, length = hypot(c[2] - c[0], c[3] - c[1]) * SIDE;
        double area = 2.0 * r * length + 3.14159265 * r * r, edge = 2.0 * length + 6.2831853 * r;
        // The soft edge is one pixel wide and linear: a pixel at it errs by at most 1/8 of its area
        // (an edge along the diagonal), in both directions, so much less in the sum.
        if (fabs(ink_of(&canvas) - area) > edge / 8.0)
            fail_msg("case %zu: %g pixels of ink, not %g", i, ink_of(&canvas), area);
        // No gaps: every place on the line is full ink.
        for (int k = 0; k <= 1000; k++) {
            float t = (float)k / 1000.0f;
            int x = (int)((c[0] + (c[2] - c[0]) * t) * SIDE);
            int y = (int)((c[1] + (c[3] - c[1]) * t) * SIDE);
            assert_int_equal(canvas.pixels[y * SIDE + x], 255);
        }
        must(drawing_begin(&drawing, STROKE_ERASE, 0.1f));
        must(drawing_add(&drawing, c[0], c[1], 1.0f));
        must(drawing_add(&drawing, c[2], c[3], 1.0f));
        canvas_update(&canvas, &drawing);
        assert_true(ink_of(&canvas) <= (c[4] < 0.1f ? 0.0 : edge));
        canvas_close(&canvas);
        drawing_close(&drawing);
    }
}

static void canvas_refuses_odd_sides(void **state) {
    (void)state;
    static const int SIDES[] = {0, -1, CANVAS_SIDE_MAX + 1};
    Canvas canvas = {0};
    Drawing drawing = {0};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(canvas_open(&canvas, SIDES[i]).code, STATUS_USAGE);
    assert_true(pixel_rect_is_empty(canvas_update(&canvas, &drawing)));
    canvas_close(&canvas);
}

static void backdrop_lies_under_the_strokes(void **state) {
    (void)state;
    static const uint8_t PICTURE[4] = {0, 100, 200, 255};
    Canvas canvas = {0};
    Drawing drawing = {0};
    must(canvas_open(&canvas, 10));
    must(canvas_set_backdrop(&canvas, PICTURE, 2, 2, 2));
    PixelRect dirty = canvas_update(&canvas, &drawing);
    assert_true(dirty.x1 == 10 && dirty.y1 == 10);
    assert_int_equal(canvas.pixels[0], 0);
    assert_int_equal(canvas.pixels[9], 100);
    assert_int_equal(canvas.pixels[90], 200);
    line(&drawing, STROKE_ERASE, 0.95f, 0.95f, 0.95f, 0.94f);
    canvas_update(&canvas, &drawing);
    assert_true(canvas.pixels[99] < 255);
    assert_int_equal(canvas.pixels[90], 200);
    must(canvas_set_backdrop(&canvas, NULL, 0, 0, 0));
    canvas_update(&canvas, &drawing);
    assert_int_equal(canvas.pixels[90], 0);
    canvas_close(&canvas);
    drawing_close(&drawing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_is_by_stroke),
        cmocka_unit_test(odd_points_are_tamed),
        cmocka_unit_test(full_says_so_and_clear_helps),
        cmocka_unit_test(copy_has_what_is_visible),
        cmocka_unit_test(newest_alone_equals_everything),
        cmocka_unit_test(ink_covers_the_area_of_a_capsule),
        cmocka_unit_test(canvas_refuses_odd_sides),
        cmocka_unit_test(backdrop_lies_under_the_strokes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
