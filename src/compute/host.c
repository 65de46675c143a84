// Host memory as device memory.
#define _DEFAULT_SOURCE // madvise
#include "compute/host.h"

#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

// From here on a block gets large pages: a batch's images are walked in strides of many kilobytes,
// and small pages would cost a look into the page tables for nearly each of them.
enum { LARGE_BLOCK = 4 << 20, LARGE_PAGE = 2 << 20 };

void *host_alloc(Backend *be, size_t bytes) {
    (void)be;
    size_t align = bytes >= LARGE_BLOCK ? LARGE_PAGE : 64;
    if (bytes > SIZE_MAX - align) return NULL;
    size_t rounded = (bytes + align - 1) / align * align;
    void *block = aligned_alloc(align, rounded ? rounded : align);
#if defined(MADV_HUGEPAGE)
    // Advice: where it is not taken, everything works as well.
    if (block && align == LARGE_PAGE) madvise(block, rounded, MADV_HUGEPAGE);
#endif
    return block;
}

void host_release(Backend *be, void *device) {
    (void)be;
    free(device);
}

// Host memory is device memory: nothing to copy, nothing to give back.
const void *host_share(Backend *be, const void *host, size_t bytes) {
    (void)be, (void)bytes;
    return host;
}

void host_unshare(Backend *be, const void *device) {
    (void)be, (void)device;
}

void host_copy(Backend *be, void *to_device, const void *from_device, size_t bytes) {
    (void)be;
    if (bytes) memcpy(to_device, from_device, bytes);
}

void host_upload(Backend *be, void *device, const void *host, size_t bytes) {
    host_copy(be, device, host, bytes);
}

void host_download(Backend *be, void *host, const void *device, size_t bytes) {
    host_copy(be, host, device, bytes);
}

void host_zero(Backend *be, void *device, size_t bytes) {
    (void)be;
    if (bytes) memset(device, 0, bytes);
}

Status host_sync(Backend *be) {
    (void)be;
    return status_ok();
}
