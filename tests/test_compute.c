// Opening back ends by name, and the thread pool under them: each piece once, no thread that eats
// the processor while there is nothing to do. What the operations compute is check_kernels'
// business.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/thread.h"
#include "compute/backend.h"
#include "compute/pool.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

// ---- opening ----------------------------------------------------------------------------------

static void test_unknown_device(void **state) {
    (void)state;
    Backend *be = (Backend *)&be;
    Status status = backend_open(&(BackendConfig){.device = "abacus"}, &be);
    assert_int_equal(status.code, STATUS_USAGE);
    assert_null(be);
    assert_non_null(strstr(status.message, "abacus"));
    status = backend_open(&(BackendConfig){.device = "cpux"}, &be);
    assert_int_equal(status.code, STATUS_USAGE);
}

static void test_every_kind(void **state) {
    (void)state;
    for (int i = 0; i < backend_kind_count; i++) {
        Backend *be;
        BackendConfig config = {.device = backend_kinds[i].name, .threads = 2};
        Status status = backend_open(&config, &be);
        if (!status_is_ok(&status)) {
            // Only a device that is not there may refuse, and it says what to do.
            assert_int_equal(status.code, STATUS_UNSUPPORTED);
            assert_null(be);
            print_message("%s: %s\n", config.device, status.message);
            continue;
        }
        char line[128];
        be->ops->describe(be, line, sizeof line);
        print_message("%s: %s\n", config.device, line);
        assert_string_equal(be->ops->name, config.device);
        backend_close(&be);
        assert_null(be);
        backend_close(&be); // closing twice is harmless
    }
}

// ---- the pool ---------------------------------------------------------------------------------

enum { PIECES_MAX = 70000 };

typedef struct Counts {
    atomic_int runs[PIECES_MAX];
    atomic_int wrong_worker;
    int threads;
} Counts;

static void count_piece(void *context, int piece, int worker) {
    Counts *counts = context;
    atomic_fetch_add(&counts->runs[piece], 1);
    if (worker < 0 || worker >= counts->threads) atomic_fetch_add(&counts->wrong_worker, 1);
}

static void test_each_piece_once(void **state) {
    (void)state;
    static Counts counts;
    const int sizes[] = {0, 1, 2, 3, 7, 64, 1000, PIECES_MAX};
    for (int threads = 1; threads <= 5; threads++) {
        Pool *pool;
        Status status = pool_open(threads, &pool);
        assert_int_equal(status.code, STATUS_OK);
        assert_int_equal(pool_threads(pool), threads);
        for (int i = 0; i < 8; i++) {
            int pieces = sizes[i], rounds = pieces > 1000 ? 2 : 100;
            memset(&counts, 0, sizeof counts);
            counts.threads = threads;
            for (int r = 0; r < rounds; r++) pool_run(pool, count_piece, &counts, pieces);
            for (int p = 0; p < PIECES_MAX; p++)
                assert_int_equal(atomic_load(&counts.runs[p]), p < pieces ? rounds : 0);
            assert_int_equal(atomic_load(&counts.wrong_worker), 0);
        }
        pool_close(&pool);
        assert_null(pool);
        pool_close(&pool);
    }
}

static void test_wakes_after_sleep(void **state) {
    (void)state;
    static Counts counts;
    Pool *pool;
    Status status = pool_open(3, &pool);
    assert_int_equal(status.code, STATUS_OK);
    memset(&counts, 0, sizeof counts);
    counts.threads = 3;
    for (int i = 0; i < 20; i++) {
        pool_run(pool, count_piece, &counts, 50);
        thread_sleep(0.005);
    }
    for (int p = 0; p < 50; p++) assert_int_equal(atomic_load(&counts.runs[p]), 20);
    // Nothing to do: nothing is used but the moment before the threads fall asleep.
    thread_sleep(0.05);
    double before = clock_cpu_seconds();
    thread_sleep(0.5);
    double used = clock_cpu_seconds() - before;
    assert_true(used < 0.005);
    pool_close(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_device),
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_each_piece_once),
        cmocka_unit_test(test_wakes_after_sleep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
