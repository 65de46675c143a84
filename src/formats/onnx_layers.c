// From the notation that was found in a graph to a model with the graph's numbers.
#include "formats/onnx_parts.h"

#include <stdlib.h>
#include <string.h>

static bool copy_tensor(const GraphTensor *from, const TensorInfo *info, bool turned, float *to) {
    if (!from) return true; // stays as the layer starts
    if (from->count != info->count) return false;
    const float *numbers = from->data;
    if (!turned) {
        memcpy(to, numbers, from->count * sizeof *to);
        return true;
    }
    size_t rows = (size_t)info->dims[0], columns = (size_t)info->dims[1];
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < columns; k++) to[i * columns + k] = numbers[k * rows + i];
    return true;
}

Status onnx_chain_model(const OnnxChain *chain, Shape input, SavedModel **out) {
    Status status;
    SavedModel *model = NULL;
    int source = 0;
    ModelSpec *spec = calloc(1, sizeof *spec);
    *out = NULL;
    if (!spec) return status_no_memory("a network", sizeof *spec);
    spec->input = input;
    spec->normalization = (Normalization){0, 1};
    TRY(spec_parse_layers(chain->layers, spec));
    TRY(saved_model_make(spec, &model));
    for (int i = 0; i < model->spec.layer_count; i++) {
        int first = model->plan.first_tensor[i], count = model->plan.first_tensor[i + 1] - first;
        bool fits = count == 0 || source < chain->source_count;
        for (int t = 0; t < count && fits; t++) {
            const OnnxSource *s = &chain->sources[source];
            const GraphTensor *const tensors[] = {s->weight, s->bias, s->mean, s->var};
            const TensorInfo *info = &model->plan.tensors[first + t];
            fits = t < 4 && copy_tensor(tensors[t], info, t == 0 && s->turned,
                                        model->weights + info->offset);
        }
        if (!fits) TRY(status_error(STATUS_UNSUPPORTED, "its tensors do not fit layer %d", i + 1));
        source += count > 0;
    }
    *out = model;
    model = NULL;
fail:
    saved_model_close(&model);
    free(spec);
    return status;
}
