// The database of runs, which lies where any program of the user can write. A good one is made
// once; four bytes of input change one of the file: where, low byte first (three), and to what.
#include "fuzz.h"

#include "base/text.h"
#include "history/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEPS = 40, FILE_MAX = 1 << 22 };

static char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];
static Bytes good;

static Status make_good(void) {
    Status status;
    Store *store = NULL;
    KeptRun run = {.batches = 20, .epochs_asked = 2, .steps = STEPS, .state = KEPT_FINISHED};
    BatchRecord steps[STEPS] = {{0}};
    EpochRecord epochs[2] = {{.epoch = 1}, {.epoch = 2}};
    text_copy(run.name, sizeof run.name, "a run");
    text_copy(run.settings, sizeof run.settings, "optimizer=adam seed=1");
    text_copy(run.layers, sizeof run.layers, "dense 10");
    TRY(store_open(directory, &store));
    TRY(store_begin(store, &run, &run.id));
    TRY(store_add(store, &run, steps, STEPS, epochs, 2));
    TRY(store_begin(store, &run, &run.id));
    TRY(store_pin(store, run.id, true));
    store_close(&store); // brings the log into the file
    TRY(file_read(path, FILE_MAX, &good));
fail:
    store_close(&store);
    return status;
}

static void free_good(void) {
    bytes_close(&good);
}

static void put(const uint8_t *data, size_t size) {
    char log[FILE_PATH_MAX + 8];
    static const char *const ends[] = {"-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(log, sizeof log, "%s%s", path, ends[i]);
        unlink(log);
    }
    FILE *file = fopen(path, "wb");
    REQUIRE(file && fwrite(data, 1, size, file) == size);
    fclose(file);
}

static void look_at(Store *store) {
    KeptList list = {0};
    Status status = store_list(store, &list);
    fuzz_check(&status);
    for (size_t i = 0; status_is_ok(&status) && i < list.count && i < 8; i++) {
        const KeptRun *run = &list.run[i];
        KeptRecord record = {0};
        REQUIRE(memchr(run->name, '\0', sizeof run->name) != NULL);
        REQUIRE(run->state >= 0 && run->state < KEPT_STATE_COUNT);
        Status read = store_read(store, run->id, &record);
        fuzz_check(&read);
        kept_record_close(&record);
        read = store_rename(store, run->id, "another");
        fuzz_check(&read);
    }
    kept_list_close(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Store *store = NULL;
    if (!good.data) {
        fuzz_path(directory, "history");
        REQUIRE(path_join(path, directory, "runs.db"));
        Status status = make_good();
        REQUIRE(status_is_ok(&status));
        atexit(free_good);
    }
    unsigned char *bytes = malloc(good.size);
    REQUIRE(bytes);
    memcpy(bytes, good.data, good.size);
    for (size_t i = 0; i + 4 <= size; i += 4)
        bytes[(data[i] | (size_t)data[i + 1] << 8 | (size_t)data[i + 2] << 16) % good.size] =
            data[i + 3];
    put(bytes, good.size);
    free(bytes);
    Status status = store_open(directory, &store);
    fuzz_check(&status);
    REQUIRE(status_is_ok(&status) == (store != NULL));
    if (store) look_at(store);
    store_close(&store);
    return 0;
}
