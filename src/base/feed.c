// Chunks behind a table of pointers that is allocated once: growing never moves an item, so a
// reader needs nothing but an acquire of the count.
#include "base/feed.h"
#include "base/check.h"

#include <stdlib.h>
#include <string.h>

Status feed_open(Feed *feed, size_t item_size) {
    memset(feed, 0, sizeof *feed);
    feed->chunks = calloc(FEED_CHUNKS_MAX, sizeof *feed->chunks);
    if (!feed->chunks) return status_no_memory("a feed", FEED_CHUNKS_MAX * sizeof *feed->chunks);
    feed->item_size = item_size;
    atomic_init(&feed->count, 0);
    return status_ok();
}

void feed_close(Feed *feed) {
    if (!feed->chunks) return;
    for (size_t i = 0; i < FEED_CHUNKS_MAX && feed->chunks[i]; i++) free(feed->chunks[i]);
    free((void *)feed->chunks);
    memset(feed, 0, sizeof *feed);
}

Status feed_append(Feed *feed, const void *item) {
    size_t index = atomic_load_explicit(&feed->count, memory_order_relaxed);
    size_t chunk = index / FEED_CHUNK_ITEMS;
    if (chunk >= FEED_CHUNKS_MAX) return status_error(STATUS_MEMORY, "the feed of metrics is full");
    unsigned char *block = atomic_load_explicit(&feed->chunks[chunk], memory_order_relaxed);
    if (!block) {
        block = malloc(FEED_CHUNK_ITEMS * feed->item_size);
        if (!block) return status_no_memory("a feed", FEED_CHUNK_ITEMS * feed->item_size);
        atomic_store_explicit(&feed->chunks[chunk], block, memory_order_relaxed);
    }
    memcpy(block + index % FEED_CHUNK_ITEMS * feed->item_size, item, feed->item_size);
    atomic_store_explicit(&feed->count, index + 1, memory_order_release);
    return status_ok();
}

size_t feed_count(const Feed *feed) {
    return atomic_load_explicit(&feed->count, memory_order_acquire);
}

const void *feed_at(const Feed *feed, size_t index) {
    ASSERT(index < feed_count(feed));
    unsigned char *block =
        atomic_load_explicit(&feed->chunks[index / FEED_CHUNK_ITEMS], memory_order_relaxed);
    return block + index % FEED_CHUNK_ITEMS * feed->item_size;
}
