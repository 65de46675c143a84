// What is told to the window about ink, and what it tells: ink that is no digit, numbers digit by
// digit. A window on made-up input, as in test_panels.c, with the network that is shipped.
#include "panels_window.h"

#include "formats/formats.h"

static const double FRAME_SECONDS = 1.0 / 60;

// Points in percent of the canvas.
typedef struct Pen {
    int count;
    Vec2 at[12];
} Pen;

static const Pen one[] = {{2, {{10, 30}, {10, 70}}}};
static const Pen nine[] = {
    {6, {{38, 32}, {30, 34}, {28, 44}, {34, 48}, {39, 42}, {38, 32}}},
    {3, {{38, 32}, {38, 52}, {35, 70}}},
};
static const Pen seven[] = {
    {3, {{52, 30}, {68, 30}, {56, 70}}},
    {2, {{54, 50}, {66, 50}}},
};
static const Pen four[] = {
    {3, {{82, 30}, {76, 52}, {94, 52}}},
    {2, {{88, 40}, {88, 72}}},
};

static void pen_down(Fixture *f, const Pen *pen, float shift, float scale) {
    Rect r = must_find(f, "Canvas")->rect;
    Vec2 at = {0, 0};
    for (int i = 0; i < pen->count; i++) {
        at = (Vec2){r.x + r.w * (shift + pen->at[i].x * scale) / 100,
                    r.y + r.h * (pen->at[i].y * scale + 50 * (1 - scale)) / 100};
        if (i == 0) {
            input_move(&f->input, at, 1);
            frame(f);
            input_press(&f->input, MOUSE_LEFT, at, 1);
        } else {
            input_move(&f->input, at, 1);
        }
    }
    frame(f);
    input_release(&f->input, MOUSE_LEFT, at);
    frame(f);
}

#define WRITE(f, digit) write_digit(f, digit, (int)(sizeof(digit) / sizeof *(digit)))
static void write_digit(Fixture *f, const Pen *pens, int count) {
    for (int i = 0; i < count; i++) pen_down(f, &pens[i], 0, 1);
}

// The network that is shipped, with another threshold. Skips the test where it is not.
static void answer_with_shipped(Fixture *f, float threshold) {
    char path[FILE_PATH_MAX];
    const char *fixtures = getenv("INKLING_FIXTURES");
    SavedModel *model;
    if (!fixtures || !path_join(path, fixtures, "../../assets/lenet5.safetensors") ||
        !file_exists(path)) {
        print_message("the shipped network is not here ($INKLING_FIXTURES)\n");
        skip();
    }
    assert_ok(format_read(path, &model));
    model->threshold = threshold;
    assert_ok(bench_add_model(f->bench, model, path, true, true));
    frames(f, 2);
}

// Is this text on the window?
static bool is_shown(Fixture *f, const char *wanted) {
    size_t size = strlen(wanted);
    for (size_t i = 0; i < f->ui->draw.count; i++) {
        const DrawCommand *c = &f->ui->draw.commands[i];
        if (c->kind != DRAW_TEXT || c->count < size) continue;
        const char *text = draw_command_text(&f->ui->draw, c);
        for (size_t k = 0; k + size <= c->count; k++)
            if (memcmp(text + k, wanted, size) == 0) return true;
    }
    return false;
}

static void assert_title(Fixture *f, const char *wanted) {
    char title[96];
    workbench_answer_text(f->bench, title, sizeof title);
    if (strncmp(title, wanted, strlen(wanted)) != 0 || (!wanted[0] && title[0]))
        fail_msg("the title says \"%s\", not \"%s\"", title, wanted);
}

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
    assert_true(fastest < FRAME_SECONDS);
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
