// The points of one line of a chart: append only, drawn at the cost of the pixels, not of the
// points. Every point has one y and CHART_AXES x values (epochs, seconds, images), each of which
// never decreases. Beside the points the series keeps a pyramid of minima and maxima over blocks of
// 8, 64, 512 ... points, extended as points arrive, and a smoothed line extended on demand. One
// thread at a time.
#ifndef INKLING_UI_SERIES_H
#define INKLING_UI_SERIES_H

#include "base/status.h"
#include "ui/geom.h"

#include <stddef.h>

enum { CHART_AXES = 3, SERIES_LEVELS = 9 };

typedef struct SeriesLevel {
    float *min, *max;
    size_t count, capacity;
} SeriesLevel;

// Zero-initialise; read `count` and the arrays freely.
typedef struct Series {
    double *x[CHART_AXES];
    float *y; // NaN: a gap
    size_t count, capacity;
    SeriesLevel levels[SERIES_LEVELS];
    float *smooth; // valid for smooth_count points, with smooth_width on smooth_axis
    size_t smooth_count, smooth_capacity;
    int smooth_axis;
    double smooth_width;
    double numerator, denominator; // of the running mean
} Series;

void series_close(Series *series);
void series_clear(Series *series); // keeps the memory
// STATUS_MEMORY leaves the series as it was. An x below the one before is raised to it.
Status series_append(Series *series, const double x[CHART_AXES], float y);

// The mean of y weighted by exp(-(x - u) / width) du over all u before x, with y constant between
// points, divided by the same integral over 1: an exponential mean in units of x that does not
// depend on how dense the points are and has no start-up bias. width <= 0: y itself. Brings
// series->smooth up to date for all points; cheap when only points were added.
// STATUS_MEMORY: series->smooth_count stays below count.
Status series_smooth(Series *series, int axis, double width);

// The first index whose x is >= x (count when there is none).
size_t series_lower(const Series *series, int axis, double x);
// Smallest and largest y of points first .. last-1, NaN ignored; false when there is none. Cost
// O(log count).
bool series_range(const Series *series, size_t first, size_t last, float *min, float *max);

// What is left of the points in [x0,x1] when drawn `columns` pixels wide: per pixel column the
// first, smallest, largest and last value in the order they occur (at most 4), plus one point on
// either side of the range. Writes at most `max` points {x, y} in data units (x relative to x0),
// NaN y as a gap, and returns how many. Every extreme inside the range survives.
typedef struct SeriesPoint {
    double x;
    float y;
} SeriesPoint;
size_t series_decimate(const Series *series, int axis, double x0, double x1, int columns,
                       SeriesPoint *out, size_t max);
// True when [x0,x1] holds more than `per_column` points per column.
bool series_is_dense(const Series *series, int axis, double x0, double x1, int columns,
                     int per_column);
// For dense ranges: per pixel column that holds a point one {x, smallest, largest}, each column
// reaching to the one before, so that they form one band. Returns how many (at most columns).
typedef struct SeriesSpan {
    int column;
    float min, max;
} SeriesSpan;
size_t series_spans(const Series *series, int axis, double x0, double x1, int columns,
                    SeriesSpan *out, size_t max);
// The first point of each column: how much it jumps, without a claim to every extreme.
size_t series_sample(const Series *series, int axis, double x0, double x1, int columns,
                     SeriesPoint *out, size_t max);
// The smooth line in the range, at most two points per column.
size_t series_decimate_smooth(const Series *series, int axis, double x0, double x1, int columns,
                              SeriesPoint *out, size_t max);
// y (smooth: of the smooth line) at x: that of the nearest point; false when x is outside the
// points.
bool series_value_at(const Series *series, int axis, double x, bool smooth, double *at, float *y);

#endif
