// The training form: which network, how it learns, and the buttons that start, pause and stop it.
#include "panels/panels.h"

#include "base/tr.h"

#include <math.h>
#include <string.h>

enum {
    FORM_CAPTION_H = 18,
    FORM_ROW_H = FORM_CAPTION_H + THEME_CONTROL_H,
    FORM_FIELDS = 8,
};

// In reading order. `wide`: in one row; `row`: of two rows in a narrow window.
static const struct FormField {
    const char *option; // NULL: the button "More..."
    float wide;
    int row;
    WindowPart part;
} form_fields[FORM_FIELDS] = {
    {"preset", 148, 0, PART_PRESET},
    {"optimizer", 134, 0, PART_OPTIMIZER},
    {"lr", 76, 0, PART_LR},
    {"schedule", 96, 0, PART_SCHEDULE},
    {"batch-size", 50, 1, PART_BATCH_SIZE},
    {"epochs", 50, 1, PART_EPOCHS},
    {"augment", 88, 0, PART_AUGMENT},
    {NULL, 62, 1, PART_MORE},
};

// ---- the model ----------------------------------------------------------------------------------

static void form_model(Ui *ui, Workbench *bench, Rect rect) {
    const char *items[16];
    int count = 0, selected = -1;
    for (; count < preset_count && count < 14; count++) {
        items[count] = presets[count].label;
        if (strcmp(presets[count].name, bench->form.preset) == 0 && !bench->form.layers[0])
            selected = count;
    }
    items[count] = tr("Custom layers\xe2\x80\xa6");
    if (selected < 0) selected = count;
    int before = selected;
    RunEntry *run = runs_selected(bench);
    unsigned flags = run && entry_is_active(run) ? UI_RESETS : 0;
    bool changed = ui_dropdown(ui, rect, "Model", items, count + 1, &selected, flags);
    ui_tooltip(ui, before < count ? presets[before].what : bench->form.layers);
    if (!changed) return;
    if (selected == count)
        dialog_open(bench, DIALOG_LAYERS);
    else
        workbench_set(bench, "preset", presets[selected].name);
}

static void form_field(Ui *ui, Workbench *bench, int index, Rect box) {
    const struct FormField *field = &form_fields[index];
    Rect caption = rect_cut_top(&box, FORM_CAPTION_H, 0);
    if (!field->option) {
        if (ui_button(ui, box, tr("More\xe2\x80\xa6"), 0)) dialog_open(bench, DIALOG_MORE);
        ui_tooltip(ui, tr("Everything else: seed, momentum, normalization, the settings line"));
        return;
    }
    const TrainOption *option = config_option(field->option);
    caption.h -= 3;
    ui_caption(ui, caption, tr(option->label));
    if (strcmp(field->option, "preset") == 0)
        form_model(ui, bench, box);
    else
        option_control(ui, bench, option, box);
}

// Stands in that row (any: row < 0) and is shown.
static bool form_has(const Workbench *bench, int index, int row) {
    return (row < 0 || form_fields[index].row == row) &&
           part_is_shown(bench, form_fields[index].part);
}

// *flexible: of that, what may be wider.
static float form_needed(const Workbench *bench, int row, float *flexible) {
    float needed = 0;
    *flexible = 0;
    for (int i = 0; i < FORM_FIELDS; i++)
        if (form_has(bench, i, row)) {
            needed += form_fields[i].wide + THEME_GAP_SMALL;
            *flexible += form_fields[i].wide >= 88 ? form_fields[i].wide : 0;
        }
    return needed;
}

// The fields of one row (all of them: row < 0), spread over the width; what is left goes to the
// drop-downs.
static void form_fields_row(Ui *ui, Workbench *bench, Rect rect, int row, float spread) {
    float flexible, needed = form_needed(bench, row, &flexible);
    float extra = fmaxf(0, rect.w - needed + THEME_GAP_SMALL);
    if (extra > flexible * spread) extra = flexible * spread;
    for (int i = 0; i < FORM_FIELDS; i++) {
        float width = form_fields[i].wide;
        if (!form_has(bench, i, row)) continue;
        if (width >= 88 && flexible > 0) width = floorf(width * (1 + extra / flexible));
        form_field(ui, bench, i, rect_cut_left(&rect, width, THEME_GAP_SMALL));
    }
}

// ---- the buttons --------------------------------------------------------------------------------

void training_toggle(Ui *ui, Workbench *bench) {
    (void)ui;
    if (runs_any(bench, RUN_TRAINING) || runs_any(bench, RUN_WAITING))
        runs_pause(bench);
    else if (runs_any(bench, RUN_PAUSED))
        runs_resume(bench);
    else
        workbench_check(bench, runs_start(bench, false));
}

static void form_buttons(Ui *ui, Workbench *bench, Rect row) {
    bool going = runs_any(bench, RUN_TRAINING) || runs_any(bench, RUN_WAITING);
    bool paused = runs_any(bench, RUN_PAUSED);
    bool ready = bench->dataset && bench->trainer;
    rect_cut_top(&row, FORM_CAPTION_H, 0);
    Rect stop = rect_cut_right(&row, 54, THEME_GAP_SMALL);
    Rect step = rect_cut_right(&row, 54, THEME_GAP_SMALL);
    Rect train = rect_cut_right(&row, 72, 0);
    const char *label = going    ? tr("Pause##train")
                        : paused ? tr("Resume##train")
                                 : tr("Train##train");
    // One name for all three, so that the focus stays where it is.
    ui_push_id(ui, "run");
    if (ui_button(ui, train, label, UI_PRIMARY | (ready ? 0 : UI_DISABLED)))
        training_toggle(ui, bench);
    ui_tooltip(ui, !bench->dataset   ? tr("Training can start when the data is there.")
                   : !bench->trainer ? tr("Training can start when the device is there.")
                   : going           ? tr("Hold everything that trains (Space)")
                   : paused          ? tr("Go on (Space)")
                                     : tr("Start a new run with these settings (Space).\n"
                                                   "The runs below keep their weights and curves."));
    if (ui_button(ui, step, tr("Step"), ready && !going ? 0 : UI_DISABLED)) runs_step(bench);
    ui_tooltip(ui, tr("Train one batch, then wait (S).\nShift+S shows it in slow motion."));
    if (ui_button(ui, stop, tr("Stop"), going || paused ? 0 : UI_DISABLED)) runs_stop(bench);
    ui_tooltip(ui, tr("End what trains; its weights and curves stay"));
    ui_pop_id(ui);
}

float panel_form(Ui *ui, Workbench *bench, Rect rect, bool draw) {
    float buttons = 72 + 54 + 54 + 2 * THEME_GAP_SMALL;
    float flexible, needed = form_needed(bench, -1, &flexible);
    // Room for everything in one row?
    bool wide = rect.w >= needed - THEME_GAP_SMALL + 14 + buttons;
    float height = wide ? FORM_ROW_H : 2 * FORM_ROW_H + THEME_GAP_SMALL;
    if (!draw) return height;
    if (wide) {
        Rect row = rect_cut_top(&rect, FORM_ROW_H, 0);
        Rect right = rect_cut_right(&row, buttons, 14);
        form_fields_row(ui, bench, row, -1, 0.4f);
        form_buttons(ui, bench, right);
        return height;
    }
    Rect first = rect_cut_top(&rect, FORM_ROW_H, THEME_GAP_SMALL);
    Rect second = rect_cut_top(&rect, FORM_ROW_H, 0);
    form_fields_row(ui, bench, first, 0, 1);
    Rect right = rect_cut_right(&second, buttons, 14);
    form_fields_row(ui, bench, second, 1, 0);
    form_buttons(ui, bench, right);
    return height;
}
