// The threads that run the window's errands; see errands.h. What there is to do is said by those
// who send them.
#include "panels/errands.h"

#include "panels/workbench.h"

static const char *const errands_name[ERRANDS_QUEUES] = {
    [ERRANDS_FILES] = "inkling-errands", [ERRANDS_THOUGHTS] = "inkling-thought"};

static void errand_append(Errand **list, Errand *errand) {
    while (*list) list = &(*list)->next;
    errand->next = NULL;
    *list = errand;
}

static void errands_main(void *context) {
    Errands *errands = context;
    const WorkbenchHooks *hooks = &errands->bench->hooks;
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
        bool awaited = errands->awaited == errand;
        errand->status = status;
        errands->waiting = errand->next;
        errand_append(&errands->done, errand);
        errand->done = true;
        cond_broadcast(&errands->changed);
        if (awaited || !hooks->wake) continue;
        mutex_unlock(&errands->mutex);
        hooks->wake(hooks->context);
        mutex_lock(&errands->mutex);
    }
    mutex_unlock(&errands->mutex);
}

// The queue of that kind of errand; NULL: there is no thread to be had.
static Errands *errands_open(Workbench *bench, const ErrandKind *kind) {
    Errands *errands = &bench->errands[kind->queue];
    if (errands->open) return errands;
    errands->bench = bench;
    mutex_init(&errands->mutex);
    cond_init(&errands->changed);
    errands->quit = false;
    Status status =
        thread_start(&errands->thread, errands_name[kind->queue], errands_main, errands);
    errands->open = status_is_ok(&status);
    if (errands->open) return errands;
    cond_destroy(&errands->changed);
    mutex_destroy(&errands->mutex);
    return NULL;
}

static Status errand_deliver(Workbench *bench, Errand *errand) {
    const ErrandKind *kind = errand->kind;
    Status status = kind->deliver ? kind->deliver(bench, errand) : errand->status;
    kind->close(errand);
    return status;
}

// Without a thread the window does it itself.
static Status errands_do(Workbench *bench, Errand *errand) {
    errand->status = errand->kind->carry_out(errand);
    return errand_deliver(bench, errand);
}

static void errands_append(Errands *errands, Errand *errand, bool awaited) {
    errand->done = false;
    mutex_lock(&errands->mutex);
    errand_append(&errands->waiting, errand);
    errands->count++;
    errands->awaited = awaited ? errand : NULL;
    cond_broadcast(&errands->changed);
    mutex_unlock(&errands->mutex);
}

void errands_send(Workbench *bench, Errand *errand) {
    Errands *errands = errands_open(bench, errand->kind);
    if (errands)
        errands_append(errands, errand, false);
    else
        workbench_check(bench, errands_do(bench, errand));
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
static Status errands_deliver(Errands *errands, const Errand *own) {
    Workbench *bench = errands->bench;
    Status result = status_ok();
    for (Errand *errand; errands->open && (errand = errands_take(errands));) {
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
    Errands *errands = errands_open(bench, errand->kind);
    if (!errands) return errands_do(bench, errand);
    errands_append(errands, errand, true);
    double end = clock_seconds() + errands->left;
    mutex_lock(&errands->mutex);
    for (; !errand->done && errands->left > 0; errands->left = end - clock_seconds())
        cond_wait_for(&errands->changed, &errands->mutex, errands->left);
    errands->awaited = NULL;
    mutex_unlock(&errands->mutex);
    return errands_deliver(errands, errand);
}

void errands_tick(Workbench *bench) {
    for (int i = 0; i < ERRANDS_QUEUES; i++) {
        bench->errands[i].left = bench->errands[i].patience;
        errands_deliver(&bench->errands[i], NULL);
    }
}

bool errands_are_busy(const Workbench *bench, ErrandQueue queue) {
    return bench->errands[queue].count > 0;
}

void errands_wait(Workbench *bench, ErrandQueue queue) {
    Errands *errands = &bench->errands[queue];
    if (!errands->open) return;
    mutex_lock(&errands->mutex);
    while (errands->waiting) cond_wait(&errands->changed, &errands->mutex);
    mutex_unlock(&errands->mutex);
}

void errands_finish(Workbench *bench, ErrandQueue queue) {
    while (errands_are_busy(bench, queue)) { // what is delivered may send others
        errands_wait(bench, queue);
        errands_tick(bench);
    }
}

static void errands_end(Errands *errands) {
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

void errands_close(Workbench *bench) {
    for (int i = 0; i < ERRANDS_QUEUES; i++) errands_finish(bench, (ErrandQueue)i);
    for (int i = 0; i < ERRANDS_QUEUES; i++) errands_end(&bench->errands[i]);
}
