// Sets each number to 0 with probability p while training and scales the others by 1/(1-p)
// (Srivastava et al. 2014): torch.nn.Dropout. The mask is a function of the step's key and the
// number's index, so nothing is kept for backward.
#include "nn/layer.h"

static Status dropout_plan(const LayerSpec *spec, LayerPlan *plan) {
    (void)spec;
    plan->in_place = true;
    return status_ok();
}

static size_t dropout_count(const LayerRun *run) {
    return shape_count(run->in) * (size_t)run->n;
}

static void dropout_forward(const LayerRun *run) {
    size_t count = dropout_count(run);
    if (run->training)
        run->be->ops->dropout(run->be, (float)layer_arg(run->spec, "p"), run->key, count, run->x,
                              run->y);
    else if (run->y != run->x)
        run->be->ops->copy(run->be, run->y, run->x, count * sizeof(float));
}

static void dropout_backward(const LayerRun *run) {
    if (run->training)
        run->be->ops->dropout(run->be, (float)layer_arg(run->spec, "p"), run->key,
                              dropout_count(run), run->dy, run->dx);
}

const LayerKind layer_dropout = {
    .word = "dropout",
    .label = "Dropout",
    .help = "forgets each number with this probability while training",
    .args = {{.name = "p", .fallback = 0.5, .low = 0, .high = 0.99}},
    .plan = dropout_plan,
    .forward = dropout_forward,
    .backward = dropout_backward,
};
