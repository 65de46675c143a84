// The weights that runs start from where the form names a file: read by an errand.
#include "panels/workbench.h"

#include "base/tr.h"

#include <stdlib.h>
#include <string.h>

// So long what was read is what the file holds: the runs of a race begin with the same, and who was
// told to wait has time to read that and to ask again.
static const double INITIAL_SECONDS = 10;

typedef struct InitialReading {
    Errand errand;
    char path[FILE_PATH_MAX];
    SavedModel *model;
} InitialReading;

static Status initial_read(Errand *errand) {
    InitialReading *reading = (InitialReading *)errand;
    return format_read(reading->path, &reading->model);
}

static Status initial_take(Workbench *bench, Errand *errand) {
    InitialReading *reading = (InitialReading *)errand;
    InitialWeights *initial = &bench->initial;
    initial_forget(bench);
    text_copy(initial->path, sizeof initial->path, reading->path);
    initial->model = reading->model;
    initial->since = clock_seconds();
    reading->model = NULL;
    return errand->status;
}

static void initial_close(Errand *errand) {
    saved_model_close(&((InitialReading *)errand)->model);
    free(errand);
}

void initial_forget(Workbench *bench) {
    saved_model_close(&bench->initial.model);
}

static bool initial_is_there(const Workbench *bench, const char *path) {
    const InitialWeights *initial = &bench->initial;
    return initial->model && strcmp(initial->path, path) == 0 &&
           clock_seconds() - initial->since < INITIAL_SECONDS;
}

static Status initial_get(Workbench *bench, const char *path) {
    static const ErrandKind kind = {initial_read, initial_take, initial_close, ERRANDS_FILES};
    if (initial_is_there(bench, path)) return status_ok();
    InitialReading *reading = calloc(1, sizeof *reading);
    if (!reading) return status_no_memory("a model", sizeof *reading);
    reading->errand.kind = &kind;
    text_copy(reading->path, sizeof reading->path, path);
    Status status = errands_try(bench, &reading->errand);
    if (status_is_ok(&status) && !initial_is_there(bench, path))
        return status_error(STATUS_USAGE, TR("the weights to start from are still being read; "
                                             "training can start in a moment"));
    return status;
}

Status runs_initial(Workbench *bench, const TrainConfig *form, const SavedModel **out) {
    ModelSpec *spec = NULL;
    Status status = status_ok();
    *out = NULL;
    if (form->init_from[0] == '\0') return status;
    const ImageSet *train = &bench->dataset->train;
    Shape input = {(int)train->channels, (int)train->height, (int)train->width, false};
    spec = malloc(sizeof *spec);
    if (!spec) return status_no_memory("a network", sizeof *spec);
    char wanted[TRAIN_LAYERS_MAX], found[TRAIN_LAYERS_MAX];
    TRY(config_spec(form, input, (int)bench->dataset->classes, spec));
    TRY(initial_get(bench, form->init_from));
    const SavedModel *model = bench->initial.model;
    TRY(saved_model_check_layers(model, path_basename(form->init_from)));
    spec_print_layers(spec, wanted, sizeof wanted);
    spec_print_layers(&model->spec, found, sizeof found);
    if (strcmp(wanted, found) != 0)
        TRY(status_error(STATUS_USAGE,
                         TR("%s has other layers than the form asks for, so its weights cannot be "
                            "the start: choose the same model, or empty \"Start from\""),
                         path_basename(form->init_from)));
    *out = model;
fail:
    free(spec);
    return status;
}
