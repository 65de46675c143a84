// Batch normalisation (Ioffe and Szegedy 2015): torch.nn.BatchNorm1d on flat input, BatchNorm2d on
// images. Weight, bias, running_mean and running_var, [channels] each. PyTorch's counter
// num_batches_tracked is left out: with a momentum given it changes nothing, and load_state_dict
// fills it in where a file has none.
#include "nn/layer.h"

#include <math.h>

static Status batch_norm_plan(const LayerSpec *spec, LayerPlan *plan) {
    (void)spec;
    int channels = plan->in.c;
    plan->back_in_place = true;
    layer_declare_filled(plan, "weight", true, 1.0f, channels);
    layer_declare_filled(plan, "bias", true, 0.0f, channels);
    layer_declare_filled(plan, "running_mean", false, 0.0f, channels);
    layer_declare_filled(plan, "running_var", false, 1.0f, channels);
    return status_ok();
}

static BatchNormShape batch_norm_shape(const LayerRun *run) {
    return (BatchNormShape){
        .channels = run->in.c,
        .area = run->in.h * run->in.w,
        .momentum = (float)layer_arg(run->spec, "momentum"),
        .eps = (float)layer_arg(run->spec, "epsilon"),
    };
}

// The batch's mean and 1/sqrt(var+eps) of each channel.
static size_t batch_norm_cache(const LayerSpec *spec, Shape in, Shape out, int n) {
    (void)spec;
    (void)out;
    (void)n;
    return 2 * sizeof(float) * (size_t)in.c;
}

static void batch_norm_forward(const LayerRun *run) {
    BatchNormShape shape = batch_norm_shape(run);
    float *const *w = run->weights;
    if (run->training)
        run->be->ops->batch_norm_forward(run->be, &shape, run->n, run->x, w[0], w[1], w[2], w[3],
                                         run->y, run->cache);
    else
        run->be->ops->batch_norm_apply(run->be, &shape, run->n, run->x, w[0], w[1], w[2], w[3],
                                       run->y);
}

// In evaluation it is a scale and a shift for each channel, so dx is dy with the scale alone. The
// cache holds nothing then; its zeros are the mean and the bias that are left out.
static void batch_norm_backward_evaluation(const LayerRun *run, const BatchNormShape *shape) {
    if (!run->dx) return;
    run->be->ops->zero(run->be, run->cache, sizeof(float) * (size_t)run->in.c);
    run->be->ops->batch_norm_apply(run->be, shape, run->n, run->dy, run->weights[0], run->cache,
                                   run->cache, run->weights[3], run->dx);
}

static void batch_norm_backward(const LayerRun *run) {
    BatchNormShape shape = batch_norm_shape(run);
    if (!run->training) {
        batch_norm_backward_evaluation(run, &shape);
        return;
    }
    float *dx = run->dx ? run->dx : run->dy; // wanted by nobody, but the operation needs a place
    run->be->ops->batch_norm_backward(run->be, &shape, run->n, run->x, run->weights[0], run->cache,
                                      run->dy, dx, run->grads[0], run->grads[1]);
}

static bool batch_norm_explain(const LayerLook *look, Explanation *out) {
    if (!explanation_room(out, 1, 1, 1)) return false;
    out->kind = EXPLAIN_NORM;
    out->channel = look->c;
    out->y0 = look->h;
    out->x0 = look->w;
    explanation_patch(out, look, look->c, 0);
    out->scale = look->weights[0][look->c];
    out->bias = look->weights[1][look->c];
    out->mean = look->weights[2][look->c];
    out->deviation = sqrtf(look->weights[3][look->c] + (float)layer_arg(look->spec, "epsilon"));
    out->sum = ((double)out->input[0] - out->mean) / out->deviation * out->scale + out->bias;
    return true;
}

const LayerKind layer_batch_norm = {
    .word = "batchnorm",
    .label = "BatchNorm",
    .prefix = "bn",
    .help = "brings each channel to mean 0 and variance 1 over the batch, then scales and shifts",
    .args = {{.letter = 'm', .name = "momentum", .fallback = 0.1, .low = 0, .high = 1},
             {.letter = 'e', .name = "epsilon", .fallback = 1e-5, .low = 1e-12, .high = 1}},
    .plan = batch_norm_plan,
    .cache_bytes = batch_norm_cache,
    .forward = batch_norm_forward,
    .backward = batch_norm_backward,
    .explain = batch_norm_explain,
};
