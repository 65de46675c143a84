// Opening a data set in a thread.
#include "panels/loader.h"

#include "base/text.h"

static void loader_main(void *context) {
    Loader *loader = context;
    loader->status = dataset_open(&loader->dataset, &loader->request, loader->logger);
    atomic_store(&loader->done, true);
    if (loader->wake) loader->wake(loader->context);
}

Status loader_start(Loader *loader, const DatasetRequest *request, const Logger *logger,
                    void (*wake)(void *), void *context) {
    loader->request = *request;
    if (request->data) {
        text_copy(loader->data, sizeof loader->data, request->data);
        loader->request.data = loader->data;
    }
    loader->logger = logger;
    loader->wake = wake;
    loader->context = context;
    loader->dataset = NULL;
    atomic_store(&loader->done, false);
    Status status = thread_start(&loader->thread, "inkling-load", loader_main, loader);
    loader->busy = status_is_ok(&status);
    return status;
}

bool loader_take(Loader *loader, Status *status, Dataset **dataset) {
    if (!loader->busy || !atomic_load(&loader->done)) return false;
    thread_join(&loader->thread);
    loader->busy = false;
    *status = loader->status;
    *dataset = loader->dataset;
    loader->dataset = NULL;
    return true;
}

void loader_close(Loader *loader) {
    thread_join(&loader->thread);
    loader->busy = false;
    dataset_close(&loader->dataset);
}
