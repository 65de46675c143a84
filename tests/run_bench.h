// Runs for tests of what can be asked of a run: small, on synthetic digits, whole or in pieces, and
// changed live.
#ifndef INKLING_TESTS_RUN_BENCH_H
#define INKLING_TESTS_RUN_BENCH_H

#include "test.h"

#include "base/file.h"
#include "files.h"
#include "train/run.h"

#include <stdlib.h>

enum { TRAIN_N = 420, TEST_N = 100 };
#define NET                                                                                        \
    "layers=\"conv 4 k3, relu, maxpool 2, dropout 0.2, dense 16, batchnorm, relu, dense 10\" "

typedef struct Bench {
    Dataset *dataset;
    Backend *be;
    DeviceData data;
} Bench;

static Dataset *shared;

static int open_data(void **state) {
    (void)state;
    Status status = dataset_open_synthetic(&shared, 3, TRAIN_N, TEST_N, 2);
    return status_is_ok(&status) ? 0 : -1;
}
static int close_data(void **state) {
    (void)state;
    dataset_close(&shared);
    return 0;
}

static void bench_open(Bench *bench, int threads) {
    BackendConfig backend = {"cpu", threads};
    bench->dataset = shared;
    assert_ok(backend_open(&backend, &bench->be));
    assert_ok(device_data_open(bench->be, shared, &bench->data));
}
static void bench_close(Bench *bench) {
    device_data_close(&bench->data);
    backend_close(&bench->be);
}

static TrainConfig parse(const char *line, int threads) {
    TrainConfig config;
    assert_ok(config_parse(line, &config));
    config.threads = threads;
    return config;
}

// What a person may do while it runs, at a batch of the whole run.
static void live(Run *run, int batch) {
    if (batch == 11) run_set_lr(run, 0.0007);
    if (batch == 17) run_set_augment(run, 1);
    if (batch == 24) run_set_epochs(run, 3);
}

static void advance(Run *run, int *batch, bool with_live) {
    BatchRecord record;
    EpochRecord epoch;
    EvalResult result;
    if (with_live) live(run, *batch);
    assert_ok(run_step(run, &record));
    ++*batch;
    if (!run_at_epoch_end(run)) return;
    assert_ok(run_end_epoch(run, &epoch));
    assert_ok(run_evaluate(run, &result, NULL, NULL));
    run_note_test(run, result.accuracy);
}

static float *weights_of(Run *run, size_t *bytes) {
    *bytes = run_plan(run)->weight_floats * sizeof(float);
    float *weights = calloc(1, *bytes);
    assert_non_null(weights);
    run_get_weights(run, weights);
    return weights;
}

static float *train(const char *line, int threads, bool with_live, size_t *bytes) {
    Bench bench;
    Run *run;
    int batch = 0;
    TrainConfig config = parse(line, threads);
    bench_open(&bench, threads);
    assert_ok(run_open(&config, &bench.data, NULL, &run));
    while (!run_finished(run)) advance(run, &batch, with_live);
    float *weights = weights_of(run, bytes);
    run_close(&run);
    bench_close(&bench);
    return weights;
}

// How many batches the last run in pieces had.
static struct { int batches; } in_pieces;

// A new run, as in a new process, every `every` batches.
static float *train_in_pieces(const char *line, int threads, int every, bool with_live,
                              size_t *bytes) {
    char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];
    float *weights = NULL;
    int batch = 0;
    Bench bench;
    TrainConfig config = parse(line, threads);
    assert_true(files_open(directory));
    files_path(path, directory, "state");
    bench_open(&bench, threads);
    while (!weights) {
        Run *run;
        assert_ok(run_open(&config, &bench.data, NULL, &run));
        if (batch > 0) assert_ok(run_load_state(run, path));
        for (int i = 0; i < every && !run_finished(run); i++) advance(run, &batch, with_live);
        assert_ok(run_save_state(run, path));
        if (run_finished(run)) weights = weights_of(run, bytes);
        run_close(&run);
    }
    bench_close(&bench);
    files_close(directory);
    in_pieces.batches = batch;
    return weights;
}

static void same_bits(const char *line, const char *how, const float *a, const float *b,
                      size_t bytes) {
    if (memcmp(a, b, bytes) != 0) fail_msg("%s gives other weights: %s", how, line);
}

#endif
