// A window to try panels in: workbench, toolkit and trainer on a fixed-width font and made-up
// input, and what a person does with mouse and keys. One include for each test program; not a test.
#ifndef INKLING_TESTS_PANELS_WINDOW_H
#define INKLING_TESTS_PANELS_WINDOW_H

#include "files.h"
#include "test.h"

#include "base/text.h"
#include "base/thread.h"
#include "base/tr.h"
#include "panels/files.h"
#include "panels/panels.h"
#include "panels/root.h"
#include "panels/teach.h"

#include <math.h>
#include <stdlib.h>

enum { TRAIN_N = 400, TEST_N = 90, SIDE = 28 };

#define PATIENCE_SECONDS 60.0
#define SETTINGS                                                                                   \
    "preset=\"\" layers=\"dense 16, relu, dense 10\" optimizer=adam "                              \
    "lr=0.01 batch-size=20 epochs=3 seed=4"

typedef struct Fixture {
    Ui *ui;
    Workbench *bench;
    UiInput input;
    double time;
    char directory[FILE_PATH_MAX], history[FILE_PATH_MAX];
    Mutex mutex;       // threads say things too
    char logged[1024]; // the last sentence
    bool mute;         // the window can speak English only
} Fixture;

// ---- a data set that is learnt in no time: a bar at a height that tells the digit
// ----------------

static inline void paint(uint8_t *pixels, int label, unsigned noise) {
    memset(pixels, 0, SIDE * SIDE);
    for (int y = 0; y < 3; y++)
        for (int x = 4; x < 24; x++)
            pixels[(1 + label * 25 / 10 + y) * SIDE + x] = (uint8_t)(200 + (noise >> (x % 5)) % 50);
}

static inline Dataset *make_data(void) {
    uint8_t *pixels = malloc((TRAIN_N + TEST_N) * SIDE * SIDE), labels[TRAIN_N + TEST_N];
    Dataset *dataset;
    for (int i = 0; i < TRAIN_N + TEST_N; i++) {
        labels[i] = (uint8_t)(i % 10);
        paint(pixels + i * SIDE * SIDE, i % 10, (unsigned)i * 2654435761u);
    }
    ImageSet train = {TRAIN_N, 1, SIDE, SIDE, pixels, labels};
    ImageSet test = {TEST_N, 1, SIDE, SIDE, pixels + TRAIN_N * SIDE * SIDE, labels + TRAIN_N};
    assert_ok(dataset_open_arrays(&dataset, "bars", &train, &test));
    free(pixels);
    return dataset;
}

// ---- frames -------------------------------------------------------------------------------------

static inline void keep_log(void *context, LogLevel level, const char *message) {
    Fixture *f = context;
    (void)level;
    mutex_lock(&f->mutex);
    text_copy(f->logged, sizeof f->logged, message);
    mutex_unlock(&f->mutex);
}

static inline void resize(Fixture *f, float w, float h, float scale) {
    f->input.window = rect_make(0, 0, w, h);
    f->input.scale = scale;
}

static inline Status speak(void *context, LanguageCode language) {
    const Fixture *f = context;
    if (f->mute && language != LANGUAGE_ENGLISH)
        return status_error(STATUS_NOT_FOUND, "no font has its characters");
    return status_ok();
}

// `history`: runs are kept, in f->history.
static inline int open_window_keeping(void **state, const char *settings, bool data, bool history) {
    Fixture *f = calloc(1, sizeof *f);
    *state = f;
    mutex_init(&f->mutex);
    if (!files_open(f->directory)) return -1;
    files_path(f->history, f->directory, "history");
    WorkbenchOptions options = {
        .settings = settings,
        .threads = 1,
        .dataset = data ? make_data() : NULL,
        .data = {.data = "synthetic:3",
                 .threads = 1,
                 .synthetic_train_n = 300,
                 .synthetic_test_n = 60},
        .history = history ? f->history : NULL,
        .hooks = {.context = f, .logger = {keep_log, f}, .use_language = speak}};
    assert_ok(workbench_open(&f->bench, &options));
    // Machines may be slow; a test wants to know at once what is wrong.
    for (int i = 0; i < ERRANDS_QUEUES; i++)
        f->bench->errands[i].patience = f->bench->errands[i].left = PATIENCE_SECONDS;
    assert_ok(ui_open(&f->ui, font_fixed(), NULL));
    resize(f, 1440, 900, 1);
    f->input.window_focus = true;
    return 0;
}
static inline int open_window_with(void **state, const char *settings, bool data) {
    return open_window_keeping(state, settings, data, false);
}
static inline int open_window(void **state) {
    return open_window_with(state, SETTINGS, true);
}
static inline int close_window(void **state) {
    Fixture *f = *state;
    workbench_close(&f->bench);
    ui_close(&f->ui);
    files_close(f->directory);
    mutex_destroy(&f->mutex);
    free(f);
    return 0;
}

// Shows what has been put into f->input, then starts collecting anew.
static inline void frame(Fixture *f) {
    f->time += 1.0 / 60;
    workbench_tick(f->bench, f->time);
    ui_begin(f->ui, &f->input);
    panel_root(f->ui, f->bench);
    ui_end(f->ui);
    assert_int_equal(ui_duplicate_names(f->ui), 0);
    input_begin(&f->input, f->time);
}

static inline void frames(Fixture *f, int count) {
    for (int i = 0; i < count; i++) frame(f);
}

// All that is to be written is on the disk, and what has been read is here.
static inline void settle(Fixture *f) {
    do {
        errands_finish(f->bench, ERRANDS_FILES);
        frame(f);
    } while (errands_are_busy(f->bench, ERRANDS_FILES) || teach_is_behind(f->bench));
}

static const UiItem *must_find(Fixture *f, const char *label) {
    const UiItem *item = ui_find(f->ui, label);
    // In a dialog rather than below it.
    for (size_t i = 0; item && i < ui_item_count(f->ui); i++) {
        const UiItem *other = ui_item(f->ui, i);
        if (other->layer > item->layer && strcmp(other->label, item->label) == 0) item = other;
    }
    if (!item) fail_msg("there is no \"%s\" in the window", label);
    return item;
}

static inline void click_at(Fixture *f, Vec2 at) {
    input_move(&f->input, at, 1);
    frame(f);
    input_press(&f->input, MOUSE_LEFT, at, 1);
    frame(f);
    input_release(&f->input, MOUSE_LEFT, at);
    frames(f, 2);
}

static inline void click(Fixture *f, const char *label) {
    Rect r = must_find(f, label)->visible;
    click_at(f, (Vec2){r.x + r.w / 2, r.y + r.h / 2});
}

static inline void type_key(Fixture *f, UiKey key, char character, uint32_t mods) {
    input_key(&f->input, key, character, mods, false);
    frames(f, 2);
}
static inline void type_char(Fixture *f, char character, uint32_t mods) {
    char text[2] = {character, 0};
    input_key(&f->input, KEY_CHARACTER, character, mods, false);
    if (!mods) input_text(&f->input, text);
    frames(f, 2);
}
static inline void type_text(Fixture *f, const char *text) {
    type_key(f, KEY_CHARACTER, 'a', MOD_CTRL);
    for (const char *c = text; *c; c++) {
        char one[2] = {*c, 0};
        input_text(&f->input, one);
        frame(f);
    }
    frame(f);
}

// Frames until `wanted` holds.
static inline void wait_for(Fixture *f, bool (*wanted)(Workbench *), const char *what) {
    double until = clock_seconds() + PATIENCE_SECONDS;
    while (!wanted(f->bench)) {
        if (clock_seconds() > until) fail_msg("%s did not happen; last said: %s", what, f->logged);
        thread_sleep(0.002);
        frame(f);
    }
    frames(f, 2);
}

static inline bool quitting_is_decided(Workbench *bench) {
    return !bench->quitting;
}
// Asks it to close; it may have to wait for errands.
static inline void quit(Fixture *f) {
    workbench_quit(f->bench);
    wait_for(f, quitting_is_decided, "the end of all errands");
}

static inline RunEntry *last_run(Workbench *bench) {
    return bench->runs.count ? bench->runs.entry[bench->runs.count - 1] : NULL;
}
static inline bool run_is_finished(Workbench *bench) {
    RunEntry *run = last_run(bench);
    return run && entry_state(run) == RUN_FINISHED;
}
static inline bool all_are_over(Workbench *bench) {
    return bench->runs.count > 0 && !runs_any_active(bench);
}
static inline bool run_is_paused(Workbench *bench) {
    RunEntry *run = last_run(bench);
    return run && entry_state(run) == RUN_PAUSED && run->steps_read > 0;
}
static inline bool run_has_batches(Workbench *bench) {
    RunEntry *run = last_run(bench);
    return run && run->steps_read > 0;
}
static inline bool no_runs(Workbench *bench) {
    return bench->runs.count == 0;
}
static inline bool data_is_there(Workbench *bench) {
    return bench->dataset != NULL;
}
static inline bool exam_is_there(Workbench *bench) {
    return bench->exam.of != 0 && !bench->examiner.busy;
}

// A stroke across the canvas: at `height` 0..1 of it.
static inline void draw_bar(Fixture *f, float height, MouseButton button) {
    Rect r = must_find(f, "Canvas")->rect;
    Vec2 from = {r.x + r.w * 0.2f, r.y + r.h * height}, to = {r.x + r.w * 0.8f, from.y};
    input_move(&f->input, from, 1);
    frame(f);
    input_press(&f->input, button, from, 1);
    for (int i = 1; i <= 20; i++)
        input_move(&f->input, (Vec2){from.x + (to.x - from.x) * (float)i / 20, from.y}, 1);
    frame(f);
    input_release(&f->input, button, to);
    frame(f);
}

static inline void train_and_finish(Fixture *f) {
    frames(f, 2);
    click(f, "Train");
    wait_for(f, run_is_finished, "the end of the training");
}

// ---- layout -------------------------------------------------------------------------------------

static inline bool contains(Rect outer, Rect r) {
    const float slack = 0.51f;
    return r.x >= outer.x - slack && r.y >= outer.y - slack &&
           rect_right(r) <= rect_right(outer) + slack &&
           rect_bottom(r) <= rect_bottom(outer) + slack;
}

static inline bool is_control(const UiItem *item) {
    return item->kind == UI_KIND_BUTTON || item->kind == UI_KIND_CHECKBOX ||
           item->kind == UI_KIND_DROPDOWN || item->kind == UI_KIND_FIELD ||
           item->kind == UI_KIND_SLIDER || item->kind == UI_KIND_CANVAS ||
           item->kind == UI_KIND_CHART;
}

static inline void check_items(Fixture *f, const char *where) {
    Rect window = f->input.window;
    for (size_t i = 0; i < ui_item_count(f->ui); i++) {
        const UiItem *a = ui_item(f->ui, i);
        if (rect_is_empty(a->visible)) continue; // scrolled away
        if (!contains(window, a->visible))
            fail_msg("%s: \"%s\" leaves the window", where, a->label);
        if (is_control(a) && (a->rect.w < 12 || a->rect.h < 12))
            fail_msg("%s: \"%s\" is only %g x %g", where, a->label, (double)a->rect.w,
                     (double)a->rect.h);
        if (!is_control(a)) continue;
        for (size_t k = i + 1; k < ui_item_count(f->ui); k++) {
            const UiItem *b = ui_item(f->ui, k);
            if (!is_control(b) || b->layer != a->layer) continue;
            Rect both = rect_intersect(a->visible, b->visible);
            if (both.w > 0.5f && both.h > 0.5f && a->id != b->id)
                fail_msg("%s: \"%s\" and \"%s\" overlap", where, a->label, b->label);
        }
    }
}

static inline bool is_in_field(Fixture *f, const DrawCommand *text) {
    for (size_t i = 0; i < ui_item_count(f->ui); i++) {
        const UiItem *item = ui_item(f->ui, i);
        if (item->kind == UI_KIND_FIELD && contains(item->rect, text->rect)) return true;
    }
    return false;
}

// It is the whole label of a control: "Open a file...".
static inline bool is_label(Fixture *f, const char *text, size_t bytes) {
    for (size_t i = 0; i < ui_item_count(f->ui); i++) {
        const char *label = ui_item(f->ui, i)->label;
        if (strlen(label) == bytes && memcmp(label, text, bytes) == 0) return true;
    }
    return false;
}

// No text ends in an ellipsis except what a person named or typed.
static inline void check_texts(Fixture *f, const char *where) {
    for (size_t i = 0; i < f->ui->draw.count; i++) {
        const DrawCommand *c = &f->ui->draw.commands[i];
        if (c->kind != DRAW_TEXT || is_in_field(f, c)) continue;
        const char *text = draw_command_text(&f->ui->draw, c);
        static const char dots[] = "\xe2\x80\xa6";
        bool cut = c->count > 3 && memcmp(text + c->count - 3, dots, 3) == 0;
        static const char *const meant[] = {
            "Open\xe2\x80\xa6",          "Save\xe2\x80\xa6",
            "Race\xe2\x80\xa6",          "History\xe2\x80\xa6",
            "More\xe2\x80\xa6",          "loading\xe2\x80\xa6",
            "Custom layers\xe2\x80\xa6", "Looking at the whole test set\xe2\x80\xa6"};
        for (size_t k = 0; k < sizeof meant / sizeof meant[0]; k++) {
            const char *said = tr(meant[k]);
            cut = cut && !(strlen(said) == c->count && memcmp(said, text, c->count) == 0);
        }
        if (cut && !is_label(f, text, c->count))
            fail_msg("%s: \"%.*s\" is cut", where, (int)c->count, text);
    }
}

#endif
