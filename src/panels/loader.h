// Opening a data set behind the window's back: reading gzip or making digits takes long enough to
// be seen. One thread, one result.
#ifndef INKLING_PANELS_LOADER_H
#define INKLING_PANELS_LOADER_H

#include "base/thread.h"
#include "dataset/dataset.h"

#include <stdatomic.h>

// Zero-initialise. All of it belongs to the window's thread, except what the functions say.
typedef struct Loader {
    Thread thread;
    atomic_bool done;
    bool busy;
    char data[FILE_PATH_MAX]; // what was asked for
    DatasetRequest request;
    const Logger *logger;
    void (*wake)(void *context); // called from the loader's thread when it is done
    void *context;
    Status status;
    Dataset *dataset;
} Loader;

// Starts. `request->data` is copied, `request->beside` must stay valid. Not while busy.
Status loader_start(Loader *loader, const DatasetRequest *request, const Logger *logger,
                    void (*wake)(void *), void *context);
// True once when it is done: *status, and the data set (the caller's then) if that is OK.
bool loader_take(Loader *loader, Status *status, Dataset **dataset);
// Waits for the thread and gives up its result.
void loader_close(Loader *loader);

#endif
