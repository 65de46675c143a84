// One run: gather, forward, loss, backward, update; and where it is.
#include "train/run.h"
#include "base/check.h"
#include "base/streams.h"
#include "base/thread.h"
#include "base/tr.h"
#include "dataset/batch.h"
#include "train/run_internal.h"
#include "train/transcript_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- opening and closing -----------------------------------------------------------------------

static Status run_allocate(Run *run) {
    Backend *be = run->be;
    size_t image = imageset_image_bytes(&run->data->dataset->train);
    int batch = run->max_batch;
    run->labels = be->ops->alloc(be, (size_t)batch);
    run->stats = be->ops->alloc(be, sizeof(BatchStats));
    run->staging = be->ops->alloc(be, image * (size_t)batch);
    run->probabilities = be->ops->alloc(be, sizeof(float) * (size_t)(batch * run->classes));
    run->host_pixels = malloc(image * (size_t)batch);
    run->host_labels = malloc((size_t)batch);
    run->host_probabilities = malloc(sizeof(float) * (size_t)(batch * run->classes));
    run->indices = malloc(sizeof *run->indices * (size_t)batch);
    run->order = malloc(sizeof *run->order * run->images);
    if (!run->labels || !run->stats || !run->staging || !run->probabilities || !run->host_pixels ||
        !run->host_labels || !run->host_probabilities || !run->indices || !run->order)
        return status_no_memory("a training run", image * (size_t)batch);
    return status_ok();
}

static Status run_allocate_weights(Run *run) {
    Backend *be = run->be;
    size_t bytes = model_plan(run->model)->weight_floats * sizeof(float);
    if (run->config.ema > 0) {
        run->average = be->ops->alloc(be, bytes);
        run->aside = be->ops->alloc(be, bytes);
        if (!run->average || !run->aside) return status_no_memory("averaged weights", 2 * bytes);
        be->ops->zero(be, run->average, bytes);
    }
    if (run->config.patience > 0 && run->config.restore_best) {
        run->best.weights = calloc(1, bytes);
        if (!run->best.weights) return status_no_memory("the best weights", bytes);
    }
    return status_ok();
}

void run_restart_epoch(Run *run) {
    if (run->prefetch) prefetch_forget(run->prefetch);
    batch_order((uint64_t)run->config.seed, (uint32_t)run->epoch, run->config.shuffle,
                run->split.train, run->images, run->order);
}

// What follows from config and data alone, before anything is allocated.
static Status run_set_up(Run *run, const TrainConfig *config, const DeviceData *data) {
    const Dataset *dataset = data->dataset;
    Status status;
    char line[TRAIN_LINE_MAX];
    if (dataset->train.n == 0 || dataset->test.n == 0)
        return status_error(STATUS_USAGE, TR("%s has no images to train on or to test with"),
                            dataset->name);
    TRY(config_check(config, dataset->train.n, &run->images));
    config_print(config, line);
    run->opened = malloc(strlen(line) + 1);
    if (!run->opened) return status_no_memory("a training run", strlen(line) + 1);
    memcpy(run->opened, line, strlen(line) + 1);
    run->config = *config;
    run->data = data;
    run->be = data->be;
    run->base_lr = run->last_lr = config->options.lr;
    run->augment = config_augment(config);
    run->classes = (int)dataset->classes;
    if (config->held_out > 0)
        TRY(split_open(&run->split, dataset->train.n, (uint32_t)config->limit,
                       (uint32_t)config->held_out, (uint64_t)config->seed));
    run->batches = (int)batch_count(run->images, (uint32_t)config->batch_size);
    // A batch is never larger than what there is to train on; memory need not be either.
    run->max_batch =
        (uint32_t)config->batch_size < run->images ? config->batch_size : (int)run->images;
    if (run->max_batch < RUN_EVAL_BATCH) run->max_batch = RUN_EVAL_BATCH;
fail:
    return status;
}

Status run_open(const TrainConfig *config, const DeviceData *data, const float *initial,
                Run **out) {
    const Dataset *dataset = data->dataset;
    ModelSpec *spec = malloc(sizeof *spec);
    Run *run = calloc(1, sizeof *run);
    float *weights = NULL;
    Status status;
    *out = NULL;
    if (!run || !spec) {
        status = status_no_memory("a training run", sizeof *run + sizeof *spec);
        goto fail;
    }
    TRY(run_set_up(run, config, data));
    Shape input = {(int)dataset->train.channels, (int)dataset->train.height,
                   (int)dataset->train.width, false};
    TRY(config_spec(config, input, run->classes, spec));
    TRY(model_open(run->be, spec, run->max_batch, true, &run->model));
    const ModelPlan *plan = model_plan(run->model);
    if (plan->classes != run->classes) {
        status =
            status_error(STATUS_USAGE, TR("the network ends in %d outputs, but %s has %d classes"),
                         plan->classes, dataset->name, run->classes);
        goto fail;
    }
    TRY(optimizer_open(run->be, (OptimizerKind)config->optimizer, &config->options,
                       plan->parameter_floats, &run->optimizer));
    TRY(run_allocate(run));
    TRY(run_allocate_weights(run));
    weights = calloc(plan->weight_floats, sizeof *weights);
    if (!weights) {
        status = status_no_memory("the weights", plan->weight_floats * sizeof *weights);
        goto fail;
    }
    if (!initial) weights_init(plan, (InitKind)config->init, (uint64_t)config->seed, weights);
    model_set_weights(run->model, initial ? initial : weights);
    run_restart_epoch(run);
    free(weights);
    free(spec);
    *out = run;
    return status;
fail:
    free(weights);
    free(spec);
    run_close(&run);
    return status;
}

void run_close(Run **handle) {
    Run *run = *handle;
    if (!run) return;
    *handle = NULL;
    prefetch_close(&run->prefetch);
    if (run->be) {
        const BackendOps *ops = run->be->ops;
        optimizer_close(&run->optimizer);
        model_close(&run->model);
        ops->release(run->be, run->labels);
        ops->release(run->be, run->stats);
        ops->release(run->be, run->staging);
        ops->release(run->be, run->probabilities);
        ops->release(run->be, run->average);
        ops->release(run->be, run->aside);
    }
    free(run->host_pixels);
    free(run->host_labels);
    free(run->host_probabilities);
    free(run->indices);
    free(run->order);
    free(run->best.weights);
    free(run->opened);
    split_close(&run->split);
    free(run);
}

// ---- looking at it -----------------------------------------------------------------------------

const TrainConfig *run_config(const Run *run) {
    return &run->config;
}
const ModelSpec *run_spec(const Run *run) {
    return model_spec(run->model);
}
const ModelPlan *run_plan(const Run *run) {
    return model_plan(run->model);
}
int run_batches(const Run *run) {
    return run->batches;
}
int run_epoch(const Run *run) {
    return run->epoch + 1;
}
int run_batch(const Run *run) {
    return run->batch + 1;
}
bool run_finished(const Run *run) {
    return run->ended || run->epoch >= run->config.epochs;
}
int run_best_epoch(const Run *run) {
    return (int)run->best.epoch;
}
double run_seconds(const Run *run) {
    return run->seconds;
}
long long run_images(const Run *run) {
    long long whole = (long long)run->epoch * run->images;
    long long part = (long long)run->batch * run->config.batch_size;
    return whole + (part < run->images ? part : run->images);
}

long long run_batches_done(int epoch, int batch, int batches) {
    return batch == 0 ? (long long)epoch * batches : (long long)(epoch - 1) * batches + batch;
}

bool run_at_epoch_end(const Run *run) {
    return run->batch >= run->batches;
}

// ---- training ----------------------------------------------------------------------------------

// Learning rate and momentum of the batch at hand.
static double run_set_rates(Run *run) {
    const TrainConfig *config = &run->config;
    SchedulePlace place = {run->steps, run->batches, run->epoch, config->epochs};
    ScheduleKind kind = (ScheduleKind)config->schedule;
    double lr =
        schedule_rate(kind, &config->schedule_options, &run->schedule, run->base_lr, &place);
    double momentum = schedule_momentum(kind, &config->schedule_options, &place);
    int64_t warmup = config->warmup_steps + llround(config->warmup_epochs * run->batches);
    lr *= schedule_warmup(config->warmup_start, warmup, run->steps);
    optimizer_set_lr(run->optimizer, lr);
    if (momentum >= 0) optimizer_set_momentum(run->optimizer, momentum);
    return lr;
}

// What may help. Before the first update nothing can have grown; and without eps the first gradient
// of 0, such as a pixel's that is always paper, makes 0 / 0.
static const char *run_advice(const Run *run, const BatchRecord *record) {
    unsigned takes = optimizer_rows[run->config.optimizer].options;
    if (record->epoch == 1 && record->batch == 1)
        return tr("the weights that it began with, or the images as they are normalized, are no "
                  "usable numbers");
    if ((takes & OPTION_EPS) && run->config.options.eps == 0)
        return tr("start again with an eps above 0");
    return tr("start again with a smaller learning rate");
}

static Status run_diverged(const Run *run, const BatchRecord *record) {
    const char *became = isnan(record->loss) ? "NaN" : tr("infinite");
    if (!(run->last_loss > 0))
        return status_error(
            STATUS_DIVERGED, TR("the loss became %s in epoch %d, batch %d at learning rate %g: %s"),
            became, record->epoch, record->batch, (double)record->lr, run_advice(run, record));
    return status_error(STATUS_DIVERGED,
                        TR("the loss became %s (%g a batch before) in epoch %d, batch %d at "
                           "learning rate %g: %s"),
                        became, (double)run->last_loss, record->epoch, record->batch,
                        (double)record->lr, run_advice(run, record));
}

// Forward, loss, backward, update of the n images that are loaded.
static void run_train(Run *run, int n, uint64_t key, TranscriptWriter *told) {
    const BackendOps *ops = run->be->ops;
    const TrainConfig *config = &run->config;
    const float *logits = model_forward(run->model, n, true, key);
    if (told) transcript_losses(told, logits);
    ops->loss(run->be, (LossKind)config->loss, (float)config->label_smoothing, run->classes, n,
              logits, run->labels, model_logits_gradient(run->model), run->stats);
    model_backward(run->model, n, false);
    if (told) transcript_gradients(told, false);
    run->last_lr = run_set_rates(run);
    if (config->clip_norm > 0) {
        optimizer_clip(run->optimizer, model_gradients(run->model), config->clip_norm);
        if (told) transcript_gradients(told, true);
    }
    optimizer_step(run->optimizer, model_parameters(run->model), model_gradients(run->model));
    run_average(run);
}

// Calls the operations of the batch at hand and moves on to the next. `transcript` and its writer:
// NULL when nobody wants to know.
static Status run_train_batch(Run *run, BatchRecord *out, Transcript *transcript,
                              TranscriptWriter *writer) {
    uint32_t batch_size = (uint32_t)run->config.batch_size;
    uint32_t n = batch_images(run->images, batch_size, (uint32_t)run->batch);
    Rng dropout = rng_make((uint64_t)run->config.seed, STREAM_DROPOUT);
    Rng step = rng_at(&dropout, (uint64_t)run->steps);
    memset(out, 0, sizeof *out);

    Status status = run_load_batch(run, n);
    if (!status_is_ok(&status)) return status;
    if (writer) transcript_begin(writer, run, transcript, (int)n);
    run_train(run, (int)n, rng_next(&step), writer);
    run->batch++;
    run->steps++;
    out->epoch = run->epoch + 1;
    out->batch = run->batch;
    out->lr = (float)run->last_lr;
    return status;
}

// What a batch came to, once that is known.
static Status run_count_batch(Run *run, const BatchStats *stats, double seconds, BatchRecord *out) {
    run->seconds += seconds;
    run->epoch_seconds += seconds;
    run->epoch_loss += stats->loss_sum;
    run->epoch_correct += stats->correct;
    run->epoch_images += stats->count;
    out->loss = (float)(stats->loss_sum / stats->count);
    out->accuracy = (float)stats->correct / (float)stats->count;
    out->seconds = (float)run->seconds;
    Status status = isfinite(stats->loss_sum) ? status_ok() : run_diverged(run, out);
    run->last_loss = out->loss;
    return status;
}

// One batch, waited for.
static Status run_do_step(Run *run, BatchRecord *out, Transcript *transcript) {
    ASSERT(!run_finished(run) && !run_at_epoch_end(run));
    const BackendOps *ops = run->be->ops;
    double start = clock_seconds();
    TranscriptWriter writer;
    Status status = run_train_batch(run, out, transcript, transcript ? &writer : NULL);
    if (!status_is_ok(&status)) return status;
    BatchStats stats;
    ops->download(run->be, &stats, run->stats, sizeof stats);
    status = ops->sync(run->be);
    if (transcript) transcript_end(&writer, &stats);
    if (!status_is_ok(&status)) return status;
    run->step_seconds = clock_seconds() - start;
    return run_count_batch(run, &stats, run->step_seconds, out);
}

bool run_has_trained(const Status *status) {
    return status_is_ok(status) || status->code == STATUS_DIVERGED;
}

Status run_step(Run *run, BatchRecord *out) {
    return run_do_step(run, out, NULL);
}

// `most` batches, or those up to a failure, handed over before the first is waited for.
static Status run_hand_over(Run *run, int most, BatchRecord *out, BatchStats *stats, int *count) {
    const BackendOps *ops = run->be->ops;
    Status status = status_ok();
    for (*count = 0; *count < most && status_is_ok(&status); ++*count) {
        ops->step_begin(run->be);
        status = run_train_batch(run, &out[*count], NULL, NULL);
        ops->step_end(run->be, run->stats);
    }
    ops->steps_take(run->be, stats);
    Status device = ops->sync(run->be);
    return status_is_ok(&device) ? status : device;
}

Status run_steps(Run *run, double seconds, BatchRecord out[RUN_STEPS_MAX], int *done) {
    ASSERT(!run_finished(run) && !run_at_epoch_end(run));
    if (!run->be->ops->step_begin) {
        Status status = run_do_step(run, out, NULL);
        *done = run_has_trained(&status);
        return status;
    }
    BatchStats stats[RUN_STEPS_MAX];
    double start = clock_seconds(), fit = run->step_seconds > 0 ? seconds / run->step_seconds : 1;
    int left = run->batches - run->batch, most = (int)fmax(1, fmin(fit, RUN_STEPS_MAX)), count;
    *done = 0;
    Status status = run_hand_over(run, most < left ? most : left, out, stats, &count);
    if (!status_is_ok(&status)) return status;
    run->step_seconds = (clock_seconds() - start) / count;
    for (int i = 0; i < count && status_is_ok(&status); i++) {
        status = run_count_batch(run, &stats[i], run->step_seconds, &out[i]);
        *done = i + 1;
    }
    return status;
}

Status run_step_told(Run *run, BatchRecord *out, Transcript *transcript) {
    Status status = transcript_reserve(transcript, run);
    return status_is_ok(&status) ? run_do_step(run, out, transcript) : status;
}

Status run_end_epoch(Run *run, EpochRecord *out) {
    ASSERT(run_at_epoch_end(run));
    memset(out, 0, sizeof *out);
    out->epoch = run->epoch + 1;
    out->lr = run->last_lr;
    if (run->epoch_images > 0) {
        out->train_loss = run->epoch_loss / (double)run->epoch_images;
        out->train_accuracy = (double)run->epoch_correct / (double)run->epoch_images;
    }
    out->seconds = run->epoch_seconds;
    if (run->epoch_seconds > 0)
        out->images_per_second = (double)run->epoch_images / run->epoch_seconds;
    Status status = run_judge(run, out);
    if (status.code == STATUS_CANCELLED) return status;
    run->epoch++;
    run->batch = 0;
    run->epoch_loss = run->epoch_seconds = 0;
    run->epoch_correct = run->epoch_images = 0;
    if (run_finished(run))
        run_restore(run);
    else
        run_restart_epoch(run);
    return status;
}

void run_set_lr(Run *run, double lr) {
    run->base_lr = lr;
}
void run_set_augment(Run *run, int augment) {
    Status status = config_set(&run->config, "augment", augment_presets[augment].name);
    REQUIRE(status_is_ok(&status));
    run->augment = config_augment(&run->config);
    if (run->prefetch) prefetch_forget(run->prefetch);
}
void run_set_epochs(Run *run, int epochs) {
    run->config.epochs = epochs;
}
