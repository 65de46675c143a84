// One download through libcurl, one checksum through libmd. Decides nothing: see fetch.c.
#include "dataset/packed.h"
#include "dataset/transport.h"

#include <curl/curl.h>
#include <errno.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_SECONDS = 20,
    STALLED_SECONDS = 30, // with less than STALLED_BYTES a second
    STALLED_BYTES = 64,
    REDIRECTS_MAX = 5,
    CHUNK_BYTES = 256 * 1024,
    HTTP_RANGE_NOT_SATISFIABLE = 416,
};

typedef struct Transfer {
    const TransportRequest *request;
    uint64_t written; // in all, with what was there before
    bool too_long, stopped;
    int write_error; // errno
} Transfer;

bool transport_is_available(void) {
    return true;
}

static size_t on_data(char *data, size_t unit, size_t count, void *context) {
    Transfer *transfer = context;
    size_t size = unit * count;
    if (transfer->written + size > transfer->request->limit) {
        transfer->too_long = true;
        return 0;
    }
    errno = 0;
    size_t put = fwrite(data, 1, size, transfer->request->file);
    transfer->written += put;
    if (put < size) transfer->write_error = errno != 0 ? errno : EIO;
    return put;
}

static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now) {
    (void)up_total;
    (void)up_now;
    (void)now; // without what was there before; `written` has both
    Transfer *transfer = context;
    const TransportRequest *request = transfer->request;
    uint64_t all = total > 0 ? request->from + (uint64_t)total : 0;
    if (!request->progress || request->progress(request->context, transfer->written, all)) return 0;
    transfer->stopped = true;
    return 1;
}

static void set_protocols(CURL *curl, bool loopback) {
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, loopback ? "http,https" : "https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS,
                     (long)(loopback ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS));
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, (long)CURLPROTO_HTTPS);
#endif
}

static Status explain(const Transfer *transfer, CURLcode code, long http, const char *details) {
    const char *url = transfer->request->url;
    if (transfer->stopped) return status_error(STATUS_CANCELLED, "the download was cancelled");
    if (transfer->too_long) {
        return status_error(STATUS_FORMAT, "%s: sends more than the %llu bytes that are expected",
                            url, (unsigned long long)transfer->request->limit);
    }
    if (transfer->write_error) {
        return status_errno("write what comes from", url, transfer->write_error);
    }
    if (http >= 400) {
        return status_error(STATUS_IO, "%s: the server answers with status %ld", url, http);
    }
    return status_error(STATUS_IO, "%s: %s", url,
                        details[0] != '\0' ? details : curl_easy_strerror(code));
}

Status transport_get(const TransportRequest *request, bool *no_resume) {
    Transfer transfer = {.request = request, .written = request->from};
    char details[CURL_ERROR_SIZE] = "";
    long http = 0;
    *no_resume = false;
    CURL *curl = curl_easy_init();
    if (!curl) return status_no_memory("a download", 0);
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    set_protocols(curl, request->loopback);
    if (request->loopback) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALLED_BYTES);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALLED_SECONDS);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "inkling/" INKLING_VERSION);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, details);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (request->from > 0) {
        curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)request->from);
    }
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http);
    curl_easy_cleanup(curl);
    *no_resume =
        request->from > 0 && (code == CURLE_RANGE_ERROR || http == HTTP_RANGE_NOT_SATISFIABLE);
    return code == CURLE_OK ? status_ok() : explain(&transfer, code, http, details);
}

Status transport_sum(const char *path, uint64_t limit, char out[TRANSPORT_SUM_BYTES]) {
    Status status;
    PackedFile *file = NULL;
    SHA2_CTX sum;
    uint8_t *chunk = malloc(CHUNK_BYTES);
    out[0] = '\0';
    if (!chunk) return status_no_memory("a checksum", CHUNK_BYTES);
    SHA256Init(&sum);
    TRY(packed_open(&file, path));
    uint64_t total = 0;
    for (size_t got = CHUNK_BYTES; got == CHUNK_BYTES;) {
        TRY(packed_read(file, chunk, CHUNK_BYTES, &got));
        total += got;
        if (total > limit) {
            TRY(status_error(STATUS_FORMAT, "%s: unpacks to more than the %llu bytes expected",
                             path, (unsigned long long)limit));
        }
        SHA256Update(&sum, chunk, got);
    }
    SHA256End(&sum, out);
fail:
    packed_close(&file);
    free(chunk);
    return status;
}
