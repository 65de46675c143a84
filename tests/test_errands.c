// The window while a disk is slow: an errand that does not end holds all that follow, and the
// window goes on with its frames, tells what became of what was asked for when it is known, deletes
// runs and changes data whose files or trainers are not done with, and does not close before all is
// written.
#include "panels_window.h"

#include "gate.h"

#include "dataset/idx.h"
#include "formats/formats.h"
#include "panels/export.h"

// ---- the slow disk ------------------------------------------------------------------------------

static Gate gate;
static Thread opener;
static atomic_int pictures;

// From here on nothing is written or read.
static void hold(Fixture *f) {
    gate_shut(&gate, f, ERRANDS_FILES);
}

static void let_go(Fixture *f) {
    gate_open(&gate);
    settle(f);
}

static void open_later(void *context) {
    (void)context;
    thread_sleep(0.05);
    gate_open(&gate);
}

static bool is_told(const Fixture *f, const char *part) {
    for (int i = 0; i < f->bench->toasts.count; i++)
        if (strstr(f->bench->toasts.item[i].text, part)) return true;
    return false;
}

// ---- what is asked for --------------------------------------------------------------------------

struct DrawPicture {
    size_t commands;
};

static Status make_picture(const DrawList *list, float scale, Color background, DrawPicture **out) {
    (void)scale, (void)background;
    *out = malloc(sizeof **out);
    (*out)->commands = list->count;
    atomic_fetch_add(&pictures, 1);
    return status_ok();
}

static Status write_picture(const DrawPicture *picture, const char *path) {
    return file_write_atomic(path, &picture->commands, sizeof picture->commands, 0644);
}

static void close_picture(DrawPicture **picture) {
    free(*picture);
    *picture = NULL;
    atomic_fetch_sub(&pictures, 1);
}

static Status save_run(Fixture *f, const char *path) {
    return bench_save(f->bench, last_run(f->bench)->id, path);
}
static Status save_model(Fixture *f, const char *path) {
    return bench_save(f->bench, f->bench->models[0].id, path);
}
static Status export(Fixture *f, const char *path) {
    return export_runs(f->ui, f->bench, path);
}
static Status export_digits(Fixture *f, const char *path) {
    return teach_export(f->bench, path);
}
static Status teach(Fixture *f, const char *path) {
    text_copy(f->bench->mine.path, sizeof f->bench->mine.path, path);
    teach_drawing(f->bench, "8");
    return status_ok();
}

static const struct Wish {
    const char *name;
    Status (*ask)(Fixture *f, const char *path);
    const char *says;
} wishes[] = {
    {"run.safetensors", save_run, "saved as"},
    {"model.safetensors", save_model, "saved as"},
    {"runs.csv", export, "Written"},
    {"runs.json", export, "Written"},
    {"board", export, "Written"},
    {"charts.svg", export, "Written"},
    {"charts.png", export, "Written"},
    {"digits.jsonl", export_digits, "digits written"},
    {"digits.idx", export_digits, "digits written"},
    {"mine.jsonl", teach, "Kept as 8"},
};
enum { WISHES = sizeof wishes / sizeof wishes[0] };

// Where the file is that a wish makes.
static void file_of(Fixture *f, const struct Wish *wish, char out[FILE_PATH_MAX]) {
    bool pair = strcmp(wish->name, "digits.idx") == 0;
    files_path(out, f->directory, pair ? "digits-images-idx3-ubyte" : wish->name);
}

// A run that is over, a model from a file, a digit of mine, a drawing.
static int open_busy_window(void **state) {
    if (open_window(state) != 0) return -1;
    Fixture *f = *state;
    char path[FILE_PATH_MAX];
    f->bench->hooks.make_picture = make_picture;
    f->bench->hooks.write_picture = write_picture;
    f->bench->hooks.close_picture = close_picture;
    train_and_finish(f);
    files_path(path, f->directory, "first.safetensors");
    assert_ok(save_run(f, path));
    assert_ok(bench_open(f->bench, path));
    last_run(f->bench)->saved_as[0] = '\0';
    draw_bar(f, 0.5f, MOUSE_LEFT);
    files_path(path, f->directory, "first.jsonl");
    teach(f, path);
    settle(f);
    draw_bar(f, 0.7f, MOUSE_LEFT);
    f->bench->toasts.count = 0;
    return 0;
}

static int close_busy_window(void **state) {
    gate_open(&gate); // a test that failed may have left it closed
    return close_window(state);
}

// ---- tests --------------------------------------------------------------------------------------

static void no_frame_waits_for_a_file(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX];
    for (int i = 0; i < WISHES; i++) {
        files_path(path, f->directory, wishes[i].name);
        hold(f);
        assert_ok(wishes[i].ask(f, path));
        frames(f, 3);
        file_of(f, &wishes[i], path);
        if (file_exists(path)) fail_msg("%s was written by the window", wishes[i].name);
        if (is_told(f, wishes[i].says)) fail_msg("%s was told too early", wishes[i].name);
        let_go(f);
        if (!file_exists(path)) fail_msg("%s was not written", wishes[i].name);
        if (!is_told(f, wishes[i].says)) fail_msg("%s was not told", wishes[i].name);
        f->bench->toasts.count = 0;
    }
    assert_int_equal(atomic_load(&pictures), 0);
}

static void no_frame_waits_for_what_is_opened(void **state) {
    Fixture *f = *state;
    static const char *const names[] = {"first.safetensors", "first.jsonl"};
    char path[FILE_PATH_MAX];
    uint64_t newest = f->bench->next_id;
    assert_ok(ink_state_clear(&f->bench->ink));
    hold(f);
    for (int i = 0; i < 2; i++) {
        files_path(path, f->directory, names[i]);
        assert_ok(bench_open(f->bench, path));
    }
    dialog_open(f->bench, DIALOG_OPEN); // lists a directory
    files_path(f->bench->path.path, f->directory, "");
    frames(f, 3);
    text_copy(f->bench->path.path, sizeof f->bench->path.path, "/"); // and back before it has come
    frames(f, 3);
    files_path(f->bench->path.path, f->directory, "");
    frames(f, 3);
    assert_int_equal(f->bench->path.name_count, 0);
    assert_int_equal(f->bench->opening, 1);
    assert_int_equal(f->bench->next_id, newest);
    let_go(f);
    frames(f, 2);
    assert_true(f->bench->path.name_count >= 2);
    assert_int_equal(f->bench->opening, 0);
    assert_true(f->bench->next_id > newest);
    assert_false(drawing_is_blank(&f->bench->ink.drawing));
}

static void no_frame_waits_for_weights_to_start_from(void **state) {
    Fixture *f = *state;
    const RunEntry *run;
    SavedModel *model;
    char path[FILE_PATH_MAX];
    files_path(path, f->directory, "first.safetensors");
    workbench_set(f->bench, "init-from", path);
    hold(f);
    assert_fails(runs_start(f->bench, true), STATUS_USAGE, "still being read");
    assert_int_equal(f->bench->runs.count, 1);
    let_go(f);
    for (int i = 0; i < 2; i++) { // the second does not read it again
        assert_ok(runs_start(f->bench, true));
        run = last_run(f->bench);
        assert_ok(format_read(path, &model));
        assert_memory_equal(run->log->initial, model->weights,
                            model->plan.weight_floats * sizeof(float));
        saved_model_close(&model);
    }
    files_write(path, "no model", 8);
    assert_ok(runs_start(f->bench, true));
    initial_forget(f->bench); // as after a file was saved
    f->bench->errands[ERRANDS_FILES].patience = f->bench->errands[ERRANDS_FILES].left =
        PATIENCE_SECONDS;
    assert_fails(runs_start(f->bench, true), STATUS_FORMAT, "first.safetensors");
    workbench_set(f->bench, "init-from", "");
    f->bench->pin = f->bench->models[0].id;
}

static void what_is_deleted_is_written_before(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX], csv[FILE_PATH_MAX];
    SavedModel *model;
    Bytes bytes;
    files_path(csv, f->directory, "gone.csv");
    files_path(path, f->directory, "gone.safetensors");
    hold(f);
    assert_ok(export(f, csv));
    assert_ok(save_model(f, path));
    runs_remove(f->bench, last_run(f->bench));
    for (int i = 0; i < MODELS_MAX + 1; i++) { // the last place in the list
        char name[32], copy[FILE_PATH_MAX];
        snprintf(name, sizeof name, "%d", i);
        files_path(copy, f->directory, name);
        assert_ok(saved_model_make(&f->bench->models[0].model->spec, &model));
        assert_ok(bench_add_model(f->bench, model, copy, false, true));
    }
    workbench_load_data(f->bench, "synthetic:5"); // its trainer and its images go too
    assert_null(f->bench->dataset);
    assert_int_equal(f->bench->runs.count, 0);
    frames(f, 3);
    let_go(f);
    assert_ok(format_read(path, &model));
    saved_model_close(&model);
    assert_ok(file_read(csv, 1 << 20, &bytes));
    int lines = 0;
    for (size_t i = 0; i < bytes.size; i++) lines += bytes.data[i] == '\n';
    assert_int_equal(lines, 1 + 3 * (TRAIN_N / 20 + 1));
    bytes_close(&bytes);
}

static void the_window_closes_when_all_is_written(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX];
    SavedModel *model;
    files_path(path, f->directory, "last.safetensors");
    hold(f);
    assert_ok(save_run(f, path));
    assert_true(entry_is_unsaved(last_run(f->bench))); // not yet
    workbench_quit(f->bench);
    frames(f, 3);
    assert_false(f->bench->want_quit);
    assert_int_equal(f->bench->dialog, DIALOG_NONE); // it will be saved: nothing to ask
    let_go(f);
    frames(f, 2);
    assert_true(f->bench->want_quit);
    assert_ok(format_read(path, &model));
    saved_model_close(&model);
}

static void a_failure_keeps_the_window_open(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX];
    files_path(path, f->directory, "nowhere/last.safetensors");
    hold(f);
    assert_ok(save_run(f, path));
    workbench_quit(f->bench);
    frames(f, 3);
    let_go(f);
    frames(f, 2);
    assert_true(is_told(f, "nowhere/last.safetensors"));
    assert_false(f->bench->want_quit);
    assert_true(entry_is_unsaved(last_run(f->bench)));
}

// A directory with a data set of a few blank images.
static void write_data(Fixture *f) {
    static const char *const sets[] = {"train", "t10k"};
    static const uint8_t pixels[20 * SIDE * SIDE], labels[20] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    uint32_t sizes[3] = {20, SIDE, SIDE};
    char path[FILE_PATH_MAX], name[64];
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s-images-idx3-ubyte", sets[i]);
        files_path(path, f->directory, name);
        assert_ok(idx_write(path, 3, sizes, pixels));
        snprintf(name, sizeof name, "%s-labels-idx1-ubyte", sets[i]);
        files_path(path, f->directory, name);
        assert_ok(idx_write(path, 1, sizes, labels));
    }
}

// As when the system asks it to: nobody waits for frames. What is being opened is begun and given
// up again.
static void closing_loses_nothing(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX];
    struct Workbench *bench = f->bench;
    write_data(f);
    hold(f);
    for (int i = 0; i < WISHES; i++) {
        files_path(path, f->directory, wishes[i].name);
        assert_ok(wishes[i].ask(f, path));
    }
    runs_remove(bench, last_run(bench)); // else it would ask before another data set
    assert_ok(bench_open(bench, f->directory));
    assert_ok(thread_start(&opener, "opener", open_later, NULL));
    workbench_close(&bench);
    f->bench = NULL;
    thread_join(&opener);
    for (int i = 0; i < WISHES; i++) {
        file_of(f, &wishes[i], path);
        if (!file_exists(path)) fail_msg("%s is not there", wishes[i].name);
    }
    assert_int_equal(atomic_load(&pictures), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_busy_window, close_busy_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(no_frame_waits_for_a_file),
        CASE(no_frame_waits_for_what_is_opened),
        CASE(no_frame_waits_for_weights_to_start_from),
        CASE(what_is_deleted_is_written_before),
        CASE(the_window_closes_when_all_is_written),
        CASE(a_failure_keeps_the_window_open),
        CASE(closing_loses_nothing),
    };
    return cmocka_run_group_tests_name("errands", tests, NULL, NULL);
}
