// Which option the runs of a race differ in, and in which values.
#include "panels/panels.h"

#include "base/tr.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RACE_W = 600, RACE_COLUMNS = 3, RACE_CHECK_H = 30, RACE_BUTTON_W = 132 };
enum { RACE_HEAD_H = 18 + 3 + THEME_CONTROL_H };

static void race_axis(Ui *ui, Workbench *bench, Rect rect) {
    const TrainOption *axes[RACE_AXES_MAX];
    const char *items[RACE_AXES_MAX];
    RaceState *race = &bench->race;
    int count = race_axes(&bench->form, axes), selected = -1;
    for (int i = 0; i < count; i++) {
        items[i] = tr(axes[i]->label);
        if (axes[i] == race->axis) selected = i;
    }
    if (ui_dropdown(ui, rect, tr("What differs"), items, count, &selected, 0))
        race_choose(race, &bench->form, axes[selected]);
}

// What differs, and what all of them are trained on.
static void race_head(Ui *ui, Workbench *bench, Rect rect) {
    Rect axis = rect_cut_left(&rect, 240, 12), device = rect_cut_left(&rect, 180, 0);
    ui_caption(ui, rect_cut_top(&axis, 18, 3), tr("What differs"));
    race_axis(ui, bench, axis);
    ui_caption(ui, rect_cut_top(&device, 18, 3), tr(config_option("device")->label));
    device_button(ui, bench, device);
}

static void race_values(Ui *ui, RaceState *race, Rect area) {
    int rows = (race->count + RACE_COLUMNS - 1) / RACE_COLUMNS;
    Rect inside = ui_scroll_begin(ui, area, "Values", (float)(rows * RACE_CHECK_H), &race->scroll);
    for (int i = 0; i < race->count; i++) {
        char label[64];
        int line = i / RACE_COLUMNS;
        Rect row = {inside.x, inside.y + (float)(line * RACE_CHECK_H), inside.w, RACE_CHECK_H};
        race_label(race, i, label);
        ui_push_index(ui, i);
        if (ui_checkbox(ui, rect_column(row, RACE_COLUMNS, i % RACE_COLUMNS, 8), label,
                        &race->value[i].on, 0))
            race->problem[0] = '\0';
        ui_pop_id(ui);
    }
    ui_scroll_end(ui);
}

// True when Enter was pressed with nothing to add: it is for the dialog.
static bool race_more(Ui *ui, Workbench *bench, Rect rect) {
    RaceState *race = &bench->race;
    UiField field = {.placeholder = tr("other values, and Enter"),
                     .flags = race->problem[0] ? UI_INVALID : 0};
    UiEdit edit =
        ui_text_field(ui, rect, tr("Other values"), race->more, sizeof race->more, &field);
    if (edit.changed) race->problem[0] = '\0';
    if (edit.submitted && !race->more[0]) return true;
    if (!edit.submitted && !(edit.left && race->more[0])) return false;
    Status status = race_add(race, &bench->form, race->more);
    text_copy(race->problem, sizeof race->problem, status.message);
    if (status_is_ok(&status)) race->more[0] = '\0';
    return false;
}

static void race_buttons(Ui *ui, Workbench *bench, Rect row, bool enter) {
    RaceState *race = &bench->race;
    char label[64];
    int chosen = race_chosen(race);
    bool ready = bench->dataset && bench->trainer && chosen > 0;
    snprintf(label, sizeof label, tr_n("Start %d run##race", "Start %d runs##race", chosen),
             chosen);
    Rect start = rect_cut_right(&row, RACE_BUTTON_W, 8);
    Rect cancel = rect_cut_right(&row, 84, 0);
    if (ui_button(ui, cancel, tr("Cancel"), 0)) bench->dialog = DIALOG_NONE;
    ui_push_id(ui, "start");
    bool go = ui_button(ui, start, label, UI_PRIMARY | (ready ? 0 : UI_DISABLED));
    if (go || (enter && ready)) {
        Status status = race_start(bench);
        if (status_is_ok(&status)) bench->dialog = DIALOG_NONE;
        text_copy(race->problem, sizeof race->problem, status.message);
    }
    ui_pop_id(ui);
}

void dialog_race_prepare(Workbench *bench) {
    RaceState *race = &bench->race;
    const TrainOption *axes[RACE_AXES_MAX];
    int count = race_axes(&bench->form, axes);
    race->problem[0] = race->more[0] = '\0';
    // What was ticked last time stays, unless the form has moved on from that option.
    for (int i = 0; i < count; i++)
        if (axes[i] == race->axis) return;
    race_choose(race, &bench->form, axes[0]);
}

void dialog_race(Ui *ui, Workbench *bench) {
    const ThemeColors *c = &ui->theme->color;
    RaceState *race = &bench->race;
    const char *hint = tr("Several runs with the form's settings that differ in one thing only. "
                          "They advance together, turn by turn.");
    const char *remark = race_remark(race);
    Rect inside;
    float width = RACE_W - 40;
    float hint_h = ui_paragraph_height(ui, width, TEXT_BODY, hint);
    float remark_h = ui_paragraph_height(ui, width, TEXT_SMALL, remark);
    int lines = (race->count + RACE_COLUMNS - 1) / RACE_COLUMNS;
    float rows = (float)(lines * RACE_CHECK_H);
    float more = race_takes_more(race) ? THEME_CONTROL_H + 12 : 0;
    float height = 76 + hint_h + 12 + RACE_HEAD_H + 12 + rows + 8 + more + remark_h + 12 + 18 + 8 +
                   THEME_CONTROL_H;
    ui_dialog_begin(ui, tr("Race"), RACE_W, height, &inside);
    ui_paragraph(ui, rect_cut_top(&inside, hint_h, 12), TEXT_BODY, c->text_muted, hint);
    race_head(ui, bench, rect_cut_top(&inside, RACE_HEAD_H, 12));
    Rect buttons = rect_cut_bottom(&inside, THEME_CONTROL_H, 8);
    Rect problem = rect_cut_bottom(&inside, 18, 12);
    Rect says = rect_cut_bottom(&inside, remark_h, more > 0 ? 12 : 8);
    bool enter = false;
    if (more > 0) {
        Rect field = rect_cut_bottom(&inside, THEME_CONTROL_H, 8);
        race_values(ui, race, inside);
        enter = race_more(ui, bench, rect_cut_left(&field, 240, 0));
    } else {
        race_values(ui, race, inside);
    }
    ui_paragraph(ui, says, TEXT_SMALL, c->text_muted, remark);
    bool opening = !race->problem[0] && bench->dataset && !bench->trainer;
    ui_text(ui, problem, TEXT_SMALL, opening ? c->text_muted : c->error,
            opening ? tr("Training can start when the device is there.") : race->problem);
    race_buttons(ui, bench, buttons, enter);
    if (ui_dialog_end(ui)) bench->dialog = DIALOG_NONE;
}
