// What trainer.c and trainer_snapshot.c share; nobody else's business. The trainer's thread only.
#ifndef INKLING_TRAIN_TRAINER_INTERNAL_H
#define INKLING_TRAIN_TRAINER_INTERNAL_H

#include "base/queue.h"
#include "train/trainer.h"

// A run that the trainer has in hand.
typedef struct Entry {
    RunLog *log;
    Run *run;
    double snapshot_at;  // clock of the last one
    long long settled;   // images trained on at the last one that was settled
    bool ending;         // the next one is its last
    int evaluated_epoch; // figures below are of the end of this epoch
    EvalResult evaluated;
    uint8_t *test_class;
    float *test_confidence;
} Entry;

struct Trainer {
    Thread thread;
    Queue commands;
    const Dataset *dataset;
    TrainerHooks hooks;
    Backend *be;
    DeviceData data;
    char description[128];
    atomic_bool lost;
    atomic_bool ending; // what takes its time need not come to its end
    // The trainer's thread alone:
    Entry entries[TRAINER_RUNS_MAX];
    int count;
    double woke_at;
    bool news; // something to see since the last wake-up
};

// There is something to see; `now`: at once, else 60 times a second at most.
void trainer_wake(Trainer *trainer, bool now);
// How many runs are training.
int trainer_going(const Trainer *trainer);

bool trainer_snapshot_is_due(const Trainer *trainer, const Entry *entry);
// For the window, and for who keeps it. `settled`: as in RunSink.
Status trainer_snapshot(Trainer *trainer, Entry *entry, bool settled);
// The weights for who keeps them, without what the window looks at: costs a copy.
void trainer_keep(Trainer *trainer, Entry *entry, bool settled);
// Of all runs, before what takes a while: a process that is killed meanwhile must not lose what
// went before.
void trainer_keep_all(Trainer *trainer);

#endif
