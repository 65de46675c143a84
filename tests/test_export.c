// What the window exports of its runs, read back by parsers of this file: the table, JSON (by
// cJSON), TensorBoard's records with their checksums, and SVG; and what it says when it cannot.
#include "panels_window.h"

#include "panels/export.h"
#include "train/report.h"
#include "ui/svg.h"

#include <cjson/cJSON.h>
#include <sys/stat.h>

enum { BATCHES = TRAIN_N / 20, EPOCHS = 3, COLUMNS = 13 };

static Bytes read_all(const char *path) {
    Bytes bytes = {0};
    assert_ok(file_read(path, 50000000, &bytes));
    return bytes;
}

static void export(Fixture *f, const char *path) {
    assert_ok(export_runs(f->ui, f->bench, path));
    settle(f);
}

// ---- csv ----------------------------------------------------------------------------------------

// Takes the next field off *at, unquoted, as RFC 4180 has it. Returns what ended it.
static char csv_field(const char **at, char out[256]) {
    size_t n = 0;
    const char *c = *at;
    bool quoted = *c == '"';
    if (quoted) c++;
    for (; *c && (quoted || (*c != ',' && *c != '\n')); c++) {
        if (quoted && *c == '"' && *++c != '"') break;
        assert_true(n < 255);
        out[n++] = *c;
    }
    out[n] = '\0';
    char end = *c;
    *at = *c ? c + 1 : c;
    return end;
}

static void csv_holds_every_figure(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX], field[COLUMNS][256];
    files_path(path, f->directory, "runs.csv");
    train_and_finish(f);
    RunEntry *run = last_run(f->bench);
    text_copy(run->name, sizeof run->name, "a \"b\", c");
    export(f, path);
    Bytes bytes = read_all(path);
    const char *at = (const char *)bytes.data;
    static const char header[] = "run,row,epoch,batch,images,seconds,lr,loss,accuracy,held_loss,"
                                 "held_accuracy,test_loss,test_accuracy\n";
    assert_memory_equal(at, header, sizeof header - 1);
    at += sizeof header - 1;
    size_t batches = 0, epochs = 0;
    for (int row = 0; row < EPOCHS * (BATCHES + 1); row++) {
        for (int i = 0; i < COLUMNS; i++)
            assert_int_equal(csv_field(&at, field[i]), i + 1 < COLUMNS ? ',' : '\n');
        assert_string_equal(field[0], run->name);
        if (strcmp(field[1], "batch") == 0) {
            const BatchRecord *record = feed_at(&run->log->steps, batches++);
            assert_int_equal(atoi(field[2]), record->epoch);
            assert_int_equal(atoi(field[3]), record->batch);
            assert_int_equal(atoi(field[4]), (record->epoch - 1) * TRAIN_N + record->batch * 20);
            assert_true(strtof(field[5], NULL) == record->seconds);
            assert_true(strtof(field[6], NULL) == record->lr);
            assert_true(strtof(field[7], NULL) == record->loss);
            assert_true(strtof(field[8], NULL) == record->accuracy);
            assert_string_equal(field[12], "");
        } else {
            const EpochRecord *record = feed_at(&run->log->epochs, epochs++);
            assert_string_equal(field[1], "epoch");
            assert_int_equal(batches, epochs * BATCHES); // behind its batches
            assert_int_equal(atoi(field[4]), record->epoch * TRAIN_N);
            assert_true(strtod(field[7], NULL) == record->train_loss);
            assert_string_equal(field[9], ""); // nothing was held out
            assert_true(strtod(field[12], NULL) == record->test_accuracy);
        }
    }
    assert_int_equal(*at, '\0');
    bytes_close(&bytes);
}

// ---- json ---------------------------------------------------------------------------------------

static void json_holds_every_figure(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX], line[TRAIN_LINE_MAX];
    files_path(path, f->directory, "runs.json");
    train_and_finish(f);
    RunEntry *run = last_run(f->bench);
    text_copy(run->name, sizeof run->name, "\"\\\t\xe5\xad\x97");
    export(f, path);
    Bytes bytes = read_all(path);
    cJSON *root = cJSON_Parse((const char *)bytes.data);
    assert_non_null(root);
    cJSON *runs = cJSON_GetObjectItem(root, "runs"), *first = cJSON_GetArrayItem(runs, 0);
    assert_int_equal(cJSON_GetArraySize(runs), 1);
    assert_string_equal(cJSON_GetObjectItem(first, "name")->valuestring, run->name);
    config_print(&run->log->config, line);
    assert_string_equal(cJSON_GetObjectItem(first, "settings")->valuestring, line);
    cJSON *loss = cJSON_GetObjectItem(cJSON_GetObjectItem(first, "batches"), "loss");
    assert_int_equal(cJSON_GetArraySize(loss), EPOCHS * BATCHES);
    const cJSON *value = loss->child;
    for (size_t i = 0; value; value = value->next, i++) {
        const BatchRecord *record = feed_at(&run->log->steps, i);
        assert_true((float)value->valuedouble == record->loss);
    }
    cJSON *epochs = cJSON_GetObjectItem(first, "epochs");
    cJSON *test = cJSON_GetObjectItem(epochs, "test_accuracy");
    assert_int_equal(cJSON_GetArraySize(test), EPOCHS);
    assert_true(cJSON_GetArrayItem(test, EPOCHS - 1)->valuedouble == run->last_epoch.test_accuracy);
    assert_true(cJSON_IsNull(cJSON_GetArrayItem(cJSON_GetObjectItem(epochs, "held_loss"), 0)));
    cJSON_Delete(root);
    bytes_close(&bytes);
}

// ---- TensorBoard --------------------------------------------------------------------------------

// CRC-32C as its definition reads: bit by bit, not reflected, with reflected input and output.
static uint32_t crc32c(const uint8_t *data, size_t size) {
    uint32_t crc = 0xFFFFFFFF, out = 0;
    for (size_t i = 0; i < size; i++)
        for (int bit = 0; bit < 8; bit++) {
            uint32_t in = (uint32_t)(data[i] >> bit & 1), top = crc >> 31;
            crc = crc << 1 ^ (top ^ in ? 0x1EDC6F41u : 0);
        }
    for (int bit = 0; bit < 32; bit++) out |= (crc >> bit & 1) << (31 - bit);
    return ~out;
}

static uint32_t masked(const uint8_t *data, size_t size) {
    uint32_t crc = crc32c(data, size);
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

static uint64_t little(const uint8_t *data, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t)data[i] << 8 * i;
    return value;
}

// A field of a message: its number, and its bytes or its number in `value`.
typedef struct Wire {
    int field;
    uint64_t value;
    const uint8_t *data;
    size_t size;
} Wire;

static uint64_t varint(const uint8_t **at) {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) return value;
    }
}

static Wire wire(const uint8_t **at) {
    uint64_t key = varint(at);
    Wire w = {.field = (int)(key >> 3)};
    int kind = (int)(key & 7);
    if (kind == 0) {
        w.value = varint(at);
    } else if (kind == 1 || kind == 5) {
        w.value = little(*at, kind == 1 ? 8 : 4);
        *at += kind == 1 ? 8 : 4;
    } else {
        assert_int_equal(kind, 2);
        w.size = varint(at);
        w.data = *at;
        *at += w.size;
    }
    return w;
}

typedef struct Scalar {
    char tag[64];
    float value;
} Scalar;

typedef struct Event {
    double wall;
    int64_t step;
    char version[32];
    Scalar scalar[8];
    int count;
} Event;

static void read_summary(const Wire *summary, Event *out) {
    for (const uint8_t *at = summary->data; at < summary->data + summary->size;) {
        Wire value = wire(&at);
        Scalar *scalar = &out->scalar[out->count++];
        assert_int_equal(value.field, 1);
        for (const uint8_t *in = value.data; in < value.data + value.size;) {
            Wire part = wire(&in);
            uint32_t bits = (uint32_t)part.value;
            assert_true(part.field == 1 || part.field == 2);
            if (part.field == 1) memcpy(scalar->tag, part.data, part.size);
            if (part.field == 2) memcpy(&scalar->value, &bits, 4);
        }
    }
}

// The next event of the file; its checksums must be right.
static Event read_event(const uint8_t **at) {
    Event event = {.count = 0};
    size_t size = (size_t)little(*at, 8);
    assert_int_equal(little(*at + 8, 4), masked(*at, 8));
    const uint8_t *data = *at + 12, *end = data + size;
    assert_int_equal(little(end, 4), masked(data, size));
    *at = end + 4;
    while (data < end) {
        Wire part = wire(&data);
        if (part.field == 1) memcpy(&event.wall, &part.value, 8);
        if (part.field == 2) event.step = (int64_t)part.value;
        if (part.field == 3) memcpy(event.version, part.data, part.size);
        if (part.field == 5) read_summary(&part, &event);
    }
    assert_true(data == end);
    return event;
}

static float scalar_of(const Event *event, const char *tag) {
    for (int i = 0; i < event->count; i++)
        if (strcmp(event->scalar[i].tag, tag) == 0) return event->scalar[i].value;
    fail_msg("no \"%s\" at step %d", tag, (int)event->step);
    return 0;
}

static void tensorboard_reads_every_scalar(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX], file[FILE_PATH_MAX], name[96];
    assert_int_equal(crc32c((const uint8_t *)"123456789", 9), 0xE3069283); // the usual check value
    train_and_finish(f);
    RunEntry *run = last_run(f->bench);
    text_copy(run->name, sizeof run->name, "Adam/1");
    files_path(path, f->directory, "board");
    export(f, path);
    export(f, path); // again: the same file
    snprintf(name, sizeof name, "Adam_1/events.out.tfevents.%.0f.inkling", run->started);
    files_path(file, path, name);
    Bytes bytes = read_all(file);
    const uint8_t *at = bytes.data;
    Event event = read_event(&at);
    assert_string_equal(event.version, "brain.Event:2");
    int batches = 0, epochs = 0;
    while (at < bytes.data + bytes.size) {
        event = read_event(&at);
        if (strcmp(event.scalar[0].tag, "loss") == 0) {
            const BatchRecord *record = feed_at(&run->log->steps, (size_t)batches++);
            assert_int_equal(event.step, batches);
            assert_true(scalar_of(&event, "loss") == record->loss);
            assert_true(scalar_of(&event, "accuracy") == record->accuracy);
            assert_true(scalar_of(&event, "lr") == record->lr);
            assert_true(event.wall == run->started + (double)record->seconds);
        } else {
            const EpochRecord *record = feed_at(&run->log->epochs, (size_t)epochs++);
            assert_int_equal(event.step, epochs * BATCHES);
            assert_true(scalar_of(&event, "test/loss") == (float)record->test_loss);
            assert_true(scalar_of(&event, "test/accuracy") == (float)record->test_accuracy);
        }
    }
    assert_int_equal(batches, EPOCHS * BATCHES);
    assert_int_equal(epochs, EPOCHS);
    bytes_close(&bytes);
}

// ---- pictures -----------------------------------------------------------------------------------

// Every element is closed by its own name, and attributes are in quotes; `count` of `element`.
static int check_xml(const char *text, const char *element) {
    char open[16][32];
    int depth = 0, count = 0;
    for (const char *at = strchr(text, '<'); at; at = strchr(at, '<')) {
        const char *end = strchr(at, '>'), *name = at + (at[1] == '/' ? 2 : 1);
        assert_non_null(end);
        size_t size = strcspn(name, " />?");
        int quotes = 0;
        for (const char *c = at; c < end; c++) quotes += *c == '"';
        assert_int_equal(quotes % 2, 0);
        if (at[1] == '/') {
            assert_true(depth > 0);
            depth--;
            assert_true(strlen(open[depth]) == size && memcmp(open[depth], name, size) == 0);
        } else if (at[1] != '?') {
            count += strlen(element) == size && memcmp(element, name, size) == 0;
            assert_true(depth < 16 && size < 32);
            memcpy(open[depth], name, size);
            open[depth][size] = '\0';
            if (end[-1] != '/') depth++;
        }
        at = end;
    }
    assert_int_equal(depth, 0);
    return count;
}

static void svg_prints_every_command(void **state) {
    (void)state;
    char directory[FILE_PATH_MAX], path[FILE_PATH_MAX];
    DrawList list = {0};
    Color red = color_hex(0xFF0000);
    Vec2 points[] = {{10, 10}, {20, 15}, {30, 5}, {40, 30}};
    Vec2 spans[] = {{5, 5}, {5, 9}, {6, 4}, {6, 4}};
    assert_true(files_open(directory));
    files_path(path, directory, "all.svg");
    draw_list_begin(&list, rect_make(0, 0, 100, 50));
    draw_box(&list, rect_make(2, 2, 20, 10), 3, red, color_hex(0x00FF00), 2);
    draw_hline(&list, 0, 100, 25, color_fade(red, 0.5f));
    draw_polyline_dashed(&list, points, 4, 1.5f, red, 4, 3);
    draw_polygon(&list, points, 3, red);
    draw_area(&list, points, 4, 45, red);
    draw_clip_push(&list, rect_make(0, 0, 50, 25));
    draw_spans(&list, spans, 4, red);                       // inside: no clip
    draw_line(&list, (Vec2){0, 0}, (Vec2){90, 40}, 1, red); // reaches out
    draw_circle(&list, (Vec2){50, 25}, 5, red);             // out too: the same group
    draw_clip_pop(&list);
    draw_text(&list, (Vec2){5, 40}, (Vec2){60, 15}, (TextStyle){.size = 12}, red, "a<b & \"c\"", 9);
    draw_list_finish(&list);
    assert_ok(svg_write(&list, color_hex(0xFFFFFF), "x & y", path));
    Bytes bytes = read_all(path);
    const char *text = (const char *)bytes.data;
    assert_int_equal(check_xml(text, "rect"), 1 + 2 + 1 + 1); // paper, boxes, circle, clip
    assert_int_equal(check_xml(text, "path"), 5);
    assert_int_equal(check_xml(text, "clipPath"), 1);
    assert_int_equal(check_xml(text, "g"), 1);
    assert_non_null(strstr(text, "<title>x &amp; y</title>"));
    assert_non_null(strstr(text, ">a&lt;b &amp; \"c\"</text>"));
    assert_non_null(strstr(text, "M10 10L20 15L30 5L40 30\" fill=\"none\""));
    assert_non_null(strstr(text, "M5 5V9M6 4V4.5\""));
    assert_non_null(strstr(text, "stroke-dasharray=\"4 3\""));
    assert_non_null(strstr(text, "fill=\"#ff0000\" fill-opacity=\"0.5\""));
    bytes_close(&bytes);
    draw_list_close(&list);
    files_close(directory);
}

static void charts_have_title_legend_and_axes(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX];
    files_path(path, f->directory, "charts.svg");
    frames(f, 2);
    click(f, "Add run");
    workbench_set(f->bench, "optimizer", "sgd");
    click(f, "Add run");
    wait_for(f, all_are_over, "the end of both");
    export(f, path);
    Bytes bytes = read_all(path);
    const char *text = (const char *)bytes.data;
    static const char *const wanted[] = {
        ">Training on bars</text>", ">Adam</text>",  ">SGD</text>",  ">Loss, logarithmic</text>",
        ">Accuracy %</text>",       ">epoch</text>", ">test</text>", ">train</text>"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!strstr(text, wanted[i])) fail_msg("the charts lack %s", wanted[i]);
    // Both smooth lines, the two noisy ones behind them, and test and train of both.
    if (check_xml(text, "path") < 8) fail_msg("only %d lines", check_xml(text, "path"));
    bytes_close(&bytes);
    // Hidden is hidden: also in the table.
    f->bench->runs.entry[0]->visible = false;
    export(f, path);
    bytes = read_all(path);
    assert_null(strstr((const char *)bytes.data, ">Adam</text>"));
    assert_non_null(strstr((const char *)bytes.data, ">SGD</text>"));
    bytes_close(&bytes);
    f->bench->runs.entry[1]->visible = false;
    assert_fails(export_runs(f->ui, f->bench, path), STATUS_USAGE, "no run");
}

// ---- the dialog ---------------------------------------------------------------------------------

static void the_menu_leads_to_a_file(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX];
    train_and_finish(f);
    click(f, "Export");
    click(f, "Figures as CSV\xe2\x80\xa6");
    assert_int_equal(f->bench->dialog, DIALOG_EXPORT_RUNS);
    assert_non_null(strstr(f->bench->path.path, "-runs.csv"));
    files_path(path, f->directory, "mine"); // the ending follows
    text_copy(f->bench->path.path, sizeof f->bench->path.path, path);
    frames(f, 2);
    type_key(f, KEY_ENTER, 0, 0);
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
    files_path(path, f->directory, "mine.csv");
    assert_true(file_exists(path));
    // A second time it asks, and a directory for TensorBoard may be there already.
    click(f, "Export");
    click(f, "Figures as CSV\xe2\x80\xa6");
    text_copy(f->bench->path.path, sizeof f->bench->path.path, path);
    frames(f, 2);
    type_key(f, KEY_ENTER, 0, 0);
    assert_int_equal(f->bench->dialog, DIALOG_EXPORT_RUNS);
    assert_non_null(strstr(f->bench->path.problem, "again"));
    type_key(f, KEY_ENTER, 0, 0);
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
    click(f, "Export");
    click(f, "TensorBoard\xe2\x80\xa6");
    text_copy(f->bench->path.path, sizeof f->bench->path.path, f->directory);
    frames(f, 2);
    type_key(f, KEY_ENTER, 0, 0);
    assert_int_equal(f->bench->dialog, DIALOG_NONE);
    files_path(path, f->directory, "Adam");
    assert_true(file_is_directory(path));
}

static void what_cannot_be_written_is_a_sentence(void **state) {
    Fixture *f = *state;
    char path[FILE_PATH_MAX];
    files_path(path, f->directory, "x.csv");
    assert_fails(export_runs(f->ui, f->bench, path), STATUS_USAGE, "no run");
    train_and_finish(f);
    static const struct {
        const char *name, *says;
        StatusCode code;
    } cases[] = {
        {"nowhere/x.csv", "nowhere", STATUS_IO},  {"nowhere/x.svg", "nowhere", STATUS_IO},
        {"nowhere/x.json", "nowhere", STATUS_IO}, {"x.doc", "x.doc", STATUS_USAGE},
        {"x.png", "x.png", STATUS_UNSUPPORTED}, // there is no renderer here
        {"file/board", "file", STATUS_IO},
    };
    files_path(path, f->directory, "file");
    files_write(path, "x", 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        files_path(path, f->directory, cases[i].name);
        assert_fails(export_runs(f->ui, f->bench, path), cases[i].code, cases[i].says);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_window, close_window)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(csv_holds_every_figure),
        CASE(json_holds_every_figure),
        CASE(tensorboard_reads_every_scalar),
        cmocka_unit_test(svg_prints_every_command),
        CASE(charts_have_title_legend_and_axes),
        CASE(the_menu_leads_to_a_file),
        CASE(what_cannot_be_written_is_a_sentence),
    };
    return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
