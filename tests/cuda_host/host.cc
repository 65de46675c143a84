// See cuda_runtime.h.
#include "cublas_v2.h"

#include <map>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <vector>

typedef std::function<void(void)> Work;

struct CudaHostGraph {
    std::vector<Work> nodes;
};

// For tests: how many nodes the graph made last has.
extern "C" __attribute__((visibility("default"))) int cuda_host_graph_nodes;
int cuda_host_graph_nodes;

// Nothing is worked out, and all memory is 0: for counting.
static bool is_idle(void) {
    return getenv("CUDA_HOST_IDLE") != NULL;
}

struct CudaHostStream {
    std::vector<Work> queue;
    std::vector<Work> *captured = NULL; // where work goes while capturing
};

[[noreturn]] static void stop(const char *what) {
    fprintf(stderr, "CUDA on the host: %s\n", what);
    abort();
}

// ---- a block ----------------------------------------------------------------------------------

CudaHostIndex threadIdx, blockIdx, gridDim;

enum { THREADS_MAX = 1024, STACK = 64 << 10 };

// Each thread is a context of its own, entered once; from then on jumps are enough, and a hundred
// times faster.
static struct Block {
    ucontext_t contexts[THREADS_MAX];
    jmp_buf home, at[THREADS_MAX];
    bool entered[THREADS_MAX], done[THREADS_MAX];
    char *stacks;
    unsigned current, waited;
    const Work *work;
} block;

// Back to the one who runs the block, until this thread's next turn.
static void thread_give_way(unsigned own) {
    if (_setjmp(block.at[own]) == 0) _longjmp(block.home, 1);
}

static void thread_main(void) {
    unsigned own = block.current;
    for (;;) {
        (*block.work)();
        block.done[own] = true;
        thread_give_way(own); // the next turn is in another block
    }
}

void cudaGridDependencySynchronize(void) {
    block.waited++;
}

void __syncthreads(void) {
    thread_give_way(block.current);
}

// Runs thread t up to its next __syncthreads or its end.
static void thread_run(unsigned t) {
    block.current = threadIdx.x = t;
    if (_setjmp(block.home) != 0) return;
    if (block.entered[t]) _longjmp(block.at[t], 1);
    block.entered[t] = true;
    ucontext_t *context = &block.contexts[t];
    getcontext(context);
    context->uc_stack.ss_sp = block.stacks + (size_t)t * STACK;
    context->uc_stack.ss_size = STACK;
    context->uc_link = NULL;
    makecontext(context, thread_main, 0);
    setcontext(context);
}

static void block_run(unsigned threads, unsigned first, unsigned step) {
    for (unsigned t = 0; t < threads; t++) block.done[t] = false;
    for (;;) {
        unsigned done = 0;
        for (unsigned i = 0; i < threads; i++) thread_run((first + i * step) % threads);
        for (unsigned t = 0; t < threads; t++) done += block.done[t];
        if (done == threads) return;
        if (done > 0) stop("some threads of a block wait where others never come");
    }
}

static void kernel_run(unsigned blocks, unsigned threads, const Work &work) {
    if (threads == 0 || threads > THREADS_MAX || blocks == 0) stop("a launch of no such size");
    if (!block.stacks) block.stacks = (char *)malloc((size_t)THREADS_MAX * STACK);
    if (!block.stacks) stop("no memory for threads");
    block.work = &work;
    gridDim.x = blocks;
    for (unsigned b = 0; b < blocks; b++) {
        // Forwards, backwards, from the middle in odd steps (threads are a power of 2).
        static const unsigned steps[] = {1, (unsigned)-1, 5};
        blockIdx.x = b;
        block.waited = 0;
        block_run(threads, b * 37 % threads, steps[b % 3]);
        if (block.waited != threads) stop("a kernel that does not wait for the one before it");
    }
}

// ---- streams and graphs -----------------------------------------------------------------------

// Of the environment; -1: no end of it.
static long work_left = -1, blocks_left = -1;

static long said(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text ? atol(text) : otherwise;
}

static cudaError_t lost(void) {
    if (work_left > 0) work_left--;
    return work_left == 0 ? cudaErrorECCUncorrectable : cudaSuccess;
}

cudaError_t cuda_host_enqueue(cudaStream_t stream, Work work) {
    cudaError_t error = lost();
    if (error != cudaSuccess) return error;
    (stream->captured ? *stream->captured : stream->queue).push_back(work);
    return cudaSuccess;
}

cudaError_t cuda_host_launch(cudaStream_t stream, unsigned blocks, unsigned threads, Work thread) {
    return cuda_host_enqueue(stream, [=] {
        if (!is_idle()) kernel_run(blocks, threads, thread);
    });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned) {
    *out = new CudaHostStream;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    delete stream;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    if (stream->captured) stop("waiting for a stream that is being captured");
    cudaError_t error = lost();
    if (error != cudaSuccess) return error;
    std::vector<Work> queue;
    queue.swap(stream->queue);
    for (const Work &work : queue) work();
    return cudaSuccess;
}

// ---- events -----------------------------------------------------------------------------------

struct CudaHostEvent {
    cudaStream_t stream;
    double seconds;
};

cudaError_t cudaEventCreate(cudaEvent_t *out) {
    *out = new CudaHostEvent{NULL, 0};
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    event->stream = stream;
    return cuda_host_enqueue(stream, [=] {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        event->seconds = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
    });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    return cudaStreamSynchronize(event->stream);
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t first, cudaEvent_t second) {
    *milliseconds = (float)((second->seconds - first->seconds) * 1e3);
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    stream->captured = new std::vector<Work>;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
    *graph = new CudaHostGraph;
    (*graph)->nodes.swap(*stream->captured);
    delete stream->captured;
    stream->captured = NULL;
    return getenv("CUDA_HOST_NO_GRAPHS") ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *out, cudaGraph_t graph,
                                          unsigned long long) {
    *out = new CudaHostGraph(*graph);
    cuda_host_graph_nodes = (int)graph->nodes.size();
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
    if (stream->captured) stop("launching a graph into a capture");
    for (const Work &node : graph->nodes) {
        cudaError_t error = cuda_host_enqueue(stream, node);
        if (error != cudaSuccess) return error;
    }
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) {
    delete graph;
    return cudaSuccess;
}

// ---- memory -----------------------------------------------------------------------------------

static std::map<uintptr_t, size_t> pinned;

static bool is_pinned(const void *host) {
    auto after = pinned.upper_bound((uintptr_t)host);
    if (after == pinned.begin()) return false;
    --after;
    return (uintptr_t)host < after->first + after->second;
}

cudaError_t cudaMalloc(void **out, size_t bytes) {
    *out = NULL;
    if (blocks_left > 0 && --blocks_left == 0) return cudaErrorMemoryAllocation;
    *out = malloc(bytes);
    if (!*out) return cudaErrorMemoryAllocation;
    memset(*out, is_idle() ? 0 : 0xFF, bytes);
    return cudaSuccess;
}

// The real one waits for the device; here what still waits to be done would find the memory gone.
static std::vector<void *> freed;

cudaError_t cudaFree(void *device) {
    freed.push_back(device); // until the program ends
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void **out, size_t bytes) {
    cudaError_t error = cudaMalloc(out, bytes);
    if (error == cudaSuccess) pinned[(uintptr_t)*out] = bytes;
    return error;
}

cudaError_t cudaFreeHost(void *host) {
    pinned.erase((uintptr_t)host);
    free(host);
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
    if (kind == cudaMemcpyHostToDevice && stream->captured && !is_pinned(from))
        stop("capturing a copy from memory that will have changed");
    return cuda_host_enqueue(stream, [=] { memcpy(to, from, bytes); });
}

cudaError_t cudaMemsetAsync(void *device, int value, size_t bytes, cudaStream_t stream) {
    return cuda_host_enqueue(stream, [=] { memset(device, value, bytes); });
}

// ---- devices ----------------------------------------------------------------------------------

cudaError_t cudaGetLastError(void) {
    return cudaSuccess;
}

const char *cudaGetErrorString(cudaError_t error) {
    return error == cudaErrorECCUncorrectable     ? "uncorrectable ECC error encountered"
           : error == cudaErrorMemoryAllocation   ? "out of memory"
           : error == cudaErrorInsufficientDriver ? "CUDA driver version is insufficient"
           : error == cudaErrorSystemNotReady     ? "system not yet initialized"
                                                  : "some CUDA error";
}

cudaError_t cudaGetDeviceCount(int *count) {
    work_left = said("CUDA_HOST_FAIL", -1);
    blocks_left = said("CUDA_HOST_MEMORY", -1);
    bool driven = said("CUDA_HOST_DRIVER", CUDART_VERSION) >= CUDART_VERSION;
    long start = said("CUDA_HOST_START", cudaSuccess);
    *count = driven && start == cudaSuccess ? 1 : 0;
    return driven ? (cudaError_t)start : cudaErrorInsufficientDriver;
}

cudaError_t cudaDriverGetVersion(int *version) {
    *version = (int)said("CUDA_HOST_DRIVER", CUDART_VERSION);
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr which, int) {
    switch (which) {
    case cudaDevAttrComputeCapabilityMajor:
        *value = (int)said("CUDA_HOST_CAPABILITY", 90) / 10;
        break;
    case cudaDevAttrComputeCapabilityMinor:
        *value = (int)said("CUDA_HOST_CAPABILITY", 90) % 10;
        break;
    case cudaDevAttrMultiProcessorCount:
        *value = 1;
        break;
    case cudaDevAttrClockRate:
    case cudaDevAttrMemoryClockRate:
        *value = 1000000; // kHz
        break;
    case cudaDevAttrGlobalMemoryBusWidth:
        *value = 64;
        break;
    default:
        *value = 0;
    }
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int) {
    snprintf(properties->name, sizeof properties->name, "CUDA on the host");
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int) {
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device) {
    *device = 0;
    return cudaSuccess;
}

// ---- cuBLAS -----------------------------------------------------------------------------------

struct CublasHost {
    cudaStream_t stream;
};

cublasStatus_t cublasCreate(cublasHandle_t *out) {
    *out = new CublasHost{NULL};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle) {
    delete handle;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
    handle->stream = stream;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t, void *, size_t) {
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t) {
    return CUBLAS_STATUS_SUCCESS;
}

// Column-major C = op(A) op(B).
cublasStatus_t cublasSgemm(cublasHandle_t handle, cublasOperation_t left, cublasOperation_t right,
                           int m, int n, int k, const float *alpha, const float *a, int a_lead,
                           const float *b, int b_lead, const float *beta, float *c, int c_lead) {
    if (*alpha != 1.0f || *beta != 0.0f) return CUBLAS_STATUS_NOT_INITIALIZED;
    cuda_host_enqueue(handle->stream, [=] {
        for (int j = 0; j < n; j++)
            for (int i = 0; i < m; i++) {
                double sum = 0;
                for (int d = 0; d < k; d++) {
                    size_t ai =
                        left == CUBLAS_OP_N ? (size_t)d * a_lead + i : (size_t)i * a_lead + d;
                    size_t bi =
                        right == CUBLAS_OP_N ? (size_t)j * b_lead + d : (size_t)d * b_lead + j;
                    sum += (double)a[ai] * (double)b[bi];
                }
                c[(size_t)j * c_lead + i] = (float)sum;
            }
    });
    return CUBLAS_STATUS_SUCCESS;
}
