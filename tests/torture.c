// See torture.h.
#include "torture.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define LEAKS_ARE_SEEN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAKS_ARE_SEEN 1
#endif
#endif
#ifdef LEAKS_ARE_SEEN
int __lsan_do_recoverable_leak_check(void);
#endif

enum { PLACES = 40 };

static void check_leaks(const Operation *operation, FailKind kind, long nth, long before) {
    long blocks = fail_live_blocks() - before;
    if (blocks > 0 && !fail_was_ours()) // a library's own affair: said, not judged
        printf("%s, call %ld: a library keeps %ld blocks\n", operation->name, nth, blocks);
    else if (blocks > 0)
        fail_msg("%s, kind %d, call %ld: %ld blocks are left", operation->name, (int)kind, nth,
                 blocks);
}

void torture(const Operation *operation, FailKind kind, bool on, int error,
             void (*check)(const Operation *operation, FailKind kind, long nth)) {
    const char *all = getenv("INKLING_TORTURE");
    // Twice without trouble: what libraries keep for later is there then.
    assert_ok(operation->run());
    fail_arm(kind, 0, false, 0);
    Status status = operation->run();
    long calls = fail_disarm(kind), step = all || calls <= PLACES ? 1 : calls / PLACES + 1, bad = 0;
    assert_ok(status);
    for (long nth = 1; nth <= calls; nth += step) {
        long before = fail_live_blocks();
        fail_arm(kind, nth, on, error);
        status = operation->run();
        fail_disarm(kind);
        bad += !status_is_ok(&status);
        if (!status_is_ok(&status) && strlen(status.message) < 10)
            fail_msg("%s, call %ld: \"%s\" says little", operation->name, nth, status.message);
        if (!operation->keeps) check_leaks(operation, kind, nth, before);
        if (operation->writes) check(operation, kind, nth);
    }
#ifdef LEAKS_ARE_SEEN
    if (__lsan_do_recoverable_leak_check()) fail_msg("%s leaks", operation->name);
#endif
    printf("%-24s %-6s %5ld calls, every %3ld%s: %ld errors\n", operation->name,
           kind == FAIL_MEMORY ? "memory" : "files", calls, step, on ? " and on" : "       ", bad);
}
