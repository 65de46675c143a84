// Opening and closing the state of the window, and what it does once a frame.
#include "panels/workbench.h"

#include "base/tr.h"
#include "panels/files.h"
#include "panels/panels.h"
#include "panels/teach.h"
#include "panels/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- sentences ----------------------------------------------------------------------------------

void workbench_say(Workbench *bench, NoticeKind kind, const char *format, ...) {
    char text[UI_TOAST_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ui_toast_add(&bench->toasts, kind, text);
    LogLevel level = kind == NOTICE_ERROR     ? LOG_ERROR
                     : kind == NOTICE_WARNING ? LOG_WARNING
                                              : LOG_INFO;
    log_write(&bench->hooks.logger, level, "%s", text);
}

bool workbench_check(Workbench *bench, Status status) {
    if (status_is_ok(&status)) return true;
    workbench_say(bench, NOTICE_ERROR, "%s", status.message);
    return false;
}

void workbench_use_language(Workbench *bench, LanguageCode language) {
    if (!bench->hooks.use_language) return;
    if (!workbench_check(bench, bench->hooks.use_language(bench->hooks.context, language))) return;
    bench->language = language;
    bench->prefs.language = language;
    bench->features_of = bench->filters_of = 0; // their captions are made anew
}

// ---- data ---------------------------------------------------------------------------------------

static void workbench_wake(void *context) {
    Workbench *bench = context;
    if (bench->hooks.wake) bench->hooks.wake(bench->hooks.context);
}

typedef struct DataClosing {
    Errand errand;
    Dataset *dataset;
} DataClosing;

static Status data_carry_out(Errand *errand) {
    (void)errand; // all that used it was before
    return status_ok();
}

// Here: what the window has drawn of it must be there until that is shown.
static void data_close(Errand *errand) {
    dataset_close(&((DataClosing *)errand)->dataset);
    free(errand);
}

// The trainers that use it are given up by errands.
static void workbench_give_up_data(Workbench *bench) {
    static const ErrandKind kind = {data_carry_out, NULL, data_close, ERRANDS_FILES};
    DataClosing *closing = bench->leaving ? calloc(1, sizeof *closing) : NULL;
    if (!closing) {
        errands_wait(bench, ERRANDS_FILES);
        dataset_close(&bench->leaving);
        return;
    }
    closing->errand.kind = &kind;
    closing->dataset = bench->leaving;
    bench->leaving = NULL;
    errands_send(bench, &closing->errand);
}

// Those that look at the data set are asked to end. True when they have, and it may go.
static bool workbench_let_go(Workbench *bench) {
    if (!bench->leaving) return true;
    bool examined = examiner_give_up(&bench->examiner);
    bool judged = examiner_give_up(&bench->tune.examiner);
    bool mapped = atlas_give_up(&bench->atlas);
    bool guessed = guesser_give_up(&bench->guesser);
    bool tried = guesser_give_up(&bench->guess.guesser);
    if (!examined || !judged || !mapped || !guessed || !tried) return false;
    atlas_close(&bench->atlas);
    workbench_give_up_data(bench);
    return true;
}

static void workbench_drop_data(Workbench *bench) {
    bench_stop_guessing(bench);
    teach_close_tune(bench);
    devices_drop(bench);
    runs_close(bench);
    exam_close(&bench->exam);
    bench->cell_row = bench->cell_column = -1;
    bench->answer.of = 0;
    if (bench->dataset) {
        bench->leaving = bench->dataset;
        bench->dataset = NULL;
    }
    workbench_let_go(bench);
}

void workbench_load_data(Workbench *bench, const char *data) {
    if (bench->loader.busy) {
        workbench_say(bench, NOTICE_WARNING, tr("a data set is being loaded already; wait for it"));
        return;
    }
    workbench_drop_data(bench);
    bench->dataset_problem[0] = '\0';
    text_copy(bench->data_name, sizeof bench->data_name, data ? data : "");
    bench->data_request.data = data ? bench->data_name : NULL;
    text_copy(bench->form.data, sizeof bench->form.data, data ? data : "");
    workbench_check(bench, loader_start(&bench->loader, &bench->data_request, &bench->hooks.logger,
                                        workbench_wake, bench));
}

int workbench_threads(const Workbench *bench) {
    if (bench->threads > 0) return bench->threads;
    return thread_cpu_count() > 1 ? thread_cpu_count() - 1 : 1;
}

Status workbench_open_trainer(Workbench *bench, const Dataset *dataset, Trainer **out) {
    BackendConfig backend = {bench->form.device, workbench_threads(bench)};
    TrainerHooks hooks = {workbench_wake, bench, &bench->hooks.logger};
    return trainer_open(dataset, &backend, &hooks, out);
}

// A data set is here: open a trainer on it.
static void workbench_take_data(Workbench *bench, Dataset *dataset) {
    bench->dataset = dataset;
    bench->dataset_version++;
    devices_follow(bench);
}

static void workbench_take_loaded(Workbench *bench) {
    Status status;
    Dataset *dataset;
    if (!workbench_let_go(bench)) return; // one after the other
    if (!loader_take(&bench->loader, &status, &dataset)) return;
    if (workbench_check(bench, status))
        workbench_take_data(bench, dataset);
    else
        text_copy(bench->dataset_problem, sizeof bench->dataset_problem, status.message);
}

// ---- the test set -------------------------------------------------------------------------------

// Results of who answers: a run brings its own; a model or a run of the history is examined when a
// tab wants to know.
static void workbench_follow_exam(Workbench *bench) {
    Source source = answer_source(bench);
    uint64_t id = source_id(&source);
    Status status;
    if (!bench->dataset) return;
    if (examiner_take(&bench->examiner, &bench->exam, &status)) workbench_check(bench, status);
    if (source.run && !source.run->restored) {
        const RunSnapshot *snapshot = source.run->snapshot;
        uint64_t of = id << 32 | (uint64_t)snapshot->evaluated_epoch;
        if (snapshot->evaluated_epoch > 0 && bench->exam.of != of) {
            workbench_check(bench, exam_set(&bench->exam, of, &bench->dataset->test,
                                            (int)bench->dataset->classes, snapshot->test_class,
                                            snapshot->test_confidence, snapshot->test_loss,
                                            snapshot->test_accuracy));
        } else if (snapshot->evaluated_epoch == 0 && bench->exam.of >> 32 != id && bench->exam.of) {
            exam_close(&bench->exam);
        }
        return;
    }
    uint64_t of = id << 32;
    if (bench->exam.of != of && bench->exam.of) exam_close(&bench->exam);
    bool wanted = bench->tab == TAB_MISTAKES || bench->tab == TAB_CONFUSION;
    const ImageSet *test = &bench->dataset->test;
    const ModelSpec *spec = source_spec(&source);
    bool fits = spec && (int)test->height == spec->input.h && (int)test->width == spec->input.w &&
                (int)test->channels == spec->input.c &&
                (int)bench->dataset->classes <= source_plan(&source)->classes;
    if (!wanted || !fits || bench->exam.of == of || bench->examiner.of == of) return;
    if (!examiner_give_up(&bench->examiner)) return; // the window does not wait for its end
    SavedModel *made = NULL;
    status = source.run ? run_log_save_model(source.run->log, bench->dataset, &made) : status_ok();
    if (status_is_ok(&status))
        status = examiner_start(&bench->examiner, of, source.model ? source.model->model : NULL,
                                made, bench->dataset, workbench_wake, bench);
    workbench_check(bench, status);
}

// ---- open, tick, close --------------------------------------------------------------------------

static void workbench_defaults(Workbench *bench) {
    bench->prefs.scale = 1;
    bench->prefs.brush = BRUSH_RADIUS_DEFAULT;
    bench->prefs.log_loss = true;
    bench->next_id = 1;
    bench->history_view.which = KEPT_BEST;
    bench->cell_row = bench->cell_column = -1;
    bench->mine.later = true;
    for (int i = 0; i < ERRANDS_QUEUES; i++)
        bench->errands[i].patience = bench->errands[i].left = i == ERRANDS_FILES ? 0.02 : 0.01;
    bench->answer.blank = true;
    bench->answer.hovered = bench->answer.chosen = -1;
    ink_state_open(&bench->ink);
    config_defaults(&bench->form);
}

static void workbench_open_models(Workbench *bench, const WorkbenchOptions *options) {
    SavedModel *model;
    for (const char *const *path = options->shipped_models; path && *path; path++) {
        Status status = format_read(*path, &model);
        if (workbench_check(bench, status))
            workbench_check(bench, bench_add_model(bench, model, *path, true, true));
    }
    if (options->model) workbench_check(bench, bench_open(bench, options->model));
}

Status workbench_open(Workbench **out, const WorkbenchOptions *options) {
    Workbench *bench = calloc(1, sizeof *bench);
    Status status = status_ok();
    *out = NULL;
    if (!bench) {
        Dataset *given = options->dataset;
        dataset_close(&given);
        return status_no_memory("the window", sizeof *bench);
    }
    bench->hooks = options->hooks;
    workbench_defaults(bench);
    if (options->settings) TRY(config_parse(options->settings, &bench->form));
    if (options->device) TRY(config_set(&bench->form, "device", options->device));
    bench->threads = options->threads;
    bench->data_request = options->data;
    if (options->history) {
        HistoryHooks hooks = {bench->hooks.wake, bench->hooks.context, &bench->hooks.logger};
        workbench_check(bench, history_open(options->history, &hooks, &bench->history));
    }
    if (options->dataset)
        workbench_take_data(bench, options->dataset);
    else
        workbench_load_data(bench, options->data.data    ? options->data.data
                                   : bench->form.data[0] ? bench->form.data
                                                         : NULL);
    workbench_open_models(bench, options);
    if (options->lessons) text_copy(bench->lessons, sizeof bench->lessons, options->lessons);
    if (options->my_digits)
        text_copy(bench->mine.path, sizeof bench->mine.path, options->my_digits);
    *out = bench;
    return status;
fail:
    if (options->dataset) {
        Dataset *given = options->dataset;
        dataset_close(&given);
    }
    workbench_close(&bench);
    return status;
}

void workbench_close(Workbench **handle) {
    Workbench *bench = *handle;
    if (!bench) return;
    *handle = NULL;
    // What they bring may begin something: from here on nothing does.
    errands_finish(bench, ERRANDS_FILES);
    teach_finish(bench);
    errands_finish(bench, ERRANDS_THOUGHTS);
    loader_close(&bench->loader);
    workbench_drop_data(bench);
    examiner_close(&bench->examiner);
    examiner_close(&bench->tune.examiner);
    guesser_close(&bench->guesser);
    guesser_close(&bench->guess.guesser);
    atlas_close(&bench->atlas);
    workbench_let_go(bench);
    devices_close(bench);
    teach_close(bench);
    errands_close(bench);
    history_close(&bench->history); // all runs are over: writes what is left of them
    history_view_close(&bench->history_view);
    initial_forget(bench);
    answer_close(&bench->answer);
    for (int i = 0; i < bench->model_count; i++) saved_model_close(&bench->models[i].model);
    ink_state_close(&bench->ink);
    ink_state_close(&bench->label.ink);
    mosaics_close(bench->features, LAYER_MOSAICS_MAX);
    mosaics_close(bench->filters, LAYER_MOSAICS_MAX);
    free(bench->layers.values);
    explanation_close(&bench->look.explanation);
    explanation_close(&bench->look.asked.explanation);
    free(bench->asking.images);
    free(bench->map_picture.rgba);
    slowmo_close(&bench->slow);
    bench_list_close(&bench->path);
    lesson_list_close(&bench->lesson_list);
    lesson_close(&bench->lesson.lesson);
    my_digits_close(&bench->mine);
    free(bench);
}

void workbench_tick(Workbench *bench, double now) {
    bench->now = now;
    errands_tick(bench);
    if (bench->quitting && !errands_are_busy(bench, ERRANDS_FILES) && !teach_is_behind(bench))
        workbench_quit(bench);
    workbench_take_loaded(bench);
    devices_follow(bench);
    bench_take_models(bench);
    runs_poll(bench, now);
    history_view_tick(bench);
    workbench_follow_exam(bench);
    teach_tick(bench);
    lesson_tick(bench);
    histograms_tick(bench);
    slowmo_tick(bench);
}

void workbench_quit(Workbench *bench) {
    bench->quitting = errands_are_busy(bench, ERRANDS_FILES) || teach_is_behind(bench);
    if (bench->quitting)
        workbench_say(bench, NOTICE_INFO,
                      tr("Files are being written; the window closes when they are."));
    else if (runs_unsaved(bench) > 0)
        bench->dialog = DIALOG_QUIT;
    else
        bench->want_quit = true;
}

void workbench_answer_text(const Workbench *bench, char *out, size_t size) {
    const Answer *answer = &bench->answer;
    char percent[WORD_MAX];
    out[0] = '\0';
    if (!answer->recognizer || answer->blank || answer->lost) return;
    int best = answer->best[0];
    if (answer->several) {
        answer_digits(answer, out, size);
        return;
    }
    if (answer->verdict != VERDICT_DIGIT) {
        snprintf(out, size, tr("unsure"));
        return;
    }
    word_percent(percent, answer->probabilities[best]);
    snprintf(out, size, "%s (%s)", answer->names[best], percent);
}

void workbench_set(Workbench *bench, const char *option, const char *value) {
    if (!workbench_check(bench, config_set(&bench->form, option, value))) return;
    if (strcmp(option, "lr") == 0) runs_set_lr(bench, bench->form.options.lr);
    if (strcmp(option, "augment") == 0) runs_set_augment(bench, bench->form.augment);
}
