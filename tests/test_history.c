// The history of runs: what is kept comes back, in another process too; what a person changes stays
// changed; what is damaged, foreign, newer or not writable is refused in a sentence and left alone;
// a process that dies leaves whole runs behind.
#include "test.h"

#include "base/text.h"
#include "base/thread.h"
#include "files.h"
#include "history/history.h"
#include "history/sql.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Fixture {
    char directory[FILE_PATH_MAX]; // of the test
    char history[FILE_PATH_MAX];   // inside it
    Store *store;
} Fixture;

static int open_directory(void **state) {
    Fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (!files_open(f->directory)) return -1;
    files_path(f->history, f->directory, "history");
    Status status = store_open(f->history, &f->store);
    // A build without SQLite keeps nothing, and says so.
    if (status.code == STATUS_UNSUPPORTED) return strstr(status.message, "SQLite") ? 0 : -1;
    return status_is_ok(&status) ? 0 : -1;
}
static int close_directory(void **state) {
    Fixture *f = *state;
    store_close(&f->store);
    files_close(f->directory);
    free(f);
    return 0;
}
#define NEEDS_SQLITE(f)                                                                            \
    if (!(f)->store) skip()

static void reopen(Fixture *f) {
    store_close(&f->store);
    assert_ok(store_open(f->history, &f->store));
}

// ---- made-up runs -------------------------------------------------------------------------------

static KeptRun make_run(const char *name) {
    KeptRun run = {.color = 3,
                   .network = "LeNet-5",
                   .layers = "conv 6 k5, relu, dense 10",
                   .parameters = 61706,
                   .seed = -7,
                   .data = "MNIST",
                   .train_images = 60000,
                   .test_images = 10000,
                   .classes = 10,
                   .batches = 938,
                   .epochs_asked = 10,
                   .machine = "a processor, OpenBLAS, 2 threads",
                   .version = "0.1.0",
                   .started = 1.75e9 + 0.25};
    text_copy(run.name, sizeof run.name, name);
    text_copy(run.settings, sizeof run.settings, "preset=lenet5 layers=\"a b\" seed=-7");
    return run;
}

static BatchRecord make_step(int i) {
    return (BatchRecord){1 + i / 938,     1 + i % 938, i == 3 ? NAN : 2.3f / (float)(i + 1),
                         (float)i / 1e5f, 1e-3f,       0.01f * (float)i};
}

static EpochRecord make_epoch(int epoch) {
    return (EpochRecord){.epoch = epoch,
                         .train_loss = 0.1 * epoch,
                         .train_accuracy = 0.9,
                         .held_images = 500,
                         .held_loss = 0.2,
                         .held_accuracy = 0.95,
                         .test_loss = 0.3,
                         .test_accuracy = 0.9 + 0.01 * epoch,
                         .lr = 1e-3,
                         .seconds = 1.25,
                         .images_per_second = 48000};
}

static int64_t begin(Fixture *f, const char *name) {
    KeptRun run = make_run(name);
    assert_ok(store_begin(f->store, &run, &run.id));
    run.state = KEPT_FINISHED;
    assert_ok(store_add(f->store, &run, NULL, 0, NULL, 0));
    return run.id;
}

static int64_t id_of(Fixture *f, size_t index) {
    KeptList list;
    assert_ok(store_list(f->store, &list));
    assert_true(index < list.count);
    int64_t id = list.run[index].id;
    kept_list_close(&list);
    return id;
}

// ---- keeping and reading ------------------------------------------------------------------------

static void what_is_kept_comes_back(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    enum { PARTS = 5, PART = 333 };
    BatchRecord steps[PART];
    KeptRun run = make_run("Adam \"quoted\" \xe4\xb8\xad");
    assert_ok(store_begin(f->store, &run, &run.id));
    for (int part = 0; part < PARTS; part++) {
        for (int i = 0; i < PART; i++) steps[i] = make_step(part * PART + i);
        EpochRecord epoch = make_epoch(part + 1);
        run.steps += PART;
        run.epoch = part + 1;
        run.seconds = part;
        run.loss = epoch.train_loss;
        run.test_accuracy = run.best_accuracy = epoch.test_accuracy;
        run.best_epoch = part + 1;
        run.state = part == PARTS - 1 ? KEPT_FAILED : KEPT_TRAINING;
        if (part == PARTS - 1) text_copy(run.failure, sizeof run.failure, "the loss is no number");
        assert_ok(store_add(f->store, &run, steps, PART, &epoch, 1));
    }
    reopen(f);
    KeptRecord record;
    assert_ok(store_read(f->store, run.id, &record));
    assert_int_equal(record.step_count, PARTS * PART);
    for (int i = 0; i < PARTS * PART; i++) {
        BatchRecord wanted = make_step(i);
        assert_memory_equal(&record.steps[i], &wanted, sizeof wanted); // every bit, NaN too
    }
    assert_int_equal(record.epoch_count, PARTS);
    for (int i = 0; i < PARTS; i++) {
        EpochRecord wanted = make_epoch(i + 1), got = record.epochs[i];
        assert_int_equal(got.epoch, i + 1);
        assert_int_equal(got.held_images, 500);
        assert_true(got.train_loss == wanted.train_loss && got.test_loss == wanted.test_loss);
        assert_true(got.test_accuracy == wanted.test_accuracy && got.seconds == wanted.seconds);
        assert_true(got.held_accuracy == wanted.held_accuracy && got.lr == wanted.lr);
        assert_true(got.images_per_second == wanted.images_per_second);
    }
    const KeptRun *got = &record.run;
    assert_string_equal(got->name, run.name);
    assert_string_equal(got->settings, run.settings);
    assert_string_equal(got->layers, run.layers);
    assert_string_equal(got->machine, run.machine);
    assert_string_equal(got->failure, run.failure);
    assert_string_equal(got->data, "MNIST");
    assert_string_equal(got->network, "LeNet-5");
    assert_int_equal(got->color, 3);
    assert_int_equal(got->seed, -7);
    assert_int_equal(got->parameters, 61706);
    assert_int_equal(got->train_images, 60000);
    assert_int_equal(got->batches, 938);
    assert_int_equal(got->epochs_asked, 10);
    assert_int_equal(got->state, KEPT_FAILED);
    assert_int_equal(got->steps, PARTS * PART);
    assert_int_equal(got->best_epoch, PARTS);
    assert_true(got->started == run.started && got->changed > 1.7e9);
    assert_true(got->best_accuracy == run.best_accuracy && got->loss == run.loss);
    assert_false(got->has[KEPT_LAST] || got->has[KEPT_BEST]);
    kept_record_close(&record);
}

static void the_list_has_pinned_ones_first_then_the_newest(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    int64_t a = begin(f, "a"), b = begin(f, "b"), c = begin(f, "c");
    assert_int_equal(id_of(f, 0), c);
    assert_ok(store_pin(f->store, a, true));
    assert_ok(store_rename(f->store, b, "a better name"));
    assert_ok(store_color(f->store, c, 6));
    reopen(f);
    KeptList list;
    assert_ok(store_list(f->store, &list));
    assert_int_equal(list.count, 3);
    assert_int_equal(list.run[0].id, a);
    assert_int_equal(list.run[1].id, c);
    assert_true(list.run[0].pinned && !list.run[1].pinned);
    assert_int_equal(list.run[1].color, 6);
    assert_string_equal(list.run[2].name, "a better name");
    assert_true(list.bytes > 4096);
    kept_list_close(&list);
    assert_fails(store_pin(f->store, 99, true), STATUS_NOT_FOUND, "no run 99");
    assert_fails(store_rename(f->store, 99, "x"), STATUS_NOT_FOUND, "no run 99");
    assert_fails(store_color(f->store, 99, 1), STATUS_NOT_FOUND, "no run 99");
    KeptRecord record;
    assert_fails(store_read(f->store, 99, &record), STATUS_NOT_FOUND, "no run 99");
}

static SavedModel *make_model(float value) {
    ModelSpec *spec = calloc(1, sizeof *spec);
    SavedModel *model;
    spec->input = (Shape){1, 28, 28, false};
    spec->normalization = (Normalization){0, 1};
    assert_ok(spec_parse_layers("dense 10", spec));
    assert_ok(saved_model_make(spec, &model));
    free(spec);
    model->weights[5] = value;
    return model;
}

static void deleting_takes_curves_and_weights_along(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    char path[FILE_PATH_MAX];
    int64_t a = begin(f, "a"), b = begin(f, "b");
    BatchRecord step = make_step(0);
    EpochRecord epoch = make_epoch(1);
    KeptRun run = make_run("a");
    run.id = a;
    run.steps = 1;
    run.state = KEPT_STOPPED;
    assert_ok(store_add(f->store, &run, &step, 1, &epoch, 1));
    SavedModel *model = make_model(0.5f), *back;
    assert_ok(store_write_weights(f->store, a, KEPT_LAST, model));
    assert_ok(store_write_weights(f->store, a, KEPT_BEST, model));
    assert_true(store_weights_path(f->store, a, KEPT_BEST, path));
    assert_ok(format_read(path, &back));
    assert_true(back->weights[5] == 0.5f);
    saved_model_close(&back);
    saved_model_close(&model);
    assert_ok(store_delete(f->store, a));
    assert_false(file_exists(path));
    assert_fails(store_delete(f->store, a), STATUS_NOT_FOUND, "no run");
    assert_int_equal(id_of(f, 0), b);
    // Its number is never given again, and nothing of it is left.
    int64_t c = begin(f, "c");
    assert_true(c > b);
    store_close(&f->store);
    Sql *sql;
    int64_t left;
    files_path(path, f->history, "runs.db");
    assert_ok(sql_open(path, &sql));
    assert_ok(sql_number(sql, "SELECT (SELECT count(*) FROM steps) + (SELECT count(*) FROM epochs)",
                         NULL, 0, -1, &left));
    assert_int_equal(left, 0);
    sql_close(&sql);
}

static void a_failure_in_the_middle_leaves_nothing(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    KeptRun run = make_run("half");
    BatchRecord step = make_step(0);
    EpochRecord twice[2] = {make_epoch(1), make_epoch(1)}; // the second cannot be
    assert_ok(store_begin(f->store, &run, &run.id));
    run.steps = 1;
    run.best_epoch = 1;
    Status status = store_add(f->store, &run, &step, 1, twice, 2);
    assert_false(status_is_ok(&status));
    KeptRecord record;
    assert_ok(store_read(f->store, run.id, &record));
    assert_int_equal(record.step_count + record.epoch_count, 0);
    assert_int_equal(record.run.steps + record.run.best_epoch, 0);
    kept_record_close(&record);
    assert_ok(store_add(f->store, &run, &step, 1, twice, 1)); // and it goes on
}

// ---- what cannot be used ------------------------------------------------------------------------

static void edit(Fixture *f, const char *statement) {
    char path[FILE_PATH_MAX];
    Sql *sql;
    files_path(path, f->history, "runs.db");
    assert_ok(sql_open(path, &sql));
    assert_ok(sql_run(sql, statement));
    sql_close(&sql);
}

static Bytes contents(Fixture *f) {
    char path[FILE_PATH_MAX];
    Bytes bytes;
    files_path(path, f->history, "runs.db");
    assert_ok(file_read(path, 1 << 24, &bytes));
    return bytes;
}

// Refused, with `says` in the sentence, and not a byte is changed.
static void check_refused(Fixture *f, StatusCode code, const char *says) {
    Bytes before = contents(f);
    assert_fails(store_open(f->history, &f->store), code, says);
    assert_null(f->store);
    Bytes after = contents(f);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, before.size);
    bytes_close(&before);
    bytes_close(&after);
}

static void a_newer_history_is_refused(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    begin(f, "a");
    store_close(&f->store);
    edit(f, "PRAGMA user_version=2");
    check_refused(f, STATUS_UNSUPPORTED, "newer Inkling");
    edit(f, "PRAGMA user_version=1");
    assert_ok(store_open(f->history, &f->store));
    assert_int_equal(id_of(f, 0), 1);
}

static void what_is_not_ours_is_refused(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    char path[FILE_PATH_MAX];
    store_close(&f->store);
    files_path(path, f->history, "runs.db");
    files_write(path, "this is no database, but it may be dear to somebody", 52);
    check_refused(f, STATUS_FORMAT, "runs.db");
    assert_int_equal(remove(path), 0);
    edit(f, "CREATE TABLE runs (x)");
    check_refused(f, STATUS_FORMAT, "another program");
}

static void a_damaged_history_is_a_sentence(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    char path[FILE_PATH_MAX];
    for (int i = 0; i < 40; i++) begin(f, "a");
    store_close(&f->store);
    Bytes bytes = contents(f);
    assert_true(bytes.size > 8192);
    memset(bytes.data + 4096, 0xee, bytes.size - 4096);
    files_path(path, f->history, "runs.db");
    files_write(path, bytes.data, bytes.size);
    bytes_close(&bytes);
    Status status = store_open(f->history, &f->store);
    KeptList list = {0};
    if (status_is_ok(&status)) status = store_list(f->store, &list);
    kept_list_close(&list);
    assert_int_equal(status.code, STATUS_FORMAT);
    assert_non_null(strstr(status.message, "runs.db"));
}

static void without_a_place_it_says_so(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    char path[FILE_PATH_MAX];
    Store *store;
    files_path(path, f->directory, "file");
    files_write(path, "x", 1);
    files_path(path, f->directory, "file/history");
    assert_fails(store_open(path, &store), STATUS_IO, "file");
    assert_null(store);
    if (geteuid() == 0) return; // who may write everywhere
    files_path(path, f->directory, "locked");
    assert_int_equal(mkdir(path, 0500), 0);
    files_path(path, f->directory, "locked/history");
    assert_fails(store_open(path, &store), STATUS_IO, "locked");
}

// ---- several processes --------------------------------------------------------------------------

// A child that begins a run, says so through the pipe, and then writes until it is killed, or ends
// at once.
static pid_t start_child(Fixture *f, bool stays, int *from) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0) {
        close(ends[1]);
        *from = ends[0];
        return child;
    }
    Store *store = NULL;
    KeptRun run = make_run("child");
    Status status = store_open(f->history, &store);
    if (status_is_ok(&status)) status = store_begin(store, &run, &run.id);
    for (int i = 0; status_is_ok(&status) && (stays || i < 20); i++) {
        BatchRecord step = make_step(i);
        run.steps++;
        status = store_add(store, &run, &step, 1, NULL, 0);
        if (i == 0 && write(ends[1], "!", 1) != 1) _exit(2);
    }
    if (!status_is_ok(&status)) fprintf(stderr, "child: %s\n", status.message);
    store_close(&store);
    _exit(status_is_ok(&status) ? 0 : 1);
}

static void a_killed_process_leaves_an_interrupted_run(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    int from, status;
    char byte;
    pid_t child = start_child(f, true, &from);
    assert_int_equal(read(from, &byte, 1), 1);
    // While it lives it is training, and stays.
    int64_t id = id_of(f, 0);
    KeptRecord record;
    assert_ok(store_read(f->store, id, &record));
    assert_int_equal(record.run.state, KEPT_TRAINING);
    kept_record_close(&record);
    assert_fails(store_delete(f->store, id), STATUS_USAGE, "being trained");
    thread_sleep(0.01);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    close(from);
    assert_ok(store_read(f->store, id, &record));
    assert_int_equal(record.run.state, KEPT_INTERRUPTED);
    assert_true(record.step_count > 0);
    assert_int_equal(record.step_count, record.run.steps); // whole transactions only
    kept_record_close(&record);
    assert_ok(store_delete(f->store, id));
}

static void processes_write_side_by_side(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    enum { CHILDREN = 3 };
    pid_t child[CHILDREN];
    int from[CHILDREN];
    store_close(&f->store);
    files_close(f->history); // all of them find nothing, and make it
    for (int i = 0; i < CHILDREN; i++) child[i] = start_child(f, false, &from[i]);
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        close(from[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_ok(store_open(f->history, &f->store));
    KeptList list;
    assert_ok(store_list(f->store, &list));
    assert_int_equal(list.count, CHILDREN);
    for (int i = 0; i < CHILDREN; i++) assert_int_equal(list.run[i].steps, 20);
    kept_list_close(&list);
}

static void leftovers_are_swept_and_nothing_else(void **state) {
    Fixture *f = *state;
    NEEDS_SQLITE(f);
    char path[FILE_PATH_MAX];
    static const struct {
        const char *name;
        bool stays;
    } cases[] = {{"weights/1-last.safetensors", true},
                 {"weights/1-best.safetensors.a1b2c3", false},
                 {"weights/77-last.safetensors", false},
                 {"weights/mine.safetensors", true}};
    assert_int_equal(begin(f, "a"), 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        files_path(path, f->history, cases[i].name);
        files_write(path, "x", 1);
    }
    reopen(f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        files_path(path, f->history, cases[i].name);
        if (file_exists(path) != cases[i].stays) fail_msg("%s", cases[i].name);
    }
}

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
    HistoryAbout about = {name, 4, config, &log->spec, log->batches, k->dataset, "one thread"};
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
    HistoryAbout about = {"never", 0, config, &log[3]->spec, log[3]->batches, k.dataset, "b"};
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
    assert_false(recording_wants_weights(NULL) || recording_is_kept(NULL));
    assert_null(recording_sink(NULL).step);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_directory, close_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(what_is_kept_comes_back),
        CASE(the_list_has_pinned_ones_first_then_the_newest),
        CASE(deleting_takes_curves_and_weights_along),
        CASE(a_failure_in_the_middle_leaves_nothing),
        CASE(a_newer_history_is_refused),
        CASE(what_is_not_ours_is_refused),
        CASE(a_damaged_history_is_a_sentence),
        CASE(without_a_place_it_says_so),
        CASE(a_killed_process_leaves_an_interrupted_run),
        CASE(processes_write_side_by_side),
        CASE(leftovers_are_swept_and_nothing_else),
        CASE(a_run_is_kept_as_it_was_trained),
        CASE(runs_side_by_side_stop_fail_and_stay),
        CASE(questions_are_answered_while_it_trains),
        CASE(without_a_history_training_goes_on),
    };
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
