// A graph while infer_graph.c makes it, and putting nodes and constants into it. Not for others.
#ifndef INKLING_FORMATS_INFER_WEAVE_H
#define INKLING_FORMATS_INFER_WEAVE_H

#include "formats/infer_graph.h"

enum { WEAVE_HEARD_MAX = 256 };

typedef struct Weave {
    const GraphPlan *plan;
    Graph *graph;
    int value;              // what the layers so far make
    int named;              // values that were given a name
    int next[SOURCE_KINDS]; // sources that were taken
    int number;             // of the layer at work, from 1
    Shape shape;            // of `value`
    double work;
    bool bordered; // the border is there
    // An open fork: what went in, and what its first way makes.
    bool forked, beside;
    int fork, way;
    Shape fork_shape, way_shape;
    int heard[WEAVE_HEARD_MAX], heard_count; // means that batch norms see
} Weave;

// "the layers given do not fit: layer 3 (conv) " and why.
Status weave_misfit(const Weave *w, const char *word, const char *why);

// A node on `inputs`, which must be there; what it makes is w->value then.
Status weave_put_node(Weave *w, const char *op, const int *inputs, int count,
                      const GraphAttribute *attributes, int attribute_count);
// The node of a layer that the trainer has.
Status weave_put_plain(Weave *w, const LayerSpec *layer, const int *inputs, int count);

// A batch norm that listens (infer_graph.h).
Status weave_put_listener(Weave *w, const LayerSpec *layer, const int inputs[5]);

// A constant of ours, of `each` bytes a number, to be filled in at *room.
Status weave_put_constant(Weave *w, GraphTensor tensor, size_t each, int *value, void **room);
Status weave_put_number(Weave *w, float number, int *value);
// A tensor of the file under its own name, seen as having `dims`. One that serves several layers is
// there once.
Status weave_put_tensor(Weave *w, const Tensor *tensor, int rank, const size_t *dims, int *value);
// One number per channel; `tensor` NULL: `fallback` for each.
Status weave_put_channels(Weave *w, const Tensor *tensor, float fallback, int *value);
Status weave_put_ints(Weave *w, const char *name, int count, const int *from, GraphAttribute *out);

#endif
