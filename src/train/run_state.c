// A run's whole state as one file, so that it can go on later bit for bit: the settings line, what
// was changed live, its place in the data, weights, optimizer state, averages, what early stopping
// has seen. Random numbers need no saving: they are functions of seed and place (base/rng.h).
// Little-endian, as every machine this runs on is; checked at the end.
#include "train/run_internal.h"

#include <stdlib.h>
#include <string.h>

static const char STATE_MAGIC[16] = "INKLING-STATE-2";

// Behind it: weights, optimizer state, average (with ema), best weights (with patience).
typedef struct StateHeader {
    char magic[16];
    char settings[TRAIN_LINE_MAX]; // as opened
    char live[TRAIN_LINE_MAX];     // as it stands, live changes included
    int64_t steps, epoch, batch, epoch_correct, epoch_images, ended;
    double base_lr, last_lr, seconds, epoch_seconds, epoch_loss;
    ScheduleState schedule;
    double best_value;
    int64_t best_epoch, best_bad;
    int64_t t;
    double memory[2];
    uint64_t weight_floats, state_floats, average_floats, best_floats;
    uint64_t checksum; // of the header, this being 0, and of everything behind it
} StateHeader;

static uint64_t state_checksum(const unsigned char *data, size_t size) {
    uint64_t sum = size;
    for (size_t i = 0; i + 4 <= size; i += 4) {
        uint32_t word;
        memcpy(&word, data + i, 4);
        sum = (sum ^ word) * 0x100000001B3u; // FNV-1a, a word at a time
    }
    return sum;
}

// How much of each part this run has.
static size_t state_parts(const Run *run, StateHeader *header) {
    size_t weights = model_plan(run->model)->weight_floats;
    header->weight_floats = weights;
    header->state_floats = optimizer_state_floats(run->optimizer);
    header->average_floats = run->average ? weights : 0;
    header->best_floats = run->best.weights ? weights : 0;
    return header->weight_floats + header->state_floats + header->average_floats +
           header->best_floats;
}

static void state_put_place(const Run *run, StateHeader *header) {
    header->steps = run->steps;
    header->epoch = run->epoch;
    header->batch = run->batch;
    header->epoch_correct = run->epoch_correct;
    header->epoch_images = run->epoch_images;
    header->ended = run->ended;
    header->base_lr = run->base_lr;
    header->last_lr = run->last_lr;
    header->seconds = run->seconds;
    header->epoch_seconds = run->epoch_seconds;
    header->epoch_loss = run->epoch_loss;
    header->schedule = run->schedule;
    header->best_value = run->best.value;
    header->best_epoch = run->best.epoch;
    header->best_bad = run->best.bad;
}

Status run_save_state(Run *run, const char *path) {
    StateHeader *header = calloc(1, sizeof *header);
    if (!header) return status_no_memory("a checkpoint", sizeof *header);
    size_t floats = state_parts(run, header);
    size_t size = sizeof *header + floats * sizeof(float);
    unsigned char *bytes = calloc(1, size);
    Status status;
    if (!bytes) {
        status = status_no_memory("a checkpoint", size);
        goto fail;
    }
    memcpy(header->magic, STATE_MAGIC, sizeof STATE_MAGIC);
    text_copy(header->settings, sizeof header->settings, run->opened);
    config_print(&run->config, header->live);
    state_put_place(run, header);
    float *payload = (float *)(bytes + sizeof *header);
    model_get_weights(run->model, payload);
    payload += header->weight_floats;
    optimizer_get_state(run->optimizer, &header->t, header->memory, payload);
    payload += header->state_floats;
    if (run->average)
        run->be->ops->download(run->be, payload, run->average,
                               header->average_floats * sizeof(float));
    payload += header->average_floats;
    if (run->best.weights) memcpy(payload, run->best.weights, header->best_floats * sizeof(float));
    TRY(run->be->ops->sync(run->be)); // what a lost device gave must not replace a good file
    memcpy(bytes, header, sizeof *header);
    header->checksum = state_checksum(bytes, size);
    memcpy(bytes, header, sizeof *header);
    TRY(file_write_atomic(path, bytes, size, 0644));
fail:
    free(header);
    free(bytes);
    return status;
}

static bool state_is_text(const char line[TRAIN_LINE_MAX]) {
    return memchr(line, '\0', TRAIN_LINE_MAX) != NULL;
}

// Can a run like this one have come there? All of these are counted up from 0 as it goes on, so
// none may stand where the next one is too many.
static bool state_is_place(const Run *run, const StateHeader *header) {
    const int64_t most = INT64_MAX / 2;
    const struct {
        int64_t value, most;
    } counts[] = {
        {header->epoch, INT32_MAX / 2},
        {header->batch, run->batches},
        {header->steps, most},
        {header->t, most},
        {header->epoch_images, (int64_t)run->batches * run->config.batch_size},
        {header->epoch_correct, header->epoch_images},
        {header->best_epoch, INT32_MAX / 2},
        {header->best_bad, INT32_MAX / 2},
        {header->schedule.seen, INT32_MAX / 2},
        {header->schedule.bad, INT32_MAX / 2},
        {header->schedule.cooldown, INT32_MAX / 2},
    };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (counts[i].value < 0 || counts[i].value > counts[i].most) return false;
    return true;
}

// What must hold before a single byte of it is believed.
static Status state_check(const Run *run, const char *path, const Bytes *bytes,
                          StateHeader *header) {
    StateHeader own;
    size_t size = sizeof own + state_parts(run, &own) * sizeof(float);
    if (bytes->size < sizeof *header || memcmp(bytes->data, STATE_MAGIC, sizeof STATE_MAGIC) != 0)
        return status_error(STATUS_FORMAT,
                            "%s is not a checkpoint of this program, or of another version", path);
    memcpy(header, bytes->data, sizeof *header);
    if (!state_is_text(header->settings) || strcmp(header->settings, run->opened) != 0)
        return status_error(STATUS_FORMAT,
                            "%s belongs to another run; it was made with: %.250s. Use the same "
                            "settings, or another --resume file",
                            path, header->settings);
    if (header->weight_floats != own.weight_floats || header->state_floats != own.state_floats ||
        header->average_floats != own.average_floats || header->best_floats != own.best_floats ||
        bytes->size != size)
        return status_error(STATUS_FORMAT,
                            "%s has %zu bytes; %zu were expected: it is cut short or "
                            "belongs to another version",
                            path, bytes->size, size);
    uint64_t stored = header->checksum, zero = 0;
    memcpy(bytes->data + offsetof(StateHeader, checksum), &zero, sizeof zero);
    if (stored != state_checksum(bytes->data, bytes->size))
        return status_error(STATUS_FORMAT, "%s is damaged: its checksum does not fit", path);
    if (!state_is_place(run, header) || !state_is_text(header->live))
        return status_error(STATUS_FORMAT,
                            "%s stands at epoch %lld, batch %lld: not a place in "
                            "this run",
                            path, (long long)header->epoch, (long long)header->batch);
    return status_ok();
}

static void state_take_place(Run *run, const StateHeader *header) {
    run->steps = header->steps;
    run->epoch = (int)header->epoch;
    run->batch = (int)header->batch;
    run->epoch_correct = header->epoch_correct;
    run->epoch_images = header->epoch_images;
    run->ended = header->ended != 0;
    run->base_lr = header->base_lr;
    run->last_lr = header->last_lr;
    run->seconds = header->seconds;
    run->epoch_seconds = header->epoch_seconds;
    run->epoch_loss = header->epoch_loss;
    run->schedule = header->schedule;
    run->best.value = header->best_value;
    run->best.epoch = header->best_epoch;
    run->best.bad = header->best_bad;
}

// The live changes that stand in the config: augmentation and the number of epochs.
static Status state_take_live(Run *run, const StateHeader *header) {
    TrainConfig live;
    Status status = config_parse(header->live, &live);
    if (!status_is_ok(&status)) return status;
    run->config.augment = live.augment;
    run->config.strengths = live.strengths;
    run->config.epochs = live.epochs;
    run->augment = config_augment(&run->config);
    return status;
}

static Status state_take(Run *run, const char *path, const Bytes *bytes, StateHeader *header) {
    Status status = state_check(run, path, bytes, header);
    if (status_is_ok(&status)) status = state_take_live(run, header);
    if (!status_is_ok(&status)) return status;
    const float *payload = (const float *)(bytes->data + sizeof *header);
    state_take_place(run, header);
    model_set_weights(run->model, payload);
    payload += header->weight_floats;
    optimizer_set_state(run->optimizer, header->t, header->memory, payload);
    payload += header->state_floats;
    if (run->average)
        run->be->ops->upload(run->be, run->average, payload,
                             header->average_floats * sizeof(float));
    payload += header->average_floats;
    if (run->best.weights) memcpy(run->best.weights, payload, header->best_floats * sizeof(float));
    run_restart_epoch(run);
    return status;
}

Status run_load_state(Run *run, const char *path) {
    Bytes bytes = {NULL, 0};
    StateHeader *header = calloc(1, sizeof *header);
    if (!header) return status_no_memory("a checkpoint", sizeof *header);
    size_t limit = sizeof *header + sizeof(float) * state_parts(run, header);
    Status status = file_read(path, limit, &bytes);
    if (status_is_ok(&status)) status = state_take(run, path, &bytes, header);
    bytes_close(&bytes);
    free(header);
    return status;
}
