// The kinds of device this program knows, and how one is opened by name.
#include "compute/backend.h"

#include "base/tr.h"
#include "compute/cpu.h"
#include "compute/cuda_module.h"
#include "compute/ref.h"

#include <string.h>

const BackendKind backend_kinds[] = {
    {"cpu", TR("this machine's processor"), cpu_open, NULL},
    {"cuda", TR("an NVIDIA GPU"), cuda_open, cuda_find},
    {"ref", TR("plain C on one core: slow, for checking"), ref_open, NULL},
};
const int backend_kind_count = sizeof backend_kinds / sizeof backend_kinds[0];

Status backend_open(const BackendConfig *config, Backend **out) {
    *out = NULL;
    const char *device = config->device ? config->device : "cpu";
    size_t length = strcspn(device, ":"); // "cuda:1" is of kind "cuda"
    for (int i = 0; i < backend_kind_count; i++) {
        const BackendKind *kind = &backend_kinds[i];
        if (strlen(kind->name) == length && memcmp(kind->name, device, length) == 0)
            return kind->open(config, out);
    }
    return status_error(STATUS_USAGE, "there is no device \"%s\"; known are cpu, cuda and ref",
                        device);
}

void backend_close(Backend **be) {
    if (!*be) return;
    (*be)->ops->close(*be);
    *be = NULL;
}
