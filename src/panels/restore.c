// A run of the history becomes a run of this session: its curves overlay the charts, its weights
// answer the canvas. To everybody else it looks like one that was trained here and is over.
#include "panels/workbench.h"

#include "base/tr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Status restore_feeds(RunLog *log, const KeptRecord *record) {
    Status status = status_ok();
    for (size_t i = 0; i < record->step_count; i++)
        TRY(feed_append(&log->steps, &record->steps[i]));
    for (size_t i = 0; i < record->epoch_count; i++)
        TRY(feed_append(&log->epochs, &record->epochs[i]));
fail:
    return status;
}

// A number of the model's record ("epoch=3"); `fallback` when it has none.
static double restore_number(const SavedModel *model, const char *name, double fallback) {
    char key[32], text[40];
    double value;
    snprintf(key, sizeof key, " %s=", name);
    const char *at = strstr(model->record, key);
    if (!at) return fallback;
    at += strlen(key);
    size_t size = strcspn(at, " ");
    if (size >= sizeof text) return fallback;
    memcpy(text, at, size);
    text[size] = '\0';
    return text_to_double(text, &value) ? value : fallback;
}

static Status restore_weights(RunLog *log, const KeptRun *run, const SavedModel *model) {
    Shape from = model->spec.input, here = log->spec.input;
    if (model->plan.weight_floats != log->plan->weight_floats ||
        model->plan.classes != log->plan->classes || from.c != here.c || from.h != here.h ||
        from.w != here.w)
        return status_error(STATUS_FORMAT, tr("the weights of \"%s\" are not of its network"),
                            run->name);
    RunSnapshot *snapshot = mailbox_back(&log->mailbox);
    memcpy(snapshot->weights, model->weights, log->plan->weight_floats * sizeof(float));
    snapshot->epoch = (int)restore_number(model, "epoch", run->epoch);
    snapshot->batch = (int)restore_number(model, "batch", 0);
    snapshot->images = (long long)restore_number(
        model, "images", (double)run->steps * (double)log->config.batch_size);
    snapshot->seconds = restore_number(model, "seconds", run->seconds);
    Status status = run_log_name_tensors(log, model->names);
    // Those of the log are of before the run.
    tensor_names_count(log->names,
                       -run_batches_done(snapshot->epoch, snapshot->batch, log->batches));
    if (status_is_ok(&status)) mailbox_post(&log->mailbox);
    return status;
}

static Status restore_log(Workbench *bench, const HistoryAnswer *answer, RunLog **out) {
    static const RunState states[KEPT_STATE_COUNT] = {[KEPT_TRAINING] = RUN_STOPPED,
                                                      [KEPT_FINISHED] = RUN_FINISHED,
                                                      [KEPT_STOPPED] = RUN_STOPPED,
                                                      [KEPT_FAILED] = RUN_FAILED,
                                                      [KEPT_INTERRUPTED] = RUN_STOPPED};
    const KeptRun *run = &answer->record.run;
    RunLog *log = NULL;
    TrainConfig *config = malloc(sizeof *config);
    Status status;
    if (!config) return status_no_memory("settings", sizeof *config);
    TRY(config_parse(run->settings, config));
    text_copy(config->device, sizeof config->device, bench->form.device);
    config->threads = bench->form.threads;
    TRY(run_log_open(config, bench->dataset, NULL, &log));
    if (run->batches > 0) log->batches = run->batches; // of the data it was trained on
    TRY(restore_feeds(log, &answer->record));
    if (answer->model) {
        TRY(restore_weights(log, run, answer->model));
        log->temperature = answer->model->temperature;
        log->threshold = answer->model->threshold;
    }
    if (run->state == KEPT_FAILED) log->failure = status_error(STATUS_DIVERGED, "%s", run->failure);
    atomic_store(&log->state, states[run->state]);
    *out = log;
    free(config);
    return status;
fail:
    run_log_close(&log);
    free(config);
    return status_prefix(status, run->name);
}

Status runs_restore(Workbench *bench, const HistoryAnswer *answer) {
    const KeptRun *kept = &answer->record.run;
    Status status = answer->status;
    RunLog *log = NULL;
    if (kept->id == 0) return status;
    // Here already, with these weights.
    for (int i = 0; i < bench->runs.count; i++) {
        RunEntry *run = bench->runs.entry[i];
        if (entry_kept_id(run) == kept->id && !run->removing && run->kept_which == answer->which) {
            run->visible = true;
            runs_select(bench, run);
            return status_ok();
        }
    }
    // Without its weights a run still has its curves.
    if (!answer->model) workbench_say(bench, NOTICE_WARNING, "%s", status.message);
    if (answer->model && (int)answer->which != bench->history_view.which)
        workbench_say(bench, NOTICE_INFO,
                      answer->which == KEPT_LAST
                          ? tr("%s: no epoch was completed, so these are its last weights")
                          : tr("%s: its last weights are not there, so these are its best ones"),
                      kept->name);
    if (!bench->dataset)
        return status_error(STATUS_USAGE, "%s", tr("there is no data set to show it with"));
    if (bench->runs.count == RUNS_MAX)
        return status_error(STATUS_USAGE,
                            tr("there are %d runs already; delete one before starting another"),
                            RUNS_MAX);
    TRY(restore_log(bench, answer, &log));
    RunEntry *run = calloc(1, sizeof *run);
    if (!run) TRY(status_no_memory("a run", sizeof *run));
    run->log = log;
    run->kept_id = kept->id;
    run->kept_which = answer->which;
    run->number = runs_free_color(bench, kept->color); // the one it has in the history, if it can
    run->started = kept->started;
    run->told = true;
    run->restored = true;
    runs_make_name(bench, run, kept->name);
    runs_add(bench, run);
    runs_select(bench, run);
    if (answer->model) {
        bench->pin = run->id;
        bench->pin_soft = true;
    }
    return status_ok();
fail:
    run_log_close(&log);
    return status;
}
