// Histograms of every layer's weights and of their gradients, and its dead units, of the network
// that answers; live while it trains. The trainer sends gradients and dead units only while this
// tab is open (histograms_tick).
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/words.h"

#include <math.h>
#include <stdio.h>

enum { LOOK_ROW_H = 60, LOOK_TEXT_H = 14, LOOK_GAP = 14 };

void histograms_tick(Workbench *bench) {
    Source source = answer_source(bench);
    for (int i = 0; i < bench->runs.count; i++) {
        RunEntry *run = bench->runs.entry[i];
        bool wanted = bench->tab == TAB_HISTOGRAMS && source.run == run && entry_is_active(run);
        bool before = atomic_exchange(&run->log->look, wanted);
        if (wanted && !before) runs_snapshot(run); // it may stand still
    }
}

// ---- one histogram ------------------------------------------------------------------------------

// Height of a bar as a share of the highest. Gradients crowd around 0, so they are counted on a log
// scale.
static float bar_share(const Histogram *h, int i, bool log_scale) {
    if (h->bars[i] == 0) return 0;
    if (log_scale) return (float)(log1p(h->bars[i]) / log1p(h->most));
    return (float)h->bars[i] / (float)h->most;
}

static void histogram_tip(Ui *ui, const Histogram *h, Rect bars) {
    char low[WORD_MAX], high[WORD_MAX], text[192];
    int i = (int)((ui->input.mouse.x - bars.x) / bars.w * HISTOGRAM_BINS);
    i = i < 0 ? 0 : i >= HISTOGRAM_BINS ? HISTOGRAM_BINS - 1 : i;
    word_number(low, h->limit * (2.0 * i / HISTOGRAM_BINS - 1));
    word_number(high, h->limit * (2.0 * (i + 1) / HISTOGRAM_BINS - 1));
    snprintf(text, sizeof text, tr("%s to %s: %u of %zu numbers"), low, high, h->bars[i],
             h->spread.count);
    ui_tooltip(ui, text);
}

// Mean and deviation in the middle, the ends of the axis beside them; where it is narrow the left
// end gives way.
static void histogram_axis(Ui *ui, Rect line, const Histogram *h) {
    const ThemeColors *c = &ui->theme->color;
    char text[2 * WORD_MAX + 8], mean[WORD_MAX], deviation[WORD_MAX], end[WORD_MAX];
    word_number(mean, h->spread.mean);
    word_number(deviation, h->spread.deviation);
    snprintf(text, sizeof text, "%s \xc2\xb1 %s", mean, deviation);
    snprintf(end, sizeof end, "%g", -h->limit);
    float ends = ui_text_width(ui, TEXT_TINY, end), middle = ui_text_width(ui, TEXT_TINY, text);
    bool narrow = middle + 2 * ends + 12 > line.w;
    if (!narrow) ui_text(ui, line, TEXT_TINY, c->text_faint, end);
    ui_text_right(ui, line, TEXT_TINY, c->text_faint, end + 1);
    if (narrow)
        ui_text(ui, line, TEXT_TINY, c->text_soft, text);
    else
        ui_text_center(ui, line, TEXT_TINY, c->text_soft, text);
}

// Bars, and below them the ends of the axis with mean and deviation between.
static void histogram_draw(Ui *ui, Rect rect, const char *name, const Histogram *h, bool log_scale,
                           Color color) {
    const ThemeColors *c = &ui->theme->color;
    Rect line = rect_cut_bottom(&rect, LOOK_TEXT_H, 1);
    draw_hline(&ui->draw, rect.x, rect_right(rect), rect_bottom(rect), c->outline);
    draw_vline(&ui->draw, floorf(rect.x + rect.w / 2), rect.y, rect_bottom(rect), c->hairline);
    for (int i = 0; i < HISTOGRAM_BINS; i++) {
        float x0 = rect.x + rect.w * (float)i / HISTOGRAM_BINS;
        float x1 = rect.x + rect.w * (float)(i + 1) / HISTOGRAM_BINS;
        float height = ceilf(rect.h * bar_share(h, i, log_scale));
        Rect bar = {x0, rect_bottom(rect) - height, fmaxf(x1 - x0 - 0.5f, 1), height};
        if (height > 0) draw_fill(&ui->draw, bar, 0, color);
    }
    ui_interact(ui, ui_id(ui, name), UI_KIND_OTHER, name, rect, 0, 0);
    ui_set_value(ui, "%zu %.6g %.6g", h->spread.count, h->spread.mean, h->spread.deviation);
    histogram_tip(ui, h, rect);
    histogram_axis(ui, line, h);
}

// ---- rows ---------------------------------------------------------------------------------------

typedef struct LookColumns {
    Rect name, weights, gradients;
} LookColumns;

static LookColumns look_columns(Rect row) {
    LookColumns at;
    at.name = rect_cut_left(&row, fminf(110, floorf(row.w * 0.22f)), LOOK_GAP);
    at.weights = rect_column(row, 2, 0, LOOK_GAP);
    at.gradients = rect_column(row, 2, 1, LOOK_GAP);
    return at;
}

static void look_name(Ui *ui, Rect rect, const LayerFigures *look, int images) {
    const ThemeColors *c = &ui->theme->color;
    char text[96], count[WORD_MAX];
    word_count(count, (double)look->weights.numbers);
    ui_text(ui, rect_cut_top(&rect, 16, 0), TEXT_STRONG, c->text, look->name);
    snprintf(text, sizeof text, tr("%s weights"), count);
    if (ui_text_width(ui, TEXT_CAPTION, text) > rect.w) text_copy(text, sizeof text, count);
    ui_text(ui, rect_cut_top(&rect, 15, 0), TEXT_CAPTION, c->text_muted, text);
    if (look->units == 0) return;
    Rect line = rect_cut_top(&rect, 15, 0);
    snprintf(text, sizeof text, tr("%d of %d dead"), look->dead, look->units);
    ui_text(ui, line, TEXT_CAPTION, look->dead > 0 ? c->warning : c->text_muted, text);
    ui_interact(ui, ui_id(ui, "dead"), UI_KIND_TEXT, look->name, line, 0, 0);
    ui_set_value(ui, "%d/%d", look->dead, look->units);
    snprintf(text, sizeof text, tr("Units behind this layer that are 0 for all of %d test images."),
             images);
    ui_tooltip(ui, text);
}

static void look_row(Ui *ui, Rect row, const LayerFigures *look, int images) {
    const ThemeColors *c = &ui->theme->color;
    LookColumns at = look_columns(row);
    ui_push_id(ui, look->name);
    look_name(ui, at.name, look, images);
    histogram_draw(ui, at.weights, "weights", &look->weights, false, c->accent);
    if (look->has_gradients)
        histogram_draw(ui, at.gradients, "gradients", &look->gradients, true, c->text_muted);
    ui_pop_id(ui);
}

static void looks_refresh(Workbench *bench, const Source *source) {
    const RunSnapshot *snapshot = source->run ? source->run->snapshot : NULL;
    uint64_t of = source_id(source) << 40 ^
                  (uint64_t)(source->run ? source->run->snapshot_version : 1) << 8 ^ 1;
    if (bench->figures_of == of) return;
    bool inside = snapshot && snapshot->inside;
    bench->figure_count =
        layer_figures(bench->figures, LAYER_FIGURES_MAX, source_plan(source),
                      source_spec(source)->layer_count, source_weights(source),
                      inside ? snapshot->gradients : NULL, inside ? &snapshot->dead : NULL);
    bench->figures_of = of;
}

void panel_histograms(Ui *ui, Workbench *bench, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    Source source = answer_source(bench);
    if (!source_weights(&source)) {
        panel_empty(ui, rect,
                    tr("When a network answers: how the weights of each layer are spread and, "
                       "while it trains, their gradients."));
        return;
    }
    looks_refresh(bench, &source);
    const RunSnapshot *snapshot = source.run ? source.run->snapshot : NULL;
    bool inside = snapshot && snapshot->inside;
    Rect head = rect_cut_top(&rect, 16, 4);
    float height = (float)bench->figure_count * (LOOK_ROW_H + 8);
    Rect area = ui_scroll_begin(ui, rect, "Histograms", height, &bench->scroll[TAB_HISTOGRAMS]);
    head.w = area.w;
    draw_clip_push_fresh(&ui->draw, head); // it stays above what scrolls
    LookColumns at = look_columns(head);
    ui_text(ui, at.weights, TEXT_CAPTION, c->text_muted, tr("Weights"));
    ui_text(ui, at.gradients, TEXT_CAPTION, c->text_muted,
            inside ? tr("Gradients (log counts)") : tr("Gradients: while it trains"));
    draw_clip_pop(&ui->draw);
    for (int i = 0; i < bench->figure_count; i++)
        look_row(ui, rect_cut_top(&area, LOOK_ROW_H, 8), &bench->figures[i],
                 inside ? snapshot->dead.images : 0);
    ui_scroll_end(ui);
}
