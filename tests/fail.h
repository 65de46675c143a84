// Allocations and file calls that fail on demand, for tests. Linked into a test program (see
// fail_args in meson.build) it stands between all of the program and the C library's allocator, or,
// in builds with a sanitizer, between our own code and it; and between our own code and the calls
// that write files. Any thread; arm and disarm from one.
#ifndef INKLING_TESTS_FAIL_H
#define INKLING_TESTS_FAIL_H

#include <stdbool.h>

typedef enum FailKind {
    FAIL_MEMORY, // malloc, calloc, realloc, aligned_alloc
    FAIL_FILES,  // open, mkostemp, write, fsync, close, linkat, rename, mkdir
    FAIL_KINDS
} FailKind;

// From now on call number `nth` of this kind (1 = the next) fails, and with `on` every one behind
// it too. Files fail with `error` (errno); a write fails every other time by writing only a part.
// `nth` 0: none fails, they are only counted.
void fail_arm(FailKind kind, long nth, bool on, int error);
// Nothing fails any more. Returns how many calls there were since fail_arm.
long fail_disarm(FailKind kind);

// For calls that do not come here by themselves: counts one; true when it is to fail (errno is
// set).
bool fail_next(FailKind kind);

// The calls of FAIL_FILES since it was armed, in their order: " open write fsync". The first few
// hundred.
const char *fail_file_calls(void);

// Did the first call that failed since fail_arm come from our own code, and not from a library's?
bool fail_was_ours(void);

// Blocks of memory that have not been freed yet; 0 where a sanitizer keeps that count.
long fail_live_blocks(void);

#endif
