// What the trainer shows of a run and what it gives away to be kept: its place, weights, answers.
#include "train/trainer_internal.h"

#include <stdlib.h>
#include <string.h>

// Weights and samples: ten times a second, all runs that are going together. A race then costs no
// more than its runs do one by one.
static const double SNAPSHOT_SECONDS = 0.1;

bool trainer_snapshot_is_due(const Trainer *trainer, const Entry *entry) {
    double wait = SNAPSHOT_SECONDS * trainer_going(trainer);
    return clock_seconds() - entry->snapshot_at >= wait;
}

// Nobody pays for this but who looks. The end of a run is always looked at, while its gradients are
// still there. Without the memory for it there is nothing to see; the run goes on.
static void trainer_look_inside(const Entry *entry, RunSnapshot *snapshot) {
    RunLog *log = entry->log;
    size_t bytes = log->plan->parameter_floats * sizeof *snapshot->gradients;
    snapshot->inside = atomic_load(&log->look) || entry->ending || run_finished(entry->run);
    if (!snapshot->inside) return;
    if (!snapshot->gradients) snapshot->gradients = malloc(bytes ? bytes : 1);
    snapshot->inside = snapshot->gradients != NULL;
    if (!snapshot->inside) return;
    run_get_gradients(entry->run, snapshot->gradients);
    Status status = run_count_dead(entry->run, TRAINER_DEAD_IMAGES, &snapshot->dead);
    snapshot->inside = status_is_ok(&status);
}

// Where the run stands, its weights, and what is known of the test set.
static RunSnapshot *trainer_take_weights(const Entry *entry) {
    RunSnapshot *snapshot = mailbox_back(&entry->log->mailbox);
    bool between = run_batch(entry->run) == 1; // at the end of an epoch, not inside one
    snapshot->epoch = between ? run_epoch(entry->run) - 1 : run_epoch(entry->run);
    snapshot->batch = between ? 0 : run_batch(entry->run) - 1;
    snapshot->images = run_images(entry->run);
    snapshot->seconds = run_seconds(entry->run);
    snapshot->evaluated_epoch = entry->evaluated_epoch;
    snapshot->test_loss = entry->evaluated.loss;
    snapshot->test_accuracy = entry->evaluated.accuracy;
    run_get_weights(entry->run, snapshot->weights);
    return snapshot;
}

static void trainer_give(Entry *entry, const RunSnapshot *snapshot, bool settled) {
    const RunSink *sink = &entry->log->sink;
    if (settled) entry->settled = snapshot->images;
    if (sink->snapshot) sink->snapshot(sink->context, snapshot, settled);
}

void trainer_keep(Trainer *trainer, Entry *entry, bool settled) {
    if (!entry->log->sink.snapshot) return;
    const RunSnapshot *snapshot = trainer_take_weights(entry);
    Status status = trainer->be->ops->sync(trainer->be); // a device that is lost has no weights
    if (status_is_ok(&status)) trainer_give(entry, snapshot, settled);
}

void trainer_keep_all(Trainer *trainer) {
    for (int i = 0; i < trainer->count; i++) {
        Entry *entry = &trainer->entries[i];
        if (run_images(entry->run) > entry->settled) trainer_keep(trainer, entry, true);
    }
}

Status trainer_snapshot(Trainer *trainer, Entry *entry, bool settled) {
    RunLog *log = entry->log;
    RunSnapshot *snapshot = trainer_take_weights(entry);
    Status status = run_predict(entry->run, log->samples, log->sample_count, snapshot->sample_class,
                                snapshot->sample_confidence);
    if (!status_is_ok(&status)) return status; // a device that is lost has no weights to show
    trainer_look_inside(entry, snapshot);
    if (entry->evaluated_epoch > 0) {
        size_t n = trainer->dataset->test.n;
        memcpy(snapshot->test_class, entry->test_class, n);
        memcpy(snapshot->test_confidence, entry->test_confidence, n * sizeof(float));
    }
    trainer_give(entry, snapshot, settled);
    mailbox_post(&log->mailbox);
    entry->snapshot_at = clock_seconds();
    trainer_wake(trainer, false);
    return status;
}
