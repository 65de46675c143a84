// The runs of this session: finding, starting and commanding them. What they come to is read in
// runs_poll.c.
#include "panels/workbench.h"

#include "base/tr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// ---- looking them up ----------------------------------------------------------------------------

RunEntry *runs_find(Workbench *bench, uint64_t id) {
    for (int i = 0; i < bench->runs.count; i++)
        if (bench->runs.entry[i]->id == id) return bench->runs.entry[i];
    return NULL;
}

int64_t entry_kept_id(const RunEntry *run) {
    return run->kept_id ? run->kept_id : recording_id(run->recording);
}

RunEntry *runs_find_kept(Workbench *bench, int64_t kept_id) {
    for (int i = 0; i < bench->runs.count; i++)
        if (entry_kept_id(bench->runs.entry[i]) == kept_id) return bench->runs.entry[i];
    return NULL;
}

RunEntry *runs_selected(Workbench *bench) {
    return bench->runs.selected ? runs_find(bench, bench->runs.selected) : NULL;
}

void runs_select(Workbench *bench, RunEntry *run) {
    bench->runs.selected = run ? run->id : 0;
    if (!run) return;
    char device[sizeof bench->form.device];
    int threads = bench->form.threads;
    text_copy(device, sizeof device, bench->form.device);
    bench->form = run->log->config;
    bench->form.options.lr = run->lr;
    bench->form.threads = threads;
    text_copy(bench->form.device, sizeof bench->form.device, device);
}

RunState entry_state(const RunEntry *run) {
    return (RunState)atomic_load(&run->log->state);
}

bool entry_is_active(const RunEntry *run) {
    RunState state = entry_state(run);
    return state == RUN_WAITING || state == RUN_TRAINING || state == RUN_PAUSED;
}

bool entry_has_progress(const RunEntry *run) {
    return run->snapshot && run->snapshot->images > 0;
}

bool entry_is_unsaved(const RunEntry *run) {
    return entry_has_progress(run) && run->kept_id == 0 && !recording_is_kept(run->recording) &&
           (run->saved_as[0] == '\0' || run->saved_images != run->snapshot->images);
}

bool entry_is_evaluating(const RunEntry *run) {
    return entry_state(run) == RUN_TRAINING && run->last.batch == run->log->batches &&
           run->last_epoch.epoch < run->last.epoch;
}

double entry_test_images(const Workbench *bench, const RunEntry *run) {
    const Dataset *data = run->own_data ? run->own_data : bench->dataset;
    return data ? data->test.n : 0;
}

bool runs_any(Workbench *bench, RunState state) {
    for (int i = 0; i < bench->runs.count; i++)
        if (entry_state(bench->runs.entry[i]) == state) return true;
    return false;
}

bool runs_any_active(Workbench *bench) {
    for (int i = 0; i < bench->runs.count; i++)
        if (entry_is_active(bench->runs.entry[i])) return true;
    return false;
}

int runs_unsaved(Workbench *bench) {
    int count = 0;
    for (int i = 0; i < bench->runs.count; i++)
        count += entry_is_unsaved(bench->runs.entry[i]) && !bench->runs.entry[i]->removing;
    return count;
}

// ---- starting -----------------------------------------------------------------------------------

int runs_free_color(const Workbench *bench, int wanted) {
    for (int k = 0; k < THEME_RUN_COLORS; k++) {
        bool taken = false;
        for (int i = 0; i < bench->runs.count; i++)
            taken = taken || (bench->runs.entry[i]->visible &&
                              bench->runs.entry[i]->number % THEME_RUN_COLORS ==
                                  (wanted + k) % THEME_RUN_COLORS);
        if (!taken) return wanted + k;
    }
    return wanted;
}

void runs_make_name(Workbench *bench, RunEntry *run, const char *base) {
    for (int n = 1; n <= RUNS_MAX + 1; n++) {
        bool taken = false;
        if (n == 1)
            text_copy(run->name, sizeof run->name, base);
        else
            snprintf(run->name, sizeof run->name, "%.50s %d", base, n);
        for (int i = 0; i < bench->runs.count; i++)
            taken = taken || strcmp(bench->runs.entry[i]->name, run->name) == 0;
        if (!taken) return;
    }
}

static void run_entry_empty(RunEntry *run) {
    trainer_close(&run->own_trainer);
    recording_end(run->recording, RUN_STOPPED, NULL); // if the trainer never had it
    dataset_close(&run->own_data);
    run_log_close(&run->log);
    series_close(&run->loss);
    series_close(&run->test);
    series_close(&run->train);
}

static void run_entry_close(RunEntry *run) {
    run_entry_empty(run);
    free(run);
}

static Status runs_carry_out(Errand *errand) {
    run_entry_empty((RunEntry *)errand);
    return status_ok();
}

static void runs_free(Errand *errand) {
    free(errand);
}

void runs_give_up(Workbench *bench, RunEntry *run) {
    static const ErrandKind kind = {runs_carry_out, NULL, runs_free, ERRANDS_FILES};
    if (run->own_trainer) trainer_end(run->own_trainer);
    run->errand.kind = &kind;
    errands_send(bench, &run->errand);
}

static Status runs_ready(Workbench *bench) {
    if (!bench->dataset && !bench->loader.busy)
        return status_error(
            STATUS_USAGE,
            TR("There is no data set. Drop a directory with IDX files on the window, or "
               "run: inkling data fetch mnist"));
    if (!bench->dataset)
        return status_error(STATUS_USAGE,
                            TR("the data set is still being loaded; training can start "
                               "in a moment"));
    if (!bench->trainer)
        return status_error(STATUS_UNSUPPORTED,
                            TR("the device is still being opened; training can start in a "
                               "moment"));
    if (bench->runs.count == RUNS_MAX)
        return status_error(STATUS_USAGE,
                            TR("there are %d runs already; delete one before starting another"),
                            RUNS_MAX);
    return status_ok();
}

void runs_add(Workbench *bench, RunEntry *run) {
    run->id = bench->next_id++;
    run->visible = true;
    run->lr = run->log->config.options.lr;
    bench->runs.entry[bench->runs.count++] = run;
    bench->runs.selected = run->id;
}

// All that it comes to goes to the history, if there is one.
static void runs_keep(Workbench *bench, RunEntry *run, const Dataset *dataset) {
    HistoryAbout about = {.name = run->name,
                          .color = run->number,
                          .config = &run->log->config,
                          .spec = &run->log->spec,
                          .names = run->log->names,
                          .batches = run->log->batches,
                          .temperature = run->log->temperature,
                          .threshold = run->log->threshold,
                          .dataset = dataset,
                          .backend = trainer_describe(run->trainer)};
    run->recording = history_begin(bench->history, &about);
    run->log->sink = recording_sink(run->recording);
}

typedef bool RunsCommand(Trainer *trainer, RunLog *log);

// Sends a run whose log is open off to its trainer, and into the list.
static Status runs_send(Workbench *bench, RunEntry *run, const char *name, RunsCommand *start) {
    run->trainer = run->own_data ? run->own_trainer : bench->trainer;
    run->number = runs_free_color(bench, bench->runs.made);
    run->started = (double)time(NULL);
    runs_make_name(bench, run, name);
    runs_keep(bench, run, run->own_data ? run->own_data : bench->dataset);
    if (!start(run->trainer, run->log))
        return status_error(STATUS_USAGE, TR("the trainer is busy; try again in a moment"));
    bench->runs.made++;
    runs_add(bench, run);
    if (bench->pin_soft) bench->pin = 0;
    bench->pin_soft = false;
    return status_ok();
}

static Status runs_begin(Workbench *bench, const TrainConfig *config, const char *name,
                         RunsCommand *start) {
    RunEntry *run = NULL;
    const SavedModel *initial;
    Status status;
    TRY(runs_ready(bench));
    TRY(runs_initial(bench, config, &initial));
    run = calloc(1, sizeof *run);
    if (!run) TRY(status_no_memory("a run", sizeof *run));
    TRY(run_log_open(config, bench->dataset, initial ? initial->weights : NULL, &run->log));
    TRY(run_log_name_tensors(run->log, initial ? initial->names : NULL));
    TRY(runs_send(bench, run, name, start));
    run = NULL;
fail:
    if (run) run_entry_close(run);
    return status;
}

Status runs_start_as(Workbench *bench, const TrainConfig *config, const char *name,
                     bool one_batch) {
    return runs_begin(bench, config, name, one_batch ? trainer_start_step : trainer_start);
}

// With the form's settings.
static Status runs_begin_form(Workbench *bench, RunsCommand *start) {
    TrainConfig config = bench->form;
    return runs_begin(bench, &config, config_optimizer_label(&config), start);
}

Status runs_start(Workbench *bench, bool one_batch) {
    return runs_begin_form(bench, one_batch ? trainer_start_step : trainer_start);
}

Status runs_start_on(Workbench *bench, const TrainConfig *config, const SavedModel *from,
                     Dataset *data, const char *name, uint64_t *id) {
    RunEntry *run = calloc(1, sizeof *run);
    Status status;
    if (!run) {
        dataset_close(&data);
        return status_no_memory("a run", sizeof *run);
    }
    run->own_data = data;
    TRY(runs_ready(bench));
    TRY(run_log_open(config, data, from->weights, &run->log));
    TRY(run_log_name_tensors(run->log, from->names));
    run->log->temperature = from->temperature;
    run->log->threshold = from->threshold;
    TRY(workbench_open_trainer(bench, data, &run->own_trainer));
    TRY(runs_send(bench, run, name, trainer_start));
    *id = run->id;
    return status;
fail:
    run_entry_close(run);
    return status;
}

// ---- commanding ---------------------------------------------------------------------------------

void runs_pause(Workbench *bench) {
    for (int i = 0; i < bench->runs.count; i++)
        if (entry_state(bench->runs.entry[i]) == RUN_TRAINING)
            trainer_pause(bench->runs.entry[i]->trainer, bench->runs.entry[i]->log);
}

void runs_resume(Workbench *bench) {
    for (int i = 0; i < bench->runs.count; i++)
        if (entry_state(bench->runs.entry[i]) == RUN_PAUSED)
            trainer_resume(bench->runs.entry[i]->trainer, bench->runs.entry[i]->log);
}

void runs_step(Workbench *bench) {
    if (!runs_any_active(bench)) {
        workbench_check(bench, runs_start(bench, true));
        return;
    }
    for (int i = 0; i < bench->runs.count; i++)
        if (entry_is_active(bench->runs.entry[i]))
            trainer_step(bench->runs.entry[i]->trainer, bench->runs.entry[i]->log);
}

// Of whose step is told: the selected run's, else the first one's in training. NULL: of none.
static RunEntry *runs_told(Workbench *bench) {
    RunEntry *selected = runs_selected(bench);
    if (selected && entry_is_active(selected)) return selected;
    for (int i = 0; i < bench->runs.count; i++)
        if (entry_is_active(bench->runs.entry[i])) return bench->runs.entry[i];
    return NULL;
}

uint64_t runs_step_told(Workbench *bench) {
    RunEntry *told = runs_told(bench);
    if (!told) {
        bool started = workbench_check(bench, runs_begin_form(bench, trainer_start_step_told));
        return started ? bench->runs.selected : 0;
    }
    for (int i = 0; i < bench->runs.count; i++) {
        RunEntry *run = bench->runs.entry[i];
        if (!entry_is_active(run)) continue;
        RunsCommand *step = run == told ? trainer_step_told : trainer_step;
        step(run->trainer, run->log);
    }
    bench->runs.selected = told->id;
    return told->id;
}

void runs_stop(Workbench *bench) {
    for (int i = 0; i < bench->runs.count; i++)
        if (entry_is_active(bench->runs.entry[i]))
            trainer_stop(bench->runs.entry[i]->trainer, bench->runs.entry[i]->log);
}

void runs_snapshot(RunEntry *run) {
    if (run->trainer) trainer_snapshot_now(run->trainer, run->log);
}

void runs_set_lr(Workbench *bench, double lr) {
    RunEntry *run = runs_selected(bench);
    if (!run || !entry_is_active(run) || run->lr == lr) return;
    run->lr = lr;
    trainer_set_lr(run->trainer, run->log, lr);
}

void runs_set_augment(Workbench *bench, int augment) {
    RunEntry *run = runs_selected(bench);
    if (run && entry_is_active(run)) trainer_set_augment(run->trainer, run->log, augment);
}
