// The brush, pixel by pixel: what a capsule covers, whose ends may be of different size, by the
// distance from its middle line written out in double.
#include "ink/raster.h"
#include "test.h"

#include "base/rng.h"
#include "base/streams.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 300, HEIGHT = 60 }; // wider than what is computed at once

// 0 .. 255, not rounded.
static double covered(RasterPoint a, RasterPoint b, double x, double y) {
    double dx = (double)b.x - a.x, dy = (double)b.y - a.y, length2 = dx * dx + dy * dy;
    double t = length2 > 0 ? ((x - a.x) * dx + (y - a.y) * dy) / length2 : 0;
    t = fmin(1, fmax(0, t));
    double radius = a.radius + t * ((double)b.radius - a.radius);
    double off = hypot(x - a.x - t * dx, y - a.y - t * dy);
    return 255 * fmin(1, fmax(0, radius + 0.5 - off));
}

// Half of one for rounding to bytes; places and distances of some hundred pixels have errors of a
// few ulp, which is less than a hundredth of a grey.
static const double ALLOWED = 0.52;

static void check(RasterPoint a, RasterPoint b, bool erase, int seed) {
    static uint8_t before[WIDTH * HEIGHT], pixels[WIDTH * HEIGHT];
    Rng rng = rng_make((uint64_t)seed, STREAM_TEST);
    for (int i = 0; i < WIDTH * HEIGHT; i++) before[i] = (uint8_t)(rng_uniform(&rng) * 256);
    memcpy(pixels, before, sizeof pixels);
    Raster raster = {pixels, WIDTH, HEIGHT};
    int box[4];
    raster_capsule_box(&raster, a, b, box);
    raster_capsule(&raster, a, b, erase);
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        int x = i % WIDTH, y = i / WIDTH;
        double cover = covered(a, b, x + 0.5, y + 0.5);
        double want = erase ? fmin(before[i], 255 - cover) : fmax(before[i], cover);
        if (fabs(pixels[i] - want) > ALLOWED)
            fail_msg("capsule %d%s, pixel %d, %d: %d, not %g", seed, erase ? ", erased" : "", x, y,
                     pixels[i], want);
        bool inside = x >= box[0] && x < box[2] && y >= box[1] && y < box[3];
        if (pixels[i] != before[i] && !inside)
            fail_msg("capsule %d changes pixel %d, %d outside its box", seed, x, y);
    }
}

static void capsules_cover_what_is_near(void **state) {
    (void)state;
    static const RasterPoint ends[][2] = {
        {{20, 30, 3}, {250, 31, 12}},        // along a row, wider to the right
        {{20, 30, 12}, {250, 31, 3}},        // and to the left
        {{150, 4, 9}, {152, 55, 1}},         // down
        {{30, 50, 1}, {280, 6, 14}},         // long and slanting
        {{10, 10, 0.25f}, {100, 40, 0.25f}}, // thinner than a pixel
        {{60, 30, 5}, {60, 30, 5}},          // a dot
        {{60, 30, 2}, {60.5f, 30, 7}},       // one end inside the other
        {{-40, 30, 10}, {20, 30, 2}},        // from outside
        {{-90, -90, 3}, {-50, -20, 3}},      // all of it outside
        {{290, 50, 20}, {340, 90, 40}},
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        for (int k = 0; k < 4; k++) check(ends[i][k % 2], ends[i][1 - k % 2], k >= 2, (int)i);
}

static void random_capsules_too(void **state) {
    (void)state;
    Rng rng = rng_make(3, STREAM_TEST);
    for (int i = 0; i < 200; i++) {
        RasterPoint end[2];
        for (int k = 0; k < 2; k++)
            end[k] = (RasterPoint){(float)rng_range(&rng, -20, WIDTH + 20),
                                   (float)rng_range(&rng, -20, HEIGHT + 20),
                                   (float)rng_range(&rng, 0.1, 15)};
        check(end[0], end[1], i % 2 == 1, i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capsules_cover_what_is_near),
        cmocka_unit_test(random_capsules_too),
    };
    return cmocka_run_group_tests_name("raster", tests, NULL, NULL);
}
