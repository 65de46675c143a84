// Runs on disk: what is kept comes back, in another process too; what a person changes stays
// changed; what is damaged, foreign, newer or not writable is refused in a sentence and left alone;
// a process that dies leaves whole runs behind.
#include "history_fixture.h"

#include "base/text.h"
#include "base/thread.h"
#include "history/sql.h"

#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void reopen(Fixture *f) {
    store_close(&f->store);
    assert_ok(store_open(f->history, &f->store));
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
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
