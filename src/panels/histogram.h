// How the numbers of a layer are spread: its weights and their gradients as bars, and how many of
// its units are dead. Numbers only; panel_histograms.c shows them.
#ifndef INKLING_PANELS_HISTOGRAM_H
#define INKLING_PANELS_HISTOGRAM_H

#include "train/trainer.h"

// Odd, so that one bar is around 0.
enum { HISTOGRAM_BINS = 61, HISTOGRAM_COUNTED_MAX = 1 << 16 };

// Bar i counts what lies between limit * (2 i / BINS - 1) and the same for i + 1.
typedef struct Histogram {
    uint32_t bars[HISTOGRAM_BINS];
    uint32_t most;  // of one bar
    double limit;   // the largest size, rounded up to 1, 2 or 5 times a power of ten
    Spread spread;  // of those that were counted
    size_t numbers; // that there are
    size_t step;    // every step-th was counted: 1 up to HISTOGRAM_COUNTED_MAX numbers, so that
                    // a large layer costs no more time
    size_t lost;    // were no number
} Histogram;

// All parameters of layer `layer` (weight and bias) in `flat`, which is laid out as the plan says.
void histogram_of_layer(Histogram *out, const ModelPlan *plan, int layer, const float *flat);
// The bar that holds `value`; the ends for what lies beyond.
int histogram_bar(const Histogram *histogram, double value);

// One layer with parameters.
typedef struct LayerFigures {
    int layer;
    char name[24]; // of its tensors: "conv1"
    Histogram weights, gradients;
    bool has_gradients;
    int units, dead; // of the ReLU behind it; units 0: there is none, or nobody has looked
} LayerFigures;

// Layers of a plan, in order; gives how many, at most `max`. `gradients` and `dead` may be NULL.
int layer_figures(LayerFigures *out, int max, const ModelPlan *plan, int layer_count,
                  const float *weights, const float *gradients, const DeadUnits *dead);

#endif
