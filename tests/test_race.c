// Runs beside each other in the window: a race and its ranks, one of them that runs away, and that
// nothing trained is lost without a question.
#include "panels_window.h"

#include "panels/leader.h"

static bool ticked(const RaceState *race, const char *text) {
    for (int i = 0; i < race->count; i++)
        if (strcmp(race->value[i].text, text) == 0) return race->value[i].on;
    fail_msg("there is no \"%s\" to tick", text);
    return false;
}

static void a_race_of_optimizers_has_a_leader(void **state) {
    Fixture *f = *state;
    Workbench *bench = f->bench;
    frames(f, 2);
    click(f, "Race\xe2\x80\xa6");
    assert_int_equal(bench->dialog, DIALOG_RACE);
    assert_true(ticked(&bench->race, "sgd") && ticked(&bench->race, "adam"));
    assert_false(ticked(&bench->race, "lion"));
    click(f, "Lion");
    click(f, "RMSprop");
    assert_true(ticked(&bench->race, "lion") && !ticked(&bench->race, "rmsprop"));
    type_key(f, KEY_ENTER, 0, 0); // the primary button's, though a box was clicked last
    frames(f, 2);
    assert_int_equal(bench->dialog, DIALOG_NONE);
    assert_int_equal(bench->runs.count, 4);
    wait_for(f, all_are_over, "the end of the race");
    Source answering = answer_source(bench);
    for (int i = 0; i < 4; i++) assert_true(bench->runs.entry[i]->best <= answering.run->best);
    // Each is what the form would have started: its own rate, the form's for the form's own.
    const TrainConfig *sgd = &bench->runs.entry[0]->log->config;
    assert_string_equal(bench->runs.entry[0]->name, "SGD");
    assert_true(sgd->options.lr == optimizer_rows[OPTIMIZER_SGD].defaults.lr);
    assert_int_equal(sgd->batch_size, 20);
    RunEntry *adam = runs_selected(bench);
    assert_string_equal(adam->name, "Adam");
    assert_true(adam->lr == 0.01 && bench->form.options.lr == 0.01);
    // Somebody is first, and the order is theirs when it is asked for.
    RunEntry *order[RUNS_MAX];
    bool first = false;
    for (int i = 0; i < 4; i++) first = first || leader_rank(bench, bench->runs.entry[i]) == 1;
    assert_true(first);
    click(f, "best %");
    leader_order(bench, order);
    for (int i = 1; i < 4; i++) {
        assert_true(order[i - 1]->best >= order[i]->best);
        assert_true(leader_rank(bench, order[i - 1]) <= leader_rank(bench, order[i]));
    }
    click(f, "best %");
    leader_order(bench, order);
    for (int i = 0; i < 4; i++) assert_ptr_equal(order[i], bench->runs.entry[i]);
}

static void a_race_of_numbers_takes_ones_own(void **state) {
    Fixture *f = *state;
    RaceState *race = &f->bench->race;
    TrainConfig config;
    char name[64];
    frames(f, 2);
    dialog_open(f->bench, DIALOG_RACE);
    race_choose(race, &f->bench->form, config_option("lr"));
    frames(f, 2);
    assert_true(ticked(race, "0.01") && ticked(race, "0.001") && ticked(race, "0.1"));
    click(f, "Other values");
    type_text(f, ".02, 0.050 1e-7");
    type_key(f, KEY_ENTER, 0, 0);
    assert_true(ticked(race, "0.02") && ticked(race, "0.05") && ticked(race, "1e-07"));
    type_text(f, "fast");
    type_key(f, KEY_ENTER, 0, 0);
    assert_non_null(strstr(race->problem, "lr must be a number"));
    assert_int_equal(f->bench->dialog, DIALOG_RACE);
    for (int i = 0; i < race->count; i++) {
        assert_ok(race_config(race, &f->bench->form, i, &config));
        config_get(&config, race->axis, name, sizeof name);
        assert_string_equal(name, race->value[i].text);
        config.options.lr = f->bench->form.options.lr;
        assert_memory_equal(&config.options, &f->bench->form.options, sizeof config.options);
    }
    // Every option that is offered can be raced in, and only in itself.
    const TrainOption *axes[RACE_AXES_MAX];
    int count = race_axes(&f->bench->form, axes);
    assert_true(count > 20);
    for (int i = 0; i < count; i++) {
        race_choose(race, &f->bench->form, axes[i]);
        assert_true(race->count >= 1 && race_chosen(race) >= 1);
        for (int k = 0; k < race->count; k++) {
            assert_ok(race_config(race, &f->bench->form, k, &config));
            assert_int_equal(config.epochs, f->bench->form.epochs);
            race_label(race, k, name);
            assert_true(name[0] != '\0');
        }
        frames(f, 2);
        check_items(f, axes[i]->name);
    }
}

static void a_diverged_run_stops_alone_and_is_marked(void **state) {
    Fixture *f = *state;
    Workbench *bench = f->bench;
    frames(f, 2);
    workbench_set(bench, "optimizer", "sgd");
    race_choose(&bench->race, &bench->form, config_option("lr"));
    for (int i = 0; i < bench->race.count; i++) bench->race.value[i].on = false;
    assert_ok(race_add(&bench->race, &bench->form, "0.1, 1e25"));
    assert_ok(race_start(bench));
    wait_for(f, all_are_over, "the end of both");
    RunEntry *good = bench->runs.entry[0], *bad = bench->runs.entry[1];
    if (good->lr > 1) {
        good = bench->runs.entry[1];
        bad = bench->runs.entry[0];
    }
    assert_int_equal(entry_state(good), RUN_FINISHED);
    assert_int_equal(entry_state(bad), RUN_FAILED);
    assert_int_equal(leader_rank(bench, bad), 0);
    const char *toast = bench->toasts.item[bench->toasts.count - 1].text;
    if (!strstr(toast, bad->name) || !strstr(toast, "learning rate 1e+25") ||
        !strstr(toast, "a batch before"))
        fail_msg("\"%s\" does not say it all", toast);
    for (size_t i = 0; i < bad->loss.count; i++) assert_true(!isinf(bad->loss.y[i]));
}

static void deleting_an_unsaved_run_asks_once(void **state) {
    Fixture *f = *state;
    train_and_finish(f);
    click(f, "Delete the selected run");
    assert_int_equal(f->bench->dialog, DIALOG_DELETE_RUN);
    click(f, "Keep it");
    assert_int_equal(f->bench->runs.count, 1);
    click(f, "Delete the selected run");
    click(f, "Delete");
    wait_for(f, no_runs, "the deletion");
}

static void quitting_asks_when_a_run_is_not_saved(void **state) {
    Fixture *f = *state;
    train_and_finish(f);
    quit(f);
    assert_false(f->bench->want_quit);
    click(f, "Go back");
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
    quit(f);
    click(f, "Quit without saving");
    assert_true(f->bench->want_quit);
}

static void a_diverging_run_says_why(void **state) {
    Fixture *f = *state;
    frames(f, 2);
    workbench_set(f->bench, "optimizer", "sgd");
    workbench_set(f->bench, "lr", "1e25");
    click(f, "Train");
    wait_for(f, all_are_over, "the failure");
    assert_int_equal(entry_state(last_run(f->bench)), RUN_FAILED);
    assert_non_null(strstr(f->logged, "learning rate"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_window, close_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_race_of_optimizers_has_a_leader),        CASE(a_race_of_numbers_takes_ones_own),
        CASE(a_diverged_run_stops_alone_and_is_marked), CASE(deleting_an_unsaved_run_asks_once),
        CASE(quitting_asks_when_a_run_is_not_saved),    CASE(a_diverging_run_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
