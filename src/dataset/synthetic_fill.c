// Whole sets of synthetic pictures on several threads. What a picture is: synthetic.c and
// synthetic_other.c.
#include "base/thread.h"
#include "dataset/synthetic.h"

#include <stdatomic.h>

// Threads take the next piece until there is none.
typedef struct Fill {
    uint64_t seed, stream;
    uint32_t n;
    int label; // of pictures of no digit; -1: pictures of digits
    uint8_t *pixels, *labels;
    atomic_uint next;
} Fill;

enum { FILL_PIECE = 256, FILL_THREADS_MAX = 64 };

static void fill_main(void *context) {
    Fill *fill = context;
    for (;;) {
        uint32_t from = atomic_fetch_add(&fill->next, 1);
        if (from > fill->n / FILL_PIECE) return;
        from *= FILL_PIECE;
        for (uint32_t i = from; i < fill->n && i < from + FILL_PIECE; i++) {
            uint8_t *pixels = fill->pixels + (size_t)SYNTHETIC_PIXELS * i;
            if (fill->label < 0) {
                fill->labels[i] = synthetic_image(fill->seed, fill->stream, i, pixels);
            } else {
                synthetic_other_image(fill->seed, fill->stream, i, pixels);
                fill->labels[i] = (uint8_t)fill->label;
            }
        }
    }
}

static Status fill_run(Fill *fill, int threads) {
    Thread helpers[FILL_THREADS_MAX] = {0};
    if (threads <= 0) threads = thread_cpu_count();
    if (threads > FILL_THREADS_MAX) threads = FILL_THREADS_MAX;
    // A helper that cannot be started only makes it slower: this thread does what is left.
    for (int t = 1; t < threads; t++) {
        Status status = thread_start(&helpers[t], "digits", fill_main, fill);
        if (!status_is_ok(&status)) break;
    }
    fill_main(fill);
    for (int t = 1; t < threads; t++) thread_join(&helpers[t]);
    return status_ok();
}

Status synthetic_fill(uint64_t seed, uint64_t stream, uint32_t n, int threads, uint8_t *pixels,
                      uint8_t *labels) {
    Fill fill = {seed, stream, n, -1, pixels, labels, 0};
    return fill_run(&fill, threads);
}

Status synthetic_other_fill(uint64_t seed, uint64_t stream, uint32_t n, int threads, uint8_t label,
                            uint8_t *pixels, uint8_t *labels) {
    Fill fill = {seed, stream, n, label, pixels, labels, 0};
    return fill_run(&fill, threads);
}
