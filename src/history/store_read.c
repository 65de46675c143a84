// Reading what is kept.
#include "history/store_parts.h"

#include "base/text.h"
#include "base/tr.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void kept_record_close(KeptRecord *record) {
    free(record->steps);
    free(record->epochs);
    memset(record, 0, sizeof *record);
}

void kept_list_close(KeptList *list) {
    free(list->run);
    memset(list, 0, sizeof *list);
}

// Room for one more of `size` bytes each, twice as much at a time.
static Status store_grow(void **array, size_t count, size_t more, size_t size) {
    size_t have = 0, need = count + more;
    for (size_t c = 64; have < count; c *= 2) have = c; // what the calls before asked for
    if (need <= have) return status_ok();
    size_t room = have ? have : 64;
    while (room < need) room *= 2;
    void *grown = realloc(*array, room * size);
    if (!grown) return status_no_memory("the history", room * size);
    *array = grown;
    return status_ok();
}

// ---- runs ---------------------------------------------------------------------------------------

#define RUN_COLUMNS                                                                                \
    "id, name, color, pinned, settings, network, layers, parameters, seed, data, train_images,"    \
    " test_images, classes, batches, epochs_asked, machine, version, started, changed, state,"     \
    " failure, steps, epoch, seconds, loss, test_accuracy, best_accuracy, best_epoch"

static KeptState store_state(const char *name) {
    for (int i = 0; i < KEPT_STATE_COUNT; i++)
        if (strcmp(name, kept_state_names[i]) == 0) return (KeptState)i;
    return KEPT_INTERRUPTED;
}

static void store_text(char *out, size_t size, const SqlRow *row, int column) {
    text_copy(out, size, sql_row_text(row, column));
}

static void store_row(const SqlRow *row, KeptRun *run) {
    int at = 0;
    memset(run, 0, sizeof *run);
    run->id = sql_row_int(row, at++);
    store_text(run->name, sizeof run->name, row, at++);
    run->color = (int)sql_row_int(row, at++);
    run->pinned = sql_row_int(row, at++) != 0;
    store_text(run->settings, sizeof run->settings, row, at++);
    store_text(run->network, sizeof run->network, row, at++);
    store_text(run->layers, sizeof run->layers, row, at++);
    run->parameters = sql_row_int(row, at++);
    run->seed = sql_row_int(row, at++);
    store_text(run->data, sizeof run->data, row, at++);
    run->train_images = sql_row_int(row, at++);
    run->test_images = sql_row_int(row, at++);
    run->classes = (int)sql_row_int(row, at++);
    run->batches = (int)sql_row_int(row, at++);
    run->epochs_asked = (int)sql_row_int(row, at++);
    store_text(run->machine, sizeof run->machine, row, at++);
    store_text(run->version, sizeof run->version, row, at++);
    run->started = sql_row_real(row, at++);
    run->changed = sql_row_real(row, at++);
    run->state = store_state(sql_row_text(row, at++));
    store_text(run->failure, sizeof run->failure, row, at++);
    run->steps = sql_row_int(row, at++);
    run->epoch = (int)sql_row_int(row, at++);
    run->seconds = sql_row_real(row, at++);
    run->loss = sql_row_real(row, at++);
    run->test_accuracy = sql_row_real(row, at++);
    run->best_accuracy = sql_row_real(row, at++);
    run->best_epoch = (int)sql_row_int(row, at++);
}

// Which weights there are; gives their bytes.
static long long store_look(const Store *store, KeptRun *run) {
    char path[FILE_PATH_MAX];
    struct stat info;
    long long bytes = 0;
    for (int i = 0; i < KEPT_WEIGHTS_COUNT; i++) {
        run->has[i] =
            store_weights_path(store, run->id, (KeptWeights)i, path) && stat(path, &info) == 0;
        if (run->has[i]) bytes += info.st_size;
    }
    run->bytes = bytes + run->steps * STORE_STEP_BYTES;
    return bytes;
}

static Status store_take_run(void *context, const SqlRow *row) {
    KeptList *list = context;
    Status status = store_grow((void **)&list->run, list->count, 1, sizeof *list->run);
    if (status_is_ok(&status)) store_row(row, &list->run[list->count++]);
    return status;
}

Status store_list(Store *store, KeptList *out) {
    static const char *const files[] = {"runs.db", "runs.db-wal"};
    char path[FILE_PATH_MAX];
    struct stat info;
    Status status;
    memset(out, 0, sizeof *out);
    TRY(store_mark_interrupted(store));
    TRY(sql_read(store->sql, "SELECT " RUN_COLUMNS " FROM runs ORDER BY pinned DESC, id DESC", NULL,
                 0, store_take_run, out));
    for (size_t i = 0; i < out->count; i++) out->bytes += store_look(store, &out->run[i]);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (path_join(path, store->directory, files[i]) && stat(path, &info) == 0)
            out->bytes += info.st_size;
    return status;
fail:
    kept_list_close(out);
    return status;
}

// ---- one run with its curves --------------------------------------------------------------------

static uint32_t store_get_u32(const unsigned char *from) {
    uint32_t bits = 0;
    for (int i = 0; i < 4; i++) bits |= (uint32_t)from[i] << 8 * i;
    return bits;
}

void store_unpack(const unsigned char *bytes, size_t count, BatchRecord *out) {
    for (size_t i = 0; i < count; i++, bytes += STORE_STEP_BYTES) {
        float floats[4];
        for (int k = 0; k < 4; k++) {
            uint32_t bits = store_get_u32(bytes + 8 + 4 * k);
            memcpy(&floats[k], &bits, sizeof bits);
        }
        out[i] = (BatchRecord){(int)store_get_u32(bytes),
                               (int)store_get_u32(bytes + 4),
                               floats[0],
                               floats[1],
                               floats[2],
                               floats[3]};
    }
}

static Status store_take_steps(void *context, const SqlRow *row) {
    KeptRecord *record = context;
    size_t size;
    const unsigned char *bytes = sql_row_bytes(row, 0, &size);
    size_t count = size / STORE_STEP_BYTES;
    Status status =
        store_grow((void **)&record->steps, record->step_count, count, sizeof *record->steps);
    if (!status_is_ok(&status)) return status;
    store_unpack(bytes, count, record->steps + record->step_count);
    record->step_count += count;
    return status;
}

static Status store_take_epoch(void *context, const SqlRow *row) {
    KeptRecord *record = context;
    Status status =
        store_grow((void **)&record->epochs, record->epoch_count, 1, sizeof *record->epochs);
    if (!status_is_ok(&status)) return status;
    record->epochs[record->epoch_count++] = (EpochRecord){
        .epoch = (int)sql_row_int(row, 0),
        .train_loss = sql_row_real(row, 1),
        .train_accuracy = sql_row_real(row, 2),
        .held_images = (int)sql_row_int(row, 3),
        .held_loss = sql_row_real(row, 4),
        .held_accuracy = sql_row_real(row, 5),
        .test_loss = sql_row_real(row, 6),
        .test_accuracy = sql_row_real(row, 7),
        .lr = sql_row_real(row, 8),
        .seconds = sql_row_real(row, 9),
        .images_per_second = sql_row_real(row, 10),
    };
    return status;
}

typedef struct OneRun {
    KeptRun *run;
    bool found;
} OneRun;

static Status store_take_one(void *context, const SqlRow *row) {
    OneRun *one = context;
    store_row(row, one->run);
    one->found = true;
    return status_ok();
}

Status store_find(Store *store, int64_t id, KeptRun *out) {
    const SqlValue which = SQL_INT(id);
    OneRun one = {out, false};
    Status status = sql_read(store->sql, "SELECT " RUN_COLUMNS " FROM runs WHERE id = ?", &which, 1,
                             store_take_one, &one);
    if (status_is_ok(&status) && !one.found)
        status = status_error(STATUS_NOT_FOUND, TR("there is no run %lld in the history"),
                              (long long)id);
    return status;
}

// In one transaction: curves and figures of the same moment, though a process may be writing.
static Status store_read_work(Store *store, KeptRecord *out, int64_t id) {
    const SqlValue which = SQL_INT(id);
    Status status;
    TRY(store_find(store, id, &out->run));
    TRY(sql_read(store->sql, "SELECT records FROM steps WHERE run = ? ORDER BY first", &which, 1,
                 store_take_steps, out));
    TRY(sql_read(store->sql,
                 "SELECT epoch, train_loss, train_accuracy, held_images, held_loss, held_accuracy,"
                 " test_loss, test_accuracy, lr, seconds, images_per_second"
                 " FROM epochs WHERE run = ? ORDER BY epoch",
                 &which, 1, store_take_epoch, out));
    store_look(store, &out->run);
fail:
    return status;
}

Status store_read(Store *store, int64_t id, KeptRecord *out) {
    Status status;
    memset(out, 0, sizeof *out);
    TRY(store_mark_interrupted(store));
    TRY(sql_run(store->sql, "BEGIN"));
    status = store_read_work(store, out, id);
    sql_run(store->sql, "COMMIT");
    if (status_is_ok(&status)) return status;
fail:
    kept_record_close(out);
    return status;
}
