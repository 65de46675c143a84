// See steps.h.
#include "steps.h"

#include <stdlib.h>

constexpr size_t CALLS_MAX = 32 << 10;
constexpr size_t RING_BYTES = 8 << 20;
// A race's runs take turns: two for each of more runs than a trainer has (a whole batch, and the
// short one at an epoch's end). With fewer, the one forgotten would be the one that comes next.
constexpr int RECORDINGS_MAX = 64;
constexpr int RUN = 8; // steps in the longer graph of a recording
constexpr size_t ALIGN = 256;

// Steps that had the same notes.
typedef struct Recording {
    unsigned char *calls;
    size_t calls_size, given_size;
    const BatchStats *stats;
    cudaGraphExec_t one, run; // of one step, of RUN steps; NULL before the second time
    unsigned long times;      // that such a step came
    unsigned long used;       // when last, for finding the one to forget
} Recording;

enum { IN_RING, PUT_ASIDE, COUNTERS };

struct Steps {
    bool open;      // between step_begin and step_end
    bool direct;    // this step's operations are carried out as they come
    bool no_graphs; // capturing failed once: never again
    unsigned char calls[CALLS_MAX], given[GIVEN_MAX];
    size_t calls_size, own_call; // where the last call begins
    size_t given_size, last_given, last_given_bytes;
    Recording recordings[RECORDINGS_MAX];
    unsigned long clock;

    // Steps laid into the ring: [launched, laid) are not launched yet; all are of one recording.
    const Recording *current;
    size_t stride;
    int laid, launched;
    unsigned char *ring_host, *ring; // pinned, device
    unsigned *counters;              // device: the next step in the ring, the next stats

    BatchStats *stats; // pinned: BACKEND_STEPS_AHEAD
    int ended;
};

static size_t round_up(size_t bytes, size_t to) {
    return (bytes + to - 1) / to * to;
}

// ---- opening and closing ----------------------------------------------------------------------

Status steps_open(Cuda *cuda) {
    Steps *steps = (Steps *)calloc(1, sizeof *steps);
    if (!steps) return status_no_memory("training steps on the device", sizeof *steps);
    cuda->steps = steps;
    steps->no_graphs = getenv("INKLING_CUDA_PLAIN") != NULL;
    if (cudaMallocHost((void **)&steps->ring_host, RING_BYTES) != cudaSuccess ||
        cudaMallocHost((void **)&steps->stats, BACKEND_STEPS_AHEAD * sizeof *steps->stats) !=
            cudaSuccess ||
        cudaMalloc((void **)&steps->ring, RING_BYTES) != cudaSuccess ||
        cudaMalloc((void **)&steps->counters, COUNTERS * sizeof *steps->counters) != cudaSuccess)
        return status_no_memory("training steps on the device", 2 * RING_BYTES);
    cuda_well(cuda,
              cudaMemsetAsync(steps->counters, 0, COUNTERS * sizeof *steps->counters, cuda->stream),
              "clearing counters");
    return status_ok();
}

static void recording_forget(Recording *recording) {
    if (recording->one) cudaGraphExecDestroy(recording->one);
    if (recording->run) cudaGraphExecDestroy(recording->run);
    free(recording->calls);
    memset(recording, 0, sizeof *recording);
}

void steps_close(Cuda *cuda) {
    Steps *steps = cuda->steps;
    if (!steps) return;
    for (int i = 0; i < RECORDINGS_MAX; i++) recording_forget(&steps->recordings[i]);
    if (steps->ring_host) cudaFreeHost(steps->ring_host);
    if (steps->stats) cudaFreeHost(steps->stats);
    if (steps->ring) cudaFree(steps->ring);
    if (steps->counters) cudaFree(steps->counters);
    free(steps);
    cuda->steps = NULL;
}

// ---- carrying out -----------------------------------------------------------------------------

// For a step whose stats do not come from a loss that has put them aside itself.
static __global__ void put_aside(const BatchStats *stats, Aside aside) {
    kernel_begin();
    if (threadIdx.x == 0) aside.to[*aside.counter + aside.ahead] = *stats;
}

// The last thing of each graph.
static __global__ void steps_done(unsigned *counters, unsigned in_ring, unsigned aside) {
    kernel_begin();
    if (threadIdx.x > 0) return;
    counters[IN_RING] += in_ring;
    counters[PUT_ASIDE] += aside;
}

static void play(Cuda *cuda) {
    const Steps *steps = cuda->steps;
    for (size_t at = 0; at < steps->calls_size;) {
        Note note;
        memcpy(&note, steps->calls + at, sizeof note);
        note.play(cuda, note.operation, steps->calls + at + sizeof note);
        at += sizeof note + note.bytes;
    }
}

// All notes once more, and the stats put aside as number `ahead` behind those that are there.
static void play_step(Cuda *cuda, const BatchStats *stats, unsigned ahead) {
    Steps *steps = cuda->steps;
    Aside aside = {steps->stats, steps->counters + PUT_ASIDE, ahead};
    cuda->aside = aside;
    cuda->aside_of = stats;
    cuda->put_aside = false;
    play(cuda);
    cuda->aside_of = NULL;
    if (!cuda->put_aside) launch(cuda, "the end of a step", put_aside, 1, stats, aside);
}

static void launch_graph(Cuda *cuda, cudaGraphExec_t graph) {
    if (cuda->failed == cudaSuccess)
        cuda_well(cuda, cudaGraphLaunch(graph, cuda->stream), "a training step");
}

// What lies in the ring goes to the device.
static void steps_launch(Cuda *cuda) {
    Steps *steps = cuda->steps;
    int count = steps->laid - steps->launched;
    if (count == 0) return;
    size_t first = steps->launched * steps->stride;
    if (cuda->failed == cudaSuccess && steps->stride > 0)
        cuda_well(cuda,
                  cudaMemcpyAsync(steps->ring + first, steps->ring_host + first,
                                  count * steps->stride, cudaMemcpyHostToDevice, cuda->stream),
                  "handing over training steps");
    for (; count >= RUN; count -= RUN) launch_graph(cuda, steps->current->run);
    for (; count > 0; count--) launch_graph(cuda, steps->current->one);
    steps->launched = steps->laid;
}

// The ring is empty and may be written from its beginning.
static void steps_restart_ring(Cuda *cuda) {
    Steps *steps = cuda->steps;
    steps_launch(cuda);
    if (steps->laid > 0 && cuda->failed == cudaSuccess) {
        cuda_well(cuda, cudaStreamSynchronize(cuda->stream), "training steps");
        cuda_well(
            cuda,
            cudaMemsetAsync(steps->counters + IN_RING, 0, sizeof *steps->counters, cuda->stream),
            "clearing a counter");
    }
    steps->laid = steps->launched = 0;
}

static void make_current(Cuda *cuda) {
    int device = -1;
    if (cuda->failed == cudaSuccess && cudaGetDevice(&device) == cudaSuccess &&
        device != cuda->device)
        cuda_well(cuda, cudaSetDevice(cuda->device), "choosing the device");
}

static Place direct_place(const Cuda *cuda) {
    Place place = {cuda->given, cuda->zero, 0, 0};
    return place;
}

// The notes of the open step are carried out, and what follows in it as it comes.
static void steps_spill(Cuda *cuda) {
    Steps *steps = cuda->steps;
    make_current(cuda);
    steps_launch(cuda);
    cuda_upload(cuda, cuda->given, steps->given, steps->given_size);
    cuda->place = direct_place(cuda);
    play(cuda);
    steps->direct = true;
}

bool steps_without_graphs(const Cuda *cuda) {
    return cuda->steps->no_graphs;
}

bool steps_noting(const Cuda *cuda) {
    return cuda->steps->open && !cuda->steps->direct;
}

void steps_settle(Cuda *cuda) {
    make_current(cuda);
    if (steps_noting(cuda)) steps_spill(cuda);
    steps_launch(cuda);
    cuda->place = direct_place(cuda);
}

void steps_forget(Cuda *cuda) {
    Steps *steps = cuda->steps;
    steps_settle(cuda);
    steps_restart_ring(cuda);
    for (int i = 0; i < RECORDINGS_MAX; i++) recording_forget(&steps->recordings[i]);
    steps->current = NULL;
}

// ---- noting -----------------------------------------------------------------------------------

unsigned char *steps_note(Cuda *cuda, PlayFunction play, AnyOperation operation, size_t bytes) {
    Steps *steps = cuda->steps;
    Note note = {play, operation, bytes};
    if (steps->calls_size + sizeof note + bytes > CALLS_MAX) {
        steps_spill(cuda);
        return NULL;
    }
    unsigned char *to = steps->calls + steps->calls_size;
    steps->own_call = steps->calls_size;
    memcpy(to, &note, sizeof note);
    steps->calls_size += sizeof note + bytes;
    return to + sizeof note;
}

// Where the call before that at `at` begins; `at` itself for the first.
static size_t call_before(const Steps *steps, size_t at) {
    size_t before = at;
    for (size_t i = 0; i < at;) {
        Note note;
        memcpy(&note, steps->calls + i, sizeof note);
        before = i;
        i += sizeof note + note.bytes;
    }
    return before;
}

void steps_noted(Cuda *cuda) {
    Steps *steps = cuda->steps;
    for (size_t own = steps->own_call, before; own > 0; own = before) {
        before = call_before(steps, own);
        size_t fused = notes_fuse(cuda, steps->calls + before, steps->calls + own);
        if (fused == 0) return;
        steps->calls_size = before + fused; // and that one, with the one before it?
    }
}

Given steps_give(Cuda *cuda, const void *data, size_t bytes) {
    Steps *steps = cuda->steps;
    Given given = {0};
    if (steps_noting(cuda)) {
        // Images and labels are gathered by the same indices.
        given.offset = steps->last_given;
        if (bytes == steps->last_given_bytes &&
            memcmp(steps->given + given.offset, data, bytes) == 0)
            return given;
        given.offset = round_up(steps->given_size, 16);
        if (given.offset + bytes <= GIVEN_MAX) {
            memset(steps->given + steps->given_size, 0, given.offset - steps->given_size);
            memcpy(steps->given + given.offset, data, bytes);
            steps->last_given = given.offset;
            steps->last_given_bytes = bytes;
            steps->given_size = given.offset + bytes;
            return given;
        }
        given.offset = 0;
    }
    steps_settle(cuda);
    cuda_upload(cuda, cuda->given, data, bytes);
    return given;
}

// ---- recordings -------------------------------------------------------------------------------

static bool recording_is(const Recording *recording, const Steps *steps, const BatchStats *stats) {
    return recording->calls && recording->calls_size == steps->calls_size &&
           recording->given_size == steps->given_size && recording->stats == stats &&
           memcmp(recording->calls, steps->calls, steps->calls_size) == 0;
}

// The recording of these notes; a new one, in place of the one not used for longest, has no graph.
static Recording *recording_find(Cuda *cuda, const BatchStats *stats) {
    Steps *steps = cuda->steps;
    Recording *oldest = &steps->recordings[0];
    for (int i = 0; i < RECORDINGS_MAX; i++) {
        Recording *recording = &steps->recordings[i];
        if (recording_is(recording, steps, stats)) {
            recording->used = ++steps->clock;
            return recording;
        }
        if (recording->used < oldest->used) oldest = recording;
    }
    // Its steps may be in the ring, and its graph at work.
    if (oldest->one) steps_restart_ring(cuda);
    recording_forget(oldest);
    oldest->calls = (unsigned char *)malloc(steps->calls_size + 1);
    if (!oldest->calls) return NULL;
    memcpy(oldest->calls, steps->calls, steps->calls_size);
    oldest->calls_size = steps->calls_size;
    oldest->given_size = steps->given_size;
    oldest->stats = stats;
    oldest->used = ++steps->clock;
    return oldest;
}

// The notes `times` over as a graph; NULL when CUDA would not.
static cudaGraphExec_t capture(Cuda *cuda, const BatchStats *stats, int times) {
    Steps *steps = cuda->steps;
    cudaGraph_t graph = NULL;
    cudaGraphExec_t exec = NULL;
    if (cudaStreamBeginCapture(cuda->stream, cudaStreamCaptureModeThreadLocal) != cudaSuccess) {
        (void)cudaGetLastError();
        return NULL;
    }
    for (int i = 0; i < times; i++) {
        cuda->place.ahead = (unsigned)i;
        play_step(cuda, stats, (unsigned)i);
    }
    launch(cuda, "the end of a step", steps_done, 1, steps->counters, (unsigned)times,
           (unsigned)times);
    bool well = cudaStreamEndCapture(cuda->stream, &graph) == cudaSuccess && graph &&
                cuda->failed == cudaSuccess &&
                cudaGraphInstantiateWithFlags(&exec, graph, 0) == cudaSuccess;
    if (graph) cudaGraphDestroy(graph);
    if (well) return exec;
    // Nothing has been carried out; the step can still be done without a graph.
    (void)cudaGetLastError();
    cuda->failed = cudaSuccess;
    return NULL;
}

static bool recording_capture(Cuda *cuda, Recording *recording, size_t stride) {
    Steps *steps = cuda->steps;
    Place place = {steps->ring, steps->counters + IN_RING, 0, stride};
    cuda->place = place;
    recording->one = capture(cuda, recording->stats, 1);
    if (!recording->one && cuda->overlap) { // an older driver may not know it in a graph
        cuda->overlap = false;
        cuda->overlap_lost = true;
        recording->one = capture(cuda, recording->stats, 1);
    }
    if (recording->one) recording->run = capture(cuda, recording->stats, RUN);
    if (recording->run) return true;
    steps->no_graphs = true;
    recording_forget(recording);
    return false;
}

// The noted step into the ring. False: it has to be carried out as it is.
static bool hand_over(Cuda *cuda, const BatchStats *stats) {
    Steps *steps = cuda->steps;
    if (steps->no_graphs || cuda->failed != cudaSuccess) return false;
    Recording *recording = recording_find(cuda, stats);
    if (!recording || recording->times++ == 0) return false;
    size_t stride = round_up(steps->given_size, ALIGN);
    bool fits = steps->laid == 0 || (steps->current == recording && steps->stride == stride &&
                                     (steps->laid + 1) * stride <= RING_BYTES);
    if (!fits) steps_restart_ring(cuda);
    if (!recording->one && !recording_capture(cuda, recording, stride)) return false;
    steps->current = recording;
    steps->stride = stride;
    memcpy(steps->ring_host + steps->laid * stride, steps->given, steps->given_size);
    steps->laid++;
    // The device begins while the host is still noting.
    if (steps->laid - steps->launched >= RUN) steps_launch(cuda);
    return true;
}

void steps_begin(Cuda *cuda) {
    Steps *steps = cuda->steps;
    make_current(cuda); // a note may be what opens cuBLAS
    steps->open = true;
    steps->direct = false;
    steps->calls_size = steps->own_call = 0;
    steps->given_size = steps->last_given = steps->last_given_bytes = 0;
}

void steps_end(Cuda *cuda, const BatchStats *stats) {
    Steps *steps = cuda->steps;
    make_current(cuda);
    if (steps->ended == BACKEND_STEPS_AHEAD)
        cuda_well(cuda, cudaErrorInvalidValue, "more steps than may be handed over");
    bool handed = !steps->direct && hand_over(cuda, stats);
    if (!handed) {
        Aside aside = {steps->stats, steps->counters + PUT_ASIDE, 0};
        steps_settle(cuda);
        launch(cuda, "the end of a step", put_aside, 1, stats, aside);
        launch(cuda, "the end of a step", steps_done, 1, steps->counters, 0u, 1u);
    }
    steps->open = false;
    if (cuda->failed == cudaSuccess) steps->ended++;
}

int steps_take(Cuda *cuda, BatchStats *out) {
    Steps *steps = cuda->steps;
    int count = steps->ended;
    steps_settle(cuda);
    if (cuda->failed == cudaSuccess)
        cuda_well(cuda, cudaStreamSynchronize(cuda->stream), "training steps");
    for (int i = 0; i < count; i++) {
        BatchStats nothing = {0.0, 0, 0};
        out[i] = cuda->failed == cudaSuccess ? steps->stats[i] : nothing;
    }
    steps->ended = steps->laid = steps->launched = 0;
    if (cuda->failed == cudaSuccess)
        cuda_well(
            cuda,
            cudaMemsetAsync(steps->counters, 0, COUNTERS * sizeof *steps->counters, cuda->stream),
            "clearing counters");
    return count;
}
