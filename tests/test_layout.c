// Where everything in the window lies: in every size and tab, with 62 classes, in every dialog, in
// English and in Chinese, nothing is cut off and nothing covers anything else.
#include "panels_window.h"

static void every_size(Fixture *f, const char *language) {
    static const struct {
        float w, h, scale;
        bool big;
    } sizes[] = {{900, 562, 1, true},    {1000, 562, 1.44f, true}, {900, 700, 1, true},
                 {1024, 640, 1, false},  {1180, 700, 1, false},    {1280, 720, 1, false},
                 {1366, 768, 1, false},  {1440, 900, 1, false},    {1024, 1400, 1, false},
                 {1920, 1080, 1, false}, {2880, 1000, 1, false},   {2880, 1800, 1, false},
                 {1440, 900, 2, false}};
    for (int tab = 0; tab < TAB_COUNT; tab++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            char where[64];
            snprintf(where, sizeof where, "%s, %g x %g, tab %d", language, (double)sizes[i].w,
                     (double)sizes[i].h, tab + 1);
            f->bench->tab = (DeckTab)tab;
            f->bench->prefs.big = sizes[i].big;
            resize(f, sizes[i].w, sizes[i].h, sizes[i].scale);
            frames(f, 3);
            check_items(f, where);
            check_texts(f, where);
        }
}

static void layout_holds_in_every_size(void **state) {
    Fixture *f = *state;
    train_and_finish(f);
    draw_bar(f, 0.4f, MOUSE_LEFT);
    every_size(f, "English");
}

// A network for letters and digits: 62 bars, each with its name.
static void sixty_two_classes_have_their_bars(void **state) {
    Fixture *f = *state;
    ModelSpec *spec = calloc(1, sizeof *spec);
    SavedModel *model;
    spec->input = (Shape){1, SIDE, SIDE, false};
    spec->normalization = (Normalization){0, 1};
    assert_ok(spec_parse_layers("dense 62", spec));
    assert_ok(saved_model_make(spec, &model));
    free(spec);
    assert_ok(bench_add_model(f->bench, model, "letters.safetensors", false, true));
    resize(f, 1024, 640, 1);
    frames(f, 2);
    draw_bar(f, 0.5f, MOUSE_LEFT);
    assert_int_equal(f->bench->answer.classes, 62);
    int bars = 0;
    for (size_t i = 0; i < ui_item_count(f->ui); i++) {
        const UiItem *item = ui_item(f->ui, i);
        bars += strchr(item->value, '.') && item->rect.w >= 8 && item->rect.w < 40 &&
                item->kind == UI_KIND_OTHER;
    }
    assert_int_equal(bars, 62);
    check_items(f, "62 classes");
}

static void every_dialog(Fixture *f) {
    resize(f, 1024, 640, 1);
    for (int kind = DIALOG_NONE + 1; kind < DIALOG_COUNT; kind++) {
        char where[64];
        snprintf(where, sizeof where, "dialog %d", kind);
        dialog_open(f->bench, (DialogKind)kind);
        frames(f, 3);
        check_items(f, where);
        check_texts(f, where);
        type_key(f, KEY_ESCAPE, 0, 0);
        frames(f, 2);
        assert_int_equal(f->bench->dialog, DIALOG_NONE);
    }
}

static void dialogs_fit_the_smallest_window(void **state) {
    Fixture *f = *state;
    train_and_finish(f);
    every_dialog(f);
}

// Once more in Chinese: before there is a network, while the answer is a digit, and every dialog.
static void nothing_is_cut_in_chinese(void **state) {
    Fixture *f = *state;
    const char *catalogs = getenv("INKLING_CATALOGS");
    char path[FILE_PATH_MAX];
    Catalog *chinese;
    if (!catalogs || !path_join(path, catalogs, "zh_CN.mo") || !file_exists(path)) skip();
    assert_ok(catalog_open(&chinese, path));
    tr_use(chinese);
    every_size(f, "Chinese, nothing yet");
    tr_use(NULL);
    resize(f, 1440, 900, 1);
    train_and_finish(f);
    draw_bar(f, 0.4f, MOUSE_LEFT);
    tr_use(chinese);
    every_size(f, "Chinese");
    every_dialog(f);
    tr_use(NULL);
    catalog_close(&chinese);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_window, close_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(layout_holds_in_every_size),
        CASE(sixty_two_classes_have_their_bars),
        CASE(dialogs_fit_the_smallest_window),
        CASE(nothing_is_cut_in_chinese),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
