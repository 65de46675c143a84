// Drawings, the canvas and the fit to the network's input, with numbers.
#include "ink/canvas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void blank_is_blank(void **state) {
    (void)state;
    Drawing drawing = {0};
    assert_true(drawing_is_blank(&drawing));
    drawing_close(&drawing);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(blank_is_blank)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
