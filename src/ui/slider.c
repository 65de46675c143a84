// The slider and the scroll area: what is dragged. See widgets.h.
#include "ui/state.h"
#include "ui/widgets.h"

#include <math.h>

static float snap(float value, float min, float max, float step) {
    if (step > 0) value = min + floorf((value - min) / step + 0.5f) * step;
    return fmaxf(min, fminf(value, max));
}

bool ui_slider(Ui *ui, Rect rect, const char *label, float *value, float min, float max, float step,
               unsigned flags) {
    const ThemeColors *c = &ui->theme->color;
    UiHit hit = ui_interact(ui, ui_id(ui, label), UI_KIND_SLIDER, label, rect,
                            HIT_FOCUS | HIT_NO_KEYS | HIT_WHEEL, flags);
    float before = *value, small = step > 0 ? step : (max - min) / 20;
    float knob = 7, x0 = rect.x + knob, length = fmaxf(rect.w - 2 * knob, 1);
    if (hit.held || hit.pressed) {
        *value = snap(min + (ui->input.mouse.x - x0) / length * (max - min), min, max, step);
    }
    if (hit.focused) {
        float by = 0;
        while (ui_take_key(ui, KEY_RIGHT, 0) || ui_take_key(ui, KEY_UP, 0)) by += small;
        while (ui_take_key(ui, KEY_LEFT, 0) || ui_take_key(ui, KEY_DOWN, 0)) by -= small;
        if (by != 0) *value = snap(*value + by, min, max, step);
        if (ui_take_key(ui, KEY_HOME, 0)) *value = min;
        if (ui_take_key(ui, KEY_END, 0)) *value = max;
    }
    if (hit.wheel != 0) *value = snap(*value + hit.wheel * small, min, max, step);
    ui_set_value(ui, "%g", (double)*value);

    float part = max > min ? fmaxf(0, fminf((*value - min) / (max - min), 1)) : 0;
    float y = floorf(rect.y + rect.h / 2), x = x0 + length * part;
    bool dim = (flags & UI_DISABLED) != 0;
    Rect track = {rect.x, y - 2, rect.w, 4};
    draw_fill(&ui->draw, track, 2, c->outline);
    draw_fill(&ui->draw, (Rect){rect.x, y - 2, x - rect.x, 4}, 2, dim ? c->text_faint : c->accent);
    Vec2 at = {x, y};
    if (hit.focus_visible) draw_ring(&ui->draw, at, knob + 3, c->accent, 2);
    if (!ui->theme->is_dark) draw_circle(&ui->draw, at, knob + 1, c->outline_hot);
    bool bright = hit.hot || hit.held;
    draw_circle(&ui->draw, at, knob,
                dim ? c->text_faint : (bright ? color_hex(0xFFFFFF) : c->knob));
    return *value != before;
}

enum { BAR_W = 10, WHEEL_STEP = 56, THUMB_MIN = 24 };

static float clamp_offset(float offset, float content_h, float area_h) {
    return fmaxf(0, fminf(offset, content_h - area_h));
}

Rect ui_scroll_begin(Ui *ui, Rect area, const char *label, float content_h, UiScroll *scroll) {
    UiState *s = ui->state;
    scroll->offset = clamp_offset(scroll->offset, content_h, area.h);
    ui_push_id(ui, label);
    if (s->scroll_depth < SCROLL_DEPTH) {
        s->scrolls[s->scroll_depth] = (ScrollFrame){area, ui_id(ui, "bar"), content_h, scroll};
    }
    s->scroll_depth++;
    draw_clip_push(&ui->draw, area);
    bool bar = content_h > area.h;
    return (Rect){area.x, area.y - floorf(scroll->offset), area.w - (bar ? BAR_W + 2 : 0),
                  content_h};
}

// The widget that has just got the focus by keyboard comes into view.
static void reveal_focus(Ui *ui, const ScrollFrame *f) {
    UiState *s = ui->state;
    if (!s->focus_wanted) return;
    for (size_t i = 0; i < s->now.count; i++) {
        const UiItem *item = &s->now.entry[i].item;
        bool mine = item->id == s->focus_wanted && item->rect.x < rect_right(f->area) &&
                    rect_right(item->rect) > f->area.x;
        if (!mine) continue;
        float above = f->area.y - item->rect.y + 6;
        float below = rect_bottom(item->rect) + 6 - rect_bottom(f->area);
        float by = above > 0 ? -above : (below > 0 ? below : 0);
        if (by == 0) continue;
        f->scroll->offset = clamp_offset(f->scroll->offset + by, f->content_h, f->area.h);
        s->again = true;
    }
}

static void scroll_bar(Ui *ui, const ScrollFrame *f) {
    UiState *s = ui->state;
    const ThemeColors *c = &ui->theme->color;
    float room = f->content_h - f->area.h;
    Rect bar = {rect_right(f->area) - BAR_W, f->area.y, BAR_W, f->area.h};
    float thumb_h = fmaxf(THUMB_MIN, floorf(bar.h * bar.h / f->content_h));
    float travel = fmaxf(1, bar.h - thumb_h);
    float y = bar.y + travel * f->scroll->offset / room;
    UiHit hit = ui_interact(ui, f->id, UI_KIND_OTHER, "scroll bar", bar, 0, UI_NO_FOCUS);
    if (hit.pressed) {
        bool on_thumb = ui->input.mouse.y >= y && ui->input.mouse.y < y + thumb_h;
        s->drag_offset = on_thumb ? ui->input.mouse.y - y : thumb_h / 2;
    }
    if (hit.held) {
        float at = (ui->input.mouse.y - s->drag_offset - bar.y) / travel * room;
        f->scroll->offset = clamp_offset(at, f->content_h, f->area.h);
        y = bar.y + travel * f->scroll->offset / room;
        s->again = true;
    }
    float w = hit.hot || hit.held ? 8 : 5;
    Rect thumb = {rect_right(bar) - w - 1, y, w, thumb_h};
    draw_fill(&ui->draw, thumb, w / 2, hit.hot || hit.held ? c->outline_hot : c->outline);
}

void ui_scroll_end(Ui *ui) {
    UiState *s = ui->state;
    s->scroll_depth--;
    if (s->scroll_depth < SCROLL_DEPTH &&
        s->scrolls[s->scroll_depth].content_h > s->scrolls[s->scroll_depth].area.h) {
        const ScrollFrame *f = &s->scrolls[s->scroll_depth];
        if (ui_mouse_over(ui, f->area) && ui->input.wheel.y != 0 && s->active == 0) {
            float to = f->scroll->offset - ui->input.wheel.y * WHEEL_STEP;
            f->scroll->offset = clamp_offset(to, f->content_h, f->area.h);
            ui->input.wheel.y = 0;
            s->again = true;
        }
        reveal_focus(ui, f);
        scroll_bar(ui, f);
    }
    draw_clip_pop(&ui->draw);
    ui_pop_id(ui);
}
