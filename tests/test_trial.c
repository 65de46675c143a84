// Scores of candidates: the numbers are those of an evaluation, hopeless ones are cut short, and
// the temperature found is the one that the logits were made with.
#include "train/recognizer.h"
#include "train/trial.h"

#include "tests/test.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { IMAGES = 300, CLASSES = 10 };

static uint8_t pixels[IMAGES * 784], labels[IMAGES];
static const ImageSet images = {IMAGES, 1, 28, 28, pixels, labels};

// A network that reads the label off the picture: pixel `label` is the only one with ink.
static SavedModel *make_model(float sharp) {
    ModelSpec spec = {.input = {1, 28, 28, false}, .normalization = {0, 1}};
    SavedModel *model;
    assert_ok(spec_parse_layers("flatten, dense 10", &spec));
    assert_ok(saved_model_make(&spec, &model));
    for (int c = 0; c < CLASSES; c++) model->weights[c * 784 + c] = sharp;
    return model;
}

static int set_up(void **state) {
    (void)state;
    for (int i = 0; i < IMAGES; i++) {
        labels[i] = (uint8_t)(i * 7 % CLASSES);
        // Every tenth one lies.
        pixels[i * 784 + (i % 10 == 9 ? (labels[i] + 1) % CLASSES : labels[i])] = 255;
    }
    return 0;
}

static void test_numbers(void **state) {
    (void)state;
    SavedModel *model = make_model(3);
    Trial trial = {.images = &images, .threads = 1};
    Recognizer *recognizer;
    InferScore score = {0};
    EvalResult result;
    assert_true(trial_score(&trial, model, IMAGES + 50, INFINITY, &score));
    assert_ok(recognizer_open(model, 1, 50, &recognizer));
    assert_ok(recognizer_evaluate(recognizer, &images, &result, NULL, NULL));
    assert_int_equal(score.images, IMAGES);
    // Sums of 300 losses of size up to 3.
    assert_true(fabs(score.loss - result.loss) <= 300 * 3 * (double)FLT_EPSILON);
    assert_true(fabs(score.accuracy - 0.9) < 1e-9 && fabs(result.accuracy - 0.9) < 1e-9);
    // A tenth lies: the best answer is right with probability 0.9, and the logits differ so that
    // e^d / (e^d + 9) = 0.9; that loss is the least one.
    assert_true(score.calibrated <= score.loss);
    double least = -0.9 * log(0.9) - 0.1 * log(0.1 / 9);
    assert_true(fabs(score.calibrated - least) < 1e-6);
    recognizer_close(&recognizer);
    saved_model_close(&model);
}

static void test_short(void **state) {
    (void)state;
    atomic_bool cancel;
    SavedModel *model = make_model(-9); // wrong nearly always
    Trial trial = {.images = &images, .threads = 1};
    InferScore score = {0};
    assert_true(trial_score(&trial, model, IMAGES, 0.01, &score));
    assert_true(score.images < 64 && score.loss * score.images > 0.01 * IMAGES);
    assert_true(trial_score(&trial, model, IMAGES, INFINITY, &score));
    assert_int_equal(score.images, IMAGES);
    atomic_init(&cancel, true);
    trial.cancel = &cancel;
    assert_false(trial_score(&trial, model, IMAGES, INFINITY, &score));
    saved_model_close(&model);
}

// Labels drawn as logits / 3 say: the best temperature is 3, whatever it starts from.
static void test_temperature(void **state) {
    (void)state;
    static const double temperatures[] = {0.2, 1, 3, 20};
    float logits[2 * 100];
    uint8_t drawn[100];
    for (size_t k = 0; k < sizeof temperatures / sizeof temperatures[0]; k++) {
        // Two classes, odds 3 to 1, in exactly that share.
        for (int i = 0; i < 100; i++) {
            logits[2 * i] = 0;
            logits[2 * i + 1] = (float)(temperatures[k] * log(3));
            drawn[i] = i < 75;
        }
        double loss, found = trial_calibrate(logits, drawn, 100, 2, &loss);
        assert_true(fabs(found / temperatures[k] - 1) < 1e-4);
        assert_true(fabs(loss - (-0.75 * log(0.75) - 0.25 * log(0.25))) < 1e-6);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_short),
        cmocka_unit_test(test_temperature),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
