// The held-out part of the training set.
#include "dataset/split.h"
#include "base/streams.h"
#include "base/tr.h"

#include <stdlib.h>
#include <string.h>

Status split_open(Split *out, uint32_t n, uint32_t limit, uint32_t held_n, uint64_t seed) {
    Status status = status_ok();
    uint32_t *permutation = NULL;
    bool *is_held = NULL;
    memset(out, 0, sizeof *out);
    uint32_t used = limit > 0 && limit < n ? limit : n;
    if (held_n >= used) {
        return status_error(STATUS_USAGE,
                            TR("%u images held out of %u leave none to train on: hold out fewer"),
                            held_n, used);
    }
    out->train = malloc(used * sizeof *out->train);
    out->held = malloc((held_n > 0 ? held_n : 1) * sizeof *out->held);
    permutation = malloc(used * sizeof *permutation);
    is_held = calloc(used, sizeof *is_held);
    if (!out->train || !out->held || !permutation || !is_held) {
        TRY(status_no_memory("the list of training images", used * sizeof *permutation));
    }
    Rng rng = rng_make(seed, STREAM_SPLIT);
    rng_permutation(&rng, permutation, used);
    for (uint32_t i = 0; i < held_n; i++) is_held[permutation[i]] = true;
    for (uint32_t i = 0; i < used; i++) {
        if (is_held[i]) {
            out->held[out->held_n++] = i;
        } else {
            out->train[out->train_n++] = i;
        }
    }
    free(permutation);
    free(is_held);
    return status;
fail:
    free(permutation);
    free(is_held);
    split_close(out);
    return status;
}

void split_close(Split *split) {
    free(split->train);
    free(split->held);
    memset(split, 0, sizeof *split);
}
