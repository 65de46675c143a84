// A run as its watchers see it: making one, and making a model file of its latest snapshot.
#include "base/check.h"
#include "base/tr.h"
#include "train/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Status run_log_snapshots(RunLog *log, const Dataset *dataset) {
    for (int i = 0; i < 3; i++) {
        RunSnapshot *snapshot = &log->snapshots[i];
        snapshot->weights = calloc(log->plan->weight_floats, sizeof(float));
        snapshot->test_class = calloc(dataset->test.n, 1);
        snapshot->test_confidence = calloc(dataset->test.n, sizeof(float));
        if (!snapshot->weights || !snapshot->test_class || !snapshot->test_confidence)
            return status_no_memory("a run's snapshots", log->plan->weight_floats * sizeof(float));
    }
    mailbox_init(&log->mailbox, &log->snapshots[0], &log->snapshots[1], &log->snapshots[2]);
    mailbox_init(&log->told, &log->transcripts[0], &log->transcripts[1], &log->transcripts[2]);
    return status_ok();
}

Status run_log_open(const TrainConfig *config, const Dataset *dataset, const float *initial,
                    RunLog **out) {
    RunLog *log = calloc(1, sizeof *log);
    Status status;
    *out = NULL;
    if (!log) return status_no_memory("a run", sizeof *log);
    log->config = *config;
    log->temperature = 1.0f;
    log->plan = malloc(sizeof *log->plan);
    if (!log->plan) {
        status = status_no_memory("a run", sizeof *log->plan);
        goto fail;
    }
    Shape input = {(int)dataset->train.channels, (int)dataset->train.height,
                   (int)dataset->train.width, false};
    TRY(config_spec(config, input, (int)dataset->classes, &log->spec));
    TRY(spec_plan(&log->spec, log->plan));
    if (log->plan->classes != (int)dataset->classes) {
        status =
            status_error(STATUS_USAGE, TR("the network ends in %d outputs, but %s has %u classes"),
                         log->plan->classes, dataset->name, dataset->classes);
        goto fail;
    }
    uint32_t images;
    TRY(config_check(config, dataset->train.n, &images));
    uint32_t batch = (uint32_t)config->batch_size;
    log->images = (int)images;
    log->batches = (int)((images + batch - 1) / batch);
    TRY(feed_open(&log->steps, sizeof(BatchRecord)));
    TRY(feed_open(&log->epochs, sizeof(EpochRecord)));
    TRY(run_log_snapshots(log, dataset));
    log->sample_count =
        dataset->test.n < TRAINER_SAMPLES_MAX ? (int)dataset->test.n : TRAINER_SAMPLES_MAX;
    for (int i = 0; i < log->sample_count; i++) log->samples[i] = i;
    if (initial) {
        size_t bytes = log->plan->weight_floats * sizeof(float);
        log->initial = malloc(bytes);
        if (!log->initial) {
            status = status_no_memory("the initial weights", bytes);
            goto fail;
        }
        memcpy(log->initial, initial, bytes);
    }
    atomic_init(&log->state, RUN_WAITING);
    atomic_init(&log->look, false);
    log->failure = status_ok();
    *out = log;
    return status;
fail:
    run_log_close(&log);
    return status;
}

void run_log_close(RunLog **handle) {
    RunLog *log = *handle;
    if (!log) return;
    *handle = NULL;
    for (int i = 0; i < 3; i++) {
        free(log->snapshots[i].weights);
        free(log->snapshots[i].test_class);
        free(log->snapshots[i].test_confidence);
        free(log->snapshots[i].gradients);
        transcript_close(&log->transcripts[i]);
    }
    feed_close(&log->steps);
    feed_close(&log->epochs);
    free(log->initial);
    free(log->names);
    free(log->plan);
    free(log);
}

Status run_log_name_tensors(RunLog *log, const TensorNames *names) {
    TensorNames *copy = tensor_names_copy(names);
    if (names && !copy) return status_no_memory("the names of tensors", sizeof *names);
    free(log->names);
    log->names = copy;
    return status_ok();
}

bool run_log_is_over(const RunLog *log) {
    return atomic_load(&log->state) >= RUN_FINISHED;
}

Status run_log_save_model(const RunLog *log, const Dataset *dataset, SavedModel **out) {
    const RunSnapshot *snapshot = mailbox_front(&log->mailbox);
    SavedModel *model;
    *out = NULL;
    if (snapshot->images == 0)
        return status_error(STATUS_USAGE,
                            TR("this run has not trained a batch yet: nothing to save"));
    Status status = saved_model_make(&log->spec, &model);
    if (!status_is_ok(&status)) return status;
    status = saved_model_name_tensors(
        model, log->names, run_batches_done(snapshot->epoch, snapshot->batch, log->batches));
    if (!status_is_ok(&status)) {
        saved_model_close(&model);
        return status;
    }
    memcpy(model->weights, snapshot->weights, log->plan->weight_floats * sizeof(float));
    model->temperature = log->temperature;
    model->threshold = log->threshold;
    for (int i = 0; i < model->class_count && i < (int)dataset->classes; i++)
        text_copy(model->class_names[i], sizeof model->class_names[i], dataset->class_names[i]);
    char line[TRAIN_LINE_MAX];
    config_print(&log->config, line);
    text_copy(model->settings, sizeof model->settings, line);
    int used = snprintf(model->record, sizeof model->record,
                        "data=\"%s\" epoch=%d batch=%d images=%lld seconds=%.2f", dataset->name,
                        snapshot->epoch, snapshot->batch, snapshot->images, snapshot->seconds);
    // Test figures only when they are of these very weights.
    if (snapshot->evaluated_epoch > 0 && snapshot->batch == 0 &&
        snapshot->evaluated_epoch == snapshot->epoch)
        snprintf(model->record + used, sizeof model->record - (size_t)used,
                 " test_loss=%.5f test_accuracy=%.4f", snapshot->test_loss,
                 snapshot->test_accuracy);
    *out = model;
    return status;
}
