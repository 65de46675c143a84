// The runs of this session: each keeps its curves, its latest weights and its colour until it is
// deleted by hand. Starting one never takes another away. Commands to the trainer go out from here.
#ifndef INKLING_PANELS_RUNS_H
#define INKLING_PANELS_RUNS_H

#include "history/history.h"
#include "panels/errands.h"
#include "train/trainer.h"
#include "ui/series.h"

typedef struct Workbench Workbench;

enum { RUNS_MAX = 24, RUN_NAME_MAX = 64 };

// What a chart's x can be.
typedef enum CurveAxis { CURVE_EPOCHS, CURVE_SECONDS, CURVE_IMAGES } CurveAxis;

typedef struct RunEntry {
    Errand errand; // that closes it
    uint64_t id;
    RunLog *log;      // owned
    Trainer *trainer; // who trains it; NULL: nobody (any more)
    // A run on data of its own has a trainer of its own while it is going; owned.
    Trainer *own_trainer;
    Dataset *own_data;
    // In the history: while it is trained here, or where it was read from.
    Recording *recording; // NULL: not from here, or not kept
    int64_t kept_id;      // 0: not from there
    KeptWeights kept_which;
    bool restored;  // from there: nobody trains it, its answers for the test set have to be found
    double started; // seconds since 1970
    uint64_t race;  // id of the first run of its race; 0: in none
    int number;     // 0, 1, 2 ...: its colour
    char name[RUN_NAME_MAX];
    bool visible;                   // its curves
    bool removing;                  // waits for the trainer to let go of it
    char saved_as[FILE_PATH_MAX];   // "" = never
    long long saved_images;         // how far it had come then
    bool told;                      // its end has been said
    size_t steps_read, epochs_read; // of the log's feeds
    Series loss, test, train;       // x by CurveAxis; accuracies in percent
    BatchRecord last;               // all 0 before the first batch
    EpochRecord last_epoch;
    double best;                 // test accuracy 0..1, 0 before the first evaluation
    double lr;                   // as set by hand last
    const RunSnapshot *snapshot; // the latest taken; NULL before the first
    uint32_t snapshot_version;
    // Images per second of wall time, measured over the last seconds of training.
    double meter_time, meter_rate;
    long long meter_images;
} RunEntry;

// What the table is sorted by.
typedef enum RunSort { SORT_STARTED, SORT_LR, SORT_BEST, SORT_LOSS } RunSort;

typedef struct RunList {
    RunEntry *entry[RUNS_MAX];
    int count;
    int made;          // how many there have ever been: the next number
    uint64_t selected; // id; 0: none
    RunSort sort;
} RunList;

// Starts a run with the form's settings beside those that are there; it becomes the selected one.
// `one_batch`: trains one batch and then stays paused.
Status runs_start(Workbench *bench, bool one_batch);
// The same with other settings than the form's, under `name`.
Status runs_start_as(Workbench *bench, const TrainConfig *config, const char *name, bool one_batch);
// Starts a run with other settings, from `from`, on `data` in place of the window's (same shape and
// classes; given away). It keeps the temperature and the threshold of `from`. *id: which one it is.
Status runs_start_on(Workbench *bench, const TrainConfig *config, const SavedModel *from,
                     Dataset *data, const char *name, uint64_t *id);
// The weights of the file that `form` says to start from, until initial_forget; NULL when it names
// none. STATUS_USAGE while they are being read. initial.c
Status runs_initial(Workbench *bench, const TrainConfig *form, const SavedModel **out);
// They have to be read anew: a file was written, or the window closes.
void initial_forget(Workbench *bench);
// A run of the history beside the others, with its curves and the weights that came along, which
// answer the canvas from now on. One that is here already is selected.
Status runs_restore(Workbench *bench, const HistoryAnswer *answer);
// Its name: "Adam", or "Adam 2" when there is an Adam already.
void runs_make_name(Workbench *bench, RunEntry *run, const char *base);
// `wanted`, or the next number whose colour no visible run has; `wanted` when there is none.
int runs_free_color(const Workbench *bench, int wanted);
// Puts a run that is complete but for its place into the list, selected.
void runs_add(Workbench *bench, RunEntry *run);
// Lets go of one that is in the list no longer: by an errand, since its trainer may be at a batch
// still, and its curves on their way into a file.
void runs_give_up(Workbench *bench, RunEntry *run);
// Reads what the trainer has reported. True when there was something new.
bool runs_poll(Workbench *bench, double now);
// Lets go of all; the trainer must be closed, or be about to by an errand (devices_drop).
void runs_close(Workbench *bench);

RunEntry *runs_find(Workbench *bench, uint64_t id);
RunEntry *runs_selected(Workbench *bench);
// The one of that number in the history; NULL: not here.
RunEntry *runs_find_kept(Workbench *bench, int64_t kept_id);
int64_t entry_kept_id(const RunEntry *run); // 0: not in the history
// Selects; the form takes over its settings.
void runs_select(Workbench *bench, RunEntry *run);
// Deletes without asking (a run that is going is stopped first).
void runs_remove(Workbench *bench, RunEntry *run);

RunState entry_state(const RunEntry *run);
bool entry_is_active(const RunEntry *run);    // waiting, training or paused
bool entry_has_progress(const RunEntry *run); // at least one batch trained
bool entry_is_unsaved(const RunEntry *run);   // progress that no file and no history has
// Training pass done, test answers on the way.
bool entry_is_evaluating(const RunEntry *run);

// How many test images its accuracies are of.
double entry_test_images(const Workbench *bench, const RunEntry *run);

bool runs_any(Workbench *bench, RunState state);
bool runs_any_active(Workbench *bench);
int runs_unsaved(Workbench *bench);

// To all active runs: they advance together.
void runs_pause(Workbench *bench);
void runs_resume(Workbench *bench);
void runs_step(Workbench *bench); // starts one when none is active
// The same; the batch of the selected run, or of the first active one, is written down
// (trainer_step_told). Gives that run's id, which is selected; 0 when there is none.
uint64_t runs_step_told(Workbench *bench);
void runs_stop(Workbench *bench);
// Asks for a snapshot of one now.
void runs_snapshot(RunEntry *run);
// To the selected run, at once.
void runs_set_lr(Workbench *bench, double lr);
void runs_set_augment(Workbench *bench, int augment);

#endif
