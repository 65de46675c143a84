// What a Run is made of: shared by the run*.c files, nobody else's business.
#ifndef INKLING_TRAIN_RUN_INTERNAL_H
#define INKLING_TRAIN_RUN_INTERNAL_H

#include "dataset/split.h"
#include "train/prefetch.h"
#include "train/run.h"

// Images in one forward of an evaluation: large enough for the products, small enough to stay in
// the cache.
enum { RUN_EVAL_BATCH = 128 };

// What early stopping has seen.
typedef struct RunBest {
    double value;   // of the figure that is watched, at the best epoch
    int64_t epoch;  // that one, 1 = first; 0: none yet
    int64_t bad;    // epochs since
    float *weights; // then: host; NULL when nothing will be restored
} RunBest;

struct Run {
    TrainConfig config; // live changes included
    char *opened;       // the settings line it was opened with
    const DeviceData *data;
    Backend *be;
    Model *model;
    Optimizer *optimizer;
    int classes, batches, max_batch;
    uint32_t images; // trained on, of the training set
    Split split;     // which ones; nothing in it when no images are held out

    // Where it is.
    int epoch, batch; // of the next batch, 0 = first
    int64_t steps;
    bool ended;                // before its epochs are over
    const atomic_bool *cancel; // run_set_cancel; NULL: never
    double base_lr;            // what the schedule starts from; a person may have changed it
    double last_lr;            // of the last batch
    float last_loss;           // likewise; 0 before the first
    double seconds, epoch_seconds, epoch_loss;
    double step_seconds; // of one batch, when last measured
    int64_t epoch_correct, epoch_images;
    uint32_t *order; // of this epoch, `images` entries
    ScheduleState schedule;
    RunBest best;
    AugmentConfig augment;

    // Averaged weights, and the model's own while the average answers: device, weight_floats each;
    // NULL without ema. Valid from the first step on.
    float *average, *aside;

    Prefetch *prefetch; // opened with the first augmented batch; NULL on one thread
    bool prefetch_tried;

    // Buffers for one batch: on the device, then on the host.
    uint8_t *labels, *staging;
    BatchStats *stats;
    float *probabilities;
    uint8_t *host_pixels, *host_labels;
    float *host_probabilities;
    int32_t *indices;
};

// Makes the order of the epoch that run->epoch names, and forgets batches made ahead.
void run_restart_epoch(Run *run);

// run_data.c
GatherShape run_gather_shape(const Run *run);
// Images and labels of the n images of the batch at hand into the model's input and run->labels.
Status run_load_batch(Run *run, uint32_t n);

// run_ask.c
// Takes the weights as they are into the average; before run->steps counts this step.
void run_average(Run *run);
// These weights everywhere: in the model and in the average.
void run_put_weights(Run *run, const float *weights);
// Loss and accuracy on the held-out images.
Status run_evaluate_held(Run *run, EvalResult *out);

// run_judge.c
// At the end of an epoch, before it is counted: the held-out figures, the plateau, patience.
Status run_judge(Run *run, EpochRecord *record);
// When all is done: the best weights, if they are to be restored.
void run_restore(Run *run);

#endif
