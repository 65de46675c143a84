// .safetensors: 8 bytes with the length of a JSON header, the header, the numbers. What makes a
// bare list of tensors a network again is in __metadata__, under keys of our own:
//   inkling.layers        the notation (nn/spec.h); without it the file is somebody else's
//   inkling.name          for people
//   inkling.input         "1x28x28", or "784" for a flat input
//   inkling.mean, .std    normalization
//   inkling.classes       names, one a line
//   inkling.settings, .record, .temperature
// Tensors have PyTorch's names and layout, so safetensors.torch.load_file gives a state dict.
// Not here: guessing the network of a file without inkling.layers.
#include "formats/list.h"

#include "base/file.h"
#include "base/text.h"
#include "formats/safetensors_header.h"

#include <float.h>
#include <math.h>
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

static Status read_input_shape(const char *text, Shape *out) {
    int dims[3] = {1, 1, 1}, count = 0;
    const char *at = text;
    for (;;) {
        char digits[12];
        size_t size = strspn(at, "0123456789");
        long long value;
        if (count == 3 || size == 0 || size > 8) goto fail;
        memcpy(digits, at, size);
        digits[size] = '\0';
        if (!text_to_int(digits, &value)) goto fail;
        dims[count++] = (int)value;
        at += size;
        if (*at == '\0') break;
        if (*at++ != 'x') goto fail;
    }
    if (count == 2) goto fail;
    *out = (Shape){dims[0], dims[1], dims[2], count == 1};
    return status_ok();
fail:
    return status_error(STATUS_FORMAT, "inkling.input \"%.40s\" must be like 1x28x28 or 784", text);
}

// A number from the metadata within [low, high]; `fallback` when there is none.
static Status read_number(const SafetensorsHeader *header, const char *key, double low, double high,
                          float *out) {
    const char *text = safetensors_header_get(header, key);
    double value;
    if (!text) return status_ok();
    if (!text_to_double(text, &value) || value < low || value > high)
        return status_error(STATUS_FORMAT, "%s \"%.40s\" is not a usable number", key, text);
    *out = (float)value;
    return status_ok();
}

static Status read_spec(const SafetensorsHeader *header, ModelSpec *out) {
    Status status;
    memset(out, 0, sizeof *out);
    out->input = (Shape){1, 28, 28, false};
    out->normalization = (Normalization){0.0f, 1.0f};
    const char *name = safetensors_header_get(header, "inkling.name");
    const char *input = safetensors_header_get(header, "inkling.input");
    text_copy(out->name, sizeof out->name, name ? name : "");
    if (input) TRY(read_input_shape(input, &out->input));
    TRY(read_number(header, "inkling.mean", -FLT_MAX, FLT_MAX, &out->normalization.mean));
    TRY(read_number(header, "inkling.std", FLT_MIN, FLT_MAX, &out->normalization.std));
    TRY(status_prefix(spec_parse_layers(safetensors_header_get(header, "inkling.layers"), out),
                      "inkling.layers"));
fail:
    return status;
}

static Status read_classes(const char *text, SavedModel *model) {
    if (!text) return status_ok();
    int count = 0;
    for (const char *at = text;; count++) {
        size_t size = strcspn(at, "\n");
        if (count < model->class_count) {
            if (size == 0 || size >= sizeof model->class_names[0])
                return status_error(STATUS_FORMAT,
                                    "inkling.classes: name %d must have 1 to %zu bytes, not %zu",
                                    count + 1, sizeof model->class_names[0] - 1, size);
            memcpy(model->class_names[count], at, size);
            model->class_names[count][size] = '\0';
        }
        at += size;
        if (*at++ == '\0') break;
    }
    count++;
    if (count != model->class_count)
        return status_error(STATUS_FORMAT,
                            "inkling.classes has %d names, but the network has %d classes", count,
                            model->class_count);
    return status_ok();
}

static bool tensor_matches(const TensorInfo *want, const SafetensorsTensor *have) {
    if (want->rank != have->rank) return false;
    for (int i = 0; i < want->rank; i++)
        if ((size_t)want->dims[i] != have->dims[i]) return false;
    return true;
}

static bool text_ends_with(const char *s, const char *end) {
    size_t size = strlen(s), end_size = strlen(end);
    return size >= end_size && strcmp(s + size - end_size, end) == 0;
}

// Every tensor of the plan is there in its shape and in a type we read, and none is left over.
static Status check_tensors(const SafetensorsHeader *header, const ModelPlan *plan) {
    int used = 0;
    for (int i = 0; i < plan->tensor_count; i++) {
        const TensorInfo *want = &plan->tensors[i];
        const SafetensorsTensor *have = safetensors_header_find(header, want->name);
        if (!have)
            return status_error(STATUS_FORMAT, "the tensor %s, which its layers need, is missing",
                                want->name);
        if (!tensor_matches(want, have)) {
            SafetensorsTensor expected = {.name = want->name, .rank = want->rank};
            for (int k = 0; k < want->rank; k++) expected.dims[k] = (size_t)want->dims[k];
            char found[128], text[128];
            safetensors_tensor_print(have, found);
            safetensors_tensor_print(&expected, text);
            return status_error(STATUS_FORMAT, "its layers need the tensor %s, but it holds %s",
                                text, found);
        }
        if (!have->type->to_float)
            return status_error(STATUS_UNSUPPORTED,
                                "tensor %s is of type %s; F32, F16, BF16 and F64 can be read",
                                want->name, have->type->name);
        used++;
    }
    for (int i = 0; i < header->count && used < header->count; i++) {
        const char *name = header->tensors[i].name;
        bool wanted = text_ends_with(name, ".num_batches_tracked"); // PyTorch's counter: no use
        for (int k = 0; k < plan->tensor_count && !wanted; k++)
            wanted = strcmp(plan->tensors[k].name, name) == 0;
        if (wanted) continue;
        char text[128];
        safetensors_tensor_print(&header->tensors[i], text);
        return status_error(STATUS_FORMAT, "it holds the tensor %s, which its layers do not have",
                            text);
    }
    return status_ok();
}

static void copy_tensors(const SafetensorsHeader *header, const unsigned char *data,
                         SavedModel *model) {
    for (int i = 0; i < model->plan.tensor_count; i++) {
        const TensorInfo *want = &model->plan.tensors[i];
        const SafetensorsTensor *have = safetensors_header_find(header, want->name);
        const unsigned char *from = data + have->begin;
        float *to = model->weights + want->offset;
        for (size_t k = 0; k < want->count; k++)
            to[k] = have->type->to_float(from + k * have->type->size);
    }
}

// A file without our metadata: which tensors it has, as many as a sentence carries.
static Status describe_foreign(const SafetensorsHeader *header) {
    Text list = {0};
    int shown = 0;
    for (; shown < header->count && list.size < 250; shown++) {
        char text[128];
        safetensors_tensor_print(&header->tensors[shown], text);
        text_append(&list, "%s%s", shown ? ", " : "", text);
    }
    if (shown < header->count) text_append(&list, " and %d more", header->count - shown);
    Status status = status_error(
        STATUS_UNSUPPORTED,
        "it does not say which network its tensors belong to (no inkling.layers); it holds %s",
        list.data ? list.data : "no tensors");
    text_close(&list);
    return status;
}

static Status read_model(const SafetensorsHeader *header, const unsigned char *data,
                         SavedModel **out) {
    Status status;
    SavedModel *model = NULL;
    ModelPlan *plan = NULL;
    ModelSpec spec;
    if (!safetensors_header_get(header, "inkling.layers")) return describe_foreign(header);
    TRY(read_spec(header, &spec));
    // The tensors are compared before memory for them is asked for: it is never more than the file
    // has bytes for.
    plan = malloc(sizeof *plan);
    if (!plan) {
        status = status_no_memory("the network", sizeof *plan);
        goto fail;
    }
    TRY(status_prefix(spec_plan(&spec, plan), "inkling.layers"));
    TRY(check_tensors(header, plan));
    TRY(saved_model_make(&spec, &model));
    TRY(read_classes(safetensors_header_get(header, "inkling.classes"), model));
    TRY(read_number(header, "inkling.temperature", FLT_MIN, FLT_MAX, &model->temperature));
    const char *settings = safetensors_header_get(header, "inkling.settings");
    const char *record = safetensors_header_get(header, "inkling.record");
    text_copy(model->settings, sizeof model->settings, settings ? settings : "");
    text_copy(model->record, sizeof model->record, record ? record : "");
    copy_tensors(header, data, model);
    *out = model;
    model = NULL;
fail:
    saved_model_close(&model);
    free(plan);
    return status;
}

static Status read_bytes(const Bytes *file, SavedModel **out) {
    if (file->size < 10)
        return status_error(STATUS_FORMAT,
                            "it has %zu bytes, too few for a safetensors file; is it complete?",
                            file->size);
    uint64_t length = safetensors_length(file->data);
    if (length > file->size - 8)
        return status_error(STATUS_FORMAT,
                            "not a safetensors file, or cut short: its first 8 bytes promise a "
                            "header of %llu bytes, but only %zu follow",
                            (unsigned long long)length, file->size - 8);
    if (length > SAFETENSORS_HEADER_MAX)
        return status_error(STATUS_UNSUPPORTED, "its header has %llu bytes; at most %d are read",
                            (unsigned long long)length, SAFETENSORS_HEADER_MAX);
    SafetensorsHeader header;
    const unsigned char *data = file->data + 8 + length;
    Status status = safetensors_header_read((const char *)file->data + 8, (size_t)length,
                                            file->size - 8 - (size_t)length, &header);
    if (!status_is_ok(&status)) return status;
    status = read_model(&header, data, out);
    safetensors_header_close(&header);
    return status;
}

Status safetensors_read(const char *path, SavedModel **out) {
    Bytes file;
    *out = NULL;
    Status status = file_read(path, SAFETENSORS_FILE_MAX, &file);
    if (!status_is_ok(&status)) return status;
    status = status_prefix(read_bytes(&file, out), path);
    bytes_close(&file);
    return status;
}

// ---- writing ------------------------------------------------------------------------------------

// The fewest digits that read back as the same float.
static void print_float(float value, char out[32]) {
    for (int digits = 1; digits <= 9; digits++) {
        char text[32];
        double back;
        snprintf(text, sizeof text, "%.*e", digits - 1, (double)value);
        for (char *c = text; *c; c++)
            if (*c == ',') *c = '.';
        if (!text_to_double(text, &back)) continue;
        text_from_double(out, back);
        if ((float)back == value) return;
    }
}

static void put_float(unsigned char *to, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++) to[i] = (unsigned char)(bits >> 8 * i);
}

static Status write_header(const SavedModel *model, Text *out) {
    const ModelSpec *spec = &model->spec;
    char layers[SPEC_TEXT_MAX], input[48], mean[32], std[32], temperature[32];
    char classes[SPEC_CLASSES_MAX * sizeof model->class_names[0] + 1] = "";
    spec_print_layers(spec, layers, sizeof layers);
    shape_print(spec->input, input);
    print_float(spec->normalization.mean, mean);
    print_float(spec->normalization.std, std);
    print_float(model->temperature, temperature);
    for (int i = 0; i < model->class_count; i++) {
        if (i > 0) strcat(classes, "\n");
        strcat(classes, model->class_names[i]);
    }
    const SafetensorsPair pairs[] = {
        {"format", "pt"},
        {"inkling.layers", layers},
        {"inkling.name", spec->name},
        {"inkling.input", input},
        {"inkling.mean", mean},
        {"inkling.std", std},
        {"inkling.classes", classes},
        {"inkling.settings", model->settings},
        {"inkling.record", model->record},
        {"inkling.temperature", temperature},
    };
    const int count = (int)(sizeof pairs / sizeof pairs[0]);
    for (int i = 0; i < count; i++)
        if (!text_is_utf8(pairs[i].value, strlen(pairs[i].value)))
            return status_error(STATUS_USAGE, "cannot save: %s is not UTF-8 text", pairs[i].key);
    safetensors_header_write(pairs, count, &model->plan, out);
    return status_ok();
}

Status safetensors_write(const char *path, const SavedModel *model) {
    Status status;
    Text header = {0};
    unsigned char *bytes = NULL;
    size_t size = 8;
    TRY(write_header(model, &header));
    if (!header.failed) {
        size += header.size;
        for (int i = 0; i < model->plan.tensor_count; i++) size += model->plan.tensors[i].count * 4;
        bytes = malloc(size);
    }
    if (!bytes) {
        status = status_no_memory(path, size);
        goto fail;
    }
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)header.size >> 8 * i);
    memcpy(bytes + 8, header.data, header.size);
    unsigned char *to = bytes + 8 + header.size;
    for (int i = 0; i < model->plan.tensor_count; i++) {
        const TensorInfo *tensor = &model->plan.tensors[i];
        const float *from = model->weights + tensor->offset;
        for (size_t k = 0; k < tensor->count; k++, to += 4) put_float(to, from[k]);
    }
    TRY(file_write_atomic(path, bytes, size, 0644));
fail:
    text_close(&header);
    free(bytes);
    return status;
}
