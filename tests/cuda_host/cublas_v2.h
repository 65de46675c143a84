// What kernels/cuda uses of cuBLAS, on the host (see cuda_runtime.h).
#ifndef INKLING_CUDA_HOST_CUBLAS_H
#define INKLING_CUDA_HOST_CUBLAS_H

#include "cuda_runtime.h"

typedef enum cublasStatus_t { CUBLAS_STATUS_SUCCESS, CUBLAS_STATUS_NOT_INITIALIZED } cublasStatus_t;
typedef enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T } cublasOperation_t;
typedef enum cublasMath_t { CUBLAS_DEFAULT_MATH, CUBLAS_TF32_TENSOR_OP_MATH } cublasMath_t;
typedef struct CublasHost *cublasHandle_t;

cublasStatus_t cublasCreate(cublasHandle_t *out);
cublasStatus_t cublasDestroy(cublasHandle_t handle);
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream);
cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void *workspace, size_t bytes);
cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode);
cublasStatus_t cublasSgemm(cublasHandle_t handle, cublasOperation_t left, cublasOperation_t right,
                           int m, int n, int k, const float *alpha, const float *a, int a_lead,
                           const float *b, int b_lead, const float *beta, float *c, int c_lead);

#endif
