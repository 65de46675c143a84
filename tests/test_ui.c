// The toolkit, one widget after the other, by mouse and keys. What several have to do with each
// other is in test_ui_page.c.
#include "ui_page.h"

static void test_clicks(void **state) {
    Page *p = *state;
    click(p, "Train");
    assert_int_equal(p->clicks, 1);
    click(p, "Gone");
    assert_false(p->disabled_clicked);
    click(p, "Undo");
    assert_int_equal(p->others, 1);
    click(p, "Pin");
    assert_true(p->check);
    assert_string_equal(value_of(p, "Pin"), "on");
    // Down on it, up elsewhere: no click.
    Vec2 at = middle_of(p, "Train");
    input_press(&p->input, MOUSE_LEFT, at, 1);
    frame(p);
    input_move(&p->input, (Vec2){at.x + 400, at.y}, 1);
    frame(p);
    input_release(&p->input, MOUSE_LEFT, (Vec2){at.x + 400, at.y});
    frame(p);
    assert_int_equal(p->clicks, 1);
    // Down and up within one frame.
    input_press(&p->input, MOUSE_LEFT, at, 1);
    input_release(&p->input, MOUSE_LEFT, at);
    frame(p);
    assert_int_equal(p->clicks, 2);
    assert_int_equal(ui_duplicate_names(p->ui), 0);
}

static void test_inner_button_wins(void **state) {
    Page *p = *state;
    click(p, "Eye");
    assert_true(p->button_in_row);
    assert_false(p->row_clicked);
    click(p, "row");
    assert_true(p->row_clicked);
}

static void test_focus_order(void **state) {
    static const char *const order[] = {"Train", "Undo", "Optimizer", "Name", "Rate",   "Brush",
                                        "Scale", "Pin",  "row",       "Eye",  "Export", "Train"};
    Page *p = *state;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        key(p, KEY_TAB, 0);
        assert_string_equal(focus_label(p), order[i]);
    }
    key(p, KEY_TAB, MOD_SHIFT);
    assert_string_equal(focus_label(p), "Export");
    key(p, KEY_TAB, 0);
    key(p, KEY_ENTER, 0);
    key(p, KEY_SPACE, 0);
    assert_int_equal(p->clicks, 2);
    // After a mouse click Space belongs to the program again.
    click(p, "Undo");
    input_key(&p->input, KEY_SPACE, 0, 0, false);
    ui_begin(p->ui, &p->input);
    widgets(p);
    assert_true(ui_shortcut(p->ui, KEY_SPACE, 0));
    ui_end(p->ui);
    assert_int_equal(p->others, 1);
}

static void test_text_field(void **state) {
    Page *p = *state;
    key(p, KEY_TAB, 0);
    click(p, "Name");
    assert_true(ui_is_typing(p->ui));
    key(p, KEY_END, 0);
    type(p, " \xC3\xA9\xE4\xB8\xAD");
    assert_string_equal(p->text, "run \xC3\xA9\xE4\xB8\xAD");
    key(p, KEY_LEFT, 0);
    key(p, KEY_BACKSPACE, 0);
    assert_string_equal(p->text, "run \xE4\xB8\xAD");
    key(p, KEY_HOME, 0);
    key(p, KEY_RIGHT, MOD_SHIFT | MOD_CTRL);
    letter(p, 'c', MOD_CTRL);
    key(p, KEY_END, 0);
    letter(p, 'v', MOD_CTRL);
    assert_string_equal(p->text, "run \xE4\xB8\xADrun");
    letter(p, 'z', MOD_CTRL);
    assert_string_equal(p->text, "run \xE4\xB8\xAD");
    letter(p, 'a', MOD_CTRL);
    letter(p, 'x', MOD_CTRL);
    assert_string_equal(p->text, "");
    // Never longer than the caller's buffer, never half a character.
    for (int i = 0; i < 20; i++) type(p, "\xE4\xB8\xAD");
    assert_int_equal(strlen(p->text), 30);
    key(p, KEY_ESCAPE, 0);
    assert_string_equal(p->text, "run");
    assert_false(ui_is_typing(p->ui));
}

static void test_pointer_tells_text(void **state) {
    Page *p = *state;
    static const struct {
        const char *over;
        UiPointer pointer;
    } cases[] = {{"Name", POINTER_TEXT}, {"Train", POINTER_ARROW}, {"Rate", POINTER_TEXT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        input_move(&p->input, middle_of(p, cases[i].over), 1);
        frame(p);
        assert_int_equal(p->ui->pointer, cases[i].pointer);
    }
}

// What was long enough to be scrolled is short now: it begins where the field does.
static void test_text_field_scrolls_back(void **state) {
    Page *p = *state;
    click(p, "Name");
    type(p, "all that there is room for, wide");
    letter(p, 'a', MOD_CTRL);
    type(p, "ab");
    frame(p);
    assert_string_equal(p->text, "ab");
    const DrawList *list = &p->ui->draw;
    float left = ui_find(p->ui, "Name")->rect.x, x = -1;
    for (size_t i = 0; i < list->count; i++) {
        const DrawCommand *c = &list->commands[i];
        if (c->kind == DRAW_TEXT && c->count == 2 && memcmp(list->text + c->first, "ab", 2) == 0)
            x = c->rect.x;
    }
    assert_true(x >= left);
}

static void test_several_events_in_one_frame(void **state) {
    Page *p = *state;
    click(p, "Name");
    input_key(&p->input, KEY_CHARACTER, 'a', MOD_CTRL, false);
    input_text(&p->input, "x");
    input_text(&p->input, "y");
    input_key(&p->input, KEY_BACKSPACE, 0, 0, false);
    input_text(&p->input, "z");
    input_key(&p->input, KEY_ENTER, 0, 0, false);
    frame(p);
    assert_string_equal(p->text, "xz");
    assert_true(p->edit.submitted);
}

static void test_number_field(void **state) {
    Page *p = *state;
    click(p, "Rate");
    letter(p, 'a', MOD_CTRL);
    type(p, "0.05");
    assert_true(p->number == 0.001); // not before it is finished
    key(p, KEY_ENTER, 0);
    assert_true(p->number == 0.05);
    type(p, "nonsense");
    key(p, KEY_ENTER, 0);
    assert_true(p->number == 0.05);
    key(p, KEY_ESCAPE, 0);
    click(p, "Rate");
    key(p, KEY_UP, 0);
    assert_true(p->number == 0.1);
    key(p, KEY_DOWN, 0);
    key(p, KEY_DOWN, 0);
    assert_true(p->number == 0.02);
    // Leaving it, forwards and backwards, takes the value over.
    letter(p, 'a', MOD_CTRL);
    type(p, "3");
    key(p, KEY_TAB, 0);
    assert_true(p->number == 3);
    key(p, KEY_TAB, MOD_SHIFT);
    letter(p, 'a', MOD_CTRL);
    type(p, "4");
    key(p, KEY_TAB, MOD_SHIFT);
    assert_true(p->number == 4);
    assert_string_equal(focus_label(p), "Name");
    click(p, "Rate");
    letter(p, 'a', MOD_CTRL);
    type(p, "5");
    click(p, "Train");
    assert_true(p->number == 5);
}

static void test_dropdown(void **state) {
    Page *p = *state;
    click(p, "Optimizer");
    assert_true(ui_is_blocked(p->ui));
    assert_non_null(ui_find(p->ui, "AdamW"));
    click(p, "Train"); // closes the list and does nothing else
    assert_int_equal(p->clicks, 0);
    assert_false(ui_is_blocked(p->ui));
    click(p, "Optimizer");
    click(p, "Adam");
    assert_int_equal(p->chosen, 2);
    assert_string_equal(value_of(p, "Optimizer"), "Adam");
    key(p, KEY_DOWN, 0);
    key(p, KEY_DOWN, 0);
    key(p, KEY_ENTER, 0);
    assert_int_equal(p->chosen, 3);
    key(p, KEY_LEFT, 0);
    assert_int_equal(p->chosen, 2);
    key(p, KEY_DOWN, 0);
    type(p, "m");
    key(p, KEY_ENTER, 0);
    assert_int_equal(p->chosen, 1);
    key(p, KEY_DOWN, 0);
    key(p, KEY_DOWN, 0);
    key(p, KEY_ESCAPE, 0);
    assert_int_equal(p->chosen, 1);
    assert_false(ui_is_blocked(p->ui));
}

static void test_menu(void **state) {
    Page *p = *state;
    click(p, "Export");
    click(p, "CSV");
    assert_int_equal(p->menu, 2);
    key(p, KEY_DOWN, 0); // the focus is still on it
    key(p, KEY_DOWN, 0);
    key(p, KEY_ENTER, 0);
    assert_int_equal(p->menu, 0);
}

static void test_slider(void **state) {
    Page *p = *state;
    const UiItem *item = ui_find(p->ui, "Brush");
    Vec2 left = {item->rect.x + 7, item->rect.y + 15}, beyond = {item->rect.x + 500, left.y + 90};
    input_press(&p->input, MOUSE_LEFT, left, 1);
    frame(p);
    assert_true(p->slider == 0);
    input_move(&p->input, beyond, 1);
    frame(p);
    assert_true(p->slider == 100);
    input_release(&p->input, MOUSE_LEFT, beyond);
    frame(p);
    key(p, KEY_LEFT, 0);
    key(p, KEY_LEFT, 0);
    assert_true(p->slider == 98);
    key(p, KEY_HOME, 0);
    assert_true(p->slider == 0);
    input_move(&p->input, left, 1);
    p->input.wheel.y = 3;
    frame(p);
    assert_true(p->slider == 3);
}

static void test_segments(void **state) {
    Page *p = *state;
    click(p, "linear");
    assert_int_equal(p->segment, 1);
    while (strcmp(focus_label(p), "Scale") != 0) key(p, KEY_TAB, 0);
    key(p, KEY_LEFT, 0);
    assert_int_equal(p->segment, 0);
    key(p, KEY_LEFT, 0);
    assert_int_equal(p->segment, 0);
}

// Wide enough for all; for some, the rest in the list; for nearly none.
static void test_tabs(void **state) {
    Page *p = *state;
    p->tabs_width = ui_segments_width(p->ui, TABS, 5, 0);
    frames(p, 2);
    assert_null(ui_find(p->ui, "More"));
    click(p, "Map");
    assert_int_equal(p->tab, 4);
    for (float width = p->tabs_width - 1; width > 150; width -= 40) {
        p->tabs_width = width;
        p->tab = 0;
        frames(p, 2);
        Rect list = ui_find(p->ui, "More")->rect;
        assert_true(rect_right(list) <= 300 + width);
        assert_string_equal(value_of(p, "More"), "");
        click(p, "More");
        click(p, "Map"); // in the open list
        assert_int_equal(p->tab, 4);
        assert_string_equal(value_of(p, "More"), "Map");
        assert_memory_equal(&list, &ui_find(p->ui, "More")->rect, sizeof list);
        // The focus alone changes nothing; Left goes from the list to the last one beside it.
        while (strcmp(focus_label(p), "Views") != 0) key(p, KEY_TAB, 0);
        assert_int_equal(p->tab, 4);
        key(p, KEY_LEFT, 0);
        assert_true(p->tab < 4);
        click(p, "Samples");
        assert_int_equal(p->tab, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PAGE_TEST(test_clicks),
        PAGE_TEST(test_inner_button_wins),
        PAGE_TEST(test_focus_order),
        PAGE_TEST(test_text_field),
        PAGE_TEST(test_text_field_scrolls_back),
        PAGE_TEST(test_pointer_tells_text),
        PAGE_TEST(test_several_events_in_one_frame),
        PAGE_TEST(test_number_field),
        PAGE_TEST(test_dropdown),
        PAGE_TEST(test_menu),
        PAGE_TEST(test_slider),
        PAGE_TEST(test_segments),
        PAGE_TEST(test_tabs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
