// Dense layers of the CPU back end. Forward: the samples go into lanes and the weights are read
// where they lie. Backward: both gradients are plain products, one operand packed in panels.
#include "compute/cpu_parts.h"

enum {
    ROWS_IN_LANES = 1024,    // inputs that one piece puts into lanes
    GRADIENT_ROWS = 96,      // of dw, or samples of dx, in one piece
    BIAS_COLUMNS = 256,      // outputs in one piece of the first pass backward
    FEW_SAMPLES = 2,         // up to here most lanes would be empty: dot products instead
    BLAS_PAYS = 64 * 1024,   // multiplications, where OpenBLAS is in use at all
    OUTPUTS = KERNEL_PIXELS, // of forward, in one piece
};

static bool blas_pays(const Cpu *cpu, const DenseShape *s, int n) {
    return cpu->blas_for_dense && (int64_t)s->in * s->out * n >= BLAS_PAYS;
}

typedef struct DenseJob {
    Cpu *cpu;
    const DenseShape *s;
    int n; // samples of this chunk
    const float *x, *w, *b;
    float *y;
    size_t x_group; // floats of one group in lanes
} DenseJob;

// An odd number of cache lines from group to group keeps them off each other's sets.
static size_t dense_group(const Cpu *cpu, const DenseShape *s) {
    return ((size_t)s->in | 1) * (size_t)cpu->k.lanes;
}

size_t cpu_dense_scratch(const Cpu *cpu, const DenseShape *s, int batch) {
    return (size_t)cpu_groups(cpu, int_min(batch, CPU_CHUNK)) * dense_group(cpu, s);
}

// ---- forward ----------------------------------------------------------------------------------

static void few_samples_piece(void *context, int piece, int worker) {
    const DenseJob *job = context;
    const DenseShape *s = job->s;
    (void)worker;
    int first = piece * OUTPUTS, count = int_min(OUTPUTS, s->out - first);
    for (int i = 0; i < job->n; i++) {
        float *y = job->y + (ptrdiff_t)i * s->out + first;
        job->cpu->k.dot_rows(count, s->in, job->w + (ptrdiff_t)first * s->in, job->b + first,
                             job->x + (ptrdiff_t)i * s->in, y);
        job->cpu->k.activate(s->activation, s->activation_parameter, (size_t)count, y, y);
    }
}

static void lanes_piece(void *context, int piece, int worker) {
    const DenseJob *job = context;
    const CpuKernels *k = &job->cpu->k;
    (void)worker;
    int blocks = (job->s->in + ROWS_IN_LANES - 1) / ROWS_IN_LANES;
    int group = piece / blocks, first = piece % blocks * ROWS_IN_LANES;
    int sample = group * k->lanes;
    k->to_lanes(job->x + (ptrdiff_t)sample * job->s->in + first, (size_t)job->s->in,
                int_min(k->lanes, job->n - sample), int_min(ROWS_IN_LANES, job->s->in - first),
                job->cpu->scratch + (size_t)group * job->x_group + (ptrdiff_t)first * k->lanes);
}

static void forward_piece(void *context, int piece, int worker) {
    const DenseJob *job = context;
    const DenseShape *s = job->s;
    const CpuKernels *k = &job->cpu->k;
    float *tile = cpu_private(job->cpu, worker);
    const size_t tile_group = (size_t)OUTPUTS * (size_t)k->lanes;
    int first = piece * OUTPUTS, count = int_min(OUTPUTS, s->out - first);
    int groups = cpu_groups(job->cpu, job->n);
    for (int group = 0; group < groups; group += 2) {
        int pair = int_min(2, groups - group);
        k->lane_dense(count, pair, s->in, job->w + (ptrdiff_t)first * s->in, job->b + first,
                      job->cpu->scratch + (size_t)group * job->x_group, job->x_group, tile,
                      tile_group);
        for (int g = 0; g < pair; g++) {
            int sample = (group + g) * k->lanes;
            k->from_lanes(tile + (size_t)g * tile_group, int_min(k->lanes, job->n - sample), count,
                          s->activation, s->activation_parameter,
                          job->y + (ptrdiff_t)sample * s->out + first, (size_t)s->out);
        }
    }
}

void cpu_dense_forward(Backend *be, const DenseShape *s, int n, const float *x, const float *w,
                       const float *b, float *y) {
    Cpu *cpu = cpu_of(be);
    if (blas_pays(cpu, s, n)) {
        cpu_dense_forward_blas(cpu, s, n, x, w, b, y);
        return;
    }
    int out_blocks = (s->out + OUTPUTS - 1) / OUTPUTS;
    int in_blocks = (s->in + ROWS_IN_LANES - 1) / ROWS_IN_LANES;
    for (int i = 0; i < n; i += CPU_CHUNK) {
        DenseJob job = {cpu, s, int_min(n - i, CPU_CHUNK), x + (ptrdiff_t)i * s->in,
                        w,   b, y + (ptrdiff_t)i * s->out, dense_group(cpu, s)};
        if (job.n <= FEW_SAMPLES) {
            pool_run(cpu->pool, few_samples_piece, &job, out_blocks);
            continue;
        }
        pool_run(cpu->pool, lanes_piece, &job, cpu_groups(cpu, job.n) * in_blocks);
        pool_run(cpu->pool, forward_piece, &job, out_blocks);
    }
}

// ---- backward ---------------------------------------------------------------------------------

typedef struct DenseBackJob {
    Cpu *cpu;
    const DenseShape *s;
    int n;
    const float *x, *w, *y;
    float *dy, *dx, *dw, *db;
    int column_tiles, dw_pieces;
} DenseBackJob;

static void bias_piece(void *context, int piece, int worker) {
    const DenseBackJob *job = context;
    const DenseShape *s = job->s;
    const CpuKernels *k = &job->cpu->k;
    (void)worker;
    int first = piece * BIAS_COLUMNS, count = int_min(BIAS_COLUMNS, s->out - first);
    if (s->activation != ACTIVATION_NONE)
        for (int i = 0; i < job->n; i++) {
            ptrdiff_t at = (ptrdiff_t)i * s->out + first;
            k->activate_gradient(s->activation, s->activation_parameter, (size_t)count, job->y + at,
                                 job->dy + at, job->dy + at);
        }
    k->column_sums(job->n, count, job->dy + first, (size_t)s->out, job->db + first);
}

// One block of c = a * b, where b has `inner` rows.
static void product_block(Cpu *cpu, int worker, int rows, int columns, int inner, const float *a,
                          size_t a_row, size_t a_column, const float *b, size_t b_stride, float *c,
                          size_t c_stride) {
    float *panel = cpu_private(cpu, worker);
    for (int i = 0; i < inner; i += KERNEL_GEMM_K) {
        int part = int_min(KERNEL_GEMM_K, inner - i);
        cpu->k.gemm_pack(part, columns, b + (size_t)i * b_stride, b_stride, panel);
        cpu->k.gemm(rows, columns, part, a + (size_t)i * a_column, a_row, a_column, panel, c,
                    c_stride, i > 0);
    }
}

static void gradient_piece(void *context, int piece, int worker) {
    const DenseBackJob *job = context;
    const DenseShape *s = job->s;
    Cpu *cpu = job->cpu;
    size_t in = (size_t)s->in, out = (size_t)s->out;
    bool weights = piece < job->dw_pieces;
    if (!weights) piece -= job->dw_pieces;
    int column = piece % job->column_tiles * cpu->k.gemm_columns;
    int row = piece / job->column_tiles * GRADIENT_ROWS;
    int columns = int_min(cpu->k.gemm_columns, s->in - column);
    int rows = int_min(GRADIENT_ROWS, (weights ? s->out : job->n) - row);
    if (weights)
        product_block(cpu, worker, rows, columns, job->n, job->dy + row, 1, out, job->x + column,
                      in, job->dw + (size_t)row * in + column, in);
    else
        product_block(cpu, worker, rows, columns, s->out, job->dy + (size_t)row * out, out, 1,
                      job->w + column, in, job->dx + (size_t)row * in + column, in);
}

void cpu_dense_backward(Backend *be, const DenseShape *s, int n, const float *x, const float *w,
                        const float *y, float *dy, float *dx, float *dw, float *db) {
    Cpu *cpu = cpu_of(be);
    DenseBackJob job = {cpu, s, n, x, w, y, dy, dx, dw, db, 0, 0};
    pool_run(cpu->pool, bias_piece, &job, (s->out + BIAS_COLUMNS - 1) / BIAS_COLUMNS);
    if (blas_pays(cpu, s, n)) {
        cpu_dense_gradients_blas(cpu, s, n, x, w, dy, dx, dw);
        return;
    }
    job.column_tiles = (s->in + cpu->k.gemm_columns - 1) / cpu->k.gemm_columns;
    job.dw_pieces = job.column_tiles * ((s->out + GRADIENT_ROWS - 1) / GRADIENT_ROWS);
    int dx_pieces = dx ? job.column_tiles * ((n + GRADIENT_ROWS - 1) / GRADIENT_ROWS) : 0;
    pool_run(cpu->pool, gradient_piece, &job, job.dw_pieces + dx_pieces);
}
