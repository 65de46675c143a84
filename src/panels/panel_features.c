// Feature maps: what each layer makes of the drawing, live with it and with training. Under the
// mouse, or where the arrow keys went, stands how that number came about (panel_explain.c).
#include "panels/panels.h"

#include "base/tr.h"
#include "nn/layer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURE_CAPTION_H = 20 };

// ---- making them --------------------------------------------------------------------------------

static bool layer_is_quiet(const LayerSpec *layer) {
    return strcmp(layer->kind->word, "flatten") == 0 || strcmp(layer->kind->word, "dropout") == 0;
}

// "conv + relu", and "conv + relu · 6 of 28 x 28". `layer` .. `last` share one output.
static void features_caption(const ModelSpec *spec, Shape shape, Mosaic *mosaic) {
    char title[sizeof mosaic->title] = "";
    size_t used = 0;
    for (int i = mosaic->layer; i <= mosaic->last; i++)
        if (!layer_is_quiet(&spec->layers[i]))
            words_append(title, sizeof title, &used, "%s%.12s", used ? " + " : "",
                         spec->layers[i].kind->word);
    if (shape.flat)
        snprintf(mosaic->caption, sizeof mosaic->caption, "%s \xc2\xb7 %d", title, shape.c);
    else
        snprintf(mosaic->caption, sizeof mosaic->caption, tr("%s \xc2\xb7 %d of %d \xc3\x97 %d"),
                 title, shape.c, shape.h, shape.w);
    text_copy(mosaic->title, sizeof mosaic->title, title);
}

static Status layers_carry_out(Errand *errand) {
    LayerThought *layers = (LayerThought *)errand;
    Recognizer *recognizer = layers->thought.recognizer;
    recognizer_answer(recognizer, layers->input, 1, NULL, NULL);
    for (int i = 0; i < layers->count; i++)
        recognizer_layer(recognizer, layers->part[i].last, layers->values + layers->part[i].first);
    return status_ok();
}

// Which outputs are shown. Those that are too large for a picture are left out.
static size_t layers_choose(LayerThought *layers, const Recognizer *recognizer) {
    const ModelSpec *spec = recognizer_spec(recognizer);
    size_t used = 0;
    layers->count = 0;
    for (int i = 0, last; i < spec->layer_count && layers->count < LAYER_MOSAICS_MAX;
         i = last + 1) {
        last = i;
        while (last + 1 < spec->layer_count &&
               (spec->layers[last + 1].kind->activation != ACTIVATION_NONE ||
                strcmp(spec->layers[last + 1].kind->word, "dropout") == 0))
            last++;
        Shape shape = recognizer_plan(recognizer)->shapes[last + 1];
        if (layer_is_quiet(&spec->layers[i]) || shape_count(shape) > MOSAIC_VALUES_MAX) continue;
        layers->part[layers->count].layer = i;
        layers->part[layers->count].last = last;
        layers->part[layers->count].shape = shape;
        layers->part[layers->count++].first = used;
        used += shape_count(shape);
    }
    return used;
}

// Asks what the layers put out, when that of another answer is there.
static void layers_ask(Workbench *bench) {
    static const ErrandKind kind = {layers_carry_out, NULL, thought_close, ERRANDS_THOUGHTS};
    const Answer *answer = &bench->answer;
    LayerThought *layers = &bench->layers;
    uint64_t of = (answer->of << 40 ^ (uint64_t)answer->version << 8) + 1;
    if (layers->of == of || layers->thought.busy || !thought_is_possible(bench)) return;
    size_t wanted = layers_choose(layers, answer->recognizer);
    if (wanted > layers->capacity) {
        float *values = realloc(layers->values, wanted * sizeof *values);
        layers->of = 0;
        if (!values) return;
        layers->values = values;
        layers->capacity = wanted;
    }
    memcpy(layers->input, answer->input, (size_t)answer->field * (size_t)answer->field);
    layers->of = of;
    layers->opened = answer->opened;
    thought_send(bench, &layers->thought, &kind);
}

static void features_layer(Workbench *bench, int part, Rect rect) {
    const LayerThought *layers = &bench->layers;
    Shape shape = layers->part[part].shape;
    const float *values = layers->values + layers->part[part].first;
    size_t count = shape_count(shape);
    Mosaic *mosaic = &bench->features[bench->feature_count];
    int tiles = shape.flat ? 1 : shape.c < MOSAIC_TILES_MAX ? shape.c : MOSAIC_TILES_MAX;
    if (!(shape.flat ? mosaic_shape_flat(mosaic, shape.c, rect.w - 12)
                     : mosaic_shape(mosaic, tiles, shape.w, shape.h, mosaic_aspect(rect))))
        return;
    mosaic->layer = layers->part[part].layer;
    mosaic->last = layers->part[part].last;
    bool is_signed = false;
    for (size_t i = 0; i < count; i++) is_signed = is_signed || values[i] < 0;
    float limit = mosaic_limit(values, count);
    for (int i = 0; i < tiles; i++)
        mosaic_put(mosaic, i, values + (size_t)i * (size_t)shape.h * (size_t)shape.w, limit,
                   is_signed);
    features_caption(recognizer_spec(bench->answer.recognizer), shape, mosaic);
    bench->feature_count++;
}

// Pictures of them for this room, when there are new ones. Until then the ones before stay, unless
// they are of another network.
static void features_make(Workbench *bench, Rect rect) {
    const LayerThought *layers = &bench->layers;
    uint32_t opened = bench->answer.opened;
    if (bench->features_opened != opened) bench->feature_count = 0;
    if (layers->opened != opened || layers->of == 0 || layers->thought.busy) return;
    uint64_t of = layers->of * 31 + (uint64_t)rect.w * 4099 + (uint64_t)rect.h;
    if (bench->features_of == of) return;
    bench->features_of = of;
    bench->features_opened = opened;
    bench->feature_count = 0;
    for (int i = 0; i < layers->count; i++) features_layer(bench, i, rect);
}

// ---- what is under the mouse --------------------------------------------------------------------

// Where everything is in this frame.
typedef struct FeatureView {
    Rect box[LAYER_MOSAICS_MAX];
    int told; // the mosaic that something is told about; -1: none
    MosaicPixel pixel;
} FeatureView;

static bool pixels_are_same(MosaicPixel a, MosaicPixel b) {
    return a.c == b.c && a.y == b.y && a.x == b.x;
}

static Status look_carry_out(Errand *errand) {
    LookThought *look = (LookThought *)errand;
    recognizer_answer(look->thought.recognizer, look->input, 1, NULL, NULL);
    return recognizer_explain(look->thought.recognizer, look->layer, look->last, look->pixel.c,
                              look->pixel.y, look->pixel.x, &look->explanation);
}

static Status look_deliver(Workbench *bench, Errand *errand) {
    LookThought *asked = (LookThought *)errand;
    FeatureLook *look = &bench->look;
    Explanation explanation = look->explanation;
    look->explanation = asked->explanation;
    asked->explanation = explanation;
    look->there = status_is_ok(&errand->status);
    look->mosaic = asked->mosaic;
    look->pixel = asked->pixel;
    look->opened = asked->opened;
    return status_ok();
}

// Worked out anew when the pixel or the answer is another one.
static bool features_look(Workbench *bench, int mosaic, MosaicPixel pixel) {
    static const ErrandKind kind = {look_carry_out, look_deliver, thought_close, ERRANDS_THOUGHTS};
    const Answer *answer = &bench->answer;
    FeatureLook *look = &bench->look;
    LookThought *asked = &look->asked;
    uint64_t of = bench->layers.of;
    bool known = asked->of == of && asked->mosaic == mosaic && pixels_are_same(asked->pixel, pixel);
    if (!known && !asked->thought.busy && thought_is_possible(bench)) {
        asked->layer = bench->features[mosaic].layer;
        asked->last = bench->features[mosaic].last;
        asked->mosaic = mosaic;
        asked->pixel = pixel;
        asked->of = of;
        asked->opened = answer->opened;
        memcpy(asked->input, answer->input, (size_t)answer->field * (size_t)answer->field);
        thought_send(bench, &asked->thought, &kind);
    }
    return look->there && look->opened == answer->opened && look->mosaic == mosaic &&
           pixels_are_same(look->pixel, pixel);
}

// The patch that it saw, in the maps in front of it (all of them; the one that counts most
// stronger), or on the picture that the network sees.
static void features_mark_source(Ui *ui, const Workbench *bench, const FeatureView *view) {
    const Explanation *e = &bench->look.explanation;
    Color strong = theme_dark()->color.accent; // the maps are dark in both themes
    int before = view->told - 1, most = explanation_strongest(e);
    int y0 = e->y0 > 0 ? e->y0 : 0, x0 = e->x0 > 0 ? e->x0 : 0;
    int y1 = e->y0 + e->h < e->from.h ? e->y0 + e->h : e->from.h;
    int x1 = e->x0 + e->w < e->from.w ? e->x0 + e->w : e->from.w;
    if (before < 0) {
        Rect seen = bench->seen;
        float step = seen.w / (float)e->from.w;
        Rect patch = {seen.x + step * (float)x0, seen.y + step * (float)y0, step * (float)(x1 - x0),
                      step * (float)(y1 - y0)};
        DrawLayer layer = draw_layer_set(&ui->draw, LAYER_TIP);
        draw_clip_push_fresh(&ui->draw, ui->input.window);
        draw_border(&ui->draw, rect_inset(patch, -1), 1, strong, 1.5f);
        draw_clip_pop(&ui->draw);
        draw_layer_set(&ui->draw, layer);
        return;
    }
    const Mosaic *m = &bench->features[before];
    if (e->from.flat != (m->units > 0)) return; // of another shape: a layer was left out
    for (int c = 0; c < e->channels && c + e->channel < (m->units ? m->units : m->tiles); c++) {
        MosaicPixel corner = {c + e->channel, y0, x0};
        if (m->units && c != most) continue;
        Rect patch = mosaic_place(m, view->box[before], corner, y1 - y0, x1 - x0);
        draw_border(&ui->draw, rect_inset(patch, -1), 1, color_fade(strong, c == most ? 1 : 0.35f),
                    c == most ? 1.5f : 1);
    }
}

static void features_tell(Ui *ui, Workbench *bench, const FeatureView *view) {
    const Mosaic *m = &bench->features[view->told];
    const Answer *answer = &bench->answer;
    const ModelSpec *spec = recognizer_spec(answer->recognizer);
    ExplainText text = {.after = ""};
    if (!features_look(bench, view->told, view->pixel)) return;
    Rect cell = mosaic_place(m, view->box[view->told], view->pixel, 1, 1);
    draw_border(&ui->draw, rect_inset(cell, -2), 1, theme_dark()->color.accent, 2);
    features_mark_source(ui, bench, view);
    bool answers = m->last == spec->layer_count - 1;
    if (!m->units)
        snprintf(text.title, sizeof text.title, tr("%s: map %d, row %d, column %d"), m->title,
                 view->pixel.c + 1, view->pixel.y + 1, view->pixel.x + 1);
    else if (answers)
        snprintf(text.title, sizeof text.title, tr("%s: logit of %s"), m->title,
                 answer->names[view->pixel.c]);
    else
        snprintf(text.title, sizeof text.title, tr("%s: unit %d"), m->title, view->pixel.c + 1);
    size_t used = 0;
    for (int i = m->layer + 1; i <= m->last; i++)
        if (!layer_is_quiet(&spec->layers[i]))
            words_append(text.after, sizeof text.after, &used, "%s%s", used ? ", " : "",
                         spec->layers[i].kind->word);
    panel_explain(ui, &bench->look.explanation, &text, cell);
}

// Arrow keys with the focus on mosaic `i`: from number to number.
static void features_arrows(Ui *ui, const Mosaic *m, MosaicPixel *p) {
    int across = 0, down = 0;
    while (ui_take_key(ui, KEY_RIGHT, 0)) across++;
    while (ui_take_key(ui, KEY_LEFT, 0)) across--;
    while (ui_take_key(ui, KEY_DOWN, 0)) down++;
    while (ui_take_key(ui, KEY_UP, 0)) down--;
    if (m->units) {
        p->c += across + down * m->width;
        p->c = p->c < 0 ? 0 : p->c >= m->units ? m->units - 1 : p->c;
        p->x = p->y = 0;
        return;
    }
    // Over the edge of a map is the next one.
    int x = p->c % m->columns * m->tile_w + p->x + across;
    int y = p->c / m->columns * m->tile_h + p->y + down;
    int rows = (m->tiles + m->columns - 1) / m->columns;
    x = x < 0 ? 0 : x >= m->columns * m->tile_w ? m->columns * m->tile_w - 1 : x;
    y = y < 0 ? 0 : y >= rows * m->tile_h ? rows * m->tile_h - 1 : y;
    MosaicPixel to = {y / m->tile_h * m->columns + x / m->tile_w, y % m->tile_h, x % m->tile_w};
    if (to.c < m->tiles) *p = to;
}

// ---- showing them -------------------------------------------------------------------------------

// "largest: 17 (3.21), 84 (2.90)", at the right of a flat layer's caption: as many as fit.
static void features_largest(Ui *ui, const Workbench *bench, const Mosaic *m, Rect row) {
    const Answer *answer = &bench->answer;
    bool answers = m->last == recognizer_spec(answer->recognizer)->layer_count - 1;
    float room = row.w - ui_text_width(ui, TEXT_CAPTION, m->caption) - 16;
    for (int count = MOSAIC_TOP; count > 0; count--) {
        char line[160];
        size_t used = 0;
        words_append(line, sizeof line, &used, "%s", tr("largest:"));
        for (int k = 0; k < count && m->top[k] >= 0; k++) {
            char unit[16], value[WORD_MAX];
            snprintf(unit, sizeof unit, "%d", m->top[k] + 1);
            word_value(value, m->top_value[k]);
            words_append(line, sizeof line, &used, "%s %s (%s)", k ? "," : "",
                         answers ? answer->names[m->top[k]] : unit, value);
        }
        if (ui_text_width(ui, TEXT_CAPTION, line) > room) continue;
        ui_text_right(ui, row, TEXT_CAPTION, ui->theme->color.text_muted, line);
        return;
    }
}

// The class that each of the last layer's units stands for, in its cell.
static void features_names(Ui *ui, const Workbench *bench, const Mosaic *m, Rect box) {
    const Answer *answer = &bench->answer;
    if (m->last != recognizer_spec(answer->recognizer)->layer_count - 1) return;
    if (box.w / (float)m->width < 14) return;
    for (int i = 0; i < m->units && i < answer->classes; i++) {
        const uint8_t *at = m->rgba + 4 * i; // one tile, row by row
        Color color = {at[0], at[1], at[2], 255};
        ui_text_center(ui, mosaic_place(m, box, (MosaicPixel){i, 0, 0}, 1, 1), TEXT_TINY,
                       color_ink_on(color), answer->names[i]);
    }
}

static void features_one(Ui *ui, Workbench *bench, int i, Rect row, FeatureView *view) {
    const Mosaic *m = &bench->features[i];
    Rect box = view->box[i];
    ui_text(ui, row, TEXT_CAPTION, ui->theme->color.text_muted, m->caption);
    if (m->units) features_largest(ui, bench, m, row);
    mosaic_draw(ui, m, box, ui_hash((UiId)i + 1, "Feature maps"));
    if (m->units && m->top[0] >= 0 && box.w / (float)m->width >= 5)
        draw_border(&ui->draw, mosaic_place(m, box, (MosaicPixel){m->top[0], 0, 0}, 1, 1), 0,
                    theme_dark()->color.text, 1);
    if (m->units) features_names(ui, bench, m, box);
    ui_push_index(ui, i);
    UiHit hit = ui_interact(ui, ui_id(ui, "Feature maps"), UI_KIND_OTHER, m->caption, box,
                            HIT_FOCUS | HIT_NO_KEYS, 0);
    ui_pop_id(ui);
    MosaicPixel pixel;
    if (hit.hot && mosaic_at(m, box, ui->input.mouse, &pixel)) {
        view->told = i;
        view->pixel = pixel;
    } else if (hit.focus_visible) {
        if (bench->look_focus != i) bench->look_cursor = (MosaicPixel){0, 0, 0};
        bench->look_focus = i;
        features_arrows(ui, m, &bench->look_cursor);
        if (view->told < 0) {
            view->told = i;
            view->pixel = bench->look_cursor;
        }
    }
    if (hit.focus_visible) ui_draw_focus(ui, box, 2);
}

static void features_show(Ui *ui, Workbench *bench, Rect rect) {
    FeatureView view = {.told = -1};
    float height = 0, most = fmaxf(rect.h * 0.6f, 120);
    for (int i = 0; i < bench->feature_count; i++)
        height +=
            FEATURE_CAPTION_H + mosaic_size(ui, &bench->features[i], rect.w - 12, most).y + 12;
    Rect area = ui_scroll_begin(ui, rect, "Feature maps", height, &bench->scroll[TAB_FEATURES]);
    for (int i = 0; i < bench->feature_count; i++) {
        Vec2 size = mosaic_size(ui, &bench->features[i], rect.w - 12, most);
        Rect row = rect_cut_top(&area, FEATURE_CAPTION_H, 0);
        view.box[i] = rect_cut_top(&area, size.y, 12);
        view.box[i].w = size.x;
        features_one(ui, bench, i, row, &view);
    }
    if (view.told >= 0) features_tell(ui, bench, &view);
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
    if (recognizer_is_graph(answer->recognizer)) {
        panel_empty(ui, rect,
                    tr("This network is a graph of operators: it answers, but has no layers to "
                       "look into."));
        return;
    }
    layers_ask(bench);
    features_make(bench, rect);
    features_show(ui, bench, rect);
}
