// A thin skin over SQLite: statements with values in, rows out, failures as sentences. The one
// place that knows there is such a library (sql.c); a build without it has sql_none.c, where
// opening says so and nothing else is ever called. Not here: what is kept (store.h).
//
// One connection belongs to one thread at a time. Another process may have the same file open:
// writing waits for it up to SQL_PATIENCE_MS, reading never has to (write-ahead log).
#ifndef INKLING_HISTORY_SQL_H
#define INKLING_HISTORY_SQL_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { SQL_PATIENCE_MS = 3000 };

typedef struct Sql Sql;
typedef struct SqlRow SqlRow; // lent to a reader for the time of its call

// A value for a '?' of a statement. Texts and bytes are used during the call only.
typedef struct SqlValue {
    enum { SQL_IS_INT, SQL_IS_REAL, SQL_IS_TEXT, SQL_IS_BYTES } kind;
    int64_t integer;
    double real;
    const void *bytes;
    size_t size;
} SqlValue;
#define SQL_INT(value)  ((SqlValue){.kind = SQL_IS_INT, .integer = (value)})
#define SQL_REAL(value) ((SqlValue){.kind = SQL_IS_REAL, .real = (value)})
#define SQL_TEXT(value) ((SqlValue){.kind = SQL_IS_TEXT, .bytes = (value)})
#define SQL_BYTES(value, count)                                                                    \
    ((SqlValue){.kind = SQL_IS_BYTES, .bytes = (value), .size = (count)})

// Does this build have SQLite?
bool sql_is_there(void);

// Opens the file, which is made if it is not there; its directory must be. STATUS_UNSUPPORTED in a
// build without SQLite. What is wrong with the file itself is often found by the first statement.
Status sql_open(const char *path, Sql **out);
void sql_close(Sql **sql);

// Runs statements without values and without rows, separated by ';'.
Status sql_run(Sql *sql, const char *statements);
// Runs one statement with its values; rows it gives are passed over.
Status sql_do(Sql *sql, const char *statement, const SqlValue *values, int count);
// The same with its rows handed to `read` one by one; a failure of `read` ends it and is passed on.
Status sql_read(Sql *sql, const char *statement, const SqlValue *values, int count,
                Status (*read)(void *context, const SqlRow *row), void *context);
// The first column of the first row as a number; `fallback` when there is no row.
Status sql_number(Sql *sql, const char *statement, const SqlValue *values, int count,
                  int64_t fallback, int64_t *out);

// Did the last statement fail because another process has the file at the moment?
bool sql_is_locked(const Sql *sql);

// Of the last row that was inserted, and how many rows the last statement changed.
int64_t sql_last_id(const Sql *sql);
int sql_changed(const Sql *sql);

// Columns of a row, 0 = first. NULL reads as 0, NaN (which SQLite keeps as NULL), "" or no bytes.
// Valid during the reader's call.
int64_t sql_row_int(const SqlRow *row, int column);
double sql_row_real(const SqlRow *row, int column);
const char *sql_row_text(const SqlRow *row, int column);
const void *sql_row_bytes(const SqlRow *row, int column, size_t *size);

#endif
