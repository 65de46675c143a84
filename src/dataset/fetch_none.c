// The download in a build without libcurl or libmd: says so.
#include "dataset/transport.h"

static Status unavailable(void) {
    return status_error(STATUS_UNSUPPORTED,
                        "this build cannot download: install libcurl4-openssl-dev and libmd-dev "
                        "and build again, or put the files into the directory yourself");
}

bool transport_is_available(void) {
    return false;
}

Status transport_get(const TransportRequest *request, bool *no_resume) {
    (void)request;
    *no_resume = false;
    return unavailable();
}

Status transport_sum(const char *path, uint64_t limit, char out[TRANSPORT_SUM_BYTES]) {
    (void)path;
    (void)limit;
    out[0] = '\0';
    return unavailable();
}
