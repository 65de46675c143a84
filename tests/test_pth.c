// .pth files: every way in which PyTorch writes a state dict gives the same network, what is
// written here PyTorch reads, and what shapes cannot tell is found by trying. The fixtures are made
// by fixtures/make_pth.py.
#include "base/text.h"

#include "tests/models.h"
#include "tests/pth_fixture.h"

#include <math.h>
#include <stdio.h>

// ---- the ways of writing ------------------------------------------------------------------------

static void assert_same_weights(const SavedModel *a, const SavedModel *b, const char *name) {
    assert_int_equal(a->plan.weight_floats, b->plan.weight_floats);
    if (memcmp(a->weights, b->weights, a->plan.weight_floats * sizeof(float)) != 0)
        fail_msg("%s: other weights", name);
}

static void test_same_weights(void **state) {
    (void)state;
    static const char *const names[] = {
        "legacy", "protocol4", "checkpoint", "legacy_checkpoint", "parallel", "compiled",
        "double", "strided",   "shared",     "legacy_shared",     "wrapped",  "parameters",
        "cuda",   "deflated",  "big"};
    SavedModel *first = read_fixture("zip", NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        SavedModel *model = read_fixture(names[i], NULL);
        assert_same_weights(first, model, names[i]);
        saved_model_close(&model);
    }
    saved_model_close(&first);
}

static void test_report(void **state) {
    (void)state;
    static const struct {
        const char *name, *layers, *says;
    } rows[] = {
        {"zip", "conv 2 k5, relu, maxpool 2, conv 3 k5, relu, maxpool 2, flatten, dense 10",
         "2 convolutions, 1 dense layer"},
        {"normed",
         "conv 2 k5 p2, batchnorm, relu, maxpool 2, conv 4 k5 p2, batchnorm, relu, maxpool 2, "
         "flatten, dense 8, batchnorm, relu, dense 10",
         "3 batch norms"},
        {"sequential",
         "conv 2 k3, relu, maxpool 2, conv 3 k3, relu, maxpool 2, conv 4 k3, relu, flatten, "
         "dense 6, relu, dense 10",
         "only what is usual"},
        {"linear", "flatten, dense 2", "(x - 0.1307) / 0.3081"},
        {"checkpoint", "conv 2 k5, relu, maxpool 2, conv 3 k5, relu, maxpool 2, flatten, dense 10",
         "not: epoch, best, losses, optimizer_state_dict, device, size, dtype, none."},
        {"wrapped", "conv 2 k5, relu, maxpool 2, conv 3 k5, relu, maxpool 2, flatten, dense 10",
         "not: acc."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        InferReport report;
        char layers[SPEC_TEXT_MAX];
        SavedModel *model = read_fixture(rows[i].name, &report);
        spec_print_layers(&model->spec, layers, sizeof layers);
        assert_string_equal(layers, rows[i].layers);
        assert_false(report.exact);
        if (!strstr(report.sentence, rows[i].says))
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].name, report.sentence, rows[i].says);
        saved_model_close(&model);
    }
}

static void test_refused(void **state) {
    (void)state;
    static const char *const names[] = {"module", "legacy_module"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[FILE_PATH_MAX];
        SavedModel *model;
        fixture_path(names[i], ".pth", path);
        assert_fails(format_read(path, &model), STATUS_UNSUPPORTED,
                     "a whole Python object of class torch.nn.modules.linear.Linear");
        assert_fails(format_read(path, &model), STATUS_UNSUPPORTED,
                     "torch.save(model.state_dict()");
        assert_null(model);
    }
}

// ---- choosing by trying -------------------------------------------------------------------------

// Says that the network is at its best with one activation, pool and normalization, as images
// would.
typedef struct Judge {
    const char *layers;
    Normalization normalization;
    int calls, stop_after;
    bool misled;     // the first few images are easy for others than the network that is wanted
    double accuracy; // of all of them; 0: what the distance says
} Judge;

// As with a network trained with average pooling: with max pooling it is more sure, so that a few
// easy images tell nothing, and any one change from there to what it is makes it worse.
static double judge_misleads(const Judge *judge, const SavedModel *candidate, const char *layers,
                             int images, double distance) {
    bool few = images <= 16, usual = strstr(layers, "maxpool") != NULL;
    if (distance == 0) return few ? 4e-3 : 0.01;
    if (usual && candidate->spec.normalization.mean < judge->normalization.mean)
        return few ? 1e-6 * distance : 0.03 + 0.01 * distance;
    return 1 + distance;
}

static bool judge_score(void *context, const SavedModel *candidate, int images, double enough,
                        InferScore *out) {
    (void)enough;
    Judge *judge = context;
    char layers[SPEC_TEXT_MAX];
    assert_in_range(images, 1, INFER_IMAGES_MAX);
    if (judge->stop_after && judge->calls >= judge->stop_after) return false;
    judge->calls++;
    spec_print_layers(&candidate->spec, layers, sizeof layers);
    // The distance in letters stands for the loss.
    size_t same = 0;
    while (layers[same] && layers[same] == judge->layers[same]) same++;
    double distance = fabs((double)candidate->spec.normalization.mean - judge->normalization.mean) +
                      fabs((double)candidate->spec.normalization.std - judge->normalization.std);
    if (strcmp(layers, judge->layers) != 0) distance += 2.0 - 0.01 * (double)same;
    *out = (InferScore){1 / (1 + distance), 0.01 + distance, 0.01 + distance, images, NULL};
    if (judge->misled)
        out->loss = out->calibrated = judge_misleads(judge, candidate, layers, images, distance);
    if (judge->accuracy > 0) out->accuracy = judge->accuracy;
    return true;
}

static void test_tries(void **state) {
    (void)state;
    static const struct {
        const char *name, *layers;
        Normalization normalization;
        bool misled;
    } rows[] = {
        {"zip",
         "conv 2 k5, relu, maxpool 2, conv 3 k5, relu, maxpool 2, flatten, dense 10",
         {0.5f, 0.5f},
         false},
        {"normed",
         "conv 2 k5 p2, batchnorm, relu, avgpool 2, conv 4 k5 p2, batchnorm, relu, avgpool 2, "
         "flatten, dense 8, batchnorm, relu, dense 10",
         {0.5f, 0.5f},
         true},
        {"zip",
         "conv 2 k5, tanh, avgpool 2, conv 3 k5, tanh, avgpool 2, flatten, dense 10",
         {0.0f, 1.0f},
         false},
        {"normed",
         "conv 2 k5 p2, relu, batchnorm, maxpool 2, conv 4 k5 p2, relu, batchnorm, maxpool 2, "
         "flatten, dense 8, relu, batchnorm, dense 10",
         {0.1307f, 0.3081f},
         false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Judge judge = {.layers = rows[i].layers,
                       .normalization = rows[i].normalization,
                       .misled = rows[i].misled};
        InferOptions options = {.score = judge_score, .context = &judge};
        InferReport report;
        char path[FILE_PATH_MAX], layers[SPEC_TEXT_MAX];
        SavedModel *model;
        fixture_path(rows[i].name, ".pth", path);
        assert_ok(format_open(path, &options, &model, &report));
        spec_print_layers(&model->spec, layers, sizeof layers);
        assert_string_equal(layers, rows[i].layers);
        assert_memory_equal(&model->spec.normalization, &rows[i].normalization,
                            sizeof rows[i].normalization);
        assert_in_range(report.tried, 10, judge.calls); // once each, but on more and more images
        assert_true(report.best.loss < 0.02 && report.tried < 500);
        assert_non_null(strstr(report.sentence, "the best of"));
        for (int k = 0; k < report.rival_count; k++) assert_true(report.rivals[k].what[0] != '\0');
        assert_string_equal(strstr(report.sentence, "(the next best, with ") ? "told" : "alone",
                            report.rival_count > 0 ? "told" : "alone");
        assert_int_equal(report.sure, INFER_SURE);
        assert_string_equal(report.layers, rows[i].layers);
        saved_model_close(&model);
    }
}

// The best of them reads next to nothing: dilated convolutions and skips have the tensors of a
// plain chain.
static void test_poor(void **state) {
    (void)state;
    char path[FILE_PATH_MAX];
    fixture_path("zip", ".pth", path);
    static const double accuracies[] = {0.1, 0.594, 0.6, 0.94, 0.96};
    for (size_t i = 0; i < sizeof accuracies / sizeof accuracies[0]; i++) {
        Judge judge = {.layers = "", .accuracy = accuracies[i]};
        InferOptions options = {.score = judge_score, .context = &judge};
        InferReport report;
        SavedModel *model;
        char share[32];
        assert_ok(format_open(path, &options, &model, &report));
        saved_model_close(&model);
        bool poor = report.sure == INFER_POOR;
        assert_int_equal(poor, accuracies[i] < 0.6);
        assert_int_equal(poor, strstr(report.sentence, "Recognised by") == NULL);
        // It reads, but less than convolutional networks do that have learnt.
        bool doubtful = accuracies[i] >= 0.6 && accuracies[i] < 0.95;
        assert_int_equal(doubtful, strstr(report.doubt, "reads more than 95 %") != NULL);
        if (doubtful) assert_int_equal(report.sure, INFER_UNSURE);
        if (!poor) continue;
        snprintf(share, sizeof share, "reads only %.2f %%", 100 * accuracies[i]);
        assert_non_null(strstr(report.sentence, share));
        assert_non_null(strstr(report.sentence, "torch.onnx.export"));
        assert_int_equal(report.sentence[strlen(report.sentence) - 1], '.'); // not cut
    }
}

// A caller that stops, and a person who decides.
static void test_options(void **state) {
    (void)state;
    char path[FILE_PATH_MAX], layers[SPEC_TEXT_MAX];
    SavedModel *model;
    InferReport report;
    fixture_path("zip", ".pth", path);
    for (int stop = 1; stop < 40; stop++) {
        Judge judge = {.layers = "", .stop_after = stop};
        InferOptions options = {.score = judge_score, .context = &judge};
        assert_ok(format_open(path, &options, &model, &report));
        assert_int_equal(judge.calls, stop);
        saved_model_close(&model);
    }
    const Normalization plain = {0.0f, 1.0f};
    InferOptions options = {
        .layers = "conv 2 k5, sigmoid, avgpool 2, conv 3 k5, sigmoid, avgpool 2, dense 10",
        .normalization = &plain};
    assert_ok(format_open(path, &options, &model, &report));
    spec_print_layers(&model->spec, layers, sizeof layers);
    assert_string_equal(layers, "conv 2 k5, sigmoid, avgpool 2, conv 3 k5, sigmoid, avgpool 2, "
                                "flatten, dense 10");
    assert_memory_equal(&model->spec.normalization, &plain, sizeof plain);
    saved_model_close(&model);
    options.layers = "conv 2 k5, relu, conv 3 k5, relu, dense 10";
    assert_fails(format_open(path, &options, &model, &report), STATUS_USAGE, "do not fit");
    options.layers = "flatten, dense 10";
    assert_fails(format_open(path, &options, &model, &report), STATUS_USAGE, "do not fit");
    options.layers = "conv 2 k5, relu, maxpool 2, conv 3 k5, maxpool 2, dense 10, dense 10";
    assert_fails(format_open(path, &options, &model, &report), STATUS_USAGE, "do not fit");
    assert_null(model);
}

// A .safetensors of somebody else: our own with the keys of its metadata made unknown.
static void test_foreign_safetensors(void **state) {
    (void)state;
    SavedModel *model = read_fixture("normed", NULL), *back;
    char path[FILE_PATH_MAX], x[SPEC_TEXT_MAX], y[SPEC_TEXT_MAX];
    InferReport report;
    Bytes bytes;
    files_path(path, files_directory, "foreign.safetensors");
    assert_ok(format_write(path, model));
    assert_ok(file_read(path, 1 << 20, &bytes));
    for (size_t i = 0; i + 8 < bytes.size; i++)
        if (memcmp(bytes.data + i, "inkling.", 8) == 0) bytes.data[i] = 'x';
    files_write(path, bytes.data, bytes.size);
    bytes_close(&bytes);
    assert_ok(format_open(path, NULL, &back, &report));
    assert_false(report.exact);
    spec_print_layers(&model->spec, x, sizeof x);
    spec_print_layers(&back->spec, y, sizeof y);
    assert_string_equal(x, y);
    assert_same_weights(model, back, "foreign.safetensors");
    saved_model_close(&model);
    saved_model_close(&back);
}

// ---- what is written ----------------------------------------------------------------------------

static void assert_same_model(const SavedModel *a, const SavedModel *b) {
    char x[SPEC_TEXT_MAX], y[SPEC_TEXT_MAX];
    spec_print_layers(&a->spec, x, sizeof x);
    spec_print_layers(&b->spec, y, sizeof y);
    assert_string_equal(x, y);
    assert_string_equal(a->spec.name, b->spec.name);
    assert_memory_equal(&a->spec.normalization, &b->spec.normalization, sizeof(Normalization));
    for (int i = 0; i < a->class_count; i++)
        assert_string_equal(a->class_names[i], b->class_names[i]);
    assert_string_equal(a->settings, b->settings);
    assert_string_equal(a->record, b->record);
    assert_memory_equal(&a->temperature, &b->temperature, sizeof a->temperature);
    assert_same_weights(a, b, "round trip");
}

static void test_round_trip(void **state) {
    (void)state;
    static const char *const names[] = {"a.pth", "b.safetensors", "c.pt", "d.pth"};
    for (int p = 0; p < preset_count; p++) {
        SavedModel *model = make_preset(presets[p].name), *back;
        char path[FILE_PATH_MAX];
        InferReport report;
        text_copy(model->settings, sizeof model->settings, "lr=0.001 \\n \\ schedule=step");
        text_copy(model->record, sizeof model->record, "test_accuracy=0.99: \xE2\x9C\x93");
        text_copy(model->class_names[1], sizeof model->class_names[1], "\xE4\xB8\x80 \\n:");
        model->temperature = 1.2345678f;
        const uint32_t odd[] = {0x7FC00001, 0x80000000, 0x00000001, 0xFF800000, 0x7F7FFFFF};
        memcpy(model->weights, odd, sizeof odd);
        SavedModel *now = model;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            files_path(path, files_directory, names[i]);
            assert_ok(format_write(path, now));
            assert_ok(format_open(path, NULL, &back, &report));
            assert_true(report.exact);
            assert_same_model(model, back);
            if (now != model) saved_model_close(&now);
            now = back;
        }
        saved_model_close(&now);
        saved_model_close(&model);
    }
    // The same model, the same bytes.
    char a[FILE_PATH_MAX], d[FILE_PATH_MAX];
    Bytes x, y;
    files_path(a, files_directory, "a.pth");
    files_path(d, files_directory, "d.pth");
    assert_ok(file_read(a, (size_t)1 << 30, &x));
    assert_ok(file_read(d, (size_t)1 << 30, &y));
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    bytes_close(&x);
    bytes_close(&y);
}

static const char torch_script[] =
    "import sys, inspect, collections, torch, torch.nn as nn\n"
    "path, preset, raw = sys.argv[1:]\n"
    "safe = 'weights_only' in inspect.signature(torch.load).parameters\n"
    "state = torch.load(path, weights_only=True) if safe else torch.load(path)\n"
    "assert type(state) is collections.OrderedDict, type(state)\n"
    "class Net(nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        if preset == 'lenet5':\n"
    "            self.conv1 = nn.Conv2d(1, 6, 5, padding=2)\n"
    "            self.conv2 = nn.Conv2d(6, 16, 5)\n"
    "            self.fc1, self.fc2 = nn.Linear(400, 120), nn.Linear(120, 84)\n"
    "            self.fc3 = nn.Linear(84, 10)\n"
    "        else:\n"
    "            self.fc1, self.bn1 = nn.Linear(784, 300), nn.BatchNorm1d(300)\n"
    "            self.fc2, self.bn2 = nn.Linear(300, 100), nn.BatchNorm1d(100)\n"
    "            self.fc3 = nn.Linear(100, 10)\n"
    "print(Net().load_state_dict(state, strict=True))\n"
    "if preset != 'lenet5': assert int(state['bn1.num_batches_tracked']) == 0\n"
    "want = open(raw, 'rb').read()\n"
    "have = b''.join(bytes(v.contiguous().flatten().untyped_storage()) if hasattr(v, "
    "'untyped_storage') else v.numpy().tobytes() for k, v in state.items() if "
    "v.is_floating_point())"
    "\n"
    "assert have == want, (len(have), len(want))\n";

// A Python that has torch; NULL when there is none.
static const char *find_torch(void) {
    static const char *const pythons[] = {"python3", "/usr/bin/python3"};
    for (size_t i = 0; i < sizeof pythons / sizeof pythons[0]; i++) {
        char command[128];
        snprintf(command, sizeof command, "%s -c 'import torch' >/dev/null 2>&1", pythons[i]);
        if (system(command) == 0) return pythons[i];
    }
    return NULL;
}

static void test_torch_reads_it(void **state) {
    (void)state;
    static const char *const names[] = {"lenet5", "mlp-bn"};
    const char *python = find_torch();
    if (!python) {
        print_message("no python3 with torch here: not checked\n");
        skip();
    }
    char path[FILE_PATH_MAX], script[FILE_PATH_MAX], raw[FILE_PATH_MAX];
    char command[4 * FILE_PATH_MAX];
    files_path(path, files_directory, "torch.pth");
    files_path(script, files_directory, "check.py");
    files_path(raw, files_directory, "raw.bin");
    files_write(script, torch_script, sizeof torch_script - 1);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        SavedModel *model = make_preset(names[i]);
        assert_ok(format_write(path, model));
        FILE *file = fopen(raw, "wb");
        assert_non_null(file);
        for (int t = 0; t < model->plan.tensor_count; t++) {
            const TensorInfo *tensor = &model->plan.tensors[t];
            assert_int_equal(
                fwrite(model->weights + tensor->offset, sizeof(float), tensor->count, file),
                tensor->count);
        }
        fclose(file);
        saved_model_close(&model);
        snprintf(command, sizeof command, "%s -W ignore '%s' '%s' %s '%s' >/dev/null", python,
                 script, path, names[i], raw);
        assert_int_equal(system(command), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_weights),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_tries),
        cmocka_unit_test(test_poor),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_torch_reads_it),
        cmocka_unit_test(test_foreign_safetensors),
    };
    return cmocka_run_group_tests(tests, files_set_up, files_tear_down);
}
