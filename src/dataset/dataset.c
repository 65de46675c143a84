// Data sets in memory: made from files, from synthetic digits or from arrays, checked once, then
// only read.
#include "dataset/dataset.h"
#include "base/check.h"
#include "base/streams.h"
#include "base/text.h"
#include "base/thread.h"
#include "base/tr.h"
#include "dataset/dataset_parts.h"
#include "dataset/idx.h"
#include "dataset/synthetic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SYNTHETIC_TRAIN = 60000, SYNTHETIC_TEST = 10000 };

void dataset_class_names(uint32_t classes, char names[][DATASET_CLASS_NAME_MAX]) {
    static const char all[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // EMNIST balanced and by-merge: lower-case letters that look like their capitals are merged.
    static const char merged[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt";
    const char *table = all;
    if (classes == 26) table = all + 10;
    if (classes == 27) table = all + 9; // labels start at 1; name 0 is replaced below
    if (classes == 47) table = merged;
    for (uint32_t c = 0; c < classes; c++)
        snprintf(names[c], DATASET_CLASS_NAME_MAX, "%c", table[c]);
    if (classes == 27) text_copy(names[0], DATASET_CLASS_NAME_MAX, "-");
}

// What must hold of any data set. The names are for the sentences.
static Status check_set(const ImageSet *set, const char *images, const char *labels) {
    if (set->n == 0) return status_error(STATUS_FORMAT, TR("%s: holds no images"), images);
    if (set->height == 0 || set->width == 0 || set->height > DATASET_EXTENT_MAX ||
        set->width > DATASET_EXTENT_MAX || (set->channels != 1 && set->channels != 3)) {
        return status_error(STATUS_FORMAT,
                            TR("%s: images of %u x %u pixels in %u channels; expected at most %d a "
                               "side, 1 or 3 channels"),
                            images, set->width, set->height, set->channels, DATASET_EXTENT_MAX);
    }
    for (uint32_t i = 0; i < set->n; i++) {
        if (set->labels[i] >= DATASET_CLASSES_MAX) {
            return status_error(STATUS_FORMAT,
                                TR("%s: the label of item %u is %u, expected 0 to %d"), labels, i,
                                set->labels[i], DATASET_CLASSES_MAX - 1);
        }
    }
    return status_ok();
}

static uint32_t highest_label(const ImageSet *set) {
    uint32_t highest = 0;
    for (uint32_t i = 0; i < set->n; i++) {
        if (set->labels[i] > highest) highest = set->labels[i];
    }
    return highest;
}

// Everything that follows from the two sets. `files`: their names for the sentences, as in
// DatasetPlace.
static Status finish(Dataset *dataset, const char *const files[4]) {
    const ImageSet *train = &dataset->train, *test = &dataset->test;
    Status status = check_set(train, files[0], files[1]);
    if (status_is_ok(&status)) status = check_set(test, files[2], files[3]);
    if (!status_is_ok(&status)) return status;
    if (train->channels != test->channels || train->height != test->height ||
        train->width != test->width) {
        return status_error(STATUS_FORMAT,
                            "%s: test images of %u x %u pixels (%u channel%s), but the training "
                            "images in %s are %u x %u (%u)",
                            files[2], test->width, test->height, test->channels,
                            test->channels == 1 ? "" : "s", path_basename(files[0]), train->width,
                            train->height, train->channels);
    }
    uint32_t a = highest_label(train), b = highest_label(test);
    dataset->classes = (a > b ? a : b) + 1;
    if (dataset->classes < DATASET_CLASSES_MIN) dataset->classes = DATASET_CLASSES_MIN;
    dataset_class_names(dataset->classes, dataset->class_names);
    return status_ok();
}

// Fashion-MNIST and others have MNIST's shape; its own first labels tell it from them.
static bool is_mnist(const Dataset *dataset) {
    static const uint8_t first[16] = {5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7};
    const ImageSet *train = &dataset->train;
    return train->n == 60000 && dataset->test.n == 10000 && train->height == 28 &&
           train->width == 28 && memcmp(train->labels, first, sizeof first) == 0;
}

static void transpose(const ImageSet *set, uint8_t *pixels) {
    uint32_t extent = set->width; // square: checked by the caller
    for (size_t image = 0; image < (size_t)set->n * set->channels; image++) {
        uint8_t *p = pixels + image * extent * extent;
        for (uint32_t y = 0; y < extent; y++) {
            for (uint32_t x = y + 1; x < extent; x++) {
                uint8_t swap = p[(size_t)y * extent + x];
                p[(size_t)y * extent + x] = p[(size_t)x * extent + y];
                p[(size_t)x * extent + y] = swap;
            }
        }
    }
}

// One half of a data set on its way in; the unit of work of a loading thread.
typedef struct Half {
    const char *images_path, *labels_path;
    bool transposed;
    IdxArray images, labels;
    ImageSet set;
    Status status;
} Half;

static Status load_half(Half *half) {
    Status status;
    TRY(idx_read_labels(half->labels_path, &half->labels)); // small: fails sooner
    TRY(idx_read_images(half->images_path, &half->images));
    const uint32_t *d = half->images.dimensions;
    if (d[0] != half->labels.dimensions[0]) {
        return status_error(STATUS_FORMAT, TR("%s: %u images, but %s has %u labels"),
                            half->images_path, d[0], path_basename(half->labels_path),
                            half->labels.dimensions[0]);
    }
    half->set = (ImageSet){d[0], d[1], d[2], d[3], half->images.bytes, half->labels.bytes};
    if (half->transposed && d[2] == d[3]) transpose(&half->set, half->images.bytes);
fail:
    return status;
}

static void load_half_main(void *context) {
    Half *half = context;
    half->status = load_half(half);
}

static void take_half(Dataset *dataset, ImageSet *set, int slot, Half *half) {
    *set = half->set;
    dataset->memory[slot] = half->images.bytes;
    dataset->memory[slot + 1] = half->labels.bytes;
    half->images.bytes = half->labels.bytes = NULL;
}

Status dataset_open_place(Dataset **out, const DatasetPlace *place, const DatasetRequest *request) {
    if (place->synthetic) {
        return dataset_open_synthetic(out, place->seed, request->synthetic_train_n,
                                      request->synthetic_test_n, request->threads);
    }
    Status status;
    Thread thread = {0};
    Half train = {.images_path = place->files[0], .labels_path = place->files[1]};
    Half test = {.images_path = place->files[2], .labels_path = place->files[3]};
    const char *files[4] = {place->files[0], place->files[1], place->files[2], place->files[3]};
    train.transposed = test.transposed = place->transposed;
    *out = NULL;
    Dataset *dataset = calloc(1, sizeof *dataset);
    if (!dataset) return status_no_memory("a data set", sizeof *dataset);
    status = thread_start(&thread, "data", load_half_main, &test);
    if (!status_is_ok(&status)) load_half_main(&test); // no thread to be had: one after the other
    load_half_main(&train);
    thread_join(&thread);
    TRY(train.status);
    TRY(test.status);
    take_half(dataset, &dataset->train, 0, &train);
    take_half(dataset, &dataset->test, 2, &test);
    TRY(finish(dataset, files));
    text_copy(dataset->name, sizeof dataset->name, is_mnist(dataset) ? "MNIST" : place->name);
    text_copy(dataset->directory, sizeof dataset->directory, place->directory);
    *out = dataset;
    return status;
fail:
    idx_close(&train.images);
    idx_close(&train.labels);
    idx_close(&test.images);
    idx_close(&test.labels);
    dataset_close(&dataset);
    return status;
}

void dataset_replace_train(Dataset *dataset, uint32_t n, uint8_t *pixels, uint8_t *labels) {
    free(dataset->memory[0]);
    free(dataset->memory[1]);
    dataset->memory[0] = pixels;
    dataset->memory[1] = labels;
    dataset->train.n = n;
    dataset->train.pixels = pixels;
    dataset->train.labels = labels;
}

Status dataset_open(Dataset **out, const DatasetRequest *request, const Logger *log) {
    Status status;
    DatasetPlace *place = malloc(sizeof *place);
    *out = NULL;
    if (!place) return status_no_memory("looking for data", sizeof *place);
    if (dataset_is_joined(request->data)) {
        TRY(dataset_open_joined(out, request, log));
    } else {
        TRY(dataset_find(request, log, place));
        TRY(dataset_open_place(out, place, request));
    }
    const Dataset *dataset = *out;
    ASSERT(dataset);
    log_write(log, LOG_INFO, "Data: %s%s%s, %u training and %u test images", dataset->name,
              dataset->synthetic ? "" : " from ", dataset->directory, dataset->train.n,
              dataset->test.n);
fail:
    free(place);
    return status;
}

static Status allocate_set(Dataset *dataset, ImageSet *set, int slot) {
    size_t bytes = (size_t)set->n * imageset_image_bytes(set);
    uint8_t *pixels = malloc(bytes > 0 ? bytes : 1), *labels = malloc(set->n > 0 ? set->n : 1);
    dataset->memory[slot] = pixels;
    dataset->memory[slot + 1] = labels;
    set->pixels = pixels;
    set->labels = labels;
    return pixels && labels ? status_ok() : status_no_memory("images", bytes);
}

Status dataset_open_synthetic(Dataset **out, uint64_t seed, uint32_t train_n, uint32_t test_n,
                              int threads) {
    static const char *const files[4] = {"synthetic digits", "synthetic digits", "synthetic digits",
                                         "synthetic digits"};
    Status status;
    *out = NULL;
    Dataset *dataset = calloc(1, sizeof *dataset);
    if (!dataset) return status_no_memory("a data set", sizeof *dataset);
    ImageSet shape = {0, 1, SYNTHETIC_EXTENT, SYNTHETIC_EXTENT, NULL, NULL};
    dataset->train = dataset->test = shape;
    dataset->train.n = train_n > 0 ? train_n : SYNTHETIC_TRAIN;
    dataset->test.n = test_n > 0 ? test_n : SYNTHETIC_TEST;
    TRY(allocate_set(dataset, &dataset->train, 0));
    TRY(allocate_set(dataset, &dataset->test, 2));
    TRY(synthetic_fill(seed, STREAM_SYNTHETIC, dataset->train.n, threads, dataset->memory[0],
                       dataset->memory[1]));
    TRY(synthetic_fill(seed, STREAM_SYNTHETIC_T, dataset->test.n, threads, dataset->memory[2],
                       dataset->memory[3]));
    TRY(finish(dataset, files));
    // Few images may leave out the highest digits; they are ten classes all the same.
    dataset->classes = 10;
    dataset_class_names(dataset->classes, dataset->class_names);
    dataset->synthetic = true;
    dataset->seed = seed;
    text_copy(dataset->name, sizeof dataset->name, "synthetic digits");
    *out = dataset;
    return status;
fail:
    dataset_close(&dataset);
    return status;
}

static Status copy_set(Dataset *dataset, ImageSet *set, int slot, const ImageSet *from) {
    *set = *from;
    Status status = allocate_set(dataset, set, slot);
    if (!status_is_ok(&status)) return status;
    memcpy(dataset->memory[slot], from->pixels, (size_t)from->n * imageset_image_bytes(from));
    memcpy(dataset->memory[slot + 1], from->labels, from->n);
    return status;
}

Status dataset_open_arrays(Dataset **out, const char *name, const ImageSet *train,
                           const ImageSet *test) {
    const char *files[4] = {name, name, name, name};
    Status status;
    *out = NULL;
    Dataset *dataset = calloc(1, sizeof *dataset);
    if (!dataset) return status_no_memory("a data set", sizeof *dataset);
    TRY(copy_set(dataset, &dataset->train, 0, train));
    TRY(copy_set(dataset, &dataset->test, 2, test));
    TRY(finish(dataset, files));
    text_copy(dataset->name, sizeof dataset->name, name);
    *out = dataset;
    return status;
fail:
    dataset_close(&dataset);
    return status;
}

void dataset_close(Dataset **dataset) {
    if (!*dataset) return;
    for (int i = 0; i < 4; i++) free((*dataset)->memory[i]);
    free(*dataset);
    *dataset = NULL;
}
