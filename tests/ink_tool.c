// Measuring tool, not a test: reads a strokes file and writes, for every drawing, one byte of label
// and the network's input to standard output. Options put the drawing elsewhere first, so that
// recognition can be compared across places, sizes and brushes.
//   ink_tool FILE [scale dx dy radius [WAY [width]]]
// WAY: strokes; canvas (its pixels); photo (the canvas as ink on unevenly lit, noisy paper); plain
// (no step of the fit but scaling).
#include "base/rng.h"
#include "ink/canvas.h"
#include "ink/picture.h"
#include "ink/strokes_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Setting {
    float scale, dx, dy, radius;
    const char *way;
    float width;
    Canvas canvas;
} Setting;

// The drawing again, scaled about the middle of the canvas and moved.
static Status move(const Drawing *from, const Setting *set, Drawing *to) {
    Status status = status_ok();
    drawing_reset(to);
    for (size_t s = drawing_first(from); s < from->live; s++) {
        const Stroke *stroke = &from->strokes[s];
        TRY(drawing_begin(to, stroke->kind, set->radius));
        for (uint32_t i = stroke->first; i < stroke->first + stroke->count; i++) {
            InkPoint p = from->points[i];
            TRY(drawing_add(to, 0.5f + (p.x - 0.5f) * set->scale + set->dx,
                            0.5f + (p.y - 0.5f) * set->scale + set->dy, p.pressure));
        }
        drawing_end(to);
    }
fail:
    return status;
}

static void photograph(Canvas *canvas) {
    Rng rng = rng_make(1, 1);
    for (int i = 0; i < canvas->side * canvas->side; i++) {
        double x = (double)(i % canvas->side) / canvas->side, v = canvas->pixels[i] / 255.0;
        double level = 210.0 - 80.0 * x * x - 90.0 * v + 5.0 * rng_normal(&rng);
        canvas->pixels[i] = (uint8_t)(level < 0.0 ? 0.0 : level > 255.0 ? 255.0 : level);
    }
}

static Status fit_one(Setting *set, const Drawing *drawing, uint8_t *out) {
    InkOptions options = ink_options_default(28);
    InkFit fit;
    if (set->width > 0.0f) options.width = set->width;
    if (strcmp(set->way, "plain") == 0)
        options.fit_box = options.centre = options.normalize_width = false;
    bool photo = strcmp(set->way, "photo") == 0;
    if (!photo && strcmp(set->way, "canvas") != 0)
        return ink_fit_drawing(drawing, &options, out, &fit);
    const Canvas *c = &set->canvas;
    canvas_invalidate(&set->canvas);
    canvas_update(&set->canvas, drawing);
    if (!photo) return ink_fit_grey(c->pixels, c->side, c->side, c->side, &options, out, &fit);
    photograph(&set->canvas);
    PictureFit picture;
    return picture_fit(c->pixels, c->side, c->side, c->side, &options, out, &picture);
}

static float argument(int argc, char **argv, int i, float otherwise) {
    return i < argc ? strtof(argv[i], NULL) : otherwise;
}

int main(int argc, char **argv) {
    Setting set = {
        .scale = argument(argc, argv, 2, 1.0f),
        .dx = argument(argc, argv, 3, 0.0f),
        .dy = argument(argc, argv, 4, 0.0f),
        .radius = argument(argc, argv, 5, BRUSH_RADIUS_DEFAULT),
        .way = argc > 6 ? argv[6] : "strokes",
        .width = argument(argc, argv, 7, 0.0f),
    };
    StrokesReader *reader = NULL;
    Drawing read = {0}, moved = {0};
    Status status = status_error(STATUS_USAGE, "usage: ink_tool FILE [scale dx dy radius [way]]");
    if (argc < 2) goto fail;
    TRY(canvas_open(&set.canvas, 350));
    TRY(strokes_reader_open(&reader, argv[1]));
    for (;;) {
        StrokesLine line;
        bool more;
        uint8_t out[1 + 28 * 28];
        TRY(strokes_reader_next(reader, set.radius, &read, &line, &more));
        if (!more) break;
        TRY(move(&read, &set, &moved));
        out[0] = (uint8_t)(line.label < 0 ? 255 : line.label);
        TRY(fit_one(&set, &moved, out + 1));
        fwrite(out, 1, sizeof out, stdout);
    }
fail:
    strokes_reader_close(&reader);
    drawing_close(&read);
    drawing_close(&moved);
    canvas_close(&set.canvas);
    if (status_is_ok(&status)) return 0;
    fprintf(stderr, "%s\n", status.message);
    return 1;
}
