// The list of tensors of a file, the types of their numbers, and turning them into floats.
#include "formats/tensor_bag.h"

#include "base/check.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct BagText {
    char *key, *value;
} BagText;

enum { BAG_TEXTS_MAX = 64 };

struct TensorBag {
    Tensor *tensors;
    int count, capacity;
    size_t floats_left; // that may still be added
    void **blocks;
    int block_count, block_capacity;
    BagText texts[BAG_TEXTS_MAX];
    int text_count;
};

// ---- types --------------------------------------------------------------------------------------

static uint64_t load_bits(const unsigned char *bytes, int size) {
    uint64_t bits = 0;
    for (int i = size - 1; i >= 0; i--) bits = bits << 8 | bytes[i];
    return bits;
}

static float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float f32_to_float(const unsigned char *bytes) {
    return float_of_bits((uint32_t)load_bits(bytes, 4));
}

static float f64_to_float(const unsigned char *bytes) {
    uint64_t bits = load_bits(bytes, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    // Beyond float's range the conversion is undefined in C; IEEE arithmetic says infinity.
    if (value > 3.4028235677973366e38) return float_of_bits(0x7F800000u);
    if (value < -3.4028235677973366e38) return float_of_bits(0xFF800000u);
    return (float)value;
}

static float bf16_to_float(const unsigned char *bytes) {
    return float_of_bits((uint32_t)load_bits(bytes, 2) << 16);
}

// IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction.
static float f16_to_float(const unsigned char *bytes) {
    uint32_t bits = (uint32_t)load_bits(bytes, 2);
    uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 0x1F, fraction = bits & 0x3FF;
    if (exponent == 0x1F) return float_of_bits(sign | 0x7F800000u | fraction << 13);
    if (exponent > 0) return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float value = (float)fraction * 0x1p-24f; // subnormal: exact
    return sign ? -value : value;
}

static int64_t load_signed(const unsigned char *bytes, int size) {
    int64_t top = (int64_t)1 << (8 * size - 1); // size < 8
    return ((int64_t)load_bits(bytes, size) ^ top) - top;
}

static float i64_to_float(const unsigned char *bytes) {
    uint64_t bits = load_bits(bytes, 8);
    return bits >> 63 ? -(float)(~bits + 1) : (float)bits;
}

static float i32_to_float(const unsigned char *bytes) {
    return (float)load_signed(bytes, 4);
}

static float i16_to_float(const unsigned char *bytes) {
    return (float)load_signed(bytes, 2);
}

static float i8_to_float(const unsigned char *bytes) {
    return (float)load_signed(bytes, 1);
}

static float u8_to_float(const unsigned char *bytes) {
    return (float)bytes[0];
}

const TensorTypeRow tensor_types[TENSOR_TYPE_COUNT] = {
    [TENSOR_F32] = {"float32", 4, true, f32_to_float},
    [TENSOR_F64] = {"float64", 8, true, f64_to_float},
    [TENSOR_F16] = {"float16", 2, true, f16_to_float},
    [TENSOR_BF16] = {"bfloat16", 2, true, bf16_to_float},
    [TENSOR_I64] = {"int64", 8, false, i64_to_float},
    [TENSOR_I32] = {"int32", 4, false, i32_to_float},
    [TENSOR_I16] = {"int16", 2, false, i16_to_float},
    [TENSOR_I8] = {"int8", 1, false, i8_to_float},
    [TENSOR_U8] = {"uint8", 1, false, u8_to_float},
    [TENSOR_BOOL] = {"bool", 1, false, u8_to_float},
};

// ---- the bag ------------------------------------------------------------------------------------

Status tensor_bag_open(size_t size_limit, TensorBag **out) {
    *out = calloc(1, sizeof **out);
    if (!*out) return status_no_memory("a list of tensors", sizeof **out);
    (*out)->floats_left = size_limit / sizeof(float);
    return status_ok();
}

void tensor_bag_close(TensorBag **bag) {
    if (!*bag) return;
    for (int i = 0; i < (*bag)->block_count; i++) free((*bag)->blocks[i]);
    for (int i = 0; i < (*bag)->text_count; i++) {
        free((*bag)->texts[i].key);
        free((*bag)->texts[i].value);
    }
    free((*bag)->blocks);
    free((*bag)->tensors);
    free(*bag);
    *bag = NULL;
}

static bool size_multiply(size_t a, size_t b, size_t *out) {
    if (b != 0 && a > SIZE_MAX / b) return false;
    *out = a * b;
    return true;
}

void tensor_pack_strides(Tensor *tensor) {
    size_t stride = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        tensor->strides[i] = stride;
        if (!size_multiply(stride, tensor->dims[i], &stride)) stride = SIZE_MAX;
    }
}

// Bytes from tensor->data to the end of its last element; false on overflow. Sets the count.
static bool tensor_measure(Tensor *tensor, size_t *bytes) {
    size_t last = 0, count = 1;
    for (int i = 0; i < tensor->rank; i++) {
        size_t step;
        if (!size_multiply(count, tensor->dims[i], &count)) return false;
        if (tensor->dims[i] == 0) continue;
        if (!size_multiply(tensor->dims[i] - 1, tensor->strides[i], &step)) return false;
        if (step > SIZE_MAX - last) return false;
        last += step;
    }
    tensor->count = count;
    *bytes = 0;
    return count == 0 ||
           (last < SIZE_MAX && size_multiply(last + 1, tensor_types[tensor->type].size, bytes));
}

Status tensor_bag_add(TensorBag *bag, const Tensor *tensor, size_t room) {
    char text[128];
    size_t size = strlen(tensor->name), bytes;
    if (size == 0 || !text_is_utf8(tensor->name, size))
        return status_error(STATUS_FORMAT, "tensor %d has no usable name", bag->count + 1);
    Tensor copy = *tensor;
    tensor_print(tensor, text);
    if (tensor->rank < 0 || tensor->rank > TENSOR_RANK_MAX)
        return status_error(STATUS_UNSUPPORTED, "a tensor has %d dimensions; at most %d are read",
                            tensor->rank, TENSOR_RANK_MAX);
    if (!tensor_measure(&copy, &bytes))
        return status_error(STATUS_FORMAT, "tensor %s is larger than any memory", text);
    if (bytes > room)
        return status_error(STATUS_FORMAT,
                            "tensor %s reaches %zu bytes into its storage, which has %zu", text,
                            bytes, room);
    if (copy.count > bag->floats_left)
        return status_error(STATUS_FORMAT,
                            "with tensor %s the numbers come to far more than the file's size",
                            text);
    if (tensor_bag_find(bag, tensor->name))
        return status_error(STATUS_FORMAT, "tensor %s is there twice", text);
    if (bag->count >= TENSOR_BAG_MAX)
        return status_error(STATUS_UNSUPPORTED, "there are more than %d tensors", TENSOR_BAG_MAX);
    if (bag->count == bag->capacity) {
        int capacity = bag->capacity ? 2 * bag->capacity : 16;
        Tensor *grown = realloc(bag->tensors, (size_t)capacity * sizeof *grown);
        if (!grown) return status_no_memory("tensors", (size_t)capacity * sizeof *grown);
        bag->tensors = grown;
        bag->capacity = capacity;
    }
    bag->floats_left -= copy.count;
    bag->tensors[bag->count++] = copy;
    return status_ok();
}

Status tensor_bag_own(TensorBag *bag, void *block) {
    if (bag->block_count == bag->block_capacity) {
        int capacity = bag->block_capacity ? 2 * bag->block_capacity : 16;
        void **grown = realloc(bag->blocks, (size_t)capacity * sizeof *grown);
        if (!grown) {
            free(block);
            return status_no_memory("storages", (size_t)capacity * sizeof *grown);
        }
        bag->blocks = grown;
        bag->block_capacity = capacity;
    }
    bag->blocks[bag->block_count++] = block;
    return status_ok();
}

static char *text_clone(const char *s) {
    size_t size = strlen(s) + 1;
    char *copy = malloc(size);
    if (copy) memcpy(copy, s, size);
    return copy;
}

static BagText *bag_text(const TensorBag *bag, const char *key) {
    for (int i = 0; i < bag->text_count; i++)
        if (strcmp(bag->texts[i].key, key) == 0) return (BagText *)&bag->texts[i];
    return NULL;
}

Status tensor_bag_set_text(TensorBag *bag, const char *key, const char *value) {
    if (strlen(value) >= TENSOR_TEXT_MAX)
        return status_error(STATUS_FORMAT, "%.40s has more than %d bytes", key, TENSOR_TEXT_MAX);
    BagText *old = bag_text(bag, key);
    if (!old && bag->text_count == BAG_TEXTS_MAX)
        return status_error(STATUS_FORMAT, "there are more than %d metadata entries",
                            BAG_TEXTS_MAX);
    char *key_copy = old ? NULL : text_clone(key), *value_copy = text_clone(value);
    if ((!old && !key_copy) || !value_copy) {
        free(key_copy);
        free(value_copy);
        return status_no_memory("metadata", strlen(key) + strlen(value));
    }
    if (old) {
        free(old->value);
        old->value = value_copy;
    } else {
        bag->texts[bag->text_count++] = (BagText){key_copy, value_copy};
    }
    return status_ok();
}

const char *tensor_bag_text(const TensorBag *bag, const char *key) {
    const BagText *text = bag_text(bag, key);
    return text ? text->value : NULL;
}

const char *tensor_bag_text_at(const TensorBag *bag, int index, const char **value) {
    if (index < 0 || index >= bag->text_count) return NULL;
    *value = bag->texts[index].value;
    return bag->texts[index].key;
}

int tensor_bag_count(const TensorBag *bag) {
    return bag->count;
}

const Tensor *tensor_bag_at(const TensorBag *bag, int index) {
    REQUIRE(index >= 0 && index < bag->count);
    return &bag->tensors[index];
}

const Tensor *tensor_bag_find(const TensorBag *bag, const char *name) {
    for (int i = 0; i < bag->count; i++)
        if (strcmp(bag->tensors[i].name, name) == 0) return &bag->tensors[i];
    return NULL;
}

// ---- numbers and names --------------------------------------------------------------------------

void tensor_read(const Tensor *tensor, float *out) {
    const TensorTypeRow *type = &tensor_types[tensor->type];
    size_t index[TENSOR_RANK_MAX] = {0}, at = 0;
    for (size_t i = 0; i < tensor->count; i++) {
        out[i] = type->to_float(tensor->data + at * type->size);
        for (int d = tensor->rank - 1; d >= 0; d--) {
            at += tensor->strides[d];
            if (++index[d] < tensor->dims[d]) break;
            at -= tensor->dims[d] * tensor->strides[d]; // unsigned: wraps back to where it was
            index[d] = 0;
        }
    }
}

void tensor_print(const Tensor *tensor, char out[128]) {
    size_t used = 0;
    for (const char *c = tensor->name; *c && used < 60; c++)
        out[used++] = (char)((unsigned char)*c < 0x20 || *c == 0x7F ? '?' : *c);
    while (used > 0 && !text_is_utf8(out, used)) used--; // not in the middle of a character
    used += (size_t)snprintf(out + used, 128 - used, " [");
    for (int i = 0; i < tensor->rank && i < TENSOR_RANK_MAX && used < 110; i++)
        used += (size_t)snprintf(out + used, 128 - used, "%s%zu", i ? "," : "", tensor->dims[i]);
    if (used > 126) used = 126;
    snprintf(out + used, 128 - used, "]");
}

void tensor_bag_print(const TensorBag *bag, char *out, size_t size) {
    size_t used = 0;
    text_copy(out, size, bag->count ? "" : "no tensors");
    for (int i = 0; i < bag->count; i++) {
        char text[128];
        tensor_print(&bag->tensors[i], text);
        if (used + strlen(text) + 20 > size) {
            snprintf(out + used, size - used, " and %d more", bag->count - i);
            return;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", text);
    }
}
