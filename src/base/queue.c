// A ring under one mutex: commands are rare, so nothing cleverer is called for.
#include "base/queue.h"
#include "base/check.h"

#include <stdlib.h>
#include <string.h>

Status queue_open(Queue *queue, size_t item_size, size_t capacity) {
    memset(queue, 0, sizeof *queue);
    queue->items = calloc(capacity, item_size);
    if (!queue->items) return status_no_memory("a queue", capacity * item_size);
    queue->item_size = item_size;
    queue->capacity = capacity;
    mutex_init(&queue->mutex);
    cond_init(&queue->changed);
    return status_ok();
}

void queue_close(Queue *queue) {
    if (!queue->items) return;
    cond_destroy(&queue->changed);
    mutex_destroy(&queue->mutex);
    free(queue->items);
    memset(queue, 0, sizeof *queue);
}

bool queue_try_push(Queue *queue, const void *item) {
    mutex_lock(&queue->mutex);
    bool room = queue->count < queue->capacity;
    if (room) {
        size_t slot = (queue->first + queue->count++) % queue->capacity;
        memcpy(queue->items + slot * queue->item_size, item, queue->item_size);
        cond_signal(&queue->changed);
    }
    mutex_unlock(&queue->mutex);
    return room;
}

// With the mutex held.
static bool queue_take(Queue *queue, void *item) {
    if (queue->count == 0) return false;
    memcpy(item, queue->items + queue->first * queue->item_size, queue->item_size);
    queue->first = (queue->first + 1) % queue->capacity;
    queue->count--;
    return true;
}

bool queue_try_pop(Queue *queue, void *item) {
    mutex_lock(&queue->mutex);
    bool taken = queue_take(queue, item);
    mutex_unlock(&queue->mutex);
    return taken;
}

bool queue_pop_wait(Queue *queue, void *item, double seconds) {
    double until = clock_seconds() + seconds;
    mutex_lock(&queue->mutex);
    bool taken = queue_take(queue, item);
    while (!taken) {
        double left = until - clock_seconds();
        if (left <= 0) break;
        cond_wait_for(&queue->changed, &queue->mutex, left);
        taken = queue_take(queue, item);
    }
    mutex_unlock(&queue->mutex);
    return taken;
}
