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
    size_t area = (size_t)s->in_h * (size_t)s->in_w, image = conv_image_floats(s);
    int sample = group * k->lanes, rows = int_min(k->lanes, job->n - sample);
    const float *from = job->x + (size_t)sample * image + (size_t)channel * area;
    float *to = job->x_lanes + (size_t)group * job->x_group + (size_t)channel * plan->x_plane;
    if (s->pad == 0) {
        k->to_lanes(from, image, rows, (int)area, to);
        return;
    }
    memset(to, 0, plan->x_plane * sizeof *to);
    to += ((ptrdiff_t)s->pad * plan->padded_w + s->pad) * k->lanes;
    for (int y = 0; y < s->in_h; y++)
        k->to_lanes(from + (ptrdiff_t)y * s->in_w, image, rows, s->in_w,
                    to + (ptrdiff_t)y * plan->padded_w * k->lanes);
}

void conv_dy_into_lanes(const ConvJob *job, int group, int channel, float *to) {
    const ConvShape *s = job->s;
    const CpuKernels *k = &job->cpu->k;
    size_t lanes = (size_t)k->lanes, area = conv_result_area(job), image = conv_result_floats(job);
    int sample = group * k->lanes, rows = int_min(k->lanes, job->n - sample);
    size_t at = (size_t)sample * image + (size_t)channel * area;
    if (s->activation != ACTIVATION_NONE)
        for (size_t i = at, end = at + (size_t)rows * image; i < end; i += image)
            k->activate_gradient(s->activation, s->activation_parameter, area, job->y + i,
                                 job->dy + i, job->dy + i);
    if (!job->pooled) {
        k->to_lanes(job->dy + at, image, rows, (int)area, to);
        return;
    }
    float *windows = to + ((size_t)s->out_h * (size_t)s->out_w - area) * lanes;
    k->to_lanes(job->dy + at, image, rows, (int)area, windows);
    size_t plane = (size_t)group * (size_t)s->out_c + (size_t)channel;
    k->lane_max_pool_gradient(s->out_h, s->out_w, windows, job->kept + plane * area * lanes, to);
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
    size_t taps = conv_filter_taps(s), filter = taps * (size_t)s->in_c;
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
    int area;   // results, or windows of them
    bool pooled;
    Activation activation;
    float parameter;
} ProductSide;

// Results x .. x + count - 1 of row y, for the rows of weights in p.
static void product_row(const ConvJob *job, const ProductSide *side, LaneProduct *p, int group,
                        int y, int x, int count, float *out) {
    const CpuKernels *k = &job->cpu->k;
    const PlanProduct *product = side->product;
    const PlanAxis *rows = &product->rows, *columns = &product->columns;
    for (int end = x + count; x < end; x += p->pixels, out += (ptrdiff_t)p->pixels * k->lanes) {
        const TapList *list =
            &product->lists[rows->class_of[y] * columns->classes + columns->class_of[x]];
        p->pixels = int_min(columns->run_end[x], end) - x;
        p->taps = list->taps;
        p->w_at = list->w_at;
        p->x_at = list->x_at;
        p->x = side->in + (size_t)group * side->in_group +
               (ptrdiff_t)rows->base[y] * product->row_floats +
               (ptrdiff_t)columns->base[x] * k->lanes;
        p->out = out;
        k->lane_product(p);
    }
}

static void plain_tile(const ConvJob *job, const ProductSide *side, LaneProduct *p, int group,
                       int first, int count, float *tile) {
    int width = side->product->columns.length;
    for (int done = 0, part; done < count; done += part) {
        int y = (first + done) / width, x = (first + done) % width;
        part = int_min(width - x, count - done);
        product_row(job, side, p, group, y, x, part, tile + (ptrdiff_t)done * job->cpu->k.lanes);
    }
}

// The same for windows: the pairs of rows under a few of them at a time, then their largest.
// `row` is the first of the channels in p.
static void pooled_tile(const ConvJob *job, const ProductSide *side, LaneProduct *p, int group,
                        int row, int first, int count, float *tile) {
    const CpuKernels *k = &job->cpu->k;
    size_t lanes = (size_t)k->lanes, area = conv_result_area(job), rows = (size_t)side->rows;
    int width = side->product->columns.length / 2;
    float *raw = tile + CPU_TILE;
    for (int done = 0, part; done < count; done += part) {
        int y = (first + done) / width, x = (first + done) % width;
        part = int_min(int_min(width - x, count - done), KERNEL_PIXELS / 4);
        product_row(job, side, p, group, 2 * y, 2 * x, 2 * part, raw);
        product_row(job, side, p, group, 2 * y + 1, 2 * x, 2 * part,
                    raw + KERNEL_PIXELS / 2 * lanes);
        for (int i = 0; i < p->groups * p->rows; i++) {
            size_t plane = (size_t)(group + i / p->rows) * rows + (size_t)(row + i % p->rows);
            k->lane_max_pool(part, raw + (size_t)i * KERNEL_PIXELS * lanes,
                             tile + ((size_t)i * KERNEL_PIXELS + (size_t)done) * lanes,
                             job->kept_out + (plane * area + (size_t)(first + done)) * lanes);
        }
    }
}

// One tile: results `first` .. `first + count - 1` of all rows for one or two groups.
static void product_tile(const ConvJob *job, const ProductSide *side, int group, int groups,
                         int first, int count, float *tile) {
    const CpuKernels *k = &job->cpu->k;
    size_t area = (size_t)side->area, rows = (size_t)side->rows;
    size_t row_weights = (size_t)side->channels * conv_filter_taps(job->s);
    int blocks = row_blocks(job->cpu, side->rows);
    for (int b = 0; b < blocks; b++) {
        int row = conv_block_start(side->rows, blocks, b);
        LaneProduct p = {.rows = conv_block_start(side->rows, blocks, b + 1) - row,
                         .groups = groups,
                         .channels = side->channels,
                         .w = job->packed + (size_t)row * row_weights,
                         .x_channel = side->in_plane,
                         .x_group = side->in_group,
                         .x_pixel = (size_t)side->product->columns.step * (size_t)k->lanes,
                         .bias = side->bias ? side->bias + row : NULL};
        p.w_channel = conv_filter_taps(job->s) * (size_t)p.rows;
        if (side->pooled)
            pooled_tile(job, side, &p, group, row, first, count, tile);
        else
            plain_tile(job, side, &p, group, first, count, tile);
        for (int g = 0; g < groups; g++) {
            int sample = (group + g) * k->lanes, samples = int_min(k->lanes, job->n - sample);
            for (int r = 0; r < p.rows; r++)
                k->from_lanes(tile + ((ptrdiff_t)g * p.rows + r) * KERNEL_PIXELS * k->lanes,
                              samples, count, side->activation, side->parameter,
                              side->out + ((size_t)sample * rows + (size_t)(row + r)) * area +
                                  first,
                              rows * area);
        }
    }
}

static int side_tiles(const ProductSide *side) {
    return (side->area + KERNEL_PIXELS - 1) / KERNEL_PIXELS;
}

static int side_blocks(const ProductSide *side) {
    return int_min(BLOCKS_OF_TILES, side_tiles(side));
}

static void product_piece(const ConvJob *job, const ProductSide *side, int piece, int worker) {
    int blocks = side_blocks(side), tiles = side_tiles(side);
    int group = piece / blocks * 2, block = piece % blocks;
    int end = conv_block_start(tiles, blocks, block + 1);
    for (int t = conv_block_start(tiles, blocks, block); t < end; t++)
        product_tile(job, side, group, int_min(2, job->groups - group), t * KERNEL_PIXELS,
                     int_min(KERNEL_PIXELS, side->area - t * KERNEL_PIXELS),
                     cpu_private(job->cpu, worker));
}

static ProductSide forward_side(const ConvJob *job) {
    const ConvShape *s = job->s;
    return (ProductSide){.product = &job->plan->forward,
                         .rows = s->out_c,
                         .channels = s->in_c,
                         .in = job->x_lanes,
                         .in_plane = job->plan->x_plane,
                         .in_group = job->x_group,
                         .bias = job->b,
                         .out = job->out,
                         .area = (int)conv_result_area(job),
                         .pooled = job->pooled,
                         .activation = s->activation,
                         .parameter = s->activation_parameter};
}

static ProductSide backward_side(const ConvJob *job) {
    const ConvShape *s = job->s;
    return (ProductSide){.product = &job->plan->backward,
                         .rows = s->in_c,
                         .channels = s->out_c,
                         .in = job->dy_lanes,
                         .in_plane = job->plan->dy_plane,
                         .in_group = job->dy_group,
                         .out = job->dx,
                         .area = s->in_h * s->in_w,
                         .activation = ACTIVATION_NONE};
}

static void forward_piece(void *context, int piece, int worker) {
    const ConvJob *job = context;
    ProductSide side = forward_side(job);
    product_piece(job, &side, piece, worker);
}

static void forward(ConvJob *job, int n, const float *x, float *y) {
    const ConvShape *s = job->s;
    size_t in = conv_image_floats(s), out = conv_result_floats(job);
    uint8_t *kept = job->kept_out;
    for (int i = 0; i < n; i += CPU_CHUNK) {
        set_chunk(job, int_min(n - i, CPU_CHUNK));
        job->x = x + (size_t)i * in;
        job->out = y + (size_t)i * out;
        job->kept_out = kept ? kept + (size_t)i * out : NULL;
        job->x_pieces = job->groups * s->in_c;
        // The weights are packed once: by the last piece of the first chunk.
        pool_run(job->cpu->pool, conv_first_pass_piece, job, job->x_pieces + (i == 0));
        ProductSide side = forward_side(job);
        pool_run(job->cpu->pool, forward_piece, job, job->pairs * side_blocks(&side));
    }
}

void cpu_conv_forward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                      const float *b, float *y) {
    ConvJob job = make_job(cpu_of(be), s, n);
    job.w = w;
    job.b = b;
    forward(&job, n, x, y);
}

void cpu_conv_pool_forward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                           const float *b, float *y, uint8_t *kept) {
    ConvJob job = make_job(cpu_of(be), s, n);
    job.w = w;
    job.b = b;
    job.pooled = true;
    job.kept_out = kept;
    forward(&job, n, x, y);
}

static void backward_piece(void *context, int piece, int worker) {
    const ConvJob *job = context;
    int weights = conv_weights_pieces(job);
    if (piece < weights) {
        conv_weights_piece(job, piece);
        return;
    }
    ProductSide side = backward_side(job);
    product_piece(job, &side, piece - weights, worker);
}

static void backward(ConvJob *job, int n, const float *x, const float *y, float *dy, float *dx) {
    const ConvShape *s = job->s;
    size_t in = conv_image_floats(s), out = conv_result_floats(job);
    const uint8_t *kept = job->kept;
    for (int i = 0; i < n; i += CPU_CHUNK) {
        set_chunk(job, int_min(n - i, CPU_CHUNK));
        job->first = i == 0;
        job->x = x + (size_t)i * in;
        job->y = y + (size_t)i * out;
        job->dy = dy + (size_t)i * out;
        job->dx = dx ? dx + (size_t)i * in : NULL;
        job->kept = kept ? kept + (size_t)i * out : NULL;
        job->x_pieces = job->groups * s->in_c;
        if (!dx) {
            conv_first_layer_backward(job);
            continue;
        }
        job->dy_pieces = job->groups * s->out_c;
        ProductSide side = backward_side(job);
        // The weights are packed once, as above.
        pool_run(job->cpu->pool, conv_first_pass_piece, job,
                 job->x_pieces + job->dy_pieces + (i == 0));
        pool_run(job->cpu->pool, backward_piece, job,
                 conv_weights_pieces(job) + job->pairs * side_blocks(&side));
    }
}

void cpu_conv_backward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                       const float *y, float *dy, float *dx, float *dw, float *db) {
    ConvJob job = make_job(cpu_of(be), s, n);
    job.w = w;
    job.dw = dw;
    job.db = db;
    backward(&job, n, x, y, dy, dx);
}

void cpu_conv_pool_backward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                            const float *y, const uint8_t *kept, float *dy, float *dx, float *dw,
                            float *db) {
    ConvJob job = make_job(cpu_of(be), s, n);
    job.w = w;
    job.dw = dw;
    job.db = db;
    job.pooled = true;
    job.kept = kept;
    backward(&job, n, x, y, dy, dx);
}
