// The three channels between trainer and window, with real threads: meant to be run under
// ThreadSanitizer as well.
#include "test.h"

#include "base/feed.h"
#include "base/mailbox.h"
#include "base/queue.h"

enum { FEED_ITEMS = 50000, MAIL_ITEMS = 20000, QUEUE_ITEMS = 20000, SNAPSHOT_INTS = 64 };

// ---- feed --------------------------------------------------------------------------------------

static void feed_writer(void *context) {
    for (uint64_t i = 0; i < FEED_ITEMS; i++) {
        uint64_t item[2] = {i, i * i};
        Status status = feed_append(context, item);
        if (!status_is_ok(&status)) return;
    }
}

static void feed_loses_nothing(void **state) {
    (void)state;
    Feed feed;
    Thread thread;
    assert_ok(feed_open(&feed, sizeof(uint64_t[2])));
    assert_ok(thread_start(&thread, "feed", feed_writer, &feed));
    size_t seen = 0;
    while (seen < FEED_ITEMS) {
        size_t count = feed_count(&feed);
        assert_true(count >= seen);
        for (; seen < count; seen++) {
            const uint64_t *item = feed_at(&feed, seen);
            assert_int_equal(item[0], seen);
            assert_int_equal(item[1], seen * seen);
        }
    }
    thread_join(&thread);
    assert_int_equal(feed_count(&feed), FEED_ITEMS);
    feed_close(&feed);
}

// ---- mailbox -----------------------------------------------------------------------------------

typedef struct Snapshot {
    int numbers[SNAPSHOT_INTS]; // all the same, or a torn one was seen
} Snapshot;

static void mailbox_writer(void *context) {
    Mailbox *mailbox = context;
    for (int i = 1; i <= MAIL_ITEMS; i++) {
        Snapshot *snapshot = mailbox_back(mailbox);
        for (int k = 0; k < SNAPSHOT_INTS; k++) snapshot->numbers[k] = i;
        mailbox_post(mailbox);
    }
}

static void mailbox_latest_wins_and_none_is_torn(void **state) {
    (void)state;
    static Snapshot slots[3];
    memset(slots, 0, sizeof slots);
    Mailbox mailbox;
    Thread thread;
    mailbox_init(&mailbox, &slots[0], &slots[1], &slots[2]);
    assert_false(mailbox_take(&mailbox));
    assert_ok(thread_start(&thread, "mail", mailbox_writer, &mailbox));
    int last = 0;
    while (last < MAIL_ITEMS) {
        if (!mailbox_take(&mailbox)) continue;
        const Snapshot *snapshot = mailbox_front(&mailbox);
        assert_true(snapshot->numbers[0] > last);
        last = snapshot->numbers[0];
        for (int k = 1; k < SNAPSHOT_INTS; k++) assert_int_equal(snapshot->numbers[k], last);
    }
    thread_join(&thread);
    assert_false(mailbox_take(&mailbox));
    assert_true(mailbox_is_read(&mailbox));
}

// ---- queue -------------------------------------------------------------------------------------

static void queue_writer(void *context) {
    for (int i = 0; i < QUEUE_ITEMS;)
        if (queue_try_push(context, &i)) i++;
}

static void queue_keeps_order(void **state) {
    (void)state;
    Queue queue;
    Thread thread;
    assert_ok(queue_open(&queue, sizeof(int), 7));
    assert_ok(thread_start(&thread, "queue", queue_writer, &queue));
    for (int i = 0; i < QUEUE_ITEMS; i++) {
        int item = -1;
        assert_true(queue_pop_wait(&queue, &item, 30));
        assert_int_equal(item, i);
    }
    thread_join(&thread);
    int item;
    assert_false(queue_try_pop(&queue, &item));
    double start = clock_seconds();
    assert_false(queue_pop_wait(&queue, &item, 0.02));
    assert_true(clock_seconds() - start >= 0.019);
    queue_close(&queue);
}

static void queue_refuses_when_full(void **state) {
    (void)state;
    Queue queue;
    int item = 5;
    assert_ok(queue_open(&queue, sizeof item, 2));
    assert_true(queue_try_push(&queue, &item));
    assert_true(queue_try_push(&queue, &item));
    assert_false(queue_try_push(&queue, &item));
    queue_close(&queue);
    queue_close(&queue); // twice does no harm
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(feed_loses_nothing),
        cmocka_unit_test(mailbox_latest_wins_and_none_is_torn),
        cmocka_unit_test(queue_keeps_order),
        cmocka_unit_test(queue_refuses_when_full),
    };
    return cmocka_run_group_tests_name("channels", tests, NULL, NULL);
}
