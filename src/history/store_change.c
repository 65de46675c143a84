// What a person changes about runs that are kept, and finding out which ones were interrupted.
#include "history/store_parts.h"

#include "base/text.h"
#include "base/tr.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// One column of one run; `values` ends with its id.
static Status store_update(Store *store, const char *statement, SqlValue value, int64_t id) {
    const SqlValue values[] = {value, SQL_INT(id)};
    Status status = sql_do(store->sql, statement, values, 2);
    if (status_is_ok(&status) && sql_changed(store->sql) == 0)
        status = status_error(STATUS_NOT_FOUND, TR("there is no run %lld in the history"),
                              (long long)id);
    return status;
}

Status store_rename(Store *store, int64_t id, const char *name) {
    char copy[KEPT_NAME_MAX];
    text_copy(copy, sizeof copy, name);
    return store_update(store, "UPDATE runs SET name = ? WHERE id = ?", SQL_TEXT(copy), id);
}

Status store_pin(Store *store, int64_t id, bool pinned) {
    return store_update(store, "UPDATE runs SET pinned = ? WHERE id = ?", SQL_INT(pinned), id);
}

Status store_color(Store *store, int64_t id, int color) {
    return store_update(store, "UPDATE runs SET color = ? WHERE id = ?", SQL_INT(color), id);
}

Status store_delete(Store *store, int64_t id) {
    char path[FILE_PATH_MAX];
    const SqlValue which = SQL_INT(id);
    int64_t training;
    Status status;
    TRY(store_mark_interrupted(store));
    TRY(sql_number(store->sql, "SELECT state = 'training' FROM runs WHERE id = ?", &which, 1, -1,
                   &training));
    if (training < 0)
        TRY(status_error(STATUS_NOT_FOUND, TR("there is no run %lld in the history"),
                         (long long)id));
    if (training)
        TRY(status_error(STATUS_USAGE, TR("run %lld is being trained; stop it first"),
                         (long long)id));
    TRY(sql_do(store->sql, "DELETE FROM runs WHERE id = ?", &which, 1));
    for (int i = 0; i < KEPT_WEIGHTS_COUNT; i++)
        if (store_weights_path(store, id, (KeptWeights)i, path)) unlink(path);
    TRY(sql_do(store->sql, "PRAGMA incremental_vacuum", NULL, 0));
fail:
    return status;
}

// ---- who is still training ----------------------------------------------------------------------

typedef struct Owners {
    char (*name)[ALIVE_NAME_MAX];
    size_t count;
} Owners;

static Status store_take_owner(void *context, const SqlRow *row) {
    Owners *owners = context;
    void *more = realloc(owners->name, (owners->count + 1) * sizeof *owners->name);
    if (!more) return status_no_memory("the history", owners->count * sizeof *owners->name);
    owners->name = more;
    text_copy(owners->name[owners->count++], ALIVE_NAME_MAX, sql_row_text(row, 0));
    return status_ok();
}

Status store_mark_interrupted(Store *store) {
    Owners owners = {0};
    Status status;
    TRY(sql_read(store->sql, "SELECT DISTINCT owner FROM runs WHERE state = 'training'", NULL, 0,
                 store_take_owner, &owners));
    for (size_t i = 0; i < owners.count; i++) {
        const SqlValue owner = SQL_TEXT(owners.name[i]);
        if (alive_is(&store->alive, owners.name[i])) continue;
        TRY(sql_do(store->sql,
                   "UPDATE runs SET state = 'interrupted' WHERE state = 'training' AND owner = ?",
                   &owner, 1));
    }
fail:
    free(owners.name);
    return status;
}
