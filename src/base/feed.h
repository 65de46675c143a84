// The way up for what must not be lost: an append-only list of values. One thread appends; any
// number of others read, each with a place of its own, without locks and without ever making the
// writer wait. Values stay where they are until feed_close.
#ifndef INKLING_BASE_FEED_H
#define INKLING_BASE_FEED_H

#include "base/status.h"

#include <stdatomic.h>
#include <stddef.h>

enum { FEED_CHUNK_ITEMS = 4096, FEED_CHUNKS_MAX = 16384 };

typedef struct Feed {
    size_t item_size;
    _Atomic(unsigned char *) *chunks; // FEED_CHUNKS_MAX entries, filled in order
    atomic_size_t count;              // items that readers may look at
} Feed;

Status feed_open(Feed *feed, size_t item_size);
// No thread may be using it any more. A zero-filled feed may be closed.
void feed_close(Feed *feed);

// Writer only. Copies `item`. STATUS_MEMORY when there is none left (or 67 million items are in).
Status feed_append(Feed *feed, const void *item);

// Any thread. Items 0 .. feed_count-1 are complete and never change.
size_t feed_count(const Feed *feed);
const void *feed_at(const Feed *feed, size_t index);

#endif
