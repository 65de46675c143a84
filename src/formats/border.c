// The arithmetic of border.h.
#include "formats/border.h"

#include "nn/layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BORDER = 2, BORDER_WEIGHT = 0, BORDER_BIAS = 1 };

bool border_fits(const SavedModel *model) {
    const ModelSpec *spec = &model->spec;
    return !model->graph && spec->normalization.mean == 0 && spec->layer_count > 0 &&
           strcmp(spec->layers[0].kind->word, "conv") == 0 &&
           layer_arg(&spec->layers[0], "padding") >= BORDER;
}

// What the mean brings through the weights of an output.
static double border_part(const ModelPlan *plan, Normalization n, const float *weights, size_t o) {
    const TensorInfo *weight = &plan->tensors[BORDER_WEIGHT];
    size_t each = weight->count / plan->tensors[BORDER_BIAS].count;
    double sum = 0;
    for (size_t i = 0; i < each; i++) sum += weights[weight->offset + o * each + i];
    return (double)n.mean / n.std * sum;
}

void border_take(const ModelPlan *plan, Normalization n, const float *weights, const float *given,
                 float *out) {
    for (size_t o = 0; o < plan->tensors[BORDER_BIAS].count; o++)
        out[o] = (float)(given[o] - border_part(plan, n, weights, o));
}

static Normalization border_normalization(const SavedModel *model, float mean) {
    return (Normalization){mean, model->spec.normalization.std};
}

Status border_put(SavedModel *model, float mean) {
    const TensorInfo *bias = &model->plan.tensors[BORDER_BIAS];
    float *ours = model->weights + bias->offset;
    float *given = malloc(bias->count * sizeof *given);
    if (!model->names) model->names = tensor_names_plain(&model->plan);
    if (!given || !model->names) {
        free(given);
        return status_no_memory("a network's border", bias->count * sizeof *given);
    }
    memcpy(given, ours, bias->count * sizeof *given);
    border_take(&model->plan, border_normalization(model, mean), model->weights, given, ours);
    free(model->border_bias);
    model->border_bias = given;
    model->names->border = mean;
    return status_ok();
}

float border_mean(const SavedModel *model) {
    return model->names && border_fits(model) ? model->names->border : 0;
}

Status border_weights(const SavedModel *model, float **out) {
    const ModelPlan *plan = &model->plan;
    float mean = border_mean(model);
    *out = NULL;
    if (mean == 0) return status_ok();
    const TensorInfo *bias = &plan->tensors[BORDER_BIAS];
    Normalization n = border_normalization(model, mean);
    float *all = malloc(plan->weight_floats * sizeof *all);
    if (!all) return status_no_memory("a network", plan->weight_floats * sizeof *all);
    memcpy(all, model->weights, plan->weight_floats * sizeof *all);
    float *to = all + bias->offset;
    const float *ours = model->weights + bias->offset, *given = model->border_bias;
    // What the file had is still it when it comes to the same.
    if (given) border_take(plan, n, model->weights, given, to);
    bool same = given && memcmp(to, ours, bias->count * sizeof *to) == 0;
    for (size_t o = 0; o < bias->count; o++)
        to[o] = same ? given[o] : (float)(ours[o] + border_part(plan, n, model->weights, o));
    *out = all;
    return status_ok();
}
