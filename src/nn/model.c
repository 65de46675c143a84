// Runs a plan on a back end: where every layer reads and writes is settled once, when the model is
// opened; a step then only walks the list. Knows no kind of layer and no kind of device.
#include "nn/model_internal.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

// Pieces of a block begin at multiples of 64 bytes.
static size_t model_round(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

size_t model_piece(const Model *model, Shape shape) {
    return model_round(shape_count(shape) * (size_t)model->max_batch * sizeof(float));
}

Status model_alloc(Model *model, size_t bytes, const char *what, void *out) {
    void *block = model->be->ops->alloc(model->be, bytes ? bytes : 64);
    if (!block) return status_no_memory(what, bytes);
    model->be->ops->zero(model->be, block, bytes ? bytes : 64);
    memcpy(out, &block, sizeof block);
    return status_ok();
}

// The layer whose product layer `i` may be done with: the one before it, or before an activation
// that has itself been taken in. -1: none. Models that only answer keep every layer's output apart,
// for those who look at them (model_layer_output).
static int model_pools(const Model *model, int i) {
    const LayerKind *kind = model->spec.layers[i].kind;
    int product = i - 1;
    if (product > 0 && model->skip[product] &&
        model->spec.layers[product].kind->activation != ACTIVATION_NONE)
        product--;
    if (product < 0) return -1;
    const BackendOps *ops = model->be->ops;
    bool joins = model->can_train && ops->conv_pool_forward &&
                 model->spec.layers[product].kind->pools && kind->can_join &&
                 kind->can_join(&model->spec.layers[i]);
    if (joins && kind->joins_as == POOL_MEAN)
        joins = ops->conv_pool_means && backend_can_pool_mean(model->runs[product].fused);
    return joins ? product : -1;
}

// Settles for each layer whether it runs at all, and where its output goes: offsets[i+1] in bytes
// into `values`. Gives the size of that block.
static size_t model_lay_out(Model *model, size_t offsets[SPEC_LAYERS_MAX + 1]) {
    const ModelSpec *spec = &model->spec;
    size_t size = model_piece(model, spec->input);
    // What is in the current piece is needed again: the input by the caller, an activation's output
    // by its own backward.
    bool locked = true;
    offsets[0] = 0;
    for (int i = 0; i < spec->layer_count; i++) {
        const LayerKind *kind = spec->layers[i].kind;
        LayerPlan plan = {.in = model->plan.shapes[i], .out = model->plan.shapes[i]};
        Status status = kind->plan(&spec->layers[i], &plan);
        REQUIRE(status_is_ok(&status)); // spec_plan has just been through here
        model->in_place[i] = plan.in_place || plan.back_in_place;
        bool fused =
            kind->activation != ACTIVATION_NONE && i > 0 && spec->layers[i - 1].kind->fuses;
        if (fused) {
            model->runs[i - 1].fused = kind->activation;
            model->runs[i - 1].fused_parameter = (float)spec->layers[i].args[0];
        }
        model->skip[i] = fused || !kind->forward;
        offsets[i + 1] = offsets[i];
        int product = model_pools(model, i);
        if (product >= 0) {
            // The last piece was for what the product put out alone; it shrinks to what pooling
            // leaves.
            model->runs[product].pooled = true;
            model->runs[product].pool = kind->joins_as;
            model->skip[i] = true;
            size = offsets[i] + model_piece(model, model->plan.shapes[i + 1]);
            continue;
        }
        if (!model->skip[i] && (!plan.in_place || locked)) {
            offsets[i + 1] = size;
            size += model_piece(model, model->plan.shapes[i + 1]);
            locked = false;
        }
        locked = locked || kind->activation != ACTIVATION_NONE;
    }
    return size;
}

static size_t model_cache_bytes(const Model *model, int i) {
    const LayerSpec *layer = &model->spec.layers[i];
    if (model->runs[i].pooled)
        return model_round(layer->kind->pooled_cache(layer, model->plan.shapes[i],
                                                     model->plan.shapes[i + 1], model->max_batch));
    if (model->skip[i]) return 0;
    if (!layer->kind->cache_bytes) return 0;
    return model_round(layer->kind->cache_bytes(layer, model->plan.shapes[i],
                                                model->plan.shapes[i + 1], model->max_batch));
}

static void model_fill_runs(Model *model, const size_t offsets[SPEC_LAYERS_MAX + 1]) {
    unsigned char *cache = model->caches;
    model->outputs[0] = model->values;
    for (int i = 0; i < model->spec.layer_count; i++) {
        LayerRun *run = &model->runs[i];
        run->be = model->be;
        run->spec = &model->spec.layers[i];
        run->in = model->plan.shapes[i];
        run->out = model->plan.shapes[i + 1];
        model->outputs[i + 1] = model->values + offsets[i + 1] / sizeof(float);
        run->x = model->outputs[i];
        run->y = model->outputs[i + 1];
        size_t cached = model_cache_bytes(model, i);
        run->cache = cached ? cache : NULL;
        cache += cached;
        int first = model->plan.first_tensor[i];
        for (int k = first; k < model->plan.first_tensor[i + 1]; k++) {
            const TensorInfo *tensor = &model->plan.tensors[k];
            run->weights[k - first] = model->weights + tensor->offset;
            if (tensor->trainable && model->can_train)
                run->grads[k - first] = model->gradients + tensor->offset;
        }
    }
}

// The gradients of two neighbouring layers' outputs are all that lives at any time in backward.
static size_t model_delta_bytes(const Model *model) {
    size_t largest = 0;
    for (int i = 0; i <= model->spec.layer_count; i++) {
        // What lies before a layer that does not run is the same, or never in memory.
        if (i < model->spec.layer_count && model->skip[i]) continue;
        size_t size = model_piece(model, model->plan.shapes[i]);
        if (size > largest) largest = size;
    }
    return largest;
}

static Status model_allocate(Model *model, size_t value_bytes) {
    Status status;
    size_t caches = 0;
    for (int i = 0; i < model->spec.layer_count; i++) caches += model_cache_bytes(model, i);
    TRY(model_alloc(model, model->plan.weight_floats * sizeof(float), "the weights",
                    &model->weights));
    TRY(model_alloc(model, value_bytes, "the layers' outputs", &model->values));
    TRY(model_alloc(model, caches, "what the layers keep for backward", &model->caches));
    if (model->can_train) {
        size_t delta = model_delta_bytes(model);
        model->delta_floats = delta / sizeof(float);
        TRY(model_alloc(model, model->plan.parameter_floats * sizeof(float), "the gradients",
                        &model->gradients));
        TRY(model_alloc(model, 2 * delta, "the gradients between the layers", &model->deltas));
    }
    for (int i = 0; i < model->spec.layer_count; i++) {
        const LayerSpec *layer = &model->spec.layers[i];
        if (layer->kind->reserve)
            TRY(layer->kind->reserve(model->be, layer, model->plan.shapes[i],
                                     model->plan.shapes[i + 1], model->max_batch));
    }
    return status_ok();
fail:
    return status;
}

// All 0, but for what batch norm starts from: only that is made here first.
static Status model_start_weights(Model *model) {
    const BackendOps *ops = model->be->ops;
    ops->zero(model->be, model->weights, model->plan.weight_floats * sizeof(float));
    for (int i = 0; i < model->plan.tensor_count; i++) {
        const TensorInfo *tensor = &model->plan.tensors[i];
        size_t bytes = tensor->count * sizeof(float);
        if (tensor->initial == 0 || tensor->count == 0) continue;
        float *values = malloc(bytes);
        if (!values) return status_no_memory("the weights", bytes);
        for (size_t k = 0; k < tensor->count; k++) values[k] = tensor->initial;
        ops->upload(model->be, model->weights + tensor->offset, values, bytes);
        free(values);
    }
    return status_ok();
}

Status model_open(Backend *be, const ModelSpec *spec, int max_batch, bool training, Model **out) {
    Status status;
    size_t offsets[SPEC_LAYERS_MAX + 1] = {0};
    *out = NULL;
    if (max_batch < 1)
        return status_error(STATUS_USAGE, "a batch has at least 1 sample, not %d", max_batch);
    Model *model = calloc(1, sizeof *model);
    if (!model) return status_no_memory("the network", sizeof *model);
    model->be = be;
    model->spec = *spec;
    model->max_batch = max_batch;
    model->can_train = training;
    TRY(spec_plan(spec, &model->plan));
    model->first_trainable = spec->layer_count;
    for (int i = spec->layer_count - 1; i >= 0; i--)
        if (model->plan.first_tensor[i + 1] > model->plan.first_tensor[i])
            model->first_trainable = i;
    size_t value_bytes = model_lay_out(model, offsets);
    TRY(model_allocate(model, value_bytes));
    model_fill_runs(model, offsets);
    TRY(model_start_weights(model));
    *out = model;
    return status_ok();
fail:
    model_close(&model);
    return status;
}

void model_close(Model **model) {
    Model *m = *model;
    if (!m) return;
    m->be->ops->release(m->be, m->weights);
    m->be->ops->release(m->be, m->gradients);
    m->be->ops->release(m->be, m->values);
    m->be->ops->release(m->be, m->deltas);
    m->be->ops->release(m->be, m->caches);
    m->be->ops->release(m->be, m->apart);
    m->be->ops->release(m->be, m->apart_delta);
    m->be->ops->release(m->be, m->apart_pooled);
    m->be->ops->release(m->be, m->apart_places);
    free(m);
    *model = NULL;
}

const ModelSpec *model_spec(const Model *model) {
    return &model->spec;
}

const ModelPlan *model_plan(const Model *model) {
    return &model->plan;
}

Backend *model_backend(const Model *model) {
    return model->be;
}

void model_set_weights(Model *model, const float *weights) {
    model->be->ops->upload(model->be, model->weights, weights,
                           model->plan.weight_floats * sizeof *weights);
}

void model_get_weights(const Model *model, float *weights) {
    model->be->ops->download(model->be, weights, model->weights,
                             model->plan.weight_floats * sizeof *weights);
}

float *model_parameters(const Model *model) {
    return model->weights;
}

float *model_gradients(Model *model) {
    ASSERT(model->can_train);
    return model->gradients;
}

float *model_input(const Model *model) {
    return model->outputs[0];
}

int model_group_end(const Model *model, int index) {
    // A flatten is skipped as well, but belongs to nobody.
    while (index + 1 < model->spec.layer_count && model->skip[index + 1] &&
           model->spec.layers[index + 1].kind->forward)
        index++;
    return index;
}

// ---- forward and backward -----------------------------------------------------------------------

const float *model_forward(Model *model, int n, bool training, uint64_t key) {
    REQUIRE(n >= 1 && n <= model->max_batch);
    model->last_n = n;
    for (int i = 0; i < model->spec.layer_count; i++) {
        LayerRun *run = &model->runs[i];
        run->n = n;
        run->training = training;
        // Two dropout layers of one step, or one in two steps, must not share their mask.
        run->key = rng_mix64(key + (uint64_t)(i + 1) * 0x9E3779B97F4A7C15u);
        if (model->skip[i]) continue;
        run->spec->kind->forward(run);
        if (model->watch) model_show_forward(model, i);
    }
    return model->outputs[model->spec.layer_count];
}

float *model_logits_gradient(Model *model) {
    REQUIRE(model->can_train);
    return model->deltas;
}

void model_backward(Model *model, int n, bool want_input) {
    REQUIRE(model->can_train && n == model->last_n);
    float *dy = model->deltas, *other = model->deltas + model->delta_floats;
    int last = want_input ? 0 : model->first_trainable;
    for (int i = model->spec.layer_count - 1; i >= last; i--) {
        if (model->skip[i]) continue;
        LayerRun *run = &model->runs[i];
        run->dy = dy;
        if (model->in_place[i])
            run->dx = dy;
        else
            run->dx = i > last || want_input ? other : NULL;
        if (model->watch) model_show_backward(model, i, dy);
        run->spec->kind->backward(run);
        if (model->in_place[i]) continue;
        float *done = dy;
        dy = other;
        other = done;
    }
    model->input_gradient = want_input ? dy : NULL;
}

const float *model_input_gradient(const Model *model) {
    return model->input_gradient;
}

const float *model_layer_output(const Model *model, int index) {
    REQUIRE(index >= 0 && index < model->spec.layer_count);
    return model->outputs[index + 1];
}
