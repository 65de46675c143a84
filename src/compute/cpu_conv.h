// What the two files of convolutions share (cpu_conv.c: into lanes, results; cpu_conv_weights.c:
// the gradient of the weights).
#ifndef INKLING_COMPUTE_CPU_CONV_H
#define INKLING_COMPUTE_CPU_CONV_H

#include "compute/cpu_parts.h"

typedef struct ConvJob {
    Cpu *cpu;
    const ConvPlan *plan;
    const ConvShape *s;
    int n, groups;
    const float *x, *w, *b, *y;
    float *out, *dy, *dx, *dw, *db;
    float *x_lanes, *dy_lanes, *packed;
    float *worker_lanes; // [worker][KERNEL_ROWS_MAX][dy_plane]
    float *sums;         // [group]: dw and db of one group, [sums_group]
    size_t sums_group;
    size_t x_group, dy_group; // floats
    int x_pieces, dy_pieces;  // of the first pass
    int pairs;                // of groups
    bool first;               // chunk of the batch
    // With 2x2 max pooling behind: y, out and dy are those of the pooling, [channel][windows].
    bool pooled;
    uint8_t *kept_out; // [group][channel][window][lane], places in the windows
    const uint8_t *kept;
} ConvJob;

static inline size_t conv_filter_taps(const ConvShape *s) {
    return (size_t)s->kernel_h * (size_t)s->kernel_w;
}

static inline size_t conv_image_floats(const ConvShape *s) {
    return (size_t)s->in_c * (size_t)s->in_h * (size_t)s->in_w;
}

// Of one channel of y and dy.
static inline size_t conv_result_area(const ConvJob *job) {
    const ConvShape *s = job->s;
    return job->pooled ? (size_t)(s->out_h / 2) * (size_t)(s->out_w / 2)
                       : (size_t)s->out_h * (size_t)s->out_w;
}

// Of one sample of y and dy.
static inline size_t conv_result_floats(const ConvJob *job) {
    return (size_t)job->s->out_c * conv_result_area(job);
}

// Cache lines, in floats.
static inline size_t conv_round_up(size_t floats) {
    return (floats + 15) / 16 * 16;
}

// Where block `block` of `rows` things cut evenly begins.
static inline int conv_block_start(int rows, int blocks, int block) {
    return (int)((int64_t)rows * block / blocks);
}

// Pieces 0 .. x_pieces - 1 bring x into lanes, the next dy_pieces dy, one more packs the weights:
// for the forward product when there are no dy_pieces, else for the gradient of the images.
void conv_first_pass_piece(void *context, int piece, int worker);
// Takes dy of one channel and group behind the activation, in place, and brings it into lanes.
void conv_dy_into_lanes(const ConvJob *job, int group, int channel, float *to);

// dw and db of a chunk from x and dy in lanes.
int conv_weights_pieces(const ConvJob *job);
void conv_weights_piece(const ConvJob *job, int piece);
// The whole backward pass of a chunk where no gradient of the images is asked for.
void conv_first_layer_backward(ConvJob *job);

#endif
