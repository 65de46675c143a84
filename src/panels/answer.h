// The network that answers the canvas, and its latest answer. Which one it is: the one pinned by
// hand; else a run in training; else what came last, a run (of a race the best) or an opened
// file; else the shipped model.
#ifndef INKLING_PANELS_ANSWER_H
#define INKLING_PANELS_ANSWER_H

#include "ink/fit.h"
#include "panels/runs.h"
#include "train/reader.h"

// Below this the network is said to be unsure, unless its file brings a threshold of its own.
#define ANSWER_SURE 0.5f

// A model from a file.
typedef struct ModelEntry {
    uint64_t id;
    SavedModel *model;
    char name[RUN_NAME_MAX]; // "LeNet-5"
    char path[FILE_PATH_MAX];
    bool shipped;
    bool foreign; // the file does not say all about its network: `report` has what was guessed
    bool untried; // ... without a try on images so far
    InferReport report; // exact and empty for the others
} ModelEntry;

// One of the two, or neither.
typedef struct Source {
    RunEntry *run;
    ModelEntry *model;
} Source;

typedef struct Answer {
    Recognizer *recognizer; // NULL: nobody answers
    uint64_t of;            // id of who answers
    uint32_t weights_seen;  // the run's snapshot version
    uint64_t ink_seen;
    int field; // side of its input
    int classes;
    char names[SPEC_CLASSES_MAX][16];
    const char *name_list[SPEC_CLASSES_MAX];
    uint8_t input[INK_FIELD_MAX * INK_FIELD_MAX];
    bool blank;                            // nothing on the canvas: no answer
    InkFit fit;                            // how the ink came to `input`
    Verdict verdict;                       // whether the answer counts
    bool lost;                             // the answer is no number
    float probabilities[SPEC_CLASSES_MAX]; // sums to 1
    int best[3];                           // most probable first
    double seconds;                        // ink to answer
    uint32_t version;                      // grows with every answer
    // What is wrong, as a sentence; "" when nothing is.
    char problem[STATUS_MESSAGE_MAX];
    // A number. `several`: it has more than one digit; reading.digits are its digits then, and
    // input, probabilities and verdict are those of digit `shown`.
    bool several;
    Reading reading;
    int shown;
    // Which one that is: what the mouse or the arrow keys went to last (-1: nowhere), else the one
    // written last. `under` is where the mouse is, even if it only rests there.
    int hovered, chosen, under;
    // Answers of a loaded model for the sample images.
    uint64_t samples_of;
    uint8_t sample_class[TRAINER_SAMPLES_MAX];
    float sample_confidence[TRAINER_SAMPLES_MAX];
} Answer;

uint64_t source_id(const Source *source);
// Name of who answers, for people.
const char *source_name(const Source *source);
const ModelSpec *source_spec(const Source *source);
const ModelPlan *source_plan(const Source *source);
// plan->weight_floats of them; NULL: none yet.
const float *source_weights(const Source *source);

// Who answers now.
Source answer_source(Workbench *bench);
// Brings everything up to date: network, weights, ink, answer. Cheap when nothing changed. Called
// after the canvas and before the bars, so that the bars belong to the ink of the same frame.
void answer_update(Workbench *bench);
// Answers the canvas anew, after the recognizer has been asked something else.
void answer_again(Workbench *bench);
void answer_close(Answer *answer);
// Looks at the digit `step` to the right of the one shown; nothing without a number.
void answer_walk(Answer *answer, int step);
// Its digits, or its one answer, as text; "" when there is none.
void answer_digits(const Answer *answer, char *out, size_t size);

// How many samples there are; 0 without a data set.
int answer_sample_count(const Workbench *bench);
// Index into test set of sample `i`, and what the answering network says about it. False when there
// is no such sample; *known is false while there is no answer.
bool answer_sample(Workbench *bench, int i, int32_t *index, int *said, float *confidence,
                   bool *known);

#endif
