// The way up for what is only worth having fresh: the latest snapshot wins. Three buffers, one
// writer, one reader, no locks, nobody waits: the writer fills one, the reader holds one, the third
// changes hands.
#ifndef INKLING_BASE_MAILBOX_H
#define INKLING_BASE_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

// The owner allocates three snapshots of whatever type and gives their addresses.
typedef struct Mailbox {
    void *slots[3];
    int writing, reading; // slot numbers; each used by its own side only
    atomic_int waiting;   // slot number of the third, + MAILBOX_FRESH if it has not been read
} Mailbox;

void mailbox_init(Mailbox *mailbox, void *a, void *b, void *c);

// Writer: the slot to fill in; then post it.
void *mailbox_back(Mailbox *mailbox);
void mailbox_post(Mailbox *mailbox);
// Writer: true when what was posted last has been taken, so a new one is worth making.
bool mailbox_is_read(const Mailbox *mailbox);

// Reader: true when there was a newer one; then mailbox_front is that.
bool mailbox_take(Mailbox *mailbox);
const void *mailbox_front(const Mailbox *mailbox);

#endif
