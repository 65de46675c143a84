// What a network comes to: the shapes between its layers, its tensors and where they lie in the
// flat array, its sizes. Follows each kind's own rule (LayerKind.plan); knows no kind itself.
#include "nn/layer.h"

#include "base/check.h"
#include "base/tr.h"

#include <stdio.h>
#include <string.h>

// Tensors begin at multiples of so many floats (64 bytes).
enum { PLAN_ALIGN = 16 };

static size_t plan_round(size_t floats) {
    return (floats + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
}

// Its number among the layers that share its tensors' prefix, from 1.
static int plan_number(const ModelSpec *spec, int index) {
    int number = 1;
    for (int i = 0; i < index; i++) {
        const char *prefix = spec->layers[i].kind->prefix;
        if (prefix && strcmp(prefix, spec->layers[index].kind->prefix) == 0) number++;
    }
    return number;
}

static Status plan_check_input(const ModelSpec *spec) {
    Shape in = spec->input;
    int most = SPEC_SAMPLE_MAX;
    if (in.c < 1 || in.h < 1 || in.w < 1 || in.c > most || in.h > most || in.w > most ||
        (double)in.c * in.h * in.w > most || (in.flat && (in.h != 1 || in.w != 1)))
        return status_error(STATUS_USAGE, "the input %dx%dx%d is not a usable shape", in.c, in.h,
                            in.w);
    if (spec->layer_count < 1 || spec->layer_count > SPEC_LAYERS_MAX)
        return status_error(STATUS_USAGE, "a network has 1 to %d layers, not %d", SPEC_LAYERS_MAX,
                            spec->layer_count);
    return status_ok();
}

static Status plan_layer(const ModelSpec *spec, int index, ModelPlan *out) {
    const LayerSpec *layer = &spec->layers[index];
    LayerPlan plan = {.in = out->shapes[index], .out = out->shapes[index]};
    char name[48];
    snprintf(name, sizeof name, "layer %d (%s)", index + 1, layer->kind->word);
    Status status = status_prefix(layer->kind->plan(layer, &plan), name);
    if (!status_is_ok(&status)) return status;
    ASSERT(plan.out.c > 0 && plan.out.h > 0 && plan.out.w > 0);
    if ((double)plan.out.c * plan.out.h * plan.out.w > SPEC_SAMPLE_MAX)
        return status_error(STATUS_USAGE, TR("%s: an output of %dx%dx%d is too large"), name,
                            plan.out.c, plan.out.h, plan.out.w);
    out->shapes[index + 1] = plan.out;
    out->flops_forward += plan.flops;
    for (int i = 0; i < plan.tensor_count; i++) {
        TensorInfo *tensor = &out->tensors[out->tensor_count++];
        *tensor = plan.tensors[i];
        tensor->layer = index;
        snprintf(tensor->name, sizeof tensor->name, "%s%d.%.20s", layer->kind->prefix,
                 plan_number(spec, index), plan.tensors[i].name);
        if (tensor->trainable) out->parameters += tensor->count;
        if (out->parameters > SPEC_PARAMETERS_MAX || tensor->count > SPEC_PARAMETERS_MAX)
            return status_error(
                STATUS_USAGE,
                TR("%s: that makes more than %d million parameters, which is too many"), name,
                SPEC_PARAMETERS_MAX / 1000000);
    }
    return status_ok();
}

// All parameters first, then all buffers.
static void plan_offsets(ModelPlan *plan) {
    size_t offset = 0;
    for (int trainable = 1; trainable >= 0; trainable--) {
        for (int i = 0; i < plan->tensor_count; i++) {
            if (plan->tensors[i].trainable != (trainable == 1)) continue;
            plan->tensors[i].offset = offset;
            offset += plan_round(plan->tensors[i].count);
        }
        if (trainable) plan->parameter_floats = offset;
    }
    plan->weight_floats = offset;
}

// A product costs as much again for the gradient of its weights, and once more for that of its
// input, which only layers behind the first one with parameters need.
static void plan_flops(const ModelSpec *spec, ModelPlan *plan) {
    bool below = false;
    for (int i = 0; i < spec->layer_count; i++) {
        LayerPlan layer = {.in = plan->shapes[i], .out = plan->shapes[i]};
        Status status = spec->layers[i].kind->plan(&spec->layers[i], &layer);
        REQUIRE(status_is_ok(&status)); // it was a moment ago
        bool own = plan->first_tensor[i + 1] > plan->first_tensor[i];
        plan->flops_training += layer.flops * (1 + (own ? 1 : 0) + (below ? 1 : 0));
        below = below || own;
    }
}

Status spec_plan(const ModelSpec *spec, ModelPlan *out) {
    memset(out, 0, sizeof *out);
    Status status;
    TRY(plan_check_input(spec));
    out->shapes[0] = spec->input;
    for (int i = 0; i < spec->layer_count; i++) {
        out->first_tensor[i] = out->tensor_count;
        TRY(plan_layer(spec, i, out));
    }
    out->first_tensor[spec->layer_count] = out->tensor_count;
    Shape last = out->shapes[spec->layer_count];
    if (!last.flat || last.c < 2 || last.c > SPEC_CLASSES_MAX) {
        char text[48];
        shape_print(last, text);
        return status_error(
            STATUS_USAGE,
            TR("layer %d (%s) is the last and gives %s; a network must end in 2 to %d "
               "classes, as with \"dense 10\""),
            spec->layer_count, spec->layers[spec->layer_count - 1].kind->word, text,
            SPEC_CLASSES_MAX);
    }
    out->classes = last.c;
    plan_offsets(out);
    plan_flops(spec, out);
    return status_ok();
fail:
    return status;
}
