// Building a graph and looking at it: values by name, nodes in order, constants, and one pool that
// all of it lives in.
#include "graph/graph.h"

#include "base/check.h"
#include "base/text.h"
#include "graph/ops.h"
#include "graph/run.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { GRAPH_VALUES_MAX = 65536 };

typedef struct GraphBlock GraphBlock;
struct GraphBlock {
    GraphBlock *next;
    max_align_t data[];
};

struct Graph {
    atomic_int owners;
    int opset;
    size_t limit, used;
    GraphBlock *blocks;
    GraphValue *values;
    int value_count, value_capacity;
    int *slots; // hash table of values by name; -1: free
    int slot_count;
    GraphNode **nodes;
    int node_count, node_capacity;
    int *inputs, *outputs;
    int input_count, output_count;
};

// ---- memory -------------------------------------------------------------------------------------

Status graph_open(int opset, size_t limit, Graph **out) {
    *out = NULL;
    if (opset < 1 || opset > GRAPH_OPSET_MAX)
        return status_error(STATUS_UNSUPPORTED,
                            "it is written for operator set %d; 7 to %d can be read", opset,
                            GRAPH_OPSET_MAX);
    Graph *graph = calloc(1, sizeof *graph);
    if (!graph) return status_no_memory("a network", sizeof *graph);
    atomic_init(&graph->owners, 1);
    graph->opset = opset;
    graph->limit = limit;
    *out = graph;
    return status_ok();
}

void graph_close(Graph **handle) {
    Graph *graph = *handle;
    if (!graph) return;
    *handle = NULL;
    if (atomic_fetch_sub(&graph->owners, 1) > 1) return;
    for (GraphBlock *block = graph->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(graph->values);
    free(graph->slots);
    free(graph->nodes);
    free(graph->inputs);
    free(graph->outputs);
    free(graph);
}

Graph *graph_share(Graph *graph) {
    atomic_fetch_add(&graph->owners, 1);
    return graph;
}

static bool graph_reserve(Graph *graph, size_t bytes) {
    if (bytes > graph->limit - graph->used) return false;
    graph->used += bytes;
    return true;
}

void *graph_alloc(Graph *graph, size_t bytes) {
    if (bytes > SIZE_MAX / 2 || !graph_reserve(graph, sizeof(GraphBlock) + bytes + 16)) return NULL;
    GraphBlock *block = calloc(1, sizeof *block + bytes + 1);
    if (!block) return NULL;
    block->next = graph->blocks;
    graph->blocks = block;
    return block->data;
}

char *graph_copy_text(Graph *graph, const char *text, size_t size) {
    char *copy = graph_alloc(graph, size + 1);
    if (copy && size > 0) memcpy(copy, text, size);
    return copy;
}

static Status graph_full(const Graph *graph) {
    return status_error(STATUS_MEMORY,
                        "the network does not fit into memory (at most %zu MB are spent on a file "
                        "of this size)",
                        graph->limit >> 20);
}

// Makes room for one more in an array that doubles.
static bool graph_grow(Graph *graph, void **array, int count, int *capacity, size_t size) {
    if (count < *capacity) return true;
    int wanted = *capacity ? 2 * *capacity : 16;
    if (!graph_reserve(graph, (size_t)(wanted - *capacity) * size)) return false;
    void *grown = realloc(*array, (size_t)wanted * size);
    if (!grown) return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

// ---- values -------------------------------------------------------------------------------------

// FNV-1a.
static uint32_t graph_hash(const char *text) {
    uint32_t hash = 2166136261u;
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

static int *graph_slot(const Graph *graph, const char *name) {
    uint32_t mask = (uint32_t)graph->slot_count - 1;
    for (uint32_t at = graph_hash(name) & mask;; at = (at + 1) & mask) {
        int value = graph->slots[at];
        if (value < 0 || strcmp(graph->values[value].name, name) == 0) return &graph->slots[at];
    }
}

static bool graph_rehash(Graph *graph) {
    if (graph->slot_count > 2 * graph->value_count) return true;
    int wanted = graph->slot_count ? 2 * graph->slot_count : 64;
    if (!graph_reserve(graph, (size_t)(wanted - graph->slot_count) * sizeof(int))) return false;
    int *slots = malloc((size_t)wanted * sizeof *slots);
    if (!slots) return false;
    free(graph->slots);
    graph->slots = slots;
    graph->slot_count = wanted;
    for (int i = 0; i < wanted; i++) slots[i] = -1;
    for (int i = 0; i < graph->value_count; i++) *graph_slot(graph, graph->values[i].name) = i;
    return true;
}

int graph_value(Graph *graph, const char *name) {
    if (!graph_rehash(graph)) return GRAPH_NONE;
    int *slot = graph_slot(graph, name);
    if (*slot >= 0) return *slot;
    if (graph->value_count == GRAPH_VALUES_MAX ||
        !graph_grow(graph, (void **)&graph->values, graph->value_count, &graph->value_capacity,
                    sizeof *graph->values))
        return GRAPH_NONE;
    char *copy = graph_copy_text(graph, name, strlen(name));
    if (!copy) return GRAPH_NONE;
    *slot = graph->value_count;
    graph->values[graph->value_count] = (GraphValue){.name = copy};
    return graph->value_count++;
}

// A value that nothing has made so far.
static Status graph_new_value(Graph *graph, const char *name, int *out) {
    *out = graph_value(graph, name);
    if (*out < 0) return graph_full(graph);
    if (graph->values[*out].made)
        return status_error(STATUS_FORMAT, "\"%.80s\" is defined twice", name);
    graph->values[*out].made = true;
    return status_ok();
}

static Status graph_append(Graph *graph, int **list, int *count, int value) {
    if (!graph_reserve(graph, sizeof(int))) return graph_full(graph);
    int *grown = realloc(*list, ((size_t)*count + 1) * sizeof(int));
    if (!grown) return graph_full(graph);
    *list = grown;
    grown[(*count)++] = value;
    return status_ok();
}

Status graph_add_input(Graph *graph, const char *name, const GraphTensor *declared, bool ranked) {
    int value = graph_value(graph, name);
    if (value < 0) return graph_full(graph);
    GraphValue *v = &graph->values[value];
    if (v->is_constant) return status_ok(); // a default that comes with the file
    if (v->made) return status_error(STATUS_FORMAT, "\"%.80s\" is defined twice", name);
    v->made = v->is_input = true;
    v->ranked = ranked;
    v->tensor = *declared;
    v->tensor.data = NULL;
    return graph_append(graph, &graph->inputs, &graph->input_count, value);
}

Status graph_add_constant(Graph *graph, const char *name, const GraphTensor *tensor) {
    int value;
    Status status = graph_new_value(graph, name, &value);
    if (!status_is_ok(&status)) return status;
    graph->values[value].is_constant = true;
    graph->values[value].tensor = *tensor;
    return status;
}

Status graph_add_output(Graph *graph, const char *name) {
    int value = graph_value(graph, name);
    if (value < 0) return graph_full(graph);
    if (!graph->values[value].made)
        return status_error(STATUS_FORMAT, "its output \"%.80s\" is made by no node", name);
    return graph_append(graph, &graph->outputs, &graph->output_count, value);
}

// ---- nodes --------------------------------------------------------------------------------------

Status graph_add_node(Graph *graph, const char *op, const char *name, int inputs, int outputs,
                      int attributes, GraphNode **out) {
    const GraphOperator *row = graph_operator_find(op, graph->opset);
    if (!row)
        return status_error(STATUS_UNSUPPORTED, "the operator %.60s%s is not one that can be run",
                            op, graph_knows(op) ? " of so old an operator set" : "");
    if (graph->node_count >= GRAPH_NODES_MAX || inputs > GRAPH_INPUTS_MAX ||
        attributes > GRAPH_ATTRIBUTES_MAX)
        return status_error(STATUS_UNSUPPORTED,
                            "it has more than %d nodes, %d inputs or %d attributes of a node",
                            GRAPH_NODES_MAX, GRAPH_INPUTS_MAX, GRAPH_ATTRIBUTES_MAX);
    if (inputs < row->in_least || inputs > row->in_most || outputs < 1 || outputs > row->out_most)
        return status_error(STATUS_FORMAT,
                            "%s takes %d to %d inputs and gives at most %d outputs, not %d and %d",
                            op, row->in_least, row->in_most, row->out_most, inputs, outputs);
    GraphNode *node = graph_alloc(graph, sizeof *node);
    if (!node || !graph_grow(graph, (void **)&graph->nodes, graph->node_count,
                             &graph->node_capacity, sizeof(GraphNode *)))
        return graph_full(graph);
    node->op = row;
    node->name = graph_copy_text(graph, name, strlen(name));
    node->inputs = graph_alloc(graph, (size_t)inputs * sizeof(int));
    node->outputs = graph_alloc(graph, (size_t)outputs * sizeof(int));
    node->attributes = graph_alloc(graph, (size_t)attributes * sizeof(GraphAttribute));
    if (!node->name || !node->inputs || !node->outputs || !node->attributes)
        return graph_full(graph);
    node->input_count = inputs;
    node->output_count = outputs;
    node->attribute_count = attributes;
    graph->nodes[graph->node_count++] = node;
    *out = node;
    return status_ok();
}

Status graph_check_node(Graph *graph, const GraphNode *node) {
    for (int i = 0; i < node->input_count; i++) {
        int value = node->inputs[i];
        if (value == GRAPH_NONE && i >= node->op->in_least) continue;
        if (value == GRAPH_NONE)
            return status_error(STATUS_FORMAT, "its input %d is left out", i + 1);
        if (!graph->values[value].made)
            return status_error(STATUS_FORMAT, "it takes \"%.80s\", which nothing before it makes",
                                graph->values[value].name);
    }
    for (int i = 0; i < node->output_count; i++) {
        int value = node->outputs[i];
        if (value == GRAPH_NONE) continue;
        if (graph->values[value].made)
            return status_error(STATUS_FORMAT, "its output \"%.80s\" is there already",
                                graph->values[value].name);
        graph->values[value].made = true;
    }
    return status_ok();
}

static bool graph_node_is_constant(const Graph *graph, const GraphNode *node) {
    for (int i = 0; i < node->input_count; i++)
        if (node->inputs[i] >= 0 && !graph->values[node->inputs[i]].is_constant) return false;
    return true;
}

// The tensor of a Constant node is there already: no need to make another of it.
static bool graph_take_constant(Graph *graph, const GraphNode *node) {
    const GraphAttribute *tensor = graph_node_attribute(node, "value");
    if (node->op->run != op_constant || !tensor || tensor->kind != GRAPH_TENSOR ||
        node->outputs[0] < 0)
        return false;
    graph->values[node->outputs[0]].tensor = tensor->tensor;
    graph->values[node->outputs[0]].is_constant = true;
    return true;
}

// What a node gave becomes constants.
static Status graph_keep(Graph *graph, const GraphRun *run, const GraphNode *node) {
    for (int i = 0; i < node->output_count; i++) {
        if (node->outputs[i] < 0) continue;
        GraphValue *value = &graph->values[node->outputs[i]];
        const GraphTensor *tensor = graph_run_value(run, node->outputs[i]);
        size_t bytes = tensor->count * graph_element_size(tensor->type);
        value->tensor = *tensor;
        value->tensor.data = graph_alloc(graph, bytes);
        if (!value->tensor.data) return graph_full(graph);
        memcpy(value->tensor.data, tensor->data, bytes);
        value->is_constant = true;
    }
    return status_ok();
}

static void graph_drop_unneeded(Graph *graph, bool *needed) {
    memset(needed, 0, (size_t)graph->value_count);
    for (int i = 0; i < graph->output_count; i++) needed[graph->outputs[i]] = true;
    int kept = graph->node_count;
    for (int n = graph->node_count - 1; n >= 0; n--) {
        const GraphNode *node = graph->nodes[n];
        bool wanted = false;
        for (int i = 0; i < node->output_count; i++)
            wanted = wanted || (node->outputs[i] >= 0 && needed[node->outputs[i]]);
        if (!wanted) continue;
        for (int i = 0; i < node->input_count; i++)
            if (node->inputs[i] >= 0) needed[node->inputs[i]] = true;
        graph->nodes[--kept] = graph->nodes[n];
    }
    graph->node_count -= kept;
    memmove(graph->nodes, graph->nodes + kept, (size_t)graph->node_count * sizeof(GraphNode *));
}

Status graph_finish(Graph *graph, double work) {
    Status status;
    GraphRun *run = NULL;
    bool *needed = NULL;
    if (graph->node_count == 0 || graph->output_count == 0)
        return status_error(STATUS_FORMAT, "it holds no nodes, or none of them is the output");
    needed = malloc((size_t)graph->value_count);
    if (!needed) return status_no_memory("a network", (unsigned long long)graph->value_count);
    graph_drop_unneeded(graph, needed);
    TRY(graph_run_open(graph, (GraphLimits){graph->limit - graph->used, work}, &run));
    int kept = 0;
    for (int n = 0; n < graph->node_count; n++) {
        GraphNode *node = graph->nodes[n];
        if (graph_take_constant(graph, node)) continue;
        if (graph_node_is_constant(graph, node)) {
            TRY(graph_run_node(run, n));
            TRY(graph_keep(graph, run, node));
            graph_run_drop(run);
        } else {
            graph->nodes[kept++] = node;
        }
    }
    graph->node_count = kept;
    graph_drop_unneeded(graph, needed);
    // A constant that no node takes is none of the network's.
    for (int v = 0; v < graph->value_count; v++)
        graph->values[v].is_constant = graph->values[v].is_constant && needed[v];
fail:
    graph_run_close(&run);
    free(needed);
    return status;
}

// ---- looking ------------------------------------------------------------------------------------

int graph_opset(const Graph *graph) {
    return graph->opset;
}
int graph_node_count(const Graph *graph) {
    return graph->node_count;
}
const GraphNode *graph_node(const Graph *graph, int index) {
    return graph->nodes[index];
}
const char *graph_node_op(const GraphNode *node) {
    return node->op->name;
}
int graph_value_count(const Graph *graph) {
    return graph->value_count;
}
const GraphValue *graph_value_at(const Graph *graph, int value) {
    return &graph->values[value];
}
int graph_input_count(const Graph *graph) {
    return graph->input_count;
}
int graph_input(const Graph *graph, int index) {
    return graph->inputs[index];
}
int graph_output_count(const Graph *graph) {
    return graph->output_count;
}
int graph_output(const Graph *graph, int index) {
    return graph->outputs[index];
}

void graph_drop_last(Graph *graph) {
    REQUIRE(graph->node_count > 0 && graph->output_count > 0);
    graph->outputs[0] = graph->nodes[--graph->node_count]->inputs[0];
    graph->output_count = 1;
}
