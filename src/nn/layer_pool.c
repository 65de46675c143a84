// The largest or the mean of each small window of each channel: torch.nn.MaxPool2d and AvgPool2d
// (which counts the padding).
#include "nn/layer.h"

#include "base/tr.h"

static PoolShape pool_shape(const LayerSpec *spec, Shape in, Shape out) {
    return (PoolShape){
        .channels = in.c,
        .in_h = in.h,
        .in_w = in.w,
        .out_h = out.h,
        .out_w = out.w,
        .kernel = (int)layer_arg(spec, "kernel"),
        .stride = (int)layer_arg(spec, "stride"),
        .pad = (int)layer_arg(spec, "padding"),
    };
}

static Status pool_plan(const LayerSpec *spec, LayerPlan *plan) {
    char text[48];
    shape_print(plan->in, text);
    if (plan->in.flat)
        return status_error(STATUS_USAGE,
                            TR("needs an image, but its input is a flat vector of %s"), text);
    int kernel = (int)layer_arg(spec, "kernel"), stride = (int)layer_arg(spec, "stride");
    int pad = (int)layer_arg(spec, "padding");
    // Otherwise a window could lie in the padding altogether.
    if (pad > kernel / 2)
        return status_error(STATUS_USAGE, TR("padding %d is more than half of the window of %d"),
                            pad, kernel);
    int room_h = plan->in.h + 2 * pad - kernel, room_w = plan->in.w + 2 * pad - kernel;
    if (room_h < 0 || room_w < 0)
        return status_error(STATUS_USAGE, TR("a %dx%d window does not fit a %s input"), kernel,
                            kernel, text);
    plan->out = (Shape){plan->in.c, room_h / stride + 1, room_w / stride + 1, false};
    return status_ok();
}

// The windows of BackendOps.conv_pool_forward.
static bool pool_can_join(const LayerSpec *spec) {
    return layer_arg(spec, "kernel") == 2 && layer_arg(spec, "stride") == 2 &&
           layer_arg(spec, "padding") == 0;
}

// Which place of its window each output came from.
static size_t max_pool_cache(const LayerSpec *spec, Shape in, Shape out, int n) {
    (void)spec;
    (void)in;
    return shape_count(out) * (size_t)n;
}

static void max_pool_forward(const LayerRun *run) {
    PoolShape shape = pool_shape(run->spec, run->in, run->out);
    run->be->ops->max_pool_forward(run->be, &shape, run->n, run->x, run->y, run->cache);
}

static void max_pool_backward(const LayerRun *run) {
    PoolShape shape = pool_shape(run->spec, run->in, run->out);
    run->be->ops->max_pool_backward(run->be, &shape, run->n, run->dy, run->cache, run->dx);
}

static void avg_pool_forward(const LayerRun *run) {
    PoolShape shape = pool_shape(run->spec, run->in, run->out);
    run->be->ops->avg_pool_forward(run->be, &shape, run->n, run->x, run->y);
}

static void avg_pool_backward(const LayerRun *run) {
    PoolShape shape = pool_shape(run->spec, run->in, run->out);
    run->be->ops->avg_pool_backward(run->be, &shape, run->n, run->dy, run->dx);
}

static bool pool_explain(const LayerLook *look, Explanation *out) {
    PoolShape shape = pool_shape(look->spec, look->in, look->out);
    if (!explanation_room(out, 1, shape.kernel, shape.kernel)) return false;
    out->channel = look->c;
    out->y0 = look->h * shape.stride - shape.pad;
    out->x0 = look->w * shape.stride - shape.pad;
    explanation_patch(out, look, look->c, 0);
    return true;
}

static bool max_pool_explain(const LayerLook *look, Explanation *out) {
    if (!pool_explain(look, out)) return false;
    out->kind = EXPLAIN_LARGEST;
    out->winner = -1; // the padding never wins
    for (int i = 0; i < out->h * out->w; i++) {
        int y = out->y0 + i / out->w, x = out->x0 + i % out->w;
        if (y < 0 || x < 0 || y >= look->in.h || x >= look->in.w) continue;
        if (out->winner < 0 || out->input[i] > out->input[out->winner]) out->winner = i;
    }
    out->sum = out->input[out->winner];
    return true;
}

static bool avg_pool_explain(const LayerLook *look, Explanation *out) {
    if (!pool_explain(look, out)) return false;
    out->kind = EXPLAIN_MEAN;
    for (int i = 0; i < out->h * out->w; i++) out->sum += out->input[i];
    out->sum /= out->h * out->w;
    return true;
}

// A place in a window must fit a byte.
#define POOL_ARGS                                                                                  \
    {                                                                                              \
        {.name = "kernel", .fallback = 2, .low = 1, .high = 16, .integer = true},                  \
            {.letter = 's',                                                                        \
             .name = "stride",                                                                     \
             .fallback = LAYER_ARG_LIKE_FIRST,                                                     \
             .low = 1,                                                                             \
             .high = 64,                                                                           \
             .integer = true},                                                                     \
        {                                                                                          \
            .letter = 'p', .name = "padding", .fallback = 0, .low = 0, .high = 8, .integer = true  \
        }                                                                                          \
    }

const LayerKind layer_max_pool = {
    .word = "maxpool",
    .label = "MaxPool2d",
    .help = "keeps the largest value of each window",
    .args = POOL_ARGS,
    .can_join = pool_can_join,
    .plan = pool_plan,
    .cache_bytes = max_pool_cache,
    .forward = max_pool_forward,
    .backward = max_pool_backward,
    .explain = max_pool_explain,
};

const LayerKind layer_avg_pool = {
    .word = "avgpool",
    .label = "AvgPool2d",
    .help = "keeps the mean of each window",
    .args = POOL_ARGS,
    .can_join = pool_can_join,
    .joins_as = POOL_MEAN,
    .plan = pool_plan,
    .forward = avg_pool_forward,
    .backward = avg_pool_backward,
    .explain = avg_pool_explain,
};
