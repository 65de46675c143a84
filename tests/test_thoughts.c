// The window while the network that answers takes its time: frames go on with the answer before,
// whatever else a person does meanwhile, and in the end everything belongs to the ink of now and to
// who answers now.
#include "pen_window.h"

#include "gate.h"

static Gate gate;

// From here on the network says nothing. The first frame after that asks it.
static void hold(Fixture *f) {
    gate_shut(&gate, f, ERRANDS_THOUGHTS);
}

// ... and now it says everything.
static void let_go(Fixture *f) {
    f->bench->errands[ERRANDS_THOUGHTS].patience = PATIENCE_SECONDS;
    gate_open(&gate);
    errands_finish(f->bench, ERRANDS_THOUGHTS);
    frames(f, 3);
    assert_false(errands_are_busy(f->bench, ERRANDS_THOUGHTS));
}

static void open_later(void *context) {
    (void)context;
    thread_sleep(0.05);
    gate_open(&gate);
}

// What the network says to what is on the canvas, asked directly.
static void assert_answered(Fixture *f) {
    const Answer *answer = &f->bench->answer;
    Source source = answer_source(f->bench);
    SavedModel *made = NULL;
    Recognizer *recognizer;
    InkFit fit;
    uint8_t input[INK_FIELD_MAX * INK_FIELD_MAX];
    float probabilities[SPEC_CLASSES_MAX];
    assert_int_equal(answer->of, source_id(&source));
    if (source.run) assert_ok(run_log_save_model(source.run->log, f->bench->dataset, &made));
    assert_ok(recognizer_open(made ? made : source.model->model, 1, 1, &recognizer));
    assert_ok(ink_state_fit(&f->bench->ink, SIDE, input, &fit));
    recognizer_answer(recognizer, input, 1, NULL, probabilities);
    assert_true(answer_is_current(f->bench));
    assert_int_equal(answer->blank, fit.blank);
    assert_false(answer->several);
    assert_memory_equal(answer->input, input, SIDE * SIDE);
    assert_memory_equal(answer->probabilities, probabilities,
                        sizeof(float) * (size_t)answer->classes);
    recognizer_close(&recognizer);
    saved_model_close(&made);
}

// ---- drawing ------------------------------------------------------------------------------------

static void the_window_goes_on_with_the_answer_before(void **state) {
    Fixture *f = *state;
    const Answer *answer = &f->bench->answer;
    answer_with_shipped(f, 0);
    WRITE(f, one);
    assert_title(f, "1 (");
    uint32_t before = answer->version;
    hold(f);
    WRITE(f, seven);
    frames(f, 5);
    assert_int_equal(answer->version, before);
    assert_title(f, "1 (");
    assert_false(answer_is_current(f->bench));
    type_char(f, 'c', 0);
    WRITE(f, seven);
    let_go(f);
    assert_title(f, "7 (");
    assert_answered(f);
}

static void an_answer_in_time_is_of_the_same_frame(void **state) {
    Fixture *f = *state;
    answer_with_shipped(f, 0);
    for (int i = 0; i < 4; i++) {
        draw_bar(f, 0.2f + 0.1f * (float)i, MOUSE_LEFT);
        assert_true(answer_is_current(f->bench));
        type_char(f, 'c', 0);
        assert_true(answer_is_current(f->bench));
        assert_true(f->bench->answer.blank);
    }
}

// `count` have been taught, the last as `label` with both of its strokes.
static void assert_taught(Fixture *f, int count, const char *label) {
    const MyDigits *mine = &f->bench->mine;
    assert_int_equal(mine->count, count);
    assert_string_equal(mine->digits[count - 1].label, label);
    assert_int_equal(mine->digits[count - 1].drawing.live, 2);
}

static void a_label_waits_for_the_last_stroke(void **state) {
    Fixture *f = *state;
    const MyDigits *mine = &f->bench->mine;
    answer_with_shipped(f, 0);
    hold(f);
    WRITE(f, seven);
    type_char(f, '7', MOD_ALT);
    assert_int_equal(mine->count, 0);
    let_go(f);
    assert_taught(f, 1, "7");
    // What is drawn meanwhile is another drawing.
    type_char(f, 'c', 0);
    hold(f);
    WRITE(f, four);
    type_char(f, '4', MOD_ALT);
    type_char(f, 'c', 0);
    WRITE(f, one);
    let_go(f);
    assert_taught(f, 2, "4");
    assert_answered(f);
    assert_title(f, "1 (");
    // Of a number the digit that was written last, taken apart with the strokes of now.
    type_char(f, 'c', 0);
    WRITE(f, one);
    hold(f);
    WRITE(f, four);
    type_char(f, '4', MOD_ALT);
    assert_int_equal(mine->count, 2);
    let_go(f);
    assert_taught(f, 3, "4");
    assert_true(f->bench->answer.several);
}

static void closing_keeps_the_label_that_waits(void **state) {
    Fixture *f = *state;
    MyDigits other = {.count = 0};
    Thread opener = {0};
    char path[FILE_PATH_MAX];
    files_path(path, f->directory, "digits.jsonl");
    text_copy(f->bench->mine.path, sizeof f->bench->mine.path, path);
    answer_with_shipped(f, 0);
    settle(f);
    hold(f);
    WRITE(f, seven);
    type_char(f, '7', MOD_ALT);
    type_char(f, 'c', 0);
    assert_ok(thread_start(&opener, "opener", open_later, NULL));
    workbench_close(&f->bench);
    thread_join(&opener);
    text_copy(other.path, sizeof other.path, path);
    assert_ok(my_digits_load(&other));
    assert_int_equal(other.count, 1);
    assert_int_equal(other.digits[0].drawing.live, 2);
    my_digits_close(&other);
}

// ---- everything else ----------------------------------------------------------------------------

// What asks the network besides the canvas, all of it waiting.
static void look_everywhere(Fixture *f) {
    static const DeckTab tabs[] = {TAB_SAMPLES, TAB_FEATURES, TAB_MINE, TAB_MAP};
    f->bench->prefs.saliency = true;
    for (size_t i = 0; i < sizeof tabs / sizeof tabs[0]; i++) {
        f->bench->tab = tabs[i];
        frames(f, 2);
        // Over whatever there is, such as a number of a feature map.
        for (int k = 0; k < 6; k++) {
            input_move(&f->input, (Vec2){420 + 160.0f * (float)k, 760}, 1);
            frame(f);
        }
    }
}

static void another_network_waits_until_this_one_is_done(void **state) {
    Fixture *f = *state;
    train_and_finish(f); // this one answers
    draw_bar(f, 0.3f, MOUSE_LEFT);
    assert_answered(f);
    uint64_t before = f->bench->answer.of;
    uint32_t opened = f->bench->answer.opened;
    f->bench->tab = TAB_FEATURES;
    frames(f, 2);
    assert_true(f->bench->feature_count > 0);
    hold(f);
    type_char(f, 'c', 0);
    draw_bar(f, 0.5f, MOUSE_LEFT);
    answer_with_shipped(f, 0); // from here on that one answers: it has more layers
    assert_int_equal(f->bench->answer.of, before);
    assert_int_equal(f->bench->answer.opened, opened);
    look_everywhere(f);
    assert_true(f->bench->answer.held);
    f->bench->tab = TAB_FEATURES;
    let_go(f);
    assert_int_not_equal(f->bench->answer.of, before);
    assert_answered(f);
    assert_int_equal(f->bench->layers.opened, f->bench->answer.opened);
    assert_true(f->bench->feature_count > 0);
    look_everywhere(f);
}

// Pictures of layers are never shown with the names and numbers of another network.
static void layers_of_the_network_before_are_not_shown(void **state) {
    Fixture *f = *state;
    answer_with_shipped(f, 0);
    train_and_finish(f);
    draw_bar(f, 0.3f, MOUSE_LEFT);
    f->bench->tab = TAB_FEATURES;
    frames(f, 2);
    assert_true(f->bench->feature_count > 0);
    uint32_t before = f->bench->answer.opened;
    Errands *thoughts = &f->bench->errands[ERRANDS_THOUGHTS];
    errands_finish(f->bench, ERRANDS_THOUGHTS);
    thoughts->patience = thoughts->left = 0;
    f->bench->pin = f->bench->models[0].id;
    answer_update(f->bench); // from here on that one answers,
    hold(f);                 // but of its layers nothing is known
    frames(f, 3);
    assert_int_not_equal(f->bench->answer.opened, before);
    assert_int_equal(f->bench->feature_count, 0);
    let_go(f);
    assert_int_not_equal(f->bench->answer.opened, before);
    assert_int_equal(f->bench->layers.opened, f->bench->answer.opened);
    assert_true(f->bench->feature_count > 0);
}

static void who_answers_may_go_meanwhile(void **state) {
    Fixture *f = *state;
    train_and_finish(f);
    draw_bar(f, 0.3f, MOUSE_LEFT);
    look_everywhere(f);
    hold(f);
    type_char(f, 'c', 0);
    draw_bar(f, 0.5f, MOUSE_LEFT);
    look_everywhere(f);
    runs_remove(f->bench, last_run(f->bench));
    wait_for(f, no_runs, "the end of the run");
    look_everywhere(f);
    let_go(f);
    assert_null(f->bench->answer.recognizer);
    assert_int_equal(f->bench->answer.of, 0);
    look_everywhere(f);
}

static void weights_of_a_training_are_not_forgotten(void **state) {
    Fixture *f = *state;
    frames(f, 2);
    click(f, "Train");
    wait_for(f, run_has_batches, "the first batches");
    draw_bar(f, 0.3f, MOUSE_LEFT);
    hold(f);
    type_char(f, 'c', 0);
    draw_bar(f, 0.5f, MOUSE_LEFT);
    wait_for(f, run_is_finished, "the end of the training");
    for (int i = 0; i < 20; i++) { // all that it has to say has come
        thread_sleep(0.01);
        frame(f);
    }
    look_everywhere(f);
    let_go(f);
    assert_int_equal(f->bench->answer.weights_seen, last_run(f->bench)->snapshot_version);
    assert_answered(f);
}

// The samples of a model are asked for once, and are those that the network gives.
static void samples_come_when_they_are_known(void **state) {
    Fixture *f = *state;
    int32_t index;
    int said;
    float confidence;
    bool known;
    answer_with_shipped(f, 0);
    f->bench->answer.samples.of = 0;
    hold(f);
    f->bench->tab = TAB_SAMPLES;
    frames(f, 3);
    assert_true(answer_sample(f->bench, 5, &index, &said, &confidence, &known));
    assert_false(known);
    let_go(f);
    assert_true(answer_sample(f->bench, 5, &index, &said, &confidence, &known));
    assert_true(known);
    assert_int_equal(index, 5);
    Source source = answer_source(f->bench);
    Recognizer *recognizer;
    float row[SPEC_CLASSES_MAX];
    assert_ok(recognizer_open(source.model->model, 1, 1, &recognizer));
    recognizer_answer(recognizer, imageset_pixels(&f->bench->dataset->test, 5), 1, NULL, row);
    assert_float_equal(row[said], confidence, 0);
    for (int c = 0; c < recognizer_classes(recognizer); c++) assert_true(row[c] <= row[said]);
    recognizer_close(&recognizer);
}

static void the_window_closes_behind_them(void **state) {
    Fixture *f = *state;
    Thread opener = {0};
    train_and_finish(f);
    hold(f);
    type_char(f, 'c', 0);
    draw_bar(f, 0.5f, MOUSE_LEFT);
    look_everywhere(f);
    assert_ok(thread_start(&opener, "opener", open_later, NULL));
    close_window(state);
    thread_join(&opener);
    *state = NULL;
}

static int close_if_open(void **state) {
    return *state ? close_window(state) : 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_window, close_if_open)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(the_window_goes_on_with_the_answer_before),
        CASE(an_answer_in_time_is_of_the_same_frame),
        CASE(a_label_waits_for_the_last_stroke),
        CASE(closing_keeps_the_label_that_waits),
        CASE(another_network_waits_until_this_one_is_done),
        CASE(layers_of_the_network_before_are_not_shown),
        CASE(who_answers_may_go_meanwhile),
        CASE(weights_of_a_training_are_not_forgotten),
        CASE(samples_come_when_they_are_known),
        CASE(the_window_closes_behind_them),
    };
    return cmocka_run_group_tests_name("thoughts", tests, NULL, NULL);
}
