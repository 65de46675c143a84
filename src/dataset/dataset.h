// A data set: training images and test images with their labels, in memory, 8 bits a pixel, never
// changed after it is opened. Where it comes from (a directory of IDX files, or the built-in
// synthetic digits) is settled here; how batches are drawn from it is batch.h, how images are
// varied is augment.h. Not here: normalization (that belongs to a model).
#ifndef INKLING_DATASET_DATASET_H
#define INKLING_DATASET_DATASET_H

#include "base/file.h"
#include "base/log.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    DATASET_CLASSES_MIN = 2,
    DATASET_CLASSES_MAX = 62,
    DATASET_CLASS_NAME_MAX = 16,
    DATASET_NAME_MAX = 64,
    DATASET_EXTENT_MAX = 1024, // largest height or width
    // Label of training images that show none of the classes ("others"): to learn not to be sure.
    // Never in a test set, never in a file.
    DATASET_LABEL_NONE = 255,
};

// Image i is the channels*height*width bytes at pixels + i*that: row by row, 0 = paper, 255 = ink.
typedef struct ImageSet {
    uint32_t n, channels, height, width;
    const uint8_t *pixels;
    const uint8_t *labels; // n of them, below the set's `classes`, or DATASET_LABEL_NONE
} ImageSet;

// Immutable: any number of threads may read it at once. Train and test have the same channels,
// height and width.
typedef struct Dataset {
    ImageSet train, test;
    uint32_t classes; // highest label + 1, at least DATASET_CLASSES_MIN
    char class_names[DATASET_CLASSES_MAX][DATASET_CLASS_NAME_MAX]; // "0".."9", then A-Z, a-z
    char name[DATASET_NAME_MAX];   // "MNIST", "synthetic digits", or the directory's name
    char directory[FILE_PATH_MAX]; // "" for synthetic digits
    bool synthetic;
    uint64_t seed;   // of synthetic digits
    void *memory[4]; // private: what dataset_close gives back
} Dataset;

// Where to look. Zero-initialise; every field may be left out.
typedef struct DatasetRequest {
    // --data: a directory; "synthetic" or "synthetic:SEED" for the built-in digits; NULL: search.
    // Several are joined with "+": the training sets one after the other, the test set of the
    // first. There, "mnist" is what the search finds, "others[:SEED]" are synthetic pictures of no
    // digit, and behind "@" stands how many images of a part: "mnist@55000+synthetic:2+others".
    const char *data;
    // Directories beside which "data/" and "data/mnist/" are looked for, NULL-terminated: that of
    // the source and that of the program. NULL: none.
    const char *const *beside;
    int threads;                // for synthetic digits; 0: one for each processor
    uint32_t synthetic_train_n; // 0: 60,000
    uint32_t synthetic_test_n;  // 0: 10,000
} DatasetRequest;

// Opens the first of: request->data, $INKLING_DATA, the user's data directory (+ "/mnist"), "data"
// beside the directories named, the synthetic digits. What request->data or $INKLING_DATA names
// must be usable, or an error says what is missing. Other places are skipped when they hold no data
// set; one that is there but broken is an error too: nothing is silently replaced. Says which one
// was taken through `log` (may be NULL). On success the caller owns *out.
Status dataset_open(Dataset **out, const DatasetRequest *request, const Logger *log);

// A place where a data set is, or the wish for synthetic digits.
typedef struct DatasetPlace {
    char name[DATASET_NAME_MAX];
    char directory[FILE_PATH_MAX]; // "" when synthetic
    char files[4][FILE_PATH_MAX];  // train images, train labels, test images, test labels
    bool transposed;               // stored column by column, as EMNIST's files are
    bool synthetic;
    uint64_t seed;
} DatasetPlace;

// The search alone, without reading the files. When nothing is found anywhere: synthetic digits.
Status dataset_find(const DatasetRequest *request, const Logger *log, DatasetPlace *out);

// Looks in one directory, then in its MNIST/raw and raw (torchvision's layout). The names are
// [PREFIX-]{train,t10k,test}-{images-idx3,labels-idx1}-ubyte, '.' for '-' before idx, with or
// without .gz. Where several prefixes lie side by side (EMNIST), `directory` may be
// DIRECTORY/PREFIX. STATUS_NOT_FOUND when no data set is there, another error when there is part of
// one or more than one.
Status dataset_look_in(const char *directory, DatasetPlace *out);

// Opens what was found. The training and test files are read side by side on two threads. A set
// whose file names begin with "emnist-" is turned upright.
Status dataset_open_place(Dataset **out, const DatasetPlace *place, const DatasetRequest *request);

// Makes synthetic digits (synthetic.h) as a data set.
Status dataset_open_synthetic(Dataset **out, uint64_t seed, uint32_t train_n, uint32_t test_n,
                              int threads);

// Copies of the caller's arrays as a data set (for tests, and for "my digits"). Checks shapes and
// labels as for files.
Status dataset_open_arrays(Dataset **out, const char *name, const ImageSet *train,
                           const ImageSet *test);

// Adds n pictures of no digit, labelled DATASET_LABEL_NONE, to the training set, on all processors.
// STATUS_USAGE when its images are not such as they are (28 x 28, one channel), STATUS_MEMORY.
Status dataset_add_others(Dataset *dataset, uint32_t n, uint64_t seed);
// Are they?
bool dataset_fits_others(const Dataset *dataset);

// Frees and sets to NULL. NULL inside is fine.
void dataset_close(Dataset **dataset);

// Bytes of one image.
static inline size_t imageset_image_bytes(const ImageSet *set) {
    return (size_t)set->channels * set->height * set->width;
}

static inline const uint8_t *imageset_pixels(const ImageSet *set, uint32_t index) {
    return set->pixels + imageset_image_bytes(set) * index;
}

// The usual names for a number of classes: 10 digits; 26 or 27 letters (27: EMNIST letters, whose
// labels start at 1); 47: EMNIST balanced; otherwise the first of 0-9A-Za-z.
void dataset_class_names(uint32_t classes, char names[][DATASET_CLASS_NAME_MAX]);

#endif
