// Warps: the identity, each strength alone, and that the numbers mean what the header says.
#include "base/rng.h"
#include "base/thread.h"
#include "dataset/augment.h"
#include "dataset/batch.h"

#include "compute/backend.h"
#include "test.h"
#include "tests/files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, SEED = 11 };

static void fill_random(uint8_t *pixels, size_t count, uint64_t seed) {
    Rng rng = rng_make(seed, 99);
    for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)rng_next(&rng);
}

static void test_identity(void **state) {
    (void)state;
    static const uint32_t shapes[][2] = {{28, 28}, {1, 1}, {1, 9}, {7, 3}, {33, 20}};
    AugmentConfig none = augment_find("none")->config;
    assert_true(augment_is_none(&none));
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        uint8_t src[33 * 28], dst[33 * 28];
        uint32_t h = shapes[i][0], w = shapes[i][1];
        fill_random(src, h * w, SEED);
        Warp warp = augment_warp(&none, SEED, 3, 5, h, w);
        warp_apply(&warp, src, h, w, dst);
        assert_memory_equal(src, dst, h * w);
        warp.has_grid = true; // all zero
        warp_apply(&warp, src, h, w, dst);
        assert_memory_equal(src, dst, h * w);
    }
}

// The sampling again, from the header's words alone, in double and without shortcuts.
static double reference(const Warp *warp, const uint8_t *src, int x, int y) {
    double u = 4.0 * x / (SIDE - 1), v = 4.0 * y / (SIDE - 1);
    int cu = u >= 4 ? 3 : (int)u, cv = v >= 4 ? 3 : (int)v;
    double g[2];
    for (int a = 0; a < 2; a++) {
        double top = warp->grid[a][cv][cu] * (1 - (u - cu)) + warp->grid[a][cv][cu + 1] * (u - cu);
        double low =
            warp->grid[a][cv + 1][cu] * (1 - (u - cu)) + warp->grid[a][cv + 1][cu + 1] * (u - cu);
        g[a] = top * (1 - (v - cv)) + low * (v - cv);
    }
    const float *m = warp->affine;
    double sx = m[0] * (double)x + m[1] * (double)y + m[2] + g[0];
    double sy = m[3] * (double)x + m[4] * (double)y + m[5] + g[1];
    double sum = 0;
    int ix = (int)floor(sx), iy = (int)floor(sy);
    for (int dy = 0; dy < 2; dy++) {
        for (int dx = 0; dx < 2; dx++) {
            int px = ix + dx, py = iy + dy;
            double weight = fabs(1 - dx - (sx - ix)) * fabs(1 - dy - (sy - iy));
            if (px >= 0 && py >= 0 && px < SIDE && py < SIDE) sum += weight * src[py * SIDE + px];
        }
    }
    return sum;
}

static void test_reference(void **state) {
    (void)state;
    uint8_t src[PIXELS], dst[PIXELS];
    AugmentConfig config = augment_find("strong")->config;
    config.thickness = 0.0f;
    fill_random(src, PIXELS, SEED);
    // A coordinate is at most 40 or so and a sum of 6 terms, so it is off by at most 6 * 64 ulp/2;
    // noise changes by up to 255 a pixel in x and in y; rounding to a byte adds 0.5.
    const double tolerance = 0.5 + 2 * 255 * 6 * 64 * 5.96e-8 + 255 * 4 * 1.2e-7;
    for (uint32_t index = 0; index < 200; index++) {
        Warp warp = augment_warp(&config, SEED, 0, index, SIDE, SIDE);
        warp_apply(&warp, src, SIDE, SIDE, dst);
        for (int i = 0; i < PIXELS; i++) {
            double expected = reference(&warp, src, i % SIDE, i / SIDE);
            if (fabs(expected - dst[i]) > tolerance) {
                fail_msg("seed %d, image %u, pixel %d: %d, expected %g", SEED, index, i, dst[i],
                         expected);
            }
        }
    }
}

// Pure: the same three numbers give the same warp, and each of them matters.
static void test_pure(void **state) {
    (void)state;
    const AugmentConfig *config = &augment_find("strong")->config;
    Warp a = augment_warp(config, 1, 2, 3, SIDE, SIDE),
         b = augment_warp(config, 1, 2, 3, SIDE, SIDE);
    assert_memory_equal(a.affine, b.affine, sizeof a.affine);
    assert_memory_equal(a.grid, b.grid, sizeof a.grid);
    const Warp others[3] = {augment_warp(config, 2, 2, 3, SIDE, SIDE),
                            augment_warp(config, 1, 3, 3, SIDE, SIDE),
                            augment_warp(config, 1, 2, 4, SIDE, SIDE)};
    for (int i = 0; i < 3; i++)
        assert_memory_not_equal(a.affine, others[i].affine, sizeof a.affine);
    assert_null(augment_find("heavy"));
}

// "light": the strengths that its name promises, and no more.
static void test_light(void **state) {
    (void)state;
    const AugmentConfig *config = &augment_find("light")->config;
    double most_angle = 0, most_shift = 0, least = 2, most = 0;
    for (uint32_t index = 0; index < 5000; index++) {
        Warp warp = augment_warp(config, SEED, 0, index, SIDE, SIDE);
        const float *m = warp.affine;
        // The inverse of rotation * diagonal scale: its rows have lengths 1/scale.
        double scale_x = 1 / hypot(m[0], m[1]), scale_y = 1 / hypot(m[3], m[4]);
        double angle = atan2(m[1], m[0]) * 57.29578;
        // Where the middle of the source comes to.
        double c = 13.5, det = m[0] * m[4] - m[1] * m[3], rx = c - m[2], ry = c - m[5];
        double at_x = (m[4] * rx - m[1] * ry) / det, at_y = (m[0] * ry - m[3] * rx) / det;
        most_angle = fmax(most_angle, fabs(angle));
        most_shift = fmax(most_shift, fmax(fabs(at_x - c), fabs(at_y - c)));
        least = fmin(least, fmin(scale_x, scale_y));
        most = fmax(most, fmax(scale_x, scale_y));
        assert_false(warp.has_grid);
        assert_true(warp.thickness == 0.0f);
    }
    // Of 5,000 uniform draws the largest lies within 1 % of the end but for a chance of e^-50.
    assert_true(most_angle > 9.9 && most_angle < 10.001);
    assert_true(most_shift > 2.77 && most_shift < 2.8001);
    assert_true(least < 0.92 && least > 0.8999 && most > 1.08 && most < 1.1001);
}

// A dot grows to its four neighbours, or shrinks away.
static void test_thickness(void **state) {
    (void)state;
    uint8_t src[PIXELS] = {0}, dst[PIXELS];
    Warp warp = warp_identity();
    src[10 * SIDE + 10] = 200;
    warp.thickness = 0.5f;
    warp_apply(&warp, src, SIDE, SIDE, dst);
    assert_int_equal(dst[10 * SIDE + 10], 200);
    static const int around[4] = {9 * SIDE + 10, 11 * SIDE + 10, 10 * SIDE + 9, 10 * SIDE + 11};
    for (int i = 0; i < 4; i++) assert_int_equal(dst[around[i]], 100);
    assert_int_equal(dst[9 * SIDE + 9], 0);
    assert_int_equal(dst[8 * SIDE + 10], 0);
    warp.thickness = -1.0f;
    warp_apply(&warp, src, SIDE, SIDE, dst);
    for (int i = 0; i < PIXELS; i++) assert_int_equal(dst[i], 0);
    memset(src, 255, PIXELS);
    warp_apply(&warp, src, SIDE, SIDE, dst);
    assert_int_equal(dst[0], 0);
    assert_int_equal(dst[SIDE + 1], 255);
}

static void test_erase(void **state) {
    (void)state;
    const AugmentConfig config = {.erasing = 0.25f};
    uint8_t src[PIXELS], dst[PIXELS];
    memset(src, 255, PIXELS);
    int erased = 0;
    for (uint32_t index = 0; index < 2000; index++) {
        Warp warp = augment_warp(&config, SEED, 0, index, SIDE, SIDE);
        warp_apply(&warp, src, SIDE, SIDE, dst);
        int zeros = 0;
        for (int i = 0; i < PIXELS; i++) zeros += dst[i] == 0;
        assert_int_equal(zeros, (warp.erase[2] - warp.erase[0]) * (warp.erase[3] - warp.erase[1]));
        assert_true(zeros <= PIXELS / 4);
        erased += zeros > 0;
    }
    // 2,000 draws of 1/4: six standard deviations are 116.
    assert_in_range(erased, 500 - 116, 500 + 116);
}

// Not a benchmark: prints what it took, so that a reader sees when it becomes slow.
static void test_speed(void **state) {
    (void)state;
    enum { COUNT = 6000 };
    uint8_t src[PIXELS], dst[PIXELS];
    fill_random(src, PIXELS, SEED);
    for (const AugmentPreset *p = augment_presets; p->name; p++) {
        double start = clock_cpu_seconds();
        for (uint32_t i = 0; i < COUNT; i++) {
            Warp warp = augment_warp(&p->config, SEED, 0, i, SIDE, SIDE);
            warp_apply(&warp, src, SIDE, SIDE, dst);
        }
        printf("%s: %.2f s of one core for 60,000 images\n", p->name,
               10 * (clock_cpu_seconds() - start));
    }
}

// What a GPU works out pixel by pixel (warp.h), as the plain C back end does it, is what the CPU's
// threads make row by row.
static void back_end_and_threads_agree(void **state) {
    (void)state;
    enum { N = 40, W = 20, H = 17, C = 2, SIZE = W * H * C };
    static uint8_t pixels[N * SIZE], labels[N], made[N * SIZE], made_labels[N], got_labels[N];
    static float got[N * SIZE], wanted[N * SIZE];
    uint32_t order[N];
    int32_t indices[N], as_they_are[N];
    Backend *be;
    Rng rng = rng_make(SEED, STREAM_TEST);
    for (int i = 0; i < N * SIZE; i++) pixels[i] = (uint8_t)rng_below(&rng, 256);
    for (int i = 0; i < N; i++) {
        labels[i] = (uint8_t)(i % 10);
        as_they_are[i] = i;
        order[i] = rng_below(&rng, N);
        indices[i] = (int32_t)order[i];
    }
    ImageSet set = {N, C, H, W, pixels, labels};
    GatherShape shape = {C, H, W, 0.2f, 0.3f};
    GatherFrom from = {pixels, labels}, varied = {made, NULL};
    assert_ok(backend_open(&(BackendConfig){.device = "ref"}, &be));
    for (const AugmentPreset *p = augment_presets; p->name; p++) {
        if (augment_is_none(&p->config)) continue;
        GatherVary vary = {p->config, 3, SEED};
        vary.config.erasing = 0.5f;
        batch_gather_augmented(&set, order, N, &vary.config, SEED, 3, made, made_labels);
        be->ops->gather(be, &shape, &varied, as_they_are, N, wanted, NULL);
        be->ops->gather_varied(be, &shape, &from, &vary, indices, N, got, got_labels);
        assert_memory_equal(got, wanted, sizeof got);
        assert_memory_equal(got_labels, made_labels, sizeof got_labels);
    }
    backend_close(&be);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),  cmocka_unit_test(test_reference),
        cmocka_unit_test(test_pure),      cmocka_unit_test(test_light),
        cmocka_unit_test(test_thickness), cmocka_unit_test(test_erase),
        cmocka_unit_test(test_speed),     cmocka_unit_test(back_end_and_threads_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
