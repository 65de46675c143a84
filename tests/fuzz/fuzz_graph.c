// The operators of an .onnx file, whatever its inputs are: as fuzz_onnx.c, without the wish that it
// be a classifier of pictures. Inputs get small numbers of the shapes they ask for.
#include "fuzz.h"

#include "formats/onnx_proto.h"

#include <stdlib.h>
#include <string.h>

enum { INPUTS_MAX = 8, INPUT_COUNT_MAX = 4096 };
static const GraphLimits LIMITS = {16u << 20, 2e6};

// A dimension that is not told is 2.
static bool make_input(Graph *memory, const GraphValue *value, GraphTensor *out) {
    *out =
        (GraphTensor){.type = value->tensor.type, .rank = value->ranked ? value->tensor.rank : 2};
    out->count = 1;
    for (int i = 0; i < out->rank; i++) {
        size_t n = value->ranked ? value->tensor.dims[i] : 0;
        out->dims[i] = n ? n : 2;
        if (out->dims[i] > INPUT_COUNT_MAX || out->count * out->dims[i] > INPUT_COUNT_MAX)
            return false;
        out->count *= out->dims[i];
    }
    out->data = graph_alloc(memory, (out->count + 1) * graph_element_size(out->type));
    if (!out->data) return false;
    for (size_t i = 0; i < out->count; i++) {
        if (graph_storage(out) == GRAPH_AS_FLOAT) ((float *)out->data)[i] = (float)(i % 7) - 3;
        if (graph_storage(out) == GRAPH_AS_DOUBLE) ((double *)out->data)[i] = (double)(i % 7) - 3;
        if (graph_storage(out) == GRAPH_AS_INTEGER) ((int64_t *)out->data)[i] = (int64_t)(i % 3);
    }
    graph_tensor_round(out);
    return true;
}

static void run(const Graph *graph) {
    GraphTensor inputs[INPUTS_MAX];
    Graph *memory = NULL;
    GraphRun *run = NULL;
    int count = graph_input_count(graph);
    bool made = count <= INPUTS_MAX;
    Status status = graph_open(13, 1 << 20, &memory);
    for (int i = 0; made && status_is_ok(&status) && i < count; i++)
        made = make_input(memory, graph_value_at(graph, graph_input(graph, i)), &inputs[i]);
    if (made && status_is_ok(&status)) status = graph_run_open(graph, LIMITS, &run);
    if (run) {
        status = graph_run_go(run, inputs, count);
        fuzz_check(&status);
        for (int i = 0; status_is_ok(&status) && i < graph_output_count(graph); i++) {
            char text[96];
            graph_tensor_print(graph_run_output(run, i), text);
        }
    }
    graph_run_close(&run);
    graph_close(&memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Bytes file = {malloc(size + 1), size};
    TensorBag *pairs = NULL;
    Graph *graph = NULL;
    REQUIRE(file.data);
    memcpy(file.data, data, size);
    file.data[size] = 0;
    Status status = tensor_bag_open(0, &pairs);
    if (status_is_ok(&status)) status = onnx_proto_read(&file, pairs, &graph);
    fuzz_check(&status);
    REQUIRE(status_is_ok(&status) == (graph != NULL));
    if (graph) {
        status = graph_finish(graph, LIMITS.work);
        fuzz_check(&status);
        if (status_is_ok(&status)) run(graph);
    }
    graph_close(&graph);
    tensor_bag_close(&pairs);
    bytes_close(&file);
    return 0;
}
