// Which training images are trained on and which are held out to judge by (early stopping, choice
// of settings): by a permutation that depends on the seed alone. The test set has no part in this.
#ifndef INKLING_DATASET_SPLIT_H
#define INKLING_DATASET_SPLIT_H

#include "base/status.h"

#include <stdint.h>

// Two lists of indices into the training set, each ascending. Owned: split_close.
typedef struct Split {
    uint32_t train_n, held_n;
    uint32_t *train, *held;
} Split;

// Of images 0 .. n-1: `limit` (0: all) keeps the first `limit` of the file; of those, `held_n` are
// held out, the first ones of the permutation of (seed). STATUS_USAGE when nothing would be left to
// train on. With held_n 0, `train` is 0 .. n-1.
Status split_open(Split *out, uint32_t n, uint32_t limit, uint32_t held_n, uint64_t seed);
void split_close(Split *split);

#endif
