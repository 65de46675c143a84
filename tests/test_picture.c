// Pictures of digits on paper: any polarity, light, size and place give what the strokes give.
#include "base/rng.h"
#include "files.h"
#include "ink/canvas.h"
#include "ink/picture.h"
#include "ink_seen.h"
#include "ink_shapes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD = 28, PIXELS = FIELD * FIELD, SIDE = 300 };

static void must(Status status) {
    if (!status_is_ok(&status)) fail_msg("%s", status.message);
}

typedef struct Paper {
    const char *name;
    double paper, ink;      // grey levels
    double gradient, bulge; // change of light from corner to corner, and from middle to border
    double noise;           // standard deviation
} Paper;

static const Paper PAPERS[] = {
    {"ink on white", 250, 20, 0, 0, 0},
    {"chalk on black", 10, 240, 0, 0, 0},
    {"pencil", 230, 150, 0, 0, 6},
    {"shadow from one side", 200, 70, 90, 0, 5},
    {"lamp", 190, 60, 0, 70, 5},
    {"dark paper, light ink, shadow", 70, 200, 60, 30, 5},
    {"gradient wider than the contrast", 150, 90, 150, 0, 3},
};
enum { PAPER_COUNT = sizeof PAPERS / sizeof *PAPERS };

static void photograph(const uint8_t *ink, int side, const Paper *paper, uint64_t seed,
                       uint8_t *out) {
    Rng rng = rng_make(seed, 3);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            double u = 2.0 * x / side - 1.0, v = 2.0 * y / side - 1.0;
            double share = ink[y * side + x] / 255.0;
            double level = paper->paper + (paper->ink - paper->paper) * share;
            level += 0.25 * paper->gradient * (u + v) - 0.5 * paper->bulge * (u * u + v * v);
            level += paper->noise * rng_normal(&rng);
            out[y * side + x] = (uint8_t)fmin(255.0, fmax(0.0, level));
        }
}

static void paper_does_not_matter(void **state) {
    (void)state;
    static const float PLACES[][4] = {
        {1.0f, 0.0f, 0.0f, 0.03f}, {0.5f, 0.2f, -0.2f, 0.015f}, {0.4f, -0.25f, 0.2f, 0.02f}};
    static uint8_t photo[SIDE * SIDE];
    InkOptions options = ink_options_default(FIELD);
    Canvas canvas = {0};
    must(canvas_open(&canvas, SIDE));
    for (int s = 0; s < SHAPE_COUNT; s++)
        for (int k = 0; k < PAPER_COUNT; k++)
            for (int p = 0; p < 3; p++) {
                const float *c = PLACES[p];
                Drawing drawing = {0};
                uint8_t wanted[PIXELS], got[PIXELS];
                InkFit ink;
                PictureFit fit;
                uint64_t seed = (uint64_t)(1000 * s + 10 * k + p);
                assert_true(shape_add(&drawing, &SHAPES[s], c[0], c[1], c[2], c[3]));
                must(ink_fit_drawing(&drawing, &options, wanted, &ink));
                canvas_invalidate(&canvas);
                canvas_update(&canvas, &drawing);
                photograph(canvas.pixels, SIDE, &PAPERS[k], seed, photo);
                must(picture_fit(photo, SIDE, SIDE, SIDE, &options, got, &fit));
                drawing_close(&drawing);
                if (fit.ink.blank) fail_msg("%s, %s: blank", SHAPES[s].name, PAPERS[k].name);
                assert_int_equal(fit.light_ink, PAPERS[k].ink > PAPERS[k].paper);
                if (!covers(wanted, got) || !covers(got, wanted))
                    fail_msg("%s, %s, place %d (seed %d): off by more than a pixel", SHAPES[s].name,
                             PAPERS[k].name, p, (int)seed);
            }
    canvas_close(&canvas);
}

static void paper_alone_is_blank(void **state) {
    (void)state;
    static uint8_t ink[SIDE * SIDE], photo[SIDE * SIDE];
    InkOptions options = ink_options_default(FIELD);
    for (int k = 0; k < PAPER_COUNT; k++) {
        uint8_t out[PIXELS];
        PictureFit fit;
        photograph(ink, SIDE, &PAPERS[k], 9, photo);
        must(picture_fit(photo, SIDE, SIDE, SIDE, &options, out, &fit));
        if (!fit.ink.blank) fail_msg("%s: ink on empty paper", PAPERS[k].name);
        for (int p = 0; p < PIXELS; p++) assert_int_equal(out[p], 0);
    }
}

static void ready_pictures_pass_unchanged(void **state) {
    (void)state;
    InkOptions options = ink_options_default(FIELD);
    for (int s = 0; s < SHAPE_COUNT; s++)
        for (int flip = 0; flip <= 255; flip += 255) {
            Drawing drawing = {0};
            uint8_t ready[PIXELS], picture[PIXELS], out[PIXELS];
            InkFit ink;
            PictureFit fit;
            assert_true(shape_add(&drawing, &SHAPES[s], 1.0f, 0.0f, 0.0f, 0.04f));
            must(ink_fit_drawing(&drawing, &options, ready, &ink));
            for (int p = 0; p < PIXELS; p++) picture[p] = ready[p] ^ (uint8_t)flip;
            must(picture_fit(picture, FIELD, FIELD, FIELD, &options, out, &fit));
            assert_true(fit.as_is && fit.light_ink == (flip == 0));
            assert_memory_equal(out, ready, PIXELS);
            drawing_close(&drawing);
        }
}

static void specks_and_table_edges_do_not_count(void **state) {
    (void)state;
    static uint8_t photo[SIDE * SIDE];
    InkOptions options = ink_options_default(FIELD);
    Canvas canvas = {0};
    Drawing drawing = {0};
    uint8_t wanted[PIXELS], got[PIXELS];
    InkFit ink;
    PictureFit fit;
    must(canvas_open(&canvas, SIDE));
    assert_true(shape_add(&drawing, &SHAPES[4], 0.6f, 0.0f, 0.0f, 0.03f));
    must(ink_fit_drawing(&drawing, &options, wanted, &ink));
    canvas_update(&canvas, &drawing);
    photograph(canvas.pixels, SIDE, &PAPERS[0], 1, photo);
    for (int i = 0; i < 4; i++) photo[(10 + i % 2) * SIDE + 20 + i / 2] = 0; // a speck
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < 4; x++) photo[y * SIDE + x] = 30; // the table
    must(picture_fit(photo, SIDE, SIDE, SIDE, &options, got, &fit));
    assert_true(covers(wanted, got) && covers(got, wanted));
    canvas_close(&canvas);
    drawing_close(&drawing);
}

static void odd_sizes_do_no_harm(void **state) {
    (void)state;
    static const int SIZES[][2] = {{1, 1},   {1, 40},  {40, 1},    {2, 2},      {3, 1000},
                                   {700, 5}, {28, 28}, {321, 319}, {1000, 1000}};
    InkOptions options = ink_options_default(FIELD);
    static uint8_t noise[1000 * 1000];
    Rng rng = rng_make(5, 5);
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)(rng_next(&rng) & 255u);
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        uint8_t out[PIXELS];
        PictureFit fit;
        must(picture_fit(noise, SIZES[i][0], SIZES[i][1], SIZES[i][0], &options, out, &fit));
    }
    uint8_t out[PIXELS];
    PictureFit fit;
    assert_int_equal(picture_fit(noise, 0, 5, 5, &options, out, &fit).code, STATUS_USAGE);
    assert_int_equal(picture_fit(noise, 5, PICTURE_SIDE_MAX + 1, 5, &options, out, &fit).code,
                     STATUS_USAGE);
    options.field = 0;
    assert_int_equal(picture_fit(noise, 5, 5, 5, &options, out, &fit).code, STATUS_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paper_does_not_matter),
        cmocka_unit_test(paper_alone_is_blank),
        cmocka_unit_test(ready_pictures_pass_unchanged),
        cmocka_unit_test(specks_and_table_edges_do_not_count),
        cmocka_unit_test(odd_sizes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
