// The widgets, driven with made-up input and read back from the draw list and the record: no
// window, no font.
#include "test.h"
#include "ui/heatmap.h"
#include "ui/popup.h"

#include <math.h>
#include <string.h>

// One widget of each kind, one below the other.
typedef struct Page {
    Ui *ui;
    UiInput input;
    double time;
    double wait;
    int clicks, others, chosen, menu, dialog_answer;
    bool check, wide_row, dialog, row_clicked, button_in_row, disabled_clicked;
    float slider;
    char text[32];
    double number;
    int segment;
    float tabs_width; // > 0: there are tabs
    int tab;
    UiEdit edit;
    UiScroll scroll;
    bool scrolls;
    UiToasts toasts;
} Page;

static const char *const ITEMS[] = {"SGD", "Momentum", "Adam", "AdamW"};

static const char *const TABS[] = {"Samples", "Mistakes", "Confusion", "Filters", "Map"};

static void widgets(Page *p) {
    Ui *ui = p->ui;
    Rect area = {20, 20, 200, 560};
    if (ui_button(ui, rect_cut_top(&area, 30, 4), "Train", UI_PRIMARY)) p->clicks++;
    p->disabled_clicked |= ui_button(ui, rect_cut_top(&area, 30, 4), "Gone", UI_DISABLED);
    if (ui_icon_button(ui, rect_cut_top(&area, 30, 4), ICON_UNDO, "Undo", 0)) p->others++;
    ui_dropdown(ui, rect_cut_top(&area, 30, 4), "Optimizer", ITEMS, 4, &p->chosen, 0);
    p->edit = ui_text_field(ui, rect_cut_top(&area, 30, 4), "Name", p->text, sizeof p->text, NULL);
    ui_number_field(ui, rect_cut_top(&area, 30, 4), "Rate", &p->number,
                    &(UiNumber){.min = 1e-6, .max = 10});
    ui_slider(ui, rect_cut_top(&area, 30, 4), "Brush", &p->slider, 0, 100, 1, 0);
    ui_segments(ui, rect_cut_top(&area, 30, 4), "Scale", (const char *const[]){"log", "linear"}, 2,
                &p->segment, 0);
    ui_checkbox(ui, rect_cut_top(&area, 30, 4), "Pin", &p->check, 0);
    Rect row = rect_cut_top(&area, 30, 4);
    UiHit hit = ui_interact(ui, ui_id(ui, "row"), UI_KIND_ROW, "row", row, HIT_FOCUS, 0);
    p->row_clicked |= hit.clicked;
    if (ui_icon_button(ui, rect_cut_right(&row, 24, 0), ICON_EYE, "Eye", UI_QUIET))
        p->button_in_row = true;
    int action = ui_menu(ui, rect_cut_top(&area, 30, 4), "Export",
                         (const char *const[]){"PNG", "-", "CSV"}, 3, 0);
    if (action >= 0) p->menu = action;
    if (p->scrolls) {
        Rect content = ui_scroll_begin(ui, area, "list", 900, &p->scroll);
        for (int i = 0; i < 30; i++) {
            ui_push_index(ui, i);
            ui_button(ui, rect_cut_top(&content, 30, 0), i == 29 ? "Last" : "Entry", 0);
            ui_pop_id(ui);
        }
        ui_scroll_end(ui);
    }
    if (p->tabs_width > 0)
        ui_tabs(ui, (Rect){300, 20, p->tabs_width, 24}, "Views", TABS, 5, "More", &p->tab);
    if (p->dialog) {
        int answer =
            ui_message_dialog(ui, "Sure?", "All is lost.", (const char *const[]){"Yes", "No"}, 2);
        if (answer != UI_DIALOG_PENDING) {
            p->dialog_answer = answer;
            p->dialog = false;
        }
    }
    ui_toasts(ui, &p->toasts);
}

static void frame(Page *p) {
    ui_begin(p->ui, &p->input);
    widgets(p);
    p->wait = ui_end(p->ui);
    p->time += 0.016;
    input_begin(&p->input, p->time);
}

static void frames(Page *p, int count) {
    for (int i = 0; i < count; i++) frame(p);
}

static Vec2 middle_of(Page *p, const char *label) {
    const UiItem *item = ui_find(p->ui, label);
    if (!item) fail_msg("nothing on the screen is called %s", label);
    return (Vec2){item->visible.x + item->visible.w / 2, item->visible.y + item->visible.h / 2};
}

static void click(Page *p, const char *label) {
    Vec2 at = middle_of(p, label);
    input_move(&p->input, at, 1);
    frame(p);
    input_press(&p->input, MOUSE_LEFT, at, 1);
    frame(p);
    input_release(&p->input, MOUSE_LEFT, at);
    frames(p, 2);
}

static void key(Page *p, UiKey k, uint32_t mods) {
    input_key(&p->input, k, 0, mods, false);
    frames(p, 2);
}

static void letter(Page *p, char c, uint32_t mods) {
    input_key(&p->input, KEY_CHARACTER, c, mods, false);
    frame(p);
}

static void type(Page *p, const char *text) {
    input_text(&p->input, text);
    frame(p);
}

static const char *focus_label(Page *p) {
    for (size_t i = 0; i < ui_item_count(p->ui); i++) {
        if (ui_item(p->ui, i)->id == ui_focus(p->ui)) return ui_item(p->ui, i)->label;
    }
    return "";
}

static const char *value_of(Page *p, const char *label) {
    const UiItem *item = ui_find(p->ui, label);
    return item ? item->value : "(not there)";
}

static int open_page(void **state) {
    static Page page;
    page = (Page){.menu = -1, .dialog_answer = -9, .number = 0.001, .slider = 50};
    Status status = ui_open(&page.ui, font_fixed(), NULL);
    assert_true(status_is_ok(&status));
    page.input.window = (Rect){0, 0, 800, 600};
    page.input.scale = 1;
    page.input.window_focus = true;
    strcpy(page.text, "run");
    frames(&page, 2);
    *state = &page;
    return 0;
}

static int close_page(void **state) {
    Page *p = *state;
    ui_close(&p->ui);
    assert_null(p->ui);
    return 0;
}

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
#define PAGE_TEST(f) cmocka_unit_test_setup_teardown(f, open_page, close_page)
    const struct CMUnitTest tests[] = {
        PAGE_TEST(test_clicks),
        PAGE_TEST(test_inner_button_wins),
        PAGE_TEST(test_focus_order),
        PAGE_TEST(test_text_field),
        PAGE_TEST(test_several_events_in_one_frame),
        PAGE_TEST(test_number_field),
        PAGE_TEST(test_dropdown),
        PAGE_TEST(test_menu),
        PAGE_TEST(test_slider),
        PAGE_TEST(test_segments),
        PAGE_TEST(test_tabs),
        PAGE_TEST(test_dialog),
        PAGE_TEST(test_scroll),
        PAGE_TEST(test_toasts),
        PAGE_TEST(test_sleeps),
        PAGE_TEST(test_nothing_runs_out),
        PAGE_TEST(test_ellipsis),
        PAGE_TEST(test_heatmap),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_rectangles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
