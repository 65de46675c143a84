// The score interval against published values and its own definition; precision, recall and F1 on
// matrices worked out by hand.
#include "test.h"

#include "train/statistics.h"

#include <math.h>

// R. G. Newcombe 1998, "Two-sided confidence intervals for the single proportion", Statistics in
// Medicine 17, 857-872, table I, method 3: given to four figures.
static void the_interval_is_wilsons(void **state) {
    (void)state;
    static const struct {
        double right, n, low, high;
    } cases[] = {
        {81, 263, 0.2553, 0.3662},
        {15, 148, 0.0624, 0.1605},
        {0, 20, 0.0000, 0.1611},
        {1, 29, 0.0061, 0.1718},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Interval at = statistics_wilson(cases[i].right, cases[i].n);
        if (fabs(at.low - cases[i].low) > 0.5e-4 || fabs(at.high - cases[i].high) > 0.5e-4)
            fail_msg("%g of %g: %.5f .. %.5f", cases[i].right, cases[i].n, at.low, at.high);
    }
}

// Both ends are the shares p0 for which (p - p0)^2 = z^2 p0 (1 - p0) / n.
static void its_ends_solve_the_equation(void **state) {
    (void)state;
    const double z2 = 1.959963984540054 * 1.959963984540054;
    for (double n = 1; n <= 100000; n *= 10)
        for (double share = 0; share <= 1; share += 0.125) {
            double right = floor(share * n), p = right / n;
            Interval at = statistics_wilson(right, n);
            double ends[] = {at.low, at.high};
            assert_true(at.low >= 0 && at.low <= p && p <= at.high && at.high <= 1);
            for (int k = 0; k < 2; k++) {
                double left = (p - ends[k]) * (p - ends[k]);
                double rest = z2 * ends[k] * (1 - ends[k]) / n;
                // Some ten roundings of numbers up to 1.
                if (fabs(left - rest) > 1e-14) fail_msg("%g of %g: %g != %g", right, n, left, rest);
            }
        }
    Interval nothing = statistics_wilson(0, 0);
    assert_true(nothing.low == 0 && nothing.high == 1);
    Interval all = statistics_wilson(10000, 10000);
    assert_true(all.high == 1 && all.low > 0.9996 && all.low < 1);
}

static void classes_are_counted(void **state) {
    (void)state;
    // Label 2 is never answered, label 3 has no images, label 4 is always wrong.
    static const uint32_t counts[5 * 5] = {
        8, 1, 0, 1, 0, //
        2, 6, 0, 0, 0, //
        1, 1, 0, 0, 0, //
        0, 0, 0, 0, 0, //
        0, 2, 0, 0, 0, //
    };
    static const struct {
        uint32_t images, answered, right;
        double precision, recall, f1;
    } expected[5] = {
        {10, 11, 8, 8.0 / 11, 0.8, 16.0 / 21},
        {8, 10, 6, 0.6, 0.75, 2.0 / 3},
        {2, 0, 0, -1, 0, -1},
        {0, 1, 0, 0, -1, -1},
        {2, 0, 0, -1, 0, -1},
    };
    ClassFigures out[5];
    statistics_classes(counts, 5, out);
    for (int c = 0; c < 5; c++) {
        assert_int_equal(out[c].images, expected[c].images);
        assert_int_equal(out[c].answered, expected[c].answered);
        assert_int_equal(out[c].right, expected[c].right);
        assert_true(fabs(out[c].precision - expected[c].precision) < 1e-15);
        assert_true(fabs(out[c].recall - expected[c].recall) < 1e-15);
        assert_true(fabs(out[c].f1 - expected[c].f1) < 1e-15);
    }
    static const uint32_t crossed[4] = {0, 3, 3, 0};
    statistics_classes(crossed, 2, out);
    assert_true(out[0].precision == 0 && out[0].recall == 0 && out[0].f1 == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_interval_is_wilsons),
        cmocka_unit_test(its_ends_solve_the_equation),
        cmocka_unit_test(classes_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
