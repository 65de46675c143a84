// .pth files: networks of the fixtures answer as PyTorch says they do, as layers and, where layers
// cannot say it, as graphs. The fixtures are made by fixtures/make_pth.py.
#include "compute/backend.h"
#include "formats/formats.h"
#include "graph/classifier.h"
#include "nn/model.h"

#include "tests/files.h"
#include "tests/pth_fixture.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- what PyTorch computes with them ------------------------------------------------------------

// The image of make_pth.py, normalized as the model says.
static void make_image(const SavedModel *model, float out[784]) {
    const Normalization *n = &model->spec.normalization;
    for (int i = 0; i < 784; i++)
        out[i] = ((float)((i * 37 + 11 * (i / 28)) % 256) / 255 - n->mean) / n->std;
}

static void run_model(const SavedModel *saved, float *logits) {
    BackendConfig config = {.device = "ref"};
    Backend *be = NULL;
    Model *model = NULL;
    float image[784];
    make_image(saved, image);
    assert_ok(backend_open(&config, &be));
    assert_ok(model_open(be, &saved->spec, 1, false, &model));
    model_set_weights(model, saved->weights);
    be->ops->upload(be, model_input(model), image, sizeof image);
    const float *out = model_forward(model, 1, false, 0);
    be->ops->download(be, logits, out, (size_t)saved->class_count * sizeof(float));
    model_close(&model);
    backend_close(&be);
}

static void test_logits(void **state) {
    (void)state;
    char path[FILE_PATH_MAX], line[1024];
    int rows = 0;
    fixture_path("expected", ".txt", path);
    FILE *file = fopen(path, "r");
    if (!file) fail_msg("cannot open %s (set INKLING_FIXTURES)", path);
    while (fgets(line, sizeof line, file)) {
        char *at = strchr(line, ' ');
        assert_non_null(at);
        *at++ = '\0';
        SavedModel *model = read_fixture(line, NULL);
        float logits[SPEC_CLASSES_MAX];
        run_model(model, logits);
        for (int i = 0; i < model->class_count; i++) {
            double expected = strtod(at, &at);
            // Sums of at most 784 products of numbers of size 1 to 3, in another order.
            double tolerance = 784 * (double)FLT_EPSILON * (3 + fabs(expected));
            if (!(fabs(logits[i] - expected) <= tolerance))
                fail_msg("%s: logit %d is %.9g, PyTorch has %.9g", line, i, (double)logits[i],
                         expected);
        }
        saved_model_close(&model);
        rows++;
    }
    fclose(file);
    assert_true(rows >= 20);
}

// ---- what only a graph can do -------------------------------------------------------------------

static void run_graph(const SavedModel *saved, float *logits) {
    GraphClassifier *classifier;
    float image[784];
    make_image(saved, image);
    assert_ok(classifier_open(saved->graph, 1, 1, &classifier));
    assert_ok(classifier_run(classifier, image, 1, logits));
    classifier_close(&classifier);
}

// One line of graphs.txt: "file|layers|logits".
static void check_graph(char *line) {
    char path[FILE_PATH_MAX];
    float logits[SPEC_CLASSES_MAX];
    char *layers = strchr(line, '|'), *at = layers ? strchr(layers + 1, '|') : NULL;
    assert_non_null(at);
    *layers++ = *at++ = '\0';
    const Normalization normalization = {0.1307f, 0.3081f};
    InferOptions options = {.layers = layers[0] ? layers : NULL, .normalization = &normalization};
    InferReport report;
    SavedModel *model;
    fixture_path(line, ".pth", path);
    assert_ok(format_open(path, &options, &model, &report));
    assert_true(report.open && report.normalization.mean == normalization.mean);
    if (model->graph)
        run_graph(model, logits);
    else
        run_model(model, logits);
    for (int i = 0; i < model->class_count; i++) {
        double expected = strtod(at, &at),
               tolerance = 784 * (double)FLT_EPSILON * (3 + fabs(expected));
        if (!(fabs(logits[i] - expected) <= tolerance))
            fail_msg("%s, %s: logit %d is %.9g, PyTorch has %.9g", line, report.layers, i,
                     (double)logits[i], expected);
    }
    if (layers[0]) {
        saved_model_close(&model);
        return;
    }
    // What was recognised, given as layers, is the same network.
    float again[SPEC_CLASSES_MAX];
    SavedModel *given;
    options.layers = report.layers;
    assert_ok(format_open(path, &options, &given, NULL));
    run_graph(given, again);
    assert_memory_equal(logits, again, (size_t)model->class_count * sizeof *again);
    saved_model_close(&given);
    saved_model_close(&model);
}

static void test_graphs(void **state) {
    (void)state;
    char path[FILE_PATH_MAX], line[1024];
    int rows = 0;
    fixture_path("graphs", ".txt", path);
    FILE *file = fopen(path, "r");
    if (!file) fail_msg("cannot open %s (set INKLING_FIXTURES)", path);
    for (; fgets(line, sizeof line, file); rows++) check_graph(line);
    fclose(file);
    assert_true(rows >= 16);
}

static void test_graph_layers(void **state) {
    (void)state;
    static const struct {
        const char *name, *layers;
    } rows[] = {
        {"grouped", "conv 4 k3 s2 p1, batchnorm, relu, conv 4 k3 p1 g4, batchnorm, relu, conv 6 "
                    "k1, relu, conv 4 k3 s2 p1 g2, relu, flatten, dense 10"},
        {"rectangular", "conv 3 k1x7 p0x3, relu, conv 4 k7x1 p3x0, relu, maxpool 2, conv 4 k3x5, "
                        "relu, maxpool 2, flatten, dense 10"},
        {"slopes", "conv 3 k5, prelu, maxpool 2, conv 4 k5, prelu, maxpool 2, flatten, dense 8, "
                   "prelu, dense 10"},
        {"slope", "flatten, dense 4, prelu, dense 6, prelu, dense 10"},
        {"residual", "conv 3 k3 p1, batchnorm, relu, fork, conv 3 k3 p1, batchnorm, relu, conv 3 "
                     "k3 p1, batchnorm, add, relu, fork, conv 6 k3 s2 p1, batchnorm, relu, conv 6 "
                     "k3 p1, batchnorm, beside, conv 6 k1 s2, batchnorm, add, relu, fork, conv 6 "
                     "k3 p1, batchnorm, relu, conv 6 k3 p1, batchnorm, add, relu, avgpool 14, "
                     "flatten, dense 10"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        InferReport report;
        SavedModel *model = read_fixture(rows[i].name, &report);
        assert_string_equal(report.layers, rows[i].layers);
        assert_non_null(model->graph);
        assert_non_null(strstr(report.sentence, "runs as a graph and cannot be trained"));
        saved_model_close(&model);
    }
}

static void test_wrong_layers(void **state) {
    (void)state;
    static const struct {
        const char *layers, *says;
    } rows[] = {
        {"conv 3 k3 p1, gleu, maxpool 4, conv 4 k3 p1, maxpool 2 p1, dense 10", "no layer called"},
        {"conv 3 k3 p1 d0, elu, maxpool 4, conv 4 k3 p1, maxpool 2 p1, dense 10", "\"d0\""},
        {"conv 3 k3x p1, elu, maxpool 4, conv 4 k3 p1, maxpool 2 p1, dense 10", "\"k3x\""},
        {"conv 3 k3 p1, elu, maxpool 4, conv 4 k3 p1 g3, maxpool 2 p1, dense 10", "groups"},
        {"conv 3 k3 p1, elu, maxpool 4, conv 4 k5 p1, maxpool 2 p1, dense 10", "[4,3,5,5]"},
        {"conv 3 k3 p1, elu, maxpool 4, conv 4 k3 p1, dense 10", "[10,196]"},
        {"conv 3 k3 p1, elu, maxpool 4, conv 4 k3 d9, maxpool 2 p1, dense 10", "larger than"},
        {"conv 3 k3 p1, elu, maxpool 40, conv 4 k3 p1, dense 10", "kernel"},
        {"conv 3 k3 p1, elu, maxpool 4, flatten", "for 2 more"},
        {"conv 3 k3 p1, elu, maxpool 4, conv 4 k3 p1, maxpool 2 p1, dense 10, dense 10", "left"},
        {"conv 3 k3 p1, elu, maxpool 4, conv 4 k3 p1, prelu, maxpool 2 p1, dense 10", "slopes"},
        {"fork, conv 3 k3 p1, elu, maxpool 4, conv 4 k3 p1, maxpool 2 p1, dense 10", "closed"},
        {"conv 3 k3 p1, elu, fork, maxpool 4, add, conv 4 k3 p1, maxpool 2 p1, dense 10", "sizes"},
        {"conv 3 k3 p1, elu, maxpool 4, beside, conv 4 k3 p1, maxpool 2 p1, dense 10", "fork"},
        {"conv 3 k3 p1, elu, resize 32, maxpool 4, conv 4 k3 p1, maxpool 2, dense 10", "first"},
        {"resize 99999, conv 3 k3 p1, elu, maxpool 4, conv 4 k3 p1, maxpool 2, dense 10", "256"},
        {"elu 3, conv 3 k3 p1", "no arguments"},
        {"conv 3 k3 p1, , elu", "layer 2 is empty"},
    };
    char path[FILE_PATH_MAX];
    fixture_path("plain", ".pth", path);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        InferOptions options = {.layers = rows[i].layers};
        SavedModel *model;
        assert_fails(format_open(path, &options, &model, NULL), STATUS_USAGE, rows[i].says);
        assert_null(model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graphs),
        cmocka_unit_test(test_graph_layers),
        cmocka_unit_test(test_wrong_layers),
        cmocka_unit_test(test_logits),
    };
    return cmocka_run_group_tests(tests, files_set_up, files_tear_down);
}
