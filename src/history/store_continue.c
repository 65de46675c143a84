// A run that is taken up again where a checkpoint stood.
#include "history/store_parts.h"

typedef struct Place {
    const KeptRun *run;
    int64_t id; // 0: not found yet
} Place;

// Is this batch the last one before the place?
static Status store_compare_place(void *context, const SqlRow *row) {
    Place *place = context;
    const KeptRun *run = place->run;
    BatchRecord last;
    size_t size;
    const unsigned char *bytes = sql_row_bytes(row, 1, &size);
    if (place->id || size != STORE_STEP_BYTES) return status_ok();
    store_unpack(bytes, 1, &last);
    long long steps = (long long)(last.epoch - 1) * run->batches + last.batch;
    if (steps == run->steps && last.seconds == (float)run->seconds) place->id = sql_row_int(row, 0);
    return status_ok();
}

// The newest run of these settings that came by here.
static Status store_find_place(Store *store, Place *place) {
    const KeptRun *run = place->run;
    const SqlValue values[] = {SQL_INT(run->steps), SQL_TEXT(run->settings), SQL_TEXT(run->data),
                               SQL_INT(run->steps), SQL_INT(run->steps)};
    return sql_read(store->sql,
                    "SELECT runs.id, substr(records, (? - 1 - first) * 24 + 1, 24)"
                    " FROM runs JOIN steps ON steps.run = runs.id"
                    " WHERE settings = ? AND data = ? AND state <> 'training'"
                    " AND first < ? AND first + length(records) / 24 >= ? ORDER BY runs.id DESC",
                    values, sizeof values / sizeof values[0], store_compare_place, place);
}

// What it had trained behind the place goes: it will be trained again.
static Status store_cut(Store *store, const KeptRun *run, int64_t id) {
    const SqlValue behind[] = {SQL_INT(id), SQL_INT(run->steps)};
    const SqlValue across[] = {SQL_INT(run->steps), SQL_INT(id), SQL_INT(run->steps)};
    const SqlValue later[] = {SQL_INT(id), SQL_INT(run->epoch)};
    Status status;
    TRY(sql_do(store->sql, "DELETE FROM steps WHERE run = ? AND first >= ?", behind, 2));
    TRY(sql_do(store->sql,
               "UPDATE steps SET records = substr(records, 1, (? - first) * 24)"
               " WHERE run = ? AND first + length(records) / 24 > ?",
               across, 3));
    TRY(sql_do(store->sql, "DELETE FROM epochs WHERE run = ? AND epoch > ?", later, 2));
fail:
    return status;
}

static Status store_take_over(Store *store, const KeptRun *run, int64_t id) {
    const SqlValue values[] = {SQL_TEXT(store->alive.name), SQL_INT(run->steps),
                               SQL_INT(run->epoch), SQL_REAL(run->seconds), SQL_INT(id)};
    return sql_do(
        store->sql,
        "UPDATE runs SET state = 'training', failure = '', owner = ?, steps = ?, epoch = ?,"
        " seconds = ?,"
        " loss = coalesce((SELECT train_loss FROM epochs WHERE run = id ORDER BY epoch DESC"
        "  LIMIT 1), loss),"
        " test_accuracy = coalesce((SELECT test_accuracy FROM epochs WHERE run = id"
        "  ORDER BY epoch DESC LIMIT 1), 0),"
        " best_accuracy = coalesce((SELECT max(test_accuracy) FROM epochs WHERE run = id), 0),"
        " best_epoch = coalesce((SELECT epoch FROM epochs WHERE run = id"
        "  ORDER BY test_accuracy DESC, epoch LIMIT 1), 0)"
        " WHERE id = ?",
        values, sizeof values / sizeof values[0]);
}

static Status store_continue_work(Store *store, void *context) {
    KeptRun *run = context;
    Place place = {run, 0};
    Status status;
    TRY(store_find_place(store, &place));
    if (place.id == 0) return status;
    TRY(store_cut(store, run, place.id));
    TRY(store_take_over(store, run, place.id));
    TRY(store_find(store, place.id, run));
fail:
    return status;
}

Status store_continue(Store *store, KeptRun *run, bool *found) {
    Status status;
    *found = false;
    run->id = 0;
    TRY(store_mark_interrupted(store));
    TRY(store_transact(store, store_continue_work, run));
    *found = run->id != 0;
fail:
    return status;
}
