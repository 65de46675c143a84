// The weights a network starts with, from a seed. On the host, in plain loops: the same on every
// back end.
#include "nn/model.h"

#include "base/streams.h"

#include <math.h>
#include <string.h>

const char *const init_names[INIT_COUNT] = {
    [INIT_PYTORCH] = "pytorch",
    [INIT_HE] = "he",
    [INIT_XAVIER] = "xavier",
};

// One number of a tensor with fans.
typedef double (*InitDraw)(Rng *rng, const TensorInfo *tensor);

static double init_pytorch(Rng *rng, const TensorInfo *tensor) {
    double bound = 1.0 / sqrt((double)tensor->fan_in);
    return rng_range(rng, -bound, bound);
}

static double init_he(Rng *rng, const TensorInfo *tensor) {
    return tensor->rank == 1 ? 0.0 : sqrt(2.0 / (double)tensor->fan_in) * rng_normal(rng);
}

static double init_xavier(Rng *rng, const TensorInfo *tensor) {
    if (tensor->rank == 1) return 0.0;
    double bound = sqrt(6.0 / (double)(tensor->fan_in + tensor->fan_out));
    return rng_range(rng, -bound, bound);
}

static const InitDraw init_draws[INIT_COUNT] = {
    [INIT_PYTORCH] = init_pytorch,
    [INIT_HE] = init_he,
    [INIT_XAVIER] = init_xavier,
};

void weights_init(const ModelPlan *plan, InitKind kind, uint64_t seed, float *weights) {
    Rng stream = rng_make(seed, STREAM_INIT);
    memset(weights, 0, plan->weight_floats * sizeof *weights);
    for (int i = 0; i < plan->tensor_count; i++) {
        const TensorInfo *tensor = &plan->tensors[i];
        float *w = weights + tensor->offset;
        Rng rng = rng_at(&stream, (uint64_t)i);
        for (size_t k = 0; k < tensor->count; k++)
            w[k] = tensor->fan_in > 0 ? (float)init_draws[kind](&rng, tensor) : tensor->initial;
    }
}
