// The CUDA back end where there is no GPU: opening its module, and each way that can go wrong; and,
// with CUDA on the host (cuda_host/cuda_runtime.h) as the device, that training on it is the same
// step by step, handed over in advance and without graphs, and what a device that is lost in the
// middle of a run leaves behind.
#define _POSIX_C_SOURCE 200809L
#include "test.h"

#include "base/file.h"
#include "files.h"
#include "nn/gradcheck.h"
#include "train/run.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>

// Paths of modules, given by the build: "" where one could not be built.
static const char *module_path(const char *name) {
    const char *path = getenv(name);
    if (!path || !path[0]) skip();
    return path;
}

static Status open_named(const char *module, const char *device, Backend **be) {
    if (module)
        setenv("INKLING_CUDA_MODULE", module, 1);
    else
        unsetenv("INKLING_CUDA_MODULE");
    return backend_open(&(BackendConfig){.device = device}, be);
}

// ---- opening ----------------------------------------------------------------------------------

static void device_names(void **state) {
    (void)state;
    static const char *const wrong[] = {"cuda:",   "cuda:x",     "cuda:-1", "cuda:1x",
                                        "cuda:1:", "cuda:0:fp8", "cuda: 1", "cuda:99999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        Backend *be = NULL;
        assert_fails(open_named("nowhere", wrong[i], &be), STATUS_USAGE, wrong[i]);
        assert_null(be);
    }
}

static void missing_module(void **state) {
    (void)state;
    Backend *be = NULL;
    assert_fails(open_named("/nowhere/inkling-cuda.so", "cuda", &be), STATUS_UNSUPPORTED,
                 "/nowhere/inkling-cuda.so");
    assert_fails(open_named("/nowhere/inkling-cuda.so", "cuda:1", &be), STATUS_UNSUPPORTED,
                 "--device cpu");
    assert_null(be);
}

static void other_version(void **state) {
    (void)state;
    Backend *be = NULL;
    const char *path = module_path("INKLING_TEST_CUDA_OTHER");
    assert_fails(open_named(path, "cuda", &be), STATUS_UNSUPPORTED, "another version");
    assert_fails(open_named(path, "cuda", &be), STATUS_UNSUPPORTED, "--device cpu");
    assert_null(be);
}

// Whatever this build and machine have: a device, or a sentence that says what to do.
static void as_it_is(void **state) {
    (void)state;
    Backend *be = NULL;
    Status status = open_named(NULL, "cuda", &be);
    print_message("%s\n", status_is_ok(&status) ? "a device" : status.message);
    if (!status_is_ok(&status)) {
        assert_int_equal(status.code, STATUS_UNSUPPORTED);
        assert_non_null(strstr(status.message, "--device cpu"));
    }
    backend_close(&be);
}

static void no_such_device(void **state) {
    (void)state;
    Backend *be = NULL;
    const char *path = module_path("INKLING_TEST_CUDA_HOST");
    assert_fails(open_named(path, "cuda:7", &be), STATUS_UNSUPPORTED, "no CUDA device 7");
    assert_null(be);
    char line[192];
    assert_ok(open_named(path, "cuda:0:tf32", &be));
    be->ops->describe(be, line, sizeof line);
    assert_non_null(strstr(line, "TF32"));
    backend_close(&be);
}

static void no_good_device(void **state) {
    (void)state;
    static const struct {
        const char *name, *value, *says;
    } cases[] = {
        {"CUDA_HOST_DRIVER", "0", "no driver for it (no driver): install the driver"},
        {"CUDA_HOST_DRIVER", "12080", "made for CUDA 12.8, which is too old for this module"},
        {"CUDA_HOST_START", "100", "there is no NVIDIA GPU here"},
        {"CUDA_HOST_START", "802", "cannot be started (system not yet initialized): see what nvid"},
        {"CUDA_HOST_CAPABILITY", "70", "compute capability 7.0; at least 7.5 is needed"},
    };
    const char *path = module_path("INKLING_TEST_CUDA_HOST");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Backend *be = NULL;
        setenv(cases[i].name, cases[i].value, 1);
        assert_fails(open_named(path, "cuda", &be), STATUS_UNSUPPORTED, cases[i].says);
        assert_fails(open_named(path, "cuda", &be), STATUS_UNSUPPORTED, "use --device cpu");
        assert_null(be);
        unsetenv(cases[i].name);
    }
}

// ---- training ---------------------------------------------------------------------------------

enum { TRAIN_N = 72, TEST_N = 10, RECORDS_MAX = 64 };

typedef struct Training {
    BatchRecord records[RECORDS_MAX];
    int count, longest; // longest: most batches told of at once
    size_t weight_floats;
    float *weights;
    EvalResult result;
} Training;

// `seconds`: as run_steps takes them; < 0: each operation is carried out at its call.
static void train_on(Backend *be, const Dataset *dataset, const char *line, double seconds,
                     Training *out) {
    DeviceData data;
    TrainConfig config;
    Run *run;
    assert_ok(config_parse(line, &config));
    assert_ok(device_data_open(be, dataset, &data));
    assert_ok(run_open(&config, &data, NULL, &run));
    memset(out, 0, sizeof *out);
    while (!run_finished(run)) {
        BatchRecord batches[RUN_STEPS_MAX];
        EpochRecord epoch;
        int done = 0;
        if (seconds < 0) {
            assert_ok(run_step(run, batches));
            done = 1;
        } else {
            assert_ok(run_steps(run, seconds, batches, &done));
        }
        assert_true(done > 0 && out->count + done <= RECORDS_MAX);
        memcpy(out->records + out->count, batches, (size_t)done * sizeof *batches);
        out->count += done;
        if (done > out->longest) out->longest = done;
        if (run_at_epoch_end(run)) assert_ok(run_end_epoch(run, &epoch));
    }
    assert_ok(run_evaluate(run, &out->result, NULL, NULL));
    out->weight_floats = run_plan(run)->weight_floats;
    out->weights = calloc(out->weight_floats, sizeof *out->weights);
    assert_non_null(out->weights);
    run_get_weights(run, out->weights);
    run_close(&run);
    device_data_close(&data);
}

static void same_bits(const Training *a, const Training *b) {
    assert_int_equal(a->count, b->count);
    for (int i = 0; i < a->count; i++) {
        assert_int_equal(a->records[i].batch, b->records[i].batch);
        assert_memory_equal(&a->records[i].loss, &b->records[i].loss, sizeof(float));
        assert_memory_equal(&a->records[i].lr, &b->records[i].lr, sizeof(float));
    }
    assert_memory_equal(a->weights, b->weights, a->weight_floats * sizeof(float));
    assert_true(a->result.loss == b->result.loss);
}

// Five batches an epoch, the last a short one; dropout's keys, batch norm, a schedule, clipping,
// averaged weights, augmented images that are uploaded in every step.
static const char *const lines[] = {
    "layers=\"conv 2 k5 s3, relu, maxpool 2, dropout 0.2, dense 12, batchnorm, tanh, dense 10\" "
    "optimizer=adam lr=0.003 batch-size=16 epochs=4 seed=5 schedule=cosine",
    "layers=\"dense 12, relu, dropout 0.5, dense 10\" optimizer=nadam lr=0.003 batch-size=16 "
    "epochs=3 seed=6 clip-norm=0.5 ema=0.9 augment=light label-smoothing=0.1",
    "layers=\"conv 3 k5 s3, relu, avgpool 2, batchnorm, leakyrelu 0.1, dense 9, sigmoid, dropout "
    "0.3, "
    "dense 10\" optimizer=momentum lr=0.05 batch-size=16 epochs=3 seed=7 augment=strong",
    "layers=\"dense 20, batchnorm, relu, dense 18, batchnorm, dropout 0.2, dense 17, batchnorm, "
    "tanh, "
    "dense 10\" optimizer=momentum lr=0.05 batch-size=40 epochs=4 seed=8",
};

static void training(void **state) {
    const Dataset *dataset = *state;
    const char *path = module_path("INKLING_TEST_CUDA_HOST");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        static Training each, single, ahead, plain, oracle;
        Backend *be;
        assert_ok(open_named(path, "cuda", &be));
        // Operations one by one, as steps (whose operations may share a kernel), and in advance.
        train_on(be, dataset, lines[i], -1, &each);
        train_on(be, dataset, lines[i], 0, &single);
        assert_int_equal(single.longest, 1);
        // The same again on the same back end, whose recordings are still there.
        train_on(be, dataset, lines[i], 1e6, &ahead);
        assert_true(ahead.longest > 1);
        backend_close(&be);
        setenv("CUDA_HOST_NO_GRAPHS", "1", 1);
        assert_ok(open_named(path, "cuda", &be));
        train_on(be, dataset, lines[i], 1e6, &plain);
        char line[192];
        be->ops->describe(be, line, sizeof line);
        assert_non_null(strstr(line, "no graphs"));
        backend_close(&be);
        unsetenv("CUDA_HOST_NO_GRAPHS");
        same_bits(&single, &each);
        same_bits(&single, &ahead);
        same_bits(&single, &plain);
        assert_ok(open_named(NULL, "ref", &be));
        train_on(be, dataset, lines[i], 0, &oracle);
        backend_close(&be);
        assert_int_equal(oracle.count, single.count);
        // Sums in another order, through twenty steps of an optimizer that divides by the root of
        // what it has seen: a wrong mask, label or rate is off by a hundredth and more at once.
        for (int k = 0; k < single.count; k++)
            assert_true(fabs((double)(single.records[k].loss - oracle.records[k].loss)) < 1e-3);
        free(each.weights);
        free(single.weights);
        free(ahead.weights);
        free(plain.weights);
        free(oracle.weights);
    }
}

static void gradients(void **state) {
    (void)state;
    static const char *const nets[] = {"conv 3 k3 p1 s2, tanh, avgpool 2, dense 5",
                                       "conv 3 k2 p1, leakyrelu 0.1, avgpool 2, dense 5",
                                       "conv 2 k3, relu, avgpool 2, conv 2 k2, maxpool 1, dense 4",
                                       "conv 3 k2, sigmoid, maxpool 2, dense 5",
                                       "conv 2 k2, batchnorm, relu, maxpool 2, dense 4"};
    Backend *be;
    assert_ok(open_named(module_path("INKLING_TEST_CUDA_HOST"), "cuda", &be));
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        GradCheck result;
        ModelSpec *spec = calloc(1, sizeof *spec);
        assert_non_null(spec);
        spec->input = (Shape){2, 7, 6, false};
        spec->normalization.std = 1.0f;
        assert_ok(spec_parse_layers(nets[i], spec));
        assert_ok(gradcheck_run(be, spec, 3, 11, 3, &result));
        free(spec);
    }
    backend_close(&be);
}

// ---- time -------------------------------------------------------------------------------------

// A mark stands behind what has been asked before it, steps that were handed over included.
static void marks_tell_the_time_between_them(void **state) {
    enum { N = 200000, STEPS = 20 };
    (void)state;
    Backend *be;
    BackendLimits limits = {0};
    BatchStats stats[BACKEND_STEPS_AHEAD];
    assert_ok(open_named(module_path("INKLING_TEST_CUDA_HOST"), "cuda", &be));
    be->ops->limits(be, &limits);
    assert_true(limits.operations > 0 && limits.bytes > 0);
    float *x = be->ops->alloc(be, N * sizeof *x);
    BatchStats *own = be->ops->alloc(be, sizeof *own);
    be->ops->zero(be, x, N * sizeof *x);
    be->ops->zero(be, own, sizeof *own);
    be->ops->mark(be, 0);
    be->ops->mark(be, 1);
    double nothing = be->ops->between(be, 0, 1);
    be->ops->mark(be, 0);
    for (int i = 0; i < STEPS; i++) {
        be->ops->step_begin(be);
        be->ops->activation_forward(be, ACTIVATION_SIGMOID, 0, N, x, x);
        be->ops->step_end(be, own);
    }
    be->ops->mark(be, 1);
    double something = be->ops->between(be, 0, 1);
    assert_int_equal(be->ops->steps_take(be, stats), STEPS);
    assert_true(nothing >= 0 && something > 2 * nothing && something > 1e-4);
    assert_ok(be->ops->sync(be));
    be->ops->release(be, x);
    be->ops->release(be, own);
    backend_close(&be);
}

// ---- kernels of a step ------------------------------------------------------------------------

// How many a step of each preset has: what a small network's step costs is mostly the way from one
// to the next, so one more is a loss (docs/CUDA.md has the table).
static void kernels_of_a_step(void **state) {
    static const struct {
        const char *settings;
        int kernels;
    } rows[] = {
        {"preset=lenet5", 14},
        {"preset=mlp-bn", 8},
        {"preset=mlp-dropout", 8},
        {"preset=cnn-20", 12},
        {"preset=cnn-64", 13},
        {"preset=fast", 20},
        {"preset=lenet5 augment=strong", 14},
    };
    enum { GRAPH_STEPS = 8 };
    const Dataset *dataset = *state;
    const char *path = module_path("INKLING_TEST_CUDA_HOST");
    void *module = dlopen(path, RTLD_NOW);
    assert_non_null(module);
    const int *nodes = dlsym(module, "cuda_host_graph_nodes");
    assert_non_null(nodes);
    setenv("CUDA_HOST_IDLE", "1", 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Backend *be;
        DeviceData data;
        TrainConfig config;
        Run *run;
        BatchRecord batches[RUN_STEPS_MAX];
        int done;
        assert_ok(config_parse(rows[i].settings, &config));
        config.limit = config.batch_size; // one batch an epoch; the second one is recorded
        assert_ok(open_named(path, "cuda", &be));
        assert_ok(device_data_open(be, dataset, &data));
        assert_ok(run_open(&config, &data, NULL, &run));
        for (int k = 0; k < 2; k++) {
            EpochRecord epoch;
            assert_ok(run_steps(run, 1e6, batches, &done));
            assert_ok(run_end_epoch(run, &epoch));
        }
        run_close(&run);
        device_data_close(&data);
        backend_close(&be);
        // A graph ends with one that moves the counters on.
        print_message("%s: %d kernels, and 1 for %d steps\n", rows[i].settings,
                      (*nodes - 1) / GRAPH_STEPS, GRAPH_STEPS);
        assert_int_equal((*nodes - 1) % GRAPH_STEPS, 0);
        assert_int_equal((*nodes - 1) / GRAPH_STEPS, rows[i].kernels);
    }
    unsetenv("CUDA_HOST_IDLE");
    dlclose(module);
}

// ---- a device that is lost --------------------------------------------------------------------

// Trains until something fails, as the emulation's variable `what` says; after each epoch the state
// is saved.
static Status train_until(const char *what, const Dataset *dataset, long work,
                          const char *checkpoint) {
    char number[32];
    Backend *be = NULL;
    DeviceData data = {0};
    TrainConfig config;
    Run *run = NULL;
    Status status;
    snprintf(number, sizeof number, "%ld", work);
    setenv(what, number, 1);
    TRY(config_parse(lines[0], &config));
    TRY(open_named(module_path("INKLING_TEST_CUDA_HOST"), "cuda", &be));
    TRY(device_data_open(be, dataset, &data));
    TRY(run_open(&config, &data, NULL, &run));
    while (!run_finished(run)) {
        BatchRecord batches[RUN_STEPS_MAX];
        EpochRecord epoch;
        int done;
        TRY(run_steps(run, 1e6, batches, &done));
        if (run_at_epoch_end(run)) {
            TRY(run_end_epoch(run, &epoch));
            TRY(run_save_state(run, checkpoint));
        }
    }
fail:
    if (run && !status_is_ok(&status)) {
        // Whatever is still asked of it says no.
        EvalResult result;
        Status again = run_evaluate(run, &result, NULL, NULL);
        assert_int_equal(again.code, STATUS_IO);
        again = run_save_state(run, checkpoint);
        assert_int_equal(again.code, STATUS_IO);
    }
    run_close(&run);
    device_data_close(&data);
    backend_close(&be);
    unsetenv(what);
    return status;
}

static void lost_device(void **state) {
    const Dataset *dataset = *state;
    char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];
    assert_true(files_open(directory));
    files_path(path, directory, "checkpoint");
    int kept = 0;
    for (long work = 1; work < 1200; work = work * 2 + 50) {
        remove(path);
        Status status = train_until("CUDA_HOST_FAIL", dataset, work, path);
        if (status_is_ok(&status)) continue;
        assert_true(status.code == STATUS_IO || status.code == STATUS_UNSUPPORTED ||
                    status.code == STATUS_MEMORY);
        if (status.code == STATUS_IO) assert_non_null(strstr(status.message, "ECC"));
        if (!file_exists(path)) continue;
        // The last checkpoint is whole: the CPU goes on from it.
        Backend *be;
        DeviceData data;
        TrainConfig config;
        Run *run;
        BatchRecord batch;
        assert_ok(config_parse(lines[0], &config));
        assert_ok(open_named(NULL, "cpu", &be));
        assert_ok(device_data_open(be, dataset, &data));
        assert_ok(run_open(&config, &data, NULL, &run));
        assert_ok(run_load_state(run, path));
        assert_ok(run_step(run, &batch));
        run_close(&run);
        device_data_close(&data);
        backend_close(&be);
        kept++;
    }
    assert_true(kept > 0);
    files_close(directory);
}

// Each block in turn finds no room: a sentence, and the device is there for the next one.
static void full_device(void **state) {
    const Dataset *dataset = *state;
    char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];
    assert_true(files_open(directory));
    files_path(path, directory, "checkpoint");
    long block = 1;
    for (;; block++) {
        Status status = train_until("CUDA_HOST_MEMORY", dataset, block, path);
        if (status_is_ok(&status)) break;
        if (!strstr(status.message, "memory")) fail_msg("block %ld: %s", block, status.message);
        assert_true(status.code == STATUS_MEMORY || status.code == STATUS_UNSUPPORTED);
        assert_false(file_exists(path));
    }
    assert_true(block > 15); // the back end's own, the data, the network's, the optimizer's
    files_close(directory);
}

static int open_data(void **state) {
    static Dataset *dataset;
    Status status = dataset_open_synthetic(&dataset, 1, TRAIN_N, TEST_N, 2);
    *state = dataset;
    return status_is_ok(&status) ? 0 : -1;
}

static int close_data(void **state) {
    Dataset *dataset = *state;
    dataset_close(&dataset);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_names),      cmocka_unit_test(missing_module),
        cmocka_unit_test(other_version),     cmocka_unit_test(as_it_is),
        cmocka_unit_test(no_such_device),    cmocka_unit_test(no_good_device),
        cmocka_unit_test(gradients),         cmocka_unit_test(training),
        cmocka_unit_test(kernels_of_a_step), cmocka_unit_test(marks_tell_the_time_between_them),
        cmocka_unit_test(lost_device),       cmocka_unit_test(full_device),
    };
    return cmocka_run_group_tests(tests, open_data, close_data);
}
