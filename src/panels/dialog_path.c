// Open and save by path. What goes wrong is said in the dialog, which stays open.
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/export.h"
#include "panels/files.h"
#include "panels/teach.h"

#include <stdio.h>
#include <string.h>

// What stands in the way of writing there: a directory, or a file that nobody has agreed to replace
// (STATUS_CANCELLED, which is a question and no failure).
static Status dialog_may_write(PathDialogState *state, const char *path, const char *action) {
    if (file_is_directory(path))
        return status_error(STATUS_USAGE, "%s",
                            tr("This is a directory; add a name for the file."));
    if (!file_exists(path) || strcmp(state->overwrite, path) == 0) return status_ok();
    text_copy(state->overwrite, sizeof state->overwrite, path);
    return status_error(STATUS_CANCELLED,
                        tr("%.200s is there already. Press %s again to replace it."),
                        path_basename(path), action);
}

// ---- what each does with the path: its failure is shown by who calls, and nothing else done ----

static Status dialog_accept_open(Ui *ui, Workbench *bench) {
    (void)ui;
    char path[FILE_PATH_MAX];
    text_copy(path, sizeof path, bench->path.path);
    return bench_open(bench, path);
}

static Status dialog_accept_save(Ui *ui, Workbench *bench) {
    (void)ui;
    char path[FILE_PATH_MAX];
    bench_expand(bench->path.path, path);
    if (path_extension(path)[0] == '\0' && strlen(path) + 13 < sizeof path)
        strcat(path, ".safetensors");
    Status status = dialog_may_write(&bench->path, path, tr("Save"));
    return status_is_ok(&status) ? bench_save(bench, bench->save_id, path) : status;
}

static Status dialog_accept_import(Ui *ui, Workbench *bench) {
    (void)ui;
    char path[FILE_PATH_MAX];
    bench_expand(bench->path.path, path);
    return teach_import(bench, path);
}

static Status dialog_accept_export(Ui *ui, Workbench *bench) {
    (void)ui;
    char path[FILE_PATH_MAX];
    bench_expand(bench->path.path, path);
    Status status = dialog_may_write(&bench->path, path, tr("Export"));
    return status_is_ok(&status) ? teach_export(bench, path) : status;
}

static Status dialog_accept_export_runs(Ui *ui, Workbench *bench) {
    char path[FILE_PATH_MAX];
    Status status = status_ok();
    bench_expand(bench->path.path, path);
    if (!file_is_directory(path)) export_complete(bench, path);
    bool directory =
        export_is_directory(path) && export_kinds[bench->export_kind].ending[0] == '\0';
    if (!directory) status = dialog_may_write(&bench->path, path, tr("Export"));
    if (status_is_ok(&status)) status = export_runs(ui, bench, path);
    if (status_is_ok(&status)) bench_remember(bench, path);
    return status;
}

static const struct {
    const char *title, *action, *hint;
    Status (*accept)(Ui *, Workbench *);
    bool writes, opens;
} path_dialogs[DIALOG_COUNT] = {
    [DIALOG_OPEN] = {TR("Open"), TR("Open"),
                     TR("A model, a picture of a digit, strokes (.jsonl), or a directory with IDX "
                        "files."),
                     dialog_accept_open, false, true},
    [DIALOG_SAVE] = {TR("Save the network"), TR("Save"),
                     TR("Weights, layers, normalization and how it was trained, in one file: "
                        ".safetensors, .pth or .onnx, by its ending."),
                     dialog_accept_save, true, false},
    [DIALOG_IMPORT] = {TR("Import digits"), TR("Import"),
                       TR("Labelled strokes (.jsonl), or pictures of 28 x 28 with their labels: "
                          "NAME-images-idx3-ubyte."),
                       dialog_accept_import, false, false},
    [DIALOG_EXPORT] = {TR("Export my digits"), TR("Export"),
                       TR("As strokes: NAME.jsonl. As pictures: NAME.idx becomes "
                          "NAME-images-idx3-ubyte and NAME-labels-idx1-ubyte."),
                       dialog_accept_export, true, false},
    [DIALOG_EXPORT_RUNS] = {TR("Export the runs"), TR("Export"), NULL, dialog_accept_export_runs,
                            true, false},
};

// A directory without a data set is a place to go into.
static bool dialog_goes_into(PathDialogState *state) {
    size_t size = strlen(state->path);
    if (size == 0 || state->path[size - 1] == '/' || size + 1 >= sizeof state->path) return false;
    strcat(state->path, "/");
    return true;
}

void dialog_path(Ui *ui, Workbench *bench) {
    PathDialogState *state = &bench->path;
    DialogKind kind = bench->dialog;
    char before[FILE_PATH_MAX];
    text_copy(before, sizeof before, state->path);
    bench_list(bench);
    UiPathDialog dialog = {
        .title = tr(path_dialogs[kind].title),
        .action = tr(path_dialogs[kind].action),
        .cancel = tr("Cancel"),
        .hint = tr(kind == DIALOG_EXPORT_RUNS ? export_kinds[bench->export_kind].hint
                                              : path_dialogs[kind].hint),
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
    char path[FILE_PATH_MAX];
    bench_expand(state->path, path);
    bool directory = !path_dialogs[kind].writes && file_is_directory(path);
    bench->dialog = DIALOG_NONE; // what is opened may ask a question of its own
    Status status = directory && !path_dialogs[kind].opens
                        ? status_error(STATUS_NOT_FOUND, "%s is a directory", path)
                        : path_dialogs[kind].accept(ui, bench);
    if (status_is_ok(&status)) return;
    bench->dialog = kind;
    if (directory && status.code == STATUS_NOT_FOUND && dialog_goes_into(state)) return;
    if (status.code != STATUS_CANCELLED)
        log_write(&bench->hooks.logger, LOG_ERROR, "%s", status.message);
    text_copy(state->problem, sizeof state->problem, status.message);
}
