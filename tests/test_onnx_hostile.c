// .onnx files that are broken or mean harm: a sentence each, soon, and in little memory. What good
// ones come to is in test_onnx.c.
#include "base/rng.h"
#include "base/text.h"

#include "tests/models.h"
#include "tests/onnx_craft.h"

// For a longer run: -DMUTATIONS=10 gives ten times as many.
#ifndef MUTATIONS
#define MUTATIONS 1
#endif

static const int64_t image_dims[] = {1, 1, 28, 28};

static char path[FILE_PATH_MAX];

static int set_up(void **state) {
    if (files_set_up(state) != 0) return -1;
    files_path(path, files_directory, "model.onnx");
    return 0;
}

// An error (or, where that is possible, a model), soon.
static Status try_read(const void *bytes, size_t size) {
    SavedModel *model = NULL;
    files_write(path, bytes, size);
    FilesWatch watch = files_watch();
    Status status = format_open(path, NULL, &model, NULL);
    files_watched(watch, path, status.message);
    if (status_is_ok(&status)) assert_non_null(model);
    if (!status_is_ok(&status)) assert_null(model);
    if (!status_is_ok(&status)) assert_true(status.message[0] != '\0');
    assert_null(strchr(status.message, '\n'));
    saved_model_close(&model);
    return status;
}

static void refuse(Text *graph, StatusCode code, const char *part) {
    Text model;
    craft_model(graph, 13, &model);
    Status status = try_read(model.data, model.size);
    text_close(&model);
    assert_fails(status, code, part);
}

static void test_broken_graphs(void **state) {
    (void)state;
    Text graph = {0}, node;
    // A circle.
    craft_input(&graph, "x", 4, image_dims);
    craft_one(&graph, "Add", "x b", "a");
    craft_one(&graph, "Relu", "a", "b");
    craft_output(&graph, "b");
    refuse(&graph, STATUS_FORMAT, "nothing before it makes");
    // A value made twice; an output that nobody makes; an input that is left out.
    craft_input(&graph, "x", 4, image_dims);
    craft_one(&graph, "Relu", "x", "a");
    craft_one(&graph, "Relu", "x", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_FORMAT, "there already");
    craft_input(&graph, "x", 4, image_dims);
    craft_one(&graph, "Relu", "x", "a");
    craft_output(&graph, "z");
    refuse(&graph, STATUS_FORMAT, "made by no node");
    craft_input(&graph, "x", 4, image_dims);
    craft_one(&graph, "Add", "x -", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_FORMAT, "left out");
    // An operator that there is none of, and one of another domain.
    craft_input(&graph, "x", 4, image_dims);
    craft_one(&graph, "LSTM\n", "x", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_UNSUPPORTED, "LSTM?");
    craft_input(&graph, "x", 4, image_dims);
    craft_node(&node, "Relu", "x", "a");
    craft_text(&node, 7, "com.microsoft");
    craft_part(&graph, 1, &node);
    craft_output(&graph, "a");
    refuse(&graph, STATUS_UNSUPPORTED, "com.microsoft");
    // Two inputs; a picture out; no nodes.
    craft_input(&graph, "x", 4, image_dims);
    craft_input(&graph, "y", 4, image_dims);
    craft_one(&graph, "Add", "x y", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_UNSUPPORTED, "2 inputs");
    craft_input(&graph, "x", 4, image_dims);
    craft_one(&graph, "Relu", "x", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_UNSUPPORTED, "784 numbers for a picture");
    craft_input(&graph, "x", 4, image_dims);
    craft_output(&graph, "x");
    refuse(&graph, STATUS_FORMAT, "no nodes");
    // Nodes, and none of them between the input and the output.
    craft_input(&graph, "x", 4, image_dims);
    craft_one(&graph, "Tanh", "x", "a");
    craft_output(&graph, "x");
    refuse(&graph, STATUS_UNSUPPORTED, "between its input and output");
}

static void test_absurd_sizes(void **state) {
    (void)state;
    Text graph = {0}, tensor = {0}, pair = {0}, node;
    const int64_t huge[] = {1 << 30, 1 << 30, 1 << 30, 1 << 30};
    // A tensor with a shape that its bytes do not have; numbers in another file.
    craft_integer(&tensor, 1, INT64_MAX);
    craft_integer(&tensor, 1, INT64_MAX);
    craft_integer(&tensor, 2, 1);
    craft_text(&tensor, 8, "w");
    craft_bytes(&tensor, 9, "abcd", 4);
    craft_part(&graph, 5, &tensor);
    refuse(&graph, STATUS_FORMAT, "shape makes no sense");
    craft_integer(&tensor, 1, 1 << 28);
    craft_integer(&tensor, 2, 1);
    craft_text(&tensor, 8, "w");
    craft_part(&graph, 5, &tensor);
    refuse(&graph, STATUS_FORMAT, "fewer numbers");
    // Neither more nor fewer bytes, or numbers, than the shape has.
    static const size_t sizes[] = {0, 4, 7, 9, 12};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        craft_integer(&tensor, 1, 2);
        craft_integer(&tensor, 2, 1);
        craft_text(&tensor, 8, "w");
        craft_bytes(&tensor, 9, "abcdefghijkl", sizes[i]);
        craft_part(&graph, 5, &tensor);
        refuse(&graph, STATUS_FORMAT, "bytes, not the 8 of its shape");
    }
    for (int i = 0; i < 3; i++) craft_float(&tensor, 4, 1.5f);
    craft_integer(&tensor, 1, 2);
    craft_integer(&tensor, 2, 1);
    craft_text(&tensor, 8, "w");
    craft_part(&graph, 5, &tensor);
    refuse(&graph, STATUS_FORMAT, "3 numbers, not the 2 of its shape");
    craft_text(&pair, 1, "location");
    craft_text(&pair, 2, "../../etc/passwd");
    craft_integer(&tensor, 1, 4);
    craft_integer(&tensor, 2, 1);
    craft_text(&tensor, 8, "w");
    craft_part(&tensor, 13, &pair);
    craft_integer(&tensor, 14, 1);
    craft_part(&graph, 5, &tensor);
    refuse(&graph, STATUS_UNSUPPORTED, "another file");
    // Pictures of gigabytes; padding, windows and shapes that make gigabytes of a small one.
    craft_input(&graph, "x", 4, huge);
    craft_one(&graph, "Relu", "x", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_UNSUPPORTED, "not pictures of one size");
    craft_input(&graph, "x", 4, image_dims);
    craft_integers(&graph, "p", 8,
                   (const int64_t[]){0, 1 << 30, 1 << 30, 1 << 30, 0, 1 << 30, 1 << 30, 1 << 30});
    craft_one(&graph, "Pad", "x p", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_MEMORY, "does not fit");
    craft_input(&graph, "x", 4, image_dims);
    craft_node(&node, "MaxPool", "x", "a");
    craft_attribute_integers(&node, "kernel_shape", 2, (const int64_t[]){1 << 23, 1 << 23});
    craft_attribute_integers(&node, "pads", 4,
                             (const int64_t[]){1 << 23, 1 << 23, 1 << 23, 1 << 23});
    craft_part(&graph, 1, &node);
    craft_output(&graph, "a");
    refuse(&graph, STATUS_MEMORY, "does not fit");
    craft_input(&graph, "x", 4, image_dims);
    craft_integers(&graph, "s", 3, (const int64_t[]){INT32_MAX, INT32_MAX, INT32_MAX});
    craft_one(&graph, "Reshape", "x s", "a");
    craft_output(&graph, "a");
    refuse(&graph, STATUS_FORMAT, "");
    // An axis and an order that there are none of.
    craft_input(&graph, "x", 4, image_dims);
    craft_node(&node, "Flatten", "x", "a");
    craft_attribute_integer(&node, "axis", INT64_MIN);
    craft_part(&graph, 1, &node);
    craft_output(&graph, "a");
    refuse(&graph, STATUS_FORMAT, "axis");
}

// Ten of the 784 pixels as an answer: every place that there is, and none beside.
static void test_places(void **state) {
    (void)state;
    static const struct {
        int64_t place;
        bool there;
    } cases[] = {{0, true},    {783, true},   {-1, true},         {-784, true},
                 {784, false}, {-785, false}, {INT64_MAX, false}, {INT64_MIN, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Text graph = {0}, node, model;
        int64_t places[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, cases[i].place};
        craft_input(&graph, "x", 4, image_dims);
        craft_integers(&graph, "i", 10, places);
        craft_one(&graph, "Flatten", "x", "f");
        craft_node(&node, "Gather", "f i", "a");
        craft_attribute_integer(&node, "axis", 1);
        craft_part(&graph, 1, &node);
        craft_output(&graph, "a");
        craft_model(&graph, 13, &model);
        Status status = try_read(model.data, model.size);
        text_close(&model);
        if (status_is_ok(&status) != cases[i].there)
            fail_msg("place %lld: %s", (long long)cases[i].place, status.message);
        if (!cases[i].there) assert_non_null(strstr(status.message, "is not within 784"));
    }
}

// Few bytes, much work: each node squares what the one before it made.
static void test_too_much_work(void **state) {
    (void)state;
    Text graph = {0};
    craft_input(&graph, "x", 4, (const int64_t[]){1, 1, 512, 512});
    char from[32] = "x", to[32], both[80];
    for (int i = 0; i < 8000; i++) {
        snprintf(to, sizeof to, "v%d", i);
        snprintf(both, sizeof both, "%s x", from);
        craft_one(&graph, "MatMul", both, to);
        memcpy(from, to, sizeof to);
    }
    craft_output(&graph, from);
    refuse(&graph, STATUS_UNSUPPORTED, "million multiplications");
    // A doubling: every node puts its input beside itself.
    craft_input(&graph, "x", 4, image_dims);
    memcpy(from, "x", 2);
    for (int i = 0; i < 60; i++) {
        Text node;
        snprintf(to, sizeof to, "v%d", i);
        snprintf(both, sizeof both, "%s %s", from, from);
        craft_node(&node, "Concat", both, to);
        craft_attribute_integer(&node, "axis", 3);
        craft_part(&graph, 1, &node);
        memcpy(from, to, sizeof to);
    }
    craft_output(&graph, from);
    refuse(&graph, STATUS_MEMORY, "does not fit");
}

static void test_many_parts(void **state) {
    (void)state;
    Text graph = {0}, node, part = {0}, model = {0};
    // Thousands of attributes; a million empty nodes; messages a million deep; the graph many
    // times over, which would be merged.
    craft_input(&graph, "x", 4, image_dims);
    craft_node(&node, "Relu", "x", "a");
    for (int i = 0; i < 20000; i++) craft_attribute_integer(&node, "alpha", i);
    craft_part(&graph, 1, &node);
    craft_output(&graph, "a");
    refuse(&graph, STATUS_UNSUPPORTED, "more inputs, outputs or attributes");
    for (int i = 0; i < 1000000; i++) craft_bytes(&graph, 1, "", 0);
    refuse(&graph, STATUS_MEMORY, "more parts");
    // graph.node.attribute.g is a graph again. Length prefixes of equal size, from the inside out.
    for (int i = 0; i < 2001; i++) {
        static const unsigned fields[] = {6, 5, 1};
        Text outer = {0};
        craft_bytes(&outer, fields[i % 3], part.data ? part.data : "", part.size);
        text_close(&part);
        part = outer;
    }
    refuse(&part, STATUS_FORMAT, "nested");
    craft_integer(&model, 1, 7);
    for (int i = 0; i < 100000; i++) craft_bytes(&model, 7, "\x12\x01g", 3);
    assert_fails(try_read(model.data, model.size), STATUS_FORMAT, "twice");
    text_close(&model);
}

static void test_cut_short(void **state) {
    (void)state;
    Text graph = craft_residual(), model;
    craft_model(&graph, 13, &model);
    for (size_t size = 0; size < model.size; size += size < 400 || size + 400 > model.size ? 1 : 97)
        try_read(model.data, size);
    text_close(&model);
}

// Mutations of good files: bytes set at random, and pieces copied over others.
static void mutate(Rng *rng, unsigned char *bytes, size_t size) {
    int count = 1 + (int)rng_below(rng, 8);
    for (int i = 0; i < count; i++) {
        // Most of a file is numbers: half of the changes are in its first and last kilobyte.
        size_t reach = size < 1024 || rng_below(rng, 2) ? size : 1024;
        size_t at = rng_below(rng, (uint32_t)reach);
        if (rng_below(rng, 2)) at = size - 1 - at;
        static const unsigned char odd[] = {0, 1, 0x7F, 0x80, 0xFF};
        if (rng_below(rng, 8) == 0) {
            size_t from = rng_below(rng, (uint32_t)size), most = size - (at > from ? at : from);
            memmove(bytes + at, bytes + from, most < 16 ? most : 16);
        } else if (rng_below(rng, 2)) {
            bytes[at] = odd[rng_below(rng, sizeof odd)];
        } else {
            bytes[at] ^= (unsigned char)(1u << rng_below(rng, 8));
        }
    }
}

static void mutate_file(const char *data, size_t size, uint64_t seed, int times) {
    unsigned char *bytes = malloc(size);
    assert_non_null(bytes);
    Rng rng = rng_make(seed, 3);
    for (int i = 0; i < times; i++) {
        memcpy(bytes, data, size);
        mutate(&rng, bytes, size);
        try_read(bytes, size);
    }
    free(bytes);
}

static void test_mutations(void **state) {
    (void)state;
    const uint64_t seed = 20240607;
    print_message("seed %llu\n", (unsigned long long)seed);
    Text graph = craft_residual(), model;
    craft_model(&graph, 13, &model);
    mutate_file(model.data, model.size, seed, 800 * MUTATIONS);
    text_close(&model);
    SavedModel *ours = make_preset("lenet5");
    Bytes file;
    assert_ok(format_write(path, ours));
    assert_ok(file_read(path, 1u << 30, &file));
    mutate_file((const char *)file.data, file.size, seed + 1, 400 * MUTATIONS);
    bytes_close(&file);
    saved_model_close(&ours);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken_graphs), cmocka_unit_test(test_absurd_sizes),
        cmocka_unit_test(test_places),        cmocka_unit_test(test_too_much_work),
        cmocka_unit_test(test_many_parts),    cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_mutations),
    };
    return cmocka_run_group_tests(tests, set_up, files_tear_down);
}
