// See fuzz.h: what is asked of every format of model files.
#include "fuzz.h"

#include "formats/formats.h"
#include "graph/classifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Larger networks are not written again, or asked: that would only be slow.
enum { REWRITE_FLOATS_MAX = 1 << 16, ASK_FLOATS_MAX = 1 << 14 };
static const double ASK_WORK_MAX = 1e6;

// What a person may say that the layers are, whatever they are.
static const char *const given[] = {
    "dense 3, relu, dense 10",
    "conv 2 k3, relu, maxpool 2, dense 10",
    "conv 2 k3, batchnorm, gelu, globalavgpool, dense 10",
    "dense 4, prelu, dropout 0.5, dense 10",
};
enum { GIVEN = sizeof given / sizeof given[0] };

// Batch norms are asked what they hear for some files only: that takes milliseconds.
enum { HEARD_BYTES_MAX = 1 << 20, HEARD_EVERY = 4 };

typedef struct Search {
    int calls;
    bool hears;
} Search;

// Pictures of slanted lines.
static const uint8_t *pixels(void *context, int side, int images) {
    static uint8_t lines[HEARD_BYTES_MAX];
    const Search *search = context;
    size_t size = (size_t)side * (size_t)side;
    if (!search->hears || size * (size_t)images > sizeof lines) return NULL;
    for (size_t i = 0; i < size * (size_t)images; i++)
        lines[i] = (uint8_t)((i % 29 + i / size) % 7 == 0 ? 255 : 0);
    return lines;
}

// Some figure that depends on the layers, so that every branch of the search is taken for some.
static bool score(void *context, const SavedModel *candidate, int images, double enough,
                  InferScore *out) {
    Search *search = context;
    float *losses = out->losses;
    (void)enough;
    unsigned sum = (unsigned)images;
    for (int i = 0; i < candidate->spec.layer_count; i++)
        for (int k = 0; k < SPEC_ARGS_MAX; k++)
            sum = sum * 31u + (unsigned)(int)candidate->spec.layers[i].args[k];
    sum = sum * 31u + (unsigned)(candidate->spec.normalization.mean * 1000);
    double loss = (sum >> 5) % 1000 / 100.0;
    for (int i = 0; losses && i < images; i++) losses[i] = (float)(loss + i % 5 * (int)(sum % 3));
    *out = (InferScore){(sum >> 3) % 1000 / 1000.0, loss, loss, images, losses};
    return ++search->calls < 40;
}

static void compare_names(const TensorNames *a, const TensorNames *b) {
    REQUIRE((a == NULL) == (b == NULL));
    REQUIRE(!a || (a->count == b->count && a->border == b->border));
    for (int i = 0; a && i < a->count; i++) {
        const TensorName *x = &a->items[i], *y = &b->items[i];
        REQUIRE(strcmp(x->name, y->name) == 0 && x->tensor == y->tensor);
        REQUIRE(x->counts == y->counts && x->batches == y->batches);
    }
}

// A graph is shared and compared by what it says of itself.
static void compare(const SavedModel *a, const SavedModel *b) {
    REQUIRE(a->class_count == b->class_count && (a->graph == NULL) == (b->graph == NULL));
    REQUIRE(memcmp(a->class_names, b->class_names, sizeof a->class_names) == 0);
    REQUIRE(a->plan.parameters == b->plan.parameters);
    REQUIRE(a->plan.weight_floats == b->plan.weight_floats);
    compare_names(a->names, b->names);
    // Bits, as a weight may be NaN; `weights` is NULL for a graph.
    if (!a->graph)
        REQUIRE(memcmp(a->weights, b->weights, a->plan.weight_floats * sizeof(float)) == 0);
}

static void write_again(const FormatRow *row, const SavedModel *model) {
    char path[FILE_PATH_MAX], name[64];
    SavedModel *again = NULL;
    if (model->plan.weight_floats > REWRITE_FLOATS_MAX) return;
    if (model->graph && !row->graphs) return;
    snprintf(name, sizeof name, "again%s", row->extension);
    fuzz_path(path, name);
    Status status = row->write(path, model);
    fuzz_check(&status);
    if (!status_is_ok(&status)) return;
    status = row->read(path, NULL, &again, NULL);
    if (!status_is_ok(&status)) fprintf(stderr, "%s\n", status.message);
    REQUIRE(status_is_ok(&status));
    compare(model, again);
    saved_model_close(&again);
}

// Three blank pictures through a graph that is small.
static void ask(const SavedModel *model) {
    GraphClassifier *classifier = NULL;
    Shape input = model->spec.input;
    size_t floats = 3 * shape_count(input), rows = 3 * (size_t)model->class_count;
    if (!model->graph || floats > ASK_FLOATS_MAX || model->plan.flops_forward > ASK_WORK_MAX)
        return;
    float *numbers = calloc(floats + rows, sizeof *numbers);
    REQUIRE(numbers);
    Status status = classifier_open(model->graph, 2, 1, &classifier);
    fuzz_check(&status);
    REQUIRE(status_is_ok(&status));
    status = classifier_run(classifier, numbers, 3, numbers + floats);
    fuzz_check(&status);
    classifier_close(&classifier);
    free(numbers);
}

// `any`: as what the bytes look like.
static void read_with(const FormatRow *row, const char *path, const InferOptions *options,
                      bool any) {
    SavedModel *model = NULL;
    InferReport report = {0};
    Status status = any ? format_open(path, options, &model, &report)
                        : row->read(path, options, &model, &report);
    fuzz_check(&status);
    REQUIRE(status_is_ok(&status) == (model != NULL));
    if (model) write_again(row, model);
    if (model) ask(model);
    saved_model_close(&model);
}

void fuzz_model(const char *format, const uint8_t *data, size_t size) {
    Search search = {.hears = size % HEARD_EVERY == 0};
    InferOptions options = {.score = score, .pixels = pixels, .context = &search};
    const char *path = fuzz_file(data, size);
    for (int i = 0; i < format_count; i++) {
        const FormatRow *row = &format_rows[i];
        if (strcmp(row->name, format) != 0) continue;
        bool known = row->recognise(data, size < 64 ? size : 64, size);
        read_with(row, path, NULL, false);
        read_with(row, path, &options, known);
        if (row->graphs) continue; // a graph says what its layers are
        options = (InferOptions){.layers = given[size % GIVEN]};
        read_with(row, path, &options, false);
    }
}
