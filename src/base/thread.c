// pthreads, the monotonic clock, the processor count.
#define _GNU_SOURCE // sched_getaffinity, pthread_setname_np
#include "base/thread.h"
#include "base/check.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct ThreadStart {
    void (*main)(void *);
    void *context;
} ThreadStart;

static void *thread_trampoline(void *argument) {
    ThreadStart start = *(ThreadStart *)argument;
    free(argument);
    start.main(start.context);
    return NULL;
}

Status thread_start(Thread *thread, const char *name, void (*main)(void *), void *context) {
    thread->running = false;
    ThreadStart *start = malloc(sizeof *start);
    if (!start) return status_no_memory("a thread", sizeof *start);
    start->main = main;
    start->context = context;
    int error = pthread_create(&thread->handle, NULL, thread_trampoline, start);
    if (error) {
        free(start);
        return status_error(STATUS_MEMORY, "cannot start the %s thread: %s", name, strerror(error));
    }
    thread->running = true;
    pthread_setname_np(thread->handle, name);
    return status_ok();
}

void thread_join(Thread *thread) {
    if (!thread->running) return;
    pthread_join(thread->handle, NULL);
    thread->running = false;
}

void mutex_init(Mutex *mutex) {
    REQUIRE(pthread_mutex_init(mutex, NULL) == 0);
}
void mutex_destroy(Mutex *mutex) {
    pthread_mutex_destroy(mutex);
}
void mutex_lock(Mutex *mutex) {
    REQUIRE(pthread_mutex_lock(mutex) == 0);
}
void mutex_unlock(Mutex *mutex) {
    REQUIRE(pthread_mutex_unlock(mutex) == 0);
}

void cond_init(Cond *cond) {
    pthread_condattr_t attributes;
    REQUIRE(pthread_condattr_init(&attributes) == 0);
    REQUIRE(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    REQUIRE(pthread_cond_init(cond, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
}
void cond_destroy(Cond *cond) {
    pthread_cond_destroy(cond);
}
void cond_wait(Cond *cond, Mutex *mutex) {
    REQUIRE(pthread_cond_wait(cond, mutex) == 0);
}

bool cond_wait_for(Cond *cond, Mutex *mutex, double seconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    long long nanoseconds = until.tv_nsec + (long long)(seconds * 1e9);
    until.tv_sec += (time_t)(nanoseconds / 1000000000);
    until.tv_nsec = (long)(nanoseconds % 1000000000);
    int error = pthread_cond_timedwait(cond, mutex, &until);
    REQUIRE(error == 0 || error == ETIMEDOUT);
    return error == 0;
}

void cond_signal(Cond *cond) {
    pthread_cond_signal(cond);
}
void cond_broadcast(Cond *cond) {
    pthread_cond_broadcast(cond);
}

int thread_cpu_count(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}

static double clock_read(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double clock_seconds(void) {
    return clock_read(CLOCK_MONOTONIC);
}
double clock_cpu_seconds(void) {
    return clock_read(CLOCK_PROCESS_CPUTIME_ID);
}

double clock_thread_seconds(void) {
    return clock_read(CLOCK_THREAD_CPUTIME_ID);
}

double clock_thread_waited_seconds(void) {
    unsigned long long ran, waited = 0; // nanoseconds
    FILE *file = fopen("/proc/thread-self/schedstat", "re");
    if (!file) return 0;
    if (fscanf(file, "%llu %llu", &ran, &waited) != 2) waited = 0;
    (void)fclose(file);
    return 1e-9 * (double)waited;
}

void thread_sleep(double seconds) {
    struct timespec span = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&span, NULL);
}

void thread_yield(void) {
    sched_yield();
}
