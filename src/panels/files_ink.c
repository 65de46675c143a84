// Opening what goes to the canvas: pictures and drawings.
#include "panels/files.h"

#include "base/tr.h"
#include "ink/strokes_file.h"

#include <stdlib.h>

// A picture, or the first drawing of a file of strokes, on its way in.
typedef struct FilesInk {
    Errand errand;
    Status (*read_picture)(const char *path, GreyPicture *out);
    char path[FILE_PATH_MAX];
    float brush;
    GreyPicture picture;
    Drawing drawing;
} FilesInk;

static Status files_read_picture(Errand *errand) {
    FilesInk *ink = (FilesInk *)errand;
    Status status = ink->read_picture(ink->path, &ink->picture);
    return status_is_ok(&status) ? grey_picture_look(&ink->picture) : status;
}

static Status files_show_picture(Workbench *bench, Errand *errand) {
    FilesInk *ink = (FilesInk *)errand;
    if (!status_is_ok(&errand->status)) return errand->status;
    return ink_state_show(&bench->ink, &ink->picture, path_basename(ink->path));
}

static Status files_read_strokes(Errand *errand) {
    FilesInk *ink = (FilesInk *)errand;
    StrokesReader *reader = NULL;
    StrokesLine line;
    bool more = false;
    Status status;
    TRY(strokes_reader_open(&reader, ink->path));
    TRY(strokes_reader_next(reader, ink->brush, &ink->drawing, &line, &more));
    if (!more) TRY(status_error(STATUS_FORMAT, TR("%s holds no drawing"), ink->path));
fail:
    strokes_reader_close(&reader);
    return status;
}

static Status files_show_strokes(Workbench *bench, Errand *errand) {
    const Drawing *drawing = &((const FilesInk *)errand)->drawing;
    Status status = errand->status;
    if (!status_is_ok(&status)) return status;
    TRY(ink_state_clear(&bench->ink));
    for (size_t s = drawing_first(drawing); s < drawing->live; s++) {
        const Stroke *stroke = &drawing->strokes[s];
        TRY(drawing_begin(&bench->ink.drawing, stroke->kind, stroke->radius));
        for (uint32_t i = 0; i < stroke->count; i++) {
            InkPoint p = drawing->points[stroke->first + i];
            TRY(drawing_add(&bench->ink.drawing, p.x, p.y, p.pressure));
        }
        drawing_end(&bench->ink.drawing);
    }
fail:
    drawing_end(&bench->ink.drawing);
    return status;
}

static void files_close_ink(Errand *errand) {
    FilesInk *ink = (FilesInk *)errand;
    free(ink->picture.pixels);
    drawing_close(&ink->drawing);
    free(ink);
}

static Status files_open_ink(Workbench *bench, const ErrandKind *kind, const char *path) {
    FilesInk *ink = calloc(1, sizeof *ink);
    if (!ink) return status_no_memory("a drawing", sizeof *ink);
    ink->errand.kind = kind;
    ink->read_picture = bench->hooks.read_picture;
    ink->brush = bench->ink.brush;
    text_copy(ink->path, sizeof ink->path, path);
    return errands_try(bench, &ink->errand);
}

Status bench_open_picture(Workbench *bench, const char *path) {
    static const ErrandKind kind = {files_read_picture, files_show_picture, files_close_ink,
                                    ERRANDS_FILES};
    if (!bench->hooks.read_picture)
        return status_error(STATUS_UNSUPPORTED, TR("%s: this build cannot read pictures"), path);
    return files_open_ink(bench, &kind, path);
}

Status bench_open_strokes(Workbench *bench, const char *path) {
    static const ErrandKind kind = {files_read_strokes, files_show_strokes, files_close_ink,
                                    ERRANDS_FILES};
    return files_open_ink(bench, &kind, path);
}
