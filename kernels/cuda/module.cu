// The CUDA back end's table, its memory, and the one symbol that the module exports.
//
// Nothing waits for the device but upload, download, sync and steps_take. The first failure is kept
// and everything after it does nothing, so that a lost device is told once, by sync, as what it is.
#include "steps.h"

#include <stdio.h>
#include <stdlib.h>

#include "product.h"

constexpr int OLDEST_CAPABILITY = 75;

bool cuda_well(Cuda *cuda, cudaError_t error, const char *what) {
    if (error == cudaSuccess) return true;
    if (cuda->failed == cudaSuccess) {
        cuda->failed = error;
        cuda->failed_at = what;
    }
    return false;
}

// ---- memory -----------------------------------------------------------------------------------

static void *module_alloc(Backend *be, size_t bytes) {
    Cuda *cuda = cuda_of(be);
    void *block = NULL;
    steps_settle(cuda);
    if (cuda->failed != cudaSuccess) return NULL;
    cudaError_t error = cudaMalloc(&block, bytes ? bytes : 1);
    if (error == cudaSuccess) return block;
    (void)cudaGetLastError(); // too little memory is no failure of the device
    if (error != cudaErrorMemoryAllocation) cuda_well(cuda, error, "finding memory");
    return NULL;
}

static void module_release(Backend *be, void *device) {
    Cuda *cuda = cuda_of(be);
    if (!device) return;
    steps_settle(cuda);
    if (cuda->failed == cudaSuccess)
        cuda_well(cuda, cudaStreamSynchronize(cuda->stream), "its last operations");
    cudaFree(device);
}

// Most drivers have taken ordinary memory aside when the copy's call returns; those that let the
// device read it in its place (HMM, Grace) need not have, and CUDA promises neither.
void cuda_upload(Cuda *cuda, void *device, const void *host, size_t bytes) {
    if (cuda->failed != cudaSuccess || bytes == 0) return;
    if (cuda_well(cuda, cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, cuda->stream),
                  "an upload"))
        cuda_well(cuda, cudaStreamSynchronize(cuda->stream), "an upload");
}

static void module_upload(Backend *be, void *device, const void *host, size_t bytes) {
    Cuda *cuda = cuda_of(be);
    if (bytes == 0) return;
    if (steps_noting(cuda) && bytes <= GIVEN_MAX / 2) {
        Given given = steps_give(cuda, host, bytes);
        if (steps_noting(cuda)) {
            queue(cuda, cuda_put, device, given, bytes);
            return;
        }
    }
    steps_settle(cuda);
    cuda_upload(cuda, device, host, bytes);
}

static void module_download(Backend *be, void *host, const void *device, size_t bytes) {
    Cuda *cuda = cuda_of(be);
    steps_settle(cuda);
    if (bytes == 0) return;
    if (cuda->failed == cudaSuccess)
        cuda_well(cuda, cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, cuda->stream),
                  "a download");
    if (cuda->failed == cudaSuccess)
        cuda_well(cuda, cudaStreamSynchronize(cuda->stream), "a download");
    if (cuda->failed != cudaSuccess) memset(host, 0, bytes); // sync tells
}

static const void *module_share(Backend *be, const void *host, size_t bytes) {
    void *device = module_alloc(be, bytes);
    if (device) module_upload(be, device, host, bytes);
    return device;
}

static void module_unshare(Backend *be, const void *device) {
    module_release(be, (void *)device);
}

void cuda_copy(Cuda *cuda, void *to, const void *from, size_t bytes) {
    if (cuda->failed == cudaSuccess && bytes > 0)
        cuda_well(cuda, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, cuda->stream),
                  "a copy");
}

void cuda_zero(Cuda *cuda, void *device, size_t bytes) {
    if (cuda->failed == cudaSuccess && bytes > 0)
        cuda_well(cuda, cudaMemsetAsync(device, 0, bytes, cuda->stream), "clearing memory");
}

static Status module_sync(Backend *be) {
    Cuda *cuda = cuda_of(be);
    steps_settle(cuda);
    if (cuda->failed == cudaSuccess)
        cuda_well(cuda, cudaStreamSynchronize(cuda->stream), "its last operations");
    if (cuda->failed == cudaSuccess) return status_ok();
    return status_error(STATUS_IO,
                        "the CUDA device stopped working (%s: %.200s); go on from the last "
                        "checkpoint, with --device cpu if it happens again",
                        cuda->failed_at, cudaGetErrorString(cuda->failed));
}

// Splits need a fixed amount (PARTIALS), whatever the shape; a convolution, its output once. Graphs
// have the address of that in them.
static Status module_reserve(Backend *be, const DenseShape *dense, const ConvShape *conv,
                             int batch) {
    Cuda *cuda = cuda_of(be);
    (void)dense;
    if (!conv) return status_ok();
    size_t count = (size_t)batch * conv->out_c * conv->out_h * conv->out_w;
    if (count <= cuda->gradients_count) return status_ok();
    steps_forget(cuda);
    float *gradients = (float *)module_alloc(be, count * sizeof *gradients);
    if (gradients) {
        module_release(be, cuda->gradients);
        cuda->gradients = gradients;
        cuda->gradients_count = count;
    } else if (cuda->failed == cudaSuccess) {
        return status_no_memory("a convolution's gradients", count * sizeof *gradients);
    }
    return module_sync(be);
}

// ---- time -------------------------------------------------------------------------------------

static void module_mark(Backend *be, int which) {
    Cuda *cuda = cuda_of(be);
    steps_settle(cuda);
    if (cuda->failed == cudaSuccess && !cuda->marks[which])
        cuda_well(cuda, cudaEventCreate(&cuda->marks[which]), "making a mark");
    if (cuda->failed == cudaSuccess)
        cuda_well(cuda, cudaEventRecord(cuda->marks[which], cuda->stream), "a mark");
}

static double module_between(Backend *be, int first, int second) {
    Cuda *cuda = cuda_of(be);
    float milliseconds = 0.0f;
    steps_settle(cuda);
    if (cuda->failed == cudaSuccess)
        cuda_well(cuda, cudaEventSynchronize(cuda->marks[second]), "what was timed");
    if (cuda->failed == cudaSuccess)
        cuda_well(cuda,
                  cudaEventElapsedTime(&milliseconds, cuda->marks[first], cuda->marks[second]),
                  "what was timed");
    return (double)milliseconds / 1e3;
}

// Float32 units of one multiprocessor. Source: CUDA C++ Programming Guide, "Arithmetic
// Instructions", results per clock cycle.
static int units_of(int capability) {
    return capability < 86 ? 64 : 128;
}

static void module_limits(const Backend *be, BackendLimits *out) {
    const Cuda *cuda = (const Cuda *)be;
    static const cudaDeviceAttr asked[] = {
        cudaDevAttrMultiProcessorCount,    cudaDevAttrClockRate,
        cudaDevAttrMemoryClockRate,        cudaDevAttrGlobalMemoryBusWidth,
        cudaDevAttrComputeCapabilityMajor, cudaDevAttrComputeCapabilityMinor};
    double said[sizeof asked / sizeof asked[0]];
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        int value = 0;
        if (cudaDeviceGetAttribute(&value, asked[i], cuda->device) != cudaSuccess) value = 0;
        said[i] = value;
    }
    // Clocks are in kHz, the bus in bits; memory moves twice in a cycle of its clock.
    out->operations = said[0] * units_of((int)(10 * said[4] + said[5])) * 2 * said[1] * 1e3;
    out->bytes = 2 * said[2] * 1e3 * said[3] / 8;
}

// ---- opening and closing ----------------------------------------------------------------------

static void module_close(Backend *be) {
    Cuda *cuda = cuda_of(be);
    if (cuda->stream) {
        cudaSetDevice(cuda->device);
        cudaStreamSynchronize(cuda->stream);
    }
    steps_close(cuda);
    for (int i = 0; i < BACKEND_MARKS; i++)
        if (cuda->marks[i]) cudaEventDestroy(cuda->marks[i]);
    cuda_blas_close(cuda);
    void *blocks[] = {cuda->tickets, cuda->partials, cuda->sum_parts, cuda->loss_parts,
                      cuda->given,   cuda->zero,     cuda->gradients};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        if (blocks[i]) cudaFree(blocks[i]);
    if (cuda->stream) cudaStreamDestroy(cuda->stream);
    free(cuda);
}

static void module_describe(const Backend *be, char *out, size_t size) {
    const Cuda *cuda = (const Cuda *)be;
    // What was tried and did not work is slower, and nothing else would tell.
    snprintf(out, size, "%s%s%s", cuda->name, cuda->overlap_lost ? ", kernels do not overlap" : "",
             steps_without_graphs(cuda) ? ", no graphs" : "");
}

static BackendOps module_ops(void) {
    BackendOps ops = {};
    cuda_operations(&ops);
    ops.name = "cuda";
    ops.close = module_close;
    ops.describe = module_describe;
    ops.alloc = module_alloc;
    ops.release = module_release;
    ops.share = module_share;
    ops.unshare = module_unshare;
    ops.upload = module_upload;
    ops.download = module_download;
    ops.sync = module_sync;
    ops.reserve = module_reserve;
    ops.mark = module_mark;
    ops.between = module_between;
    ops.limits = module_limits;
    return ops;
}

// Is there such a device, and can it run what is in this module?
static Status find_device(int device) {
    int count = 0, major = 0, minor = 0, driver = 0;
    cudaError_t error = cudaGetDeviceCount(&count);
    if (error != cudaSuccess || count == 0) {
        (void)cudaGetLastError();
        if (cudaDriverGetVersion(&driver) != cudaSuccess) driver = 0;
        if (driver == 0 || error == cudaErrorNoDevice || error == cudaSuccess)
            return status_error(
                STATUS_UNSUPPORTED,
                "there is no NVIDIA GPU here, or no driver for it (%.120s): install "
                "the driver, or use --device cpu",
                driver == 0            ? "no driver"
                : error == cudaSuccess ? "no device"
                                       : cudaGetErrorString(error));
        // Not its age: a service that is not running, a device in a bad state, too little memory.
        if (error != cudaErrorInsufficientDriver)
            return status_error(STATUS_UNSUPPORTED,
                                "CUDA cannot be started (%.200s): see what nvidia-smi says, or "
                                "use --device cpu",
                                cudaGetErrorString(error));
        return status_error(STATUS_UNSUPPORTED,
                            "the NVIDIA driver is made for CUDA %d.%d, which is too old for this "
                            "module (CUDA %d.%d; %.120s): update the driver, or use --device cpu",
                            driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000,
                            CUDART_VERSION % 1000 / 10, cudaGetErrorString(error));
    }
    if (device >= count)
        return status_error(STATUS_UNSUPPORTED,
                            "there is no CUDA device %d: this machine has %d, counted from 0",
                            device, count);
    error = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
    if (error == cudaSuccess)
        error = cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
    if (error != cudaSuccess)
        return status_error(STATUS_UNSUPPORTED, "CUDA device %d cannot be used: %.200s", device,
                            cudaGetErrorString(error));
    if (10 * major + minor < OLDEST_CAPABILITY)
        return status_error(
            STATUS_UNSUPPORTED,
            "CUDA device %d has compute capability %d.%d; at least %d.%d is needed: "
            "use --device cpu",
            device, major, minor, OLDEST_CAPABILITY / 10, OLDEST_CAPABILITY % 10);
    return status_ok();
}

static void describe_device(Cuda *cuda, const cudaDeviceProp *properties) {
    int driver = 0;
    (void)cudaDriverGetVersion(&driver);
    snprintf(cuda->name, sizeof cuda->name, "%.100s, CUDA %d.%d, driver for %d.%d%s",
             properties->name, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10, driver / 1000,
             driver % 1000 / 10, cuda->tf32 ? ", TF32" : "");
}

static bool get_memory(Cuda *cuda, size_t bytes, void *out) {
    void *block = NULL;
    if (!cuda_well(cuda, cudaMalloc(&block, bytes), "finding memory")) return false;
    memcpy(out, &block, sizeof block);
    return cuda_well(cuda, cudaMemsetAsync(block, 0, bytes, cuda->stream), "clearing memory");
}

static bool set_up(Cuda *cuda) {
    bool well = cuda_well(cuda, cudaSetDevice(cuda->device), "choosing the device") &&
                cuda_well(cuda, cudaStreamCreateWithFlags(&cuda->stream, cudaStreamNonBlocking),
                          "making a stream") &&
                get_memory(cuda, TICKETS * sizeof *cuda->tickets, &cuda->tickets) &&
                get_memory(cuda, 2 * PARTIALS * sizeof *cuda->partials, &cuda->partials) &&
                get_memory(cuda, PARTS_MAX * sizeof *cuda->sum_parts, &cuda->sum_parts) &&
                get_memory(cuda, PARTS_MAX * sizeof *cuda->loss_parts, &cuda->loss_parts) &&
                get_memory(cuda, GIVEN_MAX, &cuda->given) &&
                get_memory(cuda, sizeof *cuda->zero, &cuda->zero);
    cuda->overlap = well && cuda_kernels_wait() && !getenv("INKLING_CUDA_PLAIN");
    // Is there code for this device in the module at all?
    if (well)
        cuda_activation_forward(cuda, ACTIVATION_NONE, 0.0f, 1, cuda->partials, cuda->partials);
    return cuda->failed == cudaSuccess &&
           cuda_well(cuda, cudaStreamSynchronize(cuda->stream), "its first operation");
}

static Status module_open(int device, bool tf32, Backend **out) {
    static const BackendOps ops = module_ops();
    *out = NULL;
    Status status = find_device(device);
    if (!status_is_ok(&status)) return status;
    Cuda *cuda = (Cuda *)calloc(1, sizeof *cuda);
    if (!cuda) return status_no_memory("the CUDA back end", sizeof *cuda);
    cuda->base.ops = &ops;
    cuda->device = device;
    cuda->tf32 = tf32;
    if (set_up(cuda)) {
        cudaDeviceProp properties;
        status = steps_open(cuda);
        if (status_is_ok(&status) &&
            cuda_well(cuda, cudaGetDeviceProperties(&properties, device), "asking its name"))
            describe_device(cuda, &properties);
    }
    if (status_is_ok(&status) && cuda->failed == cudaSuccess && tf32 && !cuda_blas_open(cuda))
        status = status_error(STATUS_UNSUPPORTED,
                              "TF32 is what cuBLAS does, and there is none: install it, or use "
                              "--device cuda without \":tf32\"");
    if (status_is_ok(&status) && cuda->failed != cudaSuccess)
        status = status_error(STATUS_UNSUPPORTED,
                              "CUDA device %d cannot be used (%s: %.200s); use --device cpu",
                              device, cuda->failed_at, cudaGetErrorString(cuda->failed));
    if (status_is_ok(&status)) {
        *out = &cuda->base;
        return status;
    }
    module_close(&cuda->base);
    (void)cudaGetLastError(); // is this thread's, and would be told to the next who asks
    return status;
}

// Devices that cannot be used are left out; if none can, the first one's reason is told.
static Status module_find(BackendDevice *out, int max, int *count) {
    int devices = 0;
    *count = 0;
    Status first = find_device(0);
    if (cudaGetDeviceCount(&devices) != cudaSuccess) devices = 0;
    for (int i = 0; i < devices && *count < max; i++) {
        cudaDeviceProp properties;
        Status status = find_device(i);
        if (!status_is_ok(&status) || cudaGetDeviceProperties(&properties, i) != cudaSuccess)
            continue;
        BackendDevice *device = &out[(*count)++];
        snprintf(device->name, sizeof device->name, i ? "cuda:%d" : "cuda", i);
        snprintf(device->label, sizeof device->label, "%.120s", properties.name);
    }
    return *count > 0 ? status_ok() : first;
}

extern "C" {
extern __attribute__((visibility("default"))) const CudaModule inkling_cuda_module;
}
const CudaModule inkling_cuda_module = {CUDA_MODULE_VERSION, sizeof(BackendOps), module_open,
                                        module_find};
