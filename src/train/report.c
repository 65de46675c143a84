// Rows, columns and events of the figures of runs; see report.h.
#include "train/report.h"

#include "base/text.h"
#include "base/tr.h"
#include "formats/tfevents.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// ---- a row --------------------------------------------------------------------------------------

typedef enum ReportColumn {
    REPORT_EPOCH,
    REPORT_BATCH,
    REPORT_IMAGES,
    REPORT_SECONDS,
    REPORT_LR,
    REPORT_LOSS,
    REPORT_ACCURACY,
    REPORT_HELD_LOSS, // from here on of epochs only
    REPORT_HELD_ACCURACY,
    REPORT_TEST_LOSS,
    REPORT_TEST_ACCURACY,
    REPORT_COLUMNS,
    REPORT_BATCH_COLUMNS = REPORT_HELD_LOSS,
} ReportColumn;

static const char *const report_columns[REPORT_COLUMNS] = {
    [REPORT_EPOCH] = "epoch",
    [REPORT_BATCH] = "batch",
    [REPORT_IMAGES] = "images",
    [REPORT_SECONDS] = "seconds",
    [REPORT_LR] = "lr",
    [REPORT_LOSS] = "loss",
    [REPORT_ACCURACY] = "accuracy",
    [REPORT_HELD_LOSS] = "held_loss",
    [REPORT_HELD_ACCURACY] = "held_accuracy",
    [REPORT_TEST_LOSS] = "test_loss",
    [REPORT_TEST_ACCURACY] = "test_accuracy",
};

typedef struct ReportRow {
    double value[REPORT_COLUMNS]; // NAN: there is none
    bool is_epoch;
} ReportRow;

static ReportRow report_batch_row(const ReportRun *run, const BatchRecord *record) {
    ReportRow row = {.is_epoch = false};
    double in_epoch = (double)record->batch * run->config->batch_size;
    for (int i = REPORT_BATCH_COLUMNS; i < REPORT_COLUMNS; i++) row.value[i] = NAN;
    row.value[REPORT_EPOCH] = record->epoch;
    row.value[REPORT_BATCH] = record->batch;
    row.value[REPORT_IMAGES] =
        (double)(record->epoch - 1) * run->images + fmin(in_epoch, run->images);
    row.value[REPORT_SECONDS] = (double)record->seconds;
    row.value[REPORT_LR] = (double)record->lr;
    row.value[REPORT_LOSS] = (double)record->loss;
    row.value[REPORT_ACCURACY] = (double)record->accuracy;
    return row;
}

static ReportRow report_epoch_row(const ReportRun *run, const EpochRecord *record, double seconds) {
    ReportRow row = {.is_epoch = true};
    bool held = record->held_images > 0;
    row.value[REPORT_EPOCH] = record->epoch;
    row.value[REPORT_BATCH] = run->batches;
    row.value[REPORT_IMAGES] = (double)record->epoch * run->images;
    row.value[REPORT_SECONDS] = seconds;
    row.value[REPORT_LR] = record->lr;
    row.value[REPORT_LOSS] = record->train_loss;
    row.value[REPORT_ACCURACY] = record->train_accuracy;
    row.value[REPORT_HELD_LOSS] = held ? record->held_loss : (double)NAN;
    row.value[REPORT_HELD_ACCURACY] = held ? record->held_accuracy : (double)NAN;
    row.value[REPORT_TEST_LOSS] = record->test_loss;
    row.value[REPORT_TEST_ACCURACY] = record->test_accuracy;
    return row;
}

// Goes through the rows of a run in their order: an epoch behind its batches.
typedef struct ReportWalk {
    const ReportRun *run;
    size_t step, steps, epoch, epochs;
    double seconds; // at the last batch so far
} ReportWalk;

static ReportWalk report_walk(const ReportRun *run) {
    // Epochs first: the batches of those that are there are there then too.
    ReportWalk walk = {.run = run, .epochs = feed_count(run->epochs)};
    walk.steps = feed_count(run->steps);
    return walk;
}

static bool report_next(ReportWalk *walk, ReportRow *out) {
    const BatchRecord *batch =
        walk->step < walk->steps ? feed_at(walk->run->steps, walk->step) : NULL;
    const EpochRecord *epoch =
        walk->epoch < walk->epochs ? feed_at(walk->run->epochs, walk->epoch) : NULL;
    if (batch && (!epoch || batch->epoch <= epoch->epoch)) {
        *out = report_batch_row(walk->run, batch);
        walk->seconds = (double)batch->seconds;
        walk->step++;
        return true;
    }
    if (!epoch) return false;
    *out = report_epoch_row(walk->run, epoch, walk->seconds);
    walk->epoch++;
    return true;
}

// Nothing when it is not finite. Batches know their figures as floats.
static void report_number(Text *text, const ReportRow *row, int column) {
    char number[32];
    double value = row->value[column];
    if (!isfinite(value)) return;
    if (column <= REPORT_IMAGES || (row->is_epoch && column != REPORT_SECONDS))
        text_from_double(number, value);
    else
        text_from_float(number, (float)value);
    text_append_bytes(text, number, strlen(number));
}

static Status report_save(Text *text, const char *path) {
    Status status = text->failed ? status_no_memory("a table of the runs", text->size)
                                 : file_write_atomic(path, text->data, text->size, 0644);
    text_close(text);
    return status;
}

// ---- csv ----------------------------------------------------------------------------------------

// In quotes where RFC 4180 asks for them.
static void csv_text(Text *text, const char *value) {
    if (!strpbrk(value, ",\"\r\n")) {
        text_append(text, "%s", value);
        return;
    }
    text_append(text, "\"");
    for (; *value; value++) text_append(text, *value == '"' ? "\"\"" : "%c", *value);
    text_append(text, "\"");
}

Status report_write_csv(const char *path, const ReportRun *runs, int count) {
    Text text = {0}, name = {0};
    ReportRow row;
    text_append(&text, "run,row");
    for (int i = 0; i < REPORT_COLUMNS; i++) text_append(&text, ",%s", report_columns[i]);
    text_append(&text, "\n");
    for (int i = 0; i < count; i++) {
        ReportWalk walk = report_walk(&runs[i]);
        name.size = 0;
        csv_text(&name, runs[i].name);
        while (report_next(&walk, &row)) {
            if (name.data) text_append_bytes(&text, name.data, name.size);
            text_append(&text, row.is_epoch ? ",epoch" : ",batch");
            for (int column = 0; column < REPORT_COLUMNS; column++) {
                text_append_bytes(&text, ",", 1);
                report_number(&text, &row, column);
            }
            text_append_bytes(&text, "\n", 1);
        }
    }
    text.failed = text.failed || name.failed;
    text_close(&name);
    return report_save(&text, path);
}

// ---- json ---------------------------------------------------------------------------------------

// The string escapes of RFC 8259.
static void json_string(Text *text, const char *value) {
    text_append(text, "\"");
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        text_append(text, *c == '"' || *c == '\\' ? "\\%c" : *c < 0x20 ? "\\u%04x" : "%c", *c);
    text_append(text, "\"");
}

// {"epoch": [1, 2], ...}: the rows of one kind, column by column, each from `start` on: the run may
// be growing.
static void json_columns(Text *text, const ReportWalk *start, bool epochs) {
    int columns = epochs ? REPORT_COLUMNS : REPORT_BATCH_COLUMNS;
    for (int column = 0; column < columns; column++) {
        ReportWalk walk = *start;
        ReportRow row;
        bool first = true;
        text_append(text, "%s\n    \"%s\": [", column ? "," : "{", report_columns[column]);
        while (report_next(&walk, &row)) {
            if (row.is_epoch != epochs) continue;
            if (!first) text_append_bytes(text, ", ", 2);
            first = false;
            size_t before = text->size;
            report_number(text, &row, column);
            if (text->size == before) text_append_bytes(text, "null", 4);
        }
        text_append_bytes(text, "]", 1);
    }
    text_append(text, "}");
}

Status report_write_json(const char *path, const ReportRun *runs, int count) {
    Text text = {0};
    char line[TRAIN_LINE_MAX], number[32];
    text_append(&text, "{\"runs\": [");
    for (int i = 0; i < count; i++) {
        ReportWalk walk = report_walk(&runs[i]);
        const BatchRecord *last = walk.steps ? feed_at(runs[i].steps, walk.steps - 1) : NULL;
        text_append(&text, "%s\n  {\"name\": ", i ? "," : "");
        json_string(&text, runs[i].name);
        text_append(&text, ",\n   \"settings\": ");
        config_print(runs[i].config, line);
        json_string(&text, line);
        text_from_double(number, floor(runs[i].started));
        text_append(&text, ",\n   \"started\": %s", number);
        text_from_float(number, last ? last->seconds : 0);
        text_append(&text, ",\n   \"seconds\": %s,\n   \"epochs\": ", number);
        json_columns(&text, &walk, true);
        text_append(&text, ",\n   \"batches\": ");
        json_columns(&text, &walk, false);
        text_append(&text, "}");
    }
    text_append(&text, "\n]}\n");
    return report_save(&text, path);
}

// ---- TensorBoard --------------------------------------------------------------------------------

static void events_of(EventLog *log, const ReportRun *run) {
    ReportWalk walk = report_walk(run);
    ReportRow row;
    while (report_next(&walk, &row)) {
        const double *v = row.value;
        int64_t step = ((int64_t)v[REPORT_EPOCH] - 1) * run->batches + (int64_t)v[REPORT_BATCH];
        double wall = run->started + v[REPORT_SECONDS];
        EventScalar scalars[4] = {{"loss", (float)v[REPORT_LOSS]},
                                  {"accuracy", (float)v[REPORT_ACCURACY]},
                                  {"lr", (float)v[REPORT_LR]}};
        int count = 3;
        if (row.is_epoch) {
            scalars[0] = (EventScalar){"test/loss", (float)v[REPORT_TEST_LOSS]};
            scalars[1] = (EventScalar){"test/accuracy", (float)v[REPORT_TEST_ACCURACY]};
            scalars[2] = (EventScalar){"held/loss", (float)v[REPORT_HELD_LOSS]};
            scalars[3] = (EventScalar){"held/accuracy", (float)v[REPORT_HELD_ACCURACY]};
            count = isfinite(v[REPORT_HELD_LOSS]) ? 4 : 2;
        }
        event_log_add(log, wall, step, scalars, count);
    }
}

// A name for a directory: no slash, no control character, not hidden.
static void events_directory(const char *name, char *out, size_t size) {
    text_copy(out, size, name[0] ? name : "run");
    for (char *c = out; *c; c++)
        if (*c == '/' || (unsigned char)*c < 0x20) *c = '_';
    if (out[0] == '.') out[0] = '_';
}

static Status events_write(const char *directory, const ReportRun *run) {
    char name[128], inside[FILE_PATH_MAX], file[64], path[FILE_PATH_MAX];
    EventLog log = {0};
    events_directory(run->name, name, sizeof name);
    snprintf(file, sizeof file, "events.out.tfevents.%010.0f.inkling", floor(run->started));
    if (!path_join(inside, directory, name) || !path_join(path, inside, file))
        return status_error(STATUS_USAGE, "the path of the event files is too long: %.200s",
                            directory);
    Status status = file_make_directories(inside);
    if (!status_is_ok(&status)) return status;
    events_of(&log, run);
    status = event_log_save(&log, path);
    event_log_close(&log);
    return status;
}

Status report_write_events(const char *directory, const ReportRun *runs, int count) {
    Status status = status_ok();
    for (int i = 0; i < count && status_is_ok(&status); i++)
        status = events_write(directory, &runs[i]);
    return status;
}

// ---- by ending ----------------------------------------------------------------------------------

Status report_writer(const char *path, ReportWriter **out) {
    static const struct {
        const char *ending;
        ReportWriter *write;
    } rows[] = {
        {".csv", report_write_csv}, {".json", report_write_json}, {"", report_write_events}};
    const char *ending = path_extension(path);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcasecmp(rows[i].ending, ending) == 0) {
            *out = rows[i].write;
            return status_ok();
        }
    return status_error(
        STATUS_USAGE,
        TR("%.200s: figures of runs are written as .csv, .json, or for TensorBoard as "
           "a directory (a name without an ending)"),
        path);
}
