// Between run_step_told and the transcript it fills; nobody else's business.
#ifndef INKLING_TRAIN_TRANSCRIPT_INTERNAL_H
#define INKLING_TRAIN_TRANSCRIPT_INTERNAL_H

#include "nn/model.h"
#include "train/transcript.h"

// One step being written down. Lives as long as the step.
typedef struct TranscriptWriter {
    Run *run;
    Transcript *transcript;
    ModelWatch watch;
} TranscriptWriter;

// Room for the steps of this run; nothing is changed when there is none.
Status transcript_reserve(Transcript *transcript, const Run *run);
// The batch is loaded, nothing has run.
void transcript_begin(TranscriptWriter *writer, Run *run, Transcript *transcript, int n);
// The logits are there; the loss of the batch is not yet.
void transcript_losses(TranscriptWriter *writer, const float *logits);
// The gradients are there; once more after they have been clipped.
void transcript_gradients(TranscriptWriter *writer, bool clipped);
// The weights are updated.
void transcript_end(TranscriptWriter *writer, const BatchStats *stats);

#endif
