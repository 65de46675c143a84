// Looking over the bytes of a protobuf message before they are unpacked: protobuf-c trusts them
// with depth, memory and time. For onnx_proto_*.c only.
#ifndef INKLING_FORMATS_ONNX_PROTO_CHECK_H
#define INKLING_FORMATS_ONNX_PROTO_CHECK_H

#include "base/status.h"

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

// STATUS_FORMAT when the bytes are no message of that kind, or one that nests too deep or repeats
// what may be there once; STATUS_MEMORY when unpacking would take more than `budget` bytes.
Status onnx_proto_check(const ProtobufCMessageDescriptor *descriptor, const unsigned char *data,
                        size_t size, size_t budget);

#endif
