// How a network does on the whole test set: who was mistaken for whom. From a training run it comes
// with the snapshots; a loaded model is put to the test here, in a thread of its own.
#ifndef INKLING_PANELS_EXAM_H
#define INKLING_PANELS_EXAM_H

#include "base/thread.h"
#include "dataset/dataset.h"
#include "train/recognizer.h"

#include <stdatomic.h>

// Answers for all test images, and what follows from them. Zero-initialise.
typedef struct Exam {
    uint64_t of;      // who was examined, and when; 0: nobody yet
    uint32_t version; // grows with every new result
    int n;
    uint8_t *classes; // n answers
    float *confidence;
    double loss, accuracy;
    int class_count;
    uint32_t counts[DATASET_CLASSES_MAX * DATASET_CLASSES_MAX]; // [label][answer]
    int32_t *mistakes;                                          // indices, the most confident first
    int mistake_count;
} Exam;

void exam_close(Exam *exam);
// Takes copies of the answers and works out the rest. STATUS_MEMORY leaves it empty (of = 0).
Status exam_set(Exam *exam, uint64_t of, const ImageSet *set, int class_count,
                const uint8_t *classes, const float *confidence, double loss, double accuracy);
// Indices of the images with that label and answer, in the order of the set; at most `max`.
int exam_cell(const Exam *exam, const ImageSet *set, int label, int answer, int32_t *out, int max);

// ---- examining a loaded model ----
typedef struct Examiner {
    Thread thread;
    atomic_bool done, cancel;
    atomic_int answered; // images so far
    bool busy;
    uint64_t of;
    const SavedModel *model;
    SavedModel *made; // the same, if it belongs to the exam
    Recognizer *recognizer;
    const Dataset *dataset;
    void (*wake)(void *context);
    void *context;
    uint8_t *classes;
    float *confidence;
    double loss, accuracy;
    Status status;
} Examiner;

// Starts; `dataset` must outlive it, and `model` must stay until examiner_forget. `made` (may be
// NULL): a model that is given away, in place of `model`. Gives up one that is under way, and waits
// for that, unless examiner_give_up has said that there is none.
Status examiner_start(Examiner *examiner, uint64_t of, const SavedModel *model, SavedModel *made,
                      const Dataset *dataset, void (*wake)(void *), void *context);
// `model` is about to go: an exam of it is given up, and waited for.
void examiner_forget(Examiner *examiner, const SavedModel *model);
// Asks one that is under way to stop. True when none is: otherwise ask again (wake is called then).
bool examiner_give_up(Examiner *examiner);
// True once when it is done; then `exam` holds the result if *status is OK.
bool examiner_take(Examiner *examiner, Exam *exam, Status *status);
// 0..1
float examiner_progress(const Examiner *examiner);
void examiner_close(Examiner *examiner);

#endif
