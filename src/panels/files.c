// Opening and saving, by what a file holds.
#include "panels/files.h"

#include "base/tr.h"
#include "ink/strokes_file.h"
#include "panels/words.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// ---- opening ------------------------------------------------------------------------------------

void bench_remember(Workbench *bench, const char *path) {
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

static void files_forget_model(Workbench *bench, int index) {
    if (bench->pin == bench->models[index].id) bench->pin = 0;
    if (bench->answer.of == bench->models[index].id) answer_close(&bench->answer);
    saved_model_close(&bench->models[index].model);
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

// So long a frame may wait for a file: nearly all are there by then, and what is wrong with one can
// be said where it was asked for.
#define OPEN_PATIENCE 0.03

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
    saved_model_close(&entry->model);
    entry->model = model;
    entry->report = *report;
    entry->id = bench->next_id++; // what was worked out about the old one does not hold
    if (bench->pin == old) bench->pin = entry->id;
    if (bench->save_id == old) bench->save_id = entry->id;
    files_model_name(model, entry->path, entry->name);
}

static Status files_take_opened(Workbench *bench) {
    GuessResult result;
    if (!guesser_take(&bench->opener, &result)) return status_ok();
    if (!status_is_ok(&result.status)) return result.status;
    const char *path = bench->opener.wish.path;
    Status status = bench_add_model(bench, result.model, path, false, false);
    ModelEntry *entry = files_model_of(bench, path);
    if (!status_is_ok(&status) || !entry) return status;
    // What the file does not say is the most usual for now, and found out on real images meanwhile.
    entry->report = result.report;
    entry->foreign = entry->untried = !result.report.exact;
    return status;
}

static Status files_start_opening(Workbench *bench, const char *path) {
    GuessWish *wish = calloc(1, sizeof *wish);
    if (!wish) return status_no_memory("a model", sizeof *wish);
    text_copy(wish->path, sizeof wish->path, path);
    Status status = guesser_start(&bench->opener, wish, files_wake, bench);
    free(wish);
    if (!status_is_ok(&status) || !guesser_wait(&bench->opener, OPEN_PATIENCE)) return status;
    return files_take_opened(bench);
}

static Status files_open_model(Workbench *bench, const char *path) {
    if (!bench->opener.busy) return files_start_opening(bench, path);
    if (bench->open_count == OPEN_QUEUE_MAX)
        return status_error(STATUS_USAGE, TR("%s: %d files are waiting to be opened already"), path,
                            OPEN_QUEUE_MAX);
    text_copy(bench->open_queue[bench->open_count++], FILE_PATH_MAX, path);
    return status_ok();
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

static void files_take_guess(Workbench *bench) {
    GuessResult result;
    if (!guesser_take(&bench->guesser, &result)) return;
    // Closed or decided otherwise meanwhile: then nobody wants to know.
    const char *path = bench->guesser.wish.path;
    ModelEntry *entry = files_model_of(bench, path);
    if (!entry || !entry->foreign || !workbench_check(bench, result.status)) {
        saved_model_close(&result.model);
        return;
    }
    bench_replace_model(bench, entry, result.model, &result.report);
    workbench_say(bench, result.report.sure == INFER_POOR ? NOTICE_WARNING : NOTICE_INFO, "%s: %s",
                  path_basename(path), result.report.sentence);
}

void bench_take_models(Workbench *bench) {
    if (bench->opener.busy) workbench_check(bench, files_take_opened(bench));
    if (!bench->opener.busy && bench->open_count > 0) {
        char path[FILE_PATH_MAX];
        text_copy(path, sizeof path, bench->open_queue[0]);
        bench->open_count--;
        memmove(bench->open_queue[0], bench->open_queue[1],
                (size_t)bench->open_count * sizeof bench->open_queue[0]);
        workbench_check(bench, files_start_opening(bench, path));
    }
    files_start_guess(bench);
    files_take_guess(bench);
}

void bench_stop_guessing(Workbench *bench) {
    ModelEntry *entry =
        bench->guesser.busy ? files_model_of(bench, bench->guesser.wish.path) : NULL;
    if (entry) entry->untried = true;
    guesser_close(&bench->guesser);
    guesser_close(&bench->guess.guesser);
    saved_model_close(&bench->guess.tried.model);
    if (bench->dialog == DIALOG_GUESS) bench->dialog = DIALOG_NONE;
}

static Status files_open_picture(Workbench *bench, const char *path) {
    GreyPicture picture = {0};
    if (!bench->hooks.read_picture)
        return status_error(STATUS_UNSUPPORTED, TR("%s: this build cannot read pictures"), path);
    Status status = bench->hooks.read_picture(path, &picture);
    if (status_is_ok(&status))
        status = ink_state_show(&bench->ink, picture.pixels, picture.width, picture.height, false,
                                path_basename(path));
    free(picture.pixels);
    return status;
}

static Status files_open_strokes(Workbench *bench, const char *path) {
    StrokesReader *reader = NULL;
    Drawing drawing = {0};
    StrokesLine line;
    bool more = false;
    Status status;
    TRY(strokes_reader_open(&reader, path));
    TRY(strokes_reader_next(reader, bench->ink.brush, &drawing, &line, &more));
    if (!more) TRY(status_error(STATUS_FORMAT, TR("%s holds no drawing"), path));
    TRY(ink_state_clear(&bench->ink));
    for (size_t s = drawing_first(&drawing); s < drawing.live; s++) {
        const Stroke *stroke = &drawing.strokes[s];
        TRY(drawing_begin(&bench->ink.drawing, stroke->kind, stroke->radius));
        for (uint32_t i = 0; i < stroke->count; i++) {
            InkPoint p = drawing.points[stroke->first + i];
            TRY(drawing_add(&bench->ink.drawing, p.x, p.y, p.pressure));
        }
        drawing_end(&bench->ink.drawing);
    }
fail:
    drawing_end(&bench->ink.drawing);
    drawing_close(&drawing);
    strokes_reader_close(&reader);
    return status;
}

static Status files_open_directory(Workbench *bench, const char *path) {
    DatasetPlace place;
    Status status = dataset_look_in(path, &place);
    if (!status_is_ok(&status)) return status;
    if (bench->runs.count > 0) {
        text_copy(bench->data_wanted, sizeof bench->data_wanted, path);
        bench->dialog = DIALOG_CHANGE_DATA;
    } else {
        workbench_load_data(bench, path);
    }
    return status;
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
        status = files_open_picture(bench, path);
    else if (files_ends(path, lessons))
        status = lesson_begin(bench, path);
    else if (files_ends(path, strokes))
        status = files_open_strokes(bench, path);
    else
        status = files_open_model(bench, path);
    if (status_is_ok(&status)) bench_remember(bench, path);
    return status;
}

// ---- saving -------------------------------------------------------------------------------------

uint64_t bench_save_target(Workbench *bench) {
    RunEntry *run = runs_selected(bench);
    if (run && entry_has_progress(run)) return run->id;
    Source source = answer_source(bench);
    return source_id(&source);
}

Status bench_save(Workbench *bench, uint64_t id, const char *path) {
    RunEntry *run = runs_find(bench, id);
    ModelEntry *entry = bench_find_model(bench, id);
    SavedModel *made = NULL;
    Status status;
    if (!run && !entry)
        return status_error(STATUS_USAGE, TR("what was to be saved is gone; nothing was written"));
    if (run) TRY(run_log_save_model(run->log, bench->dataset, &made));
    TRY(format_write(path, made ? made : entry->model));
    if (run) {
        text_copy(run->saved_as, sizeof run->saved_as, path);
        run->saved_images = run->snapshot->images;
    }
    bench_remember(bench, path);
    workbench_say(bench, NOTICE_SUCCESS, tr("%s saved as %s"), run ? run->name : entry->name, path);
fail:
    saved_model_close(&made);
    return status;
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
    for (char *c = name; *c; c++)
        *c = isalnum((unsigned char)*c) || *c == '-' ? (char)tolower((unsigned char)*c) : '-';
    char file[160];
    snprintf(file, sizeof file, "%s.safetensors", name);
    if (!path_join(out, bench->prefs.directory, file)) text_copy(out, FILE_PATH_MAX, file);
    if (run && run->saved_as[0]) text_copy(out, FILE_PATH_MAX, run->saved_as);
}

// ---- paths --------------------------------------------------------------------------------------

void bench_expand(const char *path, char out[FILE_PATH_MAX]) {
    const char *home = getenv("HOME");
    if (path[0] == '~' && (path[1] == '/' || path[1] == '\0') && home)
        snprintf(out, FILE_PATH_MAX, "%s%s", home, path + 1);
    else
        text_copy(out, FILE_PATH_MAX, path);
}

void bench_list_close(PathDialogState *state) {
    for (int i = 0; i < state->name_count; i++) free(state->names[i]);
    state->name_count = state->shown_count = 0;
    state->listed[0] = '\0';
    state->filter[0] = '\0';
}

static int files_compare(const void *a, const void *b) {
    const char *const *x = a, *const *y = b;
    bool xd = (*x)[strlen(*x) - 1] == '/', yd = (*y)[strlen(*y) - 1] == '/';
    if (xd != yd) return xd ? -1 : 1;
    return strcasecmp(*x, *y);
}

static void files_read_directory(PathDialogState *state, const char *directory) {
    bench_list_close(state);
    text_copy(state->listed, sizeof state->listed, directory);
    DIR *dir = opendir(directory);
    if (!dir) return; // what is typed may be on its way to a directory that is there
    for (struct dirent *entry; state->name_count < PATH_ENTRIES_MAX && (entry = readdir(dir));) {
        char full[FILE_PATH_MAX];
        size_t size = strlen(entry->d_name);
        if (entry->d_name[0] == '.' || size > 250 || !text_is_utf8(entry->d_name, size)) continue;
        if (!path_join(full, directory, entry->d_name)) continue;
        char *name = malloc(size + 2);
        if (!name) break;
        memcpy(name, entry->d_name, size + 1);
        if (file_is_directory(full)) memcpy(name + size, "/", 2);
        state->names[state->name_count++] = name;
    }
    closedir(dir);
    qsort(state->names, (size_t)state->name_count, sizeof *state->names, files_compare);
}

void bench_list(PathDialogState *state) {
    char path[FILE_PATH_MAX], directory[FILE_PATH_MAX];
    bench_expand(state->path, path);
    const char *name = path_basename(path);
    size_t size = (size_t)(name - path);
    memcpy(directory, path, size);
    directory[size] = '\0';
    if (size == 0) text_copy(directory, sizeof directory, ".");
    bool fresh = strcmp(directory, state->listed) != 0;
    if (fresh) files_read_directory(state, directory);
    if (!fresh && strcmp(name, state->filter) == 0 && state->shown_count > 0) return;
    text_copy(state->filter, sizeof state->filter, name);
    // What begins like the name typed; all of it while nothing does.
    state->shown_count = 0;
    for (int i = 0; i < state->name_count; i++)
        if (strncasecmp(state->names[i], name, strlen(name)) == 0)
            state->shown[state->shown_count++] = state->names[i];
    if (state->shown_count == 0)
        for (int i = 0; i < state->name_count; i++)
            state->shown[state->shown_count++] = state->names[i];
}
