// The notation of a network, the shapes it comes to, and the presets.
#include "nn/layer.h"
#include "nn/presets.h"

#include "tests/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ModelSpec empty_spec(Shape input) {
    ModelSpec spec;
    memset(&spec, 0, sizeof spec);
    spec.input = input;
    spec.normalization.std = 1.0f;
    return spec;
}

static const Shape mnist = {1, 28, 28, false};

// ---- good ---------------------------------------------------------------------------------------

typedef struct Good {
    const char *text, *canonical;
    const char *shapes; // between the layers, input first
    size_t parameters;
} Good;

static const Good good[] = {
    {"dense 10", "flatten, dense 10", "1x28x28 784 10", 7850},
    {"  Flatten ,DENSE   10\n", "flatten, dense 10", "1x28x28 784 10", 7850},
    {"conv 6 k5 p2, relu, avgpool 2, conv 16 k5, relu, avgpool 2, dense 10",
     "conv 6 k5 p2, relu, avgpool 2, conv 16 k5, relu, avgpool 2, flatten, dense 10",
     "1x28x28 6x28x28 6x28x28 6x14x14 16x10x10 16x10x10 16x5x5 400 10", 6582},
    {"conv k3 s2 8 p0, maxpool 3 s2 p1, dense 3", "conv 8 k3 s2, maxpool 3 s2 p1, flatten, dense 3",
     "1x28x28 8x13x13 8x7x7 392 3", 1259},
    {"maxpool, avgpool 2 s2, dense 2", "maxpool 2, avgpool 2, flatten, dense 2",
     "1x28x28 1x14x14 1x7x7 49 2", 100},
    {"batchnorm, conv 4 K28, leakyrelu 0.2, tanh, sigmoid, dropout, dense 5, batchnorm m0.01 e1e-3",
     "batchnorm, conv 4 k28, leakyrelu 0.2, tanh, sigmoid, dropout 0.5, flatten, dense 5, "
     "batchnorm "
     "m0.01 e0.001",
     "1x28x28 1x28x28 4x1x1 4x1x1 4x1x1 4x1x1 4x1x1 4 5 5", 3177},
};

static void print_shapes(const ModelSpec *spec, const ModelPlan *plan, char out[512]) {
    out[0] = '\0';
    for (int i = 0; i <= spec->layer_count; i++) {
        char text[48];
        shape_print(plan->shapes[i], text);
        if (i > 0) strcat(out, " ");
        strcat(out, text);
    }
}

static void test_good(void **state) {
    (void)state;
    ModelPlan *plan = malloc(sizeof *plan);
    assert_non_null(plan);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ModelSpec spec = empty_spec(mnist), again = empty_spec(mnist);
        Status status = spec_parse_layers(good[i].text, &spec);
        if (!status_is_ok(&status)) fail_msg("%s: %s", good[i].text, status.message);
        char text[SPEC_TEXT_MAX], twice[SPEC_TEXT_MAX], shapes[512];
        spec_print_layers(&spec, text, sizeof text);
        assert_string_equal(text, good[i].canonical);
        status = spec_parse_layers(text, &again);
        assert_true(status_is_ok(&status));
        spec_print_layers(&again, twice, sizeof twice);
        assert_string_equal(text, twice);
        assert_int_equal(spec.layer_count, again.layer_count);
        for (int k = 0; k < spec.layer_count; k++) {
            assert_ptr_equal(spec.layers[k].kind, again.layers[k].kind);
            for (int a = 0; a < SPEC_ARGS_MAX; a++)
                assert_true(spec.layers[k].args[a] == again.layers[k].args[a]);
        }
        status = spec_plan(&spec, plan);
        if (!status_is_ok(&status)) fail_msg("%s: %s", good[i].text, status.message);
        print_shapes(&spec, plan, shapes);
        assert_string_equal(shapes, good[i].shapes);
        assert_int_equal(plan->parameters, good[i].parameters);
    }
    free(plan);
}

// ---- bad ----------------------------------------------------------------------------------------

typedef struct Bad {
    const char *text, *message;
} Bad;

static const Bad bad[] = {
    {"", "a network needs at least one layer"},
    {" \n ", "a network needs at least one layer"},
    {"dense 10,", "layer 2 is empty; layers are separated by one comma"},
    {"conv 6 k5,, dense 10", "layer 2 is empty; layers are separated by one comma"},
    {"cnov 6",
     "layer 1: there is no layer called \"cnov\"; there are conv, dense, maxpool, avgpool, "
     "batchnorm, dropout, relu, leakyrelu, sigmoid, tanh, flatten"},
    {"relu, relu, conv 6 k0", "layer 3 (conv): argument k must be 1 to 64, not 0"},
    {"conv 6 k2.5", "layer 1 (conv): argument k must be 1 to 64, not 2.5"},
    {"conv 6 k-3", "layer 1 (conv): argument k must be 1 to 64, not -3"},
    {"conv 6 k1e300", "layer 1 (conv): argument k must be 1 to 64, not 1e+300"},
    {"dense 0", "layer 1 (dense): units must be 1 to 65536, not 0"},
    {"dense 99999999", "layer 1 (dense): units must be 1 to 65536, not 99999999"},
    {"dropout 1", "layer 1 (dropout): p must be a number from 0 to 0.99, not 1"},
    {"conv 6", "layer 1 (conv): argument k is missing, as in \"conv ... k8\""},
    {"conv k3", "layer 1 (conv): channels is missing, as in \"conv 8\""},
    {"dense", "layer 1 (dense): units is missing, as in \"dense 8\""},
    {"conv 6 k3 k4", "layer 1 (conv): argument k is given twice"},
    {"conv 6 7 k3", "layer 1 (conv): channels is given twice"},
    {"conv 6 k3 q2",
     "layer 1 (conv): cannot make sense of \"q2\"; it takes a number (channels), k (kernel), s "
     "(stride) and p (padding)"},
    {"conv 6 k", "layer 1 (conv): cannot make sense of \"k\"; it takes a number (channels), k "
                 "(kernel), s (stride) and p (padding)"},
    {"relu 3", "layer 1 (relu): cannot make sense of \"3\"; it takes no arguments"},
    {"dense 0x10", "layer 1 (dense): cannot make sense of \"0x10\"; it takes a number (units)"},
    {"dense nan", "layer 1 (dense): cannot make sense of \"nan\"; it takes a number (units)"},
    {"dense 10\x01", "layer 1 (dense): cannot make sense of \"10?\"; it takes a number (units)"},
    {"conv 16 k5 s8, conv 4 k5, dense 10",
     "layer 2 (conv): a 5x5 kernel does not fit a 16x3x3 input"},
    {"conv 16 k5 s8, conv 4 k9 p1, dense 10",
     "layer 2 (conv): a 9x9 kernel does not fit a 16x3x3 input padded by 1"},
    {"conv 16 k5 s8, maxpool 4, dense 10",
     "layer 2 (maxpool): a 4x4 window does not fit a 16x3x3 input"},
    {"maxpool 2 p2, dense 10", "layer 1 (maxpool): padding 2 is more than half of the window of 2"},
    {"dense 10, conv 6 k3", "layer 3 (conv): needs an image, but its input is a flat vector of 10"},
    {"flatten, avgpool 2",
     "layer 2 (avgpool): needs an image, but its input is a flat vector of 784"},
    {"conv 10 k3",
     "layer 1 (conv) is the last and gives 10x26x26; a network must end in 2 to 62 classes, as "
     "with \"dense 10\""},
    {"dense 63", "layer 2 (dense) is the last and gives 63; a network must end in 2 to 62 classes, "
                 "as with \"dense 10\""},
    {"dense 1",
     "layer 2 (dense) is the last and gives 1; a network must end in 2 to 62 classes, as "
     "with \"dense 10\""},
    {"dense 65536, dense 65536, dense 10",
     "layer 3 (dense): that makes more than 64 million parameters, which is too many"},
    {"conv 4096 k1 p64, dense 10", "layer 1 (conv): an output of 4096x156x156 is too large"},
};

static void test_bad(void **state) {
    (void)state;
    ModelPlan *plan = malloc(sizeof *plan);
    assert_non_null(plan);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ModelSpec spec = empty_spec(mnist);
        Status status = spec_parse_layers(bad[i].text, &spec);
        if (status_is_ok(&status)) status = spec_plan(&spec, plan);
        assert_string_equal(status.message, bad[i].message);
        assert_int_equal(status.code, STATUS_USAGE);
    }
    free(plan);
}

static void test_too_many(void **state) {
    (void)state;
    char text[8 * 200] = "relu";
    for (int i = 0; i < 200; i++) strcat(text, ", relu");
    ModelSpec spec = empty_spec(mnist);
    Status status = spec_parse_layers(text, &spec);
    assert_string_equal(status.message, "a network may have at most 128 layers");
}

static void test_bad_inputs(void **state) {
    (void)state;
    static const Shape inputs[] = {
        {0, 28, 28, false},     {1, -1, 28, false},     {1, 1 << 30, 1 << 30, false},
        {1 << 30, 1, 1, false}, {4096, 4096, 2, false}, {10, 2, 2, true},
    };
    ModelPlan *plan = malloc(sizeof *plan);
    assert_non_null(plan);
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        ModelSpec spec = empty_spec(inputs[i]);
        Status status = spec_parse_layers("flatten, dense 10", &spec);
        assert_true(status_is_ok(&status));
        status = spec_plan(&spec, plan);
        assert_int_equal(status.code, STATUS_USAGE);
    }
    free(plan);
}

// ---- presets ------------------------------------------------------------------------------------

typedef struct PresetCase {
    const char *name, *label, *shapes;
    size_t parameters;
    double flops;     // forward, by hand: 2 * outputs * inputs to each
    const char *last; // its last tensor
} PresetCase;

static const PresetCase preset_cases[] = {
    {"mlp-bn", "MLP + batch norm", "1x28x28 784 300 300 300 100 100 100 10", 267410,
     2.0 * (784 * 300 + 300 * 100 + 100 * 10), "fc3.bias"},
    {"cnn-20", "CNN 10-20", "1x28x28 10x24x24 10x24x24 10x12x12 20x10x10 20x10x10 2000 500 500 10",
     1007590, 2.0 * (5760 * 25 + 2000 * 90 + 2000 * 500 + 5000), "fc2.bias"},
    {"mlp-dropout", "MLP + dropout", "1x28x28 784 128 128 128 256 256 256 10", 136074,
     2.0 * (784 * 128 + 128 * 256 + 2560), "fc3.bias"},
    {"cnn-64", "CNN 32-64",
     "1x28x28 32x28x28 32x28x28 32x14x14 64x14x14 64x14x14 64x7x7 3136 128 128 10", 421642,
     2.0 * (25088 * 9 + 12544 * 288 + 3136 * 128 + 1280), "fc2.bias"},
    {"lenet5", "LeNet-5",
     "1x28x28 6x28x28 6x28x28 6x14x14 16x10x10 16x10x10 16x5x5 400 120 120 84 84 10", 61706,
     2.0 * (4704 * 25 + 1600 * 150 + 400 * 120 + 120 * 84 + 840), "fc3.bias"},
    {"fast", "Fast CNN",
     "1x28x28 8x24x24 8x24x24 8x24x24 8x12x12 16x8x8 16x8x8 16x8x8 16x4x4 256 64 64 64 10", 20698,
     2.0 * (4608 * 25 + 1024 * 200 + 256 * 64 + 640), "fc2.bias"},
    {"best", "Best CNN",
     "1x28x28 16x28x28 16x28x28 16x28x28 16x28x28 16x28x28 16x28x28 16x14x14 32x14x14 32x14x14 "
     "32x14x14 32x14x14 32x14x14 32x14x14 32x7x7 32x7x7 64x7x7 64x7x7 64x7x7 64x7x7 64x7x7 "
     "64x7x7 64x3x3 64x3x3 576 128 128 128 128 10",
     147642,
     2.0 * (12544 * 9 + 12544 * 144 + 6272 * 144 + 6272 * 288 + 3136 * 288 + 3136 * 576 +
            576 * 128 + 1280),
     "fc2.bias"},
};

static void test_presets(void **state) {
    (void)state;
    ModelPlan *plan = malloc(sizeof *plan);
    assert_non_null(plan);
    assert_int_equal(preset_count, sizeof preset_cases / sizeof preset_cases[0]);
    for (int i = 0; i < preset_count; i++) {
        const PresetCase *c = &preset_cases[i];
        const Preset *preset = preset_find(c->name);
        assert_non_null(preset);
        assert_string_equal(preset->label, c->label);
        ModelSpec spec;
        Status status = preset_spec(preset, mnist, 10, &spec);
        assert_true(status_is_ok(&status));
        char text[SPEC_TEXT_MAX], shapes[512];
        spec_print_layers(&spec, text, sizeof text);
        assert_string_equal(text, preset->layers); // written as it would be printed
        status = spec_plan(&spec, plan);
        if (!status_is_ok(&status)) fail_msg("%s: %s", c->name, status.message);
        print_shapes(&spec, plan, shapes);
        assert_string_equal(shapes, c->shapes);
        assert_int_equal(plan->parameters, c->parameters);
        assert_true(plan->flops_forward == c->flops);
        assert_string_equal(plan->tensors[plan->tensor_count - 1].name, c->last);
        // Other classes, other images.
        status = preset_spec(preset, (Shape){1, 32, 32, false}, 26, &spec);
        assert_true(status_is_ok(&status));
        status = spec_plan(&spec, plan);
        assert_true(status_is_ok(&status));
        assert_int_equal(plan->classes, 26);
    }
    assert_null(preset_find("lenet"));
    free(plan);
}

// The flat array: parameters before buffers, aligned, nothing shared, names as in PyTorch.
static void test_tensors(void **state) {
    (void)state;
    static const char *const names[] = {
        "fc1.weight",       "fc1.bias",        "bn1.weight", "bn1.bias",   "bn1.running_mean",
        "bn1.running_var",  "fc2.weight",      "fc2.bias",   "bn2.weight", "bn2.bias",
        "bn2.running_mean", "bn2.running_var", "fc3.weight", "fc3.bias",
    };
    ModelPlan *plan = malloc(sizeof *plan);
    assert_non_null(plan);
    ModelSpec spec;
    Status status = preset_spec(preset_find("mlp-bn"), mnist, 10, &spec);
    assert_true(status_is_ok(&status));
    status = spec_plan(&spec, plan);
    assert_true(status_is_ok(&status));
    assert_int_equal(plan->tensor_count, sizeof names / sizeof names[0]);
    size_t parameter_end = 0, buffer_end = plan->parameter_floats;
    for (int i = 0; i < plan->tensor_count; i++) {
        const TensorInfo *tensor = &plan->tensors[i];
        assert_string_equal(tensor->name, names[i]);
        assert_int_equal(tensor->offset % 16, 0);
        size_t *end = tensor->trainable ? &parameter_end : &buffer_end;
        assert_true(tensor->offset >= *end);
        *end = tensor->offset + tensor->count;
        assert_int_equal(tensor->trainable, strstr(tensor->name, "running") == NULL);
    }
    assert_true(parameter_end <= plan->parameter_floats && buffer_end <= plan->weight_floats);
    free(plan);
}

// How many numbers meet in one, and into how many one goes, as torch.nn.init counts them: kernels
// with all their pixels.
static void test_fans(void **state) {
    (void)state;
    static const size_t fans[][2] = {{9, 45}, {20, 28}, {7 * 196, 10}};
    ModelPlan *plan = malloc(sizeof *plan);
    assert_non_null(plan);
    ModelSpec spec = {.input = mnist};
    Status status = spec_parse_layers("conv 5 k3 p1, conv 7 k2 s2, dense 10", &spec);
    assert_true(status_is_ok(&status));
    status = spec_plan(&spec, plan);
    assert_true(status_is_ok(&status));
    assert_int_equal(plan->tensor_count, 6);
    for (int i = 0; i < plan->tensor_count; i++) { // of weights and of the biases beside them
        assert_int_equal(plan->tensors[i].fan_in, fans[i / 2][0]);
        assert_int_equal(plan->tensors[i].fan_out, fans[i / 2][1]);
    }
    free(plan);
}

// Every row of the table is complete and its word reads as itself.
static void test_kinds(void **state) {
    (void)state;
    for (int i = 0; i < layer_kind_count; i++) {
        const LayerKind *kind = layer_kinds[i];
        assert_non_null(kind->word);
        assert_non_null(kind->label);
        assert_non_null(kind->help);
        assert_non_null(kind->plan);
        assert_ptr_equal(layer_find(kind->word), kind);
        assert_int_equal(kind->forward == NULL, kind->backward == NULL);
    }
    assert_null(layer_find("con"));
    assert_null(layer_find("convolution"));
    assert_null(layer_find(""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),     cmocka_unit_test(test_bad),
        cmocka_unit_test(test_too_many), cmocka_unit_test(test_bad_inputs),
        cmocka_unit_test(test_presets),  cmocka_unit_test(test_tensors),
        cmocka_unit_test(test_fans),     cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
