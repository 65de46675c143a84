// Runs the test suite that ONNX comes with (Debian: libonnx-testdata) through our own reader and
// executor: every test whose operators are all among those that can be run, at the suite's own
// tolerance. Usage: onnx_suite [DIRECTORY]. Prints one line per test and how many there were of
// each kind, by name; the exit status is 77 (skipped) where there is no suite, 1 when a test fails.
#include "base/file.h"
#include "formats/onnx_proto.h"
#include "graph/graph.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// onnx/backend/test/loader: what tests have that say nothing else.
#define SUITE_RTOL 1e-3
#define SUITE_ATOL 1e-7

enum { SUITE_INPUTS_MAX = 64, SUITE_FILE_MAX = 64 * 1024 * 1024, SUITE_NAMES_MAX = 4096 };

typedef enum Outcome { PASSED, FAILED, OUT_OF_SCOPE, OUTCOMES } Outcome;

// ---- one file -----------------------------------------------------------------------------------

// Sequences and optional values are only handed on: their bytes without the name in front (field
// 1).
static Status load_opaque(const Bytes *file, Graph *graph, GraphTensor *out) {
    size_t skip = file->size > 2 && file->data[0] == 0x0A ? 2u + file->data[1] : 0;
    *out = (GraphTensor){.type = GRAPH_OPAQUE, .rank = 1};
    if (skip > file->size) skip = file->size;
    out->count = out->dims[0] = file->size - skip;
    out->data = graph_alloc(graph, out->count);
    if (!out->data) return status_no_memory("a test's input", out->count);
    memcpy(out->data, file->data + skip, out->count);
    return status_ok();
}

// The suite keeps bfloat16 as the 16-bit integers of its bits, since numpy has no such type.
static Status retype(Graph *graph, GraphType type, GraphTensor *tensor) {
    GraphTensor same = *tensor;
    unsigned char *bits = graph_alloc(graph, 2 * tensor->count);
    same.type = type;
    same.data = graph_alloc(graph, tensor->count * graph_element_size(type));
    if (!bits || !same.data) return status_no_memory("a test's numbers", tensor->count);
    graph_tensor_store(tensor, bits);
    graph_tensor_load(&same, bits);
    *tensor = same;
    return status_ok();
}

static Status load(const char *path, GraphType wanted, Graph *graph, GraphTensor *out) {
    Bytes file;
    char name[64];
    Status status = file_read(path, SUITE_FILE_MAX, &file);
    if (!status_is_ok(&status)) return status;
    if (wanted == GRAPH_OPAQUE)
        status = load_opaque(&file, graph, out);
    else
        status = onnx_proto_read_tensor(file.data, file.size, graph, name, out);
    bytes_close(&file);
    if (status_is_ok(&status) && wanted == GRAPH_BF16 && out->type == GRAPH_U16)
        status = retype(graph, GRAPH_BF16, out);
    return status_prefix(status, path);
}

// ---- comparing ----------------------------------------------------------------------------------

static double number_at(const GraphTensor *tensor, size_t i) {
    GraphStorage storage = graph_types[tensor->type].storage;
    return storage == GRAPH_AS_FLOAT    ? (double)((const float *)tensor->data)[i]
           : storage == GRAPH_AS_DOUBLE ? ((const double *)tensor->data)[i]
                                        : (double)((const int64_t *)tensor->data)[i];
}

static bool number_is(double got, double want) {
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got);
    if (isinf(want) || isinf(got)) return want == got;
    return fabs(got - want) <= SUITE_ATOL + SUITE_RTOL * fabs(want);
}

static Status compare(const GraphTensor *got, const GraphTensor *want) {
    char left[96], right[96];
    graph_tensor_print(got, left);
    graph_tensor_print(want, right);
    if (strcmp(left, right) != 0)
        return status_error(STATUS_FORMAT, "gives %s, not %s", left, right);
    GraphStorage storage = graph_types[want->type].storage;
    if (storage == GRAPH_AS_TEXT || storage == GRAPH_AS_BYTES) {
        if (memcmp(got->data, want->data, want->count * graph_element_size(want->type)) != 0)
            return status_error(STATUS_FORMAT, "gives other texts");
        return status_ok();
    }
    for (size_t i = 0; i < want->count; i++)
        if (!number_is(number_at(got, i), number_at(want, i)))
            return status_error(STATUS_FORMAT, "number %zu is %.9g, not %.9g", i, number_at(got, i),
                                number_at(want, i));
    return status_ok();
}

// ---- paths --------------------------------------------------------------------------------------

// A path that does not fit stays as it was, and cannot be opened.
static void numbered_path(char out[FILE_PATH_MAX], const char *directory, const char *form, int i) {
    char name[64];
    const char *number = strchr(form, '%');
    snprintf(name, sizeof name, "%.*s%d%s", (int)(number - form), form, i, number + 2);
    if (!path_join(out, directory, name)) out[0] = '\0';
}

// ---- one test -----------------------------------------------------------------------------------

static Status run_set(const Graph *graph, GraphRun *run, const char *directory) {
    Status status;
    Graph *memory = NULL; // an empty graph owns what is loaded
    GraphTensor inputs[SUITE_INPUTS_MAX], want;
    char path[FILE_PATH_MAX];
    int count = graph_input_count(graph);
    TRY(graph_open(13, 1u << 30, &memory));
    if (count > SUITE_INPUTS_MAX) TRY(status_error(STATUS_UNSUPPORTED, "too many inputs"));
    for (int i = 0; i < count; i++) {
        numbered_path(path, directory, "input_%d.pb", i);
        GraphType wanted = graph_value_at(graph, graph_input(graph, i))->tensor.type;
        TRY(load(path, wanted, memory, &inputs[i]));
    }
    TRY(graph_run_go(run, inputs, count));
    for (int i = 0; i < graph_output_count(graph); i++) {
        GraphTensor got = *graph_run_output(run, i);
        numbered_path(path, directory, "output_%d.pb", i);
        GraphType type = got.type == GRAPH_BF16 ? GRAPH_U16 : got.type;
        if (type != got.type) TRY(retype(memory, type, &got));
        TRY(load(path, type, memory, &want));
        TRY(compare(&got, &want));
    }
fail:
    graph_close(&memory);
    return status;
}

static Status run_test(const char *directory, int *sets) {
    Status status;
    Bytes file = {0};
    TensorBag *pairs = NULL;
    Graph *graph = NULL;
    GraphRun *run = NULL;
    char path[FILE_PATH_MAX];
    path_join(path, directory, "model.onnx");
    TRY(file_read(path, SUITE_FILE_MAX, &file));
    TRY(tensor_bag_open(0, &pairs));
    TRY(onnx_proto_read(&file, pairs, &graph));
    TRY(graph_finish(graph, 1e9));
    TRY(graph_run_open(graph, (GraphLimits){1u << 30, 1e10}, &run));
    for (*sets = 0;; ++*sets) {
        numbered_path(path, directory, "test_data_set_%d", *sets);
        if (!file_is_directory(path)) break;
        TRY(run_set(graph, run, path));
    }
    if (*sets == 0) TRY(status_error(STATUS_NOT_FOUND, "%s has no data", directory));
fail:
    graph_run_close(&run);
    graph_close(&graph);
    tensor_bag_close(&pairs);
    bytes_close(&file);
    return status;
}

// The operators that a person was promised (README, "Model files"): those of the table, whatever
// the reader makes of them. Found in the file itself, so that no failure can hide as "out of
// scope": the names of a model's operators are the strings of field 4 of its nodes.
static bool varint(const unsigned char **at, const unsigned char *end, uint64_t *out) {
    *out = 0;
    for (int shift = 0; *at < end && shift < 64; shift += 7) {
        unsigned char byte = *(*at)++;
        *out |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) return true;
    }
    return false;
}

// Walks the fields on the path model.graph.node.op_type; *unknown gets an operator that is not
// ours.
static void find_unknown(const unsigned char *at, const unsigned char *end, int depth,
                         char unknown[64]) {
    static const unsigned path[] = {7, 1, 4};
    uint64_t tag, size;
    while (at < end && varint(&at, end, &tag)) {
        unsigned wire = (unsigned)tag & 7;
        if (wire == 0 && varint(&at, end, &size)) continue;
        if (wire == 1) at += 8;
        if (wire == 5) at += 4;
        if (wire != 2 || !varint(&at, end, &size) || size > (uint64_t)(end - at)) continue;
        if (tag >> 3 == path[depth] && depth < 2) find_unknown(at, at + size, depth + 1, unknown);
        if (tag >> 3 == path[depth] && depth == 2 && size < 64) {
            char name[64] = "";
            memcpy(name, at, size);
            if (!graph_knows(name)) memcpy(unknown, name, sizeof name);
        }
        at += size;
    }
}

static Outcome one(const char *directory, const char *group, const char *name) {
    char path[FILE_PATH_MAX], unknown[64] = "";
    Bytes file;
    int sets = 0;
    path_join(path, directory, "model.onnx");
    Status status = file_read(path, SUITE_FILE_MAX, &file);
    if (!status_is_ok(&status)) {
        printf("out of scope  %s/%s: comes without its model\n", group, name);
        return OUT_OF_SCOPE;
    }
    find_unknown(file.data, file.data + file.size, 0, unknown);
    bytes_close(&file);
    if (unknown[0]) {
        printf("out of scope  %s/%s: %s\n", group, name, unknown);
        return OUT_OF_SCOPE;
    }
    status = run_test(directory, &sets);
    if (status_is_ok(&status))
        printf("pass          %s/%s\n", group, name);
    else
        printf("FAIL          %s/%s: %s\n", group, name, status.message);
    return status_is_ok(&status) ? PASSED : FAILED;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void run_group(const char *top, const char *group, int counts[OUTCOMES]) {
    static char *names[SUITE_NAMES_MAX];
    char path[FILE_PATH_MAX], test[FILE_PATH_MAX];
    int count = 0;
    if (!path_join(path, top, group)) return;
    DIR *directory = opendir(path);
    if (!directory) return;
    for (struct dirent *entry; (entry = readdir(directory)) && count < SUITE_NAMES_MAX;)
        if (strncmp(entry->d_name, "test_", 5) == 0) {
            names[count] = malloc(strlen(entry->d_name) + 1);
            if (names[count]) strcpy(names[count++], entry->d_name);
        }
    closedir(directory);
    qsort(names, (size_t)count, sizeof *names, compare_names);
    for (int i = 0; i < count; i++) {
        if (path_join(test, path, names[i])) counts[one(test, group, names[i])]++;
        free(names[i]);
    }
}

int main(int argc, char **argv) {
    static const char *const groups[] = {"node", "pytorch-converted", "pytorch-operator", "simple",
                                         "real"};
    const char *top = argc > 1 ? argv[1] : "/usr/share/libonnx-testdata/data";
    int all[OUTCOMES] = {0};
    if (!file_is_directory(top)) {
        printf("skipped: %s is not there (Debian: libonnx-testdata)\n", top);
        return 77;
    }
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        int counts[OUTCOMES] = {0};
        run_group(top, groups[g], counts);
        printf("%-18s %d pass, %d fail, %d out of scope\n", groups[g], counts[PASSED],
               counts[FAILED], counts[OUT_OF_SCOPE]);
        for (int i = 0; i < OUTCOMES; i++) all[i] += counts[i];
    }
    printf("%-18s %d pass, %d fail, %d out of scope\n", "all", all[PASSED], all[FAILED],
           all[OUT_OF_SCOPE]);
    return all[FAILED] > 0 || all[PASSED] == 0;
}
