// Slow motion: one batch of a run walked through phase by phase: the input, forward through each
// layer, the loss, backward, the update of each layer's weights. The trainer has carried the batch
// out at once and written it down (train/transcript.h); what is walked through is that. So the run
// is one batch further from the start, and leaving in the middle leaves nothing half done.
#ifndef INKLING_PANELS_SLOWMO_H
#define INKLING_PANELS_SLOWMO_H

#include "panels/mosaic.h"
#include "train/transcript.h"
#include "ui/widgets.h"

typedef struct Workbench Workbench;

enum { SLOW_WEIGHTS = 4 };

typedef enum SlowPart { SLOW_FORWARD, SLOW_LOSS, SLOW_BACKWARD, SLOW_UPDATE, SLOW_PARTS } SlowPart;

// Where in the batch. `stage`: of the transcript, -1: the input (SLOW_FORWARD and SLOW_BACKWARD);
// `layer`: whose weights are updated (SLOW_UPDATE).
typedef struct SlowPhase {
    SlowPart part;
    int stage, layer;
} SlowPhase;

// The update of one layer. Norms are over all its parameters; `state`: mean of each slot's sizes,
// before and after.
typedef struct SlowUpdate {
    double gradient, weights, change;
    double state[OPTIMIZER_SLOTS_MAX][2];
    size_t picked[SLOW_WEIGHTS]; // offsets into the flat array: those that changed most
    int count;
} SlowUpdate;

// Zero-initialise.
typedef struct SlowMotion {
    uint64_t run; // whose batch; 0: none is walked through
    bool waiting; // it is on its way
    int phase;    // 0 .. slowmo_phases - 1
    int sample;   // of the transcript's, the one that is shown
    int chosen;   // which of the picked weights is worked out
    // What the phase at hand shows, and of which one it was made.
    uint64_t shown;
    Mosaic picture, images;
    SlowUpdate update;
    UiScroll scroll;
} SlowMotion;

// Trains one batch of the selected run (of all that are active, as a step does) and walks through
// the selected one's. Starts a run with the form's settings when none is active.
void slowmo_start(Workbench *bench);
// The same with the tab brought to the front.
void slowmo_open(Workbench *bench);
// Once a frame.
void slowmo_tick(Workbench *bench);
void slowmo_close(SlowMotion *slow); // frees, and forgets

// NULL: none is open.
const Transcript *slowmo_transcript(Workbench *bench);
int slowmo_phases(Workbench *bench);
SlowPhase slowmo_phase(Workbench *bench);
// `step` phases on or back; on from the last one is the next batch.
void slowmo_walk(Workbench *bench, int step);
// To the first phase of that part.
void slowmo_jump(Workbench *bench, SlowPart part);
// To a stage, forward or backward, whichever is at hand.
void slowmo_go(Workbench *bench, int stage);
// Ends the walk; the batch stays trained.
void slowmo_leave(Workbench *bench);

#endif
