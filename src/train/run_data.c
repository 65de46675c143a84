// The data of a run: a data set where the back end can reach it, and the batch at hand brought into
// the model's input, as it is or augmented.
#include "base/check.h"
#include "base/thread.h"
#include "dataset/batch.h"
#include "train/run_internal.h"

#include <assert.h>
#include <string.h>

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

// ---- the batch at hand -------------------------------------------------------------------------

GatherShape run_gather_shape(const Run *run) {
    const ModelSpec *spec = model_spec(run->model);
    GatherShape shape = {spec->input.c, spec->input.h, spec->input.w, spec->normalization.mean,
                         spec->normalization.std};
    return shape;
}

// Threads that make augmented batches: one fewer than compute, which has work of its own.
static Status run_open_prefetch(Run *run) {
    int threads = run->config.threads > 0 ? run->config.threads : thread_cpu_count();
    run->prefetch_tried = true;
    if (threads < 2) return status_ok();
    return prefetch_open(&run->data->dataset->train, (uint64_t)run->config.seed,
                         threads > 5 ? 4 : threads - 1, (uint32_t)run->config.batch_size,
                         &run->prefetch);
}

static const uint32_t *run_order_of(const Run *run, int batch) {
    return run->order + (size_t)batch * (size_t)run->config.batch_size;
}

static uint32_t run_count_of(const Run *run, int batch) {
    return batch_images(run->images, (uint32_t)run->config.batch_size, (uint32_t)batch);
}

// This batch and those that follow it in this epoch.
static void run_ask_ahead(Run *run) {
    for (int k = 0; k < PREFETCH_AHEAD && run->batch + k < run->batches; k++)
        prefetch_ask(run->prefetch, (uint64_t)(run->steps + k), run_order_of(run, run->batch + k),
                     run_count_of(run, run->batch + k), (uint32_t)run->epoch, &run->augment);
}

static void run_put_batch(Run *run, uint32_t n, const uint8_t *pixels, const uint8_t *labels) {
    const BackendOps *ops = run->be->ops;
    GatherShape shape = run_gather_shape(run);
    for (uint32_t i = 0; i < n; i++) run->indices[i] = (int32_t)i;
    ops->upload(run->be, run->staging, pixels,
                imageset_image_bytes(&run->data->dataset->train) * n);
    ops->upload(run->be, run->labels, labels, n);
    GatherFrom from = {run->staging, NULL};
    ops->gather(run->be, &shape, &from, run->indices, (int)n, model_input(run->model), NULL);
}

Status run_load_batch(Run *run, uint32_t n) {
    const BackendOps *ops = run->be->ops;
    const uint32_t *order = run_order_of(run, run->batch);
    const ImageSet *set = &run->data->dataset->train;
    ASSERT(n == run_count_of(run, run->batch));
    if (augment_is_none(&run->augment) || ops->gather_varied) {
        GatherShape shape = run_gather_shape(run);
        GatherFrom from = {run->data->train_pixels, run->data->train_labels};
        GatherVary vary = {run->augment, (uint32_t)run->epoch, (uint64_t)run->config.seed};
        float *input = model_input(run->model);
        for (uint32_t i = 0; i < n; i++) run->indices[i] = (int32_t)order[i];
        if (augment_is_none(&run->augment))
            ops->gather(run->be, &shape, &from, run->indices, (int)n, input, run->labels);
        else
            ops->gather_varied(run->be, &shape, &from, &vary, run->indices, (int)n, input,
                               run->labels);
        return status_ok();
    }
    if (!run->prefetch_tried) {
        Status status = run_open_prefetch(run);
        if (!status_is_ok(&status)) return status;
    }
    if (!run->prefetch) {
        batch_gather_augmented(set, order, n, &run->augment, (uint64_t)run->config.seed,
                               (uint32_t)run->epoch, run->host_pixels, run->host_labels);
        run_put_batch(run, n, run->host_pixels, run->host_labels);
        return status_ok();
    }
    const uint8_t *pixels, *labels;
    run_ask_ahead(run);
    prefetch_take(run->prefetch, (uint64_t)run->steps, &pixels, &labels);
    run_put_batch(run, n, pixels, labels);
    prefetch_give_back(run->prefetch, (uint64_t)run->steps);
    return status_ok();
}
