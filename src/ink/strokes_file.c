// Lines of JSON in and out. The only file that includes cJSON.
#include "ink/strokes_file.h"

#include "base/file.h"
#include "base/tr.h"
#include "ink/trace.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_AT_ONCE = 1 << 16 };

// Bytes come by read(2), not by stdio, so that it can be told whether there are more.
struct StrokesReader {
    FILE *file;
    char path[FILE_PATH_MAX];
    long number; // of the line read last
    char *line;
    size_t capacity;
    size_t at, end; // what is left of `bytes`
    unsigned char bytes[READ_AT_ONCE];
};

Status strokes_reader_open(StrokesReader **out, const char *path) {
    *out = NULL;
    StrokesReader *reader = calloc(1, sizeof *reader);
    if (!reader) return status_no_memory("reading strokes", sizeof *reader);
    bool standard = strcmp(path, "-") == 0;
    text_copy(reader->path, sizeof reader->path, standard ? "standard input" : path);
    reader->file = standard ? stdin : fopen(path, "rb");
    struct stat info;
    Status status = status_ok();
    if (!reader->file) {
        status = status_errno("open", path, errno);
    } else if (fstat(fileno(reader->file), &info) == 0 && S_ISDIR(info.st_mode)) {
        status = status_error(STATUS_IO, TR("%s is a directory, not a file of strokes"), path);
    }
    if (!status_is_ok(&status)) {
        strokes_reader_close(&reader);
        return status;
    }
    *out = reader;
    return status;
}

void strokes_reader_close(StrokesReader **reader) {
    if (!*reader) return;
    if ((*reader)->file && (*reader)->file != stdin) (void)fclose((*reader)->file);
    free((*reader)->line);
    free(*reader);
    *reader = NULL;
}

enum { END_OF_FILE = -1, NO_BYTE = -2 };

// The next byte, END_OF_FILE or NO_BYTE (errno says why).
static inline int read_byte(StrokesReader *reader) {
    if (reader->at == reader->end) {
        ssize_t size;
        do {
            size = read(fileno(reader->file), reader->bytes, sizeof reader->bytes);
        } while (size < 0 && errno == EINTR);
        if (size <= 0) return size == 0 ? END_OF_FILE : NO_BYTE;
        reader->at = 0;
        reader->end = (size_t)size;
    }
    return reader->bytes[reader->at++];
}

// Reads on to the end of a line that is too long, so that the next call starts behind it.
static Status skip_long_line(StrokesReader *reader) {
    int c;
    while ((c = read_byte(reader)) >= 0 && c != '\n') {
    }
    return status_error(STATUS_FORMAT, "%s, line %ld: longer than %d bytes", reader->path,
                        reader->number, STROKES_LINE_MAX);
}

// The next line without its newline; *size is (size_t)-1 at the end of the file.
static Status read_line(StrokesReader *reader, size_t *size) {
    size_t used = 0;
    int c;
    reader->number++;
    while ((c = read_byte(reader)) >= 0 && c != '\n') {
        if (used >= STROKES_LINE_MAX) return skip_long_line(reader);
        if (used + 1 >= reader->capacity) {
            size_t wanted = reader->capacity ? reader->capacity * 2 : 4096;
            char *grown = realloc(reader->line, wanted);
            if (!grown) return status_no_memory("a line of strokes", wanted);
            reader->line = grown;
            reader->capacity = wanted;
        }
        reader->line[used++] = (char)c;
    }
    if (c == NO_BYTE) return status_errno("read", reader->path, errno);
    if (reader->line) reader->line[used] = '\0';
    *size = c == END_OF_FILE && used == 0 ? (size_t)-1 : used;
    return status_ok();
}

bool strokes_reader_must_wait(const StrokesReader *reader) {
    if (memchr(reader->bytes + reader->at, '\n', reader->end - reader->at)) return false;
    struct pollfd input = {.fd = fileno(reader->file), .events = POLLIN};
    return poll(&input, 1, 0) == 0;
}

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static Status
line_error(const StrokesReader *reader, const char *format, ...) {
    char what[240];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return status_error(STATUS_FORMAT, "%s, line %ld: %s", reader->path, reader->number, what);
}

static Status read_label(const StrokesReader *reader, const cJSON *json, StrokesLine *line) {
    const cJSON *label = cJSON_GetObjectItemCaseSensitive(json, "label");
    line->label = -1;
    line->label_text[0] = '\0';
    if (!label || cJSON_IsNull(label)) return status_ok();
    if (cJSON_IsString(label)) {
        long long value;
        if (!text_copy(line->label_text, sizeof line->label_text, label->valuestring))
            return line_error(reader, "the label is longer than %d bytes", STROKES_LABEL_MAX - 1);
        if (text_to_int(label->valuestring, &value) && value >= 0 && value <= 1000000)
            line->label = (int)value;
        return status_ok();
    }
    if (!cJSON_IsNumber(label))
        return line_error(reader, "\"label\" must be a number or a short text");
    double value = label->valuedouble;
    if (!(value >= 0.0 && value <= 1000000.0) || value != floor(value))
        return line_error(reader, "the label must be a whole number from 0 to 1000000");
    line->label = (int)value;
    snprintf(line->label_text, sizeof line->label_text, "%d", line->label);
    return status_ok();
}

typedef struct Extent {
    double x0, y0, x1, y1;
    size_t points;
} Extent;

// Three numbers of a point; pressure 1 when it is not given.
static bool read_point(const cJSON *json, double v[3]) {
    const cJSON *x = cJSON_IsArray(json) ? json->child : NULL;
    const cJSON *y = x ? x->next : NULL;
    const cJSON *p = y ? y->next : NULL;
    if (!y || !cJSON_IsNumber(x) || !cJSON_IsNumber(y) || (p && !cJSON_IsNumber(p))) return false;
    v[0] = x->valuedouble;
    v[1] = y->valuedouble;
    v[2] = p ? p->valuedouble : 1.0;
    return true;
}

// Checks every stroke and point, so that the second pass cannot fail on them.
static Status check_strokes(const StrokesReader *reader, const cJSON *strokes, Extent *extent) {
    *extent = (Extent){INFINITY, INFINITY, -INFINITY, -INFINITY, 0};
    int number = 0;
    const cJSON *stroke, *point;
    cJSON_ArrayForEach(stroke, strokes) {
        int at = 0;
        if (++number > STROKES_PER_DRAWING_MAX)
            return line_error(reader, "more than %d strokes", STROKES_PER_DRAWING_MAX);
        if (!cJSON_IsArray(stroke))
            return line_error(reader, "stroke %d is not a list of points", number);
        cJSON_ArrayForEach(point, stroke) {
            double v[3];
            at++;
            if (++extent->points > STROKES_POINTS_MAX)
                return line_error(reader, "more than %d points", STROKES_POINTS_MAX);
            if (!read_point(point, v))
                return line_error(reader, "point %d of stroke %d must be [x,y] or [x,y,pressure]",
                                  at, number);
            // cJSON reads 1e999 as infinity; beyond 1e30 differences lose their meaning in floats.
            if (!(fabs(v[0]) <= 1e30 && fabs(v[1]) <= 1e30))
                return line_error(reader, "point %d of stroke %d is too far out", at, number);
            extent->x0 = fmin(extent->x0, v[0]), extent->x1 = fmax(extent->x1, v[0]);
            extent->y0 = fmin(extent->y0, v[1]), extent->y1 = fmax(extent->y1, v[1]);
        }
    }
    return status_ok();
}

static Status fill_drawing(const cJSON *strokes, const Extent *e, float radius, Drawing *drawing) {
    Status status = status_ok();
    double longer = fmax(e->x1 - e->x0, e->y1 - e->y0);
    double scale = longer > 0.0 ? STROKES_EXTENT / longer : 0.0;
    double mx = 0.5 * (e->x0 + e->x1), my = 0.5 * (e->y0 + e->y1);
    const cJSON *stroke, *point;
    cJSON_ArrayForEach(stroke, strokes) {
        if (!stroke->child) continue;
        TRY(drawing_begin(drawing, STROKE_INK, radius));
        cJSON_ArrayForEach(point, stroke) {
            double v[3];
            if (!read_point(point, v)) continue;
            // Pressures outside 0..1 are in the device's own unit, which the file does not tell.
            bool sensible = v[2] >= 0.0 && v[2] <= 1.0;
            TRY(drawing_add(drawing, (float)(0.5 + (v[0] - mx) * scale),
                            (float)(0.5 + (v[1] - my) * scale), sensible ? (float)v[2] : 1.0f));
        }
        drawing_end(drawing);
    }
fail:
    return status;
}

static Status read_drawing(const StrokesReader *reader, size_t size, float radius, Drawing *drawing,
                           StrokesLine *line) {
    const char *end = NULL;
    Status status;
    cJSON *json = cJSON_ParseWithLengthOpts(reader->line, size + 1, &end, true);
    if (!json) {
        long column = end ? (long)(end - reader->line) + 1 : 1;
        return line_error(reader, "not valid JSON at column %ld", column);
    }
    const cJSON *strokes = cJSON_GetObjectItemCaseSensitive(json, "strokes");
    Extent extent;
    if (!cJSON_IsObject(json) || !cJSON_IsArray(strokes)) {
        status =
            line_error(reader, "expected an object like {\"label\":5,\"strokes\":[[[x,y],...]]}");
        goto fail;
    }
    TRY(read_label(reader, json, line));
    TRY(check_strokes(reader, strokes, &extent));
    line->number = reader->number;
    drawing_reset(drawing);
    if (extent.points > 0) TRY(fill_drawing(strokes, &extent, radius, drawing));
fail:
    cJSON_Delete(json);
    return status;
}

Status strokes_reader_next(StrokesReader *reader, float radius, Drawing *drawing, StrokesLine *line,
                           bool *more) {
    for (;;) {
        size_t size = 0;
        *more = true;
        Status status = read_line(reader, &size);
        if (!status_is_ok(&status)) return status;
        if (size == (size_t)-1) {
            *more = false;
            return status;
        }
        const char *text = reader->line;
        if (size == 0 || text[strspn(text, " \t\r")] == '\0') {
            if (size > 0 && memchr(text, '\0', size)) return line_error(reader, "a zero byte");
            continue;
        }
        if (memchr(text, '\0', size)) return line_error(reader, "a zero byte: not a text file");
        return read_drawing(reader, size, radius, drawing, line);
    }
}

// Locale-independent, five digits, no trailing zeros.
static void put_number(Text *out, double value) {
    char digits[32];
    long scaled = lround(value * 100000.0);
    long whole = labs(scaled) / 100000, part = labs(scaled) % 100000;
    int size = snprintf(digits, sizeof digits, "%s%ld.%05ld", scaled < 0 ? "-" : "", whole, part);
    while (digits[size - 1] == '0') size--;
    if (digits[size - 1] == '.') size--;
    text_append_bytes(out, digits, (size_t)size);
}

static void put_label(Text *out, const char *label) {
    long long number;
    if (!label || !label[0]) return;
    bool plain = label[0] != '0' || label[1] == '\0'; // "0042" is a text of four digits
    if (plain && text_to_int(label, &number) && number >= 0) {
        text_append(out, "\"label\":%lld,", number);
        return;
    }
    text_append(out, "\"label\":\"");
    for (const char *c = label; *c; c++) {
        if (*c == '"' || *c == '\\') {
            text_append(out, "\\%c", *c);
        } else if ((unsigned char)*c < 32) {
            text_append(out, "\\u%04x", (unsigned)*c);
        } else {
            text_append_bytes(out, c, 1);
        }
    }
    text_append(out, "\",");
}

bool strokes_line_write(Text *out, const Drawing *drawing, const char *label_text) {
    Trace trace = {0};
    Status status = trace_drawing(&trace, drawing);
    size_t before = out->size;
    bool pressure = false, made = status_is_ok(&status) && trace.point_count > 0;
    // Without memory a drawing is not one that has nothing to see.
    if (!status_is_ok(&status)) out->failed = true;
    for (size_t i = 0; i < trace.point_count; i++) pressure |= trace.points[i].pressure != 1.0f;
    if (made) {
        text_append(out, "{");
        put_label(out, label_text);
        text_append(out, "\"strokes\":[");
        for (size_t l = 0; l < trace.line_count; l++) {
            text_append(out, l ? ",[" : "[");
            for (uint32_t i = 0; i < trace.lines[l].count; i++) {
                const InkPoint *p = &trace.points[trace.lines[l].first + i];
                text_append(out, i ? ",[" : "[");
                put_number(out, p->x);
                text_append(out, ",");
                put_number(out, p->y);
                if (pressure) {
                    text_append(out, ",");
                    put_number(out, p->pressure);
                }
                text_append(out, "]");
            }
            text_append(out, "]");
        }
        text_append(out, "]}\n");
    }
    trace_close(&trace);
    if (made && out->failed && out->data) {
        out->size = before;
        out->data[before] = '\0';
    }
    return made && !out->failed;
}

// True when the file is not empty and its last byte is no newline.
static bool ends_mid_line(int file) {
    char last = '\n';
    off_t size = lseek(file, 0, SEEK_END);
    return size > 0 && pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

// On its own line, whatever stands before it, and on the disk.
static Status append_line(int file, const char *path, const Text *text) {
    if (ends_mid_line(file) && write(file, "\n", 1) != 1) return status_errno("write", path, errno);
    for (size_t done = 0; done < text->size;) {
        ssize_t n = write(file, text->data + done, text->size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return status_errno("write", path, errno);
        done += (size_t)n;
    }
    if (fsync(file) != 0) return status_errno("write", path, errno);
    return status_ok();
}

Status strokes_file_append(const char *path, const Drawing *drawing, const char *label_text) {
    Status status = status_ok();
    Text text = {0};
    int file = -1;
    if (!strokes_line_write(&text, drawing, label_text)) {
        status = text.failed
                     ? status_no_memory("a line of strokes", text.size)
                     : status_error(STATUS_USAGE, TR("there is nothing on the canvas to keep"));
        goto fail;
    }
    file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) {
        status = status_errno("open", path, errno);
        goto fail;
    }
    off_t before = lseek(file, 0, SEEK_END);
    status = append_line(file, path, &text);
    // A full disk takes half a line: not even that is to stay.
    if (!status_is_ok(&status) && before >= 0 && ftruncate(file, before) != 0)
        status = status_prefix(status, "a line was begun");
fail:
    if (file >= 0) close(file);
    text_close(&text);
    return status;
}
