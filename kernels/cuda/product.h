// One matrix product for everything: dense layers and convolutions, forward and backward, differ
// only in where the factors come from and where the result goes. A product P says
//     int rows, cols, depth;                 C[rows][cols] = sum over k < depth of A[row,k]
//     B[k,col] static const bool a_by_depth, b_by_depth;  which index runs along memory float a(int
//     row, int k), b(int k, int col); void end(int row, int col, float sum);
// A block makes a tile of C from slices of A and B in shared memory. Where there are too few tiles
// for the device, the depth is split between blocks, and the one that comes last adds the parts in
// their order: the same bits each time. Splits follow from the shape alone, so other devices of the
// same kind agree too.
#ifndef INKLING_CUDA_PRODUCT_H
#define INKLING_CUDA_PRODUCT_H

#include "device.h"

constexpr int SLICE = 16;         // of the depth, in shared memory at a time
constexpr int SIDE = 16;          // threads along each side of a tile
constexpr int SPLIT_BLOCKS = 264; // tiles times splits: two for each processor of a large device
constexpr int SPLIT_DEPTH = 64;   // no split is shorter
constexpr int SPLITS_MAX = 128;
constexpr int TILE_SMALL = 32, TILE_LARGE = 64, TILE_PAD = 4;
static_assert(SIDE * SIDE == THREADS, "a thread for each place of a tile");
static_assert(SPLIT_BLOCKS <= TICKETS_PRODUCT, "a ticket for each tile whose depth is split");

// Floats for the parts of one product.
constexpr size_t PARTIALS = (size_t)SPLIT_BLOCKS * TILE_LARGE * TILE_LARGE;

// How a product is dealt out.
typedef struct Deal {
    int tile_rows, tile_cols, splits, split_depth;
    float *partials;
    unsigned *tickets;
} Deal;

template <class P> Deal product_deal(const Cuda *cuda, const P &p, int tile, int which) {
    Deal deal;
    deal.tile_rows = (p.rows + tile - 1) / tile;
    deal.tile_cols = (p.cols + tile - 1) / tile;
    long long tiles = (long long)deal.tile_rows * deal.tile_cols;
    long long splits = SPLIT_BLOCKS / tiles;
    if (splits > p.depth / SPLIT_DEPTH) splits = p.depth / SPLIT_DEPTH;
    if (splits > SPLITS_MAX) splits = SPLITS_MAX;
    if (splits < 1) splits = 1;
    int depth = (int)((p.depth + splits - 1) / splits);
    deal.split_depth = (depth + SLICE - 1) / SLICE * SLICE;
    deal.splits = (p.depth + deal.split_depth - 1) / deal.split_depth;
    if (deal.splits < 1) deal.splits = 1;
    deal.partials = cuda->partials + (size_t)which * PARTIALS;
    deal.tickets = cuda->tickets + TICKETS_FIRST + which * TICKETS_PRODUCT;
    return deal;
}

static inline size_t product_blocks(const Deal &deal) {
    return (size_t)deal.tile_rows * deal.tile_cols * deal.splits;
}

// What thread t brings of a slice of A (TILE x SLICE) and of B (SLICE x TILE) at depth k0.
template <int TILE, class P>
__device__ inline void product_fetch(const P &p, int row0, int col0, int k0, int k_end,
                                     float a[TILE * SLICE / THREADS],
                                     float b[TILE * SLICE / THREADS]) {
#pragma unroll
    for (int i = 0; i < TILE * SLICE / THREADS; i++) {
        int e = (int)threadIdx.x + i * THREADS;
        int k = P::a_by_depth ? e % SLICE : e / TILE;
        int row = row0 + (P::a_by_depth ? e / SLICE : e % TILE);
        a[i] = row < p.rows && k0 + k < k_end ? p.a(row, k0 + k) : 0.0f;
        k = P::b_by_depth ? e % SLICE : e / TILE;
        int col = col0 + (P::b_by_depth ? e / SLICE : e % TILE);
        b[i] = col < p.cols && k0 + k < k_end ? p.b(k0 + k, col) : 0.0f;
    }
}

template <int TILE, class P>
__device__ inline void product_store(const float a[TILE * SLICE / THREADS],
                                     const float b[TILE * SLICE / THREADS], float *shared_a,
                                     float *shared_b) {
#pragma unroll
    for (int i = 0; i < TILE * SLICE / THREADS; i++) {
        int e = (int)threadIdx.x + i * THREADS;
        int k = P::a_by_depth ? e % SLICE : e / TILE;
        shared_a[k * (TILE + TILE_PAD) + (P::a_by_depth ? e / SLICE : e % TILE)] = a[i];
        k = P::b_by_depth ? e % SLICE : e / TILE;
        shared_b[k * (TILE + TILE_PAD) + (P::b_by_depth ? e / SLICE : e % TILE)] = b[i];
    }
}

// Block `block` of product_blocks(deal).
template <int TILE, class P>
__device__ inline void product_block(const P &p, const Deal &deal, unsigned block, float *shared) {
    const int R = TILE / SIDE; // a thread makes R x R of C
    int tiles = deal.tile_rows * deal.tile_cols;
    int split = (int)(block / tiles), tile = (int)(block % tiles);
    int row0 = tile / deal.tile_cols * TILE, col0 = tile % deal.tile_cols * TILE;
    int k = split * deal.split_depth;
    int k_end = k + deal.split_depth < p.depth ? k + deal.split_depth : p.depth;
    int ty = (int)threadIdx.x / SIDE * R, tx = (int)threadIdx.x % SIDE * R;
    float *shared_a = shared, *shared_b = shared + SLICE * (TILE + TILE_PAD);
    float sum[R][R], a[TILE * SLICE / THREADS], b[TILE * SLICE / THREADS];
#pragma unroll
    for (int i = 0; i < R; i++)
#pragma unroll
        for (int j = 0; j < R; j++) sum[i][j] = 0.0f;

    product_fetch<TILE>(p, row0, col0, k, k_end, a, b);
    for (; k < k_end; k += SLICE) {
        product_store<TILE, P>(a, b, shared_a, shared_b);
        __syncthreads();
        // The next slice is on its way while this one is used.
        if (k + SLICE < k_end) product_fetch<TILE>(p, row0, col0, k + SLICE, k_end, a, b);
#pragma unroll
        for (int d = 0; d < SLICE; d++) {
            float left[R], right[R];
#pragma unroll
            for (int i = 0; i < R; i++) left[i] = shared_a[d * (TILE + TILE_PAD) + ty + i];
#pragma unroll
            for (int j = 0; j < R; j++) right[j] = shared_b[d * (TILE + TILE_PAD) + tx + j];
#pragma unroll
            for (int i = 0; i < R; i++)
#pragma unroll
                for (int j = 0; j < R; j++) sum[i][j] = fmaf(left[i], right[j], sum[i][j]);
        }
        __syncthreads();
    }

    if (deal.splits > 1) {
        size_t part = (size_t)R * R * THREADS; // of one tile; each thread reads what it wrote
        float *own = deal.partials + ((size_t)split * tiles + tile) * part + threadIdx.x;
#pragma unroll
        for (int i = 0; i < R * R; i++) own[i * THREADS] = sum[i / R][i % R];
        if (!block_is_last(deal.tickets + tile, (unsigned)deal.splits)) return;
        const float *all = deal.partials + tile * part + threadIdx.x;
#pragma unroll
        for (int i = 0; i < R * R; i++) {
            float total = 0.0f;
            for (int s = 0; s < deal.splits; s++)
                total += __ldcg(all + (size_t)s * tiles * part + i * THREADS);
            sum[i / R][i % R] = total;
        }
    }
#pragma unroll
    for (int i = 0; i < R; i++)
#pragma unroll
        for (int j = 0; j < R; j++)
            if (row0 + ty + i < p.rows && col0 + tx + j < p.cols)
                p.end(row0 + ty + i, col0 + tx + j, sum[i][j]);
}

template <int TILE, class P> __global__ void __launch_bounds__(THREADS) product(P p, Deal deal) {
    kernel_begin();
    __shared__ __align__(16) float shared[2 * SLICE * (TILE + TILE_PAD)];
    product_block<TILE>(p, deal, blockIdx.x, shared);
}

// Two products that do not depend on each other, in one launch.
template <int TILE, class P, class Q>
__global__ void __launch_bounds__(THREADS)
    product_pair(P p, Deal p_deal, Q q, Deal q_deal, unsigned p_blocks) {
    kernel_begin();
    __shared__ __align__(16) float shared[2 * SLICE * (TILE + TILE_PAD)];
    if (blockIdx.x < p_blocks)
        product_block<TILE>(p, p_deal, blockIdx.x, shared);
    else
        product_block<TILE>(q, q_deal, blockIdx.x - p_blocks, shared);
}

// Large tiles do more for each number they fetch, where there are enough of them.
template <class P> bool product_is_large(const P &p) {
    return p.rows > TILE_SMALL && p.cols > TILE_SMALL &&
           (double)p.rows * p.cols >= 128.0 * TILE_LARGE * TILE_LARGE;
}

template <class P> void product_run(Cuda *cuda, const char *what, const P &p) {
    if (product_is_large(p)) {
        Deal deal = product_deal(cuda, p, TILE_LARGE, 0);
        launch(cuda, what, product<TILE_LARGE, P>, product_blocks(deal), p, deal);
    } else {
        Deal deal = product_deal(cuda, p, TILE_SMALL, 0);
        launch(cuda, what, product<TILE_SMALL, P>, product_blocks(deal), p, deal);
    }
}

template <class P, class Q>
void product_run_pair(Cuda *cuda, const char *what, const P &p, const Q &q) {
    if (product_is_large(p) || product_is_large(q)) {
        product_run(cuda, what, p);
        product_run(cuda, what, q);
        return;
    }
    Deal first = product_deal(cuda, p, TILE_SMALL, 0),
         second = product_deal(cuda, q, TILE_SMALL, 1);
    launch(cuda, what, product_pair<TILE_SMALL, P, Q>,
           product_blocks(first) + product_blocks(second), p, first, q, second,
           (unsigned)product_blocks(first));
}

#endif
