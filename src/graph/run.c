// Running a graph: its nodes one after the other, each with room for its output, freed when the
// last node that wants it is done.
#include "graph/run.h"

#include "base/check.h"
#include "graph/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUN_SCRATCH_MAX = 32, RUN_OUTPUTS_MAX = 8 };

typedef struct RunScratch {
    void *data;
    size_t bytes;
} RunScratch;

struct GraphRun {
    const Graph *graph;
    GraphLimits limits;
    size_t bytes, peak;
    double work;
    GraphTensor *values;
    size_t *owned; // bytes of a value's data; 0: lent or none
    int *last_use; // index of the node after which a value is not needed, INT_MAX: never freed
    const GraphTensor **in;
    GraphTensor *converted; // inputs as floats, as many as `in`
    RunScratch scratch[RUN_SCRATCH_MAX];
    int scratch_count;
};

Status graph_run_open(const Graph *graph, GraphLimits limits, GraphRun **out) {
    GraphRun *run = calloc(1, sizeof *run);
    size_t values = (size_t)graph_value_count(graph) + 1;
    *out = NULL;
    if (!run) return status_no_memory("a network's run", sizeof *run);
    run->graph = graph;
    run->limits = limits;
    run->values = calloc(values, sizeof *run->values);
    run->owned = calloc(values, sizeof *run->owned);
    run->last_use = malloc(values * sizeof *run->last_use);
    run->in = calloc(GRAPH_INPUTS_MAX, sizeof *run->in);
    run->converted = calloc(GRAPH_INPUTS_MAX, sizeof *run->converted);
    if (!run->values || !run->owned || !run->last_use || !run->in || !run->converted) {
        graph_run_close(&run);
        return status_no_memory("a network's run", values * sizeof(GraphTensor));
    }
    for (size_t v = 0; v < values; v++) run->last_use[v] = -1;
    for (int n = 0; n < graph_node_count(graph); n++) {
        const GraphNode *node = graph_node(graph, n);
        for (int i = 0; i < node->output_count; i++)
            if (node->outputs[i] >= 0) run->last_use[node->outputs[i]] = n;
        for (int i = 0; i < node->input_count; i++)
            if (node->inputs[i] >= 0) run->last_use[node->inputs[i]] = n;
    }
    for (int i = 0; i < graph_output_count(graph); i++)
        run->last_use[graph_output(graph, i)] = GRAPH_NODES_MAX;
    *out = run;
    return status_ok();
}

static void run_free(GraphRun *run, int value) {
    if (run->owned[value] > 0) free(run->values[value].data);
    run->bytes -= run->owned[value];
    run->owned[value] = 0;
    run->values[value].data = NULL;
}

static void run_free_scratch(GraphRun *run) {
    while (run->scratch_count > 0) {
        RunScratch *scratch = &run->scratch[--run->scratch_count];
        free(scratch->data);
        run->bytes -= scratch->bytes;
    }
}

void graph_run_drop(GraphRun *run) {
    for (int v = 0; v < graph_value_count(run->graph); v++) run_free(run, v);
}

void graph_run_close(GraphRun **handle) {
    GraphRun *run = *handle;
    if (!run) return;
    *handle = NULL;
    if (run->values && run->owned) graph_run_drop(run);
    run_free_scratch(run);
    free(run->values);
    free(run->owned);
    free(run->last_use);
    free(run->in);
    free(run->converted);
    free(run);
}

// ---- what operators ask for ---------------------------------------------------------------------

// Never NULL for 0 bytes; counted.
static Status run_take(GraphRun *run, size_t bytes, void **out, size_t *counted) {
    if (bytes > run->limits.bytes || run->bytes > run->limits.bytes - bytes)
        return status_error(STATUS_MEMORY, "what it gives does not fit into the %zu MB allowed",
                            run->limits.bytes >> 20);
    *out = malloc(bytes + 1);
    if (!*out) return status_no_memory("the numbers between two nodes", bytes);
    *counted = bytes + 1;
    run->bytes += *counted;
    if (run->bytes > run->peak) run->peak = run->bytes;
    return status_ok();
}

static Status run_tensor(GraphRun *run, GraphType type, int rank, const size_t *dims,
                         GraphTensor *out, size_t *counted) {
    size_t count = 1, most = run->limits.bytes / graph_element_size(type);
    if (rank < 0 || rank > GRAPH_RANK_MAX)
        return status_error(STATUS_UNSUPPORTED,
                            "it gives a tensor of %d dimensions; at most %d "
                            "can be worked with",
                            rank, GRAPH_RANK_MAX);
    *out = (GraphTensor){.type = type, .rank = rank};
    bool empty = false;
    for (int i = 0; i < rank; i++) empty = empty || dims[i] == 0;
    for (int i = 0; i < rank; i++) {
        out->dims[i] = dims[i];
        if (!empty && dims[i] > most / count)
            return status_error(STATUS_MEMORY, "what it gives does not fit into the %zu MB allowed",
                                run->limits.bytes >> 20);
        if (!empty) count *= dims[i];
    }
    out->count = empty ? 0 : count;
    return run_take(run, out->count * graph_element_size(type), &out->data, counted);
}

// The scratch list carries outputs while a node runs: whatever is left there is freed.
static Status run_scratch_tensor(GraphRun *run, GraphType type, int rank, const size_t *dims,
                                 GraphTensor *out) {
    REQUIRE(run->scratch_count < RUN_SCRATCH_MAX);
    RunScratch *scratch = &run->scratch[run->scratch_count];
    Status status = run_tensor(run, type, rank, dims, out, &scratch->bytes);
    if (!status_is_ok(&status)) return status;
    scratch->data = out->data;
    run->scratch_count++;
    return status;
}

Status call_output(GraphCall *call, int index, GraphType type, int rank, const size_t *dims) {
    REQUIRE(index < call->out_count && !call->out[index].data);
    return run_scratch_tensor(call->run, type, rank, dims, &call->out[index]);
}

Status call_scratch(GraphCall *call, size_t bytes, void **out) {
    GraphTensor tensor;
    Status status = run_scratch_tensor(call->run, GRAPH_OPAQUE, 1, &bytes, &tensor);
    *out = tensor.data;
    return status;
}

Status call_work(GraphCall *call, double amount) {
    call->run->work += amount;
    if (call->run->work <= call->run->limits.work) return status_ok();
    return status_error(STATUS_UNSUPPORTED,
                        "an answer would take more than %.0f million multiplications, too many for "
                        "a network that answers while the pen moves",
                        call->run->limits.work / 1e6);
}

// ---- a node -------------------------------------------------------------------------------------

static Status run_gather(GraphRun *run, GraphCall *call) {
    const GraphNode *node = call->node;
    for (int i = 0; i < node->input_count; i++) {
        int value = node->inputs[i];
        run->in[i] = NULL;
        if (value < 0) continue;
        const GraphValue *v = graph_value_at(run->graph, value);
        run->in[i] = v->is_constant ? &v->tensor : &run->values[value];
        REQUIRE(run->in[i]->data);
        GraphStorage storage = graph_storage(run->in[i]);
        if (i >= node->op->float_inputs || storage == GRAPH_AS_FLOAT) continue;
        if (storage == GRAPH_AS_TEXT || storage == GRAPH_AS_BYTES)
            return status_error(STATUS_UNSUPPORTED, "its input %d is %s, not numbers", i + 1,
                                graph_types[run->in[i]->type].name);
        Status status = run_scratch_tensor(run, GRAPH_F32, run->in[i]->rank, run->in[i]->dims,
                                           &run->converted[i]);
        if (status_is_ok(&status)) status = graph_tensor_convert(run->in[i], &run->converted[i]);
        if (!status_is_ok(&status)) return status;
        run->in[i] = &run->converted[i];
    }
    return status_ok();
}

// Gives an output its type, and to the value that it is.
static Status run_keep(GraphRun *run, GraphTensor *tensor, GraphType type, int value) {
    GraphTensor *kept = &run->values[value];
    run_free(run, value);
    if (tensor->type == GRAPH_F32 && graph_types[type].storage != GRAPH_AS_FLOAT) {
        Status status = run_tensor(run, type, tensor->rank, tensor->dims, kept, &run->owned[value]);
        return status_is_ok(&status) ? graph_tensor_convert(tensor, kept) : status;
    }
    *kept = *tensor;
    if (tensor->type == GRAPH_F32) kept->type = type;
    graph_tensor_round(kept);
    for (int i = 0; i < run->scratch_count; i++)
        if (run->scratch[i].data == tensor->data) {
            run->owned[value] = run->scratch[i].bytes;
            run->scratch[i] = run->scratch[--run->scratch_count];
            break;
        }
    return status_ok();
}

Status graph_run_node(GraphRun *run, int index) {
    Status status;
    const GraphNode *node = graph_node(run->graph, index);
    GraphTensor out[RUN_OUTPUTS_MAX] = {{0}};
    GraphCall call = {.node = node,
                      .opset = graph_opset(run->graph),
                      .run = run,
                      .in = run->in,
                      .in_count = node->input_count,
                      .out = out,
                      .out_count = node->output_count};
    char where[160];
    REQUIRE(node->output_count <= RUN_OUTPUTS_MAX);
    TRY(run_gather(run, &call));
    TRY(node->op->run(&call));
    GraphType type = GRAPH_F32; // of float outputs
    if (node->op->float_inputs > 0) {
        const GraphValue *v = graph_value_at(run->graph, node->inputs[0]);
        type = v->is_constant ? v->tensor.type : run->values[node->inputs[0]].type;
    }
    for (int i = 0; i < node->output_count; i++) {
        if (node->outputs[i] < 0) continue;
        if (!out[i].data)
            TRY(status_error(STATUS_UNSUPPORTED, "its output %d is only for training", i + 1));
        TRY(run_keep(run, &out[i], node->op->float_inputs > 0 ? type : out[i].type,
                     node->outputs[i]));
    }
fail:
    run_free_scratch(run);
    snprintf(where, sizeof where, "node %d (%s%s%.60s%s)", index + 1, node->op->name,
             node->name[0] ? " \"" : "", node->name, node->name[0] ? "\"" : "");
    return status_prefix(status, where);
}

// ---- all of them --------------------------------------------------------------------------------

Status graph_run_go(GraphRun *run, const GraphTensor *inputs, int count) {
    const Graph *graph = run->graph;
    Status status = status_ok();
    graph_run_drop(run);
    run->work = 0;
    run->peak = 0;
    if (count != graph_input_count(graph))
        return status_error(STATUS_USAGE, "the network has %d inputs, not %d",
                            graph_input_count(graph), count);
    for (int i = 0; i < count; i++) run->values[graph_input(graph, i)] = inputs[i];
    for (int n = 0; n < graph_node_count(graph); n++) {
        TRY(graph_run_node(run, n));
        const GraphNode *node = graph_node(graph, n);
        for (int i = 0; i < node->input_count; i++)
            if (node->inputs[i] >= 0 && run->last_use[node->inputs[i]] == n)
                run_free(run, node->inputs[i]);
        for (int i = 0; i < node->output_count; i++)
            if (node->outputs[i] >= 0 && run->last_use[node->outputs[i]] == n)
                run_free(run, node->outputs[i]);
    }
fail:
    return status;
}

const GraphTensor *graph_run_value(const GraphRun *run, int value) {
    const GraphValue *v = graph_value_at(run->graph, value);
    return v->is_constant ? &v->tensor : &run->values[value];
}

const GraphTensor *graph_run_output(const GraphRun *run, int index) {
    return graph_run_value(run, graph_output(run->graph, index));
}

size_t graph_run_peak(const GraphRun *run) {
    return run->peak;
}

double graph_run_work(const GraphRun *run) {
    return run->work;
}
