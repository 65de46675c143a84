// Random numbers that can be computed anywhere, in any order: number i of stream (seed, purpose) is
// a function of those three, so a result never depends on the number of threads, and a run can be
// resumed from its position alone. Not for cryptography.
//
// Source: the mixing function is SplitMix64's (Steele, Lea, Flood 2014, "Fast Splittable
// Pseudorandom Number Generators"); rng_hash32 is the two-multiply 32-bit mixer found by
// C. Wellons' search ("lowbias32"), for inner loops that must vectorise.
#ifndef INKLING_BASE_RNG_H
#define INKLING_BASE_RNG_H

#include "base/device_fn.h"

#include <math.h>
#include <stdint.h>

// A position in one stream. Plain value: copy it to fork, save it to resume.
typedef struct Rng {
    uint64_t key;
    uint64_t counter;
} Rng;

DEVICE_FN uint64_t rng_mix64(uint64_t x) {
    x ^= x >> 30;
    x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 27;
    x *= 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

// The 32-bit mixer, for hash-per-element uses such as a dropout mask.
DEVICE_FN uint32_t rng_hash32(uint32_t x) {
    x ^= x >> 16;
    x *= 0x7FEB352Du;
    x ^= x >> 15;
    x *= 0x846CA68Bu;
    return x ^ (x >> 16);
}

// A stream for one purpose: `stream` keeps init, shuffling, dropout ... apart for the same seed.
DEVICE_FN Rng rng_make(uint64_t seed, uint64_t stream) {
    Rng rng;
    rng.key = rng_mix64(seed + 0x9E3779B97F4A7C15u * (stream + 1));
    rng.counter = 0;
    return rng;
}

DEVICE_FN uint64_t rng_next(Rng *rng) {
    rng->counter++;
    return rng_mix64(rng->key + rng->counter * 0x9E3779B97F4A7C15u);
}

// Uniform in [0, 1), 53 bits.
DEVICE_FN double rng_uniform(Rng *rng) {
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

// Uniform in [low, high).
DEVICE_FN double rng_range(Rng *rng, double low, double high) {
    return low + (high - low) * rng_uniform(rng);
}

// Standard normal (Box-Muller): two numbers of the stream.
DEVICE_FN double rng_normal(Rng *rng) {
    double u = 1.0 - rng_uniform(rng); // (0, 1]: the logarithm stays finite
    double v = rng_uniform(rng);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

// Uniform in 0 .. n-1 without bias (Lemire's rejection); n > 0.
uint32_t rng_below(Rng *rng, uint32_t n);

// The permutation of 0 .. n-1 by Fisher-Yates.
void rng_permutation(Rng *rng, uint32_t *out, uint32_t n);

#endif
