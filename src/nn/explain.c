// What a layer saw and what it did with it, brought to the host and given to the layer's kind.
#include "nn/explain.h"

#include "base/check.h"
#include "nn/layer.h"

#include <stdlib.h>
#include <string.h>

void explanation_close(Explanation *explanation) {
    free(explanation->input);
    free(explanation->weight);
    *explanation = (Explanation){0};
}

bool explanation_room(Explanation *explanation, int channels, int h, int w) {
    size_t floats = (size_t)channels * (size_t)h * (size_t)w;
    if (floats > explanation->capacity) {
        free(explanation->input);
        free(explanation->weight);
        explanation->input = malloc(floats * sizeof(float));
        explanation->weight = malloc(floats * sizeof(float));
        explanation->capacity = explanation->input && explanation->weight ? floats : 0;
        if (!explanation->capacity) return false;
    }
    memset(explanation->input, 0, floats * sizeof(float));
    memset(explanation->weight, 0, floats * sizeof(float));
    explanation->channels = channels;
    explanation->h = h;
    explanation->w = w;
    return true;
}

void explanation_patch(Explanation *explanation, const LayerLook *look, int c, int at) {
    int h = explanation->h, w = explanation->w;
    float *to = explanation->input + (size_t)at * (size_t)h * (size_t)w;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int iy = explanation->y0 + y, ix = explanation->x0 + x;
            if (iy < 0 || ix < 0 || iy >= look->in.h || ix >= look->in.w) continue;
            to[y * w + x] =
                look->x[((size_t)c * (size_t)look->in.h + (size_t)iy) * (size_t)look->in.w +
                        (size_t)ix];
        }
}

// What layer `index` goes over, as the image that it was in front of layers that only change the
// shape.
static Shape explain_from(const ModelSpec *spec, const ModelPlan *plan, int index) {
    int at = index;
    while (at > 0 && plan->shapes[at].flat && !spec->layers[at - 1].kind->forward) at--;
    return plan->shapes[at];
}

static bool explain_same(const LayerLook *look, Explanation *out) {
    size_t at = ((size_t)look->c * (size_t)look->in.h + (size_t)look->h) * (size_t)look->in.w +
                (size_t)look->w;
    if (!explanation_room(out, 1, 1, 1)) return false;
    out->channel = look->c;
    out->y0 = look->h;
    out->x0 = look->w;
    out->input[0] = look->x[at];
    out->sum = look->x[at];
    return true;
}

// One block of host memory for the input and the layer's tensors.
static float *explain_download(const Model *model, int layer, LayerLook *look) {
    const ModelPlan *plan = model_plan(model);
    Backend *be = model_backend(model);
    size_t count = shape_count(look->in), total = count;
    int first = plan->first_tensor[layer], end = plan->first_tensor[layer + 1];
    for (int k = first; k < end; k++) total += plan->tensors[k].count;
    float *block = malloc(total * sizeof *block);
    if (!block) return NULL;
    float *to = block + count;
    be->ops->download(be, block,
                      layer > 0 ? model_layer_output(model, layer - 1) : model_input(model),
                      count * sizeof *block);
    look->x = block;
    for (int k = first; k < end; k++) {
        const TensorInfo *tensor = &plan->tensors[k];
        be->ops->download(be, to, model_parameters(model) + tensor->offset,
                          tensor->count * sizeof *to);
        look->weights[k - first] = to;
        to += tensor->count;
    }
    return block;
}

Status model_explain(const Model *model, int layer, int last, int c, int y, int x,
                     Explanation *out) {
    const ModelSpec *spec = model_spec(model);
    const ModelPlan *plan = model_plan(model);
    Backend *be = model_backend(model);
    Shape shape = plan->shapes[last + 1];
    REQUIRE(layer >= 0 && layer <= last && last < spec->layer_count);
    REQUIRE(c >= 0 && c < shape.c && y >= 0 && y < shape.h && x >= 0 && x < shape.w);
    LayerLook look = {.spec = &spec->layers[layer],
                      .in = plan->shapes[layer],
                      .out = plan->shapes[layer + 1],
                      .c = c,
                      .h = y,
                      .w = x};
    float *block = explain_download(model, layer, &look);
    Explanation kept = {.input = out->input, .weight = out->weight, .capacity = out->capacity};
    *out = kept;
    if (!block) return status_no_memory("what a layer saw", shape_count(look.in));
    const LayerKind *kind = spec->layers[layer].kind;
    out->from = explain_from(spec, plan, layer);
    bool done = (kind->explain ? kind->explain : explain_same)(&look, out);
    free(block);
    if (!done) return status_no_memory("what a layer saw", shape_count(look.in));
    if (look.in.flat && out->w == look.in.c) {
        out->channels = out->from.c;
        out->h = out->from.h;
        out->w = out->from.w;
    }
    size_t at = ((size_t)c * (size_t)shape.h + (size_t)y) * (size_t)shape.w + (size_t)x;
    be->ops->download(be, &out->value, model_layer_output(model, last) + at, sizeof out->value);
    return status_ok();
}
