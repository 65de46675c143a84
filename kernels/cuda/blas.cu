// cuBLAS: found and started when a layer is large enough for it. The preset networks never are; it
// is half a gigabyte to open, which a process that wants to be done in a second cannot afford, and
// where it is missing the module's own products do its work.
#include "device.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

constexpr size_t BLAS_MEMORY = 32 << 20; // what NVIDIA asks for the largest devices

// What is used of it, by the names that its header gives the functions.
#define BLAS_FUNCTIONS(X)                                                                          \
    X(create, cublasCreate)                                                                        \
    X(destroy, cublasDestroy)                                                                      \
    X(set_stream, cublasSetStream)                                                                 \
    X(set_workspace, cublasSetWorkspace)                                                           \
    X(set_math_mode, cublasSetMathMode)                                                            \
    X(sgemm, cublasSgemm)

struct Blas {
    bool missing;
    cublasHandle_t handle;
    void *memory; // a captured product may not allocate
#define BLAS_MEMBER(member, function) decltype(&function) member;
    BLAS_FUNCTIONS(BLAS_MEMBER)
#undef BLAS_MEMBER
};

// Once open, the library stays, as the driver does.
static bool blas_find(Blas *blas) {
#if defined(__CUDACC__)
    char file[32];
    snprintf(file, sizeof file, "libcublas.so.%d", CUDART_VERSION / 1000);
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!library) return false;
#define BLAS_TEXT(name) #name
#define BLAS_NAME(name) BLAS_TEXT(name) // its header renames some: cublasSgemm_v2
#define BLAS_FIND(member, function)                                                                \
    *(void **)&blas->member = dlsym(library, BLAS_NAME(function));                                 \
    if (!blas->member) return false;
    BLAS_FUNCTIONS(BLAS_FIND)
#undef BLAS_FIND
#else // on the host it is part of the module
#define BLAS_TAKE(member, function) blas->member = function;
    BLAS_FUNCTIONS(BLAS_TAKE)
#undef BLAS_TAKE
#endif
    return true;
}

static bool blas_well(Cuda *cuda, cublasStatus_t error, const char *what) {
    if (error == CUBLAS_STATUS_SUCCESS) return true;
    cudaError_t under = cudaGetLastError();
    return cuda_well(cuda, under != cudaSuccess ? under : cudaErrorUnknown, what);
}

static bool blas_start(Cuda *cuda, Blas *blas) {
    const char *what = "starting cuBLAS";
    cublasMath_t mode = cuda->tf32 ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_DEFAULT_MATH;
    return cuda_well(cuda, cudaMalloc(&blas->memory, BLAS_MEMORY), what) &&
           blas_well(cuda, blas->create(&blas->handle), what) &&
           blas_well(cuda, blas->set_stream(blas->handle, cuda->stream), what) &&
           // After the stream, which brings back cuBLAS's own.
           blas_well(cuda, blas->set_workspace(blas->handle, blas->memory, BLAS_MEMORY), what) &&
           blas_well(cuda, blas->set_math_mode(blas->handle, mode), what);
}

bool cuda_blas_open(Cuda *cuda) {
    if (!cuda->blas) {
        cuda->blas = (Blas *)calloc(1, sizeof *cuda->blas);
        if (!cuda->blas) return false;
        cuda->blas->missing = !blas_find(cuda->blas);
        if (!cuda->blas->missing) blas_start(cuda, cuda->blas);
    }
    return !cuda->blas->missing;
}

void cuda_blas_close(Cuda *cuda) {
    if (!cuda->blas) return;
    if (cuda->blas->handle) cuda->blas->destroy(cuda->blas->handle);
    if (cuda->blas->memory) cudaFree(cuda->blas->memory);
    free(cuda->blas);
    cuda->blas = NULL;
}

// Row-major C[rows][cols] = A B is column-major C^T = B^T A^T: the factors change places.
void cuda_blas_product(Cuda *cuda, cublasOperation_t left, cublasOperation_t right, int cols,
                       int rows, int depth, const float *b, int b_lead, const float *a, int a_lead,
                       float *c) {
    const float one = 1.0f, nothing = 0.0f;
    if (cuda->failed != cudaSuccess) return;
    blas_well(cuda,
              cuda->blas->sgemm(cuda->blas->handle, left, right, cols, rows, depth, &one, b, b_lead,
                                a, a_lead, &nothing, c, cols),
              "a matrix product");
}
