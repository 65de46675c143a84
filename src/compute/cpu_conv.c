// Convolutions of the CPU back end. The samples of a batch lie side by side in the lanes of a
// vector, so that no shape of image leaves lanes empty and no image is unrolled into columns: the
// images go into lanes, taps are multiplied where they are, results come out by tiles.
#include "compute/cpu_conv.h"
#include "base/check.h"

#include <string.h>

// Tiles of KERNEL_PIXELS results in one piece: enough pieces for the threads of a small machine,
// few enough to share what they read.
enum { BLOCKS_OF_TILES = 8 };

size_t cpu_conv_scratch(const Cpu *cpu, const ConvPlan *plan, int batch) {
    const ConvShape *s = &plan->shape;
    size_t groups = (size_t)cpu_groups(cpu, int_min(batch, CPU_CHUNK));
    size_t weights = (size_t)s->in_c * (size_t)s->out_c * conv_filter_taps(s);
    size_t workers = (size_t)pool_threads(cpu->pool) * KERNEL_ROWS_MAX * plan->dy_plane;
    size_t lanes = groups * ((size_t)s->in_c * plan->x_plane + (size_t)s->out_c * plan->dy_plane);
    // The first layer's gradient needs either room for each worker and sums by group, or dy in
    // lanes; it gets both.
    return lanes + conv_round_up(weights) + workers +
           groups * conv_round_up(weights + (size_t)s->out_c);
}

static const ConvPlan *find_plan(const Cpu *cpu, const ConvShape *s) {
    for (int i = 0; i < cpu->plan_count; i++)
        if (conv_plan_fits(cpu->plans[i], s)) return cpu->plans[i];
    return NULL;
}

static ConvJob make_job(Cpu *cpu, const ConvShape *s, int n) {
    ConvJob job = {.cpu = cpu, .plan = find_plan(cpu, s), .s = s};
    REQUIRE(job.plan); // reserve() was not called for this shape
    size_t groups = (size_t)cpu_groups(cpu, int_min(n, CPU_CHUNK));
    job.x_group = (size_t)s->in_c * job.plan->x_plane;
    job.dy_group = (size_t)s->out_c * job.plan->dy_plane;
    job.x_lanes = cpu->scratch;
    job.dy_lanes = job.x_lanes + groups * job.x_group;
    job.packed = job.dy_lanes + groups * job.dy_group;
    size_t weights = (size_t)s->in_c * (size_t)s->out_c * conv_filter_taps(s);
    job.worker_lanes = job.packed + conv_round_up(weights);
    job.sums =
        job.worker_lanes + (size_t)pool_threads(cpu->pool) * KERNEL_ROWS_MAX * job.plan->dy_plane;
    job.sums_group = conv_round_up(weights + (size_t)s->out_c);
    REQUIRE(cpu_conv_scratch(cpu, job.plan, n) <= cpu->scratch_floats);
    return job;
}

static void set_chunk(ConvJob *job, int n) {
    job->n = n;
    job->groups = cpu_groups(job->cpu, n);
    job->pairs = (job->groups + 1) / 2;
}

// ---- first pass: into lanes, and the weights in the order of the products ---------------------

static void x_into_lanes(const ConvJob *job, int group, int channel) {
    const ConvShape *s = job->s;
    const CpuKernels *k = &job->cpu->k;
    const ConvPlan *plan = job->plan;
    size_t area = (size_t)s->in_h * s->in_w, image = area * s->in_c;
    int sample = group * k->lanes, rows = int_min(k->lanes, job->n - sample);
    const float *from = job->x + (size_t)sample * image + (size_t)channel * area;
    float *to = job->x_lanes + (size_t)group * job->x_group + (size_t)channel * plan->x_plane;
    if (s->pad == 0) {
        k->to_lanes(from, image, rows, (int)area, to);
        return;
    }
    memset(to, 0, plan->x_plane * sizeof *to);
    to += ((size_t)s->pad * plan->padded_w + s->pad) * k->lanes;
    for (int y = 0; y < s->in_h; y++)
        k->to_lanes(from + (size_t)y * s->in_w, image, rows, s->in_w,
                    to + (size_t)y * plan->padded_w * k->lanes);
}

void conv_dy_into_lanes(const ConvJob *job, int group, int channel, float *to) {
    const ConvShape *s = job->s;
    const CpuKernels *k = &job->cpu->k;
    size_t area = (size_t)s->out_h * s->out_w, image = area * s->out_c;
    int sample = group * k->lanes, rows = int_min(k->lanes, job->n - sample);
    size_t at = (size_t)sample * image + (size_t)channel * area;
    if (s->activation != ACTIVATION_NONE)
        for (int i = 0; i < rows; i++)
            k->activate_gradient(s->activation, s->activation_parameter, area,
                                 job->y + at + i * image, job->dy + at + i * image,
                                 job->dy + at + i * image);
    k->to_lanes(job->dy + at, image, rows, (int)area, to);
}

// Rows of a product are cut into even blocks of at most product_rows.
static int row_blocks(const Cpu *cpu, int rows) {
    return (rows + cpu->k.product_rows - 1) / cpu->k.product_rows;
}

// packed: for each block of rows [channel][tap][row]. w[row * row_step + channel * channel_step +
// tap].
static void pack_weights(const ConvJob *job, int rows, size_t row_step, int channels,
                         size_t channel_step) {
    size_t taps = conv_filter_taps(job->s);
    int blocks = row_blocks(job->cpu, rows);
    float *to = job->packed;
    for (int b = 0; b < blocks; b++) {
        int first = conv_block_start(rows, blocks, b), end = conv_block_start(rows, blocks, b + 1);
        for (int c = 0; c < channels; c++)
            for (size_t t = 0; t < taps; t++)
                for (int r = first; r < end; r++)
                    *to++ = job->w[(size_t)r * row_step + (size_t)c * channel_step + t];
    }
}

void conv_first_pass_piece(void *context, int piece, int worker) {
    const ConvJob *job = context;
    const ConvShape *s = job->s;
    (void)worker;
    if (piece < job->x_pieces) {
        x_into_lanes(job, piece / s->in_c, piece % s->in_c);
        return;
    }
    piece -= job->x_pieces;
    if (piece < job->dy_pieces) {
        int group = piece / s->out_c, channel = piece % s->out_c;
        conv_dy_into_lanes(job, group, channel,
                           job->dy_lanes + (size_t)group * job->dy_group +
                               (size_t)channel * job->plan->dy_plane);
        return;
    }
    size_t taps = conv_filter_taps(s), filter = taps * s->in_c;
    if (job->dy_pieces == 0)
        pack_weights(job, s->out_c, filter, s->in_c, taps);
    else
        pack_weights(job, s->in_c, taps, s->out_c, filter);
}

// ---- products ---------------------------------------------------------------------------------

typedef struct ProductSide {
    const PlanProduct *product;
    int rows, channels; // summed over `channels`
    const float *in;
    size_t in_plane, in_group; // floats
    const float *bias;
    float *out; // [sample][row][area]
    Activation activation;
    float parameter;
} ProductSide;

// One tile: results `first` .. `first + count - 1` of all rows for one or two groups.
static void product_tile(const ConvJob *job, const ProductSide *side, int group, int groups,
                         int first, int count, float *tile) {
    const CpuKernels *k = &job->cpu->k;
    const PlanProduct *product = side->product;
    const PlanAxis *rows = &product->rows, *columns = &product->columns;
    size_t area = (size_t)rows->length * columns->length, taps = conv_filter_taps(job->s);
    int blocks = row_blocks(job->cpu, side->rows);
    for (int b = 0; b < blocks; b++) {
        int row = conv_block_start(side->rows, blocks, b);
        LaneProduct p = {.rows = conv_block_start(side->rows, blocks, b + 1) - row,
                         .groups = groups,
                         .channels = side->channels,
                         .w = job->packed + (size_t)row * side->channels * taps,
                         .x_channel = side->in_plane,
                         .x_group = side->in_group,
                         .x_pixel = (size_t)columns->step * k->lanes,
                         .bias = side->bias ? side->bias + row : NULL};
        p.w_channel = taps * p.rows;
        for (int done = 0; done < count;) {
            int y = (first + done) / columns->length, x = (first + done) % columns->length;
            const TapList *list =
                &product->lists[rows->class_of[y] * columns->classes + columns->class_of[x]];
            p.pixels = int_min(columns->run_end[x] - x, count - done);
            p.taps = list->taps;
            p.w_at = list->w_at;
            p.x_at = list->x_at;
            p.x = side->in + (size_t)group * side->in_group +
                  (size_t)rows->base[y] * product->row_floats + (size_t)columns->base[x] * k->lanes;
            p.out = tile + (size_t)done * k->lanes;
            k->lane_product(&p);
            done += p.pixels;
        }
        for (int g = 0; g < groups; g++) {
            int sample = (group + g) * k->lanes, samples = int_min(k->lanes, job->n - sample);
            for (int r = 0; r < p.rows; r++)
                k->from_lanes(tile + ((size_t)g * p.rows + r) * KERNEL_PIXELS * k->lanes, samples,
                              count, side->activation, side->parameter,
                              side->out + ((size_t)sample * side->rows + row + r) * area + first,
                              side->rows * area);
        }
    }
}

static int product_tiles(const PlanProduct *product) {
    return (product->rows.length * product->columns.length + KERNEL_PIXELS - 1) / KERNEL_PIXELS;
}

static int tile_blocks(const PlanProduct *product) {
    return int_min(BLOCKS_OF_TILES, product_tiles(product));
}

static void product_piece(const ConvJob *job, const ProductSide *side, int piece, int worker) {
    int blocks = tile_blocks(side->product), tiles = product_tiles(side->product);
    int group = piece / blocks * 2, block = piece % blocks;
    int area = side->product->rows.length * side->product->columns.length;
    int end = conv_block_start(tiles, blocks, block + 1);
    for (int t = conv_block_start(tiles, blocks, block); t < end; t++)
        product_tile(job, side, group, int_min(2, job->groups - group), t * KERNEL_PIXELS,
                     int_min(KERNEL_PIXELS, area - t * KERNEL_PIXELS),
                     cpu_private(job->cpu, worker));
}

static void forward_piece(void *context, int piece, int worker) {
    const ConvJob *job = context;
    const ConvShape *s = job->s;
    ProductSide side = {
        &job->plan->forward, s->out_c, s->in_c,  job->x_lanes,  job->plan->x_plane,
        job->x_group,        job->b,   job->out, s->activation, s->activation_parameter};
    product_piece(job, &side, piece, worker);
}

void cpu_conv_forward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                      const float *b, float *y) {
    Cpu *cpu = cpu_of(be);
    size_t in = (size_t)s->in_c * s->in_h * s->in_w, out = (size_t)s->out_c * s->out_h * s->out_w;
    ConvJob job = make_job(cpu, s, n);
    job.w = w;
    job.b = b;
    for (int i = 0; i < n; i += CPU_CHUNK) {
        set_chunk(&job, int_min(n - i, CPU_CHUNK));
        job.x = x + i * in;
        job.out = y + i * out;
        job.x_pieces = job.groups * s->in_c;
        // The weights are packed once: by the last piece of the first chunk.
        pool_run(cpu->pool, conv_first_pass_piece, &job, job.x_pieces + (i == 0));
        pool_run(cpu->pool, forward_piece, &job, job.pairs * tile_blocks(&job.plan->forward));
    }
}

static void backward_piece(void *context, int piece, int worker) {
    const ConvJob *job = context;
    const ConvShape *s = job->s;
    int weights = conv_weights_pieces(job);
    if (piece < weights) {
        conv_weights_piece(job, piece);
        return;
    }
    ProductSide side = {&job->plan->backward, s->in_c,       s->out_c, job->dy_lanes,
                        job->plan->dy_plane,  job->dy_group, NULL,     job->dx,
                        ACTIVATION_NONE,      0.0f};
    product_piece(job, &side, piece - weights, worker);
}

void cpu_conv_backward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                       const float *y, float *dy, float *dx, float *dw, float *db) {
    Cpu *cpu = cpu_of(be);
    size_t in = (size_t)s->in_c * s->in_h * s->in_w, out = (size_t)s->out_c * s->out_h * s->out_w;
    ConvJob job = make_job(cpu, s, n);
    job.w = w;
    job.dw = dw;
    job.db = db;
    for (int i = 0; i < n; i += CPU_CHUNK) {
        set_chunk(&job, int_min(n - i, CPU_CHUNK));
        job.first = i == 0;
        job.x = x + i * in;
        job.y = y + i * out;
        job.dy = dy + i * out;
        job.dx = dx ? dx + i * in : NULL;
        job.x_pieces = job.groups * s->in_c;
        if (!dx) {
            conv_first_layer_backward(&job);
            continue;
        }
        job.dy_pieces = job.groups * s->out_c;
        // The weights are packed once, as above.
        pool_run(cpu->pool, conv_first_pass_piece, &job, job.x_pieces + job.dy_pieces + (i == 0));
        pool_run(cpu->pool, backward_piece, &job,
                 conv_weights_pieces(&job) + job.pairs * tile_blocks(&job.plan->backward));
    }
}
