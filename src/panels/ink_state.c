// What lies on the canvas, and its way to the network's input.
#include "panels/ink_state.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

// Side of the canvas while no window has asked for another one, and the least and the most of a
// picture with strokes on it.
enum { INK_SIDE_DEFAULT = 280, INK_SIDE_MOST = 1120 };

void ink_state_open(InkState *ink) {
    memset(ink, 0, sizeof *ink);
    ink->brush = BRUSH_RADIUS_DEFAULT;
    ink->centre = ink->fit_box = ink->even_width = ink->split = true;
    ink->pen = -1;
}

static void ink_state_drop_picture(InkState *ink) {
    free(ink->picture.pixels);
    ink->picture = (GreyPicture){0};
    canvas_close(&ink->both);
    ink->picture_of = 0;
    ink->caption[0] = '\0';
    ink->exact = false;
}

void ink_state_close(InkState *ink) {
    ink_state_drop_picture(ink);
    drawing_close(&ink->drawing);
    canvas_close(&ink->canvas);
}

Status ink_state_copy(InkState *to, const InkState *from) {
    const GreyPicture *picture = &from->picture;
    size_t bytes = (size_t)picture->width * (size_t)picture->height;
    Status status;
    TRY(drawing_copy(&to->drawing, &from->drawing));
    canvas_invalidate(&to->both);
    to->centre = from->centre;
    to->fit_box = from->fit_box;
    to->even_width = from->even_width;
    to->split = from->split;
    if (to->picture_of == from->edits) return status;
    ink_state_drop_picture(to);
    if (picture->pixels) {
        to->picture.pixels = malloc(bytes ? bytes : 1);
        if (!to->picture.pixels) TRY(status_no_memory("a copy of the picture", bytes));
        memcpy(to->picture.pixels, picture->pixels, bytes);
        to->picture.width = picture->width;
        to->picture.height = picture->height;
        to->picture.dark_ink = picture->dark_ink;
    }
    to->exact = from->exact;
    to->picture_of = to->edits = from->edits;
fail:
    return status;
}

Status ink_state_clear(InkState *ink) {
    if (ink->picture.pixels) {
        ink_state_drop_picture(ink);
        ink->edits++;
        Status status = canvas_set_backdrop(&ink->canvas, NULL, 0, 0, 0);
        if (!status_is_ok(&status)) return status;
    }
    return drawing_clear(&ink->drawing);
}

// What the backdrop of the canvas shows of a picture: the whole of it in the middle of a square,
// light ink on black.
static Status ink_state_backdrop(const InkState *ink, Canvas *canvas) {
    const GreyPicture *from = &ink->picture;
    int side = from->width > from->height ? from->width : from->height;
    uint8_t *square = calloc((size_t)side, (size_t)side);
    if (!square) return status_no_memory("the picture", (unsigned long long)side * (unsigned)side);
    int x0 = (side - from->width) / 2, y0 = (side - from->height) / 2;
    for (int y = 0; y < from->height; y++)
        for (int x = 0; x < from->width; x++) {
            uint8_t value = from->pixels[(size_t)y * (size_t)from->width + (size_t)x];
            square[(size_t)(y + y0) * (size_t)side + (size_t)(x + x0)] =
                from->dark_ink ? (uint8_t)(255 - value) : value;
        }
    Status status = canvas_set_backdrop(canvas, square, side, side, side);
    free(square);
    return status;
}

Status grey_picture_look(GreyPicture *picture) {
    InkOptions options = ink_options_default(28);
    uint8_t field[28 * 28];
    PictureFit fit;
    Status status = picture_fit(picture->pixels, picture->width, picture->height, picture->width,
                                &options, field, &fit);
    picture->dark_ink = !fit.light_ink;
    return status;
}

static Status ink_state_put(InkState *ink, GreyPicture *picture, bool exact, const char *caption) {
    Status status;
    if (!ink->canvas.pixels) TRY(canvas_open(&ink->canvas, INK_SIDE_DEFAULT));
    TRY(drawing_clear(&ink->drawing));
    ink_state_drop_picture(ink);
    ink->picture = *picture;
    *picture = (GreyPicture){0};
    ink->exact = exact;
    text_copy(ink->caption, sizeof ink->caption, caption);
    ink->edits++;
    TRY(ink_state_backdrop(ink, &ink->canvas));
fail:
    return status;
}

Status ink_state_show(InkState *ink, GreyPicture *picture, const char *caption) {
    return ink_state_put(ink, picture, false, caption);
}

Status ink_state_show_exactly(InkState *ink, const uint8_t *grey, int width, int height,
                              const char *caption) {
    size_t bytes = (size_t)width * (size_t)height;
    GreyPicture copy = {malloc(bytes ? bytes : 1), width, height, false};
    if (!copy.pixels) return status_no_memory("the picture", bytes);
    memcpy(copy.pixels, grey, bytes);
    Status status = ink_state_put(ink, &copy, true, caption);
    free(copy.pixels);
    return status;
}

bool ink_state_is_blank(const InkState *ink) {
    return !ink->picture.pixels && drawing_is_blank(&ink->drawing);
}

Status ink_state_render(InkState *ink, int side) {
    if (side < 1) side = 1;
    if (side > CANVAS_SIDE_MAX) side = CANVAS_SIDE_MAX;
    if (!ink->canvas.pixels || ink->canvas.side != side) {
        Status status = canvas_open(&ink->canvas, side);
        if (!status_is_ok(&status)) return status;
        ink->canvas_version++;
        if (ink->picture.pixels) status = ink_state_backdrop(ink, &ink->canvas);
        if (!status_is_ok(&status)) return status;
    }
    PixelRect changed = canvas_update(&ink->canvas, &ink->drawing);
    if (!pixel_rect_is_empty(changed)) ink->canvas_version++;
    return status_ok();
}

uint64_t ink_state_version(const InkState *ink) {
    return ink->edits * 0x9E3779B97F4A7C15u ^ ink->drawing.edits << 3 ^ (uint64_t)ink->centre ^
           (uint64_t)ink->fit_box << 1 ^ (uint64_t)ink->even_width << 2 ^
           (uint64_t)ink->split << 62;
}

// Nearest pixels of a picture that already is what a network sees, for one of another size.
static void ink_state_resample(const GreyPicture *from, int field, uint8_t *out) {
    for (int y = 0; y < field; y++)
        for (int x = 0; x < field; x++) {
            int sx = x * from->width / field, sy = y * from->height / field;
            out[y * field + x] = from->pixels[(size_t)sy * (size_t)from->width + (size_t)sx];
        }
}

// Picture and strokes as one picture.
static Status ink_state_join(InkState *ink) {
    const GreyPicture *picture = &ink->picture;
    int side = picture->width > picture->height ? picture->width : picture->height;
    Status status = status_ok();
    if (side < INK_SIDE_DEFAULT) side = INK_SIDE_DEFAULT;
    if (side > INK_SIDE_MOST) side = INK_SIDE_MOST;
    if (!ink->both.pixels || ink->both_of != ink->edits) {
        TRY(canvas_open(&ink->both, side));
        TRY(ink_state_backdrop(ink, &ink->both));
        ink->both_of = ink->edits;
    }
    canvas_update(&ink->both, &ink->drawing);
fail:
    return status;
}

InkOptions ink_state_options(const InkState *ink, int field) {
    InkOptions options = ink_options_default(field);
    options.centre = ink->centre;
    options.fit_box = ink->fit_box;
    options.normalize_width = ink->even_width;
    return options;
}

Status ink_state_fit(InkState *ink, int field, uint8_t *out, InkFit *fit) {
    InkOptions options = ink_state_options(ink, field);
    bool strokes = !drawing_is_blank(&ink->drawing);
    PictureFit picture = {0};
    Status status = status_ok();
    *fit = (InkFit){0};
    ink->fit_unit = 1;
    if (!ink->picture.pixels) {
        status = ink_fit_drawing(&ink->drawing, &options, out, fit);
    } else if (strokes) {
        status = ink_state_join(ink);
        int side = ink->both.side;
        if (status_is_ok(&status))
            status = ink_fit_grey(ink->both.pixels, side, side, side, &options, out, fit);
        ink->fit_unit = (float)side;
    } else if (ink->exact) {
        ink_state_resample(&ink->picture, field, out);
    } else {
        status = picture_fit(ink->picture.pixels, ink->picture.width, ink->picture.height,
                             ink->picture.width, &options, out, &picture);
        *fit = picture.ink;
    }
    return status;
}

void ink_state_field(const InkState *ink, int field, const InkFit *fit, float out[3]) {
    const GreyPicture *picture = &ink->picture;
    bool alone = picture->pixels && drawing_is_blank(&ink->drawing);
    out[0] = out[1] = 0;
    out[2] = 1; // a picture that the network gets as it is covers the canvas
    if (fit->scale <= 0) return;
    float unit = ink->fit_unit, x0 = 0, y0 = 0;
    if (alone) { // it lies in the middle of the canvas
        unit = (float)(picture->width > picture->height ? picture->width : picture->height);
        x0 = (unit - (float)picture->width) / 2;
        y0 = (unit - (float)picture->height) / 2;
    }
    out[0] = (-fit->shift_x / fit->scale + x0) / unit;
    out[1] = (-fit->shift_y / fit->scale + y0) / unit;
    out[2] = (float)field / fit->scale / unit;
}
