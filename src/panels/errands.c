// The thread that runs the window's errands; see errands.h. What there is to do is said by those
// who send them.
#include "panels/errands.h"

#include "panels/workbench.h"

static void errand_append(Errand **list, Errand *errand) {
    while (*list) list = &(*list)->next;
    errand->next = NULL;
    *list = errand;
}

static void errands_main(void *context) {
    Workbench *bench = context;
    Errands *errands = &bench->errands;
    mutex_lock(&errands->mutex);
    for (;;) {
        Errand *errand = errands->waiting;
        if (!errand && errands->quit) break;
        if (!errand) {
            cond_wait(&errands->changed, &errands->mutex);
            continue;
        }
        mutex_unlock(&errands->mutex);
        Status status = errand->kind->carry_out(errand);
        mutex_lock(&errands->mutex);
        errand->status = status;
        errands->waiting = errand->next;
        errand_append(&errands->done, errand);
        errand->done = true;
        cond_broadcast(&errands->changed);
        mutex_unlock(&errands->mutex);
        if (bench->hooks.wake) bench->hooks.wake(bench->hooks.context);
        mutex_lock(&errands->mutex);
    }
    mutex_unlock(&errands->mutex);
}

// False: there is no thread to be had.
static bool errands_open(Workbench *bench) {
    Errands *errands = &bench->errands;
    if (errands->open) return true;
    mutex_init(&errands->mutex);
    cond_init(&errands->changed);
    errands->quit = false;
    Status status = thread_start(&errands->thread, "inkling-errands", errands_main, bench);
    errands->open = status_is_ok(&status);
    if (errands->open) return true;
    cond_destroy(&errands->changed);
    mutex_destroy(&errands->mutex);
    return false;
}

static Status errand_deliver(Workbench *bench, Errand *errand) {
    const ErrandKind *kind = errand->kind;
    Status status = kind->deliver ? kind->deliver(bench, errand) : errand->status;
    kind->close(errand);
    return status;
}

void errands_send(Workbench *bench, Errand *errand) {
    Errands *errands = &bench->errands;
    errand->done = false;
    if (!errands_open(bench)) { // then the window does it itself
        errand->status = errand->kind->carry_out(errand);
        workbench_check(bench, errand_deliver(bench, errand));
        return;
    }
    mutex_lock(&errands->mutex);
    errand_append(&errands->waiting, errand);
    errands->count++;
    cond_broadcast(&errands->changed);
    mutex_unlock(&errands->mutex);
}

static Errand *errands_take(Errands *errands) {
    mutex_lock(&errands->mutex);
    Errand *errand = errands->done;
    if (errand) errands->done = errand->next;
    mutex_unlock(&errands->mutex);
    if (errand) errands->count--;
    return errand;
}

// Delivers what is done. What is wrong with `own` is returned, and not said.
static Status errands_deliver(Workbench *bench, const Errand *own) {
    Status result = status_ok();
    for (Errand *errand; bench->errands.open && (errand = errands_take(&bench->errands));) {
        bool is_own = errand == own;
        Status status = errand_deliver(bench, errand);
        if (is_own)
            result = status;
        else if (!workbench_check(bench, status))
            bench->quitting = false; // it has to be seen
    }
    return result;
}

Status errands_try(Workbench *bench, Errand *errand) {
    Errands *errands = &bench->errands;
    if (!errands_open(bench)) {
        errand->status = errand->kind->carry_out(errand);
        return errand_deliver(bench, errand);
    }
    errands_send(bench, errand);
    double end = clock_seconds() + errands->left;
    mutex_lock(&errands->mutex);
    for (; !errand->done && errands->left > 0; errands->left = end - clock_seconds())
        cond_wait_for(&errands->changed, &errands->mutex, errands->left);
    mutex_unlock(&errands->mutex);
    return errands_deliver(bench, errand);
}

void errands_tick(Workbench *bench) {
    bench->errands.left = bench->errands.patience;
    errands_deliver(bench, NULL);
}

bool errands_are_busy(const Workbench *bench) {
    return bench->errands.count > 0;
}

void errands_wait(Workbench *bench) {
    Errands *errands = &bench->errands;
    if (!errands->open) return;
    mutex_lock(&errands->mutex);
    while (errands->waiting) cond_wait(&errands->changed, &errands->mutex);
    mutex_unlock(&errands->mutex);
}

void errands_finish(Workbench *bench) {
    while (errands_are_busy(bench)) { // what is delivered may send others
        errands_wait(bench);
        errands_tick(bench);
    }
}

void errands_close(Workbench *bench) {
    Errands *errands = &bench->errands;
    errands_finish(bench);
    if (!errands->open) return;
    mutex_lock(&errands->mutex);
    errands->quit = true;
    cond_broadcast(&errands->changed);
    mutex_unlock(&errands->mutex);
    thread_join(&errands->thread);
    cond_destroy(&errands->changed);
    mutex_destroy(&errands->mutex);
    errands->open = false;
}
