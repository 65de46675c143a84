// `inkling info`: what is in a model file.
#include "app/cli.h"
#include "app/cli_json.h"
#include "app/cli_share.h"
#include "graph/graph.h"
#include "nn/layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const CliOption info_options[] = {
    {"data", "DIR", "images to find out with what MODEL does not say; default: look around"},
    CLI_GUESS_OPTIONS,
    CLI_JSON_OPTION,
    {NULL, NULL, NULL},
};

enum { INFO_LAYERS_MAX = 4096 };

static void info_print_tensor_shape(const TensorInfo *tensor, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < tensor->rank && used < size; i++)
        used +=
            (size_t)snprintf(out + used, size - used, "%s%d", i > 0 ? "x" : "", tensor->dims[i]);
}

// One layer in the notation.
static void info_print_layer(const ModelSpec *spec, int index, char *out, size_t size) {
    ModelSpec one = *spec;
    one.layer_count = 1;
    one.layers[0] = spec->layers[index];
    spec_print_layers(&one, out, size);
}

static void info_print_layers(const SavedModel *model, const TensorNames *keys) {
    const ModelPlan *plan = &model->plan;
    char shape[48], text[128];
    cli_print("\n  layer                           output  tensors\n");
    for (int i = 0; i < model->spec.layer_count; i++) {
        info_print_layer(&model->spec, i, text, sizeof text);
        shape_print(plan->shapes[i + 1], shape);
        cli_print("  %-26s  %12s", text, shape);
        for (int t = plan->first_tensor[i]; t < plan->first_tensor[i + 1]; t++) {
            info_print_tensor_shape(&plan->tensors[t], shape, sizeof shape);
            cli_print("%s%s [%s]", t > plan->first_tensor[i] ? ", " : "  ",
                      tensor_names_of(keys, t, false)->name, shape);
        }
        cli_print("\n");
    }
}

// How sure it is which network this is, and what else it may be.
static void info_print_guess(const InferReport *report) {
    static const char *const words[] = {
        [INFER_SAID] = "the file says it", [INFER_UNTRIED] = "what is usual, not tried on images",
        [INFER_POOR] = "not recognised",   [INFER_UNSURE] = "unsure",
        [INFER_NEARLY] = "nearly sure",    [INFER_SURE] = "sure"};
    cli_print("  which network  %s", words[report->sure]);
    if (report->tried > 0)
        cli_print(": %.2f %% of %d training images, loss %.4g, the best of %d tried",
                  100 * report->best.accuracy, report->best.images, report->best.loss,
                  report->tried);
    cli_print("\n");
    for (int i = 0; i < report->rival_count; i++)
        cli_print("  %s %s: %.2f %%, loss %.4g\n", i == 0 ? "or with      " : "             ",
                  report->rivals[i].what, 100 * report->rivals[i].score.accuracy,
                  report->rivals[i].score.loss);
    if (report->layers[0] != '\0') cli_print("  layers         %s\n", report->layers);
}

static void info_print(const char *path, const SavedModel *model, const TensorNames *keys,
                       const InferReport *report) {
    const ModelPlan *plan = &model->plan;
    char shape[48], nodes[400];
    shape_print(model->spec.input, shape);
    cli_print("%s: %s\n", path_basename(path),
              model->spec.name[0] != '\0' ? model->spec.name : "a network");
    cli_print("  input          %s, (x - %.6g) / %.6g with x in 0..1\n", shape,
              (double)model->spec.normalization.mean, (double)model->spec.normalization.std);
    cli_print("  classes        %d:", model->class_count);
    for (int i = 0; i < model->class_count; i++) cli_print(" %s", model->class_names[i]);
    cli_print("\n  parameters     %zu\n", plan->parameters);
    cli_print("  operations     %.3g million an image\n", plan->flops_forward / 1e6);
    if (model->temperature != 1) cli_print("  temperature    %.6g\n", (double)model->temperature);
    if (model->threshold > 0)
        cli_print("  unsure below   %.1f %%\n", 100 * (double)model->threshold);
    if (report->sure != INFER_SAID) info_print_guess(report);
    if (model->graph) {
        graph_print(model->graph, nodes, sizeof nodes);
        cli_print("\n  a graph of     %s\n", nodes);
    } else {
        info_print_layers(model, keys);
    }
    cli_print("\n  came out as    %s\n", model->record[0] != '\0' ? model->record : "(not told)");
    cli_print("  trained with   %s\n", model->settings[0] != '\0' ? model->settings : "(not told)");
}

static void info_json_layers(JsonNode root, const SavedModel *model, const TensorNames *keys) {
    const ModelPlan *plan = &model->plan;
    char text[128];
    JsonNode layers = json_list(root, "layers");
    for (int i = 0; i < model->spec.layer_count; i++) {
        JsonNode layer = json_list_object(layers);
        const Shape *s = &plan->shapes[i + 1];
        const int dims[] = {s->c, s->h, s->w};
        info_print_layer(&model->spec, i, text, sizeof text);
        json_text(layer, "layer", text);
        json_ints(layer, "output", dims, s->flat ? 1 : 3);
    }
    JsonNode tensors = json_list(root, "tensors");
    for (int t = 0; t < plan->tensor_count; t++) {
        JsonNode tensor = json_list_object(tensors);
        json_text(tensor, "name", tensor_names_of(keys, t, false)->name);
        json_ints(tensor, "shape", plan->tensors[t].dims, plan->tensors[t].rank);
        json_bool(tensor, "trainable", plan->tensors[t].trainable);
    }
}

static void info_json_guess(JsonNode root, const InferReport *report) {
    static const char *const words[] = {
        [INFER_SAID] = "said",     [INFER_UNTRIED] = "untried", [INFER_POOR] = "poor",
        [INFER_UNSURE] = "unsure", [INFER_NEARLY] = "nearly",   [INFER_SURE] = "sure"};
    json_text(root, "sure", words[report->sure]);
    if (report->tried == 0) return;
    json_number(root, "guess_accuracy", report->best.accuracy);
    json_number(root, "guess_loss", report->best.loss);
    JsonNode rivals = json_list(root, "rivals");
    for (int i = 0; i < report->rival_count; i++) {
        JsonNode rival = json_list_object(rivals);
        json_text(rival, "with", report->rivals[i].what);
        json_number(rival, "accuracy", report->rivals[i].score.accuracy);
        json_number(rival, "loss", report->rivals[i].score.loss);
    }
}

static Status info_json(const char *path, const SavedModel *model, const TensorNames *keys,
                        const InferReport *report) {
    JsonLine line = {0};
    JsonNode root = json_root(&line);
    char layers[INFO_LAYERS_MAX];
    const int input[] = {model->spec.input.c, model->spec.input.h, model->spec.input.w};
    spec_print_layers(&model->spec, layers, sizeof layers);
    json_text(root, "file", path);
    json_text(root, "name", model->spec.name);
    if (model->graph) graph_print(model->graph, layers, sizeof layers);
    json_text(root, "architecture", layers);
    json_ints(root, "input", input, 3);
    json_float(root, "mean", model->spec.normalization.mean);
    json_float(root, "std", model->spec.normalization.std);
    JsonNode classes = json_list(root, "classes");
    for (int i = 0; i < model->class_count; i++) json_list_text(classes, model->class_names[i]);
    json_int(root, "parameters", (long long)model->plan.parameters);
    json_number(root, "flops_forward", model->plan.flops_forward);
    json_float(root, "temperature", model->temperature);
    json_float(root, "threshold", model->threshold);
    json_text(root, "settings", model->settings);
    json_text(root, "record", model->record);
    info_json_layers(root, model, keys);
    info_json_guess(root, report);
    return json_print(&line);
}

int cmd_info(const CliArgs *args) {
    Status status;
    SavedModel *model = NULL;
    TensorNames *keys = NULL; // what its tensors are called where it is written
    InferReport *report = calloc(1, sizeof *report);
    if (report == NULL) TRY(status_no_memory("a network", sizeof *report));
    TRY(cli_open_model(args, &model, report));
    TRY(tensor_names_written(model->names, &model->plan, model->weights, NAMES_ALL, &keys));
    if (cli_switch(args, "json"))
        TRY(info_json(args->words[0], model, keys, report));
    else
        info_print(args->words[0], model, keys, report);
fail:
    saved_model_close(&model);
    free(keys);
    free(report);
    return status_is_ok(&status) ? CLI_DONE : cli_fail(&status);
}
