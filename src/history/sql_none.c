// In place of sql.c where SQLite is not there: no connection can be opened, so nothing else is ever
// called.
#include "history/sql.h"

#include "base/check.h"
#include "base/tr.h"

bool sql_is_there(void) {
    return false;
}

Status sql_open(const char *path, Sql **out) {
    (void)path;
    *out = NULL;
    return status_error(
        STATUS_UNSUPPORTED,
        TR("this build keeps no history of runs: it was made without SQLite (Debian: "
           "libsqlite3-dev)"));
}

void sql_close(Sql **sql) {
    REQUIRE(*sql == NULL);
}
Status sql_run(Sql *sql, const char *statements) {
    (void)statements;
    REQUIRE(sql);
    return status_error(STATUS_UNSUPPORTED, "no SQLite");
}
Status sql_do(Sql *sql, const char *statement, const SqlValue *values, int count) {
    (void)values;
    (void)count;
    return sql_run(sql, statement);
}
Status sql_read(Sql *sql, const char *statement, const SqlValue *values, int count,
                Status (*read)(void *context, const SqlRow *row), void *context) {
    (void)read;
    (void)context;
    return sql_do(sql, statement, values, count);
}
Status sql_number(Sql *sql, const char *statement, const SqlValue *values, int count,
                  int64_t fallback, int64_t *out) {
    *out = fallback;
    return sql_do(sql, statement, values, count);
}
bool sql_is_locked(const Sql *sql) {
    REQUIRE(sql);
    return false;
}
int64_t sql_last_id(const Sql *sql) {
    REQUIRE(sql);
    return 0;
}
int sql_changed(const Sql *sql) {
    REQUIRE(sql);
    return 0;
}
int64_t sql_row_int(const SqlRow *row, int column) {
    (void)column;
    REQUIRE(row);
    return 0;
}
double sql_row_real(const SqlRow *row, int column) {
    return (double)sql_row_int(row, column);
}
const char *sql_row_text(const SqlRow *row, int column) {
    (void)sql_row_int(row, column);
    return "";
}
const void *sql_row_bytes(const SqlRow *row, int column, size_t *size) {
    *size = 0;
    return sql_row_text(row, column);
}
