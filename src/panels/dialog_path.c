// Open and save by path. What goes wrong is said in the dialog, which stays open.
#include "panels/panels.h"

#include "panels/files.h"

#include <stdio.h>
#include <string.h>

static void dialog_accept_open(Workbench *bench) {
    PathDialogState *state = &bench->path;
    char path[FILE_PATH_MAX];
    text_copy(path, sizeof path, state->path);
    bench->dialog = DIALOG_NONE; // a data set may ask its own question
    Status status = bench_open(bench, path);
    if (status_is_ok(&status)) return;
    log_write(&bench->hooks.logger, LOG_ERROR, "%s", status.message);
    text_copy(state->problem, sizeof state->problem, status.message);
    bench->dialog = DIALOG_OPEN;
}

static void dialog_accept_save(Workbench *bench) {
    PathDialogState *state = &bench->path;
    char path[FILE_PATH_MAX];
    bench_expand(state->path, path);
    if (path_extension(path)[0] == '\0' && strlen(path) + 13 < sizeof path)
        strcat(path, ".safetensors");
    if (file_is_directory(path)) {
        text_copy(state->problem, sizeof state->problem,
                  "This is a directory; add a name for the file.");
        return;
    }
    if (file_exists(path) && strcmp(state->overwrite, path) != 0) {
        text_copy(state->overwrite, sizeof state->overwrite, path);
        snprintf(state->problem, sizeof state->problem,
                 "%.200s is there already. Press Save again to replace it.", path_basename(path));
        return;
    }
    Status status = bench_save(bench, bench->save_id, path);
    if (status_is_ok(&status)) {
        bench->dialog = DIALOG_NONE;
        return;
    }
    log_write(&bench->hooks.logger, LOG_ERROR, "%s", status.message);
    text_copy(state->problem, sizeof state->problem, status.message);
}

void dialog_path(Ui *ui, Workbench *bench) {
    PathDialogState *state = &bench->path;
    bool saving = bench->dialog == DIALOG_SAVE;
    char before[FILE_PATH_MAX];
    text_copy(before, sizeof before, state->path);
    bench_list(state);
    UiPathDialog dialog = {
        .title = saving ? "Save the network" : "Open",
        .action = saving ? "Save" : "Open",
        .cancel = "Cancel",
        .hint = saving ? "Weights, layers, normalization and how it was trained, in one "
                         ".safetensors file."
                       : "A model, a picture of a digit, strokes (.jsonl), or a directory with "
                         "IDX files.",
        .problem = state->problem,
        .entries = state->shown,
        .entry_count = state->shown_count,
    };
    int pressed = ui_path_dialog(ui, &dialog, state->path, sizeof state->path, &state->scroll);
    if (strcmp(before, state->path) != 0) {
        state->problem[0] = '\0';
        state->overwrite[0] = '\0';
    }
    if (pressed == UI_DIALOG_PENDING) return;
    if (pressed != 0) {
        bench->dialog = DIALOG_NONE;
        return;
    }
    // A directory without a data set is a place to go into.
    char path[FILE_PATH_MAX];
    bench_expand(state->path, path);
    DatasetPlace place;
    if (!saving && file_is_directory(path)) {
        Status status = dataset_look_in(path, &place);
        size_t size = strlen(state->path);
        if (status.code == STATUS_NOT_FOUND && size > 0 && state->path[size - 1] != '/' &&
            size + 1 < sizeof state->path) {
            strcat(state->path, "/");
            return;
        }
    }
    if (saving)
        dialog_accept_save(bench);
    else
        dialog_accept_open(bench);
}
