// One matrix product for everything: dense layers and convolutions, forward and backward, differ
// only in where the factors come from and where the result goes. A product P says
//     int rows, cols, depth;         C[rows][cols] = sum over k < depth of A[row, k] B[k, col]
//     static const bool
//         a_by_depth, b_by_depth,    which index runs along memory
//         in_fours,                  results go four columns at a time
//         may_be_flat, may_be_tall,  few rows and very many columns; 33 to 64 rows
//         may_be_slim,               few of both
//         by_columns;                results go when all rows are there
//     float a(int row, int k), b(int k, int col);
//     void begin();                                  once, before any of the others
//     void end(int row, int col, const float *sum);  one result, or four: columns col to col + 3
//     void finish(float *tile, int col0);            by_columns: a tile [64][16] of shared memory
// A block makes a tile of C from slices of A and B in shared memory. Where there are too few tiles
// for the device, the depth is split between blocks, and the one that comes last adds the parts in
// their order: the same bits each time. Splits follow from the shape alone, so other devices of the
// same kind agree too.
#ifndef INKLING_CUDA_PRODUCT_H
#define INKLING_CUDA_PRODUCT_H

#include "device.h"

constexpr int SPLIT_BLOCKS = 264; // tiles times splits: two for each processor of a large device
constexpr int SPLIT_DEPTH = 64;   // no split is shorter
constexpr int TILE_PAD = 4;
static_assert(SPLIT_BLOCKS <= TICKETS_PRODUCT, "a ticket for each tile whose depth is split");

// A tile is rows x cols; of it a thread makes `down` rows of `across` columns, or the same number
// in fours. `slice` of the depth is in shared memory at a time: much where a thread makes few
// results, because what a slice takes there is the time that memory needs to answer.
template <int ROWS, int COLS, int DOWN, int ACROSS, int SLICE> struct Tile {
    static const int rows = ROWS, cols = COLS, each = DOWN * ACROSS, slice = SLICE;
    static_assert(ROWS * COLS == THREADS * DOWN * ACROSS, "a thread for each place of a tile");
    // Elements of a slice of A and of B that one thread brings; floats for both in shared memory.
    static const int a_each = (ROWS * SLICE + THREADS - 1) / THREADS;
    static const int b_each = (COLS * SLICE + THREADS - 1) / THREADS;
    static const int shared = SLICE * (ROWS + COLS + 2 * TILE_PAD);
    template <class P> struct Of {
        static const int across = P::in_fours && ACROSS < 4 ? 4 : ACROSS, down = each / across;
    };
};
typedef Tile<32, 32, 2, 2, 32> Small;
typedef Tile<64, 64, 4, 4, 16> Large; // does more for each number it fetches
// For convolutions of few channels, most of whose rows would not be there.
typedef Tile<8, 128, 2, 2, 16> Flat;
// For the weights of a first convolution: few results, each a sum over the whole batch.
typedef Tile<8, 32, 1, 1, 32> Slim;
// All rows of a usual batch in one tile.
typedef Tile<64, 16, 2, 2, 32> Tall;
static_assert(Tall::rows * Tall::cols <= Tall::shared, "a tile finds room where its slices were");

// Floats for the parts of one product.
constexpr size_t PARTIALS = (size_t)SPLIT_BLOCKS * Large::rows * Large::cols;

// How a product is dealt out.
typedef struct Deal {
    int tile_rows, tile_cols, splits, split_depth;
    float *partials;
    unsigned *tickets;
} Deal;

template <class T, class P> Deal product_deal(const Cuda *cuda, const P &p, int which) {
    Deal deal;
    deal.tile_rows = (p.rows + T::rows - 1) / T::rows;
    deal.tile_cols = (p.cols + T::cols - 1) / T::cols;
    long long tiles = (long long)deal.tile_rows * deal.tile_cols;
    long long splits = tiles > 0 ? SPLIT_BLOCKS / tiles : 1; // no tiles: nothing is launched
    if (splits > p.depth / SPLIT_DEPTH) splits = p.depth / SPLIT_DEPTH;
    if (splits < 1) splits = 1;
    int depth = (int)((p.depth + splits - 1) / splits);
    deal.split_depth = (depth + T::slice - 1) / T::slice * T::slice;
    deal.splits = (p.depth + deal.split_depth - 1) / deal.split_depth;
    if (deal.splits < 1) deal.splits = 1;
    deal.partials = cuda->partials + (size_t)which * PARTIALS;
    deal.tickets = cuda->tickets + TICKETS_FIRST + which * TICKETS_PRODUCT;
    return deal;
}

static inline size_t product_blocks(const Deal &deal) {
    return (size_t)deal.tile_rows * deal.tile_cols * deal.splits;
}

// i, or the last of `count`.
static __device__ inline int nearest(int i, int count) {
    return i < count ? i : count - 1;
}

// What thread t brings of a slice of A (rows x slice) and of B (slice x cols) at depth k0. What
// lies beyond the factors is read from their last row or column and thrown away: without branches
// all of a thread's reads are under way at once.
template <class T, class P>
__device__ inline void product_fetch(const P &p, int row0, int col0, int k0, int k_end,
                                     float a[T::a_each], float b[T::b_each]) {
#pragma unroll
    for (int i = 0; i < T::a_each; i++) {
        int e = (int)threadIdx.x + i * THREADS;
        int k = P::a_by_depth ? e % T::slice : e / T::rows;
        int row = row0 + (P::a_by_depth ? e / T::slice : e % T::rows);
        bool there = e < T::rows * T::slice && row < p.rows && k0 + k < k_end;
        float value = p.a(nearest(row, p.rows), nearest(k0 + k, k_end));
        a[i] = there ? value : 0.0f;
    }
#pragma unroll
    for (int i = 0; i < T::b_each; i++) {
        int e = (int)threadIdx.x + i * THREADS;
        int k = P::b_by_depth ? e % T::slice : e / T::cols;
        int col = col0 + (P::b_by_depth ? e / T::slice : e % T::cols);
        float value = p.b(nearest(k0 + k, k_end), nearest(col, p.cols));
        b[i] = e < T::cols * T::slice && col < p.cols && k0 + k < k_end ? value : 0.0f;
    }
}

template <class T, class P>
__device__ inline void product_store(const float a[T::a_each], const float b[T::b_each],
                                     float *shared_a, float *shared_b) {
#pragma unroll
    for (int i = 0; i < T::a_each; i++) {
        int e = (int)threadIdx.x + i * THREADS;
        int k = P::a_by_depth ? e % T::slice : e / T::rows;
        int row = P::a_by_depth ? e / T::slice : e % T::rows;
        if (e < T::rows * T::slice) shared_a[k * (T::rows + TILE_PAD) + row] = a[i];
    }
#pragma unroll
    for (int i = 0; i < T::b_each; i++) {
        int e = (int)threadIdx.x + i * THREADS;
        int k = P::b_by_depth ? e % T::slice : e / T::cols;
        int col = P::b_by_depth ? e / T::slice : e % T::cols;
        if (e < T::cols * T::slice) shared_b[k * (T::cols + TILE_PAD) + col] = b[i];
    }
}

// The parts of a tile whose depth is split. False in all blocks but the one that comes last, whose
// `sum` is then all of it. Not `wanted`: this thread's results are outside of C. Many parts are
// read at a time: one after the other, a hundred of them take longer than the product itself.
template <class T>
__device__ inline bool product_gather(const Deal &deal, int tile, int split, bool wanted,
                                      float sum[T::each]) {
    constexpr int AT_A_TIME = T::each < 2 ? 32 : 64 / T::each;
    int tiles = deal.tile_rows * deal.tile_cols;
    size_t part = (size_t)T::each * THREADS; // of one tile; each thread reads what it wrote
    float *own = deal.partials + ((size_t)split * tiles + tile) * part + threadIdx.x;
#pragma unroll
    for (int i = 0; i < T::each; i++) own[i * THREADS] = sum[i];
    if (!block_is_last(deal.tickets + tile, (unsigned)deal.splits)) return false;
    const float *all = deal.partials + tile * part + threadIdx.x;
    size_t step = tiles * part;
#pragma unroll
    for (int i = 0; i < T::each; i++) sum[i] = 0.0f;
    for (int s = 0; wanted && s < deal.splits; s += AT_A_TIME) {
        float read[AT_A_TIME][T::each];
#pragma unroll
        for (int j = 0; j < AT_A_TIME; j++)
#pragma unroll
            for (int i = 0; i < T::each; i++)
                read[j][i] = __ldcg(all + nearest(s + j, deal.splits) * step + i * THREADS);
#pragma unroll
        for (int j = 0; j < AT_A_TIME; j++)
#pragma unroll
            for (int i = 0; i < T::each; i++)
                if (s + j < deal.splits) sum[i] += read[j][i];
    }
    return true;
}

// Block `block` of product_blocks(deal).
template <class T, class P>
__device__ inline void product_block(const P &p, const Deal &deal, unsigned block, float *shared) {
    constexpr int ACROSS = T::template Of<P>::across, DOWN = T::template Of<P>::down;
    constexpr int STEP = P::in_fours ? 4 : 1;
    int tiles = deal.tile_rows * deal.tile_cols;
    int split = (int)(block / tiles), tile = (int)(block % tiles);
    int row0 = tile / deal.tile_cols * T::rows, col0 = tile % deal.tile_cols * T::cols;
    int k = split * deal.split_depth;
    int k_end = k + deal.split_depth < p.depth ? k + deal.split_depth : p.depth;
    int ty = (int)threadIdx.x / (T::cols / ACROSS) * DOWN;
    int tx = (int)threadIdx.x % (T::cols / ACROSS) * ACROSS;
    float *shared_a = shared, *shared_b = shared + T::slice * (T::rows + TILE_PAD);
    float sum[T::each], a[T::a_each], b[T::b_each];
#pragma unroll
    for (int i = 0; i < T::each; i++) sum[i] = 0.0f;

    if (k < k_end) product_fetch<T>(p, row0, col0, k, k_end, a, b);
    for (; k < k_end; k += T::slice) {
        product_store<T, P>(a, b, shared_a, shared_b);
        __syncthreads();
        // The next slice is on its way while this one is used.
        if (k + T::slice < k_end) product_fetch<T>(p, row0, col0, k + T::slice, k_end, a, b);
#pragma unroll
        for (int half = 0; half < T::slice; half += 16) {
            if (k + half >= k_end) break; // both ends are the whole block's
#pragma unroll
            for (int d = half; d < half + 16; d++) {
                float left[DOWN], right[ACROSS];
#pragma unroll
                for (int i = 0; i < DOWN; i++)
                    left[i] = shared_a[d * (T::rows + TILE_PAD) + ty + i];
#pragma unroll
                for (int j = 0; j < ACROSS; j++)
                    right[j] = shared_b[d * (T::cols + TILE_PAD) + tx + j];
#pragma unroll
                for (int i = 0; i < T::each; i++)
                    sum[i] = fmaf(left[i / ACROSS], right[i % ACROSS], sum[i]);
            }
        }
        __syncthreads();
    }
    bool wanted = row0 + ty < p.rows && col0 + tx < p.cols;
    if (deal.splits > 1 && !product_gather<T>(deal, tile, split, wanted, sum)) return;
    if constexpr (P::by_columns) {
#pragma unroll
        for (int i = 0; i < T::each; i++)
            shared[(ty + i / ACROSS) * T::cols + tx + i % ACROSS] = sum[i];
        __syncthreads();
        p.finish(shared, col0);
    } else {
#pragma unroll
        for (int i = 0; i < T::each; i += STEP) {
            int row = row0 + ty + i / ACROSS, col = col0 + tx + i % ACROSS;
            if (row < p.rows && col < p.cols) p.end(row, col, sum + i);
        }
    }
}

template <class T, class P> __global__ void __launch_bounds__(THREADS, 2) product(P p, Deal deal) {
    kernel_begin();
    __shared__ __align__(16) float shared[T::shared];
    p.begin();
    product_block<T>(p, deal, blockIdx.x, shared);
}

// Two products that do not depend on each other, in one launch.
template <class T, class U, class P, class Q>
__global__ void __launch_bounds__(THREADS, 2)
    product_pair(P p, Deal p_deal, Q q, Deal q_deal, unsigned p_blocks) {
    kernel_begin();
    __shared__ __align__(16) float shared[T::shared > U::shared ? T::shared : U::shared];
    if (blockIdx.x < p_blocks) {
        p.begin();
        product_block<T>(p, p_deal, blockIdx.x, shared);
    } else {
        q.begin();
        product_block<U>(q, q_deal, blockIdx.x - p_blocks, shared);
    }
}

// Large tiles pay where there are enough of them, or a depth to split for enough blocks; flat ones
// where a row is long.
template <class P> bool product_is_large(const P &p) {
    double tiles = (double)p.rows * p.cols / (Large::rows * Large::cols);
    return p.rows > Small::rows && p.cols > Small::cols &&
           (tiles >= 128.0 || tiles * (p.depth / SPLIT_DEPTH) >= SPLIT_BLOCKS);
}
template <class P> bool product_is_flat(const P &p) {
    return p.rows <= Flat::rows && p.cols >= 32 * Flat::cols;
}

template <class P> bool product_is_slim(const P &p) {
    return p.rows <= Slim::rows && p.cols <= Slim::cols;
}
template <class P> bool product_is_tall(const P &p) {
    return p.rows > Small::rows && p.rows <= Tall::rows && !product_is_large(p);
}

template <class T, class P> void product_launch(Cuda *cuda, const char *what, const P &p) {
    Deal deal = product_deal<T>(cuda, p, 0);
    launch(cuda, what, product<T, P>, product_blocks(deal), p, deal);
}

template <class P> void product_run(Cuda *cuda, const char *what, const P &p) {
    if constexpr (P::may_be_flat) {
        if (product_is_flat(p)) return product_launch<Flat>(cuda, what, p);
    }
    if constexpr (P::may_be_slim) {
        if (product_is_slim(p)) return product_launch<Slim>(cuda, what, p);
    }
    if constexpr (P::may_be_tall) {
        if (product_is_tall(p)) return product_launch<Tall>(cuda, what, p);
    }
    if (product_is_large(p))
        product_launch<Large>(cuda, what, p);
    else
        product_launch<Small>(cuda, what, p);
}

template <class T, class U, class P, class Q>
void product_launch_pair(Cuda *cuda, const char *what, const P &p, const Q &q) {
    Deal first = product_deal<T>(cuda, p, 0), second = product_deal<U>(cuda, q, 1);
    launch(cuda, what, product_pair<T, U, P, Q>, product_blocks(first) + product_blocks(second), p,
           first, q, second, (unsigned)product_blocks(first));
}

template <class U, class P, class Q>
void product_launch_beside(Cuda *cuda, const char *what, const P &p, const Q &q) {
    if (product_is_large(p))
        product_launch_pair<Large, U>(cuda, what, p, q);
    else
        product_launch_pair<Small, U>(cuda, what, p, q);
}

template <class P, class Q>
void product_run_pair(Cuda *cuda, const char *what, const P &p, const Q &q) {
    if constexpr (Q::may_be_flat) {
        if (product_is_flat(q)) return product_launch_beside<Flat>(cuda, what, p, q);
    }
    if constexpr (Q::may_be_tall) {
        if (product_is_tall(q)) return product_launch_beside<Tall>(cuda, what, p, q);
    }
    if (!product_is_large(q)) return product_launch_beside<Small>(cuda, what, p, q);
    product_run(cuda, what, p);
    product_run(cuda, what, q);
}

// How the product of a dense layer alone is dealt out (dense.cu).
Deal cuda_dense_deal(const Cuda *cuda, DenseShape s, int n);

#endif
