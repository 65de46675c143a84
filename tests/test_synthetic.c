// Synthetic digits: every form of the table, repeatability, the placing that MNIST has.
#include "base/streams.h"
#include "dataset/dataset.h"
#include "dataset/synthetic.h"
#include "dataset/synthetic_hand.h"

#include "tests/files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 7, N = 2000 };

// Each form can be read, and its strokes keep within their array and the plane.
static void test_forms(void **state) {
    (void)state;
    Rng rng = rng_make(SEED, STREAM_TEST);
    for (int digit = 0; digit < 10; digit++) {
        assert_true(synthetic_form_count(digit) >= 10);
        for (int form = 0; form < synthetic_form_count(digit); form++) {
            const char *name = synthetic_form_name(digit, form);
            assert_true(strlen(name) > 0);
            for (int try = 0; try < 200; try++) {
                SyntheticStrokes strokes;
                float wildness = try == 0 ? 0.0f : 1.5f; // at 1.5 it blends with its family too
                synthetic_strokes(digit, form, wildness, &rng, &strokes);
                int points = strokes.first[strokes.stroke_count];
                assert_in_range(strokes.stroke_count, 1, SYNTHETIC_STROKES_MAX);
                assert_in_range(points, 2 * strokes.stroke_count, SYNTHETIC_POINTS_MAX);
                for (int i = 0; i < points; i++) {
                    if (fabsf(strokes.x[i]) > 4 || fabsf(strokes.y[i]) > 4) {
                        fail_msg("seed %d: %d %s: point %d at %g, %g", SEED, digit, name, i,
                                 (double)strokes.x[i], (double)strokes.y[i]);
                    }
                }
            }
        }
    }
}

// With wildness 0 nothing is drawn from the generator's luck but the form itself.
static void test_tame(void **state) {
    (void)state;
    SyntheticStrokes a, b;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    for (int digit = 0; digit < 10; digit++) {
        Rng one = rng_make(1, STREAM_TEST), two = rng_make(2, STREAM_TEST);
        synthetic_strokes(digit, 0, 0.0f, &one, &a);
        synthetic_strokes(digit, 0, 0.0f, &two, &b);
        int points = a.first[a.stroke_count];
        assert_int_equal(points, b.first[b.stroke_count]);
        for (int i = 0; i < points; i++) {
            assert_true(a.x[i] == b.x[i] && a.y[i] == b.y[i]);
            // The table's box, without the writer's slant: a digit is 1 high.
            assert_true(fabsf(a.y[i]) < 0.6f);
        }
    }
}

// Whatever a digitizer does, strokes stay strokes, of one digit's size; a tame one does nothing.
static void test_recording(void **state) {
    (void)state;
    static SyntheticStrokes strokes, before;
    Rng rng = rng_make(SEED, STREAM_TEST);
    int more_strokes = 0, fewer_points = 0, as_written = 0;
    for (int i = 0; i < N; i++) {
        int digit = i % 10;
        synthetic_strokes(digit, synthetic_form_draw(digit, &rng), 1.0f, &rng, &strokes);
        before = strokes;
        hand_record(0.0f, &rng, &strokes);
        assert_memory_equal(&strokes, &before, sizeof strokes);
        hand_record(1.0f, &rng, &strokes);
        int points = strokes.first[strokes.stroke_count];
        int points_before = before.first[before.stroke_count];
        assert_in_range(strokes.stroke_count, before.stroke_count, SYNTHETIC_STROKES_MAX);
        assert_int_equal(strokes.first[0], 0);
        for (int s = 0; s < strokes.stroke_count; s++)
            assert_true(strokes.first[s + 1] >= strokes.first[s] + 2);
        assert_true(points <= points_before);
        for (int k = 0; k < points; k++)
            assert_true(fabsf(strokes.x[k]) < 3 && fabsf(strokes.y[k]) < 3);
        more_strokes += strokes.stroke_count > before.stroke_count;
        fewer_points += points < points_before;
        as_written += memcmp(&strokes, &before, sizeof strokes) == 0;
    }
    // Each flaw comes, and many drawings have none.
    assert_true(more_strokes > N / 50 && fewer_points > N / 10 && as_written > N / 4);
}

// The longer side of the ink is 20 pixels and the centre of mass within half a pixel of the middle:
// the placing is by whole pixels.
static void test_placing(void **state) {
    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        uint8_t image[SYNTHETIC_PIXELS];
        synthetic_image(SEED, STREAM_TEST, i, image);
        double sum = 0, sum_x = 0, sum_y = 0;
        int x0 = 28, y0 = 28, x1 = -1, y1 = -1;
        for (int y = 0; y < 28; y++) {
            for (int x = 0; x < 28; x++) {
                int ink = image[y * 28 + x];
                sum += ink;
                sum_x += ink * x;
                sum_y += ink * y;
                if (ink < 96) continue; // leaves out what the blur adds around
                if (x < x0) x0 = x;
                if (x > x1) x1 = x;
                if (y < y0) y0 = y;
                if (y > y1) y1 = y;
            }
        }
        int width = x1 - x0 + 1, height = y1 - y0 + 1, longer = width > height ? width : height;
        double off_x = fabs(sum_x / sum - 13.5), off_y = fabs(sum_y / sum - 13.5);
        // A line's round end may cover little of the outermost pixel on each side.
        if (sum <= 0 || longer < 17 || longer > 20 || off_x > 0.55 || off_y > 0.55) {
            fail_msg("seed %d, image %u: %d x %d, centre off by %g, %g", SEED, i, width, height,
                     off_x, off_y);
        }
    }
}

static void test_threads(void **state) {
    (void)state;
    uint8_t *pixels[3], labels[3][N];
    const int threads[3] = {1, 2, 5};
    for (int i = 0; i < 3; i++) {
        pixels[i] = malloc((size_t)N * SYNTHETIC_PIXELS);
        assert_int_equal(
            synthetic_fill(SEED, STREAM_TEST, N, threads[i], pixels[i], labels[i]).code, STATUS_OK);
    }
    for (int i = 1; i < 3; i++) {
        assert_memory_equal(pixels[0], pixels[i], (size_t)N * SYNTHETIC_PIXELS);
        assert_memory_equal(labels[0], labels[i], N);
    }
    int counts[10] = {0};
    for (int i = 0; i < N; i++) counts[labels[0][i]]++;
    for (int digit = 0; digit < 10; digit++) assert_int_equal(counts[digit], N / 10);
    for (int i = 0; i < 3; i++) free(pixels[i]);
}

static void test_dataset(void **state) {
    (void)state;
    Dataset *a, *b;
    assert_int_equal(dataset_open_synthetic(&a, 1, 500, 301, 2).code, STATUS_OK);
    assert_int_equal(dataset_open_synthetic(&b, 2, 500, 301, 2).code, STATUS_OK);
    assert_int_equal(a->train.n, 500);
    assert_int_equal(a->test.n, 301);
    assert_int_equal(a->classes, 10);
    assert_string_equal(a->class_names[9], "9");
    assert_string_equal(a->name, "synthetic digits");
    assert_true(a->synthetic && a->seed == 1);
    // Another seed, and the test set, are other digits.
    assert_memory_not_equal(a->train.pixels, b->train.pixels, SYNTHETIC_PIXELS * 300);
    assert_memory_not_equal(a->train.pixels, a->test.pixels, SYNTHETIC_PIXELS * 300);
    dataset_close(&a);
    dataset_close(&b);
    assert_null(a);
    dataset_close(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),     cmocka_unit_test(test_tame),
        cmocka_unit_test(test_recording), cmocka_unit_test(test_placing),
        cmocka_unit_test(test_threads),   cmocka_unit_test(test_dataset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
