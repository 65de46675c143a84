// The protobuf of .onnx files in a build without protobuf-c: sentences.
#include "formats/onnx_proto.h"

static Status onnx_none(void) {
    return status_error(STATUS_UNSUPPORTED,
                        "this program was built without ONNX; build it again where protobuf-c, "
                        "protoc-c and onnx.proto are (Debian: libprotobuf-c-dev, "
                        "protobuf-c-compiler, libonnx-dev)");
}

Status onnx_proto_read(Bytes *file, TensorBag *pairs, Graph **out) {
    (void)file;
    (void)pairs;
    *out = NULL;
    return onnx_none();
}

Status onnx_proto_read_tensor(const unsigned char *data, size_t size, Graph *graph, char name[64],
                              GraphTensor *out) {
    (void)data;
    (void)size;
    (void)graph;
    (void)name;
    (void)out;
    return onnx_none();
}

Status onnx_proto_write(const Graph *graph, const GraphTensor *output, const TensorBag *pairs,
                        const char *note, Bytes *out) {
    (void)graph;
    (void)output;
    (void)pairs;
    (void)note;
    out->data = NULL;
    out->size = 0;
    return onnx_none();
}
