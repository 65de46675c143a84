// A step of training takes no memory: counted by the allocator of the tests (fail.h).
#include "fail.h"
#include "test.h"

#include "train/run.h"

#include <string.h>

enum { SIDE = 28, IMAGES = 60 };

static Dataset *digits;

static int set_up(void **state) {
    (void)state;
    static uint8_t pixels[IMAGES * SIDE * SIDE], labels[IMAGES];
    for (int i = 0; i < IMAGES; i++) {
        labels[i] = (uint8_t)(i % 10);
        memset(pixels + i * SIDE * SIDE + (i % 10) * 2 * SIDE + 100, 200, 60);
    }
    ImageSet set = {IMAGES, 1, SIDE, SIDE, pixels, labels};
    assert_ok(dataset_open_arrays(&digits, "bars", &set, &set));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    dataset_close(&digits);
    return 0;
}

// Once its buffers are there, it takes none and gives none back: with any layer, optimizer and
// augmentation, on one thread and on two.
static void a_step_allocates_nothing(void **state) {
    (void)state;
    static const char *const lines[] = {
        "preset=lenet5 epochs=1 batch-size=8",
        "preset=mlp-bn epochs=1 batch-size=7 optimizer=nadam ema=0.9 clip-norm=1",
        "preset=fast epochs=1 batch-size=8 augment=strong loss=hinge",
        "preset=mlp-dropout epochs=1 batch-size=9 optimizer=lion",
    };
    for (int i = 0; i < 8; i++) {
        BackendConfig backend = {"cpu", 1 + i % 2};
        Backend *be = NULL;
        DeviceData data = {0};
        TrainConfig config;
        Run *run = NULL;
        BatchRecord batch;
        assert_ok(config_parse(lines[i / 2], &config));
        assert_ok(backend_open(&backend, &be));
        assert_ok(device_data_open(be, digits, &data));
        fail_arm(FAIL_MEMORY, 0, false, 0);
        assert_ok(run_open(&config, &data, NULL, &run));
        long calls = fail_disarm(FAIL_MEMORY);
        assert_true(calls > 0);
        assert_ok(run_step(run, &batch));
        fail_arm(FAIL_MEMORY, 0, false, 0);
        for (int step = 0; step < 4; step++) assert_ok(run_step(run, &batch));
        calls = fail_disarm(FAIL_MEMORY);
        if (calls) fail_msg("%s: %ld allocations in a few steps", lines[i / 2], calls);
        run_close(&run);
        device_data_close(&data);
        backend_close(&be);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_step_allocates_nothing)};
    return cmocka_run_group_tests_name("step_memory", tests, set_up, tear_down);
}
