// Status values: filling in the sentence.
#include "base/status.h"
#include "base/check.h"
#include "base/text.h"
#include "base/tr.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { STATUS_NAME_MAX = 300 };

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
    vsnprintf(status.message, sizeof status.message, tr(format), args);
    va_end(args);
    // Names and values in it are often a stranger's.
    text_make_line(status.message);
    return status;
}

Status status_no_memory(const char *what, unsigned long long bytes) {
    return status_error(STATUS_MEMORY, TR("not enough memory for %s (%llu bytes)"), what, bytes);
}

// What people meet, as whole sentences: they can be translated.
static const struct {
    const char *doing, *sentence;
} status_deeds[] = {
    {"open", TR("cannot open %s: %s")},
    {"read", TR("cannot read %s: %s")},
    {"write", TR("cannot write %s: %s")},
    {"create the directory", TR("cannot create the directory %s: %s")},
};
static const struct {
    int number;
    const char *text; // strerror's
} status_reasons[] = {
    {ENOENT, TR("No such file or directory")}, {EACCES, TR("Permission denied")},
    {ENOSPC, TR("No space left on device")},   {EISDIR, TR("Is a directory")},
    {ENOTDIR, TR("Not a directory")},          {EROFS, TR("Read-only file system")},
    {EIO, TR("Input/output error")},
};

static const char *status_reason(int error_number) {
    for (size_t i = 0; i < sizeof status_reasons / sizeof status_reasons[0]; i++)
        if (status_reasons[i].number == error_number) return tr(status_reasons[i].text);
    return strerror(error_number);
}

// A name as it fits into a sentence with its reason: of a long one both ends.
static void status_name(const char *path, char out[STATUS_NAME_MAX]) {
    size_t length = strlen(path);
    if (length == 0)
        snprintf(out, STATUS_NAME_MAX, "\"\"");
    else if (length < STATUS_NAME_MAX)
        snprintf(out, STATUS_NAME_MAX, "%s", path);
    else
        snprintf(out, STATUS_NAME_MAX, "%.120s...%s", path, path + length - 120);
}

Status status_errno(const char *doing, const char *path, int error_number) {
    StatusCode code = error_number == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    char name[STATUS_NAME_MAX];
    status_name(path, name);
    const char *reason = status_reason(error_number);
    for (size_t i = 0; i < sizeof status_deeds / sizeof status_deeds[0]; i++)
        if (strcmp(status_deeds[i].doing, doing) == 0)
            return status_error(code, status_deeds[i].sentence, name, reason);
    return status_error(code, "cannot %s %s: %s", doing, name, reason);
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
