// The operator of ONNX that computes a layer of the trainer, attributes and all: for graphs made of
// layers (onnx_export.c, infer_graph.c). Not here: its weights, which are the node's other inputs.
#ifndef INKLING_FORMATS_LAYER_NODE_H
#define INKLING_FORMATS_LAYER_NODE_H

#include "graph/graph.h"
#include "nn/spec.h"

// There is a row for the kind of layer.
bool layer_node_is_known(const LayerKind *kind);
// "Conv"; NULL for what does nothing in an answer (dropout).
const char *layer_node_op(const LayerKind *kind);
// Adds the node; what comes out of it gets the name `output` and is *value.
Status layer_node_add(Graph *graph, const LayerSpec *layer, const char *name, const int *inputs,
                      int count, const char *output, int *value);

#endif
