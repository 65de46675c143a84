// From layers to a graph of ONNX operators, under the names that PyTorch would give them. The input
// is the normalized picture, as in what PyTorch exports; how to normalize is in the metadata.
// Dropout does nothing in an answer and is left out; the metadata has it.
#include "formats/layer_node.h"
#include "formats/onnx_parts.h"

#include "nn/layer.h"

#include <stdio.h>
#include <string.h>

enum { EXPORT_OPSET = 13, EXPORT_SPARE = 1024 * 1024 };

typedef struct Export {
    const SavedModel *model;
    Graph *graph;
    int layer; // the one being written
    int value; // what the layers before it gave
} Export;

static Status export_tensor(Export *e, const TensorInfo *info, int *value) {
    GraphTensor tensor = {.type = GRAPH_F32, .rank = info->rank, .count = info->count};
    for (int d = 0; d < info->rank; d++) tensor.dims[d] = (size_t)info->dims[d];
    tensor.data = e->model->weights + info->offset;
    Status status = graph_add_constant(e->graph, info->name, &tensor);
    *value = graph_value(e->graph, info->name);
    return status;
}

static Status export_node(Export *e, bool last) {
    Status status;
    const ModelPlan *plan = &e->model->plan;
    const LayerSpec *layer = &e->model->spec.layers[e->layer];
    const char *word = layer->kind->word;
    int inputs[1 + 4], first = plan->first_tensor[e->layer];
    int tensors = plan->first_tensor[e->layer + 1] - first;
    char name[64], output[64];
    snprintf(name, sizeof name, "%s_%d", word, e->layer + 1);
    snprintf(output, sizeof output, "%s_%d_out", word, e->layer + 1);
    inputs[0] = e->value;
    for (int t = 0; t < tensors; t++)
        TRY(export_tensor(e, &plan->tensors[first + t], &inputs[1 + t]));
    TRY(layer_node_add(e->graph, layer, name, inputs, 1 + tensors, last ? "logits" : output,
                       &e->value));
fail:
    return status;
}

Status onnx_export_graph(const SavedModel *model, Graph **graph, GraphTensor *output) {
    Status status;
    const ModelSpec *spec = &model->spec;
    Export e = {.model = model};
    Shape in = spec->input;
    GraphTensor input = {.type = GRAPH_F32, .rank = in.flat ? 2 : 4};
    int last = spec->layer_count - 1;
    TRY(graph_open(EXPORT_OPSET, EXPORT_SPARE, &e.graph));
    input.dims[1] = (size_t)in.c;
    input.dims[2] = in.flat ? 0 : (size_t)in.h;
    input.dims[3] = in.flat ? 0 : (size_t)in.w;
    TRY(graph_add_input(e.graph, "input", &input, true));
    e.value = graph_input(e.graph, 0);
    while (last > 0 && spec->layers[last].kind == layer_find("dropout")) last--;
    for (e.layer = 0; e.layer <= last; e.layer++) {
        const LayerKind *kind = spec->layers[e.layer].kind;
        if (!layer_node_is_known(kind))
            TRY(status_error(STATUS_UNSUPPORTED, "layer %d (%s) cannot be written as ONNX",
                             e.layer + 1, kind->word));
        if (layer_node_op(kind)) TRY(export_node(&e, e.layer == last));
    }
    TRY(graph_add_output(e.graph, graph_value_at(e.graph, e.value)->name));
    *output = (GraphTensor){.type = GRAPH_F32, .rank = 2, .dims = {0, (size_t)model->plan.classes}};
    *graph = e.graph;
    e.graph = NULL;
fail:
    graph_close(&e.graph);
    return status;
}
