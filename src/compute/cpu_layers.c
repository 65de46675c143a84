// Data, pooling, batch norm and element-wise operations of the CPU back end: each is cut into
// pieces here and carried out by a kernel.
#include "compute/cpu_parts.h"

#include <math.h>
#include <string.h>

// ---- ranges of elements -----------------------------------------------------------------------

enum { RANGE = 8192, RANGES_MAX = 1024 };

typedef struct RangeJob {
    Cpu *cpu;
    CpuRange run;
    void *context;
    size_t count, step;
} RangeJob;

static void range_piece(void *context, int piece, int worker) {
    const RangeJob *job = context;
    (void)worker;
    size_t first = (size_t)piece * job->step;
    size_t count = job->count - first < job->step ? job->count - first : job->step;
    job->run(job->cpu, job->context, first, count);
}

static size_t range_step(size_t count) {
    size_t step = (count + RANGES_MAX - 1) / RANGES_MAX;
    return step < RANGE ? RANGE : (step + 15) / 16 * 16;
}

void cpu_ranges(Cpu *cpu, size_t count, CpuRange run, void *context) {
    if (count == 0) return;
    RangeJob job = {cpu, run, context, count, range_step(count)};
    pool_run(cpu->pool, range_piece, &job, (int)((count + job.step - 1) / job.step));
}

// ---- data -------------------------------------------------------------------------------------

typedef struct GatherJob {
    Cpu *cpu;
    const GatherShape *s;
    const uint8_t *images;
    const int32_t *indices;
    float *out;
    size_t size;
    int n;
} GatherJob;

static void gather_piece(void *context, int piece, int worker) {
    const GatherJob *job = context;
    (void)worker;
    // Images lie anywhere in memory: the next one is on its way while this one is worked on.
    if (piece + 1 < job->n)
        job->cpu->k.prefetch(job->images + (size_t)job->indices[piece + 1] * job->size, job->size);
    job->cpu->k.gather(job->images + (size_t)job->indices[piece] * job->size, job->size,
                       job->s->mean, job->s->std, job->out + (size_t)piece * job->size);
}

void cpu_gather(Backend *be, const GatherShape *s, const GatherFrom *from, const int32_t *indices,
                int n, float *out, uint8_t *labels) {
    GatherJob job = {cpu_of(be), s,   from->images,
                     indices,    out, (size_t)s->channels * (size_t)s->height * (size_t)s->width,
                     n};
    pool_run(job.cpu->pool, gather_piece, &job, n);
    for (int i = 0; from->labels && i < n; i++) labels[i] = from->labels[indices[i]];
}

// ---- pooling ----------------------------------------------------------------------------------

enum { PLANES = 8 }; // in one piece

typedef struct PlaneJob {
    Cpu *cpu;
    const PoolShape *s;
    int planes;
    const float *in;
    float *out;
    uint8_t *argmax;
    const uint8_t *argmax_in;
    void (*run)(const struct PlaneJob *job, size_t plane, size_t in_area, size_t out_area);
} PlaneJob;

static void planes_piece(void *context, int piece, int worker) {
    const PlaneJob *job = context;
    (void)worker;
    size_t in_area = (size_t)job->s->in_h * (size_t)job->s->in_w;
    size_t out_area = (size_t)job->s->out_h * (size_t)job->s->out_w;
    int end = int_min((piece + 1) * PLANES, job->planes);
    for (int p = piece * PLANES; p < end; p++) job->run(job, (size_t)p, in_area, out_area);
}

static void run_planes(PlaneJob job, int n) {
    job.planes = n * job.s->channels;
    pool_run(job.cpu->pool, planes_piece, &job, (job.planes + PLANES - 1) / PLANES);
}

static void max_forward(const PlaneJob *job, size_t plane, size_t in, size_t out) {
    job->cpu->k.max_pool(job->s, job->in + plane * in, job->out + plane * out,
                         job->argmax + plane * out);
}

static void max_backward(const PlaneJob *job, size_t plane, size_t in, size_t out) {
    job->cpu->k.max_pool_gradient(job->s, job->in + plane * out, job->argmax_in + plane * out,
                                  job->out + plane * in);
}

static void avg_forward(const PlaneJob *job, size_t plane, size_t in, size_t out) {
    job->cpu->k.avg_pool(job->s, job->in + plane * in, job->out + plane * out);
}

static void avg_backward(const PlaneJob *job, size_t plane, size_t in, size_t out) {
    job->cpu->k.avg_pool_gradient(job->s, job->in + plane * out, job->out + plane * in);
}

void cpu_max_pool_forward(Backend *be, const PoolShape *s, int n, const float *x, float *y,
                          uint8_t *argmax) {
    run_planes(
        (PlaneJob){
            .cpu = cpu_of(be), .s = s, .in = x, .out = y, .argmax = argmax, .run = max_forward},
        n);
}

void cpu_max_pool_backward(Backend *be, const PoolShape *s, int n, const float *dy,
                           const uint8_t *argmax, float *dx) {
    run_planes((PlaneJob){.cpu = cpu_of(be),
                          .s = s,
                          .in = dy,
                          .out = dx,
                          .argmax_in = argmax,
                          .run = max_backward},
               n);
}

void cpu_avg_pool_forward(Backend *be, const PoolShape *s, int n, const float *x, float *y) {
    run_planes((PlaneJob){.cpu = cpu_of(be), .s = s, .in = x, .out = y, .run = avg_forward}, n);
}

void cpu_avg_pool_backward(Backend *be, const PoolShape *s, int n, const float *dy, float *dx) {
    run_planes((PlaneJob){.cpu = cpu_of(be), .s = s, .in = dy, .out = dx, .run = avg_backward}, n);
}

// ---- batch norm -------------------------------------------------------------------------------

enum { NORM_CHANNELS = 64 }; // at most, in one piece

typedef struct NormJob {
    Cpu *cpu;
    const BatchNormShape *s;
    int n, channels; // in one piece
    const float *x, *gamma, *beta, *dy;
    float *running_mean, *running_var, *saved;
    float *y, *dgamma, *dbeta;
} NormJob;

static void run_norm(NormJob *job, PoolPiece run) {
    int channels = job->s->channels;
    job->channels = job->s->area == 1 ? 32 : 1;
    while ((channels + job->channels - 1) / job->channels > 256 && job->channels < NORM_CHANNELS)
        job->channels *= 2;
    pool_run(job->cpu->pool, run, job, (channels + job->channels - 1) / job->channels);
}

static void norm_forward_piece(void *context, int piece, int worker) {
    const NormJob *job = context;
    const BatchNormShape *s = job->s;
    const CpuKernels *k = &job->cpu->k;
    float *factor = cpu_private(job->cpu, worker); // by channel of the piece
    float *add = factor + NORM_CHANNELS;
    int first = piece * job->channels, count = int_min(job->channels, s->channels - first);
    double sum[NORM_CHANNELS], squares[NORM_CHANNELS], values = (double)job->n * s->area;
    k->norm_sums(s, job->n, first, count, job->x, sum, squares, NULL);
    for (int c = 0; c < count; c++) job->saved[first + c] = (float)(sum[c] / values);
    k->norm_sums(s, job->n, first, count, job->x, sum, squares, job->saved + first);
    for (int c = 0; c < count; c++) {
        int at = first + c;
        // The mean was rounded: what is left of the sum corrects it and the variance.
        double left = sum[c] / values, mean = (double)job->saved[at] + left;
        double variance = squares[c] / values - left * left;
        if (variance < 0.0) variance = 0.0;
        double inverse = 1.0 / sqrt(variance + (double)s->eps);
        double unbiased = values > 1.0 ? variance * values / (values - 1.0) : variance;
        double momentum = (double)s->momentum;
        job->running_mean[at] =
            (float)((1.0 - momentum) * (double)job->running_mean[at] + momentum * mean);
        job->running_var[at] =
            (float)((1.0 - momentum) * (double)job->running_var[at] + momentum * unbiased);
        job->saved[at] = (float)mean;
        job->saved[s->channels + at] = (float)inverse;
        factor[c] = (float)((double)job->gamma[at] * inverse);
        add[c] = job->beta[at];
    }
    k->norm_apply(s, job->n, first, count, job->x, job->saved + first, factor, add, job->y);
}

void cpu_batch_norm_forward(Backend *be, const BatchNormShape *s, int n, const float *x,
                            const float *gamma, const float *beta, float *running_mean,
                            float *running_var, float *y, float *saved) {
    NormJob job = {.cpu = cpu_of(be), .s = s, .n = n, .x = x, .gamma = gamma, .beta = beta};
    job.running_mean = running_mean;
    job.running_var = running_var;
    job.y = y;
    job.saved = saved;
    run_norm(&job, norm_forward_piece);
}

static void norm_apply_piece(void *context, int piece, int worker) {
    const NormJob *job = context;
    const BatchNormShape *s = job->s;
    float *factor = cpu_private(job->cpu, worker), *add = factor + NORM_CHANNELS;
    float *mean = add + NORM_CHANNELS;
    int first = piece * job->channels, count = int_min(job->channels, s->channels - first);
    for (int c = 0; c < count; c++) {
        int at = first + c;
        mean[c] = job->running_mean[at];
        factor[c] =
            (float)((double)job->gamma[at] / sqrt((double)job->running_var[at] + (double)s->eps));
        add[c] = job->beta[at];
    }
    job->cpu->k.norm_apply(s, job->n, first, count, job->x, mean, factor, add, job->y);
}

void cpu_batch_norm_apply(Backend *be, const BatchNormShape *s, int n, const float *x,
                          const float *gamma, const float *beta, const float *running_mean,
                          const float *running_var, float *y) {
    NormJob job = {.cpu = cpu_of(be), .s = s, .n = n, .x = x, .gamma = gamma, .beta = beta};
    job.running_mean = (float *)running_mean; // only read by this piece function
    job.running_var = (float *)running_var;
    job.y = y;
    run_norm(&job, norm_apply_piece);
}

// dx = gamma * inverse * (dy - mean(dy) - xhat * mean(dy * xhat)), xhat = (x - mean) * inverse.
static void norm_backward_piece(void *context, int piece, int worker) {
    const NormJob *job = context;
    const BatchNormShape *s = job->s;
    const CpuKernels *k = &job->cpu->k;
    float *a = cpu_private(job->cpu, worker), *b = a + NORM_CHANNELS, *d = b + NORM_CHANNELS;
    int first = piece * job->channels, count = int_min(job->channels, s->channels - first);
    double sum_dy[NORM_CHANNELS], sum_dy_x[NORM_CHANNELS], values = (double)job->n * s->area;
    k->norm_gradient_sums(s, job->n, first, count, job->x, job->saved + first, job->dy, sum_dy,
                          sum_dy_x);
    for (int c = 0; c < count; c++) {
        int at = first + c;
        double inverse = (double)job->saved[s->channels + at];
        double scale = (double)job->gamma[at] * inverse, dgamma = sum_dy_x[c] * inverse;
        job->dgamma[at] = (float)dgamma;
        job->dbeta[at] = (float)sum_dy[c];
        a[c] = (float)scale;
        b[c] = (float)(-scale * inverse * dgamma / values);
        d[c] = (float)(-scale * sum_dy[c] / values);
    }
    k->norm_gradient(s, job->n, first, count, job->x, job->saved + first, job->dy, a, b, d, job->y);
}

void cpu_batch_norm_backward(Backend *be, const BatchNormShape *s, int n, const float *x,
                             const float *gamma, const float *saved, const float *dy, float *dx,
                             float *dgamma, float *dbeta) {
    NormJob job = {.cpu = cpu_of(be), .s = s, .n = n, .x = x, .gamma = gamma, .dy = dy};
    job.saved = (float *)saved; // only read by this piece function
    job.y = dx;
    job.dgamma = dgamma;
    job.dbeta = dbeta;
    run_norm(&job, norm_backward_piece);
}

// ---- element by element -----------------------------------------------------------------------

typedef struct ElementJob {
    Activation kind;
    float parameter;
    uint64_t key;
    const float *a, *b;
    float *out;
} ElementJob;

static void activation_range(Cpu *cpu, void *context, size_t first, size_t count) {
    const ElementJob *job = context;
    cpu->k.activate(job->kind, job->parameter, count, job->a + first, job->out + first);
}

void cpu_activation_forward(Backend *be, Activation kind, float parameter, size_t count,
                            const float *x, float *y) {
    ElementJob job = {.kind = kind, .parameter = parameter, .a = x, .out = y};
    cpu_ranges(cpu_of(be), count, activation_range, &job);
}

static void gradient_range(Cpu *cpu, void *context, size_t first, size_t count) {
    const ElementJob *job = context;
    cpu->k.activate_gradient(job->kind, job->parameter, count, job->a + first, job->b + first,
                             job->out + first);
}

void cpu_activation_backward(Backend *be, Activation kind, float parameter, size_t count,
                             const float *y, const float *dy, float *dx) {
    ElementJob job = {.kind = kind, .parameter = parameter, .a = y, .b = dy, .out = dx};
    cpu_ranges(cpu_of(be), count, gradient_range, &job);
}

static void dropout_range(Cpu *cpu, void *context, size_t first, size_t count) {
    const ElementJob *job = context;
    cpu->k.dropout(job->parameter, job->key, first, count, job->a + first, job->out + first);
}

void cpu_dropout(Backend *be, float p, uint64_t key, size_t count, const float *in, float *out) {
    ElementJob job = {.parameter = p, .key = key, .a = in, .out = out};
    cpu_ranges(cpu_of(be), count, dropout_range, &job);
}

static void scale_range(Cpu *cpu, void *context, size_t first, size_t count) {
    const ElementJob *job = context;
    cpu->k.scale(count, job->parameter, job->out + first);
}

void cpu_clip(Backend *be, size_t count, double max_norm, const double *squares, float *x) {
    double factor = backend_clip_factor(max_norm, *squares);
    if (!(factor < 1.0)) return;
    ElementJob job = {.parameter = (float)factor, .out = x};
    cpu_ranges(cpu_of(be), count, scale_range, &job);
}
