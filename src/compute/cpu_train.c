// Loss and update of the CPU back end.
#include "base/check.h"
#include "compute/cpu_parts.h"

#include <math.h>

// ---- loss -------------------------------------------------------------------------------------
// A few thousand numbers: not worth waking another thread, and so in a fixed order.

enum { CLASSES_MAX = 256 }; // labels are bytes

static const LossRowFunction loss_rows_of[LOSS_COUNT] = {
#define LOSS_ROW_OF(id, fn, name, label, takes) [LOSS_##id] = fn##_row,
    LOSS_LIST(LOSS_ROW_OF)
#undef LOSS_ROW_OF
};

void cpu_loss(Backend *be, LossKind kind, float smoothing, int classes, int n, const float *logits,
              const uint8_t *labels, float *dlogits, BatchStats *stats) {
    Cpu *cpu = cpu_of(be);
    ASSERT(kind < LOSS_COUNT && classes <= CLASSES_MAX);
    float probabilities[CLASSES_MAX] = {0};
    LossSettings settings = {classes, smoothing, 1.0f / (float)n};
    BatchStats sum = {.count = n};
    for (int i = 0; i < n; i++, logits += classes) {
        int best, label = labels[i];
        bool none = label == LABEL_NONE;
        ASSERT(label < classes || none);
        float *p = dlogits ? dlogits + (size_t)i * (size_t)classes : probabilities;
        double norm = cpu->k.softmax_row(classes, logits, p, &best);
        LossRow row = {logits, p, norm, none ? 0 : label};
        LossRowFunction loss = none ? loss_none_row : loss_rows_of[kind];
        bool right = none ? loss_none_is_right(&row, logits[best]) : best == label;
        sum.loss_sum += loss(&settings, &row, dlogits ? p : NULL);
        sum.correct += right && !isnan(logits[best]);
    }
    *stats = sum;
}

typedef struct SoftmaxJob {
    Cpu *cpu;
    int classes, n;
    const float *logits;
    float *out;
} SoftmaxJob;

enum { SOFTMAX_ROWS = 64 };

static void softmax_piece(void *context, int piece, int worker) {
    const SoftmaxJob *job = context;
    (void)worker;
    int end = int_min((piece + 1) * SOFTMAX_ROWS, job->n);
    for (int i = piece * SOFTMAX_ROWS; i < end; i++) {
        int best;
        size_t at = (size_t)i * (size_t)job->classes;
        job->cpu->k.softmax_row(job->classes, job->logits + at, job->out + at, &best);
    }
}

void cpu_softmax(Backend *be, int classes, int n, const float *logits, float *out) {
    SoftmaxJob job = {cpu_of(be), classes, n, logits, out};
    pool_run(job.cpu->pool, softmax_piece, &job, (n + SOFTMAX_ROWS - 1) / SOFTMAX_ROWS);
}

// ---- update -----------------------------------------------------------------------------------

typedef struct UpdateJob {
    OptimizerKind kind;
    const OptimizerStep *step;
    float *param;
    const float *grad;
    float *const *state;
} UpdateJob;

static void update_range(Cpu *cpu, void *context, size_t first, size_t count) {
    const UpdateJob *job = context;
    float *state[OPTIMIZER_SLOTS_MAX] = {0};
    const int slots = optimizer_state_slots(job->state);
    for (int k = 0; k < slots; k++) state[k] = job->state[k] + first;
    cpu->k.update(job->kind, job->step, count, job->param + first, job->grad + first, state);
}

void cpu_update(Backend *be, OptimizerKind kind, const OptimizerStep *step, size_t count,
                float *param, const float *grad, float *const state[OPTIMIZER_SLOTS_MAX]) {
    UpdateJob job = {kind, step, param, grad, state};
    cpu_ranges(cpu_of(be), count, update_range, &job);
}

// ---- sum of squares ---------------------------------------------------------------------------

enum { SUM_PARTS = 256 };

typedef struct SumJob {
    Cpu *cpu;
    size_t count, step;
    const float *x;
    double parts[SUM_PARTS];
} SumJob;

static void sum_piece(void *context, int piece, int worker) {
    SumJob *job = context;
    (void)worker;
    size_t first = (size_t)piece * job->step;
    size_t count = job->count - first < job->step ? job->count - first : job->step;
    job->parts[piece] = job->cpu->k.sum_squares(count, job->x + first);
}

void cpu_sum_squares(Backend *be, size_t count, const float *x, double *out) {
    SumJob job = {.cpu = cpu_of(be), .count = count, .x = x};
    job.step = (count + SUM_PARTS - 1) / SUM_PARTS;
    if (job.step < 4096) job.step = 4096;
    int parts = (int)((count + job.step - 1) / job.step);
    pool_run(job.cpu->pool, sum_piece, &job, parts);
    double sum = 0.0;
    for (int i = 0; i < parts; i++) sum += job.parts[i];
    *out = sum;
}

// ---- averaging --------------------------------------------------------------------------------

typedef struct AverageJob {
    float keep;
    const float *x;
    float *mean;
} AverageJob;

static void average_range(Cpu *cpu, void *context, size_t first, size_t count) {
    const AverageJob *job = context;
    (void)cpu;
    const float keep = job->keep, take = 1.0f - keep;
    const float *restrict x = job->x + first;
    float *restrict mean = job->mean + first;
    for (size_t i = 0; i < count; i++) mean[i] = keep * mean[i] + take * x[i];
}

void cpu_average(Backend *be, float keep, size_t count, const float *x, float *mean) {
    AverageJob job = {keep, x, mean};
    cpu_ranges(cpu_of(be), count, average_range, &job);
}
