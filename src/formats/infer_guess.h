// One guess at a network, as a choice on each of a few axes, and making the layers that it stands
// for. Between infer.c, which tells people, and infer_try.c, which runs guesses. Not for others.
#ifndef INKLING_FORMATS_INFER_GUESS_H
#define INKLING_FORMATS_INFER_GUESS_H

#include "formats/formats.h"
#include "formats/infer_chain.h"
#include "formats/infer_shape.h"

// What shapes do not tell. Choice 0 of each axis is the most usual.
typedef enum GuessAxis {
    AXIS_SHAPE,         // which ShapeGuess
    AXIS_NORMALIZATION, // guess_normalizations
    AXIS_POOL,          // max, average
    AXIS_GLOBAL,        // of a global pool: average, max
    AXIS_CONV,          // activation behind convolutions
    AXIS_DENSE,         // activation behind dense layers
    AXIS_ORDER,         // guess_orders
    AXIS_LAST,          // behind a last layer that is a convolution: nothing, the activation
    AXIS_COUNT,
} GuessAxis;

typedef struct Guess {
    int at[AXIS_COUNT];
} Guess;

enum { GUESS_SOURCES_MAX = 2 * CHAIN_LINKS_MAX + 2, GUESS_NORMALIZATIONS = 8, GUESS_POOLS = 2 };

// `unusual`, here and below: by which share a guess must lose less than a usual one to be taken
// instead. The images are only a sample, and neighbours such as two LeakyReLUs differ by less than
// its noise.
typedef struct GuessNormalization {
    Normalization value;
    float unusual;
} GuessNormalization;
extern const GuessNormalization guess_normalizations[GUESS_NORMALIZATIONS];
// "ReLU" and "relu" ...
typedef struct GuessActivation {
    const char *label, *notation;
    float unusual;
} GuessActivation;
extern const GuessActivation guess_activations[];
// Where norm (N), activation (A) and pool (P) of a block stand, and how to say it.
typedef struct GuessOrder {
    const char *parts, *label;
    float unusual;
} GuessOrder;
extern const GuessOrder guess_orders[];

// A layer with tensors, in the order in which they stand in the notation; NULL parts are what the
// layer starts with (bias 0, scale 1).
typedef struct GuessSource {
    const Tensor *weight, *bias, *mean, *var;
} GuessSource;

typedef struct GuessSpace {
    Chain chain;
    ShapeGuess shapes[SHAPE_GUESSES_MAX];
    int counts[AXIS_COUNT]; // choices on each axis, at least 1
    bool norms;             // there is a batch norm behind a layer
    GuessSource sources[GUESS_SOURCES_MAX];
    int source_count;
    // What a person has decided, or NULL.
    const char *layers;
    const Normalization *normalization;
    bool border; // decided, with `layers`
} GuessSpace;

// Chain, shapes, axes. The error says what does not fit.
Status guess_space(const TensorBag *bag, const InferOptions *options, GuessSpace *out);

// The network of a guess: input, normalization, layers.
Status guess_spec(const GuessSpace *space, const Guess *guess, ModelSpec *out);
// The sum of what is unusual about it.
double guess_unusual(const GuessSpace *space, const Guess *guess);
// Copies the tensors into `model`, whose layers are a guess's. STATUS_USAGE when they do not fit
// (only possible for layers that a person gave).
Status guess_fill(const GuessSpace *space, SavedModel *model);
// A network trained on 32x32 is run on 28x28 by padding its first convolution by 2 more. Padding is
// 0 there, which must mean paper, not the mean: so the mean is taken out of the pixels and put into
// the first bias, exactly: w.(x - m)/s + b = w.x/s + (b - m/s * sum of w).
// What the images are normalized with, and whether they lie in such a border.
const Normalization *guess_normalization(const GuessSpace *space, const Guess *guess);
bool guess_border(const GuessSpace *space, const Guess *guess);
void guess_set_border(const GuessSpace *space, const Guess *guess, SavedModel *model);

// Tries guesses by `options`, from the usual one given in *best on, and leaves the best one there.
// `model` has the tensors in it; its spec, plan and first bias change. Fills report->tried, best
// and second; *second is the guess of the latter where there is one (report->second.images > 0).
void guess_try(const GuessSpace *space, const InferOptions *options, SavedModel *model, Guess *best,
               Guess *second, InferReport *report);

#endif
