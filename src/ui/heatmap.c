// The matrix of counts, and numbers as pixels; see heatmap.h.
#include "ui/heatmap.h"
#include "ui/state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct Matrix {
    Rect area; // of the cells
    float cell_w, cell_h;
} Matrix;

static const char *name_of(const char *const *names, int i, char buffer[16]) {
    if (names) return names[i];
    snprintf(buffer, 16, "%d", i);
    return buffer;
}

static Rect cell_rect(const Matrix *m, int row, int column) {
    float x0 = floorf(m->area.x + m->cell_w * (float)column + 0.5f);
    float y0 = floorf(m->area.y + m->cell_h * (float)row + 0.5f);
    float x1 = floorf(m->area.x + m->cell_w * (float)(column + 1) + 0.5f);
    float y1 = floorf(m->area.y + m->cell_h * (float)(row + 1) + 0.5f);
    float gap = m->cell_w > 12 ? 2 : 0;
    return (Rect){x0, y0, x1 - x0 - gap, y1 - y0 - gap};
}

// Names on the left and on top, titles beside them.
static Matrix lay_out(Ui *ui, Rect rect, const HeatmapSpec *spec) {
    const ThemeColors *c = &ui->theme->color;
    char buffer[16];
    float names_w = 16;
    for (int i = 0; i < spec->rows; i++) {
        const char *name = name_of(spec->row_names, i, buffer);
        names_w = fmaxf(names_w, ceilf(ui_text_width(ui, TEXT_CAPTION, name)) + 2);
    }
    Rect top = rect_cut_top(&rect, 18, 2);
    Rect left = rect_cut_left(&rect, names_w, 8);
    if (spec->column_title) {
        char both[96];
        snprintf(both, sizeof both, "%s%s%s", spec->row_title ? spec->row_title : "",
                 spec->row_title ? " \xE2\x86\x93   " : "", spec->column_title);
        size_t n = strlen(both);
        snprintf(both + n, sizeof both - n, " \xE2\x86\x92");
        ui_text(ui, (Rect){left.x, top.y, rect_right(rect) - left.x, 16}, TEXT_CAPTION,
                c->text_muted, both);
    }
    Rect names = rect_cut_top(&rect, 18, 2);
    Matrix m = {rect, rect.w / (float)spec->columns, rect.h / (float)spec->rows};
    bool room = m.cell_w >= 12 && m.cell_h >= 10;
    for (int i = 0; i < spec->columns && room; i++) {
        Rect cell = cell_rect(&m, 0, i);
        ui_text_center(ui, (Rect){cell.x, names.y, cell.w, names.h}, TEXT_CAPTION, c->text_muted,
                       name_of(spec->column_names, i, buffer));
    }
    for (int i = 0; i < spec->rows && room; i++) {
        Rect cell = cell_rect(&m, i, 0);
        ui_text_right(ui, (Rect){left.x, cell.y, left.w, cell.h}, TEXT_CAPTION, c->text_muted,
                      name_of(spec->row_names, i, buffer));
    }
    return m;
}

static Color cell_color(const Ui *ui, const HeatmapSpec *spec, int row, int column, float share) {
    const ThemeColors *c = &ui->theme->color;
    bool diagonal = row == column && spec->rows == spec->columns;
    if (diagonal && !spec->keep_diagonal) {
        return color_mix(c->track, c->text_muted, 0.28f * share);
    }
    if (share <= 0) return c->field;
    float t = sqrtf(share);
    if (ui->theme->is_dark)
        return color_mix(c->field, ramp_sequential(0.12f + 0.88f * t), fminf(1, t * 6));
    return color_mix(c->field, ramp_sequential(1 - 0.9f * t), fminf(1, 0.25f + t * 2));
}

static void draw_cells(Ui *ui, const Matrix *m, const HeatmapSpec *spec) {
    const ThemeColors *c = &ui->theme->color;
    bool square = spec->rows == spec->columns && !spec->keep_diagonal;
    double most = 0, sum = 0;
    for (int i = 0; i < spec->rows * spec->columns; i++) {
        sum += spec->counts[i];
        bool diagonal = square && i / spec->columns == i % spec->columns;
        if (!diagonal && spec->counts[i] > most) most = spec->counts[i];
    }
    // A network that hardly errs is not painted as brightly as one that errs often.
    most = fmax(most, 0.02 * sum / spec->rows);
    for (int row = 0; row < spec->rows; row++) {
        const uint32_t *counts = spec->counts + (size_t)row * (size_t)spec->columns;
        double total = 0;
        for (int k = 0; k < spec->columns; k++) total += counts[k];
        for (int k = 0; k < spec->columns; k++) {
            Rect cell = cell_rect(m, row, k);
            double of = square && row == k ? total : most;
            float share = of > 0 ? (float)(counts[k] / of) : 0;
            Color fill = cell_color(ui, spec, row, k, share);
            draw_fill(&ui->draw, cell, cell.w > 16 ? 3 : 0, fill);
            char text[16];
            snprintf(text, sizeof text, "%u", (unsigned)counts[k]);
            TextRole role = cell.w > 34 ? TEXT_SMALL : TEXT_TINY;
            bool fits = cell.h >= 13 && ui_text_width(ui, role, text) <= cell.w - 1;
            if (!fits) continue;
            Color ink = counts[k] ? color_ink_on(fill) : c->text_faint;
            ui_text_center(ui, cell, role, color_fade(ink, counts[k] ? 0.92f : 0.6f), text);
        }
    }
}

static void move_cursor(Ui *ui, const HeatmapSpec *spec, int *row, int *column) {
    static const struct {
        UiKey key;
        int dx, dy;
    } moves[] = {{KEY_LEFT, -1, 0}, {KEY_RIGHT, 1, 0}, {KEY_UP, 0, -1}, {KEY_DOWN, 0, 1}};
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        while (ui_take_key(ui, moves[i].key, 0)) {
            *column += moves[i].dx;
            *row += moves[i].dy;
            ui->state->again = true;
        }
    }
    *column = *column < 0 ? 0 : (*column >= spec->columns ? spec->columns - 1 : *column);
    *row = *row < 0 ? 0 : (*row >= spec->rows ? spec->rows - 1 : *row);
}

static void show_tip(Ui *ui, const Matrix *m, const HeatmapSpec *spec, int row, int column) {
    char a[16], b[16], text[160];
    const uint32_t *counts = spec->counts + (size_t)row * (size_t)spec->columns;
    double total = 0;
    for (int k = 0; k < spec->columns; k++) total += counts[k];
    double percent = total > 0 ? counts[column] / total * 100 : 0;
    snprintf(text, sizeof text, "%s %s \xE2\x86\x92 %s %s: %u of %.0f (%.1f %%)",
             spec->row_title ? spec->row_title : "", name_of(spec->row_names, row, a),
             spec->column_title ? spec->column_title : "", name_of(spec->column_names, column, b),
             (unsigned)counts[column], total, percent);
    // At the cell, at once: it is what the matrix is read by.
    UiState *s = ui->state;
    s->tip_show = true;
    s->tip_candidate = s->last_id;
    s->tip_rect = cell_rect(m, row, column);
    snprintf(s->tip_text, sizeof s->tip_text, "%s", text[0] == ' ' ? text + 1 : text);
}

HeatmapHit ui_heatmap(Ui *ui, Rect rect, const char *label, const HeatmapSpec *spec) {
    const ThemeColors *c = &ui->theme->color;
    UiState *s = ui->state;
    HeatmapHit out = {-1, -1, false};
    if (rect.w < 60 || rect.h < 60 || spec->rows < 1 || spec->columns < 1) return out;
    Matrix m = lay_out(ui, rect, spec);
    UiId id = ui_id(ui, label);
    UiHit hit = ui_interact(ui, id, UI_KIND_HEATMAP, label, m.area, HIT_FOCUS, 0);
    draw_cells(ui, &m, spec);
    if (hit.hot) {
        out.column = (int)((ui->input.mouse.x - m.area.x) / m.cell_w);
        out.row = (int)((ui->input.mouse.y - m.area.y) / m.cell_h);
        if (out.column >= spec->columns) out.column = spec->columns - 1;
        if (out.row >= spec->rows) out.row = spec->rows - 1;
    } else if (hit.focus_visible) {
        if (s->cursor_id != id) {
            s->cursor_id = id;
            s->cursor_row = spec->selected_row > 0 ? spec->selected_row : 0;
            s->cursor_column = spec->selected_column > 0 ? spec->selected_column : 0;
        }
        move_cursor(ui, spec, &s->cursor_row, &s->cursor_column);
        out.row = s->cursor_row;
        out.column = s->cursor_column;
    }
    out.clicked = hit.clicked && out.row >= 0;
    bool selected = spec->selected_row >= 0 && spec->selected_row < spec->rows &&
                    spec->selected_column >= 0 && spec->selected_column < spec->columns;
    if (selected) {
        Rect cell = cell_rect(&m, spec->selected_row, spec->selected_column);
        draw_border(&ui->draw, cell, 3, c->accent, 2);
    }
    if (out.row >= 0) {
        draw_border(&ui->draw, cell_rect(&m, out.row, out.column), 3, c->text, 1);
        show_tip(ui, &m, spec, out.row, out.column);
    }
    if (hit.focus_visible) ui_draw_focus(ui, m.area, 3);
    return out;
}

void ui_ramp_legend(Ui *ui, Rect rect, const char *low, const char *high) {
    Color muted = ui->theme->color.text_muted;
    float w = ceilf(ui_text_width(ui, TEXT_CAPTION, low));
    ui_text(ui, rect_cut_left(&rect, w, 8), TEXT_CAPTION, muted, low);
    w = ceilf(ui_text_width(ui, TEXT_CAPTION, high));
    ui_text_right(ui, rect_cut_right(&rect, w, 8), TEXT_CAPTION, muted, high);
    enum { STEPS = 32 };
    Rect strip = {rect.x, floorf(rect.y + rect.h / 2) - 4, rect.w, 8};
    for (int i = 0; i < STEPS; i++) {
        float t = (float)i / (STEPS - 1);
        draw_fill(&ui->draw, rect_column(strip, STEPS, i, 0), 0,
                  ramp_sequential(ui->theme->is_dark ? t : 1 - t));
    }
}

static float largest(const float *values, size_t count) {
    float limit = 0;
    for (size_t i = 0; i < count; i++) {
        if (fabsf(values[i]) > limit && isfinite(values[i])) limit = fabsf(values[i]);
    }
    return limit > 0 ? limit : 1;
}

static void put_color(uint8_t *to, Color color) {
    to[0] = color.r;
    to[1] = color.g;
    to[2] = color.b;
    to[3] = color.a;
}

void ramp_diverging_pixels(uint8_t *rgba, const float *values, size_t count, float limit) {
    if (!(limit > 0)) limit = largest(values, count);
    for (size_t i = 0; i < count; i++) {
        put_color(rgba + 4 * i, ramp_diverging(0.5f + 0.5f * values[i] / limit));
    }
}

void ramp_grey_pixels(uint8_t *rgba, const float *values, size_t count, float limit) {
    if (!(limit > 0)) limit = largest(values, count);
    for (size_t i = 0; i < count; i++) {
        float t = values[i] > 0 ? fminf(values[i] / limit, 1) : 0;
        uint8_t v = (uint8_t)(t * 255 + 0.5f);
        put_color(rgba + 4 * i, (Color){v, v, v, 255});
    }
}
