// The toolkit beyond a single widget: dialogs, scrolling, toasts, when a frame is due, text that
// has to fit, where things go.
#include "ui_page.h"

static void test_dialog(void **state) {
    Page *p = *state;
    p->dialog = true;
    frames(p, 3);
    assert_string_equal(focus_label(p), "Yes");
    click(p, "Train"); // it is behind the dialog
    assert_int_equal(p->clicks, 0);
    p->dialog_answer = -9;
    for (int i = 0; i < 5; i++) {
        key(p, KEY_TAB, 0); // the focus stays inside
        const char *at = focus_label(p);
        assert_true(!strcmp(at, "Yes") || !strcmp(at, "No") || !strcmp(at, "Close"));
    }
    key(p, KEY_ESCAPE, 0);
    assert_int_equal(p->dialog_answer, UI_DIALOG_CANCELLED);
    frames(p, 2);
    p->dialog = true;
    frames(p, 3);
    click(p, "No");
    assert_int_equal(p->dialog_answer, 1);
    p->dialog = true;
    frames(p, 3);
    key(p, KEY_ENTER, 0);
    assert_int_equal(p->dialog_answer, 0);
    frames(p, 2);
    click(p, "Train");
    assert_int_equal(p->clicks, 1);
}

static void test_scroll(void **state) {
    Page *p = *state;
    p->scrolls = true;
    frames(p, 2);
    assert_null(ui_find(p->ui, "Last"));
    input_move(&p->input, middle_of(p, "Entry"), 1);
    p->input.wheel.y = -100;
    frames(p, 2);
    assert_non_null(ui_find(p->ui, "Last"));
    p->scroll.offset = 0;
    ui_set_focus(p->ui, 0);
    frames(p, 2);
    key(p, KEY_TAB, MOD_SHIFT); // the last of all comes into view
    frames(p, 2);
    assert_string_equal(focus_label(p), "Last");
    assert_non_null(ui_find(p->ui, "Last"));
}

static void test_toasts(void **state) {
    Page *p = *state;
    ui_toast_add(&p->toasts, NOTICE_INFO, "saved");
    ui_toast_add(&p->toasts, NOTICE_ERROR, "disk full");
    frames(p, 2);
    assert_true(p->wait > 0 && p->wait <= 6); // nothing needs drawing until the first one goes
    assert_non_null(ui_find(p->ui, "disk full"));
    p->time += 7;
    input_begin(&p->input, p->time);
    frames(p, 3);
    assert_int_equal(p->toasts.count, 1);
    assert_string_equal(p->toasts.item[0].text, "disk full");
    click(p, "Close");
    assert_int_equal(p->toasts.count, 0);
    for (int i = 0; i < 10; i++) ui_toast_add(&p->toasts, NOTICE_INFO, i % 2 ? "a" : "b");
    assert_int_equal(p->toasts.count, 2);
}

static void test_sleeps(void **state) {
    Page *p = *state;
    p->input.mouse_inside = false;
    frames(p, 3);
    assert_true(isinf(p->wait));
    uint64_t before = draw_list_hash(&p->ui->draw);
    frame(p);
    assert_true(draw_list_hash(&p->ui->draw) == before);
    p->slider = 51;
    frame(p);
    assert_true(draw_list_hash(&p->ui->draw) != before);
    // A resting mouse asks for one more frame: the tooltip.
    input_move(&p->input, middle_of(p, "Undo"), 1);
    frame(p);
    assert_true(p->wait <= 0.5);
    p->time += 1;
    input_begin(&p->input, p->time);
    frames(p, 2);
    bool shown = false;
    for (size_t i = 0; i < p->ui->draw.count; i++)
        shown |= p->ui->draw.commands[i].layer == LAYER_TIP;
    assert_true(shown);
}

// Everything that is visible lies inside the window, and every text inside what it was given.
static void test_nothing_runs_out(void **state) {
    Page *p = *state;
    Ui *ui = p->ui;
    static const char *const texts[] = {
        "", "a", "An ordinary label", "\xE4\xB8\xAD\xE6\x96\x87\xE4\xB8\xAD\xE6\x96\x87",
        "averyveryverylongwordwithoutanyblanksinit and some more words"};
    for (float width = 0; width < 300; width += 7) {
        for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
            ui_begin(ui, &p->input);
            Rect box = {100, 50, width, 47};
            ui_text(ui, box, TEXT_BODY, color_hex(0xFFFFFF), texts[t]);
            ui_text_right(ui, box, TEXT_BODY, color_hex(0xFFFFFF), texts[t]);
            ui_text_center(ui, box, TEXT_HEADING, color_hex(0xFFFFFF), texts[t]);
            ui_paragraph(ui, box, TEXT_BODY, color_hex(0xFFFFFF), texts[t]);
            ui_end(ui);
            for (size_t i = 0; i < ui->draw.count; i++) {
                Rect r = ui->draw.commands[i].rect;
                assert_true(r.x >= 100 - 0.6f && rect_right(r) <= 100 + width + 0.6f);
                assert_true(ui->draw.commands[i].baseline < 50 + 47 + 1);
            }
        }
    }
}

static void test_ellipsis(void **state) {
    Page *p = *state;
    Ui *ui = p->ui;
    ui_begin(ui, &p->input);
    // 13 px, half an em each: 6.5 px a character.
    float width = ui_text(ui, (Rect){0, 0, 65, 20}, TEXT_BODY, color_hex(0xFFFFFF), "0123456789");
    assert_true(width == 65);
    width = ui_text(ui, (Rect){0, 0, 60, 20}, TEXT_BODY, color_hex(0xFFFFFF), "0123456789");
    assert_true(width <= 60);
    ui_end(ui);
    const DrawCommand *command = &ui->draw.commands[1];
    assert_int_equal(command->count, 8 + 3);
    assert_memory_equal(draw_command_text(&ui->draw, command), "01234567\xE2\x80\xA6", 11);
}

static void test_wrap(void **state) {
    (void)state;
    UiFont font = font_fixed();
    TextStyle style = {.size = 10}; // 5 px a character
    size_t skip;
    static const struct {
        const char *text;
        float width;
        size_t line, skip;
    } cases[] = {
        {"one two three", 35, 7, 8},
        {"one two three", 100, 13, 13},
        {"one\ntwo", 100, 3, 4},
        {"onetwothree", 25, 5, 5},
        {"one  two", 15, 3, 5},
        {"one 100 % two", 40, 3, 4},
        {"\xE4\xB8\xAD\xE6\x96\x87", 10, 3, 3},
        {"a", 1, 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t line =
            font_wrap(&font, style, cases[i].text, strlen(cases[i].text), cases[i].width, &skip);
        if (line != cases[i].line || skip != cases[i].skip) {
            fail_msg("\"%s\" at %g: %zu, %zu", cases[i].text, (double)cases[i].width, line, skip);
        }
    }
}

static void test_utf8(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        uint32_t code;
        size_t used;
    } cases[] = {{"a", 'a', 1},
                 {"\xC3\xA9", 0xE9, 2},
                 {"\xE4\xB8\xAD", 0x4E2D, 3},
                 {"\xF0\x9F\x99\x82", 0x1F642, 4},
                 {"\xC0\x80", 0xFFFD, 1},
                 {"\xED\xA0\x80", 0xFFFD, 1},
                 {"\xE4\xB8", 0xFFFD, 1},
                 {"\xFF", 0xFFFD, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t at = 0, bytes = strlen(cases[i].bytes);
        assert_int_equal(utf8_next(cases[i].bytes, bytes, &at), cases[i].code);
        assert_int_equal(at, cases[i].used);
        if (cases[i].code == 0xFFFD) continue;
        char back[4];
        assert_int_equal(utf8_encode(cases[i].code, back), bytes);
        assert_memory_equal(back, cases[i].bytes, bytes);
        assert_int_equal(utf8_previous(cases[i].bytes, bytes), 0);
    }
}

static void test_rectangles(void **state) {
    (void)state;
    Rect r = {0, 0, 100, 50};
    Rect a = rect_cut_left(&r, 30, 5);
    assert_true(a.w == 30 && r.x == 35 && r.w == 65);
    a = rect_cut_right(&r, 100, 5);
    assert_true(a.w == 65 && r.w == 0);
    a = rect_cut_left(&r, 10, 0);
    assert_true(a.w == 0 && r.w == 0);
    Rect whole = {3, 0, 100, 10};
    float at = 3;
    for (int i = 0; i < 7; i++) {
        a = rect_column(whole, 7, i, 0);
        assert_true(a.x == at);
        at += a.w;
    }
    assert_true(at == 103);
    Flow flow = flow_make((Rect){0, 0, 100, 0}, 20, 5, 5);
    flow_next(&flow, 60);
    a = flow_next(&flow, 60);
    assert_true(a.x == 0 && a.y == 25);
    assert_true(flow_height(&flow) == 45);
    Grid grid = grid_fit((Rect){0, 0, 320, 200}, 6, 1, 10, 1000);
    assert_int_equal(grid.columns, 3);
    for (int i = 0; i < 6; i++) {
        Rect cell = grid_cell(&grid, i);
        assert_true(rect_right(cell) <= 320 && rect_bottom(cell) <= 200);
    }
}

static void test_heatmap(void **state) {
    Page *p = *state;
    static const uint32_t counts[9] = {5, 1, 0, 2, 9, 0, 0, 0, 7};
    HeatmapSpec spec = {
        .counts = counts, .rows = 3, .columns = 3, .selected_row = -1, .selected_column = -1};
    HeatmapHit hit = {0};
    for (int i = 0; i < 2; i++) {
        ui_begin(p->ui, &p->input);
        hit = ui_heatmap(p->ui, (Rect){0, 0, 324, 338}, "matrix", &spec);
        ui_end(p->ui);
        const UiItem *item = ui_find(p->ui, "matrix");
        Vec2 at = {item->rect.x + item->rect.w / 2, item->rect.y + item->rect.h - 5};
        input_begin(&p->input, p->time += 0.01);
        input_press(&p->input, MOUSE_LEFT, at, 1);
        input_release(&p->input, MOUSE_LEFT, at);
    }
    ui_begin(p->ui, &p->input);
    hit = ui_heatmap(p->ui, (Rect){0, 0, 324, 338}, "matrix", &spec);
    ui_end(p->ui);
    assert_true(hit.clicked);
    assert_int_equal(hit.row, 2);
    assert_int_equal(hit.column, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PAGE_TEST(test_dialog),           PAGE_TEST(test_scroll),
        PAGE_TEST(test_toasts),           PAGE_TEST(test_sleeps),
        PAGE_TEST(test_nothing_runs_out), PAGE_TEST(test_ellipsis),
        PAGE_TEST(test_heatmap),          cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_utf8),      cmocka_unit_test(test_rectangles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
