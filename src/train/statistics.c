// What a count of right answers says.
#include "train/statistics.h"

#include <math.h>

static const double Z_95 = 1.959963984540054; // of the normal distribution, two-sided

Interval statistics_wilson(double right, double n) {
    if (!(n > 0)) return (Interval){0, 1};
    double p = right / n, square = Z_95 * Z_95;
    double middle = p + square / (2 * n);
    double half = Z_95 * sqrt(p * (1 - p) / n + square / (4 * n * n));
    double scale = 1 + square / n;
    // What the formula gives at 0 and n, but for rounding.
    double low = (middle - half) / scale, high = (middle + half) / scale;
    return (Interval){right > 0 ? fmin(p, low) : 0, right < n ? fmax(p, high) : 1};
}

void statistics_classes(const uint32_t *counts, int classes, ClassFigures *out) {
    for (int c = 0; c < classes; c++) {
        ClassFigures *f = &out[c];
        *f = (ClassFigures){.right = counts[c * classes + c], .precision = -1, .recall = -1};
        for (int k = 0; k < classes; k++) {
            f->images += counts[c * classes + k];
            f->answered += counts[k * classes + c];
        }
        if (f->answered > 0) f->precision = (double)f->right / f->answered;
        if (f->images > 0) f->recall = (double)f->right / f->images;
        double sum = f->precision + f->recall;
        f->f1 = f->answered == 0 || f->images == 0 ? -1
                : sum > 0                          ? 2 * f->precision * f->recall / sum
                                                   : 0;
    }
}
