// A small network trained here on synthetic digits and on pictures of none: calibration, verdicts,
// and reading numbers with it.
#include "test.h"

#include "base/streams.h"
#include "synthetic_ink.h"
#include "train/calibrate.h"
#include "train/reader.h"
#include "train/run.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { SEED = 3, LENGTH = 4, FIELD = 28 };

static const char LINE[] = "layers=\"conv 8 k5, relu, maxpool 2, conv 16 k3, batchnorm, relu, "
                           "maxpool 2, dense 32, relu, dense 10\" optimizer=adam lr=0.004 "
                           "batch-size=32 epochs=2 seed=5";

typedef struct Fixture {
    Dataset *dataset; // 4,000 digits to train on, 800 of none; 1,000 digits held out
    SavedModel *model;
} Fixture;

static int open_fixture(void **state) {
    static Fixture fixture;
    DatasetRequest request = {
        .data = "synthetic:9@4000+others:9@800", .threads = 2, .synthetic_test_n = 1000};
    BackendConfig backend = {"cpu", 2};
    Backend *be;
    DeviceData data;
    TrainConfig config;
    Run *run;
    assert_ok(dataset_open(&fixture.dataset, &request, NULL));
    assert_ok(config_parse(LINE, &config));
    assert_ok(backend_open(&backend, &be));
    assert_ok(device_data_open(be, fixture.dataset, &data));
    assert_ok(run_open(&config, &data, NULL, &run));
    while (!run_finished(run)) {
        BatchRecord batch;
        EpochRecord epoch;
        assert_ok(run_step(run, &batch));
        if (run_at_epoch_end(run)) run_end_epoch(run, &epoch);
    }
    assert_ok(saved_model_make(run_spec(run), &fixture.model));
    run_get_weights(run, fixture.model->weights);
    run_close(&run);
    device_data_close(&data);
    backend_close(&be);
    *state = &fixture;
    return 0;
}

static int close_fixture(void **state) {
    Fixture *fixture = *state;
    dataset_close(&fixture->dataset);
    saved_model_close(&fixture->model);
    return 0;
}

static void test_calibrate(void **state) {
    Fixture *fixture = *state;
    Calibration c, strict;
    assert_ok(calibrate_model(fixture->model, &fixture->dataset->test, 0.10, 1, &strict));
    assert_ok(calibrate_model(fixture->model, &fixture->dataset->test, 0.02, 1, &c));
    assert_true(c.temperature > 0.08f && c.temperature < 12.2f);
    assert_true(c.loss[1] <= c.loss[0]);
    assert_true(c.threshold > 0.1f && c.threshold < 1.0f);
    assert_true(c.refused_held <= 0.02 && c.refused_synthetic <= 0.02);
    assert_true(strict.threshold >= c.threshold && strict.refused_held <= 0.10);
    // Having seen what is no digit must have taught it something.
    assert_true(strict.refused_other > 0.5);
    assert_true(fixture->model->threshold == c.threshold);
    assert_true(fixture->model->temperature == c.temperature);
    // The same again finds the same.
    Calibration again;
    assert_ok(calibrate_model(fixture->model, &fixture->dataset->test, 0.02, 2, &again));
    assert_true(again.threshold == c.threshold && again.temperature == c.temperature);
    // Logits four times as large want four times the temperature, as exactly as that is looked for.
    const ModelPlan *plan = &fixture->model->plan;
    for (int scaled = 0; scaled < 2; scaled++) {
        for (int i = plan->tensor_count - 2; i < plan->tensor_count; i++)
            for (size_t k = 0; k < plan->tensors[i].count; k++)
                fixture->model->weights[plan->tensors[i].offset + k] *= scaled ? 0.25f : 4.0f;
        assert_ok(calibrate_model(fixture->model, &fixture->dataset->test, 0.02, 1, &again));
        float want = scaled ? c.temperature : 4 * c.temperature;
        assert_true(fabsf(again.temperature / want - 1) < 1e-3f);
    }
    ImageSet wrong = fixture->dataset->test;
    wrong.height = 14;
    assert_fails(calibrate_model(fixture->model, &wrong, 0.02, 1, &again), STATUS_USAGE, "1x28x28");
}

// softmax(logits / temperature). Each is rounded to float twice: the share and its exponential.
static void test_temperature(void **state) {
    Fixture *fixture = *state;
    enum { N = 20, CLASSES = 10 };
    static const float temperatures[] = {0.25f, 1.0f, 3.0f};
    float logits[N * CLASSES], rows[N * CLASSES], kept = fixture->model->temperature;
    for (size_t t = 0; t < sizeof temperatures / sizeof temperatures[0]; t++) {
        Recognizer *recognizer;
        fixture->model->temperature = temperatures[t];
        assert_ok(recognizer_open(fixture->model, 1, N, &recognizer));
        recognizer_answer(recognizer, fixture->dataset->test.pixels, N, logits, rows);
        for (int i = 0; i < N * CLASSES; i++) {
            const float *row = logits + i / CLASSES * CLASSES;
            double sum = 0;
            for (int c = 0; c < CLASSES; c++)
                sum += exp(((double)row[c] - (double)logits[i]) / (double)temperatures[t]);
            assert_true(fabs((double)rows[i] * sum - 1) <= 4 * (double)FLT_EPSILON ||
                        (double)rows[i] < 1e-30);
        }
        recognizer_close(&recognizer);
    }
    fixture->model->temperature = kept;
}

static void test_verdict(void **state) {
    Fixture *fixture = *state;
    Recognizer *recognizer;
    assert_ok(recognizer_open(fixture->model, 1, 1, &recognizer));
    recognizer_set_threshold(recognizer, 0.6f);
    float sure[10] = {0.6f, 0.4f}, unsure[10] = {0.59f, 0.41f}, lost[10];
    for (int c = 0; c < 10; c++) lost[c] = NAN;
    InkFit blank = {.blank = true}, dot = {.dot = true}, ink = {0};
    assert_int_equal(recognizer_verdict(recognizer, &ink, sure), VERDICT_DIGIT);
    assert_int_equal(recognizer_verdict(recognizer, NULL, sure), VERDICT_DIGIT);
    assert_int_equal(recognizer_verdict(recognizer, &ink, unsure), VERDICT_UNSURE);
    assert_int_equal(recognizer_verdict(recognizer, &dot, sure), VERDICT_UNSURE);
    assert_int_equal(recognizer_verdict(recognizer, &blank, sure), VERDICT_BLANK);
    recognizer_set_threshold(recognizer, 0.0f);
    assert_int_equal(recognizer_verdict(recognizer, &ink, unsure), VERDICT_DIGIT);
    assert_int_equal(recognizer_verdict(recognizer, &ink, lost), VERDICT_UNSURE);
    recognizer_close(&recognizer);
}

// An answer does not depend on what is answered along with it, to the last bit.
static void test_alone_and_together(void **state) {
    Fixture *fixture = *state;
    enum { N = 70, CLASSES = 10 };
    static const int BATCHES[] = {1, 2, 3, 16, 17, 33, 64, N};
    const uint8_t *images = fixture->dataset->test.pixels;
    float expected[N * CLASSES], row[N * CLASSES];
    Recognizer *recognizer;
    assert_ok(recognizer_open(fixture->model, 2, N, &recognizer));
    recognizer_answer(recognizer, images, N, expected, NULL);
    recognizer_close(&recognizer);
    for (size_t i = 0; i < sizeof BATCHES / sizeof BATCHES[0]; i++) {
        assert_ok(recognizer_open(fixture->model, 1, BATCHES[i], &recognizer));
        recognizer_answer(recognizer, images, N, row, NULL);
        if (memcmp(row, expected, sizeof row) != 0) fail_msg("batches of %d", BATCHES[i]);
        recognizer_close(&recognizer);
    }
}

// What the reader says of one digit is what the network says of it; of numbers it has the right
// length nearly always and reads nearly as many digits as it would alone.
static void test_read(void **state) {
    Fixture *fixture = *state;
    Recognizer *recognizer;
    Reading reading = {0};
    InkOptions options = ink_options_default(FIELD);
    Rng rng = rng_make(SEED, STREAM_TEST);
    int lengths = 0, alone = 0, together = 0, n = 100;
    assert_ok(recognizer_open(fixture->model, 1, 1, &recognizer));
    for (int i = 0; i < n; i++) {
        Drawing drawing = {0};
        int digits[LENGTH];
        size_t ends[LENGTH];
        synthetic_ink_number(&drawing, &rng, LENGTH, 0.2f, 0.8f, digits, ends);
        assert_ok(reader_read(recognizer, &drawing, &options, &reading));
        bool whole = reading.count == LENGTH;
        lengths += whole;
        for (int d = 0; d < LENGTH; d++) {
            Drawing one = {0};
            int answer = 0;
            uint8_t image[FIELD * FIELD];
            float row[10];
            InkFit fit;
            for (size_t s = d > 0 ? ends[d - 1] : 0; s < ends[d]; s++) {
                const Stroke *stroke = &drawing.strokes[s];
                assert_ok(drawing_begin(&one, stroke->kind, stroke->radius));
                for (uint32_t k = stroke->first; k < stroke->first + stroke->count; k++)
                    assert_ok(drawing_add(&one, drawing.points[k].x, drawing.points[k].y, 1.0f));
                drawing_end(&one);
            }
            assert_ok(ink_fit_drawing(&one, &options, image, &fit));
            recognizer_answer(recognizer, image, 1, NULL, row);
            for (int c = 1; c < 10; c++)
                if (row[c] > row[answer]) answer = c;
            alone += answer == digits[d];
            together += whole && reading.digits[d].digit == digits[d];
            drawing_close(&one);
        }
        drawing_close(&drawing);
    }
    reader_close(&reading);
    recognizer_close(&recognizer);
    if (lengths < 95 || together < alone * 95 / 100)
        fail_msg("seed %d: %d of %d numbers have their length, %d digits right, alone %d", SEED,
                 lengths, n, together, alone);
}

static void test_edges(void **state) {
    Fixture *fixture = *state;
    static const char names[][16] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    Recognizer *recognizer;
    Reading reading = {0};
    Drawing drawing = {0};
    char text[8];
    InkOptions options = ink_options_default(FIELD);
    assert_ok(recognizer_open(fixture->model, 1, 1, &recognizer));
    assert_ok(reader_read(recognizer, &drawing, &options, &reading));
    assert_int_equal(reading.count, 0);
    reader_text(&reading, names, text, sizeof text);
    assert_string_equal(text, "");
    // A dot alone is something, but no digit.
    assert_ok(drawing_begin(&drawing, STROKE_INK, 0.04f));
    assert_ok(drawing_add(&drawing, 0.5f, 0.5f, 1.0f));
    drawing_end(&drawing);
    assert_ok(reader_read(recognizer, &drawing, &options, &reading));
    assert_int_equal(reading.count, 1);
    assert_int_equal(reading.digits[0].verdict, VERDICT_UNSURE);
    reader_text(&reading, names, text, sizeof text);
    assert_string_equal(text, "?");
    // Erased, it is nothing again.
    assert_ok(drawing_begin(&drawing, STROKE_ERASE, 0.1f));
    assert_ok(drawing_add(&drawing, 0.5f, 0.5f, 1.0f));
    drawing_end(&drawing);
    assert_ok(reader_read(recognizer, &drawing, &options, &reading));
    assert_int_equal(reading.count, 0);
    InkOptions other = ink_options_default(32);
    assert_fails(reader_read(recognizer, &drawing, &other, &reading), STATUS_USAGE, "32 x 32");
    reader_close(&reading);
    drawing_close(&drawing);
    recognizer_close(&recognizer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calibrate), cmocka_unit_test(test_temperature),
        cmocka_unit_test(test_verdict),   cmocka_unit_test(test_read),
        cmocka_unit_test(test_edges),     cmocka_unit_test(test_alone_and_together),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
