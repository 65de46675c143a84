// The history of runs while memory runs out and disks refuse, SQLite's own included: every run that
// is in it afterwards has all of what was written together or nothing of it, and the next program
// opens it and goes on. The other operations are test_torture.c.
#include "fail_sqlite.h"
#include "files.h"
#include "torture.h"

#include "base/text.h"
#include "history/history.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { STEPS = 5, EPOCHS = 2 };

static char directory[FILE_PATH_MAX], place[FILE_PATH_MAX];
static SavedModel *model;
static Dataset *digits;
static TrainConfig config;
static long sentences;

static const BatchRecord steps[STEPS] = {{1, 1, 2.3f, 0.1f, 0.01f, 0.1f},
                                         {1, 2, 2.2f, 0.2f, 0.01f, 0.2f},
                                         {1, 3, 2.1f, 0.3f, 0.01f, 0.3f},
                                         {2, 1, 2.0f, 0.4f, 0.01f, 0.4f},
                                         {2, 2, 1.9f, 0.5f, 0.01f, 0.5f}};
static const EpochRecord epochs[EPOCHS] = {{.epoch = 1, .test_accuracy = 0.5},
                                           {.epoch = 2, .test_accuracy = 0.6}};

// ---- operations ---------------------------------------------------------------------------------

static Status change_and_read(Store *store, int64_t id) {
    KeptList list = {0};
    KeptRecord record = {0};
    Status status;
    TRY(store_rename(store, id, "another name"));
    TRY(store_pin(store, id, true));
    TRY(store_color(store, id, 3));
    TRY(store_list(store, &list));
    TRY(store_read(store, id, &record));
    if (record.step_count != STEPS || record.epoch_count != EPOCHS ||
        memcmp(record.steps, steps, sizeof steps) != 0 || !record.run.pinned)
        fail_msg("what was read is not what was written");
fail:
    kept_list_close(&list);
    kept_record_close(&record);
    return status;
}

// Everything that a store can do.
static Status use_store(void) {
    Store *store = NULL;
    KeptRun run = {.name = "a run",
                   .settings = "seed=1",
                   .state = KEPT_FINISHED,
                   .steps = STEPS,
                   .epoch = EPOCHS};
    Status status;
    TRY(store_open(place, &store));
    TRY(store_begin(store, &run, &run.id));
    TRY(store_add(store, &run, steps, STEPS, epochs, EPOCHS));
    TRY(store_write_weights(store, run.id, KEPT_LAST, model));
    TRY(change_and_read(store, run.id));
    TRY(store_delete(store, run.id));
fail:
    store_close(&store);
    return status;
}

static void count_sentence(void *context, LogLevel level, const char *text) {
    (void)context;
    (void)level;
    sentences += text[0] != '\0';
}

// A run as the trainer's thread reports it. What goes wrong is said to the logger, and the run is
// not kept; only want of memory for the thread is an error.
static Status record_run(void) {
    static const Logger logger = {count_sentence, NULL};
    static float weights[1 << 16];
    HistoryHooks hooks = {.logger = &logger};
    HistoryAbout about = {.name = "a run",
                          .color = -1,
                          .config = &config,
                          .spec = &model->spec,
                          .batches = 3,
                          .dataset = digits,
                          .backend = "one thread"};
    RunSnapshot snapshot = {.epoch = 2, .weights = weights, .evaluated_epoch = 2};
    History *history = NULL;
    Status status;
    TRY(history_open(place, &hooks, &history));
    Recording *recording = history_begin(history, &about);
    RunSink sink = recording_sink(recording);
    for (int i = 0; recording && i < STEPS; i++) sink.step(sink.context, &steps[i]);
    for (int i = 0; recording && i < EPOCHS; i++) sink.epoch(sink.context, &epochs[i]);
    if (recording) sink.snapshot(sink.context, &snapshot, true);
    if (recording) sink.over(sink.context, RUN_FINISHED, NULL);
fail:
    history_close(&history);
    return status;
}

static const Operation operations[] = {
    {.name = "use the store", .run = use_store, .writes = true},
    {.name = "record a run", .run = record_run, .writes = true},
};
enum { OPERATIONS = sizeof operations / sizeof operations[0] };

// ---- what must hold afterwards ------------------------------------------------------------------

// Opens, and nothing in it is half: then it is emptied for the next try.
static void check_history(const Operation *operation, FailKind kind, long nth) {
    Store *store = NULL;
    KeptList list;
    Status status = store_open(place, &store);
    if (status_is_ok(&status)) status = store_list(store, &list);
    if (!status_is_ok(&status))
        fail_msg("%s, kind %d, call %ld: %s", operation->name, (int)kind, nth, status.message);
    for (size_t i = 0; i < list.count; i++) {
        const KeptRun *run = &list.run[i];
        KeptRecord record;
        assert_ok(store_read(store, run->id, &record));
        // What a recording has no memory for is missing at the end, and that is said; what a
        // program hands to the store is there or not.
        bool all = record.step_count == STEPS && record.epoch_count == EPOCHS;
        bool none = record.step_count == 0 && record.epoch_count == 0;
        bool whole =
            record.step_count == (size_t)run->steps && record.epoch_count == (size_t)run->epoch &&
            (none || memcmp(record.steps, steps, record.step_count * sizeof *steps) == 0) &&
            (all || none || operation->run == record_run);
        if (!whole || run->state == KEPT_TRAINING)
            fail_msg("%s, kind %d, call %ld: run %lld is %s, with %zu steps and %zu epochs",
                     operation->name, (int)kind, nth, (long long)run->id,
                     kept_state_names[run->state], record.step_count, record.epoch_count);
        for (int k = 0; k < KEPT_WEIGHTS_COUNT; k++) {
            char path[FILE_PATH_MAX];
            SavedModel *again = NULL;
            if (!run->has[k] || !store_weights_path(store, run->id, (KeptWeights)k, path)) continue;
            assert_ok(format_read(path, &again));
            saved_model_close(&again);
        }
        kept_record_close(&record);
        assert_ok(store_delete(store, run->id));
    }
    kept_list_close(&list);
    store_close(&store);
}

static void memory_runs_out(void **state) {
    (void)state;
    for (int on = 0; on < 2; on++)
        for (int i = 0; i < OPERATIONS; i++)
            torture(&operations[i], FAIL_MEMORY, on, 0, check_history);
    assert_true(sentences > 0); // what a recording came to grief by was said
}

static void disks_refuse(void **state) {
    (void)state;
    static const int errors[] = {ENOSPC, EROFS, EIO};
    for (int i = 0; i < OPERATIONS; i++)
        for (int e = 0; e < 3; e++)
            for (int on = 0; on < 2; on++)
                torture(&operations[i], FAIL_FILES, on, errors[e], check_history);
}

static int set_up(void **state) {
    (void)state;
    ModelSpec spec = {.input = {1, 28, 28, false}, .normalization = {0.13f, 0.31f}};
    fail_take_sqlite();
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
    if (!files_open(directory)) return -1;
    files_path(place, directory, "history");
    assert_ok(spec_parse_layers("dense 10", &spec));
    assert_ok(saved_model_make(&spec, &model));
    assert_ok(dataset_open_synthetic(&digits, 1, 20, 10, 1));
    assert_ok(config_parse("layers=\"dense 10\" seed=1", &config));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    saved_model_close(&model);
    dataset_close(&digits);
    files_close(directory);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(disks_refuse),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
