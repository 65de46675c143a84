// Pixels of somebody's picture on their way to the network's field: width and height first, one
// byte each, then grey bytes, repeated as often as needed. The bytes of a PNG or JPEG file are
// fuzz_picture_file.c.
#include "fuzz.h"

#include "ink/picture.h"

#include <stdlib.h>
#include <string.h>

enum { FIELD = 28, SIDE_MAX = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) return 0;
    int w = 1 + data[0] % SIDE_MAX, h = 1 + data[1] % SIDE_MAX;
    size_t count = (size_t)w * (size_t)h, have = size - 2;
    uint8_t *grey = malloc(count), field[FIELD * FIELD];
    InkOptions options = ink_options_default(FIELD);
    PictureFit fit;
    REQUIRE(grey);
    for (size_t i = 0; i < count; i++) grey[i] = data[2 + i % have];
    Status status = picture_fit(grey, w, h, w, &options, field, &fit);
    fuzz_check(&status);
    REQUIRE(status_is_ok(&status));
    REQUIRE(fit.contrast >= 0 && fit.contrast <= 1);
    free(grey);
    return 0;
}
