// Opening, by what a file holds. What goes to the canvas is files_ink.c, saving is files_save.c.
#include "panels/files.h"

#include "base/tr.h"
#include "panels/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

// ---- opening ------------------------------------------------------------------------------------

void bench_remember(Workbench *bench, const char *path) {
    char here[FILE_PATH_MAX], whole[FILE_PATH_MAX];
    // It is kept for the next time, when the program may be started elsewhere.
    if (path[0] != '/' && getcwd(here, sizeof here) && path_join(whole, here, path)) path = whole;
    const char *name = path_basename(path);
    size_t size = (size_t)(name - path);
    if (size > 1) size--; // without the slash
    if (size > 0 && size < sizeof bench->prefs.directory) {
        memcpy(bench->prefs.directory, path, size);
        bench->prefs.directory[size] = '\0';
    }
}

// The name of a network for people: what its file says, or the preset's.
static void files_model_name(const SavedModel *model, const char *path, char out[RUN_NAME_MAX]) {
    const Preset *preset = preset_find(model->spec.name);
    if (preset)
        text_copy(out, RUN_NAME_MAX, preset->label);
    else if (model->spec.name[0] && strcmp(model->spec.name, "custom") != 0)
        text_copy(out, RUN_NAME_MAX, model->spec.name);
    else
        snprintf(out, RUN_NAME_MAX, "%.*s", (int)strcspn(path_basename(path), "."),
                 path_basename(path));
}

typedef struct FilesClosing {
    Errand errand;
    SavedModel *model;
} FilesClosing;

static Status files_drop_model(Errand *errand) {
    saved_model_close(&((FilesClosing *)errand)->model);
    return status_ok();
}

static void files_close_closing(Errand *errand) {
    free(errand);
}

// After what has been asked for: that may be to write it.
static void files_give_up_model(Workbench *bench, SavedModel **model) {
    static const ErrandKind kind = {files_drop_model, NULL, files_close_closing, ERRANDS_FILES};
    examiner_forget(&bench->examiner, *model);
    examiner_forget(&bench->tune.examiner, *model);
    FilesClosing *closing =
        errands_are_busy(bench, ERRANDS_FILES) ? calloc(1, sizeof *closing) : NULL;
    if (!closing) {
        errands_wait(bench, ERRANDS_FILES);
        saved_model_close(model);
        return;
    }
    closing->errand.kind = &kind;
    closing->model = *model;
    *model = NULL;
    errands_send(bench, &closing->errand);
}

static void files_forget_model(Workbench *bench, int index) {
    if (bench->pin == bench->models[index].id) bench->pin = 0;
    if (bench->answer.of == bench->models[index].id) bench->answer.of = 0;
    files_give_up_model(bench, &bench->models[index].model);
    bench->model_count--;
    for (int i = index; i < bench->model_count; i++) bench->models[i] = bench->models[i + 1];
}

Status bench_add_model(Workbench *bench, SavedModel *model, const char *path, bool shipped,
                       bool quiet) {
    // The same file again replaces what was read before; when the list is full, the oldest goes
    // (it is on the disk).
    for (int i = 0; i < bench->model_count; i++)
        if (strcmp(bench->models[i].path, path) == 0) files_forget_model(bench, i--);
    int oldest = 0;
    while (oldest < bench->model_count - 1 && bench->models[oldest].shipped) oldest++;
    if (bench->model_count == MODELS_MAX) files_forget_model(bench, oldest);
    ModelEntry *entry = &bench->models[bench->model_count++];
    memset(entry, 0, sizeof *entry);
    entry->id = bench->next_id++;
    entry->model = model;
    entry->shipped = shipped;
    text_copy(entry->path, sizeof entry->path, path);
    files_model_name(model, path, entry->name);
    if (!shipped) {
        bench->pin = entry->id;
        bench->pin_soft = true;
    }
    if (!quiet) {
        char count[WORD_MAX];
        word_count(count, (double)model->plan.parameters);
        workbench_say(bench, NOTICE_SUCCESS, tr("%s: %s, %s parameters, answers now"),
                      path_basename(path), entry->name, count);
    }
    return status_ok();
}

// ---- models from files --------------------------------------------------------------------------

static void files_wake(void *context) {
    Workbench *bench = context;
    if (bench->hooks.wake) bench->hooks.wake(bench->hooks.context);
}

ModelEntry *bench_find_model(Workbench *bench, uint64_t id) {
    for (int i = 0; i < bench->model_count; i++)
        if (bench->models[i].id == id) return &bench->models[i];
    return NULL;
}

static ModelEntry *files_model_of(Workbench *bench, const char *path) {
    for (int i = 0; i < bench->model_count; i++)
        if (strcmp(bench->models[i].path, path) == 0) return &bench->models[i];
    return NULL;
}

void bench_replace_model(Workbench *bench, ModelEntry *entry, SavedModel *model,
                         const InferReport *report) {
    uint64_t old = entry->id;
    files_give_up_model(bench, &entry->model);
    entry->model = model;
    entry->report = *report;
    entry->id = bench->next_id++; // what was worked out about the old one does not hold
    if (bench->pin == old) bench->pin = entry->id;
    if (bench->save_id == old) bench->save_id = entry->id;
    files_model_name(model, entry->path, entry->name);
}

// A model file on its way in.
typedef struct FilesModel {
    Errand errand;
    char path[FILE_PATH_MAX];
    SavedModel *model;
    InferReport report;
} FilesModel;

static Status files_read_model(Errand *errand) {
    FilesModel *file = (FilesModel *)errand;
    const InferOptions options = {0};
    return format_open(file->path, &options, &file->model, &file->report);
}

static Status files_take_model(Workbench *bench, Errand *errand) {
    FilesModel *file = (FilesModel *)errand;
    bench->opening--;
    if (!status_is_ok(&errand->status)) return errand->status;
    Status status = bench_add_model(bench, file->model, file->path, false, false);
    file->model = NULL;
    ModelEntry *entry = files_model_of(bench, file->path);
    if (!status_is_ok(&status) || !entry) return status;
    // What the file does not say is the most usual for now, and found out on real images meanwhile.
    entry->report = file->report;
    entry->foreign = entry->untried = !file->report.exact;
    return status;
}

static void files_close_model(Errand *errand) {
    saved_model_close(&((FilesModel *)errand)->model);
    free(errand);
}

static Status files_open_model(Workbench *bench, const char *path) {
    static const ErrandKind kind = {files_read_model, files_take_model, files_close_model,
                                    ERRANDS_FILES};
    FilesModel *file = calloc(1, sizeof *file);
    if (!file) return status_no_memory("a model", sizeof *file);
    file->errand.kind = &kind;
    text_copy(file->path, sizeof file->path, path);
    text_copy(bench->opening_path, sizeof bench->opening_path, path);
    bench->opening++;
    return errands_try(bench, &file->errand);
}

// Synthetic digits favour the wrong candidates: without real images the usual one stays.
static void files_start_guess(Workbench *bench) {
    if (bench->guesser.busy || !bench->dataset) return;
    for (int i = bench->model_count - 1; i >= 0; i--) {
        ModelEntry *entry = &bench->models[i];
        if (!entry->untried) continue;
        entry->untried = false;
        if (bench->dataset->synthetic) continue;
        GuessWish *wish = calloc(1, sizeof *wish);
        if (!wish) return;
        wish->dataset = bench->dataset;
        wish->guess = true;
        text_copy(wish->path, sizeof wish->path, entry->path);
        workbench_check(bench, guesser_start(&bench->guesser, wish, files_wake, bench));
        free(wish);
        return;
    }
}

// Shortly: all of it is in the log, and in the dialog of "Change...".
static void files_tell_guess(Workbench *bench, const char *path, const InferReport *report) {
    char text[UI_TOAST_TEXT];
    const char *name = path_basename(path);
    if (report->sure == INFER_POOR || report->tried == 0) {
        workbench_say(bench, report->sure == INFER_POOR ? NOTICE_WARNING : NOTICE_INFO, "%s: %s",
                      name, report->sentence);
        return;
    }
    log_write(&bench->hooks.logger, LOG_INFO, "%s: %s", name, report->sentence);
    int used = snprintf(text, sizeof text,
                        report->sure == INFER_UNSURE
                            ? tr("%.80s: %.100s, right on %.2f %% of training images. Other "
                                 "choices do as well; \"Change\xe2\x80\xa6\" shows them.")
                            : tr("%.80s: %.100s, right on %.2f %% of training images. "
                                 "\"Change\xe2\x80\xa6\" shows what was guessed."),
                        name, report->recognised, 100 * report->best.accuracy);
    if (report->note[0] && used > 0 && (size_t)used < sizeof text)
        snprintf(text + used, sizeof text - (size_t)used, " %s", report->note);
    ui_toast_add(&bench->toasts, NOTICE_INFO, text);
}

static void files_take_guess(Workbench *bench) {
    GuessResult result;
    if (!bench->dataset || !guesser_take(&bench->guesser, &result)) return;
    // Closed or decided otherwise meanwhile: then nobody wants to know.
    const char *path = bench->guesser.wish.path;
    ModelEntry *entry = files_model_of(bench, path);
    if (!entry || !entry->foreign || !workbench_check(bench, result.status)) {
        saved_model_close(&result.model);
        return;
    }
    bench_replace_model(bench, entry, result.model, &result.report);
    files_tell_guess(bench, path, &result.report);
}

void bench_take_models(Workbench *bench) {
    if (bench->dialog != DIALOG_GUESS) guesser_give_up(&bench->guess.guesser);
    files_start_guess(bench);
    files_take_guess(bench);
}

void bench_stop_guessing(Workbench *bench) {
    ModelEntry *entry =
        bench->guesser.busy ? files_model_of(bench, bench->guesser.wish.path) : NULL;
    if (entry) entry->untried = true;
    guesser_give_up(&bench->guesser);
    guesser_give_up(&bench->guess.guesser);
    saved_model_close(&bench->guess.tried.model);
    if (bench->dialog == DIALOG_GUESS) bench->dialog = DIALOG_NONE;
}

// ---- anything -----------------------------------------------------------------------------------

// A directory that may hold a data set.
typedef struct FilesData {
    Errand errand;
    char path[FILE_PATH_MAX];
} FilesData;

static Status files_look_in(Errand *errand) {
    DatasetPlace place;
    return dataset_look_in(((FilesData *)errand)->path, &place);
}

static Status files_take_data(Workbench *bench, Errand *errand) {
    const char *path = ((FilesData *)errand)->path;
    if (!status_is_ok(&errand->status)) return errand->status;
    if (bench->runs.count > 0) {
        text_copy(bench->data_wanted, sizeof bench->data_wanted, path);
        bench->dialog = DIALOG_CHANGE_DATA;
    } else {
        workbench_load_data(bench, path);
    }
    return errand->status;
}

static void files_close_data(Errand *errand) {
    free(errand);
}

static Status files_open_directory(Workbench *bench, const char *path) {
    static const ErrandKind kind = {files_look_in, files_take_data, files_close_data,
                                    ERRANDS_FILES};
    FilesData *data = calloc(1, sizeof *data);
    if (!data) return status_no_memory("a data set", sizeof *data);
    data->errand.kind = &kind;
    text_copy(data->path, sizeof data->path, path);
    return errands_try(bench, &data->errand);
}

static bool files_ends(const char *path, const char *const *endings) {
    const char *ending = path_extension(path);
    for (int i = 0; endings[i]; i++)
        if (strcasecmp(ending, endings[i]) == 0) return true;
    return false;
}

Status bench_open(Workbench *bench, const char *given) {
    static const char *const pictures[] = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", NULL};
    static const char *const strokes[] = {".jsonl", ".ndjson", NULL};
    static const char *const lessons[] = {".lesson", NULL};
    char path[FILE_PATH_MAX];
    Status status;
    bench_expand(given, path);
    if (file_is_directory(path))
        status = files_open_directory(bench, path);
    else if (!file_exists(path))
        status = status_error(STATUS_NOT_FOUND, TR("there is no file %s"), path);
    else if (file_is_special(path))
        status = status_error(STATUS_IO, TR("%s is a device or a pipe, not a file"), path);
    else if (files_ends(path, pictures))
        status = bench_open_picture(bench, path);
    else if (files_ends(path, lessons))
        status = lesson_begin(bench, path);
    else if (files_ends(path, strokes))
        status = bench_open_strokes(bench, path);
    else
        status = files_open_model(bench, path);
    if (status_is_ok(&status)) bench_remember(bench, path);
    return status;
}
