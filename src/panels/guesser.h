// Opening a model file in a thread of its own: reading it, finding out which network it holds when
// it does not say so (candidates are tried on training images), or doing what a person has decided
// instead, and how good that is on test images. One file at a time, one result.
#ifndef INKLING_PANELS_GUESSER_H
#define INKLING_PANELS_GUESSER_H

#include "base/file.h"
#include "base/thread.h"
#include "dataset/dataset.h"
#include "formats/formats.h"

#include <stdatomic.h>

// What is asked. A plain value; strings are copied.
typedef struct GuessWish {
    char path[FILE_PATH_MAX];
    // Candidates are tried on its training images, and `examine` looks at its test images. Must
    // outlive the guesser. NULL: neither.
    const Dataset *dataset;
    bool guess, examine;
    // InferOptions, when `decided`.
    bool decided, border;
    char layers[SPEC_TEXT_MAX];
    Normalization normalization;
} GuessWish;

// What came of it.
typedef struct GuessResult {
    Status status;
    SavedModel *model; // whoever takes the result closes it
    InferReport report;
    InferScore score; // on test images; images 0: not examined
} GuessResult;

// Zero-initialise. All of it belongs to the window's thread, except what the functions say.
typedef struct Guesser {
    Thread thread;
    atomic_bool done, cancel;
    atomic_int tries; // candidates so far
    bool busy;
    GuessWish wish;
    void (*wake)(void *context); // called from the guesser's thread when it is done
    void *context;
    GuessResult result;
} Guesser;

// Starts. Not while busy.
Status guesser_start(Guesser *guesser, const GuessWish *wish, void (*wake)(void *), void *context);
// True once when it is done.
bool guesser_take(Guesser *guesser, GuessResult *out);
// Asks it to end soon, with the best so far; its result is still to be taken.
void guesser_stop(Guesser *guesser);
// Asks it to end soon; what comes of it is given up. True when nothing is under way: otherwise ask
// again (wake is called then).
bool guesser_give_up(Guesser *guesser);
// The same, and waits for it.
void guesser_close(Guesser *guesser);

#endif
