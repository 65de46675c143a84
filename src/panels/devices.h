// What the window trains on: the devices that are there, and a trainer for each that was chosen.
// The form says which one the next run is trained on; runs stay where they were started, so that
// one on the processor and one on a GPU can go side by side.
//
// A GPU is asked for by nobody but a person: looking for one loads its driver, which takes a second
// and happens in a thread of its own, when the menu is opened; so does opening one. Where that
// fails there is a sentence, and the processor goes on.
#ifndef INKLING_PANELS_DEVICES_H
#define INKLING_PANELS_DEVICES_H

#include "base/thread.h"
#include "compute/backend.h"
#include "train/trainer.h"

#include <stdatomic.h>

typedef struct Workbench Workbench;

enum { DEVICES_MAX = 12 };

// A line of the menu.
typedef struct DeviceRow {
    const BackendKind *kind;
    BackendDevice device;
    char problem[STATUS_MESSAGE_MAX]; // not empty: there is none of this kind, and why
} DeviceRow;

// A trainer that is being opened, by a thread where that takes its time.
typedef struct DeviceOpener {
    Thread thread;
    atomic_bool done;
    char name[BACKEND_NAME_MAX];
    int threads;
    const Dataset *dataset;
    TrainerHooks hooks;
    Trainer *trainer;
    Status status;
} DeviceOpener;

// Zero-initialise. All of it belongs to the window's thread, but for what a thread is at work on.
typedef struct Devices {
    // Trainers on the window's data set; owned.
    struct {
        char name[BACKEND_NAME_MAX];
        Trainer *trainer;
    } open[DEVICES_MAX];
    int open_count;
    DeviceOpener *opener;          // of the one that is being opened; NULL: none is
    char failed[BACKEND_NAME_MAX]; // could not be opened; not tried again until another is chosen
    // The menu.
    struct {
        Thread thread;
        atomic_bool done;
        bool busy;
        void (*wake)(void *context);
        void *context;
    } finder;
    DeviceRow row[DEVICES_MAX];
    int row_count;
} Devices;

// Begins to look for what there is, unless that is known. bench->devices.row is complete when
// finder.busy is false.
void devices_find(Workbench *bench);
// Once a frame: brings bench->trainer to the device that the form names; NULL while it is being
// opened. One that cannot be opened, or has stopped working, is told, and the form names the
// processor again.
void devices_follow(Workbench *bench);
// Has all trainers end, without waiting for it: the data set is about to go, by a later errand.
void devices_drop(Workbench *bench);
// At the end: also waits for the one that looks.
void devices_close(Workbench *bench);

#endif
