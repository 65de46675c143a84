// The parts of rng.h that are too long to inline.
#include "base/rng.h"
#include "base/check.h"

#include <math.h>

double rng_normal(Rng *rng) {
    double u = 1.0 - rng_uniform(rng); // (0, 1]: the logarithm stays finite
    double v = rng_uniform(rng);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

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
