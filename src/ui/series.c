// Append-only points with a pyramid of extremes and a running mean; see series.h.
#include "ui/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 8 };

void series_close(Series *series) {
    for (int i = 0; i < CHART_AXES; i++) free(series->x[i]);
    for (int i = 0; i < SERIES_LEVELS; i++) {
        free(series->levels[i].min);
        free(series->levels[i].max);
    }
    free(series->y);
    free(series->smooth);
    *series = (Series){0};
}

void series_clear(Series *series) {
    series->count = series->smooth_count = 0;
    for (int i = 0; i < SERIES_LEVELS; i++) series->levels[i].count = 0;
}

static bool grow_floats(float **block, size_t to) {
    float *bigger = realloc(*block, to * sizeof *bigger);
    if (bigger) *block = bigger;
    return bigger != NULL;
}

// Room for one more everywhere, before anything is changed.
static bool reserve(Series *s) {
    if (s->count == s->capacity) {
        size_t to = s->capacity ? s->capacity * 2 : 256;
        for (int i = 0; i < CHART_AXES; i++) {
            double *bigger = realloc(s->x[i], to * sizeof *bigger);
            if (!bigger) return false;
            s->x[i] = bigger;
        }
        if (!grow_floats(&s->y, to)) return false;
        s->capacity = to;
    }
    for (int i = 0; i < SERIES_LEVELS; i++) {
        SeriesLevel *level = &s->levels[i];
        if (level->count < level->capacity) continue;
        size_t to = level->capacity ? level->capacity * 2 : 16;
        if (!grow_floats(&level->min, to) || !grow_floats(&level->max, to)) return false;
        level->capacity = to;
    }
    return true;
}

Status series_append(Series *series, const double x[CHART_AXES], float y) {
    if (!reserve(series)) return status_no_memory("points of a chart", series->count * 16);
    size_t at = series->count++, block = at;
    for (int i = 0; i < CHART_AXES; i++) {
        bool back = at > 0 && !(x[i] >= series->x[i][at - 1]);
        series->x[i][at] = back ? series->x[i][at - 1] : x[i];
    }
    series->y[at] = y;
    for (int i = 0; i < SERIES_LEVELS; i++) {
        SeriesLevel *level = &series->levels[i];
        block /= BLOCK;
        if (block == level->count) {
            level->min[block] = INFINITY;
            level->max[block] = -INFINITY;
            level->count++;
        }
        if (y < level->min[block]) level->min[block] = y; // false for NaN
        if (y > level->max[block]) level->max[block] = y;
    }
    return status_ok();
}

Status series_smooth(Series *s, int axis, double width) {
    if (axis != s->smooth_axis || width != s->smooth_width || s->smooth_count > s->count) {
        s->smooth_axis = axis;
        s->smooth_width = width;
        s->smooth_count = 0;
    }
    if (s->smooth_capacity < s->count) {
        size_t to = s->capacity;
        if (!grow_floats(&s->smooth, to)) return status_no_memory("a smoothed line", to * 4);
        s->smooth_capacity = to;
    }
    if (s->smooth_count == 0) s->numerator = s->denominator = 0;
    double last_step = -1, keep = 1;
    for (size_t i = s->smooth_count; i < s->count; i++) {
        double y = (double)s->y[i], step = i ? s->x[axis][i] - s->x[axis][i - 1] : 0;
        if (step != last_step) keep = width > 0 ? exp(-step / width) : 0;
        last_step = step;
        if (isnan(y) || width <= 0) {
            s->smooth[i] = s->y[i];
            continue;
        }
        s->numerator = s->numerator * keep + y * (1 - keep);
        s->denominator = s->denominator * keep + (1 - keep);
        s->smooth[i] = (float)(s->denominator > 1e-12 ? s->numerator / s->denominator : y);
    }
    s->smooth_count = s->count;
    return status_ok();
}

// The first index in [from, count) whose x is >= x, looked for near `from` first.
static size_t lower_from(const Series *s, int axis, size_t from, double x) {
    const double *xs = s->x[axis];
    size_t step = 1, low = from, high = from;
    while (high < s->count && xs[high] < x) {
        low = high + 1;
        high += step;
        step *= 2;
    }
    if (high > s->count) high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (xs[middle] < x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t series_lower(const Series *series, int axis, double x) {
    return lower_from(series, axis, 0, x);
}

bool series_range(const Series *series, size_t first, size_t last, float *min, float *max) {
    *min = INFINITY;
    *max = -INFINITY;
    while (first < last) {
        size_t size = 1;
        int level = -1; // the largest aligned block that fits
        while (level + 1 < SERIES_LEVELS && first % (size * BLOCK) == 0 &&
               first + size * BLOCK <= last) {
            size *= BLOCK;
            level++;
        }
        float low = level < 0 ? series->y[first] : series->levels[level].min[first / size];
        float high = level < 0 ? low : series->levels[level].max[first / size];
        if (low < *min) *min = low;
        if (high > *max) *max = high;
        first += size;
    }
    return *min <= *max;
}

typedef struct Output {
    SeriesPoint *to;
    size_t count, max;
} Output;

static void put(Output *out, double x, float y) {
    if (out->count < out->max) out->to[out->count++] = (SeriesPoint){x, y};
}

// More points than pixels: the first, the extremes, the last. Which extreme came first cannot be
// seen inside one pixel column; the order that makes the shorter line is taken.
static void put_column(Output *out, const Series *s, int axis, double x0, size_t from, size_t to) {
    float low, high, first = s->y[from], last = s->y[to - 1];
    double left = s->x[axis][from] - x0, right = s->x[axis][to - 1] - x0;
    double middle = (left + right) / 2;
    put(out, left, first);
    if (series_range(s, from, to, &low, &high)) {
        bool rising = fabsf(first - low) <= fabsf(high - first);
        put(out, middle, rising ? low : high);
        put(out, middle, rising ? high : low);
    }
    put(out, right, last);
}

size_t series_decimate(const Series *series, int axis, double x0, double x1, int columns,
                       SeriesPoint *out, size_t max) {
    Output o = {out, 0, max};
    size_t from = series_lower(series, axis, x0);
    if (from > 0) put(&o, series->x[axis][from - 1] - x0, series->y[from - 1]);
    for (int c = 1; c <= columns && from < series->count; c++) {
        double edge = c == columns ? nextafter(x1, INFINITY) : x0 + (x1 - x0) * c / columns;
        size_t to = lower_from(series, axis, from, edge);
        if (to - from <= 4) {
            for (size_t i = from; i < to; i++) put(&o, series->x[axis][i] - x0, series->y[i]);
        } else {
            put_column(&o, series, axis, x0, from, to);
        }
        from = to;
    }
    if (from < series->count) put(&o, series->x[axis][from] - x0, series->y[from]);
    return o.count;
}

bool series_is_dense(const Series *series, int axis, double x0, double x1, int columns,
                     int per_column) {
    size_t from = series_lower(series, axis, x0), to = series_lower(series, axis, x1);
    return to - from > (size_t)columns * (size_t)per_column;
}

size_t series_spans(const Series *series, int axis, double x0, double x1, int columns,
                    SeriesSpan *out, size_t max) {
    size_t from = series_lower(series, axis, x0), count = 0;
    for (int c = 0; c < columns && from < series->count && count < max; c++) {
        double edge =
            c + 1 == columns ? nextafter(x1, INFINITY) : x0 + (x1 - x0) * (c + 1) / columns;
        size_t to = lower_from(series, axis, from, edge);
        float low, high;
        // The point before the column belongs to it too: that is the line from there to here.
        if (to > from && series_range(series, from > 0 ? from - 1 : 0, to, &low, &high)) {
            out[count++] = (SeriesSpan){c, low, high};
        }
        from = to;
    }
    return count;
}

size_t series_sample(const Series *series, int axis, double x0, double x1, int columns,
                     SeriesPoint *out, size_t max) {
    Output o = {out, 0, max};
    size_t from = series_lower(series, axis, x0);
    for (int c = 1; c <= columns && from < series->count; c++) {
        size_t to = lower_from(series, axis, from, x0 + (x1 - x0) * c / columns);
        if (to > from) put(&o, series->x[axis][from] - x0, series->y[from]);
        from = to;
    }
    return o.count;
}

size_t series_decimate_smooth(const Series *series, int axis, double x0, double x1, int columns,
                              SeriesPoint *out, size_t max) {
    Output o = {out, 0, max};
    size_t from = series_lower(series, axis, x0);
    if (series->smooth_count < series->count) return 0;
    if (from > 0) put(&o, series->x[axis][from - 1] - x0, series->smooth[from - 1]);
    for (int c = 1; c <= columns && from < series->count; c++) {
        double edge = c == columns ? nextafter(x1, INFINITY) : x0 + (x1 - x0) * c / columns;
        size_t to = lower_from(series, axis, from, edge);
        if (to > from) put(&o, series->x[axis][from] - x0, series->smooth[from]);
        if (to > from + 1) put(&o, series->x[axis][to - 1] - x0, series->smooth[to - 1]);
        from = to;
    }
    if (from < series->count) put(&o, series->x[axis][from] - x0, series->smooth[from]);
    return o.count;
}

bool series_value_at(const Series *series, int axis, double x, bool smooth, double *at, float *y) {
    if (series->count == 0) return false;
    const double *xs = series->x[axis];
    if (x < xs[0] || x > xs[series->count - 1]) return false;
    size_t i = series_lower(series, axis, x);
    if (i > 0 && x - xs[i - 1] < xs[i] - x) i--;
    *at = xs[i];
    *y = smooth && series->smooth_count > i ? series->smooth[i] : series->y[i];
    return true;
}
