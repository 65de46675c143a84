// The menu of devices, and training in the window on a GPU: with CUDA on the host
// (cuda_host/cuda_runtime.h) in the place of one. What a person does there is what is done on the
// processor: train, hold, step, change the rate, race; and a GPU that is not there, or is lost.
#define _POSIX_C_SOURCE 200809L
#include "panels_window.h"

#include <dlfcn.h>

// Few batches: the threads of an emulated GPU run one after the other.
#define SHORT                                                                                      \
    "preset=\"\" layers=\"dense 8, relu, dense 10\" optimizer=adam lr=0.01 batch-size=20 "         \
    "epochs=2 seed=4 limit=60"
#define EMULATED "CUDA on the host"

// The path of the emulated GPU, given by the build; skips where it was not built.
static const char *emulation(void) {
    const char *path = getenv("INKLING_TEST_CUDA_HOST");
    if (!path || !path[0]) skip();
    setenv("INKLING_CUDA_MODULE", path, 1);
    return path;
}

static void no_module(void) {
    setenv("INKLING_CUDA_MODULE", "/nowhere/inkling-cuda.so", 1);
}

static int open_short(void **state) {
    return open_window_with(state, SHORT, true);
}

static bool menu_is_complete(Workbench *bench) {
    return !bench->devices.finder.busy && bench->devices.row_count > 0;
}

static bool trainer_is_there(Workbench *bench) {
    return bench->trainer != NULL;
}

static bool device_was_refused(Workbench *bench) {
    return bench->devices.failed[0] != '\0' || strcmp(bench->form.device, "cpu") == 0;
}

static void open_menu(Fixture *f) {
    frames(f, 2);
    click(f, "More\xe2\x80\xa6");
    char label[48];
    snprintf(label, sizeof label, "%s\xe2\x80\xa6", f->bench->form.device);
    click(f, label);
    assert_int_equal(f->bench->dialog, DIALOG_DEVICE);
    wait_for(f, menu_is_complete, "looking for devices");
}

static void choose(Fixture *f, const char *label) {
    open_menu(f);
    click(f, label);
    assert_int_equal(f->bench->dialog, DIALOG_MORE); // where it was opened from
    click(f, "Done");
    wait_for(f, trainer_is_there, "opening the device");
}

static const DeviceRow *gpu_row(const Workbench *bench) {
    for (int i = 0; i < bench->devices.row_count; i++)
        if (strcmp(bench->devices.row[i].kind->name, "cuda") == 0) return &bench->devices.row[i];
    fail_msg("the menu does not speak of GPUs");
    return NULL;
}

// ---- none there ---------------------------------------------------------------------------------

static void without_a_gpu_the_menu_says_why(void **state) {
    Fixture *f = *state;
    no_module();
    open_menu(f);
    const DeviceRow *row = gpu_row(f->bench);
    assert_non_null(strstr(row->problem, "/nowhere/inkling-cuda.so"));
    assert_true(must_find(f, "An NVIDIA GPU")->flags & UI_DISABLED);
    assert_true(must_find(f, "This machine's processor")->flags & UI_ON);
    static const float sizes[][3] = {{1440, 900, 1}, {1024, 640, 1}, {1024, 640, 2}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        resize(f, sizes[i][0], sizes[i][1], sizes[i][2]);
        frames(f, 2);
        check_items(f, "the menu of devices");
        check_texts(f, "the menu of devices");
    }
    click(f, "An NVIDIA GPU"); // does nothing
    assert_string_equal(f->bench->form.device, "cpu");
    click(f, "Cancel");
    click(f, "Done");
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
    train_and_finish(f);
    assert_true(last_run(f->bench)->steps_read > 0);
}

static void a_line_that_asks_for_one_gets_the_sentence_and_the_processor(void **state) {
    Fixture *f = *state;
    no_module();
    frames(f, 2);
    Trainer *before = f->bench->trainer;
    workbench_set(f->bench, "device", "cuda");
    wait_for(f, device_was_refused, "the refusal");
    assert_non_null(strstr(f->logged, "the CUDA module cannot be opened"));
    assert_string_equal(f->bench->form.device, "cpu");
    assert_ptr_equal(f->bench->trainer, before);
    f->logged[0] = '\0';
    frames(f, 20); // once is enough
    assert_string_equal(f->logged, "");
    workbench_set(f->bench, "device", "cuda"); // unless it is asked for again
    wait_for(f, device_was_refused, "the refusal");
    frames(f, 2);
    assert_non_null(strstr(f->logged, "the CUDA module cannot be opened"));
}

// ---- one there ----------------------------------------------------------------------------------

static bool is_loaded(const char *module) {
    void *library = dlopen(module, RTLD_NOW | RTLD_NOLOAD);
    if (library) dlclose(library);
    return library != NULL;
}

static void the_module_is_opened_when_it_is_asked_for(void **state) {
    Fixture *f = *state;
    const char *module = emulation();
    frames(f, 2);
    train_and_finish(f);
    click(f, "More\xe2\x80\xa6");
    click(f, "Done");
    assert_false(is_loaded(module));
    open_menu(f);
    assert_true(is_loaded(module));
    assert_string_equal(gpu_row(f->bench)->problem, "");
    must_find(f, EMULATED);
}

static void training_there_is_training(void **state) {
    Fixture *f = *state;
    emulation();
    choose(f, EMULATED);
    assert_string_equal(f->bench->form.device, "cuda");
    assert_non_null(strstr(trainer_describe(f->bench->trainer), EMULATED));
    train_and_finish(f);
    RunEntry *gpu = last_run(f->bench);
    assert_int_equal(gpu->loss.count, 2 * 3);
    assert_int_equal(gpu->test.count, 2);
    assert_int_equal(f->bench->answer.of, gpu->id);
    // The settings line carries the device; a line that names none leaves it.
    char line[TRAIN_LINE_MAX];
    settings_print(f->bench, line);
    assert_non_null(strstr(line, " device=cuda"));
    // The same on the processor, beside it.
    choose(f, "This machine's processor");
    settings_print(f->bench, line);
    assert_null(strstr(line, "device="));
    train_and_finish(f);
    RunEntry *cpu = last_run(f->bench);
    assert_ptr_not_equal(cpu->trainer, gpu->trainer);
    assert_int_equal(cpu->loss.count, gpu->loss.count);
    // Six steps of Adam, whose step is lr whatever the gradient's size: sums in another order turn
    // the steps of weights with next to no gradient; what that does to the loss is of second order.
    for (size_t i = 0; i < cpu->loss.count; i++)
        assert_true(fabsf(cpu->loss.y[i] - gpu->loss.y[i]) < 1e-3f);
}

static void hold_step_and_rate_do_what_they_do_on_the_processor(void **state) {
    Fixture *f = *state;
    emulation();
    choose(f, EMULATED);
    workbench_set(f->bench, "epochs", "2000");
    click(f, "Train");
    wait_for(f, run_has_batches, "the first batch");
    click(f, "Learning rate");
    type_text(f, "0.0005");
    type_key(f, KEY_ENTER, 0, 0);
    click(f, "Pause");
    wait_for(f, run_is_paused, "the pause");
    RunEntry *run = last_run(f->bench);
    frames(f, 20);
    size_t before = run->steps_read;
    for (size_t step = 1; step <= 2; step++) {
        click(f, "Step");
        for (int i = 0; i < 4000 && run->steps_read < before + step; i++) {
            thread_sleep(0.002);
            frame(f);
        }
        assert_int_equal(run->steps_read, before + step);
        assert_true(fabsf(run->last.lr - 0.0005f) < 1e-7f);
    }
    click(f, "Resume");
    for (int i = 0; i < 4000 && run->steps_read < before + 4; i++) {
        thread_sleep(0.002);
        frame(f);
    }
    assert_true(run->steps_read >= before + 4);
    click(f, "Stop");
    wait_for(f, all_are_over, "the stop");
    assert_int_equal(entry_state(run), RUN_STOPPED);
}

// Its dialog says where, and a race comes to the weights that each would come to alone.
static void a_race_there_is_a_race(void **state) {
    Fixture *f = *state;
    Workbench *bench = f->bench;
    emulation();
    frames(f, 2);
    click(f, "Race\xe2\x80\xa6");
    click(f, "cpu\xe2\x80\xa6");
    wait_for(f, menu_is_complete, "looking for devices");
    click(f, EMULATED);
    assert_int_equal(bench->dialog, DIALOG_RACE);
    wait_for(f, trainer_is_there, "opening the device");
    must_find(f, "cuda\xe2\x80\xa6");
    click(f, "Cancel");
    assert_int_equal(bench->dialog, DIALOG_NONE);
    train_and_finish(f);
    race_choose(&bench->race, &bench->form, config_option("lr"));
    for (int i = 0; i < bench->race.count; i++) bench->race.value[i].on = false;
    assert_ok(race_add(&bench->race, &bench->form, "0.01, 0.02"));
    assert_ok(race_start(bench));
    wait_for(f, all_are_over, "the end of the race");
    assert_int_equal(bench->runs.count, 3);
    const RunEntry *alone = bench->runs.entry[0];
    int same = 0;
    for (int i = 1; i < 3; i++) {
        const RunEntry *run = bench->runs.entry[i];
        assert_int_equal(entry_state(run), RUN_FINISHED);
        assert_int_equal(run->loss.count, alone->loss.count);
        same += memcmp(run->snapshot->weights, alone->snapshot->weights,
                       alone->log->plan->weight_floats * sizeof(float)) == 0;
    }
    assert_int_equal(same, 1);
}

static void a_lost_gpu_ends_its_run_and_the_processor_goes_on(void **state) {
    Fixture *f = *state;
    emulation();
    setenv("CUDA_HOST_FAIL", "400", 1);
    choose(f, EMULATED);
    unsetenv("CUDA_HOST_FAIL");
    workbench_set(f->bench, "epochs", "2000");
    click(f, "Train");
    wait_for(f, all_are_over, "the loss of the device");
    RunEntry *lost = last_run(f->bench);
    assert_int_equal(entry_state(lost), RUN_FAILED);
    assert_non_null(strstr(lost->log->failure.message, "ECC"));
    assert_non_null(lost->snapshot); // its last weights are still here
    assert_string_equal(f->bench->form.device, "cpu");
    assert_non_null(strstr(f->logged, "has stopped working"));
    wait_for(f, trainer_is_there, "the processor");
    workbench_set(f->bench, "epochs", "1");
    train_and_finish(f);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_short, close_window)

int main(void) {
    // The one that finds the module not loaded comes first.
    const struct CMUnitTest tests[] = {
        CASE(the_module_is_opened_when_it_is_asked_for),
        CASE(without_a_gpu_the_menu_says_why),
        CASE(a_line_that_asks_for_one_gets_the_sentence_and_the_processor),
        CASE(training_there_is_training),
        CASE(hold_step_and_rate_do_what_they_do_on_the_processor),
        CASE(a_race_there_is_a_race),
        CASE(a_lost_gpu_ends_its_run_and_the_processor_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
