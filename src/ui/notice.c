// Lines that tell something, in place or at the bottom of the window; see popup.h.
#include "ui/popup.h"
#include "ui/state.h"

#include "base/text.h"
#include "base/tr.h"

#include <math.h>
#include <string.h>

enum { NOTICE_PADDING = 10, NOTICE_ICON = 16, NOTICE_CLOSE = 24, TOAST_W = 520 };

typedef struct NoticeLook {
    UiIcon icon;
    Color color;
} NoticeLook;

static NoticeLook notice_look(const Theme *theme, NoticeKind kind) {
    const ThemeColors *c = &theme->color;
    const NoticeLook looks[] = {
        [NOTICE_INFO] = {ICON_INFO, c->accent},
        [NOTICE_SUCCESS] = {ICON_CHECK, c->right},
        [NOTICE_WARNING] = {ICON_WARNING, c->warning},
        [NOTICE_ERROR] = {ICON_WARNING, c->error},
    };
    return looks[kind];
}

static float text_width(float width) {
    return fmaxf(width - 2 * NOTICE_PADDING - NOTICE_ICON - 10 - NOTICE_CLOSE - 4, 40);
}

float ui_notice_height(Ui *ui, float width, const char *text) {
    return ui_paragraph_height(ui, text_width(width), TEXT_BODY, text) + 2 * NOTICE_PADDING;
}

bool ui_notice(Ui *ui, Rect rect, NoticeKind kind, const char *text) {
    const ThemeColors *c = &ui->theme->color;
    NoticeLook look = notice_look(ui->theme, kind);
    Color fill = color_mix(c->popup, look.color, 0.08f);
    draw_box(&ui->draw, rect, THEME_RADIUS, fill, color_mix(c->outline, look.color, 0.5f), 1);
    Rect inside = rect_inset(rect, NOTICE_PADDING);
    float line_h = ui_line_height(ui, TEXT_BODY);
    Rect icon = rect_cut_left(&inside, NOTICE_ICON, 10);
    icon.h = fminf(line_h, icon.h);
    icon_draw(&ui->draw, look.icon, icon, NOTICE_ICON, look.color);
    Rect cross = rect_cut_right(&inside, NOTICE_CLOSE, 4);
    cross = (Rect){cross.x, cross.y + (line_h - NOTICE_CLOSE) / 2, NOTICE_CLOSE, NOTICE_CLOSE};
    ui_paragraph(ui, inside, TEXT_BODY, c->text, text);
    ui_push_id(ui, text);
    ui_interact(ui, ui_id(ui, "text"), UI_KIND_TEXT, text, rect, 0, 0);
    bool closed = ui_icon_button(ui, cross, ICON_CLOSE, tr("Close##notice"), UI_QUIET);
    ui_pop_id(ui);
    return closed;
}

static void remove_toast(UiToasts *toasts, int index) {
    toasts->count--;
    memmove(&toasts->item[index], &toasts->item[index + 1],
            (size_t)(toasts->count - index) * sizeof toasts->item[0]);
}

void ui_toast_add(UiToasts *toasts, NoticeKind kind, const char *text) {
    for (int i = 0; i < toasts->count; i++) { // the same again: once, and new
        if (strcmp(toasts->item[i].text, text) == 0) {
            remove_toast(toasts, i);
            break;
        }
    }
    if (toasts->count == UI_TOAST_MAX) remove_toast(toasts, 0);
    int at = toasts->count++;
    toasts->item[at].kind = kind;
    toasts->item[at].since = 0;
    text_copy(toasts->item[at].text, UI_TOAST_TEXT, text);
}

void ui_toasts(Ui *ui, UiToasts *toasts) {
    DrawLayer before = draw_layer_set(&ui->draw, LAYER_NOTICE);
    draw_clip_push_fresh(&ui->draw, ui->input.window);
    Rect window = ui->input.window;
    float width = fminf(TOAST_W, window.w - 32), bottom = window.h - 16;
    for (int i = toasts->count - 1; i >= 0; i--) {
        float height = ui_notice_height(ui, width, toasts->item[i].text);
        Rect box = {floorf(window.x + (window.w - width) / 2), bottom - height, width, height};
        bottom = box.y - 8;
        if (toasts->item[i].since == 0 || ui_mouse_over(ui, box)) {
            toasts->item[i].since = ui->input.time;
        }
        for (int k = 1; k <= 4; k++) {
            float d = (float)k * 3;
            Rect around = {box.x - d, box.y - d + 4, box.w + 2 * d, box.h + 2 * d};
            draw_fill(&ui->draw, around, THEME_RADIUS + d,
                      color_fade(color_hex(0), ui->theme->is_dark ? 0.09f : 0.03f));
        }
        ui_push_index(ui, i);
        bool gone = ui_notice(ui, box, toasts->item[i].kind, toasts->item[i].text);
        ui_pop_id(ui);
        double left = toasts->item[i].since + 6 - ui->input.time;
        if (toasts->item[i].kind == NOTICE_ERROR) left = INFINITY;
        if (gone || left <= 0) {
            remove_toast(toasts, i);
            ui->state->again = true;
        } else if (left < INFINITY) {
            ui_wake(ui, left);
        }
    }
    draw_clip_pop(&ui->draw);
    draw_layer_set(&ui->draw, before);
}
