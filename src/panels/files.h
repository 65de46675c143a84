// Opening and saving: one way in for everything that can be dropped on the window, one way out for
// models. What goes wrong is a Status; nothing that was there is lost by it.
#ifndef INKLING_PANELS_FILES_H
#define INKLING_PANELS_FILES_H

#include "panels/workbench.h"

// A model file answers the canvas from now on; a picture or the first drawing of a .jsonl goes to
// the canvas; a directory with IDX files becomes the data set (asks first when runs would go).
// Directories without a data set are STATUS_NOT_FOUND. Files are read by errands: what is wrong
// with one that takes its time is said when it is known.
Status bench_open(Workbench *bench, const char *path);

// What bench_open does with a picture, and with a file of strokes. files_ink.c
Status bench_open_picture(Workbench *bench, const char *path);
Status bench_open_strokes(Workbench *bench, const char *path);

// A model that was read already; taken over. Says so unless `quiet`.
Status bench_add_model(Workbench *bench, SavedModel *model, const char *path, bool shipped,
                       bool quiet);

// Once a frame: has a model that does not say which network it is tried on training images, as soon
// as there are some. What was found takes the place of the first guess, and is said.
void bench_take_models(Workbench *bench);
// The data set goes: what is being tried on it is given up, and tried again on the next one.
void bench_stop_guessing(Workbench *bench);
// Another model, taken over, in the place of `entry`, which answers if that did. Gets a new id.
void bench_replace_model(Workbench *bench, ModelEntry *entry, SavedModel *model,
                         const InferReport *report);
// NULL: it is gone.
ModelEntry *bench_find_model(Workbench *bench, uint64_t id);

// Writes the run's or model's weights as they are now to `path`, by its ending, in place of a file
// that is there; by an errand, which says so.
Status bench_save(Workbench *bench, uint64_t id, const char *path);

// What Save... would write: the selected run, else the network that answers; 0: nothing.
uint64_t bench_save_target(Workbench *bench);
// A name for it: "lenet5-adam.safetensors" in the last directory.
void bench_suggest(Workbench *bench, uint64_t id, char out[FILE_PATH_MAX]);
// The directory of `path` is where the next file is looked for.
void bench_remember(Workbench *bench, const char *path);
// "~/..." becomes the home directory; others are copied.
void bench_expand(const char *path, char out[FILE_PATH_MAX]);

// Fills in bench->path's list from the directory that its path names, or empties it until that has
// been read. Cheap when it is unchanged.
void bench_list(Workbench *bench);
void bench_list_close(PathDialogState *state);

#endif
