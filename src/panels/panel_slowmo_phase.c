// One phase of slow motion: what goes in, what a layer put out, the loss, the gradient that came
// back to a layer.
#include "panels/panels.h"

#include "base/tr.h"
#include "nn/loss.h"
#include "panels/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIGURE_H = 16, LOSS_CLASSES_MAX = 10, THUMBS_MAX_H = 76 };

// ---- pictures -----------------------------------------------------------------------------------

// Numbers of one sample of that shape as tiles, or as cells where it is flat.
static void picture_of(Mosaic *mosaic, const float *values, Shape shape, float aspect, float width,
                       bool is_signed) {
    size_t count = shape_count(shape);
    int tiles = shape.flat ? 1 : shape.c < MOSAIC_TILES_MAX ? shape.c : MOSAIC_TILES_MAX;
    mosaic->width = mosaic->height = 0;
    if (count > MOSAIC_VALUES_MAX) return;
    bool shaped = shape.flat ? mosaic_shape_flat(mosaic, shape.c, width)
                             : mosaic_shape(mosaic, tiles, shape.w, shape.h, aspect);
    if (!shaped) return;
    size_t area = (size_t)mosaic->tile_w * (size_t)mosaic->tile_h;
    float *cells = calloc(area * (size_t)tiles, sizeof *cells);
    if (!cells) return;
    for (size_t i = 0; i < count && i < area * (size_t)tiles; i++) {
        cells[i] = values[i];
        is_signed = is_signed || values[i] < 0;
    }
    float limit = mosaic_limit(values, count);
    for (int i = 0; i < tiles; i++)
        mosaic_put(mosaic, i, cells + (size_t)i * area, limit, is_signed);
    free(cells);
}

// Sample `i` as it was before it was normalised: 0 black, 1 white.
static void input_values(const RunEntry *run, const Transcript *t, int i, float *out) {
    const ModelSpec *spec = &run->log->spec;
    size_t count = shape_count(spec->input);
    for (size_t k = 0; k < count; k++)
        out[k] = fmaxf(0, t->input[(size_t)i * count + k] * spec->normalization.std +
                              spec->normalization.mean);
}

static void pictures_of_input(SlowMotion *slow, const RunEntry *run, const Transcript *t,
                              float width) {
    Shape shape = run->log->spec.input;
    size_t count = shape_count(shape);
    float *values = malloc(count * sizeof *values);
    if (!values) return;
    input_values(run, t, slow->sample, values);
    picture_of(&slow->picture, values, shape, 1, width, false);
    if (mosaic_shape(&slow->images, t->samples, shape.w, shape.h, 4))
        for (int i = 0; i < t->samples; i++) {
            input_values(run, t, i, values);
            mosaic_put(&slow->images, i, values, 1, false);
        }
    free(values);
}

// Figures on the left, the picture beside them.
static float figures_width(Rect rect) {
    return fminf(floorf(rect.w * 0.45f), 220);
}

static float picture_aspect(Rect rect) {
    float width = rect.w - figures_width(rect) - 16, height = rect.h - 22; // below the title
    return fminf(fmaxf(width / fmaxf(height, 60), 1), 16);
}

// What is shown is made once for each phase, sample and width.
static void phase_refresh(SlowMotion *slow, const RunEntry *run, const Transcript *t,
                          SlowPhase phase, Rect rect) {
    uint64_t parts[] = {slow->run,
                        (uint64_t)t->epoch,
                        (uint64_t)t->batch,
                        (uint64_t)slow->phase,
                        (uint64_t)slow->sample,
                        (uint64_t)rect.w,
                        (uint64_t)rect.h};
    uint64_t key = 1;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        key = (key ^ parts[i]) * 0x100000001B3u;
    if (slow->shown == key) return;
    slow->shown = key;
    if (phase.part == SLOW_UPDATE) {
        slowmo_update_make(&slow->update, run, t, phase.layer);
    } else if (phase.part == SLOW_LOSS || phase.stage < 0) {
        pictures_of_input(slow, run, t, rect.w);
    } else {
        const TranscriptStage *stage = &t->stages[phase.stage];
        const float *from = phase.part == SLOW_BACKWARD ? t->deltas : t->values;
        const float *values = from + stage->at + (size_t)slow->sample * shape_count(stage->shape);
        picture_of(&slow->picture, values, stage->shape, picture_aspect(rect), rect.w,
                   phase.part == SLOW_BACKWARD);
    }
}

static void picture_show(Ui *ui, SlowMotion *slow, Rect rect, const char *name) {
    if (slow->picture.width == 0 || rect.w < 12 || rect.h < 12) return;
    Vec2 size = mosaic_size(ui, &slow->picture, rect.w, rect.h);
    Rect box = {rect.x, rect.y, size.x, fminf(size.y, rect.h)};
    mosaic_draw(ui, &slow->picture, box, ui_hash(0, "slow motion"));
    ui_interact(ui, ui_id(ui, name), UI_KIND_OTHER, name, box, 0, 0);
}

// ---- figures ------------------------------------------------------------------------------------

void slowmo_figure(Ui *ui, Rect *column, const char *name, const char *value) {
    const ThemeColors *c = &ui->theme->color;
    Rect line = rect_cut_top(column, FIGURE_H, 0);
    ui_push_id(ui, name);
    ui_interact(ui, ui_id(ui, "figure"), UI_KIND_TEXT, name, line, 0, 0);
    ui_set_value(ui, "%s", value);
    ui_pop_id(ui);
    float width = ui_text(ui, line, TEXT_SMALL, c->text_muted, name);
    rect_cut_left(&line, width, 8);
    ui_text_right(ui, line, TEXT_SMALL, c->text, value);
}

static void figure_number(Ui *ui, Rect *column, const char *name, double value) {
    char text[WORD_MAX];
    word_number(text, value);
    slowmo_figure(ui, column, name, text);
}

static void figure_share(Ui *ui, Rect *column, const char *name, double part, double all) {
    char text[WORD_MAX];
    word_percent(text, all > 0 ? part / all : 0);
    slowmo_figure(ui, column, name, text);
}

static const char *class_name(const Workbench *bench, const Transcript *t, int class) {
    const Dataset *set = bench->dataset;
    if (class >= t->classes) return tr("none of them");
    return set && class < (int)set->classes ? set->class_names[class] : "?";
}

static void phase_title(Ui *ui, Rect *rect, const char *strong, const char *soft) {
    const ThemeColors *c = &ui->theme->color;
    Rect line = rect_cut_top(rect, 18, 4);
    float width = ui_text(ui, line, TEXT_STRONG, c->text, strong);
    rect_cut_left(&line, width, 8);
    ui_text(ui, line, TEXT_SMALL, c->text_muted, soft);
}

// The kept images of the batch, side by side; a click chooses the one that is followed.
static void phase_images(Ui *ui, Workbench *bench, Rect rect) {
    SlowMotion *slow = &bench->slow;
    const Transcript *t = slowmo_transcript(bench);
    if (slow->images.width == 0 || rect.w < 24) return;
    Vec2 size = mosaic_size(ui, &slow->images, rect.w, fminf(rect.h, THUMBS_MAX_H));
    Rect box = {rect.x, rect.y, size.x, size.y};
    mosaic_draw(ui, &slow->images, box, ui_hash(0, "slow motion's images"));
    for (int i = 0; i < t->samples; i++) {
        char name[48];
        Rect tile = mosaic_place(&slow->images, box, (MosaicPixel){i, 0, 0}, slow->images.tile_h,
                                 slow->images.tile_w);
        snprintf(name, sizeof name, tr("Image %d of the batch, label %s"), i + 1,
                 class_name(bench, t, t->labels[i]));
        ui_push_index(ui, i);
        UiHit hit = ui_interact(ui, ui_id(ui, "image"), UI_KIND_TAB, name, tile, HIT_FOCUS, 0);
        ui_tooltip(ui, name);
        if (hit.clicked) slow->sample = i;
        if (i == slow->sample || hit.hot)
            draw_border(&ui->draw, tile, 2,
                        i == slow->sample ? ui->theme->color.accent : ui->theme->color.text_muted,
                        2);
        if (hit.focus_visible) ui_draw_focus(ui, tile, 2);
        ui_pop_id(ui);
    }
}

// ---- input, forward, backward -------------------------------------------------------------------

static void phase_input(Ui *ui, Workbench *bench, Rect rect) {
    SlowMotion *slow = &bench->slow;
    const Transcript *t = slowmo_transcript(bench);
    char text[96];
    snprintf(text, sizeof text, tr("%d images, of which one is followed"), t->n);
    phase_title(ui, &rect, tr("The batch"), text);
    Rect left = rect_cut_left(&rect, figures_width(rect), 16);
    snprintf(text, sizeof text, "%d", slow->sample + 1);
    slowmo_figure(ui, &left, tr("image"), text);
    slowmo_figure(ui, &left, tr("label"), class_name(bench, t, t->labels[slow->sample]));
    rect_cut_top(&left, 6, 0);
    phase_images(ui, bench, left);
    picture_show(ui, slow, rect, "input");
}

static void phase_forward(Ui *ui, Workbench *bench, Rect rect, const TranscriptStage *stage) {
    const RunEntry *run = runs_find(bench, bench->slow.run);
    char name[64], in[48], out[48], soft[128], range[2 * WORD_MAX + 8], low[WORD_MAX];
    char high[WORD_MAX];
    slowmo_stage_name(run, stage->first, stage->last, name);
    shape_print(run->log->plan->shapes[stage->first], in);
    shape_print(stage->shape, out);
    snprintf(soft, sizeof soft, "%s \xe2\x86\x92 %s", in, out);
    phase_title(ui, &rect, name, soft);
    Rect left = rect_cut_left(&rect, fminf(floorf(rect.w * 0.45f), 190), 16);
    figure_number(ui, &left, tr("mean"), stage->value.mean);
    figure_number(ui, &left, tr("deviation"), stage->value.deviation);
    word_number(low, stage->value.low);
    word_number(high, stage->value.high);
    snprintf(range, sizeof range, tr("%s to %s"), low, high);
    slowmo_figure(ui, &left, tr("range"), range);
    figure_share(ui, &left, tr("zeros"), (double)stage->value.zeros, (double)stage->value.count);
    picture_show(ui, &bench->slow, rect, "output");
}

// Root of the sum of squares of the gradients of a layer's parameters.
static double layer_gradient_norm(const RunEntry *run, const Transcript *t, int first, int last) {
    const ModelPlan *plan = run->log->plan;
    SpreadSums sums = {0};
    for (int i = plan->first_tensor[first]; i < plan->first_tensor[last + 1]; i++)
        if (plan->tensors[i].trainable)
            spread_add(&sums, t->gradients + plan->tensors[i].offset, plan->tensors[i].count);
    return sums.spread.count ? spread_finish(&sums).norm : -1;
}

static void phase_backward(Ui *ui, Workbench *bench, Rect rect, const TranscriptStage *stage) {
    const RunEntry *run = runs_find(bench, bench->slow.run);
    const Transcript *t = slowmo_transcript(bench);
    char name[64], shape[48], soft[128];
    slowmo_stage_name(run, stage->first, stage->last, name);
    shape_print(stage->shape, shape);
    snprintf(soft, sizeof soft, tr("gradient of the loss for its output, %s"), shape);
    phase_title(ui, &rect, name, soft);
    Rect left = rect_cut_left(&rect, fminf(floorf(rect.w * 0.45f), 190), 16);
    figure_number(ui, &left, tr("norm"), stage->delta.norm);
    figure_number(ui, &left, tr("deviation"), stage->delta.deviation);
    figure_number(ui, &left, tr("largest"),
                  fmaxf(fabsf(stage->delta.low), fabsf(stage->delta.high)));
    figure_share(ui, &left, tr("zeros"), (double)stage->delta.zeros, (double)stage->delta.count);
    double weights = layer_gradient_norm(run, t, stage->first, stage->last);
    if (weights >= 0) figure_number(ui, &left, tr("of its weights, norm"), weights);
    picture_show(ui, &bench->slow, rect, "gradient");
}

// ---- the loss -----------------------------------------------------------------------------------

// The classes that are shown: all of them, or the most probable ones and the label's.
static int loss_classes(const Transcript *t, int sample, int out[LOSS_CLASSES_MAX]) {
    const float *p = t->probabilities + sample * t->classes;
    int count = 0, label = t->labels[sample];
    if (t->classes <= LOSS_CLASSES_MAX) {
        for (int i = 0; i < t->classes; i++) out[count++] = i;
        return count;
    }
    if (label < t->classes) out[count++] = label;
    while (count < LOSS_CLASSES_MAX) {
        int best = -1;
        for (int i = 0; i < t->classes; i++) {
            bool taken = false;
            for (int k = 0; k < count; k++) taken = taken || out[k] == i;
            if (!taken && (best < 0 || p[i] > p[best])) best = i;
        }
        if (best < 0) break;
        out[count++] = best;
    }
    return count;
}

static void loss_table(Ui *ui, Workbench *bench, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    const Transcript *t = slowmo_transcript(bench);
    int sample = bench->slow.sample, classes[LOSS_CLASSES_MAX];
    int count = loss_classes(t, sample, classes);
    const TranscriptStage *last = &t->stages[t->stage_count - 1];
    size_t row = (size_t)sample * (size_t)t->classes;
    const float *numbers[] = {t->values + last->at + row, t->probabilities + row,
                              t->deltas + last->at + row};
    // The gradient of the image's own loss: the mean's is that divided by their number.
    const float factors[] = {1, 1, (float)t->n};
    char gradient[48];
    snprintf(gradient, sizeof gradient, tr("gradient \xc3\x97 %d"), t->n);
    const char *const names[] = {tr("logit"), tr("softmax"), gradient};
    float names_w = 0;
    for (int i = 0; i < 3; i++)
        names_w = fmaxf(names_w, ceilf(ui_text_width(ui, TEXT_CAPTION, names[i])));
    Rect head = rect_cut_top(&rect, FIGURE_H, 0);
    rect_cut_left(&head, names_w, 4);
    for (int k = 0; k < count; k++) {
        bool is_label = classes[k] == t->labels[sample];
        ui_text_right(ui, rect_column(head, count, k, 2), TEXT_STRONG,
                      is_label ? c->accent : c->text, class_name(bench, t, classes[k]));
    }
    for (int i = 0; i < 3; i++) {
        Rect line = rect_cut_top(&rect, FIGURE_H, 0);
        ui_text(ui, rect_cut_left(&line, names_w, 4), TEXT_CAPTION, c->text_muted, names[i]);
        for (int k = 0; k < count; k++) {
            char text[WORD_MAX];
            bool is_label = classes[k] == t->labels[sample];
            snprintf(text, sizeof text, "%.2f", numbers[i][classes[k]] * factors[i]);
            ui_text_right(ui, rect_column(line, count, k, 2), TEXT_TINY,
                          is_label ? c->accent : c->text_soft, text);
        }
    }
}

static void phase_loss(Ui *ui, Workbench *bench, Rect rect) {
    const Transcript *t = slowmo_transcript(bench);
    const RunEntry *run = runs_find(bench, bench->slow.run);
    const TrainConfig *config = &run->log->config;
    int sample = bench->slow.sample, label = t->labels[sample];
    char text[160], loss[WORD_MAX], p[WORD_MAX], percent[WORD_MAX];
    word_number(loss, t->losses[sample]);
    snprintf(text, sizeof text, tr("label %s"), class_name(bench, t, label));
    phase_title(ui, &rect, tr("The loss"), text);
    loss_table(ui, bench, rect_cut_top(&rect, 4 * FIGURE_H, 8));
    bool plain =
        config->loss == LOSS_CROSS_ENTROPY && config->label_smoothing == 0 && label < t->classes;
    if (plain) {
        word_number(p, t->probabilities[sample * t->classes + label]);
        snprintf(text, sizeof text,
                 tr("loss of this image = \xe2\x88\x92ln softmax of its label = "
                    "\xe2\x88\x92ln %s = %s"),
                 p, loss);
    } else {
        snprintf(text, sizeof text, tr("loss of this image (%s): %s"), loss_rows[config->loss].name,
                 loss);
    }
    float height = ui_paragraph_height(ui, rect.w, TEXT_SMALL, text);
    ui_paragraph(ui, rect_cut_top(&rect, height, 4), TEXT_SMALL, ui->theme->color.text, text);
    word_number(loss, t->loss);
    word_percent(percent, t->accuracy);
    snprintf(text, sizeof text, tr("mean of all %d images: %s; %s of them right"), t->n, loss,
             percent);
    Rect line = rect_cut_top(&rect, FIGURE_H, 6);
    ui_text(ui, line, TEXT_SMALL, ui->theme->color.text_muted, text);
    ui_interact(ui, ui_id(ui, "mean"), UI_KIND_TEXT, "mean loss", line, 0, 0);
    ui_set_value(ui, "%s", loss);
    rect.h = THUMBS_MAX_H;
    phase_images(ui, bench, rect);
}

// ---- all of it ----------------------------------------------------------------------------------

void panel_slowmo_phase(Ui *ui, Workbench *bench, Rect rect) {
    static const float needed[SLOW_PARTS] = {104, 210, 104, 0};
    SlowMotion *slow = &bench->slow;
    SlowPhase phase = slowmo_phase(bench);
    const Transcript *t = slowmo_transcript(bench);
    const RunEntry *run = runs_find(bench, slow->run);
    phase_refresh(slow, run, t, phase, rect);
    float height = needed[phase.part];
    if (phase.part == SLOW_UPDATE)
        height = panel_slowmo_update(ui, bench, rect, phase.layer, false);
    Rect area = ui_scroll_begin(ui, rect, "Phase", fmaxf(height, 1), &slow->scroll);
    if (height < rect.h) area.h = rect.h;
    if (phase.part == SLOW_UPDATE)
        panel_slowmo_update(ui, bench, area, phase.layer, true);
    else if (phase.part == SLOW_LOSS)
        phase_loss(ui, bench, area);
    else if (phase.stage < 0)
        phase_input(ui, bench, area);
    else if (phase.part == SLOW_FORWARD)
        phase_forward(ui, bench, area, &t->stages[phase.stage]);
    else
        phase_backward(ui, bench, area, &t->stages[phase.stage]);
    ui_scroll_end(ui);
}
