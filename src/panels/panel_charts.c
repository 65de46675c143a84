// The two charts with their switches; what they show is curves.h.
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/curves.h"

enum { CHART_HEADING_H = THEME_SEGMENT_H, CHART_NAME_W = 64, CHART_LIST_W = 92 };

// What the x axis counts: side by side, or in a list where that would leave no room for the
// heading.
static bool charts_axis(Ui *ui, Rect *heading, int *axis) {
    const char *const names[CHART_AXES] = {tr("epochs"), tr("seconds"), tr("images")};
    float width = ui_segments_width(ui, names, CHART_AXES, UI_SMALL);
    if (width + CHART_NAME_W <= heading->w)
        return ui_segments(ui, rect_cut_right(heading, width, 8), "Loss by", names, CHART_AXES,
                           axis, UI_SMALL);
    Rect list = rect_cut_right(heading, CHART_LIST_W, 8);
    return ui_dropdown(ui, list, "Loss by", names, CHART_AXES, axis, UI_SMALL);
}

static void charts_loss(Ui *ui, Workbench *bench, Rect rect) {
    const char *const scales[] = {tr("log"), tr("linear")};
    const char *const lines_kind[] = {tr("raw"), tr("smooth")};
    Curves curves;
    Rect inside = ui_card_inside(ui, rect);
    Rect heading = rect_cut_top(&inside, CHART_HEADING_H, 8);
    int linear = !bench->prefs.log_loss, smooth = !bench->prefs.raw_loss;
    float width = ui_segments_width(ui, lines_kind, 2, UI_SMALL);
    // Where there is little room the lines stay as they are.
    bool switchable = heading.w > 380;
    Rect raw = rect_cut_right(&heading, switchable ? width : 0, switchable ? 8 : 0);
    Rect log = rect_cut_right(&heading, ui_segments_width(ui, scales, 2, UI_SMALL), 8);
    if (charts_axis(ui, &heading, &bench->prefs.chart_x))
        bench->loss_view.zoomed_x = bench->accuracy_view.zoomed_x = false;
    ui_heading(ui, heading, tr("Loss"));
    ui_segments(ui, log, "Loss scale", scales, 2, &linear, UI_SMALL);
    if (switchable) ui_segments(ui, raw, "Loss lines", lines_kind, 2, &smooth, UI_SMALL);
    bench->prefs.log_loss = !linear;
    bench->prefs.raw_loss = !smooth;
    curves_loss(bench, ui->theme, &curves, &bench->loss_view);
    ui_chart(ui, inside, "Loss", &bench->loss_view, &curves.spec);
}

static void charts_accuracy(Ui *ui, Workbench *bench, Rect rect) {
    Curves curves;
    Rect inside = ui_card_inside(ui, rect);
    Rect heading = rect_cut_top(&inside, CHART_HEADING_H, 8);
    Rect legend = heading;
    rect_cut_left(&legend, ui_text_width(ui, TEXT_HEADING, tr("Accuracy %")) + 16, 0);
    curves_legend(ui, legend, &bench->accuracy_view);
    ui_heading(ui, heading, tr("Accuracy %"));
    curves_accuracy(bench, ui->theme, &curves, &bench->accuracy_view);
    ui_chart(ui, inside, "Accuracy", &bench->accuracy_view, &curves.spec);
}

void panel_charts(Ui *ui, Workbench *bench, Rect loss, Rect accuracy) {
    charts_loss(ui, bench, loss);
    if (!rect_is_empty(accuracy)) charts_accuracy(ui, bench, accuracy);
}
