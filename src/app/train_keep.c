// See train_keep.h.
#include "app/train_keep.h"

#include "app/cli.h"

#include <stdlib.h>

void train_keep_open(TrainKeep *keep, const Run *run, const TensorNames *names,
                     const Dataset *dataset, const char *backend) {
    char directory[FILE_PATH_MAX];
    if (!history_is_possible()) return;
    if (!history_user_directory(directory)) {
        cli_say("the run is not kept in the history: there is no home directory for it");
        return;
    }
    HistoryHooks hooks = {.logger = cli_logger()};
    HistoryAbout about = {.name = config_optimizer_label(run_config(run)),
                          .color = -1,
                          .config = run_config(run),
                          .spec = run_spec(run),
                          .names = names,
                          .batches = run_batches(run),
                          .steps = (long long)(run_epoch(run) - 1) * run_batches(run) +
                                   run_batch(run) - 1,
                          .epoch = run_epoch(run) - 1,
                          .seconds = run_seconds(run),
                          .dataset = dataset,
                          .backend = backend};
    keep->snapshot.weights = malloc(run_plan(run)->weight_floats * sizeof(float));
    Status status = keep->snapshot.weights ? history_open(directory, &hooks, &keep->history)
                                           : status_no_memory("a run's history", 0);
    if (!status_is_ok(&status)) cli_say("the run is not kept in the history: %s", status.message);
    keep->recording = history_begin(keep->history, &about);
    keep->sink = recording_sink(keep->recording);
}

static void train_keep_snapshot(TrainKeep *keep, Run *run, bool settled) {
    RunSnapshot *snapshot = &keep->snapshot;
    bool between = run_batch(run) == 1; // at the end of an epoch, not inside one
    snapshot->epoch = between ? run_epoch(run) - 1 : run_epoch(run);
    snapshot->batch = between ? 0 : run_batch(run) - 1;
    snapshot->images = run_images(run);
    snapshot->seconds = run_seconds(run);
    run_get_weights(run, snapshot->weights);
    keep->sink.snapshot(keep->sink.context, snapshot, settled);
}

void train_keep_steps(TrainKeep *keep, Run *run, const BatchRecord *batches, int count) {
    if (!keep->recording) return;
    for (int i = 0; i < count; i++) keep->sink.step(keep->sink.context, &batches[i]);
    if (!run_at_epoch_end(run) && keep->sink.wants(keep->sink.context))
        train_keep_snapshot(keep, run, false);
}

void train_keep_epoch(TrainKeep *keep, Run *run, const EpochRecord *epoch) {
    if (!keep->recording) return;
    keep->sink.epoch(keep->sink.context, epoch);
    keep->snapshot.evaluated_epoch = epoch->epoch;
    keep->snapshot.test_loss = epoch->test_loss;
    keep->snapshot.test_accuracy = epoch->test_accuracy;
    train_keep_snapshot(keep, run, true);
}

void train_keep_flush(TrainKeep *keep) {
    if (keep->recording) history_flush(keep->history);
}

void train_keep_close(TrainKeep *keep, Run *run, const Status *status) {
    bool failed = status->code == STATUS_DIVERGED;
    if (keep->recording) {
        // After a divergence the weights before it are worth more than those that came of it.
        if (!failed) train_keep_snapshot(keep, run, true);
        recording_end(keep->recording,
                      failed              ? RUN_FAILED
                      : run_finished(run) ? RUN_FINISHED
                                          : RUN_STOPPED,
                      status);
    }
    history_close(&keep->history);
    free(keep->snapshot.weights);
    *keep = (TrainKeep){0};
}
