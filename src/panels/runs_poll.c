// What the runs of this session have come to since the last frame, and taking them out of the list.
#include "panels/workbench.h"

#include "base/tr.h"

#include <math.h>
#include <stdio.h>

static const double METER_SECONDS = 0.5; // how often the speed is worked out anew

static bool entry_read_steps(RunEntry *run) {
    size_t count = feed_count(&run->log->steps);
    bool news = run->steps_read < count;
    for (; run->steps_read < count; run->steps_read++) {
        const BatchRecord *record = feed_at(&run->log->steps, run->steps_read);
        const RunLog *log = run->log;
        double trained = fmin((double)record->batch * log->config.batch_size, log->images);
        double x[CHART_AXES] = {
            [CURVE_EPOCHS] = record->epoch - 1 + (double)record->batch / log->batches,
            [CURVE_SECONDS] = (double)record->seconds,
            [CURVE_IMAGES] = (double)(record->epoch - 1) * log->images + trained};
        // A loss that is no number ends the curve: it has no place on the axis.
        series_append(&run->loss, x, isfinite(record->loss) ? record->loss : NAN);
        run->last = *record;
    }
    return news;
}

static bool entry_read_epochs(RunEntry *run) {
    size_t count = feed_count(&run->log->epochs);
    bool news = run->epochs_read < count;
    for (; run->epochs_read < count; run->epochs_read++) {
        const EpochRecord *record = feed_at(&run->log->epochs, run->epochs_read);
        size_t n = run->test.count;
        double before = n ? run->test.x[CURVE_SECONDS][n - 1] : 0;
        double x[CHART_AXES] = {[CURVE_EPOCHS] = record->epoch,
                                [CURVE_SECONDS] = before + record->seconds,
                                [CURVE_IMAGES] = (double)record->epoch * run->log->images};
        series_append(&run->test, x, (float)(record->test_accuracy * 100));
        series_append(&run->train, x, (float)(record->train_accuracy * 100));
        if (record->test_accuracy > run->best) run->best = record->test_accuracy;
        run->last_epoch = *record;
    }
    return news;
}

static void entry_measure(RunEntry *run, double now) {
    long long images = (long long)run->steps_read * run->log->config.batch_size;
    if (entry_state(run) != RUN_TRAINING) {
        run->meter_time = 0;
        return;
    }
    if (run->meter_time == 0 || now < run->meter_time) {
        run->meter_time = now;
        run->meter_images = images;
    } else if (now - run->meter_time >= METER_SECONDS && images > run->meter_images) {
        double rate = (double)(images - run->meter_images) / (now - run->meter_time);
        run->meter_rate = run->meter_rate > 0 ? 0.5 * run->meter_rate + 0.5 * rate : rate;
        run->meter_time = now;
        run->meter_images = images;
    }
}

// A run is over by itself. (A failure has been logged by the trainer.)
static void entry_tell(Workbench *bench, const RunEntry *run, RunState state) {
    if (state == RUN_FAILED) {
        char text[UI_TOAST_TEXT];
        snprintf(text, sizeof text, "%.30s: %.470s", run->name, run->log->failure.message);
        ui_toast_add(&bench->toasts, NOTICE_ERROR, text);
    } else
        log_write(&bench->hooks.logger, LOG_INFO,
                  "%s: finished after epoch %d, %.2f %% of the test images right", run->name,
                  run->last_epoch.epoch, run->last_epoch.test_accuracy * 100);
}

static bool entry_poll(Workbench *bench, RunEntry *run, double now) {
    // The state first: what a run that is over has reported is then complete below.
    RunState state = entry_state(run);
    bool news = entry_read_steps(run);
    news = entry_read_epochs(run) || news;
    if (mailbox_take(&run->log->mailbox)) {
        run->snapshot = mailbox_front(&run->log->mailbox);
        run->snapshot_version++;
        news = true;
    }
    entry_measure(run, now);
    if (!run->told && (state == RUN_FAILED || state == RUN_FINISHED)) {
        run->told = true;
        entry_tell(bench, run, state);
        news = true;
    }
    return news;
}

static void runs_drop(Workbench *bench, int index) {
    RunList *list = &bench->runs;
    RunEntry *run = list->entry[index];
    if (list->selected == run->id) list->selected = 0;
    if (bench->pin == run->id) bench->pin = 0;
    // The answering network has its own copy of the weights; what is shown must not keep pointers.
    if (bench->answer.of == run->id) bench->answer.of = 0;
    runs_give_up(bench, run);
    list->count--;
    for (int i = index; i < list->count; i++) list->entry[i] = list->entry[i + 1];
    if (list->selected == 0 && list->count > 0)
        list->selected = list->entry[index < list->count ? index : list->count - 1]->id;
}

bool runs_poll(Workbench *bench, double now) {
    bool news = false;
    for (int i = 0; i < bench->runs.count;) {
        RunEntry *run = bench->runs.entry[i];
        news = entry_poll(bench, run, now) || news;
        if (run->own_trainer && run_log_is_over(run->log)) { // it has nothing left to do
            trainer_close(&run->own_trainer);
            run->trainer = NULL;
            entry_poll(bench, run, now); // what it did last
        }
        if (run->removing && run_log_is_over(run->log)) {
            runs_drop(bench, i);
            news = true;
        } else {
            i++;
        }
    }
    return news;
}

void runs_remove(Workbench *bench, RunEntry *run) {
    run->removing = true;
    run->visible = false;
    if (bench->pin == run->id) bench->pin = 0;
    if (!run_log_is_over(run->log) && run->trainer) trainer_stop(run->trainer, run->log);
    if (!run->trainer || run_log_is_over(run->log))
        for (int i = 0; i < bench->runs.count; i++)
            if (bench->runs.entry[i] == run) {
                runs_drop(bench, i);
                return;
            }
}

void runs_close(Workbench *bench) {
    while (bench->runs.count > 0) runs_drop(bench, bench->runs.count - 1);
    bench->runs.selected = 0;
}
