// Opening the history, its tables, and what a training run writes into them.
#include "history/store_parts.h"

#include "base/text.h"
#include "base/thread.h"
#include "base/tr.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const int64_t STORE_APPLICATION = 0x496e6b6c; // "Inkl"

const char *const kept_state_names[KEPT_STATE_COUNT] = {
    [KEPT_TRAINING] = "training", [KEPT_FINISHED] = "finished",       [KEPT_STOPPED] = "stopped",
    [KEPT_FAILED] = "failed",     [KEPT_INTERRUPTED] = "interrupted",
};
const char *const kept_weights_names[KEPT_WEIGHTS_COUNT] = {"last", "best"};

// store_upgrades[v] makes version v + 1 of version v. Append, never change: histories in every
// version are out there.
static const char *const store_upgrades[STORE_VERSION] = {
    "CREATE TABLE runs ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, color INTEGER NOT NULL,"
    " pinned INTEGER NOT NULL, settings TEXT NOT NULL, network TEXT NOT NULL,"
    " layers TEXT NOT NULL, parameters INTEGER NOT NULL, seed INTEGER NOT NULL,"
    " data TEXT NOT NULL, train_images INTEGER NOT NULL, test_images INTEGER NOT NULL,"
    " classes INTEGER NOT NULL, batches INTEGER NOT NULL, epochs_asked INTEGER NOT NULL,"
    " machine TEXT NOT NULL, version TEXT NOT NULL, started REAL NOT NULL, changed REAL NOT NULL,"
    " state TEXT NOT NULL, failure TEXT NOT NULL, steps INTEGER NOT NULL, epoch INTEGER NOT NULL,"
    " seconds REAL NOT NULL, loss REAL, test_accuracy REAL, best_accuracy REAL,"
    " best_epoch INTEGER NOT NULL, owner TEXT NOT NULL);"
    "CREATE TABLE steps ("
    " run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, first INTEGER NOT NULL,"
    " records BLOB NOT NULL, PRIMARY KEY (run, first));"
    "CREATE TABLE epochs ("
    " run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, epoch INTEGER NOT NULL,"
    " train_loss REAL, train_accuracy REAL, held_images INTEGER NOT NULL, held_loss REAL,"
    " held_accuracy REAL, test_loss REAL, test_accuracy REAL, lr REAL, seconds REAL,"
    " images_per_second REAL, PRIMARY KEY (run, epoch));",
};

// ---- opening ------------------------------------------------------------------------------------

Status store_transact(Store *store, Status (*work)(Store *store, void *context), void *context) {
    // At once a writer: one that begins as a reader may find that it cannot become one.
    Status status = sql_run(store->sql, "BEGIN IMMEDIATE");
    if (!status_is_ok(&status)) return status;
    status = work(store, context);
    if (status_is_ok(&status)) status = sql_run(store->sql, "COMMIT");
    if (!status_is_ok(&status)) sql_run(store->sql, "ROLLBACK");
    return status;
}

// Is it ours, and no newer than we are? Nothing has been written yet.
static Status store_check(Store *store, int64_t *version) {
    int64_t application, tables;
    Status status;
    TRY(sql_number(store->sql, "SELECT count(*) FROM sqlite_master", NULL, 0, 0, &tables));
    TRY(sql_number(store->sql, "PRAGMA application_id", NULL, 0, 0, &application));
    TRY(sql_number(store->sql, "PRAGMA user_version", NULL, 0, 0, version));
    if (tables > 0 && application != STORE_APPLICATION)
        TRY(status_error(
            STATUS_FORMAT,
            TR("%.300s/runs.db is a database of another program; move it away to begin a "
               "history"),
            store->directory));
    if (*version < 0)
        TRY(status_error(STATUS_FORMAT,
                         "%.300s/runs.db is damaged: its version is %lld; move it away to begin a "
                         "history",
                         store->directory, (long long)*version));
    if (*version > STORE_VERSION)
        TRY(status_error(
            STATUS_UNSUPPORTED,
            TR("the history in %.250s was written by a newer Inkling (version %lld of it, "
               "this program knows %d): it is left as it is, and nothing is kept in it"),
            store->directory, (long long)*version, STORE_VERSION));
fail:
    return status;
}

static Status store_upgrade(Store *store, void *context) {
    int64_t version;
    char pragma[64];
    Status status;
    (void)context;
    TRY(store_check(store, &version)); // another process may have been faster
    for (; version < STORE_VERSION; version++) TRY(sql_run(store->sql, store_upgrades[version]));
    snprintf(pragma, sizeof pragma, "PRAGMA user_version=%d", STORE_VERSION);
    TRY(sql_run(store->sql, pragma));
    snprintf(pragma, sizeof pragma, "PRAGMA application_id=%lld", (long long)STORE_APPLICATION);
    TRY(sql_run(store->sql, pragma));
fail:
    return status;
}

// Going over to the write-ahead log needs the file for itself for a moment, and does not wait.
static Status store_use_log(Store *store) {
    Status status;
    for (int i = 0; i < 50; i++) {
        status = sql_run(store->sql, "PRAGMA journal_mode=WAL");
        if (status_is_ok(&status) || !sql_is_locked(store->sql)) break;
        thread_sleep(0.02);
    }
    return status;
}

// Files in weights/ that nothing leads to: of runs that are gone, and halves of what a killed
// process was writing.
static Status store_sweep(Store *store) {
    char weights[FILE_PATH_MAX], path[FILE_PATH_MAX];
    Status status = status_ok();
    if (!path_join(weights, store->directory, "weights")) return status;
    DIR *dir = opendir(weights);
    if (!dir) return status;
    for (struct dirent *entry; status_is_ok(&status) && (entry = readdir(dir));) {
        char *end;
        long long id = strtoll(entry->d_name, &end, 10);
        if (*end != '-') continue;
        // The row is there before its first file, so that what is listed without one is left over.
        SqlValue which = SQL_INT(id);
        int64_t training;
        bool whole = strcmp(path_extension(entry->d_name), ".safetensors") == 0;
        status = sql_number(store->sql, "SELECT state = 'training' FROM runs WHERE id = ?", &which,
                            1, -1, &training);
        if (!status_is_ok(&status) || training == 1 || (training == 0 && whole)) continue;
        if (path_join(path, weights, entry->d_name)) unlink(path);
    }
    closedir(dir);
    return status;
}

Status store_open(const char *directory, Store **out) {
    char path[FILE_PATH_MAX];
    int64_t version;
    Status status;
    Store *store = calloc(1, sizeof *store);
    *out = NULL;
    if (!store) return status_no_memory("the history", sizeof *store);
    store->alive.file = -1;
    text_copy(store->directory, sizeof store->directory, directory);
    if (!path_join(path, directory, "weights/0123456789012345678-last.safetensors.XXXXXX"))
        TRY(status_error(STATUS_IO, TR("the path %.200s... is too long"), directory));
    path_join(path, directory, "weights");
    TRY(file_make_directories(path));
    path_join(path, directory, "runs.db");
    TRY(sql_open(path, &store->sql));
    TRY(store_check(store, &version));
    // Space that deletions leave goes back to the file system; must be said before the first table.
    if (version == 0) TRY(sql_run(store->sql, "PRAGMA auto_vacuum=INCREMENTAL"));
    TRY(store_use_log(store));
    TRY(sql_run(store->sql, "PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON"));
    TRY(store_transact(store, store_upgrade, NULL));
    path_join(path, directory, "alive");
    TRY(alive_open(path, &store->alive));
    TRY(store_mark_interrupted(store));
    TRY(store_sweep(store));
    *out = store;
    return status;
fail:
    store_close(&store);
    return status;
}

void store_close(Store **handle) {
    Store *store = *handle;
    if (!store) return;
    *handle = NULL;
    sql_close(&store->sql);
    alive_close(&store->alive);
    free(store);
}

const char *store_directory(const Store *store) {
    return store->directory;
}

// ---- what a run writes --------------------------------------------------------------------------

static double store_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void store_put_u32(unsigned char *to, uint32_t bits) {
    for (int i = 0; i < 4; i++) to[i] = (unsigned char)(bits >> 8 * i);
}

void store_pack(const BatchRecord *records, size_t count, unsigned char *out) {
    for (size_t i = 0; i < count; i++, out += STORE_STEP_BYTES) {
        const float floats[4] = {records[i].loss, records[i].accuracy, records[i].lr,
                                 records[i].seconds};
        store_put_u32(out, (uint32_t)records[i].epoch);
        store_put_u32(out + 4, (uint32_t)records[i].batch);
        for (int k = 0; k < 4; k++) {
            uint32_t bits;
            memcpy(&bits, &floats[k], sizeof bits);
            store_put_u32(out + 8 + 4 * k, bits);
        }
    }
}

Status store_begin(Store *store, const KeptRun *run, int64_t *id) {
    const SqlValue values[] = {
        SQL_TEXT(run->name),
        SQL_INT(run->color),
        SQL_INT(run->pinned),
        SQL_TEXT(run->settings),
        SQL_TEXT(run->network),
        SQL_TEXT(run->layers),
        SQL_INT(run->parameters),
        SQL_INT(run->seed),
        SQL_TEXT(run->data),
        SQL_INT(run->train_images),
        SQL_INT(run->test_images),
        SQL_INT(run->classes),
        SQL_INT(run->batches),
        SQL_INT(run->epochs_asked),
        SQL_TEXT(run->machine),
        SQL_TEXT(run->version),
        SQL_REAL(run->started),
        SQL_REAL(store_now()),
        SQL_TEXT(kept_state_names[KEPT_TRAINING]),
        SQL_TEXT(store->alive.name),
    };
    Status status = sql_do(
        store->sql,
        "INSERT INTO runs (name, color, pinned, settings, network, layers, parameters, seed, data,"
        " train_images, test_images, classes, batches, epochs_asked, machine, version, started,"
        " changed, state, owner, failure, steps, epoch, seconds, loss, test_accuracy, "
        "best_accuracy,"
        " best_epoch)"
        " VALUES (?, coalesce(nullif(?, -1), (SELECT color + 1 FROM runs ORDER BY id DESC LIMIT "
        "1), 0),"
        " ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?, '', 0, 0, 0, 0, 0, 0, 0)",
        values, sizeof values / sizeof values[0]);
    *id = sql_last_id(store->sql);
    return status;
}

typedef struct StoreNews {
    const KeptRun *run;
    const BatchRecord *steps;
    size_t step_count;
    const EpochRecord *epochs;
    size_t epoch_count;
} StoreNews;

static Status store_add_steps(Store *store, const StoreNews *news) {
    size_t size = news->step_count * STORE_STEP_BYTES;
    if (size == 0) return status_ok();
    unsigned char *bytes = malloc(size);
    if (!bytes) return status_no_memory("a run's batches", size);
    store_pack(news->steps, news->step_count, bytes);
    const SqlValue values[] = {SQL_INT(news->run->id),
                               SQL_INT(news->run->steps - (int64_t)news->step_count),
                               SQL_BYTES(bytes, size)};
    Status status =
        sql_do(store->sql, "INSERT INTO steps (run, first, records) VALUES (?,?,?)", values, 3);
    free(bytes);
    return status;
}

static Status store_add_epoch(Store *store, int64_t id, const EpochRecord *e) {
    const SqlValue values[] = {
        SQL_INT(id),
        SQL_INT(e->epoch),
        SQL_REAL(e->train_loss),
        SQL_REAL(e->train_accuracy),
        SQL_INT(e->held_images),
        SQL_REAL(e->held_loss),
        SQL_REAL(e->held_accuracy),
        SQL_REAL(e->test_loss),
        SQL_REAL(e->test_accuracy),
        SQL_REAL(e->lr),
        SQL_REAL(e->seconds),
        SQL_REAL(e->images_per_second),
    };
    return sql_do(store->sql, "INSERT INTO epochs VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", values,
                  sizeof values / sizeof values[0]);
}

static Status store_add_work(Store *store, void *context) {
    const StoreNews *news = context;
    const KeptRun *run = news->run;
    const SqlValue values[] = {
        SQL_REAL(store_now()),
        SQL_TEXT(kept_state_names[run->state]),
        SQL_TEXT(run->failure),
        SQL_INT(run->steps),
        SQL_INT(run->epoch),
        SQL_REAL(run->seconds),
        SQL_REAL(run->loss),
        SQL_REAL(run->test_accuracy),
        SQL_REAL(run->best_accuracy),
        SQL_INT(run->best_epoch),
        SQL_INT(run->id),
    };
    Status status;
    TRY(sql_do(store->sql,
               "UPDATE runs SET changed=?, state=?, failure=?, steps=?, epoch=?, seconds=?, loss=?,"
               " test_accuracy=?, best_accuracy=?, best_epoch=? WHERE id=?",
               values, sizeof values / sizeof values[0]));
    if (sql_changed(store->sql) == 0)
        TRY(status_error(STATUS_NOT_FOUND, "run %lld is no longer in the history",
                         (long long)run->id));
    TRY(store_add_steps(store, news));
    for (size_t i = 0; i < news->epoch_count; i++)
        TRY(store_add_epoch(store, run->id, &news->epochs[i]));
fail:
    return status;
}

Status store_add(Store *store, const KeptRun *run, const BatchRecord *steps, size_t step_count,
                 const EpochRecord *epochs, size_t epoch_count) {
    StoreNews news = {run, steps, step_count, epochs, epoch_count};
    return store_transact(store, store_add_work, &news);
}

bool store_weights_path(const Store *store, int64_t id, KeptWeights which,
                        char out[FILE_PATH_MAX]) {
    char name[64];
    snprintf(name, sizeof name, "weights/%lld-%s.safetensors", (long long)id,
             kept_weights_names[which]);
    return path_join(out, store->directory, name);
}

Status store_write_weights(Store *store, int64_t id, KeptWeights which, const SavedModel *model) {
    char path[FILE_PATH_MAX];
    if (!store_weights_path(store, id, which, path))
        return status_error(STATUS_IO, TR("the path %.200s... is too long"), store->directory);
    return format_write(path, model);
}
