// The pieces of the ONNX row: layers found in a graph, and a graph made of layers. For onnx*.c
// only.
#ifndef INKLING_FORMATS_ONNX_PARTS_H
#define INKLING_FORMATS_ONNX_PARTS_H

#include "formats/formats.h"
#include "graph/graph.h"

// y = scale * x + shift, in front of everything else: a normalization that the graph does itself.
typedef struct OnnxFront {
    double scale, shift;
} OnnxFront;

// A layer with tensors, in the order of the layers. NULL: what the layer starts with (bias 0).
typedef struct OnnxSource {
    const GraphTensor *weight, *bias, *mean, *var;
    bool turned; // the weight is [in][out]
} OnnxSource;

typedef struct OnnxChain {
    OnnxFront front;
    char layers[SPEC_TEXT_MAX]; // the notation; "" when the graph is no chain of our layers
    OnnxSource sources[SPEC_LAYERS_MAX];
    int source_count;
    char why[160]; // why not: `node 7 (Add "add1")`
} OnnxChain;

// Follows the graph from its input to its output. `trace`: a run of it, for the shapes; `image`:
// what it takes.
void onnx_chain_find(const Graph *graph, const GraphRun *trace, Shape image, OnnxChain *out);
// Makes the model that the chain says, weights copied, under the names that the graph has for them
// (tensor_names.h): those that somebody has given, not those that an exporter numbered.
// STATUS_UNSUPPORTED when it does not fit our layers after all.
Status onnx_chain_model(const Graph *graph, const OnnxChain *chain, Shape input, SavedModel **out);

// The layers of a model as a graph of operator set 13, softmax left out. Its constants lie in
// `weights`: model->weights, or what border.h makes of them. *output: what comes out.
Status onnx_export_graph(const SavedModel *model, float *weights, Graph **graph,
                         GraphTensor *output);

#endif
