// Dense layers by OpenBLAS, in pieces that do not depend on the number of threads: for processors
// that have no kernels of ours that are faster (cpu.c decides).
#include "compute/cpu_blas.h"
#include "compute/cpu_parts.h"

enum { OUTPUTS = 64, INPUTS = 128 }; // in one piece

typedef struct DenseBlasJob {
    Cpu *cpu;
    const DenseShape *s;
    int n;
    const float *x, *w, *b;
    float *y, *dy, *dx, *dw;
    int dw_pieces;
} DenseBlasJob;

static void forward_piece(void *context, int piece, int worker) {
    const DenseBlasJob *job = context;
    const DenseShape *s = job->s;
    (void)worker;
    int first = piece * OUTPUTS, count = int_min(OUTPUTS, s->out - first);
    cpu_blas_product(&(BlasProduct){.transpose_b = true,
                                    .m = job->n,
                                    .n = count,
                                    .k = s->in,
                                    .a = job->x,
                                    .a_stride = s->in,
                                    .b = job->w + (ptrdiff_t)first * s->in,
                                    .b_stride = s->in,
                                    .c = job->y + first,
                                    .c_stride = s->out});
    for (int i = 0; i < job->n; i++) {
        float *y = job->y + (ptrdiff_t)i * s->out + first;
        for (int o = 0; o < count; o++) y[o] += job->b[first + o];
        job->cpu->k.activate(s->activation, s->activation_parameter, (size_t)count, y, y);
    }
}

void cpu_dense_forward_blas(Cpu *cpu, const DenseShape *s, int n, const float *x, const float *w,
                            const float *b, float *y) {
    DenseBlasJob job = {.cpu = cpu, .s = s, .n = n, .x = x, .w = w, .b = b, .y = y};
    pool_run(cpu->pool, forward_piece, &job, (s->out + OUTPUTS - 1) / OUTPUTS);
}

static void gradient_piece(void *context, int piece, int worker) {
    const DenseBlasJob *job = context;
    const DenseShape *s = job->s;
    (void)worker;
    if (piece < job->dw_pieces) {
        int first = piece * OUTPUTS;
        cpu_blas_product(&(BlasProduct){.transpose_a = true,
                                        .m = int_min(OUTPUTS, s->out - first),
                                        .n = s->in,
                                        .k = job->n,
                                        .a = job->dy + first,
                                        .a_stride = s->out,
                                        .b = job->x,
                                        .b_stride = s->in,
                                        .c = job->dw + (ptrdiff_t)first * s->in,
                                        .c_stride = s->in});
        return;
    }
    int first = (piece - job->dw_pieces) * INPUTS;
    cpu_blas_product(&(BlasProduct){.m = job->n,
                                    .n = int_min(INPUTS, s->in - first),
                                    .k = s->out,
                                    .a = job->dy,
                                    .a_stride = s->out,
                                    .b = job->w + first,
                                    .b_stride = s->in,
                                    .c = job->dx + first,
                                    .c_stride = s->in});
}

void cpu_dense_gradients_blas(Cpu *cpu, const DenseShape *s, int n, const float *x, const float *w,
                              float *dy, float *dx, float *dw) {
    DenseBlasJob job = {.cpu = cpu, .s = s, .n = n, .x = x, .w = w, .dy = dy, .dx = dx, .dw = dw};
    job.dw_pieces = (s->out + OUTPUTS - 1) / OUTPUTS;
    int dx_pieces = dx ? (s->in + INPUTS - 1) / INPUTS : 0;
    pool_run(cpu->pool, gradient_piece, &job, job.dw_pieces + dx_pieces);
}
