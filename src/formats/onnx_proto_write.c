// From a graph to the protobuf of an .onnx file. Messages are put together in memory of their own,
// which is given back as a whole when the bytes are made.
#include "formats/onnx_proto.h"

#include <onnx.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// IR version 7 belongs to operator sets up to 13; 8 and later to the newer ones.
enum { ONNX_IR = 7, ONNX_IR_NEW = 8, ONNX_OPSET_OLD = 13, ONNX_FILE_MAX = 1 << 30 };

typedef struct WriteBlock WriteBlock;
struct WriteBlock {
    WriteBlock *next;
    max_align_t data[];
};

typedef struct Writer {
    const Graph *graph;
    WriteBlock *blocks;
    bool failed; // memory ran out: what was made is not to be used
} Writer;

// Never NULL unless `failed`.
static void *writer_take(Writer *writer, size_t bytes) {
    WriteBlock *block = writer->failed ? NULL : calloc(1, sizeof *block + bytes + 1);
    writer->failed = !block;
    if (!block) return NULL;
    block->next = writer->blocks;
    writer->blocks = block;
    return block->data;
}

static void writer_close(Writer *writer) {
    for (WriteBlock *block = writer->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
}

static char *writer_text(Writer *writer, const char *text) {
    char *copy = writer_take(writer, strlen(text));
    if (copy) strcpy(copy, text);
    return copy;
}

// A message of a kind, as INIT makes it.
#define WRITER_INIT(name, type, init)                                                              \
    static type *name(Writer *writer) {                                                            \
        type *message = writer_take(writer, sizeof *message);                                      \
        if (message) init(message);                                                                \
        return message;                                                                            \
    }
WRITER_INIT(new_attribute, Onnx__AttributeProto, onnx__attribute_proto__init)
WRITER_INIT(new_node, Onnx__NodeProto, onnx__node_proto__init)
WRITER_INIT(new_tensor, Onnx__TensorProto, onnx__tensor_proto__init)
WRITER_INIT(new_value, Onnx__ValueInfoProto, onnx__value_info_proto__init)
WRITER_INIT(new_type, Onnx__TypeProto, onnx__type_proto__init)
WRITER_INIT(new_tensor_type, Onnx__TypeProto__Tensor, onnx__type_proto__tensor__init)
WRITER_INIT(new_shape, Onnx__TensorShapeProto, onnx__tensor_shape_proto__init)
WRITER_INIT(new_dim, Onnx__TensorShapeProto__Dimension, onnx__tensor_shape_proto__dimension__init)
WRITER_INIT(new_pair, Onnx__StringStringEntryProto, onnx__string_string_entry_proto__init)
WRITER_INIT(new_opset, Onnx__OperatorSetIdProto, onnx__operator_set_id_proto__init)
WRITER_INIT(new_graph, Onnx__GraphProto, onnx__graph_proto__init)
WRITER_INIT(new_model, Onnx__ModelProto, onnx__model_proto__init)

static const int onnx_numbers[GRAPH_TYPE_COUNT] = {
    [GRAPH_F32] = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
    [GRAPH_F64] = ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE,
    [GRAPH_F16] = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16,
    [GRAPH_BF16] = ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16,
    [GRAPH_I8] = ONNX__TENSOR_PROTO__DATA_TYPE__INT8,
    [GRAPH_I16] = ONNX__TENSOR_PROTO__DATA_TYPE__INT16,
    [GRAPH_I32] = ONNX__TENSOR_PROTO__DATA_TYPE__INT32,
    [GRAPH_I64] = ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
    [GRAPH_U8] = ONNX__TENSOR_PROTO__DATA_TYPE__UINT8,
    [GRAPH_U16] = ONNX__TENSOR_PROTO__DATA_TYPE__UINT16,
    [GRAPH_U32] = ONNX__TENSOR_PROTO__DATA_TYPE__UINT32,
    [GRAPH_U64] = ONNX__TENSOR_PROTO__DATA_TYPE__UINT64,
    [GRAPH_BOOL] = ONNX__TENSOR_PROTO__DATA_TYPE__BOOL,
    [GRAPH_TEXT] = ONNX__TENSOR_PROTO__DATA_TYPE__STRING,
};

static Onnx__TensorProto *make_tensor(Writer *writer, const GraphTensor *from, const char *name) {
    Onnx__TensorProto *to = new_tensor(writer);
    int64_t *dims = writer_take(writer, (size_t)from->rank * sizeof *dims);
    size_t bytes = from->count * (size_t)(graph_types[from->type].bits / 8);
    unsigned char *raw = writer_take(writer, bytes);
    if (writer->failed) return NULL;
    for (int i = 0; i < from->rank; i++) dims[i] = (int64_t)from->dims[i];
    graph_tensor_store(from, raw);
    to->n_dims = (size_t)from->rank;
    to->dims = dims;
    to->has_data_type = true;
    to->data_type = onnx_numbers[from->type];
    to->name = writer_text(writer, name);
    to->has_raw_data = true;
    to->raw_data = (ProtobufCBinaryData){bytes, raw};
    return to;
}

static Onnx__AttributeProto *make_attribute(Writer *writer, const GraphAttribute *from) {
    static const Onnx__AttributeProto__AttributeType types[] = {
        [GRAPH_INT] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT,
        [GRAPH_FLOAT] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT,
        [GRAPH_STRING] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING,
        [GRAPH_INTS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS,
        [GRAPH_FLOATS] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS,
        [GRAPH_TENSOR] = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR,
    };
    Onnx__AttributeProto *to = new_attribute(writer);
    if (!to) return NULL;
    to->name = writer_text(writer, from->name);
    to->has_type = true;
    to->type = types[from->kind];
    to->has_i = from->kind == GRAPH_INT;
    to->i = from->integer;
    to->has_f = from->kind == GRAPH_FLOAT;
    to->f = from->real;
    if (from->kind == GRAPH_STRING) {
        char *text = writer_text(writer, from->text);
        to->has_s = true;
        if (text) to->s = (ProtobufCBinaryData){strlen(text), (unsigned char *)text};
    }
    if (from->kind == GRAPH_INTS) {
        to->n_ints = (size_t)from->count;
        to->ints = writer_take(writer, to->n_ints * sizeof *to->ints);
        for (size_t i = 0; to->ints && i < to->n_ints; i++) to->ints[i] = from->integers[i];
    }
    if (from->kind == GRAPH_FLOATS) {
        to->n_floats = (size_t)from->count;
        to->floats = writer_take(writer, to->n_floats * sizeof *to->floats);
        for (size_t i = 0; to->floats && i < to->n_floats; i++) to->floats[i] = from->reals[i];
    }
    if (from->kind == GRAPH_TENSOR) to->t = make_tensor(writer, &from->tensor, "");
    return to;
}

static char **make_names(Writer *writer, const int *values, int count) {
    char **names = writer_take(writer, (size_t)count * sizeof *names);
    for (int i = 0; names && i < count; i++)
        names[i] = writer_text(writer,
                               values[i] < 0 ? "" : graph_value_at(writer->graph, values[i])->name);
    return names;
}

static Onnx__NodeProto *make_node(Writer *writer, const GraphNode *from) {
    Onnx__NodeProto *to = new_node(writer);
    if (!to) return NULL;
    to->op_type = writer_text(writer, graph_node_op(from));
    to->name = writer_text(writer, from->name);
    to->n_input = (size_t)from->input_count;
    to->input = make_names(writer, from->inputs, from->input_count);
    to->n_output = (size_t)from->output_count;
    to->output = make_names(writer, from->outputs, from->output_count);
    to->n_attribute = (size_t)from->attribute_count;
    to->attribute = writer_take(writer, to->n_attribute * sizeof *to->attribute);
    for (int i = 0; to->attribute && i < from->attribute_count; i++)
        to->attribute[i] = make_attribute(writer, &from->attributes[i]);
    return to;
}

// Dimensions that are 0 get a name instead: "batch" in front, "any" elsewhere.
static Onnx__ValueInfoProto *make_value(Writer *writer, const char *name, const GraphTensor *from) {
    Onnx__ValueInfoProto *to = new_value(writer);
    Onnx__TypeProto *type = new_type(writer);
    Onnx__TypeProto__Tensor *tensor = new_tensor_type(writer);
    Onnx__TensorShapeProto *shape = new_shape(writer);
    Onnx__TensorShapeProto__Dimension **dims =
        writer_take(writer, (size_t)from->rank * sizeof *dims);
    for (int i = 0; dims && i < from->rank; i++) {
        dims[i] = new_dim(writer);
        if (!dims[i]) return NULL;
        if (from->dims[i] > 0) {
            dims[i]->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            dims[i]->dim_value = (int64_t)from->dims[i];
        } else {
            dims[i]->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dims[i]->dim_param = writer_text(writer, i == 0 ? "batch" : "any");
        }
    }
    if (writer->failed) return NULL;
    shape->n_dim = (size_t)from->rank;
    shape->dim = dims;
    tensor->has_elem_type = true;
    tensor->elem_type = onnx_numbers[from->type];
    tensor->shape = shape;
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type->tensor_type = tensor;
    to->name = writer_text(writer, name);
    to->type = type;
    return to;
}

static Onnx__GraphProto *make_graph(Writer *writer, const GraphTensor *output) {
    const Graph *graph = writer->graph;
    Onnx__GraphProto *to = new_graph(writer);
    if (!to) return NULL;
    size_t nodes = (size_t)graph_node_count(graph), values = (size_t)graph_value_count(graph);
    to->name = writer_text(writer, "inkling");
    to->node = writer_take(writer, nodes * sizeof *to->node);
    to->initializer = writer_take(writer, values * sizeof *to->initializer);
    to->input = writer_take(writer, (size_t)graph_input_count(graph) * sizeof *to->input);
    to->output = writer_take(writer, sizeof *to->output);
    bool *used = writer_take(writer, values);
    if (writer->failed) return NULL;
    for (; to->n_node < nodes; to->n_node++) {
        const GraphNode *node = graph_node(graph, (int)to->n_node);
        to->node[to->n_node] = make_node(writer, node);
        for (int i = 0; i < node->input_count; i++)
            if (node->inputs[i] >= 0) used[node->inputs[i]] = true;
    }
    for (size_t v = 0; v < values; v++) {
        const GraphValue *value = graph_value_at(graph, (int)v);
        if (value->is_constant && used[v])
            to->initializer[to->n_initializer++] = make_tensor(writer, &value->tensor, value->name);
    }
    for (int i = 0; i < graph_input_count(graph); i++) {
        const GraphValue *value = graph_value_at(graph, graph_input(graph, i));
        to->input[to->n_input++] = make_value(writer, value->name, &value->tensor);
    }
    to->output[to->n_output++] =
        make_value(writer, graph_value_at(graph, graph_output(graph, 0))->name, output);
    return to;
}

static void make_pairs(Writer *writer, const TensorBag *pairs, Onnx__ModelProto *to) {
    const char *key, *value;
    int count = 0;
    while (tensor_bag_text_at(pairs, count, &value)) count++;
    to->metadata_props = writer_take(writer, (size_t)count * sizeof *to->metadata_props);
    for (int i = 0; to->metadata_props && i < count; i++) {
        Onnx__StringStringEntryProto *pair = new_pair(writer);
        key = tensor_bag_text_at(pairs, i, &value);
        if (!pair) return;
        pair->key = writer_text(writer, key);
        pair->value = writer_text(writer, value);
        to->metadata_props[to->n_metadata_props++] = pair;
    }
}

static Onnx__ModelProto *make_model(Writer *writer, const GraphTensor *output,
                                    const TensorBag *pairs, const char *note) {
    Onnx__ModelProto *to = new_model(writer);
    Onnx__OperatorSetIdProto *opset = new_opset(writer);
    Onnx__OperatorSetIdProto **opsets = writer_take(writer, sizeof *opsets);
    if (writer->failed) return NULL;
    to->has_ir_version = true;
    to->ir_version = graph_opset(writer->graph) > ONNX_OPSET_OLD ? ONNX_IR_NEW : ONNX_IR;
    to->producer_name = writer_text(writer, "inkling");
    to->producer_version = writer_text(writer, INKLING_VERSION);
    to->doc_string = writer_text(writer, note);
    opset->domain = writer_text(writer, "");
    opset->has_version = true;
    opset->version = graph_opset(writer->graph);
    opsets[0] = opset;
    to->n_opset_import = 1;
    to->opset_import = opsets;
    make_pairs(writer, pairs, to);
    to->graph = make_graph(writer, output);
    return to;
}

static bool writer_can(const GraphTensor *tensor) {
    return tensor->type != GRAPH_TEXT && tensor->type != GRAPH_OPAQUE;
}

Status onnx_proto_write(const Graph *graph, const GraphTensor *output, const TensorBag *pairs,
                        const char *note, Bytes *out) {
    Writer writer = {.graph = graph};
    Status status = status_ok();
    *out = (Bytes){0};
    for (int v = 0; v < graph_value_count(graph); v++)
        if (!writer_can(&graph_value_at(graph, v)->tensor))
            return status_error(STATUS_UNSUPPORTED, "it holds texts or what is no tensor, which "
                                                    "cannot be written");
    Onnx__ModelProto *model = make_model(&writer, output, pairs, note);
    size_t size = writer.failed ? 0 : onnx__model_proto__get_packed_size(model);
    if (!writer.failed && size <= ONNX_FILE_MAX) out->data = malloc(size + 1);
    if (size > ONNX_FILE_MAX) {
        status =
            status_error(STATUS_UNSUPPORTED, "it would have %zu MB, more than is read", size >> 20);
    } else if (!out->data) {
        status = status_no_memory("an ONNX model", size);
    } else {
        out->size = onnx__model_proto__pack(model, out->data);
        out->data[out->size] = '\0';
    }
    writer_close(&writer);
    return status;
}
