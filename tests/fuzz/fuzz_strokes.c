// Strokes files, line by line: what can be read is brought to the network's field, cut into digits,
// and written and read again.
#include "fuzz.h"

#include "ink/fit.h"
#include "ink/split.h"
#include "ink/strokes_file.h"

#include <stdlib.h>
#include <string.h>

enum { FIELD = 28, LINES_MAX = 64, DRAWN_POINTS_MAX = 400 };

static void write_again(const Drawing *drawing, const StrokesLine *line) {
    Text text = {0};
    StrokesReader *reader = NULL;
    Drawing again = {0};
    StrokesLine second;
    bool more = false;
    if (strokes_line_write(&text, drawing, line->label_text)) {
        REQUIRE(text.size > 0 && memchr(text.data, '\n', text.size) == text.data + text.size - 1);
        char path[FILE_PATH_MAX];
        fuzz_path(path, "again.jsonl");
        Status status = file_write_atomic(path, text.data, text.size, 0600);
        REQUIRE(status_is_ok(&status));
        status = strokes_reader_open(&reader, path);
        REQUIRE(status_is_ok(&status));
        status = strokes_reader_next(reader, BRUSH_RADIUS_DEFAULT, &again, &second, &more);
        REQUIRE(status_is_ok(&status) && more);
        REQUIRE(strcmp(second.label_text, line->label_text) == 0);
    }
    strokes_reader_close(&reader);
    drawing_close(&again);
    text_close(&text);
}

static void look_at(const Drawing *drawing, const StrokesLine *line) {
    InkOptions options = ink_options_default(FIELD);
    uint8_t field[FIELD * FIELD];
    InkFit fit;
    REQUIRE(strlen(line->label_text) < STROKES_LABEL_MAX);
    if (drawing->point_count > DRAWN_POINTS_MAX) return; // the same, slower
    Status status = ink_fit_drawing(drawing, &options, field, &fit);
    fuzz_check(&status);
    write_again(drawing, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    StrokesReader *reader = NULL;
    Drawing drawing = {0};
    StrokesLine line;
    bool more = true;
    Status status = strokes_reader_open(&reader, fuzz_file(data, size));
    REQUIRE(status_is_ok(&status));
    for (int i = 0; i < LINES_MAX && more; i++) {
        status = strokes_reader_next(reader, BRUSH_RADIUS_DEFAULT, &drawing, &line, &more);
        fuzz_check(&status);
        if (status_is_ok(&status) && more) look_at(&drawing, &line);
        if (!status_is_ok(&status) && status.code != STATUS_FORMAT) break;
    }
    drawing_close(&drawing);
    strokes_reader_close(&reader);
    return 0;
}
