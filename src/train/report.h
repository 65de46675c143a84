// The figures of runs as files for other programs. Not here: pictures of the curves
// (panels/charts_file.h), weights (formats/formats.h).
//
// .csv: a header line, then a row for every batch and every epoch of every run:
//   run,row,epoch,batch,images,seconds,lr,loss,accuracy,held_loss,held_accuracy,test_loss,
//   test_accuracy
//   row: "batch" or "epoch"; the row of an epoch follows the rows of its batches. epoch and batch
//   count from 1; images and seconds: trained on, and of training, so far. loss and accuracy (0..1)
//   of a batch row are the batch's, before its update; of an epoch row the means over its batches.
//   held_* and test_* are there in epoch rows only. What is no finite number is left empty.
// .json: {"runs": [{"name", "settings", "started", "seconds", "epochs": {column: [...]},
//   "batches": {column: [...]}}]}, columns named as above; started: seconds since 1970.
//   What is no finite number is null.
// TensorBoard: a directory with a directory per run, an event file in each. Scalars by step, which
//   counts batches: loss, accuracy, lr at every batch, test/loss, test/accuracy (and held/...) at
//   the end of every epoch. Its wall time is when the run was started plus its seconds of training.
#ifndef INKLING_TRAIN_REPORT_H
#define INKLING_TRAIN_REPORT_H

#include "base/feed.h"
#include "train/run.h"

// One run: everything belongs to the caller and may still be growing (in another thread).
typedef struct ReportRun {
    const char *name;
    const TrainConfig *config;
    int batches;    // in an epoch
    int images;     // trained on in an epoch
    double started; // seconds since 1970
    const Feed *steps, *epochs;
} ReportRun;

// All written atomically, file by file.
Status report_write_csv(const char *path, const ReportRun *runs, int count);
Status report_write_json(const char *path, const ReportRun *runs, int count);
Status report_write_events(const char *directory, const ReportRun *runs, int count);

// Which of them by the ending: .csv, .json, none (TensorBoard). STATUS_USAGE for others.
typedef Status ReportWriter(const char *path, const ReportRun *runs, int count);
Status report_writer(const char *path, ReportWriter **out);

#endif
