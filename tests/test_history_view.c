// The History dialog by mouse and keys: runs that were trained in one window come back in the next
// one, with their curves, their weights and what a person called them.
#include "panels_window.h"

static int open_keeping(void **state) {
    return open_window_keeping(state, SETTINGS, true, true);
}

// A new window on the same history.
static void reopen(Fixture *f) {
    WorkbenchOptions options = {.settings = SETTINGS,
                                .threads = 1,
                                .dataset = make_data(),
                                .history = f->history,
                                .hooks = {.logger = {keep_log, f}}};
    workbench_close(&f->bench);
    assert_ok(workbench_open(&f->bench, &options));
}

#define NEEDS_SQLITE()                                                                             \
    if (!history_is_possible()) skip()

static bool list_is_there(Workbench *bench) {
    return bench->history_view.listed && bench->history_view.list.count > 0;
}
static bool dialog_is_closed(Workbench *bench) {
    return bench->dialog == DIALOG_NONE && !bench->history_view.waiting;
}
static bool it_is_pinned(Workbench *bench) {
    return bench->history_view.list.run[0].pinned;
}
static bool it_is_renamed(Workbench *bench) {
    return strcmp(bench->history_view.list.run[0].name, "My best") == 0;
}
static bool it_is_pink(Workbench *bench) {
    return bench->history_view.list.run[0].color == 3;
}
static bool none_is_left(Workbench *bench) {
    return bench->history_view.list.count == 0;
}
static bool one_is_left(Workbench *bench) {
    return bench->history_view.list.count == 1;
}
static bool it_is_kept(Workbench *bench) {
    return recording_is_kept(last_run(bench)->recording);
}

static void open_history(Fixture *f) {
    frames(f, 2);
    click(f, "History\xe2\x80\xa6");
    assert_int_equal(f->bench->dialog, DIALOG_HISTORY);
    wait_for(f, list_is_there, "the list");
}

// A row of the dialog; the table of runs behind it may have one of the same name.
static const UiItem *find_row(Fixture *f, const char *label) {
    for (size_t i = 0; i < ui_item_count(f->ui); i++) {
        const UiItem *item = ui_item(f->ui, i);
        if (item->layer == LAYER_MODAL && item->kind == UI_KIND_ROW &&
            strcmp(item->label, label) == 0)
            return item;
    }
    return NULL;
}

static void choose(Fixture *f, const char *label, uint32_t mods) {
    const UiItem *row = find_row(f, label);
    if (!row) fail_msg("there is no \"%s\" in the history", label);
    f->input.mods = mods;
    click_at(f, (Vec2){row->visible.x + 60, row->visible.y + row->visible.h / 2});
    f->input.mods = 0;
}

// Two runs that differ in optimizer and learning rate.
static void train_two(Fixture *f) {
    frames(f, 2);
    click(f, "Add run");
    workbench_set(f->bench, "optimizer", "sgd");
    workbench_set(f->bench, "lr", "0.05");
    click(f, "Add run");
    wait_for(f, all_are_over, "the end of both");
}

static void a_run_comes_back_in_the_next_window(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE();
    train_and_finish(f);
    RunEntry *run = last_run(f->bench);
    size_t steps = run->loss.count;
    double best = run->best;
    float loss = run->loss.y[steps - 1];
    draw_bar(f, 0.5f, MOUSE_LEFT);
    float before[10];
    memcpy(before, f->bench->answer.probabilities, sizeof before);
    wait_for(f, it_is_kept, "the weights on the disk");
    // Nothing would be lost: no question.
    assert_false(entry_is_unsaved(run));
    quit(f);
    assert_true(f->bench->want_quit);
    reopen(f);
    open_history(f);
    click(f, "last weights");
    choose(f, "Adam", 0);
    click(f, "Open");
    wait_for(f, dialog_is_closed, "the run");
    run = last_run(f->bench);
    assert_non_null(run);
    assert_string_equal(run->name, "Adam");
    assert_int_equal(run->loss.count, steps);
    assert_true(run->loss.y[steps - 1] == loss);
    assert_int_equal(run->test.count, 3);
    assert_true(run->best == best);
    assert_int_equal(entry_state(run), RUN_FINISHED);
    // Its weights answer as they did.
    assert_int_equal(f->bench->answer.of, run->id);
    draw_bar(f, 0.5f, MOUSE_LEFT);
    assert_memory_equal(before, f->bench->answer.probabilities, sizeof before);
    assert_true(f->bench->form.optimizer == OPTIMIZER_ADAM);
    // Its mistakes are found when they are looked at.
    type_char(f, '2', 0);
    wait_for(f, exam_is_there, "the exam");
    assert_true(fabs(f->bench->exam.accuracy - run->last_epoch.test_accuracy) < 1e-9);
    // Once more: it is here already. Taken out of the table it is still in the history.
    open_history(f);
    choose(f, "Adam", 0);
    type_key(f, KEY_ENTER, 0, 0);
    wait_for(f, dialog_is_closed, "the same run");
    assert_int_equal(f->bench->runs.count, 1);
    click(f, "Delete the selected run");
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
    assert_int_equal(f->bench->runs.count, 0);
    open_history(f);
    assert_non_null(find_row(f, "Adam"));
}

static void it_is_named_painted_pinned_and_deleted(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE();
    train_and_finish(f);
    open_history(f);
    choose(f, "Adam", 0);
    click(f, "Rename");
    type_text(f, "My best");
    type_key(f, KEY_ENTER, 0, 0);
    wait_for(f, it_is_renamed, "the name");
    assert_string_equal(last_run(f->bench)->name, "My best"); // here as well
    click(f, "Colour 4");
    wait_for(f, it_is_pink, "the colour");
    assert_int_equal(last_run(f->bench)->number, 3);
    click(f, "Pin");
    wait_for(f, it_is_pinned, "the pin");
    click(f, "Delete from the history");
    click(f, "Keep");
    assert_int_equal(f->bench->history_view.mode, HISTORY_LISTING);
    click(f, "Delete from the history");
    click(f, "Delete");
    wait_for(f, none_is_left, "the deletion");
    // The run of the session is not touched, but has no other copy any more.
    assert_int_equal(f->bench->runs.count, 1);
    assert_true(entry_is_unsaved(last_run(f->bench)));
    type_key(f, KEY_ESCAPE, 0, 0);
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
    // A colour that a run was given is no other's, even when it is that colour's turn.
    last_run(f->bench)->number = f->bench->runs.made;
    assert_ok(runs_start(f->bench, true));
    assert_int_equal(last_run(f->bench)->number, f->bench->runs.made);
}

static bool shows(Fixture *f, const char *wanted) {
    for (size_t i = 0; i < f->ui->draw.count; i++) {
        const DrawCommand *c = &f->ui->draw.commands[i];
        if (c->kind != DRAW_TEXT || c->layer != LAYER_MODAL) continue;
        const char *text = draw_command_text(&f->ui->draw, c);
        if (strlen(wanted) == c->count && memcmp(text, wanted, c->count) == 0) return true;
    }
    return false;
}

static void two_are_compared_by_what_differs(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE();
    train_two(f);
    open_history(f);
    HistoryView *view = &f->bench->history_view;
    assert_int_equal(view->list.count, 2);
    assert_true(must_find(f, "Compare")->flags & UI_DISABLED);
    type_key(f, KEY_CHARACTER, 'x', 0); // no shortcut goes through
    choose(f, "SGD", 0);
    choose(f, "Adam", MOD_CTRL);
    assert_int_equal(view->chosen_count, 2);
    click(f, "Compare");
    frames(f, 2);
    assert_true(shows(f, "Optimizer") && shows(f, "Learning rate"));
    assert_true(shows(f, "0.05") && shows(f, "0.01"));
    assert_false(shows(f, "Batch") || shows(f, "Seed"));
    type_key(f, KEY_ESCAPE, 0, 0);
    assert_int_equal(view->mode, HISTORY_LISTING);
    // Searching leaves the one that has the word; Shift takes all between.
    click(f, "Search the history");
    type_text(f, "sgd 0.05");
    assert_null(find_row(f, "Adam"));
    assert_non_null(find_row(f, "SGD"));
    type_text(f, "");
    type_key(f, KEY_BACKSPACE, 0, 0);
    frames(f, 2);
    choose(f, "SGD", 0);
    choose(f, "Adam", MOD_SHIFT);
    assert_int_equal(view->chosen_count, 2);
    click(f, "Delete from the history");
    click(f, "Keep");
    choose(f, "SGD", MOD_CTRL);
    assert_int_equal(view->chosen_count, 1);
    click(f, "Delete from the history");
    click(f, "Delete");
    wait_for(f, one_is_left, "the deletion");
    assert_string_equal(view->list.run[0].name, "SGD");
}

static void a_run_in_training_is_listed_and_stays(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE();
    frames(f, 2);
    workbench_set(f->bench, "epochs", "100000");
    click(f, "Train");
    wait_for(f, run_has_batches, "the first batch");
    wait_for(f, it_is_kept, "the first weights");
    open_history(f);
    choose(f, "Adam", 0);
    click(f, "Delete from the history");
    click(f, "Delete");
    double until = clock_seconds() + PATIENCE_SECONDS;
    while (!f->bench->history_view.problem[0] && clock_seconds() < until) {
        thread_sleep(0.002);
        frame(f);
    }
    assert_non_null(strstr(f->bench->history_view.problem, "being trained"));
    assert_int_equal(f->bench->history_view.list.count, 1);
    type_key(f, KEY_ESCAPE, 0, 0);
    reopen(f); // with the run going: it is stopped, and its end is kept
    open_history(f);
    assert_int_equal(f->bench->history_view.list.run[0].state, KEPT_STOPPED);
    assert_true(f->bench->history_view.list.run[0].has[KEPT_LAST]);
}

static void without_a_history_the_dialog_says_so(void **state) {
    Fixture *f = *state;
    train_and_finish(f);
    assert_true(entry_is_unsaved(last_run(f->bench)));
    click(f, "History\xe2\x80\xa6");
    frames(f, 3);
    assert_true(shows(f, "This window keeps no runs."));
    assert_true(must_find(f, "Open")->flags & UI_DISABLED);
    type_key(f, KEY_ESCAPE, 0, 0);
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
}

static bool something_is_said(Workbench *bench) {
    return bench->toasts.count > 0;
}

static void a_history_that_is_damaged_is_told_at_once(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE();
    char path[FILE_PATH_MAX];
    workbench_close(&f->bench);
    files_path(path, f->history, "runs.db");
    files_write(path, "this is no database, but it may be dear to somebody", 52);
    reopen(f);
    wait_for(f, something_is_said, "a notice");
    assert_non_null(strstr(f->bench->toasts.item[0].text, "runs.db"));
    train_and_finish(f);
    assert_true(entry_is_unsaved(last_run(f->bench)));
    assert_int_equal(f->bench->toasts.count, 1);
}

static void it_fits_the_smallest_window(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE();
    static const HistoryMode modes[] = {HISTORY_LISTING, HISTORY_RENAMING, HISTORY_ASKING,
                                        HISTORY_COMPARING};
    train_two(f);
    open_history(f);
    resize(f, 1024, 640, 1);
    frames(f, 2);
    choose(f, "SGD", 0);
    choose(f, "Adam", MOD_CTRL);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        char where[32];
        snprintf(where, sizeof where, "history, mode %d", (int)modes[i]);
        f->bench->history_view.mode = modes[i];
        frames(f, 3);
        check_items(f, where);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_keeping, close_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_run_comes_back_in_the_next_window),
        CASE(it_is_named_painted_pinned_and_deleted),
        CASE(two_are_compared_by_what_differs),
        CASE(a_run_in_training_is_listed_and_stays),
        CASE(it_fits_the_smallest_window),
        CASE(a_history_that_is_damaged_is_told_at_once),
        cmocka_unit_test_setup_teardown(without_a_history_the_dialog_says_so, open_window,
                                        close_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
