// From layers to a graph of ONNX operators, under the names that PyTorch would give them. The input
// is the normalized picture, as in what PyTorch exports; how to normalize is in the metadata.
// Dropout does nothing in an answer and is left out; the metadata has it.
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

// An attribute of a row: a number of the layer's arguments, or always the same.
typedef struct ExportAttribute {
    const char *name;
    GraphAttributeKind kind;
    const char *argument; // NULL: `constant`
    double constant;      // is 1 - x of the argument where that is negative
    int repeat;           // of GRAPH_INTS: how many times the number stands
} ExportAttribute;

enum { EXPORT_ATTRIBUTES = 6 };

typedef struct ExportRow {
    const char *layer, *op; // op NULL: nothing is written
    ExportAttribute attributes[EXPORT_ATTRIBUTES];
} ExportRow;

#define POOL_ATTRIBUTES                                                                            \
    {"kernel_shape", GRAPH_INTS, "kernel", 0, 2}, {"strides", GRAPH_INTS, "stride", 0, 2}, {       \
        "pads", GRAPH_INTS, "padding", 0, 4                                                        \
    }

static const ExportRow export_rows[] = {
    {"conv",
     "Conv",
     {{"dilations", GRAPH_INTS, NULL, 1, 2},
      {"group", GRAPH_INT, NULL, 1, 0},
      {"kernel_shape", GRAPH_INTS, "kernel", 0, 2},
      {"pads", GRAPH_INTS, "padding", 0, 4},
      {"strides", GRAPH_INTS, "stride", 0, 2}}},
    {"dense",
     "Gemm",
     {{"alpha", GRAPH_FLOAT, NULL, 1, 0},
      {"beta", GRAPH_FLOAT, NULL, 1, 0},
      {"transB", GRAPH_INT, NULL, 1, 0}}},
    {"batchnorm",
     "BatchNormalization",
     {{"epsilon", GRAPH_FLOAT, "epsilon", 0, 0}, {"momentum", GRAPH_FLOAT, "momentum", -1, 0}}},
    {"relu", "Relu", {{0}}},
    {"leakyrelu", "LeakyRelu", {{"alpha", GRAPH_FLOAT, "slope", 0, 0}}},
    {"sigmoid", "Sigmoid", {{0}}},
    {"tanh", "Tanh", {{0}}},
    {"maxpool", "MaxPool", {POOL_ATTRIBUTES}},
    {"avgpool", "AveragePool", {POOL_ATTRIBUTES, {"count_include_pad", GRAPH_INT, NULL, 1, 0}}},
    {"flatten", "Flatten", {{"axis", GRAPH_INT, NULL, 1, 0}}},
    {"dropout", NULL, {{0}}},
};

static Status export_attribute(Export *e, const ExportAttribute *row, GraphAttribute *out) {
    const LayerSpec *layer = &e->model->spec.layers[e->layer];
    double value = row->argument ? layer_arg(layer, row->argument) : row->constant;
    if (row->argument && row->constant < 0) value = 1 - value;
    *out = (GraphAttribute){.name = row->name, .kind = row->kind, .count = row->repeat};
    out->integer = (int64_t)value;
    out->real = (float)value;
    if (row->kind != GRAPH_INTS) return status_ok();
    int64_t *numbers = graph_alloc(e->graph, (size_t)row->repeat * sizeof *numbers);
    if (!numbers) return status_no_memory("a node's attributes", 0);
    for (int i = 0; i < row->repeat; i++) numbers[i] = (int64_t)value;
    out->integers = numbers;
    return status_ok();
}

static Status export_tensor(Export *e, const TensorInfo *info, int *value) {
    GraphTensor tensor = {.type = GRAPH_F32, .rank = info->rank, .count = info->count};
    for (int d = 0; d < info->rank; d++) tensor.dims[d] = (size_t)info->dims[d];
    tensor.data = e->model->weights + info->offset;
    Status status = graph_add_constant(e->graph, info->name, &tensor);
    *value = graph_value(e->graph, info->name);
    return status;
}

static Status export_node(Export *e, const ExportRow *row, bool last) {
    Status status;
    const ModelPlan *plan = &e->model->plan;
    GraphNode *node;
    int first = plan->first_tensor[e->layer], tensors = plan->first_tensor[e->layer + 1] - first;
    int attributes = 0;
    char name[64];
    while (attributes < EXPORT_ATTRIBUTES && row->attributes[attributes].name) attributes++;
    snprintf(name, sizeof name, "%s_%d", row->layer, e->layer + 1);
    TRY(graph_add_node(e->graph, row->op, name, 1 + tensors, 1, attributes, &node));
    node->inputs[0] = e->value;
    for (int t = 0; t < tensors; t++)
        TRY(export_tensor(e, &plan->tensors[first + t], &node->inputs[1 + t]));
    for (int i = 0; i < attributes; i++)
        TRY(export_attribute(e, &row->attributes[i], &node->attributes[i]));
    snprintf(name, sizeof name, "%s_%d_out", row->layer, e->layer + 1);
    e->value = node->outputs[0] = graph_value(e->graph, last ? "logits" : name);
    if (e->value < 0) TRY(status_no_memory("the network's values", 0));
    TRY(graph_check_node(e->graph, node));
fail:
    return status;
}

static const ExportRow *export_row(const LayerKind *kind) {
    for (size_t i = 0; i < sizeof export_rows / sizeof export_rows[0]; i++)
        if (strcmp(export_rows[i].layer, kind->word) == 0) return &export_rows[i];
    return NULL;
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
        const char *word = spec->layers[e.layer].kind->word;
        const ExportRow *row = export_row(spec->layers[e.layer].kind);
        if (!row)
            TRY(status_error(STATUS_UNSUPPORTED, "layer %d (%s) cannot be written as ONNX",
                             e.layer + 1, word));
        if (row->op) TRY(export_node(&e, row, e.layer == last));
    }
    TRY(graph_add_output(e.graph, graph_value_at(e.graph, e.value)->name));
    *output = (GraphTensor){.type = GRAPH_F32, .rank = 2, .dims = {0, (size_t)model->plan.classes}};
    *graph = e.graph;
    e.graph = NULL;
fail:
    graph_close(&e.graph);
    return status;
}
