// Status values: filling in the sentence.
#include "base/status.h"
#include "base/check.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

Status status_ok(void) {
    Status status;
    status.code = STATUS_OK;
    status.message[0] = '\0';
    return status;
}

Status status_error(StatusCode code, const char *format, ...) {
    ASSERT(code != STATUS_OK);
    Status status;
    status.code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(status.message, sizeof status.message, format, args);
    va_end(args);
    // Names and values in it are often a stranger's.
    text_make_line(status.message);
    return status;
}

Status status_no_memory(const char *what, unsigned long long bytes) {
    return status_error(STATUS_MEMORY, "not enough memory for %s (%llu bytes)", what, bytes);
}

Status status_errno(const char *doing, const char *path, int error_number) {
    StatusCode code = error_number == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    return status_error(code, "cannot %s %s: %s", doing, path, strerror(error_number));
}

Status status_prefix(Status inner, const char *prefix) {
    if (inner.code == STATUS_OK) return inner;
    Status outer;
    outer.code = inner.code;
    // Precision keeps the compiler sure that nothing is overrun; a long message is cut.
    snprintf(outer.message, sizeof outer.message, "%.200s: %.270s", prefix, inner.message);
    text_make_line(outer.message);
    return outer;
}
