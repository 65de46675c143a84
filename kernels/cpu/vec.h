// Short vectors of floats, as wide as the instruction set that this file is being compiled for.
// Not a general library: only what the kernels here need. LANES floats make one V.
//
// Arithmetic on V is written with plain operators (GNU vector extension); what has no operator is a
// v_ function below, one version for each instruction set.
#ifndef INKLING_KERNELS_CPU_VEC_H
#define INKLING_KERNELS_CPU_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define KERNEL(name) name##_avx512
enum { LANES = 16 };
#elif defined(__AVX2__)
#define KERNEL(name) name##_avx2
enum { LANES = 8 };
#else
#define KERNEL(name) name##_baseline
enum { LANES = 4 };
#endif

typedef float V __attribute__((vector_size(4 * LANES)));
typedef float VUnaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

static inline V v_load(const float *p) {
    return *(const VUnaligned *)p;
}

static inline void v_store(float *p, V v) {
    *(VUnaligned *)p = v;
}

static inline V v_zero(void) {
    return (V){0};
}

// ---- AVX-512 ----------------------------------------------------------------------------------
#if defined(__AVX512F__)

static inline V v_set1(float x) {
    return (V)_mm512_set1_ps(x);
}

static inline V v_fma(V a, V b, V c) {
    return (V)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}

static inline float v_sum(V v) {
    return _mm512_reduce_add_ps((__m512)v);
}

// The first `count` (0 .. LANES) floats, zeros behind; nothing else is read or written.
static inline V v_load_part(const float *p, int count) {
    return (V)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1u), p);
}

static inline void v_store_part(float *p, V v, int count) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1u), (__m512)v);
}

// Which lanes: of a comparison, for v_select.
typedef __mmask16 VMask;

// The floats at even and at odd places of a and b behind it; and back: interleaved, by halves.
static inline V v_even(V a, V b) {
    const __m512i at = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return (V)_mm512_permutex2var_ps((__m512)a, at, (__m512)b);
}

static inline V v_odd(V a, V b) {
    const __m512i at = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return (V)_mm512_permutex2var_ps((__m512)a, at, (__m512)b);
}

static inline V v_interleave_low(V a, V b) {
    const __m512i at = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    return (V)_mm512_permutex2var_ps((__m512)a, at, (__m512)b);
}

static inline V v_interleave_high(V a, V b) {
    const __m512i at =
        _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    return (V)_mm512_permutex2var_ps((__m512)a, at, (__m512)b);
}

// b takes the place of a: it is larger, or the first NaN.
static inline VMask v_beats(V b, V a) {
    return _mm512_cmp_ps_mask((__m512)b, (__m512)a, _CMP_NLE_UQ) &
           _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_ORD_Q);
}

static inline V v_select(VMask mask, V yes, V no) {
    return (V)_mm512_mask_blend_ps(mask, (__m512)no, (__m512)yes);
}

// Small numbers as bytes, and which lanes hold byte `value`. `count` of them.
static inline void v_store_bytes(uint8_t *p, V small, int count) {
    _mm_mask_storeu_epi8(p, (__mmask16)((1u << count) - 1u),
                         _mm512_cvtepi32_epi8(_mm512_cvttps_epi32((__m512)small)));
}

static inline VMask v_bytes_equal(const uint8_t *p, int count, int value) {
    __mmask16 part = (__mmask16)((1u << count) - 1u);
    return (VMask)_mm_mask_cmpeq_epi8_mask(part, _mm_maskz_loadu_epi8(part, p),
                                           _mm_set1_epi8((char)value));
}

// 0 for what is not above 0, but NaN stays NaN (max gives its second operand then).
static inline V v_relu(V v) {
    return (V)_mm512_max_ps(_mm512_setzero_ps(), (__m512)v);
}

// Rows become columns.
static inline void v_transpose(V r[LANES]) {
    __m512 a[16], b[16];
    for (int i = 0; i < 16; i += 2) {
        a[i] = _mm512_unpacklo_ps((__m512)r[i], (__m512)r[i + 1]);
        a[i + 1] = _mm512_unpackhi_ps((__m512)r[i], (__m512)r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        for (int j = 0; j < 2; j++) {
            __m512d low = _mm512_castps_pd(a[i + j]), high = _mm512_castps_pd(a[i + j + 2]);
            b[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
            b[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
        }
    }
    for (int i = 0; i < 4; i++) {
        a[i] = _mm512_shuffle_f32x4(b[i], b[i + 4], 0x88);
        a[i + 4] = _mm512_shuffle_f32x4(b[i], b[i + 4], 0xDD);
        a[i + 8] = _mm512_shuffle_f32x4(b[i + 8], b[i + 12], 0x88);
        a[i + 12] = _mm512_shuffle_f32x4(b[i + 8], b[i + 12], 0xDD);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = (V)_mm512_shuffle_f32x4(a[i], a[i + 8], 0x88);
        r[i + 4] = (V)_mm512_shuffle_f32x4(a[i + 4], a[i + 12], 0x88);
        r[i + 8] = (V)_mm512_shuffle_f32x4(a[i], a[i + 8], 0xDD);
        r[i + 12] = (V)_mm512_shuffle_f32x4(a[i + 4], a[i + 12], 0xDD);
    }
}

// ---- AVX2 with FMA ----------------------------------------------------------------------------
#elif defined(__AVX2__)

static inline V v_set1(float x) {
    return (V)_mm256_set1_ps(x);
}

static inline V v_fma(V a, V b, V c) {
    return (V)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}

static inline float v_sum(V v) {
    __m128 half =
        _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_shuffle_ps(half, half, 1)));
}

static inline __m256i v_part_mask(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline V v_load_part(const float *p, int count) {
    return (V)_mm256_maskload_ps(p, v_part_mask(count));
}

static inline void v_store_part(float *p, V v, int count) {
    _mm256_maskstore_ps(p, v_part_mask(count), (__m256)v);
}

typedef __m256 VMask;

static inline V v_even(V a, V b) {
    __m256d mixed = (__m256d)_mm256_shuffle_ps((__m256)a, (__m256)b, 0x88);
    return (V)_mm256_permute4x64_pd(mixed, 0xD8);
}

static inline V v_odd(V a, V b) {
    __m256d mixed = (__m256d)_mm256_shuffle_ps((__m256)a, (__m256)b, 0xDD);
    return (V)_mm256_permute4x64_pd(mixed, 0xD8);
}

static inline V v_interleave_low(V a, V b) {
    return (V)_mm256_permute2f128_ps(_mm256_unpacklo_ps((__m256)a, (__m256)b),
                                     _mm256_unpackhi_ps((__m256)a, (__m256)b), 0x20);
}

static inline V v_interleave_high(V a, V b) {
    return (V)_mm256_permute2f128_ps(_mm256_unpacklo_ps((__m256)a, (__m256)b),
                                     _mm256_unpackhi_ps((__m256)a, (__m256)b), 0x31);
}

static inline VMask v_beats(V b, V a) {
    return _mm256_and_ps(_mm256_cmp_ps((__m256)b, (__m256)a, _CMP_NLE_UQ),
                         _mm256_cmp_ps((__m256)a, (__m256)a, _CMP_ORD_Q));
}

static inline V v_select(VMask mask, V yes, V no) {
    return (V)_mm256_blendv_ps((__m256)no, (__m256)yes, mask);
}

static inline void v_store_bytes(uint8_t *p, V small, int count) {
    __m256i words = _mm256_cvttps_epi32((__m256)small);
    __m128i halves =
        _mm_packs_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    int64_t bytes = _mm_cvtsi128_si64(_mm_packus_epi16(halves, halves));
    memcpy(p, &bytes, (size_t)count);
}

static inline VMask v_bytes_equal(const uint8_t *p, int count, int value) {
    int64_t bytes = 0;
    memcpy(&bytes, p, (size_t)count);
    __m256i words = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(bytes));
    return (VMask)_mm256_cmpeq_epi32(words, _mm256_set1_epi32(value));
}

static inline V v_relu(V v) {
    return (V)_mm256_max_ps(_mm256_setzero_ps(), (__m256)v);
}

static inline void v_transpose(V r[LANES]) {
    __m256 a[8], b[8];
    for (int i = 0; i < 8; i += 2) {
        a[i] = _mm256_unpacklo_ps((__m256)r[i], (__m256)r[i + 1]);
        a[i + 1] = _mm256_unpackhi_ps((__m256)r[i], (__m256)r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        for (int j = 0; j < 2; j++) {
            b[i + 2 * j] = _mm256_shuffle_ps(a[i + j], a[i + j + 2], 0x44);
            b[i + 2 * j + 1] = _mm256_shuffle_ps(a[i + j], a[i + j + 2], 0xEE);
        }
    }
    for (int i = 0; i < 4; i++) {
        r[i] = (V)_mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
        r[i + 4] = (V)_mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
    }
}

// ---- any other: 4 lanes, for the compiler to make of what it can ------------------------------
#else

static inline V v_set1(float x) {
    return (V){x, x, x, x};
}

static inline V v_fma(V a, V b, V c) {
    return a * b + c;
}

static inline float v_sum(V v) {
    return (v[0] + v[2]) + (v[1] + v[3]);
}

static inline V v_load_part(const float *p, int count) {
    V v = {0};
    for (int i = 0; i < count; i++) v[i] = p[i];
    return v;
}

static inline void v_store_part(float *p, V v, int count) {
    for (int i = 0; i < count; i++) p[i] = v[i];
}

typedef int32_t VMask __attribute__((vector_size(4 * LANES)));

static inline V v_even(V a, V b) {
    return (V){a[0], a[2], b[0], b[2]};
}

static inline V v_odd(V a, V b) {
    return (V){a[1], a[3], b[1], b[3]};
}

static inline V v_interleave_low(V a, V b) {
    return (V){a[0], b[0], a[1], b[1]};
}

static inline V v_interleave_high(V a, V b) {
    return (V){a[2], b[2], a[3], b[3]};
}

static inline VMask v_is_number(V a) {
    V same = a; // NaN is not the same
    return a == same;
}

static inline VMask v_beats(V b, V a) {
    return (b > a) | (~v_is_number(b) & v_is_number(a));
}

static inline V v_select(VMask mask, V yes, V no) {
    return (V)((mask & (VMask)yes) | (~mask & (VMask)no));
}

static inline void v_store_bytes(uint8_t *p, V small, int count) {
    for (int i = 0; i < count; i++) p[i] = (uint8_t)small[i];
}

static inline VMask v_bytes_equal(const uint8_t *p, int count, int value) {
    VMask mask = {0};
    for (int i = 0; i < count; i++) mask[i] = p[i] == value ? -1 : 0;
    return mask;
}

static inline V v_relu(V v) {
    for (int i = 0; i < LANES; i++) v[i] = v[i] <= 0.0f ? 0.0f : v[i];
    return v;
}

static inline void v_transpose(V r[LANES]) {
    V a = {r[0][0], r[1][0], r[2][0], r[3][0]}, b = {r[0][1], r[1][1], r[2][1], r[3][1]};
    V c = {r[0][2], r[1][2], r[2][2], r[3][2]}, d = {r[0][3], r[1][3], r[2][3], r[3][3]};
    r[0] = a, r[1] = b, r[2] = c, r[3] = d;
}

#endif

#endif
