// Points, rectangles and colours of the toolkit, and the whole of its layout: rectangles cut from
// rectangles. Plain values in logical pixels (x to the right, y down); nothing here allocates,
// draws or remembers anything.
#ifndef INKLING_UI_GEOM_H
#define INKLING_UI_GEOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Vec2 {
    float x, y;
} Vec2;

typedef struct Rect {
    float x, y, w, h;
} Rect;

// Straight (not premultiplied) sRGB.
typedef struct Color {
    uint8_t r, g, b, a;
} Color;

// 0xRRGGBB, opaque.
Color color_hex(uint32_t rgb);
// The same colour with its alpha multiplied by `alpha` in [0,1].
Color color_fade(Color color, float alpha);
// Straight line from a (t = 0) to b (t = 1), in sRGB; t is clamped.
Color color_mix(Color a, Color b, float t);
// Black or white, whichever reads better on `background` (WCAG relative luminance).
Color color_ink_on(Color background);

// Colour-blind-safe ramps for values in [0,1] (clamped; NaN is 0). Sequential: dark blue over teal
// to pale yellow, luminance rises steadily (made here, in the manner of viridis). Diverging: blue
// below 0.5, near black in the middle, orange above, for signed weights and feature maps.
Color ramp_sequential(float t);
Color ramp_diverging(float t);

Rect rect_make(float x, float y, float w, float h);
Rect rect_inset(Rect r, float d); // all four sides; never below zero size
Rect rect_inset_xy(Rect r, float dx, float dy);
Rect rect_offset(Rect r, float dx, float dy);
Rect rect_center(Rect outer, float w, float h); // w x h in the middle of outer, on whole pixels
Rect rect_intersect(Rect a, Rect b);            // zero size when they do not meet
Rect rect_union(Rect a, Rect b);
bool rect_contains(Rect r, Vec2 p); // left and top edge inside, right and bottom not
bool rect_is_empty(Rect r);
float rect_right(Rect r);
float rect_bottom(Rect r);

// Cut a strip off one side of *r and return it. `gap` pixels beside the strip are dropped as well.
// What is asked for beyond what is left is not given: sizes never become negative.
Rect rect_cut_left(Rect *r, float w, float gap);
Rect rect_cut_right(Rect *r, float w, float gap);
Rect rect_cut_top(Rect *r, float h, float gap);
Rect rect_cut_bottom(Rect *r, float h, float gap);

// Cell `index` of `count` equal columns (rows) of r with `gap` between them, on whole pixels.
Rect rect_column(Rect r, int count, int index, float gap);
Rect rect_row(Rect r, int count, int index, float gap);

// Boxes placed left to right that wrap to a new line where the width ends: forms that re-flow.
//   Flow flow = flow_make(area, 50, 8, 12);
//   ui_dropdown(ui, flow_next(&flow, 150), ...); ... area.y += flow_height(&flow);
typedef struct Flow {
    Rect area;
    float row_h, gap_x, gap_y;
    float x, y; // where the next box goes; starts at area.x, area.y
} Flow;
Flow flow_make(Rect area, float row_h, float gap_x, float gap_y);
Rect flow_next(Flow *flow, float w); // a box w x row_h (w is cut to the area's width)
float flow_height(const Flow *flow); // height used so far, the current line included

// The best grid for `count` equal cells of aspect w/h in `area`: the column count that makes the
// cells largest, cell size limited to max_w. The cell sizes are whole pixels.
typedef struct Grid {
    Rect area;
    int columns, rows;
    float cell_w, cell_h, gap;
} Grid;
Grid grid_fit(Rect area, int count, float aspect, float gap, float max_w);
// A grid of cells at least min_w wide that fills the width of `area` (rows may run below it).
Grid grid_fill(Rect area, int count, float min_w, float cell_h, float gap);
Rect grid_cell(const Grid *grid, int index);
float grid_height(const Grid *grid);

#endif
