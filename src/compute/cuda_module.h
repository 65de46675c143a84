// What the program and the CUDA module (kernels/cuda) say to each other. The module is a shared
// library of its own, opened when a device is asked for, so that the program needs no CUDA library
// to be built or to start.
#ifndef INKLING_COMPUTE_CUDA_MODULE_H
#define INKLING_COMPUTE_CUDA_MODULE_H

#include "compute/backend.h"

// Raised with every change of BackendOps, of what its operations mean, or of CudaModule.
enum { CUDA_MODULE_VERSION = 2 };

// The one symbol that the module exports, of type `const CudaModule`.
#define CUDA_MODULE_SYMBOL "inkling_cuda_module"

typedef struct CudaModule {
    // First, in every version: nothing else is looked at where they differ.
    uint32_t version;
    uint32_t ops_size; // sizeof(BackendOps)
    // Opens device number `device` (0 = first). STATUS_UNSUPPORTED without a driver, without that
    // device, or with one that is too old, with what to do.
    Status (*open)(int device, bool tf32, Backend **out);
    // The devices that `open` would take, as BackendKind.find.
    Status (*find)(BackendDevice *out, int max, int *count);
} CudaModule;

// Finds the module beside the program, in its build tree, or where it is installed, and opens a
// back end. `config->device` is "cuda", "cuda:NUMBER" or "cuda:NUMBER:tf32". The environment
// variable INKLING_CUDA_MODULE names another file to use instead. STATUS_UNSUPPORTED, with what to
// do, when there is no module or it is of another version.
Status cuda_open(const BackendConfig *config, Backend **out);
// Asks the module which devices there are (BackendKind.find).
Status cuda_find(BackendDevice *out, int max, int *count);

#endif
