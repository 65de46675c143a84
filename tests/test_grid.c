// What all pictures of ink go through: means over squares that begin and end inside pixels, and
// distances, against the same written out pixel by pixel.
#include "ink/grid.h"
#include "test.h"

#include "base/rng.h"
#include "base/streams.h"

#include <float.h>
#include <math.h>

enum { SIDE = 40, OUT = 24 };

static void fill(uint8_t *pixels, size_t count, uint64_t seed) {
    Rng rng = rng_make(seed, STREAM_TEST);
    for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)(rng_uniform(&rng) * 256.0);
}

// How much of pixel p lies between low and high.
static double share(int p, double low, double high) {
    return fmax(0.0, fmin(high, p + 1.0) - fmax(low, p));
}

static double mean(const Grid *from, double x0, double y0, double step) {
    double sum = 0.0;
    for (int y = 0; y < from->height; y++)
        for (int x = 0; x < from->width; x++)
            sum += share(x, x0, x0 + step) * share(y, y0, y0 + step) *
                   from->pixels[y * from->stride + x];
    return sum / (step * step);
}

// An edge is off by some ulp of the places around it, the mean by that much of the pixels along its
// four sides; then it is rounded to a byte.
static void means_are_means(void **state) {
    (void)state;
    static const struct {
        int width, height;
        float x0, y0, step;
    } cases[] = {{40, 40, 0, 0, 1.5f},        {33, 17, 0, 0, 1.25f},   {40, 7, -3.3f, -1.1f, 2.7f},
                 {1, 1, -0.25f, 0.25f, 0.5f}, {29, 31, 5, 6, 1},       {31, 29, 0.5f, 0.5f, 1},
                 {40, 40, -8, -8, 4},         {12, 40, 3.7f, 0, 0.4f}, {40, 40, 30, 30, 7.9f}};
    uint8_t pixels[SIDE * SIDE], out[OUT * OUT];
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        Grid from = {pixels, cases[c].width, cases[c].height, SIDE};
        float step = cases[c].step;
        double allowed = 0.5 + 8.0 * SIDE * FLT_EPSILON * 255.0 / (double)step;
        fill(pixels, sizeof pixels, c + 1);
        grid_average(&from, cases[c].x0, cases[c].y0, step, out, OUT, OUT);
        for (int j = 0; j < OUT; j++)
            for (int i = 0; i < OUT; i++) {
                double want = mean(&from, (double)cases[c].x0 + i * (double)step,
                                   (double)cases[c].y0 + j * (double)step, (double)step);
                if (fabs(out[j * OUT + i] - want) > allowed)
                    fail_msg("case %zu, pixel %d, %d: %d, not %g", c, i, j, out[j * OUT + i], want);
            }
    }
}

// Squares of whole numbers below 2^24: exact.
static void distances_are_the_shortest(void **state) {
    (void)state;
    uint8_t noise[OUT * OUT], mask[OUT * OUT];
    float out[OUT * OUT], scratch[3 * (OUT + 1)];
    for (int few = 1; few <= 64; few *= 4) {
        fill(noise, sizeof noise, (uint64_t)few);
        for (int i = 0; i < OUT * OUT; i++) mask[i] = noise[i] < few;
        mask[5] = 1;
        for (int value = 0; value < 2; value++) {
            grid_distance2(mask, OUT, OUT, value != 0, out, scratch);
            for (int i = 0; i < OUT * OUT; i++) {
                int best = 4 * OUT * OUT;
                for (int k = 0; k < OUT * OUT; k++) {
                    int dx = i % OUT - k % OUT, dy = i / OUT - k / OUT;
                    if (mask[k] == value && dx * dx + dy * dy < best) best = dx * dx + dy * dy;
                }
                if (out[i] != (float)best)
                    fail_msg("pixel %d: %g, not %d", i, (double)out[i], best);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_are_means),
        cmocka_unit_test(distances_are_the_shortest),
    };
    return cmocka_run_group_tests_name("grid", tests, NULL, NULL);
}
