// Each operation again and again, its 1st, 2nd, 3rd ... allocation failing, alone or with all that
// follow: it succeeds or says what is wrong, and nothing is lost, left or broken. The same for the
// calls that write files: what was there stays readable as it was or is replaced by all of the new,
// and no other file lies beside it. The history of runs is test_torture_history.c.
#include "files.h"
#include "torture.h"

#include "base/text.h"
#include "dataset/idx.h"
#include "formats/formats.h"
#include "ink/canvas.h"
#include "ink/fit.h"
#include "ink/picture.h"
#include "ink/split.h"
#include "ink/strokes_file.h"
#include "panels/my_digits.h"
#include "panels/root.h"
#include "panels/workbench.h"
#include "train/recognizer.h"
#include "train/run.h"
#include "train/trainer.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { SIDE = 28, FIELD = 28 };

static char directory[FILE_PATH_MAX];
static Drawing drawn;
static Dataset *digits;
static SavedModel *shipped;

static void place(char out[FILE_PATH_MAX], const char *name) {
    if (!path_join(out, directory, name)) fail_msg("%s is too long", name);
}

// ---- what there is to work with -----------------------------------------------------------------

static Status make_drawing(Drawing *out) {
    Status status = status_ok();
    for (int s = 0; s < 3; s++) {
        TRY(drawing_begin(out, s == 2 ? STROKE_ERASE : STROKE_INK, BRUSH_RADIUS_DEFAULT));
        for (int i = 0; i < 30; i++)
            TRY(drawing_add(out, 0.2f + 0.3f * (float)s + 0.001f * (float)i,
                            0.2f + 0.02f * (float)i, 1));
        drawing_end(out);
    }
fail:
    return status;
}

static const char LAYERS[] =
    "conv 2 k5, batchnorm, relu, maxpool 4, dropout 0.2, dense 8, relu, dense 10";

static const char NAMES[] = "conv1.weight a.0.weight\nconv1.bias a.0.bias\n"
                            "bn1.running_mean a.1.running_mean\nbn1.running_var a.1.running_var\n"
                            "bn1.num_batches_tracked 18760 a.1.num_batches_tracked\n"
                            "fc1.weight b.weight\nfc2.weight c.weight";

static Status make_model(SavedModel **out) {
    ModelSpec spec = {.input = {1, SIDE, SIDE, false}, .normalization = {0.13f, 0.31f}};
    text_copy(spec.name, sizeof spec.name, "small");
    Status status = spec_parse_layers(LAYERS, &spec);
    if (status_is_ok(&status)) status = saved_model_make(&spec, out);
    if (!status_is_ok(&status)) return status;
    weights_init(&(*out)->plan, INIT_PYTORCH, 3, (*out)->weights);
    // As if it had come from a class of somebody's.
    status = tensor_names_parse(NAMES, &(*out)->plan, &(*out)->names);
    if (!status_is_ok(&status)) saved_model_close(out);
    return status;
}

static int set_up(void **state) {
    (void)state;
    static uint8_t pixels[60 * SIDE * SIDE], labels[60];
    char path[FILE_PATH_MAX];
    // In memory where there is such a place: thousands of files are made and go.
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
    if (!files_open(directory)) return -1;
    for (int i = 0; i < 60; i++) {
        labels[i] = (uint8_t)(i % 10);
        memset(pixels + i * SIDE * SIDE + (i % 10) * 2 * SIDE + 100, 200, 60);
    }
    ImageSet set = {60, 1, SIDE, SIDE, pixels, labels};
    assert_ok(dataset_open_arrays(&digits, "bars", &set, &set));
    assert_ok(make_drawing(&drawn));
    assert_ok(make_model(&shipped));
    static const char *const names[] = {"m.safetensors", "m.pth", "m.onnx"};
    for (int i = 0; i < 3; i++) {
        place(path, names[i]);
        Status status = format_write(path, shipped);
        if (!status_is_ok(&status) && status.code != STATUS_UNSUPPORTED) return -1;
    }
    place(path, "strokes.jsonl");
    for (int i = 0; i < 3; i++) assert_ok(strokes_file_append(path, &drawn, "7"));
    uint32_t sizes[3] = {60, SIDE, SIDE};
    place(path, "x-images-idx3-ubyte");
    assert_ok(idx_write(path, 3, sizes, pixels));
    place(path, "x-labels-idx1-ubyte");
    assert_ok(idx_write(path, 1, sizes, labels));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    drawing_close(&drawn);
    dataset_close(&digits);
    saved_model_close(&shipped);
    files_close(directory);
    return 0;
}

// ---- operations ---------------------------------------------------------------------------------

static Status read_model(const char *name) {
    char path[FILE_PATH_MAX];
    SavedModel *model = NULL;
    InferReport report;
    place(path, name);
    Status status = format_open(path, NULL, &model, &report);
    saved_model_close(&model);
    return status;
}
static Status read_safetensors(void) {
    return read_model("m.safetensors");
}
static Status read_pth(void) {
    return read_model("m.pth");
}
static Status read_onnx(void) {
    return read_model("m.onnx");
}
static Status read_fixture(const char *name) {
    const char *fixtures = getenv("INKLING_FIXTURES");
    char path[FILE_PATH_MAX];
    SavedModel *model = NULL;
    if (!fixtures || !path_join(path, fixtures, name)) return status_ok();
    Status status = format_open(path, NULL, &model, NULL);
    saved_model_close(&model);
    return status;
}
static Status read_foreign_pth(void) {
    return read_fixture("pth/zip.pth");
}
static Status read_legacy_pth(void) {
    return read_fixture("pth/legacy_checkpoint.pth");
}
static Status read_strokes(void) {
    char path[FILE_PATH_MAX];
    StrokesReader *reader = NULL;
    Drawing drawing = {0};
    StrokesLine line;
    Status status;
    bool more = true;
    place(path, "strokes.jsonl");
    TRY(strokes_reader_open(&reader, path));
    while (more) TRY(strokes_reader_next(reader, BRUSH_RADIUS_DEFAULT, &drawing, &line, &more));
fail:
    drawing_close(&drawing);
    strokes_reader_close(&reader);
    return status;
}
static Status read_idx(void) {
    char path[FILE_PATH_MAX];
    IdxArray array = {0};
    place(path, "x-images-idx3-ubyte");
    Status status = idx_read_images(path, &array);
    idx_close(&array);
    return status;
}
static Status read_settings(void) {
    TrainConfig config;
    return config_parse("preset=lenet5 optimizer=sgd lr=0.1", &config);
}
static Status make_synthetic(void) {
    Dataset *dataset = NULL;
    Status status = dataset_open_synthetic(&dataset, 1, 20, 10, 2);
    dataset_close(&dataset);
    return status;
}
static Status join_sets(void) {
    Dataset *dataset = NULL;
    DatasetRequest request = {.data = "synthetic:1@20+others:2@10",
                              .threads = 1,
                              .synthetic_train_n = 30,
                              .synthetic_test_n = 10};
    Status status = dataset_open(&dataset, &request, NULL);
    dataset_close(&dataset);
    return status;
}
static Status fit_ink(void) {
    uint8_t field[FIELD * FIELD];
    InkOptions options = ink_options_default(FIELD);
    InkSplit split = {0};
    SplitGroup groups[SPLIT_ATOMS_MAX];
    Drawing part = {0};
    Canvas canvas = {0};
    InkFit fit;
    PictureFit picture;
    Status status;
    TRY(ink_fit_drawing(&drawn, &options, field, &fit));
    TRY(ink_split_drawing(&split, &drawn));
    if (ink_split_groups(&split, groups) > 0)
        TRY(ink_split_take(&split, &drawn, &groups[0], &part));
    TRY(canvas_open(&canvas, 64));
    canvas_update(&canvas, &drawn);
    TRY(picture_fit(canvas.pixels, 64, 64, 64, &options, field, &picture));
fail:
    canvas_close(&canvas);
    drawing_close(&part);
    ink_split_close(&split);
    return status;
}
static Status ask_network(void) {
    Recognizer *recognizer = NULL;
    static float saliency[SIDE * SIDE];
    EvalResult result;
    float row[SPEC_CLASSES_MAX];
    Status status;
    TRY(recognizer_open(shipped, 1, 4, &recognizer));
    recognizer_answer(recognizer, digits->test.pixels, 1, NULL, row);
    TRY(recognizer_evaluate(recognizer, &digits->test, &result, NULL, NULL));
    TRY(recognizer_saliency(recognizer, digits->test.pixels, 1, saliency));
fail:
    recognizer_close(&recognizer);
    return status;
}

// A run from its beginning through an epoch, into a file and back.
static Status train_settings(const char *line, int threads) {
    BackendConfig backend = {"cpu", threads};
    Backend *be = NULL;
    DeviceData data = {0};
    TrainConfig config;
    Run *run = NULL;
    BatchRecord batch;
    EpochRecord epoch;
    char path[FILE_PATH_MAX];
    Status status;
    place(path, "state");
    TRY(config_parse(line, &config));
    TRY(backend_open(&backend, &be));
    TRY(device_data_open(be, digits, &data));
    TRY(run_open(&config, &data, NULL, &run));
    TRY(run_step(run, &batch));
    TRY(run_save_state(run, path));
    while (!run_at_epoch_end(run)) TRY(run_step(run, &batch));
    TRY(run_end_epoch(run, &epoch));
    TRY(run_load_state(run, path));
fail:
    run_close(&run);
    device_data_close(&data);
    backend_close(&be);
    return status;
}
#define NETWORK                                                                                    \
    "layers=\"conv 2 k5, batchnorm, relu, maxpool 4, dropout 0.2, dense 10\" batch-size=16 "       \
    "seed=1 "
static Status train_plain(void) {
    return train_settings(NETWORK "optimizer=sgd", 1);
}
static Status train_with_all(void) {
    return train_settings(NETWORK "optimizer=adam augment=strong ema=0.9 held-out=20 patience=2 "
                                  "clip-norm=1 schedule=plateau",
                          2);
}

static Status write_model(const char *name) {
    char path[FILE_PATH_MAX];
    place(path, name);
    return format_write(path, shipped);
}
static Status write_safetensors(void) {
    return write_model("m.safetensors");
}
static Status write_pth(void) {
    return write_model("m.pth");
}
static Status write_onnx(void) {
    return write_model("m.onnx");
}
static Status write_idx(void) {
    char path[FILE_PATH_MAX];
    uint32_t n = digits->test.n;
    place(path, "y-labels-idx1-ubyte");
    return idx_write(path, 1, &n, digits->test.labels);
}

// Teaching: each change to the list of digits, whose file must be readable at every end.
static Status teach(void) {
    MyDigits mine = {0};
    char path[FILE_PATH_MAX];
    int count;
    Status status;
    place(mine.path, "mine/digits.jsonl");
    TRY(my_digits_load(&mine));
    TRY(my_digits_add(&mine, &drawn, "3"));
    TRY(my_digits_add(&mine, &drawn, "4"));
    TRY(my_digits_relabel(&mine, 0, "5"));
    mine.digits[0].selected = true;
    TRY(my_digits_remove(&mine));
    TRY(my_digits_restore(&mine));
    place(path, "x-images-idx3-ubyte");
    TRY(my_digits_import(&mine, path, &count));
    place(path, "export-images-idx3-ubyte");
    TRY(my_digits_export(&mine, path, &count));
    for (int i = 0; i < mine.count; i++) mine.digits[i].selected = true;
    TRY(my_digits_remove(&mine));
fail:
    my_digits_close(&mine);
    return status;
}

static void show(Ui *ui, Workbench *bench, int tab, DialogKind dialog) {
    UiInput input = {.window = rect_make(0, 0, 1024, 640), .scale = 1};
    input.window_focus = true;
    bench->tab = (DeckTab)tab;
    bench->dialog = dialog;
    for (int i = 0; i < 2; i++) {
        input_begin(&input, 1.0 + i);
        workbench_tick(bench, 1.0 + i);
        ui_begin(ui, &input);
        panel_root(ui, bench);
        ui_end(ui);
    }
}

// The window with every panel, and the dialogs that are about nothing in particular, a drawing on
// the canvas; frames go on whatever fails.
static Status open_window(void) {
    static const DialogKind dialogs[] = {DIALOG_OPEN, DIALOG_LAYERS,  DIALOG_MORE, DIALOG_HISTORY,
                                         DIALOG_KEYS, DIALOG_LESSONS, DIALOG_QUIT};
    WorkbenchOptions options = {.threads = 1};
    char path[FILE_PATH_MAX];
    Workbench *bench = NULL;
    Ui *ui = NULL;
    Status status;
    place(path, "m.safetensors");
    options.model = path;
    TRY(dataset_open_arrays(&options.dataset, "bars", &digits->train, &digits->test));
    status = workbench_open(&bench, &options);
    if (!status_is_ok(&status)) goto fail; // the data set was given away
    TRY(ui_open(&ui, font_fixed(), NULL));
    drawing_copy(&bench->ink.drawing, &drawn);
    for (int tab = 0; tab < TAB_COUNT; tab++) show(ui, bench, tab, DIALOG_NONE);
    for (size_t i = 0; i < sizeof dialogs / sizeof dialogs[0]; i++) show(ui, bench, 0, dialogs[i]);
fail:
    workbench_close(&bench);
    ui_close(&ui);
    return status;
}

static const Operation operations[] = {
    {.name = "read .safetensors", .run = read_safetensors},
    {.name = "read .pth", .run = read_pth},
    {.name = "read .onnx", .run = read_onnx},
    {.name = "read a foreign .pth", .run = read_foreign_pth},
    {.name = "read a legacy .pth", .run = read_legacy_pth},
    {.name = "read strokes", .run = read_strokes},
    {.name = "read IDX", .run = read_idx},
    {.name = "read settings", .run = read_settings},
    {.name = "make synthetic digits", .run = make_synthetic},
    {.name = "join data sets", .run = join_sets},
    {.name = "fit ink", .run = fit_ink},
    {.name = "ask a network", .run = ask_network},
    {.name = "train", .run = train_plain, .writes = true},
    {.name = "train with all options", .run = train_with_all, .writes = true},
    {.name = "write .safetensors", .run = write_safetensors, .writes = true},
    {.name = "write .pth", .run = write_pth, .writes = true},
    {.name = "write .onnx", .run = write_onnx, .writes = true},
    {.name = "write IDX", .run = write_idx, .writes = true},
    {.name = "teach", .run = teach, .writes = true},
    {.name = "open the window", .run = open_window, .keeps = true},
};
enum { OPERATIONS = sizeof operations / sizeof operations[0] };

// ---- what must hold afterwards ------------------------------------------------------------------

// Every file that was there before any trouble is still one that can be read.
static void check_files(const Operation *operation, FailKind kind, long nth) {
    static Status (*const readers[])(void) = {read_safetensors, read_pth, read_idx, read_strokes};
    static const char *const known[] = {"m.safetensors",
                                        "m.pth",
                                        "m.onnx",
                                        "strokes.jsonl",
                                        "x-images-idx3-ubyte",
                                        "x-labels-idx1-ubyte",
                                        "y-labels-idx1-ubyte",
                                        "state",
                                        "mine",
                                        "export-images-idx3-ubyte",
                                        "export-labels-idx1-ubyte"};
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        Status status = readers[i]();
        if (!status_is_ok(&status) && status.code != STATUS_UNSUPPORTED)
            fail_msg("%s, kind %d, call %ld: %s", operation->name, (int)kind, nth, status.message);
    }
    DIR *listing = opendir(directory);
    assert_non_null(listing);
    for (const struct dirent *entry; (entry = readdir(listing));) {
        bool fine = entry->d_name[0] == '.';
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            fine = fine || strcmp(entry->d_name, known[i]) == 0;
        if (!fine)
            fail_msg("%s, kind %d, call %ld: left %s", operation->name, (int)kind, nth,
                     entry->d_name);
    }
    closedir(listing);
}

static void allocations_fail(void **state) {
    (void)state;
    for (int on = 0; on < 2; on++)
        for (int i = 0; i < OPERATIONS; i++)
            torture(&operations[i], FAIL_MEMORY, on, 0, check_files);
}

static void file_calls_fail(void **state) {
    (void)state;
    static const int errors[] = {ENOSPC, EROFS, ENOENT, EIO};
    for (int i = 0; i < OPERATIONS; i++)
        if (operations[i].writes)
            for (int e = 0; e < 4; e++)
                torture(&operations[i], FAIL_FILES, e % 2, errors[e], check_files);
}

// A file gets its name, or takes another's place, only when all of it is on the disk; and then the
// name is brought there too.
static void names_come_last(void **state) {
    (void)state;
    static const char *const names[] = {"fresh.safetensors", "fresh.safetensors", "fresh.pth"};
    for (int i = 0; i < 3; i++) {
        char calls[4096], path[FILE_PATH_MAX];
        fail_arm(FAIL_FILES, 0, false, 0);
        Status status = write_model(names[i]);
        fail_disarm(FAIL_FILES);
        if (status.code == STATUS_UNSUPPORTED) continue; // by this build
        assert_ok(status);
        text_copy(calls, sizeof calls, fail_file_calls());
        const char *named = strstr(calls, " linkat"), *last = named;
        if (!named) named = strstr(calls, " rename");
        for (const char *at = named; at; at = strstr(at + 1, " rename")) last = at;
        const char *synced = strstr(calls, " fsync"), *wrote = NULL;
        for (const char *at = strstr(calls, " write"); at; at = strstr(at + 1, " write"))
            wrote = at;
        if (!named || !wrote || !synced || synced < wrote || named < synced ||
            !strstr(last, " fsync"))
            fail_msg("%s was written by%s", names[i], calls);
        place(path, names[i]);
        if (i > 0) assert_int_equal(unlink(path), 0);
    }
}

int main(int count, char **arguments) {
    (void)count;
    (void)arguments;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_fail),
        cmocka_unit_test(file_calls_fail),
        cmocka_unit_test(names_come_last),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
