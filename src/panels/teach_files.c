// My digits to and from the disk, by errands: the list changes at once, the file follows.
#include "panels/teach.h"

#include "base/tr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The window is there before the file is read.
enum { TEACH_FIRST_TICK = 2 };

// Digits on their way to or from a file.
typedef struct TeachFile {
    Errand errand;
    MyDigits digits;
    char path[FILE_PATH_MAX];
    char word[UI_TOAST_TEXT]; // to be said; "": nothing
    int count;
} TeachFile;

static void teach_close_file(Errand *errand) {
    my_digits_close(&((TeachFile *)errand)->digits);
    free(errand);
}

static TeachFile *teach_file(const ErrandKind *kind, const char *path, Status *status) {
    TeachFile *file = calloc(1, sizeof *file);
    *status = file ? status_ok() : status_no_memory("your digits", sizeof *file);
    if (!file) return NULL;
    file->errand.kind = kind;
    text_copy(file->path, sizeof file->path, path);
    return file;
}

// ---- their own file -----------------------------------------------------------------------------

static Status teach_load(Errand *errand) {
    return my_digits_load(&((TeachFile *)errand)->digits);
}

// What cannot be read of it is told; the others are there all the same.
static Status teach_loaded(Workbench *bench, Errand *errand) {
    Status status = my_digits_adopt(&bench->mine, &((TeachFile *)errand)->digits);
    return status_is_ok(&status) ? errand->status : status;
}

static Status teach_catch_up(Errand *errand) {
    return my_digits_catch_up(&((TeachFile *)errand)->digits);
}

static Status teach_caught_up(Workbench *bench, Errand *errand) {
    const TeachFile *file = (const TeachFile *)errand;
    bool ok = status_is_ok(&errand->status);
    my_digits_caught_up(&bench->mine, &file->digits, ok);
    if (ok && file->word[0]) workbench_say(bench, NOTICE_SUCCESS, "%s", file->word);
    return errand->status;
}

static Status teach_send(Workbench *bench) {
    static const ErrandKind kind = {teach_catch_up, teach_caught_up, teach_close_file,
                                    ERRANDS_FILES};
    Status status;
    TeachFile *file = teach_file(&kind, bench->mine.path, &status);
    if (status_is_ok(&status)) status = my_digits_take(&bench->mine, &file->digits);
    if (!status_is_ok(&status)) {
        bench->mine.stuck = true;
        free(file);
        return status;
    }
    text_copy(file->word, sizeof file->word, bench->taught_word);
    bench->taught_word[0] = '\0';
    errands_send(bench, &file->errand);
    return status;
}

void teach_tick_files(Workbench *bench) {
    static const ErrandKind kind = {teach_load, teach_loaded, teach_close_file, ERRANDS_FILES};
    MyDigits *mine = &bench->mine;
    Status status;
    if (bench->ticks < TEACH_FIRST_TICK && ++bench->ticks == TEACH_FIRST_TICK) {
        TeachFile *file = teach_file(&kind, mine->path, &status);
        if (workbench_check(bench, status)) {
            text_copy(file->digits.path, sizeof file->digits.path, mine->path);
            errands_send(bench, &file->errand);
        }
    }
    if (mine->loaded && my_digits_are_behind(mine)) {
        workbench_check(bench, teach_send(bench));
    } else if (!mine->path[0] && bench->taught_word[0]) {
        workbench_say(bench, NOTICE_SUCCESS, "%s", bench->taught_word);
        bench->taught_word[0] = '\0';
    }
}

bool teach_is_behind(const Workbench *bench) {
    if (bench->label.text[0]) return true;
    return my_digits_are_behind(&bench->mine) &&
           (bench->mine.loaded || errands_are_busy(bench, ERRANDS_FILES)); // else it never will be
}

void teach_close(Workbench *bench) {
    errands_finish(bench, ERRANDS_FILES);
    if (!bench->mine.loaded) return; // then the file is not known
    bench->mine.stuck = false;
    if (teach_is_behind(bench)) workbench_check(bench, teach_send(bench));
}

// ---- others -------------------------------------------------------------------------------------

static Status teach_write(Errand *errand) {
    TeachFile *file = (TeachFile *)errand;
    return my_digits_export(&file->digits, file->path, &file->count);
}

static Status teach_written(Workbench *bench, Errand *errand) {
    const TeachFile *file = (const TeachFile *)errand;
    if (status_is_ok(&errand->status))
        workbench_say(bench, NOTICE_SUCCESS, tr("%d digits written to %s"), file->count,
                      file->path);
    return errand->status;
}

Status teach_export(Workbench *bench, const char *path) {
    static const ErrandKind kind = {teach_write, teach_written, teach_close_file, ERRANDS_FILES};
    Status status;
    TeachFile *file = teach_file(&kind, path, &status);
    if (status_is_ok(&status)) status = my_digits_copy(&bench->mine, &file->digits);
    if (status_is_ok(&status)) return errands_try(bench, &file->errand);
    free(file);
    return status;
}

static Status teach_read(Errand *errand) {
    TeachFile *file = (TeachFile *)errand;
    return my_digits_read(&file->digits, file->path);
}

static Status teach_was_read(Workbench *bench, Errand *errand) {
    TeachFile *file = (TeachFile *)errand;
    int count = file->digits.count;
    Status status = errand->status;
    if (status_is_ok(&status)) status = my_digits_join(&bench->mine, &file->digits);
    if (status_is_ok(&status))
        snprintf(bench->taught_word, sizeof bench->taught_word, tr("%d digits came from %.200s"),
                 count, path_basename(file->path));
    return status;
}

Status teach_import(Workbench *bench, const char *path) {
    static const ErrandKind kind = {teach_read, teach_was_read, teach_close_file, ERRANDS_FILES};
    Status status;
    TeachFile *file = teach_file(&kind, path, &status);
    return status_is_ok(&status) ? errands_try(bench, &file->errand) : status;
}
