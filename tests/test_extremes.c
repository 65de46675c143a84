// Numbers that blow up, and sizes at the edge: whatever is asked for works or is refused in a
// sentence; nothing crashes, hangs or goes on with numbers that are none without saying so.
#include "base/text.h"
#include "formats/formats.h"
#include "train/recognizer.h"
#include "train/run.h"

#include "tests/files.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>

enum { STEPS_MAX = 40 };

// Images and what is in them.
typedef enum Ink { INK_BARS, INK_BLANK, INK_FULL } Ink;

typedef struct Case {
    const char *name, *settings;
    uint32_t images, side; // 0: 12 images of 28 x 28
    int classes;           // labels go round; 0: 10
    Ink ink;
    float weight;     // not 0: every weight starts as this
    StatusCode code;  // of what comes of it
    const char *says; // in its sentence
} Case;

#define SMALL "layers=\"avgpool 4, dense 10\" batch-size=4 epochs=2 "
#define NORMS "layers=\"conv 2 k5, batchnorm, relu, maxpool 4, dense 10\" epochs=2 "

static const Case cases[] = {
    {.name = "learning rate 0", .settings = SMALL "optimizer=sgd lr=0"},
    {.name = "learning rate 1e10", .settings = SMALL "optimizer=sgd lr=1e10"},
    {.name = "learning rate 1e30, deep",
     .settings = "layers=\"avgpool 4, dense 8, relu, dense 8, relu, dense 10\" batch-size=4 "
                 "epochs=2 optimizer=sgd lr=1e30",
     .code = STATUS_DIVERGED,
     .says = "learning rate"},
    {.name = "momentum 1, rate 1e20",
     .settings = "layers=\"avgpool 4, dense 8, relu, dense 10\" batch-size=4 epochs=3 "
                 "optimizer=sgd momentum=1 lr=1e20",
     .code = STATUS_DIVERGED,
     .says = "learning rate"},
    {.name = "weights are NaN",
     .settings = SMALL,
     .weight = NAN,
     .code = STATUS_DIVERGED,
     .says = "began with"},
    {.name = "weights are infinite",
     .settings = SMALL,
     .weight = INFINITY,
     .code = STATUS_DIVERGED,
     .says = "began with"},
    {.name = "weights are 1e38",
     .settings = SMALL,
     .weight = 1e38f,
     .code = STATUS_DIVERGED,
     .says = "began with"},
    {.name = "inputs of 1e9", .settings = SMALL "mean=-1000 std=1e-6 optimizer=sgd lr=0.1"},
    {.name = "no epsilon, no gradient", .settings = SMALL "optimizer=adam eps=0", .ink = INK_BLANK},
    {.name = "no epsilon, pixels that are always paper",
     .settings = "layers=\"dense 10\" batch-size=4 epochs=2 optimizer=adam eps=0 mean=0 std=1",
     .code = STATUS_DIVERGED,
     .says = "an eps above 0"},
    {.name = "all paper", .settings = NORMS, .ink = INK_BLANK},
    {.name = "all ink", .settings = NORMS, .ink = INK_FULL},
    {.name = "gradients cut to 1e-30", .settings = SMALL "clip-norm=1e-30"},
    {.name = "gradients cut, rate 1e10", .settings = SMALL "clip-norm=1 lr=1e10 optimizer=sgd"},
    {.name = "batch of 1, batch norm of pictures", .settings = NORMS "batch-size=1"},
    {.name = "batch of 1, batch norm of vectors",
     .settings = "layers=\"avgpool 4, dense 8, batchnorm, relu, dense 10\" batch-size=1 epochs=1"},
    {.name = "last batch of 1, batch norm",
     .settings = "layers=\"avgpool 4, dense 8, batchnorm, relu, dense 10\" batch-size=4 epochs=2",
     .images = 13},
    {.name = "batch larger than the set", .settings = NORMS "batch-size=65536"},
    {.name = "one image", .settings = NORMS "limit=1"},
    {.name = "one class", .settings = "layers=\"avgpool 4, dense 2\" epochs=3", .classes = 1},
    {.name = "one class, hinge",
     .settings = "layers=\"avgpool 4, dense 2\" epochs=3 loss=hinge",
     .classes = 1},
    {.name = "62 classes",
     .settings = "layers=\"avgpool 4, dense 62\" epochs=1",
     .images = 80,
     .classes = 62},
    {.name = "fewer outputs than classes",
     .settings = "layers=\"avgpool 4, dense 4\"",
     .code = STATUS_USAGE,
     .says = "classes"},
    {.name = "1 x 1 pixels", .settings = "layers=\"dense 10\" epochs=2", .side = 1},
    {.name = "1 x 1 pixels, convolution",
     .settings = "layers=\"conv 2 k3, dense 10\"",
     .side = 1,
     .code = STATUS_USAGE,
     .says = "kernel does not fit"},
    {.name = "1 x 1 pixels, padded",
     .settings = "layers=\"conv 2 k3 p1, dense 10\" epochs=1",
     .side = 1},
    {.name = "1 x 1 pixels, augmented",
     .settings = "layers=\"dense 10\" augment=strong epochs=1",
     .side = 1},
    {.name = "1 x 1 pixels, preset",
     .settings = "preset=lenet5",
     .side = 1,
     .code = STATUS_USAGE,
     .says = "layer"},
    {.name = "10 million parameters",
     .settings = "layers=\"dense 12600, relu, dense 10\" batch-size=12 epochs=1 optimizer=sgd"},
    {.name = "too many parameters",
     .settings = "layers=\"dense 60000, dense 1000, dense 10\"",
     .code = STATUS_USAGE,
     .says = "parameters"},
    {.name = "all held out",
     .settings = SMALL "held-out=12",
     .code = STATUS_USAGE,
     .says = "held out"},
    {.name = "all but one held out", .settings = NORMS "held-out=11 patience=1"},
    {.name = "warm-up longer than the run", .settings = SMALL "warmup-epochs=100000"},
    {.name = "one cycle of one batch", .settings = NORMS "schedule=one-cycle limit=1 epochs=1"},
    {.name = "rate times 1000 each batch",
     .settings = SMALL "schedule=step schedule-unit=batch step-size=1 gamma=1000 lr=1e25 "
                       "optimizer=sgd momentum=0.9 epochs=12",
     .code = STATUS_DIVERGED,
     .says = "learning rate"},
    {.name = "average that never moves", .settings = SMALL "ema=0.9999999"},
    {.name = "labels all smooth", .settings = SMALL "label-smoothing=0.999"},
    {.name = "everything dropped",
     .settings = "layers=\"avgpool 4, dropout 0.99, dense 10\" batch-size=4 epochs=2"},
    {.name = "augmentation at its ends",
     .settings = SMALL "rotate=180 shift=1 scale=0.9 shear=2 elastic=0.5 thickness=1 erase=1"},
};

// ---- one case -----------------------------------------------------------------------------------

static Status make_data(const Case *c, Dataset **out) {
    uint32_t n = c->images ? c->images : 12, side = c->side ? c->side : 28;
    size_t size = (size_t)side * side;
    uint8_t *pixels = calloc(n, size), *labels = calloc(n, 1);
    assert_true(pixels && labels);
    for (uint32_t i = 0; i < n; i++) {
        labels[i] = (uint8_t)(i % (uint32_t)(c->classes ? c->classes : 10));
        if (c->ink == INK_FULL) memset(pixels + i * size, 255, size);
        if (c->ink == INK_BARS)
            memset(pixels + i * size + size * labels[i] / 63, 200, size / 63 + 1);
    }
    ImageSet set = {n, 1, side, side, pixels, labels};
    Status status = dataset_open_arrays(out, "extreme", &set, &set);
    free(pixels);
    free(labels);
    return status;
}

static float *make_weights(const TrainConfig *config, const Dataset *data, float value) {
    ModelSpec spec;
    ModelPlan *plan = calloc(1, sizeof *plan);
    Shape input = {1, (int)data->train.height, (int)data->train.width, false};
    assert_ok(config_spec(config, input, (int)data->classes, &spec));
    assert_ok(spec_plan(&spec, plan));
    float *weights = malloc(plan->weight_floats * sizeof *weights);
    assert_non_null(weights);
    for (size_t i = 0; i < plan->weight_floats; i++) weights[i] = value;
    free(plan);
    return weights;
}

// To the end, or until something is said.
static Status go(Run *run) {
    BatchRecord batch;
    EpochRecord epoch;
    EvalResult result;
    Status status = status_ok();
    for (int i = 0; i < STEPS_MAX && !run_finished(run); i++) {
        TRY(run_step(run, &batch));
        // What is trained on is a number, or has been refused.
        assert_true(isfinite(batch.loss) && batch.accuracy >= 0 && batch.accuracy <= 1);
        if (run_at_epoch_end(run)) TRY(run_end_epoch(run, &epoch));
    }
    TRY(run_evaluate(run, &result, NULL, NULL));
    assert_true(result.accuracy >= 0 && result.accuracy <= 1);
fail:
    return status;
}

static Status attempt(const Case *c) {
    Status status;
    Dataset *dataset = NULL;
    Backend *be = NULL;
    DeviceData data = {0};
    Run *run = NULL;
    TrainConfig config;
    float *weights = NULL;
    BackendConfig backend = {"cpu", 1};
    TRY(config_parse(c->settings, &config));
    TRY(make_data(c, &dataset));
    if (c->weight != 0) weights = make_weights(&config, dataset, c->weight);
    TRY(backend_open(&backend, &be));
    TRY(device_data_open(be, dataset, &data));
    TRY(run_open(&config, &data, weights, &run));
    TRY(go(run));
fail:
    run_close(&run);
    device_data_close(&data);
    backend_close(&be);
    dataset_close(&dataset);
    free(weights);
    return status;
}

static void each_works_or_says_why_not(void **state) {
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Status status = attempt(&cases[i]);
        bool right = status.code == cases[i].code &&
                     (!cases[i].says || strstr(status.message, cases[i].says));
        if (!right)
            print_message("%s: code %d, not %d: %s\n", cases[i].name, (int)status.code,
                          (int)cases[i].code, status.message);
        bad += !right;
    }
    assert_int_equal(bad, 0);
}

// ---- every optimizer and loss -------------------------------------------------------------------

static void no_rate_breaks_an_optimizer(void **state) {
    (void)state;
    static const char *const rates[] = {"1e-30", "1", "1e10", "1e30"};
    for (int o = 0; o < OPTIMIZER_COUNT; o++)
        for (int r = 0; r < 4; r++)
            for (int l = 0; l < LOSS_COUNT; l++) {
                char line[256];
                snprintf(line, sizeof line, SMALL "optimizer=%s lr=%s loss=%s",
                         optimizer_rows[o].name, rates[r], loss_rows[l].name);
                Status status = attempt(&(Case){.name = line, .settings = line});
                if (!status_is_ok(&status) && status.code != STATUS_DIVERGED)
                    fail_msg("%s: %s", line, status.message);
            }
}

// ---- what never becomes a run -------------------------------------------------------------------

static void empty_sets_are_refused(void **state) {
    (void)state;
    uint8_t pixels[2] = {0}, label = 0;
    ImageSet some = {1, 1, 1, 1, pixels, &label}, none = {0, 1, 1, 1, pixels, &label};
    ImageSet flat = {1, 1, 0, 1, pixels, &label}, wide = {1, 1, 1, 2, pixels, &label};
    Dataset *out = NULL;
    assert_fails(dataset_open_arrays(&out, "empty", &none, &some), STATUS_FORMAT, "");
    assert_fails(dataset_open_arrays(&out, "empty", &some, &none), STATUS_FORMAT, "");
    assert_fails(dataset_open_arrays(&out, "flat", &flat, &flat), STATUS_FORMAT, "");
    assert_fails(dataset_open_arrays(&out, "two sizes", &some, &wide), STATUS_FORMAT, "");
    assert_null(out);
}

static void a_thousand_layers(void **state) {
    (void)state;
    ModelSpec *spec = calloc(1, sizeof *spec);
    ModelPlan *plan = calloc(1, sizeof *plan);
    Text text = {0};
    spec->input = (Shape){4, 1, 1, true};
    for (int i = 0; i < 1000; i++) text_append(&text, "dense 4, ");
    text_append(&text, "dense 2");
    assert_fails(spec_parse_layers(text.data, spec), STATUS_USAGE, "layers");
    // As many as there may be.
    Backend *be;
    Model *model;
    BackendConfig config = {"cpu", 1};
    text.data[(size_t)(SPEC_LAYERS_MAX - 1) * strlen("dense 4, ") + strlen("dense 4")] = '\0';
    assert_ok(spec_parse_layers(text.data, spec));
    assert_int_equal(spec->layer_count, SPEC_LAYERS_MAX);
    assert_ok(spec_plan(spec, plan));
    assert_ok(backend_open(&config, &be));
    assert_ok(model_open(be, spec, 2, true, &model));
    model_forward(model, 2, true, 1);
    model_backward(model, 2, false);
    model_close(&model);
    backend_close(&be);
    text_close(&text);
    free(plan);
    free(spec);
}

// ---- a network that is broken answers without an answer -----------------------------------------

static void weights_that_are_no_numbers_answer_nothing(void **state) {
    (void)state;
    static const float values[] = {NAN, INFINITY, -INFINITY, 3e38f};
    static const uint8_t image[28 * 28] = {255, 255, 255};
    ModelSpec spec = {.input = {1, 28, 28, false}, .normalization = {0, 1}};
    assert_ok(spec_parse_layers("conv 2 k5, batchnorm, relu, maxpool 4, dense 10", &spec));
    char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];
    assert_true(files_open(directory));
    files_path(path, directory, "broken.safetensors");
    for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
        SavedModel *model, *again;
        Recognizer *recognizer;
        float row[SPEC_CLASSES_MAX], saliency[28 * 28];
        assert_ok(saved_model_make(&spec, &model));
        for (size_t i = 0; i < model->plan.weight_floats; i++) model->weights[i] = values[v];
        assert_ok(format_write(path, model));
        assert_ok(format_read(path, &again));
        assert_ok(recognizer_open(again, 1, 1, &recognizer));
        recognizer_answer(recognizer, image, 1, NULL, row);
        assert_int_equal(recognizer_verdict(recognizer, NULL, row), VERDICT_UNSURE);
        assert_ok(recognizer_saliency(recognizer, image, 3, saliency));
        recognizer_close(&recognizer);
        saved_model_close(&again);
        saved_model_close(&model);
    }
    files_close(directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_works_or_says_why_not),
        cmocka_unit_test(no_rate_breaks_an_optimizer),
        cmocka_unit_test(empty_sets_are_refused),
        cmocka_unit_test(a_thousand_layers),
        cmocka_unit_test(weights_that_are_no_numbers_answer_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
