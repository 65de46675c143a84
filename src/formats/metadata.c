// The pairs of text that describe a network, from a model and back to one.
#include "formats/metadata.h"

#include "formats/border.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- from a model -------------------------------------------------------------------------------

// Pixels of paper around the pictures.
#define BORDER_TEXT "2"

// The fewest digits that read back as the same float.
static void print_float(float value, char out[32]) {
    text_copy(out, 32, "0"); // for one that is no number
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

Status metadata_take(const SavedModel *model, TensorBag *bag) {
    const ModelSpec *spec = &model->spec;
    char layers[SPEC_TEXT_MAX], input[48], mean[32], std[32], temperature[32], threshold[32];
    char classes[SPEC_CLASSES_MAX * sizeof model->class_names[0] + 1] = "";
    Text tensors = {0};
    Status status = status_ok();
    if (model->names) tensor_names_print(model->names, &model->plan, &tensors);
    if (tensors.failed) status = status_no_memory("the names of tensors", tensors.size);
    spec_print_layers(spec, layers, sizeof layers);
    shape_print(spec->input, input);
    float border = border_mean(model);
    print_float(border != 0 ? border : spec->normalization.mean, mean);
    print_float(spec->normalization.std, std);
    print_float(model->temperature, temperature);
    print_float(model->threshold, threshold);
    for (int i = 0; i < model->class_count; i++) {
        if (i > 0) strcat(classes, "\n");
        strcat(classes, model->class_names[i]);
    }
    const char *const pairs[][2] = {
        {"inkling.layers", layers},
        {"inkling.name", spec->name},
        {"inkling.input", input},
        {"inkling.mean", mean},
        {"inkling.std", std},
        {"inkling.classes", classes},
        {"inkling.settings", model->settings},
        {"inkling.record", model->record},
        {"inkling.temperature", temperature},
        {"inkling.threshold", threshold},
        {"inkling.tensors", tensors.data},
        {"inkling.border", border != 0 ? BORDER_TEXT : NULL},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0] && status_is_ok(&status); i++) {
        // A graph has no layers, and most networks have no names of their own.
        if ((model->graph && i == 0) || !pairs[i][1]) continue;
        if (!text_is_utf8(pairs[i][1], strlen(pairs[i][1])))
            status = status_error(STATUS_USAGE, "cannot save: %s is not UTF-8 text", pairs[i][0]);
        else
            status = tensor_bag_set_text(bag, pairs[i][0], pairs[i][1]);
    }
    text_close(&tensors);
    return status;
}

// ---- to a model ---------------------------------------------------------------------------------

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

// A number from the metadata within [low, high]; unchanged when there is none.
static Status read_number(const TensorBag *bag, const char *key, double low, double high,
                          float *out) {
    const char *text = tensor_bag_text(bag, key);
    double value;
    if (!text) return status_ok();
    if (!text_to_double(text, &value) || value < low || value > high)
        return status_error(STATUS_FORMAT, "%s \"%.40s\" is not a usable number", key, text);
    *out = (float)value;
    return status_ok();
}

static Status read_spec(const TensorBag *bag, ModelSpec *out) {
    Status status;
    memset(out, 0, sizeof *out);
    out->input = (Shape){1, 28, 28, false};
    out->normalization = (Normalization){0.0f, 1.0f};
    const char *name = tensor_bag_text(bag, "inkling.name");
    const char *input = tensor_bag_text(bag, "inkling.input");
    text_copy(out->name, sizeof out->name, name ? name : "");
    if (input) TRY(read_input_shape(input, &out->input));
    TRY(read_number(bag, "inkling.mean", -FLT_MAX, FLT_MAX, &out->normalization.mean));
    TRY(read_number(bag, "inkling.std", FLT_MIN, FLT_MAX, &out->normalization.std));
    TRY(status_prefix(spec_parse_layers(tensor_bag_text(bag, "inkling.layers"), out),
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

static bool tensor_matches(const TensorInfo *want, const Tensor *have) {
    if (want->rank != have->rank) return false;
    for (int i = 0; i < want->rank; i++)
        if ((size_t)want->dims[i] != have->dims[i]) return false;
    return true;
}

static bool text_ends_with(const char *s, const char *end) {
    size_t size = strlen(s), end_size = strlen(end);
    return size >= end_size && strcmp(s + size - end_size, end) == 0;
}

// `name`: what the tensor is called in this file. `needed`: it must be there.
static Status check_wanted(const TensorBag *bag, const TensorInfo *want, const char *name,
                           bool needed) {
    const Tensor *have = tensor_bag_find(bag, name);
    if (!have && !needed) return status_ok();
    if (!have)
        return status_error(STATUS_FORMAT, "the tensor %s, which its layers need, is missing",
                            name);
    if (!tensor_matches(want, have)) {
        Tensor expected = {.rank = want->rank};
        char found[128], text[128];
        text_copy(expected.name, sizeof expected.name, name);
        for (int k = 0; k < want->rank; k++) expected.dims[k] = (size_t)want->dims[k];
        tensor_print(have, found);
        tensor_print(&expected, text);
        return status_error(STATUS_FORMAT, "its layers need the tensor %s, but it holds %s", text,
                            found);
    }
    if (!tensor_types[have->type].is_float)
        return status_error(STATUS_UNSUPPORTED,
                            "tensor %s is of type %s; float32, float16, bfloat16 and float64 can "
                            "be read",
                            name, tensor_types[have->type].name);
    return status_ok();
}

// Every tensor of the plan is there in its shape and in a type we read, and none is left over.
// `keys`: what each is called; those that are not in `named` (NULL: all are) may be missing, unless
// they are of a kind that nothing starts with.
static Status check_tensors(const TensorBag *bag, const ModelPlan *plan, const TensorNames *named,
                            const TensorNames *keys) {
    Status status;
    for (int i = 0; i < keys->count; i++) {
        const TensorName *key = &keys->items[i];
        const TensorInfo *want = &plan->tensors[key->tensor];
        bool needed = !named || want->rank > 1 || tensor_names_of(named, key->tensor, false);
        if (key->counts) continue;
        status = check_wanted(bag, want, key->name, needed);
        if (!status_is_ok(&status)) return status;
    }
    for (int i = 0; i < tensor_bag_count(bag); i++) {
        const Tensor *tensor = tensor_bag_at(bag, i);
        bool wanted = text_ends_with(tensor->name, ".num_batches_tracked");
        for (int k = 0; k < keys->count && !wanted; k++)
            wanted = strcmp(keys->items[k].name, tensor->name) == 0;
        if (wanted) continue;
        char text[128];
        tensor_print(tensor, text);
        return status_error(STATUS_FORMAT, "it holds the tensor %s, which its layers do not have",
                            text);
    }
    return status_ok();
}

// What the tensors are called in the bag. *named: the names of its own that it says it has, NULL
// when it does not.
static Status read_names(const TensorBag *bag, const ModelPlan *plan, TensorNames **named,
                         TensorNames **keys) {
    Status status = status_ok();
    const char *text = tensor_bag_text(bag, "inkling.tensors");
    if (text) TRY(status_prefix(tensor_names_parse(text, plan, named), "inkling.tensors"));
    TRY(tensor_names_written(*named, plan, NULL, NAMES_ALL, keys));
fail:
    return status;
}

static void fill_weights(const TensorBag *bag, const TensorNames *keys, SavedModel *model) {
    for (int i = 0; i < keys->count; i++) {
        const TensorName *key = &keys->items[i];
        const TensorInfo *info = &model->plan.tensors[key->tensor];
        const Tensor *from = key->counts ? NULL : tensor_bag_find(bag, key->name);
        float *to = model->weights + info->offset;
        if (from) tensor_read(from, to);
        for (size_t k = 0; !from && !key->counts && k < info->count; k++)
            to[k] = tensor_names_start(info);
    }
}

bool metadata_has(const TensorBag *bag) {
    return tensor_bag_text(bag, "inkling.layers") != NULL;
}

// What is said about a network beside its layers.
static Status read_words(const TensorBag *bag, SavedModel *model) {
    Status status;
    TRY(read_classes(tensor_bag_text(bag, "inkling.classes"), model));
    TRY(read_number(bag, "inkling.temperature", FLT_MIN, FLT_MAX, &model->temperature));
    TRY(read_number(bag, "inkling.threshold", 0.0, 1.0, &model->threshold));
    const char *settings = tensor_bag_text(bag, "inkling.settings");
    const char *record = tensor_bag_text(bag, "inkling.record");
    text_copy(model->settings, sizeof model->settings, settings ? settings : "");
    text_copy(model->record, sizeof model->record, record ? record : "");
fail:
    return status;
}

Status metadata_apply(const TensorBag *bag, SavedModel *model) {
    Status status;
    const char *name = tensor_bag_text(bag, "inkling.name");
    Normalization *normalization = &model->spec.normalization;
    *normalization = (Normalization){0.0f, 1.0f}; // as in read_spec
    if (name) text_copy(model->spec.name, sizeof model->spec.name, name);
    TRY(read_number(bag, "inkling.mean", -FLT_MAX, FLT_MAX, &normalization->mean));
    TRY(read_number(bag, "inkling.std", FLT_MIN, FLT_MAX, &normalization->std));
    TRY(read_words(bag, model));
fail:
    return status;
}

// *mean: what a border takes out of the normalization; 0: there is none.
static Status read_border(const TensorBag *bag, ModelSpec *spec, float *mean) {
    const char *text = tensor_bag_text(bag, "inkling.border");
    *mean = 0;
    if (!text) return status_ok();
    if (strcmp(text, BORDER_TEXT) != 0)
        return status_error(STATUS_FORMAT, "inkling.border \"%.40s\" must be " BORDER_TEXT, text);
    *mean = spec->normalization.mean;
    spec->normalization.mean = 0;
    return status_ok();
}

Status metadata_make(const TensorBag *bag, SavedModel **out) {
    Status status;
    SavedModel *model = NULL;
    ModelPlan *plan = NULL;
    TensorNames *named = NULL, *keys = NULL;
    ModelSpec spec;
    *out = NULL;
    float border;
    TRY(read_spec(bag, &spec));
    TRY(read_border(bag, &spec, &border));
    // The tensors are compared before memory for them is asked for: it is never more than the bag
    // allows.
    plan = malloc(sizeof *plan);
    if (!plan) {
        status = status_no_memory("the network", sizeof *plan);
        goto fail;
    }
    TRY(status_prefix(spec_plan(&spec, plan), "inkling.layers"));
    TRY(read_names(bag, plan, &named, &keys));
    TRY(check_tensors(bag, plan, named, keys));
    TRY(saved_model_make(&spec, &model));
    TRY(read_words(bag, model));
    fill_weights(bag, keys, model);
    if (named) tensor_names_take_counters(named, bag);
    tensor_names_settle(&named, plan);
    model->names = named;
    named = NULL;
    if (border != 0 && !border_fits(model))
        TRY(status_error(STATUS_FORMAT, "inkling.border does not fit its layers"));
    if (border != 0) TRY(border_put(model, border));
    *out = model;
    model = NULL;
fail:
    saved_model_close(&model);
    free(plan);
    free(named);
    free(keys);
    return status;
}

// ---- as text ------------------------------------------------------------------------------------

void metadata_print(const TensorBag *bag, Text *out) {
    const char *key, *value;
    for (int i = 0; (key = tensor_bag_text_at(bag, i, &value)) != NULL; i++) {
        text_append(out, "%s: ", key);
        for (; *value; value++) {
            if (*value == '\n')
                text_append_bytes(out, "\\n", 2);
            else if (*value == '\\')
                text_append_bytes(out, "\\\\", 2);
            else
                text_append_bytes(out, value, 1);
        }
        text_append_bytes(out, "\n", 1);
    }
}

Status metadata_parse(const char *text, size_t size, TensorBag *bag) {
    if (!text_is_utf8(text, size) || memchr(text, '\0', size))
        return status_error(STATUS_FORMAT, "it is not UTF-8 text");
    char *line = malloc(size + 1);
    if (!line) return status_no_memory("metadata", size);
    Status status = status_ok();
    for (size_t at = 0; at < size && status_is_ok(&status);) {
        size_t used = 0;
        for (; at < size && text[at] != '\n'; at++) {
            char c = text[at];
            if (c == '\\' && at + 1 < size) c = text[++at] == 'n' ? '\n' : text[at];
            line[used++] = c;
        }
        at++; // the newline
        line[used] = '\0';
        char *colon = strstr(line, ": ");
        if (!colon) {
            status = status_error(STATUS_FORMAT, "\"%.40s\" is not a line like key: value", line);
            break;
        }
        *colon = '\0';
        status = tensor_bag_set_text(bag, line, colon + 2);
    }
    free(line);
    return status;
}
