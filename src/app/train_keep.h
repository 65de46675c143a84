// The history of a run that the command line drives itself (cmd_train.c): what the trainer's thread
// does for the window's runs. All of it does nothing when the run is not kept.
#ifndef INKLING_APP_TRAIN_KEEP_H
#define INKLING_APP_TRAIN_KEEP_H

#include "history/history.h"

// Zero-initialise.
typedef struct TrainKeep {
    History *history; // NULL: nothing is kept
    Recording *recording;
    RunSink sink;
    RunSnapshot snapshot; // filled in anew each time; weights owned
} TrainKeep;

// Begins to keep `run` in this user's history. What stands in the way is said, and no error.
// `names`: of the network that it started from, or NULL.
void train_keep_open(TrainKeep *keep, const Run *run, const TensorNames *names,
                     const Dataset *dataset, const char *backend);
// After some batches, and after each epoch with its evaluation.
void train_keep_steps(TrainKeep *keep, Run *run, const BatchRecord *batches, int count);
void train_keep_epoch(TrainKeep *keep, Run *run, const EpochRecord *epoch);
// Before a checkpoint is written: it must not be further than what is kept, or the entry could not
// be continued from it.
void train_keep_flush(TrainKeep *keep);
// The run is over (`status`: STATUS_DIVERGED when it failed). Waits until all of it is written.
void train_keep_close(TrainKeep *keep, Run *run, const Status *status);

#endif
