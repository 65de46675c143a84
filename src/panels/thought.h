// Thoughts: what the network that answers is asked. The answer to the canvas, the layers' outputs
// for it, which ink counts, what it says about test images and about my digits. However long that
// takes, the window goes on: a thread of its own (errands.h) has the network while any is under
// way, and a frame waits a few milliseconds for them, which most are done in, so that what is shown
// nearly always belongs to the ink of the same frame.
//
// Each asks the network anew for the picture that it is about, whatever was asked before, and
// brings what came of it in memory of its own.
#ifndef INKLING_PANELS_THOUGHT_H
#define INKLING_PANELS_THOUGHT_H

#include "panels/errands.h"
#include "train/recognizer.h"

// The first member of what a thought needs to know: there is one of each in the state of the
// window, which is used again and again. Zero-initialise.
typedef struct Thought {
    Errand errand;
    bool busy; // under way: belongs to the thread
    // Who is asked. The thread's own while it is busy; what never changes (specification, plan,
    // classes) may be read by both.
    Recognizer *recognizer;
} Thought;

// The network that answers can be asked now: there is one, and it need not make way for another one
// or for other weights.
bool thought_is_possible(const Workbench *bench);
// Asks the network that answers; `kind` is of ERRANDS_THOUGHTS, with thought_close as `close`. To
// be filled before, when it is not busy. True: it has been sent, and perhaps delivered already.
// False: it is busy still, or the network cannot be asked; then again in the next frame.
bool thought_send(Workbench *bench, Thought *thought, const ErrandKind *kind);
// Asks another network, which stays as it is until then.
bool thought_send_to(Workbench *bench, Recognizer *recognizer, Thought *thought,
                     const ErrandKind *kind);
void thought_close(Errand *errand);

#endif
