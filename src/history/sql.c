// SQLite itself.
#include "history/sql.h"

#include "base/check.h"
#include "base/file.h"
#include "base/text.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct Sql {
    sqlite3 *db;
    char path[FILE_PATH_MAX];
};

struct SqlRow {
    sqlite3_stmt *statement;
};

// What went wrong last on this connection, as a sentence that names the file.
static Status sql_error(const Sql *sql, int code) {
    static const struct {
        int code;
        StatusCode status;
        const char *advice;
    } rows[] = {
        {SQLITE_NOTADB, STATUS_FORMAT, "; it is no history: move it away to begin a new one"},
        {SQLITE_CORRUPT, STATUS_FORMAT, "; move it away to begin a new history"},
        {SQLITE_NOMEM, STATUS_MEMORY, ""},
        {SQLITE_BUSY, STATUS_IO, " by another program; close that, or try again"},
        {SQLITE_LOCKED, STATUS_IO, " by another program; close that, or try again"},
    };
    const char *says = sql->db ? sqlite3_errmsg(sql->db) : "not enough memory";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == (code & 0xff))
            return status_error(rows[i].status, "%.250s: %.120s%s", sql->path, says,
                                rows[i].advice);
    return status_error(STATUS_IO, "%.250s: %.160s", sql->path, says);
}

bool sql_is_there(void) {
    return true;
}

Status sql_open(const char *path, Sql **out) {
    Sql *sql = calloc(1, sizeof *sql);
    *out = NULL;
    if (!sql) return status_no_memory("the history", sizeof *sql);
    text_copy(sql->path, sizeof sql->path, path);
    int code = sqlite3_open_v2(path, &sql->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (code != SQLITE_OK) {
        Status status = sql_error(sql, code);
        sql_close(&sql);
        return status;
    }
    sqlite3_extended_result_codes(sql->db, 1);
    sqlite3_busy_timeout(sql->db, SQL_PATIENCE_MS);
    *out = sql;
    return status_ok();
}

void sql_close(Sql **handle) {
    Sql *sql = *handle;
    if (!sql) return;
    *handle = NULL;
    sqlite3_close(sql->db);
    free(sql);
}

Status sql_run(Sql *sql, const char *statements) {
    int code = sqlite3_exec(sql->db, statements, NULL, NULL, NULL);
    return code == SQLITE_OK ? status_ok() : sql_error(sql, code);
}

static int sql_bind(sqlite3_stmt *statement, int place, const SqlValue *value) {
    if (value->kind == SQL_IS_INT) return sqlite3_bind_int64(statement, place, value->integer);
    if (value->kind == SQL_IS_REAL) return sqlite3_bind_double(statement, place, value->real);
    if (value->kind == SQL_IS_TEXT)
        return sqlite3_bind_text(statement, place, value->bytes, -1, SQLITE_STATIC);
    return sqlite3_bind_blob64(statement, place, value->bytes, value->size, SQLITE_STATIC);
}

Status sql_read(Sql *sql, const char *text, const SqlValue *values, int count,
                Status (*read)(void *context, const SqlRow *row), void *context) {
    SqlRow row = {NULL};
    Status status = status_ok();
    int code = sqlite3_prepare_v2(sql->db, text, -1, &row.statement, NULL);
    for (int i = 0; code == SQLITE_OK && i < count; i++)
        code = sql_bind(row.statement, i + 1, &values[i]);
    if (code == SQLITE_OK) code = SQLITE_ROW;
    while (code == SQLITE_ROW && status_is_ok(&status)) {
        code = sqlite3_step(row.statement);
        if (code == SQLITE_ROW && read) status = read(context, &row);
    }
    // Before the statement goes: its end would take the message with it.
    if (code != SQLITE_ROW && code != SQLITE_DONE) status = sql_error(sql, code);
    sqlite3_finalize(row.statement);
    return status;
}

Status sql_do(Sql *sql, const char *statement, const SqlValue *values, int count) {
    return sql_read(sql, statement, values, count, NULL, NULL);
}

static Status sql_take_number(void *context, const SqlRow *row) {
    *(int64_t *)context = sql_row_int(row, 0);
    return status_ok();
}

Status sql_number(Sql *sql, const char *statement, const SqlValue *values, int count,
                  int64_t fallback, int64_t *out) {
    *out = fallback;
    return sql_read(sql, statement, values, count, sql_take_number, out);
}

bool sql_is_locked(const Sql *sql) {
    int code = sqlite3_errcode(sql->db) & 0xff;
    return code == SQLITE_BUSY || code == SQLITE_LOCKED;
}

int64_t sql_last_id(const Sql *sql) {
    return sqlite3_last_insert_rowid(sql->db);
}
int sql_changed(const Sql *sql) {
    return sqlite3_changes(sql->db);
}

int64_t sql_row_int(const SqlRow *row, int column) {
    return sqlite3_column_int64(row->statement, column);
}
double sql_row_real(const SqlRow *row, int column) {
    if (sqlite3_column_type(row->statement, column) == SQLITE_NULL) return (double)NAN;
    return sqlite3_column_double(row->statement, column);
}
const char *sql_row_text(const SqlRow *row, int column) {
    const unsigned char *text = sqlite3_column_text(row->statement, column);
    return text ? (const char *)text : "";
}
const void *sql_row_bytes(const SqlRow *row, int column, size_t *size) {
    const void *bytes = sqlite3_column_blob(row->statement, column);
    *size = bytes ? (size_t)sqlite3_column_bytes(row->statement, column) : 0;
    return bytes;
}
