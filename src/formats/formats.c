// The table of formats, choosing a row, and the SavedModel that all of them fill. To add a format:
// one file with NAME_recognise, NAME_read and NAME_write, one row in formats/list.h, its file in
// meson.build.
#include "formats/list.h"

#include "base/check.h"
#include "base/file.h"
#include "base/text.h"
#include "base/tr.h"
#include "graph/graph.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const FormatRow format_rows[] = {
#define FORMAT_ROW(id, other, graphs_)                                                             \
    {.name = #id,                                                                                  \
     .extension = "." #id,                                                                         \
     .alias = other,                                                                               \
     .graphs = graphs_,                                                                            \
     .recognise = id##_recognise,                                                                  \
     .read = id##_read,                                                                            \
     .write = id##_write},
    FORMAT_LIST(FORMAT_ROW)
#undef FORMAT_ROW
};
const int format_count = (int)(sizeof format_rows / sizeof format_rows[0]);

// Enough for any format's first words.
enum { FORMAT_HEAD = 512 };

static void format_number_classes(SavedModel *model) {
    model->class_count = model->plan.classes;
    for (int i = 0; i < model->class_count; i++)
        snprintf(model->class_names[i], sizeof model->class_names[i], "%d", i);
}

Status saved_model_make(const ModelSpec *spec, SavedModel **out) {
    Status status;
    *out = NULL;
    SavedModel *model = calloc(1, sizeof *model);
    if (!model) return status_no_memory("a model", sizeof *model);
    model->spec = *spec;
    model->temperature = 1.0f;
    TRY(spec_plan(spec, &model->plan));
    model->weights = calloc(model->plan.weight_floats + 1, sizeof *model->weights);
    if (!model->weights) {
        status = status_no_memory("a model's weights",
                                  model->plan.weight_floats * sizeof *model->weights);
        goto fail;
    }
    format_number_classes(model);
    *out = model;
    return status_ok();
fail:
    saved_model_close(&model);
    return status;
}

Status saved_model_make_graph(const ModelSpec *spec, Graph *graph, int classes, double work,
                              SavedModel **out) {
    Status status;
    *out = NULL;
    SavedModel *model = calloc(1, sizeof *model);
    if (!model) {
        graph_close(&graph);
        return status_no_memory("a model", sizeof *model);
    }
    model->graph = graph;
    if (classes < 2 || classes > SPEC_CLASSES_MAX)
        TRY(status_error(
            STATUS_UNSUPPORTED,
            TR("it gives %d numbers for a picture; 2 to %d, one for each class, can be "
               "used"),
            classes, SPEC_CLASSES_MAX));
    model->spec = *spec;
    model->spec.layer_count = 0;
    model->temperature = 1.0f;
    model->plan.shapes[0] = spec->input;
    model->plan.classes = classes;
    model->plan.parameters = graph_parameters(graph);
    model->plan.flops_forward = 2 * work;
    model->weights = calloc(1, sizeof *model->weights);
    if (!model->weights) TRY(status_no_memory("a model", sizeof *model->weights));
    format_number_classes(model);
    *out = model;
    return status_ok();
fail:
    saved_model_close(&model);
    return status;
}

Status saved_model_name_tensors(SavedModel *model, const TensorNames *names, long long batches) {
    TensorNames *copy = tensor_names_copy(names);
    if (names && !copy) return status_no_memory("the names of tensors", sizeof *names);
    tensor_names_count(copy, batches);
    free(model->names);
    free(model->border_bias);
    model->names = copy;
    model->border_bias = NULL;
    return status_ok();
}

Status saved_model_check_layers(const SavedModel *model, const char *path) {
    if (!model->graph) return status_ok();
    return status_error(
        STATUS_UNSUPPORTED,
        TR("%s holds operators that the trainer has no layers for: it can be drawn on "
           "and tested, but not trained"),
        path);
}

void saved_model_close(SavedModel **model) {
    if (!*model) return;
    graph_close(&(*model)->graph);
    free((*model)->weights);
    free((*model)->names);
    free((*model)->border_bias);
    free(*model);
    *model = NULL;
}

static bool format_ends_with(const char *path, const char *b) {
    const char *a = path_extension(path);
    for (; *a && *b; a++, b++)
        if ((*a >= 'A' && *a <= 'Z' ? *a + ('a' - 'A') : *a) != *b) return false;
    return *a == *b;
}

static bool format_has_extension(const FormatRow *row, const char *path) {
    return format_ends_with(path, row->extension) ||
           (row->alias && format_ends_with(path, row->alias));
}

// ".safetensors or .pth"
static void format_list_extensions(Text *text) {
    for (int i = 0; i < format_count; i++)
        text_append(text, "%s%s",
                    i == 0                  ? ""
                    : i == format_count - 1 ? " or "
                                            : ", ",
                    format_rows[i].extension);
}

static Status format_read_head(const char *path, unsigned char head[FORMAT_HEAD], size_t *size,
                               size_t *file_size) {
    if (file_is_directory(path))
        return status_error(STATUS_IO, TR("%s is a directory, not a model file"), path);
    if (file_is_special(path))
        return status_error(STATUS_IO, TR("%s is a device or a pipe, not a file"), path);
    FILE *file = fopen(path, "rb");
    if (!file) return status_errno("open", path, errno);
    errno = EIO;
    *size = fread(head, 1, FORMAT_HEAD, file);
    long end = -1;
    if (!ferror(file) && fseek(file, 0, SEEK_END) == 0) end = ftell(file);
    Status status = end < 0 ? status_errno("read", path, errno) : status_ok();
    *file_size = end < 0 ? 0 : (size_t)end;
    (void)fclose(file);
    return status;
}

Status format_open(const char *path, const InferOptions *options, SavedModel **out,
                   InferReport *report) {
    unsigned char head[FORMAT_HEAD];
    size_t size = 0, file_size = 0;
    *out = NULL;
    Status status = format_read_head(path, head, &size, &file_size);
    if (!status_is_ok(&status)) return status;
    const FormatRow *by_content = NULL, *by_name = NULL;
    int claims = 0;
    for (int i = 0; i < format_count; i++) {
        bool claimed = format_rows[i].recognise(head, size, file_size);
        bool named = format_has_extension(&format_rows[i], path);
        if (claimed && (claims++ == 0 || named)) by_content = &format_rows[i];
        if (named) by_name = &format_rows[i];
    }
    const FormatRow *row = by_content ? by_content : by_name;
    if (row) return row->read(path, options, out, report);
    Text endings = {0};
    format_list_extensions(&endings);
    status = status_error(STATUS_FORMAT,
                          TR("%s is not a model file that can be read (expected %s, by content or "
                             "ending)"),
                          path, endings.data ? endings.data : "another one");
    text_close(&endings);
    return status;
}

Status format_read(const char *path, SavedModel **out) {
    return format_open(path, NULL, out, NULL);
}

Status format_write(const char *path, const SavedModel *model) {
    for (int i = 0; i < format_count; i++) {
        const FormatRow *row = &format_rows[i];
        if (!format_has_extension(row, path)) continue;
        if (!model->graph || row->graphs) return row->write(path, model);
        return status_error(
            STATUS_UNSUPPORTED,
            TR("%s cannot be written: the network has operators that only .onnx files "
               "can hold"),
            path);
    }
    Text endings = {0};
    format_list_extensions(&endings);
    Status status =
        status_error(STATUS_USAGE, TR("cannot tell the format of %s from its ending; name it %s"),
                     path, endings.data ? endings.data : "otherwise");
    text_close(&endings);
    return status;
}
