// The history of runs for a program that trains: a thread of its own writes what the trainer
// reports and answers questions about what is kept, so that neither the window nor the trainer ever
// waits for a disk. What is kept, and how, is store.h; this is who writes when.
//
//   trainer ---- RunSink (copies) ----> Recording ---- the history's thread ----> Store
//   window  ---- ask, change ---------> queue    ----        "
//   window  <--- take ----------------- answers  ----        "
//
// When. Batches and epochs go to the database twice a second, all of them. The weights of a run in
// training go to their file every half second, or at 20 times as long as writing them takes if that
// is more; before one of the runs that race is judged on the test set, at the end of an epoch, a
// pause and the end of the run in any case, and the best ones (on the test set) as soon as an epoch
// has made them. So a process that is killed loses at most the last second, however many runs race;
// of the weights more where the disk is slow.
//
// What goes wrong (no place, a newer history, a damaged one) is said once to the logger, and kept
// as history_problem; training goes on, and its run is not kept. A full disk or a locked file is
// tried again twice a second, as long as memory for what waits (RECORDING_STEPS_MAX batches) lasts.
//
// A run of which no batch was trained is not kept.
//
// Every function may be given NULL for a History or a Recording and then does nothing, so that
// callers need not care whether anything is kept.
#ifndef INKLING_HISTORY_HISTORY_H
#define INKLING_HISTORY_HISTORY_H

#include "base/log.h"
#include "history/store.h"
#include "train/trainer.h"

enum { RECORDING_STEPS_MAX = 4000000 };

typedef struct History History;
typedef struct Recording Recording;

typedef struct HistoryHooks {
    // Called from the history's thread when there is an answer to take. May only wake the window.
    void (*wake)(void *context);
    void *context;
    const Logger *logger; // must stay valid
} HistoryHooks;

// Where the history of this user is: "history" in path_user_data. False when there is no home.
bool history_user_directory(char out[FILE_PATH_MAX]);
// Does this build have what it takes?
bool history_is_possible(void);

// Starts the thread, which opens the directory: only want of memory or threads is an error here.
Status history_open(const char *directory, const HistoryHooks *hooks, History **out);
// Writes what there still is (a run that is not over counts as stopped) and waits for that. Frees
// its recordings: their trainers must be closed.
void history_close(History **history);
// Waits until what the recordings have been given so far is written, or could not be.
void history_flush(History *history);
// The sentence that says why nothing is kept; false (and "") when all is well so far.
bool history_problem(History *history, char out[STATUS_MESSAGE_MAX]);

// ---- recording: the thread that starts a run ----

// What a run is; used during the call only.
typedef struct HistoryAbout {
    const char *name;
    int color; // theme_run_color; -1: whichever comes next
    const TrainConfig *config;
    const ModelSpec *spec;
    const TensorNames *names; // as in RunLog
    int batches;              // in an epoch
    const Dataset *dataset;
    const char *backend;          // "OpenBLAS, AVX2, 2 threads"
    float temperature, threshold; // of its answers (formats.h); 0, 0: not calibrated
    // A run that goes on from a checkpoint: batches and epochs it has behind it, and seconds. Its
    // entry, if there is one, is continued; else it is a new one. 0: it begins.
    long long steps;
    int epoch;
    double seconds;
} HistoryAbout;

// A recording belongs to the history and is valid until that is closed. NULL when there is not
// enough memory (which is said).
Recording *history_begin(History *history, const HistoryAbout *about);
// For RunLog.sink, or to be called by whoever drives a Run: one thread at a time.
RunSink recording_sink(Recording *recording);
// The run is over and nobody will call the sink any more; the first end counts.
void recording_end(Recording *recording, RunState state, const Status *failure);
// Its number in the history; 0 while it has none. Any thread.
int64_t recording_id(const Recording *recording);
// Its curves and last weights are on the disk, or on their way there. Any thread.
bool recording_is_kept(const Recording *recording);

// ---- asking and changing: the window's thread ----

// Asks for the list; history_take_list gives the newest that has come since, once. `status`: of the
// listing, or of a change that failed before it. kept_list_close frees.
void history_ask_list(History *history);
bool history_take_list(History *history, KeptList *out, Status *status);

// A run with its curves and weights: those asked for, or the other ones where those are not there
// (no epoch was completed). `model` may be NULL: none at all, or they cannot be read (`status` says
// so, and the record is there all the same). One question at a time.
typedef struct HistoryAnswer {
    Status status;
    KeptRecord record; // run.id 0: could not be read
    SavedModel *model;
    KeptWeights which; // that came
} HistoryAnswer;
void history_answer_close(HistoryAnswer *answer);
void history_ask_run(History *history, int64_t id, KeptWeights which);
bool history_take_run(History *history, HistoryAnswer *out);

// Each is followed by a new list, as if asked for.
void history_rename(History *history, int64_t id, const char *name);
void history_pin(History *history, int64_t id, bool pinned);
void history_color(History *history, int64_t id, int color);
void history_delete(History *history, int64_t id);

#endif
