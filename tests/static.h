// What clang's analyzer, which looks at one file at a time, has to know of base/status.h: which of
// its functions say that something failed. tests/static.sh puts it before every file but status.c.
#ifndef INKLING_TESTS_STATIC_H
#define INKLING_TESTS_STATIC_H

#include "base/status.h"

static inline Status status_known(Status status, bool ok) {
    if ((status.code == STATUS_OK) != ok) __builtin_unreachable();
    return status;
}

#define status_ok()           status_known(status_ok(), true)
#define status_error(...)     status_known(status_error(__VA_ARGS__), false)
#define status_no_memory(...) status_known(status_no_memory(__VA_ARGS__), false)
#define status_errno(...)     status_known(status_errno(__VA_ARGS__), false)

#endif
