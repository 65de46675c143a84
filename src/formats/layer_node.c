// A table of layers and operators.
#include "formats/layer_node.h"

#include "base/check.h"
#include "nn/layer.h"

#include <string.h>

// An attribute of a row: a number of the layer's arguments, or always the same.
typedef struct NodeAttribute {
    const char *name;
    GraphAttributeKind kind;
    const char *argument; // NULL: `constant`
    double constant;      // is 1 - x of the argument where that is negative
    int repeat;           // of GRAPH_INTS: how many times the number stands
} NodeAttribute;

enum { NODE_ATTRIBUTES = 6 };

typedef struct NodeRow {
    const char *layer, *op; // op NULL: nothing is written
    NodeAttribute attributes[NODE_ATTRIBUTES];
} NodeRow;

#define POOL_ATTRIBUTES                                                                            \
    {"kernel_shape", GRAPH_INTS, "kernel", 0, 2}, {"strides", GRAPH_INTS, "stride", 0, 2}, {       \
        "pads", GRAPH_INTS, "padding", 0, 4                                                        \
    }

static const NodeRow node_rows[] = {
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

static const NodeRow *node_row(const LayerKind *kind) {
    for (size_t i = 0; i < sizeof node_rows / sizeof node_rows[0]; i++)
        if (strcmp(node_rows[i].layer, kind->word) == 0) return &node_rows[i];
    return NULL;
}

bool layer_node_is_known(const LayerKind *kind) {
    return node_row(kind) != NULL;
}

const char *layer_node_op(const LayerKind *kind) {
    return node_row(kind)->op;
}

static Status node_attribute(Graph *graph, const LayerSpec *layer, const NodeAttribute *row,
                             GraphAttribute *out) {
    double value = row->argument ? layer_arg(layer, row->argument) : row->constant;
    if (row->argument && row->constant < 0) value = 1 - value;
    *out = (GraphAttribute){.name = row->name, .kind = row->kind, .count = row->repeat};
    out->integer = (int64_t)value;
    out->real = (float)value;
    if (row->kind != GRAPH_INTS) return status_ok();
    int64_t *numbers = graph_alloc(graph, (size_t)row->repeat * sizeof *numbers);
    if (!numbers) return status_no_memory("a node's attributes", 0);
    for (int i = 0; i < row->repeat; i++) numbers[i] = (int64_t)value;
    out->integers = numbers;
    return status_ok();
}

Status layer_node_add(Graph *graph, const LayerSpec *layer, const char *name, const int *inputs,
                      int count, const char *output, int *value) {
    Status status;
    const NodeRow *row = node_row(layer->kind);
    GraphNode *node;
    int attributes = 0;
    REQUIRE(row && row->op);
    while (attributes < NODE_ATTRIBUTES && row->attributes[attributes].name) attributes++;
    TRY(graph_add_node(graph, row->op, name, count, 1, attributes, &node));
    for (int i = 0; i < count; i++) node->inputs[i] = inputs[i];
    for (int i = 0; i < attributes; i++)
        TRY(node_attribute(graph, layer, &row->attributes[i], &node->attributes[i]));
    *value = node->outputs[0] = graph_value(graph, output);
    if (*value < 0) TRY(status_no_memory("the network's values", 0));
    TRY(graph_check_node(graph, node));
fail:
    return status;
}
