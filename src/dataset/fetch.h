// Downloads the four MNIST files: over HTTPS from public mirrors, resuming what was begun, checked
// by SHA-256 before they get their names. The only part of the program that opens a connection, and
// only when asked to. libcurl and libmd are named in fetch.c alone; built without them every call
// says what to install.
#ifndef INKLING_DATASET_FETCH_H
#define INKLING_DATASET_FETCH_H

#include "base/log.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

// `name` is what is asked for below a mirror's address and the name in the directory. `sha256` is
// of the unpacked contents (64 lower-case hex digits), so that a mirror may pack as it likes;
// `unpacked_size` bounds the unpacking. `size` is about what will come, for the progress.
typedef struct FetchFile {
    const char *name;
    const char *sha256;
    uint64_t unpacked_size, size;
} FetchFile;

typedef struct FetchProgress {
    const char *name; // the file being fetched
    int file, file_count;
    uint64_t file_bytes, file_total;   // of this file (total 0: not known)
    uint64_t total_bytes, total_total; // of all files
    bool present;                      // already there and right: nothing to do
} FetchProgress;

typedef struct FetchOptions {
    // Addresses that end in "/", NULL-terminated, tried in order for each file; NULL: the built-in
    // mirrors. https only, except http to 127.0.0.1, [::1] and localhost.
    const char *const *mirrors;
    const FetchFile *files; // NULL: the four of MNIST
    int file_count;
    // Called on the caller's thread, some times a second; returns false to cancel. May be NULL.
    bool (*progress)(void *context, const FetchProgress *progress);
    void *context;
} FetchOptions;

// The MNIST files and where they can be had, both ended by an all-zero entry.
extern const FetchFile fetch_mnist_files[];
extern const char *const fetch_mnist_mirrors[];

// True when this build can fetch.
bool fetch_is_available(void);

// Brings the files into `directory`, which is created. A file that is there already and has the
// right sum is left alone; what was begun (NAME.part) is continued. `options` NULL: all defaults.
// STATUS_CANCELLED keeps the .part. A wrong sum removes it, tries the next mirror, and is an error
// when there is none left.
Status fetch_files(const char *directory, const FetchOptions *options, const Logger *log);

#endif
