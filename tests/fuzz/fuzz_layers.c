// The notation of layers: what was understood is printed, and that means the same; a plan holds
// what it promises.
#include "fuzz.h"

#include "nn/spec.h"

#include <stdlib.h>
#include <string.h>

static void check_plan(const ModelSpec *spec, const ModelPlan *plan) {
    size_t end = 0;
    REQUIRE(plan->tensor_count <= SPEC_TENSORS_MAX);
    REQUIRE(plan->weight_floats <= 2u * SPEC_PARAMETERS_MAX);
    REQUIRE(plan->classes >= 2 && plan->classes <= SPEC_CLASSES_MAX);
    for (int i = 0; i < spec->layer_count; i++)
        REQUIRE(shape_count(plan->shapes[i]) > 0 &&
                shape_count(plan->shapes[i]) <= SPEC_SAMPLE_MAX);
    for (int i = 0; i < plan->tensor_count; i++) {
        const TensorInfo *tensor = &plan->tensors[i];
        end = tensor->offset + tensor->count;
        REQUIRE(end <= plan->weight_floats && tensor->name[0]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const Shape inputs[] = {{1, 28, 28, false}, {784, 1, 1, true}, {3, 5, 1024, false}};
    static ModelSpec spec, again;
    static ModelPlan plan;
    static char text[SPEC_TEXT_MAX], second[SPEC_TEXT_MAX];
    if (size == 0) return 0;
    char *notation = malloc(size);
    REQUIRE(notation);
    memcpy(notation, data + 1, size - 1);
    notation[size - 1] = '\0';
    memset(&spec, 0, sizeof spec);
    spec.input = inputs[data[0] % (sizeof inputs / sizeof inputs[0])];
    again = spec;
    Status status = spec_parse_layers(notation, &spec);
    fuzz_check(&status);
    if (status_is_ok(&status)) {
        spec_print_layers(&spec, text, sizeof text);
        status = spec_parse_layers(text, &again);
        REQUIRE(status_is_ok(&status));
        spec_print_layers(&again, second, sizeof second);
        REQUIRE(strcmp(text, second) == 0);
        status = spec_plan(&spec, &plan);
        fuzz_check(&status);
        if (status_is_ok(&status)) check_plan(&spec, &plan);
    }
    free(notation);
    return 0;
}
