// Teaching: my digits, their file, their page and fine-tuning. A window on made-up input, as in
// test_panels.c, with the network that is shipped.
#include "pen_window.h"

#include "dataset/idx.h"
#include "panels/teach.h"

#include <sys/stat.h>

// ---- my digits ----------------------------------------------------------------------------------

static int open_teaching(void **state) {
    if (open_window(state) != 0) return -1;
    Fixture *f = *state;
    MyDigits *mine = &f->bench->mine;
    files_path(mine->path, f->directory, "mine/my-digits.jsonl");
    return 0;
}

// Another program on the same file, while this one is still open: as after a crash.
static int read_again(Fixture *f, MyDigits *other) {
    settle(f);
    memset(other, 0, sizeof *other);
    text_copy(other->path, sizeof other->path, f->bench->mine.path);
    assert_ok(my_digits_load(other));
    return other->count;
}

static void teach_some(Fixture *f) {
    WRITE(f, one);
    type_char(f, '1', MOD_ALT);
    type_char(f, 'c', 0);
    WRITE(f, seven);
    type_char(f, '7', MOD_ALT);
    type_char(f, 'c', 0);
    WRITE(f, four);
    click(f, "This is 4");
    type_char(f, 'c', 0);
    assert_int_equal(f->bench->mine.count, 3);
}

static void what_is_taught_is_on_the_disk_at_once(void **state) {
    Fixture *f = *state;
    MyDigits other;
    struct stat info;
    answer_with_shipped(f, 0);
    type_char(f, '3', MOD_ALT); // nothing to teach
    assert_int_equal(f->bench->mine.count, 0);
    assert_false(file_exists(f->bench->mine.path));
    WRITE(f, seven);
    type_char(f, '7', MOD_ALT);
    assert_int_equal(read_again(f, &other), 1);
    assert_string_equal(other.digits[0].label, "7");
    assert_int_equal(other.digits[0].drawing.live, 2); // strokes
    my_digits_close(&other);
    assert_int_equal(stat(f->bench->mine.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    // The same drawing again is no second one; another label corrects the first.
    type_char(f, '7', MOD_ALT);
    click(f, "This is 1");
    assert_int_equal(read_again(f, &other), 1);
    assert_string_equal(other.digits[0].label, "1");
    my_digits_close(&other);
    // One digit of a number.
    type_char(f, 'c', 0);
    WRITE(f, one);
    WRITE(f, four);
    assert_true(f->bench->answer.several);
    type_char(f, '4', MOD_ALT);
    type_key(f, KEY_LEFT, 0, 0);
    type_char(f, '1', MOD_ALT);
    assert_int_equal(read_again(f, &other), 3);
    assert_string_equal(other.digits[1].label, "4");
    assert_int_equal(other.digits[1].drawing.live, 2);
    assert_string_equal(other.digits[2].label, "1");
    assert_int_equal(other.digits[2].drawing.live, 1);
    my_digits_close(&other);
}

static void a_text_field_keeps_its_keys(void **state) {
    Fixture *f = *state;
    answer_with_shipped(f, 0);
    WRITE(f, seven);
    click(f, "Learning rate");
    type_char(f, '7', MOD_ALT);
    assert_int_equal(f->bench->mine.count, 0);
}

static void the_page_shows_deletes_and_brings_back(void **state) {
    Fixture *f = *state;
    MyDigits other;
    answer_with_shipped(f, 0);
    type_char(f, '1' + TAB_MINE, 0);
    assert_int_equal(f->bench->tab, TAB_MINE);
    teach_some(f);
    frames(f, 3);
    const UiItem *tile = must_find(f, "My digit 2");
    assert_string_equal(tile->value, "7 7");
    int counted;
    assert_true(teach_accuracy(f->bench, &counted) == 1.0);
    assert_int_equal(counted, 3);
    click(f, "My digit 1");
    click(f, "My digit 3");
    click(f, "Delete the selected digits");
    assert_int_equal(read_again(f, &other), 1);
    assert_string_equal(other.digits[0].label, "7");
    my_digits_close(&other);
    // The one on the canvas is gone: its label keeps it anew, and changes no other.
    type_char(f, 'z', 0);
    type_char(f, '4', MOD_ALT);
    assert_int_equal(f->bench->mine.count, 2);
    click(f, "My digit 2");
    click(f, "Delete the selected digits");
    type_char(f, '9', MOD_ALT);
    assert_int_equal(f->bench->mine.count, 2);
    assert_string_equal(f->bench->mine.digits[0].label, "7");
    assert_string_equal(f->bench->mine.digits[1].label, "9");
    click(f, "Bring the deleted digits back");
    assert_int_equal(read_again(f, &other), 3);
    my_digits_close(&other);
}

static void a_broken_file_is_told_and_kept(void **state) {
    Fixture *f = *state;
    static const char broken[] = "{\"label\":1,\"strokes\":[[[5,0],[5,10]]]}\n"
                                 "this is no drawing\n"
                                 "{\"label\":7,\"strokes\":[[[0,0],[5,0],[2,10]]]}\n"
                                 "{\"label\":4,\"stro"; // cut short by a crash
    char copy[FILE_PATH_MAX + 32];
    Bytes bytes;
    MyDigits *mine = &f->bench->mine;
    files_path(mine->path, f->directory, "broken.jsonl");
    files_write(mine->path, broken, sizeof broken - 1);
    answer_with_shipped(f, 0);
    frames(f, 3);
    settle(f);
    assert_non_null(strstr(f->logged, "2 lines could not be read"));
    assert_non_null(strstr(f->logged, "broken.jsonl"));
    assert_int_equal(mine->count, 2);
    // A new one goes behind what is there.
    WRITE(f, four);
    type_char(f, '4', MOD_ALT);
    settle(f);
    assert_ok(file_read(mine->path, 1 << 20, &bytes));
    assert_true(bytes.size > sizeof broken);
    assert_memory_equal(bytes.data, broken, sizeof broken - 1);
    bytes_close(&bytes);
    // Deleting writes the file anew: what it held is kept beside it.
    type_char(f, '1' + TAB_MINE, 0);
    click(f, "My digit 1");
    click(f, "Delete the selected digits");
    assert_int_equal(mine->count, 2);
    settle(f);
    snprintf(copy, sizeof copy, "%s.damaged-1", mine->path);
    assert_ok(file_read(copy, 1 << 20, &bytes));
    assert_memory_equal(bytes.data, broken, sizeof broken - 1);
    bytes_close(&bytes);
}

static void a_file_that_cannot_be_written_is_told(void **state) {
    Fixture *f = *state;
    MyDigits *mine = &f->bench->mine, other;
    text_copy(mine->path, sizeof mine->path, "/dev/null/my-digits.jsonl");
    answer_with_shipped(f, 0);
    WRITE(f, four);
    type_char(f, '4', MOD_ALT);
    settle(f);
    assert_non_null(strstr(f->logged, "/dev/null"));
    for (int i = 0; i < f->bench->toasts.count; i++)
        assert_null(strstr(f->bench->toasts.item[i].text, "Kept"));
    // It is not lost: the next one that can be kept takes it along.
    assert_int_equal(mine->count, 1);
    files_path(mine->path, f->directory, "mine.jsonl");
    type_char(f, 'c', 0);
    WRITE(f, one);
    type_char(f, '1', MOD_ALT);
    assert_int_equal(read_again(f, &other), 2);
    assert_string_equal(other.digits[0].label, "4");
    assert_non_null(strstr(f->logged, "Kept as 1"));
    my_digits_close(&other);
}

// More is not taught to a full list; what was before the file was read is not lost for that.
static void a_full_file_keeps_what_was_taught_before_it_was_read(void **state) {
    Fixture *f = *state;
    MyDigits mine = {.count = 0}, loaded = {.count = 0};
    Drawing drawing = {0};
    FILE *file;
    files_path(loaded.path, f->directory, "full.jsonl");
    file = fopen(loaded.path, "w");
    assert_non_null(file);
    for (int i = 0; i < MY_DIGITS_MAX; i++)
        fprintf(file, "{\"strokes\":[[[0.2,0.2],[0.8,0.8]]],\"label\":\"%d\"}\n", i % 10);
    fclose(file);
    assert_ok(drawing_begin(&drawing, STROKE_INK, 0.04f));
    assert_ok(drawing_add(&drawing, 0.5f, 0.2f, 1));
    assert_ok(drawing_add(&drawing, 0.5f, 0.8f, 1));
    drawing_end(&drawing);
    assert_ok(my_digits_load(&loaded));
    assert_int_equal(loaded.count, MY_DIGITS_MAX);
    assert_ok(my_digits_add(&mine, &drawing, "1"));
    assert_ok(my_digits_adopt(&mine, &loaded));
    assert_int_equal(mine.count, MY_DIGITS_MAX + 1);
    assert_int_equal(my_digits_add(&mine, &drawing, "1").code, STATUS_USAGE);
    drawing_close(&drawing);
    my_digits_close(&loaded);
    my_digits_close(&mine);
}

static void to_other_files_and_back(void **state) {
    Fixture *f = *state;
    MyDigits *mine = &f->bench->mine, other;
    static const char *const names[] = {"out.jsonl", "out.idx"};
    char path[FILE_PATH_MAX], images[FILE_PATH_MAX];
    int count;
    answer_with_shipped(f, 0);
    type_char(f, '1' + TAB_MINE, 0);
    teach_some(f);
    for (int i = 0; i < 2; i++) {
        files_path(path, f->directory, names[i]);
        click(f, "More");
        click(f, "Export\xe2\x80\xa6");
        assert_int_equal(f->bench->dialog, DIALOG_EXPORT);
        text_copy(f->bench->path.path, sizeof f->bench->path.path, path);
        frames(f, 2);
        click(f, "Export");
        assert_int_equal(f->bench->dialog, DIALOG_NONE);
        click(f, "More");
        click(f, "Import\xe2\x80\xa6");
        text_copy(f->bench->path.path, sizeof f->bench->path.path, path);
        frames(f, 2);
        click(f, "Import");
        assert_int_equal(f->bench->dialog, DIALOG_NONE);
    }
    settle(f);
    files_path(images, f->directory, "out-images-idx3-ubyte");
    my_digits_close(mine);
    mine->loaded = mine->later = false;
    assert_ok(my_digits_load(mine));
    assert_int_equal(mine->count, 3 + 3 + 6); // pictures last
    assert_ok(my_digits_import(mine, images, &count));
    assert_int_equal(count, 6);
    IdxArray array;
    assert_ok(idx_read_images(images, &array));
    const uint8_t *image;
    assert_ok(my_digits_image(mine, mine->count - 6, SIDE, &image));
    assert_memory_equal(image, array.bytes, SIDE * SIDE);
    idx_close(&array);
    assert_int_equal(read_again(f, &other), mine->count);
    my_digits_close(&other);
    // What is no such file changes nothing.
    files_path(path, f->directory, "rubbish-images-idx3-ubyte");
    files_write(path, "no digits", 9);
    int before = mine->count;
    assert_false(my_digits_import(mine, path, &count).code == STATUS_OK);
    files_path(path, f->directory, "bad.jsonl");
    files_write(path, "{\"strokes\":[[[1,1],[2,2]]]}\n", 28);
    assert_fails(my_digits_import(mine, path, &count), STATUS_FORMAT, "no label");
    assert_int_equal(mine->count, before);
}

static bool tuning_is_done(Workbench *bench) {
    return bench->tune.done;
}

static void fine_tuning_learns_them_and_keeps_the_old_one(void **state) {
    Fixture *f = *state;
    Workbench *bench = f->bench;
    answer_with_shipped(f, 0.3f);
    type_char(f, '1' + TAB_MINE, 0);
    Source source = answer_source(bench);
    uint64_t old = source_id(&source);
    // A drawing that it gets wrong on purpose: a 7 that is taught as a 2.
    WRITE(f, seven);
    type_char(f, '2', MOD_ALT);
    frames(f, 3);
    float before = bench->answer.probabilities[2];
    click(f, "Fine-tune");
    wait_for(f, tuning_is_done, "the end of the fine-tuning");
    const FineTune *tune = &bench->tune;
    assert_true(tune->mine[0] == 0.0);
    assert_true(tune->test[0] >= 0 && tune->test[1] >= 0 && tune->mine[1] >= 0);
    assert_int_equal(bench->runs.count, 1);
    assert_string_equal(bench->runs.entry[0]->name, "Tuned");
    assert_true(bench->answer.of == bench->runs.entry[0]->id);
    assert_true(bench->answer.probabilities[2] > before);
    assert_true(recognizer_threshold(bench->answer.recognizer) == 0.3f);
    assert_true(is_shown(f, "My digits 0.0 %"));
    assert_true(is_shown(f, "test set"));
    assert_true(entry_is_unsaved(bench->runs.entry[0]));
    assert_null(bench->runs.entry[0]->own_trainer);
    // The one it came from is there as it was.
    bench->pin = old;
    frames(f, 2);
    assert_true(bench->answer.of == old);
    assert_true(bench->answer.probabilities[2] == before);
    // Another one, from the tuned run; and the window can be closed in the midst of it.
    bench->pin = 0;
    frames(f, 2);
    click(f, "Fine-tune");
    assert_int_equal(bench->runs.count, 2);
}

static void tuning_without_digits_or_data_says_why(void **state) {
    Fixture *f = *state;
    char why[160];
    answer_with_shipped(f, 0);
    frames(f, 2);
    assert_false(teach_can_tune(f->bench, why, sizeof why));
    assert_true(strlen(why) > 10);
    Status status = teach_tune(f->bench);
    assert_int_equal(status.code, STATUS_USAGE);
}

// ---- layout -------------------------------------------------------------------------------------

static void nothing_clips_or_overlaps(void **state) {
    Fixture *f = *state;
    static const struct {
        float w, h, scale;
    } sizes[] = {{1024, 640, 1}, {1180, 700, 1},  {1280, 720, 1},
                 {1440, 900, 1}, {1920, 1080, 1}, {1440, 900, 2}};
    answer_with_shipped(f, 0);
    type_char(f, '1' + TAB_MINE, 0);
    teach_some(f);
    for (int drawn = 0; drawn < 3; drawn++) {
        if (drawn == 1) WRITE(f, one);
        if (drawn == 2) {
            WRITE(f, nine);
            WRITE(f, seven);
            WRITE(f, four);
            click(f, "Fine-tune");
            wait_for(f, tuning_is_done, "the end of the fine-tuning");
        }
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            char where[64];
            snprintf(where, sizeof where, "%g x %g, drawing %d", (double)sizes[i].w,
                     (double)sizes[i].h, drawn);
            resize(f, sizes[i].w, sizes[i].h, sizes[i].scale);
            f->bench->toasts.count = 0;
            frames(f, 3);
            check_items(f, where);
            check_texts(f, where);
        }
        resize(f, 1440, 900, 1);
        frames(f, 2);
    }
}

#define TAUGHT(test) cmocka_unit_test_setup_teardown(test, open_teaching, close_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        TAUGHT(what_is_taught_is_on_the_disk_at_once),
        TAUGHT(a_text_field_keeps_its_keys),
        TAUGHT(the_page_shows_deletes_and_brings_back),
        TAUGHT(a_broken_file_is_told_and_kept),
        TAUGHT(a_file_that_cannot_be_written_is_told),
        TAUGHT(a_full_file_keeps_what_was_taught_before_it_was_read),
        TAUGHT(to_other_files_and_back),
        TAUGHT(fine_tuning_learns_them_and_keeps_the_old_one),
        TAUGHT(tuning_without_digits_or_data_says_why),
        TAUGHT(nothing_clips_or_overlaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
