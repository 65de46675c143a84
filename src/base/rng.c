// The parts of rng.h that are too long to inline.
#include "base/rng.h"
#include "base/check.h"

uint32_t rng_below(Rng *rng, uint32_t n) {
    ASSERT(n > 0);
    uint32_t floor = (uint32_t)(-n) % n; // 2^32 mod n: products below it would be biased
    for (;;) {
        uint64_t product = (rng_next(rng) >> 32) * n;
        if ((uint32_t)product >= floor) return (uint32_t)(product >> 32);
    }
}

void rng_permutation(Rng *rng, uint32_t *out, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) out[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = rng_below(rng, i);
        uint32_t swap = out[i - 1];
        out[i - 1] = out[j];
        out[j] = swap;
    }
}
