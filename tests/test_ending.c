// When a run ends, and with which weights: held-out images, patience, accuracies to reach; and that
// one that is stopped and taken up again ends as it would have.
#include "run_bench.h"

#include "dataset/batch.h"
#include "dataset/split.h"

#include <math.h>

// At such a rate nothing gets better after the first epoch, of two batches: the fourth is the last.
static void patience_goes_on(void **state) {
    (void)state;
    static const char line[] = "layers=\"dense 10\" optimizer=sgd lr=1e-30 epochs=9 batch-size=160 "
                               "held-out=100 patience=3";
    for (int every = 1; every < 10; every++) {
        size_t bytes;
        free(train_in_pieces(line, 1, every, false, &bytes));
        if (in_pieces.batches != 8)
            fail_msg("resumed every %d batches it has %d, not 8", every, in_pieces.batches);
    }
}

static void patience_ends_and_restores(void **state) {
    (void)state;
    Bench bench;
    Run *run;
    BatchRecord batch;
    EpochRecord epoch = {0};
    double best = -1, best_loss = INFINITY;
    int best_epoch = 0;
    // Far too fast, so that it soon gets worse.
    TrainConfig config = parse(NET "optimizer=sgd lr=2 epochs=60 batch-size=25 held-out=120 "
                                   "patience=3 monitor=loss",
                               2);
    bench_open(&bench, 2);
    assert_ok(run_open(&config, &bench.data, NULL, &run));
    assert_int_equal(run_batches(run), (TRAIN_N - 120 + 24) / 25);
    while (!run_finished(run)) {
        assert_ok(run_step(run, &batch));
        if (!run_at_epoch_end(run)) continue;
        assert_ok(run_end_epoch(run, &epoch));
        assert_int_equal(epoch.held_images, 120);
        if (epoch.held_loss < best_loss) {
            best_loss = epoch.held_loss;
            best = epoch.held_accuracy;
            best_epoch = epoch.epoch;
        }
    }
    assert_true(epoch.epoch < 60);
    assert_int_equal(epoch.epoch, best_epoch + 3);
    assert_int_equal(run_best_epoch(run), best_epoch);
    assert_true(best >= 0);
    run_close(&run);

    // Trained for just as long as it was good, the same weights come out.
    size_t bytes;
    char line[512];
    snprintf(line, sizeof line, NET "optimizer=sgd lr=2 epochs=%d batch-size=25 held-out=120",
             best_epoch);
    float *until_then = train(line, 2, false, &bytes);
    assert_ok(run_open(&config, &bench.data, NULL, &run));
    int count = 0;
    while (!run_finished(run)) advance(run, &count, false);
    float *restored = weights_of(run, &bytes);
    same_bits(line, "restoring", until_then, restored, bytes);
    free(until_then);
    free(restored);
    run_close(&run);
    bench_close(&bench);
}

// Stopped and resumed after its best epoch, it still ends with the weights of that.
static void the_best_is_kept_when_resumed(void **state) {
    (void)state;
    const char *line = NET "optimizer=sgd lr=2 epochs=60 batch-size=25 held-out=120 patience=3";
    size_t bytes;
    float *whole = train(line, 1, false, &bytes);
    float *pieces = train_in_pieces(line, 1, 7, false, &bytes);
    same_bits(line, "resuming after the best epoch", whole, pieces, bytes);
    free(whole);
    free(pieces);
}

// What is said of the held-out images is what the same weights give where those are the test set.
static void held_out_images_are_judged(void **state) {
    (void)state;
    enum { HELD = 100, SEED = 9 };
    const ImageSet *all = &shared->train;
    size_t size = imageset_image_bytes(all), bytes;
    uint8_t *pixels = malloc(HELD * size), labels[HELD];
    Split split;
    Bench bench;
    Run *run;
    EpochRecord epoch;
    EvalResult result;
    TrainConfig config = parse(NET "optimizer=adam epochs=1 batch-size=40 held-out=100 seed=9", 1);
    assert_non_null(pixels);
    assert_ok(split_open(&split, TRAIN_N, 0, HELD, SEED));
    batch_gather(all, split.held, HELD, pixels, labels);
    split_close(&split);
    bench_open(&bench, 1);
    assert_ok(run_open(&config, &bench.data, NULL, &run));
    while (!run_at_epoch_end(run)) {
        BatchRecord batch;
        assert_ok(run_step(run, &batch));
    }
    assert_ok(run_end_epoch(run, &epoch));
    float *weights = weights_of(run, &bytes);
    run_close(&run);
    bench_close(&bench);

    ImageSet held = {HELD, all->channels, all->height, all->width, pixels, labels};
    BackendConfig backend = {"cpu", 1};
    assert_ok(dataset_open_arrays(&bench.dataset, "held", all, &held));
    assert_ok(backend_open(&backend, &bench.be));
    assert_ok(device_data_open(bench.be, bench.dataset, &bench.data));
    config.held_out = 0;
    assert_ok(run_open(&config, &bench.data, weights, &run));
    assert_ok(run_evaluate(run, &result, NULL, NULL));
    assert_true(epoch.held_loss == result.loss && epoch.held_accuracy == result.accuracy);
    run_close(&run);
    bench_close(&bench);
    dataset_close(&bench.dataset);
    free(weights);
    free(pixels);
}

// The first of the epochs with the highest accuracy; three others behind it end the run.
static void accuracy_is_watched(void **state) {
    (void)state;
    Bench bench;
    Run *run;
    int best_epoch = 0;
    EpochRecord epoch = {0};
    double best = -1;
    TrainConfig config = parse(NET "optimizer=adam lr=0.003 epochs=60 batch-size=50 held-out=120 "
                                   "patience=3 monitor=accuracy",
                               2);
    bench_open(&bench, 2);
    assert_ok(run_open(&config, &bench.data, NULL, &run));
    while (!run_finished(run)) {
        BatchRecord batch;
        assert_ok(run_step(run, &batch));
        if (!run_at_epoch_end(run)) continue;
        assert_ok(run_end_epoch(run, &epoch));
        if (!(epoch.held_accuracy > best)) continue;
        best = epoch.held_accuracy;
        best_epoch = epoch.epoch;
    }
    assert_true(best_epoch > 1 && epoch.epoch < 60);
    assert_int_equal(epoch.epoch, best_epoch + 3);
    assert_int_equal(run_best_epoch(run), best_epoch);
    run_close(&run);
    bench_close(&bench);
}

static void until_ends(void **state) {
    (void)state;
    Bench bench;
    Run *run;
    int batch = 0;
    TrainConfig config = parse(NET "optimizer=adam lr=0.005 epochs=50 batch-size=25 until=0.5", 2);
    EvalResult result;
    bench_open(&bench, 2);
    assert_ok(run_open(&config, &bench.data, NULL, &run));
    while (!run_finished(run)) advance(run, &batch, false);
    assert_true(run_epoch(run) - 1 < 50);
    assert_ok(run_evaluate(run, &result, NULL, NULL));
    assert_true(result.accuracy >= 0.5);
    // Whoever takes it up again finds that it has ended.
    char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];
    assert_true(files_open(directory));
    files_path(path, directory, "state");
    assert_ok(run_save_state(run, path));
    run_close(&run);
    assert_ok(run_open(&config, &bench.data, NULL, &run));
    assert_false(run_finished(run));
    assert_ok(run_load_state(run, path));
    assert_true(run_finished(run));
    run_close(&run);
    bench_close(&bench);
    files_close(directory);
}

// Given up over the held-out images, an epoch is at its end still; then it goes on as if it had
// not.
static void stopped_over_held_out_images(void **state) {
    (void)state;
    const char *line = NET "optimizer=adam epochs=3 batch-size=40 held-out=100 patience=2 ema=0.9";
    TrainConfig config = parse(line, 1);
    Bench bench;
    Run *run;
    BatchRecord batch;
    EpochRecord epoch;
    EvalResult result;
    atomic_bool stop = true;
    size_t bytes, all;
    bench_open(&bench, 1);
    assert_ok(run_open(&config, &bench.data, NULL, &run));
    while (!run_finished(run)) {
        assert_ok(run_step(run, &batch));
        if (!run_at_epoch_end(run)) continue;
        run_set_cancel(run, &stop);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(run_evaluate(run, &result, NULL, NULL).code, STATUS_CANCELLED);
            assert_int_equal(run_end_epoch(run, &epoch).code, STATUS_CANCELLED);
            assert_true(run_at_epoch_end(run));
        }
        run_set_cancel(run, NULL);
        assert_ok(run_end_epoch(run, &epoch));
    }
    float *whole = train(line, 1, false, &all), *stopped = weights_of(run, &bytes);
    assert_int_equal(bytes, all);
    same_bits(line, "stopping", whole, stopped, bytes);
    free(whole);
    free(stopped);
    run_close(&run);
    bench_close(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patience_goes_on),
        cmocka_unit_test(patience_ends_and_restores),
        cmocka_unit_test(the_best_is_kept_when_resumed),
        cmocka_unit_test(held_out_images_are_judged),
        cmocka_unit_test(stopped_over_held_out_images),
        cmocka_unit_test(accuracy_is_watched),
        cmocka_unit_test(until_ends),
    };
    return cmocka_run_group_tests_name("ending", tests, open_data, close_data);
}
