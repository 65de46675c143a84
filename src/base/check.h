// Two of the three ways to fail: a bug in our own code (ASSERT, debug builds) and a state that is
// corrupt beyond repair (REQUIRE, every build). Both print one line and abort. The third, the
// outside world going wrong, is a Status (status.h) and never comes here.
#ifndef INKLING_BASE_CHECK_H
#define INKLING_BASE_CHECK_H

// Prints "FILE:LINE: WHAT" to standard error and aborts. Never returns.
_Noreturn void check_failed(const char *file, int line, const char *what);

#define REQUIRE(cond) ((cond) ? (void)0 : check_failed(__FILE__, __LINE__, #cond))

#ifdef NDEBUG
#define ASSERT(cond) ((void)sizeof(cond))
#else
#define ASSERT(cond) REQUIRE(cond)
#endif

#endif
