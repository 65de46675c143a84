// The weights of each layer that has any: kernels and rows side by side, negative ones blue,
// positive ones orange.
#include "panels/panels.h"

#include "base/tr.h"

#include <math.h>
#include <stdio.h>

enum { FILTER_CAPTION_H = 20 };

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

static void filters_show(Ui *ui, Workbench *bench, Rect rect) {
    float height = 0, most = fmaxf(rect.h * 0.6f, 120);
    for (int i = 0; i < bench->filter_count; i++)
        height += FILTER_CAPTION_H + mosaic_size(ui, &bench->filters[i], rect.w - 12, most).y + 12;
    Rect area = ui_scroll_begin(ui, rect, "Filters", height, &bench->scroll[bench->tab]);
    for (int i = 0; i < bench->filter_count; i++) {
        Mosaic *mosaic = &bench->filters[i];
        Vec2 size = mosaic_size(ui, mosaic, rect.w - 12, most);
        ui_text(ui, rect_cut_top(&area, FILTER_CAPTION_H, 0), TEXT_CAPTION,
                ui->theme->color.text_muted, mosaic->caption);
        Rect box = rect_cut_top(&area, size.y, 12);
        box.w = size.x;
        mosaic_draw(ui, mosaic, box, ui_hash((UiId)i + 1, "Filters"));
        ui_push_index(ui, i);
        ui_interact(ui, ui_id(ui, "Filters"), UI_KIND_OTHER, mosaic->caption, box, 0, 0);
        ui_pop_id(ui);
    }
    ui_scroll_end(ui);
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
    filters_show(ui, bench, rect);
}
