// The executor comes to the same: with both back ends, with fused operations and one by one, in
// batches of any size.
#include "nn/layer.h"

#include "tests/models.h"

#include <float.h>
#include <math.h>

// How long the sums are that lead to one logit, and to one gradient: what rounding grows with.
static double path_length(const ModelPlan *plan, int n) {
    double length = n;
    for (int i = 0; i < plan->tensor_count; i++) {
        const TensorInfo *tensor = &plan->tensors[i];
        Shape out = plan->shapes[tensor->layer + 1];
        if (tensor->rank > 1) length += (double)tensor->fan_in + (double)n * out.h * out.w;
    }
    return length;
}

static double largest_of(const float *x, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)x[i]));
    return largest;
}

static void compare(const char *what, const char *where, const float *a, const float *b,
                    size_t count, double length) {
    double allowed = length * FLT_EPSILON * largest_of(a, count);
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= allowed))
            fail_msg("%s, %s[%zu]: ref %.9g, cpu %.9g (allowed %.2g)", what, where, i, a[i], b[i],
                     allowed);
}

// One step of a preset: logits and gradients.
static void run_once(Model *model, int n, const float *input, const float *direction, float *logits,
                     float *gradients) {
    const ModelPlan *plan = model_plan(model);
    upload(model, model_input(model), input, shape_count(plan->shapes[0]) * (size_t)n);
    const float *out = model_forward(model, n, true, 9);
    download(model, logits, out, (size_t)plan->classes * (size_t)n);
    upload(model, model_logits_gradient(model), direction, (size_t)plan->classes * (size_t)n);
    model_backward(model, n, false);
    download(model, gradients, model_gradients(model), plan->parameter_floats);
}

static void test_ref_and_cpu_agree(void **state) {
    (void)state;
    enum { N = 5 };
    for (int p = 0; p < preset_count; p++) {
        ModelSpec spec;
        assert_ok(preset_spec(&presets[p], SHAPE_IMAGE(1, 28, 28), 10, &spec));
        Backend *ref = open_device("ref", 1), *cpu = open_device("cpu", 2);
        Model *a = open_model(ref, &spec, N, true, 3), *b = open_model(cpu, &spec, N + 2, true, 3);
        const ModelPlan *plan = model_plan(a);
        float *input = take(N * 784, sizeof *input), direction[N * 10], logits[2][N * 10];
        float *gradients[2];
        for (int k = 0; k < 2; k++) gradients[k] = take(plan->parameter_floats, sizeof(float));
        fill_normal(input, N * 784, 7);
        fill_normal(direction, N * 10, 8);
        run_once(a, N, input, direction, logits[0], gradients[0]);
        run_once(b, N, input, direction, logits[1], gradients[1]);
        double length = path_length(plan, N);
        compare(presets[p].name, "logits", logits[0], logits[1], N * 10, length);
        for (int i = 0; i < plan->tensor_count; i++) {
            const TensorInfo *tensor = &plan->tensors[i];
            if (!tensor->trainable) continue;
            // In front of batch norm a bias has the gradient 0: what is there is the rounding of
            // the sum that its weights' gradients are made of.
            size_t from = plan->tensors[plan->first_tensor[tensor->layer]].offset;
            double scale = largest_of(gradients[0] + from, plan->tensors[i].offset - from + 1);
            double own = largest_of(gradients[0] + tensor->offset, tensor->count);
            double wider = own > 0 && scale > own ? scale / own : 1.0;
            compare(presets[p].name, tensor->name, gradients[0] + tensor->offset,
                    gradients[1] + tensor->offset, tensor->count, length * wider);
        }
        for (int k = 0; k < 2; k++) free(gradients[k]);
        free(input);
        model_close(&a);
        model_close(&b);
        backend_close(&ref);
        backend_close(&cpu);
    }
}

// An activation done by the product before it, and one that stands alone.
static void test_fusing_changes_nothing(void **state) {
    (void)state;
    enum { N = 4, COUNT = N * 2 * 5 * 6 };
    static const char *const words[] = {"relu", "leakyrelu 0.2", "sigmoid", "tanh"};
    Backend *be = open_device("ref", 1);
    float input[COUNT], direction[N * 3], logits[2][N * 3], gradients[2][2048];
    fill_normal(input, COUNT, 11);
    fill_normal(direction, N * 3, 12);
    for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
        size_t floats = 0;
        for (int apart = 0; apart < 2; apart++) {
            char layers[128];
            // A dropout that drops nothing keeps them apart.
            const char *between = apart ? "dropout 0, " : "";
            snprintf(layers, sizeof layers, "conv 3 k3, %s%s, dense 7, %s%s, dense 3", between,
                     words[w], between, words[w]);
            ModelSpec spec = make_spec(SHAPE_IMAGE(2, 5, 6), layers);
            Model *model = open_model(be, &spec, N, true, 4);
            floats = model_plan(model)->parameter_floats;
            assert_true(floats > 0 && floats <= 2048);
            run_once(model, N, input, direction, logits[apart], gradients[apart]);
            model_close(&model);
        }
        assert_memory_equal(logits[0], logits[1], sizeof logits[0]);
        assert_memory_equal(gradients[0], gradients[1], floats * sizeof(float));
    }
    backend_close(&be);
}

// A sample's answer does not depend on what else is in the batch, nor on the model's size.
static void test_batch_sizes(void **state) {
    (void)state;
    enum { N = 9 };
    Backend *be = open_device("ref", 1);
    ModelSpec spec =
        make_spec(SHAPE_IMAGE(1, 8, 8), "conv 3 k3, batchnorm, relu, maxpool 2, dense 4");
    Model *whole = open_model(be, &spec, N, false, 2), *single = open_model(be, &spec, 1, false, 2);
    float input[N * 64], logits[N * 4], one[4];
    fill_normal(input, N * 64, 3);
    upload(whole, model_input(whole), input, N * 64);
    const float *out = model_forward(whole, N, false, 0);
    download(whole, logits, out, N * 4);
    for (int i = 0; i < N; i++) {
        upload(single, model_input(single), input + i * 64, 64);
        out = model_forward(single, 1, false, 0);
        download(single, one, out, 4);
        assert_memory_equal(one, logits + i * 4, sizeof one);
    }
    model_close(&whole);
    model_close(&single);
    backend_close(&be);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ref_and_cpu_agree),
        cmocka_unit_test(test_fusing_changes_nothing),
        cmocka_unit_test(test_batch_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
