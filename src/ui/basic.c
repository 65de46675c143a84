// The widgets that only show something; see widgets.h.
#include "ui/widgets.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

float ui_heading(Ui *ui, Rect rect, const char *text) {
    char capitals[128];
    size_t n = 0;
    for (; text[n] && n + 1 < sizeof capitals; n++) {
        char c = text[n];
        capitals[n] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    capitals[n] = 0;
    return ui_text(ui, rect, TEXT_HEADING, ui->theme->color.text_muted, capitals);
}

void ui_caption(Ui *ui, Rect rect, const char *text) {
    ui_text(ui, rect, TEXT_CAPTION, ui->theme->color.text_muted, text);
}

void ui_card(Ui *ui, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    draw_box(&ui->draw, rect, THEME_RADIUS_CARD, c->panel, c->hairline, 1);
}

Rect ui_card_inside(Ui *ui, Rect rect) {
    ui_card(ui, rect);
    return rect_inset(rect, THEME_GAP);
}

void ui_separator(Ui *ui, Rect rect) {
    Color color = ui->theme->color.hairline;
    if (rect.w >= rect.h) {
        draw_hline(&ui->draw, rect.x, rect_right(rect), floorf(rect.y + rect.h / 2), color);
    } else {
        draw_vline(&ui->draw, floorf(rect.x + rect.w / 2), rect.y, rect_bottom(rect), color);
    }
}

enum { CHIP_PADDING = 10, CHIP_GAP = 7 };

float ui_chip_width(Ui *ui, const char *strong, const char *soft) {
    bool both = *strong && *soft;
    return ceilf(ui_text_width(ui, TEXT_STRONG, strong) + ui_text_width(ui, TEXT_BODY, soft)) +
           2 * CHIP_PADDING + (both ? CHIP_GAP : 0);
}

void ui_chip(Ui *ui, Rect rect, const char *strong, const char *soft) {
    const ThemeColors *c = &ui->theme->color;
    draw_box(&ui->draw, rect, THEME_RADIUS, c->field, c->outline, 1);
    Rect inside = rect_inset_xy(rect, CHIP_PADDING, 0);
    float used = ui_text(ui, inside, TEXT_STRONG, c->text, strong);
    rect_cut_left(&inside, used, used > 0 ? CHIP_GAP : 0);
    ui_text(ui, inside, TEXT_BODY, c->text_soft, soft);
}

void ui_progress(Ui *ui, Rect rect, float fraction) {
    const ThemeColors *c = &ui->theme->color;
    float radius = fminf(rect.h / 2, 3);
    draw_fill(&ui->draw, rect, radius, c->track);
    Rect done = rect;
    if (fraction < 0) { // to and fro once in two seconds
        float phase = (float)fmod(ui->input.time * 0.5, 1.0);
        float at = 0.5f - 0.5f * cosf(phase * 6.2831853f);
        done.w = rect.w * 0.25f;
        done.x += (rect.w - done.w) * at;
        ui_wake(ui, 1.0 / 60);
    } else {
        done.w = rect.w * fminf(fraction, 1);
        if (done.w > 0 && done.w < rect.h) done.w = fminf(rect.h, rect.w);
    }
    if (done.w > 0) draw_fill(&ui->draw, done, radius, c->accent);
}

void ui_image(Ui *ui, Rect rect, const DrawImage *image, ImageSampling sampling) {
    draw_image(&ui->draw, rect, image, sampling, color_hex(0xFFFFFF));
    Rect frame = {rect.x - 1, rect.y - 1, rect.w + 2, rect.h + 2};
    draw_border(&ui->draw, frame, 0, ui->theme->color.outline, 1);
}

void ui_color_dot(Ui *ui, Rect rect, Color color) {
    Vec2 center = {rect.x + rect.w / 2, rect.y + rect.h / 2};
    draw_circle(&ui->draw, center, 5, color);
}

static void value_bar(Ui *ui, Rect column, const char *name, const float *value, bool is_best,
                      bool grey, bool numbered) {
    const ThemeColors *c = &ui->theme->color;
    Rect top = rect_cut_top(&column, 16, 2);
    Rect bottom = rect_cut_bottom(&column, 22, 2);
    ui_text_center(ui, bottom, TEXT_DIGIT,
                   is_best || !value ? c->text
                   : grey            ? c->text_muted
                                     : c->text_soft,
                   name);
    Color empty = ui->theme->is_dark ? c->field : c->track;
    draw_fill(&ui->draw, column, 3, empty);
    draw_hline(&ui->draw, column.x, rect_right(column), rect_bottom(column) - 1, c->outline);
    if (!value || isnan(*value)) return;
    float p = fmaxf(0, fminf(*value, 1));
    Rect fill = column;
    fill.h = fmaxf(1, floorf(column.h * p + 0.5f));
    fill.y = rect_bottom(column) - fill.h;
    Color color = is_best ? c->accent : color_mix(empty, grey ? c->text_faint : c->accent, 0.5f);
    if (p >= 0.0005f) draw_fill(&ui->draw, fill, fill.h > 6 ? 3 : 0, color);
    if (!numbered) return;
    char number[16];
    snprintf(number, sizeof number, p >= 0.9995f ? "%.0f" : "%.1f", (double)p * 100);
    // Wider than its bar by a little is fine: there is a gap on either side.
    Rect wide = {top.x - 6, top.y, top.w + 12, top.h};
    ui_text_center(ui, wide, TEXT_TINY,
                   is_best ? c->text
                   : grey  ? c->text_faint
                           : c->text_muted,
                   number);
}

void ui_value_bars(Ui *ui, Rect rect, const char *label, const float *values, int count,
                   const char *const *names, int best) {
    ui_push_id(ui, label);
    float gap = count <= 12 && rect.w / (float)count > 20 ? 6 : 2;
    // Side by side with the best one's number the others must not touch it.
    float numbers = ui_text_width(ui, TEXT_TINY, "99.9") + ui_text_width(ui, TEXT_TINY, "0.0");
    bool all = (numbers + 6) * (float)count <= 2 * (rect.w + gap);
    for (int i = 0; i < count; i++) {
        Rect column = rect_column(rect, count, i, gap);
        ui_push_index(ui, i);
        value_bar(ui, column, names[i], values ? &values[i] : NULL, i == best, best == UI_BARS_GREY,
                  all || i == best);
        ui_interact(ui, ui_id(ui, "bar"), UI_KIND_OTHER, names[i], column, 0, 0);
        if (values) {
            char exact[64];
            ui_set_value(ui, "%.6f", (double)values[i]);
            snprintf(exact, sizeof exact, "%s: %.4f %%", names[i], (double)values[i] * 100);
            ui_tooltip(ui, exact);
        }
        ui_pop_id(ui);
    }
    ui_pop_id(ui);
}
