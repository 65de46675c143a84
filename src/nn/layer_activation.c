// Element-wise functions: torch.nn.ReLU, LeakyReLU, Sigmoid, Tanh. One set of functions, one row
// each. Behind a dense or conv layer the model has the product do it (LayerRun.fused).
#include "nn/layer.h"

static Status activation_plan(const LayerSpec *spec, LayerPlan *plan) {
    (void)spec;
    plan->in_place = true;
    return status_ok();
}

static void activation_forward(const LayerRun *run) {
    run->be->ops->activation_forward(run->be, run->spec->kind->activation,
                                     (float)run->spec->args[0],
                                     shape_count(run->in) * (size_t)run->n, run->x, run->y);
}

static void activation_backward(const LayerRun *run) {
    run->be->ops->activation_backward(
        run->be, run->spec->kind->activation, (float)run->spec->args[0],
        shape_count(run->in) * (size_t)run->n, run->y, run->dy, run->dx);
}

#define ACTIVATION_FUNCTIONS                                                                       \
    .plan = activation_plan, .forward = activation_forward, .backward = activation_backward

const LayerKind layer_relu = {
    .word = "relu",
    .label = "ReLU",
    .help = "negative numbers become 0",
    .activation = ACTIVATION_RELU,
    ACTIVATION_FUNCTIONS,
};

const LayerKind layer_leaky_relu = {
    .word = "leakyrelu",
    .label = "LeakyReLU",
    .help = "negative numbers are made small",
    .args = {{.name = "slope", .fallback = 0.01, .low = 1e-6, .high = 1}},
    .activation = ACTIVATION_LEAKY_RELU,
    ACTIVATION_FUNCTIONS,
};

const LayerKind layer_sigmoid = {
    .word = "sigmoid",
    .label = "Sigmoid",
    .help = "squeezes numbers between 0 and 1",
    .activation = ACTIVATION_SIGMOID,
    ACTIVATION_FUNCTIONS,
};

const LayerKind layer_tanh = {
    .word = "tanh",
    .label = "Tanh",
    .help = "squeezes numbers between -1 and 1",
    .activation = ACTIVATION_TANH,
    ACTIVATION_FUNCTIONS,
};
