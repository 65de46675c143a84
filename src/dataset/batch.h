// Which images a training step sees: the order of an epoch and the copying of a batch. Pure
// functions of (seed, epoch): any position in any epoch can be computed again, so a run resumes
// exactly and does not depend on the number of threads.
#ifndef INKLING_DATASET_BATCH_H
#define INKLING_DATASET_BATCH_H

#include "dataset/augment.h"
#include "dataset/dataset.h"
#include "dataset/split.h"

// Writes the order of epoch `epoch` (0 is the first): a permutation of `indices` (n of them), or
// `indices` as they are when `shuffle` is false. `indices` NULL: 0 .. n-1. `out` has n entries and
// must not overlap `indices`.
void batch_order(uint64_t seed, uint32_t epoch, bool shuffle, const uint32_t *indices, uint32_t n,
                 uint32_t *out);

// How many batches an epoch has (the last one may be smaller), and how many images batch `b` has.
uint32_t batch_count(uint32_t n, uint32_t batch_size);
uint32_t batch_images(uint32_t n, uint32_t batch_size, uint32_t b);

// Copies images order[0 .. n-1] into pixels ([n, channels, height, width]) and their labels.
// Either output may be NULL.
void batch_gather(const ImageSet *set, const uint32_t *order, uint32_t n, uint8_t *pixels,
                  uint8_t *labels);

// The same, each image varied by augment_warp(config, seed, epoch, index). With an empty config
// this is batch_gather. Thread-safe: several threads may each do a part of a batch.
void batch_gather_augmented(const ImageSet *set, const uint32_t *order, uint32_t n,
                            const AugmentConfig *config, uint64_t seed, uint32_t epoch,
                            uint8_t *pixels, uint8_t *labels);

#endif
