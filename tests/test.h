// What every cmocka test needs: cmocka and its headers in the right order, and assertions on
// Status.
#ifndef INKLING_TESTS_TEST_H
#define INKLING_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/status.h"

#include <stdio.h>
#include <string.h>

// The status must be OK; otherwise its sentence is shown.
#define assert_ok(expr)                                                                            \
    do {                                                                                           \
        Status assert_status_ = (expr);                                                            \
        if (assert_status_.code != STATUS_OK) fail_msg("%s: %s", #expr, assert_status_.message);   \
    } while (0)

// The status must be this code, and its sentence contain `part`.
#define assert_fails(expr, expected, part)                                                         \
    do {                                                                                           \
        Status assert_status_ = (expr);                                                            \
        if (assert_status_.code != (expected))                                                     \
            fail_msg("%s: code %d, not %d: %s", #expr, (int)assert_status_.code, (int)(expected),  \
                     assert_status_.message);                                                      \
        if (!strstr(assert_status_.message, part))                                                 \
            fail_msg("%s: \"%s\" does not say \"%s\"", #expr, assert_status_.message, part);       \
    } while (0)

#endif
