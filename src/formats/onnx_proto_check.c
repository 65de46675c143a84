// A walk over the fields of a protobuf message and of those inside it, with a bound on everything
// that a file could make grow: depth, memory, and merging of messages (which takes quadratic time).
//
// Source: the wire format, https://protobuf.dev/programming-guides/encoding/
#include "formats/onnx_proto_check.h"

#include <stdint.h>

enum { PROTO_DEPTH_MAX = 16, PROTO_FIELDS_MAX = 64 };
// What one field costs while its message is unpacked, and one allocation beside its bytes.
enum { PROTO_FIELD_COST = 56, PROTO_BLOCK_COST = 32 };

typedef enum WireType { WIRE_VARINT, WIRE_8, WIRE_SIZED, WIRE_GROUP, WIRE_END, WIRE_4 } WireType;

typedef struct ProtoWalk {
    const unsigned char *at;
    size_t left;    // bytes of the message
    size_t *budget; // bytes of memory
} ProtoWalk;

static Status proto_broken(void) {
    return status_error(STATUS_FORMAT, "its bytes are not those of an ONNX model; is it complete?");
}

static bool proto_varint(ProtoWalk *walk, uint64_t *out) {
    *out = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        if (walk->left == 0) return false;
        unsigned char byte = *walk->at++;
        walk->left--;
        if (shift < 64) *out |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) return true;
    }
    return false;
}

static bool proto_spend(ProtoWalk *walk, size_t bytes) {
    if (bytes > *walk->budget) return false;
    *walk->budget -= bytes;
    return true;
}

// The bytes of a field's value; for WIRE_SIZED without the length in front.
static bool proto_skip(ProtoWalk *walk, WireType wire, size_t *size) {
    uint64_t value = 0;
    *size = 0;
    if (wire == WIRE_VARINT) return proto_varint(walk, &value);
    if (wire == WIRE_8) value = 8;
    if (wire == WIRE_4) value = 4;
    if (wire == WIRE_SIZED && !proto_varint(walk, &value)) return false;
    if (wire == WIRE_GROUP || wire == WIRE_END || wire > WIRE_4 || value > walk->left) return false;
    *size = (size_t)value;
    walk->at += *size;
    walk->left -= *size;
    return true;
}

// Packed numbers of one byte may become eight.
static size_t proto_cost(const ProtobufCFieldDescriptor *field, size_t size) {
    bool fixed =
        field && (field->type == PROTOBUF_C_TYPE_FLOAT || field->type == PROTOBUF_C_TYPE_DOUBLE ||
                  field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES);
    return fixed || !field ? size : size * 8;
}

static Status proto_walk(const ProtobufCMessageDescriptor *descriptor, ProtoWalk *walk, int depth) {
    uint64_t seen = 0;
    if (depth > PROTO_DEPTH_MAX || descriptor->n_fields > PROTO_FIELDS_MAX)
        return status_error(STATUS_FORMAT, "its parts are nested more than %d deep",
                            PROTO_DEPTH_MAX);
    while (walk->left > 0) {
        uint64_t tag;
        size_t size;
        if (!proto_varint(walk, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFF)
            return proto_broken();
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(tag >> 3));
        WireType wire = (WireType)(tag & 7);
        if (!proto_skip(walk, wire, &size)) return proto_broken();
        bool message = field && field->type == PROTOBUF_C_TYPE_MESSAGE && wire == WIRE_SIZED;
        size_t cost = PROTO_FIELD_COST + PROTO_BLOCK_COST;
        if (message)
            cost += ((const ProtobufCMessageDescriptor *)field->descriptor)->sizeof_message;
        else
            cost += proto_cost(field, size);
        if (!proto_spend(walk, cost))
            return status_error(STATUS_MEMORY,
                                "it has more parts than fit into the memory that is spent on a "
                                "file of its size");
        if (!message) continue;
        uint64_t bit = (uint64_t)1 << (field - descriptor->fields);
        if (field->label != PROTOBUF_C_LABEL_REPEATED && (seen & bit))
            return status_error(STATUS_FORMAT, "its part \"%s\" is there twice", field->name);
        seen |= bit;
        ProtoWalk inner = {walk->at - size, size, walk->budget};
        Status status = proto_walk(field->descriptor, &inner, depth + 1);
        if (!status_is_ok(&status)) return status;
    }
    return status_ok();
}

Status onnx_proto_check(const ProtobufCMessageDescriptor *descriptor, const unsigned char *data,
                        size_t size, size_t budget) {
    ProtoWalk walk = {data, size, &budget};
    return proto_walk(descriptor, &walk, 0);
}
