// See devices.h.
#include "panels/devices.h"

#include "base/text.h"
#include "base/tr.h"
#include "panels/workbench.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char processor[] = "cpu";

// ---- the menu -----------------------------------------------------------------------------------

static void find_kind(Devices *devices, const BackendKind *kind) {
    BackendDevice found[DEVICES_MAX];
    int count = 1, room = DEVICES_MAX - devices->row_count;
    Status status = status_ok();
    memset(found, 0, sizeof found);
    text_copy(found[0].name, sizeof found[0].name, kind->name);
    if (kind->find) status = kind->find(found, room, &count);
    if (!status_is_ok(&status)) count = 1;
    for (int i = 0; i < count && i < room; i++) {
        DeviceRow *row = &devices->row[devices->row_count++];
        row->kind = kind;
        row->device = found[i];
        text_copy(row->problem, sizeof row->problem, status.message);
        row->problem[0] = (char)toupper((unsigned char)row->problem[0]); // it stands alone there
    }
}

static void finder_main(void *context) {
    Devices *devices = context;
    for (int i = 0; i < backend_kind_count; i++) find_kind(devices, &backend_kinds[i]);
    atomic_store(&devices->finder.done, true);
    if (devices->finder.wake) devices->finder.wake(devices->finder.context);
}

void devices_find(Workbench *bench) {
    Devices *devices = &bench->devices;
    if (devices->finder.busy) return;
    bool known = devices->row_count > 0;
    for (int i = 0; i < devices->row_count; i++)
        known = known && !devices->row[i].problem[0]; // it may have been seen to
    if (known) return;
    devices->row_count = 0;
    devices->finder.wake = bench->hooks.wake;
    devices->finder.context = bench->hooks.context;
    atomic_store(&devices->finder.done, false);
    devices->finder.busy = workbench_check(
        bench, thread_start(&devices->finder.thread, "inkling-devices", finder_main, devices));
}

static void finder_take(Devices *devices) {
    if (!devices->finder.busy || !atomic_load(&devices->finder.done)) return;
    thread_join(&devices->finder.thread);
    devices->finder.busy = false;
}

// ---- trainers -----------------------------------------------------------------------------------

static void opener_main(void *context) {
    DeviceOpener *opener = context;
    BackendConfig backend = {opener->name, opener->threads};
    opener->status = trainer_open(opener->dataset, &backend, &opener->hooks, &opener->trainer);
    atomic_store(&opener->done, true);
    if (opener->hooks.wake) opener->hooks.wake(opener->hooks.context);
}

static void opener_close(DeviceOpener **opener) {
    if (!*opener) return;
    thread_join(&(*opener)->thread);
    trainer_close(&(*opener)->trainer);
    free(*opener);
    *opener = NULL;
}

static bool is_quick_to_open(const char *name) {
    for (int i = 0; i < backend_kind_count; i++)
        if (strcmp(backend_kinds[i].name, name) == 0) return !backend_kinds[i].find;
    return false;
}

static void give_up(Workbench *bench, const char *name) {
    text_copy(bench->devices.failed, sizeof bench->devices.failed, name);
    if (strcmp(bench->form.device, name) == 0)
        text_copy(bench->form.device, sizeof bench->form.device, processor);
}

// The processor is there at once, so that the first thing a person does is possible.
static void opener_start(Workbench *bench, const char *name) {
    DeviceOpener *opener = calloc(1, sizeof *opener);
    if (!opener) {
        workbench_check(bench, status_no_memory("a device", sizeof *opener));
        give_up(bench, name);
        return;
    }
    bench->devices.opener = opener;
    text_copy(opener->name, sizeof opener->name, name);
    opener->threads = workbench_threads(bench);
    opener->dataset = bench->dataset;
    opener->hooks = (TrainerHooks){bench->hooks.wake, bench->hooks.context, &bench->hooks.logger};
    if (is_quick_to_open(name)) {
        opener_main(opener);
        return;
    }
    Status status = thread_start(&opener->thread, "inkling-device", opener_main, opener);
    if (status_is_ok(&status)) return;
    opener->status = status;
    atomic_store(&opener->done, true);
}

static void opener_take(Workbench *bench) {
    Devices *devices = &bench->devices;
    DeviceOpener *opener = devices->opener;
    if (!opener || !atomic_load(&opener->done)) return;
    if (workbench_check(bench, opener->status)) {
        text_copy(devices->open[devices->open_count].name, BACKEND_NAME_MAX, opener->name);
        devices->open[devices->open_count++].trainer = opener->trainer;
        opener->trainer = NULL;
    } else {
        give_up(bench, opener->name);
    }
    opener_close(&devices->opener);
}

static Trainer *find_open(const Devices *devices, const char *name) {
    for (int i = 0; i < devices->open_count; i++)
        if (strcmp(devices->open[i].name, name) == 0) return devices->open[i].trainer;
    return NULL;
}

void devices_follow(Workbench *bench) {
    Devices *devices = &bench->devices;
    finder_take(devices);
    opener_take(bench);
    bench->trainer = NULL;
    if (!bench->dataset) return;
    if (strcmp(devices->failed, bench->form.device) != 0) devices->failed[0] = '\0';
    Trainer *trainer = find_open(devices, bench->form.device);
    if (trainer && trainer_is_lost(trainer)) {
        workbench_say(bench, NOTICE_WARNING,
                      tr("%s has stopped working: what follows is trained on the processor"),
                      trainer_describe(trainer));
        give_up(bench, bench->form.device);
        trainer = find_open(devices, bench->form.device);
    }
    bench->trainer = trainer;
    if (trainer || devices->opener || devices->failed[0]) return;
    if (devices->open_count == DEVICES_MAX) {
        workbench_say(bench, NOTICE_ERROR, tr("there are %d devices in use already"), DEVICES_MAX);
        give_up(bench, bench->form.device);
        return;
    }
    opener_start(bench, bench->form.device);
    opener_take(bench);
    bench->trainer = find_open(devices, bench->form.device);
}

typedef struct DevicesEnding {
    Errand errand;
    Devices devices; // of it only the trainers and the one that is being opened
} DevicesEnding;

static void close_trainers(Devices *devices) {
    opener_close(&devices->opener);
    for (int i = 0; i < devices->open_count; i++) trainer_close(&devices->open[i].trainer);
    devices->open_count = 0;
}

static Status ending_carry_out(Errand *errand) {
    close_trainers(&((DevicesEnding *)errand)->devices);
    return status_ok();
}

static void ending_close(Errand *errand) {
    free(errand);
}

void devices_drop(Workbench *bench) {
    static const ErrandKind kind = {ending_carry_out, NULL, ending_close, ERRANDS_FILES};
    Devices *devices = &bench->devices;
    devices->failed[0] = '\0';
    bench->trainer = NULL;
    if (!devices->opener && devices->open_count == 0) return;
    for (int i = 0; i < devices->open_count; i++) trainer_end(devices->open[i].trainer);
    DevicesEnding *ending = calloc(1, sizeof *ending);
    if (!ending) {
        close_trainers(devices);
        return;
    }
    ending->errand.kind = &kind;
    ending->devices.opener = devices->opener;
    ending->devices.open_count = devices->open_count;
    memcpy(ending->devices.open, devices->open, sizeof devices->open);
    devices->opener = NULL;
    devices->open_count = 0;
    errands_send(bench, &ending->errand);
}

void devices_close(Workbench *bench) {
    devices_drop(bench);
    thread_join(&bench->devices.finder.thread);
    bench->devices.finder.busy = false;
}
