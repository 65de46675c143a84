// A network of layers that the trainer does not have (free_layers.h) as a graph, with the tensors
// of a state dict for its weights. For infer_guess.c.
#ifndef INKLING_FORMATS_INFER_GRAPH_H
#define INKLING_FORMATS_INFER_GRAPH_H

#include "formats/free_layers.h"
#include "formats/tensor_bag.h"
#include "graph/graph.h"

// What tensors are of; each kind is used up in its own order.
typedef enum SourceKind { SOURCE_LAYER, SOURCE_NORM, SOURCE_SLOPE, SOURCE_KINDS } SourceKind;

// A layer with tensors. NULL parts are what the layer starts with (bias 0, scale 1).
typedef struct GuessSource {
    SourceKind kind;
    const Tensor *weight, *bias, *mean, *var;
} GuessSource;

// The next source of a kind: *next counts those that were taken. NULL when there is none left.
const GuessSource *source_take(const GuessSource *sources, int count, SourceKind kind, int *next);

typedef struct GraphPlan {
    const FreeLayer *layers;
    int layer_count;
    const GuessSource *sources;
    int source_count;
    int side;                    // of the picture that comes in, normalized
    bool border;                 // 2 pixels of paper around it are to be put in
    Normalization normalization; // for the value of paper, and behind a `resize`, which wants
                                 // its pixels as they are, from 0 to 1
    // Batch norms go by what comes in and not by what the file says, as in training, and the means
    // that they see are further outputs, in order (infer_witness.h).
    bool listens;
    // The numbers of a tensor, which must outlive the graph. NULL: the graph gets its own.
    const float *(*numbers)(void *context, const Tensor *tensor);
    void *context;
} GraphPlan;

// Makes *graph; *classes and *work (multiply-adds of a picture) are its. STATUS_USAGE names a layer
// that does not fit what comes before it, or the tensors of the file.
Status infer_graph_make(const GraphPlan *plan, Graph **graph, int *classes, double *work);

#endif
