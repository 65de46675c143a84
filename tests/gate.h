// A gate in a queue of the window's errands (panels/errands.h): while it is shut, nothing behind it
// is carried out, as with a disk or a network that takes its time. One include for each test
// program, after panels_window.h; not a test.
#ifndef INKLING_TESTS_GATE_H
#define INKLING_TESTS_GATE_H

#include <stdatomic.h>

typedef struct Gate {
    Errand errand;
    atomic_bool reached, open;
} Gate;

static inline Status gate_wait(Errand *errand) {
    Gate *gate = (Gate *)errand;
    atomic_store(&gate->reached, true);
    double until = clock_seconds() + PATIENCE_SECONDS;
    while (!atomic_load(&gate->open) && clock_seconds() < until) thread_sleep(0.001);
    return status_ok();
}

static inline void gate_end(Errand *errand) {
    (void)errand;
}

static const ErrandKind gate_kind[ERRANDS_QUEUES] = {
    [ERRANDS_FILES] = {gate_wait, NULL, gate_end, ERRANDS_FILES},
    [ERRANDS_THOUGHTS] = {gate_wait, NULL, gate_end, ERRANDS_THOUGHTS},
};

// From here on frames wait for nothing of that queue.
static inline void gate_shut(Gate *gate, Fixture *f, ErrandQueue queue) {
    atomic_store(&gate->reached, false);
    atomic_store(&gate->open, false);
    gate->errand.kind = &gate_kind[queue];
    f->bench->errands[queue].patience = f->bench->errands[queue].left = 0.005;
    errands_send(f->bench, &gate->errand);
    while (!atomic_load(&gate->reached)) thread_sleep(0.001);
}

static inline void gate_open(Gate *gate) {
    atomic_store(&gate->open, true);
}

#endif
