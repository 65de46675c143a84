// Which dialog is open, and the small ones: questions and the list of keys.
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/export.h"
#include "panels/files.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// ---- opening ------------------------------------------------------------------------------------

static void dialog_prepare_open(Workbench *bench) {
    PathDialogState *state = &bench->path;
    state->problem[0] = '\0';
    state->scroll = (UiScroll){0};
    state->listed[0] = '\0';
    snprintf(state->path, sizeof state->path, "%.1000s/",
             bench->prefs.directory[0] ? bench->prefs.directory : ".");
    if (strcmp(bench->prefs.directory, "/") == 0) text_copy(state->path, sizeof state->path, "/");
}

static void dialog_prepare_save(Workbench *bench) {
    PathDialogState *state = &bench->path;
    bench->save_id = bench_save_target(bench);
    state->problem[0] = '\0';
    state->overwrite[0] = '\0';
    state->scroll = (UiScroll){0};
    state->listed[0] = '\0';
    bench_suggest(bench, bench->save_id, state->path);
}

static void dialog_prepare_layers(Workbench *bench) {
    const Preset *preset = preset_find(bench->form.preset);
    const char *layers = bench->form.layers[0] ? bench->form.layers : preset ? preset->layers : "";
    text_copy(bench->layers_text, sizeof bench->layers_text, layers);
}

static void dialog_prepare_more(Workbench *bench) {
    settings_print(bench, bench->settings_text);
    bench->settings_problem[0] = '\0';
    bench->more_scroll = (UiScroll){0};
}

static void dialog_prepare_export(Workbench *bench) {
    dialog_prepare_open(bench);
    char directory[FILE_PATH_MAX];
    text_copy(directory, sizeof directory, bench->path.path);
    bench->path.overwrite[0] = '\0';
    snprintf(bench->path.path, sizeof bench->path.path, "%.1000smy-digits.jsonl", directory);
}

static void dialog_prepare_export_runs(Workbench *bench) {
    dialog_prepare_open(bench);
    bench->path.overwrite[0] = '\0';
    export_suggest(bench, bench->path.path);
}

void dialog_open(Workbench *bench, DialogKind kind) {
    static void (*const prepare[DIALOG_COUNT])(Workbench *) = {
        [DIALOG_OPEN] = dialog_prepare_open,
        [DIALOG_SAVE] = dialog_prepare_save,
        [DIALOG_LAYERS] = dialog_prepare_layers,
        [DIALOG_MORE] = dialog_prepare_more,
        [DIALOG_IMPORT] = dialog_prepare_open,
        [DIALOG_EXPORT] = dialog_prepare_export,
        [DIALOG_EXPORT_RUNS] = dialog_prepare_export_runs,
        [DIALOG_GUESS] = dialog_guess_prepare,
        [DIALOG_LESSONS] = lesson_list_read,
        [DIALOG_HISTORY] = history_view_open,
        [DIALOG_RACE] = dialog_race_prepare,
        [DIALOG_DEVICE] = devices_find,
    };
    bench->dialog_before = bench->dialog;
    bench->dialog = kind;
    if (prepare[kind]) prepare[kind](bench);
}

// ---- questions ----------------------------------------------------------------------------------

static void dialog_delete_run(Ui *ui, Workbench *bench) {
    const char *const buttons[] = {tr("Keep it"), tr("Delete"), tr("Save first\xe2\x80\xa6")};
    RunEntry *run = runs_find(bench, bench->delete_id);
    char text[256];
    if (!run) {
        bench->dialog = DIALOG_NONE;
        return;
    }
    snprintf(text, sizeof text,
             tr("The run \"%s\" is not saved. Deleting it throws its weights and its curves away."),
             run->name);
    int pressed = ui_message_dialog(ui, tr("Delete this run?"), text, buttons, 3);
    if (pressed == UI_DIALOG_PENDING) return;
    bench->dialog = DIALOG_NONE;
    if (pressed == 1) runs_remove(bench, run);
    if (pressed == 2) {
        runs_select(bench, run);
        dialog_open(bench, DIALOG_SAVE);
    }
}

static void dialog_change_data(Ui *ui, Workbench *bench) {
    const char *const buttons[] = {tr("Keep the data"), tr("Change it")};
    char text[FILE_PATH_MAX + 256];
    int unsaved = runs_unsaved(bench);
    snprintf(text, sizeof text,
             unsaved
                 ? tr("Another data set means that the runs go: their results would not compare. "
                      "Some of them are not saved.\n\n%.900s")
                 : tr("Another data set means that the runs go: their results would not "
                      "compare.\n\n%.900s"),
             bench->data_wanted);
    int pressed = ui_message_dialog(ui, tr("Change the data set?"), text, buttons, 2);
    if (pressed == UI_DIALOG_PENDING) return;
    bench->dialog = DIALOG_NONE;
    if (pressed == 1) {
        char wanted[FILE_PATH_MAX];
        text_copy(wanted, sizeof wanted, bench->data_wanted);
        workbench_load_data(bench, wanted);
    }
}

static void dialog_quit(Ui *ui, Workbench *bench) {
    const char *const buttons[] = {tr("Go back"), tr("Quit without saving")};
    char text[512];
    int count = runs_unsaved(bench);
    snprintf(text, sizeof text,
             tr_n("%d run is not saved. Its weights are lost when the program ends.",
                  "%d runs are not saved. Their weights are lost when the program ends.", count),
             count);
    int pressed = ui_message_dialog(ui, tr("Quit?"), text, buttons, 2);
    if (pressed == UI_DIALOG_PENDING) return;
    bench->dialog = DIALOG_NONE;
    if (pressed == 1) bench->want_quit = true;
}

// ---- keys ---------------------------------------------------------------------------------------

static const struct {
    const char *key, *what;
} dialog_key_rows[] = {
    {TR("Space"), TR("Train, pause, go on")},
    {"S", TR("Train one batch, then wait")},
    {"Shift+S", TR("Train one batch in slow motion (Space goes on)")},
    {"Z, Y", TR("Undo and redo on the canvas")},
    {"C, Esc", TR("Clear the canvas")},
    {TR("Wheel"), TR("Width of the brush")},
    {TR("Right button"), TR("Erase")},
    {"\xe2\x86\x90, \xe2\x86\x92", TR("Look at each digit of a number")},
    {TR("Alt+0 to 9"), TR("This is a 0 to 9: keep it in my digits")},
    {"G", TR("Saliency: which ink counts")},
    {TR("1 to 9"), TR("Views below the charts")},
    {"+, \xe2\x88\x92", TR("Size of everything")},
    {"B", TR("Big text, for the back row")},
    {"L", TR("Lessons")},
    {"PgUp, PgDn", TR("Page of the lesson")},
    {"Ctrl+O, Ctrl+S", TR("Open and save")},
    {"R", TR("Race: runs that differ in one thing")},
    {"H", TR("History of runs")},
    {"Ctrl+E", TR("Export the curves")},
    {"Ctrl+C, Ctrl+V", TR("Copy and paste the settings")},
    {"Ctrl+Q", TR("Quit")},
    {"Tab, Shift+Tab", TR("Go through the controls")},
    {TR("Drag on a chart"), TR("Zoom; double click shows all")},
};

void dialog_keys(Ui *ui, Workbench *bench) {
    const ThemeColors *c = &ui->theme->color;
    int count = (int)(sizeof dialog_key_rows / sizeof dialog_key_rows[0]);
    int rows = (count + 1) / 2;
    Rect inside;
    ui_dialog_begin(ui, tr("Keys"), 980, 84 + 24 * (float)rows, &inside);
    for (int i = 0; i < count; i++) {
        Rect column = rect_column(inside, 2, i / rows, 20);
        Rect row = {column.x, column.y + 24 * (float)(i % rows), column.w, 24};
        ui_text(ui, rect_cut_left(&row, 116, 8), TEXT_STRONG, c->text, tr(dialog_key_rows[i].key));
        ui_text(ui, row, TEXT_BODY, c->text_soft, tr(dialog_key_rows[i].what));
    }
    if (ui_dialog_end(ui)) bench->dialog = DIALOG_NONE;
}

void dialogs(Ui *ui, Workbench *bench) {
    static void (*const show[DIALOG_COUNT])(Ui *, Workbench *) = {
        [DIALOG_OPEN] = dialog_path,
        [DIALOG_SAVE] = dialog_path,
        [DIALOG_IMPORT] = dialog_path,
        [DIALOG_EXPORT] = dialog_path,
        [DIALOG_EXPORT_RUNS] = dialog_path,
        [DIALOG_LAYERS] = dialog_layers,
        [DIALOG_GUESS] = dialog_guess,
        [DIALOG_MORE] = dialog_more,
        [DIALOG_HISTORY] = dialog_history,
        [DIALOG_RACE] = dialog_race,
        [DIALOG_DEVICE] = dialog_device,
        [DIALOG_KEYS] = dialog_keys,
        [DIALOG_LESSONS] = dialog_lessons,
        [DIALOG_DELETE_RUN] = dialog_delete_run,
        [DIALOG_CHANGE_DATA] = dialog_change_data,
        [DIALOG_QUIT] = dialog_quit,
    };
    if (show[bench->dialog]) show[bench->dialog](ui, bench);
}
