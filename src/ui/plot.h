// Inside the chart only: from data to pixels.
#ifndef INKLING_UI_PLOT_H
#define INKLING_UI_PLOT_H

#include "ui/chart.h"

typedef struct Plot {
    Rect area;             // of the lines, without axes
    double x0, x1, y0, y1; // what is shown; y in data units
    bool log_y;
    double floor;           // log axis: smallest y
    double log_y0, per_log; // log axis: of y0, and 1 / log(y1 / y0)
} Plot;

void plot_set_y(Plot *plot, double y0, double y1);
float plot_x(const Plot *plot, double x);
float plot_y(const Plot *plot, double y); // within a few thousand pixels of the area
double plot_to_x(const Plot *plot, float px);
double plot_to_y(const Plot *plot, float py);

// Whether a line is shown, and whether as a smooth one.
bool chart_line_shown(const ChartView *view, const ChartLine *line);
bool chart_line_smooth(const ChartView *view, const ChartLine *line);

// Crosshair, box of values, zoom by dragging.
void chart_hover(Ui *ui, const UiHit *hit, const Plot *plot, ChartView *view,
                 const ChartSpec *spec);

#endif
