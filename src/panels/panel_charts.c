// The two charts: loss of every batch, accuracy of every epoch, all visible runs in their colours.
#include "panels/panels.h"

#include "base/tr.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CHART_HEADING_H = THEME_SEGMENT_H };

static const char *chart_x_name(const Workbench *bench) {
    return bench->prefs.by_seconds ? tr("second") : tr("epoch");
}

// The span shown at least: the epochs asked for, of the runs that are still on their way.
static double chart_x_max(Workbench *bench) {
    double most = 0;
    if (bench->prefs.by_seconds) return 0;
    if (bench->runs.count == 0) return bench->form.epochs;
    for (int i = 0; i < bench->runs.count; i++) {
        const RunEntry *run = bench->runs.entry[i];
        if (run->visible && entry_is_active(run) && run->log->config.epochs > most)
            most = run->log->config.epochs;
    }
    return most;
}

static void charts_loss(Ui *ui, Workbench *bench, Rect rect) {
    const char *const axes[] = {tr("epochs"), tr("seconds")};
    const char *const scales[] = {tr("log"), tr("linear")};
    const char *const lines_kind[] = {tr("raw"), tr("smooth")};
    Rect inside = ui_card_inside(ui, rect);
    Rect heading = rect_cut_top(&inside, CHART_HEADING_H, 8);
    int by_seconds = bench->prefs.by_seconds, linear = !bench->prefs.log_loss,
        smooth = !bench->prefs.raw_loss;
    float width = ui_segments_width(ui, lines_kind, 2, UI_SMALL);
    Rect raw = rect_cut_right(&heading, width, 8);
    Rect log = rect_cut_right(&heading, ui_segments_width(ui, scales, 2, UI_SMALL), 8);
    Rect axis = rect_cut_right(&heading, ui_segments_width(ui, axes, 2, UI_SMALL), 8);
    ui_heading(ui, heading, tr("Loss"));
    if (ui_segments(ui, axis, "Loss by", axes, 2, &by_seconds, UI_SMALL))
        bench->loss_view.zoomed_x = bench->accuracy_view.zoomed_x = false;
    ui_segments(ui, log, "Loss scale", scales, 2, &linear, UI_SMALL);
    ui_segments(ui, raw, "Loss lines", lines_kind, 2, &smooth, UI_SMALL);
    bench->prefs.by_seconds = by_seconds;
    bench->prefs.log_loss = !linear;
    bench->prefs.raw_loss = !smooth;
    ChartLine lines[RUNS_MAX] = {0};
    int count = 0;
    for (int i = 0; i < bench->runs.count; i++) {
        RunEntry *run = bench->runs.entry[i];
        if (!run->visible) continue;
        lines[count] = (ChartLine){.series = &run->loss,
                                   .name = run->name,
                                   .color = theme_run_color(ui->theme, run->number),
                                   .strong = run->id == bench->runs.selected,
                                   .legend = count};
        count++;
    }
    bench->loss_view.log_y = bench->prefs.log_loss;
    bench->loss_view.raw = bench->prefs.raw_loss;
    bench->loss_view.x_axis = by_seconds;
    ChartSpec spec = {.lines = lines,
                      .line_count = count,
                      .x_name = chart_x_name(bench),
                      .x_max = chart_x_max(bench),
                      .y_floor = 1e-6,
                      .hover = &bench->hover,
                      .empty = tr("The loss of every batch, once a network trains")};
    ui_chart(ui, inside, "Loss", &bench->loss_view, &spec);
}

// "-- test  - - train" at the right of the heading.
static void charts_legend(Ui *ui, Rect heading) {
    const ThemeColors *c = &ui->theme->color;
    const char *const words[] = {tr("train"), tr("test")};
    for (int i = 0; i < 2; i++) {
        float width = ceilf(ui_text_width(ui, TEXT_CAPTION, words[i])) + 1;
        Rect text = rect_cut_right(&heading, width, 6);
        Rect mark = rect_cut_right(&heading, 16, 12);
        float y = floorf(mark.y + mark.h / 2) + 0.5f;
        Vec2 ends[2] = {{mark.x, y}, {rect_right(mark), y}};
        ui_text(ui, text, TEXT_CAPTION, c->text_muted, words[i]);
        if (i == 0)
            draw_polyline_dashed(&ui->draw, ends, 2, 1.5f, c->text_muted, 4, 3);
        else
            draw_polyline(&ui->draw, ends, 2, 2, c->text_soft);
    }
}

static bool charts_any_epoch(const Workbench *bench) {
    for (int i = 0; i < bench->runs.count; i++)
        if (bench->runs.entry[i]->visible && bench->runs.entry[i]->test.count > 0) return true;
    return false;
}

static void charts_accuracy(Ui *ui, Workbench *bench, Rect rect) {
    Rect inside = ui_card_inside(ui, rect);
    Rect heading = rect_cut_top(&inside, CHART_HEADING_H, 8);
    charts_legend(ui, heading);
    ui_heading(ui, heading, tr("Accuracy %"));
    ChartLine lines[2 * RUNS_MAX] = {0};
    int count = 0;
    for (int i = 0; i < bench->runs.count; i++) {
        RunEntry *run = bench->runs.entry[i];
        if (!run->visible) continue;
        Color color = theme_run_color(ui->theme, run->number);
        bool strong = run->id == bench->runs.selected;
        lines[count] =
            (ChartLine){&run->train,       .name = tr("train"), .color = color,     .dashed = true,
                        .no_smooth = true, .companion = true,   .legend = count / 2};
        lines[count + 1] =
            (ChartLine){&run->test,        .name = run->name, .color = color,     .markers = true,
                        .no_smooth = true, .strong = strong,  .legend = count / 2};
        count += 2;
    }
    bench->accuracy_view.x_axis = bench->prefs.by_seconds;
    bench->accuracy_view.raw = true;
    ChartSpec spec = {.lines = lines,
                      .line_count = count,
                      .x_name = chart_x_name(bench),
                      .x_max = chart_x_max(bench),
                      .hover = &bench->hover,
                      .fixed_y = !charts_any_epoch(bench),
                      .y_max = 100,
                      .empty = tr("Right answers after every epoch")};
    ui_chart(ui, inside, "Accuracy", &bench->accuracy_view, &spec);
}

void panel_charts(Ui *ui, Workbench *bench, Rect loss, Rect accuracy) {
    charts_loss(ui, bench, loss);
    charts_accuracy(ui, bench, accuracy);
}
