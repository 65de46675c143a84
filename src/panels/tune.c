// Fine-tuning: a short run from the weights of the network that answers, on training images mixed
// with my digits, and what it did to both.
#include "panels/teach.h"

#include "base/check.h"
#include "base/tr.h"
#include "panels/files.h"
#include "panels/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TUNE_IMAGES = 19200, // 300 batches of 64
    TUNE_SHARE = 4,      // at most one of so many is one of mine
    TUNE_REPEAT = 40,    // and each of mine is there at most so often
    TUNE_BATCH = 64,
    TUNE_OTHERS = 1920, // pictures of no digit, for a network that knows what none is
};
static const char *const tune_settings[][2] = {
    {"optimizer", "adam"}, {"lr", "0.0002"},       {"schedule", "constant"}, {"augment", "light"},
    {"batch-size", "64"},  {"warmup-epochs", "0"}, {"epochs", "1"},          {"shuffle", "true"},
};

// ---- from whom ----------------------------------------------------------------------------------

static Status tune_model(Workbench *bench, const Source *source, SavedModel **made,
                         const SavedModel **out) {
    Status status;
    *made = NULL;
    *out = source->model ? source->model->model : NULL;
    if (!source->run) return status_ok();
    status = run_log_save_model(source->run->log, bench->dataset, made);
    *out = *made;
    return status;
}

static int tune_label(const Dataset *dataset, const char *label) {
    for (uint32_t c = 0; c < dataset->classes; c++)
        if (strcmp(dataset->class_names[c], label) == 0) return (int)c;
    return -1;
}

static int tune_count(const Dataset *dataset, const MyDigits *mine) {
    int count = 0;
    for (int i = 0; i < mine->count; i++) count += tune_label(dataset, mine->digits[i].label) >= 0;
    return count;
}

bool teach_can_tune(Workbench *bench, char *why, size_t size) {
    Source source = answer_source(bench);
    const ModelSpec *spec = source_spec(&source);
    why[0] = '\0';
    if (!bench->dataset || !bench->trainer)
        snprintf(why, size, tr("It needs training data, which is not there yet."));
    else if (!spec || !bench->answer.recognizer)
        snprintf(why, size, tr("There is no network yet."));
    else if (source.model && source.model->model->graph)
        snprintf(why, size, tr("%s cannot be trained: it is a graph, not layers."),
                 source_name(&source));
    else if (source.run && entry_is_active(source.run))
        snprintf(why, size, tr("Wait until the run in training is over."));
    else if (spec->input.c != (int)bench->dataset->train.channels ||
             spec->input.h != (int)bench->dataset->train.height ||
             spec->input.w != (int)bench->dataset->train.width ||
             source_plan(&source)->classes != (int)bench->dataset->classes)
        snprintf(why, size, tr("%s and %s do not fit together."), source_name(&source),
                 bench->dataset->name);
    else if (tune_count(bench->dataset, &bench->mine) == 0)
        snprintf(why, size, tr("First teach it some digits."));
    return why[0] == '\0';
}

// ---- on what, by an errand ----------------------------------------------------------------------

// All that fine-tuning begins with. What belongs to the window is there while it is carried out:
// data sets and models go by later errands.
typedef struct TuneWork {
    Errand errand;
    const Dataset *base;
    uint32_t version;  // of the window's data set
    MyDigits digits;   // copies
    uint64_t model_id; // of the window's models; 0: it is `made` of a run
    SavedModel *made;
    const SavedModel *model;
    char from[RUN_NAME_MAX];
    TrainConfig config;
    Dataset *data; // what came of it
    double right;  // share of the digits that it answers rightly before
} TuneWork;

// My digits first, then training images from all over the set.
static Status tune_fill(TuneWork *work, uint32_t mine_n, uint32_t all, uint8_t *pixels,
                        uint8_t *labels, uint32_t *count) {
    const ImageSet *train = &work->base->train;
    size_t image = imageset_image_bytes(train);
    uint32_t at = 0, rest = all - mine_n;
    Status status = status_ok();
    for (int i = 0; at < mine_n; i = (i + 1) % work->digits.count) {
        int label = tune_label(work->base, work->digits.digits[i].label);
        const uint8_t *from;
        if (label < 0) continue;
        TRY(my_digits_image(&work->digits, i, (int)train->width, &from));
        memcpy(pixels + image * at, from, image);
        labels[at++] = (uint8_t)label;
    }
    for (uint32_t k = 0; k < rest; k++) {
        uint32_t from = (uint32_t)((uint64_t)k * train->n / rest);
        if (train->labels[from] == DATASET_LABEL_NONE) continue;
        memcpy(pixels + image * at, imageset_pixels(train, from), image);
        labels[at++] = train->labels[from];
    }
    *count = at;
fail:
    return status;
}

static Status tune_data(TuneWork *work) {
    const Dataset *base = work->base;
    const ImageSet *train = &base->train;
    uint32_t mine_n = (uint32_t)tune_count(base, &work->digits) * TUNE_REPEAT, all, count;
    if (mine_n > TUNE_IMAGES / TUNE_SHARE) mine_n = TUNE_IMAGES / TUNE_SHARE;
    all = train->n + mine_n < TUNE_IMAGES ? train->n + mine_n : TUNE_IMAGES;
    uint8_t *pixels = malloc(imageset_image_bytes(train) * all), *labels = malloc(all);
    char name[DATASET_NAME_MAX];
    Status status;
    if (!pixels || !labels) TRY(status_no_memory("the mixed images", all));
    TRY(tune_fill(work, mine_n, all, pixels, labels, &count));
    ImageSet mixed = {count, train->channels, train->height, train->width, pixels, labels};
    snprintf(name, sizeof name, "%.40s + my digits", base->name);
    TRY(dataset_open_arrays(&work->data, name, &mixed, &base->test));
    work->data->classes = base->classes; // the highest may not be among them
    memcpy(work->data->class_names, base->class_names, sizeof work->data->class_names);
    // It would forget what it is not shown, and its threshold would mean nothing any more.
    if (work->model->threshold > 0 && work->data->classes == 10 && dataset_fits_others(work->data))
        TRY(dataset_add_others(work->data, TUNE_OTHERS, (uint64_t)work->digits.count));
fail:
    free(pixels);
    free(labels);
    return status;
}

// Share of the digits that `model` answers rightly; -1: it knows none of their labels.
static Status tune_judge(const Dataset *base, MyDigits *digits, const SavedModel *model,
                         double *out) {
    Recognizer *recognizer = NULL;
    int right = 0, counted = 0;
    Status status;
    TRY(recognizer_open(model, 1, 1, &recognizer));
    for (int i = 0; i < digits->count; i++) {
        int label = tune_label(base, digits->digits[i].label);
        uint8_t best;
        float confidence;
        const uint8_t *image;
        if (label < 0) continue;
        TRY(my_digits_image(digits, i, model->spec.input.w, &image));
        recognizer_classify(recognizer, image, 1, &best, &confidence);
        right += best == label;
        counted++;
    }
    *out = counted ? (double)right / counted : -1;
fail:
    recognizer_close(&recognizer);
    return status;
}

static Status tune_prepare(Errand *errand) {
    TuneWork *work = (TuneWork *)errand;
    Status status;
    TRY(tune_judge(work->base, &work->digits, work->model, &work->right));
    TRY(tune_data(work));
fail:
    return status;
}

static void tune_close(Errand *errand) {
    TuneWork *work = (TuneWork *)errand;
    my_digits_close(&work->digits);
    saved_model_close(&work->made);
    dataset_close(&work->data);
    free(work);
}

// ---- how ----------------------------------------------------------------------------------------

// Files name a network as people do.
static const Preset *tune_preset(const char *name) {
    for (int i = 0; i < preset_count; i++)
        if (strcmp(presets[i].label, name) == 0 || strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}

// The network's own layers and normalization; by the preset's name where they are the preset's.
static Status tune_config(Workbench *bench, const ModelSpec *spec, TrainConfig *config) {
    char layers[TRAIN_LAYERS_MAX], preset_layers[TRAIN_LAYERS_MAX];
    ModelSpec *from_preset = malloc(sizeof *from_preset);
    const Preset *preset = tune_preset(spec->name);
    Status status = status_ok();
    if (!from_preset) return status_no_memory("a network", sizeof *from_preset);
    config_defaults(config);
    spec_print_layers(spec, layers, sizeof layers);
    if (preset) {
        TRY(config_set(config, "preset", preset->name));
        TRY(preset_spec(preset, spec->input, (int)bench->dataset->classes, from_preset));
        spec_print_layers(from_preset, preset_layers, sizeof preset_layers);
    }
    if (!preset || strcmp(layers, preset_layers) != 0) {
        config->preset[0] = '\0';
        text_copy(config->layers, sizeof config->layers, layers);
    }
    for (size_t i = 0; i < sizeof tune_settings / sizeof tune_settings[0]; i++)
        TRY(config_set(config, tune_settings[i][0], tune_settings[i][1]));
    config->mean = spec->normalization.mean;
    config->std = spec->normalization.std;
    config->held_out = config->limit = config->patience = 0;
    config->until = 0;
    text_copy(config->data, sizeof config->data, bench->form.data);
fail:
    free(from_preset);
    return status;
}

// Nothing has changed meanwhile that it depends on: starts the run.
static Status tune_start(Workbench *bench, Errand *errand) {
    TuneWork *work = (TuneWork *)errand;
    FineTune *tune = &bench->tune;
    Dataset *data = work->data;
    Status status = errand->status;
    const ModelEntry *entry = work->model_id ? bench_find_model(bench, work->model_id) : NULL;
    tune->preparing = false;
    if (!status_is_ok(&status)) return status;
    if (work->version != bench->dataset_version || !bench->dataset || (work->model_id && !entry))
        return status_ok();
    teach_close_tune(bench);
    tune->mine[0] = work->right;
    tune->mine[1] = tune->test[0] = tune->test[1] = -1;
    tune->digits = tune_count(bench->dataset, &work->digits);
    work->data = NULL;
    TRY(runs_start_on(bench, &work->config, work->model, data, "Tuned", &tune->run));
    text_copy(tune->name, sizeof tune->name, work->from);
    SavedModel *made = work->made;
    work->made = NULL;
    TRY(examiner_start(&tune->examiner, 1, work->model, made, bench->dataset, bench->hooks.wake,
                       bench->hooks.context));
fail:
    return status;
}

Status teach_tune(Workbench *bench) {
    static const ErrandKind kind = {tune_prepare, tune_start, tune_close, ERRANDS_FILES};
    Source source = answer_source(bench);
    char why[160];
    Status status = status_ok();
    if (bench->tune.preparing) return status;
    TuneWork *work = calloc(1, sizeof *work);
    if (!work) return status_no_memory("fine-tuning", sizeof *work);
    work->errand.kind = &kind;
    if (!teach_can_tune(bench, why, sizeof why)) TRY(status_error(STATUS_USAGE, "%s", why));
    text_copy(work->from, sizeof work->from, source_name(&source));
    work->base = bench->dataset;
    work->version = bench->dataset_version;
    work->model_id = source.model ? source.model->id : 0;
    TRY(my_digits_copy(&bench->mine, &work->digits));
    TRY(tune_model(bench, &source, &work->made, &work->model));
    ASSERT(work->model); // of a source without, teach_can_tune has said so
    TRY(tune_config(bench, &work->model->spec, &work->config));
    bench->tune.preparing = true;
    return errands_try(bench, &work->errand);
fail:
    tune_close(&work->errand);
    return status;
}

// ---- and what came of it ------------------------------------------------------------------------

void teach_close_tune(Workbench *bench) {
    FineTune *tune = &bench->tune;
    examiner_give_up(&tune->examiner);
    exam_close(&tune->exam);
    tune->run = 0;
    tune->over = tune->looking = tune->done = false;
}

static Status tune_look(Errand *errand) {
    TuneWork *work = (TuneWork *)errand;
    return tune_judge(work->base, &work->digits, work->model, &work->right);
}

static Status tune_looked(Workbench *bench, Errand *errand) {
    const TuneWork *work = (const TuneWork *)errand;
    FineTune *tune = &bench->tune;
    if (tune->run != work->model_id) return status_ok(); // given up meanwhile
    tune->done = true;
    if (status_is_ok(&errand->status)) tune->mine[1] = work->right;
    return errand->status;
}

// My digits by the run's last weights, whoever answers the canvas.
static Status tune_ask(Workbench *bench, const RunEntry *run) {
    static const ErrandKind kind = {tune_look, tune_looked, tune_close, ERRANDS_FILES};
    TuneWork *work = calloc(1, sizeof *work);
    Status status;
    if (!work) return status_no_memory("fine-tuning", sizeof *work);
    work->errand.kind = &kind;
    work->base = bench->dataset;
    work->model_id = run->id;
    TRY(my_digits_copy(&bench->mine, &work->digits));
    TRY(run_log_save_model(run->log, bench->dataset, &work->made));
    work->model = work->made;
    errands_send(bench, &work->errand);
    return status;
fail:
    tune_close(&work->errand);
    return status;
}

void teach_tick_tune(Workbench *bench) {
    FineTune *tune = &bench->tune;
    Status status;
    if (examiner_take(&tune->examiner, &tune->exam, &status)) {
        if (workbench_check(bench, status)) tune->test[0] = tune->exam.accuracy;
        exam_close(&tune->exam);
    }
    if (tune->run == 0 || tune->done) return;
    const RunEntry *run = runs_find(bench, tune->run);
    if (!run || run->removing) { // deleted meanwhile
        teach_close_tune(bench);
        return;
    }
    // All that it reported is read one frame after its end has been seen.
    if (run_log_is_over(run->log) && !tune->over) {
        tune->over = true;
        if (bench->hooks.wake) bench->hooks.wake(bench->hooks.context);
        return;
    }
    if (!tune->over || tune->examiner.busy || tune->looking) return;
    if (run->last_epoch.epoch > 0) tune->test[1] = run->last_epoch.test_accuracy;
    tune->looking = entry_has_progress(run) && workbench_check(bench, tune_ask(bench, run));
    tune->done = !tune->looking;
}
