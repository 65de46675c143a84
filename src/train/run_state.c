// A run's whole state as one file, so that it can go on later bit for bit: the settings line, its
// place in the data, weights, optimizer state. Random numbers need no saving: they are functions of
// seed and place (base/rng.h). Little-endian, as every machine this runs on is; checked at the end.
#include "train/run_internal.h"

#include <stdlib.h>
#include <string.h>

static const char STATE_MAGIC[16] = "INKLING-STATE-1";

typedef struct StateHeader {
    char magic[16];
    char settings[TRAIN_LINE_MAX];
    int64_t steps, epoch, batch, epoch_correct, epoch_images;
    double base_lr, seconds, epoch_seconds, epoch_loss;
    int64_t t;
    double memory[2];
    uint64_t weight_floats, state_floats;
    uint64_t checksum; // of everything behind the header
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

Status run_save_state(Run *run, const char *path) {
    size_t weights = model_plan(run->model)->weight_floats;
    size_t slots = optimizer_state_floats(run->optimizer);
    size_t floats = weights + slots;
    size_t size = sizeof(StateHeader) + floats * sizeof(float);
    unsigned char *bytes = calloc(1, size);
    if (!bytes) return status_no_memory("a checkpoint", size);
    StateHeader *header = (StateHeader *)bytes;
    float *payload = (float *)(bytes + sizeof *header);
    memcpy(header->magic, STATE_MAGIC, sizeof STATE_MAGIC);
    config_print(&run->config, header->settings);
    header->steps = run->steps;
    header->epoch = run->epoch;
    header->batch = run->batch;
    header->epoch_correct = run->epoch_correct;
    header->epoch_images = run->epoch_images;
    header->base_lr = run->base_lr;
    header->seconds = run->seconds;
    header->epoch_seconds = run->epoch_seconds;
    header->epoch_loss = run->epoch_loss;
    header->weight_floats = weights;
    header->state_floats = slots;
    model_get_weights(run->model, payload);
    optimizer_get_state(run->optimizer, &header->t, header->memory, payload + weights);
    header->checksum = state_checksum((unsigned char *)payload, floats * sizeof(float));
    Status status = file_write_atomic(path, bytes, size, 0644);
    free(bytes);
    return status;
}

// What must hold before a single byte of it is believed.
static Status state_check(const Run *run, const char *path, const Bytes *bytes) {
    const StateHeader *header = (const StateHeader *)bytes->data;
    size_t weights = model_plan(run->model)->weight_floats;
    size_t slots = optimizer_state_floats(run->optimizer);
    char settings[TRAIN_LINE_MAX];
    config_print(&run->config, settings);
    if (bytes->size < sizeof *header || memcmp(header->magic, STATE_MAGIC, sizeof STATE_MAGIC) != 0)
        return status_error(STATUS_FORMAT, "%s is not a checkpoint of this program", path);
    if (memchr(header->settings, '\0', sizeof header->settings) == NULL ||
        strcmp(header->settings, settings) != 0)
        return status_error(STATUS_FORMAT,
                            "%s belongs to another run; it was made with: %.250s. Use the same "
                            "settings, or another --resume file",
                            path, header->settings);
    if (header->weight_floats != weights || header->state_floats != slots ||
        bytes->size != sizeof *header + (weights + slots) * sizeof(float))
        return status_error(STATUS_FORMAT,
                            "%s has %zu bytes; %zu were expected: it is cut short or "
                            "belongs to another version",
                            path, bytes->size, sizeof *header + (weights + slots) * sizeof(float));
    if (header->checksum !=
        state_checksum(bytes->data + sizeof *header, (weights + slots) * sizeof(float)))
        return status_error(STATUS_FORMAT, "%s is damaged: its checksum does not fit", path);
    if (header->epoch < 0 || header->epoch > run->config.epochs || header->batch < 0 ||
        header->batch > run->batches || header->steps < 0 || header->t < 0)
        return status_error(STATUS_FORMAT,
                            "%s stands at epoch %lld, batch %lld: not a place in "
                            "this run",
                            path, (long long)header->epoch, (long long)header->batch);
    return status_ok();
}

Status run_load_state(Run *run, const char *path) {
    Bytes bytes = {NULL, 0};
    size_t limit = sizeof(StateHeader) + sizeof(float) * (model_plan(run->model)->weight_floats +
                                                          optimizer_state_floats(run->optimizer));
    Status status = file_read(path, limit, &bytes);
    if (!status_is_ok(&status)) return status;
    status = state_check(run, path, &bytes);
    if (status_is_ok(&status)) {
        const StateHeader *header = (const StateHeader *)bytes.data;
        const float *payload = (const float *)(bytes.data + sizeof *header);
        run->steps = header->steps;
        run->epoch = (int)header->epoch;
        run->batch = (int)header->batch;
        run->epoch_correct = header->epoch_correct;
        run->epoch_images = header->epoch_images;
        run->base_lr = header->base_lr;
        run->seconds = header->seconds;
        run->epoch_seconds = header->epoch_seconds;
        run->epoch_loss = header->epoch_loss;
        model_set_weights(run->model, payload);
        optimizer_set_state(run->optimizer, header->t, header->memory,
                            payload + header->weight_floats);
        run_restart_epoch(run);
    }
    bytes_close(&bytes);
    return status;
}
