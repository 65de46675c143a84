// y = x W^T + b on flat vectors: torch.nn.Linear. Weight [out][in], bias [out].
#include "nn/layer.h"

#include "base/tr.h"

#include <string.h>

static Status dense_plan(const LayerSpec *spec, LayerPlan *plan) {
    if (!plan->in.flat) {
        char text[48];
        shape_print(plan->in, text);
        return status_error(STATUS_USAGE, TR("needs a flat input, not %s; put flatten before it"),
                            text);
    }
    int in = plan->in.c, out = (int)layer_arg(spec, "units");
    plan->out = (Shape){out, 1, 1, true};
    plan->flops = 2.0 * in * out;
    layer_declare(plan, "weight", true, (size_t)in, (size_t)out, 2, out, in, 0, 0);
    layer_declare(plan, "bias", true, (size_t)in, (size_t)out, 1, out, 0, 0, 0);
    return status_ok();
}

static DenseShape dense_shape(const LayerRun *run) {
    return (DenseShape){.in = run->in.c,
                        .out = run->out.c,
                        .activation = run->fused,
                        .activation_parameter = run->fused_parameter};
}

static Status dense_reserve(Backend *be, const LayerSpec *spec, Shape in, Shape out, int n) {
    (void)spec;
    DenseShape shape = {.in = in.c, .out = out.c};
    return be->ops->reserve(be, &shape, NULL, n);
}

static void dense_forward(const LayerRun *run) {
    DenseShape shape = dense_shape(run);
    run->be->ops->dense_forward(run->be, &shape, run->n, run->x, run->weights[0], run->weights[1],
                                run->y);
}

static void dense_backward(const LayerRun *run) {
    DenseShape shape = dense_shape(run);
    run->be->ops->dense_backward(run->be, &shape, run->n, run->x, run->weights[0], run->y, run->dy,
                                 run->dx, run->grads[0], run->grads[1]);
}

static bool dense_explain(const LayerLook *look, Explanation *out) {
    size_t count = (size_t)look->in.c;
    if (!explanation_room(out, 1, 1, look->in.c)) return false;
    out->kind = EXPLAIN_SUM;
    memcpy(out->input, look->x, count * sizeof *out->input);
    memcpy(out->weight, look->weights[0] + (size_t)look->c * count, count * sizeof *out->weight);
    out->bias = look->weights[1][look->c];
    out->sum = out->bias;
    for (size_t i = 0; i < count; i++) out->sum += (double)out->input[i] * out->weight[i];
    return true;
}

const LayerKind layer_dense = {
    .word = "dense",
    .label = "Linear",
    .prefix = "fc",
    .help = "every output is a weighted sum of all inputs",
    .args = {{.name = "units", .low = 1, .high = 65536, .required = true, .integer = true}},
    .wants_flat = true,
    .fuses = true,
    .plan = dense_plan,
    .reserve = dense_reserve,
    .forward = dense_forward,
    .backward = dense_backward,
    .explain = dense_explain,
};
