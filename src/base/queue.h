// The way down: a bounded queue of small values, copied in and out. Any number of threads may push
// and pop. The UI pushes commands with queue_try_push (never waits); the trainer pops them.
#ifndef INKLING_BASE_QUEUE_H
#define INKLING_BASE_QUEUE_H

#include "base/thread.h"

#include <stddef.h>

typedef struct Queue {
    Mutex mutex;
    Cond changed;
    unsigned char *items;
    size_t item_size, capacity, first, count;
} Queue;

Status queue_open(Queue *queue, size_t item_size, size_t capacity);
// No thread may be using it any more. A zero-filled queue may be closed.
void queue_close(Queue *queue);

// False, and nothing pushed, when the queue is full.
bool queue_try_push(Queue *queue, const void *item);
// False, and `item` untouched, when the queue is empty.
bool queue_try_pop(Queue *queue, void *item);
// Waits until there is an item, or `seconds` have gone by (false).
bool queue_pop_wait(Queue *queue, void *item, double seconds);

#endif
