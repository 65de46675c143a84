// A page to try widgets on: one of each kind, one below the other, on a fixed-width font, and what
// a person does with mouse and keys. One include for each test program; not a test.
#ifndef INKLING_TESTS_UI_PAGE_H
#define INKLING_TESTS_UI_PAGE_H

#include "test.h"
#include "ui/heatmap.h"
#include "ui/popup.h"

#include <math.h>
#include <string.h>

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

static inline void widgets(Page *p) {
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

static inline void frame(Page *p) {
    ui_begin(p->ui, &p->input);
    widgets(p);
    p->wait = ui_end(p->ui);
    p->time += 0.016;
    input_begin(&p->input, p->time);
}

static inline void frames(Page *p, int count) {
    for (int i = 0; i < count; i++) frame(p);
}

static inline Vec2 middle_of(Page *p, const char *label) {
    const UiItem *item = ui_find(p->ui, label);
    if (!item) fail_msg("nothing on the screen is called %s", label);
    return (Vec2){item->visible.x + item->visible.w / 2, item->visible.y + item->visible.h / 2};
}

static inline void click(Page *p, const char *label) {
    Vec2 at = middle_of(p, label);
    input_move(&p->input, at, 1);
    frame(p);
    input_press(&p->input, MOUSE_LEFT, at, 1);
    frame(p);
    input_release(&p->input, MOUSE_LEFT, at);
    frames(p, 2);
}

static inline void key(Page *p, UiKey k, uint32_t mods) {
    input_key(&p->input, k, 0, mods, false);
    frames(p, 2);
}

static inline void letter(Page *p, char c, uint32_t mods) {
    input_key(&p->input, KEY_CHARACTER, c, mods, false);
    frame(p);
}

static inline void type(Page *p, const char *text) {
    input_text(&p->input, text);
    frame(p);
}

static inline const char *focus_label(Page *p) {
    for (size_t i = 0; i < ui_item_count(p->ui); i++) {
        if (ui_item(p->ui, i)->id == ui_focus(p->ui)) return ui_item(p->ui, i)->label;
    }
    return "";
}

static inline const char *value_of(Page *p, const char *label) {
    const UiItem *item = ui_find(p->ui, label);
    return item ? item->value : "(not there)";
}

static inline int open_page(void **state) {
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

static inline int close_page(void **state) {
    Page *p = *state;
    ui_close(&p->ui);
    assert_null(p->ui);
    return 0;
}

#define PAGE_TEST(test) cmocka_unit_test_setup_teardown(test, open_page, close_page)

#endif
