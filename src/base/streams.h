// The purposes that random numbers are drawn for. One list for the whole program, so that no two
// uses of the same seed ever see the same numbers. The values are part of what "the same settings
// line gives the same run" means: append, never renumber.
#ifndef INKLING_BASE_STREAMS_H
#define INKLING_BASE_STREAMS_H

#include "base/rng.h"

typedef enum RngStream {
    STREAM_INIT = 1,    // initial weights
    STREAM_DROPOUT,     // dropout masks
    STREAM_SHUFFLE,     // the order of an epoch
    STREAM_SPLIT,       // which training images are held out
    STREAM_AUGMENT,     // warps of training images
    STREAM_SYNTHETIC,   // built-in training digits
    STREAM_SYNTHETIC_T, // built-in test digits
    STREAM_TEST,        // tests and benchmarks
    STREAM_OTHERS,      // built-in pictures of no digit, to train with
    STREAM_OTHERS_T,    // the same, to measure with
    STREAM_MAP,         // where the search for a map's directions begins
} RngStream;

// The stream numbered `index` below this one: rng_at(&stream, epoch), then rng_at(&that, image).
// Does not move `parent`.
DEVICE_FN Rng rng_at(const Rng *parent, uint64_t index) {
    return rng_make(parent->key, index);
}

#endif
