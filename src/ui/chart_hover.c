// Crosshair, exact values, zoom and legend of a chart; see chart.h.
#include "ui/plot.h"
#include "ui/state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BOX_ROWS = 24, BOX_CROWDED = 12, BOX_ROW_H = 19, BOX_PADDING = 9 };
enum { BOX_LEFT = 40, BOX_RIGHT = 12 }; // beyond the plot, but on its card

typedef struct HoverRow {
    Color color;
    const char *name;
    char value[32];
    float y; // pixels
    bool dashed;
} HoverRow;

// With many lines the companions are left out of the box: theirs are the figures that matter less.
static bool is_crowded(const ChartView *view, const ChartSpec *spec) {
    int shown = 0;
    for (int i = 0; i < spec->line_count; i++) shown += chart_line_shown(view, &spec->lines[i]);
    return shown > BOX_CROWDED;
}

static int collect(const Plot *plot, const ChartView *view, const ChartSpec *spec, double x,
                   HoverRow rows[BOX_ROWS], double *snapped) {
    int count = 0;
    bool crowded = is_crowded(view, spec);
    double nearest = INFINITY;
    for (int i = 0; i < spec->line_count && count < BOX_ROWS; i++) {
        const ChartLine *line = &spec->lines[i];
        double at;
        float y;
        if (!chart_line_shown(view, line) || (crowded && line->companion)) continue;
        bool smooth = chart_line_smooth(view, line);
        if (!series_value_at(line->series, view->x_axis, x, smooth, &at, &y) || isnan(y)) continue;
        if (fabs(at - x) < nearest) {
            nearest = fabs(at - x);
            *snapped = at;
        }
        HoverRow *row = &rows[count++];
        *row = (HoverRow){.color = line->color, .name = line->name, .dashed = line->dashed};
        row->y = plot_y(plot, (double)y);
        if (spec->format_y) {
            spec->format_y(row->value, (double)y);
        } else {
            chart_format(row->value, (double)y, -1);
        }
        if (count > 1 && row[-1].dashed && !row->dashed) { // drawn first, but told below its line
            HoverRow swap = row[-1];
            row[-1] = *row;
            *row = swap;
        }
    }
    return count;
}

static void draw_box_of_values(Ui *ui, const Plot *plot, const char *head, float x,
                               const HoverRow *rows, int count) {
    const ThemeColors *c = &ui->theme->color;
    float names = 0, values = 0;
    for (int i = 0; i < count; i++) {
        names = fmaxf(names, ui_text_width(ui, TEXT_SMALL, rows[i].name ? rows[i].name : ""));
        values = fmaxf(values, ui_text_width(ui, TEXT_SMALL, rows[i].value));
    }
    float width = ceilf(fmaxf(16 + names + 14 + values, ui_text_width(ui, TEXT_CAPTION, head)));
    Rect box = {x + 12, plot->area.y + 4, width + 2 * BOX_PADDING + 2,
                18 + (float)count * BOX_ROW_H + BOX_PADDING + 4};
    // Not over the chart beside this one: its own box may be there.
    float low = plot->area.x - BOX_LEFT, high = rect_right(plot->area) + BOX_RIGHT - box.w;
    bool near_left = x < plot->area.x + plot->area.w / 2;
    if (box.x > high) box.x = x - 12 - box.w;
    if (box.x < low) box.x = near_left ? fmaxf(low, high) : low;
    box.x = floorf(fmaxf(4, fminf(box.x, ui->input.window.w - box.w - 4)));
    box.y = fmaxf(4, fminf(box.y, ui->input.window.h - box.h - 4));
    DrawLayer before = draw_layer_set(&ui->draw, LAYER_TIP);
    draw_clip_push_fresh(&ui->draw, ui->input.window);
    draw_box(&ui->draw, box, THEME_RADIUS, color_fade(c->popup, 0.95f), c->outline_hot, 1);
    Rect inside = rect_inset_xy(box, BOX_PADDING, 5);
    ui_text(ui, rect_cut_top(&inside, 18, 2), TEXT_CAPTION, c->text_muted, head);
    for (int i = 0; i < count; i++) {
        Rect row = rect_cut_top(&inside, BOX_ROW_H, 0);
        Rect mark = rect_cut_left(&row, 10, 6);
        float y = floorf(mark.y + mark.h / 2);
        if (rows[i].dashed) {
            draw_fill(&ui->draw, (Rect){mark.x, y - 1, 4, 2}, 0, rows[i].color);
            draw_fill(&ui->draw, (Rect){mark.x + 6, y - 1, 4, 2}, 0, rows[i].color);
        } else {
            draw_circle(&ui->draw, (Vec2){mark.x + 5, y}, 4, rows[i].color);
        }
        ui_text_right(ui, row, TEXT_SMALL, c->text, rows[i].value);
        rect_cut_right(&row, values, 8);
        ui_text(ui, row, TEXT_SMALL, c->text_soft, rows[i].name ? rows[i].name : "");
    }
    draw_clip_pop(&ui->draw);
    draw_layer_set(&ui->draw, before);
}

static void draw_crosshair(Ui *ui, const Plot *plot, const ChartView *view, const ChartSpec *spec,
                           double x) {
    const ThemeColors *c = &ui->theme->color;
    HoverRow rows[BOX_ROWS];
    double at = x;
    int count = collect(plot, view, spec, x, rows, &at);
    if (count == 0 || at < plot->x0 || at > plot->x1) return;
    float px = plot_x(plot, at);
    draw_vline(&ui->draw, floorf(px), plot->area.y, rect_bottom(plot->area), c->text_faint);
    for (int i = 0; i < count; i++) {
        if (rows[i].y < plot->area.y || rows[i].y > rect_bottom(plot->area)) continue;
        draw_circle(&ui->draw, (Vec2){px, rows[i].y}, 4.5f, c->panel);
        draw_circle(&ui->draw, (Vec2){px, rows[i].y}, 3.2f, rows[i].color);
    }
    char head[96], number[32];
    if (spec->format_x) {
        spec->format_x(number, at);
    } else {
        double span = plot->x1 - plot->x0;
        chart_format(number, at, span > 200 ? 0 : (at == floor(at) ? 0 : (span > 2 ? 2 : 4)));
    }
    snprintf(head, sizeof head, "%s%s%s", spec->x_name ? spec->x_name : "", spec->x_name ? " " : "",
             number);
    draw_box_of_values(ui, plot, head, px, rows, count);
}

static void finish_zoom(const Plot *plot, ChartView *view, Rect box) {
    if (box.w < 6) return;
    bool tall = box.h > plot->area.h * 0.4f && box.h < plot->area.h * 0.98f;
    double x0 = plot_to_x(plot, box.x), x1 = plot_to_x(plot, rect_right(box));
    double y0 = plot_to_y(plot, rect_bottom(box)), y1 = plot_to_y(plot, box.y);
    if (!(x1 - x0 > fmax(fabs(x1), 1e-9) * 1e-9)) return;
    view->zoomed_x = true;
    view->x0 = x0;
    view->x1 = x1;
    if (tall && y1 > y0) {
        view->zoomed_y = true;
        view->y0 = y0;
        view->y1 = y1;
    }
}

static void drag_zoom(Ui *ui, const UiHit *hit, const Plot *plot, ChartView *view) {
    if (hit->pressed) {
        view->dragging = true;
        view->drag_from = ui->input.press_at[MOUSE_LEFT];
    }
    if (hit->double_clicked) {
        view->zoomed_x = view->zoomed_y = view->dragging = false;
        ui->state->again = true;
    }
    if (!view->dragging) return;
    Vec2 a = view->drag_from, b = ui->input.mouse;
    Rect box = {fminf(a.x, b.x), fminf(a.y, b.y), fabsf(a.x - b.x), fabsf(a.y - b.y)};
    bool tall = box.h > plot->area.h * 0.4f;
    box = rect_intersect(box, plot->area);
    if (!hit->held) {
        view->dragging = false;
        finish_zoom(plot, view, box);
        ui->state->again = true;
        return;
    }
    if (box.w < 3) return;
    if (!tall) {
        box.y = plot->area.y;
        box.h = plot->area.h;
    }
    Color accent = ui->theme->color.accent;
    draw_box(&ui->draw, box, 0, color_fade(accent, 0.12f), color_fade(accent, 0.6f), 1);
}

static void keyboard(Ui *ui, const Plot *plot, ChartView *view, ChartHover *hover, UiId id) {
    int step = 0;
    while (ui_take_key(ui, KEY_RIGHT, 0)) step++;
    while (ui_take_key(ui, KEY_LEFT, 0)) step--;
    if (step) {
        bool here = hover->owner != 0;
        double from = here ? hover->x : (plot->x0 + plot->x1) / 2;
        hover->x = fmax(plot->x0, fmin(from + step * (plot->x1 - plot->x0) / 100, plot->x1));
        hover->owner = id;
        ui->state->again = true;
    }
    bool zoomed = view->zoomed_x || view->zoomed_y;
    if (zoomed && (ui_take_key(ui, KEY_HOME, 0) || ui_take_key(ui, KEY_ESCAPE, 0))) {
        view->zoomed_x = view->zoomed_y = false;
        ui->state->again = true;
    }
}

void chart_hover(Ui *ui, const UiHit *hit, const Plot *plot, ChartView *view,
                 const ChartSpec *spec) {
    ChartHover own = {0};
    ChartHover *hover = spec->hover ? spec->hover : &own;
    drag_zoom(ui, hit, plot, view);
    if (hit->hot && !view->dragging) {
        double x = plot_to_x(plot, ui->input.mouse.x);
        if (spec->hover && (hover->owner != hit->id || hover->x != x)) ui->state->again = true;
        *hover = (ChartHover){hit->id, x};
    } else if (hit->focus_visible) {
        keyboard(ui, plot, view, hover, hit->id);
    } else if (hover->owner == hit->id) {
        hover->owner = 0;
        ui->state->again = true;
    }
    if (hover->owner && !view->dragging) draw_crosshair(ui, plot, view, spec, hover->x);
}

bool ui_chart_legend(Ui *ui, Rect rect, const char *label, ChartView *view, const ChartSpec *spec) {
    const ThemeColors *c = &ui->theme->color;
    uint64_t before = view->hidden, done = 0;
    ui_push_id(ui, label);
    for (int i = 0; i < spec->line_count; i++) {
        const ChartLine *line = &spec->lines[i];
        bool fits_mask = line->legend >= 0 && line->legend < 64;
        if (!line->name || line->hidden || !fits_mask || (done >> line->legend & 1)) continue;
        done |= 1ull << line->legend;
        float width = ceilf(ui_text_width(ui, TEXT_CAPTION, line->name)) + 20;
        if (width > rect.w) break;
        Rect entry = rect_cut_right(&rect, width, 10);
        ui_push_index(ui, line->legend);
        UiHit hit = ui_interact(ui, ui_id(ui, line->name), UI_KIND_CHECKBOX, line->name, entry,
                                HIT_FOCUS, 0);
        ui_pop_id(ui);
        if (hit.clicked) view->hidden ^= 1ull << line->legend;
        bool off = view->hidden >> line->legend & 1;
        ui_set_value(ui, "%s", off ? "off" : "on");
        Rect text = entry;
        Rect mark = rect_cut_left(&text, 12, 6);
        float y = floorf(mark.y + mark.h / 2);
        Color color = off ? c->text_faint : line->color;
        draw_fill(&ui->draw, (Rect){mark.x, y - 1, line->dashed ? 5 : 12, 2}, 0, color);
        if (line->dashed) draw_fill(&ui->draw, (Rect){mark.x + 7, y - 1, 5, 2}, 0, color);
        Color ink = off ? c->text_faint : (hit.hot ? c->text : c->text_muted);
        ui_text(ui, text, TEXT_CAPTION, ink, line->name);
        if (off) draw_hline(&ui->draw, text.x, rect_right(text), y, c->text_faint);
        if (hit.focus_visible) ui_draw_focus(ui, entry, 3);
    }
    ui_pop_id(ui);
    return view->hidden != before;
}
