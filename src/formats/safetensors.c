// .safetensors: 8 bytes with the length of a JSON header, the header, the numbers. What makes a
// bare list of tensors a network again is in __metadata__ (metadata.h). Tensors have PyTorch's
// names (tensor_names.h) and layout, so safetensors.torch.load_file gives a state dict. Not here:
// guessing the network of a file without that (infer.h).
#include "formats/list.h"

#include "base/file.h"
#include "base/text.h"
#include "base/tr.h"
#include "formats/border.h"
#include "formats/infer.h"
#include "formats/metadata.h"
#include "formats/safetensors_header.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// 64 million parameters of 8 bytes, and the header.
#define SAFETENSORS_FILE_MAX                                                                       \
    ((size_t)SPEC_PARAMETERS_MAX * 8 + (size_t)SAFETENSORS_HEADER_MAX + 1024)

static uint64_t safetensors_length(const unsigned char *head) {
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--) length = length << 8 | head[i];
    return length;
}

bool safetensors_recognise(const unsigned char *head, size_t size, size_t file_size) {
    if (size < 9 || head[8] != '{') return false;
    uint64_t length = safetensors_length(head);
    return length >= 2 && length <= file_size - 8;
}

// ---- reading ------------------------------------------------------------------------------------

static Status add_tensor(const SafetensorsTensor *from, const unsigned char *data, TensorBag *bag) {
    Tensor tensor = {.rank = from->rank, .data = data + from->begin};
    char text[128];
    safetensors_tensor_print(from, text);
    if (!text_copy(tensor.name, sizeof tensor.name, from->name))
        return status_error(STATUS_UNSUPPORTED, "the name of tensor %s is too long", text);
    for (int i = 0; i < from->rank; i++) tensor.dims[i] = from->dims[i];
    if (from->type->type == TENSOR_TYPE_COUNT)
        return status_error(STATUS_UNSUPPORTED,
                            "tensor %s is of type %s; F32, F16, BF16 and F64 can be read", text,
                            from->type->name);
    tensor.type = from->type->type;
    tensor_pack_strides(&tensor);
    return tensor_bag_add(bag, &tensor, from->end - from->begin);
}

// Names with their numbers as numbers: "layers.2.weight" before "layers.10.weight".
static int compare_names(const char *a, const char *b) {
    for (; *a && *b; a++, b++) {
        size_t x = strspn(a, "0123456789"), y = strspn(b, "0123456789");
        if (x > 0 && y > 0 && x != y) return x < y ? -1 : 1;
        if (*a != *b) break;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

static int compare_tensors(const void *a, const void *b) {
    const SafetensorsTensor *x = a, *y = b;
    return compare_names(x->name, y->name);
}

// The format's own writers sort by name, and the order of the layers is lost: names with numbers
// bring most of it back.
static Status fill_bag(SafetensorsHeader *header, const unsigned char *data, TensorBag *bag) {
    Status status = status_ok();
    const char *value, *key;
    for (int i = 0; status_is_ok(&status) && (key = safetensors_header_at(header, i, &value)); i++)
        if (strncmp(key, "inkling.", 8) == 0) status = tensor_bag_set_text(bag, key, value);
    if (!metadata_has(bag) && header->count > 0)
        qsort(header->tensors, (size_t)header->count, sizeof *header->tensors, compare_tensors);
    for (int i = 0; status_is_ok(&status) && i < header->count; i++)
        status = add_tensor(&header->tensors[i], data, bag);
    return status;
}

static Status read_model(SafetensorsHeader *header, const unsigned char *data,
                         const InferOptions *options, SavedModel **out, InferReport *report) {
    Status status;
    TensorBag *bag = NULL;
    TRY(tensor_bag_open((size_t)SPEC_PARAMETERS_MAX * 8, &bag));
    TRY(fill_bag(header, data, bag));
    TRY(infer_model(bag, options, out, report));
fail:
    tensor_bag_close(&bag);
    return status;
}

static Status read_bytes(const Bytes *file, const InferOptions *options, SavedModel **out,
                         InferReport *report) {
    if (file->size < 10)
        return status_error(STATUS_FORMAT,
                            TR("it has %zu bytes, too few for a safetensors file; is it complete?"),
                            file->size);
    uint64_t length = safetensors_length(file->data);
    if (length > file->size - 8)
        return status_error(STATUS_FORMAT,
                            TR("not a safetensors file, or cut short: its first 8 bytes promise a "
                               "header of %llu bytes, but only %zu follow"),
                            (unsigned long long)length, file->size - 8);
    if (length > SAFETENSORS_HEADER_MAX)
        return status_error(STATUS_UNSUPPORTED, "its header has %llu bytes; at most %d are read",
                            (unsigned long long)length, SAFETENSORS_HEADER_MAX);
    SafetensorsHeader header;
    const unsigned char *data = file->data + 8 + length;
    Status status = safetensors_header_read((const char *)file->data + 8, (size_t)length,
                                            file->size - 8 - (size_t)length, &header);
    if (!status_is_ok(&status)) return status;
    status = read_model(&header, data, options, out, report);
    safetensors_header_close(&header);
    return status;
}

Status safetensors_read(const char *path, const InferOptions *options, SavedModel **out,
                        InferReport *report) {
    Bytes file;
    *out = NULL;
    Status status = file_read(path, SAFETENSORS_FILE_MAX, &file);
    if (!status_is_ok(&status)) return status;
    status = status_prefix(read_bytes(&file, options, out, report), path);
    bytes_close(&file);
    return status;
}

// ---- writing ------------------------------------------------------------------------------------

static unsigned char *put_bits(unsigned char *to, uint64_t bits, int size) {
    for (int i = 0; i < size; i++) *to++ = (unsigned char)(bits >> 8 * i);
    return to;
}

static unsigned char *put_floats(unsigned char *to, const float *from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &from[i], sizeof bits);
        to = put_bits(to, bits, 4);
    }
    return to;
}

static Status write_header(const SavedModel *model, const TensorNames *keys, Text *out) {
    enum { PAIRS_MAX = 16 };
    SafetensorsPair pairs[PAIRS_MAX] = {{"format", "pt"}};
    int count = 1;
    TensorBag *bag = NULL;
    Status status;
    TRY(tensor_bag_open(0, &bag));
    TRY(metadata_take(model, bag));
    while (count < PAIRS_MAX &&
           (pairs[count].key = tensor_bag_text_at(bag, count - 1, &pairs[count].value)))
        count++;
    safetensors_header_write(pairs, count, keys, &model->plan, out);
fail:
    tensor_bag_close(&bag);
    return status;
}

// Behind the header: counters, then tensors.
static void put_keys(unsigned char *to, const ModelPlan *plan, const TensorNames *keys,
                     const float *weights) {
    for (int i = 0; i < keys->count; i++)
        if (keys->items[i].counts) to = put_bits(to, (uint64_t)keys->items[i].batches, 8);
    for (int i = 0; i < keys->count; i++) {
        const TensorInfo *tensor = &plan->tensors[keys->items[i].tensor];
        if (!keys->items[i].counts) to = put_floats(to, weights + tensor->offset, tensor->count);
    }
}

Status safetensors_write(const char *path, const SavedModel *model) {
    Status status;
    Text header = {0};
    TensorNames *keys = NULL;
    float *given = NULL;
    unsigned char *bytes = NULL;
    size_t size = 8;
    TRY(border_weights(model, &given));
    const float *weights = given ? given : model->weights;
    TRY(tensor_names_written(model->names, &model->plan, weights, NAMES_CHANGED, &keys));
    TRY(write_header(model, keys, &header));
    if (!header.failed) {
        size += header.size;
        for (int i = 0; i < keys->count; i++)
            size +=
                keys->items[i].counts ? 8 : 4 * model->plan.tensors[keys->items[i].tensor].count;
        bytes = malloc(size);
    }
    if (!bytes) {
        status = status_no_memory(path, size);
        goto fail;
    }
    memcpy(put_bits(bytes, header.size, 8), header.data, header.size);
    put_keys(bytes + 8 + header.size, &model->plan, keys, weights);
    TRY(file_write_atomic(path, bytes, size, 0644));
fail:
    text_close(&header);
    free(keys);
    free(given);
    free(bytes);
    return status;
}
