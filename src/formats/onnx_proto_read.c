// From the protobuf of an .onnx file to a graph.
#include "formats/onnx_proto.h"
#include "formats/onnx_proto_check.h"

#include "base/text.h"

#include <onnx.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What is spent on a file beside the bytes that it has.
#define ONNX_SPARE ((size_t)48 * 1024 * 1024)

// ---- tensors ------------------------------------------------------------------------------------

static const struct {
    bool known;
    GraphType type;
} onnx_types[] = {
    [ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT] = {true, GRAPH_F32},
    [ONNX__TENSOR_PROTO__DATA_TYPE__UINT8] = {true, GRAPH_U8},
    [ONNX__TENSOR_PROTO__DATA_TYPE__INT8] = {true, GRAPH_I8},
    [ONNX__TENSOR_PROTO__DATA_TYPE__UINT16] = {true, GRAPH_U16},
    [ONNX__TENSOR_PROTO__DATA_TYPE__INT16] = {true, GRAPH_I16},
    [ONNX__TENSOR_PROTO__DATA_TYPE__INT32] = {true, GRAPH_I32},
    [ONNX__TENSOR_PROTO__DATA_TYPE__INT64] = {true, GRAPH_I64},
    [ONNX__TENSOR_PROTO__DATA_TYPE__STRING] = {true, GRAPH_TEXT},
    [ONNX__TENSOR_PROTO__DATA_TYPE__BOOL] = {true, GRAPH_BOOL},
    [ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16] = {true, GRAPH_F16},
    [ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE] = {true, GRAPH_F64},
    [ONNX__TENSOR_PROTO__DATA_TYPE__UINT32] = {true, GRAPH_U32},
    [ONNX__TENSOR_PROTO__DATA_TYPE__UINT64] = {true, GRAPH_U64},
    [ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16] = {true, GRAPH_BF16},
};

static bool onnx_type(int64_t number, GraphType *out) {
    if (number < 0 || (size_t)number >= sizeof onnx_types / sizeof onnx_types[0] ||
        !onnx_types[number].known)
        return false;
    *out = onnx_types[number].type;
    return true;
}

static const char *onnx_text(const char *text) {
    return text ? text : "";
}

static Status tensor_shape(const Onnx__TensorProto *proto, GraphTensor *out) {
    size_t most = SIZE_MAX / 64;
    memset(out, 0, sizeof *out);
    if (proto->n_dims > GRAPH_RANK_MAX)
        return status_error(STATUS_UNSUPPORTED,
                            "it has %zu dimensions; at most %d can be worked "
                            "with",
                            proto->n_dims, GRAPH_RANK_MAX);
    if (!onnx_type(proto->data_type, &out->type))
        return status_error(STATUS_UNSUPPORTED, "its numbers are of a type (%d) that is not known",
                            (int)proto->data_type);
    out->rank = (int)proto->n_dims;
    out->count = 1;
    for (int i = 0; i < out->rank; i++) {
        if (proto->dims[i] < 0 || (uint64_t)proto->dims[i] > most / (out->count ? out->count : 1))
            return status_error(STATUS_FORMAT, "its shape makes no sense");
        out->dims[i] = (size_t)proto->dims[i];
        out->count *= out->dims[i];
    }
    return status_ok();
}

static Status tensor_texts(const Onnx__TensorProto *proto, GraphTensor *out) {
    if (proto->n_string_data != out->count)
        return status_error(STATUS_FORMAT, "it has %zu texts, not the %zu of its shape",
                            proto->n_string_data, out->count);
    for (size_t i = 0; i < out->count; i++) {
        if (proto->string_data[i].len >= GRAPH_TEXT_MAX)
            return status_error(STATUS_UNSUPPORTED, "its texts are too long");
        memcpy((char *)out->data + i * GRAPH_TEXT_MAX, proto->string_data[i].data,
               proto->string_data[i].len);
    }
    return status_ok();
}

// Numbers kept one by one in the field that their type has. `get` gives the bits of number i.
typedef struct TensorField {
    size_t count;
    int size; // bytes of a number in the file's type
    const float *floats;
    const double *doubles;
    const int32_t *narrow;
    const int64_t *wide;
    const uint64_t *unsigned_wide;
} TensorField;

static uint64_t field_bits(const TensorField *field, size_t i) {
    uint64_t bits = 0;
    uint32_t half = 0;
    if (field->floats) {
        memcpy(&half, &field->floats[i], sizeof half);
        return half;
    }
    if (field->doubles) memcpy(&bits, &field->doubles[i], sizeof bits);
    if (field->narrow) bits = (uint64_t)(int64_t)field->narrow[i];
    if (field->wide) bits = (uint64_t)field->wide[i];
    if (field->unsigned_wide) bits = field->unsigned_wide[i];
    return bits;
}

static Status tensor_fields(const Onnx__TensorProto *proto, GraphTensor *out) {
    TensorField field = {0};
    size_t size = graph_element_size(out->type);
    switch (out->type) {
    case GRAPH_F32:
        field = (TensorField){.count = proto->n_float_data, .floats = proto->float_data};
        break;
    case GRAPH_F64:
        field = (TensorField){.count = proto->n_double_data, .doubles = proto->double_data};
        break;
    case GRAPH_I64:
        field = (TensorField){.count = proto->n_int64_data, .wide = proto->int64_data};
        break;
    case GRAPH_U32:
    case GRAPH_U64:
        field = (TensorField){.count = proto->n_uint64_data, .unsigned_wide = proto->uint64_data};
        break;
    default:
        field = (TensorField){.count = proto->n_int32_data, .narrow = proto->int32_data};
        break;
    }
    if (field.count != out->count)
        return status_error(STATUS_FORMAT, "it has %zu numbers, not the %zu of its shape",
                            field.count, out->count);
    for (size_t i = 0; i < out->count; i++) {
        uint64_t bits = field_bits(&field, i);
        unsigned char bytes[8];
        for (int k = 0; k < 8; k++) bytes[k] = (unsigned char)(bits >> 8 * k);
        GraphTensor one = *out;
        one.count = 1;
        one.data = (unsigned char *)out->data + i * size;
        graph_tensor_load(&one, bytes);
    }
    return status_ok();
}

static Status onnx_tensor_read(const Onnx__TensorProto *proto, Graph *graph, GraphTensor *out) {
    Status status;
    if (proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL ||
        proto->n_external_data > 0)
        return status_error(STATUS_UNSUPPORTED,
                            "its numbers lie in another file, which is not opened for safety; save "
                            "the model with all its numbers inside");
    if (proto->segment) return status_error(STATUS_UNSUPPORTED, "it is only a part of a tensor");
    TRY(tensor_shape(proto, out));
    size_t bytes = out->count * (size_t)(graph_types[out->type].bits / 8);
    bool raw = proto->has_raw_data && out->type != GRAPH_TEXT;
    size_t there = raw ? proto->raw_data.len : bytes;
    if (there != bytes)
        TRY(status_error(STATUS_FORMAT, "it has %zu bytes, not the %zu of its shape", there,
                         bytes));
    // Not before it is known that the file has so many numbers.
    if (!raw && out->count > proto->n_float_data + proto->n_double_data + proto->n_int64_data +
                                 proto->n_int32_data + proto->n_uint64_data + proto->n_string_data)
        TRY(status_error(STATUS_FORMAT, "it has fewer numbers than the %zu of its shape",
                         out->count));
    out->data = graph_alloc(graph, out->count * graph_element_size(out->type));
    if (!out->data) TRY(status_no_memory("a tensor", out->count * graph_element_size(out->type)));
    if (raw)
        graph_tensor_load(out, proto->raw_data.data);
    else if (out->type == GRAPH_TEXT)
        TRY(tensor_texts(proto, out));
    else
        TRY(tensor_fields(proto, out));
fail:
    return status;
}

// ---- nodes --------------------------------------------------------------------------------------

static Onnx__AttributeProto__AttributeType attribute_type(const Onnx__AttributeProto *proto) {
    if (proto->has_type && proto->type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED)
        return proto->type;
    // The first files had no type.
    return proto->t          ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR
           : proto->has_f    ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
           : proto->has_i    ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
           : proto->has_s    ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
           : proto->n_floats ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
                             : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
}

static Status attribute_read(const Onnx__AttributeProto *proto, Graph *graph, GraphAttribute *out) {
    Status status = status_ok();
    const char *text = NULL;
    int64_t *integers = NULL;
    float *reals = NULL;
    out->name = graph_copy_text(graph, onnx_text(proto->name), strlen(onnx_text(proto->name)));
    bool memory = out->name != NULL;
    switch (attribute_type(proto)) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
        out->kind = GRAPH_INT;
        out->integer = proto->i;
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
        out->kind = GRAPH_FLOAT;
        out->real = proto->f;
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
        out->kind = GRAPH_STRING;
        out->text = text = graph_copy_text(graph, (const char *)proto->s.data, proto->s.len);
        memory = memory && text;
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
        out->kind = GRAPH_INTS;
        out->count = proto->n_ints < 4096 ? (int)proto->n_ints : 4096;
        out->integers = integers = graph_alloc(graph, (size_t)out->count * sizeof *integers + 1);
        memory = memory && integers;
        for (int i = 0; memory && i < out->count; i++) integers[i] = proto->ints[i];
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
        out->kind = GRAPH_FLOATS;
        out->count = proto->n_floats < 4096 ? (int)proto->n_floats : 4096;
        out->reals = reals = graph_alloc(graph, (size_t)out->count * sizeof *reals + 1);
        memory = memory && reals;
        for (int i = 0; memory && i < out->count; i++) reals[i] = proto->floats[i];
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
        out->kind = GRAPH_TENSOR;
        if (!proto->t) return status_error(STATUS_FORMAT, "a tensor of its attributes is missing");
        TRY(onnx_tensor_read(proto->t, graph, &out->tensor));
        break;
    default:
        return status_error(STATUS_UNSUPPORTED,
                            "its attribute \"%.40s\" is of a kind that cannot "
                            "be read",
                            onnx_text(proto->name));
    }
    if (!memory) TRY(status_no_memory("a node's attributes", 0));
fail:
    return status;
}

static Status node_values(Graph *graph, char **names, size_t count, int *out) {
    for (size_t i = 0; i < count; i++) {
        out[i] = names[i][0] ? graph_value(graph, names[i]) : GRAPH_NONE;
        if (names[i][0] && out[i] < 0) return status_no_memory("the network's values", 0);
    }
    return status_ok();
}

static Status node_read(const Onnx__NodeProto *proto, Graph *graph) {
    Status status;
    GraphNode *node;
    const char *domain = onnx_text(proto->domain);
    if (proto->n_input > GRAPH_INPUTS_MAX || proto->n_output > GRAPH_INPUTS_MAX ||
        proto->n_attribute > GRAPH_ATTRIBUTES_MAX)
        return status_error(STATUS_UNSUPPORTED, "it has more inputs, outputs or attributes than "
                                                "any operator that is known");
    if (domain[0] && strcmp(domain, "ai.onnx") != 0)
        return status_error(STATUS_UNSUPPORTED, "the operator %.40s of \"%.60s\" cannot be run",
                            onnx_text(proto->op_type), domain);
    TRY(graph_add_node(graph, onnx_text(proto->op_type), onnx_text(proto->name),
                       (int)proto->n_input, (int)proto->n_output, (int)proto->n_attribute, &node));
    for (size_t i = 0; i < proto->n_attribute; i++)
        TRY(attribute_read(proto->attribute[i], graph, &node->attributes[i]));
    TRY(node_values(graph, proto->input, proto->n_input, node->inputs));
    TRY(node_values(graph, proto->output, proto->n_output, node->outputs));
    TRY(graph_check_node(graph, node));
fail:
    return status;
}

// ---- the model ----------------------------------------------------------------------------------

static Status input_read(const Onnx__ValueInfoProto *proto, Graph *graph) {
    GraphTensor declared = {.type = GRAPH_OPAQUE};
    const Onnx__TypeProto__Tensor *type =
        proto->type && proto->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
            ? proto->type->tensor_type
            : NULL;
    bool ranked = type && type->shape && type->shape->n_dim <= GRAPH_RANK_MAX;
    if (type && !onnx_type(type->elem_type, &declared.type)) declared.type = GRAPH_OPAQUE;
    if (ranked) declared.rank = (int)type->shape->n_dim;
    for (int i = 0; i < declared.rank; i++) {
        const Onnx__TensorShapeProto__Dimension *dim = type->shape->dim[i];
        bool told = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        if (told && dim->dim_value > 0) declared.dims[i] = (size_t)dim->dim_value;
    }
    return graph_add_input(graph, onnx_text(proto->name), &declared, ranked);
}

static Status graph_read(const Onnx__GraphProto *proto, Graph *graph) {
    Status status = status_ok();
    char where[160];
    if (proto->n_sparse_initializer > 0)
        return status_error(STATUS_UNSUPPORTED, "it holds sparse tensors, which cannot be read");
    for (size_t i = 0; i < proto->n_initializer; i++) {
        GraphTensor tensor;
        const char *name = onnx_text(proto->initializer[i]->name);
        snprintf(where, sizeof where, "tensor \"%.80s\"", name);
        TRY(status_prefix(onnx_tensor_read(proto->initializer[i], graph, &tensor), where));
        TRY(graph_add_constant(graph, name, &tensor));
    }
    for (size_t i = 0; i < proto->n_input; i++) TRY(input_read(proto->input[i], graph));
    for (size_t i = 0; i < proto->n_node; i++) {
        snprintf(where, sizeof where, "node %zu (%.40s)", i + 1,
                 onnx_text(proto->node[i]->op_type));
        TRY(status_prefix(node_read(proto->node[i], graph), where));
    }
    for (size_t i = 0; i < proto->n_output; i++)
        TRY(graph_add_output(graph, onnx_text(proto->output[i]->name)));
fail:
    return status;
}

static Status model_opset(const Onnx__ModelProto *model, int *out) {
    *out = 1; // of the first files, which do not say
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *set = model->opset_import[i];
        const char *domain = onnx_text(set->domain);
        if (domain[0] && strcmp(domain, "ai.onnx") != 0) continue;
        if (set->version < 1 || set->version > GRAPH_OPSET_MAX)
            return status_error(STATUS_UNSUPPORTED,
                                "it is written for operator set %lld; 7 to %d can be read",
                                (long long)set->version, GRAPH_OPSET_MAX);
        *out = (int)set->version;
    }
    return status_ok();
}

Status onnx_proto_read(Bytes *file, TensorBag *pairs, Graph **out) {
    Status status;
    Onnx__ModelProto *model = NULL;
    Graph *graph = NULL;
    size_t size = file->size;
    int opset;
    *out = NULL;
    TRY(onnx_proto_check(&onnx__model_proto__descriptor, file->data, size, size + ONNX_SPARE));
    model = onnx__model_proto__unpack(NULL, size, file->data);
    bytes_close(file);
    if (!model || !model->graph)
        TRY(status_error(STATUS_FORMAT, "it holds no ONNX graph; is the file complete?"));
    TRY(model_opset(model, &opset));
    TRY(graph_open(opset, size + ONNX_SPARE, &graph));
    TRY(graph_read(model->graph, graph));
    for (size_t i = 0; i < model->n_metadata_props; i++) {
        const Onnx__StringStringEntryProto *pair = model->metadata_props[i];
        if (strncmp(onnx_text(pair->key), "inkling.", 8) == 0)
            TRY(tensor_bag_set_text(pairs, pair->key, onnx_text(pair->value)));
    }
    *out = graph;
    graph = NULL;
fail:
    if (model) onnx__model_proto__free_unpacked(model, NULL);
    graph_close(&graph);
    return status;
}

Status onnx_proto_read_tensor(const unsigned char *data, size_t size, Graph *graph, char name[64],
                              GraphTensor *out) {
    Status status;
    Onnx__TensorProto *proto = NULL;
    TRY(onnx_proto_check(&onnx__tensor_proto__descriptor, data, size, size + ONNX_SPARE));
    proto = onnx__tensor_proto__unpack(NULL, size, data);
    if (!proto) TRY(status_error(STATUS_FORMAT, "it is not a tensor"));
    text_copy(name, 64, onnx_text(proto->name));
    TRY(onnx_tensor_read(proto, graph, out));
fail:
    if (proto) onnx__tensor_proto__free_unpacked(proto, NULL);
    return status;
}
