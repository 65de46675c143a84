// Threads that carry out the pieces of one job at a time. The caller works too; between jobs the
// others spin for a moment (a training step is many short jobs), then sleep, so that an idle
// program uses no CPU.
//
// A job's pieces may run in any order on any thread: results must not depend on which. Neither a
// lock nor an allocation is on the way of a job, except to wake threads that sleep.
#ifndef INKLING_COMPUTE_POOL_H
#define INKLING_COMPUTE_POOL_H

#include "base/status.h"

typedef struct Pool Pool;

enum { POOL_THREADS_MAX = 256 };

// `worker` (0 .. threads - 1) tells which thread's private memory the piece may use.
typedef void (*PoolPiece)(void *context, int piece, int worker);

// `threads` in all, the caller's among them.
Status pool_open(int threads, Pool **out);
void pool_close(Pool **pool);
int pool_threads(const Pool *pool);

// Runs pieces 0 .. pieces - 1 and returns when all are done. Neighbouring pieces tend to go to the
// same thread, the same ones in every job of as many pieces. One caller at a time.
void pool_run(Pool *pool, PoolPiece run, void *context, int pieces);

#endif
