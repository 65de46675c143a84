// One thread around format_open, with a score that runs a candidate on training images.
#include "panels/guesser.h"

#include "train/trial.h"

#include <string.h>

static bool guesser_score(void *context, const SavedModel *candidate, int images, double enough,
                          InferScore *out) {
    Guesser *guesser = context;
    Trial trial = {&guesser->dataset->train, 1, &guesser->cancel};
    return trial_score(&trial, candidate, images, enough, out);
}

static void guesser_main(void *context) {
    Guesser *guesser = context;
    InferOptions options = {.score = guesser_score, .context = guesser};
    guesser->status = format_open(guesser->path, &options, &guesser->model, &guesser->report);
    atomic_store(&guesser->done, true);
    if (guesser->wake) guesser->wake(guesser->context);
}

Status guesser_start(Guesser *guesser, const char *path, const Dataset *dataset,
                     void (*wake)(void *), void *context) {
    guesser_close(guesser);
    text_copy(guesser->path, sizeof guesser->path, path);
    guesser->dataset = dataset;
    guesser->wake = wake;
    guesser->context = context;
    atomic_store(&guesser->done, false);
    atomic_store(&guesser->cancel, false);
    Status status = thread_start(&guesser->thread, "guesser", guesser_main, guesser);
    guesser->busy = status_is_ok(&status);
    return status;
}

bool guesser_take(Guesser *guesser, Status *status, SavedModel **model, InferReport *report) {
    if (!guesser->busy || !atomic_load(&guesser->done)) return false;
    thread_join(&guesser->thread);
    guesser->busy = false;
    *status = guesser->status;
    *model = guesser->model;
    *report = guesser->report;
    guesser->model = NULL;
    return true;
}

void guesser_close(Guesser *guesser) {
    if (!guesser->busy) return;
    atomic_store(&guesser->cancel, true);
    thread_join(&guesser->thread);
    guesser->busy = false;
    saved_model_close(&guesser->model);
}
