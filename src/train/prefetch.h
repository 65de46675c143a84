// Augmented batches made ahead on threads of their own, so that training does not wait for them.
// What a batch holds is a function of (seed, epoch, images) alone (dataset/batch.h): it does not
// depend on the threads, nor on how far ahead they are. One thread asks and takes.
#ifndef INKLING_TRAIN_PREFETCH_H
#define INKLING_TRAIN_PREFETCH_H

#include "dataset/batch.h"

typedef struct Prefetch Prefetch;

enum { PREFETCH_AHEAD = 6 }; // batches in the making or waiting

// `set` must outlive it. `workers`: at least 1; batches hold at most `batch` images.
Status prefetch_open(const ImageSet *set, uint64_t seed, int workers, uint32_t batch,
                     Prefetch **out);
void prefetch_close(Prefetch **prefetch);

// Asks for batch `number`: images order[0 .. n-1] (copied) as epoch `epoch` varies them. Returns at
// once; nothing happens when it has been asked for already or PREFETCH_AHEAD wait.
void prefetch_ask(Prefetch *prefetch, uint64_t number, const uint32_t *order, uint32_t n,
                  uint32_t epoch, const AugmentConfig *config);
// Waits for batch `number`, which must have been asked for. Its pixels and labels stay as they are
// until prefetch_give_back.
void prefetch_take(Prefetch *prefetch, uint64_t number, const uint8_t **pixels,
                   const uint8_t **labels);
void prefetch_give_back(Prefetch *prefetch, uint64_t number);
// Forgets everything that was asked for: the settings or the place have changed.
void prefetch_forget(Prefetch *prefetch);

#endif
