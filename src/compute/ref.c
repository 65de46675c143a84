// The plain C back end: data, element-wise functions, loss and update, and the table. One
// thread, no tricks: the oracle that every other back end is compared with.
#include "compute/ref.h"
#include "base/check.h"
#include "compute/host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Status ref_reserve(Backend *be, const DenseShape *dense, const ConvShape *conv, int batch) {
    (void)be, (void)dense, (void)conv, (void)batch;
    return status_ok();
}

// ---- data -------------------------------------------------------------------------------------

static void ref_gather(Backend *be, const GatherShape *s, const GatherFrom *from,
                       const int32_t *indices, int n, float *out, uint8_t *labels) {
    (void)be;
    size_t size = (size_t)s->channels * (size_t)s->height * (size_t)s->width;
    for (int i = 0; i < n; i++)
        for (size_t p = 0; p < size; p++)
            *out++ = (from->images[(size_t)indices[i] * size + p] / 255.0f - s->mean) / s->std;
    for (int i = 0; from->labels && i < n; i++) labels[i] = from->labels[indices[i]];
}

static void ref_gather_varied(Backend *be, const GatherShape *s, const GatherFrom *from,
                              const GatherVary *vary, const int32_t *indices, int n, float *out,
                              uint8_t *labels) {
    (void)be;
    uint32_t height = (uint32_t)s->height, width = (uint32_t)s->width;
    size_t plane = (size_t)height * width, channels = (size_t)s->channels;
    for (int i = 0; i < n; i++) {
        Rng stream = warp_stream(vary->seed, vary->epoch, (uint32_t)indices[i]);
        Warp warp;
        warp_draw(&vary->config, stream, height, width, &warp);
        for (int k = 0; warp.has_grid && k < WARP_GRID_VALUES; k++)
            warp_draw_grid(&vary->config, stream, width, k, &warp);
        for (size_t c = 0; c < channels; c++) {
            const uint8_t *image = from->images + ((size_t)indices[i] * channels + c) * plane;
            for (uint32_t p = 0; p < plane; p++)
                *out++ = (warp_pixel(&warp, image, height, width, p % width, p / width) / 255.0f -
                          s->mean) /
                         s->std;
        }
    }
    for (int i = 0; from->labels && i < n; i++) labels[i] = from->labels[indices[i]];
}

// ---- element by element -----------------------------------------------------------------------

// Comparisons stand so that NaN passes through ReLU and comes out of every other function as well.
float ref_activate(Activation kind, float parameter, float x) {
    switch (kind) {
    case ACTIVATION_RELU:
        return x <= 0.0f ? 0.0f : x;
    case ACTIVATION_LEAKY_RELU:
        return x > 0.0f ? x : parameter * x;
    case ACTIVATION_SIGMOID:
        return (float)(1.0 / (1.0 + exp(-(double)x)));
    case ACTIVATION_TANH:
        return (float)tanh((double)x);
    default:
        return x;
    }
}

float ref_activate_gradient(Activation kind, float parameter, float y, float dy) {
    switch (kind) {
    case ACTIVATION_RELU:
        return y <= 0.0f ? 0.0f : dy;
    case ACTIVATION_LEAKY_RELU:
        return y > 0.0f ? dy : parameter * dy;
    case ACTIVATION_SIGMOID:
        return dy * y * (1.0f - y);
    case ACTIVATION_TANH:
        return dy * (1.0f - y * y);
    default:
        return dy;
    }
}

static void ref_activation_forward(Backend *be, Activation kind, float parameter, size_t count,
                                   const float *x, float *y) {
    (void)be;
    for (size_t i = 0; i < count; i++) y[i] = ref_activate(kind, parameter, x[i]);
}

static void ref_activation_backward(Backend *be, Activation kind, float parameter, size_t count,
                                    const float *y, const float *dy, float *dx) {
    (void)be;
    for (size_t i = 0; i < count; i++) dx[i] = ref_activate_gradient(kind, parameter, y[i], dy[i]);
}

static void ref_dropout(Backend *be, float p, uint64_t key, size_t count, const float *in,
                        float *out) {
    (void)be;
    uint32_t threshold = backend_keep_threshold(p);
    float scale = 1.0f / (1.0f - p);
    for (size_t i = 0; i < count; i++)
        out[i] = backend_keep(key, (uint32_t)i, threshold) ? in[i] * scale : 0.0f;
}

// ---- loss and update --------------------------------------------------------------------------

// log(sum(exp(z))) by way of the largest, so that exp() cannot overflow.
static double log_sum_exp(const float *z, int classes, int *largest) {
    int best = 0;
    for (int j = 1; j < classes; j++)
        if (z[j] > z[best]) best = j;
    double sum = 0.0;
    for (int j = 0; j < classes; j++) sum += exp((double)z[j] - z[best]);
    *largest = best;
    return z[best] + log(sum);
}

static const LossRowFunction loss_rows_of[LOSS_COUNT] = {
#define LOSS_ROW_OF(id, fn, name, label, takes) [LOSS_##id] = fn##_row,
    LOSS_LIST(LOSS_ROW_OF)
#undef LOSS_ROW_OF
};

static void ref_loss(Backend *be, LossKind kind, float smoothing, int classes, int n,
                     const float *logits, const uint8_t *labels, float *dlogits,
                     BatchStats *stats) {
    (void)be;
    float p[256] = {0}; // labels are bytes
    LossSettings settings = {classes, smoothing, 1.0f / (float)n};
    *stats = (BatchStats){.count = n};
    for (int i = 0; i < n; i++) {
        const float *z = logits + (ptrdiff_t)i * classes;
        int best, label = labels[i];
        bool none = label == LABEL_NONE;
        ASSERT((label < classes || none) && classes <= 256);
        double norm = log_sum_exp(z, classes, &best);
        for (int j = 0; j < classes; j++) p[j] = (float)exp(z[j] - norm);
        LossRow row = {z, p, norm, none ? 0 : label};
        LossRowFunction loss = none ? loss_none_row : loss_rows_of[kind];
        bool right = none ? loss_none_is_right(&row, z[best]) : best == label;
        float *dz = dlogits ? dlogits + (ptrdiff_t)i * classes : NULL;
        stats->loss_sum += loss(&settings, &row, dz);
        stats->correct += right && !isnan(z[best]);
    }
}

static void ref_softmax(Backend *be, int classes, int n, const float *logits, float *out) {
    (void)be;
    for (int i = 0; i < n; i++, logits += classes, out += classes) {
        int best;
        double norm = log_sum_exp(logits, classes, &best);
        for (int j = 0; j < classes; j++) out[j] = (float)exp(logits[j] - norm);
    }
}

typedef float (*UpdateRule)(float w, float g, float s[OPTIMIZER_SLOTS_MAX],
                            const OptimizerStep *step);

static const UpdateRule update_rows[OPTIMIZER_COUNT] = {
#define UPDATE_ROW(id, fn, name, label, slots, mask, ...) [OPTIMIZER_##id] = fn##_update,
    OPTIMIZER_LIST(UPDATE_ROW)
#undef UPDATE_ROW
};

static void ref_update(Backend *be, OptimizerKind kind, const OptimizerStep *step, size_t count,
                       float *param, const float *grad, float *const state[OPTIMIZER_SLOTS_MAX]) {
    (void)be;
    const UpdateRule rule = update_rows[kind];
    const int slots = optimizer_state_slots(state);
    for (size_t i = 0; i < count; i++) {
        float s[OPTIMIZER_SLOTS_MAX] = {0};
        for (int k = 0; k < slots; k++) s[k] = state[k][i];
        param[i] = rule(param[i], grad[i], s, step);
        for (int k = 0; k < slots; k++) state[k][i] = s[k];
    }
}

static void ref_sum_squares(Backend *be, size_t count, const float *x, double *out) {
    (void)be;
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) sum += (double)x[i] * x[i];
    *out = sum;
}

static void ref_clip(Backend *be, size_t count, double max_norm, const double *squares, float *x) {
    (void)be;
    double factor = backend_clip_factor(max_norm, *squares);
    for (size_t i = 0; i < count && factor < 1.0; i++) x[i] *= (float)factor;
}

static void ref_average(Backend *be, float keep, size_t count, const float *x, float *mean) {
    (void)be;
    const float take = 1.0f - keep;
    for (size_t i = 0; i < count; i++) mean[i] = keep * mean[i] + take * x[i];
}

// ---- the table --------------------------------------------------------------------------------

static void ref_close(Backend *be) {
    free(be);
}

static void ref_describe(const Backend *be, char *out, size_t size) {
    (void)be;
    snprintf(out, size, "plain C, 1 thread");
}

const BackendOps ref_ops = {
    .name = "ref",
    .close = ref_close,
    .describe = ref_describe,
    .alloc = host_alloc,
    .release = host_release,
    .share = host_share,
    .unshare = host_unshare,
    .upload = host_upload,
    .download = host_download,
    .copy = host_copy,
    .zero = host_zero,
    .sync = host_sync,
    .reserve = ref_reserve,
    .gather = ref_gather,
    .gather_varied = ref_gather_varied,
    .dense_forward = ref_dense_forward,
    .dense_backward = ref_dense_backward,
    .conv_forward = ref_conv_forward,
    .conv_backward = ref_conv_backward,
    .max_pool_forward = ref_max_pool_forward,
    .max_pool_backward = ref_max_pool_backward,
    .avg_pool_forward = ref_avg_pool_forward,
    .avg_pool_backward = ref_avg_pool_backward,
    .batch_norm_forward = ref_batch_norm_forward,
    .batch_norm_apply = ref_batch_norm_apply,
    .batch_norm_backward = ref_batch_norm_backward,
    .activation_forward = ref_activation_forward,
    .activation_backward = ref_activation_backward,
    .dropout = ref_dropout,
    .loss = ref_loss,
    .softmax = ref_softmax,
    .update = ref_update,
    .sum_squares = ref_sum_squares,
    .clip = ref_clip,
    .average = ref_average,
};

Status ref_open(const BackendConfig *config, Backend **out) {
    (void)config;
    Backend *be = malloc(sizeof *be);
    if (!be) return status_no_memory("the plain C back end", sizeof *be);
    be->ops = &ref_ops;
    *out = be;
    return status_ok();
}
