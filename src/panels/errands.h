// Errands: what the window wants done that may take longer than a frame, so that no frame does.
// There are two queues, each with a thread of its own that does one after the other, in the order
// in which they were asked for.
//
// Files: reading and writing them, and letting go of what a thread still works on. A file that is
// saved and then opened is the new one, and what an errand only looks at may be given up by a later
// errand. What is to be written is copied, or drawn, when it is asked for; the errand turns it into
// a file and brings that to the disk. What came of it is told in the window. The window does not
// close before all are done.
//
// Thoughts: what is asked of the network that answers (thought.h). None waits for a disk.
#ifndef INKLING_PANELS_ERRANDS_H
#define INKLING_PANELS_ERRANDS_H

#include "base/thread.h"

typedef struct Workbench Workbench;
typedef struct Errand Errand;

typedef enum ErrandQueue {
    ERRANDS_FILES,
    ERRANDS_THOUGHTS,
    ERRANDS_QUEUES,
} ErrandQueue;

typedef struct ErrandKind {
    // On the errands' thread. What the window shows or changes meanwhile may not be touched.
    Status (*carry_out)(Errand *errand);
    // On the window's thread, when it is done; may send others. Returns what is wrong, if anything:
    // errand->status or more. NULL: errand->status.
    Status (*deliver)(Workbench *bench, Errand *errand);
    // Frees it; on the window's thread, as `deliver`.
    void (*close)(Errand *errand);
    ErrandQueue queue;
} ErrandKind;

// The first member of what an errand needs to know.
struct Errand {
    const ErrandKind *kind;
    Status status; // of carry_out
    bool done;
    Errand *next;
};

// A queue. Zero-initialise.
typedef struct Errands {
    Workbench *bench;
    Mutex mutex;
    Cond changed;
    Thread thread;
    bool open, quit;
    Errand *waiting;       // first to last; the one that is being carried out included
    Errand *done;          // the same, to be delivered
    const Errand *awaited; // the window is waiting for its end and need not be woken
    int count;             // sent and not delivered yet
    double patience;       // seconds that a frame may wait for them: workbench_open sets it
    double left;           // of them in this frame
} Errands;

// Sends it off; it belongs to the errands from here on, however that goes. What is wrong with it is
// said in the window when it is known.
void errands_send(Workbench *bench, Errand *errand);
// The same, but nearly all are done within a moment: what is wrong is then returned, to be said
// where it was asked for. OK when it is under way still.
Status errands_try(Workbench *bench, Errand *errand);

// Once a frame: delivers what is done.
void errands_tick(Workbench *bench);
// Some of the queue are under way.
bool errands_are_busy(const Workbench *bench, ErrandQueue queue);
// Waits until all of the queue are carried out, and delivers none: for who cannot send another one.
void errands_wait(Workbench *bench, ErrandQueue queue);
// Waits until all of the queue are carried out and delivered. Not from within a `deliver`.
void errands_finish(Workbench *bench, ErrandQueue queue);
// The same for all queues, and ends the threads.
void errands_close(Workbench *bench);

#endif
