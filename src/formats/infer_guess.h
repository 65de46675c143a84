// One guess at a network, as a choice on each of a few axes, and making the layers that it stands
// for: those of the trainer, or a graph where it has none for them. Between infer.c, which tells
// people, and infer_try.c, which runs guesses. Not for others.
#ifndef INKLING_FORMATS_INFER_GUESS_H
#define INKLING_FORMATS_INFER_GUESS_H

#include "base/text.h"
#include "formats/formats.h"
#include "formats/infer_chain.h"
#include "formats/infer_graph.h"
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
    AXIS_SKIP,          // guess_skips
    AXIS_COUNT,
} GuessAxis;

typedef struct Guess {
    int at[AXIS_COUNT];
} Guess;

enum {
    GUESS_SOURCES_MAX = 3 * CHAIN_LINKS_MAX + 2 * CHAIN_SKIPS_MAX + 2,
    GUESS_NORMALIZATIONS = 8,
    GUESS_POOLS = 2,
    GUESS_RIVALS_MAX = INFER_RIVALS_MAX,
};

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
    bool graph; // the trainer has none
} GuessActivation;
extern const GuessActivation guess_activations[];
extern const int guess_activation_count;
// Where norm (N), activation (A) and pool (P) of a block stand, and how to say it.
typedef struct GuessOrder {
    const char *parts, *label;
    float unusual;
} GuessOrder;
extern const GuessOrder guess_orders[];

// Where a residual block adds: before its last activation, behind it, or not at all.
typedef enum GuessSkip { SKIP_THEN_ACTIVATION, SKIP_BEHIND_ACTIVATION, SKIP_NONE } GuessSkip;
extern const char *const guess_skips[];

typedef struct GuessSpace {
    Chain chain;
    ShapeGuess shapes[SHAPE_GUESSES_MAX];
    int counts[AXIS_COUNT];                 // choices on each axis, at least 1
    bool norms;                             // there is a batch norm behind a layer
    GuessSource sources[GUESS_SOURCES_MAX]; // in the order in which they stand in the notation
    int source_count;
    bool graph; // whatever the choices: the chain itself is none of the trainer's
    // The tensors as floats, for graphs that are only tried; none when there are too many.
    struct {
        const Tensor *tensor;
        float *data;
    } numbers[4 * GUESS_SOURCES_MAX];
    int number_count;
    // What a person has decided, or NULL.
    const char *layers;
    const Normalization *normalization;
    bool border; // decided, with `layers`
} GuessSpace;

// Chain, shapes, axes. The error says what does not fit. guess_space_close is for either case.
Status guess_space(const TensorBag *bag, const InferOptions *options, GuessSpace *out);
void guess_space_close(GuessSpace *space);

// The notation of a guess's layers (free_layers.h).
void guess_print(const GuessSpace *space, const Guess *guess, Text *out);
// Input, normalization and layers; where the trainer does not have them, *graph is set and there
// are none.
Status guess_spec(const GuessSpace *space, const Guess *guess, ModelSpec *out, bool *graph);
// The graph of any guess. To be kept, its weights are its own, else the space's; to be heard, its
// batch norms listen (infer_graph.h).
typedef enum GuessUse { GUESS_KEPT, GUESS_TRIED, GUESS_HEARD } GuessUse;
Status guess_graph(const GuessSpace *space, const Guess *guess, GuessUse use, Graph **out,
                   int *classes, double *work);
// A tensor as floats, NULL when they are not held.
const float *guess_numbers(const GuessSpace *space, const Tensor *tensor);
// The sum of what is unusual about it.
double guess_unusual(const GuessSpace *space, const Guess *guess);
// The network, ready to run. STATUS_USAGE when the layers that a person gave do not fit.
Status guess_model(const GuessSpace *space, const Guess *guess, SavedModel **out);
// Gives it the names of the bag that the space is of; for models of layers.
Status guess_name_tensors(const GuessSpace *space, const Guess *guess, const TensorBag *bag,
                          SavedModel *model);
// A network trained on 32x32 is run on 28x28 by padding its first convolution by 2 more, and the
// mean goes into its bias (border.h).
// What the images are normalized with, and whether they lie in such a border.
const Normalization *guess_normalization(const GuessSpace *space, const Guess *guess);
bool guess_border(const GuessSpace *space, const Guess *guess);
void guess_set_border(const GuessSpace *space, const Guess *guess, SavedModel *model);

// infer.c: a network from layers alone, and what the report says of it.
Status infer_layers(const TensorBag *bag, const InferOptions *options, SavedModel **out,
                    InferReport *report);
void infer_tell_sentence(InferReport *report);

// Tries guesses by `options`, from the usual one given in *best on, and leaves the best one there.
// Fills report->tried, best, second and rivals; others[] are the guesses of the last two, in that
// order, where there are some.
Status guess_try(const GuessSpace *space, const InferOptions *options, Guess *best,
                 Guess others[GUESS_RIVALS_MAX], InferReport *report);

#endif
