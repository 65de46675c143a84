// Convolutions of the CPU back end. The samples of a batch lie side by side in the lanes of a
// vector, so that no shape of image leaves lanes empty and no image is unrolled into columns: the
// images go into lanes, taps are multiplied where they are, results come out by tiles.
#include "base/check.h"
#include "compute/cpu_parts.h"

#include <string.h>

typedef struct ConvJob {
    Cpu *cpu;
    const ConvPlan *plan;
    const ConvShape *s;
    int n, groups;
    const float *x, *w, *b, *y;
    float *out, *dy, *dx, *dw, *db;
    float *x_lanes, *dy_lanes, *packed;
    size_t x_group, dy_group; // floats
    int x_pieces, dy_pieces;  // of the first pass
    int tile_blocks, pairs;   // of a product
    bool first;               // chunk of the batch
} ConvJob;

// Tiles of KERNEL_PIXELS results in one piece: enough pieces for the threads of a small machine,
// few enough to share what they read.
enum { BLOCKS_OF_TILES = 8 };

static size_t filter_taps(const ConvShape *s) {
    return (size_t)s->kernel_h * (size_t)s->kernel_w;
}

size_t cpu_conv_scratch(const Cpu *cpu, const ConvPlan *plan, int batch) {
    const ConvShape *s = &plan->shape;
    size_t groups = (size_t)cpu_groups(cpu, int_min(batch, CPU_CHUNK));
    size_t weights = (size_t)s->in_c * (size_t)s->out_c * filter_taps(s);
    return groups * ((size_t)s->in_c * plan->x_plane + (size_t)s->out_c * plan->dy_plane) +
           (weights + 15) / 16 * 16;
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

static void dy_into_lanes(const ConvJob *job, int group, int channel) {
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
    k->to_lanes(job->dy + at, image, rows, (int)area,
                job->dy_lanes + (size_t)group * job->dy_group +
                    (size_t)channel * job->plan->dy_plane);
}

// Rows of a product are cut into even blocks of at most product_rows.
static int row_blocks(const Cpu *cpu, int rows) {
    return (rows + cpu->k.product_rows - 1) / cpu->k.product_rows;
}

static int block_start(int rows, int blocks, int block) {
    return (int)((int64_t)rows * block / blocks);
}

// packed: for each block of rows [channel][tap][row]. w[row * row_step + channel * channel_step +
// tap].
static void pack_weights(const ConvJob *job, int rows, size_t row_step, int channels,
                         size_t channel_step) {
    size_t taps = filter_taps(job->s);
    int blocks = row_blocks(job->cpu, rows);
    float *to = job->packed;
    for (int b = 0; b < blocks; b++) {
        int first = block_start(rows, blocks, b), end = block_start(rows, blocks, b + 1);
        for (int c = 0; c < channels; c++)
            for (size_t t = 0; t < taps; t++)
                for (int r = first; r < end; r++)
                    *to++ = job->w[(size_t)r * row_step + (size_t)c * channel_step + t];
    }
}

static void first_pass_piece(void *context, int piece, int worker) {
    const ConvJob *job = context;
    const ConvShape *s = job->s;
    (void)worker;
    if (piece < job->x_pieces) {
        x_into_lanes(job, piece / s->in_c, piece % s->in_c);
        return;
    }
    piece -= job->x_pieces;
    if (piece < job->dy_pieces) {
        dy_into_lanes(job, piece / s->out_c, piece % s->out_c);
        return;
    }
    size_t taps = filter_taps(s), filter = taps * s->in_c;
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
    size_t area = (size_t)rows->length * columns->length, taps = filter_taps(job->s);
    int blocks = row_blocks(job->cpu, side->rows);
    for (int b = 0; b < blocks; b++) {
        int row = block_start(side->rows, blocks, b);
        LaneProduct p = {.rows = block_start(side->rows, blocks, b + 1) - row,
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
    int end = block_start(tiles, blocks, block + 1);
    for (int t = block_start(tiles, blocks, block); t < end; t++)
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
        pool_run(cpu->pool, first_pass_piece, &job, job.x_pieces + (i == 0));
        pool_run(cpu->pool, forward_piece, &job, job.pairs * tile_blocks(&job.plan->forward));
    }
}

// ---- gradient of the weights ------------------------------------------------------------------

// How the filters' taps (all channels in a row) are cut into tiles of lane_correlate.
typedef struct TapTiles {
    int width; // preferred
    int count;
} TapTiles;

static TapTiles tap_tiles(const ConvJob *job) {
    static const int widths[] = {9, 5, 3};
    int taps = (int)filter_taps(job->s), all = taps * job->s->in_c;
    TapTiles tiles = {1, all};
    for (int i = 0; i < 3; i++) {
        int width = widths[i];
        if (job->cpu->k.correlate_rows[width] == 0) continue;
        bool divides = taps % width == 0 || (taps == 1 && all >= width);
        if (divides) {
            tiles = (TapTiles){width, all / width + all % width};
            break;
        }
    }
    return tiles;
}

// Tile `i`: full ones first, then what is left tap by tap.
static int tap_tile_start(const TapTiles *tiles, int all, int i, int *width) {
    int full = all / tiles->width;
    *width = i < full ? tiles->width : 1;
    return i < full ? i * tiles->width : full * tiles->width + i - full;
}

static void correlate_block(const ConvJob *job, int row, int rows, int tap, int width, int group,
                            int groups, bool add) {
    const ConvShape *s = job->s;
    const ConvPlan *plan = job->plan;
    int taps = (int)filter_taps(s), lanes = job->cpu->k.lanes;
    int32_t x_at[KERNEL_TAPS_MAX];
    for (int i = 0; i < width; i++)
        x_at[i] =
            (int32_t)((size_t)((tap + i) / taps) * plan->x_plane) + plan->x_at[(tap + i) % taps];
    float sums[KERNEL_ROWS_MAX * KERNEL_TAPS_MAX];
    LaneCorrelate c = {
        .rows = rows,
        .taps = width,
        .groups = groups,
        .height = s->out_h,
        .width = s->out_w,
        .dy = job->dy_lanes + (size_t)group * job->dy_group + (size_t)row * plan->dy_plane,
        .dy_group = job->dy_group,
        .dy_channel = plan->dy_plane,
        .x = job->x_lanes + (size_t)group * job->x_group,
        .x_group = job->x_group,
        .x_row = (size_t)s->stride * plan->padded_w * lanes,
        .x_pixel = (size_t)s->stride * lanes,
        .x_at = x_at,
    };
    job->cpu->k.lane_correlate(&c, sums);
    for (int r = 0; r < rows; r++) {
        float *dw = job->dw + (size_t)(row + r) * s->in_c * taps + tap;
        for (int i = 0; i < width; i++) dw[i] = (add ? dw[i] : 0.0f) + sums[r * width + i];
    }
}

// Groups whose share of dy for one block of rows stays in the first-level cache.
static int groups_at_once(const ConvJob *job, int rows) {
    size_t bytes = (size_t)rows * job->plan->dy_plane * sizeof(float);
    size_t groups = 32768 / bytes;
    if (groups < 2) return 2;
    return groups > (size_t)job->groups ? job->groups : (int)groups;
}

static int weight_row_blocks(const ConvJob *job, const TapTiles *tiles) {
    int most = job->cpu->k.correlate_rows[tiles->width];
    return (job->s->out_c + most - 1) / most;
}

static void weights_piece(const ConvJob *job, int piece) {
    const ConvShape *s = job->s;
    TapTiles tiles = tap_tiles(job);
    int blocks = weight_row_blocks(job, &tiles), all = (int)filter_taps(s) * s->in_c;
    int chunks = int_min(tiles.count, 8);
    int block = piece / chunks, chunk = piece % chunks;
    int row = block_start(s->out_c, blocks, block);
    int rows = block_start(s->out_c, blocks, block + 1) - row;
    int step = groups_at_once(job, rows);
    for (int group = 0; group < job->groups; group += step) {
        int groups = int_min(step, job->groups - group);
        int end = block_start(tiles.count, chunks, chunk + 1);
        for (int i = block_start(tiles.count, chunks, chunk); i < end; i++) {
            int width, tap = tap_tile_start(&tiles, all, i, &width);
            correlate_block(job, row, rows, tap, width, group, groups, group > 0 || !job->first);
        }
    }
    if (chunk > 0) return;
    for (int r = row; r < row + rows; r++) {
        float sum = job->cpu->k.lane_sum(job->dy_lanes + (size_t)r * job->plan->dy_plane,
                                         job->dy_group, job->groups, s->out_h * s->out_w);
        job->db[r] = (job->first ? 0.0f : job->db[r]) + sum;
    }
}

static int weights_pieces(const ConvJob *job) {
    TapTiles tiles = tap_tiles(job);
    return weight_row_blocks(job, &tiles) * int_min(tiles.count, 8);
}

static void backward_piece(void *context, int piece, int worker) {
    const ConvJob *job = context;
    const ConvShape *s = job->s;
    int weights = weights_pieces(job);
    if (piece < weights) {
        weights_piece(job, piece);
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
        job.dy_pieces = job.groups * s->out_c;
        int packing = dx && i == 0;
        pool_run(cpu->pool, first_pass_piece, &job, job.x_pieces + job.dy_pieces + packing);
        int products = dx ? job.pairs * tile_blocks(&job.plan->backward) : 0;
        pool_run(cpu->pool, backward_piece, &job, weights_pieces(&job) + products);
    }
}
