// Ink that is no digit, and numbers read digit by digit, in a window on made-up input, as in
// test_panels.c, with the network that is shipped. Teaching is in test_teach.c.
#include "pen_window.h"

#define FRAME_SECONDS (1.0 / 60)

// ---- unsure -------------------------------------------------------------------------------------

static void below_the_models_threshold_it_is_unsure(void **state) {
    Fixture *f = *state;
    answer_with_shipped(f, 1.0f); // nothing is that sure, except by rounding
    assert_title(f, "");
    assert_false(is_shown(f, "unsure"));
    pen_down(f, &(Pen){6, {{20, 20}, {80, 80}, {20, 80}, {80, 20}, {20, 50}, {80, 50}}}, 0, 1);
    if (f->bench->answer.probabilities[f->bench->answer.best[0]] >= 1.0f) skip();
    assert_int_equal(f->bench->answer.verdict, VERDICT_UNSURE);
    assert_title(f, "unsure");
    assert_true(is_shown(f, "unsure"));
    assert_true(is_shown(f, "perhaps"));
    assert_false(is_shown(f, "% sure"));
    type_char(f, 'c', 0);
    assert_title(f, "");
    assert_false(is_shown(f, "unsure"));
}

static void a_sure_answer_and_a_dot(void **state) {
    Fixture *f = *state;
    answer_with_shipped(f, 0);
    WRITE(f, one);
    assert_int_equal(f->bench->answer.verdict, VERDICT_DIGIT);
    assert_title(f, "1 (");
    assert_true(is_shown(f, "% sure"));
    type_char(f, 'c', 0);
    pen_down(f, &(Pen){2, {{50, 50}, {50.2f, 50}}}, 0, 1);
    assert_int_equal(f->bench->answer.verdict, VERDICT_UNSURE);
    assert_title(f, "unsure");
}

// ---- numbers ------------------------------------------------------------------------------------

static void a_number_is_read_from_left_to_right(void **state) {
    Fixture *f = *state;
    Answer *answer = &f->bench->answer;
    answer_with_shipped(f, 0);
    WRITE(f, one);
    assert_false(answer->several);
    WRITE(f, four); // not in the order of writing
    WRITE(f, nine);
    WRITE(f, seven);
    assert_true(answer->several);
    assert_title(f, "1974");
    // The digit written last is looked at: the third from the left.
    assert_int_equal(answer->shown, 2);
    assert_memory_equal(answer->input, answer->reading.digits[2].image, SIDE * SIDE);
    // The mouse over a box shows that one, and it stays while the mouse does.
    Rect r = must_find(f, "Canvas")->rect;
    input_move(&f->input, (Vec2){r.x + r.w * 0.1f, r.y + r.h * 0.5f}, 1);
    frames(f, 2);
    assert_int_equal(answer->shown, 0);
    assert_int_equal(answer->best[0], 1);
    assert_memory_equal(answer->input, answer->reading.digits[0].image, SIDE * SIDE);
    assert_memory_equal(answer->probabilities, answer->reading.digits[0].probabilities,
                        10 * sizeof(float));
    input_move(&f->input, (Vec2){r.x + r.w * 0.5f, r.y - 12}, 1);
    frames(f, 2);
    assert_int_equal(answer->shown, 2);
    // So do the arrow keys.
    type_key(f, KEY_LEFT, 0, 0);
    assert_int_equal(answer->shown, 1);
    type_key(f, KEY_LEFT, 0, 0);
    type_key(f, KEY_LEFT, 0, 0);
    assert_int_equal(answer->shown, 0);
    for (int i = 0; i < 5; i++) type_key(f, KEY_RIGHT, 0, 0);
    assert_int_equal(answer->shown, 3);
    assert_int_equal(answer->best[0], 4);
}

static void taking_apart_can_be_switched_off(void **state) {
    Fixture *f = *state;
    answer_with_shipped(f, 0);
    WRITE(f, one);
    WRITE(f, four);
    assert_title(f, "14");
    click(f, "Split");
    assert_false(f->bench->answer.several);
    click(f, "Split");
    assert_title(f, "14");
    type_char(f, 'z', 0);
    type_char(f, 'z', 0);
    assert_title(f, "1 (");
}

// One digit of two strokes: bit for bit what it is without taking apart.
static void one_digit_is_as_it_was(void **state) {
    Fixture *f = *state;
    float before[10];
    uint8_t input[SIDE * SIDE];
    answer_with_shipped(f, 0);
    WRITE(f, seven);
    assert_false(f->bench->answer.several);
    memcpy(before, f->bench->answer.probabilities, sizeof before);
    memcpy(input, f->bench->answer.input, sizeof input);
    click(f, "Split");
    assert_memory_equal(before, f->bench->answer.probabilities, sizeof before);
    assert_memory_equal(input, f->bench->answer.input, sizeof input);
}

static void ten_digits_in_less_than_a_frame(void **state) {
    Fixture *f = *state;
    double fastest = 1;
    answer_with_shipped(f, 0);
    for (int i = 0; i < 10; i++) {
        const Pen *pens = i % 2 ? seven : one;
        for (int k = 0; k < (i % 2 ? 2 : 1); k++)
            pen_down(f, &pens[k], (float)i * 9 + (i % 2 ? -16 : 3), 0.35f);
        if (f->bench->answer.seconds < fastest && i == 9) fastest = f->bench->answer.seconds;
    }
    assert_int_equal(f->bench->answer.reading.count, 10);
    for (int i = 0; i < 8; i++) { // others use the machine too: the fastest counts
        type_char(f, 'z', 0);
        type_char(f, 'y', 0);
        fastest = fmin(fastest, f->bench->answer.seconds);
    }
    print_message("ten digits: %.2f ms\n", fastest * 1e3);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(fastest < FRAME_SECONDS);
#endif
    assert_title(f, "1717171717");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_window, close_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(below_the_models_threshold_it_is_unsure),
        CASE(a_sure_answer_and_a_dot),
        CASE(a_number_is_read_from_left_to_right),
        CASE(taking_apart_can_be_switched_off),
        CASE(one_digit_is_as_it_was),
        CASE(ten_digits_in_less_than_a_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
