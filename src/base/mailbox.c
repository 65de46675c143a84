// Triple buffering with one atomic exchange.
#include "base/mailbox.h"

enum { MAILBOX_FRESH = 4, MAILBOX_SLOT = 3 };

void mailbox_init(Mailbox *mailbox, void *a, void *b, void *c) {
    mailbox->slots[0] = a;
    mailbox->slots[1] = b;
    mailbox->slots[2] = c;
    mailbox->writing = 0;
    mailbox->reading = 1;
    atomic_init(&mailbox->waiting, 2);
}

void *mailbox_back(Mailbox *mailbox) {
    return mailbox->slots[mailbox->writing];
}

void mailbox_post(Mailbox *mailbox) {
    int old = atomic_exchange_explicit(&mailbox->waiting, mailbox->writing | MAILBOX_FRESH,
                                       memory_order_acq_rel);
    mailbox->writing = old & MAILBOX_SLOT;
}

bool mailbox_is_read(const Mailbox *mailbox) {
    return !(atomic_load_explicit(&mailbox->waiting, memory_order_relaxed) & MAILBOX_FRESH);
}

bool mailbox_take(Mailbox *mailbox) {
    if (mailbox_is_read(mailbox)) return false;
    int old = atomic_exchange_explicit(&mailbox->waiting, mailbox->reading, memory_order_acq_rel);
    mailbox->reading = old & MAILBOX_SLOT;
    return true;
}

const void *mailbox_front(const Mailbox *mailbox) {
    return mailbox->slots[mailbox->reading];
}
