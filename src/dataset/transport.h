// What fetch.c asks of the network and of the checksum library, so that libcurl and libmd are each
// named in one file, and a build without them is one other file. Private to the download.
#ifndef INKLING_DATASET_TRANSPORT_H
#define INKLING_DATASET_TRANSPORT_H

#include "base/status.h"

#include <stdint.h>
#include <stdio.h>

enum { TRANSPORT_SUM_BYTES = 65 }; // SHA-256 as hex digits and a NUL

typedef struct TransportRequest {
    const char *url;
    bool loopback;  // plain http is allowed, proxies are not used
    FILE *file;     // what comes is written at its end
    uint64_t from;  // bytes that are there already: asks for the rest
    uint64_t limit; // never more than this in all
    // Called often; `now` and `total` (0: not known) count from the file's beginning. False: stop.
    bool (*progress)(void *context, uint64_t now, uint64_t total);
    void *context;
} TransportRequest;

bool transport_is_available(void);

// *no_resume is set when it failed because the server cannot continue in the middle (or says that
// there is nothing behind `from`).
Status transport_get(const TransportRequest *request, bool *no_resume);

// SHA-256 of the unpacked contents of a file. STATUS_FORMAT when there are more than `limit` bytes.
Status transport_sum(const char *path, uint64_t limit, char out[TRANSPORT_SUM_BYTES]);

#endif
