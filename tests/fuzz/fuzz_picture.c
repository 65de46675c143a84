// Pixels of somebody's picture on their way to the network's field: width, height and what is asked
// for first, one byte each, then grey bytes, repeated as often as needed. The bytes of a PNG or
// JPEG file are fuzz_picture_file.c.
#include "fuzz.h"

#include "ink/picture.h"

#include <stdlib.h>
#include <string.h>

// The time goes with the field's area.
enum { FIELDS = 21, SIDE_MAX = 40 }; // sides of the field from 8 to 28

static InkOptions options_of(unsigned byte) {
    InkOptions options = ink_options_default(INK_FIELD_MIN + (int)(byte % FIELDS));
    unsigned flags = byte / FIELDS; // 0 to 12, 0 as usual
    if (flags & 1) options.fit_box = false;
    if (flags & 2) options.average = false;
    if (flags & 4) options.normalize_width = false;
    if (flags & 8) options.centre = false;
    return options;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 4) return 0;
    int w = 1 + data[0] % SIDE_MAX, h = 1 + data[1] % SIDE_MAX;
    size_t count = (size_t)w * (size_t)h, have = size - 3;
    uint8_t *grey = malloc(count), *field = NULL;
    InkOptions options = options_of(data[2]);
    PictureFit fit;
    // Exactly as large as it is, so that a sanitizer sees what goes behind it.
    field = malloc((size_t)options.field * (size_t)options.field);
    REQUIRE(grey && field);
    for (size_t i = 0; i < count; i++) grey[i] = data[3 + i % have];
    Status status = picture_fit(grey, w, h, w, &options, field, &fit);
    fuzz_check(&status);
    REQUIRE(status_is_ok(&status));
    REQUIRE(fit.contrast >= 0 && fit.contrast <= 1);
    free(field);
    free(grey);
    return 0;
}
