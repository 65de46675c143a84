// A thin skin over pthreads and the clock, so that the rest of the program names neither.
#ifndef INKLING_BASE_THREAD_H
#define INKLING_BASE_THREAD_H

#include "base/status.h"

#include <pthread.h>

typedef struct Thread {
    pthread_t handle;
    bool running;
} Thread;

typedef pthread_mutex_t Mutex;
typedef pthread_cond_t Cond;

// Starts `main(context)`; `name` (at most 15 bytes) is what debuggers and top show.
Status thread_start(Thread *thread, const char *name, void (*main)(void *), void *context);
// Waits for its end. Joining a thread that is not running does nothing.
void thread_join(Thread *thread);

void mutex_init(Mutex *mutex);
void mutex_destroy(Mutex *mutex);
void mutex_lock(Mutex *mutex);
void mutex_unlock(Mutex *mutex);

void cond_init(Cond *cond);
void cond_destroy(Cond *cond);
void cond_wait(Cond *cond, Mutex *mutex);
// False when `seconds` went by first.
bool cond_wait_for(Cond *cond, Mutex *mutex, double seconds);
void cond_signal(Cond *cond);
void cond_broadcast(Cond *cond);

// Processors this process may run on (affinity and cgroup masks respected), at least 1.
int thread_cpu_count(void);
// Seconds on a clock that never jumps; the zero is arbitrary.
double clock_seconds(void);
// CPU seconds that the calling process has used in all its threads.
double clock_cpu_seconds(void);
// The same of the calling thread alone.
double clock_thread_seconds(void);
// Seconds for which the calling thread was ready to run and no processor had time for it; 0 where
// the system does not say (only Linux does). Reads a file: for measurements.
double clock_thread_waited_seconds(void);
void thread_sleep(double seconds);
void thread_yield(void);

#endif
