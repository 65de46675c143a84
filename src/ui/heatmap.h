// A matrix of counts as coloured cells: the confusion matrix. Rows are what was asked (label),
// columns what was answered (prediction).
#ifndef INKLING_UI_HEATMAP_H
#define INKLING_UI_HEATMAP_H

#include "ui/ui.h"

typedef struct HeatmapSpec {
    const uint32_t *counts; // [rows * columns], row by row
    int rows, columns;
    const char *const *row_names;      // NULL: indices
    const char *const *column_names;   // NULL: indices
    const char *row_title;             // "label"; may be NULL
    const char *column_title;          // "prediction"; may be NULL
    bool keep_diagonal;                // colour the diagonal by the ramp too, else a quiet grey
    int selected_row, selected_column; // outlined; -1: none
} HeatmapSpec;

typedef struct HeatmapHit {
    int row, column; // under the mouse or the keyboard cursor; -1: none
    bool clicked;    // or Enter
} HeatmapHit;

// Colour: count beside that of the most frequent mistake (at least 2 % of a row), on a square-root
// scale, so that a few mistakes are seen (the diagonal: share of the row); the count is written in
// the cell where it fits. Arrow keys move a cursor when focused. Hover shows "label 4 -> prediction
// 9: 12 of 982 (1.2
// %)".
HeatmapHit ui_heatmap(Ui *ui, Rect rect, const char *label, const HeatmapSpec *spec);

// The legend of the sequential ramp: a strip with the two words at its ends.
void ui_ramp_legend(Ui *ui, Rect rect, const char *low, const char *high);

// Values -> RGBA8 pixels (count * 4 bytes) by ramp_diverging, 0 in the middle, `limit` at the ends
// (<= 0: the largest |value|). For filters. ramp_grey_pixels: 0..limit to black..white, for feature
// maps behind a ReLU.
void ramp_diverging_pixels(uint8_t *rgba, const float *values, size_t count, float limit);
void ramp_grey_pixels(uint8_t *rgba, const float *values, size_t count, float limit);

#endif
