// How the taps of a convolution fall on its images: made once for each shape, so that the loops
// that run for every batch meet no edge. A result at one place of the image sums over those taps
// that lie inside it; places with the same set of taps (all but a few at the edges) share one list.
#ifndef INKLING_COMPUTE_CPU_PLAN_H
#define INKLING_COMPUTE_CPU_PLAN_H

#include "compute/backend.h"

// One direction (rows or columns) of one product.
typedef struct PlanAxis {
    int length;     // places
    int classes;    // different sets of taps
    int *class_of;  // [length]
    int *run_end;   // [length]: the first place after this one of another class
    int *base;      // [length]: position in the input from which the offsets count
    int *tap_count; // [classes]
    int *taps;      // [classes][kernel]: tap numbers
    int *offsets;   // [classes][kernel]: their positions from base
    int step;       // base from one place of a run to the next
} PlanAxis;

typedef struct TapList {
    int taps;
    int32_t *w_at, *x_at;
} TapList;

// One product: results over (rows x columns), each a sum over channels and a list of taps.
typedef struct PlanProduct {
    PlanAxis rows, columns;
    int row_floats;  // from one row of the input to the next
    TapList *lists;  // [rows.classes][columns.classes]
    int32_t *memory; // of all lists
} PlanProduct;

typedef struct ConvPlan {
    ConvShape shape;
    int lanes;
    int padded_h, padded_w;   // images of the forward product carry their padding as zeros
    size_t x_plane, dy_plane; // floats of one channel in lanes
    PlanProduct forward;      // x -> y
    PlanProduct backward;     // dy -> dx
    int32_t *x_at;            // [kernel_h * kernel_w] position of each tap in x
} ConvPlan;

Status conv_plan_open(const ConvShape *shape, int lanes, ConvPlan **out);
void conv_plan_close(ConvPlan **plan);
// Same geometry? The activation does not matter.
bool conv_plan_fits(const ConvPlan *plan, const ConvShape *shape);

#endif
