// Back ends, networks and their numbers for tests: each fails the test where it cannot be had. Not
// a test.
#ifndef INKLING_TESTS_MODELS_H
#define INKLING_TESTS_MODELS_H

#include "base/streams.h"
#include "formats/formats.h"
#include "nn/model.h"
#include "nn/presets.h"

#include "tests/files.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static inline Backend *open_device(const char *name, int threads) {
    Backend *be = NULL;
    BackendConfig config = {.device = name, .threads = threads};
    assert_ok(backend_open(&config, &be));
    return be;
}

static inline ModelSpec make_spec(Shape input, const char *layers) {
    ModelSpec spec;
    memset(&spec, 0, sizeof spec);
    spec.input = input;
    spec.normalization.std = 1.0f;
    assert_ok(spec_parse_layers(layers, &spec));
    return spec;
}

#define SHAPE_FLAT(n)        ((Shape){n, 1, 1, true})
#define SHAPE_IMAGE(c, h, w) ((Shape){c, h, w, false})

static inline void *take(size_t count, size_t size) {
    void *block = calloc(count, size);
    assert_non_null(block);
    return block;
}

static inline Model *open_model(Backend *be, const ModelSpec *spec, int batch, bool training,
                                uint64_t seed) {
    Model *model;
    assert_ok(model_open(be, spec, batch, training, &model));
    float *weights = take(model_plan(model)->weight_floats, sizeof *weights);
    weights_init(model_plan(model), INIT_PYTORCH, seed, weights);
    model_set_weights(model, weights);
    free(weights);
    return model;
}

static inline void upload(Model *model, float *device, const float *host, size_t count) {
    Backend *be = model_backend(model);
    be->ops->upload(be, device, host, count * sizeof *host);
}

static inline void download(Model *model, float *host, const float *device, size_t count) {
    Backend *be = model_backend(model);
    be->ops->download(be, host, device, count * sizeof *host);
}

static inline void fill_normal(float *out, size_t count, uint64_t seed) {
    Rng rng = rng_make(seed, STREAM_TEST);
    for (size_t i = 0; i < count; i++) out[i] = (float)rng_normal(&rng);
}

// A preset for pictures of 28x28 in ten classes, with first weights.
static inline SavedModel *make_preset(const char *preset) {
    ModelSpec spec;
    SavedModel *model;
    assert_ok(preset_spec(preset_find(preset), (Shape){1, 28, 28, false}, 10, &spec));
    assert_ok(saved_model_make(&spec, &model));
    weights_init(&model->plan, INIT_PYTORCH, 5, model->weights);
    return model;
}

#endif
