// Everything about a run that is not in the form itself, generated from the table of options, and
// the settings line that says it all in words.
#include "panels/panels.h"

#include "base/tr.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MORE_COLUMNS = 3, MORE_CELL_H = 54, MORE_GAP = 12 };

// Those have their place in the form; a data set is opened, not typed.
static bool more_is_elsewhere(const TrainOption *option) {
    static const char *const names[] = {"preset",  "layers",     "optimizer", "lr",  "schedule",
                                        "augment", "batch-size", "epochs",    "data"};
    if (option->machine) return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(option->name, names[i]) == 0) return true;
    return option->type == OPTION_CHOICE && !option->choice(1); // nothing to choose
}

void settings_print(const Workbench *bench, char line[TRAIN_LINE_MAX]) {
    config_print(&bench->form, line);
    size_t used = strlen(line);
    if (strcmp(bench->form.device, "cpu") != 0)
        snprintf(line + used, TRAIN_LINE_MAX - used, " device=%s", bench->form.device);
}

// The data set that is open stays; a line from elsewhere may name another one. So does the device,
// unless the line names one.
static Status settings_take(Workbench *bench, const char *line) {
    TrainConfig parsed;
    config_defaults(&parsed);
    text_copy(parsed.device, sizeof parsed.device, bench->form.device);
    Status status = config_update(line, &parsed);
    if (!status_is_ok(&status)) return status;
    text_copy(parsed.data, sizeof parsed.data, bench->form.data);
    bench->form = parsed;
    return status;
}

void settings_copy(Ui *ui, Workbench *bench) {
    char line[TRAIN_LINE_MAX];
    settings_print(bench, line);
    ui_clipboard_set(ui, line);
    workbench_say(bench, NOTICE_SUCCESS, tr("The settings are on the clipboard, as one line."));
}

void settings_paste(Ui *ui, Workbench *bench) {
    char *line = ui_clipboard_get(ui);
    if (!line || !line[0]) {
        workbench_say(bench, NOTICE_INFO, tr("There is no text on the clipboard."));
    } else if (workbench_check(bench, settings_take(bench, line))) {
        bench->settings_problem[0] = '\0';
        workbench_say(bench, NOTICE_SUCCESS, tr("The form has the settings of the clipboard."));
    }
    free(line);
}

static void more_settings_line(Ui *ui, Workbench *bench, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    UiField options = {.flags = bench->settings_problem[0] ? UI_INVALID : 0};
    bool typing = ui_focus(ui) == ui_id(ui, "Settings line");
    if (!typing && !bench->settings_problem[0]) settings_print(bench, bench->settings_text);
    ui_caption(ui, rect_cut_top(&rect, 18, 0),
               tr("Settings line: copy it, or paste one and press Enter"));
    UiEdit edit = ui_text_field(ui, rect_cut_top(&rect, THEME_CONTROL_H, 6), "Settings line",
                                bench->settings_text, sizeof bench->settings_text, &options);
    if (edit.submitted) {
        Status status = settings_take(bench, bench->settings_text);
        text_copy(bench->settings_problem, sizeof bench->settings_problem, status.message);
    }
    if (edit.changed || edit.cancelled) bench->settings_problem[0] = '\0';
    ui_text(ui, rect_cut_top(&rect, 18, 0), TEXT_SMALL, c->error, bench->settings_problem);
}

static void more_option(Ui *ui, Workbench *bench, const TrainOption *option, Rect cell) {
    bool check = option->type == OPTION_BOOL || option->type == OPTION_FLAG;
    Rect caption = rect_cut_top(&cell, 18, 0);
    cell.h = THEME_CONTROL_H;
    if (!check) ui_caption(ui, caption, tr(option->label));
    option_control(ui, bench, option, cell);
}

static void more_device(Ui *ui, Workbench *bench, Rect cell) {
    ui_caption(ui, rect_cut_top(&cell, 18, 0), tr(config_option("device")->label));
    cell.h = THEME_CONTROL_H;
    device_button(ui, bench, cell);
}

void dialog_more(Ui *ui, Workbench *bench) {
    const TrainOption *shown[64];
    int count = 0;
    for (int i = 0; i < train_option_count && count < 64; i++)
        if (!more_is_elsewhere(&train_options[i]) &&
            option_applies(&bench->form, &train_options[i]))
            shown[count++] = &train_options[i];
    int rows = (count + MORE_COLUMNS) / MORE_COLUMNS; // the device is one more
    float content = (float)(rows * (MORE_CELL_H + MORE_GAP));
    float room = ui->input.window.h - 40;
    Rect inside;
    ui_dialog_begin(ui, tr("Training options"), 700, fminf(content + 84 + 96 + 44, room), &inside);
    Rect buttons = rect_cut_bottom(&inside, THEME_CONTROL_H, 12);
    Rect line = rect_cut_bottom(&inside, 76, 8);
    Rect area = ui_scroll_begin(ui, inside, "Training options", content, &bench->more_scroll);
    area = rect_inset_xy(area, 2, 0);
    for (int i = 0; i <= count; i++) {
        int at = i / MORE_COLUMNS;
        Rect row = {area.x, area.y + (float)(at * (MORE_CELL_H + MORE_GAP)), area.w, MORE_CELL_H};
        Rect cell = rect_column(row, MORE_COLUMNS, i % MORE_COLUMNS, MORE_GAP);
        if (i < count)
            more_option(ui, bench, shown[i], cell);
        else
            more_device(ui, bench, cell);
    }
    ui_scroll_end(ui);
    more_settings_line(ui, bench, line);
    Rect done = rect_cut_right(&buttons, 84, 0);
    Rect copy = rect_cut_left(&buttons, 84, 8), paste = rect_cut_left(&buttons, 84, 8);
    if (ui_button(ui, copy, tr("Copy"), 0)) settings_copy(ui, bench);
    ui_tooltip(ui, tr("Put the settings line on the clipboard (Ctrl+C in the window)"));
    if (ui_button(ui, paste, tr("Paste"), 0)) settings_paste(ui, bench);
    ui_tooltip(ui, tr("Fill in the form from the settings line on the clipboard (Ctrl+V in the "
                      "window)"));
    bool leave = ui_button(ui, done, tr("Done"), UI_PRIMARY);
    if (ui_dialog_end(ui) || leave) bench->dialog = DIALOG_NONE;
}
