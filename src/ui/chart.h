// A chart of lines. The caller owns the points (ui/series.h), the list of lines and the view; the
// chart draws axes, grid and lines and handles hover, zoom and toggles.
//   hover: crosshair and a box with exact values; charts that share a ChartHover show it together
//   drag: zooms to the span of x (and of y when the drag is tall); double click or Esc: all again
//   keys with the focus on it: Left and Right move the crosshair, Home shows all
#ifndef INKLING_UI_CHART_H
#define INKLING_UI_CHART_H

#include "ui/series.h"
#include "ui/ui.h"

enum { CHART_LINE_MAX = 64, CHART_TICK_MAX = 12 };

typedef struct ChartLine {
    Series *series; // the chart brings its smooth line up to date
    const char *name;
    Color color;
    bool dashed;    // dashed thin line, such as training accuracy
    bool markers;   // a dot at every point while they are 8 px apart
    bool no_smooth; // few points: always drawn as they are
    bool hidden; // not drawn and not counted in the axes (caller's choice; see also view->hidden)
    bool companion; // the y axis is made for the other lines, if there are any
    bool broken;    // it ended in no number: a cross marks its last point
    bool strong;    // drawn last and a little thicker: the chosen run
    int legend;     // lines with one number share a legend entry; toggling hides all of them
} ChartLine;

// What several charts share. Zero-initialise; `owner` 0: no hover.
typedef struct ChartHover {
    UiId owner;
    double x;
} ChartHover;

// Zero-initialise and set what is wanted.
typedef struct ChartView {
    bool log_y;
    int x_axis;          // which x of the series
    bool raw;            // raw points strong, no smooth line; else: raw faint behind the smooth one
    double smooth_width; // in units of the x axis; 0: about 1/40 of the longest line
    uint64_t hidden;     // bit per legend number
    bool zoomed_x, zoomed_y;
    double x0, x1, y0, y1; // while zoomed
    // used inside
    bool dragging;
    Vec2 drag_from;
    double shown_y0, shown_y1;
} ChartView;

// Formats a value for the hover box and the axis; NULL: shortest sensible.
typedef void (*ChartFormat)(char out[32], double value);

typedef struct ChartSpec {
    const ChartLine *lines;
    int line_count;
    const char *x_name; // in the hover box: "epoch"; may be NULL
    double x_max;       // at least this much is shown (epochs asked for); 0: what there is
    bool fixed_y;       // use y_min and y_max as the whole range
    double y_min, y_max;
    double y_floor;      // log axis: nothing below it is shown (0: 1e-12)
    const double *marks; // vertical dotted lines (where the learning rate was changed ...)
    int mark_count;
    ChartFormat format_x, format_y;
    ChartHover *hover;  // may be NULL
    const char *zoomed; // shown in a corner while not everything is; may be NULL
    const char *empty;  // shown in the middle while there is no point; may be NULL
} ChartSpec;

// Draws into rect (axes included, no card, no heading). `label` names it.
void ui_chart(Ui *ui, Rect rect, const char *label, ChartView *view, const ChartSpec *spec);

// Entries side by side, right-aligned, those that do not fit left out; each toggles its lines. True
// when view->hidden was changed.
bool ui_chart_legend(Ui *ui, Rect rect, const char *label, ChartView *view, const ChartSpec *spec);

// ---- the numbers behind it ----
typedef struct ChartTicks {
    double value[CHART_TICK_MAX];
    int count;
    int decimals; // digits behind the point that tell the ticks apart (linear)
} ChartTicks;

// Round numbers (1, 2, 2.5, 5 times a power of ten; whole numbers if `whole`) inside [min,max], at
// most `most` of them.
ChartTicks chart_ticks_linear(double min, double max, int most, bool whole);
// Powers of ten; within less than two decades also 2 and 5 times; if the range holds none of them,
// linear ones. 0 < min < max.
ChartTicks chart_ticks_log(double min, double max, int most);
// 0.001, 0.1, 1, 20, 1e-05, 1 500: short, with a thin space between thousands.
void chart_format(char out[32], double value, int decimals);

#endif
