// The page of my digits: what was taught, with its label and what the network says to it; deleting,
// files, and fine-tuning.
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/teach.h"
#include "panels/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MINE_TOOL_H = 28 };

// ---- files --------------------------------------------------------------------------------------

static void mine_select_all(Workbench *bench, bool on) {
    for (int i = 0; i < bench->mine.count; i++) bench->mine.digits[i].selected = on;
}

static void mine_menu(Ui *ui, Workbench *bench, Rect rect) {
    const char *const items[] = {tr("Import\xe2\x80\xa6"), tr("Export\xe2\x80\xa6"), "-",
                                 tr("Select all"), tr("Select none")};
    int count = bench->mine.count > 0 ? 5 : 1;
    int chosen = ui_menu(ui, rect, tr("More"), items, count, 0);
    if (chosen == 0 || chosen == 1) dialog_open(bench, chosen == 0 ? DIALOG_IMPORT : DIALOG_EXPORT);
    if (chosen == 3 || chosen == 4) mine_select_all(bench, chosen == 3);
}

// ---- what came of fine-tuning -------------------------------------------------------------------

static void mine_change(char *out, size_t size, const char *what, int decimals,
                        const double *before_after) {
    size_t used = strlen(out);
    if (before_after[0] < 0 || before_after[1] < 0) return;
    words_append(out, size, &used, "%s%s %.*f %% \xe2\x86\x92 %.*f %%", used ? ", " : "", what,
                 decimals, before_after[0] * 100, decimals, before_after[1] * 100);
}

static void mine_result(const Workbench *bench, char *out, size_t size) {
    const FineTune *tune = &bench->tune;
    out[0] = '\0';
    if (tune->run == 0) return;
    if (!tune->done) {
        snprintf(out, size, tr("%s learns %d digits of yours\xe2\x80\xa6"), tune->name,
                 tune->digits);
        return;
    }
    mine_change(out, size, tr("My digits"), 1, tune->mine);
    mine_change(out, size, tr("test set"), 2, tune->test);
    if (!out[0]) snprintf(out, size, tr("It was stopped before its end."));
}

// ---- the tools ----------------------------------------------------------------------------------

static void mine_tools(Ui *ui, Workbench *bench, Rect row) {
    MyDigits *mine = &bench->mine;
    char why[160], text[96], percent[WORD_MAX];
    bool ready = teach_can_tune(bench, why, sizeof why);
    int selected = my_digits_selected(mine), counted;
    if (ui_button(ui, rect_cut_left(&row, ui_button_width(ui, tr("Fine-tune")), 8), tr("Fine-tune"),
                  ready && !bench->tune.preparing ? 0 : UI_DISABLED))
        workbench_check(bench, teach_tune(bench));
    ui_tooltip(ui, ready
                       ? tr("Train the network that answers on these digits and on training images "
                            "for some seconds, as a new run. The network itself stays as it is.")
                       : why);
    Rect delete = rect_cut_left(&row, MINE_TOOL_H + 4, 8);
    if (ui_icon_button(ui, delete, ICON_TRASH, tr("Delete the selected digits"),
                       selected ? 0 : UI_DISABLED))
        workbench_check(bench, my_digits_remove(mine));
    Rect undo = rect_cut_left(&row, MINE_TOOL_H + 4, 8);
    if (ui_icon_button(ui, undo, ICON_UNDO, tr("Bring the deleted digits back"),
                       mine->removed_count ? 0 : UI_DISABLED))
        workbench_check(bench, my_digits_restore(mine));
    mine_menu(ui, bench, rect_cut_left(&row, 72, 12));
    double accuracy = teach_accuracy(bench, &counted);
    text[0] = '\0';
    if (selected > 0) {
        snprintf(text, sizeof text, tr("%d selected"), selected);
    } else if (accuracy >= 0) {
        word_percent(percent, accuracy);
        snprintf(text, sizeof text, tr("%s right"), percent);
    }
    if (ui_text_width(ui, TEXT_CAPTION, text) <= row.w)
        ui_text_right(ui, row, TEXT_CAPTION, ui->theme->color.text_muted, text);
}

// ---- the tiles ----------------------------------------------------------------------------------

// Arrow keys with the focus on tile `i`: the next one gets it.
static void mine_arrows(Ui *ui, Workbench *bench, int i, int columns) {
    static const struct {
        UiKey key;
        int across, down;
    } moves[] = {{KEY_LEFT, -1, 0}, {KEY_RIGHT, 1, 0}, {KEY_UP, 0, -1}, {KEY_DOWN, 0, 1}};
    for (size_t k = 0; k < sizeof moves / sizeof moves[0]; k++) {
        int to = i + moves[k].across + moves[k].down * columns;
        if (!ui_take_key(ui, moves[k].key, 0) || to < 0 || to >= bench->mine.count) continue;
        bench->tile_cursor[TAB_MINE] = to;
        ui_pop_id(ui);
        ui_push_index(ui, (int)bench->mine.digits[to].id);
        ui_set_focus(ui, ui_id(ui, "tile"));
        return;
    }
}

static void mine_tile(Ui *ui, Workbench *bench, Rect rect, int i, int columns) {
    MyDigit *digit = &bench->mine.digits[i];
    const Answer *answer = &bench->answer;
    int field = answer->recognizer ? answer->field : MY_DIGITS_SIDE,
        *cursor = &bench->tile_cursor[TAB_MINE];
    const uint8_t *pixels;
    char name[64], tip[160];
    Status status = my_digits_image(&bench->mine, i, field, &pixels);
    if (!status_is_ok(&status)) return;
    const char *said = answer->recognizer && digit->said >= 0 && digit->said < answer->classes
                           ? answer->names[digit->said]
                           : NULL;
    snprintf(name, sizeof name, tr("My digit %d"), i + 1);
    ui_push_index(ui, (int)digit->id);
    unsigned flags = (digit->selected ? UI_ON : 0) | (i == *cursor ? 0 : UI_NO_FOCUS);
    UiHit hit = ui_interact(ui, ui_id(ui, "tile"), UI_KIND_BUTTON, name, rect, HIT_FOCUS, flags);
    ui_set_value(ui, "%s %s", digit->label, said ? said : "");
    DrawImage image = {
        ui_hash(digit->id, "my digit"), (uint32_t)field, field, field, field, IMAGE_GREY8, pixels};
    panel_tile(ui, rect, &hit, &image, digit->label, said, digit->selected);
    if (said)
        snprintf(tip, sizeof tip,
                 tr("Taught as %s; the network says %s (%.1f %%).\nClick to select."), digit->label,
                 said, (double)digit->confidence * 100);
    else
        snprintf(tip, sizeof tip, tr("Taught as %s.\nClick to select."), digit->label);
    ui_tooltip(ui, tip);
    if (hit.clicked) {
        digit->selected = !digit->selected;
        *cursor = i;
    }
    if (hit.focused) mine_arrows(ui, bench, i, columns);
    ui_pop_id(ui);
}

static void mine_grid(Ui *ui, Workbench *bench, Rect rect) {
    int count = bench->mine.count;
    if (bench->tile_cursor[TAB_MINE] >= count) bench->tile_cursor[TAB_MINE] = 0;
    Grid cells = panel_tile_grid(rect, count);
    Rect area =
        ui_scroll_begin(ui, rect, "My digits", grid_height(&cells), &bench->scroll[TAB_MINE]);
    cells = panel_tile_grid(area, count);
    for (int i = 0; i < count; i++) {
        Rect cell = grid_cell(&cells, i);
        bool near = rect_bottom(cell) > rect.y - cell.h && cell.y < rect_bottom(rect) + cell.h;
        if (near || i == bench->tile_cursor[TAB_MINE]) mine_tile(ui, bench, cell, i, cells.columns);
    }
    ui_scroll_end(ui);
}

void panel_mine(Ui *ui, Workbench *bench, Rect rect) {
    char result[192];
    if (teach_answer(bench)) ui_wake(ui, 0);
    mine_tools(ui, bench, rect_cut_top(&rect, MINE_TOOL_H, 8));
    mine_result(bench, result, sizeof result);
    if (result[0])
        ui_text(ui, rect_cut_top(&rect, 18, 8), TEXT_SMALL, ui->theme->color.text_soft, result);
    if (bench->mine.count == 0)
        panel_empty(ui, rect,
                    tr("Draw a digit and click on what it is, below the bars (or press Alt and the "
                       "digit). It is kept here, and the network can learn from it."));
    else
        mine_grid(ui, bench, rect);
}
