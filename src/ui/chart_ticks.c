// Round numbers for axes, and how they are written; see chart.h.
#include "ui/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

ChartTicks chart_ticks_linear(double min, double max, int most, bool whole) {
    static const double mantissas[] = {1, 2, 2.5, 5};
    ChartTicks ticks = {.count = 0};
    if (!(max > min) || most < 1) return ticks;
    if (most > CHART_TICK_MAX) most = CHART_TICK_MAX;
    double power = pow(10, floor(log10((max - min) / most)));
    if (whole && power < 1) power = 1;
    for (int k = 0; k < 12; k++) {
        int decade = k / 4;
        double m = mantissas[k % 4], step = m * power * pow(10, decade);
        if (whole && step != floor(step)) continue;
        double slack = step * 1e-9, first = ceil((min - slack) / step);
        double last = floor((max + slack) / step);
        if (last - first + 1 > most) continue;
        int exponent = (int)floor(log10(step) + 1e-9) - (m == 2.5 ? 1 : 0);
        ticks.decimals = exponent < 0 ? -exponent : 0;
        for (double i = first; i <= last; i++) ticks.value[ticks.count++] = i * step + 0.0;
        break;
    }
    return ticks;
}

ChartTicks chart_ticks_log(double min, double max, int most) {
    static const double between[] = {1, 2, 5};
    ChartTicks ticks = {.decimals = -1};
    if (!(min > 0) || !(max > min)) return ticks;
    if (most > CHART_TICK_MAX) most = CHART_TICK_MAX;
    double slack = 1e-9;
    int first = (int)ceil(log10(min) - slack), last = (int)floor(log10(max) + slack);
    int decades = last - first + 1, stride = 1;
    while (decades > most * stride) stride++;
    bool fine = log10(max / min) < 2 && most >= 4;
    if (!fine && decades >= 2) {
        for (int d = first; d <= last; d += stride) ticks.value[ticks.count++] = pow(10, d);
        return ticks;
    }
    for (int d = first - 1; d <= last; d++) {
        for (int i = 0; i < 3 && ticks.count < most; i++) {
            double value = between[i] * pow(10, d);
            bool inside = value >= min * (1 - slack) && value <= max * (1 + slack);
            if (inside) ticks.value[ticks.count++] = value;
        }
    }
    if (ticks.count >= 2) return ticks;
    return chart_ticks_linear(min, max, most, false);
}

// 61240 -> "61 240", with thin spaces.
static void group_thousands(char out[32], const char *digits) {
    size_t sign = digits[0] == '-', length = strlen(digits), n = 0;
    size_t whole = strcspn(digits + sign, ".") + sign;
    for (size_t i = 0; i < length && n + 4 < 32; i++) {
        bool gap = i > sign && i < whole && (whole - i) % 3 == 0;
        if (gap) {
            memcpy(out + n, "\xE2\x80\x89", 3);
            n += 3;
        }
        out[n++] = digits[i];
    }
    out[n] = 0;
}

void chart_format(char out[32], double value, int decimals) {
    char plain[64];
    double size = fabs(value);
    if (isnan(value)) {
        snprintf(out, 32, "-");
        return;
    }
    if (decimals >= 0 && size < 1e12) {
        snprintf(plain, sizeof plain, "%.*f", decimals > 9 ? 9 : decimals, value);
    } else if (size != 0 && (size < 1e-4 || size >= 1e7)) {
        snprintf(plain, sizeof plain, "%.3g", value);
        snprintf(out, 32, "%.31s", plain);
        return;
    } else {
        snprintf(plain, sizeof plain, "%.4g", value);
        if (size >= 1e4) snprintf(plain, sizeof plain, "%.0f", value);
    }
    if (size >= 1e4) {
        group_thousands(out, plain);
    } else {
        snprintf(out, 32, "%.31s", plain);
    }
}
