// Feeding pictures to a graph.
#include "graph/classifier.h"

#include "base/check.h"
#include "base/rng.h"
#include "base/thread.h"
#include "base/tr.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLASSIFIER_SIDE = 28,                    // of a picture whose size the graph leaves open
    CLASSIFIER_IMAGE_MAX = 1024 * 1024,      // numbers of a picture
    CLASSIFIER_BATCH_MAX = 16 * 1024 * 1024, // numbers of all pictures of a batch
};
// Bytes between the nodes of a run; the share of it that the batch is chosen for.
#define CLASSIFIER_BYTES      ((size_t)160 * 1024 * 1024)
#define CLASSIFIER_BYTES_USED ((size_t)100 * 1024 * 1024)
// Multiply-adds of a picture: what a person still waits for. And up to how many it is worth while
// to find out whether several pictures can be run at once.
#define CLASSIFIER_WORK       6e8
#define CLASSIFIER_WORK_SMALL 1e8

enum { CLASSIFIER_LANES_MAX = 64 };

// What one thread works with, and its share of a call.
typedef struct Lane {
    GraphClassifier *classifier;
    GraphRun *run;
    float *staging;  // pictures of a batch
    void *converted; // the same in the graph's type, NULL when that is float32
    Thread thread;
    const float *images;
    float *rows;
    int index, n, chunk, lanes;
    Status status;
} Lane;

struct GraphClassifier {
    const Graph *graph;
    GraphRun *trace;
    GraphTensor input; // dims[0] is the batch, unless it takes a single picture without one
    bool batched;      // has a dimension for the batch
    bool fixed;        // the batch is always `batch`
    int batch, classes;
    GraphImage image;
    double work;
    Lane *lanes;
    int lane_count;
};

static size_t image_count(const GraphClassifier *classifier) {
    const GraphImage *image = &classifier->image;
    return (size_t)image->c * (size_t)image->h * (size_t)image->w;
}

// ---- the input ----------------------------------------------------------------------------------

static Status input_unfit(const GraphValue *value) {
    char text[96];
    graph_tensor_print(&value->tensor, text);
    return status_error(STATUS_UNSUPPORTED,
                        "its input \"%.40s\" is %s (0: open), not pictures of one size",
                        value->name, text);
}

// A vector of n numbers as a square picture where n is a square.
static GraphImage image_of_vector(size_t n) {
    int side = (int)sqrt((double)n);
    if ((size_t)side * (size_t)side == n) return (GraphImage){1, side, side};
    return (GraphImage){1, 1, (int)n};
}

static Status find_input(GraphClassifier *classifier) {
    const Graph *graph = classifier->graph;
    if (graph_node_count(graph) == 0)
        return status_error(STATUS_UNSUPPORTED, "no node of it lies between its input and output");
    if (graph_input_count(graph) != 1)
        return status_error(STATUS_UNSUPPORTED,
                            TR("it has %d inputs; networks with one can be used"),
                            graph_input_count(graph));
    const GraphValue *value = graph_value_at(graph, graph_input(graph, 0));
    GraphTensor *input = &classifier->input;
    GraphImage *image = &classifier->image;
    *input = value->tensor;
    GraphStorage storage = graph_storage(input);
    if (storage != GRAPH_AS_FLOAT && storage != GRAPH_AS_DOUBLE) return input_unfit(value);
    if (!value->ranked) *input = (GraphTensor){.type = input->type, .rank = 4};
    for (int i = 0; i < input->rank; i++)
        if (input->dims[i] > 4096) return input_unfit(value);
    size_t *dims = input->dims;
    classifier->batched = input->rank > 1;
    if (input->rank == 4) {
        bool last = dims[3] == 1 && dims[1] != 1; // channels last; with one it is all the same
        if (!last && dims[1] == 0) dims[1] = 1;
        for (int i = 1; i < 4; i++)
            if (dims[i] == 0) dims[i] = CLASSIFIER_SIDE;
        *image = last ? (GraphImage){1, (int)dims[1], (int)dims[2]}
                      : (GraphImage){(int)dims[1], (int)dims[2], (int)dims[3]};
    } else if (input->rank == 3) {
        for (int i = 1; i < 3; i++)
            if (dims[i] == 0) dims[i] = CLASSIFIER_SIDE;
        *image = (GraphImage){1, (int)dims[1], (int)dims[2]};
    } else if (input->rank == 2 || input->rank == 1) {
        size_t *n = &dims[input->rank - 1];
        if (*n == 0) *n = CLASSIFIER_SIDE * CLASSIFIER_SIDE;
        *image = image_of_vector(*n);
    } else {
        return input_unfit(value);
    }
    if (image_count(classifier) > CLASSIFIER_IMAGE_MAX) return input_unfit(value);
    return status_ok();
}

// ---- running ------------------------------------------------------------------------------------

static Status run_batch(const Lane *lane, GraphRun *run, const float *images, int n) {
    const GraphClassifier *classifier = lane->classifier;
    GraphTensor input = classifier->input;
    if (classifier->batched) input.dims[0] = (size_t)n;
    input.count = image_count(classifier) * (size_t)n;
    input.data = (void *)(uintptr_t)images; // read only
    if (lane->converted) {
        GraphTensor from = input;
        from.type = GRAPH_F32;
        input.data = lane->converted;
        Status status = graph_tensor_convert(&from, &input);
        if (!status_is_ok(&status)) return status;
    }
    return graph_run_go(run, &input, 1);
}

// The logits of the last run; NULL when they are not `n` rows of floats.
static const float *run_rows(const GraphRun *run, int n, int *classes) {
    const GraphTensor *out = graph_run_output(run, 0);
    if (out->type != GRAPH_F32 || out->count == 0 || out->count % (size_t)n != 0 ||
        out->count / (size_t)n > 100000)
        return NULL;
    if (n > 1 && (out->rank == 0 || out->dims[0] != (size_t)n)) return NULL;
    *classes = (int)(out->count / (size_t)n);
    return out->data;
}

static Status output_unfit(const GraphClassifier *classifier) {
    char text[96];
    graph_tensor_print(graph_run_output(classifier->trace, 0), text);
    return status_error(STATUS_UNSUPPORTED,
                        TR("what comes out of it is %s, not a row of numbers per "
                           "picture"),
                        text);
}

static void fill_noise(const GraphClassifier *classifier, float *out, int n) {
    Rng rng = rng_make(1, 1);
    for (size_t i = 0; i < image_count(classifier) * (size_t)n; i++)
        out[i] = (float)rng_uniform(&rng);
}

// Can it take two pictures where it was made for one? Many graphs have the 1 in a Reshape.
static bool takes_two(const GraphClassifier *classifier) {
    const Lane *lane = &classifier->lanes[0];
    size_t size = image_count(classifier);
    int classes, same = 0;
    float *rows = malloc((size_t)classifier->classes * 2 * sizeof *rows);
    if (!rows) return false;
    Status status = run_batch(lane, lane->run, lane->staging, 2);
    const float *both = status_is_ok(&status) ? run_rows(lane->run, 2, &classes) : NULL;
    if (both && classes == classifier->classes) {
        memcpy(rows, both, (size_t)classes * 2 * sizeof *rows);
        for (int i = 0; i < 2; i++) {
            status = run_batch(lane, lane->run, lane->staging + (size_t)i * size, 1);
            const float *one = status_is_ok(&status) ? run_rows(lane->run, 1, &classes) : NULL;
            for (int c = 0; one && c < classifier->classes; c++) {
                float a = one[c], b = rows[i * classifier->classes + c];
                same += fabsf(a - b) <= 1e-4f * (1 + fabsf(a)) || (isnan(a) && isnan(b));
            }
        }
    }
    free(rows);
    return same == 2 * classifier->classes;
}

// The first run is the one that is kept for its shapes.
static Status find_batch(GraphClassifier *classifier, int first, int wanted) {
    Status status;
    const Lane *lane = &classifier->lanes[0];
    fill_noise(classifier, lane->staging, first > 2 ? first : 2);
    TRY(run_batch(lane, classifier->trace, lane->staging, first));
    if (!run_rows(classifier->trace, first, &classifier->classes)) TRY(output_unfit(classifier));
    classifier->work = graph_run_work(classifier->trace) / first;
    classifier->fixed = first > 1 || !classifier->batched ||
                        classifier->work > CLASSIFIER_WORK_SMALL || !takes_two(classifier);
    size_t fits = CLASSIFIER_BYTES_USED / (size_t)classifier->lane_count /
                      (graph_run_peak(classifier->trace) + 1) +
                  1;
    classifier->batch = classifier->fixed ? first : fits < (size_t)wanted ? (int)fits : wanted;
fail:
    return status;
}

// Each thread has its own run, and its share of the bytes that all of them may take.
static Status open_lanes(GraphClassifier *classifier, int lanes, size_t batch) {
    Status status = status_ok();
    size_t count = batch * image_count(classifier);
    bool convert = classifier->input.type != GRAPH_F32;
    classifier->lanes = calloc((size_t)lanes, sizeof *classifier->lanes);
    if (!classifier->lanes) return status_no_memory("a network", sizeof(Lane) * (size_t)lanes);
    for (; classifier->lane_count < lanes; classifier->lane_count++) {
        Lane *lane = &classifier->lanes[classifier->lane_count];
        lane->classifier = classifier;
        lane->index = classifier->lane_count;
        lane->staging = malloc(count * sizeof(float));
        if (convert) lane->converted = malloc(count * graph_element_size(classifier->input.type));
        if (!lane->staging || (convert && !lane->converted))
            TRY(status_no_memory("pictures for a network", count * sizeof(float)));
        // What is bounded in the first run need not be bounded again.
        TRY(graph_run_open(classifier->graph, (GraphLimits){CLASSIFIER_BYTES, INFINITY},
                           &lane->run));
    }
fail:
    classifier->lane_count = lanes;
    return status;
}

Status classifier_open(const Graph *graph, int batch, int threads, GraphClassifier **out) {
    Status status;
    GraphClassifier *classifier = calloc(1, sizeof *classifier);
    *out = NULL;
    if (!classifier) return status_no_memory("a network", sizeof *classifier);
    classifier->graph = graph;
    TRY(find_input(classifier));
    size_t image = image_count(classifier), most = CLASSIFIER_BATCH_MAX / image;
    size_t declared =
        classifier->batched && classifier->input.dims[0] > 1 ? classifier->input.dims[0] : 1;
    if (declared > most)
        TRY(status_error(STATUS_UNSUPPORTED,
                         "it takes %zu pictures of %zu numbers at once, which "
                         "is too many",
                         declared, image));
    if ((size_t)batch > most) batch = (int)most;
    size_t room = declared > 2 ? declared : 2;
    int lanes = threads > 0 ? threads : thread_cpu_count();
    if (lanes > batch) lanes = batch;
    if (lanes > CLASSIFIER_LANES_MAX) lanes = CLASSIFIER_LANES_MAX;
    TRY(open_lanes(classifier, lanes, room > (size_t)batch ? room : (size_t)batch));
    double work = CLASSIFIER_WORK * (declared > 4 ? 4 : (double)declared);
    TRY(graph_run_open(graph, (GraphLimits){CLASSIFIER_BYTES, work}, &classifier->trace));
    TRY(find_batch(classifier, (int)declared, batch));
    *out = classifier;
    return status;
fail:
    classifier_close(&classifier);
    return status;
}

void classifier_close(GraphClassifier **handle) {
    GraphClassifier *classifier = *handle;
    if (!classifier) return;
    *handle = NULL;
    for (int i = 0; i < classifier->lane_count; i++) {
        graph_run_close(&classifier->lanes[i].run);
        free(classifier->lanes[i].staging);
        free(classifier->lanes[i].converted);
    }
    graph_run_close(&classifier->trace);
    free(classifier->lanes);
    free(classifier);
}

GraphImage classifier_image(const GraphClassifier *classifier) {
    return classifier->image;
}
int classifier_classes(const GraphClassifier *classifier) {
    return classifier->classes;
}
double classifier_work(const GraphClassifier *classifier) {
    return classifier->work;
}
const GraphRun *classifier_trace(const GraphClassifier *classifier) {
    return classifier->trace;
}

// One batch of a thread's share.
static Status lane_batch(const Lane *lane, int first, int part) {
    const GraphClassifier *classifier = lane->classifier;
    size_t size = image_count(classifier), row = (size_t)classifier->classes;
    const float *from = lane->images + (size_t)first * size;
    int run = classifier->fixed ? classifier->batch : part, classes;
    if (run > part) { // made for so many: the others are blank
        memset(lane->staging, 0, (size_t)run * size * sizeof *from);
        memcpy(lane->staging, from, (size_t)part * size * sizeof *from);
        from = lane->staging;
    }
    Status status = run_batch(lane, lane->run, from, run);
    if (!status_is_ok(&status)) return status;
    const float *got = run_rows(lane->run, run, &classes);
    if (!got || classes != classifier->classes) return output_unfit(classifier);
    memcpy(lane->rows + (size_t)first * row, got, (size_t)part * row * sizeof *got);
    return status;
}

static void lane_main(void *context) {
    Lane *lane = context;
    lane->status = status_ok();
    for (int first = lane->index * lane->chunk; first < lane->n;
         first += lane->lanes * lane->chunk) {
        int part = lane->n - first < lane->chunk ? lane->n - first : lane->chunk;
        lane->status = lane_batch(lane, first, part);
        if (!status_is_ok(&lane->status)) return;
    }
}

Status classifier_run(GraphClassifier *classifier, const float *images, int n, float *rows) {
    Status status = status_ok();
    int lanes = classifier->lane_count, chunk = (n + lanes - 1) / lanes;
    if (classifier->fixed || chunk > classifier->batch) chunk = classifier->batch;
    memset(rows, 0, (size_t)n * (size_t)classifier->classes * sizeof *rows);
    for (int i = 0; i < lanes; i++) {
        Lane *lane = &classifier->lanes[i];
        lane->images = images;
        lane->rows = rows;
        lane->n = n;
        lane->chunk = chunk;
        lane->lanes = lanes;
        if (i == 0 || i * chunk >= n) continue;
        status = thread_start(&lane->thread, "graph", lane_main, lane);
        if (!status_is_ok(&status)) lane_main(lane);
    }
    lane_main(&classifier->lanes[0]);
    status = classifier->lanes[0].status;
    for (int i = 1; i < lanes && i * chunk < n; i++) {
        Lane *lane = &classifier->lanes[i];
        thread_join(&lane->thread);
        if (status_is_ok(&status)) status = lane->status;
    }
    return status;
}
