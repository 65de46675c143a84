// An image seen as one vector: torch.nn.Flatten. Nothing moves, only the shape changes.
#include "nn/layer.h"

static Status flatten_plan(const LayerSpec *spec, LayerPlan *plan) {
    (void)spec;
    plan->out = (Shape){(int)shape_count(plan->in), 1, 1, true};
    plan->in_place = true;
    return status_ok();
}

const LayerKind layer_flatten = {
    .word = "flatten",
    .label = "Flatten",
    .help = "an image becomes one vector",
    .plan = flatten_plan,
};
