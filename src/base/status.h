// What a function says when the outside world (a file, a device, a user) does not do as hoped:
// a kind of failure and a sentence for a person. The sentence names which file, where in it, what
// was expected and, where it helps, what to do.
#ifndef INKLING_BASE_STATUS_H
#define INKLING_BASE_STATUS_H

#include <stdbool.h>

typedef enum StatusCode {
    STATUS_OK = 0,
    STATUS_USAGE,       // the caller asked for something that makes no sense (exit status 2)
    STATUS_NOT_FOUND,   // a file, preset, device ... that is not there
    STATUS_IO,          // the operating system refused: permission, disk full, network
    STATUS_FORMAT,      // bytes that are not what their file promised
    STATUS_MEMORY,      // not enough of it
    STATUS_UNSUPPORTED, // well formed, but not something this build or program can do
    STATUS_CANCELLED,   // stopped on request
    STATUS_DIVERGED,    // a number became infinite or NaN
} StatusCode;

enum { STATUS_MESSAGE_MAX = 480 };

// A plain value; copying it is fine. `message` is "" when code is STATUS_OK, else one sentence in
// UTF-8 without a newline (cut, never overrun, when too long).
typedef struct Status {
    StatusCode code;
    char message[STATUS_MESSAGE_MAX];
} Status;

Status status_ok(void);

// printf-like. `code` must not be STATUS_OK. The sentence is translated here (base/tr.h), if its
// format is marked TR("...") and a catalog is in use: what the window's users meet is.
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
Status
status_error(StatusCode code, const char *format, ...);

// STATUS_MEMORY with "not enough memory for WHAT (N bytes)".
Status status_no_memory(const char *what, unsigned long long bytes);

// STATUS_IO with "cannot DOING PATH: strerror(error_number)"; ENOENT gives STATUS_NOT_FOUND. Of a
// path of hundreds of bytes both ends are told.
Status status_errno(const char *doing, const char *path, int error_number);

// `inner` with "PREFIX: " put before its message; STATUS_OK passes through unchanged.
Status status_prefix(Status inner, const char *prefix);

static inline bool status_is_ok(const Status *status) {
    return status->code == STATUS_OK;
}

// Leaves through the function's `fail:` label when `expr` is not OK. Needs a local `Status status`.
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        status = (expr);                                                                           \
        if (status.code != STATUS_OK) goto fail;                                                   \
    } while (0)

#endif
