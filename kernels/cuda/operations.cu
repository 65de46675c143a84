// The rows of the table that compute: each is queued as a function of device.h and its arguments
// (steps.h), behind the numbers that are new in every step. What they do stands in the other files.
#include "steps.h"

static void module_copy(Backend *be, void *to, const void *from, size_t bytes) {
    queue(cuda_of(be), cuda_copy, to, from, bytes);
}

static void module_zero(Backend *be, void *device, size_t bytes) {
    queue(cuda_of(be), cuda_zero, device, bytes);
}

// As many indices as fit at a time.
constexpr int GATHER_MAX = (int)(GIVEN_MAX / sizeof(int32_t));

static void module_gather(Backend *be, const GatherShape *s, const GatherFrom *from,
                          const int32_t *indices, int n, float *out, uint8_t *labels) {
    Cuda *cuda = cuda_of(be);
    size_t size = (size_t)s->channels * s->height * s->width;
    for (int first = 0; first < n; first += GATHER_MAX) {
        int part = n - first < GATHER_MAX ? n - first : GATHER_MAX;
        Given given = steps_give(cuda, indices + first, part * sizeof *indices);
        queue(cuda, cuda_gather, *s, *from, given, part, out + first * size, labels + first);
    }
}

static void module_gather_varied(Backend *be, const GatherShape *s, const GatherFrom *from,
                                 const GatherVary *vary, const int32_t *indices, int n, float *out,
                                 uint8_t *labels) {
    Cuda *cuda = cuda_of(be);
    size_t size = (size_t)s->channels * s->height * s->width;
    VariedGiven own = {*vary, {0}};
    for (int first = 0; first < n; first += VARIED_MAX) {
        int part = n - first < VARIED_MAX ? n - first : VARIED_MAX;
        memcpy(own.indices, indices + first, part * sizeof *indices);
        Given given =
            steps_give(cuda, &own, offsetof(VariedGiven, indices) + part * sizeof *indices);
        queue(cuda, cuda_gather_varied, *s, *from, given, part, out + first * size, labels + first);
    }
}

static void module_dense_forward(Backend *be, const DenseShape *s, int n, const float *x,
                                 const float *w, const float *b, float *y) {
    queue(cuda_of(be), cuda_dense_forward, *s, n, x, w, b, y, Dropped{});
}

static void module_dense_backward(Backend *be, const DenseShape *s, int n, const float *x,
                                  const float *w, const float *y, float *dy, float *dx, float *dw,
                                  float *db) {
    queue(cuda_of(be), cuda_dense_backward, *s, n, x, w, y, dy, dx, dw, db, Dropped{});
}

static void module_conv_forward(Backend *be, const ConvShape *s, int n, const float *x,
                                const float *w, const float *b, float *y) {
    queue(cuda_of(be), cuda_conv_forward, *s, n, x, w, b, y);
}

static void module_conv_backward(Backend *be, const ConvShape *s, int n, const float *x,
                                 const float *w, const float *y, float *dy, float *dx, float *dw,
                                 float *db) {
    queue(cuda_of(be), cuda_conv_backward, *s, n, x, w, y, dy, dx, dw, db);
}

static void module_conv_pool_forward(Backend *be, const ConvShape *s, int n, const float *x,
                                     const float *w, const float *b, float *y, uint8_t *kept) {
    queue(cuda_of(be), cuda_conv_pool_forward, *s, n, x, w, b, y, kept);
}

static void module_conv_pool_backward(Backend *be, const ConvShape *s, int n, const float *x,
                                      const float *w, const float *y, const uint8_t *kept,
                                      float *dy, float *dx, float *dw, float *db) {
    queue(cuda_of(be), cuda_conv_pool_backward, *s, n, x, w, y, kept, dy, dx, dw, db);
}

static void module_max_pool_forward(Backend *be, const PoolShape *s, int n, const float *x,
                                    float *y, uint8_t *argmax) {
    queue(cuda_of(be), cuda_max_pool_forward, *s, n, x, y, argmax);
}

static void module_max_pool_backward(Backend *be, const PoolShape *s, int n, const float *dy,
                                     const uint8_t *argmax, float *dx) {
    queue(cuda_of(be), cuda_max_pool_backward, *s, n, dy, argmax, dx);
}

static void module_avg_pool_forward(Backend *be, const PoolShape *s, int n, const float *x,
                                    float *y) {
    queue(cuda_of(be), cuda_avg_pool_forward, *s, n, x, y);
}

static void module_avg_pool_backward(Backend *be, const PoolShape *s, int n, const float *dy,
                                     float *dx) {
    queue(cuda_of(be), cuda_avg_pool_backward, *s, n, dy, dx);
}

static void module_batch_norm_forward(Backend *be, const BatchNormShape *s, int n, const float *x,
                                      const float *gamma, const float *beta, float *running_mean,
                                      float *running_var, float *y, float *saved) {
    queue(cuda_of(be), cuda_batch_norm_forward, *s, n, x, gamma, beta, running_mean, running_var, y,
          saved, NormActivation{});
}

static void module_batch_norm_apply(Backend *be, const BatchNormShape *s, int n, const float *x,
                                    const float *gamma, const float *beta,
                                    const float *running_mean, const float *running_var, float *y) {
    queue(cuda_of(be), cuda_batch_norm_apply, *s, n, x, gamma, beta, running_mean, running_var, y);
}

static void module_batch_norm_backward(Backend *be, const BatchNormShape *s, int n, const float *x,
                                       const float *gamma, const float *saved, const float *dy,
                                       float *dx, float *dgamma, float *dbeta) {
    queue(cuda_of(be), cuda_batch_norm_backward, *s, n, x, gamma, saved, dy, dx, dgamma, dbeta,
          NormActivation{});
}

static void module_activation_forward(Backend *be, Activation kind, float parameter, size_t count,
                                      const float *x, float *y) {
    queue(cuda_of(be), cuda_activation_forward, kind, parameter, count, x, y);
}

static void module_activation_backward(Backend *be, Activation kind, float parameter, size_t count,
                                       const float *y, const float *dy, float *dx) {
    queue(cuda_of(be), cuda_activation_backward, kind, parameter, count, y, dy, dx);
}

static void module_dropout(Backend *be, float p, uint64_t key, size_t count, const float *in,
                           float *out) {
    Given given = steps_give(cuda_of(be), &key, sizeof key);
    queue(cuda_of(be), cuda_dropout, p, given, count, in, out);
}

static void module_loss(Backend *be, LossKind kind, float smoothing, int classes, int n,
                        const float *logits, const uint8_t *labels, float *dlogits,
                        BatchStats *stats) {
    queue(cuda_of(be), cuda_loss, kind, smoothing, classes, n, logits, labels, dlogits, stats);
}

static void module_softmax(Backend *be, int classes, int n, const float *logits, float *out) {
    queue(cuda_of(be), cuda_softmax, classes, n, logits, out);
}

static void module_update(Backend *be, OptimizerKind kind, const OptimizerStep *step, size_t count,
                          float *param, const float *grad,
                          float *const state[OPTIMIZER_SLOTS_MAX]) {
    UpdateState slots = {{state[0], state[1], state[2]}};
    static_assert(OPTIMIZER_SLOTS_MAX == 3, "each slot is named here");
    int used = optimizer_state_slots(state);
    for (int k = used; k < OPTIMIZER_SLOTS_MAX; k++) slots.slot[k] = NULL;
    Given given = steps_give(cuda_of(be), step, sizeof *step);
    queue(cuda_of(be), cuda_update, kind, given, count, param, grad, slots);
}

static void module_sum_squares(Backend *be, size_t count, const float *x, double *out) {
    queue(cuda_of(be), cuda_sum_squares, count, x, out);
}

static void module_clip(Backend *be, size_t count, double max_norm, const double *squares,
                        float *x) {
    queue(cuda_of(be), cuda_clip, count, max_norm, squares, x);
}

static void module_average(Backend *be, float keep, size_t count, const float *x, float *mean) {
    queue(cuda_of(be), cuda_average, keep, count, x, mean);
}

static void module_step_begin(Backend *be) {
    steps_begin(cuda_of(be));
}

static void module_step_end(Backend *be, const BatchStats *stats) {
    steps_end(cuda_of(be), stats);
}

static int module_steps_take(Backend *be, BatchStats *out) {
    return steps_take(cuda_of(be), out);
}

// One by one: this C++ has no names in initializers.
void cuda_operations(BackendOps *ops) {
    ops->copy = module_copy;
    ops->zero = module_zero;
    ops->gather = module_gather;
    ops->gather_varied = module_gather_varied;
    ops->dense_forward = module_dense_forward;
    ops->dense_backward = module_dense_backward;
    ops->conv_forward = module_conv_forward;
    ops->conv_backward = module_conv_backward;
    ops->conv_pool_forward = module_conv_pool_forward;
    ops->conv_pool_backward = module_conv_pool_backward;
    ops->conv_pool_means = true;
    ops->max_pool_forward = module_max_pool_forward;
    ops->max_pool_backward = module_max_pool_backward;
    ops->avg_pool_forward = module_avg_pool_forward;
    ops->avg_pool_backward = module_avg_pool_backward;
    ops->batch_norm_forward = module_batch_norm_forward;
    ops->batch_norm_apply = module_batch_norm_apply;
    ops->batch_norm_backward = module_batch_norm_backward;
    ops->activation_forward = module_activation_forward;
    ops->activation_backward = module_activation_backward;
    ops->dropout = module_dropout;
    ops->loss = module_loss;
    ops->softmax = module_softmax;
    ops->update = module_update;
    ops->sum_squares = module_sum_squares;
    ops->clip = module_clip;
    ops->average = module_average;
    ops->step_begin = module_step_begin;
    ops->step_end = module_step_end;
    ops->steps_take = module_steps_take;
}
