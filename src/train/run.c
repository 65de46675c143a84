// One run: gather, forward, loss, backward, update; and asking the network about test images.
#include "train/run.h"
#include "base/check.h"
#include "base/streams.h"
#include "base/thread.h"
#include "dataset/batch.h"
#include "train/run_internal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// Test images in one forward: large enough for the products, small enough to stay in the cache.
enum { RUN_EVAL_BATCH = 128 };

static_assert((int)DATASET_LABEL_NONE == (int)LABEL_NONE, "one mark for both rooms");

// ---- the data on the back end ------------------------------------------------------------------

Status device_data_open(Backend *be, const Dataset *dataset, DeviceData *out) {
    memset(out, 0, sizeof *out);
    out->be = be;
    out->dataset = dataset;
    struct {
        const uint8_t **device;
        const uint8_t *host;
        size_t bytes;
    } parts[] = {
        {&out->train_pixels, dataset->train.pixels,
         imageset_image_bytes(&dataset->train) * dataset->train.n},
        {&out->train_labels, dataset->train.labels, dataset->train.n},
        {&out->test_pixels, dataset->test.pixels,
         imageset_image_bytes(&dataset->test) * dataset->test.n},
        {&out->test_labels, dataset->test.labels, dataset->test.n},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        *parts[i].device = be->ops->share(be, parts[i].host, parts[i].bytes);
        if (!*parts[i].device) {
            device_data_close(out);
            return status_no_memory("the data set on the device", parts[i].bytes);
        }
    }
    return status_ok();
}

void device_data_close(DeviceData *data) {
    if (!data->be) return;
    const uint8_t *parts[] = {data->train_pixels, data->train_labels, data->test_pixels,
                              data->test_labels};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        data->be->ops->unshare(data->be, parts[i]);
    memset(data, 0, sizeof *data);
}

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

static Status run_check_data(const TrainConfig *config, const Dataset *dataset) {
    if (dataset->train.n == 0 || dataset->test.n == 0)
        return status_error(STATUS_USAGE, "%s has no images to train on or to test with",
                            dataset->name);
    if (config->batch_size < 1 || config->epochs < 1)
        return status_error(STATUS_USAGE, "batch-size and epochs must be at least 1");
    return status_ok();
}

void run_restart_epoch(Run *run) {
    batch_order((uint64_t)run->config.seed, (uint32_t)run->epoch, run->config.shuffle, NULL,
                run->images, run->order);
}

Status run_open(const TrainConfig *config, const DeviceData *data, const float *initial,
                Run **out) {
    const Dataset *dataset = data->dataset;
    ModelSpec *spec = malloc(sizeof *spec);
    Run *run = calloc(1, sizeof *run);
    float *weights = NULL;
    Status status = status_ok();
    *out = NULL;
    if (!run || !spec) {
        status = status_no_memory("a training run", sizeof *run + sizeof *spec);
        goto fail;
    }
    TRY(run_check_data(config, dataset));
    run->config = *config;
    run->data = data;
    run->be = data->be;
    run->base_lr = config->options.lr;
    run->classes = (int)dataset->classes;
    run->images = dataset->train.n;
    if (config->limit > 0 && (uint32_t)config->limit < run->images)
        run->images = (uint32_t)config->limit;
    run->batches = (int)batch_count(run->images, (uint32_t)config->batch_size);
    run->max_batch = config->batch_size > RUN_EVAL_BATCH ? config->batch_size : RUN_EVAL_BATCH;
    Shape input = {(int)dataset->train.channels, (int)dataset->train.height,
                   (int)dataset->train.width, false};
    TRY(config_spec(config, input, run->classes, spec));
    TRY(model_open(run->be, spec, run->max_batch, true, &run->model));
    const ModelPlan *plan = model_plan(run->model);
    if (plan->classes != run->classes) {
        status = status_error(STATUS_USAGE, "the network ends in %d outputs, but %s has %d classes",
                              plan->classes, dataset->name, run->classes);
        goto fail;
    }
    TRY(optimizer_open(run->be, (OptimizerKind)config->optimizer, &config->options,
                       plan->parameter_floats, &run->optimizer));
    TRY(run_allocate(run));
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
    if (run->be) {
        const BackendOps *ops = run->be->ops;
        optimizer_close(&run->optimizer);
        model_close(&run->model);
        ops->release(run->be, run->labels);
        ops->release(run->be, run->stats);
        ops->release(run->be, run->staging);
        ops->release(run->be, run->probabilities);
    }
    free(run->host_pixels);
    free(run->host_labels);
    free(run->host_probabilities);
    free(run->indices);
    free(run->order);
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
    return run->epoch >= run->config.epochs;
}
double run_seconds(const Run *run) {
    return run->seconds;
}
long long run_images(const Run *run) {
    long long whole = (long long)run->epoch * run->images;
    long long part = (long long)run->batch * run->config.batch_size;
    return whole + (part < run->images ? part : run->images);
}
bool run_at_epoch_end(const Run *run) {
    return run->batch >= run->batches;
}
void run_get_weights(Run *run, float *weights) {
    model_get_weights(run->model, weights);
}

// ---- training ----------------------------------------------------------------------------------

static double run_lr(const Run *run) {
    return schedule_rows[run->config.schedule].rate(&run->config.schedule_options, run->base_lr,
                                                    run->epoch, run->config.epochs);
}

static GatherShape run_gather_shape(const Run *run) {
    const ModelSpec *spec = model_spec(run->model);
    GatherShape shape = {spec->input.c, spec->input.h, spec->input.w, spec->normalization.mean,
                         spec->normalization.std};
    return shape;
}

// Images and labels of the batch at hand into the model's input and run->labels.
static void run_load_batch(Run *run, uint32_t n) {
    const BackendOps *ops = run->be->ops;
    const uint32_t *order = run->order + (size_t)run->batch * (size_t)run->config.batch_size;
    const AugmentConfig *augment = &augment_presets[run->config.augment].config;
    GatherShape shape = run_gather_shape(run);
    if (augment_is_none(augment)) {
        for (uint32_t i = 0; i < n; i++) run->indices[i] = (int32_t)order[i];
        ops->gather(run->be, &shape, run->data->train_pixels, run->indices, (int)n,
                    model_input(run->model));
        ops->gather_labels(run->be, run->data->train_labels, run->indices, (int)n, run->labels);
        return;
    }
    const ImageSet *set = &run->data->dataset->train;
    batch_gather_augmented(set, order, n, augment, (uint64_t)run->config.seed, (uint32_t)run->epoch,
                           run->host_pixels, run->host_labels);
    for (uint32_t i = 0; i < n; i++) run->indices[i] = (int32_t)i;
    ops->upload(run->be, run->staging, run->host_pixels, imageset_image_bytes(set) * n);
    ops->upload(run->be, run->labels, run->host_labels, n);
    ops->gather(run->be, &shape, run->staging, run->indices, (int)n, model_input(run->model));
}

Status run_step(Run *run, BatchRecord *out) {
    ASSERT(!run_finished(run) && !run_at_epoch_end(run));
    const BackendOps *ops = run->be->ops;
    double start = clock_seconds();
    double lr = run_lr(run);
    uint32_t n = batch_images(run->images, (uint32_t)run->config.batch_size, (uint32_t)run->batch);
    Rng dropout = rng_make((uint64_t)run->config.seed, STREAM_DROPOUT);
    Rng step = rng_at(&dropout, (uint64_t)run->steps);

    run_load_batch(run, n);
    const float *logits = model_forward(run->model, (int)n, true, rng_next(&step));
    ops->loss(run->be, (LossKind)run->config.loss, (float)run->config.label_smoothing, run->classes,
              (int)n, logits, run->labels, model_logits_gradient(run->model), run->stats);
    model_backward(run->model, (int)n, false);
    optimizer_set_lr(run->optimizer, lr);
    optimizer_step(run->optimizer, model_parameters(run->model), model_gradients(run->model));

    BatchStats stats;
    ops->download(run->be, &stats, run->stats, sizeof stats);
    Status status = ops->sync(run->be);
    double seconds = clock_seconds() - start;
    run->seconds += seconds;
    run->epoch_seconds += seconds;
    run->epoch_loss += stats.loss_sum;
    run->epoch_correct += stats.correct;
    run->epoch_images += n;
    run->batch++;
    run->steps++;
    out->epoch = run->epoch + 1;
    out->batch = run->batch;
    out->loss = (float)(stats.loss_sum / n);
    out->accuracy = (float)stats.correct / (float)n;
    out->lr = (float)lr;
    out->seconds = (float)run->seconds;
    if (!status_is_ok(&status)) return status;
    if (!isfinite(stats.loss_sum))
        return status_error(STATUS_DIVERGED,
                            "the loss became %f in epoch %d, batch %d at learning rate %g: start "
                            "again with a smaller learning rate",
                            stats.loss_sum / n, out->epoch, out->batch, lr);
    return status;
}

void run_end_epoch(Run *run, EpochRecord *out) {
    ASSERT(run_at_epoch_end(run));
    memset(out, 0, sizeof *out);
    out->epoch = run->epoch + 1;
    out->lr = run_lr(run);
    if (run->epoch_images > 0) {
        out->train_loss = run->epoch_loss / (double)run->epoch_images;
        out->train_accuracy = (double)run->epoch_correct / (double)run->epoch_images;
    }
    out->seconds = run->epoch_seconds;
    if (run->epoch_seconds > 0)
        out->images_per_second = (double)run->epoch_images / run->epoch_seconds;
    run->epoch++;
    run->batch = 0;
    run->epoch_loss = run->epoch_seconds = 0;
    run->epoch_correct = run->epoch_images = 0;
    if (!run_finished(run)) run_restart_epoch(run);
}

void run_set_lr(Run *run, double lr) {
    run->base_lr = lr;
}
void run_set_augment(Run *run, int augment) {
    run->config.augment = augment;
}
void run_set_epochs(Run *run, int epochs) {
    run->config.epochs = epochs;
}

// ---- asking ------------------------------------------------------------------------------------

// The answers for the n samples whose logits are on the device.
static void run_answers(Run *run, const float *logits, int n, uint8_t *classes, float *confidence) {
    const BackendOps *ops = run->be->ops;
    ops->softmax(run->be, run->classes, n, logits, run->probabilities);
    ops->download(run->be, run->host_probabilities, run->probabilities,
                  sizeof(float) * (size_t)(n * run->classes));
    for (int i = 0; i < n; i++) {
        const float *row = run->host_probabilities + (size_t)(i * run->classes);
        int best = 0;
        for (int c = 1; c < run->classes; c++)
            if (row[c] > row[best]) best = c;
        if (classes) classes[i] = (uint8_t)best;
        if (confidence) confidence[i] = row[best];
    }
}

// One forward over test images run->indices[0 .. n-1].
static const float *run_test_forward(Run *run, int n) {
    GatherShape shape = run_gather_shape(run);
    run->be->ops->gather(run->be, &shape, run->data->test_pixels, run->indices, n,
                         model_input(run->model));
    return model_forward(run->model, n, false, 0);
}

Status run_evaluate(Run *run, EvalResult *out, uint8_t *classes, float *confidence) {
    const BackendOps *ops = run->be->ops;
    int total = (int)run->data->dataset->test.n;
    double loss = 0;
    long long correct = 0;
    for (int first = 0; first < total; first += RUN_EVAL_BATCH) {
        int n = total - first < RUN_EVAL_BATCH ? total - first : RUN_EVAL_BATCH;
        for (int i = 0; i < n; i++) run->indices[i] = first + i;
        const float *logits = run_test_forward(run, n);
        ops->gather_labels(run->be, run->data->test_labels, run->indices, n, run->labels);
        // The loss that is reported is plain cross-entropy, whatever is minimised.
        ops->loss(run->be, LOSS_CROSS_ENTROPY, 0, run->classes, n, logits, run->labels, NULL,
                  run->stats);
        BatchStats stats;
        ops->download(run->be, &stats, run->stats, sizeof stats);
        loss += stats.loss_sum;
        correct += stats.correct;
        if (classes || confidence)
            run_answers(run, logits, n, classes ? classes + first : NULL,
                        confidence ? confidence + first : NULL);
    }
    out->n = total;
    out->loss = loss / total;
    out->accuracy = (double)correct / total;
    return ops->sync(run->be);
}

Status run_predict(Run *run, const int32_t *indices, int n, uint8_t *classes, float *confidence) {
    for (int first = 0; first < n; first += RUN_EVAL_BATCH) {
        int part = n - first < RUN_EVAL_BATCH ? n - first : RUN_EVAL_BATCH;
        memcpy(run->indices, indices + first, sizeof *indices * (size_t)part);
        run_answers(run, run_test_forward(run, part), part, classes ? classes + first : NULL,
                    confidence ? confidence + first : NULL);
    }
    return run->be->ops->sync(run->be);
}
