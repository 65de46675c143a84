// `inkling bench`: how long an epoch of each preset takes here, and what share of this machine's
// measured rate of matrix products that is. Rates count multiply and add as two operations; those
// of a network are its plan's (nn/spec.h), so pooling, activations and updates count as nothing
// done.
#include "app/cli.h"
#include "app/cli_json.h"
#include "app/cli_share.h"
#include "base/check.h"
#include "base/thread.h"
#include "compute/sgemm_rate.h"
#include "train/recognizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

const CliOption bench_options[] = {
    {"preset", "NAME", "only this preset; default: all of them"},
    {"epochs", "N",
     "time N whole epochs one by one; default: 10 on a GPU, 0 elsewhere: a part of "
     "an epoch, and the rest by rule of three"},
    {"full", NULL, "the same as --epochs 1"},
    {"seconds", "X", "without whole epochs: how long a part of one is timed for [2]"},
    {"batch-size", "N", "images in a training step [64]"},
    CLI_DATA_OPTION,
    CLI_THREADS_OPTION,
    CLI_DEVICE_OPTION,
    CLI_JSON_OPTION,
    {NULL, NULL, NULL},
};

enum {
    BENCH_WARM_UP = 30, // batches before the clock starts
    BENCH_LARGE = 1000, // images in a large inference batch
    BENCH_EPOCHS_MAX = 1000,
    BENCH_EPOCHS_GPU = 10,
};

typedef struct Bench {
    const CliArgs *args;
    bool json;
    int threads;
    int epochs; // timed one by one; 0: a part of one
    double seconds;
    const char *batch_size;
    Dataset *dataset;
    Backend *be;
    DeviceData data;
    double rate;          // matrix products, operations a second
    BackendLimits limits; // 0: not known
} Bench;

typedef struct BenchResult {
    const Preset *preset;
    int batches, timed;   // in an epoch; batches the clock ran for
    double epoch_seconds; // of training: the median, where several were timed
    double fastest, slowest;
    double operations;      // of an epoch
    double bytes;           // that an epoch cannot do without moving: see bench_bytes
    double test_images;     // a second, in the test set's evaluation
    double test_operations; // a second, likewise
    double peak_megabytes;  // of the process, data set included, while this preset was at work
    double inference_small; // images a second, one by one
    double inference_large; // BENCH_LARGE at a time
} BenchResult;

// ---- measuring ---------------------------------------------------------------------------------

// Out of an epoch that is over, into the next: the test images are looked at on the way.
static Status bench_go_on(Run *run) {
    EpochRecord epoch;
    return run_at_epoch_end(run) ? run_end_epoch(run, &epoch) : status_ok();
}

// Steps until `batches` are done, or `seconds` have gone by. *done counts them. What comes after an
// epoch's last step is left for the next call.
static Status bench_steps(Run *run, int batches, double seconds, int *done) {
    BatchRecord records[RUN_STEPS_MAX];
    Status status = status_ok();
    double begun = clock_seconds();
    *done = 0;
    while (*done < batches && clock_seconds() - begun < seconds) {
        int some;
        TRY(bench_go_on(run));
        TRY(run_steps(run, 0.05, records, &some));
        *done += some;
    }
fail:
    return status;
}

static int bench_order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The training of one epoch, the run being at the end of another; its seconds by the device's own
// clock, if it has one.
static Status bench_epoch(const Bench *bench, Run *run, double *seconds) {
    const BackendOps *ops = bench->be->ops;
    int done;
    Status status = bench_go_on(run);
    double before = run_seconds(run);
    if (!status_is_ok(&status)) return status;
    if (ops->mark) ops->mark(bench->be, 0);
    status = bench_steps(run, run_batches(run), 1e9, &done);
    if (ops->mark) ops->mark(bench->be, 1);
    *seconds = ops->mark ? ops->between(bench->be, 0, 1) : run_seconds(run) - before;
    return status;
}

// Whole epochs one by one, after what is left of the first and, on a device, another to warm up.
static Status bench_epochs(const Bench *bench, Run *run, BenchResult *out) {
    double seconds[BENCH_EPOCHS_MAX];
    int done;
    Status status = bench_steps(run, run_batches(run) - run_batch(run) + 1, 1e9, &done);
    if (status_is_ok(&status) && bench->be->ops->mark) status = bench_epoch(bench, run, seconds);
    for (int i = 0; i < bench->epochs && status_is_ok(&status); i++)
        status = bench_epoch(bench, run, &seconds[i]);
    if (!status_is_ok(&status)) return status;
    int n = bench->epochs;
    qsort(seconds, (size_t)n, sizeof seconds[0], bench_order);
    out->timed = n * out->batches;
    out->epoch_seconds = (seconds[(n - 1) / 2] + seconds[n / 2]) / 2;
    out->fastest = seconds[0];
    out->slowest = seconds[n - 1];
    return status;
}

// Bytes that a step moves even if every layer reads its input once and writes its output once,
// backward reads the input and the gradient and writes one, and each number of the optimizer is
// read and written once. What stays in a cache is counted all the same.
static double bench_bytes(const Run *run, const TrainConfig *config) {
    const ModelPlan *plan = run_plan(run);
    double values = 0;
    for (int i = 0; i <= run_spec(run)->layer_count; i++)
        values += (double)shape_count(plan->shapes[i]) * config->batch_size;
    int slots = optimizer_rows[config->optimizer].slots_used(&config->options);
    // Weights: forward, backward, update both ways; gradients: written and read.
    return sizeof(float) * (values * 5 + (double)plan->parameters * (6 + 2 * slots));
}

// Passes over the test set as training makes one after each epoch.
static Status bench_evaluation(const Bench *bench, Run *run, BenchResult *out) {
    const ImageSet *set = &bench->dataset->test;
    EvalResult result;
    long images = 0;
    double begun = clock_seconds();
    for (int i = 0; i < 2 || clock_seconds() - begun < 0.4; i++) {
        if (i == 1) begun = clock_seconds(); // one to warm up
        Status status = run_evaluate(run, &result, NULL, NULL);
        if (!status_is_ok(&status)) return status;
        images += i > 0 ? (long)set->n : 0;
    }
    out->test_images = (double)images / (clock_seconds() - begun);
    out->test_operations = out->test_images * run_plan(run)->flops_forward;
    return status_ok();
}

static Status bench_training(const Bench *bench, const TrainConfig *config, BenchResult *out,
                             SavedModel **model) {
    Run *run = NULL;
    Status status;
    int done;
    TRY(run_open(config, &bench->data, NULL, &run));
    out->batches = run_batches(run);
    TRY(bench_steps(run, BENCH_WARM_UP, 10, &done));
    if (bench->epochs > 0)
        TRY(bench_epochs(bench, run, out));
    else {
        double before = run_seconds(run);
        TRY(bench_steps(run, out->batches, bench->seconds, &out->timed));
        out->epoch_seconds = (run_seconds(run) - before) * out->batches / out->timed;
        out->fastest = out->slowest = out->epoch_seconds;
    }
    out->bytes = bench_bytes(run, config) * out->batches;
    out->operations = run_plan(run)->flops_training * bench->dataset->train.n;
    TRY(bench_evaluation(bench, run, out));
    TRY(saved_model_make(run_spec(run), model));
    run_get_weights(run, (*model)->weights);
fail:
    run_close(&run);
    return status;
}

static Status bench_inference(const Bench *bench, const SavedModel *model, int batch, double *out) {
    Recognizer *recognizer = NULL;
    const ImageSet *set = &bench->dataset->test;
    float *logits = malloc(sizeof(float) * (size_t)batch * SPEC_CLASSES_MAX);
    Status status = logits != NULL ? status_ok() : status_no_memory("the answers", 0);
    if (!status_is_ok(&status)) goto fail;
    TRY(recognizer_open(model, bench->threads, batch, &recognizer));
    ASSERT(set->n > 0); // no data set is without test images
    double begun = 0;
    long images = 0;
    uint32_t at = 0;
    for (int i = 0; i < 3 || clock_seconds() - begun < 0.4; i++) {
        if (i == 2) { // two to warm up
            begun = clock_seconds();
            images = 0;
        }
        int n = set->n - at < (uint32_t)batch ? (int)(set->n - at) : batch;
        recognizer_answer(recognizer, imageset_pixels(set, at), n, logits, NULL);
        images += n;
        at = (at + (uint32_t)n) % set->n;
    }
    *out = (double)images / (clock_seconds() - begun);
fail:
    free(logits);
    recognizer_close(&recognizer);
    return status;
}

// Forgets the peak of the presets before, where the system lets a process do that (Linux); else the
// peak told is that of all so far.
static void bench_peak_restart(void) {
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file == NULL) return;
    fputs("5", file);
    (void)fclose(file);
}

static double bench_peak_megabytes(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
    return (double)usage.ru_maxrss / 1024; // Linux counts in KiB
}

// ---- telling -----------------------------------------------------------------------------------

static Status bench_tell_machine(const Bench *bench) {
    char device[128];
    bench->be->ops->describe(bench->be, device, sizeof device);
    if (!bench->json) {
        cli_print("%s; large matrix product: %.1f GFLOP/s\n", device, bench->rate / 1e9);
        if (bench->limits.operations > 0)
            cli_print("by what it says of itself: %.1f TFLOP/s in float32, %.2f TB/s\n",
                      bench->limits.operations / 1e12, bench->limits.bytes / 1e12);
        cli_print("%s, %u training images, batch %s; %s\n\n", bench->dataset->name,
                  bench->dataset->train.n, bench->batch_size,
                  bench->epochs > 0
                      ? "whole epochs"
                      : "epochs reckoned from a part of one (--epochs times all of it)");
        cli_print(
            "preset        s/epoch  images/s  GFLOP/s  share   test: images/s  share   answers/s: "
            "1 by 1  %d at once  peak MB\n",
            BENCH_LARGE);
        return cli_flush();
    }
    JsonLine line = {0};
    JsonNode root = json_root(&line);
    json_text(root, "device", device);
    json_number(root, "product_gflops", bench->rate / 1e9);
    if (bench->limits.operations > 0) {
        json_number(root, "peak_gflops", bench->limits.operations / 1e9);
        json_number(root, "peak_gigabytes_per_second", bench->limits.bytes / 1e9);
    }
    json_text(root, "data", bench->dataset->name);
    json_int(root, "train_images", bench->dataset->train.n);
    Status status = json_print(&line);
    return status_is_ok(&status) ? cli_flush() : status;
}

static Status bench_tell(const Bench *bench, const BenchResult *r) {
    double speed = r->operations / r->epoch_seconds;
    double share = bench->rate > 0 ? speed / bench->rate : 0;
    double test_share = bench->rate > 0 ? r->test_operations / bench->rate : 0;
    double images = bench->dataset->train.n / r->epoch_seconds;
    if (!bench->json) {
        cli_print("%-12s  %7.*f  %8.0f  %7.1f  %3.0f %%  %15.0f  %3.0f %%  %18.0f  %12.0f  %7.0f\n",
                  r->preset->name, r->epoch_seconds < 1 ? 4 : 2, r->epoch_seconds, images,
                  speed / 1e9, 100 * share, r->test_images, 100 * test_share, r->inference_small,
                  r->inference_large, r->peak_megabytes);
        if (bench->epochs > 1)
            cli_print("%-12s  %d epochs: %.4f .. %.4f s\n", "", bench->epochs, r->fastest,
                      r->slowest);
        if (bench->limits.operations > 0)
            cli_print("%-12s  %.1f %% of its peak in float32, %.1f %% of its memory's at least\n",
                      "", 100 * speed / bench->limits.operations,
                      100 * r->bytes / r->epoch_seconds / bench->limits.bytes);
        return cli_flush();
    }
    JsonLine line = {0};
    JsonNode root = json_root(&line);
    json_text(root, "preset", r->preset->name);
    json_number(root, "seconds_per_epoch", r->epoch_seconds);
    json_number(root, "fastest_epoch", r->fastest);
    json_number(root, "slowest_epoch", r->slowest);
    json_int(root, "batches_in_epoch", r->batches);
    json_int(root, "batches_timed", r->timed);
    json_bool(root, "extrapolated", r->timed < r->batches);
    json_number(root, "images_per_second", images);
    json_number(root, "gflop_per_epoch", r->operations / 1e9);
    json_number(root, "gflops", speed / 1e9);
    json_number(root, "share_of_product_rate", share);
    if (bench->limits.operations > 0) {
        json_number(root, "share_of_peak", speed / bench->limits.operations);
        json_number(root, "share_of_memory", r->bytes / r->epoch_seconds / bench->limits.bytes);
    }
    json_number(root, "inference_images_per_second_batch_1", r->inference_small);
    json_number(root, "inference_images_per_second_batch_1000", r->inference_large);
    json_number(root, "test_images_per_second", r->test_images);
    json_number(root, "test_share_of_product_rate", test_share);
    json_number(root, "peak_memory_mb", r->peak_megabytes);
    Status status = json_print(&line);
    return status_is_ok(&status) ? cli_flush() : status;
}

// ---- all of it ---------------------------------------------------------------------------------

static Status bench_preset(const Bench *bench, const Preset *preset) {
    TrainConfig config;
    BenchResult result = {.preset = preset};
    SavedModel *model = NULL;
    Status status;
    const OptionPair pairs[] = {{"preset", preset->name}, {"batch-size", bench->batch_size}};
    config_defaults(&config);
    TRY(config_set_all(&config, pairs, sizeof pairs / sizeof pairs[0]));
    config.epochs = 1000; // never finished
    bench_peak_restart();
    cli_progress("%s: training", preset->name);
    TRY(bench_training(bench, &config, &result, &model));
    cli_progress("%s: answering", preset->name);
    TRY(bench_inference(bench, model, 1, &result.inference_small));
    TRY(bench_inference(bench, model, BENCH_LARGE, &result.inference_large));
    result.peak_megabytes = bench_peak_megabytes();
    cli_progress_clear();
    TRY(bench_tell(bench, &result));
fail:
    saved_model_close(&model);
    return status;
}

static Status bench_open(Bench *bench) {
    Status status;
    const CliArgs *args = bench->args;
    long long threads, batch, epochs;
    TRY(cli_int(args, "threads", 0, 256, 0, &threads));
    TRY(cli_int(args, "batch-size", 1, 65536, 64, &batch));
    TRY(cli_number(args, "seconds", 0.01, 3600, 2, &bench->seconds));
    bench->threads = (int)threads;
    bench->batch_size = cli_value(args, "batch-size") ? cli_value(args, "batch-size") : "64";
    bench->json = cli_switch(args, "json");
    const char *only = cli_value(args, "preset");
    if (only != NULL && preset_find(only) == NULL)
        TRY(status_error(STATUS_USAGE, "there is no preset \"%.60s\"", only));
    BackendConfig config = {.device = cli_value(args, "device"), .threads = bench->threads};
    TRY(cli_open_device_and_data(&config, cli_value(args, "data"), &bench->be, &bench->dataset));
    int usual = cli_switch(args, "full") ? 1 : bench->be->ops->mark ? BENCH_EPOCHS_GPU : 0;
    TRY(cli_int(args, "epochs", 0, BENCH_EPOCHS_MAX, usual, &epochs));
    bench->epochs = (int)epochs;
    if (bench->be->ops->limits) bench->be->ops->limits(bench->be, &bench->limits);
    TRY(device_data_open(bench->be, bench->dataset, &bench->data));
    TRY(sgemm_rate_measure(bench->be, &bench->rate));
fail:
    return status;
}

int cmd_bench(const CliArgs *args) {
    Bench bench = {.args = args};
    const char *only = cli_value(args, "preset");
    Status status = bench_open(&bench);
    if (status_is_ok(&status)) status = bench_tell_machine(&bench);
    for (int i = 0; status_is_ok(&status) && i < preset_count; i++)
        if (only == NULL || strcmp(only, presets[i].name) == 0)
            status = bench_preset(&bench, &presets[i]);
    device_data_close(&bench.data);
    dataset_close(&bench.dataset);
    backend_close(&bench.be);
    return status_is_ok(&status) ? CLI_DONE : cli_fail(&status);
}
