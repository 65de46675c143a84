// exp() and what is made of it, to about 2 units in the last place, written so that compilers
// vectorise loops over it: no branches, no tables, no calls.
//
// x = n ln 2 + r with |r| <= ln 2 / 2; exp(r) - 1 by its Taylor series to r^7 (the next term is
// below 6e-9 of the result); 2^n in two factors, so that results near either end of the range come
// out right. NaN stays NaN.
#ifndef INKLING_KERNELS_CPU_EXP_H
#define INKLING_KERNELS_CPU_EXP_H

#include <stdint.h>
#include <string.h>

static inline float exp_bits(int32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// exp(x) = (1 + *rest) * *half * *other
static inline void exp_parts(float x, float *rest, float *half, float *other) {
    x = x > 89.0f ? 89.0f : x;
    x = x < -104.0f ? -104.0f : x;
    const float magic =
        12582912.0f; // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
    float shifted = x * 1.44269504f + magic;
    int32_t n;
    memcpy(&n, &shifted, sizeof n);
    n -= 0x4B400000;
    float whole = shifted - magic;
    float r = x - whole * 0.693359375f; // ln 2 in two parts, the first exact in 9 bits
    r = r + whole * 2.12194440e-4f;
    float p = 1.0f / 5040.0f;
    p = p * r + 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    *rest = p * r * r + r;
    int32_t h = n >> 1;
    *half = exp_bits((int32_t)((uint32_t)(h + 127) << 23));
    *other = exp_bits((int32_t)((uint32_t)(n - h + 127) << 23));
}

static inline float exp_fast(float x) {
    float rest, half, other;
    exp_parts(x, &rest, &half, &other);
    return (1.0f + rest) * half * other;
}

static inline float sigmoid_fast(float x) {
    return 1.0f / (1.0f + exp_fast(-x));
}

// (e^2x - 1) / (e^2x + 1), with e^2x - 1 free of cancellation around 0.
static inline float tanh_fast(float x) {
    float rest, half, other;
    float clamped = x > 10.0f ? 10.0f : x;
    exp_parts(2.0f * clamped, &rest, &half, &other);
    float scale = half * other;
    float minus_one = (scale - 1.0f) + scale * rest;
    return minus_one / (minus_one + 2.0f);
}

#endif
