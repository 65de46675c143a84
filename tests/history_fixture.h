// A history in a temporary directory, for the tests of what is kept (test_store.c) and of who
// writes it (test_history.c).
#ifndef INKLING_TESTS_HISTORY_FIXTURE_H
#define INKLING_TESTS_HISTORY_FIXTURE_H

#include "test.h"

#include "base/text.h"
#include "files.h"
#include "history/store.h"

#include <stdlib.h>

typedef struct Fixture {
    char directory[FILE_PATH_MAX]; // of the test
    char history[FILE_PATH_MAX];   // inside it
    Store *store;
} Fixture;

static inline int open_directory(void **state) {
    Fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (!files_open(f->directory)) return -1;
    files_path(f->history, f->directory, "history");
    Status status = store_open(f->history, &f->store);
    // A build without SQLite keeps nothing, and says so.
    if (status.code == STATUS_UNSUPPORTED) return strstr(status.message, "SQLite") ? 0 : -1;
    return status_is_ok(&status) ? 0 : -1;
}
static inline int close_directory(void **state) {
    Fixture *f = *state;
    store_close(&f->store);
    files_close(f->directory);
    free(f);
    return 0;
}
#define NEEDS_SQLITE(f)                                                                            \
    if (!(f)->store) skip()

// ---- made-up runs -------------------------------------------------------------------------------

static inline KeptRun make_run(const char *name) {
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

static inline BatchRecord make_step(int i) {
    return (BatchRecord){1 + i / 938,     1 + i % 938, i == 3 ? NAN : 2.3f / (float)(i + 1),
                         (float)i / 1e5f, 1e-3f,       0.01f * (float)i};
}

static inline EpochRecord make_epoch(int epoch) {
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

static inline int64_t begin(Fixture *f, const char *name) {
    KeptRun run = make_run(name);
    assert_ok(store_begin(f->store, &run, &run.id));
    run.state = KEPT_FINISHED;
    assert_ok(store_add(f->store, &run, NULL, 0, NULL, 0));
    return run.id;
}

static inline int64_t id_of(Fixture *f, size_t index) {
    KeptList list;
    assert_ok(store_list(f->store, &list));
    assert_true(index < list.count);
    int64_t id = list.run[index].id;
    kept_list_close(&list);
    return id;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_directory, close_directory)

#endif
