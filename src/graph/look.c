// What is in a graph, as numbers and words, and the attributes of its nodes.
#include "base/text.h"
#include "graph/ops.h"

#include <string.h>

size_t graph_parameters(const Graph *graph) {
    size_t count = 0;
    for (int i = 0; i < graph_value_count(graph); i++) {
        const GraphValue *value = graph_value_at(graph, i);
        GraphStorage storage = graph_storage(&value->tensor);
        if (value->is_constant && (storage == GRAPH_AS_FLOAT || storage == GRAPH_AS_DOUBLE))
            count += value->tensor.count;
    }
    return count;
}

void graph_print(const Graph *graph, char *out, size_t size) {
    Text text = {0};
    text_append(&text, "%d nodes", graph_node_count(graph));
    for (int n = 0; n < graph_node_count(graph); n++) {
        const char *op = graph_node(graph, n)->op->name;
        int count = 0, before = 0;
        for (int k = 0; k < graph_node_count(graph); k++) {
            bool same = strcmp(graph_node(graph, k)->op->name, op) == 0;
            count += same;
            before += same && k < n;
        }
        if (before == 0) text_append(&text, "%s %d %s", n == 0 ? ":" : ",", count, op);
    }
    text_copy(out, size, text.data ? text.data : "");
    text_close(&text);
}

const GraphAttribute *graph_node_attribute(const GraphNode *node, const char *name) {
    for (int i = 0; i < node->attribute_count; i++)
        if (strcmp(node->attributes[i].name, name) == 0) return &node->attributes[i];
    return NULL;
}

int64_t graph_node_int(const GraphNode *node, const char *name, int64_t fallback) {
    const GraphAttribute *attribute = graph_node_attribute(node, name);
    return attribute && attribute->kind == GRAPH_INT ? attribute->integer : fallback;
}

float graph_node_float(const GraphNode *node, const char *name, float fallback) {
    const GraphAttribute *attribute = graph_node_attribute(node, name);
    return attribute && attribute->kind == GRAPH_FLOAT ? attribute->real : fallback;
}

const char *graph_node_text(const GraphNode *node, const char *name, const char *fallback) {
    const GraphAttribute *attribute = graph_node_attribute(node, name);
    return attribute && attribute->kind == GRAPH_STRING ? attribute->text : fallback;
}

const int64_t *graph_node_ints(const GraphNode *node, const char *name, int *count) {
    const GraphAttribute *attribute = graph_node_attribute(node, name);
    *count = 0;
    if (!attribute || attribute->kind != GRAPH_INTS) return NULL;
    *count = attribute->count;
    return attribute->integers;
}
