// `inkling train`: one run from its first batch to its model file, in this thread. What training is
// stands in train/run.h; here are the order of things, what is said on the way, and that nothing
// that was learnt gets lost: what cannot be written is found out before, a stop saves.
#include "app/cli.h"
#include "app/cli_json.h"
#include "app/cli_share.h"
#include "app/train_keep.h"
#include "app/train_settings.h"
#include "base/check.h"
#include "base/thread.h"
#include "train/report.h"
#include "train/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const CliOption train_command_options[] = {
    {"save", "FILE", "write the trained model, in the format of its ending (.safetensors)"},
    {"resume", "FILE", "go on from FILE if it is there; it is rewritten as training goes on"},
    {"log", "FILE",
     "keep the figures of all batches and epochs: .csv, .json, or a directory for TensorBoard"},
    {"checkpoint", "SECONDS", "with --resume: how often inside an epoch; 0: only after each [10]"},
    {"init", "MODEL",
     "start from this model's weights; or how the seed makes them: pytorch, he, "
     "xavier"},
    {"forget", NULL, "do not keep the run in the history"},
    CLI_JSON_OPTION,
    {NULL, NULL, NULL},
};

// Batches that a GPU is given at a time: how often the progress line can move, and Ctrl+C be seen.
static const double TRAIN_TURN_SECONDS = 0.05;

typedef struct TrainJob {
    const CliArgs *args;
    const char *save, *resume, *log;
    bool json;
    FILE *table; // where the epoch table goes; NULL: nowhere
    TrainConfig config;
    SavedModel *initial; // to start from, or NULL
    Dataset *dataset;
    Backend *be;
    DeviceData data;
    Run *run;
    TrainKeep keep;     // in the history
    char device[128];   // what the back end calls itself
    EpochRecord last;   // the last complete epoch of this call
    bool judged;        // its test figures are those of the weights as they are
    double started;     // clock when this call began
    double begun;       // clock of the first batch of this call
    double begun_run;   // run_seconds then
    double shown;       // clock of the last progress line
    long long images;   // trained on in this call
    double checkpoint;  // seconds between two
    double kept;        // clock of the last one
    Feed steps, epochs; // for --log
    ReportWriter *write_log;
    ReportRun report; // of this run
    char name[96];    // in it
} TrainJob;

// ---- beginning ----------------------------------------------------------------------------------

// Written at once, so that a path that cannot be is told before the training.
static Status train_begin_log(TrainJob *job) {
    Status status;
    uint32_t images = 0;
    TRY(config_check(&job->config, job->dataset->train.n, &images));
    TRY(feed_open(&job->steps, sizeof(BatchRecord)));
    TRY(feed_open(&job->epochs, sizeof(EpochRecord)));
    snprintf(job->name, sizeof job->name, "%.48s %s", run_spec(job->run)->name,
             config_optimizer_label(&job->config));
    job->report = (ReportRun){.name = job->name,
                              .config = &job->config,
                              .batches = run_batches(job->run),
                              .images = (int)images,
                              .started = (double)time(NULL),
                              .steps = &job->steps,
                              .epochs = &job->epochs};
    TRY(job->write_log(job->log, &job->report, 1));
fail:
    return status;
}

// Everything that can go wrong before an hour of training should go wrong here.
static Status train_prepare(TrainJob *job) {
    Status status;
    const CliArgs *args = job->args;
    job->json = cli_switch(args, "json");
    job->save = cli_value(args, "save");
    job->resume = cli_value(args, "resume");
    job->log = cli_value(args, "log");
    job->checkpoint = 10;
    const char *every = cli_value(args, "checkpoint");
    if (every != NULL && (!text_to_double(every, &job->checkpoint) || job->checkpoint < 0))
        return status_error(STATUS_USAGE, "--checkpoint must be a number of seconds from 0 up");
    job->table = !job->json ? stdout : cli_progress_is_shown() ? NULL : stderr;
    TRY(train_read_config(args, &job->config, &job->initial));
    if (job->save != NULL) TRY(cli_check_model_path("--save", job->save));
    if (job->resume != NULL) TRY(cli_check_writable("--resume", job->resume));
    if (job->log != NULL) TRY(report_writer(job->log, &job->write_log));
    BackendConfig backend = {.device = job->config.device, .threads = job->config.threads};
    TRY(cli_open_device_and_data(&backend, job->config.data, &job->be, &job->dataset));
    TRY(train_check_initial(&job->config, job->initial, job->dataset));
    TRY(device_data_open(job->be, job->dataset, &job->data));
    TRY(run_open(&job->config, &job->data, job->initial != NULL ? job->initial->weights : NULL,
                 &job->run));
    if (job->log != NULL) TRY(train_begin_log(job));
    if (job->resume != NULL && file_exists(job->resume)) {
        TRY(run_load_state(job->run, job->resume));
        if (run_finished(job->run))
            cli_say("%s is complete: all %d epochs are done", job->resume, job->config.epochs);
        else
            cli_say("goes on from %s: epoch %d, batch %d", job->resume, run_epoch(job->run),
                    run_batch(job->run));
    }
fail:
    return status;
}

// ---- telling -----------------------------------------------------------------------------------

static void train_say_begin(TrainJob *job) {
    char layers[TRAIN_LAYERS_MAX];
    const ModelPlan *plan = run_plan(job->run);
    job->be->ops->describe(job->be, job->device, sizeof job->device);
    spec_print_layers(run_spec(job->run), layers, sizeof layers);
    cli_say("%s: %s", run_spec(job->run)->name, layers);
    cli_say("%zu parameters, %s, batch %d, epochs %d, seed %lld; on %s", plan->parameters,
            config_optimizer_label(&job->config), job->config.batch_size, job->config.epochs,
            job->config.seed, job->device);
    if (job->table != NULL)
        fprintf(job->table, "epoch  train loss  train %%  test loss  test %%        lr  seconds  "
                            "images/s\n");
}

static void train_show_progress(TrainJob *job, const BatchRecord *batch) {
    double now = clock_seconds();
    if (!cli_progress_is_shown() || now - job->shown < 0.1) return;
    job->shown = now;
    double trained = run_seconds(job->run) - job->begun_run;
    int batches = run_batches(job->run);
    double done = (double)job->images / job->config.batch_size; // batches, about
    double left = (double)(job->config.epochs - batch->epoch) * batches + batches - batch->batch;
    char time_left[32];
    cli_duration(done > 0 ? left * (now - job->begun) / done : 0, time_left);
    cli_progress("epoch %d/%d  batch %d/%d  loss %.4f  %.0f images/s  %s left", batch->epoch,
                 job->config.epochs, batch->batch, batches, (double)batch->loss,
                 trained > 0 ? (double)job->images / trained : 0.0, time_left);
}

static Status train_tell_epoch(TrainJob *job, const EpochRecord *e) {
    cli_progress_clear();
    if (job->table != NULL)
        fprintf(job->table, "%5d  %10.4f  %7.2f  %9.4f  %6.2f  %8.3g  %7.2f  %8.0f\n", e->epoch,
                e->train_loss, 100 * e->train_accuracy, e->test_loss, 100 * e->test_accuracy, e->lr,
                e->seconds, e->images_per_second);
    if (!job->json) return cli_flush();
    JsonLine line = {0};
    cli_json_epoch(json_root(&line), e);
    Status status = json_print(&line);
    return status_is_ok(&status) ? cli_flush() : status;
}

// ---- keeping -----------------------------------------------------------------------------------

// What the network's tensors were called before the run; NULL: nothing of their own.
static const TensorNames *train_names(const TrainJob *job) {
    return job->initial != NULL ? job->initial->names : NULL;
}

// The test figures of the weights as they are, into job->last.
static Status train_evaluate(TrainJob *job) {
    EvalResult result;
    Status status = run_evaluate(job->run, &result, NULL, NULL);
    if (!status_is_ok(&status)) return status;
    job->last.test_loss = result.loss;
    job->last.test_accuracy = result.accuracy;
    job->judged = true;
    return status;
}

static Status train_save_model(TrainJob *job) {
    Status status;
    SavedModel *model = NULL;
    char accuracy[32];
    int n, images = (int)job->dataset->test.n;
    TRY(saved_model_make(run_spec(job->run), &model));
    ASSERT(model->plan.weight_floats == run_plan(job->run)->weight_floats);
    run_get_weights(job->run, model->weights);
    long long done = run_batches_done(run_epoch(job->run) - 1, 0, run_batches(job->run));
    TRY(saved_model_name_tensors(model, train_names(job), done + run_batch(job->run) - 1));
    for (int i = 0; i < model->class_count && i < (int)job->dataset->classes; i++)
        text_copy(model->class_names[i], sizeof model->class_names[i],
                  job->dataset->class_names[i]);
    status = job->judged ? status_ok() : train_evaluate(job);
    bool judged = status_is_ok(&status);
    if (status.code != STATUS_CANCELLED) TRY(status);
    config_print(&job->config, model->settings);
    text_from_double(accuracy, job->last.test_accuracy);
    n = !judged ? 0
                : snprintf(model->record, sizeof model->record, "test_accuracy=%s test_images=%d ",
                           accuracy, images);
    snprintf(model->record + n, sizeof model->record - (size_t)n, "epochs=%d seconds=%.1f",
             run_epoch(job->run) - 1, run_seconds(job->run));
    TRY(cli_write_model(job->save, model));
    if (judged)
        cli_say("saved %s: %.2f %% of %d test images right", job->save,
                100 * job->last.test_accuracy, images);
    else
        cli_say("saved %s; inkling eval says how many test images it gets right", job->save);
fail:
    saved_model_close(&model);
    return status;
}

// The same holds for the figures: what has been trained is worth more.
static void train_keep_log(TrainJob *job, Status *first) {
    if (job->log == NULL) return;
    Status status = job->write_log(job->log, &job->report, 1);
    if (status_is_ok(&status)) return;
    cli_say("inkling: the run goes on, but %s", status.message);
    if (status_is_ok(first)) *first = status;
}

// A failure to write the checkpoint is told and remembered, but training goes on: the model itself
// may still be saved.
static void train_write_state(TrainJob *job, Status *first) {
    if (job->resume == NULL) return;
    train_keep_flush(&job->keep);
    Status status = run_save_state(job->run, job->resume);
    job->kept = clock_seconds();
    if (status_is_ok(&status)) return;
    cli_say("inkling: the run goes on, but %s", status.message);
    if (status_is_ok(first)) *first = status;
}

// The test images come first: an epoch that is stopped over them, or over the held-out ones, is at
// its end still, and a resumed run goes on from there.
static Status train_end_epoch(TrainJob *job, Status *first) {
    EpochRecord epoch;
    Status status = train_evaluate(job);
    if (status_is_ok(&status)) status = run_end_epoch(job->run, &epoch);
    if (!status_is_ok(&status)) return status;
    epoch.test_loss = job->last.test_loss;
    epoch.test_accuracy = job->last.test_accuracy;
    job->last = epoch;
    if (run_finished(job->run) && job->config.restore_best && run_best_epoch(job->run) > 0) {
        job->judged = false; // they are the best epoch's weights now
        status = train_evaluate(job);
        if (status.code == STATUS_CANCELLED) status = status_ok(); // those of before will do
        if (!status_is_ok(&status)) return status;
    }
    run_note_test(job->run, job->last.test_accuracy);
    train_keep_epoch(&job->keep, job->run, &job->last);
    train_write_state(job, first);
    if (job->log != NULL) status = feed_append(&job->epochs, &job->last);
    if (!status_is_ok(&status)) return status;
    train_keep_log(job, first);
    return train_tell_epoch(job, &job->last);
}

// Why it ended, when not because its epochs were over, and with which weights.
static void train_say_end(const TrainJob *job) {
    int done = run_epoch(job->run) - 1, best = run_best_epoch(job->run);
    double seconds = run_seconds(job->run);
    if (job->config.until > 0 && job->last.epoch > 0)
        cli_say(
            job->last.test_accuracy >= job->config.until
                ? "%.2f %% reached after %d epochs and %.2f s of training, %.2f s from the start"
                : "%.2f %% not reached after %d epochs and %.2f s of training, %.2f s from the "
                  "start",
            100 * job->config.until, done, seconds, clock_seconds() - job->started);
    if (best > 0)
        cli_say("%s: epoch %d was the best on the %d held-out images%s",
                done < job->config.epochs ? "stopped early" : "done", best, job->config.held_out,
                job->config.restore_best ? ", its weights are kept" : "");
}

// ---- the run -----------------------------------------------------------------------------------

static Status train_steps(TrainJob *job, BatchRecord out[RUN_STEPS_MAX], int *done) {
    Status status = run_steps(job->run, TRAIN_TURN_SECONDS, out, done);
    for (int i = 0; job->log != NULL && i < *done; i++) {
        Status kept = feed_append(&job->steps, &out[i]);
        if (status_is_ok(&status)) status = kept;
    }
    return status;
}

static Status train_stopped(const TrainJob *job) {
    int epoch = run_epoch(job->run), epochs = job->config.epochs;
    if (run_at_epoch_end(job->run))
        return status_error(STATUS_CANCELLED, "stopped at the end of epoch %d of %d", epoch,
                            epochs);
    return status_error(STATUS_CANCELLED, "stopped in epoch %d of %d, before batch %d", epoch,
                        epochs, run_batch(job->run));
}

// Gives the first thing that went wrong. When standard output fails the run ends, but what has been
// learnt is saved like any other; after a divergence there is nothing worth saving.
static Status train_go(TrainJob *job) {
    Status first = status_ok(), status = status_ok();
    BatchRecord batches[RUN_STEPS_MAX];
    int done;
    job->begun = clock_seconds();
    job->begun_run = run_seconds(job->run);
    job->kept = job->begun;
    while (!run_finished(job->run) && !cli_stop_asked()) {
        // A run that is resumed may stand at the end of an epoch.
        if (!run_at_epoch_end(job->run)) {
            job->judged = false;
            status = train_steps(job, batches, &done);
            train_keep_steps(&job->keep, job->run, batches, done);
            if (!status_is_ok(&status)) {
                train_keep_log(job, &first); // also of a run that diverged
                return status;
            }
            job->images += (long long)done * job->config.batch_size;
            train_show_progress(job, &batches[done - 1]);
        }
        if (!run_at_epoch_end(job->run)) {
            if (job->checkpoint > 0 && clock_seconds() - job->kept >= job->checkpoint)
                train_write_state(job, &first);
            continue;
        }
        status = train_end_epoch(job, &first);
        if (status.code == STATUS_CANCELLED) status = status_ok(); // told below, as any other stop
        if (!status_is_ok(&status)) break;
    }
    cli_progress_clear();
    train_keep_log(job, &first);
    if (status_is_ok(&first)) first = status;
    if (run_finished(job->run)) train_say_end(job);
    if (!run_finished(job->run)) {
        train_write_state(job, &first);
        if (status_is_ok(&first)) first = train_stopped(job);
    }
    if (job->save != NULL) {
        status = train_save_model(job);
        if (status_is_ok(&first))
            first = status;
        else if (!status_is_ok(&status))
            cli_say("inkling: %s", status.message); // the first one is told at the end
    }
    return first;
}

int cmd_train(const CliArgs *args) {
    TrainJob *job = calloc(1, sizeof *job);
    if (job == NULL) {
        Status none = status_no_memory("a training run", sizeof *job);
        return cli_fail(&none);
    }
    job->args = args;
    job->started = clock_seconds();
    Status status = train_prepare(job);
    if (status_is_ok(&status)) {
        cli_stop_catch();
        run_set_cancel(job->run, cli_stop_flag());
        train_say_begin(job);
        if (!cli_switch(args, "forget"))
            train_keep_open(&job->keep, job->run, train_names(job), job->dataset, job->device);
        status = train_go(job);
        train_keep_close(&job->keep, job->run, &status);
    }
    feed_close(&job->steps);
    feed_close(&job->epochs);
    run_close(&job->run);
    device_data_close(&job->data);
    dataset_close(&job->dataset);
    backend_close(&job->be);
    saved_model_close(&job->initial);
    free(job);
    return status_is_ok(&status) ? CLI_DONE : cli_fail(&status);
}
