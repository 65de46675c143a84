// What the dialogs of opening and saving show of a directory.
#include "panels/files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void bench_expand(const char *path, char out[FILE_PATH_MAX]) {
    const char *home = getenv("HOME");
    if (path[0] == '~' && (path[1] == '/' || path[1] == '\0') && home)
        snprintf(out, FILE_PATH_MAX, "%s%s", home, path + 1);
    else
        text_copy(out, FILE_PATH_MAX, path);
}

static void files_free_names(char **names, int count) {
    for (int i = 0; i < count; i++) free(names[i]);
}

void bench_list_close(PathDialogState *state) {
    files_free_names(state->names, state->name_count);
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

// A directory on its way in.
typedef struct FilesListing {
    Errand errand;
    char directory[FILE_PATH_MAX];
    char *names[PATH_ENTRIES_MAX]; // directories end in a slash
    int count;
} FilesListing;

static Status files_read_directory(Errand *errand) {
    FilesListing *listing = (FilesListing *)errand;
    DIR *dir = opendir(listing->directory);
    if (!dir) return status_ok(); // what is typed may be on its way to a directory that is there
    for (struct dirent *entry; listing->count < PATH_ENTRIES_MAX && (entry = readdir(dir));) {
        char full[FILE_PATH_MAX];
        size_t size = strlen(entry->d_name);
        if (entry->d_name[0] == '.' || size > 250 || !text_is_utf8(entry->d_name, size)) continue;
        if (!path_join(full, listing->directory, entry->d_name)) continue;
        char *name = malloc(size + 2);
        if (!name) break;
        memcpy(name, entry->d_name, size + 1);
        if (file_is_directory(full)) memcpy(name + size, "/", 2);
        listing->names[listing->count++] = name;
    }
    closedir(dir);
    qsort(listing->names, (size_t)listing->count, sizeof *listing->names, files_compare);
    return status_ok();
}

static Status files_take_directory(Workbench *bench, Errand *errand) {
    FilesListing *listing = (FilesListing *)errand;
    PathDialogState *state = &bench->path;
    if (strcmp(state->listed, listing->directory) != 0) return status_ok(); // another is wanted now
    files_free_names(state->names, state->name_count); // asked for twice, it comes twice
    memcpy(state->names, listing->names, sizeof state->names);
    state->name_count = listing->count;
    state->shown_count = listing->count = 0;
    return status_ok();
}

static void files_close_directory(Errand *errand) {
    FilesListing *listing = (FilesListing *)errand;
    files_free_names(listing->names, listing->count);
    free(listing);
}

static void files_list_directory(Workbench *bench, const char *directory) {
    static const ErrandKind kind = {files_read_directory, files_take_directory,
                                    files_close_directory, ERRANDS_FILES};
    bench_list_close(&bench->path);
    text_copy(bench->path.listed, sizeof bench->path.listed, directory);
    FilesListing *listing = calloc(1, sizeof *listing);
    if (!listing) return;
    listing->errand.kind = &kind;
    text_copy(listing->directory, sizeof listing->directory, directory);
    errands_try(bench, &listing->errand);
}

static bool files_are_shown(const PathDialogState *state, const char *name) {
    for (int i = 0; i < state->shown_count; i++)
        if (strcmp(state->shown[i], name) == 0) return true;
    return false;
}

void bench_list(Workbench *bench) {
    PathDialogState *state = &bench->path;
    char path[FILE_PATH_MAX], directory[FILE_PATH_MAX];
    bench_expand(state->path, path);
    const char *name = path_basename(path);
    size_t size = (size_t)(name - path);
    memcpy(directory, path, size);
    directory[size] = '\0';
    if (size == 0) text_copy(directory, sizeof directory, ".");
    bool fresh = strcmp(directory, state->listed) != 0;
    if (fresh) files_list_directory(bench, directory);
    if (!fresh && strcmp(name, state->filter) == 0 && state->shown_count > 0) return;
    text_copy(state->filter, sizeof state->filter, name);
    if (!fresh && files_are_shown(state, name)) return; // clicked on: the others stay to be clicked
    // What begins like the name typed; all of it while nothing does.
    state->shown_count = 0;
    for (int i = 0; i < state->name_count; i++)
        if (strncasecmp(state->names[i], name, strlen(name)) == 0)
            state->shown[state->shown_count++] = state->names[i];
    if (state->shown_count == 0)
        for (int i = 0; i < state->name_count; i++)
            state->shown[state->shown_count++] = state->names[i];
}
