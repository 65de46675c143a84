// Memory operations of the back ends that compute on this machine's processor: device memory is
// host memory.
#ifndef INKLING_COMPUTE_HOST_H
#define INKLING_COMPUTE_HOST_H

#include "compute/backend.h"

// Aligned as backend.h promises; large blocks lie on large pages where the system has them.
void *host_alloc(Backend *be, size_t bytes);
void host_release(Backend *be, void *device);
const void *host_share(Backend *be, const void *host, size_t bytes);
void host_unshare(Backend *be, const void *device);
void host_upload(Backend *be, void *device, const void *host, size_t bytes);
void host_download(Backend *be, void *host, const void *device, size_t bytes);
void host_copy(Backend *be, void *to_device, const void *from_device, size_t bytes);
void host_zero(Backend *be, void *device, size_t bytes);
Status host_sync(Backend *be);

#endif
