// Pictures of a layer in one image; see mosaic.h.
#include "panels/mosaic.h"

#include "ui/heatmap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Strip of a flat layer: how high it is about, and the largest a cell gets.
enum { FLAT_HEIGHT = 70, FLAT_CELL_MAX = 22 };

void mosaics_close(Mosaic *mosaics, int count) {
    for (int i = 0; i < count; i++) free(mosaics[i].rgba);
}

static bool mosaic_room(Mosaic *mosaic, int tiles, int tile_w, int tile_h, int columns) {
    int rows = (tiles + columns - 1) / columns;
    int width = columns * (tile_w + 1) - 1, height = rows * (tile_h + 1) - 1;
    size_t bytes = (size_t)width * (size_t)height * 4;
    if (bytes > mosaic->capacity) {
        uint8_t *bigger = realloc(mosaic->rgba, bytes);
        if (!bigger) return false;
        mosaic->rgba = bigger;
        mosaic->capacity = bytes;
    }
    *mosaic = (Mosaic){.rgba = mosaic->rgba,
                       .capacity = mosaic->capacity,
                       .version = mosaic->version + 1,
                       .tiles = tiles,
                       .tile_w = tile_w,
                       .tile_h = tile_h,
                       .columns = columns,
                       .width = width,
                       .height = height};
    memset(mosaic->rgba, 0, bytes);
    return true;
}

bool mosaic_shape(Mosaic *mosaic, int tiles, int tile_w, int tile_h, float aspect) {
    float wish = sqrtf(aspect * (float)tiles * (float)(tile_h + 1) / (float)(tile_w + 1));
    int columns = (int)ceilf(wish);
    if (columns < 1) columns = 1;
    if (columns > tiles) columns = tiles;
    int rows = (tiles + columns - 1) / columns;
    columns = (tiles + rows - 1) / rows; // rows of one length
    return mosaic_room(mosaic, tiles, tile_w, tile_h, columns);
}

bool mosaic_shape_flat(Mosaic *mosaic, int units, float width) {
    float cell = fminf(floorf(sqrtf(width * FLAT_HEIGHT / (float)units)), FLAT_CELL_MAX);
    int columns = (int)(width / fmaxf(cell, 1));
    if (columns > units) columns = units;
    if (columns < 1) columns = 1;
    int rows = (units + columns - 1) / columns;
    columns = (units + rows - 1) / rows;
    if (!mosaic_room(mosaic, 1, columns, rows, 1)) return false;
    mosaic->units = units;
    for (int k = 0; k < MOSAIC_TOP; k++) mosaic->top[k] = -1;
    return true;
}

// The largest units, kept in order.
static void mosaic_find_top(Mosaic *mosaic, const float *values) {
    for (int i = 0; i < mosaic->units; i++) {
        int at = MOSAIC_TOP;
        while (at > 0 && (mosaic->top[at - 1] < 0 || values[i] > mosaic->top_value[at - 1])) at--;
        for (int k = MOSAIC_TOP - 1; k > at; k--) {
            mosaic->top[k] = mosaic->top[k - 1];
            mosaic->top_value[k] = mosaic->top_value[k - 1];
        }
        if (at == MOSAIC_TOP) continue;
        mosaic->top[at] = i;
        mosaic->top_value[at] = values[i];
    }
}

void mosaic_put(Mosaic *mosaic, int index, const float *values, float limit, bool is_signed) {
    int x0 = index % mosaic->columns * (mosaic->tile_w + 1);
    int y0 = index / mosaic->columns * (mosaic->tile_h + 1);
    for (int y = 0; y < mosaic->tile_h; y++) {
        uint8_t *to = mosaic->rgba + ((size_t)(y0 + y) * (size_t)mosaic->width + (size_t)x0) * 4;
        int first = y * mosaic->tile_w, count = mosaic->tile_w;
        if (mosaic->units && first + count > mosaic->units) count = mosaic->units - first;
        if (count <= 0) break;
        if (is_signed)
            ramp_diverging_pixels(to, values + first, (size_t)count, limit);
        else
            ramp_grey_pixels(to, values + first, (size_t)count, limit);
    }
    if (mosaic->units) mosaic_find_top(mosaic, values);
}

float mosaic_limit(const float *values, size_t count) {
    float limit = 0;
    for (size_t i = 0; i < count; i++)
        if (fabsf(values[i]) > limit) limit = fabsf(values[i]);
    return limit > 0 ? limit : 1;
}

// ---- on the screen ------------------------------------------------------------------------------

float mosaic_aspect(Rect rect) {
    return fminf(fmaxf(rect.w / fmaxf(rect.h * 0.45f, 60), 1), 16);
}

Vec2 mosaic_size(const Ui *ui, const Mosaic *mosaic, float width, float most) {
    float zoom = fminf(width / (float)mosaic->width, most / (float)mosaic->height);
    if (mosaic->units) zoom = fminf(zoom, FLAT_CELL_MAX);
    float device = zoom * ui->input.scale;
    if (device > 1) zoom = floorf(device) / ui->input.scale;
    if (zoom * (float)mosaic->height < 6) zoom = 6 / (float)mosaic->height;
    return (Vec2){fminf(zoom * (float)mosaic->width, width), zoom * (float)mosaic->height};
}

// Hairlines between the cells of a flat layer, where these are large enough to bear them.
static void mosaic_grid(Ui *ui, const Mosaic *mosaic, Rect box) {
    Color line = ui->theme->color.panel;
    float cell = box.w / (float)mosaic->width;
    if (cell < 5) return;
    for (int x = 1; x < mosaic->width; x++)
        draw_vline(&ui->draw, box.x + cell * (float)x, box.y, rect_bottom(box), line);
    for (int y = 1; y < mosaic->height; y++)
        draw_hline(&ui->draw, box.x, rect_right(box), box.y + cell * (float)y, line);
}

void mosaic_draw(Ui *ui, const Mosaic *mosaic, Rect box, UiId key) {
    DrawImage image = {
        key,         mosaic->version, mosaic->width, mosaic->height, mosaic->width * 4,
        IMAGE_RGBA8, mosaic->rgba};
    bool shrunk = box.w * ui->input.scale < (float)mosaic->width;
    draw_image(&ui->draw, box, &image, shrunk ? SAMPLE_LINEAR : SAMPLE_NEAREST,
               color_hex(0xFFFFFF));
    if (mosaic->units) mosaic_grid(ui, mosaic, box);
}

bool mosaic_at(const Mosaic *mosaic, Rect box, Vec2 point, MosaicPixel *out) {
    if (!rect_contains(box, point)) return false;
    int x = (int)((point.x - box.x) / box.w * (float)mosaic->width);
    int y = (int)((point.y - box.y) / box.h * (float)mosaic->height);
    if (mosaic->units) {
        *out = (MosaicPixel){y * mosaic->width + x, 0, 0};
        return x < mosaic->width && out->c < mosaic->units;
    }
    int step_x = mosaic->tile_w + 1, step_y = mosaic->tile_h + 1;
    *out = (MosaicPixel){y / step_y * mosaic->columns + x / step_x, y % step_y, x % step_x};
    return x < mosaic->width && out->c < mosaic->tiles && out->x < mosaic->tile_w &&
           out->y < mosaic->tile_h;
}

Rect mosaic_place(const Mosaic *mosaic, Rect box, MosaicPixel pixel, int h, int w) {
    int x = pixel.x, y = pixel.y, columns = mosaic->units ? mosaic->width : mosaic->columns;
    int step_x = mosaic->units ? 1 : mosaic->tile_w + 1;
    int step_y = mosaic->units ? 1 : mosaic->tile_h + 1;
    x += pixel.c % columns * step_x;
    y += pixel.c / columns * step_y;
    float zoom_x = box.w / (float)mosaic->width, zoom_y = box.h / (float)mosaic->height;
    return (Rect){box.x + zoom_x * (float)x, box.y + zoom_y * (float)y, zoom_x * (float)w,
                  zoom_y * (float)h};
}
