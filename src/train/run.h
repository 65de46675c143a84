// One training run, step by step, in the calling thread: a model, its optimizer, its place in the
// data. It knows no threads, no window and no files. The command line drives one directly; the
// trainer (trainer.h) drives several turn by turn.
#ifndef INKLING_TRAIN_RUN_H
#define INKLING_TRAIN_RUN_H

#include "dataset/dataset.h"
#include "formats/formats.h"
#include "train/config.h"

#include <stdatomic.h>

typedef struct Run Run;

// What one batch came to. `loss` is the mean over the batch, before its update.
typedef struct BatchRecord {
    int epoch; // 1 = first
    int batch; // 1 .. batches in an epoch
    float loss;
    float accuracy; // 0 .. 1
    float lr;
    float seconds; // of training since the run began, evaluation and pauses excluded
} BatchRecord;

typedef struct EpochRecord {
    int epoch;
    double train_loss, train_accuracy; // means over the batches as they were trained
    int held_images;                   // held out of the training set; 0: none, and no figures
    double held_loss, held_accuracy;
    double test_loss, test_accuracy;
    double lr;      // of its last batch
    double seconds; // of this epoch's training pass alone
    double images_per_second;
} EpochRecord;

// A data set where a back end can reach it. Shared by all runs on that back end.
typedef struct DeviceData {
    Backend *be;
    const Dataset *dataset;
    const uint8_t *train_pixels, *train_labels, *test_pixels, *test_labels; // device
} DeviceData;
Status device_data_open(Backend *be, const Dataset *dataset, DeviceData *out);
void device_data_close(DeviceData *data);

// A full copy of what is needed is made; `data` must outlive the run. `initial` (may be NULL): flat
// weights to start from instead of the seed's. STATUS_USAGE when config and data do not fit.
Status run_open(const TrainConfig *config, const DeviceData *data, const float *initial, Run **out);
void run_close(Run **run);

const TrainConfig *run_config(const Run *run);
const ModelSpec *run_spec(const Run *run);
const ModelPlan *run_plan(const Run *run);
int run_batches(const Run *run); // in an epoch
int run_epoch(const Run *run);   // of the next batch, 1 = first; epochs + 1 when all is done
int run_batch(const Run *run);   // of the next batch, 1 = first
bool run_finished(const Run *run);
double run_seconds(const Run *run);   // of training so far
long long run_images(const Run *run); // trained on so far
// Batches that weights have behind them which are of batch `batch` of epoch `epoch` (0: of the end
// of that epoch), where epochs have `batches`: what PyTorch's batch norms count. Where patience
// brings back the weights of the best epoch, that counts all epochs all the same.
long long run_batches_done(int epoch, int batch, int batches);

// Trains one batch. STATUS_DIVERGED, with learning rate and loss in the sentence, when the loss is
// no number; the weights are then what they became.
Status run_step(Run *run, BatchRecord *out);
// Whether there was a batch that `out` tells of, going by what run_step or run_step_told has given.
bool run_has_trained(const Status *status);
// Trains some: one where the back end has done what is asked when a call returns; elsewhere as many
// as take about `seconds`, at least one, none past the end of the epoch, without waiting in
// between. out[0 .. *done-1] tells of each; when they diverge, up to the first whose loss is no
// number.
enum { RUN_STEPS_MAX = BACKEND_STEPS_AHEAD };
Status run_steps(Run *run, double seconds, BatchRecord out[RUN_STEPS_MAX], int *done);

// The same, bit for bit, with everything that happens in it written down (transcript.h). A
// transcript that finds no memory says so in the status and leaves the batch untrained.
typedef struct Transcript Transcript;
Status run_step_told(Run *run, BatchRecord *out, Transcript *transcript);

// True right after the last batch of an epoch. run_end_epoch then gives the epoch's line, the
// held-out figures in it (the test figures are the caller's to fill in, from run_evaluate), and
// moves on, unless it was cancelled over the held-out images: then the epoch is still at its end.
// When that ends the run and patience asks for it, the weights are from then on those of
// the best epoch.
bool run_at_epoch_end(const Run *run);
Status run_end_epoch(Run *run, EpochRecord *out);
// After an epoch's evaluation: ends the run when `until` is reached.
void run_note_test(Run *run, double accuracy);
// The best epoch on the held-out images so far, 0: nothing watches.
int run_best_epoch(const Run *run);

// What the network as it is, or its averaged weights, says about test images. `classes` and
// `confidence` (may be NULL): the answer and its probability for each, n of them.
typedef struct EvalResult {
    int n;
    double loss, accuracy;
} EvalResult;
Status run_evaluate(Run *run, EvalResult *out, uint8_t *classes, float *confidence);
// As soon as *cancel is true, evaluations (run_end_epoch's of held-out images too) end within some
// images with STATUS_CANCELLED. Must outlive the run.
void run_set_cancel(Run *run, const atomic_bool *cancel);
// The same for a few test images, by index.
Status run_predict(Run *run, const int32_t *indices, int n, uint8_t *classes, float *confidence);

// A look inside, for watchers. The gradients of the last batch trained, clipped if they were: host,
// plan->parameter_floats of the caller's; all 0 before the first.
void run_get_gradients(Run *run, float *gradients);
// How many units of each ReLU layer are 0 for all of the first `n` test images: a number of a
// dense layer, a whole channel of a convolution. Behind a convolution that pools, what pooling
// leaves is looked at (its maximum is 0 only where all are). units[i] = 0: layer i is no ReLU.
typedef struct DeadUnits {
    int images; // looked at
    int units[SPEC_LAYERS_MAX], dead[SPEC_LAYERS_MAX];
} DeadUnits;
Status run_count_dead(Run *run, int n, DeadUnits *out);

// Live changes; they hold from the next batch on. A learning rate set by hand replaces the base
// rate that the schedule works on.
void run_set_lr(Run *run, double lr);
void run_set_augment(Run *run, int augment);
void run_set_epochs(Run *run, int epochs);

// weights: plan->weight_floats of the caller's. With ema, the averaged ones.
void run_get_weights(Run *run, float *weights);

// Everything needed to go on later as if nothing had happened, live changes included, as a file,
// and back. The run must have been opened with the same config (STATUS_FORMAT says what differs).
Status run_save_state(Run *run, const char *path);
Status run_load_state(Run *run, const char *path);

#endif
