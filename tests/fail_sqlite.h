// SQLite's allocations and file calls go the way of our own (fail.h), so that they fail on demand
// too. Its fsync, and reading, do not.
#ifndef INKLING_TESTS_FAIL_SQLITE_H
#define INKLING_TESTS_FAIL_SQLITE_H

// Before anything opens a database.
void fail_take_sqlite(void);

#endif
