// Looking into a network: saliency against measured slopes, what made one pixel of a feature map,
// principal components against a case worked out by hand, and the map of the last hidden layer.
#include "test.h"

#include "base/streams.h"
#include "compute/ref.h"
#include "nn/layer.h"
#include "train/hidden_map.h"
#include "train/recognizer.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define NETWORK_MEAN 0.13f
#define NETWORK_STD  0.31f

static SavedModel *make_model(Shape input, const char *layers, uint64_t seed) {
    ModelSpec *spec = calloc(1, sizeof *spec);
    SavedModel *model;
    assert_non_null(spec);
    spec->input = input;
    spec->normalization = (Normalization){NETWORK_MEAN, NETWORK_STD};
    assert_ok(spec_parse_layers(layers, spec));
    assert_ok(saved_model_make(spec, &model));
    weights_init(&model->plan, INIT_PYTORCH, seed, model->weights);
    Rng rng = rng_make(seed, STREAM_TEST);
    for (int i = 0; i < model->plan.tensor_count; i++) { // running statistics that say something
        const TensorInfo *tensor = &model->plan.tensors[i];
        for (size_t k = 0; k < tensor->count && !tensor->trainable; k++)
            model->weights[tensor->offset + k] += (float)rng_range(&rng, -0.4, 0.4);
    }
    free(spec);
    return model;
}

static void fill_image(uint8_t *image, size_t count, uint64_t seed) {
    Rng rng = rng_make(seed, STREAM_TEST);
    for (size_t i = 0; i < count; i++) image[i] = (uint8_t)(10 + rng_below(&rng, 230));
}

// ---- saliency -----------------------------------------------------------------------------------

enum { SIDE = 12, PIXELS = SIDE * SIDE };
static const Shape small = {1, SIDE, SIDE, false};

// One dense layer: the gradient is its row of weights, in units of ink.
static void saliency_of_one_layer_is_its_weights(void **state) {
    (void)state;
    SavedModel *model = make_model(small, "dense 10", 3);
    Recognizer *recognizer;
    uint8_t image[PIXELS];
    float gradient[PIXELS];
    fill_image(image, PIXELS, 1);
    assert_ok(recognizer_open(model, 1, 4, &recognizer));
    for (int class = 0; class < 10; class += 3) {
        assert_ok(recognizer_saliency(recognizer, image, class, gradient));
        const float *row = model->weights + model->plan.tensors[0].offset + class * PIXELS;
        for (int i = 0; i < PIXELS; i++)
            assert_true(fabsf(gradient[i] - row[i] / NETWORK_STD) <=
                        2 * FLT_EPSILON * fabsf(gradient[i]));
    }
    recognizer_close(&recognizer);
    saved_model_close(&model);
}

static double logit_of(Recognizer *recognizer, uint8_t *image, int at, int step, int class) {
    float logits[10];
    image[at] = (uint8_t)(image[at] + step);
    recognizer_answer(recognizer, image, 1, logits, NULL);
    image[at] = (uint8_t)(image[at] - step);
    return logits[class];
}

// Slopes of what is answered, measured by one and two steps of a byte. The two differ by what
// curvature does (the better one is off by a third of that at most); rounding adds the last bits of
// a logit over the step.
static void check_slopes(Recognizer *recognizer, uint8_t *image, int class, const char *what) {
    float gradient[PIXELS], logits[10];
    assert_ok(recognizer_saliency(recognizer, image, class, gradient));
    recognizer_answer(recognizer, image, 1, logits, NULL);
    double size = 0, largest = 0;
    for (int c = 0; c < 10; c++) size = fmax(size, fabs((double)logits[c]));
    for (int i = 0; i < PIXELS; i++) largest = fmax(largest, fabs((double)gradient[i]));
    double rounding = 64 * FLT_EPSILON * (size + 1) * 255;
    assert_true(largest > 4 * rounding); // else nothing is measured
    for (int i = 0; i < PIXELS; i += 5) {
        double one =
            (logit_of(recognizer, image, i, 1, class) - logit_of(recognizer, image, i, -1, class)) *
            255 / 2;
        double two =
            (logit_of(recognizer, image, i, 2, class) - logit_of(recognizer, image, i, -2, class)) *
            255 / 4;
        if (fabs(gradient[i] - one) > fabs(two - one) + rounding)
            fail_msg("%s: pixel %d: %g, measured %g and %g", what, i, (double)gradient[i], one,
                     two);
    }
}

static void saliency_is_the_slope_of_the_answer(void **state) {
    (void)state;
    static const char *const networks[] = {
        "conv 4 k5 p2, tanh, avgpool 2, dense 12, sigmoid, dense 10",
        "conv 3 k3, batchnorm, sigmoid, dropout 0.4, dense 16, batchnorm, tanh, dense 10",
        "batchnorm, dense 20, tanh, dropout, dense 10",
    };
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++) {
        SavedModel *model = make_model(small, networks[i], 7 + i);
        SavedModel *other = make_model(small, networks[i], 90 + i);
        Recognizer *recognizer;
        uint8_t image[PIXELS];
        float before[10], after[10];
        fill_image(image, PIXELS, i);
        assert_ok(recognizer_open(model, 1, 1, &recognizer));
        check_slopes(recognizer, image, 4, networks[i]);
        // It changes nothing, and follows the weights.
        recognizer_answer(recognizer, image, 1, before, NULL);
        float gradient[PIXELS];
        assert_ok(recognizer_saliency(recognizer, image, 2, gradient));
        recognizer_answer(recognizer, image, 1, after, NULL);
        assert_memory_equal(before, after, sizeof before);
        recognizer_set_weights(recognizer, other->weights);
        check_slopes(recognizer, image, 9, networks[i]);
        recognizer_close(&recognizer);
        saved_model_close(&model);
        saved_model_close(&other);
    }
}

// Convolution, ReLU and max pooling run in one where gradients are wanted: the same gradient as
// layer by layer.
static void saliency_goes_through_joined_layers(void **state) {
    (void)state;
    SavedModel *saved = make_model(small, "conv 3 k3 p1, relu, maxpool 2, dense 10", 5);
    BackendConfig config = {"ref", 1};
    Backend *be;
    Model *model;
    Recognizer *recognizer;
    uint8_t image[PIXELS];
    float gradient[PIXELS], expected[PIXELS], input[PIXELS], direction[10] = {0};
    fill_image(image, PIXELS, 8);
    assert_ok(recognizer_open(saved, 1, 1, &recognizer));
    assert_ok(recognizer_saliency(recognizer, image, 6, gradient));
    // The reference back end joins nothing.
    assert_ok(backend_open(&config, &be));
    assert_ok(model_open(be, &saved->spec, 1, true, &model));
    model_set_weights(model, saved->weights);
    for (int i = 0; i < PIXELS; i++)
        input[i] = ((float)image[i] / 255.0f - NETWORK_MEAN) / NETWORK_STD;
    be->ops->upload(be, model_input(model), input, sizeof input);
    model_forward(model, 1, false, 0);
    direction[6] = 1;
    be->ops->upload(be, model_logits_gradient(model), direction, sizeof direction);
    model_backward(model, 1, true);
    be->ops->download(be, expected, model_input_gradient(model), sizeof expected);
    // 27 weights, each through at most 9 places: sums of that many products.
    double size = 0;
    for (int i = 0; i < PIXELS; i++) size = fmax(size, fabs((double)expected[i]) / NETWORK_STD);
    for (int i = 0; i < PIXELS; i++)
        assert_true(fabs(gradient[i] - expected[i] / NETWORK_STD) <= 4 * 27 * FLT_EPSILON * size);
    model_close(&model);
    backend_close(&be);
    recognizer_close(&recognizer);
    saved_model_close(&saved);
}

// ---- what made a pixel --------------------------------------------------------------------------

static float activated(const ModelSpec *spec, int layer, int last, float x) {
    for (int i = layer + 1; i <= last; i++)
        x = ref_activate(spec->layers[i].kind->activation, (float)spec->layers[i].args[0], x);
    return x;
}

// Each number of the patch is in the map in front, at its place, and padding is 0.
static void check_patches(const Explanation *e, const float *before, const char *what) {
    for (int c = 0; c < e->channels; c++)
        for (int k = 0; k < e->h * e->w; k++) {
            int y = e->y0 + k / e->w, x = e->x0 + k % e->w;
            bool inside = y >= 0 && x >= 0 && y < e->from.h && x < e->from.w;
            float there =
                inside ? before[((c + e->channel) * e->from.h + y) * e->from.w + x] : 0.0f;
            if (e->input[c * e->h * e->w + k] != there)
                fail_msg("%s: place %d of patch %d is %g, not %g", what, k, c,
                         (double)e->input[c * e->h * e->w + k], (double)there);
        }
}

static void check_pixel(const Recognizer *recognizer, int layer, int last, int at,
                        const float *before, float shown) {
    const ModelSpec *spec = recognizer_spec(recognizer);
    Shape shape = recognizer_plan(recognizer)->shapes[last + 1];
    const char *what = spec->layers[layer].kind->word;
    Explanation e = {0};
    int area = shape.h * shape.w;
    assert_ok(recognizer_explain(recognizer, layer, last, at / area, at % area / shape.w,
                                 at % shape.w, &e));
    assert_true(e.value == shown);
    check_patches(&e, before, what);
    int count = e.channels * e.h * e.w;
    double size = fabs((double)e.bias) + fabs((double)e.mean * e.scale / (e.deviation + 1e-9));
    for (int i = 0; i < count; i++) {
        double factor = e.kind == EXPLAIN_SUM    ? e.weight[i]
                        : e.kind == EXPLAIN_NORM ? e.scale / e.deviation
                                                 : 1;
        size += fabs(e.input[i] * factor);
    }
    double told = activated(spec, layer, last, (float)e.sum);
    if (fabs(told - shown) > (count + 4) * (double)FLT_EPSILON * size)
        fail_msg("%s (layer %d, number %d): told %g, shown %g", what, layer, at, told,
                 (double)shown);
    explanation_close(&e);
}

static void a_pixel_is_told_as_it_is_shown(void **state) {
    (void)state;
    static const char *const networks[] = {
        "conv 4 k5 p2, relu, maxpool 2, conv 5 k3 s2 p1, tanh, avgpool 2 s1, dense 12, leakyrelu "
        "0.1, dropout, dense 10",
        "tanh, conv 3 k3, batchnorm, relu, maxpool 3 s2 p1, avgpool 2 p1, flatten, dropout, dense "
        "9, batchnorm, sigmoid, dense 10",
    };
    for (size_t n = 0; n < sizeof networks / sizeof networks[0]; n++) {
        SavedModel *model = make_model(small, networks[n], 40 + n);
        const ModelSpec *spec = &model->spec;
        Recognizer *recognizer;
        uint8_t image[PIXELS];
        float before[4096], after[4096];
        fill_image(image, PIXELS, 2);
        assert_ok(recognizer_open(model, 1, 3, &recognizer));
        recognizer_answer(recognizer, image, 1, NULL, before);
        for (int i = 0, last; i < spec->layer_count; i = last + 1) {
            last = i;
            while (last + 1 < spec->layer_count &&
                   (spec->layers[last + 1].kind->activation != ACTIVATION_NONE ||
                    strcmp(spec->layers[last + 1].kind->word, "dropout") == 0))
                last++;
            if (!spec->layers[i].kind->forward || !strcmp(spec->layers[i].kind->word, "dropout"))
                continue;
            assert_ok(recognizer_rows(recognizer, i - 1, image, 1, before, NULL));
            recognizer_layer(recognizer, last, after);
            size_t count = shape_count(model->plan.shapes[last + 1]);
            // The front is an activation: nothing but itself can be told.
            bool front = spec->layers[i].kind->activation != ACTIVATION_NONE;
            for (size_t k = 0; k < count && !front; k++)
                check_pixel(recognizer, i, last, (int)k, before, after[k]);
        }
        recognizer_close(&recognizer);
        saved_model_close(&model);
    }
}

// ---- principal components -----------------------------------------------------------------------

// (+-3, 0), (0, +-1) and the origin: variances 18/5 and 2/5. Turned in three dimensions by the
// rotation with columns u, v, and moved.
enum { CROSS = 5 };
static const float cross_u[3] = {2 / 3.0f, 2 / 3.0f, 1 / 3.0f};
static const float cross_v[3] = {-2 / 3.0f, 1 / 3.0f, 2 / 3.0f};
static void make_cross(float rows[CROSS * 3], float along, float across) {
    static const float at[CROSS][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {0, 0}};
    for (int i = 0; i < CROSS; i++)
        for (int k = 0; k < 3; k++)
            rows[i * 3 + k] = 10 + at[i][0] * along * cross_u[k] + at[i][1] * across * cross_v[k];
}

static void components_are_those_worked_out_by_hand(void **state) {
    (void)state;
    float rows[CROSS * 3], at[2];
    Pca pca = {0};
    make_cross(rows, 3, 1);
    assert_ok(pca_find(&pca, rows, CROSS, 3));
    // Floats around 10, and a search that ends when the variances settle to 1e-6.
    const double fine = 1e-5;
    assert_true(fabs(pca.variance[0] - 3.6) < fine && fabs(pca.variance[1] - 0.4) < fine);
    assert_true(fabs(pca.variance[2]) < fine && fabs(pca.total - 4) < fine);
    for (int k = 0; k < 3; k++) {
        assert_true(fabsf(pca.mean[k] - 10) < 1e-5f);
        assert_true(fabsf(pca.axes[k] - cross_u[k]) < 1e-4f); // the largest component is positive
    }
    pca_project(&pca, rows, at);
    assert_true(fabsf(at[0] - 3) < 1e-4f && fabsf(at[1]) < 1e-4f);
    // From the other side: it stays there, and the same points need no search.
    for (int k = 0; k < 3; k++) pca.axes[k] = -pca.axes[k];
    assert_ok(pca_find(&pca, rows, CROSS, 3));
    assert_true(pca.axes[0] < 0 && pca.rounds <= 2);
    // The short one becomes the long one.
    make_cross(rows, 1, 3);
    assert_ok(pca_find(&pca, rows, CROSS, 3));
    assert_true(fabs(pca.variance[0] - 3.6) < fine);
    assert_true(fabs(fabs((double)pca.axes[0]) - 2 / 3.0) < 1e-4);
    // All the same: no spread, and no NaN.
    make_cross(rows, 0, 0);
    assert_ok(pca_find(&pca, rows, CROSS, 3));
    assert_true(pca.variance[0] == 0 && pca.total == 0);
    // One number only.
    assert_ok(pca_find(&pca, rows, 3, 1));
    pca_project(&pca, rows, at);
    assert_true(isfinite(at[0]) && at[1] == 0);
    pca_close(&pca);
}

// Many directions of nearly one width: the first two of a hundred are still found.
static void components_of_a_cloud(void **state) {
    (void)state;
    enum { N = 400, D = 100 };
    float *rows = calloc(N * D, sizeof *rows);
    Rng rng = rng_make(6, STREAM_TEST);
    Pca pca = {0};
    for (int i = 0; i < N; i++)
        for (int k = 0; k < D; k++)
            rows[i * D + k] = (float)(rng_normal(&rng) * (k == 7 ? 3 : k == 31 ? 2.5 : 1));
    assert_ok(pca_find(&pca, rows, N, D));
    assert_true(fabsf(pca.axes[7]) > 0.9f && fabsf(pca.axes[D + 31]) > 0.9f);
    double dot = 0;
    for (int k = 0; k < D; k++) dot += (double)pca.axes[k] * pca.axes[D + k];
    assert_true(fabs(dot) < D * FLT_EPSILON);
    assert_true(pca.rounds < 60);
    pca_close(&pca);
    free(rows);
}

// ---- the map ------------------------------------------------------------------------------------

enum { MAP_N = 120 };

static void a_map_has_each_image_at_its_place(void **state) {
    (void)state;
    SavedModel *model = make_model(small, "dense 14, tanh, dense 10", 11);
    uint8_t *pixels = malloc(MAP_N * PIXELS), labels[MAP_N] = {0};
    fill_image(pixels, MAP_N * PIXELS, 4);
    ImageSet set = {MAP_N, 1, SIDE, SIDE, pixels, labels};
    Recognizer *recognizer;
    HiddenMap map = {0}, next = {0};
    int32_t near[3];
    assert_ok(recognizer_open(model, 1, 32, &recognizer));
    assert_int_equal(hidden_map_layer(&model->spec), 2); // flatten, dense, tanh
    assert_ok(hidden_map_make(&map, NULL, recognizer, &set, NULL));
    assert_int_equal(map.n, MAP_N);
    assert_int_equal(map.d, 14);
    assert_string_equal(map.layer, "dense 14, tanh");
    assert_true(map.share > 0 && map.share <= 1);
    for (int i = 0; i < MAP_N; i++) {
        const float *row = map.rows + i * map.d;
        MapPoint p = hidden_map_place(&map, row);
        assert_true(p.x == map.at[i].x && p.y == map.at[i].y);
        assert_int_equal(hidden_map_nearest(&map, row, 3, near), 3);
        assert_int_equal(near[0], i);
    }
    // Half-way round and in a mirror, the next map of the same network is laid back onto it.
    for (int i = 0; i < MAP_N; i++) {
        MapPoint p = map.at[i];
        map.at[i] = (MapPoint){0.6f * p.x + 0.8f * p.y, 0.8f * p.x - 0.6f * p.y};
    }
    assert_ok(hidden_map_make(&next, &map, recognizer, &set, NULL));
    float size = 0;
    for (int i = 0; i < MAP_N; i++) size = fmaxf(size, hypotf(map.at[i].x, map.at[i].y));
    for (int i = 0; i < MAP_N; i++)
        assert_true(hypotf(map.at[i].x - next.at[i].x, map.at[i].y - next.at[i].y) <
                    64 * FLT_EPSILON * size);
    // Given up.
    atomic_bool cancel = true;
    Status status = hidden_map_make(&next, &map, recognizer, &set, &cancel);
    assert_int_equal(status.code, STATUS_CANCELLED);
    assert_int_equal(next.n, 0);
    hidden_map_close(&map);
    hidden_map_close(&next);
    recognizer_close(&recognizer);
    saved_model_close(&model);
    free(pixels);
}

// A network without a hidden layer: the pictures themselves.
static void without_hidden_layers_it_is_the_pictures(void **state) {
    (void)state;
    SavedModel *model = make_model(small, "dense 10", 2);
    assert_int_equal(hidden_map_layer(&model->spec), 0); // flatten: the input as it is
    saved_model_close(&model);
    model = make_model((Shape){PIXELS, 1, 1, true}, "dense 10", 2);
    assert_int_equal(hidden_map_layer(&model->spec), -1);
    saved_model_close(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saliency_of_one_layer_is_its_weights),
        cmocka_unit_test(saliency_is_the_slope_of_the_answer),
        cmocka_unit_test(saliency_goes_through_joined_layers),
        cmocka_unit_test(a_pixel_is_told_as_it_is_shown),
        cmocka_unit_test(components_are_those_worked_out_by_hand),
        cmocka_unit_test(components_of_a_cloud),
        cmocka_unit_test(a_map_has_each_image_at_its_place),
        cmocka_unit_test(without_hidden_layers_it_is_the_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
