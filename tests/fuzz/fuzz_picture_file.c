// PNG and JPEG files. What decodes them is SDL_image and its libraries, which are not built here;
// ours is the look at the size in front of it and what is made of the pixels behind it.
#include "fuzz.h"

#include "app/picture_io.h"
#include "ink/picture.h"

// Larger pictures are only slow: the limits in picture_io.c are another matter.
enum { FIELD = 28, PIXELS_MAX = 1 << 18 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Picture picture = {0};
    Status status = picture_read(fuzz_file(data, size), &picture);
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
