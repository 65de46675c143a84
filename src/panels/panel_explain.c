// How one number of a layer came about, beside it: patch, kernel, product and sum; the window of a
// pooling; the terms of a dense unit. Numbers are written in the cells where they fit.
#include "panels/panels.h"

#include "base/tr.h"

#include <math.h>
#include <stdio.h>

enum {
    EXPLAIN_CELL = 34, // with a number in it
    EXPLAIN_CELLS_NUMBERED = 5,
    EXPLAIN_PICTURES_W = 440, // of three without numbers
    EXPLAIN_GAP = 24,         // between pictures: an operator
    EXPLAIN_LINE = 18,
    EXPLAIN_TERMS = 6,
    EXPLAIN_TERM_W = 300,
    EXPLAIN_PADDING = 12,
};

// Channels by what they add, the strongest first, as far as they are listed.
typedef struct ExplainTerms {
    int count, channel[EXPLAIN_TERMS];
    double sum[EXPLAIN_TERMS], rest; // of all others
} ExplainTerms;

static double explain_channel_sum(const Explanation *e, int c) {
    double sum = 0;
    size_t area = (size_t)e->h * (size_t)e->w;
    for (size_t i = (size_t)c * area; i < ((size_t)c + 1) * area; i++)
        sum += e->kind == EXPLAIN_SUM ? (double)e->input[i] * e->weight[i] : e->input[i];
    return sum;
}

static ExplainTerms explain_terms(const Explanation *e) {
    ExplainTerms terms = {0};
    double all = 0;
    for (int c = 0; c < e->channels; c++) {
        double sum = explain_channel_sum(e, c);
        int at = terms.count;
        all += sum;
        while (at > 0 && fabs(sum) > fabs(terms.sum[at - 1])) at--;
        if (at >= EXPLAIN_TERMS) continue;
        if (terms.count < EXPLAIN_TERMS) terms.count++;
        for (int k = terms.count - 1; k > at; k--) {
            terms.sum[k] = terms.sum[k - 1];
            terms.channel[k] = terms.channel[k - 1];
        }
        terms.sum[at] = sum;
        terms.channel[at] = c;
    }
    terms.rest = all;
    for (int k = 0; k < terms.count; k++) terms.rest -= terms.sum[k];
    return terms;
}

int explanation_strongest(const Explanation *e) {
    ExplainTerms terms = explain_terms(e);
    return terms.count ? terms.channel[0] : 0;
}

// ---- pictures -----------------------------------------------------------------------------------

static float explain_cell(const Explanation *e) {
    int side = e->h > e->w ? e->h : e->w;
    if (side <= EXPLAIN_CELLS_NUMBERED) return EXPLAIN_CELL;
    return fmaxf(floorf((float)EXPLAIN_PICTURES_W / 3 / (float)side), 3);
}

// "0.12", "-1.5", "12": what fits a cell.
static void explain_short(char out[WORD_MAX], double value) {
    int digits = fabs(value) < 9.995 ? 2 : fabs(value) < 99.95 ? 1 : 0;
    if (fabs(value) < 0.005) value = 0;
    snprintf(out, WORD_MAX, "%s%.*f", value < 0 ? "\xe2\x88\x92" : "", digits, fabs(value));
}

// h x w numbers; `limit` has the strongest colour. Places in the padding are empty.
static void explain_picture(Ui *ui, Rect box, const Explanation *e, const float *values,
                            const float *factors, float limit, bool padded, int winner) {
    float cell = explain_cell(e);
    for (int i = 0; i < e->h * e->w; i++) {
        int y = i / e->w, x = i % e->w;
        Rect place = {box.x + cell * (float)x, box.y + cell * (float)y, cell, cell};
        int iy = e->y0 + y, ix = e->x0 + x;
        bool outside = iy < 0 || ix < 0 || iy >= e->from.h || ix >= e->from.w;
        Rect inside = cell >= 5 ? rect_inset(place, 0.5f) : place;
        if (padded && outside) {
            draw_border(&ui->draw, inside, 0, ui->theme->color.hairline, 1);
            continue;
        }
        float value = factors ? values[i] * factors[i] : values[i];
        Color color = ramp_diverging(0.5f + 0.5f * value / limit);
        draw_fill(&ui->draw, inside, 0, color);
        if (i == winner) draw_border(&ui->draw, place, 0, ui->theme->color.accent, 2);
        if (cell < EXPLAIN_CELL) continue;
        char text[WORD_MAX];
        explain_short(text, value);
        ui_text_center(ui, place, TEXT_TINY, color_ink_on(color), text);
    }
}

static float explain_limit(const float *values, const float *factors, int count) {
    float limit = 0;
    for (int i = 0; i < count; i++)
        limit = fmaxf(limit, fabsf(factors ? values[i] * factors[i] : values[i]));
    return limit > 0 ? limit : 1;
}

static void explain_operator(Ui *ui, Rect rect, const char *sign) {
    ui_text_center(ui, rect, TEXT_STRONG, ui->theme->color.text_soft, sign);
}

// Patch, kernel and product of one channel side by side, each with its name.
static void explain_products(Ui *ui, Rect *rest, const Explanation *e, int c) {
    char sees[64];
    snprintf(sees, sizeof sees, e->channels > 1 ? tr("sees of map %d") : tr("sees"), c + 1);
    const char *const names[] = {sees, tr("weights"), tr("product")};
    const char *const signs[] = {"\xc3\x97", "="};
    int area = e->h * e->w;
    const float *input = e->input + c * area, *weight = e->weight + c * area;
    const float *const values[] = {input, weight, input}, *const factors[] = {NULL, NULL, weight};
    float width = explain_cell(e) * (float)e->w, height = explain_cell(e) * (float)e->h;
    Rect captions = rect_cut_top(rest, EXPLAIN_LINE, 0), row = rect_cut_top(rest, height, 8);
    for (int k = 0; k < 3; k++) {
        ui_text(ui, rect_cut_left(&captions, width, EXPLAIN_GAP), TEXT_CAPTION,
                ui->theme->color.text_muted, names[k]);
        // One colour scale for all channels, so that a strong one looks strong.
        float limit = explain_limit(k == 1 ? e->weight : e->input, k == 2 ? e->weight : NULL,
                                    e->channels * area);
        explain_picture(ui, rect_cut_left(&row, width, 0), e, values[k], factors[k], limit, k != 1,
                        -1);
        if (k < 2) explain_operator(ui, rect_cut_left(&row, EXPLAIN_GAP, 0), signs[k]);
    }
}

// ---- words --------------------------------------------------------------------------------------

static void explain_line(Ui *ui, Rect *rest, const char *text) {
    ui_text(ui, rect_cut_top(rest, EXPLAIN_LINE, 0), TEXT_SMALL, ui->theme->color.text_soft, text);
}

// "map 3: 0.412, map 1: -0.201, 13 others: 0.050".
static void explain_channels(Ui *ui, Rect *rest, const Explanation *e, const ExplainTerms *terms) {
    char line[256], value[WORD_MAX];
    size_t used = 0;
    int shown = terms->count < 3 ? terms->count : 3;
    double others = terms->rest;
    for (int k = shown; k < terms->count; k++) others += terms->sum[k];
    for (int k = 0; k < shown; k++) {
        word_value(value, terms->sum[k]);
        words_append(line, sizeof line, &used, "%s", k ? ", " : "");
        words_append(line, sizeof line, &used, tr("map %d: %s"), terms->channel[k] + 1, value);
    }
    if (e->channels > shown) {
        word_value(value, others);
        words_append(line, sizeof line, &used, tr(", %d others: %s"), e->channels - shown, value);
    }
    explain_line(ui, rest, line);
}

// "sum 0.573 + bias -0.101 = 0.472, relu: 0.472".
static void explain_sum(Ui *ui, Rect *rest, const Explanation *e, const char *after) {
    char line[200], products[WORD_MAX], bias[WORD_MAX], sum[WORD_MAX], value[WORD_MAX];
    size_t used = 0;
    word_value(products, e->sum - e->bias);
    word_value(bias, e->bias);
    word_value(sum, e->sum);
    word_value(value, e->value);
    words_append(line, sizeof line, &used, tr("sum %s, bias %s: %s"), products, bias, sum);
    if (after[0]) words_append(line, sizeof line, &used, tr(", %s: %s"), after, value);
    explain_line(ui, rest, line);
}

static void explain_norm(Ui *ui, Rect *rest, const Explanation *e, const char *after) {
    char line[200], n[6][WORD_MAX];
    const double numbers[] = {e->input[0], e->mean, e->deviation, e->scale, e->bias, e->sum};
    size_t used = 0;
    for (int i = 0; i < 6; i++) word_value(n[i], numbers[i]);
    words_append(line, sizeof line, &used, "(%s \xe2\x88\x92 %s) / %s \xc3\x97 %s + %s = %s", n[0],
                 n[1], n[2], n[3], n[4], n[5]);
    explain_line(ui, rest, line);
    word_value(n[0], e->value);
    if (after[0])
        snprintf(line, sizeof line, "%s: %s", after, n[0]);
    else
        snprintf(line, sizeof line, "%s", tr("input, mean, deviation, scale, shift"));
    explain_line(ui, rest, line);
}

// The strongest terms of a dense unit, one a line: input x weight = product.
static void explain_units(Ui *ui, Rect *rest, const Explanation *e, const ExplainTerms *terms) {
    const ThemeColors *c = &ui->theme->color;
    char text[WORD_MAX];
    for (int k = 0; k < terms->count; k++) {
        Rect row = rect_cut_top(rest, EXPLAIN_LINE, 0);
        int at = terms->channel[k];
        const double numbers[] = {e->input[at], e->weight[at], terms->sum[k]};
        const char *const signs[] = {"", "\xc3\x97", "="};
        snprintf(text, sizeof text, tr("unit %d"), at + 1);
        ui_text(ui, rect_cut_left(&row, 84, 0), TEXT_SMALL, c->text_muted, text);
        for (int i = 0; i < 3; i++) {
            explain_operator(ui, rect_cut_left(&row, 16, 0), signs[i]);
            word_value(text, numbers[i]);
            ui_text_right(ui, rect_cut_left(&row, 52, 0), TEXT_BODY, c->text_soft, text);
        }
    }
    if (e->channels <= terms->count) return;
    Rect row = rect_cut_top(rest, EXPLAIN_LINE, 0);
    char others[WORD_MAX];
    snprintf(others, sizeof others, tr("%d others"), e->channels - terms->count);
    ui_text(ui, rect_cut_left(&row, 84, 0), TEXT_SMALL, c->text_muted, others);
    rect_cut_left(&row, 2 * (16 + 52), 0);
    explain_operator(ui, rect_cut_left(&row, 16, 0), "=");
    word_value(text, terms->rest);
    ui_text_right(ui, rect_cut_left(&row, 52, 0), TEXT_BODY, c->text_soft, text);
}

// ---- the whole ----------------------------------------------------------------------------------

static bool explain_is_units(const Explanation *e) {
    return e->kind == EXPLAIN_SUM && e->h * e->w == 1;
}

static Vec2 explain_size(Ui *ui, const Explanation *e, const ExplainTerms *terms,
                         const ExplainText *text) {
    float cell = explain_cell(e), title = ui_text_width(ui, TEXT_STRONG, text->title) + 84;
    Vec2 size = {EXPLAIN_TERM_W, EXPLAIN_LINE + 6 + EXPLAIN_LINE};
    if (explain_is_units(e)) {
        size.y += EXPLAIN_LINE * (float)(terms->count + (e->channels > terms->count));
    } else if (e->kind == EXPLAIN_SUM) {
        size.x = fmaxf(size.x, 3 * cell * (float)e->w + 2 * EXPLAIN_GAP);
        size.y += EXPLAIN_LINE + cell * (float)e->h + 8 + (e->channels > 1 ? EXPLAIN_LINE : 0);
    } else if (e->kind == EXPLAIN_NORM) {
        size.y += EXPLAIN_LINE;
    } else if (e->kind != EXPLAIN_SAME) {
        size.y += cell * (float)e->h + 8;
    }
    return (Vec2){fmaxf(size.x, title) + 2 * EXPLAIN_PADDING, size.y + 2 * EXPLAIN_PADDING};
}

// Below and to the right of what it is about; on the other side where there is no room.
static Rect explain_place(const Ui *ui, Vec2 size, Rect about) {
    Rect window = ui->input.window;
    Rect box = {rect_right(about) + 14, rect_bottom(about) + 14, size.x, size.y};
    if (rect_right(box) > window.w - 6) box.x = about.x - 14 - size.x;
    if (rect_bottom(box) > window.h - 6) box.y = about.y - 14 - size.y;
    if (box.x < 6) box.x = fmaxf(window.w - 6 - size.x, 6);
    box.y = fmaxf(box.y, 6);
    return (Rect){floorf(box.x), floorf(box.y), box.w, box.h};
}

static void explain_body(Ui *ui, Rect rest, const Explanation *e, const ExplainTerms *terms,
                         const char *after) {
    char line[96], value[WORD_MAX];
    float cell = explain_cell(e);
    if (e->kind == EXPLAIN_SUM) {
        if (explain_is_units(e)) {
            explain_units(ui, &rest, e, terms);
        } else {
            explain_products(ui, &rest, e, terms->channel[0]);
            if (e->channels > 1) explain_channels(ui, &rest, e, terms);
        }
        explain_sum(ui, &rest, e, after);
        return;
    }
    if (e->kind == EXPLAIN_NORM) {
        explain_norm(ui, &rest, e, after);
        return;
    }
    if (e->kind != EXPLAIN_SAME) {
        Rect box = rect_cut_top(&rest, cell * (float)e->h, 8);
        explain_picture(ui, box, e, e->input, NULL, explain_limit(e->input, NULL, e->h * e->w),
                        true, e->kind == EXPLAIN_LARGEST ? e->winner : -1);
    }
    word_value(value, e->sum);
    int count = e->h * e->w;
    if (e->kind == EXPLAIN_LARGEST)
        snprintf(line, sizeof line, tr("the largest of %d: %s"), count, value);
    else if (e->kind == EXPLAIN_MEAN)
        snprintf(line, sizeof line, tr("the mean of %d: %s"), count, value);
    else
        snprintf(line, sizeof line, tr("as it comes in: %s"), value);
    explain_line(ui, &rest, line);
}

void panel_explain(Ui *ui, const Explanation *e, const ExplainText *text, Rect about) {
    const ThemeColors *c = &ui->theme->color;
    ExplainTerms terms = explain_terms(e);
    Rect box = explain_place(ui, explain_size(ui, e, &terms, text), about);
    char value[WORD_MAX];
    DrawLayer layer = draw_layer_set(&ui->draw, LAYER_TIP);
    draw_clip_push_fresh(&ui->draw, ui->input.window);
    draw_box(&ui->draw, box, THEME_RADIUS, c->popup, c->outline_hot, 1);
    Rect rest = rect_inset(box, EXPLAIN_PADDING);
    Rect head = rect_cut_top(&rest, EXPLAIN_LINE, 6);
    word_value(value, e->value);
    ui_text_right(ui, rect_cut_right(&head, 72, 8), TEXT_STRONG, c->accent, value);
    ui_text(ui, head, TEXT_STRONG, c->text, text->title);
    explain_body(ui, rest, e, &terms, text->after);
    draw_clip_pop(&ui->draw);
    draw_layer_set(&ui->draw, layer);
}
