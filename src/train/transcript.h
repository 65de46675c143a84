// One training step written down: what each layer put out, the loss, the gradient that came back to
// each layer, and all weights before and after. For looking at it slowly, phase by phase, when it
// is long done: the step itself is an ordinary one (run_step_told), bit for bit.
#ifndef INKLING_TRAIN_TRANSCRIPT_H
#define INKLING_TRAIN_TRANSCRIPT_H

#include "train/run.h"

// The first so many images of the batch are kept number by number; figures are of all of it.
enum { TRANSCRIPT_SAMPLES = 8 };

// Many numbers in a few. `norm`: root of the sum of squares. Infinities and NaN spread to mean,
// deviation and norm; low and high leave NaN out.
typedef struct Spread {
    size_t count, zeros;
    double mean, deviation, norm;
    float low, high;
} Spread;
// One after another; spread_finish works out mean, deviation and norm. Zero-initialise before.
typedef struct SpreadSums {
    Spread spread;
    double sum, squares;
} SpreadSums;
void spread_add(SpreadSums *sums, const float *values, size_t count);
Spread spread_finish(const SpreadSums *sums);
Spread spread_of(const float *values, size_t count);

// A layer, with the activation that its product does too.
typedef struct TranscriptStage {
    int first, last; // layers
    Shape shape;     // of one sample's output
    size_t at;       // of its numbers in values and deltas: [samples][shape]
    Spread value, delta;
    bool has_delta; // nothing needs the gradients before the first layer with weights
} TranscriptStage;

typedef struct Transcript {
    int epoch, batch; // of the batch, 1 = first
    int n, samples;   // images in it, and kept of them
    int classes;
    int stage_count;
    TranscriptStage stages[SPEC_LAYERS_MAX];
    float *input;         // [samples][input shape], as the network gets it
    float *values;        // the stages' outputs; the last one's are the logits
    float *deltas;        // gradient of the mean loss for each of those numbers
    float *probabilities; // [samples][classes]: softmax of the last stage's values
    uint8_t labels[TRANSCRIPT_SAMPLES];
    double losses[TRANSCRIPT_SAMPLES]; // of each one's own
    double loss, accuracy;             // of the whole batch
    double lr;
    double gradient_norm; // of all parameters together, before clipping
    double clipped;       // the gradients were multiplied by this; 1: they were not
    OptimizerKind optimizer;
    OptimizerStep step; // its scalars in this step
    int slots;
    // As the flat array of the plan (spec.h): weights before and after, then gradients as the rule
    // got them and slots * parameter_floats of state before and after.
    float *before, *after, *gradients, *state_before, *state_after;
    // What it has room for; used inside.
    size_t weight_floats, value_floats;
    float *scratch;
} Transcript;

// Zero-initialise; run_step_told allocates what it needs, and keeps it for the next batch.
void transcript_close(Transcript *transcript);

#endif
