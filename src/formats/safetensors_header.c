// The JSON header: parsing (with cJSON) and checking what a stranger wrote, and writing our own.
#include "formats/safetensors_header.h"

#include <cjson/cJSON.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- types --------------------------------------------------------------------------------------

static const SafetensorsType safetensors_types[] = {
    {"F32", 4, TENSOR_F32},
    {"F16", 2, TENSOR_F16},
    {"BF16", 2, TENSOR_BF16},
    {"F64", 8, TENSOR_F64},
    {"BOOL", 1, TENSOR_BOOL},
    {"U8", 1, TENSOR_U8},
    {"I8", 1, TENSOR_I8},
    {"F8_E4M3", 1, TENSOR_TYPE_COUNT},
    {"F8_E5M2", 1, TENSOR_TYPE_COUNT},
    {"U16", 2, TENSOR_TYPE_COUNT},
    {"I16", 2, TENSOR_I16},
    {"U32", 4, TENSOR_TYPE_COUNT},
    {"I32", 4, TENSOR_I32},
    {"U64", 8, TENSOR_TYPE_COUNT},
    {"I64", 8, TENSOR_I64},
};

static const SafetensorsType *safetensors_type_find(const char *name) {
    for (size_t i = 0; i < sizeof safetensors_types / sizeof safetensors_types[0]; i++)
        if (strcmp(safetensors_types[i].name, name) == 0) return &safetensors_types[i];
    return NULL;
}

// ---- messages -----------------------------------------------------------------------------------

// A name out of a file, fit for a one-line message: no control characters, cut at 48 bytes where a
// character begins.
static void safetensors_name_print(const char *name, char out[64]) {
    size_t size = strlen(name);
    if (size > 48) {
        size = 48;
        while (size > 0 && ((unsigned char)name[size] & 0xC0) == 0x80) size--;
    }
    for (size_t i = 0; i < size; i++) out[i] = (unsigned char)name[i] < 0x20 ? '?' : name[i];
    snprintf(out + size, 64 - size, "%s", name[size] ? "..." : "");
}

void safetensors_tensor_print(const SafetensorsTensor *tensor, char out[128]) {
    char name[64];
    safetensors_name_print(tensor->name, name);
    int size = snprintf(out, 128, "%s [", name);
    for (int i = 0; i < tensor->rank && size < 128; i++)
        size += snprintf(out + size, (size_t)(128 - size), "%s%zu", i ? "," : "", tensor->dims[i]);
    if (size < 127) snprintf(out + size, (size_t)(128 - size), "]");
}

// ---- reading ------------------------------------------------------------------------------------

// A whole number from 0 to 2^53, which is what JSON can carry.
static bool json_size(const cJSON *item, size_t *out) {
    if (!cJSON_IsNumber(item)) return false;
    double value = item->valuedouble;
    if (!(value >= 0) || value > 9007199254740992.0) return false;
    *out = (size_t)value;
    return (double)*out == value;
}

static Status header_read_shape(const cJSON *shape, const char *name, SafetensorsTensor *out) {
    out->count = 1;
    if (!cJSON_IsArray(shape))
        return status_error(STATUS_FORMAT, "tensor %s has no \"shape\" list", name);
    const cJSON *item;
    cJSON_ArrayForEach(item, shape) {
        if (out->rank == SAFETENSORS_RANK_MAX)
            return status_error(STATUS_FORMAT, "tensor %s has more than %d dimensions", name,
                                SAFETENSORS_RANK_MAX);
        size_t dim;
        if (!json_size(item, &dim))
            return status_error(STATUS_FORMAT,
                                "tensor %s: its shape holds something that is no whole number",
                                name);
        if (dim != 0 && out->count > SIZE_MAX / 16 / dim)
            return status_error(STATUS_FORMAT, "tensor %s: its shape is too large to be true",
                                name);
        out->dims[out->rank++] = dim;
        out->count *= dim;
    }
    return status_ok();
}

static Status header_read_tensor(const cJSON *item, size_t data_size, SafetensorsTensor *out) {
    char name[64];
    safetensors_name_print(item->string, name);
    memset(out, 0, sizeof *out);
    out->name = item->string;
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(item, "dtype");
    if (!cJSON_IsString(type))
        return status_error(STATUS_FORMAT, "tensor %s has no \"dtype\"", name);
    out->type = safetensors_type_find(type->valuestring);
    if (!out->type) {
        char type_name[64];
        safetensors_name_print(type->valuestring, type_name);
        return status_error(STATUS_UNSUPPORTED, "tensor %s has the unknown type \"%s\"", name,
                            type_name);
    }
    Status status = header_read_shape(cJSON_GetObjectItemCaseSensitive(item, "shape"), name, out);
    if (!status_is_ok(&status)) return status;
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(item, "data_offsets");
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !json_size(offsets->child, &out->begin) || !json_size(offsets->child->next, &out->end))
        return status_error(STATUS_FORMAT, "tensor %s: \"data_offsets\" must be two whole numbers",
                            name);
    if (out->begin > out->end || out->end > data_size)
        return status_error(STATUS_FORMAT,
                            "tensor %s lies at bytes %zu to %zu, but there are %zu bytes of data",
                            name, out->begin, out->end, data_size);
    size_t bytes = out->count * out->type->size;
    if (out->end - out->begin != bytes)
        return status_error(STATUS_FORMAT, "tensor %s needs %zu bytes for its shape but has %zu",
                            name, bytes, out->end - out->begin);
    return status_ok();
}

static int tensor_compare_place(const void *a, const void *b) {
    const SafetensorsTensor *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static int text_compare(const void *a, const void *b) {
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

// Keys of one object that are there twice: the reader that comes next might take the other one.
static Status object_check_keys(const cJSON *object) {
    size_t count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, object) count++;
    const char **keys = malloc((count + 1) * sizeof *keys);
    if (!keys) return status_no_memory("the names in the header", count * sizeof *keys);
    count = 0;
    cJSON_ArrayForEach(item, object) keys[count++] = item->string;
    qsort(keys, count, sizeof *keys, text_compare);
    Status status = status_ok();
    for (size_t i = 1; i < count; i++) {
        if (strcmp(keys[i], keys[i - 1]) != 0) continue;
        char name[64];
        safetensors_name_print(keys[i], name);
        status = status_error(STATUS_FORMAT, "\"%s\" is there twice", name);
        break;
    }
    free(keys);
    return status;
}

static Status metadata_check(const cJSON *metadata) {
    if (!metadata) return status_ok();
    if (!cJSON_IsObject(metadata))
        return status_error(STATUS_FORMAT, "__metadata__ must be an object of strings");
    const cJSON *item;
    cJSON_ArrayForEach(item, metadata) {
        if (!cJSON_IsString(item))
            return status_error(STATUS_FORMAT, "__metadata__ must be an object of strings");
    }
    return object_check_keys(metadata);
}

// The data without holes and overlaps, as the format asks for.
static Status header_check_places(SafetensorsHeader *header, size_t data_size) {
    qsort(header->tensors, (size_t)header->count, sizeof *header->tensors, tensor_compare_place);
    size_t end = 0;
    for (int i = 0; i < header->count; i++) {
        const SafetensorsTensor *tensor = &header->tensors[i];
        char name[64];
        safetensors_name_print(tensor->name, name);
        if (tensor->begin < end)
            return status_error(STATUS_FORMAT,
                                "tensor %s begins at byte %zu of the data, inside another one that "
                                "ends at %zu",
                                name, tensor->begin, end);
        if (tensor->begin > end)
            return status_error(STATUS_FORMAT,
                                "bytes %zu to %zu of the data, before tensor %s, belong to none",
                                end, tensor->begin, name);
        end = tensor->end;
    }
    if (end != data_size)
        return status_error(STATUS_FORMAT,
                            "its tensors end at byte %zu of the data, but %zu bytes are there", end,
                            data_size);
    return status_ok();
}

static Status header_read_tensors(const cJSON *root, size_t data_size, SafetensorsHeader *out) {
    int entries = cJSON_GetArraySize(root);
    if (entries > SAFETENSORS_TENSORS_MAX)
        return status_error(STATUS_UNSUPPORTED, "its header lists %d tensors; at most %d are read",
                            entries, SAFETENSORS_TENSORS_MAX);
    out->tensors = calloc((size_t)entries + 1, sizeof *out->tensors);
    if (!out->tensors)
        return status_no_memory("the header", (size_t)entries * sizeof *out->tensors);
    const cJSON *item;
    cJSON_ArrayForEach(item, root) {
        if (strcmp(item->string, "__metadata__") == 0) continue;
        Status status = header_read_tensor(item, data_size, &out->tensors[out->count]);
        if (!status_is_ok(&status)) return status;
        out->count++;
    }
    return header_check_places(out, data_size);
}

Status safetensors_header_read(const char *text, size_t size, size_t data_size,
                               SafetensorsHeader *out) {
    Status status;
    memset(out, 0, sizeof *out);
    if (!text_is_utf8(text, size))
        return status_error(STATUS_FORMAT, "its header is not UTF-8 text");
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text, size, &end, 0);
    out->json = root;
    if (!root) {
        status = status_error(STATUS_FORMAT, "its header is not JSON (byte %zu)",
                              8 + (end && end >= text ? (size_t)(end - text) : 0));
        goto fail;
    }
    while (end < text + size && (*end == ' ' || *end == '\n' || *end == '\t' || *end == '\r'))
        end++;
    if (end != text + size || !cJSON_IsObject(root)) {
        status = status_error(STATUS_FORMAT, "its header must be one JSON object");
        goto fail;
    }
    TRY(object_check_keys(root));
    TRY(metadata_check(cJSON_GetObjectItemCaseSensitive(root, "__metadata__")));
    TRY(header_read_tensors(root, data_size, out));
    return status_ok();
fail:
    safetensors_header_close(out);
    return status;
}

void safetensors_header_close(SafetensorsHeader *header) {
    cJSON_Delete(header->json);
    free(header->tensors);
    memset(header, 0, sizeof *header);
}

const char *safetensors_header_at(const SafetensorsHeader *header, int index, const char **value) {
    const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(header->json, "__metadata__");
    const cJSON *item = metadata ? metadata->child : NULL;
    while (item && index-- > 0) item = item->next;
    *value = item ? cJSON_GetStringValue(item) : NULL;
    return item ? item->string : NULL;
}

// ---- writing ------------------------------------------------------------------------------------

static void json_write_string(const char *s, Text *out) {
    text_append_bytes(out, "\"", 1);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            text_append(out, "\\%c", c);
        else if (c < 0x20)
            text_append(out, "\\u%04x", c);
        else
            text_append_bytes(out, s, 1);
    }
    text_append_bytes(out, "\"", 1);
}

static void json_write_tensor(const char *name, const char *type, const TensorInfo *shape,
                              size_t begin, size_t end, Text *out) {
    text_append(out, ",");
    json_write_string(name, out);
    text_append(out, ":{\"dtype\":\"%s\",\"shape\":[", type);
    for (int k = 0; shape && k < shape->rank; k++)
        text_append(out, "%s%d", k ? "," : "", shape->dims[k]);
    text_append(out, "],\"data_offsets\":[%zu,%zu]}", begin, end);
}

void safetensors_header_write(const SafetensorsPair *pairs, int pair_count, const TensorNames *keys,
                              const ModelPlan *plan, Text *out) {
    size_t start = out->size, counter = 0, offset = 0;
    text_append(out, "{\"__metadata__\":{");
    for (int i = 0; i < pair_count; i++) {
        if (i > 0) text_append(out, ",");
        json_write_string(pairs[i].key, out);
        text_append(out, ":");
        json_write_string(pairs[i].value, out);
    }
    text_append(out, "}");
    for (int i = 0; i < keys->count; i++) offset += keys->items[i].counts ? sizeof(int64_t) : 0;
    for (int i = 0; i < keys->count; i++) {
        const TensorName *key = &keys->items[i];
        const TensorInfo *tensor = key->counts ? NULL : &plan->tensors[key->tensor];
        size_t size = tensor ? tensor->count * sizeof(float) : sizeof(int64_t);
        size_t *at = tensor ? &offset : &counter;
        json_write_tensor(key->name, tensor ? "F32" : "I64", tensor, *at, *at + size, out);
        *at += size;
    }
    text_append(out, "}");
    while (!out->failed && (out->size - start) % 8 != 0) text_append(out, " ");
}
