// Runs and the trainer on a small data set of synthetic digits: that they learn, that the same
// settings give the same bits (any number of threads, with and without the trainer's thread, paused
// or not, stopped and resumed), and that what goes wrong is said.
#include "test.h"

#include "base/file.h"
#include "base/thread.h"
#include "files.h"
#include "train/recognizer.h"
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>

enum { TRAIN_N = 900, TEST_N = 200 };
static const char LINE[] =
    "layers=\"conv 4 k3, relu, maxpool 2, dropout 0.2, dense 24, batchnorm, relu, dense 10\" "
    "optimizer=adam lr=0.003 batch-size=32 epochs=2 seed=5";

typedef struct Fixture {
    Dataset *dataset;
} Fixture;

static int open_data(void **state) {
    static Fixture fixture;
    Status status = dataset_open_synthetic(&fixture.dataset, 1, TRAIN_N, TEST_N, 2);
    *state = &fixture;
    return status_is_ok(&status) ? 0 : -1;
}
static int close_data(void **state) {
    Fixture *fixture = *state;
    dataset_close(&fixture->dataset);
    return 0;
}

// Trains `line` in this thread and gives the weights (caller frees) and the last epoch's record.
static float *train_here(const Dataset *dataset, const char *line, int threads,
                         EvalResult *result) {
    BackendConfig backend = {"cpu", threads};
    Backend *be;
    DeviceData data;
    TrainConfig config;
    Run *run;
    assert_ok(config_parse(line, &config));
    assert_ok(backend_open(&backend, &be));
    assert_ok(device_data_open(be, dataset, &data));
    assert_ok(run_open(&config, &data, NULL, &run));
    while (!run_finished(run)) {
        BatchRecord batch;
        EpochRecord epoch;
        assert_ok(run_step(run, &batch));
        if (run_at_epoch_end(run)) run_end_epoch(run, &epoch);
    }
    if (result) assert_ok(run_evaluate(run, result, NULL, NULL));
    float *weights = calloc(run_plan(run)->weight_floats, sizeof *weights);
    run_get_weights(run, weights);
    run_close(&run);
    device_data_close(&data);
    backend_close(&be);
    return weights;
}

static size_t weight_bytes(const Dataset *dataset, const char *line) {
    TrainConfig config;
    RunLog *log;
    assert_ok(config_parse(line, &config));
    assert_ok(run_log_open(&config, dataset, NULL, &log));
    size_t bytes = log->plan->weight_floats * sizeof(float);
    run_log_close(&log);
    return bytes;
}

static void it_learns(void **state) {
    const Dataset *dataset = ((Fixture *)*state)->dataset;
    EvalResult result;
    float *weights = train_here(dataset, LINE, 2, &result);
    free(weights);
    assert_int_equal(result.n, TEST_N);
    // Guessing gives 0.1; an untrained net as well.
    if (result.accuracy < 0.7) fail_msg("accuracy %.3f", result.accuracy);
}

static void threads_do_not_change_a_bit(void **state) {
    const Dataset *dataset = ((Fixture *)*state)->dataset;
    size_t bytes = weight_bytes(dataset, LINE);
    float *one = train_here(dataset, LINE, 1, NULL);
    for (int threads = 2; threads <= 3; threads++) {
        float *more = train_here(dataset, LINE, threads, NULL);
        assert_memory_equal(one, more, bytes);
        free(more);
    }
    char other[sizeof LINE + 16];
    snprintf(other, sizeof other, "%s augment=light", LINE);
    float *augmented = train_here(dataset, other, 2, NULL);
    assert_memory_not_equal(one, augmented, bytes);
    free(augmented);
    free(one);
}

// ---- the trainer's thread ----------------------------------------------------------------------

static void wait_until_over(const RunLog *log) {
    for (int i = 0; i < 60000 && !run_log_is_over(log); i++) thread_sleep(0.001);
    assert_true(run_log_is_over(log));
}

static void count_wake(void *context) {
    atomic_fetch_add((atomic_int *)context, 1);
}

static void check_thread(const Dataset *dataset, const char *line) {
    float *here = train_here(dataset, line, 1, NULL);
    atomic_int wakes;
    uint32_t config_images;
    atomic_init(&wakes, 0);
    TrainerHooks hooks = {count_wake, &wakes, NULL};
    BackendConfig backend = {"cpu", 2};
    Trainer *trainer;
    TrainConfig config;
    RunLog *paused, *beside;
    assert_ok(config_parse(line, &config));
    assert_ok(config_check(&config, dataset->train.n, &config_images));
    assert_ok(trainer_open(dataset, &backend, &hooks, &trainer));
    assert_ok(run_log_open(&config, dataset, NULL, &paused));
    assert_ok(run_log_open(&config, dataset, NULL, &beside));
    // One is stepped, paused and resumed; the other runs beside it, turn by turn.
    assert_true(trainer_start_step(trainer, paused));
    assert_true(trainer_step(trainer, paused));
    assert_true(trainer_start(trainer, beside));
    for (int i = 0; i < 20000 && feed_count(&paused->steps) < 2; i++) thread_sleep(0.001);
    thread_sleep(0.01);
    assert_int_equal(feed_count(&paused->steps), 2); // it stands still
    assert_int_equal(atomic_load(&paused->state), RUN_PAUSED);
    assert_true(trainer_resume(trainer, paused));
    wait_until_over(paused);
    wait_until_over(beside);
    RunLog *logs[] = {paused, beside};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(atomic_load(&logs[i]->state), RUN_FINISHED);
        assert_int_equal(feed_count(&logs[i]->steps), 2 * logs[i]->batches);
        assert_int_equal(feed_count(&logs[i]->epochs), 2);
        assert_true(mailbox_take(&logs[i]->mailbox));
        const RunSnapshot *snapshot = mailbox_front(&logs[i]->mailbox);
        assert_int_equal(snapshot->evaluated_epoch, 2);
        assert_int_equal(snapshot->images, 2 * config_images);
        assert_memory_equal(snapshot->weights, here, logs[i]->plan->weight_floats * sizeof(float));
    }
    assert_true(atomic_load(&wakes) > 0);
    trainer_close(&trainer);
    run_log_close(&paused);
    run_log_close(&beside);
    free(here);
}

static void the_thread_gives_the_same_bits_paused_or_not(void **state) {
    const Dataset *dataset = ((Fixture *)*state)->dataset;
    char line[sizeof LINE + 128];
    check_thread(dataset, LINE);
    snprintf(line, sizeof line,
             "%s augment=strong ema=0.9 held-out=100 patience=5 clip-norm=1 schedule=plateau",
             LINE);
    check_thread(dataset, line);
}

// Four optimizers turn by turn on two threads come to the very weights that each comes to alone,
// and one that blows up among them takes nobody with it.
static void a_race_gives_each_the_bits_it_has_alone(void **state) {
    const Dataset *dataset = ((Fixture *)*state)->dataset;
    static const char *const rules[] = {"sgd lr=0.05", "momentum lr=0.02", "rmsprop lr=0.001",
                                        "adam lr=0.003", "sgd lr=1e15"};
    enum { RACERS = sizeof rules / sizeof rules[0], GOOD = RACERS - 1 };
    TrainerHooks hooks = {NULL, NULL, NULL};
    BackendConfig backend = {"cpu", 2};
    Trainer *trainer;
    RunLog *logs[RACERS];
    char line[RACERS][512];
    assert_ok(trainer_open(dataset, &backend, &hooks, &trainer));
    for (int i = 0; i < RACERS; i++) {
        TrainConfig config;
        snprintf(line[i], sizeof line[i],
                 "layers=\"conv 4 k5, relu, maxpool 2, dropout 0.1, dense 10\" optimizer=%s "
                 "batch-size=32 epochs=2 seed=9 augment=light",
                 rules[i]);
        assert_ok(config_parse(line[i], &config));
        assert_ok(run_log_open(&config, dataset, NULL, &logs[i]));
    }
    for (int i = 0; i < RACERS; i++) assert_true(trainer_start(trainer, logs[i]));
    for (int i = 0; i < RACERS; i++) wait_until_over(logs[i]);
    assert_int_equal(atomic_load(&logs[GOOD]->state), RUN_FAILED);
    assert_non_null(strstr(logs[GOOD]->failure.message, "learning rate 1e+15"));
    for (int i = 0; i < GOOD; i++) {
        float *alone = train_here(dataset, line[i], 1, NULL);
        assert_int_equal(atomic_load(&logs[i]->state), RUN_FINISHED);
        assert_true(mailbox_take(&logs[i]->mailbox));
        const RunSnapshot *snapshot = mailbox_front(&logs[i]->mailbox);
        assert_memory_equal(snapshot->weights, alone, logs[i]->plan->weight_floats * sizeof(float));
        free(alone);
    }
    trainer_close(&trainer);
    for (int i = 0; i < RACERS; i++) run_log_close(&logs[i]);
}

static void stopping_keeps_what_was_learnt(void **state) {
    const Dataset *dataset = ((Fixture *)*state)->dataset;
    TrainerHooks hooks = {NULL, NULL, NULL};
    BackendConfig backend = {"cpu", 1};
    Trainer *trainer;
    TrainConfig config;
    RunLog *log;
    SavedModel *model;
    assert_ok(config_parse(LINE, &config));
    config.epochs = 100000;
    assert_ok(trainer_open(dataset, &backend, &hooks, &trainer));
    assert_ok(run_log_open(&config, dataset, NULL, &log));
    assert_fails(run_log_save_model(log, dataset, &model), STATUS_USAGE, "nothing to save");
    // From a file with names of its own, whose batch norm had counted to 100.
    TensorNames *names;
    assert_ok(tensor_names_parse("bn1.running_var a.var\nbn1.num_batches_tracked 100 a.n",
                                 log->plan, &names));
    assert_ok(run_log_name_tensors(log, names));
    assert_true(trainer_start(trainer, log));
    for (int i = 0; i < 20000 && feed_count(&log->steps) < 10; i++) thread_sleep(0.001);
    assert_true(trainer_set_lr(trainer, log, 0.25));
    assert_true(trainer_stop(trainer, log));
    wait_until_over(log);
    assert_int_equal(atomic_load(&log->state), RUN_STOPPED);
    assert_true(mailbox_take(&log->mailbox));
    assert_ok(run_log_save_model(log, dataset, &model));
    const RunSnapshot *snapshot = mailbox_front(&log->mailbox);
    int batches = (TRAIN_N + config.batch_size - 1) / config.batch_size;
    long long done = snapshot->batch == 0 ? snapshot->epoch * batches
                                          : (snapshot->epoch - 1) * batches + snapshot->batch;
    assert_true(done >= 10);
    assert_int_equal(model->names->count, 2);
    assert_string_equal(model->names->items[0].name, "a.var");
    assert_int_equal(model->names->items[1].batches, 100 + done);
    free(names);
    // The file's network answers as the run's does.
    Recognizer *recognizer;
    EvalResult result;
    assert_ok(recognizer_open(model, 1, 50, &recognizer));
    assert_ok(recognizer_evaluate(recognizer, &dataset->test, &result, NULL, NULL));
    assert_int_equal(result.n, TEST_N);
    recognizer_close(&recognizer);
    saved_model_close(&model);
    trainer_close(&trainer);
    run_log_close(&log);
}

// One batch to learn from, and a test set that takes its time.
static void closing_does_not_wait_for_an_evaluation(void **state) {
    (void)state;
    enum { FEW = 20, MANY = 20000, SIDE = 28, TRIES = 5 };
    uint8_t *pixels = calloc(MANY, SIDE * SIDE), *labels = calloc(MANY, 1);
    Dataset *dataset;
    TrainerHooks hooks = {NULL, NULL, NULL};
    BackendConfig backend = {"cpu", 1};
    TrainConfig config;
    for (int i = 0; i < MANY; i++) labels[i] = (uint8_t)(i % 10);
    ImageSet train = {FEW, 1, SIDE, SIDE, pixels, labels}, test = train;
    test.n = MANY;
    assert_ok(dataset_open_arrays(&dataset, "paper", &train, &test));
    assert_ok(config_parse("layers=\"dense 512, relu, dense 10\" batch-size=20 epochs=1", &config));
    bool given_up = false;
    for (int i = 0; i < TRIES && !given_up; i++) { // this thread may come too late
        Trainer *trainer;
        RunLog *log;
        assert_ok(trainer_open(dataset, &backend, &hooks, &trainer));
        assert_ok(run_log_open(&config, dataset, NULL, &log));
        assert_true(trainer_start(trainer, log));
        for (int k = 0; k < 60000 && feed_count(&log->steps) == 0; k++) thread_sleep(0.0005);
        trainer_close(&trainer);
        given_up = feed_count(&log->epochs) == 0;
        assert_int_equal(atomic_load(&log->state), given_up ? RUN_STOPPED : RUN_FINISHED);
        assert_true(mailbox_take(&log->mailbox)); // what was learnt is there all the same
        const RunSnapshot *last = mailbox_front(&log->mailbox);
        assert_int_equal(last->images, FEW);
        assert_int_equal(last->evaluated_epoch, given_up ? 0 : 1);
        run_log_close(&log);
    }
    assert_true(given_up);
    dataset_close(&dataset);
    free(pixels);
    free(labels);
}

static void a_run_that_blows_up_says_so(void **state) {
    const Dataset *dataset = ((Fixture *)*state)->dataset;
    TrainerHooks hooks = {NULL, NULL, NULL};
    BackendConfig backend = {"cpu", 1};
    Trainer *trainer;
    TrainConfig config;
    RunLog *log;
    assert_ok(config_parse("layers=\"dense 16, relu, dense 10\" optimizer=sgd lr=1e10", &config));
    assert_ok(trainer_open(dataset, &backend, &hooks, &trainer));
    assert_ok(run_log_open(&config, dataset, NULL, &log));
    assert_true(trainer_start(trainer, log));
    wait_until_over(log);
    assert_int_equal(atomic_load(&log->state), RUN_FAILED);
    assert_int_equal(log->failure.code, STATUS_DIVERGED);
    assert_non_null(strstr(log->failure.message, "learning rate 1e+10"));
    trainer_close(&trainer);
    run_log_close(&log);
}

// ---- resuming ----------------------------------------------------------------------------------

static void resuming_continues_bit_for_bit(void **state) {
    const Dataset *dataset = ((Fixture *)*state)->dataset;
    char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];
    float *whole = train_here(dataset, LINE, 1, NULL);
    BackendConfig backend = {"cpu", 1};
    Backend *be;
    DeviceData data;
    TrainConfig config;
    assert_true(files_open(directory));
    files_path(path, directory, "checkpoint");
    assert_ok(config_parse(LINE, &config));
    assert_ok(backend_open(&backend, &be));
    assert_ok(device_data_open(be, dataset, &data));
    // A new process, so to speak, every 17 batches.
    bool first = true, done = false;
    size_t bytes = 0;
    float *weights = NULL;
    while (!done) {
        Run *run;
        assert_ok(run_open(&config, &data, NULL, &run));
        if (!first) assert_ok(run_load_state(run, path));
        first = false;
        for (int i = 0; i < 17 && !run_finished(run); i++) {
            BatchRecord batch;
            EpochRecord epoch;
            assert_ok(run_step(run, &batch));
            if (run_at_epoch_end(run)) run_end_epoch(run, &epoch);
        }
        assert_ok(run_save_state(run, path));
        done = run_finished(run);
        if (done) {
            bytes = run_plan(run)->weight_floats * sizeof(float);
            weights = calloc(1, bytes);
            run_get_weights(run, weights);
        }
        run_close(&run);
    }
    assert_memory_equal(weights, whole, bytes);
    free(weights);
    free(whole);

    // Damaged, cut short, of another run: refused, and the run is as it was.
    Run *run;
    Bytes file;
    assert_ok(file_read(path, 100000000, &file));
    file.data[file.size - 5] ^= 1;
    files_write(path, file.data, file.size);
    assert_ok(run_open(&config, &data, NULL, &run));
    assert_fails(run_load_state(run, path), STATUS_FORMAT, "checksum");
    files_write(path, file.data, file.size - 4);
    assert_fails(run_load_state(run, path), STATUS_FORMAT, "bytes");
    files_write(path, "hello", 5);
    assert_fails(run_load_state(run, path), STATUS_FORMAT, "not a checkpoint");
    file.data[file.size - 5] ^= 1;
    files_write(path, file.data, file.size);
    run_close(&run);
    config.seed = 6;
    assert_ok(run_open(&config, &data, NULL, &run));
    assert_fails(run_load_state(run, path), STATUS_FORMAT, "another run");
    assert_int_equal(run_epoch(run), 1);
    run_close(&run);
    bytes_close(&file);
    device_data_close(&data);
    backend_close(&be);
    files_close(directory);
}

static void misfits_are_refused(void **state) {
    const Dataset *dataset = ((Fixture *)*state)->dataset;
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"layers=\"dense 7\"", "7 outputs"},
        {"layers=\"conv 4 k40, dense 10\"", "40"},
        {"layers=\"relu\"", "layer 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TrainConfig config;
        RunLog *log;
        assert_ok(config_parse(cases[i].line, &config));
        Status status = run_log_open(&config, dataset, NULL, &log);
        assert_null(log);
        if (status_is_ok(&status) || !strstr(status.message, cases[i].says))
            fail_msg("%s: %s", cases[i].line, status.message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns),
        cmocka_unit_test(threads_do_not_change_a_bit),
        cmocka_unit_test(the_thread_gives_the_same_bits_paused_or_not),
        cmocka_unit_test(a_race_gives_each_the_bits_it_has_alone),
        cmocka_unit_test(stopping_keeps_what_was_learnt),
        cmocka_unit_test(closing_does_not_wait_for_an_evaluation),
        cmocka_unit_test(a_run_that_blows_up_says_so),
        cmocka_unit_test(resuming_continues_bit_for_bit),
        cmocka_unit_test(misfits_are_refused),
    };
    return cmocka_run_group_tests_name("train", tests, open_data, close_data);
}
