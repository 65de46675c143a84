// From layers to a graph of ONNX operators. Tensors have the names that they came with
// (tensor_names.h), or those that PyTorch would give them. A bias that no file has given is left
// out. The input
// is the normalized picture, as in what PyTorch exports; how to normalize is in the metadata.
// Dropout does nothing in an answer and is left out; the metadata has it.
#include "formats/border.h"
#include "formats/layer_node.h"
#include "formats/onnx_parts.h"

#include "nn/layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXPORT_OPSET = 13, EXPORT_SPARE = 1024 * 1024 };

typedef struct Export {
    const SavedModel *model;
    float *weights;
    TensorNames *keys, *needed; // of all tensors, and of those that say something
    Graph *graph;
    int layer; // the one being written
    int value; // what the layers before it gave
} Export;

static Status export_tensor(Export *e, int index, int *value) {
    const TensorInfo *info = &e->model->plan.tensors[index];
    const char *name = tensor_names_of(e->keys, index, false)->name;
    GraphTensor tensor = {.type = GRAPH_F32, .rank = info->rank, .count = info->count};
    for (int d = 0; d < info->rank; d++) tensor.dims[d] = (size_t)info->dims[d];
    tensor.data = e->weights + info->offset;
    Status status = graph_add_constant(e->graph, name, &tensor);
    *value = graph_value(e->graph, name);
    return status;
}

// A name for a value between two layers, which no tensor has.
static const char *export_name(const Export *e, char out[64]) {
    for (int i = 0; i < e->keys->count; i++) {
        size_t size = strlen(out);
        if (strcmp(e->keys->items[i].name, out) != 0 || size > 62) continue;
        memcpy(out + size, "_", 2);
        i = -1; // that one may be taken as well
    }
    return out;
}

// Paper around the pictures, of the first convolution's padding, which then has none of its own.
static Status export_border(Export *e, LayerSpec *layer) {
    Status status;
    GraphNode *node;
    int pad = (int)layer_arg(layer, "padding");
    char names[3][64] = {"border_pads", "border_paper", "border_out"};
    int64_t *pads = graph_alloc(e->graph, 8 * sizeof *pads);
    float *paper = graph_alloc(e->graph, sizeof *paper);
    GraphTensor tensors[2] = {{.type = GRAPH_I64, .rank = 1, .dims = {8}, .count = 8, .data = pads},
                              {.type = GRAPH_F32, .count = 1, .data = paper}};
    if (!pads || !paper) return status_no_memory("a network's border", 0);
    pads[2] = pads[3] = pads[6] = pads[7] = pad;
    *paper = -border_mean(e->model) / e->model->spec.normalization.std;
    TRY(graph_add_node(e->graph, "Pad", "border", 3, 1, 0, &node));
    node->inputs[0] = e->value;
    for (int i = 0; i < 2; i++) {
        TRY(graph_add_constant(e->graph, export_name(e, names[i]), &tensors[i]));
        node->inputs[1 + i] = graph_value(e->graph, names[i]);
    }
    e->value = node->outputs[0] = graph_value(e->graph, export_name(e, names[2]));
    if (e->value < 0) TRY(status_no_memory("the network's values", 0));
    TRY(graph_check_node(e->graph, node));
    layer_set_arg(layer, "padding", 0);
fail:
    return status;
}

static Status export_node(Export *e, bool last) {
    Status status;
    const ModelPlan *plan = &e->model->plan;
    LayerSpec layer = e->model->spec.layers[e->layer];
    const char *word = layer.kind->word;
    int inputs[1 + 4], first = plan->first_tensor[e->layer];
    int tensors = plan->first_tensor[e->layer + 1] - first;
    char name[64], output[64] = "logits";
    snprintf(name, sizeof name, "%s_%d", word, e->layer + 1);
    if (!last) snprintf(output, sizeof output, "%s_%d_out", word, e->layer + 1);
    if (e->layer == 0 && border_mean(e->model) != 0) TRY(export_border(e, &layer));
    inputs[0] = e->value;
    // Weight and bias: then the operator can do without the latter.
    if (tensors == 2 && !tensor_names_of(e->needed, first + 1, false)) tensors = 1;
    for (int t = 0; t < tensors; t++) TRY(export_tensor(e, first + t, &inputs[1 + t]));
    TRY(layer_node_add(e->graph, &layer, name, inputs, 1 + tensors, export_name(e, output),
                       &e->value));
fail:
    return status;
}

Status onnx_export_graph(const SavedModel *model, float *weights, Graph **graph,
                         GraphTensor *output) {
    Status status;
    const ModelSpec *spec = &model->spec;
    Export e = {.model = model, .weights = weights};
    Shape in = spec->input;
    GraphTensor input = {.type = GRAPH_F32, .rank = in.flat ? 2 : 4};
    int last = spec->layer_count - 1;
    char name[64] = "input";
    const ModelPlan *plan = &model->plan;
    TRY(tensor_names_written(model->names, plan, weights, NAMES_ALL, &e.keys));
    TRY(tensor_names_written(model->names, plan, weights, NAMES_CHANGED, &e.needed));
    TRY(graph_open(EXPORT_OPSET, EXPORT_SPARE, &e.graph));
    input.dims[1] = (size_t)in.c;
    input.dims[2] = in.flat ? 0 : (size_t)in.h;
    input.dims[3] = in.flat ? 0 : (size_t)in.w;
    TRY(graph_add_input(e.graph, export_name(&e, name), &input, true));
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
    free(e.keys);
    free(e.needed);
    return status;
}
