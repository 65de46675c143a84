// Axes and lines of a chart; see chart.h. Hover and zoom are in chart_hover.c, the points in
// series.c.
#include "ui/chart.h"
#include "ui/plot.h"
#include "ui/state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

float plot_x(const Plot *plot, double x) {
    return plot->area.x + (float)((x - plot->x0) / (plot->x1 - plot->x0)) * plot->area.w;
}

void plot_set_y(Plot *plot, double y0, double y1) {
    plot->y0 = y0;
    plot->y1 = y1;
    plot->log_y0 = plot->log_y ? log(y0) : 0;
    plot->per_log = plot->log_y ? 1 / (log(y1) - plot->log_y0) : 0;
}

float plot_y(const Plot *plot, double y) {
    double t = plot->log_y ? (log(fmax(y, plot->floor)) - plot->log_y0) * plot->per_log
                           : (y - plot->y0) / (plot->y1 - plot->y0);
    float at = rect_bottom(plot->area) - (float)fmax(-8, fmin(t, 9)) * plot->area.h;
    return at;
}

double plot_to_x(const Plot *plot, float px) {
    double t = (double)(px - plot->area.x) / (double)plot->area.w;
    return plot->x0 + t * (plot->x1 - plot->x0);
}

double plot_to_y(const Plot *plot, float py) {
    double t = (double)(rect_bottom(plot->area) - py) / (double)plot->area.h;
    return plot->log_y ? plot->y0 * pow(plot->y1 / plot->y0, t)
                       : plot->y0 + t * (plot->y1 - plot->y0);
}

bool chart_line_shown(const ChartView *view, const ChartLine *line) {
    bool off = line->legend >= 0 && line->legend < 64 && (view->hidden >> line->legend & 1);
    return line->series && line->series->count > 0 && !line->hidden && !off;
}

bool chart_line_smooth(const ChartView *view, const ChartLine *line) {
    return !view->raw && !line->no_smooth;
}

// An axis that grows with its curves grows in steps, 20 to 50 of them in all: else everything drawn
// would move a little all the time. 1, 2 or 5 times a power of ten.
static double axis_step(double span) {
    double most = span / 20, ten = pow(10, floor(log10(fmax(most, 1e-300))));
    return most >= 5 * ten ? 5 * ten : most >= 2 * ten ? 2 * ten : ten;
}

static void x_range(Plot *plot, const ChartView *view, const ChartSpec *spec) {
    double low = 0, high = spec->x_max;
    for (int i = 0; i < spec->line_count; i++) {
        const ChartLine *line = &spec->lines[i];
        if (!chart_line_shown(view, line)) continue;
        const double *x = line->series->x[view->x_axis];
        low = fmin(low, x[0]);
        high = fmax(high, x[line->series->count - 1]);
    }
    if (high > spec->x_max) high = ceil(high / axis_step(high - low)) * axis_step(high - low);
    plot->x0 = view->zoomed_x ? view->x0 : low;
    plot->x1 = view->zoomed_x ? view->x1 : high;
    if (!(plot->x1 > plot->x0)) plot->x1 = plot->x0 + 1;
}

// The k-th smallest of them, which change their places (Hoare's FIND).
static float pick_kth(float *values, size_t count, size_t k) {
    ptrdiff_t left = 0, right = (ptrdiff_t)count - 1, at = (ptrdiff_t)k;
    while (left < right) {
        float pivot = values[at];
        ptrdiff_t i = left, j = right;
        do {
            while (i < right && values[i] < pivot) i++;
            while (j > left && values[j] > pivot) j--;
            if (i <= j) {
                float swap = values[i];
                values[i++] = values[j];
                values[j--] = swap;
            }
        } while (i <= j);
        if (j < at) left = i;
        if (at < i) right = j;
    }
    return values[at];
}

// The extent of a smooth line between two indices. What it exceeds for a moment only (the first
// steps of an optimizer that overshoots) does not squeeze all the rest; where it begins always
// counts.
static void smooth_extent(const Series *s, size_t first, size_t last, float *low, float *high) {
    enum { LOOK = 512 };
    float seen[LOOK + 1];
    size_t step = (last - first) / LOOK + 1, count = 0;
    for (size_t i = first; i < last; i += step)
        if (isfinite(s->smooth[i])) seen[count++] = s->smooth[i];
    if (count == 0) return;
    float begins = seen[0], ends = s->smooth[last - 1];
    *low = isfinite(ends) ? ends : begins;
    for (size_t i = 0; i < count; i++) *low = fminf(*low, seen[i]);
    *high = fmaxf(begins, pick_kth(seen, count, (count - 1) * 24 / 25));
}

// The extent of one line within the shown x; of the smooth line where there is one, so that single
// noisy batches do not squeeze the rest.
static void widen_y(const Plot *plot, const ChartView *view, const ChartLine *line, double *low,
                    double *high) {
    const Series *s = line->series;
    size_t first = series_lower(s, view->x_axis, plot->x0);
    size_t last = series_lower(s, view->x_axis, nextafter(plot->x1, INFINITY));
    float a = INFINITY, b = -INFINITY;
    if (chart_line_smooth(view, line) && s->smooth_count == s->count) {
        smooth_extent(s, first, last, &a, &b);
    } else {
        series_range(s, first, last, &a, &b);
    }
    if (!(a <= b)) return;
    if (plot->log_y && (double)a < plot->floor) a = (float)plot->floor;
    if ((double)a < *low) *low = (double)a;
    if ((double)b > *high) *high = (double)b;
}

static void y_range(Plot *plot, const ChartView *view, const ChartSpec *spec) {
    double low = INFINITY, high = -INFINITY;
    // Companions count only where there is nothing else to see.
    for (int pass = 0; pass < 2 && !spec->fixed_y && !(low <= high); pass++)
        for (int i = 0; i < spec->line_count; i++) {
            const ChartLine *line = &spec->lines[i];
            if (chart_line_shown(view, line) && line->companion == (pass == 1))
                widen_y(plot, view, line, &low, &high);
        }
    if (spec->fixed_y) {
        low = spec->y_min;
        high = spec->y_max;
    } else if (!(low <= high) || isinf(low) || isinf(high)) {
        low = plot->log_y ? 0.01 : 0;
        high = plot->log_y ? 3 : 1;
    } else if (plot->log_y) {
        double spread = fmax(high / low, 1.2), steps = 8; // in a decade
        low /= pow(spread, 0.08) * 1.1;
        high *= pow(spread, 0.03) * 1.05;
        low = pow(10, floor(log10(low) * steps) / steps);
        high = pow(10, ceil(log10(high) * steps) / steps);
    } else {
        double room = fmax((high - low) * 0.04, fabs(high) * 0.01 + 1e-12);
        double step = axis_step(high - low + 2 * room);
        low = low >= 0 && low - room < 0 ? 0 : floor((low - room) / step) * step;
        high = ceil((high + room) / step) * step;
    }
    if (view->zoomed_y) {
        low = view->y0;
        high = view->y1;
    }
    if (plot->log_y && !(low > plot->floor)) low = plot->floor;
    if (!(high > low)) high = plot->log_y ? low * 10 : low + 1;
    plot_set_y(plot, low, high);
}

static void format_with(ChartFormat format, char out[32], double value, int decimals) {
    if (format) {
        format(out, value);
    } else {
        chart_format(out, value, decimals);
    }
}

enum { AXIS_H = 24, TICK_GAP_Y = 44, TICK_GAP_X = 72 };

static ChartTicks y_ticks(const Plot *plot) {
    int most = (int)(plot->area.h / TICK_GAP_Y) + 1;
    return plot->log_y ? chart_ticks_log(plot->y0, plot->y1, most)
                       : chart_ticks_linear(plot->y0, plot->y1, most, false);
}

// Grid lines with their numbers; the left margin fits the widest number.
static void draw_axes(Ui *ui, Plot *plot, Rect rect, const ChartSpec *spec) {
    const ThemeColors *c = &ui->theme->color;
    plot->area = rect;
    rect_cut_bottom(&plot->area, AXIS_H, 0);
    rect_cut_top(&plot->area, 6, 0);
    rect_cut_right(&plot->area, 8, 0);
    ChartTicks ticks = y_ticks(plot);
    char text[32];
    float widest = 22;
    for (int i = 0; i < ticks.count; i++) {
        format_with(spec->format_y, text, ticks.value[i], ticks.decimals);
        widest = fmaxf(widest, ceilf(ui_text_width(ui, TEXT_CAPTION, text)));
    }
    rect_cut_left(&plot->area, widest, 8);
    Color grid = color_fade(c->outline, 0.55f);
    for (int i = 0; i < ticks.count; i++) {
        float y = floorf(plot_y(plot, ticks.value[i]));
        format_with(spec->format_y, text, ticks.value[i], ticks.decimals);
        draw_hline(&ui->draw, plot->area.x, rect_right(plot->area), y, grid);
        ui_text_right(ui, (Rect){rect.x, y - 8, widest, 16}, TEXT_CAPTION, c->text_muted, text);
    }
    bool whole = plot->x1 - plot->x0 >= 2;
    ticks = chart_ticks_linear(plot->x0, plot->x1, (int)(plot->area.w / TICK_GAP_X) + 1, whole);
    for (int i = 0; i < ticks.count; i++) {
        float x = plot_x(plot, ticks.value[i]);
        format_with(spec->format_x, text, ticks.value[i], ticks.decimals);
        Rect at = {x - 30, rect_bottom(plot->area) + 5, 60, 16};
        if (rect_right(at) - 30 + ui_text_width(ui, TEXT_CAPTION, text) / 2 >
            rect_right(rect) + 6) {
            continue;
        }
        ui_text_center(ui, at, TEXT_CAPTION, c->text_muted, text);
    }
}

// Draws points as polylines, a new one behind each gap.
static void draw_points(Ui *ui, const Plot *plot, const SeriesPoint *from, size_t count,
                        Vec2 *points, float width, Color color, bool dashed) {
    size_t n = 0;
    for (size_t i = 0; i <= count; i++) {
        bool gap = i == count || isnan(from[i].y);
        if (!gap) {
            points[n++] =
                (Vec2){plot_x(plot, plot->x0 + from[i].x), plot_y(plot, (double)from[i].y)};
            continue;
        }
        if (n == 1 && !dashed) { // nothing to draw a line to
            draw_circle(&ui->draw, points[0], 1.3f * width, color);
        } else if (dashed) {
            draw_polyline_dashed(&ui->draw, points, n, width, color, 5, 4);
        } else {
            draw_polyline(&ui->draw, points, n, width, color);
        }
        n = 0;
    }
}

static void draw_markers(Ui *ui, const Plot *plot, const SeriesPoint *from, size_t count,
                         Color color, bool strong) {
    if (count < 1 || (float)count * 8 > plot->area.w) return;
    for (size_t i = 0; i < count; i++) {
        if (isnan(from[i].y)) continue;
        Vec2 at = {plot_x(plot, plot->x0 + from[i].x), plot_y(plot, (double)from[i].y)};
        draw_circle(&ui->draw, at, strong ? 3.2f : 2.7f, color);
    }
}

// Many points per pixel: the range of each column, cut at the edges of the plot.
static void draw_band(Ui *ui, const Plot *plot, const Series *s, int axis, int columns,
                      Color color) {
    SeriesSpan *spans = ui_scratch(ui, (size_t)columns * (sizeof(SeriesSpan) + 2 * sizeof(Vec2)));
    if (!spans) return;
    Vec2 *points = (Vec2 *)(void *)(spans + columns);
    size_t n = series_spans(s, axis, plot->x0, plot->x1, columns, spans, (size_t)columns), out = 0;
    float step = plot->area.w / (float)columns;
    for (size_t i = 0; i < n; i++) {
        float x = plot->area.x + ((float)spans[i].column + 0.5f) * step;
        float top = fmaxf(plot_y(plot, (double)spans[i].max), plot->area.y);
        float low = fminf(plot_y(plot, (double)spans[i].min), rect_bottom(plot->area));
        if (low < top) continue;
        points[out++] = (Vec2){x, top};
        points[out++] = (Vec2){x, low};
    }
    draw_spans(&ui->draw, points, out, color);
}

// `faint`: how strong what lies behind a smooth line is, 1: a line by itself.
static void draw_chart_line(Ui *ui, const Plot *plot, const ChartView *view, const ChartLine *line,
                            float faint) {
    int columns = (int)(plot->area.w * fmaxf(ui->input.scale, 1));
    if (columns < 1) return;
    size_t max = (size_t)columns * 4 + 4;
    SeriesPoint *points = ui_scratch(ui, max * (sizeof(SeriesPoint) + sizeof(Vec2)));
    if (!points) return;
    Vec2 *pixels = (Vec2 *)(void *)(points + max);
    const Series *s = line->series;
    bool smooth = chart_line_smooth(view, line), few = line->no_smooth || s->count < 3;
    float width = (line->strong ? 2.2f : 1.7f) * ui->line_scale;
    bool dense = !line->dashed && series_is_dense(s, view->x_axis, plot->x0, plot->x1, columns, 2);
    if (dense && smooth) {
        size_t n = series_sample(s, view->x_axis, plot->x0, plot->x1, columns / 2, points, max);
        Color color = color_fade(line->color, (ui->theme->is_dark ? 0.5f : 0.42f) * faint);
        draw_points(ui, plot, points, n, pixels, 1, color, false);
    } else if (dense) {
        draw_band(ui, plot, s, view->x_axis, columns, color_fade(line->color, 0.75f));
    } else if (!smooth || s->count > 2) {
        size_t n = series_decimate(s, view->x_axis, plot->x0, plot->x1, columns, points, max);
        Color color = line->color;
        if (line->dashed) color = color_fade(color, 0.7f);
        if (smooth) color = color_fade(color, (ui->theme->is_dark ? 0.5f : 0.42f) * faint);
        float w = smooth ? 1 : (line->dashed ? 1.3f : (few ? width : 1.2f));
        draw_points(ui, plot, points, n, pixels, w, color, line->dashed);
        if (line->markers) draw_markers(ui, plot, points, n, color, line->strong);
    }
    if (smooth) {
        size_t n =
            series_decimate_smooth(s, view->x_axis, plot->x0, plot->x1, columns, points, max);
        draw_points(ui, plot, points, n, pixels, width, line->color, line->dashed);
    }
}

// A cross at the last point that is one, on the edge of the plot if it lies beyond.
static void draw_break(Ui *ui, const Plot *plot, const ChartView *view, const ChartLine *line) {
    const Series *s = line->series;
    size_t at = s->count;
    while (at > 0 && isnan(s->y[at - 1])) at--;
    if (at == 0) return;
    float x = plot_x(plot, s->x[view->x_axis][at - 1]), y = plot_y(plot, (double)s->y[at - 1]),
          d = 5;
    if (x < plot->area.x || x > rect_right(plot->area)) return;
    y = fmaxf(plot->area.y + d, fminf(y, rect_bottom(plot->area) - d));
    draw_line(&ui->draw, (Vec2){x - d, y - d}, (Vec2){x + d, y + d}, 2, line->color);
    draw_line(&ui->draw, (Vec2){x - d, y + d}, (Vec2){x + d, y - d}, 2, line->color);
}

static void draw_lines(Ui *ui, const Plot *plot, const ChartView *view, const ChartSpec *spec) {
    const ThemeColors *c = &ui->theme->color;
    Rect clip = {plot->area.x - 4, plot->area.y - 4, plot->area.w + 8, plot->area.h + 8};
    draw_clip_push(&ui->draw, clip);
    for (int i = 0; i < spec->mark_count; i++) {
        float x = floorf(plot_x(plot, spec->marks[i])) + 0.5f;
        if (x < plot->area.x || x > rect_right(plot->area)) continue;
        Vec2 line[] = {{x, plot->area.y}, {x, rect_bottom(plot->area)}};
        draw_polyline_dashed(&ui->draw, line, 2, 1, c->text_faint, 2, 3);
    }
    draw_clip_pop(&ui->draw);
    clip.y = plot->area.y;
    clip.h = plot->area.h + 1;
    bool markers = false;
    int shown = 0;
    for (int i = 0; i < spec->line_count; i++) {
        markers |= spec->lines[i].markers;
        shown += chart_line_shown(view, &spec->lines[i]);
    }
    float faint = 1 / sqrtf(fmaxf((float)shown, 1)); // many bands on top of each other are mud
    if (markers) clip = (Rect){clip.x, clip.y - 4, clip.w, clip.h + 7};
    draw_clip_push(&ui->draw, clip);
    for (int strong = 0; strong < 2; strong++) {
        for (int i = 0; i < spec->line_count; i++) {
            const ChartLine *line = &spec->lines[i];
            if (line->strong != (strong == 1) || !chart_line_shown(view, line)) continue;
            draw_chart_line(ui, plot, view, line, faint);
            if (line->broken) draw_break(ui, plot, view, line);
        }
    }
    draw_clip_pop(&ui->draw);
}

// One width for all lines, or they could not be compared. Of the whole, not of what is zoomed to:
// the lines must not change with the zoom. Of what there is, not of what is to come: a mean over
// more than has happened would trail behind. Rounded to a power of two, so that a growing run is
// not smoothed anew at every point.
static double smooth_width(const ChartView *view, const ChartSpec *spec) {
    double span = 1e-9;
    if (view->smooth_width > 0) return view->smooth_width;
    for (int i = 0; i < spec->line_count; i++) {
        const ChartLine *line = &spec->lines[i];
        if (chart_line_shown(view, line))
            span = fmax(span, line->series->x[view->x_axis][line->series->count - 1]);
    }
    return exp2(floor(log2(span))) / 30;
}

void ui_chart(Ui *ui, Rect rect, const char *label, ChartView *view, const ChartSpec *spec) {
    Plot plot = {.area = rect, .log_y = view->log_y, .floor = fmax(spec->y_floor, 1e-12)};
    if (rect.w < 60 || rect.h < 50) return;
    x_range(&plot, view, spec);
    bool any = false;
    double width = smooth_width(view, spec);
    for (int i = 0; i < spec->line_count; i++) {
        const ChartLine *line = &spec->lines[i];
        if (!chart_line_shown(view, line)) continue;
        any = true;
        if (!chart_line_smooth(view, line)) continue;
        Status status = series_smooth(line->series, view->x_axis, width);
        (void)status; // without memory for it the line is drawn raw
    }
    y_range(&plot, view, spec);
    draw_axes(ui, &plot, rect, spec);
    UiHit hit = ui_interact(ui, ui_id(ui, label), UI_KIND_CHART, label, plot.area,
                            HIT_FOCUS | HIT_NO_KEYS, 0);
    draw_lines(ui, &plot, view, spec);
    if (!any && spec->empty) {
        float text = fminf(ui_text_width(ui, TEXT_SMALL, spec->empty) + 1, plot.area.w - 16);
        float height = ui_paragraph_height(ui, text, TEXT_SMALL, spec->empty);
        Rect middle = rect_center(plot.area, text, fminf(height, plot.area.h));
        draw_fill(&ui->draw, rect_inset_xy(middle, -6, -2), 0, ui->theme->color.panel); // no grid
        ui_paragraph(ui, middle, TEXT_SMALL, ui->theme->color.text_faint, spec->empty);
    }
    if ((view->zoomed_x || view->zoomed_y) && spec->zoomed) {
        Rect corner = rect_inset_xy(plot.area, 6, 4);
        ui_text_right(ui, rect_cut_top(&corner, 16, 0), TEXT_CAPTION, ui->theme->color.text_muted,
                      spec->zoomed);
    }
    chart_hover(ui, &hit, &plot, view, spec);
    if (hit.focus_visible) ui_draw_focus(ui, plot.area, 2);
}
