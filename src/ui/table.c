// Rows and columns; see widgets.h.
#include "ui/state.h"
#include "ui/widgets.h"

#include "base/check.h"

#include <math.h>

int ui_table_begin(Ui *ui, UiTable *table, Rect area, const UiColumn *columns, int count) {
    REQUIRE(count > 0 && count <= TABLE_COLUMN_MAX);
    *table = (UiTable){.columns = columns, .count = count};
    float fixed = 0, shares = 0, x = area.x;
    for (int i = 0; i < count; i++) {
        if (columns[i].width >= 0) {
            fixed += columns[i].width;
        } else {
            shares -= columns[i].width;
        }
    }
    float share = shares > 0 ? fmaxf(0, area.w - fixed) / shares : 0;
    float squeeze = fixed > area.w ? area.w / fixed : 1;
    for (int i = 0; i < count; i++) {
        table->x[i] = floorf(x + 0.5f);
        x += columns[i].width >= 0 ? columns[i].width * squeeze : -columns[i].width * share;
    }
    table->x[count] = floorf(x + 0.5f);
    Rect head = rect_cut_top(&area, 24, 0);
    table->rest = head;
    int clicked = -1;
    ui_push_id(ui, "titles");
    for (int i = 0; i < count; i++) {
        const char *title = columns[i].title;
        if (!title || !*title) continue;
        Rect cell = ui_table_cell(table, i);
        UiHit hit = ui_interact(ui, ui_id(ui, title), UI_KIND_OTHER, title, cell, 0, UI_NO_FOCUS);
        Color color = hit.hot ? ui->theme->color.text_soft : ui->theme->color.text_muted;
        if (hit.clicked) clicked = i;
        if (columns[i].right) {
            ui_text_right(ui, cell, TEXT_CAPTION, color, title);
        } else {
            ui_text(ui, cell, TEXT_CAPTION, color, title);
        }
    }
    ui_pop_id(ui);
    draw_hline(&ui->draw, head.x, rect_right(head), rect_bottom(head) - 1,
               ui->theme->color.hairline);
    table->row = -1;
    return clicked;
}

void ui_step_focus(Ui *ui, int step) {
    ui->state->focus_step = step;
    ui->state->again = true;
}

void ui_take_row_arrows(Ui *ui) {
    if (ui_take_key(ui, KEY_DOWN, 0)) ui_step_focus(ui, 1);
    if (ui_take_key(ui, KEY_UP, 0)) ui_step_focus(ui, -1);
}

UiHit ui_table_row(Ui *ui, UiTable *table, const char *label, bool selected) {
    const ThemeColors *c = &ui->theme->color;
    table->rest.y += table->row < 0 ? table->rest.h : THEME_ROW_H;
    table->rest.h = THEME_ROW_H;
    table->row++;
    Rect row = table->rest;
    UiHit hit =
        ui_interact(ui, ui_id(ui, label), UI_KIND_ROW, label, row, HIT_FOCUS, selected ? UI_ON : 0);
    if (hit.focused) ui_take_row_arrows(ui);
    if (selected || hit.hot) draw_fill(&ui->draw, row, 0, selected ? c->row_on : c->row_hot);
    draw_hline(&ui->draw, row.x, rect_right(row), rect_bottom(row) - 1, c->hairline);
    if (hit.focus_visible) ui_draw_focus(ui, rect_inset(row, 2), 3);
    return hit;
}

Rect ui_table_cell(const UiTable *table, int index) {
    Rect cell = {table->x[index], table->rest.y, table->x[index + 1] - table->x[index],
                 table->rest.h};
    return rect_inset_xy(cell, 5, 0);
}

void ui_table_text(Ui *ui, const UiTable *table, int index, Color color, const char *text) {
    Rect cell = ui_table_cell(table, index);
    if (table->columns[index].right) {
        ui_text_right(ui, cell, TEXT_BODY, color, text);
    } else {
        ui_text(ui, cell, TEXT_BODY, color, text);
    }
}
