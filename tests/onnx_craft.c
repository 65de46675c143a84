// Writing protobuf field by field.
#include "tests/onnx_craft.h"

#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

static void craft_varint(Text *message, uint64_t value) {
    do {
        char byte = (char)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));
        text_append_bytes(message, &byte, 1);
        value >>= 7;
    } while (value > 0);
}

void craft_integer(Text *message, unsigned field, int64_t value) {
    craft_varint(message, field << 3);
    craft_varint(message, (uint64_t)value);
}

void craft_bytes(Text *message, unsigned field, const void *bytes, size_t size) {
    craft_varint(message, field << 3 | 2);
    craft_varint(message, size);
    text_append_bytes(message, bytes, size);
}

void craft_text(Text *message, unsigned field, const char *text) {
    craft_bytes(message, field, text, strlen(text));
}

void craft_float(Text *message, unsigned field, float value) {
    unsigned char bytes[4];
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++) bytes[i] = (unsigned char)(bits >> 8 * i);
    craft_varint(message, field << 3 | 5);
    text_append_bytes(message, (const char *)bytes, 4);
}

void craft_part(Text *message, unsigned field, Text *part) {
    craft_bytes(message, field, part->data ? part->data : "", part->size);
    text_close(part);
}

static void craft_words(Text *message, unsigned field, const char *words) {
    while (*words) {
        size_t size = strcspn(words, " ");
        bool none = size == 1 && *words == '-';
        craft_bytes(message, field, words, none ? 0 : size);
        words += size;
        if (*words == ' ') words++;
    }
}

void craft_node(Text *node, const char *op, const char *inputs, const char *outputs) {
    memset(node, 0, sizeof *node);
    craft_words(node, 1, inputs);
    craft_words(node, 2, outputs);
    craft_text(node, 4, op);
}

enum { CRAFT_FLOAT = 1, CRAFT_INT = 2, CRAFT_STRING = 3, CRAFT_INTS = 7 };

void craft_attribute_integer(Text *node, const char *name, int64_t value) {
    Text attribute = {0};
    craft_text(&attribute, 1, name);
    craft_integer(&attribute, 3, value);
    craft_integer(&attribute, 20, CRAFT_INT);
    craft_part(node, 5, &attribute);
}

void craft_attribute_float(Text *node, const char *name, float value) {
    Text attribute = {0};
    craft_text(&attribute, 1, name);
    craft_float(&attribute, 2, value);
    craft_integer(&attribute, 20, CRAFT_FLOAT);
    craft_part(node, 5, &attribute);
}

void craft_attribute_text(Text *node, const char *name, const char *value) {
    Text attribute = {0};
    craft_text(&attribute, 1, name);
    craft_text(&attribute, 4, value);
    craft_integer(&attribute, 20, CRAFT_STRING);
    craft_part(node, 5, &attribute);
}

void craft_attribute_integers(Text *node, const char *name, int count, const int64_t *values) {
    Text attribute = {0};
    craft_text(&attribute, 1, name);
    for (int i = 0; i < count; i++) craft_integer(&attribute, 8, values[i]);
    craft_integer(&attribute, 20, CRAFT_INTS);
    craft_part(node, 5, &attribute);
}

void craft_tensor(Text *graph, const char *name, int rank, const int64_t *dims,
                  const float *numbers) {
    Text tensor = {0};
    size_t count = 1;
    for (int i = 0; i < rank; i++) {
        craft_integer(&tensor, 1, dims[i]);
        count *= (size_t)dims[i];
    }
    craft_integer(&tensor, 2, 1);
    craft_text(&tensor, 8, name);
    unsigned char *bytes = calloc(count + 1, 4);
    for (size_t i = 0; bytes && numbers && i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &numbers[i], sizeof bits);
        for (int k = 0; k < 4; k++) bytes[4 * i + (size_t)k] = (unsigned char)(bits >> 8 * k);
    }
    if (bytes) craft_bytes(&tensor, 9, bytes, count * 4);
    free(bytes);
    craft_part(graph, 5, &tensor);
}

void craft_integers(Text *graph, const char *name, int count, const int64_t *values) {
    Text tensor = {0}, packed = {0};
    craft_integer(&tensor, 1, count);
    craft_integer(&tensor, 2, 7);
    for (int i = 0; i < count; i++) craft_varint(&packed, (uint64_t)values[i]);
    craft_part(&tensor, 7, &packed);
    craft_text(&tensor, 8, name);
    craft_part(graph, 5, &tensor);
}

void craft_input(Text *graph, const char *name, int rank, const int64_t *dims) {
    Text value = {0}, type = {0}, tensor = {0}, shape = {0};
    for (int i = 0; i < rank; i++) {
        Text dim = {0};
        if (dims[i] >= 0)
            craft_integer(&dim, 1, dims[i]);
        else
            craft_text(&dim, 2, "n");
        craft_part(&shape, 1, &dim);
    }
    craft_integer(&tensor, 1, 1);
    craft_part(&tensor, 2, &shape);
    craft_part(&type, 1, &tensor);
    craft_text(&value, 1, name);
    craft_part(&value, 2, &type);
    craft_part(graph, 11, &value);
}

void craft_output(Text *graph, const char *name) {
    Text value = {0};
    craft_text(&value, 1, name);
    craft_part(graph, 12, &value);
}

void craft_model(Text *graph, int opset, Text *model) {
    Text set = {0};
    memset(model, 0, sizeof *model);
    craft_integer(model, 1, 7);
    craft_part(model, 7, graph);
    craft_text(&set, 1, "");
    craft_integer(&set, 2, opset);
    craft_part(model, 8, &set);
}

void craft_one(Text *graph, const char *op, const char *inputs, const char *outputs) {
    Text node;
    craft_node(&node, op, inputs, outputs);
    craft_part(graph, 1, &node);
}

void craft_noise(float *out, size_t count) {
    Rng rng = rng_make(7, 7);
    for (size_t i = 0; i < count; i++) out[i] = (float)rng_range(&rng, -1, 1);
}

Text craft_residual(void) {
    Text graph = {0}, node;
    float kernel[9], weight[10 * 784];
    craft_noise(kernel, 9);
    craft_noise(weight, 10 * 784);
    craft_input(&graph, "x", 4, (const int64_t[]){-1, 1, 28, 28});
    craft_tensor(&graph, "k", 4, (const int64_t[]){1, 1, 3, 3}, kernel);
    craft_tensor(&graph, "w", 2, (const int64_t[]){10, 784}, weight);
    craft_node(&node, "Conv", "x k", "a");
    craft_attribute_integers(&node, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    craft_part(&graph, 1, &node);
    craft_node(&node, "Add", "a x", "b");
    craft_part(&graph, 1, &node);
    craft_node(&node, "Relu", "b", "c");
    craft_part(&graph, 1, &node);
    craft_node(&node, "Flatten", "c", "d");
    craft_part(&graph, 1, &node);
    craft_node(&node, "Gemm", "d w", "e");
    craft_attribute_integer(&node, "transB", 1);
    craft_part(&graph, 1, &node);
    craft_output(&graph, "e");
    return graph;
}
