// Which files, from where, in which order, and when a file may have its name. Talks to no library
// itself (transport.h).
#include "dataset/fetch.h"
#include "base/file.h"
#include "base/text.h"
#include "base/thread.h"
#include "dataset/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Sums of the unpacked contents; sizes as the mirrors pack them.
const FetchFile fetch_mnist_files[] = {
    {"train-images-idx3-ubyte.gz",
     "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 47040016, 9912422},
    {"train-labels-idx1-ubyte.gz",
     "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 60008, 28881},
    {"t10k-images-idx3-ubyte.gz",
     "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 7840016, 1648877},
    {"t10k-labels-idx1-ubyte.gz",
     "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 10008, 4542},
    {0},
};

const char *const fetch_mnist_mirrors[] = {
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    NULL,
};

enum { SPARE_BYTES = 1024 * 1024 }; // how much a packed file may exceed its contents

// One call of fetch_files.
typedef struct Fetch {
    const char *directory;
    const char *const *mirrors;
    const FetchFile *files;
    int file_count;
    const FetchOptions *options;
    const Logger *log;
    FetchProgress progress;
    uint64_t done_bytes; // of the files before this one
    double told;         // when the progress was last passed on
} Fetch;

bool fetch_is_available(void) {
    return transport_is_available();
}

// True for http://HOST[:PORT]/ with a host that is this machine, and nothing else before the path.
static bool is_loopback(const char *url) {
    static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        size_t size = strlen(hosts[i]);
        if (strncmp(url, hosts[i], size) != 0) continue;
        const char *p = url + size;
        if (*p == ':') p += 1 + strspn(p + 1, "0123456789");
        if (*p == '/') return true;
    }
    return false;
}

static bool tell(Fetch *fetch, bool always) {
    const double interval = 0.1;
    double now = clock_seconds();
    if (!fetch->options->progress || (!always && now - fetch->told < interval)) return true;
    fetch->told = now;
    return fetch->options->progress(fetch->options->context, &fetch->progress);
}

static bool on_transport(void *context, uint64_t now, uint64_t total) {
    Fetch *fetch = context;
    fetch->progress.file_bytes = now;
    if (total > 0) fetch->progress.file_total = total;
    uint64_t size = fetch->files[fetch->progress.file].size; // a mirror may pack less tightly
    fetch->progress.total_bytes = fetch->done_bytes + (now < size ? now : size);
    return tell(fetch, false);
}

// Whether the contents are the right ones. STATUS_FORMAT: they are not, with the reason.
static Status verify(const char *path, const FetchFile *file) {
    char sum[TRANSPORT_SUM_BYTES];
    Status status = transport_sum(path, file->unpacked_size, sum);
    if (!status_is_ok(&status) || strcmp(sum, file->sha256) == 0) return status;
    return status_error(STATUS_FORMAT,
                        "%s: wrong contents: the SHA-256 of what it holds begins with %.16s, "
                        "expected %.16s",
                        path, sum, file->sha256);
}

// Two programs must not write the same file. The lock ends with the descriptor.
static Status lock_part(FILE *part, const char *path) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fileno(part), F_SETLK, &lock) == 0) return status_ok();
    if (errno == EACCES || errno == EAGAIN) {
        return status_error(STATUS_IO, "%s: another program is downloading it at this moment",
                            path);
    }
    return status_ok(); // a file system without locks
}

// Appends what is missing to the .part file.
static Status download(Fetch *fetch, const FetchFile *file, const char *url, FILE *part,
                       const char *part_path) {
    bool no_resume = false;
    Status status = status_ok();
    for (int attempt = 0; attempt < 2; attempt++) {
        if (fseeko(part, 0, SEEK_END) != 0) return status_errno("read", part_path, errno);
        TransportRequest request = {
            .url = url,
            .loopback = is_loopback(url),
            .file = part,
            .from = (uint64_t)ftello(part),
            .limit = file->unpacked_size + SPARE_BYTES,
            .progress = on_transport,
            .context = fetch,
        };
        status = transport_get(&request, &no_resume);
        if (fflush(part) != 0 && status_is_ok(&status)) {
            status = status_errno("write", part_path, errno);
        }
        if (!no_resume) break;
        // The server cannot go on from the middle: once more from the beginning.
        if (ftruncate(fileno(part), 0) != 0) return status_errno("write", part_path, errno);
    }
    if (status_is_ok(&status) && fsync(fileno(part)) != 0) {
        status = status_errno("write", part_path, errno);
    }
    return status;
}

// From one mirror into `path`, by way of `part_path`.
static Status fetch_from(Fetch *fetch, const FetchFile *file, const char *mirror, const char *path,
                         const char *part_path) {
    char url[FILE_PATH_MAX];
    if (strncmp(mirror, "https://", 8) != 0 && !is_loopback(mirror)) {
        return status_error(STATUS_USAGE, "%s: only https addresses are fetched from", mirror);
    }
    if (snprintf(url, sizeof url, "%s%s", mirror, file->name) >= (int)sizeof url) {
        return status_error(STATUS_USAGE, "the address %s is too long", mirror);
    }
    FILE *part = fopen(part_path, "ab");
    if (!part) return status_errno("write", part_path, errno);
    Status status = lock_part(part, part_path);
    if (status_is_ok(&status)) status = download(fetch, file, url, part, part_path);
    (void)fclose(part);
    if (!status_is_ok(&status)) return status;
    status = verify(part_path, file);
    if (status.code == STATUS_FORMAT) {
        status = status_prefix(status, mirror);
        (void)remove(part_path); // never continue what is wrong
    }
    if (!status_is_ok(&status)) return status;
    if (rename(part_path, path) != 0) return status_errno("rename", part_path, errno);
    return status;
}

// A file of that name that is right: *done. One that is wrong is not ours to delete.
static Status look_at_present(const FetchFile *file, const char *path, bool *done) {
    *done = false;
    if (!file_exists(path)) return status_ok();
    Status status = verify(path, file);
    *done = status_is_ok(&status);
    if (status.code != STATUS_FORMAT) return status;
    return status_error(STATUS_FORMAT,
                        "%s is there already but is damaged or something else: move it away, or "
                        "fetch into another directory",
                        path);
}

static Status fetch_file(Fetch *fetch, const FetchFile *file) {
    char path[FILE_PATH_MAX], part_path[FILE_PATH_MAX];
    bool done;
    if (!path_join(path, fetch->directory, file->name) ||
        snprintf(part_path, sizeof part_path, "%s.part", path) >= (int)sizeof part_path) {
        return status_error(STATUS_USAGE, "the path %s is too long", fetch->directory);
    }
    Status status = look_at_present(file, path, &done);
    if (!status_is_ok(&status)) return status;
    fetch->progress.present = done;
    if (done) return status;
    if (!tell(fetch, true)) return status_error(STATUS_CANCELLED, "the download was cancelled");
    if (file_exists(part_path)) { // perhaps it was only the rename that was missing
        status = verify(part_path, file);
        if (status_is_ok(&status)) {
            if (rename(part_path, path) == 0) return status;
            return status_errno("rename", part_path, errno);
        }
    }
    status = status_error(STATUS_USAGE, "no mirror to fetch from");
    for (const char *const *mirror = fetch->mirrors; *mirror; mirror++) {
        status = fetch_from(fetch, file, *mirror, path, part_path);
        if (status_is_ok(&status) || status.code == STATUS_CANCELLED) return status;
        if (mirror[1])
            log_write(fetch->log, LOG_WARNING, "%s; trying the next mirror", status.message);
    }
    char prefix[FILE_PATH_MAX];
    snprintf(prefix, sizeof prefix, "cannot fetch %s", file->name);
    return status_prefix(status, prefix);
}

Status fetch_files(const char *directory, const FetchOptions *options, const Logger *log) {
    static const FetchOptions defaults = {0};
    Fetch fetch = {.directory = directory, .options = options ? options : &defaults, .log = log};
    fetch.mirrors = fetch.options->mirrors ? fetch.options->mirrors : fetch_mnist_mirrors;
    fetch.files = fetch.options->files ? fetch.options->files : fetch_mnist_files;
    fetch.file_count = fetch.options->file_count;
    if (!fetch.options->files) {
        for (fetch.file_count = 0; fetch_mnist_files[fetch.file_count].name;) fetch.file_count++;
    }
    if (!transport_is_available()) {
        bool no_resume;
        TransportRequest nothing = {0};
        return transport_get(&nothing, &no_resume); // says what to install
    }
    Status status = file_make_directories(directory);
    if (!status_is_ok(&status)) return status;
    fetch.progress.file_count = fetch.file_count;
    for (int i = 0; i < fetch.file_count; i++) fetch.progress.total_total += fetch.files[i].size;
    for (int i = 0; i < fetch.file_count; i++) {
        const FetchFile *file = &fetch.files[i];
        fetch.progress.name = file->name;
        fetch.progress.file = i;
        fetch.progress.file_bytes = 0;
        fetch.progress.file_total = file->size;
        status = fetch_file(&fetch, file);
        if (!status_is_ok(&status)) return status;
        fetch.done_bytes += file->size;
        fetch.progress.file_bytes = fetch.progress.file_total;
        fetch.progress.total_bytes = fetch.done_bytes;
        if (!tell(&fetch, true))
            return status_error(STATUS_CANCELLED, "the download was cancelled");
    }
    return status;
}
