// Finding out which network a file holds when it does not say: the candidates are tried on training
// images, in a thread of its own, while the most usual one already answers.
#ifndef INKLING_PANELS_GUESSER_H
#define INKLING_PANELS_GUESSER_H

#include "base/file.h"
#include "base/text.h"
#include "base/thread.h"
#include "dataset/dataset.h"
#include "formats/formats.h"

#include <stdatomic.h>

// Zero-initialise. All of it belongs to the window's thread, except what the functions say.
typedef struct Guesser {
    Thread thread;
    atomic_bool done, cancel;
    bool busy;
    char path[FILE_PATH_MAX];
    const Dataset *dataset;
    void (*wake)(void *context); // called from the guesser's thread when it is done
    void *context;
    Status status;
    SavedModel *model;
    InferReport report;
} Guesser;

// Starts; `dataset` must outlive it. Gives up one that is under way.
Status guesser_start(Guesser *guesser, const char *path, const Dataset *dataset,
                     void (*wake)(void *), void *context);
// True once when it is done: *status and, if that is OK, *model (the caller's then) and *report.
bool guesser_take(Guesser *guesser, Status *status, SavedModel **model, InferReport *report);
// Gives up what is under way; waits for the candidate at hand.
void guesser_close(Guesser *guesser);

#endif
