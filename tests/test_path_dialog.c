// The dialogs of opening and saving by mouse and keys: what is clicked on stays beside the others,
// a double click is two clicks on the same thing, and the name that Save suggests.
#include "panels_window.h"

#include <unistd.h>

static const char *const names[] = {"a.safetensors", "b.safetensors", "c.safetensors"};
enum { NAMES = 3 };

static int open_with_models(void **state) {
    if (open_window(state) != 0) return -1;
    Fixture *f = *state;
    ModelSpec *spec = calloc(1, sizeof *spec);
    SavedModel *model;
    char path[FILE_PATH_MAX];
    spec->input = (Shape){1, SIDE, SIDE, false};
    spec->normalization = (Normalization){0, 1};
    assert_ok(spec_parse_layers("dense 10", spec));
    assert_ok(saved_model_make(spec, &model));
    free(spec);
    for (int i = 0; i < NAMES; i++) {
        files_path(path, f->directory, names[i]);
        assert_ok(format_write(path, model));
    }
    saved_model_close(&model);
    frames(f, 2);
    return 0;
}

static void open_dialog(Fixture *f) {
    dialog_open(f->bench, DIALOG_OPEN);
    files_path(f->bench->path.path, f->directory, "");
    frames(f, 3);
}

static Vec2 middle(Fixture *f, const char *label) {
    Rect r = must_find(f, label)->visible;
    return (Vec2){r.x + r.w / 2, r.y + r.h / 2};
}

// As SDL counts clicks: the second one soon after the first is a 2, whatever lies below.
static void press(Fixture *f, const char *label, int clicks) {
    Vec2 at = middle(f, label);
    input_move(&f->input, at, 1);
    frame(f);
    input_press(&f->input, MOUSE_LEFT, at, clicks);
    frame(f);
    input_release(&f->input, MOUSE_LEFT, at);
    frames(f, 2);
}

static void what_is_clicked_on_stays_beside_the_others(void **state) {
    Fixture *f = *state;
    open_dialog(f);
    for (int i = NAMES - 1; i >= 0; i--) {
        click(f, names[i]);
        assert_string_equal(path_basename(f->bench->path.path), names[i]);
        for (int k = 0; k < NAMES; k++) must_find(f, names[k]);
    }
    // What is typed leaves only what begins like it.
    files_path(f->bench->path.path, f->directory, "b.safe");
    frames(f, 2);
    assert_int_equal(f->bench->path.shown_count, 1);
    click(f, "b.safetensors");
    assert_int_equal(f->bench->path.shown_count, 1);
}

static void a_double_click_is_two_on_the_same(void **state) {
    Fixture *f = *state;
    int models = f->bench->model_count;
    open_dialog(f);
    press(f, names[1], 1);
    press(f, names[2], 2);
    assert_int_equal(f->bench->dialog, DIALOG_OPEN);
    assert_int_equal(f->bench->model_count, models);
    press(f, names[2], 1);
    press(f, names[2], 2);
    settle(f);
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
    assert_int_equal(f->bench->model_count, models + 1);
    assert_string_equal(path_basename(f->bench->models[models].path), names[2]);
}

static void the_list_is_reached_by_arrows(void **state) {
    Fixture *f = *state;
    int models = f->bench->model_count;
    open_dialog(f);
    for (int i = 0; i < 3; i++) type_key(f, KEY_DOWN, 0, 0);
    type_key(f, KEY_UP, 0, 0);
    type_key(f, KEY_ENTER, 0, 0); // chooses
    assert_int_equal(f->bench->dialog, DIALOG_OPEN);
    assert_string_equal(path_basename(f->bench->path.path), names[1]);
    type_key(f, KEY_ENTER, 0, 0); // opens
    settle(f);
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
    assert_int_equal(f->bench->model_count, models + 1);
}

static void a_name_is_suggested(void **state) {
    Fixture *f = *state;
    static const struct {
        const char *name, *file;
    } cases[] = {{"MLP + batch norm", "mlp-batch-norm.safetensors"},
                 {"LeNet-5", "lenet-5.safetensors"},
                 {"(old) net!", "old-net.safetensors"},
                 {"\xe7\xbd\x91\xe7\xbb\x9c", "model.safetensors"}};
    char path[FILE_PATH_MAX];
    files_path(path, f->directory, names[0]);
    assert_ok(bench_open(f->bench, path));
    settle(f);
    ModelEntry *entry = &f->bench->models[f->bench->model_count - 1];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        text_copy(entry->name, sizeof entry->name, cases[i].name);
        bench_suggest(f->bench, entry->id, path);
        assert_string_equal(path_basename(path), cases[i].file);
    }
}

static void where_it_was_is_remembered(void **state) {
    Fixture *f = *state;
    char here[FILE_PATH_MAX], path[FILE_PATH_MAX];
    assert_non_null(getcwd(here, sizeof here));
    bench_remember(f->bench, "below/x.pth");
    assert_true(path_join(path, here, "below"));
    assert_string_equal(f->bench->prefs.directory, path);
    bench_remember(f->bench, "/x.pth");
    assert_string_equal(f->bench->prefs.directory, "/");
}

static void a_directory_that_is_not_there_is_told(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX];
    files_path(path, f->directory, "nowhere/x.pth");
    assert_fails(file_write_atomic(path, "", 0, 0644), STATUS_IO, "there is no directory");
    assert_fails(file_check_writable(path), STATUS_IO, "nowhere/");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_with_models, close_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(what_is_clicked_on_stays_beside_the_others),
        CASE(a_double_click_is_two_on_the_same),
        CASE(the_list_is_reached_by_arrows),
        CASE(a_name_is_suggested),
        CASE(where_it_was_is_remembered),
        CASE(a_directory_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests_name("path dialog", tests, NULL, NULL);
}
