// The whole window without a window: panels, toolkit and trainer on a fixed-width font and made-up
// input. What a person does is done here by mouse and keys on the record of widgets: draw, train,
// step, stop, delete, save, reopen. Where all of it lies: test_layout.c.
#include "panels_window.h"

// ---- drawing ------------------------------------------------------------------------------------

static void drawing_is_answered_in_the_same_frame(void **state) {
    Fixture *f = *state;
    train_and_finish(f);
    Workbench *bench = f->bench;
    assert_true(bench->answer.blank);
    draw_bar(f, 0.5f, MOUSE_LEFT);
    assert_false(bench->answer.blank);
    float sum = 0;
    for (int i = 0; i < 10; i++) sum += bench->answer.probabilities[i];
    assert_true(fabsf(sum - 1) < 1e-4f);
    // Within one frame: the press and the motion of this frame are in the answer of this frame.
    uint32_t before = bench->answer.version;
    Rect r = must_find(f, "Canvas")->rect;
    Vec2 at = {r.x + r.w / 2, r.y + r.h * 0.9f};
    input_press(&f->input, MOUSE_LEFT, at, 1);
    input_move(&f->input, (Vec2){at.x + 30, at.y - 20}, 1);
    frame(f);
    assert_true(bench->answer.version > before);
    input_release(&f->input, MOUSE_LEFT, at);
    frame(f);
}

static void keys_undo_redo_and_clear(void **state) {
    Fixture *f = *state;
    frames(f, 2);
    draw_bar(f, 0.3f, MOUSE_LEFT);
    draw_bar(f, 0.6f, MOUSE_LEFT);
    Drawing *drawing = &f->bench->ink.drawing;
    assert_int_equal(drawing->live, 2);
    type_char(f, 'z', 0);
    assert_int_equal(drawing->live, 1);
    type_char(f, 'y', 0);
    assert_int_equal(drawing->live, 2);
    type_char(f, 'c', 0);
    assert_true(drawing_is_blank(drawing));
    type_char(f, 'z', 0);
    assert_false(drawing_is_blank(drawing));
    type_key(f, KEY_ESCAPE, 0, 0);
    assert_true(drawing_is_blank(drawing));
}

static void right_button_erases_and_wheel_sets_the_brush(void **state) {
    Fixture *f = *state;
    frames(f, 2);
    draw_bar(f, 0.5f, MOUSE_LEFT);
    draw_bar(f, 0.5f, MOUSE_RIGHT);
    assert_int_equal(f->bench->ink.drawing.strokes[1].kind, STROKE_ERASE);
    float before = f->bench->ink.brush;
    f->input.wheel.y = 2;
    frame(f);
    assert_true(f->bench->ink.brush > before);
}

static void a_click_on_a_sample_gives_its_very_bytes(void **state) {
    Fixture *f = *state;
    train_and_finish(f);
    click(f, "Test image 3");
    assert_memory_equal(f->bench->answer.input, imageset_pixels(&f->bench->dataset->test, 2),
                        SIDE * SIDE);
    assert_int_equal(f->bench->answer.best[0], f->bench->dataset->test.labels[2]);
    click(f, "Clear");
    assert_true(f->bench->answer.blank);
}

// ---- training -----------------------------------------------------------------------------------

static void training_fills_charts_and_table(void **state) {
    Fixture *f = *state;
    train_and_finish(f);
    RunEntry *run = last_run(f->bench);
    assert_int_equal(run->loss.count, 3 * TRAIN_N / 20);
    assert_int_equal(run->test.count, 3);
    assert_true(run->best > 0.9);
    assert_true(entry_is_unsaved(run));
    must_find(f, run->name);
    // The network that was trained answers, and says so.
    assert_int_equal(f->bench->answer.of, run->id);
    assert_int_equal(f->bench->exam.n, TEST_N);
}

static void a_step_is_one_batch(void **state) {
    Fixture *f = *state;
    frames(f, 2);
    click(f, "Step");
    wait_for(f, run_is_paused, "a step");
    assert_int_equal(last_run(f->bench)->steps_read, 1);
    type_char(f, 's', 0);
    for (int i = 0; i < 400 && last_run(f->bench)->steps_read < 2; i++) {
        thread_sleep(0.002);
        frame(f);
    }
    assert_int_equal(last_run(f->bench)->steps_read, 2);
    assert_int_equal(f->bench->runs.count, 1);
    click(f, "Stop");
    wait_for(f, all_are_over, "the stop");
    assert_int_equal(entry_state(last_run(f->bench)), RUN_STOPPED);
}

static void learning_rate_changes_a_run_and_space_holds_it(void **state) {
    Fixture *f = *state;
    frames(f, 2);
    workbench_set(f->bench, "epochs", "2000");
    type_key(f, KEY_SPACE, 0, 0);
    wait_for(f, run_has_batches, "the first batch");
    click(f, "Learning rate");
    type_text(f, "0.0005");
    type_key(f, KEY_ENTER, 0, 0);
    assert_true(fabs(last_run(f->bench)->lr - 0.0005) < 1e-12);
    click_at(f, (Vec2){900, 60});
    type_key(f, KEY_SPACE, 0, 0);
    wait_for(f, run_is_paused, "the pause");
    size_t before = last_run(f->bench)->steps_read;
    type_char(f, 's', 0); // the next batch has the new rate
    for (int i = 0; i < 1000 && last_run(f->bench)->steps_read == before; i++) {
        thread_sleep(0.002);
        frame(f);
    }
    assert_true(fabsf(last_run(f->bench)->last.lr - 0.0005f) < 1e-7f);
    click(f, "Stop");
    wait_for(f, all_are_over, "the stop");
}

static void runs_side_by_side_keep_colour_and_weights(void **state) {
    Fixture *f = *state;
    frames(f, 2);
    click(f, "Add run");
    workbench_set(f->bench, "optimizer", "sgd");
    click(f, "Add run");
    wait_for(f, all_are_over, "the end of both");
    assert_int_equal(f->bench->runs.count, 2);
    assert_string_equal(f->bench->runs.entry[0]->name, "Adam");
    assert_string_equal(f->bench->runs.entry[1]->name, "SGD");
    assert_int_not_equal(f->bench->runs.entry[0]->number, f->bench->runs.entry[1]->number);
    // The row of the first brings back its settings.
    click(f, "Adam");
    assert_int_equal(f->bench->runs.selected, f->bench->runs.entry[0]->id);
    assert_int_equal(f->bench->form.optimizer, OPTIMIZER_ADAM);
}

// ---- files --------------------------------------------------------------------------------------

static void saved_and_reopened_it_answers_the_same(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX];
    files_path(path, f->directory, "mine.safetensors");
    train_and_finish(f);
    draw_bar(f, 0.5f, MOUSE_LEFT);
    float before[10];
    memcpy(before, f->bench->answer.probabilities, sizeof before);
    type_char(f, 's', MOD_CTRL);
    assert_int_equal(f->bench->dialog, DIALOG_SAVE);
    text_copy(f->bench->path.path, sizeof f->bench->path.path, path);
    frames(f, 2);
    type_key(f, KEY_ENTER, 0, 0);
    if (f->bench->dialog != DIALOG_NONE) click(f, "Save");
    assert_true(file_exists(path));
    assert_false(entry_is_unsaved(last_run(f->bench)));
    assert_ok(bench_open(f->bench, path));
    frames(f, 3);
    Source source = answer_source(f->bench);
    assert_non_null(source.model);
    assert_memory_equal(before, f->bench->answer.probabilities, sizeof before);
    // A model's mistakes are worked out when their tab is looked at.
    type_char(f, '2', 0);
    wait_for(f, exam_is_there, "the exam");
    assert_true(fabs(f->bench->exam.accuracy - last_run(f->bench)->last_epoch.test_accuracy) <
                1e-9);
}

static void overwriting_asks_first(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX];
    files_path(path, f->directory, "there.safetensors");
    files_write(path, "old", 3);
    train_and_finish(f);
    type_char(f, 's', MOD_CTRL);
    text_copy(f->bench->path.path, sizeof f->bench->path.path, path);
    frames(f, 2);
    type_key(f, KEY_ENTER, 0, 0);
    assert_int_equal(f->bench->dialog, DIALOG_SAVE);
    assert_non_null(strstr(f->bench->path.problem, "again"));
    type_key(f, KEY_ENTER, 0, 0);
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
    assert_ok(bench_open(f->bench, path));
}

static void a_broken_file_is_a_sentence(void **state) {
    Fixture *f = *state;
    static const struct {
        const char *name, *bytes;
    } cases[] = {{"text.safetensors", "this is no model"},
                 {"empty.safetensors", ""},
                 {"bad.jsonl", "{\"strokes\":"},
                 {"picture.png", "no picture"}};
    char path[FILE_PATH_MAX];
    train_and_finish(f);
    uint64_t answering = f->bench->answer.of;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        files_path(path, f->directory, cases[i].name);
        files_write(path, cases[i].bytes, strlen(cases[i].bytes));
        Status status = bench_open(f->bench, path);
        if (status_is_ok(&status)) fail_msg("%s was taken", cases[i].name);
        assert_true(strlen(status.message) > 10);
        frames(f, 2);
        assert_int_equal(f->bench->answer.of, answering);
    }
    files_path(path, f->directory, "nowhere/at-all.safetensors");
    Status status = bench_save(f->bench, answering, path);
    assert_false(status_is_ok(&status));
    assert_true(entry_is_unsaved(last_run(f->bench)));
    status = bench_open(f->bench, "/no/such/file");
    assert_int_equal(status.code, STATUS_NOT_FOUND);
}

static void strokes_come_to_the_canvas(void **state) {
    Fixture *f = *state;
    static const char line[] = "{\"label\":1,\"strokes\":[[[5,0],[5,10]]]}\n";
    char path[FILE_PATH_MAX];
    files_path(path, f->directory, "one.jsonl");
    files_write(path, line, sizeof line - 1);
    assert_ok(bench_open(f->bench, path));
    frames(f, 2);
    assert_false(drawing_is_blank(&f->bench->ink.drawing));
}

// ---- dialogs and keyboard -----------------------------------------------------------------------

static void the_language_is_switched_and_remembered(void **state) {
    Fixture *f = *state;
    static const char button[] = "EN / \xe4\xb8\xad\xe6\x96\x87";
    frames(f, 2);
    f->mute = true;
    click(f, button);
    assert_int_equal(f->bench->language, LANGUAGE_ENGLISH);
    assert_non_null(strstr(f->logged, "no font"));
    f->mute = false;
    click(f, button);
    assert_int_equal(f->bench->language, LANGUAGE_CHINESE);
    assert_int_equal(f->bench->prefs.language, LANGUAGE_CHINESE);
    click(f, button);
    assert_int_equal(f->bench->prefs.language, LANGUAGE_ENGLISH);
}

static void settings_go_to_the_clipboard_and_back(void **state) {
    Fixture *f = *state;
    TrainConfig *form = &f->bench->form;
    frames(f, 2);
    workbench_set(f->bench, "lr", "0.125");
    workbench_set(f->bench, "seed", "77");
    type_char(f, 'c', MOD_CTRL);
    workbench_set(f->bench, "optimizer", "sgd");
    workbench_set(f->bench, "seed", "1");
    type_char(f, 'v', MOD_CTRL);
    assert_int_equal(form->optimizer, OPTIMIZER_ADAM);
    assert_true(form->options.lr == 0.125 && form->seed == 77);
    assert_string_equal(form->layers, "dense 16, relu, dense 10");
    // What is no settings line is a sentence, and the form stays.
    ui_clipboard_set(f->ui, "lr=much");
    type_char(f, 'v', MOD_CTRL);
    assert_non_null(strstr(f->logged, "lr must be a number"));
    assert_true(form->options.lr == 0.125);
    dialog_open(f->bench, DIALOG_MORE);
    frames(f, 2);
    ui_clipboard_set(f->ui, "optimizer=lion seed=9");
    click(f, "Paste");
    assert_int_equal(form->seed, 9);
    click(f, "Copy");
    char *line = ui_clipboard_get(f->ui);
    assert_non_null(strstr(line, "optimizer=lion"));
    assert_non_null(strstr(line, "seed=9"));
    free(line);
}

static void custom_layers_are_checked_while_typed(void **state) {
    Fixture *f = *state;
    frames(f, 2);
    workbench_set(f->bench, "preset", "lenet5");
    click(f, "Model");
    click(f, "Custom layers\xe2\x80\xa6");
    assert_int_equal(f->bench->dialog, DIALOG_LAYERS);
    click(f, "Layers");
    type_text(f, "conv 4 k99, dense 10");
    const UiItem *use = must_find(f, "Use these");
    assert_true(use->flags & UI_DISABLED);
    type_text(f, "dense 12, relu, dense 10");
    click(f, "Use these");
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
    assert_string_equal(f->bench->form.layers, "dense 12, relu, dense 10");
    assert_string_equal(f->bench->form.preset, "");
}

// A frame of the accent colour around the widget; a field has a stronger edge, and the caret.
static bool focus_is_drawn(Fixture *f, const UiItem *item) {
    const ThemeColors *colors = &f->ui->theme->color;
    bool field = item->kind == UI_KIND_FIELD;
    Color accent = field ? colors->accent_strong : colors->accent;
    for (size_t i = 0; i < f->ui->draw.count; i++) {
        const DrawCommand *c = &f->ui->draw.commands[i];
        bool frame = c->kind == DRAW_BOX && memcmp(&c->border, &accent, sizeof accent) == 0;
        Rect both = rect_intersect(c->rect, item->rect);
        if (frame && c->width >= (field ? 1 : 1.5f) && both.w > 0 && both.h > 0) return true;
    }
    return false;
}

// Tab goes once through everything that can be used in the window, and shows where it is.
static void everything_is_reached_by_keyboard(void **state) {
    enum { STOPS_MAX = 200 };
    Fixture *f = *state;
    UiId seen[STOPS_MAX];
    int count = 0;
    train_and_finish(f);
    draw_bar(f, 0.5f, MOUSE_LEFT);
    ui_set_focus(f->ui, 0);
    for (; count < STOPS_MAX; count++) {
        type_key(f, KEY_TAB, 0, 0);
        seen[count] = ui_focus(f->ui);
        if (seen[count] == 0 || (count > 0 && seen[count] == seen[0])) break;
        for (size_t k = 0; k < ui_item_count(f->ui); k++) {
            const UiItem *item = ui_item(f->ui, k);
            if (item->id == seen[count] && !focus_is_drawn(f, item))
                fail_msg("the focus on \"%s\" is not to be seen", item->label);
        }
    }
    assert_true(count > 30 && count < STOPS_MAX);
    for (size_t k = 0; k < ui_item_count(f->ui); k++) {
        const UiItem *item = ui_item(f->ui, k);
        bool usable = is_control(item) && !(item->flags & (UI_DISABLED | UI_NO_FOCUS)) &&
                      !rect_is_empty(item->visible);
        bool reached = !usable;
        for (int i = 0; i < count; i++) reached = reached || seen[i] == item->id;
        // Of the tiles one stands for all; the arrow keys go on from it.
        if (!reached && strncmp(item->label, "Test image", 10) != 0)
            fail_msg("Tab never reaches \"%s\"", item->label);
    }
    ui_set_focus(f->ui, 0); // it may be in a field, which takes what is typed
    type_char(f, '?', 0);
    assert_int_equal(f->bench->dialog, DIALOG_KEYS);
    type_key(f, KEY_ESCAPE, 0, 0);
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
    type_char(f, '3', 0);
    assert_int_equal(f->bench->tab, TAB_CONFUSION);
    float scale = f->bench->prefs.scale;
    type_char(f, '+', 0);
    assert_true(f->bench->prefs.scale > scale);
}

static int open_without_data(void **state) {
    return open_window_with(state, NULL, false);
}

static void the_window_is_there_before_the_data(void **state) {
    Fixture *f = *state;
    frames(f, 2);
    draw_bar(f, 0.5f, MOUSE_LEFT);
    assert_false(drawing_is_blank(&f->bench->ink.drawing));
    wait_for(f, data_is_there, "the data set");
    assert_true(f->bench->dataset->synthetic);
    assert_non_null(f->bench->trainer);
}

static bool loading_is_over(Workbench *bench) {
    return !bench->loader.busy;
}

static void without_data_nobody_is_told_to_wait(void **state) {
    Fixture *f = *state;
    workbench_load_data(f->bench, "/nowhere/at-all");
    wait_for(f, loading_is_over, "the end of loading");
    assert_null(f->bench->dataset);
    assert_fails(runs_start(f->bench, false), STATUS_USAGE, "There is no data set");
}

// A picture with strokes on it, on canvases of several sizes.
static void what_the_network_sees_is_not_the_windows_business(void **state) {
    (void)state;
    InkState ink;
    InkFit fit;
    uint8_t grey[28 * 28] = {0}, seen[2][28 * 28];
    ink_state_open(&ink);
    for (int y = 4; y < 24; y++) grey[y * 28 + 9] = grey[y * 28 + 10] = 200;
    assert_ok(ink_state_show_exactly(&ink, grey, 28, 28, "a bar"));
    assert_ok(drawing_begin(&ink.drawing, STROKE_INK, 0.04f));
    for (int i = 0; i <= 10; i++)
        assert_ok(drawing_add(&ink.drawing, 0.3f + 0.05f * (float)i, 0.52f, 1));
    drawing_end(&ink.drawing);
    const int sides[] = {344, 200, 897};
    float field[2][3];
    for (int i = 0; i < 3; i++) {
        int at = i > 0;
        assert_ok(ink_state_render(&ink, sides[i]));
        assert_ok(ink_state_fit(&ink, 28, seen[at], &fit));
        ink_state_field(&ink, 28, &fit, field[at]);
        if (i == 0) continue;
        assert_memory_equal(seen[0], seen[1], sizeof seen[0]);
        assert_memory_equal(field[0], field[1], sizeof field[0]);
    }
    ink_state_close(&ink);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_window, close_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(drawing_is_answered_in_the_same_frame),
        CASE(keys_undo_redo_and_clear),
        CASE(right_button_erases_and_wheel_sets_the_brush),
        CASE(a_click_on_a_sample_gives_its_very_bytes),
        CASE(training_fills_charts_and_table),
        CASE(a_step_is_one_batch),
        CASE(learning_rate_changes_a_run_and_space_holds_it),
        CASE(runs_side_by_side_keep_colour_and_weights),
        CASE(saved_and_reopened_it_answers_the_same),
        CASE(overwriting_asks_first),
        CASE(a_broken_file_is_a_sentence),
        CASE(strokes_come_to_the_canvas),
        cmocka_unit_test(what_the_network_sees_is_not_the_windows_business),
        CASE(the_language_is_switched_and_remembered),
        CASE(settings_go_to_the_clipboard_and_back),
        CASE(custom_layers_are_checked_while_typed),
        CASE(everything_is_reached_by_keyboard),
        CASE(without_data_nobody_is_told_to_wait),
        cmocka_unit_test_setup_teardown(the_window_is_there_before_the_data, open_without_data,
                                        close_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
