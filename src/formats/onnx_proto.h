// The protobuf of .onnx files, to graphs and back: the room's one door to protobuf-c and to the
// code that protoc-c makes of ONNX's own onnx.proto (onnx_proto_*.c). Messages do not name the
// file. Without those (INKLING_HAVE_ONNX undefined) all of it says so in a sentence.
#ifndef INKLING_FORMATS_ONNX_PROTO_H
#define INKLING_FORMATS_ONNX_PROTO_H

#include "base/file.h"
#include "formats/tensor_bag.h"
#include "graph/graph.h"

// A ModelProto as a graph with its constants, not yet finished (graph_finish): nothing has been
// run. `pairs` gets the metadata whose keys begin with "inkling.". Outside data, sparse tensors,
// operators of other domains and subgraphs are refused. The bytes of `file` are freed as soon as
// they are not needed. Memory: at most twice the file and 100 MB, the file's bytes included.
Status onnx_proto_read(Bytes *file, TensorBag *pairs, Graph **out);

// A TensorProto, its numbers in memory of `graph`. `name`: as in the file, cut.
Status onnx_proto_read_tensor(const unsigned char *data, size_t size, Graph *graph, char name[64],
                              GraphTensor *out);

// The bytes of a ModelProto for a graph: free with bytes_close. `output`: type and shape of the
// graph's one output (a dimension of 0: any). `pairs` go into the metadata, and `note` is said to
// people who look at the file.
Status onnx_proto_write(const Graph *graph, const GraphTensor *output, const TensorBag *pairs,
                        const char *note, Bytes *out);

#endif
