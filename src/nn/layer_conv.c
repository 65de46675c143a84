// A bank of small filters slid over an image: torch.nn.Conv2d with square kernels, zero padding.
// Weight [out][in][kernel][kernel], bias [out].
#include "nn/layer.h"

#include "base/tr.h"

#include <string.h>

static ConvShape conv_shape(const LayerSpec *spec, Shape in, Shape out) {
    int kernel = (int)layer_arg(spec, "kernel");
    return (ConvShape){
        .in_c = in.c,
        .in_h = in.h,
        .in_w = in.w,
        .out_c = out.c,
        .out_h = out.h,
        .out_w = out.w,
        .kernel_h = kernel,
        .kernel_w = kernel,
        .stride = (int)layer_arg(spec, "stride"),
        .pad = (int)layer_arg(spec, "padding"),
    };
}

static Status conv_plan(const LayerSpec *spec, LayerPlan *plan) {
    char text[48];
    shape_print(plan->in, text);
    if (plan->in.flat)
        return status_error(STATUS_USAGE,
                            TR("needs an image, but its input is a flat vector of %s"), text);
    int out = (int)layer_arg(spec, "channels"), kernel = (int)layer_arg(spec, "kernel");
    int stride = (int)layer_arg(spec, "stride"), pad = (int)layer_arg(spec, "padding");
    int room_h = plan->in.h + 2 * pad - kernel, room_w = plan->in.w + 2 * pad - kernel;
    if (room_h < 0 || room_w < 0) {
        if (pad == 0)
            return status_error(STATUS_USAGE, TR("a %dx%d kernel does not fit a %s input"), kernel,
                                kernel, text);
        return status_error(STATUS_USAGE, TR("a %dx%d kernel does not fit a %s input padded by %d"),
                            kernel, kernel, text, pad);
    }
    plan->out = (Shape){out, room_h / stride + 1, room_w / stride + 1, false};
    size_t area = (size_t)kernel * (size_t)kernel;
    size_t fan_in = (size_t)plan->in.c * area, fan_out = (size_t)out * area;
    plan->flops = 2.0 * (double)fan_in * (double)shape_count(plan->out);
    layer_declare(plan, "weight", true, fan_in, fan_out, 4, out, plan->in.c, kernel, kernel);
    layer_declare(plan, "bias", true, fan_in, fan_out, 1, out, 0, 0, 0);
    return status_ok();
}

static Status conv_reserve(Backend *be, const LayerSpec *spec, Shape in, Shape out, int n) {
    ConvShape shape = conv_shape(spec, in, out);
    return be->ops->reserve(be, NULL, &shape, n);
}

static size_t conv_pooled_cache(const LayerSpec *spec, Shape in, Shape out, int n) {
    ConvShape shape = conv_shape(spec, in, out);
    return backend_kept_bytes(&shape, n);
}

static ConvShape conv_run_shape(const LayerRun *run) {
    ConvShape shape = conv_shape(run->spec, run->in, run->out);
    shape.activation = run->fused;
    shape.activation_parameter = run->fused_parameter;
    shape.pool = run->pool;
    return shape;
}

static void conv_forward(const LayerRun *run) {
    ConvShape shape = conv_run_shape(run);
    if (run->pooled) {
        run->be->ops->conv_pool_forward(run->be, &shape, run->n, run->x, run->weights[0],
                                        run->weights[1], run->y, run->cache);
        return;
    }
    run->be->ops->conv_forward(run->be, &shape, run->n, run->x, run->weights[0], run->weights[1],
                               run->y);
}

static void conv_backward(const LayerRun *run) {
    ConvShape shape = conv_run_shape(run);
    if (run->pooled) {
        run->be->ops->conv_pool_backward(run->be, &shape, run->n, run->x, run->weights[0], run->y,
                                         run->cache, run->dy, run->dx, run->grads[0],
                                         run->grads[1]);
        return;
    }
    run->be->ops->conv_backward(run->be, &shape, run->n, run->x, run->weights[0], run->y, run->dy,
                                run->dx, run->grads[0], run->grads[1]);
}

static bool conv_explain(const LayerLook *look, Explanation *out) {
    int kernel = (int)layer_arg(look->spec, "kernel"),
        stride = (int)layer_arg(look->spec, "stride");
    int pad = (int)layer_arg(look->spec, "padding");
    size_t count = (size_t)look->in.c * (size_t)kernel * (size_t)kernel;
    if (!explanation_room(out, look->in.c, kernel, kernel)) return false;
    out->kind = EXPLAIN_SUM;
    out->y0 = look->h * stride - pad;
    out->x0 = look->w * stride - pad;
    for (int c = 0; c < look->in.c; c++) explanation_patch(out, look, c, c);
    memcpy(out->weight, look->weights[0] + (size_t)look->c * count, count * sizeof *out->weight);
    out->bias = look->weights[1][look->c];
    out->sum = out->bias;
    for (size_t i = 0; i < count; i++) out->sum += (double)out->input[i] * out->weight[i];
    return true;
}

const LayerKind layer_conv = {
    .word = "conv",
    .label = "Conv2d",
    .prefix = "conv",
    .help = "filters that look for the same small pattern everywhere in the image",
    .args =
        {{.name = "channels", .low = 1, .high = 4096, .required = true, .integer = true},
         {.letter = 'k', .name = "kernel", .low = 1, .high = 64, .required = true, .integer = true},
         {.letter = 's', .name = "stride", .fallback = 1, .low = 1, .high = 64, .integer = true},
         {.letter = 'p', .name = "padding", .fallback = 0, .low = 0, .high = 64, .integer = true}},
    .fuses = true,
    .pools = true,
    .pooled_cache = conv_pooled_cache,
    .plan = conv_plan,
    .reserve = conv_reserve,
    .forward = conv_forward,
    .backward = conv_backward,
    .explain = conv_explain,
};
