// Protobuf messages of .onnx files by hand, for tests of files that no writer would make. The
// numbers of fields are those of onnx.proto.
#ifndef INKLING_TESTS_ONNX_CRAFT_H
#define INKLING_TESTS_ONNX_CRAFT_H

#include "base/text.h"

#include <stdint.h>

// Fields of a message, appended to it.
void craft_integer(Text *message, unsigned field, int64_t value);
void craft_bytes(Text *message, unsigned field, const void *bytes, size_t size);
void craft_text(Text *message, unsigned field, const char *text);
void craft_float(Text *message, unsigned field, float value);
// Appends `part` as a field and closes it.
void craft_part(Text *message, unsigned field, Text *part);

// A node with inputs and outputs as words ("x w b"; "-" for one left out), still open: attributes
// may follow, then craft_part(graph, 1, &node).
void craft_node(Text *node, const char *op, const char *inputs, const char *outputs);
// The same without attributes, in the graph.
void craft_one(Text *graph, const char *op, const char *inputs, const char *outputs);
void craft_attribute_integer(Text *node, const char *name, int64_t value);
void craft_attribute_float(Text *node, const char *name, float value);
void craft_attribute_text(Text *node, const char *name, const char *value);
void craft_attribute_integers(Text *node, const char *name, int count, const int64_t *values);

// A float32 initializer of a graph; `numbers` may be NULL: zeros.
void craft_tensor(Text *graph, const char *name, int rank, const int64_t *dims,
                  const float *numbers);
// An int64 vector.
void craft_integers(Text *graph, const char *name, int count, const int64_t *values);
// A float32 input of a graph; dims of -1 are named and open.
void craft_input(Text *graph, const char *name, int rank, const int64_t *dims);
void craft_output(Text *graph, const char *name);
// A residual of pictures of 28x28: y = relu(conv(x) + x), and a dense layer for ten classes.
Text craft_residual(void);
// Numbers from -1 to 1, always the same.
void craft_noise(float *out, size_t count);
// A ModelProto around `graph`, which is closed. Free with text_close.
void craft_model(Text *graph, int opset, Text *model);

#endif
