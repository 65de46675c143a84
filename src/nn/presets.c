// The networks as rows of text: the five of the tutorials, then our own two.
#include "nn/presets.h"

#include "base/text.h"
#include "nn/layer.h"

#include <string.h>

const Preset presets[] = {
    {
        .name = "mlp-bn",
        .label = "MLP + batch norm",
        .what = "784-300-100-10, batch norm and ReLU after each hidden layer",
        .layers = "flatten, dense 300, batchnorm, relu, dense 100, batchnorm, relu, dense 10",
        .normalization = {0.5f, 0.5f},
        .recipe = "optimizer=momentum lr=0.01 momentum=0.9 batch-size=64 epochs=20 schedule=step "
                  "step-size=5 gamma=0.9 schedule-from-start=1",
    },
    {
        .name = "cnn-20",
        .label = "CNN 10-20",
        .what = "two convolutions of 10 and 20 filters, one max pooling, dense 2000-500-10",
        .layers = "conv 10 k5, relu, maxpool 2, conv 20 k3, relu, flatten, dense 500, relu, "
                  "dense 10",
        .normalization = {0.1307f, 0.3081f},
        .recipe = "optimizer=adam lr=0.001 batch-size=64 epochs=20",
    },
    {
        .name = "mlp-dropout",
        .label = "MLP + dropout",
        .what = "784-128-256-10, ReLU and dropout 0.5 after each hidden layer",
        .layers = "flatten, dense 128, relu, dropout 0.5, dense 256, relu, dropout 0.5, dense 10",
        .normalization = {0.0f, 1.0f},
        .recipe = "optimizer=adam lr=0.001 batch-size=64 epochs=25",
    },
    {
        .name = "cnn-64",
        .label = "CNN 32-64",
        .what = "two padded convolutions of 32 and 64 filters, max pooling, dense 3136-128-10",
        .layers = "conv 32 k3 p1, relu, maxpool 2, conv 64 k3 p1, relu, maxpool 2, flatten, "
                  "dense 128, relu, dense 10",
        .normalization = {0.1307f, 0.3081f},
        .recipe = "optimizer=adam lr=0.001 batch-size=64 epochs=10",
    },
    {
        .name = "lenet5",
        .label = "LeNet-5",
        .what = "LeCun's network of 1998 with ReLU: 6 and 16 filters, average pooling, "
                "dense 400-120-84-10",
        .layers = "conv 6 k5 p2, relu, avgpool 2, conv 16 k5, relu, avgpool 2, flatten, "
                  "dense 120, relu, dense 84, relu, dense 10",
        .normalization = {0.1307f, 0.3081f},
        .recipe = "optimizer=adam lr=0.001 batch-size=64 epochs=10",
    },
    {
        .name = "fast",
        .label = "Fast CNN",
        .what = "two small convolutions with batch norm and one cycle of the learning rate: 99 % "
                "in three epochs",
        .layers = "conv 8 k5, batchnorm, relu, maxpool 2, conv 16 k5, batchnorm, relu, maxpool 2, "
                  "flatten, dense 64, batchnorm, relu, dense 10",
        .normalization = {0.1307f, 0.3081f},
        .recipe = "optimizer=adam lr=0.01 batch-size=64 epochs=3 schedule=one-cycle",
    },
    {
        .name = "best",
        .label = "Best CNN",
        .what = "three pairs of 3x3 convolutions with batch norm, dropout, augmentation and "
                "averaged weights",
        .layers =
            "conv 16 k3 p1, batchnorm, relu, conv 16 k3 p1, batchnorm, relu, maxpool 2, "
            "conv 32 k3 p1, batchnorm, relu, conv 32 k3 p1, batchnorm, relu, maxpool 2, "
            "dropout 0.2, conv 64 k3 p1, batchnorm, relu, conv 64 k3 p1, batchnorm, relu, "
            "maxpool 2, dropout 0.3, flatten, dense 128, batchnorm, relu, dropout 0.3, dense 10",
        .normalization = {0.1307f, 0.3081f},
        .recipe = "optimizer=adam lr=0.004 batch-size=64 epochs=30 schedule=one-cycle ema=0.999 "
                  "augment=light shear=0.1 elastic=0.015 thickness=0.15",
    },
};
const int preset_count = (int)(sizeof presets / sizeof presets[0]);

const Preset *preset_find(const char *name) {
    for (int i = 0; i < preset_count; i++)
        if (strcmp(presets[i].name, name) == 0) return &presets[i];
    return NULL;
}

Status preset_spec(const Preset *preset, Shape input, int classes, ModelSpec *out) {
    memset(out, 0, sizeof *out);
    text_copy(out->name, sizeof out->name, preset->label);
    out->input = input;
    out->normalization = preset->normalization;
    Status status = spec_parse_layers(preset->layers, out);
    if (!status_is_ok(&status)) return status;
    out->layers[out->layer_count - 1].args[0] = classes;
    return status;
}
