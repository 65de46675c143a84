// Saving a network: the latest weights of a run, or a model that came from a file.
#include "panels/files.h"

#include "base/tr.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t bench_save_target(Workbench *bench) {
    RunEntry *run = runs_selected(bench);
    if (run && entry_has_progress(run)) return run->id;
    Source source = answer_source(bench);
    return source_id(&source);
}

// A model on its way out.
typedef struct FilesSaving {
    Errand errand;
    char path[FILE_PATH_MAX], name[RUN_NAME_MAX];
    SavedModel *made;        // of a run
    const SavedModel *model; // what is written; those of the window go by a later errand
    uint64_t run;            // 0: none
    long long images;        // how far it had come
} FilesSaving;

static Status files_write_model(Errand *errand) {
    const FilesSaving *saving = (const FilesSaving *)errand;
    return format_write(saving->path, saving->model);
}

static Status files_tell_saved(Workbench *bench, Errand *errand) {
    const FilesSaving *saving = (const FilesSaving *)errand;
    if (!status_is_ok(&errand->status)) return errand->status;
    initial_forget(bench); // perhaps it was that file
    RunEntry *run = runs_find(bench, saving->run);
    if (run) {
        text_copy(run->saved_as, sizeof run->saved_as, saving->path);
        run->saved_images = saving->images;
    }
    workbench_say(bench, NOTICE_SUCCESS, tr("%s saved as %s"), saving->name, saving->path);
    return errand->status;
}

static void files_close_saving(Errand *errand) {
    saved_model_close(&((FilesSaving *)errand)->made);
    free(errand);
}

Status bench_save(Workbench *bench, uint64_t id, const char *path) {
    static const ErrandKind kind = {files_write_model, files_tell_saved, files_close_saving,
                                    ERRANDS_FILES};
    const RunEntry *run = runs_find(bench, id);
    const ModelEntry *entry = bench_find_model(bench, id);
    if (!run && !entry)
        return status_error(STATUS_USAGE, TR("what was to be saved is gone; nothing was written"));
    FilesSaving *saving = calloc(1, sizeof *saving);
    if (!saving) return status_no_memory("a model", sizeof *saving);
    saving->errand.kind = &kind;
    text_copy(saving->path, sizeof saving->path, path);
    text_copy(saving->name, sizeof saving->name, run ? run->name : entry->name);
    if (run) {
        Status status = run_log_save_model(run->log, bench->dataset, &saving->made);
        if (!status_is_ok(&status)) {
            files_close_saving(&saving->errand);
            return status;
        }
        saving->run = id;
        saving->images = run->snapshot->images;
    }
    saving->model = saving->made ? saving->made : entry->model;
    bench_remember(bench, path);
    return errands_try(bench, &saving->errand);
}

void bench_suggest(Workbench *bench, uint64_t id, char out[FILE_PATH_MAX]) {
    RunEntry *run = runs_find(bench, id);
    ModelEntry *entry = bench_find_model(bench, id);
    char name[128] = "model";
    if (run) {
        const TrainConfig *config = &run->log->config;
        snprintf(name, sizeof name, "%s-%s", config->preset[0] ? config->preset : "custom",
                 run->name);
    } else if (entry) {
        snprintf(name, sizeof name, "%s", entry->name);
    }
    char *to = name; // "MLP + batch norm" -> "mlp-batch-norm"
    for (const char *c = name; *c; c++)
        if (isalnum((unsigned char)*c))
            *to++ = (char)tolower((unsigned char)*c);
        else if (to > name && to[-1] != '-')
            *to++ = '-';
    if (to > name && to[-1] == '-') to--;
    *to = '\0';
    if (!name[0]) text_copy(name, sizeof name, "model"); // of other letters
    char file[160];
    snprintf(file, sizeof file, "%s.safetensors", name);
    if (!path_join(out, bench->prefs.directory, file)) text_copy(out, FILE_PATH_MAX, file);
    if (run && run->saved_as[0]) text_copy(out, FILE_PATH_MAX, run->saved_as);
}
