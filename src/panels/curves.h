// What the two charts show of the runs: loss of every batch, accuracy of every epoch, all visible
// runs in their colours. One place for the window (panel_charts.c) and for pictures of the charts
// (export_charts.c); how a chart is drawn is ui/chart.h.
#ifndef INKLING_PANELS_CURVES_H
#define INKLING_PANELS_CURVES_H

#include "panels/workbench.h"

typedef struct Curves {
    ChartLine lines[2 * RUNS_MAX];
    ChartSpec spec; // of these lines: a Curves must not be copied
} Curves;

// Legend numbers of the accuracy chart.
enum { CURVE_TRAIN, CURVE_TEST };

// `view` (the window's own, or a copy) is set to what is chosen in the window: scale, axis, lines.
void curves_loss(Workbench *bench, const Theme *theme, Curves *out, ChartView *view);
void curves_accuracy(Workbench *bench, const Theme *theme, Curves *out, ChartView *view);

// "-- test  - - train", right-aligned: switches them on and off.
void curves_legend(Ui *ui, Rect rect, ChartView *view);

// "epoch", "second", "image": what the axis counts, for a reader.
const char *curves_x_name(const Workbench *bench);

#endif
