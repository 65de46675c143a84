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

// Exporters number what has no name in the class that they export: "onnx::Conv_23", "17",
// "/fc/Transpose_output_0".
static bool is_given_name(const char *name) {
    bool letter = (name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z') ||
                  (unsigned char)name[0] >= 0x80 || name[0] == '_';
    bool number = name[0] >= '0' && name[0] <= '9' && name[strspn(name, "0123456789")] == '.';
    return (letter || number) && strncmp(name, "onnx::", 6) != 0;
}

// In the order of the graph's values, which is that of the file.
static Status name_tensors(const Graph *graph, const GraphTensor *const *from, SavedModel *model) {
    int kept = 0;
    TensorName item = {.name = ""};
    TensorNames *names = tensor_names_open();
    if (!names) return status_no_memory("the names of its tensors", 0);
    for (int v = 0; v < graph_value_count(graph); v++) {
        const GraphValue *value = graph_value_at(graph, v);
        if (!value->is_constant || !is_given_name(value->name) ||
            !text_copy(item.name, sizeof item.name, value->name))
            continue;
        // Where two layers share a tensor the second one gets a name of its own.
        for (item.tensor = 0; item.tensor < model->plan.tensor_count; item.tensor++)
            if (from[item.tensor] == &value->tensor) {
                kept += tensor_names_add(names, &item);
                break;
            }
    }
    model->names = names;
    if (kept == 0) names->count = 0;
    tensor_names_settle(&model->names, &model->plan);
    return status_ok();
}

Status onnx_chain_model(const Graph *graph, const OnnxChain *chain, Shape input, SavedModel **out) {
    Status status;
    SavedModel *model = NULL;
    const GraphTensor *from[SPEC_TENSORS_MAX];
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
            from[first + t] = t < 4 ? tensors[t] : NULL;
            fits = t < 4 && copy_tensor(tensors[t], info, t == 0 && s->turned,
                                        model->weights + info->offset);
        }
        if (!fits) TRY(status_error(STATUS_UNSUPPORTED, "its tensors do not fit layer %d", i + 1));
        source += count > 0;
    }
    TRY(name_tensors(graph, from, model));
    *out = model;
    model = NULL;
fail:
    saved_model_close(&model);
    free(spec);
    return status;
}
