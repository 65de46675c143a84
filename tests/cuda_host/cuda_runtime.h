// CUDA on the host, for testing without a GPU: just as much of the language and of the runtime as
// kernels/cuda uses. A block's threads are run one after the other, each up to the next
// __syncthreads, in an order that changes from block to block. A stream does nothing until somebody
// waits for it, and what is copied from the host is read only then: host code that reuses a buffer
// too early gives wrong numbers here as it may there. New memory is poisoned.
//
// It says nothing about speed, caches, or what other threads see without a fence.
//
// In the environment when a device is looked for: CUDA_HOST_FAIL=N, it is lost N pieces of work
// later; CUDA_HOST_MEMORY=N, there is none for the Nth block; CUDA_HOST_DRIVER=N, the driver is for
// that version of CUDA, or missing (0); CUDA_HOST_START=N, CUDA answers with that error, and there
// is no device; CUDA_HOST_CAPABILITY=N, ten times that of the device. At any time: CUDA_HOST_IDLE,
// nothing is worked out; CUDA_HOST_NO_GRAPHS, capturing fails.
#ifndef INKLING_CUDA_HOST_RUNTIME_H
#define INKLING_CUDA_HOST_RUNTIME_H

#include <functional>
#include <stddef.h>

// ---- the language -----------------------------------------------------------------------------

#define __global__
#define __device__
#define __host__
#define __shared__   static
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)

typedef struct CudaHostIndex {
    unsigned x;
} CudaHostIndex;
extern CudaHostIndex threadIdx, blockIdx, gridDim;

void __syncthreads(void);
static inline void __threadfence(void) {}
// A kernel that has not waited for those before it is told by the one who runs it.
void cudaGridDependencySynchronize(void);
static inline void cudaTriggerProgrammaticLaunchCompletion(void) {}
template <class T> static inline T __ldcg(const T *at) {
    return *at;
}
static inline unsigned __umulhi(unsigned a, unsigned b) {
    return (unsigned)((unsigned long long)a * b >> 32);
}
static inline unsigned atomicAdd(unsigned *at, unsigned value) {
    unsigned before = *at;
    *at += value;
    return before;
}

// ---- the runtime ------------------------------------------------------------------------------

#define CUDART_VERSION 13000

typedef enum cudaError_t {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInsufficientDriver = 35,
    cudaErrorNoDevice = 100,
    cudaErrorECCUncorrectable = 214,
    cudaErrorSystemNotReady = 802,
    cudaErrorStreamCaptureInvalidated = 901,
    cudaErrorUnknown = 999,
} cudaError_t;

typedef struct CudaHostStream *cudaStream_t;
typedef struct CudaHostEvent *cudaEvent_t;
typedef struct CudaHostGraph *cudaGraph_t;
typedef struct CudaHostGraph *cudaGraphExec_t;

enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum { cudaStreamNonBlocking = 1 };
enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal = 1 };
enum cudaDeviceAttr {
    cudaDevAttrComputeCapabilityMajor,
    cudaDevAttrComputeCapabilityMinor,
    cudaDevAttrMultiProcessorCount,
    cudaDevAttrClockRate,
    cudaDevAttrMemoryClockRate,
    cudaDevAttrGlobalMemoryBusWidth,
};
typedef struct cudaDeviceProp {
    char name[256];
} cudaDeviceProp;

typedef struct cudaFuncAttributes {
    int ptxVersion;
} cudaFuncAttributes;
template <class Kernel>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, Kernel *) {
    attributes->ptxVersion = 90;
    return cudaSuccess;
}

cudaError_t cudaGetLastError(void);
const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr which, int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaMalloc(void **out, size_t bytes);
cudaError_t cudaFree(void *device);
cudaError_t cudaMallocHost(void **out, size_t bytes);
cudaError_t cudaFreeHost(void *host);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void *device, int value, size_t bytes, cudaStream_t stream);
cudaError_t cudaEventCreate(cudaEvent_t *out);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t first, cudaEvent_t second);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph);
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *out, cudaGraph_t graph,
                                          unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph);

// Instead of kernel<<<blocks, threads, 0, stream>>>(...).
cudaError_t cuda_host_launch(cudaStream_t stream, unsigned blocks, unsigned threads,
                             std::function<void(void)> thread);
// For cuBLAS: something else to be done in the stream's order.
cudaError_t cuda_host_enqueue(cudaStream_t stream, std::function<void(void)> work);

#endif
