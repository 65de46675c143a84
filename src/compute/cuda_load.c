// Opening the CUDA module. What it computes is kernels/cuda's business.
#include "compute/cuda_module.h"

#include "base/file.h"
#include "base/text.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char module_file[] = "inkling-cuda.so";

// The directory that the running program lies in.
static bool program_directory(char out[FILE_PATH_MAX]) {
    ssize_t size = readlink("/proc/self/exe", out, FILE_PATH_MAX - 1);
    if (size <= 0 || size >= FILE_PATH_MAX - 1) return false;
    out[size] = '\0';
    char *slash = strrchr(out, '/');
    if (!slash) return false;
    *slash = '\0';
    return true;
}

// Beside the program, in the build tree as seen from the program and from a test, where `ninja
// install` puts it as seen from the program and from anywhere.
static bool find_module(char out[FILE_PATH_MAX]) {
    static const char *const below[] = {"", "kernels/cuda", "../kernels/cuda", "../lib/inkling"};
    char program[FILE_PATH_MAX], directory[FILE_PATH_MAX];
    const char *named = getenv("INKLING_CUDA_MODULE");
    if (named && named[0]) {
        text_copy(out, FILE_PATH_MAX, named);
        return true;
    }
    if (program_directory(program))
        for (size_t i = 0; i < sizeof below / sizeof below[0]; i++)
            if (path_join(directory, program, below[i]) && path_join(out, directory, module_file) &&
                file_exists(out))
                return true;
    return path_join(out, INKLING_LIBDIR "/inkling", module_file) && file_exists(out);
}

// "cuda", "cuda:NUMBER", "cuda:NUMBER:tf32".
static Status parse_device(const char *text, int *device, bool *tf32) {
    char *end = NULL;
    const char *rest = text + strcspn(text, ":");
    *device = 0;
    *tf32 = false;
    if (rest[0] == '\0') return status_ok();
    long number = rest[1] >= '0' && rest[1] <= '9' ? strtol(rest + 1, &end, 10) : -1;
    if (number >= 0 && number < 1024 && (*end == '\0' || strcmp(end, ":tf32") == 0)) {
        *device = (int)number;
        *tf32 = *end != '\0';
        return status_ok();
    }
    return status_error(STATUS_USAGE,
                        "\"%.60s\" is not a CUDA device; they are called cuda, cuda:1, cuda:0:tf32",
                        text);
}

// Once opened, the module stays: the driver may have threads of its own in it.
static Status module_load(const CudaModule **out) {
    char path[FILE_PATH_MAX];
    if (!find_module(path))
        return status_error(STATUS_UNSUPPORTED,
                            "there is no CUDA module (%s) with this program: build it where nvcc "
                            "and cuBLAS are, with -Dcuda=enabled, or use --device cpu",
                            module_file);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *why = dlerror();
        return status_error(STATUS_UNSUPPORTED,
                            "the CUDA module cannot be opened (%.250s); install the CUDA runtime "
                            "with cuBLAS, or use --device cpu",
                            why ? why : path);
    }
    const CudaModule *module = dlsym(library, CUDA_MODULE_SYMBOL);
    if (!module || module->version != CUDA_MODULE_VERSION ||
        module->ops_size != sizeof(BackendOps)) {
        Status status = status_error(
            STATUS_UNSUPPORTED,
            "the CUDA module %.250s is of another version of this program: build it again, or use "
            "--device cpu",
            path);
        dlclose(library);
        return status;
    }
    *out = module;
    return status_ok();
}

Status cuda_open(const BackendConfig *config, Backend **out) {
    const CudaModule *module;
    int device;
    bool tf32;
    Status status = parse_device(config->device, &device, &tf32);
    if (status_is_ok(&status)) status = module_load(&module);
    return status_is_ok(&status) ? module->open(device, tf32, out) : status;
}

Status cuda_find(BackendDevice *out, int max, int *count) {
    const CudaModule *module;
    *count = 0;
    Status status = module_load(&module);
    return status_is_ok(&status) ? module->find(out, max, count) : status;
}
