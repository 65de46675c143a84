// The history of runs on disk: every training run that was ever begun, with its settings, every
// batch, every epoch, its last and its best weights, until a person deletes it. Not here: who
// writes when (history.h has the thread for it), how it is shown (panels/).
//
//   DIRECTORY/runs.db            an SQLite database (write-ahead log), this file's tables
//   DIRECTORY/weights/ID-last.safetensors, ID-best.safetensors
//                                model files like any other: layers, normalization, class names,
//                                settings and figures are in them, each replaced atomically
//   DIRECTORY/alive/             lock files of the processes that are writing (alive.h)
//
// Tables (version 1):
//   runs    one row a run: what was asked for, where it ran, how far it came. `owner` names the
//           process that trains it; a run whose owner is dead is "interrupted" from then on, which
//           every process that opens or lists finds out.
//   steps   batches, some hundred of them a row: `records` is an array of 24 bytes each: epoch,
//           batch (uint32), loss, accuracy, learning rate, seconds (float), little-endian; `first`
//           is the place of its first one in the run, counted from 0.
//   epochs  one row an epoch.
//
// Versions. PRAGMA user_version is the schema's; PRAGMA application_id marks the file as ours. An
// older schema is brought up when it is opened (store_upgrades in store.c); a newer one is refused
// with a sentence and nothing in it is touched, and so is a database of somebody else.
//
// Crashes. Everything that belongs together is one transaction: whatever moment the process is
// killed at, the next one finds all of it or none. Without power a few seconds may be missing at
// the end (the log is brought to the disk at checkpoints only), never something in the middle.
//
// Several processes may write side by side; each writes its own runs. A Store belongs to one thread
// at a time. Errors: STATUS_UNSUPPORTED: no SQLite in this build, or a newer version;
// STATUS_FORMAT: damaged, or not ours; STATUS_IO: no place, no permission, disk full, locked.
#ifndef INKLING_HISTORY_STORE_H
#define INKLING_HISTORY_STORE_H

#include "train/run.h"

#include <stdint.h>

enum {
    STORE_VERSION = 1,
    KEPT_NAME_MAX = 64,
    KEPT_MACHINE_MAX = 192,
};

typedef enum KeptState {
    KEPT_TRAINING,
    KEPT_FINISHED,
    KEPT_STOPPED,     // by hand
    KEPT_FAILED,      // `failure` says why
    KEPT_INTERRUPTED, // its process was killed, or crashed
    KEPT_STATE_COUNT,
} KeptState;
extern const char *const kept_state_names[KEPT_STATE_COUNT]; // "training", ...

typedef enum KeptWeights { KEPT_LAST, KEPT_BEST, KEPT_WEIGHTS_COUNT } KeptWeights;
extern const char *const kept_weights_names[KEPT_WEIGHTS_COUNT]; // "last", "best"

// A run, without its curves. A plain value.
typedef struct KeptRun {
    int64_t id; // never used again
    char name[KEPT_NAME_MAX];
    int color; // theme_run_color; what a person chose, else the one it was drawn in; a new run with
               // -1 gets the one behind that of the run before
    bool pinned;
    // What was asked for.
    char settings[TRAIN_LINE_MAX]; // the settings line
    char network[KEPT_NAME_MAX];   // "LeNet-5", "custom"
    char layers[TRAIN_LAYERS_MAX];
    long long parameters, seed;
    char data[DATASET_NAME_MAX];
    long long train_images, test_images; // of the data set, whatever `limit` says
    int classes;
    int batches, epochs_asked; // batches in an epoch
    // Where and when.
    char machine[KEPT_MACHINE_MAX]; // "CPU MODEL, OpenBLAS, AVX2, 2 threads"
    char version[16];               // of this program
    double started, changed;        // seconds since 1970, UTC
    // How far it came.
    KeptState state;
    char failure[STATUS_MESSAGE_MAX];
    long long steps; // batches trained
    int epoch;       // epochs complete
    double seconds;  // of training
    double loss;     // of the last epoch's training, before that of the last batch
    double test_accuracy, best_accuracy; // 0..1; of the last epoch, of the best one
    int best_epoch;                      // 0: none evaluated yet
    // Not in the database:
    bool has[KEPT_WEIGHTS_COUNT]; // is there a file
    long long bytes;              // on the disk, about: weights and curves
} KeptRun;

// One with its curves; kept_record_close frees.
typedef struct KeptRecord {
    KeptRun run;
    BatchRecord *steps;
    size_t step_count;
    EpochRecord *epochs;
    size_t epoch_count;
} KeptRecord;
void kept_record_close(KeptRecord *record);

// Pinned first, then the newest; kept_list_close frees.
typedef struct KeptList {
    KeptRun *run;
    size_t count;
    long long bytes; // of everything in the directory
} KeptList;
void kept_list_close(KeptList *list);

typedef struct Store Store;

// Opens or makes the history in `directory` (made too), marks what was interrupted, and removes
// what killed processes left half-written.
Status store_open(const char *directory, Store **out);
void store_close(Store **store);
const char *store_directory(const Store *store);

// ---- writing: the process that trains ----

// A new run; state, steps, epochs and results of `run` are taken as they are. *id: its number.
Status store_begin(Store *store, const KeptRun *run, int64_t *id);
// A run goes on from where `run` says that it stands (settings, data, steps, epoch, seconds): the
// one that is kept with those settings, has that very place in its curve and that nobody trains is
// this process's from now on, what it had trained behind that place is taken out of its curves, and
// `run` becomes what it is then. *found: is there one? (Seconds are measured: no two runs of the
// same settings have the same ones.)
Status store_continue(Store *store, KeptRun *run, bool *found);
// What has come since: `step_count` batches behind those that are there, epochs, and from `run` its
// state, failure and how far it came. All or nothing. `run->steps` counts the new ones too.
Status store_add(Store *store, const KeptRun *run, const BatchRecord *steps, size_t step_count,
                 const EpochRecord *epochs, size_t epoch_count);
// Writes a weights file.
Status store_write_weights(Store *store, int64_t id, KeptWeights which, const SavedModel *model);

// ---- changing: anybody ---- (STATUS_NOT_FOUND when there is no such run)

Status store_rename(Store *store, int64_t id, const char *name); // cut to KEPT_NAME_MAX
Status store_pin(Store *store, int64_t id, bool pinned);
Status store_color(Store *store, int64_t id, int color);
// With its curves and weights. STATUS_USAGE while a living process trains it.
Status store_delete(Store *store, int64_t id);

// ---- reading: anybody ----

Status store_list(Store *store, KeptList *out);
Status store_read(Store *store, int64_t id, KeptRecord *out);
// Where its weights file is, whether there or not.
bool store_weights_path(const Store *store, int64_t id, KeptWeights which, char out[FILE_PATH_MAX]);

#endif
