// What the next run is trained on: the menu of devices.
#include "panels/panels.h"

#include "base/tr.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DEVICE_W = 520, DEVICE_TEXT_W = DEVICE_W - 40, DEVICE_GAP = 10 };

// Where there is none of a kind, its row says what a device of that kind would be, and why not.
static float device_row_height(Ui *ui, const DeviceRow *row) {
    float height = THEME_CONTROL_H + DEVICE_GAP;
    if (row->problem[0])
        height += 4 + ui_paragraph_height(ui, DEVICE_TEXT_W, TEXT_SMALL, row->problem);
    return height;
}

static const char *device_label(const DeviceRow *row, char out[sizeof row->device.label]) {
    const char *label = row->device.label[0] ? row->device.label : tr(row->kind->what);
    text_copy(out, sizeof row->device.label, label);
    out[0] = (char)toupper((unsigned char)out[0]);
    return out;
}

static void device_row(Ui *ui, Workbench *bench, const DeviceRow *row, Rect rect) {
    char label[sizeof row->device.label];
    bool chosen = strcmp(row->device.name, bench->form.device) == 0;
    unsigned flags = (chosen ? UI_ON : 0) | (row->problem[0] ? UI_DISABLED : 0);
    if (ui_button(ui, rect_cut_top(&rect, THEME_CONTROL_H, 4), device_label(row, label), flags)) {
        workbench_set(bench, "device", row->device.name);
        bench->dialog = bench->dialog_before;
    }
    ui_tooltip(ui, row->device.name);
    if (row->problem[0])
        ui_paragraph(ui, rect, TEXT_SMALL, ui->theme->color.text_muted, row->problem);
}

void device_button(Ui *ui, Workbench *bench, Rect rect) {
    char label[64];
    snprintf(label, sizeof label, "%.40s\xe2\x80\xa6##device", bench->form.device);
    if (ui_button(ui, rect, label, 0)) dialog_open(bench, DIALOG_DEVICE);
    ui_tooltip(ui, tr("What the next run is trained on"));
}

void dialog_device(Ui *ui, Workbench *bench) {
    const ThemeColors *c = &ui->theme->color;
    const Devices *devices = &bench->devices;
    const char *hint =
        tr("What the next run is trained on. Runs that are going stay where they are.");
    int count = devices->finder.busy ? 0 : devices->row_count;
    float hint_h = ui_paragraph_height(ui, DEVICE_TEXT_W, TEXT_BODY, hint), rows = 0;
    for (int i = 0; i < count; i++) rows += device_row_height(ui, &devices->row[i]);
    if (count == 0) rows = 28;
    Rect inside;
    ui_dialog_begin(ui, tr("Device"), DEVICE_W, 76 + hint_h + 12 + rows + THEME_CONTROL_H, &inside);
    ui_paragraph(ui, rect_cut_top(&inside, hint_h, 12), TEXT_BODY, c->text_muted, hint);
    Rect buttons = rect_cut_bottom(&inside, THEME_CONTROL_H, 0);
    if (devices->finder.busy) {
        ui_progress(ui, rect_cut_top(&inside, 4, 6), -1);
        ui_text(ui, rect_cut_top(&inside, 18, 0), TEXT_SMALL, c->text_muted,
                tr("Looking for a GPU and its driver"));
    }
    for (int i = 0; i < count; i++) {
        ui_push_index(ui, i);
        device_row(ui, bench, &devices->row[i],
                   rect_cut_top(&inside, device_row_height(ui, &devices->row[i]), 0));
        ui_pop_id(ui);
    }
    bool leave = ui_button(ui, rect_cut_right(&buttons, 84, 0), tr("Cancel"), 0);
    if (ui_dialog_end(ui) || leave) bench->dialog = bench->dialog_before;
}
