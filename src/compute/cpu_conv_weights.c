// The gradient of a convolution's weights: sums over samples and positions of products of dy and x,
// both in lanes, kept in registers for a tile of output channels times taps.
#include "compute/cpu_conv.h"

// How the filters' taps (all channels in a row) are cut into tiles of lane_correlate.
typedef struct TapTiles {
    int width; // preferred
    int count;
} TapTiles;

static TapTiles tap_tiles(const ConvJob *job) {
    static const int widths[] = {9, 5, 3};
    int taps = (int)conv_filter_taps(job->s), all = taps * job->s->in_c;
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

typedef struct Correlation {
    const float *dy; // of the first row and group
    int rows, group, groups;
    float *dw; // of the first row
    bool add;
} Correlation;

static void correlate_taps(const ConvJob *job, const Correlation *of, int tap, int width) {
    const ConvShape *s = job->s;
    const ConvPlan *plan = job->plan;
    int taps = (int)conv_filter_taps(s), lanes = job->cpu->k.lanes;
    int32_t x_at[KERNEL_TAPS_MAX];
    for (int i = 0; i < width; i++)
        x_at[i] =
            (int32_t)((size_t)((tap + i) / taps) * plan->x_plane) + plan->x_at[(tap + i) % taps];
    float sums[KERNEL_ROWS_MAX * KERNEL_TAPS_MAX];
    LaneCorrelate c = {
        .rows = of->rows,
        .taps = width,
        .groups = of->groups,
        .height = s->out_h,
        .width = s->out_w,
        .dy = of->dy,
        .dy_group = job->dy_group,
        .dy_channel = plan->dy_plane,
        .x = job->x_lanes + (size_t)of->group * job->x_group,
        .x_group = job->x_group,
        .x_row = (size_t)s->stride * (size_t)plan->padded_w * (size_t)lanes,
        .x_pixel = (size_t)s->stride * (size_t)lanes,
        .x_at = x_at,
    };
    job->cpu->k.lane_correlate(&c, sums);
    for (int r = 0; r < of->rows; r++) {
        float *dw = of->dw + (ptrdiff_t)r * s->in_c * taps + tap;
        for (int i = 0; i < width; i++) dw[i] = (of->add ? dw[i] : 0.0f) + sums[r * width + i];
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

void conv_weights_piece(const ConvJob *job, int piece) {
    const ConvShape *s = job->s;
    TapTiles tiles = tap_tiles(job);
    int blocks = weight_row_blocks(job, &tiles), all = (int)conv_filter_taps(s) * s->in_c;
    int chunks = int_min(tiles.count, 8);
    int block = piece / chunks, chunk = piece % chunks;
    int row = conv_block_start(s->out_c, blocks, block);
    int rows = conv_block_start(s->out_c, blocks, block + 1) - row;
    int step = groups_at_once(job, rows);
    const float *dy = job->dy_lanes + (size_t)row * job->plan->dy_plane;
    for (int group = 0; group < job->groups; group += step) {
        Correlation of = {dy + (size_t)group * job->dy_group,
                          rows,
                          group,
                          int_min(step, job->groups - group),
                          job->dw + (ptrdiff_t)row * all,
                          group > 0 || !job->first};
        int end = conv_block_start(tiles.count, chunks, chunk + 1);
        for (int i = conv_block_start(tiles.count, chunks, chunk); i < end; i++) {
            int width, tap = tap_tile_start(&tiles, all, i, &width);
            correlate_taps(job, &of, tap, width);
        }
    }
    if (chunk > 0) return;
    for (int r = 0; r < rows; r++) {
        float sum = job->cpu->k.lane_sum(dy + (size_t)r * job->plan->dy_plane, job->dy_group,
                                         job->groups, s->out_h * s->out_w);
        job->db[row + r] = (job->first ? 0.0f : job->db[row + r]) + sum;
    }
}

int conv_weights_pieces(const ConvJob *job) {
    TapTiles tiles = tap_tiles(job);
    return weight_row_blocks(job, &tiles) * int_min(tiles.count, 8);
}

// ---- first layer ------------------------------------------------------------------------------
// Where no gradient of the images is asked for, dy is needed in lanes by one block of channels and
// group only: it never goes to memory. Each group's sums are kept apart and added in order.

static void first_layer_piece(void *context, int piece, int worker) {
    const ConvJob *job = context;
    const ConvShape *s = job->s;
    TapTiles tiles = tap_tiles(job);
    int blocks = weight_row_blocks(job, &tiles), all = (int)conv_filter_taps(s) * s->in_c;
    int group = piece / blocks, block = piece % blocks;
    int row = conv_block_start(s->out_c, blocks, block);
    int rows = conv_block_start(s->out_c, blocks, block + 1) - row;
    size_t plane = job->plan->dy_plane;
    float *dy = job->worker_lanes + (size_t)worker * KERNEL_ROWS_MAX * plane;
    float *dw = job->sums + (size_t)group * job->sums_group;
    float *db = dw + (ptrdiff_t)s->out_c * all;
    for (int r = 0; r < rows; r++) {
        conv_dy_into_lanes(job, group, row + r, dy + (size_t)r * plane);
        db[row + r] = job->cpu->k.lane_sum(dy + (size_t)r * plane, 0, 1, s->out_h * s->out_w);
    }
    Correlation of = {dy, rows, group, 1, dw + (ptrdiff_t)row * all, false};
    for (int i = 0; i < tiles.count; i++) {
        int width, tap = tap_tile_start(&tiles, all, i, &width);
        correlate_taps(job, &of, tap, width);
    }
}

static void add_groups(const ConvJob *job) {
    size_t weights = (size_t)job->s->out_c * (size_t)job->s->in_c * conv_filter_taps(job->s);
    for (int group = 0; group < job->groups; group++) {
        const float *sums = job->sums + (size_t)group * job->sums_group;
        bool add = group > 0 || !job->first;
        for (size_t i = 0; i < weights; i++) job->dw[i] = (add ? job->dw[i] : 0.0f) + sums[i];
        for (int i = 0; i < job->s->out_c; i++)
            job->db[i] = (add ? job->db[i] : 0.0f) + sums[weights + (size_t)i];
    }
}

void conv_first_layer_backward(ConvJob *job) {
    TapTiles tiles = tap_tiles(job);
    job->dy_pieces = 0;
    pool_run(job->cpu->pool, conv_first_pass_piece, job, job->x_pieces);
    pool_run(job->cpu->pool, first_layer_piece, job, job->groups * weight_row_blocks(job, &tiles));
    add_groups(job);
}
