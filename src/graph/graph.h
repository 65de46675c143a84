// A network as a graph of operators, for answering only: what files of other programs hold and the
// trainer's list of layers (nn/spec.h) cannot say. A plain C executor in float32; operators and
// their meaning are those of ONNX (operator sets 1 to 21), which the table in ops.c lists by name.
// Not here: files (formats/onnx*), training, devices.
//
// A Graph is built once (graph_open, graph_add_*, graph_finish) and never changes then; any number
// of GraphRun may use one at a time, each on its own thread.
#ifndef INKLING_GRAPH_GRAPH_H
#define INKLING_GRAPH_GRAPH_H

#include "graph/tensor.h"

enum {
    GRAPH_NODES_MAX = 8192,
    GRAPH_INPUTS_MAX = 512,    // of one node
    GRAPH_ATTRIBUTES_MAX = 32, // of one node
    GRAPH_NONE = -1,           // an optional input or output that is left out
    GRAPH_OPSET_MAX = 21,
};

typedef struct GraphOperator GraphOperator; // ops.h

typedef enum GraphAttributeKind {
    GRAPH_INT,
    GRAPH_FLOAT,
    GRAPH_STRING,
    GRAPH_INTS,
    GRAPH_FLOATS,
    GRAPH_TENSOR,
} GraphAttributeKind;

// All that pointers lead to belongs to the graph (graph_alloc).
typedef struct GraphAttribute {
    const char *name;
    GraphAttributeKind kind;
    int64_t integer;
    float real;
    const char *text;
    const int64_t *integers;
    const float *reals;
    int count; // of integers or reals
    GraphTensor tensor;
} GraphAttribute;

typedef struct GraphNode {
    const GraphOperator *op;
    const char *name;      // for messages; may be ""
    int *inputs, *outputs; // values, or GRAPH_NONE
    int input_count, output_count;
    GraphAttribute *attributes;
    int attribute_count;
} GraphNode;

// Something with a name that flows between nodes.
typedef struct GraphValue {
    const char *name;
    bool is_constant;            // tensor holds its numbers
    GraphTensor tensor;          // of an input: the declared type and rank; dims 0 where not told
    bool is_input, ranked, made; // made: an input, a constant, or some node's output
} GraphValue;

typedef struct Graph Graph;

// ---- building -----------------------------------------------------------------------------------

// `opset`: the version of ONNX's operator set that nodes are meant in. `limit`: bytes that the
// graph may come to, constants and all.
Status graph_open(int opset, size_t limit, Graph **out);
void graph_close(Graph **graph);
// One owner more for a finished graph: it goes when the last of them has closed it. Any thread.
Graph *graph_share(Graph *graph);

// Zero-filled memory that lives as long as the graph; NULL when the limit or the machine's memory
// is reached.
void *graph_alloc(Graph *graph, size_t bytes);
// A copy of `size` bytes with a NUL behind; NULL like graph_alloc.
char *graph_copy_text(Graph *graph, const char *text, size_t size);

// The value of that name, made when there is none; GRAPH_NONE when there is no memory.
int graph_value(Graph *graph, const char *name);
// Type and shape in `declared`: dims that are 0 are not told, nor is any when not `ranked`.
Status graph_add_input(Graph *graph, const char *name, const GraphTensor *declared, bool ranked);
// tensor->data must live as long as the graph does: from graph_alloc, or somebody else's.
Status graph_add_constant(Graph *graph, const char *name, const GraphTensor *tensor);
// Nodes must come in an order in which they can run. The caller fills in inputs, outputs and
// attributes (memory for as many as asked for is there), then calls graph_check_node.
Status graph_add_node(Graph *graph, const char *op, const char *name, int inputs, int outputs,
                      int attributes, GraphNode **out);
// Inputs are there, outputs are new, and the operator takes so many of them.
Status graph_check_node(Graph *graph, const GraphNode *node);
Status graph_add_output(Graph *graph, const char *name);
// Runs, once and for all, the nodes that depend on constants only (`work` as in GraphLimits), and
// drops those, and constants, that nobody needs. To be called when all is added.
Status graph_finish(Graph *graph, double work);

// ---- looking ------------------------------------------------------------------------------------

int graph_opset(const Graph *graph);
int graph_node_count(const Graph *graph);
const GraphNode *graph_node(const Graph *graph, int index);
const char *graph_node_op(const GraphNode *node); // "Conv"
int graph_value_count(const Graph *graph);
const GraphValue *graph_value_at(const Graph *graph, int value);
// Inputs without a constant of the same name, in the order declared; and outputs. They give values.
int graph_input_count(const Graph *graph);
int graph_input(const Graph *graph, int index);
int graph_output_count(const Graph *graph);
int graph_output(const Graph *graph, int index);
// Drops the last node and makes its first input the only output instead.
void graph_drop_last(Graph *graph);
// Floating-point constants: what people call the number of parameters.
size_t graph_parameters(const Graph *graph);
// "21 nodes: 5 Conv, 5 Relu, 2 MaxPool ..."
void graph_print(const Graph *graph, char *out, size_t size);

// An operator's name is one that can be run (in whichever version).
bool graph_knows(const char *op);

// Attributes of a node, or the fallback when it has none of that name (or of another kind).
int64_t graph_node_int(const GraphNode *node, const char *name, int64_t fallback);
float graph_node_float(const GraphNode *node, const char *name, float fallback);
const char *graph_node_text(const GraphNode *node, const char *name, const char *fallback);
// NULL when there is none.
const int64_t *graph_node_ints(const GraphNode *node, const char *name, int *count);
const GraphAttribute *graph_node_attribute(const GraphNode *node, const char *name);

// ---- running ------------------------------------------------------------------------------------

// What one run may take, so that an absurd file ends in a sentence and not in a full machine.
typedef struct GraphLimits {
    size_t bytes; // of all tensors between nodes at one time, and scratch
    double work;  // multiply-adds, about
} GraphLimits;

typedef struct GraphRun GraphRun;

// The graph must outlive the run.
Status graph_run_open(const Graph *graph, GraphLimits limits, GraphRun **out);
void graph_run_close(GraphRun **run);
// One tensor per graph_input, lent. The error names the node: `node 3 (Conv "conv1"): ...`.
Status graph_run_go(GraphRun *run, const GraphTensor *inputs, int count);
// Valid until the next graph_run_go.
const GraphTensor *graph_run_output(const GraphRun *run, int index);
// Type and shape that a value had in the last run; its data is gone unless it is an output.
const GraphTensor *graph_run_value(const GraphRun *run, int value);
size_t graph_run_peak(const GraphRun *run); // bytes, of the last run
double graph_run_work(const GraphRun *run); // multiply-adds, about, of the last run

#endif
