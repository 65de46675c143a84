// Strokes files: JSON lines, one drawing each: {"label":5,"strokes":[[[x,y],...],...]}. Unknown
// keys are ignored; `label` (a whole number or a short text) may be missing or null; a point may
// have a third number 0..1, its pressure. x to the right, y down, in any unit: only the drawing's
// own extent counts, so it is moved and scaled onto the canvas. cJSON is behind this file alone.
#ifndef INKLING_INK_STROKES_FILE_H
#define INKLING_INK_STROKES_FILE_H

#include "base/text.h"
#include "ink/strokes.h"

enum {
    STROKES_LINE_MAX = 4 << 20,     // bytes in one line
    STROKES_LABEL_MAX = 16,         // bytes of a label's text, NUL included
    STROKES_PER_DRAWING_MAX = 4096, // pen-downs in one line
    STROKES_POINTS_MAX = 100000,    // points in one line
};

// A drawing read from a file has its longer side this long, in the middle of the canvas.
#define STROKES_EXTENT 0.7f

typedef struct StrokesReader StrokesReader;

// One line, as read. `label` is the number, or -1 when there is none or it is not a number >= 0;
// `label_text` its text ("5", "A"; "" when there is none).
typedef struct StrokesLine {
    int label;
    char label_text[STROKES_LABEL_MAX];
    long number; // line in the file, from 1
} StrokesLine;

// Opens a file for reading line by line; the whole is never in memory. "-" reads standard input.
Status strokes_reader_open(StrokesReader **out, const char *path);
void strokes_reader_close(StrokesReader **reader);

// The next drawing into `drawing` (zero-initialised or reused; its history is reset), drawn with a
// brush of `radius`. Empty lines are skipped. *more is false, and nothing else written, at the end
// of the file. STATUS_FORMAT names file and line and what was expected; the next call goes on with
// the line behind.
Status strokes_reader_next(StrokesReader *reader, float radius, Drawing *drawing, StrokesLine *line,
                           bool *more);
// Is there no line yet, since whoever writes into a pipe has not got further? Never of a file.
bool strokes_reader_must_wait(const StrokesReader *reader);

// Appends what is visible of the drawing (the eraser's work done) as one line with its newline.
// `label_text` NULL or "": none. Coordinates in canvas units, 5 digits; pressure only where it is
// not 1 throughout. Returns false, nothing appended, when there is nothing to see or no memory.
bool strokes_line_write(Text *out, const Drawing *drawing, const char *label_text);

// Appends one line to a file (made if missing) and waits until it is on the disk. A last line that
// was cut short by a crash gets its newline first, so only it is lost.
Status strokes_file_append(const char *path, const Drawing *drawing, const char *label_text);

#endif
