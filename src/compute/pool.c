// A job is a number. Each thread owns a share of its pieces: a 64-bit word (job number, end,
// next piece) that anybody may advance by compare-and-swap, its owner first, the others when theirs
// is empty. A thread that was asleep or had lost the processor finds a newer number in the word and
// so cannot take, or lose, a piece of a job that it has not seen: nobody waits for it.
#include "compute/pool.h"
#include "base/check.h"
#include "base/thread.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define SPIN_PAUSE() __builtin_ia32_pause()
#else
#define SPIN_PAUSE() ((void)0)
#endif

// A worker's wait for the next job: so many pauses, then so many turns given to others, then sleep.
enum { SPIN_PAUSES = 4000, SPIN_YIELDS = 40 };

enum { JOB_PIECES_MAX = 0xFFFF };

typedef struct Share {
    _Alignas(64) _Atomic uint64_t word; // job << 32 | end << 16 | next piece
} Share;

typedef struct PoolWorker {
    struct Pool *pool;
    int number;
    Thread thread;
} PoolWorker;

struct Pool {
    Share *shares;
    PoolWorker *workers; // [threads]; 0 is the caller and has no thread
    int threads;
    _Alignas(64) _Atomic uint32_t job; // 0: none yet
    _Atomic(PoolPiece) run;
    _Atomic(void *) context;
    _Atomic int first;                  // piece 0 of the job, for the function that runs it
    _Alignas(64) _Atomic uint32_t done; // pieces of the present job
    _Atomic int sleepers;
    _Atomic int closing;
    Mutex mutex;
    Cond wake;
};

// The next piece of `job` from one share, or -1.
static int share_take(Share *share, uint32_t job) {
    uint64_t word = atomic_load_explicit(&share->word, memory_order_acquire);
    for (;;) {
        uint32_t next = (uint32_t)word & JOB_PIECES_MAX;
        uint32_t end = (uint32_t)word >> 16;
        if ((uint32_t)(word >> 32) != job || next >= end) return -1;
        if (atomic_compare_exchange_weak_explicit(&share->word, &word, word + 1,
                                                  memory_order_acq_rel, memory_order_acquire))
            return (int)next;
    }
}

// Takes pieces until there are none. Once a piece of `job` is taken, run and context are that
// job's: they change only after all its pieces are done.
static void pool_work(Pool *pool, uint32_t job, int worker) {
    PoolPiece run = atomic_load_explicit(&pool->run, memory_order_relaxed);
    void *context = atomic_load_explicit(&pool->context, memory_order_relaxed);
    int first = atomic_load_explicit(&pool->first, memory_order_relaxed);
    uint32_t count = 0;
    for (int i = 0; i < pool->threads; i++) {
        Share *share = &pool->shares[(worker + i) % pool->threads];
        for (int piece; (piece = share_take(share, job)) >= 0; count++)
            run(context, first + piece, worker);
    }
    if (count) atomic_fetch_add_explicit(&pool->done, count, memory_order_release);
}

static void worker_sleep(Pool *pool, uint32_t seen) {
    mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->job) == seen && !atomic_load(&pool->closing))
        cond_wait(&pool->wake, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    mutex_unlock(&pool->mutex);
}

static void worker_main(void *argument) {
    PoolWorker *worker = argument;
    Pool *pool = worker->pool;
    uint32_t seen = 0;
    while (!atomic_load_explicit(&pool->closing, memory_order_acquire)) {
        uint32_t job = seen;
        for (int spin = 0; spin < SPIN_PAUSES + SPIN_YIELDS; spin++) {
            job = atomic_load_explicit(&pool->job, memory_order_acquire);
            if (job != seen) break;
            if (spin < SPIN_PAUSES)
                SPIN_PAUSE();
            else
                thread_yield();
        }
        if (job == seen) {
            worker_sleep(pool, seen);
            continue;
        }
        seen = job;
        pool_work(pool, job, worker->number);
    }
}

static void pool_run_job(Pool *pool, PoolPiece run, void *context, int first, int pieces) {
    uint32_t job = atomic_load_explicit(&pool->job, memory_order_relaxed) + 1;
    if (job == 0) job = 1;
    atomic_store_explicit(&pool->run, run, memory_order_relaxed);
    atomic_store_explicit(&pool->context, context, memory_order_relaxed);
    atomic_store_explicit(&pool->first, first, memory_order_relaxed);
    atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
    for (int i = 0; i < pool->threads; i++) {
        uint64_t from = (uint64_t)pieces * (uint64_t)i / (uint64_t)pool->threads;
        uint64_t to = (uint64_t)pieces * (uint64_t)(i + 1) / (uint64_t)pool->threads;
        atomic_store_explicit(&pool->shares[i].word, (uint64_t)job << 32 | to << 16 | from,
                              memory_order_release);
    }
    // Sequentially consistent, as is the look at `sleepers`: a worker about to sleep either sees
    // the new job or is seen.
    atomic_store(&pool->job, job);
    if (atomic_load(&pool->sleepers) > 0) {
        mutex_lock(&pool->mutex);
        cond_broadcast(&pool->wake);
        mutex_unlock(&pool->mutex);
    }
    pool_work(pool, job, 0);
    for (int spin = 0; atomic_load_explicit(&pool->done, memory_order_acquire) != (uint32_t)pieces;
         spin++) {
        if (spin < SPIN_PAUSES)
            SPIN_PAUSE();
        else
            thread_yield();
    }
}

void pool_run(Pool *pool, PoolPiece run, void *context, int pieces) {
    if (pool->threads == 1 || pieces <= 1) {
        for (int i = 0; i < pieces; i++) run(context, i, 0);
        return;
    }
    for (int first = 0; first < pieces; first += JOB_PIECES_MAX)
        pool_run_job(pool, run, context, first,
                     pieces - first < JOB_PIECES_MAX ? pieces - first : JOB_PIECES_MAX);
}

int pool_threads(const Pool *pool) {
    return pool->threads;
}

void pool_close(Pool **handle) {
    Pool *pool = *handle;
    if (!pool) return;
    mutex_lock(&pool->mutex);
    atomic_store(&pool->closing, 1);
    cond_broadcast(&pool->wake);
    mutex_unlock(&pool->mutex);
    for (int i = 1; i < pool->threads; i++) thread_join(&pool->workers[i].thread);
    cond_destroy(&pool->wake);
    mutex_destroy(&pool->mutex);
    free(pool->shares);
    free(pool->workers);
    free(pool);
    *handle = NULL;
}

Status pool_open(int threads, Pool **out) {
    ASSERT(threads >= 1 && threads <= POOL_THREADS_MAX);
    *out = NULL;
    Pool *pool = aligned_alloc(64, sizeof *pool);
    if (!pool) return status_no_memory("the thread pool", sizeof *pool);
    *pool = (Pool){.threads = threads};
    mutex_init(&pool->mutex);
    cond_init(&pool->wake);
    Status status;
    pool->shares = aligned_alloc(64, (size_t)threads * sizeof *pool->shares);
    pool->workers = calloc((size_t)threads, sizeof *pool->workers);
    if (!pool->shares || !pool->workers) {
        status = status_no_memory("the thread pool", (size_t)threads * sizeof *pool->shares);
        goto fail;
    }
    for (int i = 0; i < threads; i++) pool->shares[i] = (Share){0};
    for (int i = 1; i < threads; i++) {
        char name[16];
        snprintf(name, sizeof name, "compute %u", (unsigned)i % 1000u);
        pool->workers[i].pool = pool;
        pool->workers[i].number = i;
        TRY(thread_start(&pool->workers[i].thread, name, worker_main, &pool->workers[i]));
    }
    *out = pool;
    return status_ok();
fail:
    if (!pool->workers) pool->threads = 0;
    pool_close(&pool);
    return status;
}
