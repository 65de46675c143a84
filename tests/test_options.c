// What can be asked of a run beside its recipe: that every option keeps runs repeatable bit for bit
// (any number of threads, stopped and resumed anywhere, changed live), and that it does what it
// says.
#include "run_bench.h"

#include <float.h>
#include <math.h>

static const char *const lines[] = {
    NET "optimizer=nadam epochs=3 batch-size=32 ema=0.95 clip-norm=0.5 warmup-steps=9",
    NET "optimizer=momentum lr=0.05 epochs=3 batch-size=50 schedule=one-cycle augment=strong",
    NET "optimizer=adamw epochs=4 batch-size=40 schedule=one-cycle held-out=100 patience=2 ema=0.9",
    NET "optimizer=radam epochs=4 batch-size=64 schedule=plateau plateau-patience=0 gamma=0.3 "
        "plateau-threshold=0.2 augment=light erase=0.5 rotate=30",
    NET "optimizer=rmsprop lr=0.001 momentum=0.5 centered=1 epochs=2 batch-size=33 loss=hinge "
        "schedule=cosine schedule-unit=batch limit=300 held-out=60 thickness=0.5 elastic=0.04",
    NET "optimizer=lion epochs=2 batch-size=64 loss=mse warmup-epochs=0.5 shear=0.2 shift=0.1",
    NET "optimizer=adadelta epochs=2 batch-size=100 label-smoothing=0.1 schedule=exponential",
    NET "optimizer=adagrad initial-accumulator-value=0.1 epochs=2 until=0.5 no-such=0",
};
enum { LINES = sizeof lines / sizeof lines[0] - 1 }; // the last one is a wrong one

static void threads_do_not_matter(void **state) {
    (void)state;
    for (int i = 0; i < LINES; i++) {
        size_t bytes;
        float *one = train(lines[i], 1, false, &bytes); // makes augmented batches itself
        float *three = train(lines[i], 3, false, &bytes);
        same_bits(lines[i], "another number of threads", one, three, bytes);
        free(one);
        free(three);
    }
}

static void resuming_does_not_matter(void **state) {
    (void)state;
    for (int i = 0; i < LINES; i++) {
        size_t bytes;
        float *whole = train(lines[i], 2, false, &bytes);
        float *pieces = train_in_pieces(lines[i], 2, 7, false, &bytes);
        same_bits(lines[i], "resuming", whole, pieces, bytes);
        free(whole);
        free(pieces);
    }
}

static void live_changes_are_kept(void **state) {
    (void)state;
    size_t bytes;
    const char *line = NET "optimizer=adam epochs=5 batch-size=50 ema=0.9";
    float *whole = train(line, 2, true, &bytes), *plain = train(line, 2, false, &bytes);
    float *pieces = train_in_pieces(line, 2, 9, true, &bytes);
    same_bits(line, "resuming after live changes", whole, pieces, bytes);
    assert_memory_not_equal(whole, plain, bytes);
    free(whole);
    free(plain);
    free(pieces);
}

// Batches of the augmentation before, made ahead of the change, must not be taken.
static void live_changes_are_the_same_on_threads(void **state) {
    (void)state;
    size_t bytes;
    const char *line = NET "optimizer=adam epochs=2 batch-size=20 augment=strong";
    float *one = train(line, 1, true, &bytes), *three = train(line, 3, true, &bytes);
    same_bits(line, "another number of threads, changed live,", one, three, bytes);
    free(one);
    free(three);
}

static void evaluating_changes_nothing(void **state) {
    (void)state;
    const char *line = NET "optimizer=adam epochs=1 batch-size=64 ema=0.8";
    float *weights[2];
    size_t bytes = 0;
    for (int asked = 0; asked < 2; asked++) {
        Bench bench;
        Run *run;
        BatchRecord batch;
        EvalResult result;
        TrainConfig config = parse(line, 1);
        bench_open(&bench, 1);
        assert_ok(run_open(&config, &bench.data, NULL, &run));
        while (!run_at_epoch_end(run)) {
            assert_ok(run_step(run, &batch));
            if (!asked) continue;
            assert_ok(run_evaluate(run, &result, NULL, NULL));
        }
        weights[asked] = weights_of(run, &bytes);
        run_close(&run);
        bench_close(&bench);
    }
    same_bits(line, "being asked", weights[0], weights[1], bytes);
    free(weights[0]);
    free(weights[1]);
}

// ---- what they do -------------------------------------------------------------------------------

// The same images and, at rate 0, the same weights: only what is forgotten makes the losses differ.
static void dropout_forgets_others_each_step(void **state) {
    (void)state;
    enum { STEPS = 6 };
    Bench bench;
    Run *run;
    float losses[STEPS];
    TrainConfig config =
        parse("layers=\"dropout 0.5, dense 10\" optimizer=sgd lr=0 epochs=6 limit=8 "
              "batch-size=8 shuffle=0",
              1);
    bench_open(&bench, 1);
    assert_ok(run_open(&config, &bench.data, NULL, &run));
    for (int i = 0; i < STEPS; i++) {
        BatchRecord batch;
        EpochRecord epoch;
        assert_ok(run_step(run, &batch));
        assert_ok(run_end_epoch(run, &epoch));
        losses[i] = batch.loss;
        for (int k = 0; k < i; k++) assert_true(losses[k] != losses[i]);
    }
    run_close(&run);
    bench_close(&bench);
}

// An epoch's loss and accuracy are the means of its images', whatever came before and wherever it
// was stopped between. A batch's loss was rounded to float, and all are positive.
static void epochs_are_means_of_their_batches(void **state) {
    (void)state;
    char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];
    TrainConfig config = parse(NET "optimizer=adam epochs=3 batch-size=64", 1);
    Bench bench;
    Run *run;
    assert_true(files_open(directory));
    files_path(path, directory, "state");
    bench_open(&bench, 1);
    assert_ok(run_open(&config, &bench.data, NULL, &run));
    while (!run_finished(run)) {
        double loss = 0, right = 0;
        EpochRecord epoch;
        while (!run_at_epoch_end(run)) {
            int left = TRAIN_N - (run_batch(run) - 1) * 64, n = left < 64 ? left : 64;
            BatchRecord batch;
            assert_ok(run_step(run, &batch));
            loss += n * (double)batch.loss;
            right += n * (double)batch.accuracy;
            if (run_batch(run) != 4) continue;
            assert_ok(run_save_state(run, path));
            run_close(&run);
            assert_ok(run_open(&config, &bench.data, NULL, &run));
            assert_ok(run_load_state(run, path));
        }
        assert_ok(run_end_epoch(run, &epoch));
        loss /= TRAIN_N;
        assert_true(fabs(epoch.train_loss - loss) <= (double)FLT_EPSILON * loss);
        assert_true(fabs(epoch.train_accuracy * TRAIN_N - right) < 0.5);
    }
    run_close(&run);
    bench_close(&bench);
    files_close(directory);
}

// The average of the weights after each step, by hand.
static void the_average_answers(void **state) {
    (void)state;
    Bench bench;
    Run *plain, *averaged;
    BatchRecord batch;
    size_t bytes;
    double keep = 0.8;
    TrainConfig config = parse(NET "optimizer=adam lr=0.01 epochs=1 batch-size=64", 1);
    bench_open(&bench, 1);
    assert_ok(run_open(&config, &bench.data, NULL, &plain));
    config.ema = keep;
    assert_ok(run_open(&config, &bench.data, NULL, &averaged));
    double *mean = NULL;
    for (int step = 0; step < 6; step++) {
        assert_ok(run_step(plain, &batch));
        assert_ok(run_step(averaged, &batch));
        float *now = weights_of(plain, &bytes);
        size_t floats = bytes / sizeof *now;
        if (!mean) mean = calloc(floats, sizeof *mean);
        assert_non_null(mean);
        for (size_t i = 0; i < floats; i++)
            mean[i] = step == 0 ? (double)now[i] : keep * mean[i] + (1 - keep) * (double)now[i];
        free(now);
        float *got = weights_of(averaged, &bytes);
        for (size_t i = 0; i < floats; i++)
            if (fabs((double)got[i] - mean[i]) > 8e-7 * (fabs(mean[i]) + 0.1))
                fail_msg("step %d, weight %zu: %g, by hand %g", step, i, (double)got[i], mean[i]);
        free(got);
    }
    free(mean);
    run_close(&plain);
    run_close(&averaged);
    bench_close(&bench);
}

static void misfits_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"patience=3", "held-out"},
        {"held-out=420", "hold out fewer"},
        {"limit=50 held-out=50", "hold out fewer"},
    };
    Bench bench;
    bench_open(&bench, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Run *run;
        TrainConfig config = parse(cases[i].line, 1);
        assert_fails(run_open(&config, &bench.data, NULL, &run), STATUS_USAGE, cases[i].says);
    }
    TrainConfig config;
    assert_fails(config_parse(lines[LINES], &config), STATUS_USAGE, "no-such");
    bench_close(&bench);
}

static void the_line_says_it_all(void **state) {
    (void)state;
    for (int i = 0; i < LINES; i++) {
        TrainConfig config = parse(lines[i], 0), again;
        char line[TRAIN_LINE_MAX], second[TRAIN_LINE_MAX];
        config_print(&config, line);
        assert_ok(config_parse(line, &again));
        config_print(&again, second);
        assert_string_equal(line, second);
        assert_memory_equal(&config.strengths, &again.strengths, sizeof config.strengths);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(resuming_does_not_matter),
        cmocka_unit_test(live_changes_are_kept),
        cmocka_unit_test(the_average_answers),
        cmocka_unit_test(misfits_are_refused),
        cmocka_unit_test(the_line_says_it_all),
        cmocka_unit_test(evaluating_changes_nothing),
        cmocka_unit_test(dropout_forgets_others_each_step),
        cmocka_unit_test(live_changes_are_the_same_on_threads),
        cmocka_unit_test(epochs_are_means_of_their_batches),
    };
    return cmocka_run_group_tests_name("options", tests, open_data, close_data);
}
