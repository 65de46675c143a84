// check_training [--backend=cpu|cuda|NAME] [--seed N] [--quick] [--entries N]
//     What lies between single operations (check_kernels) and a whole training: the gradient check
//     on every kind of layer and every preset, and 20 steps of every optimizer, one by one and
//     handed over in advance (which must agree bit for bit), against the plain C oracle. Exits 77
//     and says SKIPPED where the back end is not there. Needs neither cmocka nor data. --entries:
//     numbers of each tensor whose slope is measured [5]; for a back end that is very slow.
#include "base/check.h"
#include "nn/gradcheck.h"
#include "nn/presets.h"
#include "train/run.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// The gradient check's own seed: with some, every step in a weight that it tries crosses a kink,
// and there is no slope to measure (test_gradients.c).
enum { GRADIENT_SEED = 20 };
enum { SKIPPED = 77, STEPS = 20, BATCH = 32, TEST_N = 32 };

typedef struct Check {
    Backend *be, *oracle;
    const char *name;
    Dataset *dataset;
    unsigned long long seed;
    int cases, failures;
} Check;

static void judge(Check *check, bool right, const char *title, const char *what) {
    check->cases++;
    check->failures += !right;
    if (!right) printf("FAILED  %s %s: %s\n", check->name, title, what);
    fflush(stdout);
}

// ---- gradients --------------------------------------------------------------------------------

static const char *const nets[] = {
    "dense 17, tanh, dense 3",
    "conv 3 k3, dense 4",
    "conv 3 k3 p1 s2, tanh, dense 5",
    "conv 5 k1, conv 2 k4 p3 s3, dense 3",
    "maxpool 3 s2 p1, dense 3",
    "avgpool 3 s2 p1, dense 3",
    "conv 3 k2, batchnorm, tanh, dense 6, batchnorm, sigmoid, dense 3",
    "conv 3 k3 p1, leakyrelu 0.2, maxpool 2, dropout 0.3, dense 3",
};

static void check_gradient(Check *check, const char *title, const ModelSpec *spec, int per_tensor) {
    GradCheck result;
    Status status = gradcheck_run(check->be, spec, 3, GRADIENT_SEED, per_tensor, &result);
    char line[160];
    snprintf(line, sizeof line, "gradient of %.120s", title);
    judge(check, status_is_ok(&status), line, status.message);
    if (status_is_ok(&status))
        printf("%s: %d slopes, at most %.2g off (%s)\n", line, result.checked, result.worst,
               result.where);
}

static void check_gradients(Check *check, bool quick, int entries) {
    ModelSpec *spec = calloc(1, sizeof *spec);
    REQUIRE(spec);
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        memset(spec, 0, sizeof *spec);
        spec->input = (Shape){2, 7, 9, false};
        spec->normalization.std = 1.0f;
        Status status = spec_parse_layers(nets[i], spec);
        REQUIRE(status_is_ok(&status));
        check_gradient(check, nets[i], spec, entries);
    }
    for (int i = 0; i < preset_count && !quick; i++) {
        if (strcmp(presets[i].name, "best") == 0) continue; // kinks everywhere, likewise
        Status status = preset_spec(&presets[i], (Shape){1, 28, 28, false}, 10, spec);
        REQUIRE(status_is_ok(&status));
        check_gradient(check, presets[i].name, spec, entries);
    }
    free(spec);
}

// ---- twenty steps -----------------------------------------------------------------------------

typedef struct Steps {
    BatchRecord records[STEPS];
    float *weights;
    size_t count;
} Steps;

static Status train(Backend *be, const Dataset *dataset, const char *line, double seconds,
                    Steps *out) {
    DeviceData data = {0};
    TrainConfig config;
    Run *run = NULL;
    Status status;
    int count = 0;
    TRY(config_parse(line, &config));
    TRY(device_data_open(be, dataset, &data));
    TRY(run_open(&config, &data, NULL, &run));
    while (count < STEPS && !run_finished(run)) {
        BatchRecord batches[RUN_STEPS_MAX];
        EpochRecord epoch;
        int done;
        TRY(run_steps(run, seconds, batches, &done));
        for (int i = 0; i < done && count < STEPS; i++) out->records[count++] = batches[i];
        if (run_at_epoch_end(run)) TRY(run_end_epoch(run, &epoch));
    }
    out->count = run_plan(run)->weight_floats;
    out->weights = calloc(out->count, sizeof *out->weights);
    REQUIRE(out->weights && count == STEPS);
    run_get_weights(run, out->weights);
fail:
    run_close(&run);
    device_data_close(&data);
    return status;
}

static bool same_bits(const Steps *a, const Steps *b) {
    for (int i = 0; i < STEPS; i++)
        if (memcmp(&a->records[i].loss, &b->records[i].loss, sizeof(float)) != 0) return false;
    return memcmp(a->weights, b->weights, a->count * sizeof(float)) == 0;
}

// Another order of summing than the oracle's: an error of depth * eps in each of the steps, the
// deepest sum being over the 784 pixels. What is wrong by more than rounding (a mask, a rate, a
// label, a state) is off by more than this within a few steps.
static const double loss_tolerance = STEPS * 784 * (double)FLT_EPSILON;

static void check_optimizer(Check *check, const char *name, const char *more) {
    char line[TRAIN_LINE_MAX], what[120];
    Steps one = {0}, ahead = {0}, oracle = {0};
    Status status;
    snprintf(
        line, sizeof line,
        "layers=\"conv 3 k5 s2, relu, maxpool 2, dropout 0.2, dense 12, batchnorm, tanh, dense "
        "10\" optimizer=%s batch-size=%d epochs=4 seed=%llu%s",
        name, BATCH, check->seed % 100000, more);
    TRY(train(check->be, check->dataset, line, 0, &one));
    TRY(train(check->be, check->dataset, line, 1e6, &ahead));
    TRY(train(check->oracle, check->dataset, line, 0, &oracle));
    judge(check, same_bits(&one, &ahead), name, "steps handed over in advance give other bits");
    int worst = 0;
    double off[STEPS];
    for (int i = 0; i < STEPS; i++) {
        off[i] = fabs((double)one.records[i].loss - (double)oracle.records[i].loss);
        if (!(off[i] <= off[worst])) worst = i;
    }
    snprintf(what, sizeof what, "step %d: loss %.7g, the oracle has %.7g", worst + 1,
             (double)one.records[worst].loss, (double)oracle.records[worst].loss);
    judge(check, off[worst] <= loss_tolerance, name, what);
    printf("%-10s%s: loss %.4f to %.4f, at most %.2g from the oracle's\n", name, more,
           (double)one.records[0].loss, (double)one.records[STEPS - 1].loss, off[worst]);
fail:
    if (!status_is_ok(&status)) judge(check, false, name, status.message);
    free(one.weights);
    free(ahead.weights);
    free(oracle.weights);
}

int main(int argc, char **argv) {
    Check check = {.name = "cpu", .seed = (unsigned long long)time(NULL)};
    bool quick = false;
    int entries = 5;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--backend=", 10) == 0)
            check.name = argv[i] + 10;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            check.seed = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--entries") == 0 && i + 1 < argc)
            entries = atoi(argv[++i]);
        else if (strcmp(argv[i], "--quick") == 0)
            quick = true;
        else
            return 2;
    }
    Status status = backend_open(&(BackendConfig){.device = check.name}, &check.be);
    if (!status_is_ok(&status)) {
        printf("SKIPPED: %s\n", status.message);
        return SKIPPED;
    }
    status = backend_open(&(BackendConfig){.device = "ref"}, &check.oracle);
    REQUIRE(status_is_ok(&status));
    // Four batches and a short one in an epoch: STEPS is a whole number of epochs.
    status = dataset_open_synthetic(&check.dataset, 1, 4 * BATCH + BATCH / 2, TEST_N, 2);
    REQUIRE(status_is_ok(&status));
    printf("seed %llu\n", check.seed);
    check_gradients(&check, quick, entries);
    for (int i = 0; i < OPTIMIZER_COUNT && !quick; i++)
        check_optimizer(&check, optimizer_rows[i].name, "");
    check_optimizer(&check, "adam", " clip-norm=0.5 ema=0.9 label-smoothing=0.1");
    check_optimizer(&check, "adamw", " augment=light loss=mse");
    dataset_close(&check.dataset);
    backend_close(&check.oracle);
    backend_close(&check.be);
    printf("%d cases, %d failures (seed %llu)\n", check.cases, check.failures, check.seed);
    return check.failures > 0;
}
