// Nodes and constants of a graph in the making.
#include "formats/infer_weave.h"

#include "formats/layer_node.h"
#include "nn/layer.h"

#include <stdio.h>
#include <string.h>

Status weave_misfit(const Weave *w, const char *word, const char *why) {
    return status_error(STATUS_USAGE, "the layers given do not fit: layer %d (%s) %s", w->number,
                        word, why);
}

static void next_name(Weave *w, char out[32]) {
    snprintf(out, 32, "/%d", ++w->named);
}

Status weave_put_node(Weave *w, const char *op, const int *inputs, int count,
                      const GraphAttribute *attributes, int attribute_count) {
    Status status;
    GraphNode *node;
    char name[32];
    TRY(graph_add_node(w->graph, op, "", count, 1, attribute_count, &node));
    memcpy(node->inputs, inputs, (size_t)count * sizeof *inputs);
    for (int i = 0; i < attribute_count; i++) node->attributes[i] = attributes[i];
    next_name(w, name);
    w->value = node->outputs[0] = graph_value(w->graph, name);
    if (w->value < 0) TRY(status_no_memory("the network's values", 0));
    TRY(graph_check_node(w->graph, node));
fail:
    return status;
}

// With a momentum of 0 the statistics that it gives are those that it sees.
Status weave_put_listener(Weave *w, const LayerSpec *layer, const int inputs[5]) {
    Status status;
    GraphNode *node;
    char name[32];
    TRY(graph_add_node(w->graph, "BatchNormalization", "", 5, 3, 3, &node));
    memcpy(node->inputs, inputs, 5 * sizeof *inputs);
    node->attributes[0] = (GraphAttribute){
        .name = "epsilon", .kind = GRAPH_FLOAT, .real = (float)layer_arg(layer, "epsilon")};
    node->attributes[1] = (GraphAttribute){.name = "momentum", .kind = GRAPH_FLOAT, .real = 0};
    node->attributes[2] =
        (GraphAttribute){.name = "training_mode", .kind = GRAPH_INT, .integer = 1};
    for (int i = 0; i < 3; i++) {
        next_name(w, name);
        node->outputs[i] = graph_value(w->graph, name);
        if (node->outputs[i] < 0) TRY(status_no_memory("the network's values", 0));
    }
    w->value = node->outputs[0];
    if (w->heard_count < WEAVE_HEARD_MAX) w->heard[w->heard_count++] = node->outputs[1];
    TRY(graph_check_node(w->graph, node));
fail:
    return status;
}

Status weave_put_constant(Weave *w, GraphTensor tensor, size_t each, int *value, void **room) {
    char name[32];
    tensor.count = 1;
    for (int d = 0; d < tensor.rank; d++) tensor.count *= tensor.dims[d];
    tensor.data = *room = graph_alloc(w->graph, tensor.count * each);
    if (!tensor.data) return status_no_memory("the network's numbers", tensor.count * each);
    next_name(w, name);
    Status status = graph_add_constant(w->graph, name, &tensor);
    *value = graph_value(w->graph, name);
    return status;
}

Status weave_put_number(Weave *w, float number, int *value) {
    void *room;
    Status status =
        weave_put_constant(w, (GraphTensor){.type = GRAPH_F32}, sizeof number, value, &room);
    if (status_is_ok(&status)) *(float *)room = number;
    return status;
}

static Status put_vector(Weave *w, int count, float number, int *value) {
    void *room;
    GraphTensor tensor = {.type = GRAPH_F32, .rank = 1, .dims = {(size_t)count}};
    Status status = weave_put_constant(w, tensor, sizeof number, value, &room);
    for (int i = 0; i < count && status_is_ok(&status); i++) ((float *)room)[i] = number;
    return status;
}

Status weave_put_tensor(Weave *w, const Tensor *tensor, int rank, const size_t *dims, int *value) {
    const GraphPlan *plan = w->plan;
    GraphTensor out = {.type = GRAPH_F32, .rank = rank, .count = tensor->count};
    for (int d = 0; d < rank; d++) out.dims[d] = dims[d];
    *value = graph_value(w->graph, tensor->name);
    if (*value < 0) return status_no_memory("the network's values", 0);
    if (graph_value_at(w->graph, *value)->is_constant) return status_ok();
    if (plan->numbers) {
        out.data = (void *)(uintptr_t)plan->numbers(plan->context, tensor); // read only
    } else {
        float *room = graph_alloc(w->graph, tensor->count * sizeof *room);
        if (room) tensor_read(tensor, room);
        out.data = room;
    }
    if (!out.data) return status_no_memory("the network's weights", tensor->count * sizeof(float));
    return graph_add_constant(w->graph, tensor->name, &out);
}

Status weave_put_channels(Weave *w, const Tensor *tensor, float fallback, int *value) {
    size_t channels = (size_t)w->shape.c;
    if (!tensor) return put_vector(w, w->shape.c, fallback, value);
    if (tensor->count == channels) return weave_put_tensor(w, tensor, 1, &channels, value);
    char text[128], why[256];
    tensor_print(tensor, text);
    snprintf(why, sizeof why, "has %d channels, the file's %s another number", w->shape.c, text);
    return weave_misfit(w, "batchnorm", why);
}

Status weave_put_ints(Weave *w, const char *name, int count, const int *from, GraphAttribute *out) {
    int64_t *numbers = graph_alloc(w->graph, (size_t)count * sizeof *numbers);
    if (!numbers) return status_no_memory("a node's attributes", 0);
    for (int i = 0; i < count; i++) numbers[i] = from[i];
    *out = (GraphAttribute){.name = name, .kind = GRAPH_INTS, .integers = numbers, .count = count};
    return status_ok();
}

Status weave_put_plain(Weave *w, const LayerSpec *layer, const int *inputs, int count) {
    char name[32];
    next_name(w, name);
    return layer_node_add(w->graph, layer, "", inputs, count, name, &w->value);
}
