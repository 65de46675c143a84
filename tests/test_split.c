// Taking numbers apart: drawings made by hand for each rule, then many synthetic ones.
#include "test.h"

#include "base/streams.h"
#include "ink/split.h"
#include "synthetic_ink.h"

enum { SEED = 11, LENGTH = 4 };

typedef struct Case {
    const char *name;
    int groups;
    // Strokes of at most four points; x < 0 ends a stroke, two of them the drawing.
    float points[20][2];
} Case;

#define END                                                                                        \
    { -1, -1 }

static const Case cases[] = {
    {"nothing", 0, {END, END}},
    {"a line", 1, {{.5f, .2f}, {.5f, .8f}, END, END}},
    {"a dot", 1, {{.5f, .5f}, END, END}},
    {"two lines", 2, {{.3f, .2f}, {.3f, .8f}, END, {.6f, .2f}, {.6f, .8f}, END, END}},
    {"a 4 of two strokes",
     1,
     {{.3f, .2f}, {.25f, .5f}, {.6f, .5f}, END, {.5f, .3f}, {.5f, .8f}, END, END}},
    {"a 4 whose bar ends before the leg",
     1,
     {{.3f, .2f}, {.25f, .5f}, {.45f, .5f}, END, {.5f, .3f}, {.5f, .8f}, END, END}},
    {"a 7 with a bar",
     1,
     {{.3f, .2f}, {.6f, .2f}, {.4f, .8f}, END, {.35f, .5f}, {.6f, .5f}, END, END}},
    {"a 1 with a foot", 1, {{.5f, .2f}, {.5f, .8f}, END, {.3f, .8f}, {.7f, .81f}, END, END}},
    {"a 5 whose bar floats",
     1,
     {{.3f, .2f}, {.3f, .45f}, {.5f, .6f}, {.3f, .8f}, END, {.34f, .19f}, {.6f, .18f}, END, END}},
    {"a 5 whose bar begins behind it",
     1,
     {{.3f, .2f}, {.3f, .45f}, {.4f, .6f}, {.28f, .8f}, END, {.42f, .2f}, {.66f, .2f}, END, END}},
    {"an 8 of two rings",
     1,
     {{.5f, .2f},
      {.4f, .35f},
      {.6f, .35f},
      {.5f, .2f},
      END,
      {.5f, .5f},
      {.3f, .8f},
      {.7f, .8f},
      {.5f, .5f},
      END,
      END}},
    {"an 8 of two rings of one size",
     1,
     {{.5f, .2f},
      {.4f, .48f},
      {.6f, .48f},
      {.5f, .2f},
      END,
      {.5f, .52f},
      {.4f, .8f},
      {.6f, .8f},
      {.5f, .52f},
      END,
      END}},
    {"a 0 of two halves",
     1,
     {{.5f, .2f},
      {.3f, .4f},
      {.3f, .6f},
      {.5f, .8f},
      END,
      {.5f, .2f},
      {.7f, .4f},
      {.7f, .6f},
      {.5f, .8f},
      END,
      END}},
    {"slanted lines whose boxes overlap",
     2,
     {{.5f, .2f}, {.3f, .8f}, END, {.65f, .2f}, {.45f, .8f}, END, END}},
    {"a hyphen between two lines",
     3,
     {{.2f, .2f},
      {.2f, .8f},
      END,
      {.35f, .5f},
      {.6f, .5f},
      END,
      {.75f, .2f},
      {.75f, .8f},
      END,
      END}},
    {"a 7 whose bar reaches to the next line",
     2,
     {{.3f, .2f},
      {.6f, .2f},
      {.4f, .8f},
      END,
      {.3f, .5f},
      {.66f, .5f},
      END,
      {.7f, .2f},
      {.7f, .8f},
      END,
      END}},
};

static void draw(Drawing *drawing, const Case *c) {
    bool open = false;
    for (int i = 0; c->points[i][0] >= 0 || open; i++) {
        if (c->points[i][0] < 0) {
            drawing_end(drawing);
            open = false;
            continue;
        }
        if (!open) assert_ok(drawing_begin(drawing, STROKE_INK, 0.02f));
        open = true;
        assert_ok(drawing_add(drawing, c->points[i][0], c->points[i][1], 1.0f));
    }
}

static void test_cases(void **state) {
    (void)state;
    InkSplit split = {0};
    SplitGroup groups[SPLIT_ATOMS_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Drawing drawing = {0};
        draw(&drawing, &cases[i]);
        assert_ok(ink_split_drawing(&split, &drawing));
        int count = ink_split_groups(&split, groups);
        if (count != cases[i].groups)
            fail_msg("%s: %d groups, not %d", cases[i].name, count, cases[i].groups);
        for (int g = 1; g < count; g++) {
            assert_int_equal(groups[g].first, groups[g - 1].first + groups[g - 1].count);
            assert_true(groups[g].x0 + groups[g].x1 >= groups[g - 1].x0 + groups[g - 1].x1);
        }
        drawing_close(&drawing);
    }
    ink_split_close(&split);
}

// Undone, erased and hidden strokes: only visible ink counts, and a group takes the erasers along.
static void test_take(void **state) {
    (void)state;
    InkSplit split = {0};
    SplitGroup groups[SPLIT_ATOMS_MAX];
    Drawing drawing = {0}, part = {0};
    draw(&drawing, &cases[1]);
    assert_ok(drawing_clear(&drawing));
    draw(&drawing, &cases[3]);
    assert_ok(drawing_begin(&drawing, STROKE_ERASE, 0.05f));
    assert_ok(drawing_add(&drawing, .3f, .5f, 1.0f));
    drawing_end(&drawing);
    assert_ok(ink_split_drawing(&split, &drawing));
    assert_int_equal(ink_split_groups(&split, groups), 2);
    assert_int_equal(split.atom_of[drawing.live - 1], -1);
    assert_ok(ink_split_take(&split, &drawing, &groups[1], &part));
    assert_int_equal(part.live, 2);
    assert_int_equal(part.strokes[0].kind, STROKE_INK);
    assert_int_equal(part.strokes[1].kind, STROKE_ERASE);
    assert_true(part.points[0].x == .6f && part.strokes[0].radius == 0.02f);
    ink_split_close(&split);
    drawing_close(&drawing);
    drawing_close(&part);
}

// Any drawing, however wild, has at most SPLIT_ATOMS_MAX atoms and every ink stroke one of them.
static void test_many_strokes(void **state) {
    (void)state;
    InkSplit split = {0};
    Rng rng = rng_make(SEED, STREAM_TEST);
    for (int strokes = 1; strokes <= 300; strokes += 23) {
        Drawing drawing = {0};
        for (int s = 0; s < strokes; s++) {
            assert_ok(drawing_begin(&drawing, STROKE_INK, 0.01f));
            for (int i = (int)rng_below(&rng, 4); i >= 0; i--)
                assert_ok(drawing_add(&drawing, (float)rng_range(&rng, -1, 2),
                                      (float)rng_range(&rng, -1, 2), 1.0f));
            drawing_end(&drawing);
        }
        assert_ok(ink_split_drawing(&split, &drawing));
        assert_in_range(split.atom_count, 1, SPLIT_ATOMS_MAX);
        for (int s = 0; s < strokes; s++)
            assert_in_range(split.atom_of[s], 0, split.atom_count - 1);
        drawing_close(&drawing);
    }
    ink_split_close(&split);
}

// One digit is one group: at most 1 % of the wildest synthetic ones may break.
static void test_single(void **state) {
    (void)state;
    InkSplit split = {0};
    SplitGroup groups[SPLIT_ATOMS_MAX];
    Rng rng = rng_make(SEED, STREAM_TEST);
    int broken = 0, n = 2000;
    for (int i = 0; i < n; i++) {
        Drawing drawing = {0};
        int digits[1];
        size_t ends[1];
        synthetic_ink_number(&drawing, &rng, 1, 0.0f, 1.0f, digits, ends);
        assert_ok(ink_split_drawing(&split, &drawing));
        broken += ink_split_groups(&split, groups) != 1;
        drawing_close(&drawing);
    }
    ink_split_close(&split);
    if (broken > n / 100) fail_msg("seed %d: %d of %d digits in several groups", SEED, broken, n);
}

// Are all strokes of digit d, which end before ends[d], in this group?
static bool group_has(const InkSplit *split, const SplitGroup *group, const size_t *ends, int d) {
    bool all = true;
    for (size_t s = d > 0 ? ends[d - 1] : 0; s < ends[d]; s++) {
        int atom = split->atom_of[s] - group->first;
        all = all && atom >= 0 && atom < group->count;
    }
    return all;
}

// Numbers: at least 97 % have exactly their digits' strokes in each group.
static void test_numbers(void **state) {
    (void)state;
    InkSplit split = {0};
    SplitGroup groups[SPLIT_ATOMS_MAX];
    Rng rng = rng_make(SEED, STREAM_TEST);
    int right = 0, n = 500;
    for (int i = 0; i < n; i++) {
        Drawing drawing = {0};
        int digits[LENGTH];
        size_t ends[LENGTH];
        synthetic_ink_number(&drawing, &rng, LENGTH, 0.15f, 1.0f, digits, ends);
        assert_ok(ink_split_drawing(&split, &drawing));
        bool good = ink_split_groups(&split, groups) == LENGTH;
        for (int d = 0; good && d < LENGTH; d++) good = group_has(&split, &groups[d], ends, d);
        right += good;
        drawing_close(&drawing);
    }
    ink_split_close(&split);
    if (right < n * 97 / 100) fail_msg("seed %d: %d of %d numbers", SEED, right, n);
}

// Numbers below each other: at least 95 % come line by line. A line is as far from the next as a
// third of its height, at most its digits' ups and downs less.
static void test_lines(void **state) {
    (void)state;
    enum { LINES = 3, DIGITS = 3 };
    const float size = 0.14f;
    InkSplit split = {0};
    SplitGroup groups[SPLIT_ATOMS_MAX];
    Rng rng = rng_make(SEED, STREAM_TEST);
    int right = 0, n = 300;
    for (int i = 0; i < n; i++) {
        Drawing drawing = {0};
        size_t ends[LINES * DIGITS];
        float x = 0.0f;
        for (int d = 0; d < LINES * DIGITS; d++) {
            // Written from the last line up: the order of writing does not count.
            int line = LINES - 1 - d / DIGITS, digit = (int)rng_below(&rng, 10);
            SyntheticStrokes strokes;
            if (d % DIGITS == 0) x = 0.05f + (float)rng_range(&rng, 0, 0.2);
            synthetic_strokes(digit, synthetic_form_draw(digit, &rng), 1.0f, &rng, &strokes);
            float y = 0.1f + 1.33f * size * (float)line + size * (float)rng_range(&rng, 0, 0.1);
            x = synthetic_ink_add(&drawing, &strokes, x, y, size, 0.01f) + 0.15f * size;
            ends[d] = drawing.live;
        }
        assert_ok(ink_split_drawing(&split, &drawing));
        bool good = ink_split_groups(&split, groups) == LINES * DIGITS;
        for (int g = 0; good && g < LINES * DIGITS; g++) {
            int line = g / DIGITS, d = (LINES - 1 - line) * DIGITS + g % DIGITS;
            good =
                split.atoms[groups[g].first].line == line && group_has(&split, &groups[g], ends, d);
        }
        right += good;
        drawing_close(&drawing);
    }
    ink_split_close(&split);
    if (right < n * 95 / 100) fail_msg("seed %d: %d of %d drawings", SEED, right, n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),        cmocka_unit_test(test_take),
        cmocka_unit_test(test_many_strokes), cmocka_unit_test(test_single),
        cmocka_unit_test(test_numbers),      cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
