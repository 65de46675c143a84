// The network that answers the canvas, and its latest answer. Which one it is: the one pinned by
// hand; else a run in training; else what came last, a run (of a race the best) or an opened
// file; else the shipped model.
#ifndef INKLING_PANELS_ANSWER_H
#define INKLING_PANELS_ANSWER_H

#include "ink/fit.h"
#include "panels/ink_state.h"
#include "panels/runs.h"
#include "panels/thought.h"
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

// The look at the canvas (answer_think.c): asked with a copy of what lies on it.
typedef struct InkThought {
    Thought thought;
    InkState ink;
    int field;
    // What came of it: several digits, or one picture and what the network says about it.
    bool several;
    Reading reading;
    uint8_t input[INK_FIELD_MAX * INK_FIELD_MAX];
    InkFit fit;
    float probabilities[SPEC_CLASSES_MAX];
    double seconds;
} InkThought;

// Answers for the sample images of who does not bring them: a loaded model, a run of the history.
typedef struct SampleThought {
    Thought thought;
    uint64_t of;     // whose, and of which data set
    uint8_t *pixels; // of all samples
    int n;
    uint8_t class[TRAINER_SAMPLES_MAX];
    float confidence[TRAINER_SAMPLES_MAX];
} SampleThought;

typedef struct Answer {
    Recognizer *recognizer; // NULL: nobody answers
    uint64_t of;            // id of who answers; 0: nobody, or to be opened anew
    uint32_t opened;        // grows with every network that is opened
    uint32_t weights_seen;  // the run's snapshot version
    bool held;              // another network, or other weights, are waited for
    uint64_t ink_seen;
    int field; // side of its input
    int classes;
    char names[SPEC_CLASSES_MAX][16];
    const char *name_list[SPEC_CLASSES_MAX];
    // The look at the canvas: the one answer, or that of the digit looked at.
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
    // input, fit, probabilities and verdict are those of digit `shown`.
    bool several;
    Reading reading;
    Drawing drawing; // what the answer is to; the reading's split is of this one
    int shown;
    // Which one that is: what the mouse or the arrow keys went to last (-1: nowhere), else the one
    // written last. `under` is where the mouse is, even if it only rests there.
    int hovered, chosen, under;
    InkThought thinking;
    SampleThought samples;
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
// after the canvas and before the bars, so that the bars belong to the ink of the same frame; when
// the answer takes longer (thought.h), to that of the last one that there is an answer to.
void answer_update(Workbench *bench);
// What is to be answered: the canvas, or the drawing that a label waits for.
const InkState *answer_ink(const Workbench *bench, uint64_t *version);
// The answer belongs to it as it is now.
bool answer_is_current(const Workbench *bench);
// Waits until it does.
void answer_finish(Workbench *bench);
// Sends the look at it as it is now, and shows the digit that is wanted. answer_think.c
void answer_think(Workbench *bench);
void answer_show(Answer *answer);
// No thoughts may be under way.
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
