// A step that is written down: that it is the same step bit for bit, with every kind of layer and
// rule; that what is written down is what happened; and the look inside a running training
// (gradients, dead units).
#include "test.h"

#include "base/thread.h"
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>

enum { TRAIN_N = 96, TEST_N = 300, STEPS = 5 };

typedef struct Fixture {
    Dataset *dataset;
    Backend *be;
    DeviceData data;
} Fixture;

static int open_data(void **state) {
    static Fixture f;
    BackendConfig backend = {"cpu", 2};
    *state = &f;
    Status status = dataset_open_synthetic(&f.dataset, 1, TRAIN_N, TEST_N, 2);
    if (status_is_ok(&status)) status = backend_open(&backend, &f.be);
    if (status_is_ok(&status)) status = device_data_open(f.be, f.dataset, &f.data);
    return status_is_ok(&status) ? 0 : -1;
}
static int close_data(void **state) {
    Fixture *f = *state;
    device_data_close(&f->data);
    backend_close(&f->be);
    dataset_close(&f->dataset);
    return 0;
}

static Run *open_run(const Fixture *f, const char *line, const float *initial) {
    TrainConfig config;
    Run *run;
    assert_ok(config_parse(line, &config));
    assert_ok(run_open(&config, &f->data, initial, &run));
    return run;
}

static float *floats(size_t count) {
    float *out = calloc(count + 1, sizeof *out);
    assert_non_null(out);
    return out;
}

// ---- the same bits ------------------------------------------------------------------------------

static void step_on(Run *run, BatchRecord *record, Transcript *told) {
    EpochRecord epoch;
    if (run_at_epoch_end(run)) assert_ok(run_end_epoch(run, &epoch));
    if (told)
        assert_ok(run_step_told(run, record, told));
    else
        assert_ok(run_step(run, record));
}

static void check_same(const Fixture *f, const char *line) {
    Run *plain = open_run(f, line, NULL), *other = open_run(f, line, NULL);
    size_t count = run_plan(plain)->weight_floats;
    float *a = floats(count), *b = floats(count);
    Transcript told = {0};
    for (int i = 0; i < STEPS; i++) {
        BatchRecord x, y;
        step_on(plain, &x, NULL);
        step_on(other, &y, i == 1 ? NULL : &told);
        run_get_weights(plain, a);
        run_get_weights(other, b);
        if (memcmp(a, b, count * sizeof *a) != 0) fail_msg("%s: step %d differs", line, i + 1);
        assert_true(x.loss == y.loss && x.accuracy == y.accuracy && x.lr == y.lr);
        if (i == 1) continue;
        assert_int_equal(told.epoch, y.epoch);
        assert_int_equal(told.batch, y.batch);
        assert_true((float)told.loss == y.loss && (float)told.accuracy == y.accuracy);
    }
    transcript_close(&told);
    free(a);
    free(b);
    run_close(&plain);
    run_close(&other);
}

static void a_told_step_is_the_same_step(void **state) {
    static const char *const lines[] = {
        "preset=lenet5 batch-size=16",
        "preset=mlp-bn batch-size=16",
        "preset=mlp-dropout batch-size=40 optimizer=nadam", // the last batch is smaller
        "preset=cnn-20 batch-size=8 optimizer=momentum lr=0.01",
        "preset=fast batch-size=16 augment=light",
        "preset=\"\" layers=\"conv 3 k3, tanh, maxpool 2, conv 4 k3, relu, maxpool 3, dropout 0.3, "
        "dense 12, leakyrelu, batchnorm, sigmoid, dense 10\" ema=0.9 clip-norm=0.01 "
        "label-smoothing=0.1 optimizer=rmsprop momentum=0.5 batch-size=20",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) check_same(*state, lines[i]);
}

// ---- what is written down -----------------------------------------------------------------------

// The rule applied to what was written down gives the weights that were written down.
static void check_rule(const Fixture *f, const char *name) {
    char line[160];
    snprintf(line, sizeof line,
             "preset=\"\" layers=\"conv 2 k5, relu, maxpool 2, dense 10\" optimizer=%s "
             "weight-decay=0.01 batch-size=8",
             name);
    Run *run = open_run(f, line, NULL);
    size_t count = run_plan(run)->parameter_floats;
    float *weights = floats(count);
    Transcript told = {0};
    BatchRecord record;
    BackendConfig reference = {"ref", 1};
    Backend *ref;
    assert_ok(backend_open(&reference, &ref));
    for (int step = 1; step <= 3; step++) {
        float *slots[OPTIMIZER_SLOTS_MAX] = {NULL};
        step_on(run, &record, &told);
        assert_int_equal(told.step.t, step);
        assert_int_equal(told.optimizer, optimizer_find(name));
        float *slot_floats = floats(count * (size_t)told.slots);
        memcpy(weights, told.before, count * sizeof *weights);
        memcpy(slot_floats, told.state_before, count * (size_t)told.slots * sizeof *weights);
        for (int k = 0; k < told.slots; k++) slots[k] = slot_floats + (size_t)k * count;
        ref->ops->update(ref, told.optimizer, &told.step, count, weights, told.gradients, slots);
        // The oracle's arithmetic: a few roundings away from the kernels'.
        for (size_t i = 0; i < count; i++)
            if (fabsf(weights[i] - told.after[i]) > 1e-6f * (1 + fabsf(weights[i])))
                fail_msg("%s, step %d, %zu: %g != %g", name, step, i, (double)weights[i],
                         (double)told.after[i]);
        free(slot_floats);
    }
    backend_close(&ref);
    transcript_close(&told);
    free(weights);
    run_close(&run);
}

static void weights_follow_from_gradients(void **state) {
    for (int i = 0; i < OPTIMIZER_COUNT; i++) check_rule(*state, optimizer_rows[i].name);
}

// Softmax of the logits, loss from it, and (p - 1[label]) / n as the gradient that comes back.
static void the_loss_follows_from_the_logits(void **state) {
    const Fixture *f = *state;
    Run *run = open_run(f, "preset=cnn-20 batch-size=8", NULL);
    Transcript t = {0};
    BatchRecord record;
    step_on(run, &record, &t);
    const TranscriptStage *last = &t.stages[t.stage_count - 1];
    double sum = 0;
    assert_int_equal(t.samples, 8);
    for (int i = 0; i < t.samples; i++) {
        const float *z = t.values + last->at + i * 10, *p = t.probabilities + i * 10;
        const float *d = t.deltas + last->at + i * 10;
        double all = 0;
        for (int c = 0; c < 10; c++) all += exp((double)z[c]);
        for (int c = 0; c < 10; c++) {
            double wanted = (p[c] - (c == t.labels[i])) / 8.0;
            assert_true(fabs(exp((double)z[c]) / all - (double)p[c]) < 1e-6);
            assert_true(fabs(wanted - (double)d[c]) < 1e-6);
        }
        assert_true(fabs(t.losses[i] + log((double)p[t.labels[i]])) < 1e-5);
        sum += t.losses[i];
    }
    assert_true(fabs(sum / 8 - t.loss) < 1e-6);
    // conv + relu, the maxpool that is done with them, conv + relu, dense + relu, dense.
    static const struct {
        int first, last, c, h;
    } stages[] = {{0, 1, 10, 24}, {2, 2, 10, 12}, {3, 4, 20, 10}, {6, 7, 500, 1}, {8, 8, 10, 1}};
    assert_int_equal(t.stage_count, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(t.stages[i].first, stages[i].first);
        assert_int_equal(t.stages[i].last, stages[i].last);
        assert_int_equal(t.stages[i].shape.c, stages[i].c);
        assert_int_equal(t.stages[i].shape.h, stages[i].h);
        assert_true(t.stages[i].has_delta);
        assert_int_equal(t.stages[i].value.count, 8 * shape_count(t.stages[i].shape));
        // All of the batch is kept here, so its figures can be had from the numbers.
        Spread again = spread_of(t.values + t.stages[i].at, t.stages[i].value.count);
        assert_true(fabs(again.mean - t.stages[i].value.mean) < 1e-9);
        assert_true(fabs(again.norm - t.stages[i].value.norm) < 1e-6 * again.norm);
        assert_true(i == 4 || t.stages[i].value.low >= 0);
    }
    // Between the convolution and its pooling: the largest of four, which gets all of the gradient.
    const float *conv = t.values + t.stages[0].at, *pool = t.values + t.stages[1].at;
    const float *conv_delta = t.deltas + t.stages[0].at, *pool_delta = t.deltas + t.stages[1].at;
    for (size_t i = 0; i < 8 * 10 * 12 * 12; i++) {
        size_t at = i / 144 * 576 + i / 12 % 12 * 48 + i % 12 * 2;
        const size_t four[] = {at, at + 1, at + 24, at + 25};
        float most = conv[at], gradient = 0;
        for (int k = 0; k < 4; k++) {
            most = fmaxf(most, conv[four[k]]);
            gradient += conv_delta[four[k]];
        }
        assert_true(most == pool[i] && gradient == pool_delta[i]);
    }
    transcript_close(&t);
    run_close(&run);
}

static void clipping_is_told(void **state) {
    Run *run = open_run(*state, "preset=lenet5 batch-size=16 clip-norm=0.01", NULL);
    Transcript t = {0};
    BatchRecord record;
    step_on(run, &record, &t);
    double norm = spread_of(t.gradients, run_plan(run)->parameter_floats).norm;
    assert_true(t.gradient_norm > 0.01 && fabs(norm - 0.01) < 1e-6);
    assert_true(fabs(t.clipped - 0.01 / t.gradient_norm) < 1e-4);
    transcript_close(&t);
    run_close(&run);
}

static void a_spread_is_worked_out(void **state) {
    (void)state;
    static const float values[] = {0, 3, -4, 0, 1};
    Spread s = spread_of(values, 5);
    assert_true(s.count == 5 && s.zeros == 2 && s.mean == 0 && s.low == -4 && s.high == 3);
    assert_true(fabs(s.norm - sqrt(26)) < 1e-12 && fabs(s.deviation - sqrt(5.2)) < 1e-12);
    float odd[] = {1, NAN, 2};
    s = spread_of(odd, 3);
    assert_true(isnan(s.mean) && isnan(s.norm) && s.low == 1 && s.high == 2);
    s = spread_of(odd, 0);
    assert_true(s.count == 0 && s.mean == 0);
}

// ---- dead units ---------------------------------------------------------------------------------

// Units that can never be above 0 are put into a network; exactly these are counted.
static void dead_units_are_counted(void **state) {
    const Fixture *f = *state;
    static const struct {
        const char *layers, *tensor; // whose numbers say when a unit is dead
        int layer, units, dead;      // of the ReLU
    } cases[] = {
        {"dense 6, relu, dense 10", "fc1.bias", 2, 6, 2},
        {"conv 5 k3, relu, dense 10", "conv1.bias", 1, 5, 3},
        {"conv 4 k5, relu, maxpool 2, dense 10", "conv1.bias", 1, 4, 1},
        {"conv 4 k3, relu, maxpool 3, dense 10", "conv1.bias", 1, 4, 4},
        {"conv 4 k3, batchnorm, relu, maxpool 2, dense 10", "bn1.bias", 2, 4, 2},
        {"dense 7, relu, dropout 0.5, dense 10", "fc1.bias", 2, 7, 0},
        {"dense 6, leakyrelu, dense 10", "fc1.bias", 2, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[200];
        DeadUnits dead;
        snprintf(line, sizeof line, "preset=\"\" layers=\"%s\" batch-size=8", cases[i].layers);
        Run *run = open_run(f, line, NULL);
        const ModelPlan *plan = run_plan(run);
        float *weights = floats(plan->weight_floats);
        run_get_weights(run, weights);
        bool found = false;
        for (int t = 0; t < plan->tensor_count; t++) {
            if (strcmp(plan->tensors[t].name, cases[i].tensor) != 0) continue;
            found = true;
            // The others are alive whatever their weights.
            for (size_t k = 0; k < plan->tensors[t].count; k++)
                weights[plan->tensors[t].offset + k] = (int)k < cases[i].dead ? -1e6f : 1e6f;
        }
        assert_true(found);
        run_close(&run);
        run = open_run(f, line, weights);
        assert_ok(run_count_dead(run, 256, &dead));
        assert_int_equal(dead.images, 256);
        if (dead.units[cases[i].layer] != cases[i].units ||
            dead.dead[cases[i].layer] != cases[i].dead)
            fail_msg("%s: %d of %d", cases[i].layers, dead.dead[cases[i].layer],
                     dead.units[cases[i].layer]);
        assert_ok(run_count_dead(run, 1000, &dead)); // more than there are
        assert_int_equal(dead.images, TEST_N);
        free(weights);
        run_close(&run);
    }
}

// ---- the trainer's thread -----------------------------------------------------------------------

static void wait_for(const RunLog *log, RunState state) {
    for (int i = 0; i < 60000 && atomic_load(&log->state) != (int)state; i++) thread_sleep(0.001);
    assert_int_equal(atomic_load(&log->state), state);
}

static void the_thread_tells_and_looks(void **state) {
    const Fixture *f = *state;
    static const char line[] = "preset=\"\" layers=\"dense 16, relu, dense 10\" batch-size=32 "
                               "epochs=1";
    BackendConfig backend = {"cpu", 1};
    TrainerHooks hooks = {NULL, NULL, NULL};
    TrainConfig config;
    Trainer *trainer;
    RunLog *log;
    assert_ok(config_parse(line, &config));
    assert_ok(trainer_open(f->dataset, &backend, &hooks, &trainer));
    assert_ok(run_log_open(&config, f->dataset, NULL, &log));
    assert_true(trainer_start_step_told(trainer, log));
    wait_for(log, RUN_PAUSED);
    assert_true(mailbox_take(&log->told));
    const Transcript *told = mailbox_front(&log->told);
    assert_int_equal(told->batch, 1);
    assert_true(mailbox_take(&log->mailbox));
    const RunSnapshot *snapshot = mailbox_front(&log->mailbox);
    size_t bytes = log->plan->weight_floats * sizeof(float);
    assert_memory_equal(snapshot->weights, told->after, bytes);
    assert_false(snapshot->inside); // nobody has asked
    atomic_store(&log->look, true);
    assert_true(trainer_snapshot_now(trainer, log));
    for (int i = 0; i < 60000 && !mailbox_take(&log->mailbox); i++) thread_sleep(0.001);
    snapshot = mailbox_front(&log->mailbox);
    assert_true(snapshot->inside);
    assert_memory_equal(snapshot->gradients, told->gradients,
                        log->plan->parameter_floats * sizeof(float));
    assert_int_equal(snapshot->dead.images, TRAINER_DEAD_IMAGES);
    assert_int_equal(snapshot->dead.units[2], 16);
    // The second batch is told too; the third is the last of the run.
    assert_true(trainer_step_told(trainer, log));
    for (int i = 0; i < 60000 && !mailbox_take(&log->told); i++) thread_sleep(0.001);
    told = mailbox_front(&log->told);
    assert_int_equal(told->batch, 2);
    atomic_store(&log->look, false);
    assert_true(trainer_step_told(trainer, log));
    wait_for(log, RUN_FINISHED);
    assert_true(mailbox_take(&log->mailbox));
    snapshot = mailbox_front(&log->mailbox);
    assert_true(snapshot->inside); // the end is always looked at
    trainer_close(&trainer);
    run_log_close(&log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_told_step_is_the_same_step),
        cmocka_unit_test(weights_follow_from_gradients),
        cmocka_unit_test(the_loss_follows_from_the_logits),
        cmocka_unit_test(clipping_is_told),
        cmocka_unit_test(a_spread_is_worked_out),
        cmocka_unit_test(dead_units_are_counted),
        cmocka_unit_test(the_thread_tells_and_looks),
    };
    return cmocka_run_group_tests(tests, open_data, close_data);
}
