// A model file that does not say which network it is, in the window: it is there at once, what was
// guessed about it is said and can be changed, and the change takes its place.
#include "panels_window.h"

static bool guess_is_over(Workbench *bench) {
    return bench->model_count > 0 && bench->opening == 0 && !bench->guesser.busy &&
           !bench->models[bench->model_count - 1].untried;
}

static bool form_is_tried(Workbench *bench) {
    const GuessForm *form = &bench->guess;
    return !form->guesser.busy && (form->tried.model || !status_is_ok(&form->tried.status)) &&
           strcmp(form->asked.layers, form->wish.layers) == 0;
}

static void open_fixture(Fixture *f, const char *name) {
    const char *fixtures = getenv("INKLING_FIXTURES");
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s/pth/%s", fixtures ? fixtures : "tests/fixtures", name);
    frames(f, 2);
    assert_ok(bench_open(f->bench, path));
    wait_for(f, guess_is_over, "the guess");
    frames(f, 2);
}

static void a_guess_is_shown_and_can_be_changed(void **state) {
    Fixture *f = *state;
    Workbench *bench = f->bench;
    GuessForm *form = &bench->guess;
    open_fixture(f, "zip.pth");
    int at = bench->model_count - 1;
    uint64_t before = bench->models[at].id;
    assert_true(bench->models[at].foreign && bench->models[at].report.tried > 10);
    assert_true(bench->models[at].report.rival_count > 0);
    assert_int_equal(bench->pin, before);
    click(f, "Change\xe2\x80\xa6");
    assert_int_equal(bench->dialog, DIALOG_GUESS);
    wait_for(f, form_is_tried, "the first look");
    assert_int_equal(form->tried.score.images, TEST_N);
    // As it was guessed, it does as well as the network that answers.
    spec_print_layers(&bench->models[at].model->spec, form->asked.layers, SPEC_TEXT_MAX);
    assert_string_equal(form->wish.layers, form->asked.layers);
    assert_memory_equal(form->tried.model->weights, bench->models[at].model->weights,
                        form->tried.model->plan.weight_floats * sizeof(float));
    text_copy(form->wish.layers, sizeof form->wish.layers,
              "conv 2 k5, tanh, avgpool 2, conv 3 k5, tanh, avgpool 2, flatten, dense 10");
    form->mean = 0.25;
    frames(f, 2);
    wait_for(f, form_is_tried, "the change");
    text_copy(form->classes, sizeof form->classes, "a, b,c,d,e,f,g,h, i , zehn");
    frames(f, 2);
    click(f, "Use these");
    assert_int_equal(bench->dialog, DIALOG_NONE);
    const ModelEntry *entry = &bench->models[at];
    char layers[SPEC_TEXT_MAX];
    spec_print_layers(&entry->model->spec, layers, sizeof layers);
    assert_non_null(strstr(layers, "tanh, avgpool 2, conv 3 k5, tanh"));
    assert_true(entry->model->spec.normalization.mean == 0.25f);
    assert_string_equal(entry->model->class_names[0], "a");
    assert_string_equal(entry->model->class_names[8], "i");
    assert_string_equal(entry->model->class_names[9], "zehn");
    // In its place, and it answers.
    assert_int_equal(bench->model_count - 1, at);
    assert_true(entry->id != before);
    assert_int_equal(bench->pin, entry->id);
    frames(f, 2);
    assert_int_equal(bench->answer.of, entry->id);
}

static void what_does_not_fit_is_said_and_not_taken(void **state) {
    Fixture *f = *state;
    GuessForm *form = &f->bench->guess;
    open_fixture(f, "zip.pth");
    dialog_open(f->bench, DIALOG_GUESS);
    static const char *const wrong[] = {"dense 10", "conv 2 k5, reul", "conv 3 k5, dense 10", ""};
    for (size_t i = 0; i < 3; i++) {
        frames(f, 2);
        text_copy(form->wish.layers, sizeof form->wish.layers, wrong[i]);
        frames(f, 2);
        wait_for(f, form_is_tried, "a refusal");
        assert_null(form->tried.model);
        assert_true(strlen(form->tried.status.message) > 20);
        frames(f, 2);
        assert_true(must_find(f, "Use these")->flags & UI_DISABLED);
    }
    text_copy(form->wish.layers, sizeof form->wish.layers, wrong[3]); // guessed again
    frames(f, 2);
    wait_for(f, form_is_tried, "the usual layers");
    assert_non_null(form->tried.model);
    text_copy(form->classes, sizeof form->classes, "0, 1, 2");
    frames(f, 2);
    assert_true(must_find(f, "Use these")->flags & UI_DISABLED);
    click(f, "Cancel");
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
}

// Layers that the trainer does not have: the network runs as a graph, and answers.
static void words_of_graphs_are_taken(void **state) {
    Fixture *f = *state;
    Workbench *bench = f->bench;
    GuessForm *form = &bench->guess;
    open_fixture(f, "plain.pth");
    int at = bench->model_count - 1;
    assert_null(bench->models[at].model->graph);
    click(f, "Change\xe2\x80\xa6");
    wait_for(f, form_is_tried, "the first look");
    text_copy(form->wish.layers, sizeof form->wish.layers,
              "conv 3 k3 p1, gelu, maxpool 4, conv 4 k3 p2 d2, gelu, maxpool 2 p1, dense 10");
    frames(f, 2);
    wait_for(f, form_is_tried, "the change");
    assert_int_equal(form->tried.score.images, TEST_N);
    click(f, "Use these");
    const ModelEntry *entry = &bench->models[at];
    assert_non_null(entry->model->graph);
    assert_non_null(strstr(entry->report.layers, "gelu, maxpool 4, conv 4 k3 p2 d2"));
    frames(f, 2);
    assert_int_equal(bench->answer.of, entry->id);
}

static void several_files_at_once_are_all_opened(void **state) {
    Fixture *f = *state;
    static const char *const names[] = {"zip.pth", "normed.pth", "linear.pth"};
    int before = f->bench->model_count;
    for (int i = 0; i < 3; i++) {
        char path[FILE_PATH_MAX];
        snprintf(path, sizeof path, "%s/pth/%s", getenv("INKLING_FIXTURES"), names[i]);
        assert_ok(bench_open(f->bench, path));
    }
    wait_for(f, guess_is_over, "the guesses");
    for (int i = 0; i < 400 && f->bench->model_count < before + 3; i++) frames(f, 1);
    assert_int_equal(f->bench->model_count, before + 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_guess_is_shown_and_can_be_changed, open_window,
                                        close_window),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_said_and_not_taken, open_window,
                                        close_window),
        cmocka_unit_test_setup_teardown(words_of_graphs_are_taken, open_window, close_window),
        cmocka_unit_test_setup_teardown(several_files_at_once_are_all_opened, open_window,
                                        close_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
