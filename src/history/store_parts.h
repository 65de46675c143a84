// What store.c, store_change.c and store_read.c share; nobody else's business.
#ifndef INKLING_HISTORY_STORE_PARTS_H
#define INKLING_HISTORY_STORE_PARTS_H

#include "history/alive.h"
#include "history/sql.h"
#include "history/store.h"

enum { STORE_STEP_BYTES = 24 };

struct Store {
    char directory[FILE_PATH_MAX];
    Sql *sql;
    Alive alive;
};

// `work` in a transaction: all of it or, when it fails, nothing.
Status store_transact(Store *store, Status (*work)(Store *store, void *context), void *context);

// Runs that are "training" for a process that is dead become "interrupted".
Status store_mark_interrupted(Store *store);

// One run, in whatever transaction there is. STATUS_NOT_FOUND.
Status store_find(Store *store, int64_t id, KeptRun *out);

// Batches as the bytes of a row of `steps`, and back.
void store_pack(const BatchRecord *records, size_t count, unsigned char *out);
void store_unpack(const unsigned char *bytes, size_t count, BatchRecord *out);

#endif
