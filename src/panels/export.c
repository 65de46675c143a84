// Which runs, which file, which writer; see export.h.
#include "panels/export.h"

#include "base/tr.h"
#include "train/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const ExportKind export_kinds[EXPORT_KINDS] = {
    {TR("Figures as CSV\xe2\x80\xa6"), ".csv",
     TR("A table with a row for every batch and every epoch of the runs whose curves are shown.")},
    {TR("Figures as JSON\xe2\x80\xa6"), ".json",
     TR("Settings, batches and epochs of the runs whose curves are shown.")},
    {TR("TensorBoard\xe2\x80\xa6"), "",
     TR("A directory for \"tensorboard --logdir\": one run in it for each whose curves are "
        "shown.")},
    {TR("Charts as PNG\xe2\x80\xa6"), ".png",
     TR("Both charts as they are now, on white, in pixels.")},
    {TR("Charts as SVG\xe2\x80\xa6"), ".svg",
     TR("Both charts as they are now, on white, in lines: sharp at any size.")},
};

static bool export_has(const RunEntry *run) {
    return run->visible && !run->removing && run->loss.count > 0;
}

bool export_is_possible(const Workbench *bench) {
    for (int i = 0; i < bench->runs.count; i++)
        if (export_has(bench->runs.entry[i])) return true;
    return false;
}

// ---- paths --------------------------------------------------------------------------------------

void export_suggest(const Workbench *bench, char out[FILE_PATH_MAX]) {
    char name[96];
    const RunEntry *run = NULL;
    for (int i = 0; i < bench->runs.count && !run; i++)
        if (export_has(bench->runs.entry[i])) run = bench->runs.entry[i];
    const char *preset = run && run->log->config.preset[0] ? run->log->config.preset : "custom";
    snprintf(name, sizeof name, "%.60s-runs%s", preset, export_kinds[bench->export_kind].ending);
    if (!path_join(out, bench->prefs.directory, name)) text_copy(out, FILE_PATH_MAX, name);
}

void export_complete(const Workbench *bench, char path[FILE_PATH_MAX]) {
    const char *ending = export_kinds[bench->export_kind].ending;
    size_t used = strlen(path);
    if (path_extension(path)[0] == '\0' && used + strlen(ending) < FILE_PATH_MAX)
        memcpy(path + used, ending, strlen(ending) + 1);
}

bool export_is_directory(const char *path) {
    return path_extension(path)[0] == '\0';
}

// ---- writing ------------------------------------------------------------------------------------

// The runs' feeds go on growing meanwhile; a run that is deleted goes by a later errand.
typedef struct ExportFigures {
    Errand errand;
    char path[FILE_PATH_MAX];
    ReportWriter *write;
    ReportRun run[RUNS_MAX];
    char name[RUNS_MAX][RUN_NAME_MAX];
    int count;
} ExportFigures;

Status export_told(Workbench *bench, Status status, const char *path) {
    if (status_is_ok(&status)) workbench_say(bench, NOTICE_SUCCESS, tr("Written: %s"), path);
    return status;
}

static Status figures_carry_out(Errand *errand) {
    ExportFigures *figures = (ExportFigures *)errand;
    return figures->write(figures->path, figures->run, figures->count);
}

static Status figures_deliver(Workbench *bench, Errand *errand) {
    return export_told(bench, errand->status, ((ExportFigures *)errand)->path);
}

static void figures_close(Errand *errand) {
    free(errand);
}

static const ErrandKind figures_kind = {figures_carry_out, figures_deliver, figures_close,
                                        ERRANDS_FILES};

static Status export_figures(Workbench *bench, const char *path) {
    ReportWriter *write;
    Status status = report_writer(path, &write);
    if (!status_is_ok(&status)) return status;
    ExportFigures *figures = calloc(1, sizeof *figures);
    if (!figures) return status_no_memory("the figures", sizeof *figures);
    figures->errand.kind = &figures_kind;
    figures->write = write;
    text_copy(figures->path, sizeof figures->path, path);
    for (int i = 0; i < bench->runs.count; i++) {
        const RunEntry *run = bench->runs.entry[i];
        if (!export_has(run)) continue;
        char *name = figures->name[figures->count];
        text_copy(name, RUN_NAME_MAX, run->name);
        figures->run[figures->count++] = (ReportRun){.name = name,
                                                     .config = &run->log->config,
                                                     .batches = run->log->batches,
                                                     .images = run->log->images,
                                                     .started = run->started,
                                                     .steps = &run->log->steps,
                                                     .epochs = &run->log->epochs};
    }
    return errands_try(bench, &figures->errand);
}

Status export_runs(Ui *ui, Workbench *bench, const char *path) {
    static const struct {
        const char *ending;
        Status (*write)(Ui *, Workbench *, const char *);
    } pictures[] = {{".png", export_charts_png}, {".svg", export_charts_svg}};
    if (!export_is_possible(bench))
        return status_error(STATUS_USAGE, TR("no run with visible curves has trained a batch yet"));
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++)
        if (strcasecmp(path_extension(path), pictures[i].ending) == 0)
            return pictures[i].write(ui, bench, path);
    return export_figures(bench, path);
}
