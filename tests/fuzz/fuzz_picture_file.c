// PNG and JPEG files. What decodes them is SDL_image and its libraries, which are not built here;
// ours is the look at the size in front of it and what is made of the pixels behind it. A PNG's
// checksums are made right, as hardly a mutation would be.
#include "fuzz.h"

#include "app/picture_io.h"
#include "ink/picture.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

// Larger pictures are only slow: the limits in picture_io.c are another matter, and where the ink
// of one goes is fuzz_picture.c's, with larger fields.
enum { FIELD = 8, PIXELS_MAX = 1 << 14 };

static void put_big32(uint8_t *to, unsigned long value) {
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void mend_checksums(uint8_t *png, size_t size) {
    for (size_t at = 8; at + 12 <= size;) {
        const uint8_t *p = png + at;
        size_t length = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (length > size - at - 12) return;
        put_big32(png + at + 8 + length, crc32(0, p + 4, (unsigned)length + 4));
        at += 12 + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Picture picture = {0};
    uint8_t *bytes = malloc(size + 1);
    REQUIRE(bytes);
    memcpy(bytes, data, size);
    if (size > 8 && memcmp(bytes + 1, "PNG", 3) == 0) mend_checksums(bytes, size);
    Status status = picture_read(fuzz_file(bytes, size), &picture);
    free(bytes);
    fuzz_check(&status);
    if (status_is_ok(&status)) {
        InkOptions options = ink_options_default(FIELD);
        uint8_t field[FIELD * FIELD];
        PictureFit fit;
        REQUIRE(picture.width > 0 && picture.height > 0);
        if ((long)picture.width * picture.height <= PIXELS_MAX) {
            status = picture_fit(picture.grey, picture.width, picture.height, picture.width,
                                 &options, field, &fit);
            fuzz_check(&status);
        }
    }
    picture_close(&picture);
    return 0;
}
