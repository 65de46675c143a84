// The thread that writes runs as they are trained, and answers while they are: nothing that the
// trainer reports is lost, nobody waits for the disk, and training goes on without a history.
#include "history_fixture.h"

#include "base/text.h"
#include "base/thread.h"
#include "history/history.h"

#include <math.h>
#include <unistd.h>

// ---- the thread ---------------------------------------------------------------------------------

typedef struct Kept {
    Dataset *dataset;
    Trainer *trainer;
    History *history;
    char said[STATUS_MESSAGE_MAX + 64]; // the last sentence of the log, in a test that reads it
    int sentences;
    Logger logger;
} Kept;

static void count_sentence(void *context, LogLevel level, const char *message) {
    Kept *k = context;
    (void)level;
    k->sentences++;
    text_copy(k->said, sizeof k->said, message);
}

// The store of the fixture is closed meanwhile, so that all that is seen went through the disk.
static void open_kept(Fixture *f, const char *directory, Kept *k) {
    BackendConfig backend = {"cpu", 1};
    TrainerHooks hooks = {NULL, NULL, NULL};
    memset(k, 0, sizeof *k);
    k->logger = (Logger){count_sentence, k};
    HistoryHooks history = {.logger = &k->logger};
    store_close(&f->store);
    assert_ok(dataset_open_synthetic(&k->dataset, 1, 600, 100, 1));
    assert_ok(trainer_open(k->dataset, &backend, &hooks, &k->trainer));
    assert_ok(history_open(directory, &history, &k->history));
}
static void close_kept(Kept *k) {
    trainer_close(&k->trainer);
    history_close(&k->history);
    dataset_close(&k->dataset);
}

static RunLog *start_run(Kept *k, const char *name, const char *settings, Recording **recording) {
    TrainConfig *config = malloc(sizeof *config);
    RunLog *log;
    assert_ok(config_parse(settings, config));
    assert_ok(run_log_open(config, k->dataset, NULL, &log));
    HistoryAbout about = {.name = name,
                          .color = 4,
                          .config = config,
                          .spec = &log->spec,
                          .batches = log->batches,
                          .dataset = k->dataset,
                          .backend = "one thread"};
    *recording = history_begin(k->history, &about);
    log->sink = recording_sink(*recording);
    assert_true(trainer_start(k->trainer, log));
    free(config);
    return log;
}

static void wait_until(const RunLog *log, size_t steps) {
    double patience = clock_seconds() + 60;
    while (clock_seconds() < patience && !run_log_is_over(log) && feed_count(&log->steps) < steps)
        thread_sleep(0.001);
    assert_true(run_log_is_over(log) || feed_count(&log->steps) >= steps);
}

#define KEPT_LINE                                                                                  \
    "layers=\"dense 16, relu, dense 10\" optimizer=adam lr=0.005 batch-size=20 seed=9 ema=0.9 "

static void check_curves(const KeptRecord *record, const RunLog *log) {
    assert_int_equal(record->step_count, feed_count(&log->steps));
    for (size_t i = 0; i < record->step_count; i++)
        assert_memory_equal(&record->steps[i], feed_at(&log->steps, i), sizeof(BatchRecord));
    assert_int_equal(record->epoch_count, feed_count(&log->epochs));
    for (size_t i = 0; i < record->epoch_count; i++) {
        const EpochRecord *e = feed_at(&log->epochs, i);
        assert_int_equal(record->epochs[i].epoch, e->epoch);
        assert_true(record->epochs[i].train_loss == e->train_loss);
        assert_true(record->epochs[i].test_accuracy == e->test_accuracy);
    }
}

static void a_run_is_kept_as_it_was_trained(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    Kept k;
    Recording *recording;
    char path[FILE_PATH_MAX], best[64];
    open_kept(f, f->history, &k);
    RunLog *log = start_run(&k, "mine", KEPT_LINE "epochs=4", &recording);
    wait_until(log, SIZE_MAX);
    assert_int_equal(atomic_load(&log->state), RUN_FINISHED);
    close_kept(&k);
    assert_int_equal(k.sentences, 0);
    assert_ok(store_open(f->history, &f->store));
    KeptRecord record;
    assert_ok(store_read(f->store, id_of(f, 0), &record));
    check_curves(&record, log);
    const KeptRun *run = &record.run;
    assert_int_equal(run->state, KEPT_FINISHED);
    assert_string_equal(run->name, "mine");
    assert_int_equal(run->color, 4);
    assert_int_equal(run->epoch, 4);
    assert_int_equal(run->steps, record.step_count);
    assert_non_null(strstr(run->machine, "one thread"));
    char line[TRAIN_LINE_MAX];
    config_print(&log->config, line);
    assert_string_equal(run->settings, line);
    // The weights are those that the trainer reported last, and those of the best epoch.
    SavedModel *model;
    assert_true(run->has[KEPT_LAST] && run->has[KEPT_BEST]);
    assert_true(store_weights_path(f->store, run->id, KEPT_LAST, path));
    assert_ok(format_read(path, &model));
    assert_true(mailbox_take(&log->mailbox));
    const RunSnapshot *snapshot = mailbox_front(&log->mailbox);
    assert_memory_equal(model->weights, snapshot->weights,
                        log->plan->weight_floats * sizeof(float));
    assert_string_equal(model->settings, line);
    saved_model_close(&model);
    assert_true(store_weights_path(f->store, run->id, KEPT_BEST, path));
    assert_ok(format_read(path, &model));
    snprintf(best, sizeof best, " epoch=%d batch=0 ", run->best_epoch);
    if (!strstr(model->record, best)) fail_msg("%s, not%s", model->record, best);
    saved_model_close(&model);
    kept_record_close(&record);
    run_log_close(&log);
}

// One that was stopped with all batches of an epoch trained and the test images not asked: what
// comes first of it, when it is taken up, is that epoch.
static void a_run_goes_on_from_the_end_of_an_epoch(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    enum { BATCHES = 30 };
    Kept k;
    RunLog *log;
    TrainConfig config;
    assert_ok(config_parse(KEPT_LINE "epochs=1", &config));
    for (int pass = 0; pass < 2; pass++) {
        open_kept(f, f->history, &k);
        assert_ok(run_log_open(&config, k.dataset, NULL, &log));
        HistoryAbout about = {.name = "mine",
                              .config = &config,
                              .spec = &log->spec,
                              .batches = BATCHES,
                              .steps = pass ? BATCHES : 0,
                              .seconds = pass ? BATCHES : 0,
                              .dataset = k.dataset,
                              .backend = "one thread"};
        Recording *recording = history_begin(k.history, &about);
        assert_non_null(recording);
        RunSink sink = recording_sink(recording);
        EpochRecord epoch = {.epoch = 1, .train_loss = 2, .test_accuracy = 0.5};
        for (int i = 1; pass == 0 && i <= BATCHES; i++) {
            BatchRecord batch = {.epoch = 1, .batch = i, .loss = 2, .seconds = (float)i};
            sink.step(sink.context, &batch);
        }
        if (pass == 1) sink.epoch(sink.context, &epoch);
        for (int i = 0; i < 3; i++) history_flush(k.history); // would not come back
        recording_end(recording, pass ? RUN_FINISHED : RUN_STOPPED, NULL);
        run_log_close(&log);
        close_kept(&k);
    }
    KeptRecord record;
    assert_ok(store_open(f->history, &f->store));
    assert_ok(store_read(f->store, id_of(f, 0), &record));
    assert_int_equal(record.run.state, KEPT_FINISHED);
    assert_int_equal(record.step_count, BATCHES);
    assert_int_equal(record.epoch_count, 1);
    assert_int_equal(record.run.epoch, 1);
    kept_record_close(&record);
}

static void runs_side_by_side_stop_fail_and_stay(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    Kept k;
    Recording *r[4];
    open_kept(f, f->history, &k);
    RunLog *log[4] = {start_run(&k, "stopped", KEPT_LINE "epochs=100000", &r[0]),
                      start_run(&k, "failed", KEPT_LINE "optimizer=sgd lr=1e25", &r[1]),
                      start_run(&k, "left", KEPT_LINE "epochs=100000", &r[2]), NULL};
    // One that is never trained leaves nothing.
    TrainConfig *config = malloc(sizeof *config);
    assert_ok(config_parse(KEPT_LINE, config));
    assert_ok(run_log_open(config, k.dataset, NULL, &log[3]));
    HistoryAbout about = {.name = "never",
                          .config = config,
                          .spec = &log[3]->spec,
                          .batches = log[3]->batches,
                          .dataset = k.dataset,
                          .backend = "b"};
    r[3] = history_begin(k.history, &about);
    free(config);
    wait_until(log[0], 50);
    wait_until(log[1], SIZE_MAX);
    wait_until(log[2], 50);
    assert_true(trainer_stop(k.trainer, log[0]));
    wait_until(log[0], SIZE_MAX);
    close_kept(&k); // with one still going
    assert_ok(store_open(f->history, &f->store));
    KeptList list;
    assert_ok(store_list(f->store, &list));
    assert_int_equal(list.count, 3);
    for (size_t i = 0; i < list.count; i++) {
        const KeptRun *run = &list.run[i];
        bool failed = strcmp(run->name, "failed") == 0;
        assert_int_equal(run->state, failed ? KEPT_FAILED : KEPT_STOPPED);
        if (failed) assert_non_null(strstr(run->failure, "learning rate"));
        if (!failed) assert_true(run->has[KEPT_LAST]);
        const RunLog *of = failed ? log[1] : strcmp(run->name, "left") == 0 ? log[2] : log[0];
        KeptRecord record;
        assert_ok(store_read(f->store, run->id, &record));
        check_curves(&record, of);
        kept_record_close(&record);
    }
    kept_list_close(&list);
    for (int i = 0; i < 4; i++) run_log_close(&log[i]);
}

static KeptList take_list(Kept *k, Status *status) {
    KeptList list = {0};
    double patience = clock_seconds() + 60;
    while (!history_take_list(k->history, &list, status)) {
        assert_true(clock_seconds() < patience);
        thread_sleep(0.001);
    }
    return list;
}

// The window's side: ask, change, read, while a run is in training.
static void questions_are_answered_while_it_trains(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    Kept k;
    Recording *recording;
    Status status;
    int64_t old = begin(f, "old");
    open_kept(f, f->history, &k);
    RunLog *log = start_run(&k, "going", KEPT_LINE "epochs=100000", &recording);
    for (int i = 0; i < 60000 && !recording_is_kept(recording); i++) thread_sleep(0.001);
    int64_t id = recording_id(recording);
    assert_true(id > old);
    history_rename(k.history, id, "renamed");
    KeptList list = take_list(&k, &status);
    assert_ok(status);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.run[0].name, "renamed");
    assert_int_equal(list.run[0].state, KEPT_TRAINING);
    kept_list_close(&list);
    history_delete(k.history, id);
    list = take_list(&k, &status);
    assert_int_equal(status.code, STATUS_USAGE);
    assert_int_equal(list.count, 2);
    kept_list_close(&list);
    history_pin(k.history, old, true);
    list = take_list(&k, &status);
    assert_true(list.run[0].id == old && list.run[0].pinned);
    kept_list_close(&list);
    history_color(k.history, old, 2);
    list = take_list(&k, &status);
    assert_int_equal(list.run[0].color, 2);
    kept_list_close(&list);
    history_delete(k.history, old);
    list = take_list(&k, &status);
    assert_ok(status);
    assert_int_equal(list.count, 1);
    kept_list_close(&list);
    // Its curves up to now, and weights that answer.
    HistoryAnswer answer = {0};
    size_t before = feed_count(&log->steps);
    history_ask_run(k.history, id, KEPT_LAST);
    for (int i = 0; i < 60000 && !history_take_run(k.history, &answer); i++) thread_sleep(0.001);
    assert_ok(answer.status);
    assert_true(answer.record.step_count >= before);
    assert_non_null(answer.model);
    assert_int_equal(answer.model->plan.weight_floats, log->plan->weight_floats);
    history_answer_close(&answer);
    // Renaming does not get lost when the run writes on.
    assert_true(trainer_stop(k.trainer, log));
    wait_until(log, SIZE_MAX);
    close_kept(&k);
    assert_int_equal(k.sentences, 0);
    assert_ok(store_open(f->history, &f->store));
    assert_ok(store_list(f->store, &list));
    assert_string_equal(list.run[0].name, "renamed");
    assert_int_equal(list.run[0].state, KEPT_STOPPED);
    kept_list_close(&list);
    run_log_close(&log);
}

static void without_a_history_training_goes_on(void **state) {
    Fixture *f = *state;
    Kept k;
    Recording *recording;
    char path[FILE_PATH_MAX], problem[STATUS_MESSAGE_MAX];
    Status status;
    files_path(path, f->directory, "file");
    files_write(path, "x", 1);
    files_path(path, f->directory, "file/history");
    open_kept(f, path, &k);
    RunLog *log = start_run(&k, "a", KEPT_LINE "epochs=2", &recording);
    wait_until(log, SIZE_MAX);
    assert_int_equal(atomic_load(&log->state), RUN_FINISHED);
    history_ask_list(k.history);
    KeptList list = take_list(&k, &status);
    assert_false(status_is_ok(&status));
    assert_int_equal(list.count, 0);
    assert_true(history_problem(k.history, problem));
    assert_int_equal(recording_id(recording), 0);
    assert_false(recording_is_kept(recording));
    close_kept(&k);
    assert_int_equal(k.sentences, history_is_possible()); // said once
    run_log_close(&log);
    // And with none at all.
    assert_null(history_begin(NULL, NULL));
    recording_end(NULL, RUN_STOPPED, NULL);
    assert_false(recording_is_kept(NULL));
    assert_null(recording_sink(NULL).step);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_run_is_kept_as_it_was_trained),      CASE(a_run_goes_on_from_the_end_of_an_epoch),
        CASE(runs_side_by_side_stop_fail_and_stay), CASE(questions_are_answered_while_it_trains),
        CASE(without_a_history_training_goes_on),
    };
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
