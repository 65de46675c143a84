// Element-wise loops: plain C that the compiler vectorises for each instruction set. Results are
// the same bits on each, and the oracle's, wherever the formula has no exp in it.
#include "kernels/cpu/exp.h"
#include "kernels/cpu/fill.h"

#include <math.h>

static void prefetch(const void *memory, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch((const char *)memory + i);
}

static void gather(const uint8_t *bytes, size_t count, float mean, float std, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = ((float)bytes[i] / 255.0f - mean) / std;
}

// ---- activations ------------------------------------------------------------------------------

void KERNEL(activate)(Activation kind, float parameter, size_t count, const float *x, float *y) {
    if (kind == ACTIVATION_RELU)
        for (size_t i = 0; i < count; i++) y[i] = x[i] <= 0.0f ? 0.0f : x[i];
    else if (kind == ACTIVATION_LEAKY_RELU)
        for (size_t i = 0; i < count; i++) y[i] = x[i] > 0.0f ? x[i] : parameter * x[i];
    else if (kind == ACTIVATION_SIGMOID)
        for (size_t i = 0; i < count; i++) y[i] = sigmoid_fast(x[i]);
    else if (kind == ACTIVATION_TANH)
        for (size_t i = 0; i < count; i++) y[i] = tanh_fast(x[i]);
    else if (y != x)
        memcpy(y, x, count * sizeof *y);
}

static void activate_gradient(Activation kind, float parameter, size_t count, const float *y,
                              const float *dy, float *dx) {
    if (kind == ACTIVATION_RELU)
        for (size_t i = 0; i < count; i++) dx[i] = y[i] <= 0.0f ? 0.0f : dy[i];
    else if (kind == ACTIVATION_LEAKY_RELU)
        for (size_t i = 0; i < count; i++) dx[i] = y[i] > 0.0f ? dy[i] : parameter * dy[i];
    else if (kind == ACTIVATION_SIGMOID)
        for (size_t i = 0; i < count; i++) dx[i] = dy[i] * y[i] * (1.0f - y[i]);
    else if (kind == ACTIVATION_TANH)
        for (size_t i = 0; i < count; i++) dx[i] = dy[i] * (1.0f - y[i] * y[i]);
    else if (dx != dy)
        memcpy(dx, dy, count * sizeof *dx);
}

static void dropout(float p, uint64_t key, size_t first, size_t count, const float *in,
                    float *out) {
    uint32_t threshold = backend_keep_threshold(p);
    float scale = 1.0f / (1.0f - p);
    uint32_t start = (uint32_t)first;
    // In blocks, so that the index fits the 32 bits of a lane.
    for (size_t done = 0; done < count;) {
        uint32_t part = count - done < 4096 ? (uint32_t)(count - done) : 4096;
        for (uint32_t i = 0; i < part; i++) {
            float value = in[done + i] * scale;
            out[done + i] = backend_keep(key, start + i, threshold) ? value : 0.0f;
        }
        done += part;
        start += part;
    }
}

// ---- update rules -----------------------------------------------------------------------------
// One loop for each rule and each number of state slots: those that the options do not use are not
// there (NULL).

typedef float (*UpdateRule)(float w, float g, float s[OPTIMIZER_SLOTS_MAX],
                            const OptimizerStep *step);

static inline __attribute__((always_inline)) void
update_loop(UpdateRule rule, const int use0, const int use1, const int use2,
            const OptimizerStep *step, size_t count, float *restrict param,
            const float *restrict grad, float *const state[OPTIMIZER_SLOTS_MAX]) {
    float *restrict s0 = use0 ? state[0] : NULL;
    float *restrict s1 = use1 ? state[1] : NULL;
    float *restrict s2 = use2 ? state[2] : NULL;
    const OptimizerStep local = *step;
    for (size_t i = 0; i < count; i++) {
        float s[OPTIMIZER_SLOTS_MAX] = {use0 ? s0[i] : 0.0f, use1 ? s1[i] : 0.0f,
                                        use2 ? s2[i] : 0.0f};
        param[i] = rule(param[i], grad[i], s, &local);
        if (use0) s0[i] = s[0];
        if (use1) s1[i] = s[1];
        if (use2) s2[i] = s[2];
    }
}

#define UPDATE_FUNCTION(id, fn, name, label, slots, mask, ...)                                     \
    static void update_##id(const OptimizerStep *step, size_t count, float *param,                 \
                            const float *grad, float *const state[OPTIMIZER_SLOTS_MAX]) {          \
        const int used = optimizer_state_slots(state);                                             \
        if (used == 0)                                                                             \
            update_loop(fn##_update, 0, 0, 0, step, count, param, grad, state);                    \
        else if (used == 1)                                                                        \
            update_loop(fn##_update, 1, 0, 0, step, count, param, grad, state);                    \
        else if (used == 2)                                                                        \
            update_loop(fn##_update, 1, 1, 0, step, count, param, grad, state);                    \
        else                                                                                       \
            update_loop(fn##_update, 1, 1, 1, step, count, param, grad, state);                    \
    }
OPTIMIZER_LIST(UPDATE_FUNCTION)

static void update(OptimizerKind kind, const OptimizerStep *step, size_t count, float *param,
                   const float *grad, float *const state[OPTIMIZER_SLOTS_MAX]) {
    static void (*const rules[OPTIMIZER_COUNT])(const OptimizerStep *, size_t, float *,
                                                const float *, float *const *) = {
#define UPDATE_ROW(id, ...) [OPTIMIZER_##id] = update_##id,
        OPTIMIZER_LIST(UPDATE_ROW)};
    rules[kind](step, count, param, grad, state);
}

// ---- sums -------------------------------------------------------------------------------------

static double sum_squares(size_t count, const float *x) {
    double sums[16] = {0};
    size_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (size_t j = 0; j < 16; j++) sums[j] += (double)x[i + j] * (double)x[i + j];
    for (int j = 0; i < count; i++, j++) sums[j] += (double)x[i] * (double)x[i];
    double sum = 0.0;
    for (int j = 0; j < 16; j++) sum += sums[j];
    return sum;
}

static void scale(size_t count, float factor, float *x) {
    for (size_t i = 0; i < count; i++) x[i] *= factor;
}

void KERNEL(fill_elements)(CpuKernels *k) {
    k->prefetch = prefetch;
    k->gather = gather;
    k->activate = KERNEL(activate);
    k->activate_gradient = activate_gradient;
    k->dropout = dropout;
    k->update = update;
    k->sum_squares = sum_squares;
    k->scale = scale;
}
