// Errands: what the window wants done that may have to wait for a disk or for another thread, so
// that no frame does. Reading and writing files, and letting go of what a thread still works on.
// One thread does them, in the order in which they were asked for: a file that is saved and then
// opened is the new one, and what an errand only looks at may be given up by a later errand.
//
// What is to be written is copied, or drawn, when it is asked for; the errand turns it into a file
// and brings that to the disk. What came of it is told in the window. The window does not close
// before all are done.
#ifndef INKLING_PANELS_ERRANDS_H
#define INKLING_PANELS_ERRANDS_H

#include "base/thread.h"

typedef struct Workbench Workbench;
typedef struct Errand Errand;

typedef struct ErrandKind {
    // On the errands' thread. What the window shows or changes meanwhile may not be touched.
    Status (*carry_out)(Errand *errand);
    // On the window's thread, when it is done; may send others. Returns what is wrong, if anything:
    // errand->status or more. NULL: errand->status.
    Status (*deliver)(Workbench *bench, Errand *errand);
    // Frees it; on the window's thread, as `deliver`.
    void (*close)(Errand *errand);
} ErrandKind;

// The first member of what an errand needs to know.
struct Errand {
    const ErrandKind *kind;
    Status status; // of carry_out
    bool done;
    Errand *next;
};

// Zero-initialise.
typedef struct Errands {
    Mutex mutex;
    Cond changed;
    Thread thread;
    bool open, quit;
    Errand *waiting; // first to last; the one that is being carried out included
    Errand *done;    // the same, to be delivered
    int count;       // sent and not delivered yet
    double patience; // seconds that a frame may wait for them: workbench_open sets it
    double left;     // of them in this frame
} Errands;

// Sends it off; it belongs to the errands from here on, however that goes. What is wrong with it is
// said in the window when it is known.
void errands_send(Workbench *bench, Errand *errand);
// The same, but nearly all are done within a moment: what is wrong is then returned, to be said
// where it was asked for. OK when it is under way still.
Status errands_try(Workbench *bench, Errand *errand);

// Once a frame: delivers what is done.
void errands_tick(Workbench *bench);
// Some are under way.
bool errands_are_busy(const Workbench *bench);
// Waits until all are carried out, and delivers none: for who cannot send another one.
void errands_wait(Workbench *bench);
// Waits until all are carried out and delivered. Not from within a `deliver`.
void errands_finish(Workbench *bench);
// The same, and ends the thread.
void errands_close(Workbench *bench);

#endif
