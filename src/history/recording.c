// One run on its way to the disk. The sink's side copies with the mutex held; the history's side
// takes what was copied, lets go of the mutex and writes.
#include "history/history_parts.h"

#include "base/check.h"
#include "base/text.h"
#include "base/thread.h"
#include "base/tr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double WEIGHTS_SECONDS = 0.5; // between two writings of the last weights,
static const double WEIGHTS_SHARE = 20;    // or so many times as long as one takes

// ---- the sink -----------------------------------------------------------------------------------

// Room for one more. False when there is none.
static bool pile_grow(void **array, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) return true;
    size_t room = *capacity ? 2 * *capacity : 256;
    void *grown = room <= RECORDING_STEPS_MAX ? realloc(*array, room * size) : NULL;
    if (!grown) return false;
    *array = grown;
    *capacity = room;
    return true;
}

static void recording_step(void *context, const BatchRecord *record) {
    Recording *r = context;
    mutex_lock(&r->mutex);
    RecordingPile *in = &r->in;
    // A gap in the middle would look like training that never was: after one nothing more.
    r->lost =
        r->lost || r->dead ||
        !pile_grow((void **)&in->steps, in->step_count, &in->step_capacity, sizeof *in->steps);
    if (!r->lost) in->steps[in->step_count++] = *record;
    mutex_unlock(&r->mutex);
}

static void recording_epoch(void *context, const EpochRecord *record) {
    Recording *r = context;
    mutex_lock(&r->mutex);
    RecordingPile *in = &r->in;
    r->lost =
        r->lost || r->dead ||
        !pile_grow((void **)&in->epochs, in->epoch_count, &in->epoch_capacity, sizeof *in->epochs);
    if (!r->lost) in->epochs[in->epoch_count++] = *record;
    mutex_unlock(&r->mutex);
}

// With the mutex held.
static void recording_take(Recording *r, KeptWeights which, const RunSnapshot *snapshot,
                           bool tested) {
    RecordingWeights *slot = &r->slot[which];
    size_t bytes = r->model->plan.weight_floats * sizeof(float);
    if (!slot->weights) slot->weights = malloc(bytes);
    if (!slot->weights) return;
    memcpy(slot->weights, snapshot->weights, bytes);
    slot->fresh = true;
    slot->epoch = snapshot->epoch;
    slot->batch = snapshot->batch;
    slot->images = snapshot->images;
    slot->seconds = snapshot->seconds;
    slot->test_loss = tested ? snapshot->test_loss : -1;
    slot->test_accuracy = tested ? snapshot->test_accuracy : -1;
}

static void recording_snapshot(void *context, const RunSnapshot *snapshot, bool settled) {
    Recording *r = context;
    bool tested = snapshot->evaluated_epoch > 0 && snapshot->batch == 0 &&
                  snapshot->evaluated_epoch == snapshot->epoch;
    bool news = false;
    mutex_lock(&r->mutex);
    if (!r->dead && (settled || clock_seconds() >= r->due)) {
        recording_take(r, KEPT_LAST, snapshot, tested);
        r->due = clock_seconds() + WEIGHTS_SECONDS; // later if writing them takes long
        news = true;
    }
    if (!r->dead && tested && snapshot->test_accuracy > r->best) {
        recording_take(r, KEPT_BEST, snapshot, tested);
        r->best = snapshot->test_accuracy;
        news = true;
    }
    mutex_unlock(&r->mutex);
    History *history = r->history;
    HistoryCommand command = {.kind = HISTORY_WRITE};
    if (news && !atomic_exchange(&history->told, true))
        if (!queue_try_push(&history->commands, &command)) atomic_store(&history->told, false);
}

static void recording_over(void *context, RunState state, const Status *failure) {
    recording_end(context, state, failure);
}

static bool recording_wants(void *context) {
    Recording *r = context;
    mutex_lock(&r->mutex);
    bool wants = !r->dead && clock_seconds() >= r->due;
    mutex_unlock(&r->mutex);
    return wants;
}

RunSink recording_sink(Recording *recording) {
    if (!recording) return (RunSink){0};
    return (RunSink){.step = recording_step,
                     .epoch = recording_epoch,
                     .snapshot = recording_snapshot,
                     .wants = recording_wants,
                     .over = recording_over,
                     .context = recording};
}

void recording_end(Recording *r, RunState state, const Status *failure) {
    if (!r) return;
    mutex_lock(&r->mutex);
    if (!r->over) {
        r->over = true;
        r->end = state == RUN_FINISHED ? KEPT_FINISHED
                 : state == RUN_FAILED ? KEPT_FAILED
                                       : KEPT_STOPPED;
        if (state == RUN_FAILED && failure)
            text_copy(r->failure, sizeof r->failure, failure->message);
    }
    mutex_unlock(&r->mutex);
}

int64_t recording_id(const Recording *recording) {
    return recording ? atomic_load(&recording->id) : 0;
}

bool recording_is_kept(const Recording *recording) {
    return recording && atomic_load(&recording->kept);
}

// ---- beginning and closing ----------------------------------------------------------------------

// "model name	: AMD EPYC ..." of the first processor.
static void machine_cpu(char *out, size_t size) {
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[512];
    text_copy(out, size, "unknown processor");
    while (file && fgets(line, sizeof line, file)) {
        char *value = strchr(line, ':');
        if (!value || strncmp(line, "model name", 10) != 0) continue;
        value += 1 + strspn(value + 1, " \t");
        value[strcspn(value, "\n")] = '\0';
        if (text_is_utf8(value, strlen(value))) text_copy(out, size, value);
        break;
    }
    if (file) (void)fclose(file);
}

static void recording_describe(Recording *r, const HistoryAbout *about) {
    KeptRun *run = &r->run;
    const TrainConfig *config = about->config;
    const Preset *preset = config->preset[0] ? preset_find(config->preset) : NULL;
    struct timespec now;
    char cpu[96];
    text_copy(run->name, sizeof run->name, about->name);
    run->color = about->color;
    config_print(config, run->settings);
    text_copy(run->network, sizeof run->network, preset ? preset->label : "custom");
    spec_print_layers(about->spec, run->layers, sizeof run->layers);
    run->parameters = (long long)r->model->plan.parameters;
    run->seed = config->seed;
    text_copy(run->data, sizeof run->data, about->dataset->name);
    run->train_images = about->dataset->train.n;
    run->test_images = about->dataset->test.n;
    run->classes = (int)about->dataset->classes;
    run->batches = about->batches;
    run->epochs_asked = config->epochs;
    run->steps = about->steps;
    run->epoch = about->epoch;
    run->seconds = about->seconds;
    machine_cpu(cpu, sizeof cpu);
    snprintf(run->machine, sizeof run->machine, "%s; %.90s", cpu, about->backend);
    text_copy(run->version, sizeof run->version, INKLING_VERSION);
    clock_gettime(CLOCK_REALTIME, &now);
    run->started = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

Recording *history_begin(History *history, const HistoryAbout *about) {
    Status status;
    if (!history) return NULL;
    Recording *r = calloc(1, sizeof *r);
    if (!r) TRY(status_no_memory("a run's history", sizeof *r));
    r->history = history;
    mutex_init(&r->mutex);
    TRY(saved_model_make(about->spec, &r->model));
    TRY(saved_model_name_tensors(r->model, about->names, 0));
    if (about->temperature > 0) r->model->temperature = about->temperature;
    r->model->threshold = about->threshold;
    recording_describe(r, about);
    for (int i = 0; i < r->model->class_count && i < (int)about->dataset->classes; i++)
        text_copy(r->model->class_names[i], sizeof r->model->class_names[i],
                  about->dataset->class_names[i]);
    text_copy(r->model->settings, sizeof r->model->settings, r->run.settings);
    HistoryCommand command = {.kind = HISTORY_BEGIN, .recording = r};
    if (!queue_try_push(&history->commands, &command))
        TRY(status_error(STATUS_IO, TR("the disk is too slow")));
    return r;
fail:
    recording_close(&r);
    log_write(history->hooks.logger, LOG_WARNING, "this run is not kept in the history: %s",
              status.message);
    return NULL;
}

void recording_release(Recording *r) {
    mutex_lock(&r->mutex);
    r->dead = true;
    for (int i = 0; i < KEPT_WEIGHTS_COUNT; i++) {
        free(r->slot[i].weights);
        r->slot[i].weights = NULL;
        r->slot[i].fresh = false;
    }
    RecordingPile piles[2] = {r->in, r->out};
    r->in = r->out = (RecordingPile){0};
    saved_model_close(&r->model);
    mutex_unlock(&r->mutex);
    for (int i = 0; i < 2; i++) {
        free(piles[i].steps);
        free(piles[i].epochs);
    }
    r->done = true;
}

void recording_close(Recording **handle) {
    Recording *r = *handle;
    if (!r) return;
    *handle = NULL;
    recording_release(r);
    mutex_destroy(&r->mutex);
    free(r);
}

// ---- writing ------------------------------------------------------------------------------------

static bool pile_is_empty(const RecordingPile *pile) {
    return pile->step_count + pile->epoch_count == 0;
}

// What the run is after these batches and epochs.
static void recording_advance(KeptRun *run, const RecordingPile *pile) {
    run->steps += (long long)pile->step_count;
    if (pile->step_count > 0) {
        const BatchRecord *last = &pile->steps[pile->step_count - 1];
        run->seconds = (double)last->seconds;
        if (run->epoch == 0) run->loss = (double)last->loss;
    }
    for (size_t i = 0; i < pile->epoch_count; i++) {
        const EpochRecord *e = &pile->epochs[i];
        run->epoch = e->epoch;
        run->loss = e->train_loss;
        run->test_accuracy = e->test_accuracy;
        if (e->test_accuracy <= run->best_accuracy) continue;
        run->best_accuracy = e->test_accuracy;
        run->best_epoch = e->epoch;
    }
}

// A run that was taken up from a checkpoint, with its first batches, or the epoch at whose end it
// stood: finds its entry, or makes it a
// run that begins here.
static Status recording_continue(Recording *r, Store *store) {
    KeptRun run = r->run;
    bool found;
    mutex_lock(&r->mutex);
    bool trained = !pile_is_empty(&r->in);
    mutex_unlock(&r->mutex);
    if (!trained || run.steps == 0) return status_ok();
    Status status = store_continue(store, &run, &found);
    if (!status_is_ok(&status)) return status;
    if (!found) {
        r->run.steps = r->run.epoch = 0;
        r->run.seconds = 0;
        return status;
    }
    r->run = run;
    mutex_lock(&r->mutex);
    if (run.best_accuracy > r->best) r->best = run.best_accuracy;
    mutex_unlock(&r->mutex);
    atomic_store(&r->id, run.id);
    return status;
}

// One pile. *rest: more may be waiting, because this one was left over from a failure.
static Status recording_write_pile(Recording *r, Store *store, bool *rest) {
    Status status = status_ok();
    if (atomic_load(&r->id) == 0) TRY(recording_continue(r, store));
    int64_t id = atomic_load(&r->id);
    *rest = !pile_is_empty(&r->out);
    mutex_lock(&r->mutex);
    if (!*rest) {
        RecordingPile spare = r->out;
        r->out = r->in;
        r->in = spare;
    }
    bool over = r->over && !*rest;
    mutex_unlock(&r->mutex);
    if (id == 0 && pile_is_empty(&r->out)) {
        r->ended = over; // nothing was trained: nothing is kept
        return status;
    }
    if (!pile_is_empty(&r->out)) {
        KeptRun next = r->run;
        recording_advance(&next, &r->out);
        if (id == 0) {
            TRY(store_begin(store, &next, &id));
            next.id = r->run.id = id;
            atomic_store(&r->id, id);
        }
        TRY(store_add(store, &next, r->out.steps, r->out.step_count, r->out.epochs,
                      r->out.epoch_count));
        r->run = next;
        r->out.step_count = r->out.epoch_count = 0;
    }
    r->ending = over;
fail:
    return status;
}

// How it ended: behind its last weights, so that a run that is said to be finished has them,
// whenever this process is killed.
static Status recording_write_end(Recording *r, Store *store) {
    if (!r->ending || r->ended) return status_ok();
    KeptRun next = r->run;
    mutex_lock(&r->mutex);
    next.state = r->end;
    memcpy(next.failure, r->failure, sizeof next.failure);
    bool lost = r->lost;
    mutex_unlock(&r->mutex);
    Status status = store_add(store, &next, NULL, 0, NULL, 0);
    if (!status_is_ok(&status)) return status;
    r->run = next;
    r->ended = true;
    if (!lost) return status;
    return status_error(STATUS_MEMORY,
                        "too much was waiting for the disk: the end of the run \"%s\" is not kept",
                        next.name);
}

static void recording_note(Recording *r, const RecordingWeights *of) {
    SavedModel *model = r->model;
    const KeptRun *run = &r->run;
    long long done = run_batches_done(of->epoch, of->batch, run->batches);
    tensor_names_count(model->names, done - r->counted);
    r->counted = done;
    int used = snprintf(model->record, sizeof model->record,
                        "data=\"%s\" epoch=%d batch=%d images=%lld seconds=%.2f", run->data,
                        of->epoch, of->batch, of->images, of->seconds);
    if (of->test_accuracy >= 0)
        snprintf(model->record + used, sizeof model->record - (size_t)used,
                 " test_loss=%.5f test_accuracy=%.4f", of->test_loss, of->test_accuracy);
}

static Status recording_write_weights(Recording *r, Store *store, KeptWeights which) {
    RecordingWeights of;
    mutex_lock(&r->mutex);
    RecordingWeights *slot = &r->slot[which];
    of = *slot;
    if (of.fresh) { // the two change places
        slot->weights = r->model->weights;
        slot->fresh = false;
        r->model->weights = of.weights;
    }
    mutex_unlock(&r->mutex);
    if (!of.fresh) return status_ok();
    double before = clock_seconds();
    recording_note(r, &of);
    Status status = store_write_weights(store, atomic_load(&r->id), which, r->model);
    double now = clock_seconds(), pause = (now - before) * WEIGHTS_SHARE;
    mutex_lock(&r->mutex);
    if (now + pause > r->due) r->due = now + pause;
    if (!status_is_ok(&status) && !slot->fresh) { // again, unless newer ones have come
        of.weights = r->model->weights;
        r->model->weights = slot->weights;
        *slot = of;
    }
    mutex_unlock(&r->mutex);
    if (which == KEPT_LAST) atomic_store(&r->kept, status_is_ok(&status));
    return status;
}

Status recording_write(Recording *r, Store *store, bool batches) {
    Status status = status_ok();
    bool rest = !r->ended && (batches || atomic_load(&r->id) == 0);
    while (rest) TRY(recording_write_pile(r, store, &rest));
    for (int i = 0; i < KEPT_WEIGHTS_COUNT && atomic_load(&r->id) != 0; i++) {
        Status one = recording_write_weights(r, store, (KeptWeights)i);
        if (status_is_ok(&status)) status = one;
    }
    // Weights that cannot be written are tried again; the figures need not wait for them.
    Status end = recording_write_end(r, store);
    if (status_is_ok(&status)) status = end;
    if (r->ended && status_is_ok(&status)) recording_release(r);
fail:
    return status;
}
