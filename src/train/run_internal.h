// What a Run is made of: shared by run.c and run_state.c, nobody else's business.
#ifndef INKLING_TRAIN_RUN_INTERNAL_H
#define INKLING_TRAIN_RUN_INTERNAL_H

#include "train/run.h"

struct Run {
    TrainConfig config;
    const DeviceData *data;
    Backend *be;
    Model *model;
    Optimizer *optimizer;
    int classes, batches, max_batch;
    uint32_t images; // trained on, of the training set

    // Where it is.
    int epoch, batch; // of the next batch, 0 = first
    int64_t steps;
    double base_lr; // what the schedule starts from; a person may have changed it
    double seconds, epoch_seconds, epoch_loss;
    int64_t epoch_correct, epoch_images;
    uint32_t *order; // of this epoch, `images` entries

    // Buffers for one batch: on the device, then on the host.
    uint8_t *labels, *staging;
    BatchStats *stats;
    float *probabilities;
    uint8_t *host_pixels, *host_labels;
    float *host_probabilities;
    int32_t *indices;
};

// Makes the order of the epoch that run->epoch names.
void run_restart_epoch(Run *run);

#endif
