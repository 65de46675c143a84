// Training in a thread of its own. Commands go down by value; what is learnt comes up through each
// run's log: feeds for what must not be lost, a mailbox for what is only worth having fresh.
// Neither side ever waits for the other.
#ifndef INKLING_TRAIN_TRAINER_H
#define INKLING_TRAIN_TRAINER_H

#include "base/feed.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "train/run.h"
#include "train/transcript.h"

enum { TRAINER_SAMPLES_MAX = 64, TRAINER_RUNS_MAX = 16, TRAINER_DEAD_IMAGES = 256 };

// The state of a network in training, about ten times a second; of n that train together, each
// every n tenths.
typedef struct RunSnapshot {
    int epoch, batch;
    long long images; // trained on so far
    double seconds;   // of training
    float *weights;   // plan.weight_floats
    // Answers for the log's sample images with these weights.
    uint8_t sample_class[TRAINER_SAMPLES_MAX];
    float sample_confidence[TRAINER_SAMPLES_MAX];
    // Answers for the whole test set, as of the last evaluation (epoch 0: none yet).
    int evaluated_epoch;
    double test_loss, test_accuracy;
    uint8_t *test_class;
    float *test_confidence;
    // The look inside, only while somebody has asked for it (RunLog.look): `inside` says whether it
    // is of these very weights. `gradients`: plan.parameter_floats, of the last batch.
    bool inside;
    float *gradients;
    DeadUnits dead; // on the first TRAINER_DEAD_IMAGES test images
} RunSnapshot;

typedef enum RunState {
    RUN_WAITING, // its start is on the way
    RUN_TRAINING,
    RUN_PAUSED,
    RUN_FINISHED, // all epochs done
    RUN_STOPPED,  // by hand
    RUN_FAILED,   // `failure` says why
} RunState;

// Who keeps what a run comes to, as functions. They are called with `context` by the trainer's
// thread, or by whoever drives a Run; they may copy, and never wait. Any of them may be NULL.
typedef struct RunSink {
    void (*step)(void *context, const BatchRecord *record);
    void (*epoch)(void *context, const EpochRecord *record);
    // `settled`: at the end of an epoch, or the run stands still, if only because others have
    // their turn for a while. The others come ten times a second, and when `wants` says so: then
    // weights and place alone are new in it.
    void (*snapshot)(void *context, const RunSnapshot *snapshot, bool settled);
    bool (*wants)(void *context); // are the weights that it has old?
    // The last call. `failure`: complete when the state is RUN_FAILED.
    void (*over)(void *context, RunState state, const Status *failure);
    void *context;
} RunSink;

// One run as everybody but the trainer sees it. Made and freed by its owner (the window); filled by
// the trainer. Readers: any thread for feeds and atomics; the owner alone takes from the mailbox.
typedef struct RunLog {
    TrainConfig config;
    ModelSpec spec;
    ModelPlan *plan; // owned
    int batches;     // in an epoch
    int images;      // trained on in an epoch
    Feed steps;      // BatchRecord
    Feed epochs;     // EpochRecord
    Mailbox mailbox; // RunSnapshot
    RunSnapshot snapshots[3];
    // Batches in slow motion (trainer_step_told), the last of which wins. Their memory is allocated
    // with the first one.
    Mailbox told; // Transcript
    Transcript transcripts[3];
    atomic_bool look; // set by the owner: snapshots come with a look inside
    int sample_count;
    int32_t samples[TRAINER_SAMPLES_MAX]; // indices into the test set
    float *initial;                       // weights to start from, or NULL; owned
    float temperature, threshold;         // of the answers (formats.h): those of the network that
                                          // the run goes on from, set by the owner; 1 and 0
    TensorNames *names;                   // of the network it goes on from, or NULL; owned
    atomic_int state;                     // RunState
    RunSink sink;                         // set by the owner before it is started
    Status failure;                       // complete before state becomes RUN_FAILED
} RunLog;

// Copies `initial` (may be NULL). STATUS_USAGE when the config does not fit the data.
Status run_log_open(const TrainConfig *config, const Dataset *dataset, const float *initial,
                    RunLog **out);
// The trainer must have let go of it: its state is FINISHED, STOPPED or FAILED, or the trainer is
// closed.
void run_log_close(RunLog **log);
// True when the trainer no longer touches it.
bool run_log_is_over(const RunLog *log);
// The models that come of it call their tensors so (formats/tensor_names.h), and their batch norms
// have counted so many batches before the run (copied; NULL: they have the plan's names).
Status run_log_name_tensors(RunLog *log, const TensorNames *names);
// A model file's contents from the latest snapshot taken (owner's thread): with names, settings and
// training record.
Status run_log_save_model(const RunLog *log, const Dataset *dataset, SavedModel **out);

typedef struct Trainer Trainer;

typedef struct TrainerHooks {
    // Called from the trainer's thread when there is something new to see, at most about 60 times a
    // second. May do nothing but wake the window (push an event).
    void (*wake)(void *context);
    void *context;
    const Logger *logger;
} TrainerHooks;

// Starts the thread; it opens its own back end (device, threads). `dataset` must outlive it.
// An unusable device is a Status here, before anything is trained.
Status trainer_open(const Dataset *dataset, const BackendConfig *backend, const TrainerHooks *hooks,
                    Trainer **out);
// Asks it to stop what runs, and the evaluation that it is at, without waiting. Nothing may be
// asked of it any more but to be closed.
void trainer_end(Trainer *trainer);
// The same, and waits for the thread (one batch).
void trainer_close(Trainer **trainer);

// False until a device is lost under a run: every run there has then failed, and every other one
// will. Any thread.
bool trainer_is_lost(const Trainer *trainer);

// What the back end calls itself: "OpenBLAS, AVX-512, 1 thread".
const char *trainer_describe(const Trainer *trainer);

// Commands; each returns at once. False only when the queue is full (256 deep). Several runs that
// are started advance turn by turn, batch by batch.
bool trainer_start(Trainer *trainer, RunLog *log);
bool trainer_start_step(Trainer *trainer, RunLog *log); // one batch, then paused
bool trainer_pause(Trainer *trainer, RunLog *log);
bool trainer_resume(Trainer *trainer, RunLog *log);
bool trainer_step(Trainer *trainer, RunLog *log); // one batch, then paused
// The same steps, with a transcript posted to log->told (before the snapshot and the state).
bool trainer_start_step_told(Trainer *trainer, RunLog *log);
bool trainer_step_told(Trainer *trainer, RunLog *log);
bool trainer_stop(Trainer *trainer, RunLog *log);
// A snapshot now, of a run that stands still too: after log->look was set.
bool trainer_snapshot_now(Trainer *trainer, RunLog *log);
bool trainer_set_lr(Trainer *trainer, RunLog *log, double lr);
bool trainer_set_augment(Trainer *trainer, RunLog *log, int augment);

#endif
