// Drop-down lists and menus; see popup.h.
#include "ui/popup.h"
#include "ui/state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_H = 28, SEPARATOR_H = 9, LIST_PADDING = 4, LIST_MARGIN = 6 };

typedef struct List {
    const char *const *items;
    int count;
    int selected; // -1: none, a menu
    bool menu;
} List;

static bool is_separator(const List *list, int i) {
    return list->menu && strcmp(list->items[i], "-") == 0;
}

static float item_height(const List *list, int i) {
    return is_separator(list, i) ? SEPARATOR_H : OPTION_H;
}

static float item_top(const List *list, int index) {
    float y = 0;
    for (int i = 0; i < index; i++) y += item_height(list, i);
    return y;
}

static void open_list(Ui *ui, UiId id, int highlight) {
    UiState *s = ui->state;
    s->popup = (PopupState){.id = id,
                            .opened_now = true,
                            .highlight = highlight,
                            .by_keyboard = true,
                            .mouse = ui->input.mouse};
    s->again = true;
}

static void close_list(Ui *ui) {
    ui->state->popup.id = 0;
    ui->state->again = true;
}

// Below the control, or above where there is more room; as wide as its widest entry.
static Rect list_rect(Ui *ui, Rect anchor, const List *list) {
    float width = anchor.w, height = item_top(list, list->count) + 2 * LIST_PADDING;
    for (int i = 0; i < list->count; i++) {
        float need = ui_text_width(ui, TEXT_BODY, list->items[i]) + (list->menu ? 28 : 50);
        width = fmaxf(width, ceilf(need));
    }
    width = fminf(width, ui->input.window.w - 2 * LIST_MARGIN);
    float below = ui->input.window.h - rect_bottom(anchor) - 4 - LIST_MARGIN;
    float above = anchor.y - 4 - LIST_MARGIN;
    bool up = height > below && above > below;
    height = fminf(height, fmaxf(up ? above : below, OPTION_H + 2 * LIST_PADDING));
    float x = fminf(anchor.x, ui->input.window.w - LIST_MARGIN - width);
    float y = up ? anchor.y - 4 - height : rect_bottom(anchor) + 4;
    return (Rect){fmaxf(x, LIST_MARGIN), y, width, height};
}

static void step_highlight(const List *list, PopupState *p, int step) {
    int at = p->highlight;
    for (int tried = 0; tried < list->count; tried++) {
        at += step;
        if (at < 0) at = list->count - 1;
        if (at >= list->count) at = 0;
        if (!is_separator(list, at)) break;
    }
    p->highlight = at;
    p->by_keyboard = true;
}

// The next entry that begins with what was typed.
static void jump_to_letter(Ui *ui, const List *list) {
    PopupState *p = &ui->state->popup;
    for (int e = 0; e < ui->input.event_count; e++) {
        UiEvent *event = &ui->input.events[e];
        if (event->kind != UI_EVENT_TEXT) continue;
        char c = event->text[0];
        event->kind = UI_EVENT_NONE;
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        for (int k = 1; k <= list->count; k++) {
            int i = (p->highlight + k + list->count) % list->count;
            char first = list->items[i][0];
            if (first >= 'A' && first <= 'Z') first = (char)(first - 'A' + 'a');
            if (first != c || is_separator(list, i)) continue;
            p->highlight = i;
            p->by_keyboard = true;
            break;
        }
    }
}

// Returns the entry taken by Enter, -1: none yet, -2: closed.
static int list_keys(Ui *ui, const List *list) {
    PopupState *p = &ui->state->popup;
    int taken = -1;
    for (int e = 0; e < ui->input.event_count && taken == -1; e++) {
        UiEvent *event = &ui->input.events[e];
        if (event->kind != UI_EVENT_KEY) continue;
        event->kind = UI_EVENT_NONE; // nothing goes past an open list
        switch (event->key) {
        case KEY_DOWN:
            step_highlight(list, p, 1);
            break;
        case KEY_UP:
            step_highlight(list, p, -1);
            break;
        case KEY_HOME:
            p->highlight = -1;
            step_highlight(list, p, 1);
            break;
        case KEY_END:
            p->highlight = list->count;
            step_highlight(list, p, -1);
            break;
        case KEY_ENTER:
        case KEY_SPACE:
            taken = p->highlight >= 0 ? p->highlight : -2;
            break;
        case KEY_ESCAPE:
        case KEY_TAB:
            taken = -2;
            break;
        default:
            break;
        }
    }
    jump_to_letter(ui, list);
    return taken;
}

static void draw_list_frame(Ui *ui, Rect box) {
    const ThemeColors *c = &ui->theme->color;
    float strength = ui->theme->is_dark ? 0.16f : 0.05f;
    for (int i = 1; i <= 4; i++) { // a soft shadow
        float d = (float)i * 2;
        Rect around = {box.x - d, box.y - d + 3, box.w + 2 * d, box.h + 2 * d};
        draw_fill(&ui->draw, around, THEME_RADIUS + d, color_fade(color_hex(0), strength));
    }
    draw_box(&ui->draw, box, THEME_RADIUS, c->popup, c->outline_hot, 1);
}

static bool list_option(Ui *ui, const List *list, int i, Rect row, bool mouse_moved) {
    const ThemeColors *c = &ui->theme->color;
    PopupState *p = &ui->state->popup;
    if (is_separator(list, i)) {
        ui_separator(ui, row);
        return false;
    }
    ui_push_index(ui, i);
    UiHit hit = ui_interact(ui, ui_id(ui, list->items[i]), UI_KIND_OPTION, list->items[i], row, 0,
                            UI_NO_FOCUS);
    ui_pop_id(ui);
    if (hit.hot && mouse_moved) {
        p->highlight = i;
        p->by_keyboard = false;
    }
    bool marked = p->highlight == i;
    if (marked) draw_fill(&ui->draw, row, 4, c->segment_on);
    Rect text = rect_inset_xy(row, 10, 0);
    if (i == list->selected) {
        icon_draw(&ui->draw, ICON_CHECK, rect_cut_right(&text, 14, 4), 13, c->accent);
    }
    ui_text(ui, text, TEXT_BODY, marked || i == list->selected ? c->text : c->text_soft,
            list->items[i]);
    return hit.clicked;
}

// The open list of `id`. Returns the entry taken or -1; closes by itself.
static int run_list(Ui *ui, UiId id, Rect anchor, const List *list) {
    UiState *s = ui->state;
    PopupState *p = &s->popup;
    if (p->id != id) return -1;
    p->seen = true;
    Rect box = list_rect(ui, anchor, list), inside = rect_inset(box, LIST_PADDING);
    bool outside = false;
    for (int b = 0; b < MOUSE_BUTTON_COUNT && !p->opened_now; b++) {
        if (!ui->input.pressed[b] || rect_contains(box, ui->input.press_at[b])) continue;
        ui->input.pressed[b] = false;
        outside = true;
    }
    int taken = outside ? -2 : list_keys(ui, list);
    bool moved = p->mouse.x != ui->input.mouse.x || p->mouse.y != ui->input.mouse.y;
    p->mouse = ui->input.mouse;
    float content = item_top(list, list->count);
    DrawLayer before = draw_layer_set(&ui->draw, LAYER_POPUP);
    draw_clip_push_fresh(&ui->draw, ui->input.window);
    if (taken == -1) {
        draw_list_frame(ui, box);
        UiScroll scroll = {.offset = p->offset};
        if (p->by_keyboard && p->highlight >= 0) {
            float top = item_top(list, p->highlight);
            scroll.offset = fminf(scroll.offset, top);
            scroll.offset = fmaxf(scroll.offset, top + OPTION_H - inside.h);
        }
        ui_push_id(ui, "list");
        Rect rows = ui_scroll_begin(ui, inside, "items", content, &scroll);
        for (int i = 0; i < list->count; i++) {
            Rect row = rect_cut_top(&rows, item_height(list, i), 0);
            if (list_option(ui, list, i, row, moved)) taken = i;
        }
        float shown = scroll.offset;
        ui_scroll_end(ui);
        if (scroll.offset != shown) p->by_keyboard = false; // the wheel
        ui_pop_id(ui);
        p->offset = scroll.offset;
        s->block_next = LAYER_POPUP;
    }
    draw_clip_pop(&ui->draw);
    draw_layer_set(&ui->draw, before);
    p->opened_now = false;
    if (taken != -1) close_list(ui);
    return taken >= 0 ? taken : -1;
}

static bool wants_open(Ui *ui, const UiHit *hit) {
    if (hit->pressed) return true;
    if (!hit->focused) return false;
    if (ui_take_key(ui, KEY_DOWN, 0)) return true;
    return hit->focus_visible && (ui_take_key(ui, KEY_ENTER, 0) || ui_take_key(ui, KEY_SPACE, 0));
}

bool ui_dropdown(Ui *ui, Rect rect, const char *label, const char *const *items, int count,
                 int *selected, unsigned flags) {
    const ThemeColors *c = &ui->theme->color;
    int before = *selected;
    UiHit hit = ui_interact(ui, ui_id(ui, label), UI_KIND_DROPDOWN, label, rect,
                            HIT_FOCUS | HIT_NO_KEYS, flags);
    bool open = ui->state->popup.id == hit.id;
    if (!open && hit.focused && count > 0) {
        if (ui_take_key(ui, KEY_RIGHT, 0) && *selected + 1 < count) ++*selected;
        if (ui_take_key(ui, KEY_LEFT, 0) && *selected > 0) --*selected;
    }
    if (!open && count > 0 && wants_open(ui, &hit)) open_list(ui, hit.id, *selected);
    bool chosen = *selected >= 0 && *selected < count;
    ui_set_value(ui, "%s", chosen ? items[*selected] : "");

    bool dim = (flags & UI_DISABLED) != 0;
    Color border = hit.hot ? c->outline_hot : c->outline;
    if (open) border = c->accent_strong;
    if (flags & UI_INVALID) border = c->error;
    Color fill = dim             ? color_mix(c->panel, c->field, 0.5f)
                 : flags & UI_ON ? c->segment_on
                                 : c->field;
    draw_box(&ui->draw, rect, THEME_RADIUS, fill, dim ? c->hairline : border, 1);
    Rect inside = rect_inset_xy(rect, 10, 0);
    Rect arrow = rect_cut_right(&inside, 10, 6);
    icon_draw(&ui->draw, ICON_CHEVRON_DOWN, arrow, 11, dim ? c->text_faint : c->text_muted);
    char name[160];
    snprintf(name, sizeof name, "%.*s", (int)ui_label_size(label), label);
    Color color = dim ? c->text_faint : chosen ? c->text : c->text_muted;
    ui_text(ui, inside, flags & UI_SMALL ? TEXT_SMALL : TEXT_BODY, color,
            chosen ? items[*selected] : name);
    if (flags & UI_RESETS) {
        draw_circle(&ui->draw, (Vec2){rect_right(rect) - 6, rect.y + 6}, 2.5f, c->warning);
    }
    if (hit.focus_visible) ui_draw_focus(ui, rect, THEME_RADIUS);
    List list = {items, count, *selected, false};
    int taken = run_list(ui, hit.id, rect, &list);
    if (taken >= 0) *selected = taken;
    return *selected != before;
}

int ui_menu(Ui *ui, Rect rect, const char *label, const char *const *items, int count,
            unsigned flags) {
    const ThemeColors *c = &ui->theme->color;
    UiHit hit = ui_interact(ui, ui_id(ui, label), UI_KIND_BUTTON, label, rect,
                            HIT_FOCUS | HIT_NO_KEYS, flags);
    bool open = ui->state->popup.id == hit.id, dim = (flags & UI_DISABLED) != 0;
    if (!open && count > 0 && wants_open(ui, &hit)) open_list(ui, hit.id, -1);
    Color fill =
        dim ? color_mix(c->panel, c->button, 0.5f) : (hit.hot || open ? c->button_hot : c->button);
    Color border = dim ? c->hairline : (hit.hot || open ? c->outline_hot : c->outline);
    draw_box(&ui->draw, rect, THEME_RADIUS, fill, border, 1);
    Color color = dim ? c->text_faint : (hit.hot || open ? c->text : c->text_soft);
    char name[160];
    snprintf(name, sizeof name, "%.*s", (int)ui_label_size(label), label);
    TextRole role = flags & UI_SMALL ? TEXT_SMALL : TEXT_BODY;
    float width = ceilf(ui_text_width(ui, role, name)) + 16;
    Rect both = rect_center(rect, fminf(width, rect.w - 12), rect.h);
    icon_draw(&ui->draw, ICON_CHEVRON_DOWN, rect_cut_right(&both, 10, 5), 10, color);
    ui_text(ui, both, role, color, name);
    if (hit.focus_visible) ui_draw_focus(ui, rect, THEME_RADIUS);
    List list = {items, count, -1, true};
    return run_list(ui, hit.id, rect, &list);
}
