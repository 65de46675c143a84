// Pictures in a build without SDL_image: a sentence that says so.
#include "app/picture_io.h"

#include <stddef.h>

static Status picture_unsupported(const char *path) {
    return status_error(STATUS_UNSUPPORTED,
                        "%s: this inkling was built without pictures; building it with SDL2_image "
                        "(-Dgui=enabled) brings them",
                        path);
}

Status picture_read(const char *path, Picture *out) {
    *out = (Picture){0};
    return picture_unsupported(path);
}

void picture_close(Picture *picture) {
    *picture = (Picture){0};
}

Status picture_write_png(const char *path, const uint8_t *rgba, int width, int height, int stride) {
    (void)rgba, (void)width, (void)height, (void)stride;
    return picture_unsupported(path);
}
