// Lessons: what is taken, what is refused with file, line and what was expected, and what one does
// to the window, there and back again.
#include "panels_window.h"

#include "panels/lesson.h"

#include <string.h>

// ---- reading ------------------------------------------------------------------------------------

static Status read_text(Fixture *f, const char *text, Lesson **out) {
    char path[FILE_PATH_MAX];
    files_path(path, f->directory, "a.lesson");
    files_write(path, text, strlen(text));
    return lesson_read(path, out);
}

#define BEGIN "title: T\npage\ncaption: C\n"

static void what_is_wrong_is_said_with_its_line(void **state) {
    Fixture *f = *state;
    static const struct {
        const char *text, *expected;
        int line;
    } cases[] = {
        {"", "no title", 0},
        {"title: T\n", "no pages", 0},
        {"title: T\npage\n", "no \"caption:\"", 2},
        {"title: T\npage\n\npage\ncaption: x\n", "no \"caption:\"", 4},
        {"title: T\ntitle: U\n", "already", 2},
        {"title:\n", "expected a text", 1},
        {"title[fr]: T\n", "en or zh_CN", 1},
        {"title: T\ncaption: C\n", "belongs to a page", 2},
        {"title: T\nhide: form\n", "before anything else", 2},
        {BEGIN "caption: D\n", "already", 4},
        {BEGIN "hid: form\n", "expected one of title, page, caption, hide", 4},
        {BEGIN "# fine\n\nhide: farm\n", "expected everything, or some of top, form", 6},
        {BEGIN "hide\n", "expected \"hide: form charts", 4},
        {BEGIN "set: lr=fast\n", "lr", 4},
        {BEGIN "set: learning=1\n", "learning", 4},
        {BEGIN "set: data=elsewhere\n", "no data=", 4},
        {BEGIN "start: lr\n", "name=value", 4},
        {BEGIN "pause: now\n", "stands alone", 4},
        {BEGIN "ink: centre=maybe\n", "=on or =off", 4},
        {BEGIN "ink: center=on\n", "expected fit-box", 4},
        {BEGIN "draw: 1 2, 3\n", "point 2", 4},
        {BEGIN "draw: 1 2, 3 400\n", "0 to 100", 4},
        {BEGIN "draw: 10 20 30\n", "point 1", 4},
        {BEGIN "tab: features\n", "feature-maps", 4},
        {BEGIN "answer: me\n", "shipped", 4},
        {BEGIN "charts: round\n", "linear", 4},
        {"title: T\npage\ncaption: one\n  two\n  three\nwrong\n", "\"wrong\"", 6},
        {"title: \xff\n", "UTF-8", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Lesson *lesson;
        char line[32];
        Status status = read_text(f, cases[i].text, &lesson);
        assert_null(lesson);
        if (status.code != STATUS_FORMAT) fail_msg("case %d: code %d", (int)i, (int)status.code);
        snprintf(line, sizeof line, "line %d:", cases[i].line);
        if (!strstr(status.message, "a.lesson") || !strstr(status.message, cases[i].expected) ||
            (cases[i].line && !strstr(status.message, line)))
            fail_msg("case %d: %s", (int)i, status.message);
    }
}

static void lines_are_joined(void **state) {
    Lesson *lesson;
    assert_ok(read_text(*state,
                        "\xef\xbb\xbftitle : A  title\r\n"
                        "title[zh_CN]: \xe4\xb8\xad\r\n  \xe6\x96\x87\r\n"
                        "page\n"
                        "caption: one,\n   two\n\ttwo: three\n"
                        "# a comment: with a colon\n"
                        "start\n"
                        "page\ncaption: last",
                        &lesson));
    assert_string_equal(lesson->title[LANGUAGE_ENGLISH], "A  title");
    assert_string_equal(lesson->title[LANGUAGE_CHINESE], "\xe4\xb8\xad\xe6\x96\x87");
    assert_int_equal(lesson->page_count, 2);
    assert_string_equal(lesson->pages[0].caption[LANGUAGE_ENGLISH], "one, two two: three");
    assert_string_equal(lesson_text(lesson->pages[1].caption, LANGUAGE_CHINESE), "last");
    assert_int_equal(lesson->pages[0].count, 1);
    lesson_close(&lesson);
    assert_null(lesson);
}

// Every byte of a lesson replaced in turn: a sentence, or a lesson; never anything worse.
static void hostile_bytes_are_a_sentence_or_a_lesson(void **state) {
    char text[] =
        BEGIN "hide: form\n  charts\nset: lr=1\ndraw: 1 2; 3 4\nstart\npage\ncaption: D\n";
    static const char bad[] = {'\n', ' ', ':', '[', '\v', '\0', '#', (char)0x80};
    for (size_t i = 0; i + 1 < sizeof text; i++)
        for (size_t k = 0; k < sizeof bad; k++) {
            Lesson *lesson;
            char before = text[i];
            text[i] = bad[k];
            Status status = read_text(*state, text, &lesson);
            assert_true(status_is_ok(&status) == (lesson != NULL));
            lesson_close(&lesson);
            text[i] = before;
        }
}

// ---- on the window ------------------------------------------------------------------------------

static void begin(Fixture *f, const char *text) {
    char path[FILE_PATH_MAX];
    files_path(path, f->directory, "b.lesson");
    files_write(path, text, strlen(text));
    assert_ok(bench_open(f->bench, path)); // as a file that was dropped
    frames(f, 2);
}

static bool two_are_over(Workbench *bench) {
    return bench->runs.count == 2 && !runs_any_active(bench);
}

static void a_lesson_goes_there_and_back(void **state) {
    Fixture *f = *state;
    Workbench *bench = f->bench;
    train_and_finish(f);
    double lr = bench->form.options.lr;
    begin(f, "title: T\n"
             "page\ncaption: first\nhide: form deck runs\n"
             "page\ncaption: second\nset: lr=0.5\nink: centre=off\nshow: runs\n"
             "draw: 20 20, 30 80\n"
             "page\ncaption: third\nstart: epochs=1\ntab: filters\ncharts: linear\n");
    assert_null(ui_find(f->ui, "Train"));
    assert_null(ui_find(f->ui, "Views"));
    assert_non_null(ui_find(f->ui, "Loss"));
    click(f, "Next");
    assert_true(bench->form.options.lr == 0.5 && !bench->ink.centre);
    assert_false(drawing_is_blank(&bench->ink.drawing));
    must_find(f, "Add run");
    type_key(f, KEY_PAGE_DOWN, 0, 0);
    // The run that was there stays, unsaved as it is; only its curve makes room.
    assert_int_equal(bench->runs.count, 2);
    assert_false(bench->runs.entry[0]->visible);
    assert_int_equal(bench->form.epochs, 3);
    wait_for(f, two_are_over, "the end of the lesson's run");
    assert_int_equal(last_run(bench)->log->config.epochs, 1);
    assert_true(last_run(bench)->log->config.options.lr == 0.5);
    assert_int_equal(bench->tab, TAB_FILTERS);
    // Back and forth: what was changed is as it was, and nothing is trained twice.
    click(f, "Back");
    click(f, "Back");
    assert_true(bench->form.options.lr == lr && bench->ink.centre && bench->prefs.log_loss);
    assert_int_equal(bench->tab, TAB_SAMPLES);
    click(f, "Next");
    click(f, "Next");
    assert_true(bench->form.options.lr == 0.5 && !bench->prefs.log_loss);
    frames(f, 3);
    assert_int_equal(bench->runs.count, 2);
    click(f, "Finish");
    assert_null(bench->lesson.lesson);
    assert_true(bench->form.options.lr == lr && bench->ink.centre && bench->prefs.log_loss);
    assert_true(bench->runs.entry[0]->visible);
    assert_int_equal(bench->runs.count, 2);
    must_find(f, "Train");
}

static int open_without_data(void **state) {
    return open_window_with(state, "preset=lenet5 limit=200 epochs=1", false);
}

static bool one_is_over(Workbench *bench) {
    return bench->runs.count == 1 && !runs_any_active(bench);
}

static void a_start_waits_for_the_data(void **state) {
    Fixture *f = *state;
    begin(f, BEGIN "start\nset: lr=0.25\n");
    wait_for(f, one_is_over, "the run of the first page");
    assert_true(f->bench->form.options.lr == 0.25);
    assert_true(last_run(f->bench)->log->config.options.lr == 0.001);
}

static void a_broken_lesson_leaves_the_one_that_is_on(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX];
    begin(f, BEGIN "hide: everything\n");
    files_path(path, f->directory, "broken.lesson");
    files_write(path, "nonsense", 8);
    Status status = bench_open(f->bench, path);
    assert_int_equal(status.code, STATUS_FORMAT);
    assert_non_null(f->bench->lesson.lesson);
}

// The lessons that come with the program, every page in both languages and in the smallest window.
static void shipped_lessons_fit(void **state) {
    Fixture *f = *state;
    const char *assets = getenv("INKLING_ASSETS");
    if (!assets) skip();
    assert_true(path_join(f->bench->lessons, assets, "lessons"));
    frames(f, 2);
    type_char(f, 'l', 0);
    assert_int_equal(f->bench->dialog, DIALOG_LESSONS);
    assert_true(f->bench->lesson_list.count >= 3);
    char first[FILE_PATH_MAX];
    text_copy(first, sizeof first, f->bench->lesson_list.item[0].path);
    for (int i = 0; i < f->bench->lesson_list.count; i++)
        if (!f->bench->lesson_list.item[i].lesson)
            fail_msg("%s", f->bench->lesson_list.item[i].problem);
    type_key(f, KEY_ESCAPE, 0, 0);
    int count = f->bench->lesson_list.count;
    for (int i = 0; i < count; i++) {
        assert_ok(lesson_begin(f->bench, f->bench->lesson_list.item[i].path));
        for (bool more = true; more;) {
            const LessonState *lesson = &f->bench->lesson;
            more = lesson->page + 1 < lesson->lesson->page_count;
            for (int size = 0; size < 3; size++) {
                static const struct {
                    float w, h;
                    bool big;
                } sizes[] = {{1440, 900, false}, {1024, 640, false}, {900, 562, true}};
                char where[64];
                f->bench->prefs.big = sizes[size].big;
                resize(f, sizes[size].w, sizes[size].h, 1);
                frames(f, 2);
                snprintf(where, sizeof where, "lesson %d, page %d, %g wide", i + 1,
                         lesson->page + 1, (double)sizes[size].w);
                check_items(f, where);
                check_texts(f, where);
                assert_non_null(lesson->lesson->pages[lesson->page].caption[LANGUAGE_CHINESE]);
            }
            runs_stop(f->bench);
            lesson_turn(f->bench, 1);
        }
        assert_null(f->bench->lesson.lesson);
        while (f->bench->runs.count > 0) {
            runs_remove(f->bench, f->bench->runs.entry[0]);
            frame(f);
        }
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_window, close_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(what_is_wrong_is_said_with_its_line),
        CASE(lines_are_joined),
        CASE(hostile_bytes_are_a_sentence_or_a_lesson),
        CASE(a_lesson_goes_there_and_back),
        cmocka_unit_test_setup_teardown(a_start_waits_for_the_data, open_without_data,
                                        close_window),
        CASE(a_broken_lesson_leaves_the_one_that_is_on),
        CASE(shipped_lessons_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
