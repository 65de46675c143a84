// The end of an epoch: what the held-out images say, whether the rate falls, whether it is enough.
// The test set has no part in this, except where `until` asks for it.
#include "train/run_internal.h"

// Is this epoch's figure the best so far? Keeps the weights if so.
static void run_watch(Run *run, const EpochRecord *record) {
    RunBest *best = &run->best;
    bool by_loss = run->config.monitor == MONITOR_LOSS;
    double value = by_loss ? record->held_loss : record->held_accuracy;
    bool better = best->epoch == 0 || (by_loss ? value < best->value : value > best->value);
    best->bad = better ? 0 : best->bad + 1;
    if (!better) return;
    best->value = value;
    best->epoch = record->epoch;
    if (best->weights) run_get_weights(run, best->weights);
}

Status run_judge(Run *run, EpochRecord *record) {
    const ScheduleRow *schedule = &schedule_rows[run->config.schedule];
    double loss = record->train_loss;
    if (run->split.held_n > 0) {
        EvalResult held;
        Status status = run_evaluate_held(run, &held);
        if (!status_is_ok(&status)) return status;
        record->held_images = held.n;
        record->held_loss = loss = held.loss;
        record->held_accuracy = held.accuracy;
    }
    if (schedule->observe)
        schedule->observe(&run->config.schedule_options, &run->schedule, run->base_lr, loss);
    if (run->config.patience > 0) {
        run_watch(run, record);
        if (run->best.bad >= run->config.patience) run->ended = true;
    }
    return status_ok();
}

void run_restore(Run *run) {
    if (run->best.weights && run->best.epoch > 0) run_put_weights(run, run->best.weights);
}

void run_note_test(Run *run, double accuracy) {
    if (run->config.until > 0 && accuracy >= run->config.until) run->ended = true;
}
