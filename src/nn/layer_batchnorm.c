// Batch normalisation (Ioffe and Szegedy 2015): torch.nn.BatchNorm1d on flat input, BatchNorm2d on
// images. Weight, bias, running_mean and running_var, [channels] each. PyTorch's counter
// num_batches_tracked is left out: with a momentum given it changes nothing, and load_state_dict
// fills it in where a file has none.
#include "nn/layer.h"

static Status batch_norm_plan(const LayerSpec *spec, LayerPlan *plan) {
    (void)spec;
    int channels = plan->in.c;
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

static void batch_norm_backward(const LayerRun *run) {
    BatchNormShape shape = batch_norm_shape(run);
    float *dx = run->dx ? run->dx : run->dy; // wanted by nobody, but the operation needs a place
    run->be->ops->batch_norm_backward(run->be, &shape, run->n, run->x, run->weights[0], run->cache,
                                      run->dy, dx, run->grads[0], run->grads[1]);
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
};
