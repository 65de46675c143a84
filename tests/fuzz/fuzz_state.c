// Checkpoints of a run (--resume). The magic, the settings and the checksum are made right, as
// hardly a mutation would be; the rest of the header and the numbers are the input's.
#include "fuzz.h"

#include "train/run.h"

#include <stdlib.h>
#include <string.h>

// A run that is as small as one can be. Opened once, never closed: libFuzzer ends by exit().
static const char LINE[] = "layers=\"avgpool 7, dense 2\" optimizer=adam batch-size=2 epochs=2 "
                           "schedule=plateau held-out=4 patience=2 ema=0.9 seed=1";
enum { IMAGES = 12, SIDE = 28 };

static struct {
    DeviceData data;
    Dataset *dataset;
    Backend *be;
    Run *run;
    Bytes good; // its state at the beginning
} fixture;

static void close_fixture(void) {
    run_close(&fixture.run);
    device_data_close(&fixture.data);
    backend_close(&fixture.be);
    dataset_close(&fixture.dataset);
    bytes_close(&fixture.good);
}

static Status open_fixture(void) {
    static uint8_t pixels[IMAGES * SIDE * SIDE], labels[IMAGES];
    TrainConfig config;
    BackendConfig backend = {"cpu", 1};
    char path[FILE_PATH_MAX];
    Status status;
    for (int i = 0; i < IMAGES; i++) labels[i] = (uint8_t)(i % 2);
    ImageSet set = {IMAGES, 1, SIDE, SIDE, pixels, labels};
    TRY(dataset_open_arrays(&fixture.dataset, "blank", &set, &set));
    TRY(config_parse(LINE, &config));
    TRY(backend_open(&backend, &fixture.be));
    TRY(device_data_open(fixture.be, fixture.dataset, &fixture.data));
    TRY(run_open(&config, &fixture.data, NULL, &fixture.run));
    fuzz_path(path, "state");
    TRY(run_save_state(fixture.run, path));
    TRY(file_read(path, 1 << 24, &fixture.good));
    atexit(close_fixture);
fail:
    return status;
}

// ---- the checksum, as run_state.c has it -------------------------------------------------------

static uint64_t sum_of(const unsigned char *data, size_t size) {
    uint64_t sum = size;
    for (size_t i = 0; i + 4 <= size; i += 4) {
        uint32_t word;
        memcpy(&word, data + i, 4);
        sum = (sum ^ word) * 0x100000001B3u;
    }
    return sum;
}

// Where it lies: at the place that, when it is 0, makes the sum of the whole.
static size_t find_sum(void) {
    Bytes *good = &fixture.good;
    for (size_t at = 0; at + 8 <= good->size; at += 8) {
        uint64_t stored, zero = 0;
        memcpy(&stored, good->data + at, 8);
        memcpy(good->data + at, &zero, 8);
        bool found = stored != 0 && stored == sum_of(good->data, good->size);
        memcpy(good->data + at, &stored, 8);
        if (found) return at;
    }
    check_failed(__FILE__, __LINE__, "a checkpoint has no checksum");
}

// ---- the target ---------------------------------------------------------------------------------

// Some batches from there on, and the end of an epoch where there is one.
static void go_on(Run *run) {
    BatchRecord batch;
    EpochRecord epoch;
    for (int i = 0; i < 5 && !run_finished(run); i++) {
        Status status = run_at_epoch_end(run) ? status_ok() : run_step(run, &batch);
        fuzz_check(&status);
        if (!status_is_ok(&status)) return;
        if (!run_at_epoch_end(run)) continue;
        status = run_end_epoch(run, &epoch);
        fuzz_check(&status);
        if (!status_is_ok(&status)) return;
    }
}

// Three bytes of input change one of the file: where, low byte first, and to what.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static size_t place;
    if (!fixture.run) {
        Status status = open_fixture();
        REQUIRE(status_is_ok(&status));
        place = find_sum();
    }
    Bytes *good = &fixture.good;
    unsigned char *bytes = malloc(good->size);
    uint64_t sum = 0;
    REQUIRE(bytes);
    memcpy(bytes, good->data, good->size);
    for (size_t i = 0; i + 3 <= size; i += 3)
        bytes[(data[i] | (unsigned)data[i + 1] << 8) % good->size] = data[i + 2];
    memcpy(bytes + place, &sum, sizeof sum);
    sum = sum_of(bytes, good->size);
    memcpy(bytes + place, &sum, sizeof sum);
    Status status = run_load_state(fixture.run, fuzz_file(bytes, good->size));
    fuzz_check(&status);
    if (status_is_ok(&status)) go_on(fixture.run);
    free(bytes);
    return 0;
}
