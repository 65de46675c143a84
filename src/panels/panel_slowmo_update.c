// The last part of slow motion: the update of one layer, in figures and, for a few of its weights,
// with the numbers of the rule filled in.
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/update_rule.h"
#include "panels/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    UPDATE_ROW_H = 18,
    UPDATE_LINE_H = 16,
    UPDATE_FIGURES = 4,
    UPDATE_BESIDE_W = 430,
    UPDATE_TITLE_H = 22,
    UPDATE_GAP = 8
};

// ---- worked out once ----------------------------------------------------------------------------

// Keeps the weights that changed most, the largest change first.
static void update_pick(SlowUpdate *out, const Transcript *t, size_t at) {
    double change = fabs((double)t->after[at] - t->before[at]);
    int place = out->count;
    while (place > 0) {
        size_t other = out->picked[place - 1];
        if (!(change > fabs((double)t->after[other] - t->before[other]))) break;
        place--;
    }
    if (place == SLOW_WEIGHTS) return;
    int last = out->count < SLOW_WEIGHTS ? out->count++ : SLOW_WEIGHTS - 1;
    for (int i = last; i > place; i--) out->picked[i] = out->picked[i - 1];
    out->picked[place] = at;
}

static double update_mean_size(const float *values, size_t count, double sum) {
    for (size_t i = 0; i < count; i++) sum += fabs((double)values[i]);
    return sum;
}

void slowmo_update_make(SlowUpdate *out, const RunEntry *run, const Transcript *t, int layer) {
    const ModelPlan *plan = run->log->plan;
    double gradient = 0, weights = 0, change = 0, count = 0;
    memset(out, 0, sizeof *out);
    int first = plan->first_tensor[layer];
    for (int k = first; k < plan->first_tensor[layer + 1]; k++) {
        const TensorInfo *tensor = &plan->tensors[k];
        if (!tensor->trainable) continue;
        count += (double)tensor->count;
        for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++) {
            double moved = (double)t->after[i] - t->before[i];
            gradient += (double)t->gradients[i] * t->gradients[i];
            weights += (double)t->before[i] * t->before[i];
            change += moved * moved;
            if (k == first) update_pick(out, t, i); // biases change more, and say less
        }
        for (int s = 0; s < t->slots; s++) {
            size_t at = (size_t)s * plan->parameter_floats + tensor->offset;
            double *mean = out->state[s];
            mean[0] = update_mean_size(t->state_before + at, tensor->count, mean[0]);
            mean[1] = update_mean_size(t->state_after + at, tensor->count, mean[1]);
        }
    }
    out->gradient = sqrt(gradient);
    out->weights = sqrt(weights);
    out->change = sqrt(change);
    for (int s = 0; s < t->slots && count > 0; s++) {
        out->state[s][0] /= count;
        out->state[s][1] /= count;
    }
}

// ---- figures ------------------------------------------------------------------------------------

static void update_figures(Ui *ui, const SlowMotion *slow, const Transcript *t, Rect column) {
    const SlowUpdate *update = &slow->update;
    char text[2 * WORD_MAX + 8], name[48], before[WORD_MAX], after[WORD_MAX];
    word_number(text, update->gradient);
    slowmo_figure(ui, &column, tr("gradient, norm"), text);
    word_number(text, update->weights);
    slowmo_figure(ui, &column, tr("weights, norm"), text);
    word_number(text, update->change);
    slowmo_figure(ui, &column, tr("change, norm"), text);
    word_number(text, update->weights > 0 ? update->change / update->weights : 0);
    slowmo_figure(ui, &column, tr("change / weights"), text);
    for (int s = 0; s < t->slots; s++) {
        snprintf(name, sizeof name, tr("mean size of %s"),
                 update_slot_name(t->optimizer, &t->step, s));
        word_number(before, update->state[s][0]);
        word_number(after, update->state[s][1]);
        snprintf(text, sizeof text, "%s \xe2\x86\x92 %s", before, after);
        slowmo_figure(ui, &column, name, text);
    }
    if (t->clipped < 1) {
        word_number(text, t->clipped);
        slowmo_figure(ui, &column, tr("clipped to its share of"), text);
    }
}

// "w[3,0,2,2]" of a weight, "b[3]" of a bias
static void update_weight_name(const ModelPlan *plan, size_t at, char out[80]) {
    out[0] = '\0';
    for (int k = 0; k < plan->tensor_count; k++) {
        const TensorInfo *tensor = &plan->tensors[k];
        if (at < tensor->offset || at >= tensor->offset + tensor->count) continue;
        const char *dot = strchr(tensor->name, '.');
        size_t rest = at - tensor->offset, below = tensor->count, used = 0;
        words_append(out, 80, &used, "%.1s", dot ? dot + 1 : tensor->name);
        for (int d = 0; d < tensor->rank; d++) {
            below /= (size_t)tensor->dims[d];
            words_append(out, 80, &used, "%s%zu", d ? "," : "[", rest / below);
            rest %= below;
        }
        words_append(out, 80, &used, "]");
        return;
    }
}

static void update_table(Ui *ui, Workbench *bench, const RunEntry *run, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    const Transcript *t = slowmo_transcript(bench);
    SlowMotion *slow = &bench->slow;
    for (int i = -1; i < slow->update.count; i++) {
        Rect row = rect_cut_top(&rect, UPDATE_ROW_H, 0);
        char name[80], before[24], after[24];
        text_copy(name, sizeof name, tr("weight"));
        text_copy(before, sizeof before, tr("before"));
        text_copy(after, sizeof after, tr("after"));
        if (i >= 0) {
            size_t at = slow->update.picked[i];
            update_weight_name(run->log->plan, at, name);
            snprintf(before, sizeof before, "%.5f", (double)t->before[at]);
            snprintf(after, sizeof after, "%.5f", (double)t->after[at]);
            ui_push_index(ui, i);
            UiHit hit = ui_interact(ui, ui_id(ui, "weight"), UI_KIND_ROW, name, row, HIT_FOCUS, 0);
            ui_set_value(ui, "%s %s", before, after);
            if (hit.clicked) slow->chosen = i;
            bool on = i == slow->chosen;
            if (on || hit.hot) draw_fill(&ui->draw, row, 3, on ? c->row_on : c->row_hot);
            if (hit.focus_visible) ui_draw_focus(ui, row, 3);
            ui_pop_id(ui);
        }
        Rect inside = rect_inset_xy(row, 4, 0);
        Color color = i < 0 ? c->text_muted : c->text_soft;
        TextRole role = i < 0 ? TEXT_CAPTION : TEXT_SMALL;
        ui_text_right(ui, rect_cut_right(&inside, 58, 6), role, color, after);
        ui_text_right(ui, rect_cut_right(&inside, 58, 6), role, color, before);
        ui_text(ui, inside, role, color, name);
    }
}

// ---- the rule -----------------------------------------------------------------------------------

static UpdateNumbers update_numbers(const RunEntry *run, const Transcript *t, size_t at) {
    UpdateNumbers out = {.kind = t->optimizer,
                         .step = &t->step,
                         .w = t->before[at],
                         .w_after = t->after[at],
                         .gradient = t->gradients[at]};
    for (int s = 0; s < t->slots; s++) {
        out.state[s] = t->state_before[(size_t)s * run->log->plan->parameter_floats + at];
        out.state_after[s] = t->state_after[(size_t)s * run->log->plan->parameter_floats + at];
    }
    return out;
}

// Each line of the rule, and below it the same with the numbers of the chosen weight.
static float update_lines_show(Ui *ui, const UpdateNumbers *numbers, Rect rect, bool draw) {
    const ThemeColors *c = &ui->theme->color;
    int lines[UPDATE_LINES_MAX];
    int count = update_lines(numbers->kind, numbers->step, lines);
    float height = 0;
    for (int i = 0; i < count; i++) {
        char symbols[UPDATE_TEXT_MAX], filled[UPDATE_TEXT_MAX];
        update_symbols(numbers, lines[i], symbols, sizeof symbols);
        update_filled(numbers, lines[i], 4, filled, sizeof filled);
        float tall = ui_paragraph_height(ui, rect.w, TEXT_SMALL, filled);
        height += UPDATE_LINE_H + tall + 6;
        if (!draw) continue;
        ui_text(ui, rect_cut_top(&rect, UPDATE_LINE_H, 0), TEXT_SMALL, c->text_muted, symbols);
        Rect box = rect_cut_top(&rect, tall, 6);
        ui_paragraph(ui, box, TEXT_SMALL, c->text, filled);
        ui_push_index(ui, i);
        ui_interact(ui, ui_id(ui, "rule"), UI_KIND_TEXT, "rule", box, 0, 0);
        ui_set_value(ui, "%s", filled);
        ui_pop_id(ui);
    }
    return height;
}

static void update_title(Ui *ui, const RunEntry *run, const Transcript *t, int layer, Rect line) {
    const ModelPlan *plan = run->log->plan;
    char name[64], soft[128], lr[WORD_MAX], count[WORD_MAX];
    double parameters = 0;
    for (int k = plan->first_tensor[layer]; k < plan->first_tensor[layer + 1]; k++)
        parameters += plan->tensors[k].trainable ? (double)plan->tensors[k].count : 0;
    slowmo_stage_name(run, layer, layer, name);
    word_count(count, parameters);
    snprintf(lr, sizeof lr, "%.6g", t->lr);
    snprintf(soft, sizeof soft, tr("%s weights \xc2\xb7 %s, \xce\xb7 = %.10s"), count,
             config_optimizer_label(&run->log->config), lr);
    float width = ui_text(ui, line, TEXT_STRONG, ui->theme->color.text, name);
    rect_cut_left(&line, width, 8);
    ui_text(ui, line, TEXT_SMALL, ui->theme->color.text_muted, soft);
}

// Figures and table side by side, the rule below them; one below the other where it is narrow, the
// table last, so that the way to its rows by keyboard leads past the rule.
float panel_slowmo_update(Ui *ui, Workbench *bench, Rect rect, int layer, bool draw) {
    SlowMotion *slow = &bench->slow;
    const RunEntry *run = runs_find(bench, slow->run);
    const Transcript *t = slowmo_transcript(bench);
    if (slow->update.count == 0) return 0;
    if (slow->chosen >= slow->update.count) slow->chosen = 0;
    float figures = UPDATE_LINE_H * (float)(UPDATE_FIGURES + t->slots + (t->clipped < 1));
    float table = UPDATE_ROW_H * (float)(slow->update.count + 1);
    bool beside = rect.w >= UPDATE_BESIDE_W;
    UpdateNumbers numbers = update_numbers(run, t, slow->update.picked[slow->chosen]);
    float rule = update_lines_show(ui, &numbers, rect, false);
    float both = beside ? fmaxf(figures, table) : figures + table;
    if (!draw) return UPDATE_TITLE_H + both + UPDATE_GAP + rule;
    update_title(ui, run, t, layer, rect_cut_top(&rect, UPDATE_TITLE_H - 4, 4));
    Rect upper = rect_cut_top(&rect, beside ? both : figures, UPDATE_GAP);
    Rect column = upper;
    if (beside) column = rect_cut_left(&upper, floorf(upper.w * 0.45f), 14);
    column.w = fminf(column.w, 230);
    update_figures(ui, slow, t, column);
    if (beside) update_table(ui, bench, run, upper);
    update_lines_show(ui, &numbers, rect_cut_top(&rect, rule, 0), true);
    if (!beside) update_table(ui, bench, run, rect);
    return UPDATE_TITLE_H + both + UPDATE_GAP + rule;
}
