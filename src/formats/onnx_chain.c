// From a graph to the notation of the trainer's layers, where it is a chain of those: every value
// is taken by one node only, and every node is one that a layer of ours computes exactly.
#include "formats/onnx_parts.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct ChainWalk {
    const Graph *graph;
    const GraphRun *trace;
    const GraphNode *node;
    const GraphTensor *in, *out; // shapes that go into the node and come out
    OnnxChain *chain;
    Text text;
    Shape image;
    bool flat; // a vector per picture from here on
} ChainWalk;

// ---- helpers ------------------------------------------------------------------------------------

static void walk_put(ChainWalk *walk, const char *layer) {
    text_append(&walk->text, "%s%s", walk->text.size ? ", " : "", layer);
}

// The fewest digits that read back as the same float: 1e-05 and not 9.99999975e-06.
static void print_float(float value, char out[32]) {
    double back;
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(out, 32, "%.*g", digits, (double)value);
        for (char *c = out; *c; c++)
            if (*c == ',') *c = '.'; // a locale's decimal point
        if (text_to_double(out, &back) && (float)back == value) return;
    }
}

static const GraphTensor *walk_constant(const ChainWalk *walk, int input) {
    if (input >= walk->node->input_count || walk->node->inputs[input] < 0) return NULL;
    const GraphValue *value = graph_value_at(walk->graph, walk->node->inputs[input]);
    bool floats = value->is_constant && graph_storage(&value->tensor) == GRAPH_AS_FLOAT;
    return floats ? &value->tensor : NULL;
}

static bool walk_has(const ChainWalk *walk, int input) {
    return input < walk->node->input_count && walk->node->inputs[input] >= 0;
}

static OnnxSource *walk_source(ChainWalk *walk) {
    if (walk->chain->source_count == SPEC_LAYERS_MAX) return NULL;
    OnnxSource *source = &walk->chain->sources[walk->chain->source_count++];
    *source = (OnnxSource){.weight = NULL};
    return source;
}

// All `count` numbers of an attribute are `value` (or there is none).
static bool walk_all(const ChainWalk *walk, const char *name, int64_t value) {
    int count;
    const int64_t *numbers = graph_node_ints(walk->node, name, &count);
    for (int i = 0; numbers && i < count; i++)
        if (numbers[i] != value) return false;
    return true;
}

// The one number that an attribute of two (or four) numbers says; -1 when they differ.
static int64_t walk_one(const ChainWalk *walk, const char *name, int64_t fallback) {
    int count;
    const int64_t *numbers = graph_node_ints(walk->node, name, &count);
    if (!numbers || count == 0) return fallback;
    return walk_all(walk, name, numbers[0]) && numbers[0] >= 0 && numbers[0] < 4096 ? numbers[0]
                                                                                    : -1;
}

// Padding that is the same on all sides, given or found; -1 when it is not. The output must be of
// the size that our layers give for it.
static int64_t walk_padding(const ChainWalk *walk, int64_t kernel, int64_t stride) {
    const char *automatic = graph_node_text(walk->node, "auto_pad", "NOTSET");
    int64_t in = (int64_t)walk->in->dims[2], out = (int64_t)walk->out->dims[2], pad = 0;
    if (strncmp(automatic, "SAME", 4) == 0) {
        int64_t total = (out - 1) * stride + kernel - in;
        if (total > 0 && total % 2 != 0) return -1;
        pad = total > 0 ? total / 2 : 0;
    } else if (strcmp(automatic, "VALID") != 0) {
        pad = walk_one(walk, "pads", 0);
    }
    for (int d = 2; d < 4 && pad >= 0; d++) {
        int64_t room = (int64_t)walk->in->dims[d] + 2 * pad - kernel;
        if (room < 0 || room / stride + 1 != (int64_t)walk->out->dims[d]) return -1;
    }
    return pad;
}

// ---- nodes, one by one: false when no layer of ours does what it does ---------------------------

static bool take_nothing(ChainWalk *walk) {
    (void)walk;
    return true;
}

static bool take_conv(ChainWalk *walk) {
    const GraphTensor *weight = walk_constant(walk, 1), *bias = walk_constant(walk, 2);
    if (!weight || weight->rank != 4 || weight->dims[2] != weight->dims[3] ||
        (walk_has(walk, 2) && !bias) || graph_node_int(walk->node, "group", 1) != 1 ||
        !walk_all(walk, "dilations", 1))
        return false;
    int64_t kernel = (int64_t)weight->dims[2], stride = walk_one(walk, "strides", 1);
    if (stride < 1) return false;
    int64_t pad = walk_padding(walk, kernel, stride);
    OnnxSource *source = walk_source(walk);
    char layer[96];
    if (pad < 0 || !source) return false;
    *source = (OnnxSource){.weight = weight, .bias = bias};
    snprintf(layer, sizeof layer, "conv %zu k%d s%d p%d", weight->dims[0], (int)kernel, (int)stride,
             (int)pad);
    walk_put(walk, layer);
    return true;
}

static bool take_pool(ChainWalk *walk) {
    bool average = strcmp(graph_node_op(walk->node), "AveragePool") == 0;
    int64_t kernel = walk_one(walk, "kernel_shape", -1), stride = walk_one(walk, "strides", 1);
    char layer[96];
    if (walk->in->rank != 4 || kernel < 1 || stride < 1 || !walk_all(walk, "dilations", 1) ||
        walk->node->output_count > 1)
        return false;
    int64_t pad = walk_padding(walk, kernel, stride);
    // Ours counts the padding.
    if (pad < 0 || (average && pad > 0 && !graph_node_int(walk->node, "count_include_pad", 0)))
        return false;
    snprintf(layer, sizeof layer, "%s %d s%d p%d", average ? "avgpool" : "maxpool", (int)kernel,
             (int)stride, (int)pad);
    walk_put(walk, layer);
    return true;
}

static bool take_flatten(ChainWalk *walk);

static bool take_global(ChainWalk *walk) {
    char layer[96];
    if (walk->in->rank != 4 || walk->in->dims[2] != walk->in->dims[3] || walk->in->dims[2] > 16)
        return false;
    snprintf(layer, sizeof layer, "avgpool %zu", walk->in->dims[2]);
    walk_put(walk, layer);
    return walk->out->rank == 4 || take_flatten(walk);
}

// Means over height and width are a global pool.
static bool take_mean(ChainWalk *walk) {
    const GraphTensor *out = walk->out;
    size_t rest = 1;
    for (int d = 2; d < out->rank; d++) rest *= out->dims[d];
    bool pooled = walk->in->rank == 4 && (out->rank == 4 || out->rank == 2) && rest == 1 &&
                  out->dims[0] == walk->in->dims[0] && out->dims[1] == walk->in->dims[1];
    // Whether it was these two axes and no others, where all sizes are 1, makes no difference.
    return pooled && take_global(walk);
}

static bool take_batch_norm(ChainWalk *walk) {
    OnnxSource *source = walk_source(walk);
    char layer[96];
    if (!source || walk->node->output_count > 1 ||
        graph_node_int(walk->node, "training_mode", 0) != 0)
        return false;
    *source = (OnnxSource){walk_constant(walk, 1), walk_constant(walk, 2), walk_constant(walk, 3),
                           walk_constant(walk, 4), false};
    if (!source->weight || !source->bias || !source->mean || !source->var) return false;
    float momentum = 1 - graph_node_float(walk->node, "momentum", 0.9f);
    char epsilon[32];
    print_float(graph_node_float(walk->node, "epsilon", 1e-5f), epsilon);
    snprintf(layer, sizeof layer, "batchnorm m%.5g e%s",
             momentum < 0 || momentum > 1 ? 0.1 : (double)momentum, epsilon);
    walk_put(walk, layer);
    return true;
}

static bool take_activation(ChainWalk *walk) {
    static const char *const words[][2] = {
        {"Relu", "relu"}, {"Sigmoid", "sigmoid"}, {"Tanh", "tanh"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(graph_node_op(walk->node), words[i][0]) == 0) walk_put(walk, words[i][1]);
    return true;
}

static bool take_leaky_relu(ChainWalk *walk) {
    char layer[64], slope[32];
    print_float(graph_node_float(walk->node, "alpha", 0.01f), slope);
    snprintf(layer, sizeof layer, "leakyrelu %s", slope);
    walk_put(walk, layer);
    return true;
}

static bool take_dropout(ChainWalk *walk) {
    const GraphTensor *ratio = walk_constant(walk, 1);
    double p = (double)(ratio && ratio->count == 1 ? *(const float *)ratio->data
                                                   : graph_node_float(walk->node, "ratio", 0.5f));
    char layer[64];
    if (walk_has(walk, 2)) {
        const GraphValue *mode = graph_value_at(walk->graph, walk->node->inputs[2]);
        if (!mode->is_constant || mode->tensor.count != 1 ||
            *(const int64_t *)mode->tensor.data != 0)
            return false;
    }
    if (!(p > 0 && p <= 0.99)) return true;
    snprintf(layer, sizeof layer, "dropout %.6g", p);
    walk_put(walk, layer);
    return true;
}

// Anything that only gives the numbers of each picture another shape.
static bool take_flatten(ChainWalk *walk) {
    const GraphTensor *in = walk->in, *out = walk->out;
    if (in->count != out->count || out->rank < 1 || in->rank < 1 || out->dims[0] != in->dims[0])
        return false;
    bool same = in->rank == out->rank;
    for (int d = 0; same && d < in->rank; d++) same = in->dims[d] == out->dims[d];
    if (same) return true;
    if (walk->text.size == 0) return out->rank == 2 || out->rank == 4; // the input, seen otherwise
    if (out->rank != 2) return false;
    if (!walk->flat) walk_put(walk, "flatten");
    walk->flat = true;
    return true;
}

// With one channel, where it stands in the shape makes no difference.
static bool take_transpose(ChainWalk *walk) {
    int count, seen[4], used = 0;
    const int64_t *perm = graph_node_ints(walk->node, "perm", &count);
    if (!perm || count != 4 || walk->in->rank != 4 || perm[0] != 0) return false;
    for (int d = 1; d < 4; d++)
        if (walk->in->dims[perm[d]] != 1) seen[used++] = (int)perm[d];
    for (int i = 1; i < used; i++)
        if (seen[i] < seen[i - 1]) return false;
    return walk->text.size == 0;
}

static bool put_dense(ChainWalk *walk, size_t units, OnnxSource found) {
    OnnxSource *source = walk_source(walk);
    char layer[64];
    if (!source || walk->in->rank != 2) return false;
    *source = found;
    // The first dense layer of a network that takes vectors: the picture is ours.
    if (walk->text.size == 0) walk_put(walk, "flatten");
    walk->flat = true;
    snprintf(layer, sizeof layer, "dense %zu", units);
    walk_put(walk, layer);
    return true;
}

static bool take_gemm(ChainWalk *walk) {
    const GraphTensor *weight = walk_constant(walk, 1), *bias = walk_constant(walk, 2);
    bool turned = graph_node_int(walk->node, "transB", 0) == 0;
    if (!weight || weight->rank != 2 || graph_node_int(walk->node, "transA", 0) != 0 ||
        graph_node_float(walk->node, "alpha", 1) != 1 || (walk_has(walk, 2) && !bias))
        return false;
    size_t units = weight->dims[turned];
    if (bias && (bias->count != units || graph_node_float(walk->node, "beta", 1) != 1 ||
                 bias->rank < 1 || bias->dims[bias->rank - 1] != units))
        return false;
    return put_dense(walk, units, (OnnxSource){.weight = weight, .bias = bias, .turned = turned});
}

static bool take_matmul(ChainWalk *walk) {
    const GraphTensor *weight = walk_constant(walk, 1);
    if (!weight || weight->rank != 2) return false;
    return put_dense(walk, weight->dims[1], (OnnxSource){.weight = weight, .turned = true});
}

// A bias that stands as a node of its own.
static bool take_bias(ChainWalk *walk, const GraphTensor *c) {
    OnnxChain *chain = walk->chain;
    if (chain->source_count == 0 || strcmp(graph_node_op(walk->node), "Add") != 0) return false;
    OnnxSource *source = &chain->sources[chain->source_count - 1];
    const char *last = strrchr(walk->text.data, ',');
    last = last ? last + 2 : walk->text.data;
    int axis = walk->in->rank == 2 ? 1 : c->rank - 3; // of the channels, in the constant
    size_t channels = walk->in->dims[1];
    if ((strncmp(last, "conv", 4) != 0 && strncmp(last, "dense", 5) != 0) || source->bias ||
        c->count != channels || c->rank > walk->in->rank)
        return false;
    if (walk->in->rank == 2 ? c->dims[c->rank - 1] != channels
                            : axis < 0 || c->dims[axis] != channels)
        return false;
    source->bias = c;
    return true;
}

#define FRONT_MOST 1e12

// Arithmetic with a single number in front of everything is part of the normalization.
static bool take_arithmetic(ChainWalk *walk) {
    const char *op = graph_node_op(walk->node);
    const GraphTensor *c = walk_constant(walk, 1);
    bool behind = c != NULL;
    if (!c) c = walk_constant(walk, 0);
    if (!c || walk->in->count != walk->out->count || walk->in->rank != walk->out->rank)
        return false;
    if (walk->text.size > 0) return take_bias(walk, c);
    if (c->count != 1) return false;
    OnnxFront *front = &walk->chain->front;
    double value = (double)*(const float *)c->data, sign = 1;
    if (strcmp(op, "Div") == 0 && !behind) return false;
    if (strcmp(op, "Sub") == 0 && !behind) { // c - x
        front->scale = -front->scale;
        front->shift = -front->shift;
        sign = -1;
    }
    if (strcmp(op, "Add") == 0) front->shift += value;
    if (strcmp(op, "Sub") == 0) front->shift -= sign * value;
    double factor = strcmp(op, "Mul") == 0 ? value : strcmp(op, "Div") == 0 ? 1 / value : 1;
    front->scale *= factor;
    front->shift *= factor;
    // Beyond, mean and std would leave the range of floats: then it stays a graph.
    return fabs(front->scale) >= 1 / FRONT_MOST && fabs(front->scale) <= FRONT_MOST &&
           fabs(front->shift) <= FRONT_MOST;
}

static const struct {
    const char *op;
    bool (*take)(ChainWalk *walk);
} chain_rows[] = {
    {"Add", take_arithmetic},
    {"AveragePool", take_pool},
    {"BatchNormalization", take_batch_norm},
    {"Cast", take_nothing},
    {"Conv", take_conv},
    {"Div", take_arithmetic},
    {"Dropout", take_dropout},
    {"Flatten", take_flatten},
    {"Gemm", take_gemm},
    {"GlobalAveragePool", take_global},
    {"Identity", take_nothing},
    {"LeakyRelu", take_leaky_relu},
    {"MatMul", take_matmul},
    {"MaxPool", take_pool},
    {"Mul", take_arithmetic},
    {"ReduceMean", take_mean},
    {"Relu", take_activation},
    {"Reshape", take_flatten},
    {"Sigmoid", take_activation},
    {"Squeeze", take_flatten},
    {"Sub", take_arithmetic},
    {"Tanh", take_activation},
    {"Transpose", take_transpose},
    {"Unsqueeze", take_flatten},
};

// ---- the walk -----------------------------------------------------------------------------------

// The one node that takes `value`; NULL when there are several, or it does so twice. One that only
// asks for its size (view(x.size(0), -1) in PyTorch) does not count.
static const GraphNode *find_consumer(const Graph *graph, int value, int *index) {
    const GraphNode *found = NULL;
    for (int n = 0; n < graph_node_count(graph); n++) {
        const GraphNode *node = graph_node(graph, n);
        if (strcmp(graph_node_op(node), "Shape") == 0) continue;
        for (int i = 0; i < node->input_count; i++) {
            if (node->inputs[i] != value) continue;
            if (found) return NULL;
            found = node;
            *index = n;
        }
    }
    return found;
}

static bool walk_node(ChainWalk *walk) {
    const char *op = graph_node_op(walk->node);
    const size_t *dims = walk->in->dims;
    bool first = walk->text.size == 0, taken = false;
    if (walk->in->type != GRAPH_F32 || walk->out->type != GRAPH_F32) return false;
    for (size_t i = 0; i < sizeof chain_rows / sizeof chain_rows[0]; i++)
        if (strcmp(chain_rows[i].op, op) == 0) taken = chain_rows[i].take(walk);
    // The first layer must see the picture as it is, whatever stood before it.
    if (taken && first && walk->text.size > 0 && walk->in->rank == 4)
        return dims[1] == (size_t)walk->image.c && dims[2] == (size_t)walk->image.h &&
               dims[3] == (size_t)walk->image.w;
    return taken;
}

void onnx_chain_find(const Graph *graph, const GraphRun *trace, Shape image, OnnxChain *out) {
    ChainWalk walk = {.graph = graph, .trace = trace, .chain = out, .image = image};
    int value = graph_input(graph, 0), index = 0, steps = 0;
    memset(out, 0, sizeof *out);
    out->front = (OnnxFront){1, 0};
    while (value != graph_output(graph, 0)) {
        walk.node = steps++ <= graph_node_count(graph) ? find_consumer(graph, value, &index) : NULL;
        walk.in = graph_run_value(trace, value);
        if (walk.node) walk.out = graph_run_value(trace, walk.node->outputs[0]);
        if (!walk.node || walk.node->outputs[0] < 0 || !walk_node(&walk)) break;
        value = walk.node->outputs[0];
    }
    bool whole = value == graph_output(graph, 0) && !walk.text.failed && walk.text.size > 0;
    if (whole && graph_run_value(trace, value)->rank > 2 && !walk.flat) walk_put(&walk, "flatten");
    if (whole && walk.text.size < sizeof out->layers)
        text_copy(out->layers, sizeof out->layers, walk.text.data);
    else if (walk.node)
        snprintf(out->why, sizeof out->why, "node %d (%s%s%.40s%s)", index + 1,
                 graph_node_op(walk.node), walk.node->name[0] ? " \"" : "", walk.node->name,
                 walk.node->name[0] ? "\"" : "");
    else
        snprintf(out->why, sizeof out->why, "the place where it branches");
    text_close(&walk.text);
}
