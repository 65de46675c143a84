// Several data sets joined to one, and pictures of no digit.
#include "test.h"

#include "base/streams.h"
#include "dataset/dataset.h"
#include "dataset/synthetic.h"

#include <math.h>
#include <stdlib.h>

static Status open_data(Dataset **out, const char *data) {
    DatasetRequest request = {.data = data, .threads = 2, .synthetic_test_n = 30};
    return dataset_open(out, &request, NULL);
}

// Training sets one behind the other, the test set of the first.
static void test_joined(void **state) {
    (void)state;
    Dataset *joined, *first, *second;
    assert_ok(open_data(&joined, "synthetic:3@120+synthetic:4@70+others:5@40"));
    assert_ok(dataset_open_synthetic(&first, 3, 120, 30, 1));
    assert_ok(dataset_open_synthetic(&second, 4, 70, 30, 1));
    assert_int_equal(joined->train.n, 230);
    assert_int_equal(joined->test.n, 30);
    assert_int_equal(joined->classes, 10);
    assert_string_equal(joined->name, "synthetic digits + synthetic digits + no digits");
    const size_t image = SYNTHETIC_PIXELS;
    assert_memory_equal(joined->train.pixels, first->train.pixels, 120 * image);
    assert_memory_equal(joined->train.pixels + 120 * image, second->train.pixels, 70 * image);
    assert_memory_equal(joined->train.labels + 120, second->train.labels, 70);
    assert_memory_equal(joined->test.pixels, first->test.pixels, 30 * image);
    for (int i = 190; i < 230; i++) assert_int_equal(joined->train.labels[i], DATASET_LABEL_NONE);
    dataset_close(&joined);
    dataset_close(&first);
    dataset_close(&second);
}

static void test_errors(void **state) {
    (void)state;
    static const struct {
        const char *data, *part;
        StatusCode code;
    } cases[] = {
        {"synthetic@20+", "nothing between", STATUS_USAGE},
        {"+synthetic@20", "nothing between", STATUS_USAGE},
        {"synthetic@x", "how many of its images", STATUS_USAGE},
        {"synthetic@0+others", "how many of its images", STATUS_USAGE},
        {"synthetic@20+others:x@3", "a seed", STATUS_USAGE},
        {"others@20", "name a data set before them", STATUS_USAGE},
        {"synthetic@20+/nonexistent", "/nonexistent", STATUS_NOT_FOUND},
        {"synthetic@2+synthetic@2+synthetic@2+synthetic@2+synthetic@2+synthetic@2+synthetic@2+"
         "synthetic@2+synthetic@2",
         "at most 8", STATUS_USAGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Dataset *dataset;
        assert_fails(open_data(&dataset, cases[i].data), cases[i].code, cases[i].part);
        assert_null(dataset);
    }
}

// Every letter and sign can be read, and its strokes keep within their array and the plane.
static void test_forms(void **state) {
    (void)state;
    Rng rng = rng_make(5, STREAM_TEST);
    for (int form = 0; form < synthetic_other_form_count(); form++) {
        assert_true(strlen(synthetic_other_form_name(form)) > 0);
        for (int try = 0; try < 100; try++) {
            SyntheticStrokes strokes;
            synthetic_other_form_strokes(form, try == 0 ? 0.0f : 1.4f, &rng, &strokes);
            int points = strokes.first[strokes.stroke_count];
            assert_in_range(strokes.stroke_count, 1, SYNTHETIC_STROKES_MAX);
            assert_in_range(points, 2 * strokes.stroke_count, SYNTHETIC_POINTS_MAX);
            for (int i = 0; i < points; i++)
                assert_true(fabsf(strokes.x[i]) < 4 && fabsf(strokes.y[i]) < 4);
        }
    }
}

// Same seed, same pictures, whatever the number of threads; all of them have ink, no two are alike.
static void test_pictures(void **state) {
    (void)state;
    enum { N = 3000 };
    uint8_t *pixels[2], labels[N];
    for (int i = 0; i < 2; i++) {
        pixels[i] = malloc((size_t)N * SYNTHETIC_PIXELS);
        assert_ok(synthetic_other_fill(7, STREAM_TEST, N, i + 1, 200, pixels[i], labels));
    }
    assert_memory_equal(pixels[0], pixels[1], (size_t)N * SYNTHETIC_PIXELS);
    for (int i = 0; i < N; i++) {
        int sum = 0;
        for (int p = 0; p < SYNTHETIC_PIXELS; p++) sum += pixels[0][i * SYNTHETIC_PIXELS + p];
        assert_true(sum > 5 * 255);
        assert_int_equal(labels[i], 200);
        if (i > 0)
            assert_memory_not_equal(pixels[0] + i * SYNTHETIC_PIXELS,
                                    pixels[0] + (i - 1) * SYNTHETIC_PIXELS, SYNTHETIC_PIXELS);
    }
    free(pixels[0]);
    free(pixels[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joined),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
