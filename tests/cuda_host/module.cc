// The CUDA back end, compiled as ordinary C++ (see cuda_runtime.h).
#include "kernels/cuda/module.cu"

#include "kernels/cuda/blas.cu"
#include "kernels/cuda/conv.cu"
#include "kernels/cuda/dense.cu"
#include "kernels/cuda/elements.cu"
#include "kernels/cuda/fuse.cu"
#include "kernels/cuda/operations.cu"
#include "kernels/cuda/steps.cu"
#include "kernels/cuda/training.cu"
#include "kernels/cuda/windows.cu"
