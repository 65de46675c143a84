// One thread around format_open.
#include "panels/guesser.h"

#include "base/text.h"
#include "train/trial.h"

#include <math.h>

// Multiply-adds (each counted as two) of looking at test images: a second or so.
#define EXAMINE_WORK 40e9
enum { EXAMINE_LEAST = 500 };

static bool guesser_score(void *context, const SavedModel *candidate, int images, double enough,
                          InferScore *out) {
    Guesser *guesser = context;
    Trial trial = {&guesser->wish.dataset->train, 1, &guesser->cancel};
    atomic_fetch_add(&guesser->tries, 1);
    return trial_score(&trial, candidate, images, enough, out);
}

static const uint8_t *guesser_pixels(void *context, int side, int images) {
    const Guesser *guesser = context;
    Trial trial = {.images = &guesser->wish.dataset->train};
    return atomic_load(&guesser->cancel) ? NULL : trial_pixels(&trial, side, images);
}

static void guesser_examine(Guesser *guesser) {
    GuessResult *result = &guesser->result;
    const ImageSet *test = &guesser->wish.dataset->test;
    Trial trial = {test, 1, &guesser->cancel};
    double most = EXAMINE_WORK / (result->model->plan.flops_forward + 1);
    int images = most < EXAMINE_LEAST ? EXAMINE_LEAST : most < test->n ? (int)most : (int)test->n;
    if (!trial_score(&trial, result->model, images, INFINITY, &result->score))
        result->score.images = 0;
}

static void guesser_main(void *context) {
    Guesser *guesser = context;
    const GuessWish *wish = &guesser->wish;
    GuessResult *result = &guesser->result;
    InferOptions options = {.context = guesser, .border = wish->border};
    if (wish->guess && wish->dataset) {
        options.score = guesser_score;
        options.pixels = guesser_pixels;
    }
    if (wish->decided) {
        options.layers = wish->layers[0] ? wish->layers : NULL;
        options.normalization = &wish->normalization;
    }
    result->status = format_open(wish->path, &options, &result->model, &result->report);
    if (status_is_ok(&result->status) && wish->examine && wish->dataset) guesser_examine(guesser);
    atomic_store(&guesser->done, true);
    if (guesser->wake) guesser->wake(guesser->context);
}

Status guesser_start(Guesser *guesser, const GuessWish *wish, void (*wake)(void *), void *context) {
    guesser->wish = *wish;
    guesser->wake = wake;
    guesser->context = context;
    guesser->result = (GuessResult){.model = NULL};
    atomic_store(&guesser->done, false);
    atomic_store(&guesser->cancel, false);
    atomic_store(&guesser->tries, 0);
    Status status = thread_start(&guesser->thread, "inkling-guess", guesser_main, guesser);
    guesser->busy = status_is_ok(&status);
    return status;
}

bool guesser_take(Guesser *guesser, GuessResult *out) {
    if (!guesser->busy || !atomic_load(&guesser->done)) return false;
    thread_join(&guesser->thread);
    guesser->busy = false;
    *out = guesser->result;
    guesser->result.model = NULL;
    return true;
}

void guesser_stop(Guesser *guesser) {
    atomic_store(&guesser->cancel, true);
}

void guesser_close(Guesser *guesser) {
    if (!guesser->busy) return;
    guesser_stop(guesser);
    thread_join(&guesser->thread);
    guesser->busy = false;
    saved_model_close(&guesser->result.model);
}

bool guesser_give_up(Guesser *guesser) {
    if (!guesser->busy) return true;
    guesser_stop(guesser);
    if (!atomic_load(&guesser->done)) return false;
    guesser_close(guesser);
    return true;
}
