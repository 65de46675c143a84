// Layer by layer, node by node.
#include "formats/infer_weave.h"

#include "formats/layer_node.h"
#include "nn/layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// Memory that nodes and small constants may take; weights come on top. Its operator set is the one
// of the files that are written (onnx_export.c).
enum { WEAVE_SPARE = 4 * 1024 * 1024, WEAVE_OPSET = 13, WEAVE_OPSET_LISTENS = 15 };

const GuessSource *source_take(const GuessSource *sources, int count, SourceKind kind, int *next) {
    int seen = 0;
    for (int i = 0; i < count; i++)
        if (sources[i].kind == kind && seen++ == *next) {
            ++*next;
            return &sources[i];
        }
    return NULL;
}

static Status take_source(Weave *w, SourceKind kind, const char *word, const GuessSource **out) {
    const GraphPlan *plan = w->plan;
    *out = source_take(plan->sources, plan->source_count, kind, &w->next[kind]);
    return *out ? status_ok() : weave_misfit(w, word, "has no tensors left in the file");
}

// ---- layers with tensors ------------------------------------------------------------------------

static Status wrong_weight(const Weave *w, const char *word, const Tensor *tensor,
                           const char *wanted) {
    char text[128], why[320];
    tensor_print(tensor, text);
    snprintf(why, sizeof why, "needs a weight of [%s], the file has %s", wanted, text);
    return weave_misfit(w, word, why);
}

static Status weave_border(Weave *w) {
    Status status;
    void *room;
    int inputs[3] = {w->value};
    static const int64_t pads[8] = {0, 0, 2, 2, 0, 0, 2, 2};
    const Normalization *norm = &w->plan->normalization;
    GraphTensor tensor = {.type = GRAPH_I64, .rank = 1, .dims = {8}};
    TRY(weave_put_constant(w, tensor, sizeof *pads, &inputs[1], &room));
    memcpy(room, pads, sizeof pads);
    TRY(weave_put_number(w, -norm->mean / norm->std, &inputs[2]));
    TRY(weave_put_node(w, "Pad", inputs, 3, NULL, 0));
    w->shape.h += 4;
    w->shape.w += 4;
    w->bordered = true;
fail:
    return status;
}

static Status weave_conv(Weave *w, const FreeLayer *layer) {
    Status status;
    const GuessSource *source;
    GraphAttribute attributes[5] = {{.name = "group", .kind = GRAPH_INT}};
    int inputs[3], out = (int)layer_arg(&layer->layer, "channels");
    int stride = (int)layer_arg(&layer->layer, "stride"), g = layer->groups, d = layer->dilation;
    const int kernel[2] = {layer->kernel_h, layer->kernel_w}, strides[2] = {stride, stride};
    // The first convolution's padding has the border in it.
    int border = w->plan->border && !w->bordered ? 2 : 0;
    int ph = layer->pad_h - border, pw = layer->pad_w - border;
    const int pads[4] = {ph, pw, ph, pw};
    const int dilations[2] = {d, d};
    char wanted[96];
    TRY(take_source(w, SOURCE_LAYER, "conv", &source));
    if (ph < 0 || pw < 0) TRY(weave_misfit(w, "conv", "does not pad by the 2 of the border"));
    if (border) TRY(weave_border(w));
    inputs[0] = w->value;
    const Tensor *weight = source->weight;
    if (w->shape.flat) TRY(weave_misfit(w, "conv", "needs an image, but gets a vector"));
    int room_h = w->shape.h + 2 * pads[0] - d * (kernel[0] - 1) - 1;
    int room_w = w->shape.w + 2 * pads[1] - d * (kernel[1] - 1) - 1;
    if (room_h < 0 || room_w < 0)
        TRY(weave_misfit(w, "conv", "has a kernel larger than the image"));
    if (w->shape.c % g != 0 || out % g != 0)
        TRY(weave_misfit(w, "conv", "has channels that so many groups do not share evenly"));
    const size_t dims[4] = {(size_t)out, (size_t)(w->shape.c / g), (size_t)kernel[0],
                            (size_t)kernel[1]};
    snprintf(wanted, sizeof wanted, "%zu,%zu,%zu,%zu", dims[0], dims[1], dims[2], dims[3]);
    if (weight->rank != 4 || memcmp(weight->dims, dims, sizeof dims) != 0)
        TRY(wrong_weight(w, "conv", weight, wanted));
    attributes[0].integer = g;
    TRY(weave_put_ints(w, "kernel_shape", 2, kernel, &attributes[1]));
    TRY(weave_put_ints(w, "strides", 2, strides, &attributes[2]));
    TRY(weave_put_ints(w, "pads", 4, pads, &attributes[3]));
    TRY(weave_put_ints(w, "dilations", 2, dilations, &attributes[4]));
    TRY(weave_put_tensor(w, weight, 4, dims, &inputs[1]));
    if (source->bias) TRY(weave_put_tensor(w, source->bias, 1, dims, &inputs[2]));
    TRY(weave_put_node(w, "Conv", inputs, source->bias ? 3 : 2, attributes, 5));
    w->shape = (Shape){out, room_h / stride + 1, room_w / stride + 1, false};
    size_t taps = weight->count / (size_t)out; // of one output
    w->work += (double)shape_count(w->shape) * (double)taps;
fail:
    return status;
}

static Status weave_flatten(Weave *w) {
    const LayerSpec flatten = {.kind = layer_find("flatten")};
    if (w->shape.flat) return status_ok();
    w->shape = (Shape){(int)shape_count(w->shape), 1, 1, true};
    return weave_put_plain(w, &flatten, &w->value, 1);
}

static Status weave_dense(Weave *w, const FreeLayer *layer) {
    Status status;
    const GuessSource *source;
    int inputs[3], units = (int)layer->layer.args[0];
    char wanted[64];
    TRY(weave_flatten(w));
    TRY(take_source(w, SOURCE_LAYER, "dense", &source));
    const Tensor *weight = source->weight;
    const size_t dims[2] = {(size_t)units, (size_t)w->shape.c};
    snprintf(wanted, sizeof wanted, "%zu,%zu", dims[0], dims[1]);
    if (weight->rank != 2 || weight->dims[0] != dims[0] || weight->dims[1] != dims[1])
        TRY(wrong_weight(w, "dense", weight, wanted));
    inputs[0] = w->value;
    TRY(weave_put_tensor(w, weight, 2, dims, &inputs[1]));
    if (source->bias) TRY(weave_put_tensor(w, source->bias, 1, dims, &inputs[2]));
    TRY(weave_put_plain(w, &layer->layer, inputs, source->bias ? 3 : 2));
    w->shape.c = units;
    w->work += (double)weight->count;
fail:
    return status;
}

static Status weave_norm(Weave *w, const FreeLayer *layer) {
    Status status;
    const GuessSource *source;
    int inputs[5] = {w->value};
    TRY(take_source(w, SOURCE_NORM, "batchnorm", &source));
    TRY(weave_put_channels(w, source->weight, 1, &inputs[1]));
    TRY(weave_put_channels(w, source->bias, 0, &inputs[2]));
    TRY(weave_put_channels(w, source->mean, 0, &inputs[3]));
    TRY(weave_put_channels(w, source->var, 1, &inputs[4]));
    if (w->plan->listens)
        TRY(weave_put_listener(w, &layer->layer, inputs));
    else
        TRY(weave_put_plain(w, &layer->layer, inputs, 5));
fail:
    return status;
}

static Status weave_prelu(Weave *w) {
    Status status;
    const GuessSource *source;
    int inputs[2] = {w->value};
    const GraphPlan *plan = w->plan;
    const GuessSource *first =
        source_take(plan->sources, plan->source_count, SOURCE_SLOPE, &(int){0});
    source = source_take(plan->sources, plan->source_count, SOURCE_SLOPE, &w->next[SOURCE_SLOPE]);
    if (!source) source = first; // one may serve everywhere
    if (!source || (source->weight->count != 1 && source->weight->count != (size_t)w->shape.c))
        return weave_misfit(w, "prelu", "has no slopes in the file that fit its channels");
    const size_t dims[3] = {source->weight->count, 1, 1};
    TRY(weave_put_tensor(w, source->weight, w->shape.flat || dims[0] == 1 ? 1 : 3, dims,
                         &inputs[1]));
    TRY(weave_put_node(w, "PRelu", inputs, 2, NULL, 0));
fail:
    return status;
}

// ---- layers without -----------------------------------------------------------------------------

static Status weave_pool(Weave *w, const FreeLayer *layer) {
    const LayerSpec *spec = &layer->layer;
    int kernel = (int)layer_arg(spec, "kernel"), stride = (int)layer_arg(spec, "stride");
    int pad = (int)layer_arg(spec, "padding");
    int room_h = w->shape.h + 2 * pad - kernel, room_w = w->shape.w + 2 * pad - kernel;
    if (w->shape.flat || room_h < 0 || room_w < 0 || pad > kernel / 2)
        return weave_misfit(w, spec->kind->word, "has a window that does not fit its image");
    w->shape = (Shape){w->shape.c, room_h / stride + 1, room_w / stride + 1, false};
    return weave_put_plain(w, spec, &w->value, 1);
}

static Status weave_step(Weave *w, const FreeStep *step, int x) {
    Status status;
    GraphAttribute attributes[FREE_ATTRIBUTES_MAX];
    int inputs[3] = {w->value}, count = 1, given = 0;
    for (; given < FREE_ATTRIBUTES_MAX && step->attributes[given].name; given++)
        attributes[given] = (GraphAttribute){.name = step->attributes[given].name,
                                             .kind = GRAPH_FLOAT,
                                             .real = step->attributes[given].value};
    if (step->with == STEP_WITH_X) inputs[count++] = x;
    if (step->with == STEP_WITH_NUMBER || step->with == STEP_BETWEEN)
        TRY(weave_put_number(w, step->number, &inputs[count++]));
    if (step->with == STEP_BETWEEN) TRY(weave_put_number(w, step->high, &inputs[count++]));
    TRY(weave_put_node(w, step->op, inputs, count, attributes, given));
fail:
    return status;
}

static Status weave_word(Weave *w, const FreeWord *word) {
    Status status = status_ok();
    int x = w->value;
    for (int i = 0; i < FREE_STEPS_MAX && word->steps[i].op && status_is_ok(&status); i++)
        status = weave_step(w, &word->steps[i], x);
    return status;
}

// y = x * a + b
static Status weave_scale(Weave *w, float a, float b) {
    Status status;
    int inputs[2] = {w->value};
    TRY(weave_put_number(w, a, &inputs[1]));
    TRY(weave_put_node(w, "Mul", inputs, 2, NULL, 0));
    inputs[0] = w->value;
    TRY(weave_put_number(w, b, &inputs[1]));
    TRY(weave_put_node(w, "Add", inputs, 2, NULL, 0));
fail:
    return status;
}

// To whole numbers, halves upwards.
static Status weave_round(Weave *w) {
    Status status;
    int inputs[2] = {w->value};
    TRY(weave_put_number(w, 0.5f, &inputs[1]));
    TRY(weave_put_node(w, "Add", inputs, 2, NULL, 0));
    TRY(weave_put_node(w, "Floor", &w->value, 1, NULL, 0));
fail:
    return status;
}

// The share of pixel `from` in pixel `to` of a line of n pixels brought to m >= n: the triangle
// filter of PIL's Image.resize (BILINEAR), which torchvision's Resize calls. Its centres are half
// pixels; at the ends the shares are brought to a sum of 1.
static double resize_share(int n, int m, int to, int from) {
    double centre = (to + 0.5) * n / m - 0.5, sum = 0;
    for (int i = 0; i < n; i++) sum += fmax(0, 1 - fabs(i - centre));
    return fmax(0, 1 - fabs(from - centre)) / sum;
}

// PIL goes by lines, then by columns, and rounds to bytes each time.
static Status weave_resize(Weave *w, int side) {
    Status status;
    int n = w->shape.h, across, down, inputs[2];
    void *room;
    const Normalization *norm = &w->plan->normalization;
    GraphTensor tensor = {.type = GRAPH_F32, .rank = 2, .dims = {(size_t)n, (size_t)side}};
    if (w->number != 1 || w->shape.w != n || side < n)
        TRY(weave_misfit(w, "resize", "must be the first and make the image larger"));
    TRY(weave_put_constant(w, tensor, sizeof(float), &across, &room));
    for (int i = 0; i < n * side; i++)
        ((float *)room)[i] = (float)resize_share(n, side, i % side, i / side);
    tensor.dims[0] = (size_t)side;
    tensor.dims[1] = (size_t)n;
    TRY(weave_put_constant(w, tensor, sizeof(float), &down, &room));
    for (int i = 0; i < n * side; i++)
        ((float *)room)[i] = (float)resize_share(n, side, i / n, i % n);
    TRY(weave_scale(w, 255, 0));
    TRY(weave_round(w));
    inputs[0] = w->value;
    inputs[1] = across;
    TRY(weave_put_node(w, "MatMul", inputs, 2, NULL, 0));
    TRY(weave_round(w));
    inputs[0] = down;
    inputs[1] = w->value;
    TRY(weave_put_node(w, "MatMul", inputs, 2, NULL, 0));
    TRY(weave_round(w));
    TRY(weave_scale(w, 1 / (255 * norm->std), -norm->mean / norm->std));
    w->shape.h = w->shape.w = side;
    w->work += 2.0 * n * side * side;
fail:
    return status;
}

// ---- branches -----------------------------------------------------------------------------------

static Status weave_fork(Weave *w) {
    if (w->forked) return weave_misfit(w, "fork", "stands within another");
    w->forked = true;
    w->beside = false;
    w->fork = w->value;
    w->fork_shape = w->shape;
    return status_ok();
}

static Status weave_beside(Weave *w) {
    if (!w->forked || w->beside) return weave_misfit(w, "beside", "has no fork in front of it");
    w->beside = true;
    w->way = w->value;
    w->way_shape = w->shape;
    w->value = w->fork;
    w->shape = w->fork_shape;
    return status_ok();
}

static Status weave_add(Weave *w) {
    int inputs[2] = {w->beside ? w->way : w->value, w->beside ? w->value : w->fork};
    const Shape *a = w->beside ? &w->way_shape : &w->fork_shape, *b = &w->shape;
    if (!w->forked) return weave_misfit(w, "add", "has no fork in front of it");
    if (a->c != b->c || a->h != b->h || a->w != b->w || a->flat != b->flat)
        return weave_misfit(w, "add", "gets two images of different sizes");
    w->forked = false;
    return weave_put_node(w, "Add", inputs, 2, NULL, 0);
}

// ---- all of it ----------------------------------------------------------------------------------

static Status weave_plain(Weave *w, const FreeLayer *layer) {
    const char *word = layer->layer.kind->word;
    if (strcmp(word, "dense") == 0) return weave_dense(w, layer);
    if (strcmp(word, "batchnorm") == 0) return weave_norm(w, layer);
    if (strcmp(word, "maxpool") == 0 || strcmp(word, "avgpool") == 0) return weave_pool(w, layer);
    if (strcmp(word, "flatten") == 0) return weave_flatten(w);
    if (!layer_node_is_known(layer->layer.kind))
        return weave_misfit(w, word, "cannot stand in a graph");
    if (!layer_node_op(layer->layer.kind)) return status_ok();
    return weave_put_plain(w, &layer->layer, &w->value, 1);
}

static Status weave_layer(Weave *w, const FreeLayer *layer) {
    if (layer->kind == FREE_CONV) return weave_conv(w, layer);
    if (layer->kind == FREE_WORD) return weave_word(w, layer->word);
    if (layer->kind == FREE_PRELU) return weave_prelu(w);
    if (layer->kind == FREE_RESIZE) return weave_resize(w, layer->side);
    if (layer->kind == FREE_FORK) return weave_fork(w);
    if (layer->kind == FREE_BESIDE) return weave_beside(w);
    if (layer->kind == FREE_ADD) return weave_add(w);
    return weave_plain(w, layer);
}

static Status weave_end(Weave *w) {
    int left = 0, classes = w->shape.c;
    for (int k = 0; k < SOURCE_SLOPE; k++)
        for (int next = w->next[k];
             source_take(w->plan->sources, w->plan->source_count, (SourceKind)k, &next);)
            left++;
    if (left > 0)
        return status_error(STATUS_USAGE,
                            "the layers given do not fit: the file has tensors for %d more", left);
    if (w->forked) return weave_misfit(w, "fork", "is never closed by add");
    if (!w->shape.flat || classes < 2 || classes > SPEC_CLASSES_MAX)
        return status_error(STATUS_USAGE,
                            "the layers given do not end in one number for each of 2 to %d classes",
                            SPEC_CLASSES_MAX);
    Status status = graph_add_output(w->graph, graph_value_at(w->graph, w->value)->name);
    for (int i = 0; i < w->heard_count && status_is_ok(&status); i++)
        status = graph_add_output(w->graph, graph_value_at(w->graph, w->heard[i])->name);
    return status;
}

static size_t weights_size(const GraphPlan *plan) {
    size_t count = 0;
    for (int i = 0; i < plan->source_count && !plan->numbers; i++) {
        const GuessSource *s = &plan->sources[i];
        const Tensor *const parts[] = {s->weight, s->bias, s->mean, s->var};
        for (int p = 0; p < 4; p++) count += parts[p] ? parts[p]->count : 0;
    }
    return count * sizeof(float);
}

Status infer_graph_make(const GraphPlan *plan, Graph **graph, int *classes, double *work) {
    Status status;
    size_t side = (size_t)plan->side;
    Weave w = {.plan = plan, .shape = {1, plan->side, plan->side, false}};
    GraphTensor input = {.type = GRAPH_F32, .rank = 4, .dims = {0, 1, side, side}};
    *graph = NULL;
    TRY(graph_open(plan->listens ? WEAVE_OPSET_LISTENS : WEAVE_OPSET,
                   WEAVE_SPARE + weights_size(plan), &w.graph));
    TRY(graph_add_input(w.graph, "input", &input, true));
    w.value = graph_input(w.graph, 0);
    for (int i = 0; i < plan->layer_count; i++) {
        w.number = i + 1;
        TRY(weave_layer(&w, &plan->layers[i]));
    }
    TRY(weave_end(&w));
    TRY(graph_finish(w.graph, 1e6));
    *classes = w.shape.c;
    *work = w.work;
    *graph = w.graph;
    w.graph = NULL;
fail:
    graph_close(&w.graph);
    return status;
}
