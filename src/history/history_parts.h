// What history.c and recording.c share; nobody else's business.
#ifndef INKLING_HISTORY_HISTORY_PARTS_H
#define INKLING_HISTORY_HISTORY_PARTS_H

#include "base/queue.h"
#include "history/history.h"

typedef enum HistoryCommandKind {
    HISTORY_WRITE, // weights are there
    HISTORY_BEGIN,
    HISTORY_LIST,
    HISTORY_READ,
    HISTORY_RENAME,
    HISTORY_PIN,
    HISTORY_COLOR,
    HISTORY_DELETE,
    HISTORY_FLUSH,
    HISTORY_QUIT,
    HISTORY_COMMAND_COUNT,
} HistoryCommandKind;

typedef struct HistoryCommand {
    HistoryCommandKind kind;
    Recording *recording;
    int64_t id;
    int number; // a colour, pinned or not, which weights
    char name[KEPT_NAME_MAX];
} HistoryCommand;

struct History {
    Thread thread;
    Queue commands;
    HistoryHooks hooks;
    char directory[FILE_PATH_MAX];
    atomic_bool told;    // a HISTORY_WRITE is in the queue
    atomic_long flushed; // how many HISTORY_FLUSH have been done
    // The history's thread alone:
    Store *store; // NULL: could not be opened
    Recording *recordings;
    bool complained; // about what is tried again
    Status change;   // of the last change that failed
    // Answers, and what the window asks about:
    Mutex mutex;
    bool has_list, has_run;
    KeptList list;
    Status list_status;
    HistoryAnswer run;
    char problem[STATUS_MESSAGE_MAX];
};

// Batches and epochs on their way.
typedef struct RecordingPile {
    BatchRecord *steps;
    size_t step_count, step_capacity;
    EpochRecord *epochs;
    size_t epoch_count, epoch_capacity;
} RecordingPile;

// Weights on their way, and what they are.
typedef struct RecordingWeights {
    float *weights; // allocated with the first ones
    bool fresh;
    int epoch, batch;
    long long images;
    double seconds;
    double test_loss, test_accuracy; // of these very weights; < 0: not known
} RecordingWeights;

struct Recording {
    Recording *next;
    History *history;
    atomic_llong id;
    atomic_bool kept;
    Mutex mutex;
    // With the mutex held, never for longer than copying takes:
    RecordingPile in;
    RecordingWeights slot[KEPT_WEIGHTS_COUNT];
    double due;  // clock from which on the last weights are wanted again
    double best; // test accuracy of the best weights that were seen
    bool dead;   // nothing more is taken
    bool over, lost;
    KeptState end;
    char failure[STATUS_MESSAGE_MAX];
    // The history's thread alone:
    KeptRun run;
    SavedModel *model;
    long long counted; // batches of the run that the counters of model->names have in them
    RecordingPile out; // what is being written, or failed to be
    bool ending;       // all its batches are written
    bool ended;        // and its end, which the weights came before
    bool done;         // all that is to be written is
};

// Writes all that has come; `batches` too, or weights only. Gives the first thing that went wrong;
// what was not written is tried again by the next call.
Status recording_write(Recording *recording, Store *store, bool batches);
// Gives back what is large. The recording itself stays.
void recording_release(Recording *recording);
void recording_close(Recording **recording);

#endif
