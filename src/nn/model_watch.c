// Somebody looks on at each layer (slow motion): also at what a convolution that pools never
// writes, which is worked out once more for them.
#include "nn/model_internal.h"

int model_told_end(const Model *model, int index) {
    int last = model_group_end(model, index);
    return model->runs[index].pooled ? last - 1 : last;
}

Status model_reserve_watch(Model *model) {
    Status status = status_ok();
    size_t values = 0, pooled = 0, places = 0;
    for (int i = 0; i < model->spec.layer_count; i++) {
        if (!model->runs[i].pooled) continue;
        int pool = model_group_end(model, i);
        Shape in = model->plan.shapes[pool], out = model->plan.shapes[pool + 1];
        const LayerSpec *layer = &model->spec.layers[pool];
        size_t needs[] = {model_piece(model, in), model_piece(model, out),
                          layer->kind->cache_bytes
                              ? layer->kind->cache_bytes(layer, in, out, model->max_batch)
                              : 0};
        values = needs[0] > values ? needs[0] : values;
        pooled = needs[1] > pooled ? needs[1] : pooled;
        places = needs[2] > places ? needs[2] : places;
    }
    if (values == 0) return status;
    const char *what = "a batch in slow motion";
    if (!model->apart) TRY(model_alloc(model, values, what, &model->apart));
    if (!model->apart_delta) TRY(model_alloc(model, values, what, &model->apart_delta));
    if (!model->apart_pooled) TRY(model_alloc(model, pooled, what, &model->apart_pooled));
    if (!model->apart_places) TRY(model_alloc(model, places, what, &model->apart_places));
fail:
    return status;
}

void model_set_watch(Model *model, const ModelWatch *watch) {
    model->watch = watch;
}

// The convolution as if it did not pool.
static void model_run_apart(const Model *model, int i) {
    LayerRun run = model->runs[i];
    run.pooled = false;
    run.y = model->apart;
    run.spec->kind->forward(&run);
}

void model_show_forward(const Model *model, int i) {
    const ModelWatch *watch = model->watch;
    int last = model_group_end(model, i), first = i;
    if (model->runs[i].pooled) {
        model_run_apart(model, i);
        watch->forward(watch->context, i, last - 1, model->apart);
        first = last;
    }
    watch->forward(watch->context, first, last, model->runs[i].y);
}

void model_show_backward(const Model *model, int i, float *dy) {
    const ModelWatch *watch = model->watch;
    int last = model_group_end(model, i);
    if (!model->runs[i].pooled) {
        watch->backward(watch->context, i, last, dy);
        return;
    }
    watch->backward(watch->context, last, last, dy);
    model_run_apart(model, i);
    LayerRun pool = {.be = model->be,
                     .spec = &model->spec.layers[last],
                     .in = model->plan.shapes[last],
                     .out = model->plan.shapes[last + 1],
                     .n = model->last_n,
                     .training = true,
                     .x = model->apart,
                     .y = model->apart_pooled,
                     .dy = dy,
                     .dx = model->apart_delta,
                     .cache = model->apart_places};
    pool.spec->kind->forward(&pool);
    pool.spec->kind->backward(&pool);
    watch->backward(watch->context, i, last - 1, model->apart_delta);
}
