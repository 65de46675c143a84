// A ring of slots: batch `number` lives in slot number % PREFETCH_AHEAD. One mutex guards their
// states; what a slot holds belongs to the worker while it is being made, else to the asking
// thread.
#include "train/prefetch.h"
#include "base/check.h"
#include "base/thread.h"

#include <stdlib.h>
#include <string.h>

enum { PREFETCH_WORKERS_MAX = 8 };

typedef enum SlotState { SLOT_FREE, SLOT_ASKED, SLOT_MAKING, SLOT_READY } SlotState;

typedef struct Slot {
    SlotState state;
    uint64_t number;
    uint32_t n, epoch;
    AugmentConfig config;
    uint32_t *order;
    uint8_t *pixels, *labels;
} Slot;

struct Prefetch {
    const ImageSet *set;
    uint64_t seed;
    Mutex mutex;
    Cond asked, made; // workers wait for the first, the asking thread for the second
    bool quit;
    Slot slots[PREFETCH_AHEAD];
    int workers;
    Thread threads[PREFETCH_WORKERS_MAX];
};

// The one that is needed first.
static Slot *prefetch_next(Prefetch *p) {
    Slot *next = NULL;
    for (int i = 0; i < PREFETCH_AHEAD; i++)
        if (p->slots[i].state == SLOT_ASKED && (!next || p->slots[i].number < next->number))
            next = &p->slots[i];
    return next;
}

static void prefetch_work(void *context) {
    Prefetch *p = context;
    mutex_lock(&p->mutex);
    while (!p->quit) {
        Slot *slot = prefetch_next(p);
        if (!slot) {
            cond_wait(&p->asked, &p->mutex);
            continue;
        }
        slot->state = SLOT_MAKING;
        mutex_unlock(&p->mutex);
        batch_gather_augmented(p->set, slot->order, slot->n, &slot->config, p->seed, slot->epoch,
                               slot->pixels, slot->labels);
        mutex_lock(&p->mutex);
        slot->state = SLOT_READY;
        cond_broadcast(&p->made);
    }
    mutex_unlock(&p->mutex);
}

Status prefetch_open(const ImageSet *set, uint64_t seed, int workers, uint32_t batch,
                     Prefetch **out) {
    Status status = status_ok();
    size_t image = imageset_image_bytes(set);
    *out = NULL;
    Prefetch *p = calloc(1, sizeof *p);
    if (!p) return status_no_memory("batches made ahead", sizeof *p);
    p->set = set;
    p->seed = seed;
    mutex_init(&p->mutex);
    cond_init(&p->asked);
    cond_init(&p->made);
    for (int i = 0; i < PREFETCH_AHEAD; i++) {
        Slot *slot = &p->slots[i];
        slot->order = malloc(batch * sizeof *slot->order);
        slot->pixels = malloc(batch * image);
        slot->labels = malloc(batch);
        if (!slot->order || !slot->pixels || !slot->labels)
            TRY(status_no_memory("batches made ahead", batch * image));
    }
    if (workers > PREFETCH_WORKERS_MAX) workers = PREFETCH_WORKERS_MAX;
    for (; p->workers < workers; p->workers++)
        TRY(thread_start(&p->threads[p->workers], "augment", prefetch_work, p));
    *out = p;
    return status;
fail:
    prefetch_close(&p);
    return status;
}

void prefetch_close(Prefetch **handle) {
    Prefetch *p = *handle;
    if (!p) return;
    *handle = NULL;
    mutex_lock(&p->mutex);
    p->quit = true;
    cond_broadcast(&p->asked);
    mutex_unlock(&p->mutex);
    for (int i = 0; i < p->workers; i++) thread_join(&p->threads[i]);
    for (int i = 0; i < PREFETCH_AHEAD; i++) {
        free(p->slots[i].order);
        free(p->slots[i].pixels);
        free(p->slots[i].labels);
    }
    cond_destroy(&p->asked);
    cond_destroy(&p->made);
    mutex_destroy(&p->mutex);
    free(p);
}

void prefetch_ask(Prefetch *p, uint64_t number, const uint32_t *order, uint32_t n, uint32_t epoch,
                  const AugmentConfig *config) {
    Slot *slot = &p->slots[number % PREFETCH_AHEAD];
    mutex_lock(&p->mutex);
    if (slot->state == SLOT_FREE) {
        slot->number = number;
        slot->n = n;
        slot->epoch = epoch;
        slot->config = *config;
        memcpy(slot->order, order, n * sizeof *order);
        slot->state = SLOT_ASKED;
        cond_signal(&p->asked);
    }
    mutex_unlock(&p->mutex);
}

void prefetch_take(Prefetch *p, uint64_t number, const uint8_t **pixels, const uint8_t **labels) {
    Slot *slot = &p->slots[number % PREFETCH_AHEAD];
    mutex_lock(&p->mutex);
    REQUIRE(slot->state != SLOT_FREE && slot->number == number);
    while (slot->state != SLOT_READY) cond_wait(&p->made, &p->mutex);
    mutex_unlock(&p->mutex);
    *pixels = slot->pixels;
    *labels = slot->labels;
}

void prefetch_give_back(Prefetch *p, uint64_t number) {
    mutex_lock(&p->mutex);
    p->slots[number % PREFETCH_AHEAD].state = SLOT_FREE;
    mutex_unlock(&p->mutex);
}

void prefetch_forget(Prefetch *p) {
    mutex_lock(&p->mutex);
    for (int i = 0; i < PREFETCH_AHEAD; i++) {
        while (p->slots[i].state == SLOT_MAKING) cond_wait(&p->made, &p->mutex);
        p->slots[i].state = SLOT_FREE;
    }
    mutex_unlock(&p->mutex);
}
