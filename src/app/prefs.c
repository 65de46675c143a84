// The window's settings file.
#include "app/prefs.h"

#include "base/file.h"
#include "base/text.h"
#include "ink/strokes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREFS_BYTES_MAX = 1 << 16 };

typedef enum PrefType { PREF_BOOL, PREF_INT, PREF_FLOAT, PREF_TEXT } PrefType;

#define PREF(member) offsetof(WindowPrefs, member)

static const struct PrefRow {
    const char *name;
    PrefType type;
    size_t offset;
    double low, high;
} pref_rows[] = {
    {"width", PREF_INT, PREF(width), 200, 16384},
    {"height", PREF_INT, PREF(height), 200, 16384},
    {"x", PREF_INT, PREF(x), -16384, 16384},
    {"y", PREF_INT, PREF(y), -16384, 16384},
    {"placed", PREF_BOOL, PREF(placed), 0, 1},
    {"maximised", PREF_BOOL, PREF(maximised), 0, 1},
    {"light", PREF_BOOL, PREF(bench.light), 0, 1},
    {"big-text", PREF_BOOL, PREF(bench.big), 0, 1},
    {"language", PREF_INT, PREF(bench.language), LANGUAGE_UNSET, LANGUAGE_COUNT - 1},
    {"scale", PREF_FLOAT, PREF(bench.scale), 0.5, 4},
    {"brush", PREF_FLOAT, PREF(bench.brush), BRUSH_RADIUS_MIN, BRUSH_RADIUS_MAX},
    {"tab", PREF_INT, PREF(bench.tab), 0, TAB_COUNT - 1},
    {"log-loss", PREF_BOOL, PREF(bench.log_loss), 0, 1},
    {"raw-loss", PREF_BOOL, PREF(bench.raw_loss), 0, 1},
    {"chart-x", PREF_INT, PREF(bench.chart_x), 0, CHART_AXES - 1},
    {"saliency", PREF_BOOL, PREF(bench.saliency), 0, 1},
    {"directory", PREF_TEXT, PREF(bench.directory), 0, 0},
};
enum { PREF_COUNT = sizeof pref_rows / sizeof pref_rows[0] };

static bool prefs_path(char out[FILE_PATH_MAX], char directory[FILE_PATH_MAX]) {
    return path_user_config(directory) && path_join(out, directory, "window.conf");
}

static void prefs_set(WindowPrefs *prefs, const char *name, const char *value) {
    for (int i = 0; i < PREF_COUNT; i++) {
        const struct PrefRow *row = &pref_rows[i];
        void *field = (char *)prefs + row->offset;
        double number;
        if (strcmp(row->name, name) != 0) continue;
        if (row->type == PREF_TEXT) {
            if (text_is_utf8(value, strlen(value))) text_copy(field, FILE_PATH_MAX, value);
            return;
        }
        if (!text_to_double(value, &number) || number < row->low || number > row->high) return;
        if (row->type == PREF_BOOL) *(bool *)field = number != 0;
        if (row->type == PREF_INT) *(int *)field = (int)number;
        if (row->type == PREF_FLOAT) *(float *)field = (float)number;
    }
}

void prefs_read(WindowPrefs *prefs) {
    char path[FILE_PATH_MAX], directory[FILE_PATH_MAX];
    Bytes bytes;
    if (!prefs_path(path, directory)) return;
    Status status = file_read(path, PREFS_BYTES_MAX, &bytes);
    if (!status_is_ok(&status)) return;
    for (char *line = (char *)bytes.data; line && *line;) {
        char *next = strchr(line, '\n');
        if (next) *next++ = '\0';
        char *value = strchr(line, '=');
        if (value) {
            *value++ = '\0';
            prefs_set(prefs, line, value);
        }
        line = next;
    }
    bytes_close(&bytes);
}

Status prefs_write(const WindowPrefs *prefs) {
    char path[FILE_PATH_MAX], directory[FILE_PATH_MAX], number[32];
    Text text = {0};
    if (!prefs_path(path, directory))
        return status_error(STATUS_NOT_FOUND, "there is no home directory to remember the window "
                                              "in");
    Status status = file_make_directories(directory);
    if (!status_is_ok(&status)) return status;
    for (int i = 0; i < PREF_COUNT; i++) {
        const struct PrefRow *row = &pref_rows[i];
        const void *field = (const char *)prefs + row->offset;
        if (row->type == PREF_BOOL)
            text_append(&text, "%s=%d\n", row->name, *(const bool *)field);
        else if (row->type == PREF_INT)
            text_append(&text, "%s=%d\n", row->name, *(const int *)field);
        else if (row->type == PREF_TEXT)
            text_append(&text, "%s=%s\n", row->name, (const char *)field);
        else {
            text_from_double(number, *(const float *)field);
            text_append(&text, "%s=%s\n", row->name, number);
        }
    }
    status = text.failed ? status_no_memory("the window's settings", text.size)
                         : file_write_atomic(path, text.data, text.size, 0600);
    text_close(&text);
    return status;
}
