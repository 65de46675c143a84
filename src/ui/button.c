// Buttons, switches and segmented controls; see widgets.h.
#include "ui/state.h"
#include "ui/widgets.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct ButtonLook {
    Color fill, border, text;
} ButtonLook;

static ButtonLook button_look(const Ui *ui, const UiHit *hit, unsigned flags) {
    const ThemeColors *c = &ui->theme->color;
    Color none = {0};
    bool hot = hit->hot, down = hit->held && hit->hot;
    if (flags & UI_DISABLED) {
        Color fill = flags & UI_QUIET ? none : color_mix(c->panel, c->button, 0.5f);
        return (ButtonLook){fill, flags & UI_QUIET ? none : c->hairline, c->text_faint};
    }
    if (flags & UI_PRIMARY) {
        Color fill = down ? color_mix(c->accent_strong, c->background, 0.15f)
                          : (hot ? c->accent_hot : c->accent_strong);
        return (ButtonLook){fill, none, c->on_accent};
    }
    if (flags & UI_ON) {
        Color fill = hot ? color_mix(c->accent_dim, c->accent_strong, 0.2f) : c->accent_dim;
        return (ButtonLook){fill, c->accent_strong,
                            ui->theme->is_dark ? c->accent : c->accent_strong};
    }
    if (flags & UI_QUIET) {
        return (ButtonLook){hot ? c->button_hot : none, none, hot ? c->text : c->text_muted};
    }
    Color fill = down ? c->button_held : (hot ? c->button_hot : c->button);
    return (ButtonLook){fill, hot ? c->outline_hot : c->outline, hot ? c->text : c->text_soft};
}

static void resets_mark(Ui *ui, Rect rect, unsigned flags) {
    if (!(flags & UI_RESETS)) return;
    draw_circle(&ui->draw, (Vec2){rect_right(rect) - 6, rect.y + 6}, 2.5f,
                ui->theme->color.warning);
}

// The primary button of a dialog answers Enter.
static bool button_is_entered(Ui *ui, unsigned flags) {
    if (!(flags & UI_PRIMARY) || ui->draw.layer != LAYER_MODAL) return false;
    ui->state->dialog_default = true;
    return !(flags & UI_DISABLED) && ui_take_dialog_enter(ui);
}

static bool button(Ui *ui, Rect rect, UiIcon icon, const char *label, bool with_text,
                   unsigned flags) {
    UiHit hit = ui_interact(ui, ui_id(ui, label), UI_KIND_BUTTON, label, rect, HIT_FOCUS, flags);
    hit.clicked = button_is_entered(ui, flags) || hit.clicked;
    ButtonLook look = button_look(ui, &hit, flags);
    draw_box(&ui->draw, rect, THEME_RADIUS, look.fill, look.border, 1);
    char text[160];
    snprintf(text, sizeof text, "%.*s", (int)ui_label_size(label), label);
    TextRole role = flags & UI_SMALL ? TEXT_SMALL : (flags & UI_PRIMARY ? TEXT_STRONG : TEXT_BODY);
    Rect inside = rect_inset_xy(rect, rect.w > 60 ? 8 : 4, 0);
    if (icon != ICON_NONE && !with_text) {
        icon_draw(&ui->draw, icon, rect, fminf(16, fminf(rect.w, rect.h)), look.text);
    } else if (icon != ICON_NONE) {
        float width = fminf(ui_text_width(ui, role, text) + 20, inside.w);
        Rect both = rect_center(inside, ceilf(width), inside.h);
        icon_draw(&ui->draw, icon, rect_cut_left(&both, 14, 6), 14, look.text);
        ui_text(ui, both, role, look.text, text);
    } else {
        ui_text_center(ui, inside, role, look.text, text);
    }
    resets_mark(ui, rect, flags);
    if (hit.focus_visible) ui_draw_focus(ui, rect, THEME_RADIUS);
    if (!with_text) ui_tooltip(ui, text);
    return hit.clicked;
}

bool ui_button(Ui *ui, Rect rect, const char *label, unsigned flags) {
    return button(ui, rect, ICON_NONE, label, true, flags);
}

bool ui_icon_button(Ui *ui, Rect rect, UiIcon icon, const char *label, unsigned flags) {
    return button(ui, rect, icon, label, false, flags);
}

bool ui_button_icon(Ui *ui, Rect rect, UiIcon icon, const char *label, unsigned flags) {
    return button(ui, rect, icon, label, true, flags);
}

bool ui_link(Ui *ui, Rect rect, const char *label, unsigned flags) {
    const ThemeColors *c = &ui->theme->color;
    UiHit hit = ui_interact(ui, ui_id(ui, label), UI_KIND_BUTTON, label, rect, HIT_FOCUS, flags);
    char text[160];
    snprintf(text, sizeof text, "%.*s", (int)ui_label_size(label), label);
    Color color = flags & UI_DISABLED ? c->text_faint : (hit.hot ? c->accent : c->accent_strong);
    if (ui->theme->is_dark && !(flags & UI_DISABLED)) color = hit.hot ? c->text : c->accent;
    float width = ui_text(ui, rect, TEXT_SMALL, color, text);
    if (hit.hot) {
        ui->pointer = POINTER_LINK;
        float y = floorf(rect.y + rect.h / 2 + 7);
        draw_hline(&ui->draw, rect.x, rect.x + width, y, color);
    }
    if (hit.focus_visible) ui_draw_focus(ui, rect, 2);
    return hit.clicked;
}

static bool toggle(Ui *ui, Rect rect, const char *label, bool *on, unsigned flags, bool sliding) {
    const ThemeColors *c = &ui->theme->color;
    UiHit hit = ui_interact(ui, ui_id(ui, label), UI_KIND_CHECKBOX, label, rect, HIT_FOCUS, flags);
    if (hit.clicked) *on = !*on;
    ui_set_value(ui, "%s", *on ? "on" : "off");
    Rect rest = rect;
    bool dim = (flags & UI_DISABLED) != 0;
    Color fill = *on ? c->accent_strong : (hit.hot ? c->button_hot : c->field);
    Color edge = *on ? c->accent_strong : (hit.hot ? c->outline_hot : c->outline);
    if (dim) {
        fill = color_mix(c->panel, fill, 0.4f);
        edge = c->outline;
    }
    if (sliding) {
        Rect box = rect_center(rect_cut_left(&rest, 32, 8), 32, 18);
        draw_box(&ui->draw, box, 9, fill, edge, 1);
        Vec2 knob = {*on ? rect_right(box) - 9 : box.x + 9, box.y + 9};
        draw_circle(&ui->draw, knob, 6, *on ? c->on_accent : c->text_muted);
        if (hit.focus_visible) ui_draw_focus(ui, box, 9);
    } else {
        Rect box = rect_center(rect_cut_left(&rest, 16, 8), 16, 16);
        draw_box(&ui->draw, box, 4, fill, edge, 1);
        if (*on) icon_draw(&ui->draw, ICON_CHECK, box, 12, dim ? c->text_faint : c->on_accent);
        if (hit.focus_visible) ui_draw_focus(ui, box, 4);
    }
    char text[160];
    snprintf(text, sizeof text, "%.*s", (int)ui_label_size(label), label);
    Color color = dim ? c->text_faint : (hit.hot ? c->text : c->text_soft);
    ui_text(ui, rest, flags & UI_SMALL ? TEXT_SMALL : TEXT_BODY, color, text);
    return hit.clicked;
}

bool ui_checkbox(Ui *ui, Rect rect, const char *label, bool *on, unsigned flags) {
    return toggle(ui, rect, label, on, flags, false);
}

bool ui_switch(Ui *ui, Rect rect, const char *label, bool *on, unsigned flags) {
    return toggle(ui, rect, label, on, flags, true);
}

enum { SEGMENT_PADDING = 10 };

static TextRole segment_role(unsigned flags) {
    return flags & UI_SMALL ? TEXT_CAPTION : TEXT_SMALL;
}

float ui_segments_width(Ui *ui, const char *const *items, int count, unsigned flags) {
    float width = 0;
    for (int i = 0; i < count; i++) {
        width += ceilf(ui_text_width(ui, segment_role(flags), items[i])) + 2 * SEGMENT_PADDING;
    }
    return width;
}

// The rectangle of segment i: its text's share of the width.
static Rect segment(Ui *ui, Rect rect, const char *const *items, int count, int i, unsigned flags) {
    float all = ui_segments_width(ui, items, count, flags), before = 0;
    for (int k = 0; k < i; k++) before += ui_segments_width(ui, items + k, 1, flags);
    float own = ui_segments_width(ui, items + i, 1, flags);
    float x0 = floorf(rect.x + rect.w * before / all + 0.5f);
    float x1 = floorf(rect.x + rect.w * (before + own) / all + 0.5f);
    return (Rect){x0, rect.y, x1 - x0, rect.h};
}

static int arrow_step(Ui *ui) {
    int step = 0;
    while (ui_take_key(ui, KEY_RIGHT, 0)) step++;
    while (ui_take_key(ui, KEY_LEFT, 0)) step--;
    return step;
}

bool ui_segments(Ui *ui, Rect rect, const char *label, const char *const *items, int count,
                 int *selected, unsigned flags) {
    const ThemeColors *c = &ui->theme->color;
    int before = *selected;
    draw_box(&ui->draw, rect, THEME_RADIUS, c->field, c->outline, 1);
    // One stop in the Tab order, the arrows go on from there.
    ui_push_id(ui, label);
    UiHit all =
        ui_interact(ui, ui_id(ui, ""), UI_KIND_OTHER, label, rect, HIT_FOCUS | HIT_NO_KEYS, flags);
    if (all.focused) {
        int step = arrow_step(ui), to = *selected + step;
        if (step != 0) *selected = to < 0 ? 0 : (to >= count ? count - 1 : to);
    }
    for (int i = 0; i < count; i++) {
        Rect box = segment(ui, rect, items, count, i, flags);
        unsigned own = (flags & UI_DISABLED) | UI_NO_FOCUS | (i == *selected ? UI_ON : 0);
        UiHit hit = ui_interact(ui, ui_id(ui, items[i]), UI_KIND_TAB, items[i], box, 0, own);
        if (hit.pressed) *selected = i;
        bool on = i == *selected;
        if (on || hit.hot) {
            draw_fill(&ui->draw, rect_inset(box, 1), THEME_RADIUS - 1,
                      on ? c->segment_on : color_mix(c->field, c->segment_on, 0.4f));
        }
        Color color =
            flags & UI_DISABLED ? c->text_faint : (on || hit.hot ? c->text : c->text_muted);
        Rect inside = rect_inset_xy(box, 4, 0);
        ui_text_center(ui, inside, segment_role(flags), color, items[i]);
    }
    if (all.focus_visible) ui_draw_focus(ui, rect, THEME_RADIUS);
    ui_pop_id(ui);
    return *selected != before;
}

int ui_button_group(Ui *ui, Rect rect, const char *label, const char *const *items, int count,
                    unsigned flags) {
    const ThemeColors *c = &ui->theme->color;
    int clicked = -1;
    draw_box(&ui->draw, rect, THEME_RADIUS, c->field, c->outline, 1);
    ui_push_id(ui, label);
    for (int i = 0; i < count; i++) {
        Rect box = segment(ui, rect, items, count, i, flags);
        UiHit hit =
            ui_interact(ui, ui_id(ui, items[i]), UI_KIND_BUTTON, items[i], box, HIT_FOCUS, flags);
        if (hit.clicked) clicked = i;
        if (hit.hot) draw_fill(&ui->draw, rect_inset(box, 1), THEME_RADIUS - 1, c->button_hot);
        Color color = flags & UI_DISABLED ? c->text_faint : (hit.hot ? c->text : c->text_muted);
        ui_text_center(ui, rect_inset_xy(box, 4, 0), segment_role(flags), color, items[i]);
        if (hit.focus_visible) ui_draw_focus(ui, box, THEME_RADIUS);
    }
    ui_pop_id(ui);
    return clicked;
}
