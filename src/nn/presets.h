// The networks that the MNIST tutorials teach, as data: one row each.
#ifndef INKLING_NN_PRESETS_H
#define INKLING_NN_PRESETS_H

#include "nn/spec.h"

typedef struct Preset {
    const char *name;   // "lenet5"
    const char *label;  // "LeNet-5"
    const char *what;   // one line for people
    const char *layers; // the notation
    Normalization normalization;
    // The recipe that goes with it, in the words of a settings line ("optimizer=adam lr=0.001
    // epochs=10"): what is not named has its default.
    const char *recipe;
} Preset;

extern const Preset presets[];
extern const int preset_count;

// NULL when there is none of that name.
const Preset *preset_find(const char *name);
// The network of a preset for images of this shape and so many classes (the last dense layer of
// each preset is written with 10 and follows `classes`).
Status preset_spec(const Preset *preset, Shape input, int classes, ModelSpec *out);

#endif
