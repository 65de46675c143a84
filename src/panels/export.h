// The visible runs as files: their figures (train/report.h) and their charts as a picture.
#ifndef INKLING_PANELS_EXPORT_H
#define INKLING_PANELS_EXPORT_H

#include "panels/workbench.h"

// What can be chosen from the menu. The ending of the path that is then given decides in the end.
typedef struct ExportKind {
    const char *label;  // to be translated
    const char *ending; // ".csv"; "": a directory
    const char *hint;   // of the dialog; to be translated
} ExportKind;
enum { EXPORT_KINDS = 5 };
extern const ExportKind export_kinds[EXPORT_KINDS];

// Is there a visible run with at least one batch?
bool export_is_possible(const Workbench *bench);

// A place for what bench->export_kind says: "lenet5-runs.csv" in the last directory.
void export_suggest(const Workbench *bench, char out[FILE_PATH_MAX]);
// Completes a path that a person gave: the ending of bench->export_kind, if there is none.
void export_complete(const Workbench *bench, char path[FILE_PATH_MAX]);
// True when the path is to be a directory, which may be there already.
bool export_is_directory(const char *path);

// Writes the file or files, by the ending of `path`: .csv, .json, .png, .svg, none; says so when
// that is done (errands.h). `ui`: whose font the charts take.
Status export_runs(Ui *ui, Workbench *bench, const char *path);

// Both charts as in the window (zoom, scale, axis), with title and legend, on white: drawn at once,
// written by an errand.
// export_charts.c
Status export_charts_png(Ui *ui, Workbench *bench, const char *path);
Status export_charts_svg(Ui *ui, Workbench *bench, const char *path);

// errand->deliver of what is exported says with this where it lies.
Status export_told(Workbench *bench, Status status, const char *path);

#endif
