// Looking inside: what each layer makes of the drawing (feature maps), and the weights that do it
// (filters). The pictures of one layer lie side by side in one mosaic.
#include "panels/panels.h"

#include "base/tr.h"
#include "nn/layer.h"
#include "ui/heatmap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOSAIC_TILES_MAX = 256, MOSAIC_CAPTION_H = 20, MOSAIC_VALUES_MAX = 1 << 20 };

// ---- making mosaics -----------------------------------------------------------------------------

// Room for `tiles` pictures of tile_w x tile_h with one clear pixel between them, about `aspect`
// times as wide as high.
static bool mosaic_shape(Mosaic *mosaic, int tiles, int tile_w, int tile_h, float aspect) {
    float wish = sqrtf(aspect * (float)tiles * (float)(tile_h + 1) / (float)(tile_w + 1));
    int columns = (int)ceilf(wish);
    if (columns < 1) columns = 1;
    if (columns > tiles) columns = tiles;
    int rows = (tiles + columns - 1) / columns;
    columns = (tiles + rows - 1) / rows; // rows of one length
    int width = columns * (tile_w + 1) - 1, height = rows * (tile_h + 1) - 1;
    size_t bytes = (size_t)width * (size_t)height * 4;
    if (bytes > mosaic->capacity) {
        uint8_t *bigger = realloc(mosaic->rgba, bytes);
        if (!bigger) return false;
        mosaic->rgba = bigger;
        mosaic->capacity = bytes;
    }
    mosaic->tiles = tiles;
    mosaic->tile_w = tile_w;
    mosaic->tile_h = tile_h;
    mosaic->columns = columns;
    mosaic->width = width;
    mosaic->height = height;
    memset(mosaic->rgba, 0, bytes);
    mosaic->version++;
    return true;
}

// Tile `index` from its values: signed ones from blue over black to orange, others black to white.
static void mosaic_put(Mosaic *mosaic, int index, const float *values, float limit,
                       bool is_signed) {
    int x0 = index % mosaic->columns * (mosaic->tile_w + 1);
    int y0 = index / mosaic->columns * (mosaic->tile_h + 1);
    for (int y = 0; y < mosaic->tile_h; y++) {
        uint8_t *to = mosaic->rgba + ((size_t)(y0 + y) * (size_t)mosaic->width + (size_t)x0) * 4;
        const float *from = values + (size_t)y * (size_t)mosaic->tile_w;
        if (is_signed)
            ramp_diverging_pixels(to, from, (size_t)mosaic->tile_w, limit);
        else
            ramp_grey_pixels(to, from, (size_t)mosaic->tile_w, limit);
    }
}

static float mosaic_limit(const float *values, size_t count) {
    float limit = 0;
    for (size_t i = 0; i < count; i++)
        if (fabsf(values[i]) > limit) limit = fabsf(values[i]);
    return limit > 0 ? limit : 1;
}

static bool layer_is_quiet(const LayerSpec *layer) {
    return strcmp(layer->kind->word, "flatten") == 0 || strcmp(layer->kind->word, "dropout") == 0;
}

// "conv + relu: 6 maps of 28 x 28". `layer` .. `last` share one output.
static void features_caption(const ModelSpec *spec, int layer, int last, Shape shape,
                             char out[96]) {
    int used = snprintf(out, 96, "%s", spec->layers[layer].kind->word);
    for (int i = layer + 1; i <= last; i++)
        if (!layer_is_quiet(&spec->layers[i]))
            used +=
                snprintf(out + used, (size_t)(96 - used), " + %.12s", spec->layers[i].kind->word);
    if (shape.flat)
        snprintf(out + used, (size_t)(96 - used), " \xc2\xb7 %d", shape.c);
    else
        snprintf(out + used, (size_t)(96 - used), tr(" \xc2\xb7 %d of %d \xc3\x97 %d"), shape.c,
                 shape.h, shape.w);
}

static void features_layer(Workbench *bench, int layer, int last, float aspect, float *values) {
    const ModelSpec *spec = recognizer_spec(bench->answer.recognizer);
    Shape shape = recognizer_plan(bench->answer.recognizer)->shapes[last + 1];
    size_t count = shape_count(shape);
    Mosaic *mosaic = &bench->features[bench->feature_count];
    int tiles = shape.flat ? 1 : shape.c < MOSAIC_TILES_MAX ? shape.c : MOSAIC_TILES_MAX;
    int columns = shape.flat ? (shape.c + 1) / 2 : shape.w;
    int rows = shape.flat ? 2 : shape.h;
    if (shape.flat && shape.c <= 64) columns = shape.c, rows = 1;
    if (count > MOSAIC_VALUES_MAX) return;
    if (!mosaic_shape(mosaic, tiles, columns, rows, shape.flat ? 50 : aspect)) return;
    recognizer_layer(bench->answer.recognizer, last, values);
    if (shape.flat)
        for (size_t i = count; i < (size_t)columns * (size_t)rows; i++) values[i] = 0;
    bool is_signed = false;
    for (size_t i = 0; i < count; i++) is_signed = is_signed || values[i] < 0;
    float limit = mosaic_limit(values, count);
    for (int i = 0; i < tiles; i++)
        mosaic_put(mosaic, i, values + (size_t)i * (size_t)columns * (size_t)rows, limit,
                   is_signed);
    features_caption(spec, layer, last, shape, mosaic->caption);
    bench->feature_count++;
}

static void features_make(Workbench *bench, float aspect) {
    const ModelSpec *spec = recognizer_spec(bench->answer.recognizer);
    float *values = malloc((MOSAIC_VALUES_MAX + 2) * sizeof *values);
    bench->feature_count = 0;
    if (!values) return;
    for (int i = 0; i < spec->layer_count && bench->feature_count < LAYER_MOSAICS_MAX;) {
        int last = i;
        while (last + 1 < spec->layer_count &&
               (spec->layers[last + 1].kind->activation != ACTIVATION_NONE ||
                strcmp(spec->layers[last + 1].kind->word, "dropout") == 0))
            last++;
        if (!layer_is_quiet(&spec->layers[i])) features_layer(bench, i, last, aspect, values);
        i = last + 1;
    }
    free(values);
}

// ---- filters ------------------------------------------------------------------------------------

// One weight tensor as tiles: each kernel of a convolution; each row of the first dense layer as a
// picture of its input; any other dense layer as one matrix.
static void filters_tensor(Workbench *bench, const TensorInfo *tensor, Shape input,
                           const float *weights, bool first, float aspect) {
    int tiles = 1, w, h;
    if (tensor->rank == 4) {
        tiles = tensor->dims[0] * tensor->dims[1];
        h = tensor->dims[2];
        w = tensor->dims[3];
        if (h * w == 1) return;
    } else if (tensor->rank == 2 && first && tensor->dims[1] == input.h * input.w) {
        tiles = tensor->dims[0];
        h = input.h;
        w = input.w;
    } else if (tensor->rank == 2) {
        h = tensor->dims[0];
        w = tensor->dims[1];
    } else {
        return;
    }
    if (tiles > MOSAIC_TILES_MAX) tiles = MOSAIC_TILES_MAX;
    if ((size_t)w * (size_t)h * (size_t)tiles > MOSAIC_VALUES_MAX) return;
    Mosaic *mosaic = &bench->filters[bench->filter_count];
    if (!mosaic_shape(mosaic, tiles, w, h, aspect)) return;
    const float *values = weights + tensor->offset;
    float limit = mosaic_limit(values, (size_t)w * (size_t)h * (size_t)tiles);
    for (int i = 0; i < tiles; i++)
        mosaic_put(mosaic, i, values + (size_t)i * (size_t)w * (size_t)h, limit, true);
    if (tensor->rank == 4)
        snprintf(mosaic->caption, sizeof mosaic->caption,
                 tr("%.40s \xc2\xb7 %d \xc3\x97 %d kernels of %d \xc3\x97 %d"), tensor->name,
                 tensor->dims[0], tensor->dims[1], h, w);
    else
        snprintf(mosaic->caption, sizeof mosaic->caption, "%.40s \xc2\xb7 %d \xc3\x97 %d",
                 tensor->name, tensor->dims[0], tensor->dims[1]);
    bench->filter_count++;
}

static void filters_make(Workbench *bench, const ModelPlan *plan, Shape input, const float *weights,
                         float aspect) {
    bool first = true;
    bench->filter_count = 0;
    for (int i = 0; i < plan->tensor_count && bench->filter_count < LAYER_MOSAICS_MAX; i++) {
        const TensorInfo *tensor = &plan->tensors[i];
        if (!tensor->trainable || tensor->rank < 2) continue;
        filters_tensor(bench, tensor, input, weights, first, aspect);
        first = false;
    }
}

// Width to height of the room that one layer's mosaic gets.
static float mosaic_aspect(Rect rect) {
    return fminf(fmaxf(rect.w / fmaxf(rect.h * 0.45f, 60), 1), 16);
}

// ---- showing them -------------------------------------------------------------------------------

// Size on the screen: as wide as there is room, whole device pixels per pixel where that is more
// than one, and no higher than `most`.
static Vec2 mosaic_size(const Ui *ui, const Mosaic *mosaic, float width, float most) {
    float zoom = fminf(width / (float)mosaic->width, most / (float)mosaic->height);
    float device = zoom * ui->input.scale;
    if (device > 1) zoom = floorf(device) / ui->input.scale;
    if (zoom * (float)mosaic->height < 6) zoom = 6 / (float)mosaic->height;
    return (Vec2){fminf(zoom * (float)mosaic->width, width), zoom * (float)mosaic->height};
}

static void mosaics_show(Ui *ui, Workbench *bench, Rect rect, Mosaic *mosaics, int count,
                         const char *name) {
    const ThemeColors *c = &ui->theme->color;
    float height = 0, most = fmaxf(rect.h * 0.6f, 120);
    for (int i = 0; i < count; i++)
        height += MOSAIC_CAPTION_H + mosaic_size(ui, &mosaics[i], rect.w - 12, most).y + 12;
    Rect area = ui_scroll_begin(ui, rect, name, height, &bench->scroll[bench->tab]);
    for (int i = 0; i < count; i++) {
        Mosaic *mosaic = &mosaics[i];
        Vec2 size = mosaic_size(ui, mosaic, rect.w - 12, most);
        ui_text(ui, rect_cut_top(&area, MOSAIC_CAPTION_H, 0), TEXT_CAPTION, c->text_muted,
                mosaic->caption);
        Rect box = rect_cut_top(&area, size.y, 12);
        box.w = size.x;
        DrawImage image = {
            ui_hash((UiId)i + 1, name), mosaic->version, mosaic->width, mosaic->height,
            mosaic->width * 4,          IMAGE_RGBA8,     mosaic->rgba};
        bool shrunk = size.x * ui->input.scale < (float)mosaic->width;
        draw_image(&ui->draw, box, &image, shrunk ? SAMPLE_LINEAR : SAMPLE_NEAREST,
                   color_hex(0xFFFFFF));
        ui_push_index(ui, i);
        ui_interact(ui, ui_id(ui, name), UI_KIND_OTHER, mosaic->caption, box, 0, 0);
        ui_pop_id(ui);
    }
    ui_scroll_end(ui);
}

void panel_features(Ui *ui, Workbench *bench, Rect rect) {
    const Answer *answer = &bench->answer;
    if (!answer->recognizer) {
        panel_empty(ui, rect,
                    tr("When a network answers: what each of its layers makes of the "
                       "drawing on the canvas."));
        return;
    }
    float aspect = mosaic_aspect(rect);
    uint64_t of = answer->of << 40 ^ (uint64_t)answer->version << 8 ^ (uint64_t)(aspect * 4);
    if (bench->features_of != of) {
        features_make(bench, aspect);
        bench->features_of = of;
    }
    mosaics_show(ui, bench, rect, bench->features, bench->feature_count, "Feature maps");
}

void panel_filters(Ui *ui, Workbench *bench, Rect rect) {
    Source source = answer_source(bench);
    const float *weights = source_weights(&source);
    if (!weights) {
        panel_empty(ui, rect,
                    tr("When a network answers: the weights of its layers, negative ones "
                       "blue, positive ones orange."));
        return;
    }
    float aspect = mosaic_aspect(rect);
    uint64_t of = source_id(&source) << 40 ^
                  (uint64_t)(source.run ? source.run->snapshot_version : 1) << 8 ^
                  (uint64_t)(aspect * 4);
    if (bench->filters_of != of) {
        filters_make(bench, source_plan(&source), source_spec(&source)->input, weights, aspect);
        bench->filters_of = of;
    }
    mosaics_show(ui, bench, rect, bench->filters, bench->filter_count, "Filters");
}
